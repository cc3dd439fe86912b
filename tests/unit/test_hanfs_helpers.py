"""Helpers of the NFS server that die: what systemd is told, and what it says afterwards."""

import pytest

from tests.support import salt_modules  # noqa: F401  the library is importable after it
from tests.unit.test_hanfs_settings import ARTICLE, KRB5, V3, V4, Machine

import _hanfs_helpers  # isort: skip
import _hanfs_schema  # isort: skip

UNIT = "/usr/lib/systemd/system"
# As nfs-utils 2.6 and 2.8 have it on Debian and Red Hat.
SERVER = """[Unit]
Requires=network.target proc-fs-nfsd.mount
Requires=nfs-mountd.service
Wants=rpc-statd.service nfs-idmapd.service nfsdcld.service
"""
ALL = [*("nfs-mountd", "nfs-idmapd", "nfsdcld", "rpc-statd", "rpcbind")]
ALL += ["rpc-statd-notify", "gssproxy", "rpc-svcgssd"]
PATHS = {name: f"/etc/systemd/system/{name}.service.d/hanfs-restart.conf" for name in ALL}
AGAIN = "/etc/systemd/system/hanfs-again@.service"
REGISTER = "/usr/local/sbin/hanfs-rpcbind-register"


@pytest.fixture
def machine(tmp_path):
    made = Machine(tmp_path)
    made.put(f"{UNIT}/nfs-server.service", SERVER)
    for name in ALL[:7]:
        made.put(f"{UNIT}/{name}.service", "[Service]\nType=forking\n")
    made.put("/usr/bin/python3", "")
    return made


def converged(machine, site):
    """Changes of the state; systemd read its files again exactly if there were any."""
    machine.calls.clear()
    changes = machine.converge("units", "helpers_restarted", "x", site)
    assert machine.calls == (["reload"] if changes else [])
    return changes


def test_what_the_server_requires_is_not_restarted_by_systemd(machine):
    """systemd would restart the server with it, and the server's stop takes all exports away."""
    assert set(converged(machine, V3)) == {
        *(PATHS[name] for name in ALL[:6]),
        AGAIN,
        REGISTER,
    }
    mountd = machine.get(PATHS["nfs-mountd"])
    assert "Restart=" not in mountd and "OnFailure=hanfs-again@%p.service\n" in mountd
    for name in ALL[1:5]:
        assert "Restart=on-failure\n" in machine.get(PATHS[name])
        assert "OnFailure" not in machine.get(PATHS[name])
    for name in ALL[:5]:
        assert "StartLimitIntervalSec=10\nStartLimitBurst=5\n" in machine.get(PATHS[name])
    assert "is-active nfs-server.service || exit 0" in machine.get(AGAIN)


@pytest.mark.parametrize("where", ["drop-in", "continued", "binds"])
def test_it_is_the_machines_own_unit_that_counts(machine, where):
    text = {
        "drop-in": "[Unit]\nRequires=nfsdcld.service\n",
        "continued": "[Unit]\nRequires=a.service \\\n  nfsdcld.service\n",
        "binds": "[Unit]\n BindsTo = nfsdcld.service\n",
    }[where]
    machine.put("/etc/systemd/system/nfs-server.service.d/own.conf", text)
    converged(machine, V3)
    assert "OnFailure=" in machine.get(PATHS["nfsdcld"])
    assert "Restart=" not in machine.get(PATHS["nfsdcld"])


def test_what_was_required_once_and_is_not_any_more(machine):
    machine.put(f"{UNIT}/nfs-server.service", SERVER.replace("Requires=nfs-m", "Wants=nfs-m"))
    converged(machine, V3)
    assert "Restart=on-failure" in machine.get(PATHS["nfs-mountd"]) and not machine.get(AGAIN)


def test_only_what_this_machine_has(machine):
    """nfs-utils 1.3 has no nfsdcld; a masked unit is a link to a file without a line."""
    (machine.root / UNIT[1:] / "nfsdcld.service").unlink()
    machine.put("/etc/systemd/system/nfs-idmapd.service", "")
    machine.put(f"{UNIT}/nfs-idmapd.service", "")
    converged(machine, V3)
    assert machine.get(PATHS["nfsdcld"]) is None and machine.get(PATHS["nfs-idmapd"]) is None


def test_what_the_site_does_not_need_any_more_goes(machine):
    converged(machine, V3)
    changes = converged(machine, V4)
    assert set(changes) == {*(PATHS[name] for name in ALL[3:6]), REGISTER}
    assert all(change["new"] is None for change in changes.values())
    assert machine.get(REGISTER) is None and machine.get(PATHS["nfs-mountd"])


def test_kerberos_brings_its_own(machine):
    assert set(converged(machine, V3)) & {PATHS["gssproxy"], PATHS["rpc-svcgssd"]} == set()
    assert set(converged(machine, KRB5)) == {PATHS["gssproxy"]}
    assert set(converged(machine, V3)) == {PATHS["gssproxy"]}


