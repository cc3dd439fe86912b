"""
The shared disks as this node sees them, from sysfs, the table of mounts and LVM's metadata.
"""

from __future__ import annotations

import os
import re

import _hanfs_facts_files
import _hanfs_facts_lvm
import _hanfs_facts_parse
from _cib_values import Data
from _hanfs_types import Site

_ALIASES = ("by-id", "by-path", "by-uuid", "by-partuuid", "by-label")


def gather(site: Site, root: str = "/", system: Data | None = None) -> Data:
    """
    Look at the site's disks and at LVM's settings.

    site
        A normalised site.

    root
        Directory that stands for ``/``.

    system
        Of the facts: ``hostname`` and ``os``.

    Returns ``{"lvm": settings, "devices_file": entries or None, "devices": {path: facts},
    "active": names that device mapper has, "mounted": {name of the file system: [directories]},
    "hidden": {mount point: number of entries}}``.
    """
    system = system or {"hostname": None, "os": {"id": None, "version": None}}
    mounts = _hanfs_facts_parse.mounts(_text("/proc/self/mountinfo", root) or "")
    file_systems = site.get("file_systems") or []
    mountpoints = [one["mountpoint"] for one in file_systems]
    texts = [_text(f"/etc/lvm/{name}", root) for name in ("lvm.conf", "lvmlocal.conf")]
    entries = _text("/etc/lvm/devices/system.devices", root)
    devices = {one["device"]: _device(one["device"], root) for one in file_systems}
    system_disks = _system_disks(mounts, root)
    for device in devices.values():
        device["system_disk"] = bool(system_disks & set(device["disks"]))
    return {
        "lvm": {
            "known": texts[0] is not None,
            **_hanfs_facts_lvm.settings(
                [text for text in texts if text is not None],
                system["hostname"],
                _hanfs_facts_files.line("/etc/machine-id", root),
                system["os"]["id"],
                system["os"]["version"],
            ),
            "lvmetad": _hanfs_facts_files.exists("/run/lvm/lvmetad.socket", root),
        },
        "devices_file": None if entries is None else _hanfs_facts_parse.lvm_devices(entries),
        "devices": devices,
        "active": _active(root),
        "mounted": {one["name"]: _mounted(one, mounts, root) for one in file_systems},
        "hidden": {path: _hidden(path, mounts, root) for path in mountpoints},
    }


def _text(path, root):
    return _hanfs_facts_files.text(path, root)


def _device(path, root):
    """Everything about one disk; what cannot be known is None."""
    files = _hanfs_facts_files.exists(path, root)
    node = _hanfs_facts_files.real(path, root)
    name = os.path.basename(node)
    line = _hanfs_facts_files.line
    here = f"/sys/class/block/{name}"
    uuid = line(f"{here}/dm/uuid", root)
    group = _hanfs_facts_lvm.group_on(_hanfs_facts_files.below(path, root)) if files else None
    disks = _disks(name, root) if files else [name]
    whole = f"/sys/class/block/{disks[0]}"
    return {
        "there": files,
        "names": [path, node, *_aliases(node, root)] if files else [path],
        "wwid": line(f"{whole}/device/wwid", root) or line(f"{whole}/wwid", root),
        "serial": line(f"{whole}/device/serial", root) or line(f"{whole}/serial", root),
        "multipath": bool(uuid and uuid.startswith("mpath-")),
        "below_multipath": _below_multipath(name, root),
        "disks": disks,
        "iscsi": any("-iscsi-" in alias for alias in _aliases(node, root)),
        "pv_uuid": group["pv_uuid"] if group else None,
        "group": group,
    }


def _aliases(node, root):
    """The links that udev has made to a device."""
    found = []
    for kind in _ALIASES:
        directory = f"/dev/disk/{kind}"
        for name in _hanfs_facts_files.names(directory, root) or []:
            target = _hanfs_facts_files.target(f"{directory}/{name}", root)
            if target and os.path.normpath(os.path.join(directory, target)) == node:
                found.append(f"{directory}/{name}")
    return found


def _disks(name, root, depth=0):
    """The whole disks below a block device, sorted; the device itself if there are none."""
    names = _hanfs_facts_files.names
    slaves = names(f"/sys/class/block/{name}/slaves", root) or []
    if slaves and depth < 10:
        return sorted({disk for slave in slaves for disk in _disks(slave, root, depth + 1)})
    if _hanfs_facts_files.exists(f"/sys/class/block/{name}/partition", root):
        real = _hanfs_facts_files.real(f"/sys/class/block/{name}", root)
        parent = os.path.basename(os.path.dirname(real))
        if parent != "block":
            return [parent]
    return [name]


def _below_multipath(name, root):
    """Whether multipath holds this device as one of its paths."""
    holders = _hanfs_facts_files.names(f"/sys/class/block/{name}/holders", root) or []
    uuids = [
        _hanfs_facts_files.line(f"/sys/class/block/{holder}/dm/uuid", root) or ""
        for holder in holders
    ]
    return any(uuid.startswith("mpath-") for uuid in uuids)


def _system_disks(mounts, root):
    """The disks that the running system itself is on."""
    found = set()
    for mount in mounts:
        if mount["directory"] not in ("/", "/boot", "/usr", "/var"):
            continue
        real = _hanfs_facts_files.real(f"/sys/dev/block/{mount['device']}", root)
        if re.match(r"/sys/.*/block/", real + "/") or real.startswith("/sys/devices/"):
            found |= set(_disks(os.path.basename(real), root))
    return found


def _active(root):
    names = _hanfs_facts_files.names("/sys/class/block", root) or []
    line = _hanfs_facts_files.line
    found = {line(f"/sys/class/block/{name}/dm/name", root) for name in names if "dm-" in name}
    return sorted(found - {None})


def _paths(one, root):
    """Every name under which the table of mounts may have a file system's device."""
    paths = {one["device"], _hanfs_facts_files.real(one["device"], root)}
    if one.get("vg") and one.get("lv"):
        mapped = "-".join(str(one[key]).replace("-", "--") for key in ("vg", "lv"))
        paths = {f"/dev/mapper/{mapped}", f"/dev/{one['vg']}/{one['lv']}"}
    return paths


def _mounted(one, mounts, root):
    paths = _paths(one, root)
    return [
        {"directory": mount["directory"], "root": mount["root"]}
        for mount in mounts
        if mount["source"] in paths
    ]


def _hidden(mountpoint, mounts, root):
    """How many things lie in the directory itself; None while something is mounted over it."""
    if any(mount["directory"] == mountpoint for mount in mounts):
        return None
    names = _hanfs_facts_files.names(mountpoint, root)
    return None if names is None else len(names)
