"""The whole formula on Debian 11, 12 and 13, in both profiles: run, and run again.

Containers have no device mapper and no NFS server of their own: the file system is on the disk
itself, and stand-ins take the place of the three agents that need the kernel's server. (The
article's profile on Debian 12 is what most tests of this directory begin with.)
"""

from __future__ import annotations

import re

import pytest

from tests.integration import site
from tests.lab import standins
from tests.lab.containers import SHARED_DISK
from tests.support import sites
from tests.support.cluster_tools import ROOTS, VERSIONS
from tests.support.repeated import repeated

DROP_IN = "/etc/nfs.conf.d/zz-hanfs.conf"
SETTINGS = {
    "0.10": {
        "/etc/default/nfs-kernel-server": "--lease-time 60 --grace-time 90",
        "/etc/default/nfs-common": "--port 662 --outgoing-port 2020",
    },
    "0.11": {DROP_IN: "lease-time=60"},
    "0.12": {DROP_IN: "lease-time=60"},
}
COMMON = {
    "/etc/modprobe.d/hanfs-lockd.conf": "nlm_tcpport=32803",
    "/etc/systemd/system/resource-agents-deps.target.d/hanfs.conf": "multipathd.service",
    "/usr/sbin/policy-rc.d": "exit 101",
    "/etc/exports": "Kept empty by Salt",
}
PORTS = {"662/tcp", "662/udp", "32803/tcp", "32769/udp"}


@pytest.fixture
def pair(version, make_pair):
    return make_pair(ROOTS[version])


@pytest.fixture
def plain_pair(version, make_pair):
    """On Debian 12 without any of the packages, which the formula then installs."""
    return make_pair("bare" if version == "0.11" else ROOTS[version])


def hardened(pair):
    """A hardened site on the same disk; the fencing is the containers' lack of it."""
    nodes = {node.name: [node.addresses["hb"], node.addresses["lan"]] for node in pair}
    return sites.hardened(
        {
            "storage:vg": ..., "storage:lv": ..., "storage:device": SHARED_DISK,
            "cluster:nodes": nodes, "cluster:password": site.PASSWORD,
            # For a busy computer; each release must take the consensus that follows from it.
            "cluster:totem": {"token": 10000},
            "fencing": {"enabled": False}, "timeouts": site.TIMEOUTS,
            # The lab's stand-ins are for the distribution's agents.
            "nfs": {"agent": "heartbeat"},
        }
    )  # fmt: skip


def converge(master, pair, one, note):
    """Apply twice; the second time nothing changes. The first time's changes by node."""
    master.set_pillar({"*": {"hanfs": {"sites": {"athens": one}}}})
    returns = master.apply(pair)
    site.assert_applied(returns, pair)
    note(f"seconds in states: {site.seconds(returns)}")
    again = master.apply(pair)
    site.assert_applied(again, pair)
    assert not any(site.changed(again).values()), site.changed(again)
    return site.changed(returns)


def read(node, path):
    return node.run(["cat", path]).stdout


# The hardened profile has what is different on these versions, too.
@pytest.mark.repeated
@pytest.mark.parametrize("version", ["0.10", "0.12"])
def test_the_articles_profile(master, pair, version, note):
    for node in pair:
        assert node.run(["pcs", "--version"]).stdout.startswith(version + ".")
    converge(master, pair, site.of(pair), note)
    site.assert_serving(pair)
    for node in pair:
        for path in SETTINGS[version]:
            text = node.run(["cat", path], check=False).stdout
            assert not re.search("lease-time|--port 662", text), "the article sets nothing"
        _stops_the_server(node)


# On 0.11 the rest of the tests is.
@pytest.mark.parametrize("version", repeated(VERSIONS, unless=["0.10", "0.12"]))
def test_the_hardened_profile(master, plain_pair, version, note):
    pair = plain_pair
    done = converge(master, pair, hardened(pair), note)
    assert all("The NFS server has the settings of the site" in ids for ids in done.values())
    placed = site.started(pair[0])
    assert len(set(placed.values())) == 1, placed
    for node in pair:
        for path, text in {**COMMON, **SETTINGS[version]}.items():
            assert text in node.run(["cat", path]).stdout, path
        opened = node.run(["firewall-cmd", "--permanent", "--list-ports"]).stdout.split()
        assert PORTS <= set(opened)
        owner = node.run(["stat", "-c", "%U %a", "/var/lib/nfs/statd/sm"]).stdout
        assert owner.split() == ["statd", "700"]
        _stops_the_server(node)
        after = node.run(["systemctl", "show", "-P", "After", "resource-agents-deps.target"])
        assert "multipathd.service" in after.stdout.split(), "systemd has read it"
    _packages_start_nothing(pair[0])
    if version == "0.12":
        _what_requires_a_unit_is_not_stopped_with_it(master, pair[0])
    for node in pair if version == "0.11" else ():
        log = node.run(["journalctl", "--output=cat", "--unit=pacemaker"]).stdout
        assert log.count("Started pacemaker.service") == 1, "the packages started none"


# The agent says which way it takes when it is asked whether it could work: 1 is the old start
# script, 3 are systemd's units.
ASK = f"sh -x {standins.ASIDE}/nfsserver validate-all 2>&1 | grep -o 'EXEC_MODE=[1-9]'"


def _stops_the_server(node):
    """The real agent works with systemd's units, and nothing keeps its directory busy."""
    asked = node.run(["env", "OCF_ROOT=/usr/lib/ocf", "sh", "-c", ASK])
    assert asked.stdout.split() == ["EXEC_MODE=3"]
    assert node.run(["systemctl", "is-active", "fsidd"], check=False).stdout != "active\n"
    requires = "/etc/systemd/system/nfs-server.service.requires/fsidd.service"
    assert node.run(["test", "-e", requires], check=False).returncode


def _packages_start_nothing(node):
    """What a package's maintainer scripts do, by Debian's own tools."""
    for unit, code in (("nfs-kernel-server", 101), ("pacemaker", 101), ("ssh", 0)):
        asked = node.run(["/usr/sbin/policy-rc.d", unit, "restart"], check=False)
        assert asked.returncode == code, unit
    before = node.run(["systemctl", "show", "-P", "MainPID", "pacemaker"]).stdout
    node.run(["deb-systemd-invoke", "restart", "pacemaker.service"], check=False)
    assert node.run(["systemctl", "show", "-P", "MainPID", "pacemaker"]).stdout == before


def _what_requires_a_unit_is_not_stopped_with_it(master, node):
    """Units of fsidd's and nfs-server's kind: the first is switched off under the second."""
    unit = "[Service]\nExecStart=/bin/sleep 600\n[Install]\nRequiredBy=lab-server.service\n"
    for name in ("lab-fsid", "lab-server"):
        node.put(f"/etc/systemd/system/{name}.service", unit)
    node.run(["systemctl", "enable", "lab-fsid"])
    node.run(["systemctl", "start", "lab-server"])
    returns = master.salt([node], "state.single", "hanfs.unit_off", name="lab-fsid")
    (state,) = returns[node.name].values()
    assert state["result"] is True and set(state["changes"]["lab-fsid"]) == {"enabled", "running"}
    active = node.run(["systemctl", "is-active", "lab-fsid", "lab-server"], check=False)
    assert active.stdout.split() == ["inactive", "active"]
