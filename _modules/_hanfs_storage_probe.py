"""
What is on a block device, and who uses it. Reads only.

Nobody may take a device for empty that is not, so every source is asked: libblkid (``wipefs``), the
kernel's tables of partitions, holders, mounts, swap and loop devices, an attempt to have the device
for ourselves, the files that programs have open, magic numbers that libblkid does not know, and at
last the bytes themselves: a device that has something other than zeros at its beginning or its end
was used by somebody, whoever that was.
"""

from __future__ import annotations

import errno
import mmap
import os
import stat
import struct

import _cib_run
import _hanfs_storage_rules_mounts
from _cib_errors import CommandExecutionError
from _cib_run import Machine
from _cib_values import Data

MIB = 1024 * 1024
# Most formats begin and end there. A first partition begins at 1 MiB, and VMFS between 1 and 2.
EDGE = 4 * MIB
_PACKAGE = {
    "mkfs.xfs": "xfsprogs", "xfs_growfs": "xfsprogs", "mkfs.ext4": "e2fsprogs",
    "resize2fs": "e2fsprogs", "wipefs": "util-linux", "unshare": "util-linux",
    "matchpathcon": "libselinux-utils, on Debian selinux-utils",
}  # fmt: skip
# Seconds. A disk that answers no more would hold up a run for ever.
_TIMEOUT = 120
_LONG_TIMEOUT = 600
_LONG = ("vgcreate", "mkfs.xfs", "mkfs.ext4", "pvresize", "lvextend", "xfs_growfs", "resize2fs")
_BLOCK = 4096
# What libblkid does not know, or not that of Enterprise Linux 7: (name, offset, magic).
_MAGIC = (
    ("sbd", 0, b"SBD_SBD_"),  # sbd: src/sbd.h, SBD_MAGIC
    ("ceph_bluestore", 0, b"bluestore block device"),
    ("BitLocker", 3, b"-FVE-FS-"),
    ("VDO", 0, b"dmvdo001"),
    ("stratis", 4096 + 4, b"!Stra0tis\x86\xff\x02^\x41rh"),
    ("stratis", 4096 + 512 + 4, b"!Stra0tis\x86\xff\x02^\x41rh"),
    ("bcache", 4096 + 24, bytes.fromhex("c68573f64e1a45ca8265f57f48ba6d81")),
)
# ext4's features that ext3 does not know: extents, 64bit, flex_bg (linux: fs/ext4/ext4.h).
_EXT4_FEATURES = 0x40 | 0x80 | 0x200
_EXT_JOURNAL = 0x4


def stat_device(path: str) -> Data:
    """
    What can be known without opening the device or starting a process.

    path
        Its path.

    Returns ``{"path", "exists", "block", "rdev": "major:minor" or None, "mounted": [...]}``.
    """
    device = {
        "path": path,
        "exists": os.path.exists(path),
        "block": False,
        "rdev": rdev(path),
        "mounted": [],
    }
    if device["rdev"]:
        device.update(block=True, mounted=_mounted(device["rdev"], "self"))
    return device


def rdev(path: str) -> str | None:
    """
    The number of a block device.

    path
        Its path.

    Returns ``major:minor`` as text; None if there is no such block device.
    """
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    if not stat.S_ISBLK(status.st_mode):
        return None
    return f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"


def _mounted(number, process):
    found = []
    unescaped = _hanfs_storage_rules_mounts.unescaped
    path = f"/proc/{process}/mountinfo"
    with open(path, encoding="utf-8", errors="surrogateescape") as table:
        for line in table:
            fields = line.split()
            if fields[2] == number:
                found.append(
                    {
                        "directory": unescaped(fields[4]),
                        "fstype": fields[fields.index("-") + 1],
                        "root": unescaped(fields[3]),
                    }
                )
    return found


