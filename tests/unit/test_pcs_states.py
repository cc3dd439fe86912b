"""States of the cluster layer, against a stand-in for pcs and crm_mon, really run."""

import socket
from pathlib import Path

import pytest
from salt.exceptions import SaltInvocationError

from tests.support import salt_modules
from tests.support.pcs_command import Node

DATA = Path(__file__).parent / "data" / "pcs"
CONF = (DATA / "corosync-0.11.conf").read_text()
STUB = (DATA / "corosync-debian.conf").read_text()
HOSTS = (DATA / "known-hosts.json").read_text()
CLUSTER = "nfs-server-cluster"
NODES = {
    "nfs-server1": ["10.10.10.11", "192.168.16.11"],
    "nfs-server2": ["10.10.10.12", "192.168.16.12"],
}
LOCAL = {"nfs-server1": ["127.0.0.1"], "nfs-server2": ["127.0.0.1"]}
SECRET = "gehe1m"
IN_A_CLUSTER = (
    "Error: nfs-server2: The host seems to be in a cluster already as cluster configuration "
    "files have been found on the host"
)


@pytest.fixture(params=[False, True], ids=["", "test"])
def testmode(request):
    return request.param


@pytest.fixture
def make(tmp_path, monkeypatch):
    """Make a machine; ``files`` tells what is on it."""

    def machine(hostname="nfs-server1", test=False, **kwargs):
        return Node(tmp_path, monkeypatch, hostname=hostname, opts={"test": test}, **kwargs)

    return machine


def files(node):
    return {
        p.relative_to(node.root): p.read_bytes()
        for p in node.root.rglob("*")
        if p.is_file() and p.name != "log" and not p.name.startswith("stdin.")
    }


def well_formed(ret, result):
    assert ret["result"] is result, ret["comment"]
    assert isinstance(ret["changes"], dict)
    assert isinstance(ret["comment"], str) and ret["comment"]
    assert SECRET not in str(ret)
    if result is True or result is None:
        return ret
    assert ret["changes"] == {}
    return ret


# --- a bare machine -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "state, args",
    [
        ("password_set", {"name": "hacluster", "password": SECRET}),
        ("stub_removed", {"name": "x"}),
        ("hosts_authenticated", {"name": "x", "nodes": NODES, "password": SECRET}),
        ("cluster_created", {"name": CLUSTER, "nodes": NODES, "creator": "nfs-server1"}),
        ("cluster_created", {"name": CLUSTER, "nodes": NODES, "creator": "nfs-server2"}),
        ("cluster_online", {"name": CLUSTER, "nodes": NODES}),
    ],
)
def test_test_mode_on_a_bare_machine(make, state, args):
    node = make(test=True, pcs=None)
    node.salt["shadow.info"] = lambda name: {"name": "", "passwd": ""}
    if node.library._pcs_node.installed():
        pytest.skip("pcs is installed on this machine")
    before = files(node)
    ret = well_formed(getattr(node.state, state)(**args), None)
    assert "would" in ret["comment"].lower() or "cannot be known" in ret["comment"]
    assert files(node) == before
    assert node.clock.slept == []


# --- password_set ---------------------------------------------------------------------------------


@pytest.fixture
def account():
    """``shadow.info`` and ``pcs.set_password`` over one dictionary, with the real comparison."""

    def install(node, password):
        crypt = node.world.library._pcs_hosts._crypt
        shadow = {"name": "hacluster", "passwd": crypt(password, "$6$salt$") if password else "!"}
        node.salt["shadow.info"] = lambda name: (
            shadow if name == "hacluster" else {"name": "", "passwd": ""}
        )

        def chpasswd(argv, stdin=None, **_):
            assert argv == ["chpasswd"]
            shadow["passwd"] = crypt(stdin.rstrip("\n").split(":", 1)[1], "$6$salt$")
            return {"retcode": 0, "stdout": "", "stderr": ""}

        node.salt["cmd.run_all"] = chpasswd
        return shadow

    return install


