"""States of a cluster's life against a stand-in for pcs: members, settings, device, SBD, end."""

from pathlib import Path

import pytest
from salt.exceptions import CommandExecutionError

from tests.support.pcs_command import Node

DATA = Path(__file__).parent / "data" / "pcs"
CONF = (DATA / "corosync-0.11.conf").read_text()
STUB = (DATA / "corosync-debian.conf").read_text()
CLUSTER = "nfs-server-cluster"
NODES = {
    "nfs-server1": ["10.10.10.11", "192.168.16.11"],
    "nfs-server2": ["10.10.10.12", "192.168.16.12"],
}
THIRD = ["10.10.10.13", "192.168.16.13"]
THREE = {**NODES, "nfs-server3": THIRD}
THIRD_NODE = """    node {
        ring0_addr: 10.10.10.13
        ring1_addr: 192.168.16.13
        name: nfs-server3
        nodeid: 3
    }
}

quorum {"""
CONF_OF_THREE = CONF.replace("}\n\nquorum {", THIRD_NODE)
OFF = dict.fromkeys(("online", "standby", "maintenance", "pending", "unclean"), False)
ON = {**OFF, "online": True}
SERVICE = {
    "agent": "ocf:heartbeat:IPaddr2", "clone": None, "active": True, "nodes": ["nfs-server1"],
}  # fmt: skip


@pytest.fixture(params=[False, True], ids=["", "test"])
def testmode(request):
    return request.param


class Life:
    """A node, what its cluster says, and the functions that would touch it, recorded."""

    def __init__(self, node):
        self.node = node
        self.state = node.state
        self.done = []
        self.status = {
            "quorum": True,
            "maintenance_mode": False,
            "nodes": {name: dict(ON) for name in THREE},
            "resources": {"VIP": dict(SERVICE)},
        }
        self.holder = None
        node.salt["_pcs_node.status"] = self._status
        node.salt["_pcs_lock.take"] = self._take
        node.salt["_pcs_lock.release"] = lambda own: self.done.append("release")
        node.salt["_pcs_lock.keep"] = lambda node, purpose, left: self.done.append(f"keep {left}")
        node.salt["_pcs_lock.holder"] = lambda: self.holder
        node.salt["_pcs_lock.leave"] = lambda node, purpose, left: self.done.append(f"leave {left}")
        node.salt["_pcs_lock.last_known"] = lambda: self.holder
        node.salt["_pcs_nodes.node_relieve"] = lambda name, timeout: self.done.append(
            f"relieve {name}"
        )
        node.salt["_pcs_corosync.links_connected"] = lambda: {"0": True, "1": True}

    def _status(self):
        if self.status is None:
            raise CommandExecutionError("the cluster does not run on this node")
        return self.status

    def _take(self, local, purpose, timeout, gone=(), **_):
        self.done.append("take")
        pending = self.holder["pending"] if self.holder else []
        return [name for name in pending if name not in gone]

    @property
    def writes(self):
        return self.done + [call for call in self.node.calls if not call.startswith("--version")]


@pytest.fixture
def make(tmp_path, monkeypatch):
    def machine(test=False, conf=CONF, **kwargs):
        node = Node(tmp_path, monkeypatch, opts={"test": test}, **kwargs)
        if conf:
            node.conf(conf)
        return Life(node)

    return machine


def expect(ret, result, words=""):
    assert ret["result"] is result, ret["comment"]
    assert words in ret["comment"], ret["comment"]
    if result is False:
        assert ret["changes"] == {}
    return ret


# --- members --------------------------------------------------------------------------------------


def members(life, nodes=THREE, **arguments):
    return life.state.cluster_members(CLUSTER, nodes, timeout=30, **arguments)


def test_members_as_they_should_be_start_no_process(make, testmode):
    life = make(testmode)
    assert expect(members(life, NODES), True)["changes"] == {}
    assert life.writes == []


