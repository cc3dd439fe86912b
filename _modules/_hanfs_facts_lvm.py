"""
What LVM would do on this node, read from its files and from the disk itself. No process is started.

A volume group's metadata is text on its physical volumes; reading it takes no lock and asks no
daemon, so it costs nothing on a converged run. Nothing is written, and a disk that cannot be read
is an unknown, not a finding.
"""

from __future__ import annotations

import mmap
import os
import re
import struct
from collections.abc import Iterable
from typing import Any

import _hanfs_facts_parse
from _cib_values import Data

# lib/format_text/layout.h of LVM2
_LABEL = b"LABELONE"
_TYPE = b"LVM2 001"
_MDA_MAGIC = b"\x20\x4c\x56\x4d\x32\x20\x78\x5b\x35\x41\x25\x72\x30\x4e\x2a\x3e"
_MDA_HEADER = struct.Struct("<4x16sIQQQQ")
_SECTOR = 512
_SECTORS_WITH_LABEL = 4
_FIRST_READ = 2 * 1024 * 1024
# Metadata of a group with thousands of volumes is smaller.
_MOST_METADATA = 16 * 1024 * 1024
_SYSTEM_ID_CHARACTERS = re.compile(r"[^A-Za-z0-9+_.-]")


def settings(
    texts: Iterable[str],
    hostname: str | None,
    machine_id: str | None,
    os_id: str | None,
    os_version: str | None,
) -> Data:
    """
    The settings of LVM that matter here. Pure.

    texts
        The texts of lvm.conf and lvmlocal.conf, in the order in which LVM reads them.

    hostname, machine_id
        What a system id may be made of.

    os_id, os_version
        ``ID`` and ``VERSION_ID`` of os-release: Red Hat's LVM uses a devices file from version 9
        on, if lvm.conf says nothing.

    Returns ``{"system_id_source", "system_id", "volume_list", "auto_activation_volume_list",
    "global_filter", "filter", "use_devicesfile", "use_lvmetad"}``.
    """
    merged: Data = {}
    for text in texts:
        for section, keys in _hanfs_facts_parse.lvm_config(text).items():
            if isinstance(keys, dict):
                merged.setdefault(section, {}).update(keys)
    found_global, devices = merged.get("global", {}), merged.get("devices", {})
    activation = merged.get("activation", {})
    source = str(found_global.get("system_id_source", "none"))
    return {
        "system_id_source": source,
        "system_id": _system_id(source, merged, hostname, machine_id),
        "volume_list": _list(activation.get("volume_list")),
        "auto_activation_volume_list": _list(activation.get("auto_activation_volume_list")),
        "global_filter": _list(devices.get("global_filter")),
        "filter": _list(devices.get("filter")),
        "use_devicesfile": bool(
            devices.get("use_devicesfile", _devices_file_by_default(os_id, os_version))
        ),
        "use_lvmetad": found_global.get("use_lvmetad") == 1,
    }


def _list(value):
    """LVM takes one value for a list of one; None is unset, which is not the same as empty."""
    return value if value is None or isinstance(value, list) else [value]


def _system_id(source, merged, hostname, machine_id):
    """lib/commands/toolcontext.c: the characters that a system id may not have are left out."""
    wanted = {
        "uname": hostname or "",
        "machineid": machine_id or "",
        "lvmlocal": merged.get("local", {}).get("system_id", ""),
    }.get(source, "")
    return _SYSTEM_ID_CHARACTERS.sub("", str(wanted)) or None


def _devices_file_by_default(os_id, os_version):
    red_hat = ("rhel", "centos", "rocky", "almalinux", "ol", "fedora")
    number = re.match(r"\d+", os_version or "")
    return os_id in red_hat and number is not None and int(number.group()) >= 9


def group_on(path: str) -> Data | None:
    """
    The volume group on a physical volume, as its metadata has it.

    path
        The device (or an image of it).

    Returns ``{"pv_uuid": text, "vg": name or None, "system_id": text or None, "flags": [...],
    "volumes": {name: {"flags": [...]}}}``, or None if the disk carries no LVM label or cannot be
    read.
    """
    try:
        return _group_on(path)
    except (OSError, ValueError, struct.error):
        return None


def _group_on(path):
    head = _read(path, 0, _FIRST_READ)
    start = _label(head)
    if start is None:
        return None
    uuid, area = _pv_header(head, start)
    found = {"pv_uuid": uuid, "vg": None, "system_id": None, "flags": [], "volumes": {}}
    text = _metadata(path, head, *area) if area else None
    if not text:
        return found
    for name, group in _hanfs_facts_parse.lvm_config(text).items():
        if isinstance(group, dict) and "extent_size" in group:
            volumes = group.get("logical_volumes")
            found.update(
                vg=name,
                system_id=group.get("system_id") or None,
                flags=_flags(group),
                volumes={
                    volume: {"flags": _flags(data)}
                    for volume, data in (volumes if isinstance(volumes, dict) else {}).items()
                    if isinstance(data, dict)
                },
            )
    return found


