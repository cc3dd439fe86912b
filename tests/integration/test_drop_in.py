"""The old states on a live cluster, from nothing: node by node as their walkthrough has it.

The tests follow each other: each begins with what the one before left.
"""

from __future__ import annotations

import json

import pytest

from tests.integration.pairs import pairs
from tests.lab.wait import wait_until
from tests.support.cluster_tools import ROOTS, VERSIONS
from tests.support.repeated import repeated

NAME = "drop-in"
PASSWORD = "correct-horse-battery"
DUMMY = "ocf:pacemaker:Dummy"
STATE = "/run/Dummy-A.state"
BATCH = (
    ("cib_present", {"cibname": "b", "scope": "None", "extra_args": "None"}),
    ("prop_has_value", {"prop": "stonith-enabled", "value": False, "cibname": "b"}),
    ("resource_defaults_to", {"default": "resource-stickiness", "value": 100, "cibname": "b"}),
    (
        "resource_present",
        {
            "resource_id": "A",
            "resource_type": DUMMY,
            "resource_options": [f"state={STATE}", "op", "monitor", "interval=2s", "--group", "g"],
            "cibname": "b",
        },
    ),
    (
        "constraint_present",
        {
            "constraint_id": "l",
            "constraint_type": "location",
            "constraint_options": ["g", "prefers", "{0}=50"],
            "cibname": "b",
        },
    ),
    ("cib_pushed", {"cibname": "b", "scope": "None", "extra_args": ["--wait=60"]}),
)


class Cluster:
    """Two nodes; the states run on the first, as their documentation asks for."""

    def __init__(self, pair, master):
        self.pair, self.master = pair, master
        self.first, self.second = pair

    def apply(self, *steps, test=False):
        """States by function and arguments; their results in order."""
        text = json.dumps([[name, given] for name, given in steps])
        high = {}
        for number, (name, given) in enumerate(json.loads(text.replace("{0}", self.first.name)), 1):
            pairs = [{key: value} for key, value in given.items()]
            high[f"{number} {name}"] = {"pcs": [name, {"order": number}, *pairs]}
        more = {"test": True} if test else {}
        found = self.master.salt([self.first], "state.high", json.dumps(high), **more)
        found = sorted(found[self.first.name].values(), key=lambda ret: ret["__run_num__"])
        assert PASSWORD not in repr(found)
        return [(ret["result"], ret["changes"], ret["comment"]) for ret in found]

    def converge(self, *steps):
        """Predict, do, and do again."""
        predicted = self.apply(*steps, test=True)
        done = self.apply(*steps)
        assert [one[0] for one in done] == [True] * len(steps), done
        assert [one[1] for one in predicted] == [one[1] for one in done]
        again = self.apply(*steps)
        assert [one[:2] for one in again] == [(True, {})] * len(steps), again
        return [one[1] for one in done]


def addressed(*nodes):
    return [word for node in nodes for word in (node.name, f"addr={node.addresses['hb']}")]


@pytest.fixture(scope="module", params=repeated(VERSIONS, unless=["0.12"]))
def cluster(request, master):
    with pairs(master) as make:
        pair = make(ROOTS[request.param])
        for node in pair:
            node.run(["systemctl", "stop", "firewalld"], check=False)
            node.run(["chpasswd"], stdin=f"hacluster:{PASSWORD}\n")
            node.run(["systemctl", "start", "pcsd"])
        # its stub; wipe_default is for the node that sets up
        pair[1].run(["pcs", "cluster", "destroy"])
        master.salt(pair, "saltutil.sync_all")
        yield Cluster(pair, master)


def test_set_up(cluster):
    setup = {
        "nodes": addressed(cluster.first),
        "pcsclustername": NAME,
        "extra_args": ["--start", "--enable"],
        "pcspasswd": PASSWORD,
        "wipe_default": True,
    }
    conf = cluster.first.run(["cat", "/etc/corosync/corosync.conf"]).stdout
    (told,) = cluster.apply(("cluster_setup", setup), test=True)
    assert told[0] is None
    assert cluster.first.run(["cat", "/etc/corosync/corosync.conf"]).stdout == conf
    (done,) = cluster.converge(("cluster_setup", setup))
    assert done == told[1] == {cluster.first.name: {"old": "", "new": "Setup"}}


def test_authorized(cluster):
    arguments = {"nodes": addressed(*cluster.pair), "pcspasswd": PASSWORD}
    hosts = "/var/lib/pcsd/known-hosts"
    before = cluster.first.run(["cat", hosts]).stdout
    (told,) = cluster.apply(("auth", arguments), test=True)
    assert told[0] is None and list(told[1]) == [cluster.second.name]
    assert cluster.first.run(["cat", hosts]).stdout == before
    cluster.converge(("auth", arguments))


def test_batch(cluster):
    *_, pushed = cluster.converge(*BATCH)
    assert set(pushed) == {"properties", "resource_defaults", "primitives", "groups", "constraints"}


def test_states_of_resources_are_no_change(cluster):
    """A monitor that fails changes the cluster's status; the batch stays clean."""
    status = cluster.first.run(["cibadmin", "--query"]).stdout
    cluster.first.run(["rm", STATE])

    def look():
        found = cluster.first.run(["crm_mon", "-1"]).stdout
        return "Failed Resource Actions" in found, found

    wait_until(look, 60, "the monitor to fail")
    assert cluster.first.run(["cibadmin", "--query"]).stdout != status
    found = cluster.apply(*BATCH)
    assert [one[:2] for one in found] == [(True, {})] * len(BATCH), found


def test_node_added(cluster):
    arguments = {"node": cluster.second.name, "extra_args": ["--start", "--enable"]}
    arguments["extra_args"] = [f"addr={cluster.second.addresses['hb']}", *arguments["extra_args"]]
    cluster.converge(("cluster_node_present", arguments))

    def look():
        found = cluster.first.run(["crm_node", "--partition"]).stdout.split()
        return sorted(found) == sorted(cluster.pair.names), found

    wait_until(look, 90, "both to be members")


def test_another_cluster_is_never_touched(cluster):
    conf = cluster.first.run(["cat", "/etc/corosync/corosync.conf"]).stdout
    other = {"nodes": addressed(cluster.first), "pcsclustername": "other", "pcspasswd": PASSWORD}
    (found,) = cluster.apply(("cluster_setup", other))
    assert found[0] is False and "never touched" in found[2]
    assert cluster.first.run(["cat", "/etc/corosync/corosync.conf"]).stdout == conf
