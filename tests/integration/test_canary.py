"""The whole formula on Debian testing: no supported platform, but what the next one will be like.

Its names and packages are those of Debian 13, told by pillar, as an administrator would who cannot
wait. As in ``test_platforms`` the disk has no LVM, and stand-ins take the place of the three agents
that need the kernel's NFS server.
"""

from __future__ import annotations

import pytest
import yaml

from tests.integration import site
from tests.integration.test_hardened import RESOURCES
from tests.lab import canary, packages

pytestmark = pytest.mark.canary

PACKAGES = (
    "resource-agents", "pcs", "pacemaker", "corosync", "iptables", "nftables", "nfs-kernel-server",
    "lvm2", "firewalld", "systemd", "python3",
)  # fmt: skip


@pytest.fixture
def pair(make_pair):
    return make_pair(canary.SUITE)


def lookup():
    """What pillar says of a system that the formula does not know: it is like Debian 13."""
    blocks = yaml.safe_load(packages.DEFAULTS.read_text())
    return {**blocks["Debian"], **blocks[f"Debian-{canary.LIKE}"]}


def rules(node):
    """Rules about NFS's port: blocked, rejected, in portblock's own table."""
    script = """
    iptables -n -L INPUT | grep -c 2049
    iptables -n -L OUTPUT | grep -c 2049
    nft list table inet portblock 2>/dev/null | grep -c 2049
    """
    return [int(line) for line in node.run(["sh", "-c", script], check=False).stdout.split()]


def test_the_whole_formula_and_the_service_there_and_back(master, pair, note):
    versions = pair[0].run(["dpkg-query", "-W", "-f", "${Package} ${Version}, ", *PACKAGES]).stdout
    note(versions.rstrip(", "))
    tree = {"hanfs": {"lookup": lookup(), "sites": {"athens": site.hardened(pair)}}}
    master.set_pillar({"*": tree})
    site.assert_applied(master.apply(pair), pair)
    again = master.apply(pair)
    site.assert_applied(again, pair)
    assert not any(site.changed(again).values()), site.told(again)
    first = site.assert_serving(pair, RESOURCES)
    for _ in range(2):
        active = site.assert_serving(pair, RESOURCES)
        pair[active].run(["pcs", "node", "standby", active, "--wait=120"])
        other = site.assert_serving(pair, RESOURCES)
        assert other != active
        assert (rules(pair[active]), rules(pair[other])) == ([1, 0, 0], [0, 0, 0])
        pair[active].run(["pcs", "node", "unstandby", active, "--wait=120"])
    assert site.assert_serving(pair, RESOURCES) == first
    site.assert_applied(master.apply(pair), pair)