def _flags(item):
    """Flags that old versions may ignore are in ``flags``, the others in ``status``."""
    return [
        str(flag)
        for key in ("status", "flags")
        for flag in (item.get(key) if isinstance(item.get(key), list) else [])
    ]


def _read(path, offset, size):
    """
    Read past the page cache: what a peer has written to a shared disk is not in it. Where that
    cannot be (an image on some file systems) it is read as it is.
    """
    try:
        return _read_with(os.O_DIRECT, path, offset, size)
    except OSError:
        return _read_with(0, path, offset, size)


def _read_with(flags, path, offset, size):
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | flags)
    try:
        end = os.lseek(handle, 0, os.SEEK_END)
        first = offset - offset % 4096
        length = min(offset + size, end) - first
        if length <= 0:
            return b""
        aligned = (length + 4095) // 4096 * 4096
        with mmap.mmap(-1, aligned) as buffer:
            got = os.preadv(handle, [buffer], first)
            return buffer[offset - first : max(got, 0)]
    finally:
        os.close(handle)


def _label(head):
    for sector in range(_SECTORS_WITH_LABEL):
        start = sector * _SECTOR
        if head[start : start + 8] == _LABEL and head[start + 24 : start + 32] == _TYPE:
            (offset,) = struct.unpack_from("<I", head, start + 20)
            return start + offset
    return None


def _pv_header(head, start):
    """The volume's id, and (offset, size) of its first metadata area, which may not be there."""
    raw = head[start : start + 32].decode("ascii")
    position, lists = start + 40, []
    # A list of data areas, then one of metadata areas; each ends with an entry of zeros.
    for _ in range(2):
        areas = []
        while True:
            offset, size = struct.unpack_from("<QQ", head, position)
            position += 16
            if not offset:
                break
            areas.append((offset, size))
        lists.append(areas)
    cuts = (0, 6, 10, 14, 18, 22, 26, 32)
    uuid = "-".join(raw[begin:end] for begin, end in zip(cuts, cuts[1:]))
    return uuid, lists[1][0] if lists[1] else None


def _metadata(path, head, offset, size):
    if size > _MOST_METADATA:
        raise ValueError("too much metadata")
    area = head[offset : offset + size]
    if len(area) < size:
        area = _read(path, offset, size)
    magic, _version, start, _size, at, length = _MDA_HEADER.unpack_from(area, 0)
    if magic != _MDA_MAGIC or start != offset or not length or at >= size or length > size:
        return None
    text = area[at : at + length]
    # The area is a ring; its first sector is the header.
    text += area[_SECTOR : _SECTOR + length - len(text)]
    return text.rstrip(b"\0").decode("utf-8", "replace")


def listed(entries: Iterable[dict[str, str]], device: Data) -> bool:
    """
    Whether LVM's devices file names a device. Pure.

    entries
        The answer of ``_hanfs_facts_parse.lvm_devices``.

    device
        Facts about the device: ``names`` (all its paths), ``wwid``, ``serial``, ``pv_uuid``.
    """
    uuid = (device.get("pv_uuid") or "").replace("-", "")
    known = {text for text in (device.get("wwid"), device.get("serial")) if text}
    names = set(device.get("names") or [])
    return any(
        (uuid and entry.get("PVID") == uuid)
        or entry.get("IDNAME") in known
        or entry.get("IDNAME") in names
        or (entry.get("DEVNAME") in names and entry.get("PVID") in (None, ".", uuid))
        for entry in entries
    )


def rejected(patterns: list[Any] | None, names: Iterable[str]) -> bool:
    """
    Whether a filter of lvm.conf keeps LVM from seeing a device. Pure.

    patterns
        The filter, such as ``["a|/dev/vdb|", "r|.*|"]``; None if it is not set.

    names
        All paths of the device.

    Returns True only if some name is rejected and none is accepted, as LVM does.
    """
    answers = [_first_match(patterns or [], name) for name in names]
    return "r" in answers and "a" not in answers


def _first_match(patterns, name):
    for pattern in patterns:
        match = re.match(r"\s*([ar])(.)(.*)\2", str(pattern), re.S)
        try:
            if match and re.search(match.group(3), name):
                return match.group(1)
        except re.error:
            continue
    return None