def test_add(make, testmode):
    life = make(testmode)
    life.node.known_hosts(
        '{"known_hosts": {"nfs-server3": {"dest_list": [{"addr": "10.10.10.13"}], "token": "t"}}}'
    )
    life.node.answer("cluster node add", "", copy=CONF_OF_THREE, to="corosync.conf")
    ret = expect(members(life), None if testmode else True)
    assert ret["changes"] == {"nodes": {"nfs-server3": {"old": None, "new": THIRD}}}
    call = "cluster node add nfs-server3 addr=10.10.10.13 addr=192.168.16.13 --enable --start"
    assert life.writes == ([] if testmode else ["take", "release", call])
    if not testmode:
        assert expect(members(life), True)["changes"] == {}


def test_remove_relieves_first(make, testmode):
    life = make(testmode, CONF_OF_THREE)
    life.node.answer("cluster node remove", "", copy=CONF, to="corosync.conf")
    ret = expect(members(life, NODES, remove=["nfs-server3"]), None if testmode else True)
    assert ret["changes"] == {"nodes": {"nfs-server3": {"old": THIRD, "new": None}}}
    expected = ["take", "relieve nfs-server3", "release", "cluster node remove nfs-server3"]
    assert life.writes == ([] if testmode else expected)


def test_remove_of_a_node_that_is_gone(make):
    life = make(conf=CONF_OF_THREE)
    life.status["nodes"]["nfs-server3"] = dict(OFF)
    life.node.answer("cluster node remove", "", copy=CONF, to="corosync.conf")
    ret = expect(members(life, NODES, remove_unreachable=["nfs-server3"]), True)
    assert "pcs cluster destroy" in ret["comment"]
    assert life.node.calls[-1] == "cluster node remove nfs-server3 --skip-offline --force"


def test_the_removal_of_a_node_that_is_gone_keeps_what_is_left_to_restart(make):
    """The lock was its own; this state restarts nothing, so it stays for the one that does."""
    life = make(conf=CONF_OF_THREE)
    life.status["nodes"]["nfs-server3"] = dict(OFF)
    left = ["nfs-server3", "nfs-server2"]
    life.holder = {"node": "nfs-server3", "purpose": "corosync's settings", "pending": left}
    life.node.answer("cluster node remove", "", copy=CONF, to="corosync.conf")
    ret = expect(members(life, NODES, remove_unreachable=["nfs-server3"]), True)
    assert "cut off before it restarted nfs-server2: the state pcs.corosync" in ret["comment"]
    assert life.done == ["take", "leave ['nfs-server2']"]


def test_pcs_s_refusal_is_told_and_the_lock_given_back(make):
    life = make(conf=CONF_OF_THREE)
    life.node.salt["_pcs_nodes.node_relieved_no_more"] = lambda name: life.done.append(
        f"back {name}"
    )
    words = "Error: This action will cause a loss of the quorum"
    life.node.answer("cluster node remove", words, code=1)
    expect(members(life, NODES, remove=["nfs-server3"]), False, words)
    assert life.done == ["take", "relieve nfs-server3", "back nfs-server3", "release"]


@pytest.mark.parametrize(
    "conf, nodes, arguments, words",
    [
        (CONF_OF_THREE, NODES, {}, "only when it is named in 'remove'"),
        (CONF.replace("-cluster", "-other"), NODES, {}, "nfs-server-other"),
        (CONF, {**NODES, "nfs-server3": ["10.10.10.13"]}, {}, "needs 2 addresses"),
        (CONF, ["-x"], {}, "must be a node's name"),
        (CONF, {"other": ["1.1.1.1"]}, {}, "none of the nodes"),
    ],
)
def test_members_that_cannot_be(make, testmode, conf, nodes, arguments, words):
    life = make(testmode, conf)
    expect(members(life, nodes, **arguments), False, words)
    assert life.writes == []


def test_a_node_that_leaves_does_nothing_itself(make):
    life = make(conf=CONF_OF_THREE)
    nodes = {name: THREE[name] for name in ("nfs-server2", "nfs-server3")}
    expect(members(life, nodes, remove=["nfs-server1"]), True, "removed by a member that stays")
    assert life.writes == []


