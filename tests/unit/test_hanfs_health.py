"""The verdict on the service, for a healthy cluster and for each way it can be unwell."""

import copy

import pytest

from tests.support.salt_modules import load
from tests.support.sites import hardened, site

WORLD = load(states=False)
judge = WORLD.library._hanfs_health.judge
link_problems = WORLD.library._hanfs_health.link_problems
SITE = WORLD.library._hanfs_schema.normalise(site())
WANTED = WORLD.salt["hanfs.description"](site())


def status(**changes):
    """A healthy cluster; ``resource__field=value`` and ``node__flag`` bend it."""
    made = {
        "dc": "nfs-server1",
        "quorum": True,
        "nodes": {
            name: dict.fromkeys(
                ["standby", "standby_onfail", "maintenance", "pending", "unclean"], False
            )
            | {"online": True}
            for name in SITE["cluster"]["nodes"]
        },
        "resources": {
            name: {
                "agent": item["agent"],
                "group": "nfsresourcegroup",
                "role": "Started",
                "active": True,
                "failed": False,
                "managed": True,
                "blocked": False,
                "nodes": ["nfs-server1"],
                "pending": None,
            }
            for name, item in WANTED["primitives"].items()
        },
        "failures": [],
        "maintenance_mode": False,
        "stonith_enabled": False,
        "fence_history": [],
    }
    for path, value in changes.items():
        *parents, key = path.replace("nfs_server", "nfs-server").split("__")
        where = made
        for parent in parents:
            where = where[parent]
        where[key] = value
    return made


def test_a_healthy_cluster():
    assert judge(SITE, WANTED, status()) == {
        "healthy": True,
        "problems": [],
        "notes": [],
        "active_node": "nfs-server1",
        "busy": False,
        "told": [],
    }


FAILURE = {
    "resource": "NFSService",
    "op_key": "NFSService_monitor_10000",
    "node": "nfs-server2",
    "exitstatus": "not running",
    "exitreason": "",
    "task": "monitor",
}
UNWELL = {
    "no coordinator": ({"dc": None}, "no coordinator"),
    "no quorum": ({"quorum": False}, "no quorum"),
    "peer offline": ({"nodes__nfs_server2__online": False}, "nfs-server2 is offline"),
    "peer unclean": ({"nodes__nfs_server2__unclean": True}, "nfs-server2 is unclean"),
    "peer joining": ({"nodes__nfs_server2__pending": True}, "nfs-server2 is still joining"),
    "peer put aside": ({"nodes__nfs_server2__standby_onfail": True}, "standby by a failure"),
    "stopped": (
        {"resources__VIP__role": "Stopped", "resources__VIP__nodes": []},
        "VIP is Stopped, not Started",
    ),
    "twice": (
        {"resources__SharedFS__nodes": ["nfs-server1", "nfs-server2"]},
        "SharedFS is Started on nfs-server1 and nfs-server2",
    ),
    "elsewhere": ({"resources__VIP__nodes": ["nfs-server2"]}, "spread over"),
    "failed": ({"resources__NFSService__failed": True}, "NFSService has failed"),
    "blocked": ({"resources__SharedFS__blocked": True}, "SharedFS is blocked"),
    "busy": ({"resources__VIP__pending": "Starting"}, "VIP is busy: Starting"),
    "failed action": ({"failures": [FAILURE]}, "monitor of NFSService on nfs-server2: not running"),
    "fencing is on": ({"stonith_enabled": True}, "fencing is on in the cluster"),
}


@pytest.mark.parametrize("case", UNWELL)
def test_each_way_to_be_unwell_is_said(case):
    changes, words = UNWELL[case]
    report = judge(SITE, WANTED, status(**changes))
    assert report["healthy"] is False
    assert any(words in problem for problem in report["problems"]), report


def test_a_missing_resource_and_a_missing_node():
    seen = status()
    del seen["resources"]["NFSNotify"], seen["nodes"]["nfs-server2"]
    assert judge(SITE, WANTED, seen)["problems"] == [
        "nfs-server2 is not a node of the cluster",
        "NFSNotify is not in the cluster",
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"nodes__nfs_server2__standby": True}, "nfs-server2 is in standby"),
        ({"nodes__nfs_server2__maintenance": True}, "nfs-server2 is in maintenance"),
        ({"maintenance_mode": True}, "maintenance mode"),
        ({"resources__VIP__managed": False}, "VIP is not managed"),
    ],
)
def test_an_operators_intent_is_reported_and_no_failure(changes, words):
    report = judge(SITE, WANTED, status(**changes))
    assert report["healthy"] is True
    assert any(words in note for note in report["notes"])


def test_fencing_that_was_asked_for_needs_a_device_that_runs():
    wanted = {**WANTED, "properties": {"stonith-enabled": True}}
    assert "fencing is off in the cluster" in str(judge(SITE, wanted, status())["problems"])
    seen = status(stonith_enabled=True)
    assert judge(SITE, wanted, seen)["problems"] == [
        "fencing is on, but no fencing device is started"
    ]
    seen["resources"]["fence"] = {
        **copy.deepcopy(seen["resources"]["VIP"]),
        "agent": "stonith:fence_xvm",
    }
    assert judge(SITE, wanted, seen)["healthy"] is True


