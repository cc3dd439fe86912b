"""A cluster's life on Debian 11, 12 and 13: pcs 0.10, 0.11 and 0.12, and Salt 3006 on the first.

The tests of a version follow each other: each begins with what the one before left.
"""

from __future__ import annotations

import copy
import json
import re
import subprocess

import pytest

from tests.integration import site
from tests.integration.pairs import pairs
from tests.lab import paths
from tests.lab.wait import wait_until
from tests.support.cluster_tools import ROOTS, VERSIONS
from tests.support.exec_log import ExecLog
from tests.support.repeated import repeated

NAME = "versions"
DUMMY = "ocf:pacemaker:Dummy"
# The Salt of the nodes: the LTS release on the oldest Python, the newest one elsewhere.
SALT = {"0.10": paths.SALTS["3006"], "0.11": paths.SALTS["3008"], "0.12": paths.SALTS["3008"]}
STATE_FILE = "/run/Dummy-{}.state"
DESCRIPTION = {
    "properties": {"stonith-enabled": False, "batch-limit": 20},
    "resource_defaults": {"resource-stickiness": 100},
    "primitives": {
        name: {
            "agent": DUMMY,
            "attributes": {"fake": "one", "state": STATE_FILE.format(name)},
            "operations": {"monitor": {"interval": "20s", "timeout": "40s"}},
        }
        for name in "ABC"
    },
    "groups": {"g": ["A", "B", "C"]},
}
PILLAR = {"lab": {"password": "correct-horse-battery"}}


class Cluster:
    """Two nodes of one version, and their master."""

    def __init__(self, version, pair, master):
        self.version, self.pair, self.master = version, pair, master
        self.addresses = {n.name: [n.addresses["hb"], n.addresses["lan"]] for n in pair}

    def apply(self, *steps, test=False):
        """States, ``(function, arguments)``, on both nodes at once: their returns."""
        high = high_data(*steps)
        keywords = {"test": True} if test else {}
        returns = self.master.salt(self.pair, "state.high", json.dumps(high), **keywords)
        site.assert_applied(returns, self.pair)
        return returns

    def converge(self, *steps):
        """Predict, do, and do again; node -> the changes of every step."""
        predicted = changes(self.apply(*steps, test=True))
        done = changes(self.apply(*steps))
        assert predicted == done
        assert not any(map(any, changes(self.apply(*steps)).values()))
        return done

    def create(self):
        hosts = {"nodes": self.addresses, "password_pillar": "lab:password", "timeout": 120}
        created = {"name": NAME, "nodes": self.addresses, "creator": self.pair.names[0]}
        return (
            ("pcs.password_set", {"name": "hacluster", "password_pillar": "lab:password"}),
            ("pcs.stub_removed", {}),
            ("service.running", {"name": "pcsd", "enable": True}),
            ("pcs.hosts_authenticated", hosts),
            ("pcs.cluster_created", {**created, "timeout": 120}),
            ("service.running", {"name": "corosync", "enable": True}),
            ("service.running", {"name": "pacemaker", "enable": True}),
            ("pcs.cluster_online", {"nodes": self.addresses, "timeout": 120}),
        )

    def configure(self, description):
        """Both nodes at once, from one of which the change comes; its ``changes``."""
        returns = changes(self.apply(("pcs.configured", description)))
        return [one for (one,) in returns.values() if one]

    def running(self):
        """Resource -> (node that runs it, the moment at which it was started there)."""
        found = {}
        for node in self.pair:
            script = f"stat -c '%n %.Z' {STATE_FILE.format('*')} 2>/dev/null || true"
            for line in node.run(["sh", "-c", script]).stdout.splitlines():
                path, began = line.split()
                found[re.search(r"Dummy-(.*)\.state", path).group(1)] = (node.name, began)
        return found


def high_data(*steps):
    """What an SLS file with these states would be rendered to."""
    high = {}
    for number, (state, arguments) in enumerate(steps, 1):
        module, function = state.split(".")
        pairs = [{key: value} for key, value in arguments.items()]
        high[f"{number} {state}"] = {module: [function, {"order": number}, *pairs]}
    return high


def changes(returns):
    """Node -> the changes of its states, in their order."""
    return {
        name: [one["changes"] for one in sorted(states.values(), key=lambda s: s["__run_num__"])]
        for name, states in returns.items()
    }


def with_values(*steps):
    """The description with other values at places."""
    new = copy.deepcopy(DESCRIPTION)
    for path, value in steps:
        where = new
        *way, last = path
        for key in way:
            where = where[key]
        where[last] = value
    return new