def test_password_set(make, account, testmode):
    node = make(test=testmode, pillar={"a": {"b": SECRET}})
    shadow = account(node, None)
    ret = well_formed(node.state.password_set(password_pillar="a:b"), None if testmode else True)
    mask = "XXX-REDACTED-XXX"
    assert ret["changes"] == {"password": {"old": mask, "new": mask}}
    assert ("would have been" in ret["comment"]) is testmode
    assert (shadow["passwd"] == "!") is testmode
    again = node.state.password_set(password_pillar="a:b")
    assert (again["changes"] == {}) is not testmode


def test_password_is_set_already(make, account, testmode):
    node = make(test=testmode)
    account(node, SECRET)
    node.salt["cmd.run_all"] = None
    ret = well_formed(node.state.password_set(password=SECRET), True)
    assert ret["changes"] == {}


def test_password_of_an_account_that_is_not_there(make, account):
    node = make()
    account(node, None)
    ret = well_formed(node.state.password_set("nobody-here", password=SECRET), False)
    assert "no account nobody-here" in ret["comment"]


@pytest.mark.parametrize(
    "args, sentence",
    [
        ({}, "password is not set"),
        ({"password_pillar": "no:such"}, "pillar no:such is not set"),
        ({"password": 5}, "in quotes"),
    ],
)
def test_password_set_with_bad_input(make, account, testmode, args, sentence):
    node = make(test=testmode)
    account(node, None)
    assert sentence in well_formed(node.state.password_set(**args), False)["comment"]


# --- stub_removed ---------------------------------------------------------------------------------


def test_stub_removed(make, testmode):
    node = make(test=testmode)
    node.conf(STUB)
    (node.root / "cib" / "cib.xml").write_text((DATA / "cib-stub.xml").read_text())
    stopped = []
    node.salt["service.stop"] = lambda service: stopped.append(service) or True
    before = files(node)
    ret = well_formed(node.state.stub_removed("x"), None if testmode else True)
    assert ret["changes"] == {"cluster": {"old": "debian", "new": None}}
    assert ("would have been" in ret["comment"]) is testmode
    assert (files(node) == before) is testmode
    assert stopped == ([] if testmode else ["pacemaker", "corosync"])
    again = node.state.stub_removed("x")
    assert (again["changes"] == {}) is not testmode
    assert node.calls == []


@pytest.mark.parametrize("conf", [None, CONF])
def test_no_stub_to_remove(make, testmode, conf):
    node = make(test=testmode)
    if conf:
        node.conf(conf)
    ret = well_formed(node.state.stub_removed("x"), True)
    assert ret["changes"] == {}
    assert node.calls == []


def test_a_stub_that_somebody_uses(make, testmode):
    node = make(test=testmode)
    node.conf(STUB)
    cib = (DATA / "cib-stub.xml").read_text()
    (node.root / "cib" / "cib.xml").write_text(
        cib.replace("<constraints/>", '<constraints><rsc_location id="l"/></constraints>')
    )
    before = files(node)
    ret = well_formed(node.state.stub_removed("x"), False)
    assert "constraints: l" in ret["comment"]
    assert files(node) == before


def test_a_damaged_conf_is_no_stub(make, testmode):
    node = make(test=testmode)
    node.conf(STUB[:100])
    assert "corosync.conf" in well_formed(node.state.stub_removed("x"), False)["comment"]


# --- hosts_authenticated --------------------------------------------------------------------------

LOCAL_HOSTS = HOSTS.replace("10.10.10.11", "127.0.0.1").replace("10.10.10.12", "127.0.0.1")
ONLINE = "  nfs-server1: Online\n  nfs-server2: Online"


@pytest.fixture
def pcsd():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def authenticated(node, nodes=LOCAL, **kwargs):
    return node.state.hosts_authenticated("x", nodes, password=SECRET, **kwargs)


