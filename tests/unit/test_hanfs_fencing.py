"""Fencing compiled from a site, its rules, and the verdict on a running cluster."""

import copy

import pytest

from tests.support import sites
from tests.support.salt_modules import load

WORLD = load(states=False)
describe = WORLD.library._hanfs_fencing.description
problems = WORLD.library._hanfs_fencing_rules.problems
fencing = WORLD.library._hanfs_fencing

PATH = "hanfs:sites:athens"
HERE = f"{PATH}:fencing"
BOTH = ["n1", "n2"]


def judge(site, status):
    history = status.get("fence_history") or []
    return fencing.not_started(site, status) + fencing.failed(history)


def site(nodes=BOTH, **fencing):
    return {
        "cluster": {"nodes": {node: [] for node in nodes}},
        "file_systems": [
            {"name": "data", "device": "/dev/disk/by-id/data"},
            {"name": "more", "device": "/dev/disk/by-id/data"},
        ],
        "fencing": {"enabled": True, **fencing},
    }


def ipmi(node, **more):
    return {"agent": "fence_ipmilan", "nodes": [node], **more}


def device(**one):
    """The primitive that one device becomes."""
    one.setdefault("nodes", BOTH)
    return describe(site(devices={"f": one}), PATH)["primitives"]["f"]


# --- the compiler ---------------------------------------------------------------------------------

GOLDEN = {
    "ipmilan": (
        {
            "agent": "fence_ipmilan",
            "nodes": ["n1"],
            "options": {"ip": "10.0.0.1", "username": "admin", "lanplus": True},
            "secrets": ["password"],
            "delay": 5,
        },
        {
            "agent": "stonith:fence_ipmilan",
            "attributes": {
                "ip": "10.0.0.1",
                "username": "admin",
                "lanplus": "1",
                "password": {"pillar": f"{HERE}:devices:f:secrets:password"},
                "pcmk_host_list": "n1",
                "pcmk_delay_base": "5s",
            },
            "operations": {"monitor": {"interval": "60s", "timeout": "60s"}},
        },
    ),
    "redfish": (
        {
            "agent": "stonith:fence_redfish",
            "nodes": ["n2"],
            "options": {"ip": "10.0.0.2", "username": "a", "ssl_insecure": False},
            "monitor": 300,
        },
        {
            "agent": "stonith:fence_redfish",
            "attributes": {
                "ip": "10.0.0.2",
                "username": "a",
                "ssl_insecure": "0",
                "pcmk_host_list": "n2",
            },
            "operations": {"monitor": {"interval": "300s", "timeout": "60s"}},
        },
    ),
    "virsh": (
        {
            "agent": "fence_virsh",
            "nodes": {"n1": "domain1", "n2": "domain2"},
            "options": {"ip": "kvm", "username": "fencer", "identity_file": "/root/.ssh/fence"},
            "delay": {"n1": 5, "n2": 0},
        },
        {
            "agent": "stonith:fence_virsh",
            "attributes": {
                "ip": "kvm",
                "username": "fencer",
                "identity_file": "/root/.ssh/fence",
                "pcmk_host_map": "n1:domain1;n2:domain2",
                "pcmk_delay_base": "n1:5s;n2:0s",
            },
            "operations": {"monitor": {"interval": "60s", "timeout": "60s"}},
        },
    ),
    "xvm": (
        {"agent": "fence_xvm", "nodes": {"n1": "domain1", "n2": "domain2"}},
        {
            "agent": "stonith:fence_xvm",
            "attributes": {
                "key_file": "/etc/cluster/fence_xvm.key",
                "pcmk_host_map": "n1:domain1;n2:domain2",
            },
            "operations": {"monitor": {"interval": "60s", "timeout": "60s"}},
        },
    ),
    "scsi": (
        {"agent": "fence_scsi", "nodes": BOTH},
        {
            "agent": "stonith:fence_scsi",
            "attributes": {
                "devices": "/dev/disk/by-id/data",
                "pcmk_monitor_action": "metadata",
                "pcmk_reboot_action": "off",
                "pcmk_host_list": "n1 n2",
            },
            "operations": {"monitor": {"interval": "60s", "timeout": "60s"}},
            "meta": {"provides": "unfencing"},
        },
    ),
    "mpath": (
        {
            "agent": "fence_mpath",
            "nodes": {"n1": "1a", "n2": "2a"},
            "options": {"devices": ["/dev/mapper/a", "/dev/mapper/b"]},
        },
        {
            "agent": "stonith:fence_mpath",
            "attributes": {
                "devices": "/dev/mapper/a,/dev/mapper/b",
                "pcmk_monitor_action": "metadata",
                "pcmk_reboot_action": "off",
                "pcmk_host_map": "n1:1a;n2:2a",
                "pcmk_host_argument": "key",
            },
            "operations": {"monitor": {"interval": "60s", "timeout": "60s"}},
            "meta": {"provides": "unfencing"},
        },
    ),
    "any other": (
        {"agent": "fence_apc_snmp", "nodes": {"n1": [1, 2], "n2": [3, 4]}, "options": {"ip": "p"}},
        {
            "agent": "stonith:fence_apc_snmp",
            "attributes": {"ip": "p", "pcmk_host_map": "n1:1,2;n2:3,4"},
            "operations": {"monitor": {"interval": "60s", "timeout": "60s"}},
        },
    ),
}


