"""The node's own settings: states on a machine made of files, and units that are only counted."""

import os
import shutil
import stat
import subprocess

import pytest
from salt.exceptions import CommandExecutionError

from tests.support.salt_modules import load
from tests.support.sites import PATH, hardened, pillar, site

V3 = hardened({"cluster:password": ..., "fencing:devices": {}, "fencing:enabled": False})
V4 = {**V3, "nfs": {"v4_only": True}}
ARTICLE = site({"cluster:password": ...})
DROP_IN = "/etc/nfs.conf.d/zz-hanfs.conf"
SCRIPT = "/etc/init.d/nfs-kernel-server"
LOCAL = "/etc/lvm/lvmlocal.conf"


class Machine:
    """Files below a directory, systemd's units, and commands that answer what they are told to."""

    def __init__(self, root):
        self.root = root
        self.units, self.calls, self.answers = {}, [], {}
        self.shared = False
        self.reload = lambda: self.calls.append("reload")

    def put(self, path, text, mode=0o644):
        place = self.root / path[1:]
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        place.chmod(mode)

    def get(self, path):
        place = self.root / path[1:]
        return place.read_text() if place.exists() else None

    def run(self, cmd, **_):
        self.calls.append(cmd)
        answer = self.answers.get(cmd[0], "")
        if callable(answer):
            answer = answer(cmd)
        code, text = answer if isinstance(answer, tuple) else (0, answer)
        return {"retcode": code, "stdout": text, "stderr": text}

    def _set(self, key, value):
        def act(unit):
            self.calls.append(f"{key}={value} {unit}")
            self.units.setdefault(unit, {})[key] = value
            if key == "masked":
                link = self.root / "etc/systemd/system" / unit
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to("/dev/null") if value else link.unlink()
            return True

        return act

    def state(self, file, function, test=False):
        """A state: ``(name, site, ...)`` with the site in pillar, or ``(name)`` without any."""

        def call(name, site=None, *args):
            if site is None:
                return self._state(file, function, {}, test)(name)
            return self._state(file, function, pillar(site), test)(name, PATH, *args)

        return call

    def _state(self, file, function, tree, test):
        made = load(
            opts={"test": test},
            pillar=tree,
            run=self.run,
            salt={
                "service.available": lambda unit: unit in self.units,
                "service.enabled": lambda unit: bool(self.units.get(unit, {}).get("enabled")),
                "service.status": lambda unit: bool(self.units.get(unit, {}).get("running")),
                "service.enable": self._set("enabled", True),
                "service.disable": self._set("enabled", False),
                "service.start": self._set("running", True),
                "service.stop": self._set("running", False),
                "service.mask": self._set("masked", True),
                "service.unmask": self._set("masked", False),
                "service.systemctl_reload": lambda: self.reload(),
                "_hanfs_here.nfs_state_is_shared": lambda: self.shared,
                "selinux.setsebool": lambda *a, **k: not self.calls.append((a, k)),
                "selinux.fcontext_add_policy": lambda *a, **k: (
                    self.calls.append((a, k)) or {"retcode": 0}
                ),
            },
        )
        made.library._hanfs_settings_files.ROOT = str(self.root)
        return getattr(getattr(made.states, f"hanfs_{file}"), function)

    def converge(self, file, function, *args, **kwargs):
        """Predict, do, do again: the changes. A dry run writes nothing, the last one has nothing
        to do."""
        before, calls = self.snapshot(), list(self.calls)
        dry = self.state(file, function, test=True)(*args, **kwargs)
        assert self.snapshot() == before
        assert not [call for call in self.calls[len(calls) :] if "=" in str(call)[:12]]
        ret = self.state(file, function)(*args, **kwargs)
        assert ret["result"] is True, ret["comment"]
        assert dry["changes"] == ret["changes"]
        assert dry["result"] is (None if ret["changes"] else True)
        again = self.state(file, function)(*args, **kwargs)
        assert (again["result"], again["changes"]) == (True, {})
        return ret["changes"]

    def snapshot(self):
        return {
            str(path): (path.read_bytes(), path.stat().st_mode)
            for path in sorted(self.root.rglob("*"))
            if path.is_file()
        }


@pytest.fixture
def machine(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name, **_: f"/usr/sbin/{name}")
    return Machine(tmp_path)


# --- the NFS server's settings --------------------------------------------------------------------