def test_busy_is_what_may_still_change():
    assert judge(SITE, WANTED, status(dc=None))["busy"]
    assert judge(SITE, WANTED, status(resources__VIP__pending="Starting"))["busy"]
    assert judge(SITE, WANTED, status(nodes__nfs_server2__pending=True))["busy"]
    assert not judge(SITE, WANTED, status(nodes__nfs_server2__online=False))["busy"]


COROSYNC_3 = """Local node ID 1, transport knet
LINK ID 0 udp
\taddr\t= 10.10.10.11
\tstatus:
\t\tnodeid:          1:\tlocalhost
\t\tnodeid:          2:\tconnected
LINK ID 1 udp
\taddr\t= 192.168.16.11
\tstatus:
\t\tnodeid:          1:\tlocalhost
\t\tnodeid:          2:\tconnected
"""
COROSYNC_3_OLD = """Printing link status.
Local node ID 1
LINK ID 0
\taddr\t= 10.10.10.11
\tstatus:
\t\tnodeid  1:\tlink enabled:1\tlink connected:1
\t\tnodeid  2:\tlink enabled:1\tlink connected:1
"""
COROSYNC_2 = """Printing ring status.
Local node ID 1
RING ID 0
\tid\t= 10.10.10.11
\tstatus\t= ring 0 active with no faults
"""


@pytest.mark.parametrize(
    ("output", "links"), [(COROSYNC_3, 2), (COROSYNC_3_OLD, 1), (COROSYNC_2, 1)]
)
def test_links_that_are_well(output, links):
    assert link_problems(output, links) == []
    assert link_problems(output, links + 1) == [f"corosync has {links} of {links + 1} links"]


def test_links_that_are_not():
    cut = COROSYNC_3[::-1].replace("connected"[::-1], "disconnected"[::-1], 1)[::-1]
    assert link_problems(cut, 2) == ["corosync link 1 to the node with id 2 is not connected"]
    cut = COROSYNC_3_OLD[::-1].replace("connected:1"[::-1], "connected:0"[::-1], 1)[::-1]
    assert link_problems(cut, 1) == ["corosync link 0 to the node with id 2 is not connected"]
    cut = COROSYNC_2.replace("active with no faults", "FAULTY")
    assert link_problems(cut, 1) == ["corosync link 0 is faulty"]
    assert link_problems("Cannot initialize CFG service", 1) == ["corosync has 0 of 1 links"]


# --- the profile hardened -------------------------------------------------------------------------

HARDENED = WORLD.library._hanfs_schema.normalise(hardened())
WANTED_HARDENED = WORLD.salt["hanfs.description"](hardened())


def of_hardened(**nodes):
    """A healthy cluster of the profile hardened, resources in ``nodes`` somewhere else."""
    made = status(stonith_enabled=True)
    made["resources"] = {
        name: {**made["resources"]["VIP"], "agent": item["agent"], "nodes": ["nfs-server1"]}
        for name, item in WANTED_HARDENED["primitives"].items()
    }
    for name, node in nodes.items():
        made["resources"][name]["nodes"] = [node]
    return made


def test_the_core_group_tells_the_active_node():
    found = judge(HARDENED, WANTED_HARDENED, of_hardened())
    assert (found["problems"], found["active_node"]) == ([], "nfs-server1")
    found = judge(HARDENED, WANTED_HARDENED, of_hardened(**{"fence-1": "nfs-server2"}))
    assert (found["problems"], found["active_node"]) == ([], "nfs-server1")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("export_pub_any", "export_pub_any is on nfs-server2, the service on nfs-server1"),
        ("nfs_notify", "nfs_notify is on nfs-server2, the service on nfs-server1"),
        ("ip_192.168.16.100", "the group address_192.168.16.100 is spread over"),
        ("fs_nfs", "the group nfs is spread over nfs-server1 and nfs-server2"),
    ],
)
def test_what_is_not_where_the_service_is(name, told):
    found = judge(HARDENED, WANTED_HARDENED, of_hardened(**{name: "nfs-server2"}))
    assert any(problem.startswith(told) for problem in found["problems"]), found


def test_an_address_elsewhere():
    both = dict.fromkeys(("ip_192.168.16.100", "tickle_192.168.16.100"), "nfs-server2")
    found = judge(HARDENED, WANTED_HARDENED, of_hardened(**both))
    assert found["problems"] == [
        "address_192.168.16.100 is on nfs-server2, the service on nfs-server1"
    ]
    assert found["active_node"] == "nfs-server1"


def test_sbd_with_a_watchdog_only_has_no_device_to_start():
    site_ = hardened({"fencing": {"enabled": True, "sbd": {}}})
    normal, wanted = (
        WORLD.library._hanfs_schema.normalise(site_),
        WORLD.salt["hanfs.description"](site_),
    )
    found = of_hardened()
    found["resources"] = {
        name: item for name, item in found["resources"].items() if "fence" not in name
    }
    assert judge(normal, wanted, found)["problems"] == []