@pytest.mark.parametrize("which", GOLDEN)
def test_a_device(which):
    said, primitive = GOLDEN[which]
    assert device(**copy.deepcopy(said)) == primitive


def test_the_secret_itself_never_gets_into_the_description():
    found = device(agent="fence_ipmilan", secrets={"password": "s3cret"})
    assert found["attributes"]["password"] == {"pillar": f"{HERE}:devices:f:secrets:password"}
    assert "s3cret" not in str(found)


def test_what_a_device_says_wins_over_what_is_known_of_its_agent():
    found = device(
        agent="fence_scsi",
        unfencing=False,
        options={"devices": ["/dev/x"], "pcmk_monitor_action": "monitor"},
    )
    assert found["attributes"]["devices"] == "/dev/x"
    assert found["attributes"]["pcmk_monitor_action"] == "monitor"
    assert "meta" not in found


def test_unfencing_may_be_asked_of_any_agent():
    found = device(agent="fence_brocade", unfencing=True)
    assert found["meta"] == {"provides": "unfencing"}


def test_the_only_key_file_is_that_of_fence_xvm():
    made = site(devices={"f": {"agent": "fence_xvm", "nodes": BOTH}}, key_files={"/etc/k": {}})
    assert describe(made)["primitives"]["f"]["attributes"]["key_file"] == "/etc/k"


def test_fencing_that_is_off_says_so_and_no_more():
    assert describe(site(enabled=False, devices={"f": ipmi("n1")})) == {
        "properties": {"stonith-enabled": False}
    }


def test_devices_that_stand_in_cluster_config_get_nothing_besides():
    assert describe(site()) == {"properties": {"stonith-enabled": True}}


def test_two_nodes_the_one_that_runs_the_service_is_fenced_later():
    made = describe(site(devices={"a": ipmi("n1"), "b": ipmi("n2")}))
    assert made["properties"] == {
        "stonith-enabled": True,
        "stonith-timeout": "60s",
        "concurrent-fencing": True,
        "priority-fencing-delay": "7s",
    }


