"""The life of a cluster, on three containers: created, grown, changed while it runs, destroyed.

The tests of this module follow each other: each begins with what the one before left.
"""

from __future__ import annotations

import functools
import json
import re
import time

import pytest

from tests.lab.wait import wait_until
from tests.support import cluster_life
from tests.support.cluster_life import NAMES, PASSWORD, addresses, conf, corosync_pid, written
from tests.support.watching import Watch

CLUSTER = "life"


@pytest.fixture(scope="module")
def nodes(make_module_pair, master):
    return cluster_life.start(make_module_pair, master)


@pytest.fixture
def state(master):
    """Run one state on nodes at once: ``{node: return}``."""
    return functools.partial(cluster_life.run_state, master)


@pytest.fixture
def converge(master, nodes):
    """Predict, see that nothing was written, do it, see the same changes, and run again."""
    return functools.partial(cluster_life.run_converge, master, nodes)


def members(node):
    text = node.run(["crm_node", "--partition"], check=False).stdout
    return sorted(text.split())


def test_create(nodes, converge, state):
    pair = nodes[0], nodes[1]
    # the distribution's own cluster runs and changes its CIB by itself: nothing to compare
    for ret in state(nodes, "pcs.stub_removed", name="x").values():
        assert ret["result"] is True, ret["comment"]
    secret = {"name": "hacluster", "password": PASSWORD}
    converge(nodes, "pcs.password_set", again=False, **secret)
    hosts = {"nodes": addresses(*nodes), "password": PASSWORD, "timeout": 120}
    converge(pair, "pcs.hosts_authenticated", name="x", **hosts)
    made = converge(
        pair,
        "pcs.cluster_created",
        name=CLUSTER,
        nodes=addresses(*pair),
        creator=nodes[0].name,
        totem={"token": 5000},
        quorum={"wait_for_all": True},
        transport_options={"link_mode": "passive"},
        links=[{"link_priority": 1}, {"link_priority": 2}],
        timeout=180,
    )
    assert all(made.values())
    assert "two_node: 1" in conf(nodes[0]) and "wait_for_all: 1" in conf(nodes[0])
    assert conf(nodes[0]) == conf(nodes[1])
    nodes[0].run(["pcs", "cluster", "start", "--all", "--wait=120"])
    nodes[0].run(["pcs", "property", "set", "stonith-enabled=false"])
    nodes[0].run(["pcs", "resource", "create", "Service", "ocf:pacemaker:Dummy"])
    wait_until(lambda: (runs_on(nodes[0]), "not started"), 60, "the resource to start")


def runs_on(node):
    """The node that runs the resource, None if there is none."""
    text = node.run(["crm_resource", "--locate", "--resource", "Service"], check=False).stdout
    found = re.search(r"is running on: (\S+)", text)
    return found.group(1) if found else None


def test_change_the_token_while_it_runs(nodes, converge):
    pair = nodes[0], nodes[1]
    pids = [corosync_pid(node) for node in pair]
    changes = converge(
        pair,
        "pcs.corosync_configured",
        name=CLUSTER,
        totem={"token": 7000, "consensus": 1400},
        compression={"model": "zlib", "threshold": 200},
    )
    assert changes[NAMES[0]]["totem"] == {
        "token": {"old": "5000", "new": "7000"},
        "consensus": {"old": None, "new": "1400"},
    }
    assert [corosync_pid(node) for node in pair] == pids
    for node in pair:
        assert value(node, "runtime.config.totem.token") == "7000"
        # of two nodes: shorter than the token
        assert value(node, "runtime.config.totem.consensus") == "1400"
        assert value(node, "totem.knet_compression_model") == "zlib"
        assert "token: 7000" in conf(node)


def value(node, key):
    return node.run(["corosync-cmapctl", "-g", key]).stdout.split(" = ")[-1].strip()


class Corosyncs(Watch):
    """``down`` are the looks at which corosync ran on no node."""

    def __init__(self, nodes):
        super().__init__(0.1)
        self.nodes, self.down = nodes, 0

    def look(self):
        self.down += not any(corosync_pid(node) for node in self.nodes)


