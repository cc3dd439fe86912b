"""The hardened profile on two containers: from nothing to a service, and exports added to it."""

from __future__ import annotations

import pytest

from tests.integration import site
from tests.integration.test_converge import MOST_TOOLS, run_and_count
from tests.lab import article

DIRECTORIES = "The exported directories exist"
RESOURCES = {
    "fs_nfs", "nfs_server", "export_home_192.168.16.0_24", "export_home_10.0.0.0_8",
    "export_pub_any", "ip_192.168.16.100", "tickle_192.168.16.100", "nfs_notify",
}  # fmt: skip
OWNED = {"exports:1:user": "nobody", "exports:1:group": "nogroup", "exports:1:mode": "2775"}
NEW = {"exports:2": {"directory": "/srv/nfs/new", "clients": ["10.9.0.0/16"]}}


@pytest.fixture(scope="module")
def pair(make_module_pair):
    return make_module_pair("installed")


def set_pillar(master, pair, change=None):
    tree = {"hanfs": {"sites": {"athens": site.hardened(pair, {**OWNED, **(change or {})})}}}
    master.set_pillar({"*": tree})


def state(returns, node, name):
    return next(one for one in returns[node].values() if one["__id__"] == name)


def stat(node, path):
    return node.run(["stat", "-c", "%U:%G %a", path], check=False).stdout.strip()


def test_one_run_makes_directories_and_service(master, pair, note):
    set_pillar(master, pair)
    site.assert_applied(master.apply(pair, test=True), pair)
    returns = master.apply(pair)
    site.assert_applied(returns, pair)
    note(f"seconds in states: {site.seconds(returns)}")
    active = site.assert_serving(pair, RESOURCES)
    node = pair[active]
    assert stat(node, "/srv/nfs/home") == "root:root 755"
    assert stat(node, "/srv/nfs/pub") == "nobody:nogroup 2775"
    assert stat(node, "/srv/nfs/nfsinfo/tickle") == "root:root 700"
    passive = next(name for name in pair.names if name != active)
    assert not pair[passive].run(["ls", "/srv/nfs"]).stdout
    made = [
        name
        for name in pair.names
        if "/srv/nfs/pub" in state(returns, name, DIRECTORIES)["changes"]
    ]
    assert made == [active]


def test_a_second_run_changes_nothing_and_costs_no_more(pair, tmp_path):
    returns, logs = run_and_count(pair, tmp_path, "state.apply", "hanfs")
    site.assert_applied(returns, pair)
    assert site.changed(returns) == {name: [] for name in pair.names}
    for log in logs.values():
        assert log.pcs() == [] and len(log.cluster_tools()) <= MOST_TOOLS, log.cluster_tools()


def test_a_new_export_alone_on_the_passive_node_says_where_to_run(master, pair):
    active = site.assert_serving(pair, RESOURCES)
    passive = next(name for name in pair.names if name != active)
    set_pillar(master, pair, {**NEW, "timeouts": {**site.TIMEOUTS, "storage": 3}})
    returns = master.apply([pair[passive]])
    (failed,) = article.failures(returns)
    assert f"salt {active} state.apply hanfs" in failed
    site.assert_serving(pair, RESOURCES)


def test_a_new_export_touches_nothing_else(master, pair):
    active = site.assert_serving(pair, RESOURCES)
    set_pillar(master, pair, NEW)
    before = {
        name: pair[active].run(["cat", "/run/stand-in/log"]).stdout.split("\n") for name in [active]
    }
    site.assert_applied(master.apply(pair), pair)
    assert site.assert_serving(pair, RESOURCES | {"export_new_10.9.0.0_16"}) == active
    assert stat(pair[active], "/srv/nfs/new") == "root:root 755"
    after = pair[active].run(["cat", "/run/stand-in/log"]).stdout.split("\n")
    done = [line for line in after[len(before[active]) - 1 :] if not line.startswith("monitor")]
    assert [line for line in done if line] == ["start export_new_10.9.0.0_16"]
    pair[active].run(["chmod", "0700", "/srv/nfs/new"])
    again = master.apply(pair)
    assert site.changed(again) == {name: [] for name in pair.names}
    assert stat(pair[active], "/srv/nfs/new") == "root:root 700"


def test_a_removed_export_leaves_its_directory(master, pair):
    active = site.assert_serving(pair, RESOURCES | {"export_new_10.9.0.0_16"})
    set_pillar(master, pair)
    site.assert_applied(master.apply(pair), pair)
    assert site.assert_serving(pair, RESOURCES) == active
    assert stat(pair[active], "/srv/nfs/new") == "root:root 700"


def test_the_service_moves_there_and_back(master, pair):
    """The port is open where the service is: portblock finds its own rule again."""
    first = site.assert_serving(pair, RESOURCES)
    for _ in range(2):
        active = site.assert_serving(pair, RESOURCES)
        pair[active].run(["pcs", "node", "standby", active, "--wait=120"])
        other = site.assert_serving(pair, RESOURCES)
        assert other != active
        pair[active].run(["pcs", "node", "unstandby", active, "--wait=120"])
        rules = {node.name: node.run(["iptables", "-n", "-L", "INPUT"]).stdout for node in pair}
        assert "2049" not in rules[other] and rules[active].count("2049") == 1, rules
    assert site.assert_serving(pair, RESOURCES) == first
    site.assert_applied(master.apply(pair), pair)
