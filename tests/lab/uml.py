"""User Mode Linux: a machine's kernel as ordinary processes; no hardware has to help."""

from __future__ import annotations

KERNEL = "uml"
SHARED_DISK = "/dev/ubdb"
HAS_FIREWALL = False


def command(machine, image):
    """The argument list that boots ``machine`` (a Machine) and runs until it is off.

    ``image`` is the Image that all machines start from. The kernel keeps the machine's
    memory in a file below TMPDIR, which has to be a file system in memory.
    """
    disks = [f"ubd0={machine.directory}/disk.cow,{image.disk}"]
    if machine.shared_file:
        # d: no layer over it; c: others have it open too, take no lock.
        disks.append(f"ubd1dc={machine.shared_file}")
    cards = [f"eth{n}=tuntap,{tap},{mac}" for n, (tap, mac) in enumerate(machine.cards())]
    return [
        "linux.uml",
        f"umid={machine.name}",
        f"uml_dir={machine.directory}/",
        f"mem={machine.memory}M",
        "root=/dev/ubda",
        "rw",
        *disks,
        *cards,
        "con=null",
        "con0=null,fd:1",
        *machine.kernel_arguments(),
    ]