def test_what_corosync_reads_at_its_start_restarts_one_node_after_the_other(nodes, converge, state):
    pair = nodes[0], nodes[1]
    wanted = {
        "name": CLUSTER,
        "quorum": {"wait_for_all": None, "last_man_standing": True},
        "transport_options": {"link_mode": "active"},
    }
    before = written(pair)
    for ret in state(pair, "pcs.corosync_configured", **wanted).values():
        assert ret["result"] is False and "restart_nodes" in ret["comment"]
    assert written(pair) == before
    pids = [corosync_pid(node) for node in pair]
    with Corosyncs(pair) as watch:
        changes = converge(pair, "pcs.corosync_configured", restart_nodes=True, **wanted)
    assert changes[NAMES[0]]["restarts"]["new"] == list(NAMES[:2])
    assert watch.looks > 20 and watch.down == 0
    assert all(old != corosync_pid(node) for old, node in zip(pids, pair))
    for node in pair:
        assert "last_man_standing: 1" in conf(node) and "link_mode: active" in conf(node)
        assert "LastManStanding" in node.run(["corosync-quorumtool", "-s"], check=False).stdout
        assert "standby" not in node.run(["cibadmin", "--query"]).stdout
    assert "cluster-layer-change" not in pair[0].run(["cibadmin", "--query"]).stdout
    assert runs_on(pair[0])


def test_restarts_that_were_cut_off_are_completed(nodes, converge):
    pair = nodes[0], nodes[1]
    left = {"node": NAMES[0], "purpose": "corosync's settings", "pending": [NAMES[1]]}
    entry = json.dumps(left).replace('"', "&quot;")
    pair[0].run(
        [
            "cibadmin", "--create", "--scope", "crm_config", "--xml-text",
            '<cluster_property_set id="cluster-layer-change"><nvpair '
            'id="cluster-layer-change-holder" '
            f'name="cluster-layer-change" value="{entry}"/></cluster_property_set>',
        ]
    )  # fmt: skip
    pids = [corosync_pid(node) for node in pair]
    wanted = {"name": CLUSTER, "totem": {"token": 7000}, "restart_nodes": True}
    changes = converge([pair[0]], "pcs.corosync_configured", **wanted)
    assert changes[NAMES[0]] == {"restarts": {"old": None, "new": [NAMES[1]]}}
    assert corosync_pid(pair[0]) == pids[0] and corosync_pid(pair[1]) != pids[1]


def test_links_are_added_changed_and_removed_while_it_runs(nodes, converge):
    pair = nodes[0], nodes[1]
    pids = [corosync_pid(node) for node in pair]
    three = addresses(*pair, links=("hb", "lan", "mgmt"))
    cases = [
        ({"nodes": three}, "ring2_addr"),
        ({"nodes": three, "links": [{}, {}, {"link_priority": 7}]}, "knet_link_priority: 7"),
        ({"nodes": addresses(*pair)}, "ring1_addr"),
    ]
    for wanted, words in cases:
        converge(pair, "pcs.corosync_configured", name=CLUSTER, **wanted)
        assert words in conf(pair[0]) and conf(pair[0]) == conf(pair[1])
    assert "ring2_addr" not in conf(pair[0])
    assert [corosync_pid(node) for node in pair] == pids


def test_last_link_and_its_options_are_refused(nodes, state):
    pair = nodes[0], nodes[1]
    one = addresses(*pair, links=("hb",))
    before = written(pair)
    wanted = {"name": CLUSTER, "quorum": {"auto_tie_breaker": True}, "restart_nodes": True}
    for test in (True, False):
        for ret in state(pair, "pcs.corosync_configured", test, **wanted).values():
            assert ret["result"] is False and "pcs cluster stop --all" in ret["comment"]
        wrong = {"name": CLUSTER, "nodes": {**one, "other": ["1.2.3.4"]}}
        for ret in state(pair, "pcs.corosync_configured", test, **wrong).values():
            assert ret["result"] is False and "pcs.cluster_members" in ret["comment"]
    assert written(pair) == before


def test_add_the_third_node(nodes, converge):
    changes = converge(
        nodes, "pcs.cluster_members", name=CLUSTER, nodes=addresses(*nodes), timeout=180
    )
    third = {"nodes": {NAMES[2]: {"old": None, "new": addresses(nodes[2])[NAMES[2]]}}}
    assert changes == dict.fromkeys(NAMES, third)
    assert members(nodes[2]) == sorted(NAMES)
    assert "two_node" not in conf(nodes[0])
    assert len({conf(node) for node in nodes}) == 1
    assert nodes[2].run(["systemctl", "is-enabled", "pacemaker"]).stdout == "enabled\n"


