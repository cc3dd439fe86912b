"""The quorum device and SBD of a cluster of two containers; the device's host is the third.

The tests of this module follow each other: each begins with what the one before left.
"""

from __future__ import annotations

import functools
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.lab.wait import wait_until
from tests.support import cluster_life
from tests.support.cluster_life import NAMES, PASSWORD, addresses, conf, corosync_pid, written

CLUSTER = "votes"
HOST = NAMES[2]
WATCHDOGS = dict.fromkeys(NAMES[:2], "/dev/watchdog1")


@pytest.fixture(scope="module")
def nodes(make_module_pair, master):
    """Two nodes whose cluster runs, and the host of the quorum device."""
    nodes = cluster_life.start(make_module_pair, master)
    pair, host = (nodes[0], nodes[1]), nodes[2]
    install({pair[0]: "corosync-qdevice", pair[1]: "corosync-qdevice", host: "corosync-qnetd"})
    make_cluster(functools.partial(cluster_life.run_state, master), nodes)
    # Debian's package did what 'pcs qdevice setup' would do elsewhere
    host.run(["pcs", "qdevice", "status", "net"])
    pair[0].run(["pcs", "cluster", "start", "--all", "--wait=120"])
    return nodes


@pytest.fixture
def state(master):
    """Run one state on nodes at once: ``{node: return}``."""
    return functools.partial(cluster_life.run_state, master)


@pytest.fixture
def converge(master, nodes):
    """Predict, see that nothing was written, do it, see the same changes, and run again."""
    return functools.partial(cluster_life.run_converge, master, nodes)


def install(wanted):
    """Install a package on each node, at once: ``{node: package}``."""
    command = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y"]
    command += ["-o", "Dpkg::Use-Pty=0", "install"]
    with ThreadPoolExecutor() as pool:
        for done in [pool.submit(node.run, [*command, name]) for node, name in wanted.items()]:
            done.result()


def make_cluster(state, nodes):
    pair = nodes[0], nodes[1]
    hosts = {"nodes": addresses(*nodes), "password": PASSWORD, "timeout": 120}
    made = {"nodes": addresses(*pair), "creator": NAMES[0], "timeout": 180}
    for on, function, arguments in (
        (nodes, "pcs.stub_removed", {"name": "x"}),
        (nodes, "pcs.password_set", {"name": "hacluster", "password": PASSWORD}),
        (pair, "pcs.hosts_authenticated", {"name": "x", **hosts}),
        (pair, "pcs.cluster_created", {"name": CLUSTER, **made}),
    ):
        for ret in state(on, function, **arguments).values():
            assert ret["result"] is True, (function, ret["comment"])


def wait_connected(pair, algorithm):
    """Wait until the device votes on both nodes, with this algorithm."""
    for node in pair:

        def look(node=node):
            quorum = node.run(["corosync-quorumtool", "-s"], check=False).stdout
            device = node.run(["pcs", "quorum", "device", "status"], check=False)
            votes = re.search(r"^Flags: .*\bQdevice\b", quorum, re.MULTILINE)
            votes = votes and re.search(r"\bA,V,\w+\s.*\(local\)", quorum)
            words = (rf"Algorithm:\s+{algorithm}\b", r"State:\s+Connected\b")
            connected = all(re.search(word, device.stdout, re.IGNORECASE) for word in words)
            return votes and connected, quorum + device.stdout + device.stderr

        wait_until(look, 60, f"the quorum device to vote on {node.name}")


def test_a_device_is_added_changed_in_place_and_removed_while_the_cluster_runs(nodes, converge):
    pair = nodes[0], nodes[1]
    pids = [corosync_pid(node) for node in pair]
    assert all(pids) and "two_node: 1" in conf(pair[0])
    changes = converge(pair, "pcs.quorum_device_present", name=HOST, algorithm="ffsplit")
    model = {"host": HOST, "algorithm": "ffsplit"}
    new = {"model": "net", "model_options": model, "options": {}, "heuristics": {}}
    assert changes == dict.fromkeys(NAMES[:2], {"device": {"old": None, "new": new}})
    assert "algorithm: ffsplit" in conf(pair[0]) and "two_node" not in conf(pair[0])
    assert conf(pair[0]) == conf(pair[1])
    wait_connected(pair, "Fifty-Fifty split")

    wanted = {"name": HOST, "algorithm": "lms", "options": {"timeout": 20000}}
    changes = converge(pair, "pcs.quorum_device_present", **wanted)
    options = {"timeout": {"old": None, "new": "20000"}}
    algorithm = {"algorithm": {"old": "ffsplit", "new": "lms"}}
    changed = {"device": {"model_options": algorithm, "options": options}}
    assert changes == dict.fromkeys(NAMES[:2], changed)
    assert "algorithm: lms" in conf(pair[0]) and "timeout: 20000" in conf(pair[0])
    assert conf(pair[0]) == conf(pair[1])
    wait_connected(pair, "Last Man Standing|LMS")

    changes = converge(pair, "pcs.quorum_device_absent", name="x")
    assert {change["device"]["new"] for change in changes.values()} == {None}
    assert "two_node: 1" in conf(pair[0]) and "device {" not in conf(pair[0])
    assert conf(pair[0]) == conf(pair[1])
    assert "Qdevice" not in pair[0].run(["corosync-quorumtool", "-s"], check=False).stdout
    assert [corosync_pid(node) for node in pair] == pids


def settings(node):
    """SBD's settings in the node's file."""
    text = node.run(["cat", "/etc/default/sbd"]).stdout
    found = re.findall(r"^(SBD_\w+)=(.*)$", text, re.MULTILINE)
    return {key: value.strip("\"'") for key, value in found}


def enabled(node):
    return node.run(["systemctl", "is-enabled", "sbd"], check=False).stdout.strip()


def test_sbd_is_enabled_and_disabled_on_all_nodes_of_a_stopped_cluster(nodes, converge, state):
    pair = nodes[0], nodes[1]
    pair[0].run(["pcs", "cluster", "stop", "--all"])
    # enabled by Debian, and pacemaker would not start with it
    install(dict.fromkeys(pair, "sbd"))
    wanted = {"SBD_WATCHDOG_TIMEOUT": 10, "SBD_DELAY_START": True}
    # a container has no watchdog that pcs could test
    arguments = {"name": "x", "watchdogs": WATCHDOGS, "options": wanted, "validate": False}
    changes = converge([pair[0]], "pcs.sbd_enabled", again=False, **arguments)
    asked = {"SBD_WATCHDOG_DEV": "/dev/watchdog1", "SBD_WATCHDOG_TIMEOUT": "10"}
    asked["SBD_DELAY_START"] = "yes"
    for key, value in asked.items():
        assert changes[NAMES[0]]["sbd"][key]["new"] == value
    cluster_life.assert_clean(state(pair, "pcs.sbd_enabled", **arguments))
    for node in pair:
        assert {key: settings(node).get(key) for key in asked} == asked
        assert enabled(node) == "enabled"

    changes = converge([pair[0]], "pcs.sbd_disabled", again=False, name="x")
    assert changes == {NAMES[0]: {"sbd": {"enabled": {"old": True, "new": False}}}}
    before = written(pair)
    cluster_life.assert_clean(state(pair, "pcs.sbd_disabled", name="x"))
    assert written(pair) == before
    for node in pair:
        assert enabled(node) == "disabled"
