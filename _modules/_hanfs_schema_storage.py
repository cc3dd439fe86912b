"""
The section ``storage`` of a site: one file system, or a list of them.
"""

from __future__ import annotations

import re

import _hanfs_names
import _hanfs_schema_checks as checks
import _hanfs_schema_programs as programs
import _hanfs_storage_size
from _cib_values import Data
from _hanfs_schema_checks import Check, Report
from _hanfs_types import RawSite

DEFAULTS: Data = {
    "vg": None,
    "lv": None,
    "size": None,
    "options": [],
    "initialize": False,
    "grow": False,
}

# The agent Filesystem gives them to mount in a line of the shell, without quotes.
_MOUNT_OPTION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:/@%+=~#-]*\Z")

_NOT_OURS = ("ro", "noauto", "nofail", "_netdev", "bind", "remount")


def keys(hardened: bool) -> dict[str, Check]:
    """The checkers of the site's keys that belong to this section."""
    entry = checks.mapping(
        {
            "name": checks.cib_word,
            "device": checks.device,
            "vg": checks.volume_group,
            "lv": checks.volume,
            "size": checks.size,
            "fstype": checks.choice("xfs", "ext4"),
            "options": checks.list_of(_mount_option(), "mount options", least=0),
            "mountpoint": checks.mountpoint,
            "initialize": checks.boolean,
            "grow": checks.boolean,
            "user": checks.account,
            "group": checks.account,
            "mode": checks.mode,
        },
        required=("device", "fstype", "mountpoint"),
    )
    several = checks.list_of(entry, "file systems", most=64 if hardened else 1)

    def storage(value, path, report):
        (several if isinstance(value, list) else entry)(value, path, report)

    return {"storage": storage}


def _mount_option():
    def check(value, path, report):
        if not isinstance(value, str) or not value.isascii() or not value.isprintable():
            report(f"{path}: {checks.shown(value)} is not one mount option (text such as noatime)")
        elif not _MOUNT_OPTION.match(value):
            report(f"{path}: {checks.shown(value)} is not one mount option (one per item)")
        elif value in _NOT_OURS:
            report(
                f"{path}: {value} is not for a file system that the cluster mounts and the NFS "
                "server writes to"
            )

    return check


def relations(site: RawSite, path: str, report: Report) -> None:
    """The rules between the keys of this section."""
    entries = checks.one_or_many(site, "storage", path)
    for here, entry in entries:
        if ("vg" in entry) != ("lv" in entry):
            there, missing = ("vg", "lv") if "vg" in entry else ("lv", "vg")
            report(
                f"{here}:{missing}: missing, since {there} is given. Give both, or neither for "
                "a file system straight on the device"
            )
        if "size" in entry and "lv" not in entry:
            report(f"{here}:size: without vg and lv the file system has the whole device")
        _program_rules(entry, here, report)
    _names(entries, report)
    _mountpoints(entries, report)
    _volumes(entries, report)


def _program_rules(entry, here, report):
    """What LVM, mkfs and mount have against values that are right one by one."""
    vg, lv, fstype, size = (entry.get(key) for key in ("vg", "lv", "fstype", "size"))
    if isinstance(vg, str) and isinstance(lv, str) and vg:
        mapped = _hanfs_names.filesystem_device({"vg": vg, "lv": lv})[len("/dev/mapper/") :]
        if len(vg) + len(lv) > programs.VOLUME_AND_GROUP:
            most = programs.VOLUME_AND_GROUP
            report(f"{here}:lv: vg and lv have more than {most} signs together, LVM's most")
        elif len(mapped) > programs.DEVICE_MAPPER_NAME:
            most = programs.DEVICE_MAPPER_NAME
            report(
                f"{here}:lv: vg-lv, each hyphen within doubled, has more than {most} signs, the "
                "device mapper's most"
            )
    kind, amount = _hanfs_storage_size.parsed(size) if checks.is_size(size) else ("", 0)
    if kind == "bytes" and amount < _hanfs_storage_size.SMALLEST:
        least = _hanfs_storage_size.told(_hanfs_storage_size.SMALLEST)
        report(f"{here}:size: {size} is too small, the least is {least}")
    if fstype not in ("xfs", "ext4"):
        return
    options = entry.get("options")
    for number, option in enumerate(options if isinstance(options, list) else []):
        if not isinstance(option, str) or not _MOUNT_OPTION.match(option) or option in _NOT_OURS:
            continue
        if not programs.mount_option_known(option, fstype):
            report(
                f"{here}:options:{number}: {checks.shown(option)} is no mount option of {fstype} "
                "that every supported kernel takes"
            )


def _texts(entries, key):
    """``[(path, entry, value), ...]`` of the entries that have text there."""
    return [(here, entry, entry[key]) for here, entry in entries if isinstance(entry.get(key), str)]


def _names(entries, report):
    seen: dict[str, str] = {}
    for here, entry in entries:
        mountpoint = entry.get("mountpoint")
        name = entry.get("name")
        if name is None and not isinstance(mountpoint, str):
            continue
        if name is None:
            name = _hanfs_names.last_part(mountpoint)
        if not isinstance(name, str):
            continue
        if name in seen:
            report(f"{here}:name: {name} is the name of {seen[name]} already; give another one")
        seen.setdefault(name, here)


def _mountpoints(entries, report):
    earlier: dict[str, str] = {}
    for here, _, mountpoint in _texts(entries, "mountpoint"):
        if mountpoint in earlier:
            report(f"{here}:mountpoint: {mountpoint} is that of {earlier[mountpoint]} already")
            continue
        for other, place in earlier.items():
            if other.startswith(mountpoint + "/"):
                report(
                    f"{here}:mountpoint: {other} ({place}) is below {mountpoint} and would be "
                    "mounted first; write this one before it"
                )
        earlier[mountpoint] = here


def _volumes(entries, report):
    """One device for each volume group and one group for each device; who may take the rest."""
    device_of: dict[str, str] = {}
    group_of: dict[str, str | None] = {}
    words: dict[str, str] = {}
    full: dict[str, str] = {}
    volumes = set()
    for here, entry, device in _texts(entries, "device"):
        group = entry.get("vg")
        if group is not None and not isinstance(group, str):
            continue
        if device in group_of and (group is None or group_of[device] != group):
            other = group_of[device] or "a file system of its own"
            report(f"{here}:device: {device} carries {other} already")
        group_of.setdefault(device, group)
        if group is None:
            continue
        if device_of.setdefault(group, device) != device:
            report(
                f"{here}:device: the volume group {group} is on {device_of[group]}; its file "
                "systems share one device"
            )
        if words.setdefault(_hanfs_names.word(group), group) != group:
            report(f"{here}:vg: the cluster cannot tell {group} from another volume group's name")
        if group in full:
            report(
                f"{full[group]}:size: missing; only the last file system of the volume group "
                f"{group} may take all that is left"
            )
        if "size" not in entry:
            full[group] = here
        if (group, str(entry.get("lv"))) in volumes:
            report(f"{here}:lv: {group} has a volume {entry.get('lv')} already")
        volumes.add((group, str(entry.get("lv"))))


def normalise(site: RawSite, made: Data) -> None:
    """Write ``file_systems`` into the normalised site."""
    made["file_systems"] = []
    for _, entry in checks.one_or_many(site, "storage", ""):
        entry = {**DEFAULTS, **entry}
        entry["options"] = list(entry["options"])
        if entry.get("name") is None:
            entry["name"] = _hanfs_names.last_part(entry["mountpoint"])
        made["file_systems"].append(entry)