@pytest.mark.parametrize(
    "fencing, seconds",
    [
        # two seconds, and what the slowest device takes
        ({"devices": {"f": {"agent": "fence_xvm", "nodes": BOTH}}}, 6),
        ({"devices": {"f": {"agent": "stonith:fence_redfish", "nodes": BOTH}}}, 7),
        ({"devices": {"f": {"agent": "fence_scsi", "nodes": BOTH}}}, 3),
        ({"devices": {"f": {"agent": "fence_x", "nodes": BOTH}}}, 15),
        ({"sbd": {"devices": ["/dev/a"]}}, 12),
        ({"sbd": {"devices": ["/dev/a"], "watchdog_timeout": 30}}, 32),
        ({"devices": {"f": {"agent": "fence_sbd", "nodes": BOTH}}}, 12),
        # the second level is tried when the first one fails
        ({"devices": {"a": ipmi("n1"), "b": ipmi("n2")}, "sbd": {"devices": ["/dev/a"]}}, 12),
        # who fences the passive node waits, too
        ({"devices": {"a": ipmi("n1"), "b": ipmi("n2", delay=3)}}, 10),
        ({"devices": {"a": ipmi("n1", delay={"n1": 10}), "b": ipmi("n2")}}, 20),
        ({"devices": {"a": ipmi("n1", options={"pcmk_delay_max": "1m"})}}, 120),
        # nobody shoots
        ({"sbd": {"watchdog_timeout": 5}}, None),
    ],
)
def test_the_passive_node_waits_as_long_as_the_race_needs(fencing, seconds):
    made = describe(site(**fencing))["properties"].get("priority-fencing-delay")
    assert made == (seconds and f"{seconds}s")


@pytest.mark.parametrize(
    "nodes, given, delay",
    [
        (BOTH, {"priority_delay": 0}, None),
        (BOTH, {"priority_delay": 30}, "30s"),
        (["a", "b", "c"], {}, None),
        (["a", "b", "c"], {"priority_delay": 7}, "7s"),
    ],
)
def test_the_priority_delay(nodes, given, delay):
    made = describe(site(nodes, devices={"f": {"agent": "fence_x", "nodes": nodes}}, **given))
    assert made["properties"].get("priority-fencing-delay") == delay


def test_levels():
    made = describe(
        site(
            devices={name: ipmi("n1") for name in ("ipmi", "pdu1", "pdu2")},
            levels={"n1": [["ipmi"], ["pdu1", "pdu2"]]},
        )
    )
    assert made["fence_levels"] == [
        {"target": "n1", "level": 1, "devices": ["ipmi"]},
        {"target": "n1", "level": 2, "devices": ["pdu1", "pdu2"]},
    ]


def test_sbd_with_disks_brings_its_device_and_its_times():
    made = describe(site(sbd={"devices": ["/dev/a", "/dev/b"], "watchdog_timeout": 30}))
    assert made["primitives"] == {
        "fence-sbd": {
            "agent": "stonith:fence_sbd",
            "attributes": {
                "devices": "/dev/a,/dev/b",
                "power_timeout": "72",
                "pcmk_host_list": "n1 n2",
            },
            "operations": {"monitor": {"interval": "60s", "timeout": "60s"}},
        }
    }
    assert made["properties"]["stonith-watchdog-timeout"] == 0
    assert made["properties"]["stonith-timeout"] == "72s"
    assert made["properties"]["priority-fencing-delay"] == "32s"


def test_sbd_without_disks_is_a_property():
    made = describe(site(["a", "b", "c"], sbd={"watchdog_timeout": 40}))
    assert made == {
        "properties": {
            "stonith-enabled": True,
            "stonith-watchdog-timeout": "80s",
            "stonith-timeout": "96s",
            "concurrent-fencing": True,
        }
    }


def test_a_device_for_sbd_that_is_described_is_the_only_one():
    made = describe(
        site(
            sbd={"devices": ["/dev/a"]},
            devices={"mine": {"agent": "fence_sbd", "nodes": BOTH}},
        )
    )
    assert list(made["primitives"]) == ["mine"]
    assert made["primitives"]["mine"]["attributes"]["devices"] == "/dev/a"


# --- the rules ------------------------------------------------------------------------------------

DEVICES = {"a": ipmi("n1"), "b": ipmi("n2")}


def test_right_sites_have_no_problems():
    assert problems(site(devices=DEVICES), PATH) == []
    assert problems(site(devices=DEVICES, levels={"n1": [["a"]]}), PATH) == []
    assert problems(site(sbd={"devices": ["/dev/a"]}), PATH) == []
    one_waits = {"a": ipmi("n1", delay=5), "b": ipmi("n2")}
    assert problems(site(devices=one_waits), PATH) == []
    assert problems(site(devices=one_waits, priority_delay=0), PATH) == []
    long = {"a": ipmi("n1", delay=60), "b": ipmi("n2", options={"pcmk_delay_max": "2m"})}
    assert problems(site(devices=long), PATH) == []