@pytest.mark.parametrize("conf", [None, STUB])
def test_a_new_node_waits_for_a_member_to_add_it(make, testmode, conf):
    life = make(testmode, conf)
    life.node.clock.on_sleep = lambda clock: clock.now > 5 and life.node.conf(CONF)
    ret = expect(members(life, NODES), None if testmode else True)
    new = NODES["nfs-server1"]
    assert ret["changes"] == {"nodes": {"nfs-server1": {"old": None, "new": new}}}
    assert bool(life.node.clock.slept) is not testmode


# --- the end --------------------------------------------------------------------------------------


def test_destroy(make, testmode):
    life = make(testmode)
    life.status["resources"] = {}
    life.node.answer("cluster destroy", "")
    (life.node.root / "answers" / "cluster_destroy").write_text("0\n")
    destroy = life.node.library._pcs_cluster.cluster_destroy

    def really(extra):
        destroy(life.node.machine, extra)
        (life.node.root / "corosync.conf").unlink()

    life.node.salt["_pcs_cluster.cluster_destroy"] = really
    ret = life.state.cluster_absent(CLUSTER, CLUSTER, all_nodes=True)
    expect(ret, None if testmode else True)
    assert ret["changes"]["cluster"] == {"old": CLUSTER, "new": None}
    assert life.writes == ([] if testmode else ["cluster destroy --all"])
    if not testmode:
        assert life.state.cluster_absent(CLUSTER, CLUSTER)["changes"] == {}


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"name": CLUSTER, "confirm": True}, "repeats its name"),
        ({"name": "other", "confirm": "other"}, "never touched"),
        ({"name": CLUSTER, "confirm": CLUSTER}, "runs VIP"),
        ({"name": CLUSTER, "confirm": CLUSTER, "all_nodes": True}, "runs VIP"),
    ],
)
def test_no_destruction_by_mistake(make, testmode, arguments, words):
    life = make(testmode)
    expect(life.state.cluster_absent(**arguments), False, words)
    assert life.writes == []


def test_what_runs_elsewhere_must_be_seen(make, testmode):
    life = make(testmode)
    life.status = None
    ret = life.state.cluster_absent(CLUSTER, CLUSTER, all_nodes=True)
    expect(ret, False, "cannot be seen from here")


# --- corosync's settings --------------------------------------------------------------------------


def configured(life, **arguments):
    return life.state.corosync_configured(CLUSTER, timeout=30, **arguments)


def test_settings_as_they_should_be(make, testmode):
    life = make(testmode)
    ret = configured(life, totem={"token": 10000}, nodes=NODES, quorum={"wait_for_all": None})
    assert expect(ret, True)["changes"] == {}
    assert life.writes == []


def test_a_live_change(make, testmode):
    life = make(testmode)
    new = CONF.replace("token: 10000", "token: 7000")
    life.node.answer("cluster config update", "", copy=new, to="corosync.conf")
    ret = expect(configured(life, totem={"token": 7000}), None if testmode else True)
    assert ret["changes"] == {"totem": {"token": {"old": "10000", "new": "7000"}}}
    call = "cluster config update totem token=7000"
    assert life.writes == ([] if testmode else ["take", "release", call])


def test_a_change_that_restarts_must_be_allowed(make, testmode):
    life = make(testmode)
    ret = configured(life, quorum={"wait_for_all": True}, totem={"token": 7000})
    expect(ret, False, "'restart_nodes: true'; nothing was changed")
    assert life.writes == []


def restarting(life):
    new = CONF.replace("two_node: 1", "two_node: 1\n    wait_for_all: 1")

    def spread(sections):
        life.done.append(f"spread {sections}")
        life.node.conf(new)

    life.node.salt["_pcs_corosync.corosync_spread"] = spread
    for name in ("cluster_stop", "cluster_start"):
        life.node.salt[f"_pcs_cluster.{name}"] = lambda node, name=name, **_: life.done.append(
            f"{name} {node}"
        )