def test_a_member_that_knows_all_hosts_starts_no_process(make, testmode):
    node = make(test=testmode)
    node.conf(CONF)
    node.known_hosts(HOSTS)
    assert well_formed(authenticated(node, NODES), True)["changes"] == {}
    assert node.world.commands == []


def test_before_the_cluster_known_hosts_are_confirmed(make, testmode):
    node = make(test=testmode)
    node.known_hosts(LOCAL_HOSTS)
    node.answer("status pcsd", ONLINE)
    assert well_formed(authenticated(node), True)["changes"] == {}
    assert node.calls == ["status pcsd nfs-server1 nfs-server2"]


@pytest.mark.parametrize("known", [None, HOSTS], ids=["unknown", "at another address"])
def test_authenticating(make, testmode, pcsd, known):
    node = make(test=testmode)
    node.world.library._pcs_hosts.PCSD_PORT = pcsd
    if known:
        node.known_hosts(known)
    node.answer("host auth", copy=LOCAL_HOSTS, to="known-hosts")
    node.answer("status pcsd", ONLINE)
    ret = well_formed(authenticated(node), None if testmode else True)
    assert ret["changes"] == {"hosts": {"old": [], "new": ["nfs-server1", "nfs-server2"]}}
    assert ("would have been" in ret["comment"]) is testmode
    assert any(call.startswith("host auth") for call in node.calls) is not testmode
    again = authenticated(node)
    assert (again["changes"] == {}) is not testmode


def test_a_token_that_is_no_longer_good_is_renewed(make, testmode, pcsd):
    node = make(test=testmode)
    node.world.library._pcs_hosts.PCSD_PORT = pcsd
    node.known_hosts(LOCAL_HOSTS)
    half = "  nfs-server1: Online\n  nfs-server2: Unable to authenticate"
    node.answer("status pcsd", half, code=2)
    node.answer("host auth", copy=f"0\n{ONLINE}\n", to="answers/status_pcsd")
    ret = well_formed(authenticated(node), None if testmode else True)
    assert ret["changes"]["hosts"]["old"] == ["nfs-server1"]


def test_an_authentication_that_stores_nothing_is_an_error(make, pcsd):
    node = make()
    node.world.library._pcs_hosts.PCSD_PORT = pcsd
    node.answer("host auth", "nfs-server1: Authorized\nnfs-server2: Authorized")
    node.answer("status pcsd", ONLINE)
    ret = well_formed(authenticated(node), False)
    assert "kept no token for nfs-server1, nfs-server2" in ret["comment"]


def test_authentication_beside_the_stub_is_refused(make, pcsd):
    node = make()
    node.world.library._pcs_hosts.PCSD_PORT = pcsd
    node.conf(STUB)
    ret = well_formed(authenticated(node), False)
    assert "pcs.stub_removed" in ret["comment"]
    assert node.calls == []


def test_a_peer_that_does_not_answer(make):
    node = make()
    with socket.create_server(("127.0.0.1", 0)) as server:
        node.world.library._pcs_hosts.PCSD_PORT = port = server.getsockname()[1]
    ret = well_formed(authenticated(node, timeout=5), False)
    assert f"no answer from nfs-server2 (127.0.0.1:{port})" in ret["comment"]
    assert node.calls == []


@pytest.mark.parametrize("nodes", [None, {}, ["a"], {"a": [7]}, {"-u": ["127.0.0.1"]}])
def test_hosts_authenticated_with_bad_nodes(make, nodes):
    node = make()
    assert "nodes" in well_formed(authenticated(node, nodes), False)["comment"]
    assert node.calls == []


# --- cluster_created ------------------------------------------------------------------------------


def created(node, creator="nfs-server1", nodes=NODES, **kwargs):
    return node.state.cluster_created(CLUSTER, nodes, creator, **kwargs)


