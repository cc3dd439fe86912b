"""User Mode Linux: a machine's kernel as ordinary processes; no hardware has to help."""

from __future__ import annotations

from tests.lab import kernel

DISKS = ("/dev/ubdb", "/dev/ubdc", "/dev/ubdd")
CARD = "vec"


def has_firewall():
    """Whether firewalld and portblock can work on these machines."""
    return kernel.chosen().has_firewall


def has_selinux():
    """Whether the kernel can enforce a policy."""
    return kernel.chosen().has("CONFIG_SECURITY_SELINUX")


def watchdog():
    """The device of softdog; the first one is UML's own where that is in the kernel."""
    return "/dev/watchdog1" if kernel.chosen().has("CONFIG_UML_WATCHDOG") else "/dev/watchdog"


def command(machine, image):
    """The argument list that boots ``machine`` (a Machine) and runs until it is off.

    ``image`` is the Image that all machines start from. The kernel keeps the machine's
    memory in a file below TMPDIR, which has to be a file system in memory.
    """
    disks = [f"ubd0={machine.directory}/disk.cow,{image.disk}"]
    # d: no layer over it; c: others have it open too, take no lock.
    disks += [f"ubd{number}dc={file}" for number, file in enumerate(machine.disk_files, 1)]
    # gro: room for frames as large as others' offload makes them; they would be cut off otherwise.
    cards = [
        f"{CARD}{number}:transport=tap,ifname={tap},mac={mac},gro=1"
        for number, (tap, mac) in enumerate(machine.cards())
    ]
    return [
        str(kernel.chosen().program),
        f"umid={machine.name}",
        f"uml_dir={machine.directory}/",
        f"mem={machine.memory}M",
        # Processes of the machine are watched by seccomp and not by ptrace: half the price.
        "seccomp=on",
        "root=/dev/ubda",
        "rw",
        *disks,
        *cards,
        "con=null",
        "con0=null,fd:1",
        # A machine that resets itself is off, and the lab sees it; it would go on as the same
        # process otherwise, and nobody could say when it died.
        "noreboot",
        *machine.kernel_arguments(),
    ]