def test_restarts_one_after_the_other_the_idle_node_first(make, testmode):
    life = make(testmode)
    restarting(life)
    ret = configured(life, quorum={"wait_for_all": True}, restart_nodes=True)
    expect(ret, None if testmode else True)
    assert ret["changes"]["restarts"] == {"old": None, "new": list(NODES)}
    if testmode:
        assert life.writes == []
        return
    assert life.done == [
        "take",
        "keep ['nfs-server1', 'nfs-server2']",
        "spread {'quorum': {'wait_for_all': '1'}}",
        "keep ['nfs-server2', 'nfs-server1']",
        "relieve nfs-server2",
        "cluster_stop nfs-server2",
        "cluster_start nfs-server2",
        "keep ['nfs-server1']",
        "relieve nfs-server1",
        "cluster_stop nfs-server1",
        "cluster_start nfs-server1",
        "keep []",
        "release",
    ]
    assert configured(life, quorum={"wait_for_all": True})["changes"] == {}


def test_restarts_that_were_cut_off_are_completed(make, testmode):
    life = make(testmode)
    restarting(life)
    life.node.answer("cluster sync corosync", "")
    life.holder = {
        "node": "nfs-server1", "purpose": "corosync's settings", "pending": ["nfs-server1"],
    }  # fmt: skip
    ret = configured(life, totem={"token": 10000}, restart_nodes=True)
    expect(ret, None if testmode else True, "earlier run")
    assert ret["changes"] == {"restarts": {"old": None, "new": ["nfs-server1"]}}
    assert ("cluster_stop nfs-server1" in life.done) is not testmode
    assert "cluster_stop nfs-server2" not in life.done


@pytest.mark.parametrize(
    "trouble, words",
    [
        ({"nodes": {"nfs-server1": ON, "nfs-server2": OFF}}, "nfs-server2 is not online"),
        ({"quorum": False}, "no quorum"),
        ({"maintenance_mode": True}, "in maintenance"),
        ({"nodes": {"nfs-server1": ON, "nfs-server2": {**ON, "maintenance": True}}}, "maintenance"),
    ],
)
def test_no_restart_of_a_cluster_that_is_not_well(make, trouble, words):
    life = make()
    restarting(life)
    life.status.update(trouble)
    ret = configured(life, quorum={"wait_for_all": True}, restart_nodes=True)
    expect(ret, False, words)
    assert life.done == ["take", "release"]


def test_a_restart_that_fails_leaves_the_rest_in_the_lock(make):
    life = make()
    restarting(life)

    def refuse(node):
        raise CommandExecutionError("Error: loss of the quorum")

    life.node.salt["_pcs_cluster.cluster_stop"] = refuse
    life.node.salt["_pcs_nodes.node_relieved_no_more"] = lambda node: life.done.append(
        f"back {node}"
    )
    ret = configured(life, quorum={"wait_for_all": True}, restart_nodes=True)
    expect(ret, False, "loss of the quorum")
    assert life.done[-1] == "back nfs-server2" and "release" not in life.done


def test_a_node_that_a_cut_off_run_stopped_is_started_again(make):
    life = make()
    restarting(life)
    life.node.answer("cluster sync corosync", "")
    life.holder = {
        "node": "nfs-server1", "purpose": "corosync's settings", "pending": ["nfs-server2"],
    }  # fmt: skip
    life.status["nodes"]["nfs-server2"] = dict(OFF)

    def start(node, wait):
        life.done.append(f"cluster_start {node}")
        life.status["nodes"][node] = dict(ON)

    life.node.salt["_pcs_cluster.cluster_start"] = start
    expect(configured(life, totem={"token": 10000}, restart_nodes=True), True, "earlier run")
    assert life.done[:3] == ["take", "cluster_start nfs-server2", "relieve nfs-server2"]
    assert life.done[-1] == "release"


@pytest.mark.parametrize("earlier", [[], ["nfs-server2"]])
def test_a_spread_that_pcs_refuses_leaves_the_lock_as_it_was(make, earlier):
    life = make()
    if earlier:
        purpose = "corosync's settings"
        life.holder = {"node": "nfs-server1", "purpose": purpose, "pending": earlier}

    def refuse(sections):
        raise CommandExecutionError("Error: no")

    life.node.salt["_pcs_corosync.corosync_spread"] = refuse
    expect(configured(life, quorum={"wait_for_all": True}, restart_nodes=True), False, "Error: no")
    end = [f"keep {earlier}"] + ([] if earlier else ["release"])
    assert life.done == ["take", "keep ['nfs-server1', 'nfs-server2']", *end]