def test_remove_the_third_node(nodes, converge, state):
    pair = nodes[0], nodes[1]
    wanted = {"name": CLUSTER, "nodes": addresses(*pair), "timeout": 180}
    before = written(nodes)
    for ret in state(pair, "pcs.cluster_members", **wanted).values():
        assert ret["result"] is False and "'remove'" in ret["comment"]
    assert written(nodes) == before
    nodes[0].run(["crm_resource", "--move", "--resource", "Service", "--node", NAMES[2]])
    wait_until(lambda: (runs_on(nodes[0]) == NAMES[2], ""), 60, "the resource on the third node")
    nodes[0].run(["crm_resource", "--clear", "--resource", "Service"])
    changes = converge(nodes, "pcs.cluster_members", remove=[NAMES[2]], **wanted)
    assert changes[NAMES[2]] == {} and changes[NAMES[0]]["nodes"][NAMES[2]]["new"] is None
    assert conf(nodes[2]) == ""
    assert members(nodes[0]) == sorted(NAMES[:2])
    assert NAMES[2] not in nodes[0].run(["cibadmin", "--query", "--scope", "nodes"]).stdout
    assert runs_on(nodes[0]) in NAMES[:2]
    assert "two_node: 1" in conf(nodes[0])


def test_a_member_that_is_gone_for_good_and_comes_back(master, nodes, converge, state):
    pair = nodes[0], nodes[1]
    for ret in state(nodes, "pcs.cluster_members", name=CLUSTER, nodes=addresses(*nodes)).values():
        assert ret["result"] is True, ret["comment"]
    nodes[2].power_off()

    def look():
        done = nodes[0].run(["crm_mon", "-1"], check=False).stdout
        return re.search(rf"OFFLINE: \[ {NAMES[2]} \]", done), done

    wait_until(look, 60, "the third node to be offline")
    wanted = {"name": CLUSTER, "nodes": addresses(*pair)}
    for ret in state(pair, "pcs.cluster_members", remove=[NAMES[2]], **wanted).values():
        assert ret["result"] is False and "'remove_unreachable'" in ret["comment"]
    converge(pair, "pcs.cluster_members", remove_unreachable=[NAMES[2]], **wanted)
    assert members(nodes[0]) == sorted(NAMES[:2]) and "two_node: 1" in conf(nodes[0])
    since = time.time()
    nodes[2].start().wait_until_reachable()
    master.wait_for([nodes[2]], since)
    # it still believes to be a member; the others do not take it back
    assert CLUSTER in conf(nodes[2])
    assert members(nodes[0]) == sorted(NAMES[:2])
    alone = {"name": CLUSTER, "confirm": CLUSTER}
    (ret,) = state([nodes[2]], "pcs.cluster_absent", **alone).values()
    assert ret["result"] is True and conf(nodes[2]) == ""


def tokens(node):
    text = node.run(["cat", "/var/lib/pcsd/known-hosts"]).stdout
    return {name: host["token"] for name, host in json.loads(text)["known_hosts"].items()}


def test_a_new_password_means_new_tokens(nodes, converge):
    pair = nodes[0], nodes[1]
    before = [tokens(node) for node in pair]
    secret = {"name": "hacluster", "password": "another-" + PASSWORD}
    converge(nodes, "pcs.password_set", **secret)
    hosts = {"nodes": addresses(*pair), "password": secret["password"], "timeout": 120}
    changes = converge(pair, "pcs.hosts_authenticated", name="x", **hosts)
    assert all(set(change) == {"tokens"} for change in changes.values())
    for node, old in zip(pair, before):
        assert all(tokens(node)[name] != old[name] for name in NAMES[:2])
        assert node.run(["pcs", "status", "pcsd", *NAMES[:2]]).returncode == 0
        stat = node.run(["stat", "-c", "%a", "/var/lib/pcsd/tokens-are-of-password"])
        assert stat.stdout == "600\n"


def test_destroy_only_on_purpose(nodes, converge, state):
    pair = nodes[0], nodes[1]
    before = written(nodes)
    wrong = [
        ({"name": CLUSTER, "confirm": "other"}, "repeats"),
        ({"name": "other", "confirm": "other"}, "never touched"),
        ({"name": CLUSTER, "confirm": CLUSTER, "all_nodes": True}, "Service"),
    ]
    for arguments, words in wrong:
        for test in (True, False):
            for ret in state(pair, "pcs.cluster_absent", test, **arguments).values():
                assert ret["result"] is False and words in ret["comment"], ret
    assert written(nodes) == before
    changes = converge(
        [nodes[0]],
        "pcs.cluster_absent",
        name=CLUSTER,
        confirm=CLUSTER,
        all_nodes=True,
        stop_resources=True,
    )
    assert changes[NAMES[0]]["nodes"]["old"] == list(NAMES[:2])
    for node in nodes:
        assert conf(node) == "" and corosync_pid(node) == ""
