"""QEMU: machines at the processor's own speed where KVM works."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.lab import machine_image, paths

KERNEL = "debian"
DISKS = ("/dev/vdb", "/dev/vdc", "/dev/vdd")
CARD = "eth"

PROGRAM = "qemu-system-x86_64"
KVM = Path("/dev/kvm")
PROBE_SECONDS = 20
BARE = ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]


def has_firewall():
    """Whether firewalld and portblock can work on these machines."""
    return True


def has_selinux():
    """Whether the kernel can enforce a policy."""
    return True


def watchdog():
    """The device of softdog."""
    return "/dev/watchdog"


def accelerator():
    """Options for the processor: KVM's, unless HANFS_LAB_TCG=1 asks for emulation (very slow)."""
    if os.environ.get("HANFS_LAB_TCG") == "1":
        return ["-machine", "q35,accel=tcg", "-cpu", "Nehalem"]
    return ["-machine", "q35,accel=kvm", "-cpu", "host"]


def why_not():
    """Why machines cannot run with KVM here, as a text; empty when they can."""
    if not KVM.exists():
        return "there is no /dev/kvm"
    for program in (PROGRAM, "qemu-img"):
        if not shutil.which(program):
            return f"/dev/kvm is there, but {program} is not (Debian: qemu-system-x86, qemu-utils)"
    if not _remembered(_boots_a_kernel):
        return f"/dev/kvm is there, but no kernel came up with it in {PROBE_SECONDS} s"
    return ""


def _remembered(probe):
    """What ``probe()`` returned the first time since this computer started."""
    memory = paths.CACHE / "kvm"
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    known = memory.read_text().split() if memory.exists() else []
    if known[:1] != [boot]:
        known = [boot, "works" if probe() else "fails"]
        memory.write_text(" ".join(known))
    return known[1] == "works"


def _boots_a_kernel():
    """Boot a kernel that finds no root and panics: its last words prove that it ran."""
    kernel = machine_image.debian_kernel()
    with tempfile.TemporaryDirectory(dir=paths.CACHE) as directory:
        console = Path(directory, "console")
        command = [
            PROGRAM, *BARE, "-machine", "q35,accel=kvm", "-cpu", "host", "-m", "256",
            "-kernel", str(kernel), "-append", "console=ttyS0 panic=-1",
            "-serial", f"file:{console}",
        ]  # fmt: skip
        try:
            subprocess.run(command, capture_output=True, timeout=PROBE_SECONDS)
        except subprocess.TimeoutExpired:
            return False
        return console.exists() and b"Unable to mount root" in console.read_bytes()


def command(machine, image):
    """The argument list that boots ``machine`` (a Machine) and runs until it is off.

    ``image`` is the Image that all machines start from; what this one writes goes
    into a layer in its own directory.
    """
    layer = machine.directory / "disk.qcow2"
    if not layer.exists():
        subprocess.run(
            ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", image.disk, layer],
            check=True,
        )
    devices = ["-drive", f"file={layer},format=qcow2,if=virtio,cache=unsafe"]
    for n, file in enumerate(machine.disk_files):
        # Both machines go through this computer's page cache, so they see the same.
        drive = f"file={file},format=raw,if=none,id=shared{n},file.locking=off"
        devices += ["-drive", drive, "-device", f"virtio-blk-pci,drive=shared{n},share-rw=on"]
    for n, (tap, mac) in enumerate(machine.cards()):
        devices += ["-netdev", f"tap,id=net{n},ifname={tap},script=no,downscript=no"]
        devices += ["-device", f"virtio-net-pci,netdev=net{n},mac={mac}"]
    words = ["root=/dev/vda", "rw", "console=ttyS0", *machine.kernel_arguments()]
    return [
        PROGRAM, *BARE, *accelerator(), "-m", str(machine.memory), "-serial", "stdio",
        "-kernel", str(image.kernel), "-initrd", str(image.initrd), "-append", " ".join(words),
        *devices,
    ]  # fmt: skip
