"""User Mode Linux: a machine's kernel as ordinary processes; no hardware has to help."""

from __future__ import annotations

KERNEL = "uml"
DISKS = ("/dev/ubdb", "/dev/ubdc", "/dev/ubdd")
# The first one is UML's own and belongs to the host; this is softdog's.
WATCHDOG = "/dev/watchdog1"
HAS_FIREWALL = False


def command(machine, image):
    """The argument list that boots ``machine`` (a Machine) and runs until it is off.

    ``image`` is the Image that all machines start from. The kernel keeps the machine's
    memory in a file below TMPDIR, which has to be a file system in memory.
    """
    disks = [f"ubd0={machine.directory}/disk.cow,{image.disk}"]
    # d: no layer over it; c: others have it open too, take no lock.
    disks += [f"ubd{number}dc={file}" for number, file in enumerate(machine.disk_files, 1)]
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
        # A machine that resets itself is off, and the lab sees it; it would go on as the same
        # process otherwise, and nobody could say when it died.
        "noreboot",
        # This kernel was built with SELinux as its default; Debian's other kernels have it off.
        "lsm=yama",
        *machine.kernel_arguments(),
    ]