def test_rpcbind_is_told_again_what_is_registered(machine):
    """The ports are the site's; the program is this repository's file, as root runs it."""
    converged(machine, {**V3, "nfs": {"ports": {"mountd": 892, "lockd_udp": 4045}}})
    text = machine.get(PATHS["rpcbind"])
    (line,) = [line for line in text.splitlines() if line.startswith("ExecStartPost")]
    assert line == (
        f"ExecStartPost=-/usr/bin/python3 -I {REGISTER} 100003:3,4:tcp:2049 100003:3,4:udp:2049 "
        "100227:3:tcp:2049 100227:3:udp:2049 100005:1,2,3:tcp:892 100005:1,2,3:udp:892 "
        "100024:1:tcp:662 100024:1:udp:662 100021:1,3,4:tcp:32803 100021:1,3,4:udp:4045"
    )
    compile(machine.get(REGISTER), REGISTER, "exec")
    assert (machine.root / REGISTER[1:]).stat().st_mode & 0o7777 == 0o755


def test_nobody_but_nfsnotify_tells_the_clients_of_a_service_that_runs(machine):
    """rpc-statd wants rpc-statd-notify at each start, a restart by systemd among them."""
    converged(machine, V3)
    text = machine.get(PATHS["rpc-statd-notify"])
    assert text.endswith("[Unit]\nConditionPathIsMountPoint=!/var/lib/nfs\n")


def test_without_a_python_the_cluster_is_left_to_do_it(machine):
    (machine.root / "usr/bin/python3").unlink()
    ret = machine.state("units", "helpers_restarted")("x", V3)
    assert ret["result"] is True and "when rpcbind dies" in ret["comment"]
    assert "ExecStartPost" not in machine.get(PATHS["rpcbind"]) and not machine.get(REGISTER)
    machine.put("/usr/libexec/platform-python", "")
    converged(machine, V3)
    assert "-/usr/libexec/platform-python -I" in machine.get(PATHS["rpcbind"])


def test_a_dry_run_before_the_packages(tmp_path):
    ret = Machine(tmp_path).state("units", "helpers_restarted", test=True)("x", V3)
    assert (ret["result"], ret["changes"]) == (None, {}) and "once" in ret["comment"]


def test_a_file_that_somebody_changed_is_told_and_put_right(machine):
    converged(machine, V3)
    machine.put(PATHS["nfsdcld"], "[Service]\nRestart=no\n")
    changes = converged(machine, V3)
    assert changes[PATHS["nfsdcld"]]["old"] == "[Service]\nRestart=no"


# --- what systemd says ----------------------------------------------------------------------------

NFS = _hanfs_schema.normalise(V3)["nfs"]


def answer(**units):
    """What ``systemctl show`` prints; each unit is what differs from one that runs."""
    names = ("nfs-server", "nfs-mountd", "nfs-idmapd", "nfsdcld", "rpc-statd", "rpcbind")
    blocks = []
    for name in names:
        unit = {
            "Id": f"{name}.service",
            "LoadState": "loaded",
            "ActiveState": "active",
            "Result": "success",
            "NRestarts": "0",
            "ActiveEnterTimestampMonotonic": "50000000",
            **units.get(name.replace("-", "_"), {}),
        }
        blocks.append("\n".join(f"{key}={value}" for key, value in unit.items()))
    return "\n\n".join(blocks) + "\n"


def test_nothing_to_tell():
    assert _hanfs_helpers.told(answer(), {}) == []


def test_one_that_is_down_is_a_problem():
    down = answer(nfsdcld={"ActiveState": "failed", "Result": "start-limit-hit"})
    text = "nfsdcld does not run under the NFS server on this node (start-limit-hit)"
    assert _hanfs_helpers.told(down, {}) == [["helper-down", text]]
    gone = answer(rpc_statd={"ActiveState": "inactive"})
    text = "rpc-statd does not run under the NFS server on this node"
    assert _hanfs_helpers.told(gone, {}) == [["helper-down", text]]


@pytest.mark.parametrize(
    "units",
    [
        {"nfs_server": {"ActiveState": "inactive"}, "nfsdcld": {"ActiveState": "failed"}},
        {"nfsdcld": {"LoadState": "not-found", "ActiveState": "inactive"}},
        {"rpc_statd": {"LoadState": "masked", "ActiveState": "inactive"}},
        # started when somebody asks: rpcbind.socket
        {"rpcbind": {"ActiveState": "inactive"}},
        # just being started again
        {"nfs_idmapd": {"ActiveState": "activating"}},
    ],
)
def test_what_is_no_problem(units):
    assert _hanfs_helpers.told(answer(**units), {}) == []


def test_restarts_are_told_and_counted():
    """systemd counts its own; the others are lines of seconds since boot, old ones left out."""
    said = answer(nfsdcld={"NRestarts": "3"}, nfs_mountd={"NRestarts": ""})
    found = _hanfs_helpers.told(said, {"nfs-mountd": "12.50\n51.00\n77.20\n"})
    again = "died and was started again on this node"
    since = "times since it was last started in order"
    assert found == [
        ["helper-restarted", f"nfs-mountd {again}, 2 {since}"],
        ["helper-restarted", f"nfsdcld {again}, 3 {since}"],
    ]


@pytest.mark.parametrize(
    "site,units",
    [(V3, 6), (V4, 4), (KRB5, 8), (ARTICLE, 6)],
    ids=["v3", "v4", "krb", "article"],
)
def test_one_question_for_all(site, units):
    normal = _hanfs_schema.normalise(site)
    words = _hanfs_helpers.question(normal.get("nfs"), site is KRB5)
    assert words[:2] == ["systemctl", "show"]
    assert len([word for word in words if word.endswith(".service")]) == units