WRONG = {
    "no node": (
        {"devices": {**DEVICES, "c": {"agent": "fence_x"}}},
        f"{HERE}:devices:c:nodes: missing",
    ),
    "unknown node": (
        {"devices": {**DEVICES, "c": ipmi("n3")}},
        f"{HERE}:devices:c:nodes: n3 is none",
    ),
    "derived": (
        {"devices": {"a": ipmi("n1", options={"pcmk_host_list": "n1"}), "b": ipmi("n2")}},
        f"{HERE}:devices:a:options:pcmk_host_list: say it with {HERE}:devices:a:nodes",
    ),
    "twice": (
        {"devices": {"a": ipmi("n1", options={"x": 1}, secrets=["x"]), "b": ipmi("n2")}},
        f"{HERE}:devices:a:options:x: is in {HERE}:devices:a:secrets, too",
    ),
    "delay of another node": (
        {"devices": {"a": ipmi("n1", delay={"n2": 5}), "b": ipmi("n2")}},
        f"{HERE}:devices:a:delay:n2: n2 is not among",
    ),
    "a node that nothing fences": (
        {"devices": {"a": ipmi("n1")}},
        f"{HERE}:devices: no device can fence n2",
    ),
    "level of an unknown node": (
        {"devices": DEVICES, "levels": {"n3": [["a"]]}},
        f"{HERE}:levels:n3: is none",
    ),
    "level with an unknown device": (
        {"devices": DEVICES, "levels": {"n1": [["a"], ["pdu"]]}},
        f"{HERE}:levels:n1:1: there is no device pdu; there are: a, b",
    ),
    "level with the other node's device": (
        {"devices": DEVICES, "levels": {"n1": [["b"]]}},
        f"{HERE}:levels:n1:0: b is not for n1",
    ),
    "many levels": (
        {"devices": DEVICES, "levels": {"n1": [["a"]] * 10}},
        f"{HERE}:levels:n1: 10 levels given",
    ),
    "priority too short": (
        {"devices": {"a": ipmi("n1", delay=10), "b": ipmi("n2")}, "priority_delay": 15},
        f"{HERE}:priority_delay: 15 is less than twice the longest delay of a device (10)",
    ),
    "priority too short for chance": (
        {
            "devices": {**DEVICES, "a": ipmi("n1", options={"pcmk_delay_max": "1m"})},
            "priority_delay": 15,
        },
        f"{HERE}:priority_delay: 15 is less than twice the longest delay of a device (60)",
    ),
    "equal delays": (
        {
            "devices": {"a": ipmi("n1", delay=5), "b": ipmi("n2", delay={"n2": 5})},
            "priority_delay": 0,
        },
        f"{HERE}:devices: both nodes are fenced with the same delay (5 s)",
    ),
    "msgwait": (
        {"sbd": {"devices": ["/dev/a"], "watchdog_timeout": 10, "msgwait": 19}},
        f"{HERE}:sbd:msgwait: 19 is less than twice",
    ),
    "disks": (
        {"sbd": {"devices": list("abcd")}},
        f"{HERE}:sbd:devices: 4 disks given",
    ),
    "SBD's derived option": (
        {"sbd": {"options": {"SBD_WATCHDOG_DEV": "/dev/x"}}},
        f"{HERE}:sbd:options:SBD_WATCHDOG_DEV: say it with {HERE}:sbd:watchdog",
    ),
    "timeout": (
        {"sbd": {"devices": ["/dev/a"], "watchdog_timeout": 30}, "timeout": 60},
        f"{HERE}:timeout: 60 s are not enough for SBD, which takes 72 s",
    ),
}


@pytest.mark.parametrize("which", WRONG)
def test_what_is_wrong_is_told(which):
    fencing, told = WRONG[which]
    found = problems(site(**fencing), PATH)
    assert len(found) == 1
    assert found[0].startswith(told)