def test_a_drop_in_has_all_that_the_site_says(machine):
    machine.put("/etc/nfs.conf", "[nfsd]\nthreads=8\n")
    changes = machine.converge("settings", "nfs_settings", "x", V3, "drop-in")
    assert changes["[nfsd] lease-time"] == {"old": None, "new": "60"}
    assert changes["[statd] no-notify"]["new"] == "y"
    assert machine.get("/etc/nfs.conf") == "[nfsd]\nthreads=8\n"
    changes = machine.converge("settings", "nfs_settings", "x", V4, "drop-in")
    assert changes["[nfsd] vers3"] == {"old": "y", "new": "n"}
    assert changes["[mountd] port"] == {"old": "20048", "new": None}
    assert "statd" not in machine.get(DROP_IN)


def test_it_counts_from_the_next_start(machine):
    ret = machine.state("settings", "nfs_settings")("x", V3, "drop-in")
    assert "next start of the NFS server" in ret["comment"]
    assert machine.calls == [], "nothing is restarted or reloaded"


@pytest.mark.parametrize("style", ["drop-in", "nfs.conf", "default", "sysconfig"])
def test_there_and_back_again(machine, style):
    for one in (V3, V4, V3):
        assert machine.converge("settings", "nfs_settings", "x", one, style)


def test_lines_of_others_stay(machine):
    machine.put("/etc/nfs.conf", "[nfsd]\nhost=10.0.0.1\n[gssd]\nverbosity=1\n", 0o600)
    machine.converge("settings", "nfs_settings", "x", V3, "nfs.conf")
    text = machine.get("/etc/nfs.conf")
    assert "host=10.0.0.1\n" in text and "[gssd]\nverbosity=1\n" in text
    assert stat.S_IMODE((machine.root / "etc/nfs.conf").stat().st_mode) == 0o600
    machine.put("/etc/default/nfs-kernel-server", 'RPCMOUNTDOPTS="--manage-gids"\nOWN=1\n')
    machine.converge("settings", "nfs_settings", "x", V3, "default")
    assert machine.get("/etc/default/nfs-kernel-server").startswith(
        'RPCMOUNTDOPTS="--manage-gids --port 20048"\nOWN=1\n'
    )
    assert "--nlm-port 32803" in machine.get("/etc/default/nfs-common")


def test_what_only_a_shell_can_read_is_an_error(machine):
    machine.put("/etc/sysconfig/nfs", 'RPCMOUNTDOPTS="-p $PORT"\n')
    ret = machine.state("settings", "nfs_settings")("x", V3, "sysconfig")
    assert ret["result"] is False and "/etc/sysconfig/nfs: RPCMOUNTDOPTS" in ret["comment"]
    assert machine.get("/etc/sysconfig/nfs") == 'RPCMOUNTDOPTS="-p $PORT"\n'


@pytest.mark.parametrize(
    "file,function,args",
    [
        ("settings", "nfs_settings", ["drop-in"]),
        ("settings", "lockd_settings", []),
        ("settings", "lvm_settings", []),
        ("units", "nfs_versions", []),
        ("units", "helpers_restarted", []),
        ("statd", "statd_directory", ["statd"]),
    ],
)
def test_the_article_leaves_the_machine_as_it_is(machine, file, function, args):
    assert machine.converge(file, function, "/x", ARTICLE, *args) == {}
    assert machine.snapshot() == {} and machine.calls == []


# --- the lock manager -----------------------------------------------------------------------------


def test_the_lock_managers_ports(machine):
    path, live = "/etc/modprobe.d/hanfs-lockd.conf", "/proc/sys/fs/nfs/nlm_tcpport"
    sysctl = "/etc/sysctl.d/zz-hanfs-lockd.conf"
    machine.put(live, "0\n")
    changes = machine.converge("settings", "lockd_settings", "x", V3)
    options = "options lockd nlm_tcpport=32803 nlm_udpport=32769"
    assert changes == {
        path: {"old": None, "new": options},
        sysctl: {"old": None, "new": "-fs.nfs.nlm_tcpport = 32803\n-fs.nfs.nlm_udpport = 32769"},
        live: {"old": "0", "new": "32803"},
    }
    assert machine.get(live) == "32803"
    assert machine.converge("settings", "lockd_settings", "x", V4)[path]["new"] is None
    assert machine.get(path) is None and machine.get(sysctl) is None


# --- LVM ------------------------------------------------------------------------------------------