NEW = {"cluster": {"old": None, "new": CLUSTER}, "nodes": {"old": None, "new": NODES}}


def test_options_of_every_kind_are_passed_on(make):
    node = make()
    node.answer("cluster setup", copy=CONF, to="corosync.conf")
    ret = created(
        node,
        totem={"token": 10000, "block_unlisted_ips": True},
        links=[{}, {"link_priority": 1}],
        transport_options={"link_mode": "active"},
        compression={"model": "zlib"},
        crypto={"cipher": "aes256"},
        quorum={"wait_for_all": True},
    )
    well_formed(ret, True)
    assert node.calls[-1].endswith(
        "transport knet link_mode=active link linknumber=1 link_priority=1 compression model=zlib "
        "crypto cipher=aes256 totem token=10000 block_unlisted_ips=yes quorum wait_for_all=1"
    )


@pytest.mark.parametrize(
    "options, words",
    [
        ({"totem": {"tokn": 1}}, "totem: there is no option 'tokn'"),
        ({"quorum": {"two_node": 1}}, "quorum: there is no option 'two_node'"),
        ({"links": {"link_priority": 1}}, "links must be a list"),
        ({"links": [{}, {"prio": 1}]}, "links, number 1: there is no option 'prio'"),
        ({"crypto": "aes256"}, "crypto must be a dictionary"),
    ],
)
def test_options_that_are_none_are_named(make, testmode, options, words):
    node = make(test=testmode)
    assert words in well_formed(created(node, **options), False)["comment"]
    assert node.calls == []


def test_other_members_are_left_to_another_state_when_told(make, testmode):
    node = make(test=testmode)
    node.conf(CONF)
    three = {**NODES, "nfs-server3": ["10.10.10.13", "192.168.16.13"]}
    well_formed(created(node, nodes=three), False)
    assert well_formed(created(node, nodes=three, strict=False), True)["changes"] == {}
    other = CONF.replace("cluster_name: nfs", "cluster_name: other")
    node.conf(other)
    well_formed(created(node, nodes=three, strict=False), False)


@pytest.mark.parametrize("hostname", ["nfs-server1", "nfs-server2"])
def test_a_member_starts_no_process(make, testmode, hostname):
    node = make(hostname, test=testmode)
    node.conf(CONF)
    ret = well_formed(created(node, totem={"token": 10000}), True)
    assert ret["changes"] == {}
    assert "warnings" not in ret
    assert node.world.commands == []


def test_the_creator_creates(make, testmode):
    node = make(test=testmode)
    node.answer("cluster setup", copy=CONF, to="corosync.conf")
    ret = well_formed(created(node, totem={"token": 10000}), None if testmode else True)
    assert ret["changes"] == NEW
    assert ("would have been" in ret["comment"]) is testmode
    setups = [call for call in node.calls if call.startswith("cluster setup")]
    assert setups == (
        []
        if testmode
        else [
            f"cluster setup {CLUSTER} nfs-server1 addr=10.10.10.11 addr=192.168.16.11 "
            "nfs-server2 addr=10.10.10.12 addr=192.168.16.12 totem token=10000"
        ]
    )
    assert not any("--force" in call or "--start" in call for call in node.calls)
    again = created(node)
    assert (again["changes"] == {}) is not testmode


def test_the_creator_waits_while_the_other_node_still_has_the_stub(make):
    node = make()
    node.answer("cluster setup", IN_A_CLUSTER, code=1)
    node.answer("cluster corosync nfs-server2", STUB)

    def other_node(clock):
        if clock.now > 6:
            node.answer("cluster setup", copy=CONF, to="corosync.conf")

    node.clock.on_sleep = other_node
    well_formed(created(node), True)
    assert node.clock.slept == [1, 2, 4]