def probe(machine: Machine, device: Data, claim: bool) -> Data:
    """
    Add to ``stat_device``'s answer what only the device and the kernel can say.

    device
        That answer, of a block device.

    claim
        Whether this node is the one that would write to it: only then is the device tried to be
        had for ourselves, are its users looked for among all programs, and are its bytes read. Two
        that try at once disturb each other, and who only waits must not take another's work in
        progress for a stranger's.

    Returns the device with ``partitions``, ``holders``, ``size`` (bytes), ``read_only``, ``swap``,
    ``busy``, ``users`` (sentences), ``signatures``, ``unfinished``, ``residue`` (sentence or None),
    ``needs`` (bytes of the file system that begins there, 0 without one).
    """
    sysfs = f"/sys/dev/block/{device['rdev']}"
    found = {
        **device,
        "partitions": sorted(
            name for name in os.listdir(sysfs) if os.path.exists(f"{sysfs}/{name}/partition")
        ),
        "holders": sorted(os.listdir(f"{sysfs}/holders"))
        if os.path.isdir(f"{sysfs}/holders")
        else [],
        "size": 512 * int(_read_line(f"{sysfs}/size")),
        "read_only": _read_line(f"{sysfs}/ro") == "1",
        "swap": _is_swap(device["rdev"]),
        "busy": False,
        "users": [],
        "unfinished": False,
        "signatures": [],
        "residue": None,
        "needs": 0,
    }
    if device["mounted"]:
        return found
    path = device["path"]
    if claim:
        found["busy"] = _is_busy(path)
        found["users"] = _users(device["rdev"])
    found["signatures"] = signatures(machine, path)
    if [signature["type"] for signature in found["signatures"]] in (["xfs"], ["ext4"]):
        block = _pread(path, 0, _BLOCK)
        found["unfinished"] = _is_unfinished_xfs(block)
        found["needs"] = xfs_bytes(block) or ext4_bytes(block)
    if claim and not found["signatures"]:
        found["residue"] = _residue(path, found["size"])
    return found


def _read_line(path):
    with open(path, encoding="ascii") as handle:
        return handle.readline().strip()


def _is_swap(number):
    with open("/proc/swaps", encoding="utf-8", errors="surrogateescape") as table:
        names = [line.split()[0] for line in table.readlines()[1:]]
    return any(rdev(name) == number for name in names)


def _is_busy(path):
    # The kernel gives a block device to one owner only: a mount in whatever namespace, device
    # mapper, md, swap or another maker of file systems.
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_EXCL | os.O_CLOEXEC))
    except OSError as err:
        if err.errno == errno.EBUSY:
            return True
        raise CommandExecutionError(f"{path} cannot be read: {err.strerror}") from err
    return False


# --- who has it open ------------------------------------------------------------------------------


def _users(number):
    """Who uses the device without owning it: loop devices on it, programs that may write to it."""
    found = []
    for name in sorted(os.listdir("/sys/block")):
        try:
            backing = _read_line(f"/sys/block/{name}/loop/backing_file")
        except (OSError, UnicodeError):
            continue
        if rdev(backing) == number:
            found.append(f"the loop device {name} is on it")
    for process in os.listdir("/proc"):
        if process.isdigit() and not found:
            found += _used_by(process, number)
    return found


def _used_by(process, number):
    found = []
    try:
        # The mounts of other mount namespaces, such as those of containers.
        found += [
            f"it is mounted on {mount['directory']} as process {process} ({_name(process)}) sees it"
            for mount in _mounted(number, process)[:1]
        ]
        for descriptor in os.listdir(f"/proc/{process}/fd"):
            if rdev(f"/proc/{process}/fd/{descriptor}") != number:
                continue
            # udev and others only read, and only for a moment.
            if _may_write(f"/proc/{process}/fdinfo/{descriptor}"):
                found.append(f"process {process} ({_name(process)}) has it open for writing")
                break
    except OSError:
        # It ended meanwhile.
        return found
    return found


def _name(process):
    try:
        return _read_line(f"/proc/{process}/comm")
    except (OSError, UnicodeError):
        return "?"


def _may_write(path):
    with open(path, encoding="ascii") as handle:
        for line in handle:
            if line.startswith("flags:"):
                return int(line.split()[1], 8) & os.O_ACCMODE != os.O_RDONLY
    return False


# --- what is on it --------------------------------------------------------------------------------


def signatures(machine: Machine, path: str) -> list[dict[str, str]]:
    """
    Every signature on a device: libblkid's, and those that it does not know.

    path
        The device.

    Returns a list of ``{"type": ..., "offset": ...}``.
    """
    # wipefs without -a only lists; it knows more and is stricter than blkid, and -p is in every
    # version.
    output = run(machine, ["wipefs", "-p", path])
    found = []
    for line in output.splitlines():
        if line and not line.startswith("#"):
            fields = line.split(",")
            # What is not understood must not look like an empty device.
            if len(fields) < 4 or not fields[0].startswith("0x") or not fields[-1]:
                raise CommandExecutionError(
                    f"wipefs -p {path} said what cannot be understood: {line[:60]!r}"
                )
            found.append({"type": fields[-1], "offset": fields[0]})
    known = {signature["type"] for signature in found}
    head = _pread(path, 0, 2 * _BLOCK)
    for kind, place, magic in _MAGIC:
        if kind not in known and head[place : place + len(magic)] == magic:
            known.add(kind)
            found.append({"type": kind, "offset": hex(place)})
    return found