def test_a_spread_that_ends_half_way_is_for_the_next_run(make):
    life = make()
    restarting(life)
    spread = life.node.library._pcs_corosync.corosync_spread

    def half(sections):
        spread(life.node.machine, sections)
        raise CommandExecutionError("Error: nfs-server2 is gone")

    life.node.salt["_pcs_corosync.corosync_spread"] = half
    ret = configured(life, quorum={"wait_for_all": True}, restart_nodes=True)
    expect(ret, False, "nfs-server2 is gone")
    assert life.done[1] == "keep ['nfs-server1', 'nfs-server2']"
    assert "release" not in life.done


def test_of_a_stopped_cluster_pcs_changes_all_itself(make):
    life = make()
    life.status = None
    new = CONF.replace("two_node: 1", "two_node: 1\n    wait_for_all: 1")
    life.node.answer("quorum update wait_for_all=1", "", copy=new, to="corosync.conf")
    ret = expect(configured(life, quorum={"wait_for_all": True}), True)
    assert "restarts" not in ret["changes"]
    assert life.writes == ["quorum update wait_for_all=1"]


ACTIVE = {"transport_options": {"link_mode": "active"}}


@pytest.mark.parametrize("elsewhere", [False, True])
def test_what_pcs_lets_pass_waits_until_corosync_runs_nowhere(make, elsewhere):
    life = make()
    life.status = None
    new = CONF.replace("transport: knet", "transport: knet\n    link_mode: active")
    assert new != CONF
    said = "Error: nfs-server2: corosync is running" if elsewhere else ""
    life.node.answer("quorum update wait_for_all=", said, code=int(elsewhere))
    life.node.answer("cluster config update", "", copy=new, to="corosync.conf")
    ret = configured(life, **ACTIVE)
    if elsewhere:
        expect(ret, False, "corosync reads link_mode when it starts")
        assert said in ret["comment"] and life.writes == ["quorum update wait_for_all="]
    else:
        expect(ret, True)
        assert life.writes == [
            "quorum update wait_for_all=", "cluster config update transport link_mode=active",
        ]  # fmt: skip


def pending_elsewhere(life):
    """Another node's run restarts this one, and has just stopped it."""
    status, life.status = life.status, None
    purpose = "corosync's settings"
    life.holder = {"node": "nfs-server2", "purpose": purpose, "pending": ["nfs-server1"]}
    return status


def test_a_node_that_another_run_has_just_stopped_waits_for_its_start(make):
    life = make()
    status = pending_elsewhere(life)

    def started(clock):
        if clock.now > 5:
            life.status, life.holder = status, None

    life.node.clock.on_sleep = started
    ret = expect(configured(life, totem={"token": 10000}, restart_nodes=True), True)
    assert ret["changes"] == {} and life.node.clock.slept and life.writes == []


def test_pending_restarts_are_told_on_a_node_that_is_stopped(make, testmode):
    life = make(testmode)
    pending_elsewhere(life)
    ret = configured(life, totem={"token": 10000}, restart_nodes=True)
    if testmode:
        expect(ret, None, "a restart of nfs-server1 that an earlier run did not get to")
        assert ret["changes"] == {"restarts": {"old": None, "new": ["nfs-server1"]}}
    else:
        expect(ret, False, "nfs-server2 restarts nfs-server1 (corosync's settings)")
        assert "start it here" in ret["comment"]
    expect(configured(life, totem={"token": 10000}), False, "restart_nodes")
    assert life.writes == []


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"totem": {"tokn": 1}}, "there is no option 'tokn'"),
        ({"links": {"a": 1}}, "must be a list"),
        ({"nodes": {"a": []}}, "pcs.cluster_members"),
        ({"quorum": {"auto_tie_breaker": True}, "restart_nodes": True}, "stop --all"),
    ],
)
def test_settings_that_cannot_be(make, testmode, arguments, words):
    life = make(testmode)
    expect(configured(life, **arguments), False, words)
    assert life.writes == []