# The tests around this one are on 0.11.
@pytest.fixture(scope="module", params=repeated(VERSIONS, unless=["0.10", "0.12"]))
def cluster(request, master):
    master.set_pillar({"*": PILLAR})
    with pairs(master) as make:
        pair = make(ROOTS[request.param])
        for node in pair:
            node.run(["systemctl", "stop", "firewalld"], check=False)
        master.salt(pair, "saltutil.sync_all")
        yield Cluster(request.param, pair, master)


def test_created_at_once_from_both_nodes(cluster):
    for node in cluster.pair:
        assert node.run(["pcs", "--version"]).stdout.startswith(cluster.version + ".")
    salts = cluster.master.salt(cluster.pair, "test.version")
    assert set(salts.values()) == {SALT[cluster.version]}
    first = cluster.apply(*cluster.create(), test=True)
    assert any(changes(first)[cluster.pair.names[0]])
    cluster.apply(*cluster.create())
    assert changes(cluster.apply(*cluster.create())) == {n: [{}] * 8 for n in cluster.pair.names}
    for node in cluster.pair:
        members = node.run(["crm_node", "--partition"]).stdout.split()
        assert sorted(members) == sorted(cluster.pair.names)


def test_configured(cluster):
    done = cluster.configure(DESCRIPTION)
    assert done and set(done[0]["primitives"]) == set("ABC")
    running = cluster.running()
    assert set(running) == set("ABC") and len({node for node, _ in running.values()}) == 1


def test_second_run_is_one_cibadmin(cluster, tmp_path):
    high = json.dumps(high_data(("pcs.configured", DESCRIPTION)))
    for node in cluster.pair:
        log = ExecLog(tmp_path / node.name)
        command = node.command(["salt-call", "--out=json", "state.high", high])
        done = subprocess.run(log.wrap(command), capture_output=True, text=True, timeout=120)
        (state,) = json.loads(done.stdout)["local"].values()
        assert (state["result"], state["changes"]) == (True, {})
        assert log.cluster_tools() == ["cibadmin"] and log.pcs() == []


@pytest.mark.parametrize("attribute,restarted", [("fake", []), ("state", ["B", "C"])])
def test_one_attribute(cluster, attribute, restarted):
    """One that the agent can take over while it runs, and one that it cannot."""
    before = cluster.running()
    old, new = DESCRIPTION["primitives"]["B"]["attributes"][attribute], "/run/Dummy-b.state"
    path = ("primitives", "B", "attributes", attribute)
    change = {f"attributes:{attribute}": {"old": old, "new": new}}
    assert cluster.configure(with_values((path, new))) == [{"primitives": {"B": change}}]
    after = cluster.running()
    moved = {name for name in "ABC" if before[name] != after.get(name, after.get(name.lower()))}
    assert sorted(moved) == restarted
    (back,) = cluster.configure(DESCRIPTION)
    assert list(back["primitives"]) == ["B"]
    assert set(cluster.running()) == set("ABC")


def test_one_object_fewer(cluster):
    smaller = with_values((("groups", "g"), ["A", "B"]))
    del smaller["primitives"]["C"]
    before = cluster.running()
    (done,) = cluster.configure(smaller)
    assert done["primitives"]["C"]["new"] is None
    assert cluster.running() == {name: before[name] for name in "AB"}
    assert 'id="C"' not in cluster.pair[0].run(["cibadmin", "--query"]).stdout


def test_a_member_goes_and_comes_back(cluster):
    first, second = cluster.pair.names
    members = {"name": NAME, "timeout": 240}
    alone = {**members, "nodes": {first: cluster.addresses[first]}, "remove": [second]}
    done = cluster.converge(("pcs.cluster_members", alone))
    assert done[first][0]["nodes"][second]["new"] is None and done[second] == [{}]
    assert {node for node, _ in cluster.running().values()} == {first}
    done = cluster.converge(("pcs.cluster_members", {**members, "nodes": cluster.addresses}))
    assert done[first] == done[second]

    def look():
        found = cluster.pair[1].run(["crm_node", "--partition"], check=False).stdout.split()
        return sorted(found) == sorted([first, second]), found

    wait_until(look, 60, "both to be members")


def test_destroyed_on_purpose(cluster):
    first = cluster.pair.names[0]
    gone = {"name": NAME, "confirm": NAME, "all_nodes": True, "stop_resources": True}
    returns = cluster.master.salt([cluster.pair[0]], "state.single", "pcs.cluster_absent", **gone)
    (state,) = returns[first].values()
    assert state["result"] is True and state["changes"]["cluster"] == {"old": NAME, "new": None}
    for node in cluster.pair:
        assert node.run(["test", "-e", "/etc/corosync/corosync.conf"], check=False).returncode
        assert node.run(["pidof", "corosync"], check=False).returncode