def test_the_creator_gives_up_with_pcs_s_words(make):
    node = make()
    node.answer("cluster setup", IN_A_CLUSTER, code=1)
    ret = well_formed(created(node, timeout=60), False)
    assert "could not be created within 60 seconds" in ret["comment"]
    assert "nfs-server2: The host seems to be in a cluster already" in ret["comment"]
    assert not (node.root / "corosync.conf").exists()


def test_a_refusal_that_does_not_pass_is_not_repeated(make):
    node = make()
    node.answer("cluster setup", "Error: invalid totem option 'token'", code=1)
    ret = well_formed(created(node, totem={"token": 1}), False)
    assert "invalid totem option" in ret["comment"]
    assert node.clock.slept == []


def test_the_other_node_is_in_another_cluster(make):
    node = make()
    node.answer("cluster setup", IN_A_CLUSTER, code=1)
    node.answer("cluster corosync nfs-server2", CONF.replace(CLUSTER, "mail"))
    ret = well_formed(created(node), False)
    assert "nfs-server2 is in the cluster mail (nfs-server1, nfs-server2)" in ret["comment"]
    assert f"not in {CLUSTER}" in ret["comment"]
    assert node.clock.slept == []
    assert not (node.root / "corosync.conf").exists()


def test_a_setup_cut_off_before_the_creator_got_its_file_is_completed(make):
    node = make()
    node.answer("cluster setup", IN_A_CLUSTER, code=1)
    node.answer("cluster corosync nfs-server2", CONF)
    (node.root / "authkey").write_text("k")
    ret = well_formed(created(node), True)
    assert ret["changes"] == NEW
    assert (node.root / "corosync.conf").read_text() == CONF


def test_a_creator_installed_anew_does_not_steal_into_the_cluster(make):
    node = make()
    node.answer("cluster setup", IN_A_CLUSTER, code=1)
    node.answer("cluster corosync nfs-server2", CONF)
    ret = well_formed(created(node), False)
    assert "pcs cluster node add" in ret["comment"]
    assert not (node.root / "corosync.conf").exists()


def test_a_setup_that_fails_after_it_wrote_here_is_taken(make):
    """pcs reports an error of the other node; the file is here, the other node fetches its own."""
    node = make()
    node.answer(
        "cluster setup",
        "Error: Unable to connect to nfs-server2",
        code=1,
        copy=CONF,
        to="corosync.conf",
    )
    well_formed(created(node), True)
    assert (node.root / "corosync.conf").read_text() == CONF


def test_the_others_wait_until_they_are_members(make, testmode):
    node = make("nfs-server2", test=testmode)

    def creator(clock):
        if clock.now > 6:
            node.conf(CONF)
        elif clock.now > 2:
            node.conf(CONF[:100])

    node.clock.on_sleep = creator
    ret = well_formed(created(node), None if testmode else True)
    assert ret["changes"] == NEW
    assert node.calls == []
    assert node.clock.slept == ([] if testmode else [1, 2, 2, 2])


def test_the_others_give_up_and_say_what_they_saw(make):
    node = make("nfs-server2")
    ret = well_formed(created(node, timeout=30), False)
    assert "nfs-server1 has not made this node a member" in ret["comment"]
    assert "within 30 seconds" in ret["comment"]
    assert "no corosync.conf on this node" in ret["comment"]
    assert node.calls == []


def test_a_setup_cut_off_before_another_node_got_its_file_is_completed(make):
    node = make("nfs-server2")
    node.known_hosts(HOSTS)
    node.answer("cluster corosync nfs-server1", CONF)
    (node.root / "authkey").write_text("k")
    well_formed(created(node), True)
    assert (node.root / "corosync.conf").read_text() == CONF
    # not before it was seen there twice, with time between for a setup under way; then the copy
    assert node.calls == ["cluster corosync nfs-server1"] * 3
    assert 90 <= node.clock.now <= 110


