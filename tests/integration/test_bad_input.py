"""Bad input on live machines gets a clear error, and nothing is touched.

What can be told from pillar alone has its tests in tests/unit; here are the cases that a
real machine, a real peer or a real agent has to show.
"""

from __future__ import annotations

import hashlib

import pytest

from tests.integration import site
from tests.lab import article, network
from tests.lab.containers import SHARED_DISK

# The pair that all tests here share has the usual names.
OTHERS = ("nfs-server3", "nfs-server4")
MASTER_BOOT_RECORD = f"""
import struct
entry = struct.pack("<B3sB3sII", 0, bytes(3), 0x83, bytes(3), 2048, 204800)
with open("{SHARED_DISK}", "r+b") as disk:
    disk.seek(446)
    disk.write(entry + bytes(48) + bytes([0x55, 0xAA]))
"""
QUICK = {"timeouts": {"peer": 15, "storage": 10, "settle": 30}}


@pytest.fixture(scope="module")
def pair(make_module_pair):
    """One pair for all: a refused run must leave it as it was, so the next test can use it."""
    return make_module_pair("installed")


def state_of(pair):
    """What a refused run must not have touched: disk, cluster, cluster configuration."""
    seen = {}
    for node in pair:
        conf = node.run(["cat", "/etc/corosync/corosync.conf"], check=False).stdout
        cib = node.run(["cibadmin", "--query", "--scope", "resources"], check=False).stdout
        mounts = node.run(["findmnt", "-n", "-o", "TARGET", SHARED_DISK], check=False).stdout
        seen[node.name] = (conf, cib, mounts)
    # what a test wrote to the disk may still be on its way to the file
    pair[0].run(["blockdev", "--flushbufs", SHARED_DISK])
    digest = hashlib.sha256(pair.disk.file.read_bytes()).hexdigest()
    return seen, digest


def refused(master, pair, change, *words, nodes=None):
    """Apply with that change of pillar: it fails with all ``words``, and nothing was touched."""
    master.set_pillar(site.pillar(pair, {**QUICK, **change}))
    before = state_of(pair)
    returns = master.apply(nodes or list(pair))
    failed = "\n".join(article.failures(returns))
    for word in words:
        assert word in failed, failed
    assert site.PASSWORD not in str(returns)
    assert state_of(pair) == before
    return returns


PILLAR = {
    "unknown key": ({"adress": {"ip": "1.2.3.4"}}, "hanfs:sites:article:adress", "address"),
    "wrong type": ({"exports": "everything"}, "hanfs:sites:article:exports"),
    "one node": (
        {"cluster:nodes": {"nfs-server1": ["10.10.10.11"]}},
        "hanfs:sites:article:cluster:nodes",
    ),
    "same address twice": (
        {
            "cluster:nodes": {
                "nfs-server1": ["10.10.10.11", "192.168.16.11"],
                "nfs-server2": ["10.10.10.11", "192.168.16.12"],
            }
        },
        "10.10.10.11",
    ),
}


@pytest.mark.parametrize("case", PILLAR)
def test_wrong_pillar(master, pair, case):
    change, *words = PILLAR[case]
    nodes = [pair[0]] if case == "one node" else None
    site.assert_nothing_changed(refused(master, pair, change, *words, nodes=nodes))


def test_a_device_that_never_appears(master, pair):
    """It is waited for, since disks of a network may be late; neither disk nor cluster is made."""
    refused(master, pair, {"storage:device": "/dev/vdz"}, "/dev/vdz", "is not there")


def test_node_that_is_called_otherwise(master, pair):
    """The minion's id is in pillar, but the machine's name is not."""
    node = pair[1]
    node.run(["hostname", "someone-else"])
    try:
        returns = refused(master, pair, {}, "someone-else", "uname -n", nodes=[node])
    finally:
        node.run(["hostname", node.name])
    site.assert_nothing_changed(returns)


def empty(node):
    """As docs/storage.md says: without its signature a file system is still no empty disk."""
    node.run(["wipefs", "-qa", SHARED_DISK])
    node.run(["blkdiscard", "--zeroout", SHARED_DISK])


