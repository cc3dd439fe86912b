"""
SBD's disks: what is on them, and the one thing that is ever written on them.

The header is read by this module itself (no process): SBD's ``sector_header_s``, see
https://github.com/ClusterLabs/sbd/blob/main/src/sbd.h. It is written by ``sbd create`` only, and
only on a disk that is empty.
"""

from __future__ import annotations

import mmap
import os
import stat
import struct
from collections.abc import Iterable
from typing import Any

import _hanfs_fencing_agents
import _hanfs_storage
from _cib_errors import CommandExecutionError
from _cib_run import Machine
from _cib_values import Data
from _hanfs_types import SbdWords

MAGIC = b"SBD_SBD_"
# magic, version, slots, two bytes of padding; in network byte order: sector size, and the timeouts
# watchdog, allocate, loop, msgwait
_HEADER = struct.Struct("!8sBBxxIIIII")
_MESSAGES = ("clear", "test", "reset", "off", "exit", "crashdump")
_BLOCK = 4096
_SECTOR_SIZES = tuple(2**power for power in range(9, 17))
# The header and 255 slots of two sectors each are far below; SBD wants a disk of a few MiB.
SMALLEST = 1024 * 1024
_CREATE_TIMEOUT = 120


def header(device: str) -> dict[str, int] | None:
    """
    SBD's header of a disk. Reads only, past the page cache, since another node may have written.

    device
        Path of the disk.

    Returns ``{"version": n, "slots": n, "sector_size": bytes, "watchdog": s, "allocate": s,
    "loop": s, "msgwait": s}``; None if there is no header of SBD. Raises CommandExecutionError if
    it cannot be read.
    """
    return parse_header(_read(device, 0, _BLOCK))


def parse_header(block: Any) -> dict[str, int] | None:
    """
    SBD's header from the first bytes of a disk. Pure.

    block
        The bytes.
    """
    if not isinstance(block, bytes) or len(block) < _HEADER.size or block[:8] != MAGIC:
        return None
    names = ("version", "slots", "sector_size", "watchdog", "allocate", "loop", "msgwait")
    return dict(zip(names, _HEADER.unpack_from(block)[1:]))


