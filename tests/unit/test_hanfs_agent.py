"""Who runs the NFS server: what a cluster has stays, and no node is left without our agent."""

import itertools

import pytest
from salt.exceptions import CommandExecutionError

import _hanfs_agent
from tests.support.salt_modules import load
from tests.support.sites import hardened

OURS, STOCK = _hanfs_agent.OWN, _hanfs_agent.STOCK
NODES = ("nfs-server1", "nfs-server2")
TOLD = {"hanfs-facts": "agent.nfsserver=0123456789ab&os=debian+12"}


def present(agent):
    return {"primitives": {"nfs_server": {"agent": agent}}} if agent else {}


def cluster(told=NODES, online=NODES):
    return {
        "attributes": dict.fromkeys(told, TOLD),
        "nodes": {node: {"online": node in online} for node in NODES},
    }


class Node:
    """The first node of a site, and what its cluster's status is at each look."""

    def __init__(self, monkeypatch, nfs=None, statuses=(), test=False):
        looks = iter(statuses)
        self.made = load(
            opts={"test": test},
            salt={
                "_pcs_node.status": lambda: next(looks),
                "_hanfs_here.own_name": lambda: NODES[0],
            },
        )
        clock = itertools.count(0, 10)
        state = self.made.library._hanfs_state_agent
        monkeypatch.setattr(state.time, "sleep", lambda _: None)
        monkeypatch.setattr(state.time, "monotonic", lambda: next(clock))
        site = hardened({"nfs": nfs or {}, "timeouts": {"peer": 60}})
        normal = self.made.library._hanfs_here.normal(site)
        self.described = state.described(self.made.machine, normal)

    def agent(self, live):
        return self.described(present(live))["primitives"]["nfs_server"]["agent"]


@pytest.mark.parametrize(
    ("said", "live", "becomes"),
    [
        (None, None, OURS),
        (None, STOCK, STOCK),
        (None, OURS, OURS),
        ("hanfs", STOCK, OURS),
        ("heartbeat", OURS, STOCK),
        ("heartbeat", None, STOCK),
    ],
)
def test_an_upgrade_of_the_formula_changes_no_agent(said, live, becomes):
    wanted = present(OURS if said in (None, "hanfs") else STOCK)
    found = _hanfs_agent.fitted(wanted, said, present(live))
    assert found["primitives"]["nfs_server"]["agent"] == becomes
    assert wanted == present(OURS if said in (None, "hanfs") else STOCK), "is not written to"


def test_what_cluster_config_says_of_the_agent_is_left_alone():
    wanted = present("ocf:site:nfsserver")
    assert _hanfs_agent.fitted(wanted, None, present(STOCK)) == wanted


def test_who_has_not_told():
    def missing(status, *, offline=True):
        return _hanfs_agent.without_it(status, NODES, NODES[0], offline=offline)

    assert missing(cluster()) == []
    assert missing(cluster(told=NODES[1:])) == [], "this node knows by itself"
    assert missing(cluster(told=NODES[:1])) == ["nfs-server2"]
    assert missing(cluster(told=NODES[:1], online=NODES[:1])) == ["nfs-server2"]
    assert missing(cluster(told=NODES[:1], online=NODES[:1]), offline=False) == []
    assert missing({}) == ["nfs-server2"]


def test_nothing_is_asked_when_the_agent_is_there_or_stays(monkeypatch):
    node = Node(monkeypatch)
    assert node.agent(OURS) == OURS
    assert node.agent(STOCK) == STOCK
    assert Node(monkeypatch, {"agent": "heartbeat"}).agent(OURS) == STOCK
    assert Node(monkeypatch, {"agent": "hanfs"}, test=True).agent(STOCK) == OURS


@pytest.mark.parametrize(("nfs", "live"), [({}, None), ({"agent": "hanfs"}, STOCK)])
def test_a_new_agent_waits_for_the_peers(monkeypatch, nfs, live):
    looks = [cluster(told=()), cluster(told=NODES[:1]), cluster()]
    assert Node(monkeypatch, nfs, looks).agent(live) == OURS
    node = Node(monkeypatch, nfs, itertools.repeat(cluster(told=())))
    with pytest.raises(CommandExecutionError, match="nfs-server2 has not told within 60 s") as err:
        node.agent(live)
    assert "nfs: {agent: heartbeat}" in str(err.value)


def test_a_node_that_is_down_keeps_a_running_server_from_another_agent(monkeypatch):
    down = itertools.repeat(cluster(told=NODES[:1], online=NODES[:1]))
    with pytest.raises(CommandExecutionError):
        Node(monkeypatch, {"agent": "hanfs"}, down).agent(STOCK)
    assert Node(monkeypatch, {}, down).agent(None) == OURS
