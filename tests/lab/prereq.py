"""What the lab needs on the machine that runs it, installed only where it is missing."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

from tests.lab import paths
from tests.lab.progress import say

PYTHON = "/usr/bin/python3"

# Program that must be there -> Debian package that has it.
PROGRAMS = {
    "mmdebstrap": "mmdebstrap",
    "systemd-nspawn": "systemd-container",
    "ip": "iproute2",
    "ssh": "openssh-client",
    "mke2fs": "e2fsprogs",
    # What tests use on the machine itself: execs counted, devices filled with signatures.
    "strace": "strace",
    "pvs": "lvm2",
    "mkfs.xfs": "xfsprogs",
    "mkfs.vfat": "dosfstools",
    "sfdisk": "fdisk",
    "cryptsetup": "cryptsetup-bin",
    "mdadm": "mdadm",
    "mkfs.btrfs": "btrfs-progs",
    "mkfs.f2fs": "f2fs-tools",
    "mkfs.ntfs": "ntfs-3g",
    "mkfs.exfat": "exfatprogs",
    "sbd": "sbd",
}
# To get a kernel for machines: as it is packaged, or built.
KERNEL_PROGRAMS = {
    "patchelf": "patchelf",
    "gcc": "build-essential",
    "make": "build-essential",
    "flex": "flex",
    "bison": "bison",
    "bc": "bc",
    "xz": "xz-utils",
    "depmod": "kmod",
}
# Only where there is a chance that KVM works.
KVM_PROGRAMS = {"qemu-system-x86_64": "qemu-system-x86", "qemu-img": "qemu-utils"}


class Unsuitable(Exception):
    """This machine cannot run the lab; the message says what to do."""


def check_host():
    """Raise Unsuitable on a machine that the lab was not made for."""
    if os.geteuid() != 0:
        raise Unsuitable("the lab mounts file systems and makes networks: run it as root")
    release = dict(
        line.rstrip().replace('"', "").split("=", 1)
        for line in open("/etc/os-release")
        if "=" in line
    )
    if (release.get("ID"), release.get("VERSION_ID")) != ("debian", "12"):
        raise Unsuitable("the lab runs on Debian 12: its nodes use the Python of the machine")


@contextmanager
def lock():
    """Keep two commands from building the same thing at once."""
    paths.CACHE.mkdir(parents=True, exist_ok=True)
    with open(paths.CACHE / "lock", "w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another command that is building the lab's parts")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def ensure_programs():
    """Install what is missing with apt."""
    wanted = {**PROGRAMS, **KERNEL_PROGRAMS, **(KVM_PROGRAMS if os.path.exists("/dev/kvm") else {})}
    missing = sorted({name for program, name in wanted.items() if not shutil.which(program)})
    probe = subprocess.run([PYTHON, "-c", "import ensurepip, venv"], capture_output=True)
    if probe.returncode:
        missing.append("python3-venv")
    if not missing:
        return
    say(f"installing with apt: {' '.join(missing)}")
    apt = ["apt-get", "-q", "-y", "-o", "Dpkg::Use-Pty=0"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update"], ["install", "--no-install-recommends", *missing]):
        subprocess.run([*apt, *words], check=True, env=environment, stdout=subprocess.DEVNULL)


def ensure_venvs():
    """Make the virtual environments: one for the nodes (Salt alone), one for the tests."""
    salt = [f"salt=={paths.SALT_VERSION}", "-c", str(paths.CONSTRAINTS)]
    tests = ["-r", str(paths.REQUIREMENTS), "-c", str(paths.CONSTRAINTS)]
    _ensure_venv(paths.SALT_VENV, salt)
    _ensure_venv(paths.TEST_VENV, tests)


def ensure_older_salts():
    """Make a virtual environment for each release of Salt but the one of the nodes."""
    for release, version in paths.SALTS.items():
        if version != paths.SALT_VERSION:
            constraints = paths.CONSTRAINTS.with_name(f"constraints-salt-{release}.txt")
            _ensure_venv(paths.salt_venv(release), [f"salt=={version}", "-c", str(constraints)])


def _ensure_venv(directory, requirements):
    stamp = directory / "complete"
    # What files say, not where they are: several copies of the project share the cache.
    words = [Path(word).read_text() if word.endswith(".txt") else word for word in requirements]
    text = "\n".join([*words, paths.REQUIREMENTS.read_text()])
    wanted = hashlib.sha256(text.encode()).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    say(f"filling the virtual environment {directory}")
    if not (directory / "bin" / "pip").exists():
        subprocess.run([PYTHON, "-m", "venv", str(directory)], check=True)
    pip = [str(directory / "bin" / "pip"), "install", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, *requirements], check=True)
    stamp.write_text(wanted)


def ensure_ssh_key():
    """Make the key pair that opens every node of the lab to root."""
    if paths.SSH_KEY.exists():
        return
    paths.SSH_KEY.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", str(paths.SSH_KEY)],
        check=True,
    )


def load_kernel_modules():
    """Have ready what nodes use but cannot load; kernels that have it built in need nothing."""
    if shutil.which("modprobe"):
        for module in ("loop", "overlay", "bridge", "veth", "tun", "nf_tables", "xfs"):
            subprocess.run(["modprobe", "-q", module], capture_output=True)