def test_lvm_learns_whose_the_volume_group_is(machine):
    machine.put("/etc/lvm/lvm.conf", 'global {\n\t# system_id_source = "none"\n}\n')
    machine.put(LOCAL, "# local\nlocal {\n}\n")
    changes = machine.converge("settings", "lvm_settings", "x", V3)
    assert changes == {"global/system_id_source": {"old": None, "new": "uname"}}
    assert machine.get(LOCAL).startswith("# local\nlocal {\n}\n")
    assert ["lvmconfig", "--validate"] in machine.calls


def test_a_run_with_nothing_to_do_starts_no_process(machine):
    machine.state("settings", "lvm_settings")("x", V3)
    machine.calls.clear()
    assert machine.state("settings", "lvm_settings")("x", V3)["changes"] == {}
    assert machine.calls == []


@pytest.mark.parametrize("file", ["/etc/lvm/lvm.conf", LOCAL])
def test_another_source_is_kept(machine, file):
    machine.put(file, 'global { system_id_source = "machineid" }\n')
    assert machine.converge("settings", "lvm_settings", "x", V3) == {}
    ret = machine.state("settings", "lvm_settings")("x", V3)
    assert ret["comment"] == "LVM's system id comes from machineid"


def test_a_file_that_lvm_refuses_is_put_back(machine):
    machine.put(LOCAL, "# mine\n")
    machine.answers["lvmconfig"] = (5, "Parse error")
    ret = machine.state("settings", "lvm_settings")("x", V3)
    assert ret["result"] is False and "Parse error" in ret["comment"] and ret["changes"] == {}
    assert machine.get(LOCAL) == "# mine\n"
    os.unlink(machine.root / LOCAL[1:])
    assert machine.state("settings", "lvm_settings")("x", V3)["result"] is False
    assert machine.get(LOCAL) is None


def test_a_volume_list_is_told(machine):
    machine.put("/etc/lvm/lvm.conf", 'activation { volume_list = [ "vg0" ] }\n')
    ret = machine.state("settings", "lvm_settings")("x", V3)
    assert ret["result"] is False and "LVM-activate refuses" in ret["comment"]


def test_old_lvm_gets_a_list_of_what_is_activated_at_boot(machine):
    machine.answers["vgs"] = "  NFS_SHARED\n  vg1\n  vg0\n"
    key = "activation/auto_activation_volume_list"
    changes = machine.converge("settings", "lvm_settings", "x", V3, "list")
    assert changes[key] == {"old": None, "new": ["vg0", "vg1"]}
    machine.answers["vgs"] = "  vg1\n  vg2\n"
    changes = machine.converge("settings", "lvm_settings", "x", V3, "list")
    assert changes == {key: {"old": ["vg0", "vg1"], "new": ["vg0", "vg1", "vg2"]}}


@pytest.mark.parametrize("listed,result", [('"vg0"', True), ('"vg0", "NFS_SHARED/data"', False)])
def test_a_list_of_somebody_else(machine, listed, result):
    machine.put("/etc/lvm/lvm.conf", f"activation/auto_activation_volume_list = [ {listed} ]\n")
    ret = machine.state("settings", "lvm_settings")("x", V3, "list")
    assert ret["result"] is result and ("NFS_SHARED/data" in ret["comment"]) is not result