def endless_question(node):
    """pcs on this node does not come back when it is asked for another node's file."""
    real = node.salt["cmd.run_all"]

    def run_all(argv, timeout=None, **more):
        if argv[:3] == ["pcs", "cluster", "corosync"]:
            said = f"{argv} : Timed out after {timeout} seconds"
            return {"retcode": 1, "stdout": said, "stderr": "", "pid": 1}
        return real(argv, timeout=timeout, **more)

    node.salt["cmd.run_all"] = run_all


def test_a_question_to_another_node_that_does_not_end_is_told_and_asked_again(make):
    creator = make()
    creator.answer("cluster setup", IN_A_CLUSTER, code=1)
    endless_question(creator)
    ret = well_formed(created(creator, timeout=30), False)
    assert "within 30 seconds" in ret["comment"]
    assert "pcs cluster corosync: did not end within 300 seconds" in ret["comment"]
    assert not (creator.root / "corosync.conf").exists()


def test_a_node_that_waits_tells_that_its_question_does_not_end(make):
    other = make("nfs-server2")
    other.known_hosts(HOSTS)
    endless_question(other)
    # until it asks, and a little longer
    ret = well_formed(created(other, timeout=61), False)
    assert "within 61 seconds" in ret["comment"]
    assert "did not end within 300 seconds and was stopped" in ret["comment"]


def test_the_creator_is_in_another_cluster(make):
    node = make("nfs-server2")
    node.known_hosts(HOSTS)
    node.answer("cluster corosync nfs-server1", CONF.replace(CLUSTER, "mail"))
    ret = well_formed(created(node), False)
    assert "nfs-server1 is in the cluster mail" in ret["comment"]
    assert not (node.root / "corosync.conf").exists()


@pytest.mark.parametrize("hostname", ["nfs-server1", "nfs-server2"])
@pytest.mark.parametrize(
    "old, new, sentence",
    [
        (CLUSTER, "mail", "in the cluster mail (nfs-server1, nfs-server2), not in nfs-server-clu"),
        ("name: nfs-server2", "name: other", "(nfs-server1, other)"),
        (
            "192.168.16.12",
            "192.168.16.99",
            "addresses of nfs-server2 are 10.10.10.12, 192.168.16.9",
        ),
    ],
)
def test_an_existing_cluster_is_an_error_and_stays(make, testmode, hostname, old, new, sentence):
    node = make(hostname, test=testmode)
    node.conf(CONF.replace(old, new))
    before = files(node)
    ret = well_formed(created(node), False)
    assert sentence in ret["comment"]
    assert files(node) == before
    assert node.calls == []


def test_a_cluster_of_pcs_0_9_has_names_for_first_addresses(make):
    node = make()
    node.conf((DATA / "corosync-0.9.conf").read_text())
    well_formed(created(node), True)


def test_options_that_differ_are_told(make, testmode):
    node = make(test=testmode)
    node.conf(CONF)
    ret = well_formed(created(node, totem={"token": 5000, "join": 60}), True)
    assert ret["changes"] == {}
    assert "token is 10000, pillar says 5000" in ret["warnings"][0]
    assert "join is not set, pillar says 60" in ret["warnings"][1]


@pytest.mark.parametrize("hostname", ["nfs-server1", "nfs-server2"])
def test_no_cluster_is_created_over_the_stub(make, hostname):
    node = make(hostname)
    node.conf(STUB)
    ret = well_formed(created(node), False)
    assert "pcs.stub_removed" in ret["comment"]
    assert node.calls == []


@pytest.mark.parametrize(
    "hostname, creator, nodes, sentence",
    [
        ("elsewhere", "nfs-server1", NODES, "called elsewhere"),
        ("nfs-server1", "third", NODES, "creator third is none of the nodes"),
        ("nfs-server1", "nfs-server1", {}, "nodes must be"),
        ("nfs-server1", "nfs-server1", ["nfs-server1"], "nodes must be"),
    ],
)
def test_cluster_created_with_bad_input(make, testmode, hostname, creator, nodes, sentence):
    node = make(hostname, test=testmode)
    ret = well_formed(created(node, creator, nodes), False)
    assert sentence in ret["comment"]
    assert node.calls == []


