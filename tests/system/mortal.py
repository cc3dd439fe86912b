"""Killing the NFS server's helpers under a client, and what a node is set to after a boot."""

from __future__ import annotations

import subprocess

from tests.lab import hardened
from tests.lab.wait import wait_until

# Unit, and the name of its process.
HELPERS = {
    "nfs-mountd": "rpc.mountd",
    "nfsdcld": "nfsdcld",
    "nfs-idmapd": "rpc.idmapd",
    "rpc-statd": "rpc.statd",
    "rpcbind": "rpcbind",
}
SECONDS = 120
V3 = "/mnt/v3"
# Takes a lock and keeps it; for each line of input it writes through that open file.
HOLD = """import fcntl, os, sys
held = open(sys.argv[1], "w")
fcntl.lockf(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
print("held", flush=True)
for line in sys.stdin:
    try:
        held.write(line)
        held.flush()
        os.fsync(held.fileno())
        print("written", flush=True)
    except OSError as err:
        print(err, flush=True)
"""
LATE = "/mnt/late"
# nfsdcld stays dead for so long that a client certainly comes meanwhile.
DEAD = "/run/systemd/system/nfsdcld.service.d/zz-dead-for-longer.conf"
DEAD_TEXT = "[Service]\nRestartSec=5s\n"
# The clients that nfsdcld has noted, one a line.
NOTED = """import sqlite3
data = sqlite3.connect("file:/var/lib/nfs/nfsdcld/main.sqlite?mode=ro", uri=True)
for (table,) in data.execute("select name from sqlite_master where name like 'rec-%'").fetchall():
    for (client,) in data.execute(f'select id from "{table}"').fetchall():
        print(client)
"""
# As if lockd were built into the kernel: there before systemd-sysctl, and with no options.
EARLY = """[Unit]
DefaultDependencies=no
Before=systemd-sysctl.service
[Service]
Type=oneshot
ExecStart=/sbin/modprobe --all sunrpc grace
ExecStart=/bin/sh -c 'insmod $(modinfo --field filename lockd)'
[Install]
WantedBy=sysinit.target
"""
PORTS = {"nlm_tcpport": "32803", "nlm_udpport": "32769"}


def mount(client, version, source, mountpoint):
    client.run(["mkdir", "-p", mountpoint])
    client.run(["mount", "-t", "nfs", "-o", f"vers={version},hard", source, mountpoint], timeout=90)


class Lock:
    """A file that a process on the client has open and locked, until ``give_back``."""

    def __init__(self, client, directory):
        self.client, self.path = client, f"{hardened.SERVED}/lock-{directory.rpartition('/')[2]}"
        client.put("/root/hold.py", HOLD)
        words = ["python3", "/root/hold.py", f"{directory}/{self.path.rpartition('/')[2]}"]
        self.process = client.popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._expect("held")

    def _expect(self, word):
        said = self.process.stdout.readline().strip()
        assert said == word, f"{self.path}: {said}"

    def write(self):
        """Write through it. With NFSv4 that is an error once the lock is lost."""
        self.process.stdin.write("once more\n")
        self.process.stdin.flush()
        self._expect("written")

    def is_on(self, server):
        """Whether the server's own kernel has the lock; asking for it would be in its way."""
        inode = server.run(["stat", "-c", "%i", self.path]).stdout.strip()
        locks = server.run(["cat", "/proc/locks"]).stdout.splitlines()
        return any(line.split()[5].endswith(f":{inode}") for line in locks)

    def wait_until_on(self, server):
        """Until the client has it again, on the server that took over."""
        wait_until(lambda: (self.is_on(server), ""), SECONDS, f"the lock of {self.path}")

    def give_back(self):
        self.process.stdin.close()
        self.process.wait(SECONDS)


def v3_lock(client, source):
    """A lock by NFSv3; the client's rpcbind and rpc.statd are no units there."""
    for program in (["rpcbind"], ["rpc.statd", "--no-notify"]):
        client.run(program)
    mount(client, "3", source, V3)
    return Lock(client, V3)


