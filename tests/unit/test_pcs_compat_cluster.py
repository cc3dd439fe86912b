"""The old states about nodes, against a stand-in for pcs, really run."""

import socket
from pathlib import Path

import pytest

from tests.support.pcs_command import Node

DATA = Path(__file__).parent / "data" / "pcs"
CONF = (DATA / "corosync-0.11.conf").read_text()
STUB = (DATA / "corosync-debian.conf").read_text()
CLUSTER = "nfs-server-cluster"
NODES = ["nfs-server1", "addr=127.0.0.1", "nfs-server2", "addr=127.0.0.1"]
NAMES = ["nfs-server1", "nfs-server2"]
SECRET = "hoonet0rg"
ONLINE = "  nfs-server1: Online\n  nfs-server2: Online"
HALF = "  nfs-server1: Online\n  nfs-server2: Unable to authenticate"


@pytest.fixture(params=[False, True], ids=["", "test"])
def testmode(request):
    return request.param


@pytest.fixture
def pcsd():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def make(tmp_path, monkeypatch, pcsd):
    def machine(test=False, conf=None, online=ONLINE, **kwargs):
        node = Node(tmp_path, monkeypatch, opts={"test": test}, **kwargs)
        node.world.library._pcs_hosts.PCSD_PORT = pcsd
        node.answer("status pcsd", online, code=0 if online == ONLINE else 2)
        if conf:
            node.conf(conf)
        return node

    return machine


def look(ret, result, changes):
    assert (ret["result"], ret["changes"]) == (result, changes), ret
    assert SECRET not in repr(ret)
    return ret["comment"]


def authorized(node, **more):
    return node.state.auth("x", **{"nodes": NODES, "pcspasswd": SECRET, **more})


def set_up(node, **more):
    given = {"nodes": NODES, "pcsclustername": CLUSTER, "pcspasswd": SECRET}
    return node.state.cluster_setup("x", **{**given, **more})


# auth --------------------------------------------------------------------------------------------


def test_authorized_already(make, testmode):
    node = make(testmode)
    look(authorized(node, extra_args=["--force"]), True, {})
    assert not [call for call in node.calls if "auth" in call]


def test_auth(make, testmode):
    node = make(testmode, online=HALF)
    node.answer("host auth", copy=f"0\n{ONLINE}\n", to="answers/status_pcsd")
    changes = {"nfs-server2": {"old": "", "new": "Authorized"}}
    look(authorized(node, pcsuser="other"), None if testmode else True, changes)
    called = [call for call in node.calls if call.startswith("host auth")]
    if testmode:
        assert called == []
        return
    assert called == ["host auth -u other nfs-server1 addr=127.0.0.1 nfs-server2 addr=127.0.0.1"]
    assert node.stdin("host auth") == SECRET + "\n"
    assert SECRET not in "".join(node.calls)


def test_auth_refused(make):
    node = make(online=HALF)
    node.answer("host auth", "nfs-server2: Username and/or password is incorrect", code=1)
    assert "nfs-server2 refused hacluster's password" in look(authorized(node), False, {})


@pytest.mark.parametrize(
    "more, message",
    [
        ({"nodes": []}, "nodes: must be a list"),
        ({"extra_args": ["--nonsense"]}, "--nonsense is not known here"),
    ],
)
def test_auth_of_bad_arguments(make, testmode, more, message):
    node = make(testmode, online=HALF)
    assert message in look(authorized(node, **more), False, {})
    assert node.calls == []


def test_auth_before_pcs_is_installed(make):
    look(authorized(make(True, pcs=None)), None, {})


def test_nothing_is_authorized_into_the_stub(make, testmode):
    node = make(testmode, conf=STUB, online=HALF)
    ret = authorized(node)
    if not testmode:
        assert "one-node cluster is still here" in look(ret, False, {})
    assert not [call for call in node.calls if call.startswith("host auth")]


# cluster_setup -----------------------------------------------------------------------------------


def test_set_up_already(make, testmode):
    node = make(testmode, conf=CONF)
    look(set_up(node, extra_args=["--start", "--enable"]), True, {})
    look(set_up(node, nodes=["nfs-server1"]), True, {})  # others were added since
    assert node.calls == []


@pytest.mark.parametrize("wipe", [False, True])
@pytest.mark.parametrize("conf", [None, STUB])
def test_set_up(make, testmode, conf, wipe):
    node = make(testmode, conf=conf, online=HALF)
    node.answer("host auth", copy=f"0\n{ONLINE}\n", to="answers/status_pcsd")
    node.answer("cluster setup", copy=CONF, to="corosync.conf")
    node.salt["_pcs_stub.remove"] = lambda: (node.root / "corosync.conf").unlink()
    ret = set_up(node, extra_args=["--enable"], wipe_default=wipe)
    written = [call for call in node.calls if not call.startswith(("status", "--version"))]
    if conf and not wipe:
        assert "wipe_default: True removes it" in look(ret, False, {})
        assert written == []
        return
    changes = {name: {"old": "", "new": "Setup"} for name in NAMES}
    look(ret, None if testmode else True, changes)
    if testmode:
        assert written == []
        return
    assert written[0].startswith("host auth")
    assert written[1] == (
        "cluster setup nfs-server-cluster nfs-server1 addr=127.0.0.1 "
        "nfs-server2 addr=127.0.0.1 --enable"
    )
    look(set_up(node), True, {})