@pytest.mark.parametrize(
    "kind, make",
    [
        ("ext4", ["mkfs.ext4", "-q", SHARED_DISK]),
        ("swap", ["mkswap", SHARED_DISK]),
        ("dos", ["python3", "-c", MASTER_BOOT_RECORD]),
        ("LVM2_member", ["pvcreate", "--config", "devices{use_devicesfile=0}", "-y", SHARED_DISK]),
    ],
)
def test_device_that_is_not_empty(master, pair, kind, make):
    pair[0].run(make)
    try:
        returns = refused(master, pair, {}, SHARED_DISK, kind, "untouched")
    finally:
        empty(pair[0])
    site.assert_nothing_changed(returns)


def test_device_that_is_mounted(master, pair):
    # nothing is left for the kernel to write once it is mounted
    pair[0].run(["mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", SHARED_DISK])
    pair[0].run(["mount", SHARED_DISK, "/mnt"])
    try:
        returns = refused(master, pair, {}, "mounted", nodes=[pair[0]])
    finally:
        pair[0].run(["umount", "/mnt"])
        empty(pair[0])
    site.assert_nothing_changed(returns)


def test_virtual_address_that_answers_already(master, pair):
    """A stranger on the LAN has it."""
    network.ip("address", "add", "192.168.16.100/24", "dev", "lan")
    try:
        returns = refused(master, pair, {}, "192.168.16.100 is answered already")
    finally:
        network.ip("address", "del", "192.168.16.100/24", "dev", "lan")
    site.assert_nothing_changed(returns)


def test_option_that_the_agent_does_not_know(master, pair):
    change = {"cluster_config": {"primitives": {"VIP": {"attributes": {"adress": "1.2.3.4"}}}}}
    refused(master, pair, change, "primitives:VIP:attributes:adress", "ocf:heartbeat:IPaddr2")


def test_agent_that_is_not_installed(master, pair):
    change = {"cluster_config": {"primitives": {"Extra": {"agent": "ocf:heartbeat:nosuch"}}}}
    refused(master, pair, change, "ocf:heartbeat:nosuch", "is not installed")


def test_cluster_of_another_name(master, make_pair):
    """Made by hand, with another name: it stays, and so does everything in it."""
    pair = make_pair("installed", names=("nfs-server5", "nfs-server6"))
    for node in pair:
        node.run(["pcs", "cluster", "destroy"])
        node.run(["firewall-cmd", "-q", "--add-service=high-availability"])
        node.run(["chpasswd"], stdin="hacluster:by-hand\n")
    first = pair[0]
    hosts = [word for node in pair for word in (node.name, f"addr={node.addresses['hb']}")]
    first.run(["pcs", "host", "auth", "-u", "hacluster", *hosts], stdin="by-hand\n")
    first.run(["pcs", "cluster", "setup", "treasure", *hosts, "--start", "--wait=120"])
    first.run(["pcs", "resource", "create", "Gold", "ocf:pacemaker:Dummy"])
    words = ("treasure", "nfs-server-cluster", "left as it is")
    site.assert_nothing_changed(refused(master, pair, {"address:ip": "192.168.16.103"}, *words))
    assert "Gold" in first.run(["pcs", "resource", "config"]).stdout


def test_peer_that_is_down(master, make_pair):
    pair = make_pair("installed", names=OTHERS)
    pair[1].power_off()
    master.set_pillar(site.pillar(pair, QUICK))
    failed = "\n".join(article.failures(master.apply([pair[0]])))
    assert "nfs-server4" in failed and "10.10.10.22" in failed and "15 s" in failed
    conf = pair[0].run(["cat", "/etc/corosync/corosync.conf"], check=False).stdout
    assert "nfs-server-cluster" not in conf


def test_wrong_password(master, make_pair):
    """The peer's hacluster has another password than pillar says: no cluster is made."""
    pair = make_pair("installed", names=OTHERS)
    first, second = pair
    second.run(["chpasswd"], stdin="hacluster:something-else\n")
    for node in pair:
        node.run(["firewall-cmd", "-q", "--add-service=high-availability"])
    master.set_pillar(site.pillar(pair, QUICK))
    returns = master.apply([first])
    failed = "\n".join(article.failures(returns))
    assert "nfs-server4" in failed and "password" in failed
    assert "hanfs:sites:article:cluster:password" in failed
    assert site.PASSWORD not in str(returns)
    conf = first.run(["cat", "/etc/corosync/corosync.conf"], check=False).stdout
    assert "nfs-server-cluster" not in conf