def slots(device: str) -> dict[str, str]:
    """
    Who has a slot on a disk of SBD. Reads only.

    device
        Path of the disk.

    Returns ``{node: message}``, the message being ``clear`` unless somebody has sent one that the
    node has not taken off. Raises CommandExecutionError if there is no header, or one that cannot
    be right.
    """
    about = header(device)
    if about is None:
        raise CommandExecutionError(f"{device} carries no header of SBD")
    size, found = about["sector_size"], {}
    if size not in _SECTOR_SIZES:
        raise CommandExecutionError(
            f"{device}: SBD's header is damaged: it says that sectors have {size} bytes. Look at "
            f"it with sbd -d {device} dump"
        )
    length = -(-(1 + 2 * about["slots"]) * size // _BLOCK) * _BLOCK
    content = _read(device, 0, length)
    if len(content) < (1 + 2 * about["slots"]) * size:
        raise CommandExecutionError(f"{device} ends before the last of SBD's slots")
    for slot in range(about["slots"]):
        node = content[(1 + 2 * slot) * size :][:65]
        if len(node) == 65 and node[0]:
            name = node[1:].split(b"\0")[0].decode("utf-8", "replace")
            message = content[(2 + 2 * slot) * size]
            known = message < len(_MESSAGES)
            found[name] = _MESSAGES[message] if known else f"message {message}"
    return found


def _read(device, offset, length):
    """Bytes from a disk, not from this machine's memory of it."""
    try:
        descriptor = os.open(device, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_DIRECT", 0))
    except OSError as err:
        raise CommandExecutionError(f"{device} cannot be read: {err.strerror}") from err
    try:
        # A disk of its own gives only whole sectors into memory that begins with a page.
        with mmap.mmap(-1, length) as memory:
            read = os.preadv(descriptor, [memory], offset)
            return memory[:read]
    except OSError as err:
        raise CommandExecutionError(f"{device} cannot be read: {err.strerror}") from err
    finally:
        os.close(descriptor)


def look(
    machine: Machine, device: str, may_create: bool = False, creates_here: bool = False
) -> Data:
    """
    What to do about one of SBD's disks. Reads only.

    device
        Path of the disk.

    may_create
        Whether a header may be written at all.

    creates_here
        Whether this node is the one that writes.

    Returns ``{"verdict": "ready" | "create" | "wait" | "refuse", "why": sentence, "header":
    what header() returns}``. Rules as for data: nothing is written on a disk with a signature, a
    partition, a user or data that nothing known explains.
    """
    if not _is_block(device):
        return _answer("wait", f"{device} is not there, or no disk")
    found = header(device)
    if found is not None:
        return _answer("ready", f"{device} carries SBD's header", found)
    if not may_create:
        return _answer(
            "refuse",
            f"{device} carries no header of SBD, and none may be written: that takes `initialize: "
            "true` in the site's fencing:sbd, on the first node, before the cluster exists. By "
            f"hand, on one node: sbd -d {device} -1 WATCHDOG_TIMEOUT -4 MSGWAIT create",
        )
    if not creates_here:
        return _answer("wait", f"{device} carries no header of SBD yet")
    why = _hanfs_storage.vacant(machine, device) or _too_small(device)
    if why:
        return _answer("refuse", why)
    return _answer("create", f"{device} is empty")


def _answer(verdict, why, found=None):
    return {"verdict": verdict, "why": why, "header": found}


def _is_block(path):
    try:
        return stat.S_ISBLK(os.stat(path).st_mode)
    except OSError:
        return False


def _too_small(device):
    try:
        with open(device, "rb") as handle:
            size = handle.seek(0, os.SEEK_END)
    except OSError as err:
        raise CommandExecutionError(f"{device} cannot be read: {err.strerror}") from err
    if size >= SMALLEST:
        return None
    return f"{device} is too small: {size} bytes, at least {SMALLEST} needed"


def create(machine: Machine, device: str, watchdog: int, msgwait: int) -> None:
    """
    Write SBD's header on a disk. Whether that may be is ``look``'s to say.

    device
        Path of the disk.

    watchdog, msgwait
        Seconds.

    Raises CommandExecutionError if the program is missing or fails, or another header is there
    afterwards.
    """
    argv = ["sbd", "-d", device, "-1", str(watchdog), "-4", str(msgwait), "create"]
    machine.run(argv, limit=_CREATE_TIMEOUT)
    found = header(device)
    if found is None or (found["watchdog"], found["msgwait"]) != (watchdog, msgwait):
        raise CommandExecutionError(f"{' '.join(argv)} has not written that header: {found}")


def header_problems(device: str, found: dict[str, int], sbd: SbdWords) -> dict[str, list[str]]:
    """
    What is wrong with a header that is there. Pure.

    device
        Path of the disk.

    found
        What ``header`` returned.

    sbd
        The site's ``fencing: sbd``.

    Returns ``{"problems": [...], "notes": [...]}``, sentences.
    """
    wanted = _hanfs_fencing_agents.sbd_times(sbd)
    problems, notes = [], []
    cure = (
        f"Say in the site's fencing:sbd what the disk has (watchdog_timeout: {found['watchdog']}, "
        f"msgwait: {found['msgwait']}), or write the header anew by hand while the cluster is "
        f"stopped on all nodes: sbd -d {device} -1 {wanted['watchdog']} -4 {wanted['msgwait']} "
        "create"
    )
    if found["msgwait"] < 2 * found["watchdog"]:
        problems.append(
            f"{device}: msgwait is {found['msgwait']} s, less than twice the watchdog's "
            f"{found['watchdog']} s: a node would count as gone before its watchdog has reset it. "
            f"{cure}"
        )
    elif found["msgwait"] > wanted["msgwait"]:
        problems.append(
            f"{device}: msgwait is {found['msgwait']} s on the disk, more than the site's "
            f"{wanted['msgwait']} s: fencing would be given up before it is done. {cure}"
        )
    elif (found["watchdog"], found["msgwait"]) != (wanted["watchdog"], wanted["msgwait"]):
        notes.append(
            f"{device}: its header has watchdog {found['watchdog']} s and msgwait "
            f"{found['msgwait']} s, the site says {wanted['watchdog']} s and {wanted['msgwait']} "
            f"s; the header is what counts, and is never written again. {cure}"
        )
    return {"problems": problems, "notes": notes}


def without(nodes: Iterable[str], devices: Iterable[str]) -> list[str]:
    """
    Nodes on which SBD has never run, since most of its disks have no slot of theirs. Reads only.

    nodes
        Names of the nodes.

    devices
        SBD's disks.
    """
    known = [slots(device) for device in devices]
    return [node for node in nodes if 2 * sum(node in one for one in known) <= len(known)]