@pytest.mark.skipif(not shutil.which("lvmconfig"), reason="needs lvm2")
def test_lvm_itself_reads_what_is_written(machine):
    machine.put("/etc/lvm/lvm.conf", "global {\n\tumask = 077\n}\n")
    machine.answers["vgs"] = "vg0"
    machine.state("settings", "lvm_settings")("x", V3, "list")
    env = {
        **os.environ,
        "LVM_SYSTEM_DIR": f"{machine.root}/etc/lvm",
        "LVM_SUPPRESS_FD_WARNINGS": "1",
    }
    ask = ["global/system_id_source", "activation/auto_activation_volume_list"]
    done = subprocess.run(["lvmconfig", *ask], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ['system_id_source="uname"', 'auto_activation_volume_list="vg0"']


# --- units ----------------------------------------------------------------------------------------


def test_storage_outlives_the_cluster(machine):
    path = "/etc/systemd/system/resource-agents-deps.target.d/hanfs.conf"
    assert list(machine.converge("settings", "storage_outlives_cluster", "x")) == [path]
    assert "\nAfter=iscsi.service " in machine.get(path)
    assert machine.calls == ["reload"], "once, and not when nothing changed"


def test_packages_start_nothing_of_the_clusters(machine):
    machine.converge("units", "packages_start_nothing", "x")
    script = machine.root / "usr/sbin/policy-rc.d"
    assert script.stat().st_mode & 0o777 == 0o755

    def asked(*words):
        return subprocess.run([str(script), *words], check=False).returncode

    for unit in ("nfs-server.service", "nfs-kernel-server", "corosync.service", "pacemaker"):
        assert [asked(unit, action) for action in ("start", "restart", "reload")] == [101] * 3
        assert asked(unit, "stop") == 0
        # invoke-rc.d --quiet hands its option on.
        assert asked("--quiet", unit, "restart") == 101
        assert asked("--quiet", unit, "stop") == 0
    assert asked("ssh.service", "restart") == 0 and asked("pcsd", "start") == 0


def test_a_policy_of_somebody_else_stays(machine):
    machine.put("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n")
    assert machine.converge("units", "packages_start_nothing", "x") == {}
    assert machine.get("/usr/sbin/policy-rc.d") == "#!/bin/sh\nexit 101\n"


def _statoverride(machine):
    def act(cmd):
        place = machine.root / cmd[-1][1:]
        place.chmod(int(cmd[-2], 8))
        machine.put("/var/lib/dpkg/statoverride", f"root root 644 {cmd[-1]}\n")
        return ""

    return act


def test_the_old_start_script_is_switched_off(machine):
    machine.put(SCRIPT, "#!/bin/sh\n", 0o755)
    machine.answers["dpkg-statoverride"] = _statoverride(machine)
    assert machine.converge("units", "init_script_off", SCRIPT) == {
        SCRIPT: {"old": "0755", "new": "0644"}
    }
    assert len(machine.calls) == 1


def test_not_while_the_cluster_runs_the_server_here(machine):
    machine.put(SCRIPT, "#!/bin/sh\n", 0o755)
    machine.shared = True
    path = "/etc/systemd/system/nfsdcld.service.d/hanfs.conf"
    assert list(machine.converge("units", "init_script_off", SCRIPT)) == [path]
    assert "\nPartOf=nfs-server.service\n" in machine.get(path) and machine.calls == ["reload"]
    assert (machine.root / SCRIPT[1:]).stat().st_mode & 0o111
    ret = machine.state("units", "init_script_off")(SCRIPT)
    assert "apply again when the service is elsewhere" in ret["comment"]
    machine.shared = False
    machine.answers["dpkg-statoverride"] = (2, "an override exists")
    ret = machine.state("units", "init_script_off")(SCRIPT)
    assert ret["result"] is False and "an override exists" in ret["comment"]
    assert machine.converge("units", "init_script_off", "/etc/init.d/none") == {}


def test_fsidd_is_disabled_before_it_is_stopped(machine):
    assert machine.converge("units", "unit_off", "fsidd") == {}
    machine.units["fsidd"] = {"enabled": True, "running": True}
    changes = machine.converge("units", "unit_off", "fsidd")
    assert set(changes["fsidd"]) == {"enabled", "running"}
    assert machine.calls == ["enabled=False fsidd", "running=False fsidd"]


UNITS = ["rpc-statd.service", "rpc-statd-notify.service", "rpcbind.service", "rpcbind.socket"]


AGENT = "/usr/lib/ocf/resource.d/heartbeat/nfsserver"


@pytest.fixture
def agent(machine):
    machine.put(AGENT, '<parameter name="nfsv4_only">')


def test_an_old_agent_waits_for_rpcbind_without_end(machine):
    assert machine.converge("units", "nfs_versions", "x", V4) == {}
    machine.put(AGENT, '<parameter name="nfs_ip">')
    machine.units["rpcbind.socket"] = {"running": True}
    assert machine.converge("units", "nfs_versions", "x", V4) == {}
    assert machine.calls == []


def test_nfs_4_only_needs_no_rpcbind(machine, agent):
    machine.units["rpcbind.socket"] = {"running": True}
    changes = machine.converge("units", "nfs_versions", "x", V4)
    assert list(changes) == UNITS
    assert changes["rpcbind.socket"]["running"] == {"old": True, "new": False}
    assert machine.calls[-1] == "running=False rpcbind.socket"
    machine.calls.clear()
    assert list(machine.converge("units", "nfs_versions", "x", V3)) == UNITS
    assert machine.calls == [f"masked=False {unit}" for unit in UNITS]


def test_nothing_is_stopped_under_a_running_server(machine, agent):
    machine.shared = True
    machine.units["rpcbind.socket"] = {"running": True}
    machine.state("units", "nfs_versions")("x", V4)
    assert machine.units["rpcbind.socket"] == {"running": True, "masked": True}


def test_a_machine_that_mounts_nfs_3_itself(machine, agent):
    line = "36 29 0:32 / /mnt rw - {} server:/x rw,vers={}\n"
    machine.put("/proc/self/mountinfo", line.format("nfs", 3))
    ret = machine.state("units", "nfs_versions")("x", V4)
    assert ret["result"] is False and "(/mnt)" in ret["comment"] and machine.calls == []
    machine.put("/proc/self/mountinfo", line.format("nfs4", "4.2"))
    assert machine.state("units", "nfs_versions")("x", V4)["result"] is True


KRB5 = {**V3, "exports": [{**V3["exports"][1], "options": ["ro", "sync", "sec=sys:krb5p"]}]}


def test_kerberos(machine):
    assert machine.converge("units", "kerberos_ready", "x", V3, ["gssproxy"]) == {}
    ret = machine.state("units", "kerberos_ready")("x", KRB5, ["gssproxy"])
    assert ret["result"] is False and "/etc/krb5.keytab" in ret["comment"]
    machine.put("/etc/krb5.keytab", "")
    changes = machine.converge("units", "kerberos_ready", "x", KRB5, ["gssproxy"], ["a.service"])
    assert machine.units["gssproxy"] == {"enabled": True, "running": True}
    path = "/etc/systemd/system/nfs-server.service.d/hanfs.conf"
    assert set(changes) == {"gssproxy", path}
    assert "\nWants=a.service\n" in machine.get(path) and "reload" in machine.calls


# --- the formula's own agent ----------------------------------------------------------------------

SCOPED = "/etc/systemd/system/nfs-server.service.d/51-resource-agents-unshare-uts.conf"
UNIT = "/usr/lib/systemd/system/nfs-server.service"


def test_the_scope_is_wrapped_around_what_the_unit_starts(machine):
    ret = machine.state("agent", "nfs_scope", test=True)("x", V3)
    assert ret["result"] is None and ret["changes"] == {}
    assert machine.state("agent", "nfs_scope")("x", V3)["result"] is False
    machine.put(UNIT, "[Service]\nExecStart=/usr/sbin/rpc.nfsd\nExecStop=/usr/sbin/rpc.nfsd 0\n")
    machine.put(f"{UNIT}.d/a.conf", "[Service]\nExecStart=-/bin/sh -c 'first \\\n second'\n")
    # What ocf:heartbeat:nfsserver leaves is no command of the unit's.
    machine.put(f"/run{SCOPED[4:]}", "[Service]\nExecStart=\nExecStart=theirs\n")
    changes = machine.converge("agent", "nfs_scope", "x", V3)
    assert set(changes) == {SCOPED} and "reload" in machine.calls
    started = [line for line in machine.get(SCOPED).splitlines() if line.startswith("Exec")]
    assert started[0] == "ExecStart=" and len(started) == 3
    assert started[1].startswith("ExecStart=/usr/bin/unshare --uts /bin/sh -c '")
    assert started[1].endswith("' -- /usr/sbin/rpc.nfsd")
    assert started[2].startswith("ExecStart=-/usr/bin/unshare ")
    assert started[2].endswith("' -- /bin/sh -c 'first   second'")


def test_a_drop_in_that_begins_anew_counts_alone(machine):
    machine.put(UNIT, "[Service]\nExecStart=/usr/sbin/rpc.nfsd\n")
    machine.put(f"/etc{UNIT[8:]}.d/own.conf", "[Service]\nExecStart=\nExecStart=/opt/nfsd\n")
    machine.converge("agent", "nfs_scope", "x", V3)
    assert "-- /opt/nfsd\n" in machine.get(SCOPED) and "rpc.nfsd" not in machine.get(SCOPED)


def test_what_systemd_could_not_read_is_not_left(machine):
    machine.put(UNIT, "[Service]\nExecStart=/usr/sbin/rpc.nfsd\n")

    def broken():
        raise CommandExecutionError("no bus")

    machine.reload = broken
    ret = machine.state("agent", "nfs_scope")("x", V3)
    assert ret["result"] is False and "no bus" in ret["comment"] and ret["changes"] == {}
    assert machine.get(SCOPED) is None


def test_without_a_scope_or_with_the_other_agent_there_is_no_drop_in(machine):
    machine.put(UNIT, "[Service]\nExecStart=/usr/sbin/rpc.nfsd\n")
    for other in ({**V3, "nfs": {"agent": "heartbeat"}}, {**V3, "server_scope": False}, ARTICLE):
        assert machine.converge("agent", "nfs_scope", "x", other) == {}
    assert machine.get(SCOPED) is None


def test_our_agent_knows_nfs_4_only_whatever_the_other_one_knows(machine):
    machine.put(AGENT, '<parameter name="nfs_ip">')
    ours = {**V4, "nfs": {"v4_only": True, "agent": "hanfs"}}
    assert list(machine.converge("units", "nfs_versions", "x", ours)) == UNITS


# --- SELinux --------------------------------------------------------------------------------------


def test_without_selinux_nothing_is_done(machine):
    assert machine.converge("selinux", "selinux_ready", "x", V3) == {}


def test_selinux_is_told_once(machine):
    machine.put("/sys/fs/selinux/enforce", "1")
    machine.put("/sys/fs/selinux/booleans/nfs_export_all_ro", "1 1")
    machine.put("/sys/fs/selinux/booleans/nfs_export_all_rw", "0 0")
    machine.put("/etc/selinux/config", "SELINUX=enforcing\nSELINUXTYPE=mls\n")
    spec = "/srv/nfs/nfsinfo(/.*)?"
    ret = machine.state("selinux", "selinux_ready")("x", V3)
    assert ret["changes"] == {
        "nfs_export_all_rw": {"old": "off", "new": "on"},
        spec: {"old": None, "new": "var_lib_nfs_t"},
    }
    assert machine.calls == [
        (("nfs_export_all_rw", "on"), {"persist": True}),
        ((spec,), {"sel_type": "var_lib_nfs_t"}),
    ]
    machine.put("/sys/fs/selinux/booleans/nfs_export_all_rw", "1 1")
    machine.put(
        "/etc/selinux/mls/contexts/files/file_contexts.local",
        f"{spec}    system_u:object_r:var_lib_nfs_t:s0\n",
    )
    assert machine.converge("selinux", "selinux_ready", "x", V3) == {}


# --- rpc.statd ------------------------------------------------------------------------------------


def test_the_directory_of_rpc_statd(machine):
    name = f"{machine.root}/var/lib/nfs/statd"
    changes = machine.converge("statd", "statd_directory", name, V3, "nobody")
    assert list(changes) == [name, f"{name}/sm", f"{name}/sm.bak"]
    assert all(os.stat(path).st_uid == 65534 for path in changes)
    os.chown(f"{name}/sm", 0, 0)
    assert list(machine.converge("statd", "statd_directory", name, V3, "nobody")) == [f"{name}/sm"]
    assert machine.converge("statd", "statd_directory", name, V4, "nobody") == {}
    # What the agent copies, owner and mode too, and copies back when it starts after a crash.
    os.makedirs(f"{name}/sm.ha/sm")
    copied = machine.converge("statd", "statd_directory", name, V3, "nobody")
    assert list(copied) == [f"{name}/sm.ha/sm"]
    assert os.stat(f"{name}/sm.ha/sm").st_uid == 65534


def test_the_shared_one_waits_for_its_file_system(machine, monkeypatch):
    mount = f"{machine.root}/srv"
    one = hardened(
        {"cluster:password": ..., "fencing:devices": {}, "fencing:enabled": False,
         "storage:mountpoint": mount, "exports": [{**V3["exports"][0], "directory": f"{mount}/x"}]}
    )  # fmt: skip
    name = f"{mount}/nfsinfo/statd"
    assert machine.converge("statd", "statd_directory", "x", one, "nobody", True) == {}
    assert not os.path.exists(mount)
    monkeypatch.setattr(os.path, "ismount", lambda path: path == mount)
    assert name in machine.converge("statd", "statd_directory", "x", one, "nobody", True)


def test_no_such_user(machine):
    name = f"{machine.root}/statd"
    assert machine.state("statd", "statd_directory", True)(name, V3, "nosuch")["result"] is None
    ret = machine.state("statd", "statd_directory")(name, V3, "nosuch")
    assert ret["result"] is False and "no user nosuch" in ret["comment"]