def test_cluster_created_without_pcs(make):
    node = make(pcs=None)
    if node.library._pcs_node.installed():
        pytest.skip("pcs is installed on this machine")
    assert "its package installed" in well_formed(created(node), False)["comment"]


# --- cluster_online -------------------------------------------------------------------------------

HEALTHY = (DATA / "crm_mon-2.1.5.xml").read_text()
STOPPED = (DATA / "crm_mon-2.1.5-stopped.xml").read_text()


def crm_mon(node, xml):
    (node.root / "crm_mon.xml").write_text(xml)
    script = node.root / "bin" / "crm_mon"
    script.write_text(f"#!/bin/sh\ncat {node.root / 'crm_mon.xml'}\n")
    script.chmod(0o755)


def test_a_healthy_cluster_costs_one_crm_mon(make, testmode):
    node = make(test=testmode)
    crm_mon(node, HEALTHY)
    ret = well_formed(node.state.cluster_online(CLUSTER, NODES), True)
    assert ret["changes"] == {}
    assert len(node.world.commands) == 1


def test_waiting_for_the_cluster(make, testmode):
    node = make(test=testmode)
    crm_mon(node, STOPPED)

    def start(clock):
        if clock.now > 2:
            crm_mon(node, HEALTHY)

    node.clock.on_sleep = start
    ret = well_formed(node.state.cluster_online(CLUSTER, NODES), None if testmode else True)
    assert ret["changes"] == {}
    assert node.clock.slept == ([] if testmode else [1, 2])


@pytest.mark.parametrize(
    "old, new, sentence",
    [
        ('name="nfs-server1" id="1" online="true"', 'name="nfs-server1" online="false"', "offline"),
        ('name="nfs-server1" id="1"', 'name="other" id="1"', "nfs-server1 is not known"),
        (
            'pending="false" unclean="false" health',
            'pending="true" unclean="false" health',
            "start",
        ),
        ('unclean="false"', 'unclean="true"', "nfs-server1 is unclean"),
        ('with_quorum="true"', 'with_quorum="false"', "no quorum"),
        ('<current_dc present="true"', '<current_dc present="false"', "no coordinator"),
    ],
)
def test_a_cluster_that_does_not_come_up_says_why(make, old, new, sentence):
    node = make()
    assert old in HEALTHY
    crm_mon(node, HEALTHY.replace(old, new))
    ret = well_formed(node.state.cluster_online(CLUSTER, NODES, timeout=20), False)
    assert sentence in ret["comment"]
    assert f"{CLUSTER} is not online within 20 seconds" in ret["comment"]


def test_a_peer_that_is_down_does_not_hold_up_a_run(make):
    node = make()
    crm_mon(node, HEALTHY.replace('name="nfs-server2" id="2" online="true"', 'name="nfs-server2"'))
    ret = well_formed(node.state.cluster_online(CLUSTER, NODES), True)
    assert "nfs-server2 is offline" in ret["comment"]
    assert node.clock.slept == []


def test_cluster_online_of_nobody(make, testmode):
    node = make(test=testmode)
    assert "nodes" in well_formed(node.state.cluster_online(CLUSTER, []), False)["comment"]


@pytest.mark.parametrize("key", ["run", "what", "test", "machine"])
def test_a_key_of_a_description_may_be_called_anything(key):
    """What has the name of an argument on the way there arrives, to be told as unknown."""
    seen = []

    def plan(description):
        seen.append(description)
        raise SaltInvocationError("seen")

    world = salt_modules.load(opts={"test": True}, salt={"_pcs_cib.plan": plan})
    ret = world.states.pcs_configured.configured("x", **{key: {}})
    assert (ret["result"], ret["comment"]) == (False, "seen")
    assert seen == [{key: {}}]
