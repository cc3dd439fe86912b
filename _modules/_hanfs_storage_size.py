"""
How large the volumes of a volume group are to be, from pillar's ``size``.

Data in, data out; nothing is looked at or run here. A size is a number with ``K``, ``M``, ``G`` or
``T`` (of 1024, in either case, as LVM reads it: lvcreate(8), "Size") or a share of the volume group
(``50%``); a file system without one takes all that is free.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from _cib_errors import SaltInvocationError
from _cib_values import Data
from _hanfs_types import Storage

MIB = 1024 * 1024
# mkfs.xfs refuses less; one limit for both file systems keeps the message simple.
SMALLEST = 300 * MIB
# LVM's own: one MiB in front of the first extent, and extents of four (lvm.conf, data_alignment
# and vgcreate --physicalextentsize).
_START = MIB
_EXTENT = 4 * MIB
_UNITS = {"K": 1024, "M": MIB, "G": 1024 * MIB, "T": 1024 * 1024 * MIB}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT])", re.IGNORECASE)
_SHARE = re.compile(r"(\d{1,3})\s*%")


def parsed(size: Any) -> tuple[str, Any]:
    """
    A size from pillar. Pure.

    size
        Text such as ``20G`` or ``50%``, or None.

    Returns ``("bytes", number)``, ``("percent", number)`` or ``("rest", None)``. Raises
    SaltInvocationError if it is none of these.
    """
    if size is None:
        return "rest", None
    text = str(size).strip()
    found = _SIZE.fullmatch(text)
    if found and float(found.group(1)) > 0:
        return "bytes", math.ceil(float(found.group(1)) * _UNITS[found.group(2).upper()])
    share = _SHARE.fullmatch(text)
    if share and 0 < int(share.group(1)) <= 100:
        return "percent", int(share.group(1))
    raise SaltInvocationError(
        f"storage: size: {size!r} is no size. Allowed: a number with K, M, G or T (20G), a share "
        "of the volume group (50%), or nothing for all that is free"
    )


def of_group(storage: Storage, file_systems: Sequence[Storage] | None = None) -> list[Storage]:
    """
    The file systems that share the volume group of one of them, itself among them. Pure.

    storage
        A file system of the site: ``vg``, ``lv``.

    file_systems
        All of the site.
    """
    shared = [entry for entry in file_systems or [] if entry.get("vg") == storage.get("vg")]
    return shared if any(entry.get("lv") == storage.get("lv") for entry in shared) else [storage]


def missing_bytes(device_bytes: int, entries: Sequence[Storage]) -> int:
    """
    How much a device lacks to hold what is asked of it. Pure.

    device_bytes
        The size of the device.

    entries
        The file systems that are to be on it, as ``of_group`` returns them.

    Returns bytes; 0 if it is large enough.
    """
    if not entries[0].get("vg"):
        return max(0, SMALLEST - device_bytes)
    usable = (device_bytes - _START) // _EXTENT * _EXTENT
    needed = sum(_wanted(entry.get("size"), usable, _EXTENT) or SMALLEST for entry in entries)
    return max(0, needed - usable)


def _wanted(size, group_bytes, extent):
    """Bytes of a volume in a group of that size, in whole extents; None for all that is free."""
    kind, number = parsed(size)
    if kind == "rest":
        return None
    if kind == "percent":
        return group_bytes // extent * number // 100 * extent
    return -(-number // extent) * extent


def target(storage: Storage, entries: Sequence[Storage], group: Data) -> int:
    """
    How large a volume of a group is to be, beside the others of the site. Pure.

    storage
        The file system: ``lv``, ``size``.

    entries
        All file systems on that group, as ``of_group`` returns them.

    group
        ``{"extent": bytes, "size": bytes, "free": bytes, "volumes": {lv: bytes}}``.

    Returns bytes, whole extents. A volume without ``size`` gets what is free once the others have
    theirs, and is never asked to be smaller than it is.
    """
    extent, volumes = group["extent"], group["volumes"]
    wanted = _wanted(storage.get("size"), group["size"], extent)
    if wanted is not None:
        return wanted
    free = group["free"]
    for entry in entries:
        asked = _wanted(entry.get("size"), group["size"], extent)
        if entry.get("lv") != storage.get("lv") and asked is not None:
            free -= max(0, asked - volumes.get(entry.get("lv"), 0))
    return volumes.get(storage.get("lv"), 0) + max(0, free) // extent * extent


def told(number: int) -> str:
    """
    A size for people. Pure.

    number
        Bytes.
    """
    for unit in ("T", "G"):
        if number >= _UNITS[unit] and number * 10 % _UNITS[unit] == 0:
            return f"{number / _UNITS[unit]:g} {unit}iB"
    return f"{number // MIB} MiB"
