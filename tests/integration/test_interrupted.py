"""Runs that are cut off, or come one after the other, are completed by the next."""

from __future__ import annotations

import subprocess
import time

from tests.integration import site
from tests.lab import article
from tests.lab.wait import wait_until

# The kernel and the formula take an XFS for finished once its superblock says so.
FINISHED_XFS = [
    "python3",
    "-c",
    "b = open('/dev/vdb', 'rb').read(512); exit(b[:4] != b'XFSB' or b[126] != 0)",
]


def cut_off_when(master, node, condition, what, timeout=180):
    """Cut the node's power as soon as ``condition`` (a command) succeeds in it; boot it again."""

    def look():
        done = node.run(condition, check=False)
        return done.returncode == 0, done.stdout + done.stderr

    wait_until(look, timeout, what, interval=0.05)
    node.power_off()
    since = time.time()
    node.start().wait_until_reachable()
    master.wait_for([node], since)


def start_run(node):
    return node.popen(
        ["salt-call", "state.apply", "hanfs", "--out=quiet"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_power_cut_between_file_system_and_cluster(master, make_pair):
    pair = make_pair("installed")
    master.set_pillar(site.pillar(pair))
    first = pair[0]
    run = start_run(first)
    cut_off_when(master, first, FINISHED_XFS, "a finished file system on the shared disk")
    run.wait(60)
    returns = master.apply(pair)
    site.assert_applied(returns, pair)
    site.assert_serving(pair)
    assert site.changed(master.apply(pair)) == {name: [] for name in pair.names}


def test_power_cut_just_after_the_cluster_was_set_up(master, make_pair):
    pair = make_pair("installed")
    master.set_pillar(site.pillar(pair))
    runs = [start_run(node) for node in pair]
    ours = ["grep", "-q", "nfs-server-cluster", "/etc/corosync/corosync.conf"]
    cut_off_when(master, pair[0], ours, "the cluster to be set up")
    pair[1].run(["pkill", "-KILL", "-f", "salt-call state.apply"])
    for run in runs:
        run.wait(60)
    returns = master.apply(pair)
    site.assert_applied(returns, pair)
    site.assert_serving(pair)


def test_second_node_late(master, make_pair):
    """The first node waits for the second, gives up at its deadline, and the next run completes."""
    pair = make_pair("installed")
    first, second = pair
    timeouts = {"timeouts": {"peer": 15, "storage": 15, "settle": 60}}
    master.set_pillar(site.pillar(pair, timeouts))
    alone = master.apply([first])
    failed = "\n".join(article.failures(alone))
    assert "nfs-server2" in failed and "15 s" in failed
    # Nothing of a cluster was made for a node that is not ready.
    conf = first.run(["cat", "/etc/corosync/corosync.conf"], check=False).stdout
    assert "nfs-server-cluster" not in conf
    master.set_pillar(site.pillar(pair))
    site.assert_applied(master.apply(pair), pair)
    site.assert_serving(pair)


def test_second_node_first(master, make_pair):
    """The second node alone makes nothing; it says what it waits for."""
    pair = make_pair("installed")
    timeouts = {"timeouts": {"peer": 15, "storage": 10, "settle": 60}}
    master.set_pillar(site.pillar(pair, timeouts))
    alone = master.apply([pair[1]])
    failed = "\n".join(article.failures(alone))
    assert "/dev/vdb" in failed and "nfs-server1" in failed
    assert pair[1].run(["blkid", "-p", "/dev/vdb"], check=False).returncode == 2
