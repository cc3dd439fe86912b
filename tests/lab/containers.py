"""Nodes as containers: a real systemd and all above it, at native speed, on the lab's kernel.

Each has a writable layer over a common root file system, and a network namespace.
What the kernel may lack for them (device mapper, nfsd) see ``standins``.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from tests.lab import enter, image, network, paths, standins
from tests.lab.lean import mask_generators, write
from tests.lab.node import Node
from tests.lab.wait import wait_until

ENVIRONMENT = (
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME=/root",
    "LANG=C.UTF-8",
)
SHARED_DISK = "/dev/vdb"  # the name that a shared disk has in the nodes

# pcsd starts ten workers, and each of those of pcs 0.12 imports all of pcs anew: a second of a
# processor for every one, at every start. Two do the work of a lab.
PCSD = "[Service]\nEnvironment=PCSD_WORKER_COUNT=2\n"

MINION_CONFIG = {
    "master": network.MASTER,
    "enable_fqdns_grains": False,
    "enable_gpu_grains": False,
    "mine_enabled": False,
    # A firewall that starts during a run takes an old connection for a new one from
    # outside, until the minion itself says something on it: by default after 300 s.
    "tcp_keepalive_idle": 5,
    "tcp_keepalive_intvl": 5,
    # Salt 3008 checks its key at every connection: 120 ms of a processor at the usual size.
    "keysize": 1024,
    "acceptance_wait_time": 1,
    "random_reauth_delay": 1,
    "recon_max": 2000,
    "log_level": "warning",
    "log_level_logfile": "warning",
}


class Container(Node):
    """A node that shares the kernel of the lab.

    ``kind`` is the root file system it starts from (bare or installed), ``shared_disk``
    a SharedDisk, ``minion`` whether its Salt minion starts at boot.
    """

    def __init__(self, name, kind="installed", number=None, shared_disk=None, minion=True):
        super().__init__(name, number)
        self.shared_disk = SHARED_DISK if shared_disk else None
        self._device = shared_disk.path if shared_disk else None
        self._directory = paths.SCRATCH / name
        self._process = None
        self._init = None
        self._make_disk(image.root(kind))
        self._settle_in(minion)

    @property
    def root(self):
        """Its root file system as the lab sees it; to look at, not to write to while it runs."""
        return self._directory / "root"

    def _make_disk(self, lower):
        for part in ("upper", "work", "root"):
            (self._directory / part).mkdir(parents=True)
        layers = f"lowerdir={lower},upperdir={self._directory}/upper,workdir={self._directory}/work"
        subprocess.run(
            ["mount", "-t", "overlay", "overlay", "-o", layers, str(self.root)], check=True
        )

    def _settle_in(self, minion):
        etc = self.root / "etc"
        (etc / "hostname").write_text(f"{self.name}\n")
        # A number of its own, there before the first boot: a system without one would
        # apply presets, and enable more than Debian's packages did.
        (etc / "machine-id").write_text(hashlib.md5(self.name.encode()).hexdigest() + "\n")
        (etc / "hosts").write_text(network.hosts_file())
        (etc / "salt/minion").write_text(json.dumps({"id": self.name, **MINION_CONFIG}))
        ssh = self.root / "root/.ssh"
        ssh.mkdir(mode=0o700, exist_ok=True)
        shutil.copy(paths.SSH_KEY.with_suffix(".pub"), ssh / "authorized_keys")
        if minion:
            wanted = etc / "systemd/system/multi-user.target.wants"
            wanted.mkdir(exist_ok=True)
            (wanted / "salt-minion.service").symlink_to("/etc/systemd/system/salt-minion.service")
        write(etc / "systemd/system/pcsd.service.d/lab.conf", PCSD)
        mask_generators(self.root, but=["systemd-sysv-generator"])
        standins.put_into(self.root)

    def start(self):
        """Switch it on, without waiting for it. After ``power_off`` it boots from what it had."""
        network.ensure_bridges()
        network.plug_in(self.name, self.number)
        self._cgroup().mkdir(parents=True, exist_ok=True)
        command = [
            "systemd-nspawn", "--quiet", "--boot", f"--directory={self.root}",
            f"--machine={self.name}", f"--hostname={self.name}",
            "--register=no", "--keep-unit", "--capability=all", "--console=pipe",
            f"--network-namespace-path=/run/netns/{self.name}",
            "--resolv-conf=off", "--timezone=off", "--link-journal=no",
            f"--bind-ro={image.repository()}:{paths.NODE_PACKAGES}",
        ]  # fmt: skip
        # A control group of its own: nspawn makes groups of the same names in each.
        enrol = f'echo 0 >"{self._cgroup()}/cgroup.procs" && exec "$@"'
        with open(self._directory / "console", "ab") as console:
            self._process = subprocess.Popen(
                ["sh", "-c", enrol, "sh", *command],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
            )
        return self

    def wait_until_reachable(self, timeout=60):
        """Wait until it has booted; a TimeoutError shows the end of its console."""

        def look():
            if not self.alive():
                raise RuntimeError(f"{self.name} went off while booting:\n{self.console()}")
            self._init = self._init or self._find_init()
            if not self._init:
                return False, self.console()
            state = self.run(["systemctl", "is-system-running"], timeout=30, check=False)
            return state.stdout.strip() in ("running", "degraded"), state.stdout + state.stderr

        wait_until(look, timeout, f"{self.name} to boot", interval=0.2)
        self._attach_disk()
        return self

    def _attach_disk(self):
        # A node of its own, not a bind mount: stopping a Filesystem resource would unmount that.
        if self._device:
            number = os.stat(self._device).st_rdev
            major, minor = str(os.major(number)), str(os.minor(number))
            self.run(["mknod", "-m", "660", SHARED_DISK, "b", major, minor])

    def _find_init(self):
        """Its process 1 as the lab sees it: the grandchild that is number 1 in there."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        for pid in children.read_text().split():
            try:
                status = Path(f"/proc/{pid}/status").read_text()
            except OSError:
                continue
            fields = dict(line.split(":", 1) for line in status.splitlines())
            if fields["Name"].strip() == "systemd" and fields["NSpid"].split()[-1] == "1":
                return int(pid)
        return None

    def console(self, lines=30):
        """The last lines of its console, as text."""
        text = (self._directory / "console").read_text(errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def command(self, argv):
        if self._init is None:
            raise RuntimeError(f"{self.name} is not running")
        enter_it = ["nsenter", f"--target={self._init}", "--all"]
        return [*enter_it, "env", "--ignore-environment", "--chdir=/root", *ENVIRONMENT, *argv]

    def alive(self):
        return self._process is not None and self._process.poll() is None

    def power_off(self):
        if self._process is None:
            return
        for pid in (self._init or self._find_init_quietly(), self._process.pid):
            if pid and self.alive():
                os.kill(pid, signal.SIGKILL)
        self._process.wait()
        self._process = self._init = None
        network.unplug(self.name, self.number)

        def look():
            enter.remove_cgroup(self._cgroup())
            return not self._cgroup().exists(), "processes that have not ended yet"

        wait_until(look, 30, f"the end of {self.name}", interval=0.05)

    def _find_init_quietly(self):
        try:
            return self._find_init()
        except OSError:
            return None

    def stop(self, timeout=90):
        """Shut it down in order, and cut its power when that takes over ``timeout`` seconds."""
        if self.alive() and self._init:
            self.run(["systemctl", "poweroff"], timeout=30, check=False)
            deadline = time.monotonic() + timeout
            while self.alive() and time.monotonic() < deadline:
                time.sleep(0.1)
        self.power_off()

    def remove(self):
        """Cut its power and throw its disk away."""
        self.power_off()
        subprocess.run(["umount", "--lazy", str(self.root)], check=True)
        shutil.rmtree(self._directory)

    def _cgroup(self):
        return enter.cgroup() / self.name