def test_settings_of_no_cluster(make, testmode):
    life = make(testmode, None)
    expect(configured(life, totem={"token": 1}), None if testmode else False)


def test_pcs_0_9_says_what_it_cannot(make):
    life = make(pcs="0.9")
    expect(configured(life, totem={"token": 7000}), False, "pcs 0.9 changes nothing")
    assert life.done == ["take", "release"]


# --- the quorum device ----------------------------------------------------------------------------

DEVICE = """    device {
        model: net
        votes: 1
        timeout: 20000

        net {
            algorithm: ffsplit
            host: qnetd
        }
    }
}

logging {"""
WITH_DEVICE = CONF.replace("    two_node: 1\n", "").replace("}\n\nlogging {", DEVICE)


def device(life, name="qnetd", **arguments):
    return life.state.quorum_device_present(name, **arguments)


def test_device_add(make, testmode):
    life = make(testmode)
    life.node.answer("quorum device add", "", copy=WITH_DEVICE, to="corosync.conf")
    ret = expect(device(life, options={"timeout": 20000}), None if testmode else True)
    assert ret["changes"]["device"]["old"] is None
    call = "quorum device add timeout=20000 model net host=qnetd algorithm=ffsplit"
    assert life.writes == ([] if testmode else ["take", "release", call])
    if not testmode:
        assert expect(device(life, options={"timeout": 20000}), True)["changes"] == {}


def test_device_update(make):
    life = make(conf=WITH_DEVICE)
    new = WITH_DEVICE.replace("ffsplit", "lms")
    life.node.answer("quorum device update", "", copy=new, to="corosync.conf")
    ret = expect(device(life, algorithm="lms"), True)
    assert ret["changes"]["device"]["model_options"] == {
        "algorithm": {"old": "ffsplit", "new": "lms"}
    }
    assert life.node.calls[-1] == "quorum device update model algorithm=lms"


def test_another_host_is_another_device(make):
    life = make(conf=WITH_DEVICE)
    new = WITH_DEVICE.replace("qnetd", "other")
    life.node.answer("quorum device remove", "", copy=CONF, to="corosync.conf")
    life.node.answer("quorum device add", "", copy=new, to="corosync.conf")
    life.node.salt["_pcs_hosts.hosts_authorized"] = lambda hosts: dict.fromkeys(hosts, True)
    expect(device(life, "other"), True)
    assert [call.split()[2] for call in life.node.calls if "device" in call] == ["remove", "add"]


def test_the_device_stays_when_the_other_host_does_not_answer(make):
    life = make(conf=WITH_DEVICE)
    life.node.salt["_pcs_hosts.hosts_authorized"] = lambda hosts: dict.fromkeys(hosts, "Offline")
    expect(device(life, "other"), False, "stays where it is: other: Offline")
    assert not [call for call in life.node.calls if "device" in call]


def test_device_does_not_go_with_a_tie_breaker(make, testmode):
    life = make(testmode, CONF.replace("two_node: 1", "auto_tie_breaker: 1"))
    expect(device(life), False, "auto_tie_breaker")
    assert life.writes == []


def test_device_remove(make, testmode):
    life = make(testmode, WITH_DEVICE)
    life.node.answer("quorum device remove", "", copy=CONF, to="corosync.conf")
    ret = expect(life.state.quorum_device_absent("x"), None if testmode else True)
    assert ret["changes"]["device"]["new"] is None
    if not testmode:
        assert life.state.quorum_device_absent("x")["changes"] == {}


# --- SBD ------------------------------------------------------------------------------------------


