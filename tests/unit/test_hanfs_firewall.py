"""What passes the firewall: services and ports by NFS version, zones, and nothing twice."""

import shutil

import pytest
from salt.exceptions import CommandExecutionError

from tests.support.salt_modules import load
from tests.support.sites import PATH, pillar, site

DEFAULT = ["high-availability", "nfs", "mountd", "rpc-bind"]
NFS = {
    "v4_only": False,
    "ports": {"mountd": 20048, "statd": 662, "lockd_tcp": 32803, "lockd_udp": 32769},
}
V3_PORTS = ["662/tcp", "662/udp", "32803/tcp", "32769/udp"]


class Firewall:
    """firewall-cmd, as far as the formula uses it."""

    def __init__(self, permanent=(), live=(), fail=""):
        self.open = {(True, None): set(permanent), (False, None): set(live)}
        self.calls, self.fail = [], fail

    def __call__(self, cmd, **_):
        self.calls.append(cmd)
        if self.fail:
            return {"retcode": 252, "stdout": "", "stderr": self.fail}
        kinds = {word.split("=")[0] for word in cmd if word.startswith("--add-")}
        if len(kinds) > 1:
            return {"retcode": 2, "stdout": "", "stderr": "--add-port: not allowed with --add-s..."}
        zone = next((word[7:] for word in cmd if word.startswith("--zone=")), None)
        there = self.open.setdefault(("--permanent" in cmd, zone), set())
        for word in cmd:
            if word.startswith(("--add-service=", "--add-port=")):
                there.add(word.partition("=")[2])
        services = " ".join(sorted(name for name in there if "/" not in name))
        ports = " ".join(sorted(name for name in there if "/" in name))
        text = f"public (active)\n  services: {services}\n  ports: {ports}\n  protocols: \n"
        return {"retcode": 0, "stdout": text, "stderr": ""}


def world(wall, test=False, nfs=None):
    def normalise(given):
        return {**given, "nfs": nfs}

    def call(name, site, services):
        made = load(
            opts={"test": test},
            pillar=pillar(site),
            run=wall,
            salt={"_hanfs_schema.normalise": normalise},
        )
        return made.states.hanfs_firewall.firewall_allows(name, PATH, services)

    return call


@pytest.fixture(autouse=True)
def everything_installed(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name, **_: f"/usr/bin/{name}")


def test_what_is_missing_is_opened_and_once():
    wall = Firewall(permanent=["nfs", "mountd", "rpc-bind"], live=["ssh", "high-availability"])
    dry = world(wall, test=True)("x", site(), DEFAULT)
    assert dry["result"] is None and len(wall.calls) == 2
    ret = world(wall)("x", site(), DEFAULT)
    assert ret["result"] is True and ret["changes"] == dry["changes"]
    assert ret["changes"] == {
        "high-availability": {"old": None, "new": ["permanent"]},
        "nfs": {"old": None, "new": ["live"]},
        "mountd": {"old": None, "new": ["live"]},
        "rpc-bind": {"old": None, "new": ["live"]},
    }
    assert wall.open[False, None] == {*DEFAULT, "ssh"}, "nothing is taken away"
    wall.calls.clear()
    again = world(wall)("x", site(), DEFAULT)
    assert (again["result"], again["changes"], len(wall.calls)) == (True, {}, 2)


@pytest.mark.parametrize(
    "nfs,firewall,wanted",
    [
        (None, {}, [(None, DEFAULT, [])]),
        (None, {"services": ["nfs"], "zone": "internal"}, [("internal", ["nfs"], [])]),
        (NFS, {}, [(None, DEFAULT, V3_PORTS)]),
        ({**NFS, "v4_only": True}, {}, [(None, ["high-availability", "nfs"], [])]),
        (NFS, {"services": ["nfs"]}, [(None, ["nfs"], [])]),
        (
            {**NFS, "v4_only": True},
            {"zone": "internal", "cluster_zone": "trusted"},
            [("trusted", ["high-availability"], []), ("internal", ["nfs"], [])],
        ),
        (
            {**NFS, "ports": {**NFS["ports"], "mountd": 892}},
            {"cluster_zone": "internal", "zone": "internal"},
            [("internal", ["high-availability", "nfs", "rpc-bind"],
              ["892/tcp", "892/udp", *V3_PORTS])],
        ),
    ],
)  # fmt: skip
def test_what_each_site_needs(nfs, firewall, wanted):
    wall = Firewall()
    ret = world(wall, nfs=nfs)("x", site({"firewall": firewall}), DEFAULT)
    assert ret["result"] is True
    for zone, services, ports in wanted:
        for permanent in (True, False):
            assert wall.open[permanent, zone] == {*services, *ports}
    assert {zone for _, zone in wall.open} == {None, *(zone for zone, _, _ in wanted)}


def test_a_dry_run_before_firewalld_is_there(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    ret = world(Firewall(), test=True)("x", site(), DEFAULT)
    assert ret["result"] is None and "before firewalld is installed" in ret["comment"]
    ret = world(Firewall())("x", site(), DEFAULT)
    assert ret["result"] is False and "not installed" in ret["comment"]


def test_a_firewall_that_does_not_answer():
    wall = Firewall(fail="FirewallD is not running")
    assert world(wall, test=True)("x", site(), DEFAULT)["result"] is None
    ret = world(wall)("x", site(), DEFAULT)
    assert ret["result"] is False and "exited with 252: FirewallD is not running" in ret["comment"]


def test_a_firewall_that_forgets():
    class Forgetful(Firewall):
        def __call__(self, cmd, **more):
            return super().__call__([word for word in cmd if not word.startswith("--add")], **more)

    ret = world(Forgetful())("x", site(), DEFAULT)
    assert ret["result"] is False and "still does not have" in ret["comment"]


def test_a_site_that_is_wrong_is_an_answer():
    def normalise(_):
        raise CommandExecutionError("wrong")

    made = load(pillar=pillar({}), salt={"_hanfs_schema.normalise": normalise})
    ret = made.states.hanfs_firewall.firewall_allows("x", PATH, DEFAULT)
    assert ret["result"] is False and ret["comment"] == "wrong"