@pytest.mark.parametrize(
    "name",
    ["password", "passwd", "api_key", "ssh-key", "snmp_priv_passwd", "token", "community"],
)
def test_a_secret_among_the_options_is_told_and_not_shown(name):
    wrong = {"a": ipmi("n1", options={name: "s3cret-value"}), "b": ipmi("n2")}
    found = problems(site(devices=wrong), PATH)
    assert [line.split(": ")[0] for line in found] == [f"{HERE}:devices:a:options:{name}"]
    assert "s3cret-value" not in found[0]


@pytest.mark.parametrize("name", ["key", "key_file", "password_script", "passwd-script", "plug"])
def test_what_is_no_secret(name):
    right = {"a": ipmi("n1", options={name: "x"}), "b": ipmi("n2")}
    assert problems(site(devices=right), PATH) == []


@pytest.mark.parametrize(
    "plug, wrong",
    [("domain1", 0), (1, 0), ([1, "2"], 0), ("a:b", 1), (["a", "b c"], 1), ([], 1), ({}, 1)],
)
def test_what_a_node_may_be_called(plug, wrong):
    pillar = sites.site()
    device = {"agent": "fence_apc", "nodes": dict.fromkeys(pillar["cluster"]["nodes"], plug)}
    pillar["fencing"] = {"enabled": True, "devices": {"f": device}}
    found = WORLD.library._hanfs_schema.problems(pillar, PATH)
    assert len(found) == 2 * wrong, found


RUBBISH = [None, 1, "x", [], [1], {}, {"a": None}, {"a": 1}, {"a": [None]}, True]


@pytest.mark.parametrize("key", ["devices", "levels", "sbd", "priority_delay", "timeout"])
@pytest.mark.parametrize("value", RUBBISH, ids=str)
def test_the_rules_never_raise(key, value):
    assert isinstance(problems(site(**{key: value}), PATH), list)
    for inner in ("agent", "nodes", "options", "secrets", "delay"):
        assert isinstance(problems(site(devices={"a": {inner: value}}), PATH), list)
    for inner in ("devices", "watchdog_timeout", "msgwait", "options"):
        assert isinstance(problems(site(sbd={inner: value}, timeout=60), PATH), list)
    assert isinstance(problems({"fencing": value}, PATH), list)
    assert isinstance(problems(value, PATH), list)


# --- the verdict ----------------------------------------------------------------------------------


def status(role="Started", nodes=("n2",), history=()):
    one = {"agent": "stonith:fence_ipmilan", "role": role, "nodes": list(nodes)}
    return {"resources": {"a": one, "b": one}, "fence_history": list(history)}


def event(outcome, completed, target="n1", **more):
    return {
        "target": target,
        "action": "reboot",
        "status": outcome,
        "completed": completed,
        **more,
    }


def test_devices_that_run_are_right():
    assert judge(site(devices=DEVICES), status()) == []
    assert judge(site(enabled=False, devices=DEVICES), {"resources": {}}) == []
    assert judge(site(sbd={}), {"resources": {}}) == []


def test_devices_that_do_not_run():
    found = judge(site(devices={"a": ipmi("n1"), "c": ipmi("n2")}), status("Stopped", ()))
    assert found == ["a is Stopped, not Started on one node", "c is not in the cluster"]


def test_fencing_that_failed():
    found = judge(
        site(devices=DEVICES),
        status(history=[event("failed", "2026-01-01 10:00:00", **{"exit-reason": "no answer"})]),
    )
    assert len(found) == 1
    assert found[0].startswith("fencing of n1 (reboot) failed at 2026-01-01 10:00:00: no answer")
    assert "stonith_admin --cleanup --history n1" in found[0]


def test_fencing_that_failed_and_then_worked_is_over():
    history = [
        event("success", "2026-01-01 10:05:00"),
        event("failed", "2026-01-01 10:00:00"),
        event("failed", "2026-01-01 09:00:00", target="n2"),
    ]
    (found,) = judge(site(devices=DEVICES), status(history=history))
    assert "n2" in found
    (found,) = judge(
        site(devices=DEVICES),
        status(
            history=[event("failed", "2026-01-01 11:00:00"), event("success", "2026-01-01 10:00")]
        ),
    )
    assert "11:00" in found
