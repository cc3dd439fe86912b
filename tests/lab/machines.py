"""Nodes as machines: a kernel of their own, so that everything above it is real.

Device mapper, XFS, nfsd and its locks are the true ones here. Which kind of machine
it is, KVM or User Mode Linux, is found out by trying: a /dev/kvm that exists may
still not run a kernel.
"""

from __future__ import annotations

import functools
import hashlib
import os
import shlex
import signal
import subprocess
import time
from pathlib import Path

from tests.lab import machine_image, network, paths, qemu, uml
from tests.lab.node import Node
from tests.lab.progress import say
from tests.lab.wait import wait_until

SERVERS = ("nfs-server1", "nfs-server2")
CLIENT = "nfs-client"
SHARED_DISK_MIB = 512
MEMORY_MIB = 1024
# The environment variable that names the kind of machine: qemu or uml.
CHOICE = "HANFS_LAB_MACHINES"

# All boot from one image; this is what a machine does not start of it.
NOT_ON_CLIENTS = (
    *("firewalld", "corosync", "pacemaker", "pcsd", "pcsd-ruby", "salt-minion"),
    *("nfs-server", "nfs-mountd", "nfsdcld", "rpcbind"),
)


@functools.cache
def backend():
    """The module that runs machines here: ``qemu`` where KVM works, else ``uml``."""
    wanted = os.environ.get(CHOICE)
    if not wanted:
        reason = qemu.why_not()
        wanted = "uml" if reason else "qemu"
        if reason:
            say(f"machines run on User Mode Linux: {reason}")
    return {"qemu": qemu, "uml": uml}[wanted]


def prepare():
    """Choose the kind of machine and build its image, while there still is a network."""
    chosen = backend()
    machine_image.ensure(chosen.KERNEL)
    # Inherited by the process inside the lab's namespaces.
    os.environ[CHOICE] = chosen.__name__.rpartition(".")[2]


def shared_disk(name="shared"):
    """Make the raw file of a disk that two machines share; return its path."""
    path = paths.SCRATCH / f"{name}.raw"
    with open(path, "wb") as handle:
        handle.truncate(SHARED_DISK_MIB * 1024 * 1024)
    return path


def article():
    """The article's machines, switched off: two servers on one disk, and a client."""
    disk = shared_disk()
    return [
        *(Machine(name, shared_disk=disk) for name in SERVERS),
        Machine(CLIENT, masked=NOT_ON_CLIENTS),
    ]


def start_all(machines, timeout=300):
    """Switch all of them on at once and wait until each can be reached."""
    if not backend().HAS_FIREWALL:
        say("firewalld is not used on these machines: their kernel lacks nftables' inet tables")
    for machine in machines:
        machine.start()
    for machine in machines:
        machine.wait_until_reachable(timeout)
    return machines


class Machine(Node):
    """A node with a kernel of its own; commands reach it by ssh on the mgmt network.

    ``shared_disk`` is the path of a raw file that others may have too, ``masked`` the
    services that it must not start, ``memory`` its size in MiB.
    """

    def __init__(self, name, number=None, shared_disk=None, masked=(), memory=MEMORY_MIB):
        super().__init__(name, number)
        self._backend = backend()
        self._image = machine_image.ensure(self._backend.KERNEL)
        self.shared_disk = self._backend.SHARED_DISK if shared_disk else None
        self.shared_file = shared_disk
        self.memory = memory
        self.directory = paths.SCRATCH / name
        self.directory.mkdir()
        self._masked = masked if self._backend.HAS_FIREWALL else (*masked, "firewalld")
        self._process = None

    def cards(self):
        """(tap, MAC address) of each network card, in the order of the networks."""
        return [
            (network.port(name, self.number), f"02:00:00:00:{index:02x}:{self.number:02x}")
            for index, name in enumerate(network.PREFIXES)
        ]

    def kernel_arguments(self):
        """Who this machine is, for its kernel's command line."""
        return [
            "quiet",
            "net.ifnames=0",
            # Hundreds of devices that nobody opens, and udev looks at each of them.
            "pty.legacy_count=0",
            f"systemd.hostname={self.name}",
            f"systemd.machine_id={hashlib.md5(self.name.encode()).hexdigest()}",
            "systemd.show_status=0",
            *(
                f"lab.address=eth{index}:{address}/24"
                for index, address in enumerate(self.addresses.values())
            ),
            *(f"systemd.mask={unit}.service" for unit in self._masked),
        ]

    def start(self):
        """Switch it on, without waiting for it. After ``power_off`` it boots from what it had."""
        network.ensure_bridges()
        for (tap, _), bridge in zip(self.cards(), network.PREFIXES):
            if not Path("/sys/class/net", tap).exists():
                network.ip("tuntap", "add", tap, "mode", "tap")
                network.ip("link", "set", tap, "master", bridge, "up")
        with open(self.directory / "console", "ab") as console:
            self._process = subprocess.Popen(
                self._backend.command(self, self._image),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
            )
        return self

    def wait_until_reachable(self, timeout=300):
        """Wait until a command can be run; a TimeoutError shows the end of its console."""

        def look():
            if not self.alive():
                raise RuntimeError(f"{self.name} went off while booting:\n{self.console()}")
            try:
                done = self.run(["true"], timeout=30, check=False)
            except subprocess.TimeoutExpired:
                return False, "ssh hangs"
            return done.returncode == 0, f"ssh exits with {done.returncode}\n{self.console()}"

        wait_until(look, timeout, f"{self.name} to answer by ssh")
        return self

    def console(self, lines=30):
        """The last lines of its console, as text."""
        text = (self.directory / "console").read_text(errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def _ssh(self, *options):
        # One connection stays open: a new one costs a slow machine half a second.
        settings = {
            "BatchMode": "yes",
            "StrictHostKeyChecking": "no",
            "UserKnownHostsFile": "/dev/null",
            "ConnectTimeout": "10",
            "ServerAliveInterval": "30",
            "ServerAliveCountMax": "10",
            "ControlMaster": "auto",
            "ControlPersist": "yes",
            "ControlPath": str(self.directory / "ssh"),
        }
        words = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
        key = ["-F", "none", "-i", str(paths.SSH_KEY)]
        return ["ssh", "-q", *key, *words, *options, f"root@{self.addresses['mgmt']}"]

    def command(self, argv):
        return [*self._ssh(), "--", shlex.join(argv)]

    def alive(self):
        return self._process is not None and self._process.poll() is None

    def power_off(self):
        if self._process is None:
            return
        if self.alive():
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None
        subprocess.run(self._ssh("-O", "exit"), capture_output=True, timeout=30)

    def stop(self, timeout=120):
        """Shut it down in order, and cut its power when that takes over ``timeout`` seconds."""
        if self.alive():
            self.run(["systemctl", "poweroff"], timeout=60, check=False)
            deadline = time.monotonic() + timeout
            while self.alive() and time.monotonic() < deadline:
                time.sleep(0.2)
        self.power_off()
