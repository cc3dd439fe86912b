"""What the tests of a cluster's life share: states run from the master, and what they may write."""

from __future__ import annotations

import json
import re

PASSWORD = "correct-horse-battery"
NAMES = ("nfs-server1", "nfs-server2", "nfs-server3")


def start(make_pair, master):
    """Three containers with the packages installed and the modules of today; firewalld is off."""
    nodes = make_pair("installed", names=NAMES)
    for node in nodes:
        node.run(["systemctl", "stop", "firewalld"], check=False)
    master.salt(nodes, "saltutil.sync_all")
    return nodes


def addresses(*nodes, links=("hb", "lan")):
    """The argument ``nodes`` of the states: ``{node: [an address for each link]}``."""
    return {node.name: [node.addresses[link] for link in links] for node in nodes}


def conf(node):
    """Text of a node's corosync.conf, empty without one."""
    return node.run(["cat", "/etc/corosync/corosync.conf"], check=False).stdout


def epoch(node):
    """The version of the CIB, None where no cluster runs."""
    done = node.run(["cibadmin", "--query"], check=False)
    found = re.search(r'admin_epoch="(\d+)".* epoch="(\d+)"|epoch="(\d+)"', done.stdout)
    return found.group(0) if found else None


def corosync_pid(node):
    """Process id of corosync as text, empty where it does not run."""
    return node.run(["pidof", "corosync"], check=False).stdout.strip()


def written(nodes):
    """All that a change of the cluster layer would write, on every node that is switched on."""
    files = "/etc/corosync /var/lib/pcsd /etc/default/sbd /etc/shadow /etc/pacemaker"
    listing = ["sh", "-c", f"find {files} -type f -exec md5sum {{}} + 2>/dev/null | sort"]
    return [(n.run(listing).stdout, epoch(n), corosync_pid(n)) for n in nodes if n.alive()]


def run_state(master, on, function, test=False, /, **arguments):
    """Run one state on nodes at once: ``{node: return}``."""
    words = [f"{name}={json.dumps(value)}" for name, value in arguments.items()]
    returns = master.salt(on, "state.single", function, *words, f"test={test}")
    found = {}
    for name, states in returns.items():
        assert isinstance(states, dict), (name, states)
        (found[name],) = states.values()
    assert set(found) == {node.name for node in on}
    return found


def run_converge(master, nodes, on, function, /, again=True, **arguments):
    """Predict, see that nothing was written, do it, see the same changes, and run again.

    ``nodes`` are those that are looked at, ``on`` those that run the state; returns the changes
    as ``{node: changes}``.
    """
    before = written(nodes)
    predicted = run_state(master, on, function, True, **arguments)
    assert written(nodes) == before, "test=True wrote something"
    done = run_state(master, on, function, **arguments)
    for name, ret in done.items():
        assert ret["result"] is True, (name, ret["comment"])
        assert predicted[name]["changes"] == ret["changes"], name
        assert predicted[name]["result"] is (None if ret["changes"] else True), name
    if again:
        assert_clean(run_state(master, on, function, **arguments))
    return {name: ret["changes"] for name, ret in done.items()}


def assert_clean(returns):
    """All went well and nothing was left to do."""
    for name, ret in returns.items():
        assert (ret["result"], ret["changes"]) == (True, {}), (name, ret["comment"])