@pytest.mark.parametrize(
    "more, message",
    [
        ({"pcsclustername": "other"}, "this node is in the cluster nfs-server-cluster, not in"),
        ({"nodes": ["nfs-server1", "n3"]}, "is set up without n3"),
        ({"extra_args": ["--force"]}, "--force is not passed on"),
        ({"nodes": None}, "nodes: must be a list"),
        ({"pcs_auth_extra_args": ["x"]}, "extra_args: 'x'"),
    ],
)
def test_set_up_refused(make, testmode, more, message):
    node = make(testmode, conf=CONF)
    assert message in look(set_up(node, **more), False, {})
    assert node.calls == [] and (node.root / "corosync.conf").read_text() == CONF


def test_set_up_that_pcs_refuses(make):
    node = make()
    node.answer("cluster setup", "Error: nfs-server2: in a cluster already", code=1)
    assert "in a cluster already" in look(set_up(node), False, {})


def test_set_up_judged_by_what_is_there(make):
    node = make()
    node.answer("cluster setup", "nfs-server1: Succeeded")
    assert "there is no corosync.conf" in look(set_up(node), False, {})


@pytest.mark.parametrize("comes", [True, False])
def test_set_up_waits_for_what_it_starts(make, comes):
    node = make()
    node.answer("cluster setup", copy=CONF, to="corosync.conf")
    seen = iter([{"dc": None, "quorum": False}, {"dc": None, "quorum": True}])
    there = {"dc": "nfs-server1", "quorum": True}
    never = {"dc": None, "quorum": True}
    node.salt["_pcs_node.status"] = lambda: next(seen, there if comes else never)
    ret = set_up(node, extra_args=["--start"])
    assert ret["result"] is comes and ret["changes"]
    assert ("no coordinator is elected" in ret["comment"]) is not comes


# cluster_node_present ----------------------------------------------------------------------------


def test_a_member_already(make, testmode):
    node = make(testmode, conf=CONF)
    look(node.state.cluster_node_present("x", "nfs-server2", ["--start"]), True, {})
    assert node.calls == []


def test_a_node_is_added(make, testmode):
    node = make(testmode, conf=CONF)
    more = CONF.replace("name: nfs-server2", "name: n3")
    node.answer("cluster node", copy=more, to="corosync.conf")
    ret = node.state.cluster_node_present("x", "n3", ["--start", "--enable"])
    look(ret, None if testmode else True, {"n3": {"old": "", "new": "Added"}})
    calls = [call for call in node.calls if call.startswith("cluster")]
    assert calls == ([] if testmode else ["cluster node add n3 --start --enable"])


@pytest.mark.parametrize("conf", [None, STUB])
def test_a_node_is_added_to_no_cluster(make, testmode, conf):
    node = make(testmode, conf=conf)
    ret = node.state.cluster_node_present("x", "n3")
    if testmode:
        comment = look(ret, None, {"n3": {"old": "", "new": "Added"}})
        assert "once this node has a cluster" in comment
    else:
        assert "in no cluster" in look(ret, False, {})
    assert node.calls == []


@pytest.mark.parametrize(
    "node_name, extra, message",
    [
        (["a", "b"], None, "must be one node's name"),
        ("n3", ["--force"], "--force is not passed on"),
        ("n3", ["--start", "--forc"], "--force is not passed on"),
        (None, None, "nodes: must be a list"),
    ],
)
def test_a_node_that_is_refused(make, testmode, node_name, extra, message):
    node = make(testmode, conf=CONF)
    assert message in look(node.state.cluster_node_present("x", node_name, extra), False, {})
    assert node.calls == []


def test_a_node_that_does_not_come(make):
    node = make(conf=CONF)
    node.answer("cluster node")
    ret = node.state.cluster_node_present("x", "n3")
    assert "n3 is not in corosync.conf after it was added" in look(ret, False, {})


# The functions -----------------------------------------------------------------------------------


def test_functions(make):
    node = make(conf=CONF, online=HALF)
    asked = node.salt["pcs.is_auth"](NAMES, pcspasswd=SECRET)
    assert (asked["retcode"], asked["stdout"].splitlines()) == (
        1,
        ["nfs-server1: Already authorized", "nfs-server2: Unable to authenticate"],
    )
    node.answer("host auth", copy=f"0\n{ONLINE}\n", to="answers/status_pcsd")
    done = node.salt["pcs.auth"](NODES, "hacluster", SECRET, ["--force"])
    assert done["retcode"] == 0 and SECRET not in repr(done)
    assert node.salt["pcs.is_auth"](NAMES)["retcode"] == 0
    node.answer("cluster destroy")
    assert node.salt["pcs.cluster_destroy"](extra_args="--all") is True
    assert node.calls[-1] == "cluster destroy --all"