def _residue(path, size):
    """Where the first byte is that is not zero, at the beginning or the end; None if all are."""
    for start in (0, max(0, size - EDGE)):
        data = _pread(path, start, min(EDGE, size))
        if len(data) < min(EDGE, size):
            raise CommandExecutionError(f"{path} cannot be read at byte {start + len(data)}")
        place = len(data) - len(data.lstrip(b"\0"))
        if place < len(data):
            return f"there is data at byte {start + place} that nothing known explains"
    return None


def _pread(path, offset, length):
    """Bytes of a device past this machine's cache, which may be older than a peer's writes."""
    try:
        return _read_direct(path, offset, length)
    except OSError as err:
        if err.errno != errno.EINVAL:
            raise
    with open(path, "rb") as handle:
        handle.seek(offset)
        return handle.read(length)


def _read_direct(path, offset, length):
    handle = os.open(path, os.O_RDONLY | os.O_DIRECT | os.O_CLOEXEC)
    data = b""
    try:
        while len(data) < length:
            # An anonymous map begins at a page, which is what a direct read asks of its buffer.
            with mmap.mmap(-1, -(-(length - len(data)) // _BLOCK) * _BLOCK) as buffer:
                done = os.preadv(handle, [buffer], offset + len(data))
                data += buffer[:done]
            if not done:
                break
    finally:
        os.close(handle)
    return data[:length]


def _is_unfinished_xfs(block):
    # sb_inprogress: mkfs.xfs sets it first and clears it last, and the kernel never mounts a file
    # system that has it.
    return block[:4] == b"XFSB" and block[126] == 1


def xfs_bytes(block: bytes) -> int:
    """
    How large the XFS is that begins with these bytes; 0 if they are none (linux:
    fs/xfs/libxfs/xfs_format.h, sb_blocksize and sb_dblocks).
    """
    if block[:4] != b"XFSB":
        return 0
    size, blocks = struct.unpack_from(">IQ", block, 4)
    return size * blocks


def ext4_bytes(block: bytes) -> int:
    """
    The same of ext4. Its fields, from byte 1024: s_blocks_count_lo at 4, s_log_block_size at 24,
    s_feature_incompat at 96 (0x80: 64bit), s_blocks_count_hi at 336 (linux: fs/ext4/ext4.h).
    """
    if block[1080:1082] != b"\x53\xef":
        return 0
    low, shift, features, high = (
        struct.unpack_from("<I", block, 1024 + place)[0] for place in (4, 24, 96, 336)
    )
    return (low + ((high << 32) if features & 0x80 else 0)) * (1024 << shift)


def file_system_at(path: str, offset: int) -> str | None:
    """
    The file system that begins at a place of a device: that of a volume which is not active here,
    and must not be.

    path
        The device (the physical volume).

    offset
        Where the volume begins, in bytes.

    Returns ``xfs``, ``ext4``, ``ext3``, ``ext2`` or None: nothing finished that is known.
    """
    block = _pread(path, offset, _BLOCK)
    if block[:4] == b"XFSB":
        return None if _is_unfinished_xfs(block) else "xfs"
    # struct ext4_super_block, 1024 bytes into the device: s_magic at 56, s_feature_compat at 92.
    if block[1080:1082] != b"\x53\xef":
        return None
    compatible, incompatible = struct.unpack_from("<II", block, 1024 + 92)
    if incompatible & _EXT4_FEATURES:
        return "ext4"
    return "ext3" if compatible & _EXT_JOURNAL else "ext2"


# --- commands -------------------------------------------------------------------------------------


def run(machine: Machine, argv: list[str]) -> str:
    """
    Run one of the programs that look at or work on disks, with a deadline.

    argv
        Its argument list.

    Returns its output. Raises CommandExecutionError if it is not installed, fails, or does not end.
    """
    if not _cib_run.which(argv[0]):
        raise CommandExecutionError(
            f"{argv[0]} is not installed (package {_PACKAGE.get(argv[0], 'lvm2')})"
        )
    seconds = _LONG_TIMEOUT if argv[0] in _LONG else _TIMEOUT
    late = (
        f"{' '.join(argv)} did not end within {seconds} s and was stopped. Does the disk answer "
        "(dmesg)? Look at what is there, then run again"
    )
    result = machine.answer(argv, limit=seconds, late=late, env={"LVM_SUPPRESS_FD_WARNINGS": "1"})
    if result["retcode"] != 0:
        raise CommandExecutionError(
            f"{' '.join(argv)} failed: {(result['stderr'] or result['stdout']).strip()}"
        )
    return result["stdout"]
