"""Nodes as machines: a kernel of their own, so that everything above it is real.

Device mapper, XFS, nfsd and its locks are the true ones here. Which kind of machine
it is, KVM or User Mode Linux, is found out by trying: a /dev/kvm that exists may
still not run a kernel.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import shlex
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

from tests.lab import kernel, machine_image, network, paths, qemu, selinux, uml
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


def prepare(tests=True):
    """Choose the kind of machine and build its image, while there still is a network.

    ``tests``: also the image with SELinux, which no demo uses.
    """
    chosen = backend()
    chosen_image()
    if tests and chosen.has_selinux():
        chosen_image(confined=True)
    # Inherited by the process inside the lab's namespaces.
    os.environ[CHOICE] = chosen.__name__.rpartition(".")[2]


def prepare_kernel(build):
    """Have the kernel of machines ready, see ``kernel.ensure``; KVM boots Debian's stock one."""
    if backend() is uml:
        kernel.ensure(build)


def chosen_image(confined=False):
    """The disk image of this kind of machine; ``confined``: the one with SELinux."""
    if backend() is uml:
        chosen = kernel.chosen()
        return machine_image.ensure(f"uml-{chosen.name}", chosen.modules, confined)
    return machine_image.ensure(backend().KERNEL, confined=confined)


def shared_disk(name="shared", mebibytes=SHARED_DISK_MIB):
    """Make the raw file of a disk that two machines share; return its path."""
    path = paths.SCRATCH / f"{name}.raw"
    with open(path, "wb") as handle:
        handle.truncate(mebibytes * 1024 * 1024)
    return path


def grow_disk(file, mebibytes):
    """Make the raw ``file`` of a disk that much large; machines see it after their next start."""
    with open(file, "r+b") as handle:
        handle.truncate(mebibytes * 1024 * 1024)


def servers_and_client(disks=None, **options):
    """Three machines, switched off: two servers on the same disks, and a client.

    ``disks``: the raw files, made with ``shared_disk``; one for data by default. ``options`` are
    the servers', see Machine.
    """
    disks = [shared_disk()] if disks is None else disks
    return [
        *(Machine(name, disks=disks, **options) for name in SERVERS),
        Machine(CLIENT, masked=NOT_ON_CLIENTS),
    ]


def start_all(machines, timeout=300):
    """Switch all of them on at once and wait until each can be reached."""
    if not backend().has_firewall():
        say("firewalld is not used on these machines: their kernel lacks nftables' inet tables")
    for machine in machines:
        machine.start()
    for machine in machines:
        machine.wait_until_reachable(timeout)
    return machines


class Machine(Node):
    """A node with a kernel of its own; commands reach it by ssh on the mgmt network.

    ``disks`` are paths of raw files that others may have too (``devices`` are their names in the
    machine), ``watchdog`` whether it has one (``backend().watchdog()``), ``masked`` the services
    that it must not start, ``confined`` whether it enforces SELinux's policy.
    """

    def __init__(self, name, number=None, disks=(), masked=(), watchdog=False, confined=False):
        super().__init__(name, number)
        self._backend = backend()
        self._image = chosen_image(confined)
        self.disk_files = list(disks)
        self.devices = list(self._backend.DISKS[: len(self.disk_files)])
        self.memory = MEMORY_MIB
        self.directory = paths.SCRATCH / name
        self.directory.mkdir(exist_ok=True)
        self._masked = masked if self._backend.has_firewall() else (*masked, "firewalld")
        self._watchdog = watchdog
        self._confined = confined
        self._process = None
        # A fence device may cut its power while somebody else boots it.
        self._switch = threading.RLock()

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
                f"lab.address={self._backend.CARD}{index}:{address}/24"
                for index, address in enumerate(self.addresses.values())
            ),
            *(f"systemd.mask={unit}.service" for unit in self._masked),
            *(["modules-load=softdog"] if self._watchdog else []),
            *(selinux.KERNEL_ARGUMENTS if self._confined else []),
        ]

    def start(self):
        """Switch it on, without waiting for it. After ``power_off`` it boots from what it had."""
        network.ensure_bridges()
        for (tap, _), bridge in zip(self.cards(), network.PREFIXES):
            if not Path("/sys/class/net", tap).exists():
                network.ip("tuntap", "add", tap, "mode", "tap")
                network.ip("link", "set", tap, "master", bridge, "up")
        with self._switch, open(self.directory / "console", "ab") as console:
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
        process = self._process
        return process is not None and process.poll() is None

    def wait_until_off(self, timeout):
        """Wait until it has gone off by itself, as after a reset by its watchdog."""
        wait_until(lambda: (not self.alive(), "it is on"), timeout, f"{self.name} to go off")
        self.power_off()

    def power_off(self):
        with self._switch:
            if self._process is None:
                return
            # Not only when its first process lives: what that left behind must end, too.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
        subprocess.run(self._ssh("-O", "exit"), capture_output=True, timeout=30)

    def remove(self):
        """Cut its power and leave nothing of what it wrote."""
        self.power_off()
        shutil.rmtree(self.directory, ignore_errors=True)

    def stop(self, timeout=120):
        """Shut it down in order, and cut its power when that takes over ``timeout`` seconds."""
        if self.alive():
            self.run(["systemctl", "poweroff"], timeout=60, check=False)
            deadline = time.monotonic() + timeout
            while self.alive() and time.monotonic() < deadline:
                time.sleep(0.2)
        self.power_off()