def test_sbd(make, testmode):
    life = make(testmode)
    enabled = []
    life.node.salt["service.enabled"] = lambda name: bool(enabled)
    text = 'SBD_WATCHDOG_DEV=/dev/watchdog1\nSBD_DEVICE="/dev/a;/dev/b"\nSBD_DELAY_START=yes\n'
    life.node.answer("stonith sbd enable", "", copy=text, to="sbd")
    really = life.node.library._pcs_sbd.sbd_enable
    life.node.salt["_pcs_sbd.sbd_enable"] = lambda *a: (
        really(life.node.machine, *a),
        enabled.append(1),
    )
    wanted = {
        "watchdogs": dict.fromkeys(NODES, "/dev/watchdog1"),
        "devices": {"nfs-server1": ["/dev/a", "/dev/b"]},
        "options": {"SBD_DELAY_START": True},
    }
    ret = expect(life.state.sbd_enabled("x", **wanted), None if testmode else True)
    assert ret["changes"]["sbd"]["enabled"] == {"old": False, "new": True}
    assert ret["changes"]["sbd"]["SBD_DEVICE"] == {"old": None, "new": "/dev/a;/dev/b"}
    if testmode:
        assert life.writes == []
        return
    assert "restart the nodes" in ret["warnings"][0]
    assert life.node.calls[-1].endswith("SBD_DELAY_START=yes --no-watchdog-validation")
    assert life.done == ["take", "release"]
    assert life.state.sbd_enabled("x", **wanted)["changes"] == {}


def test_sbd_disabled(make, testmode):
    life = make(testmode)
    enabled = [1]
    life.node.salt["service.enabled"] = lambda name: bool(enabled)
    life.node.answer("stonith sbd disable", "")
    really = life.node.library._pcs_sbd.sbd_disable
    life.node.salt["_pcs_sbd.sbd_disable"] = lambda: (
        really(life.node.machine),
        enabled.clear(),
    )
    ret = expect(life.state.sbd_disabled("x"), None if testmode else True)
    assert ret["changes"] == {"sbd": {"enabled": {"old": True, "new": False}}}
    if not testmode:
        assert life.state.sbd_disabled("x")["changes"] == {}


def test_sbd_with_another_s_option(make, testmode):
    life = make(testmode)
    expect(life.state.sbd_enabled("x", options={"timeout": 1}), False, "none of SBD's")
    assert life.writes == []


# --- tokens ---------------------------------------------------------------------------------------


def test_a_new_password_means_new_tokens(make, testmode):
    life = make(testmode)
    hosts = '{"known_hosts": {%s}}'
    one = '"%s": {"dest_list": [{"addr": "%s"}], "token": "%s"}'

    def tokens(word):
        pairs = ", ".join(one % (name, given[0], word) for name, given in NODES.items())
        life.node.known_hosts(hosts % pairs)

    tokens("old")
    asked = []

    def auth(nodes, renew, **_):
        asked.append(renew)
        tokens("new")

    life.node.salt["_pcs_hosts.host_auth"] = auth
    life.node.salt["shadow.info"] = lambda name: {"passwd": "$6$first"}
    arguments = {"nodes": NODES, "password": "x"}
    assert expect(life.state.hosts_authenticated("x", **arguments), True)["changes"] == {}
    life.node.library._pcs_hosts.tokens_are_of_this_password(life.node.machine)
    life.node.salt["shadow.info"] = lambda name: {"passwd": "$6$second"}
    ret = expect(life.state.hosts_authenticated("x", **arguments), None if testmode else True)
    mask = "XXX-REDACTED-XXX"
    assert ret["changes"] == {"tokens": {"old": mask, "new": mask}}
    assert asked == ([] if testmode else [True])
    if not testmode:
        assert life.state.hosts_authenticated("x", **arguments)["changes"] == {}


def test_an_old_token_that_stays_is_an_error(make):
    life = make()
    host = '{"dest_list": [], "token": "t"}'
    life.node.known_hosts(f'{{"known_hosts": {{"nfs-server1": {host}, "another": {host}}}}}')
    life.node.answer("host auth", "nfs-server1: Authorized")
    life.node.answer("status pcsd", "  nfs-server1: Online")
    life.node.salt["shadow.info"] = lambda name: {"passwd": "$6$x"}
    hosts = life.node.library._pcs_hosts
    hosts._silent = lambda nodes: []
    with pytest.raises(CommandExecutionError, match="kept its old token for nfs-server1") as error:
        hosts.host_auth(life.node.machine, {"nfs-server1": []}, password="p", timeout=1, renew=True)
    assert "another" not in str(error.value)