def late_lock(server, client, source):
    """A lock of a client that comes while nfsdcld is dead.

    Another version is another client to the server.
    """
    server.run(["mkdir", "-p", DEAD.rpartition("/")[0]])
    server.put(DEAD, DEAD_TEXT)
    server.run(["systemctl", "daemon-reload"])
    came_back = kill(server, "nfsdcld")
    assert not number(server, "nfsdcld")
    mount(client, "4.1", source, LATE)
    lock = Lock(client, LATE)
    came_back()
    server.run(["rm", DEAD])
    server.run(["systemctl", "daemon-reload"])
    return lock


def number(server, program):
    return server.run(["pgrep", "-x", program], check=False).stdout.strip()


def kill(server, program):
    """Kill it; return what waits until systemd has started another one."""
    old = number(server, program)
    assert old, f"{program} does not run"
    server.run(["kill", "-9", old])

    def look():
        new = number(server, program)
        return new not in ("", old), new

    return lambda: wait_until(look, SECONDS, f"{program} to be started again")


def registered(server):
    """What rpcbind knows, without the owners' order."""
    return sorted(server.run(["rpcinfo", "-p"]).stdout.splitlines())


def wait_until_registered(server, wanted):
    def look():
        found = registered(server)
        return found == wanted, sorted(set(wanted) - set(found))

    wait_until(look, SECONDS, "the registrations that rpcbind lost")


def wait_until_exported(server, wanted):
    def look():
        found = server.run(["exportfs", "-s"]).stdout
        return found == wanted, found

    wait_until(look, SECONDS, "the exports to be as they were")


def noted(server):
    return server.run(["python3", "-c", NOTED]).stdout


def lock_manager_comes_early(server):
    """At its next boot the kernel has lockd as if it were built in."""
    server.put("/etc/systemd/system/early-lockd.service", EARLY)
    server.run(["systemctl", "enable", "early-lockd.service"])
    server.run(["sync"])


def ports_of_lockd(server):
    return {name: server.run(["cat", f"/proc/sys/fs/nfs/{name}"]).stdout.strip() for name in PORTS}


def assert_settings_hold(server):
    """What the formula wrote for a module, for sysctl and for units holds after a boot."""
    assert ports_of_lockd(server) == PORTS, "lockd built in: systemd-sysctl"
    # Nothing serves or mounts NFS here now, so it can go and come as a module.
    server.run(["systemctl", "stop", "rpc-statd.service", "proc-fs-nfsd.mount"], check=False)
    server.run(["modprobe", "--remove", "nfsd"], check=False)
    server.run(["modprobe", "--remove", "lockd"])
    server.run(["modprobe", "lockd"])
    assert ports_of_lockd(server) == PORTS, "lockd as a module: modprobe.d"
    shown = server.run(
        ["systemctl", "show", "--property=Id,Restart,OnFailure,UnitFileState,After",
         *(f"{unit}.service" for unit in HELPERS), "nfs-server.service",
         "resource-agents-deps.target"]
    ).stdout  # fmt: skip
    units = {}
    for block in shown.split("\n\n"):
        unit = dict(line.split("=", 1) for line in block.splitlines())
        units[unit["Id"].rpartition(".")[0]] = unit
    assert units["nfs-mountd"]["OnFailure"] == "hanfs-again@nfs-mountd.service"
    restarted = {name for name in HELPERS if units[name]["Restart"] == "on-failure"}
    assert restarted == set(HELPERS) - {"nfs-mountd"}
    assert units["nfs-server"]["UnitFileState"] == "disabled"
    assert "multipathd.service" in units["resource-agents-deps"]["After"].split()
    told = server.run(["lvmconfig", "global/system_id_source"]).stdout
    assert told.strip() == 'system_id_source="uname"'
    for name, (section, key) in {
        "nlm_tcpport": ("lockd", "port"),
        "nlm_udpport": ("lockd", "udp-port"),
    }.items():
        assert server.run(["nfsconf", "--get", section, key]).stdout.strip() == PORTS[name]
    assert "32803/tcp" in server.run(["firewall-cmd", "--list-ports"]).stdout.split()
