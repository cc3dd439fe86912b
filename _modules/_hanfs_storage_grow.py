"""
Growing with the disk: physical volume, volume and file system, online, and nothing else.

``look`` sees, ``plan`` decides from what was seen, ``perform`` does one step. Only the node that
has the file system mounted by the cluster grows it: neither LVM's metadata nor a file system may be
written by two. Nothing is ever made smaller.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

import _hanfs_names
import _hanfs_storage
import _hanfs_storage_probe
import _hanfs_storage_rules
import _hanfs_storage_size
from _cib_errors import CommandExecutionError
from _cib_run import Machine
from _cib_values import Data
from _hanfs_types import Storage

MIB = 1024 * 1024
# What a file system may leave of its volume: neither begins a last group (ext4) or allocation group
# (XFS) that is too small to be of use.
SLACK = 8 * MIB
_GEOMETRY = re.compile(r"^data\s+=\s*bsize=(\d+)\s+blocks=(\d+)", re.MULTILINE)


def look(machine: Machine, storage: Storage) -> Data | None:
    """
    How large everything is, from the disk up to the file system. Reads only.

    storage
        The file system: ``device``, ``vg``, ``lv``, ``fstype``, ``mountpoint``.

    Returns None unless it is mounted at its mount point on this node; else ``{"device": bytes,
    "group": None or as _hanfs_storage_rules.group_of has it, "physical": None or {"size",
    "usable"}, "target": bytes of the block device under the file system, "file_system": bytes,
    "owner": the group's system ID}``.
    """
    target = _hanfs_names.filesystem_device(storage)
    directory = os.path.realpath(storage["mountpoint"])
    mounts = _hanfs_storage.mounts(target)
    if not any(mount["directory"] == directory for mount in mounts):
        return None
    facts = {
        "device": _bytes(storage["device"]),
        "target": _bytes(target),
        "file_system": _file_system_bytes(machine, storage, target, directory),
        "group": None,
        "physical": None,
        "owner": None,
    }
    if storage.get("vg"):
        rows = [row for row in _hanfs_storage.lvm_rows(machine) if row["vg_name"] == storage["vg"]]
        number = _hanfs_storage_probe.rdev(storage["device"])
        own = [row for row in rows if row["device"] == number]
        if not own:
            raise CommandExecutionError(
                f"the volume group {storage['vg']} is not on {storage['device']}"
            )
        facts["owner"] = rows[0]["vg_systemid"]
        facts["group"] = _hanfs_storage_rules.group_of(rows)
        extent = facts["group"]["extent"]
        facts["physical"] = {
            "size": int(own[0]["pv_size"]),
            "usable": (int(own[0]["dev_size"]) - int(own[0]["pe_start"])) // extent * extent,
        }
    return facts


def _bytes(path):
    number = _hanfs_storage_probe.rdev(path)
    try:
        with open(f"/sys/dev/block/{number}/size", encoding="ascii") as handle:
            return 512 * int(handle.readline())
    except OSError as err:
        raise CommandExecutionError(f"{path} cannot be looked at: {err.strerror}") from err


def _file_system_bytes(machine, storage, target, directory):
    if storage["fstype"] == "xfs":
        # -n only prints the geometry.
        told = _hanfs_storage_probe.run(machine, ["xfs_growfs", "-n", directory])
        found = _GEOMETRY.search(told)
        if not found:
            raise CommandExecutionError(f"xfs_growfs -n {directory} did not tell a size")
        return int(found.group(1)) * int(found.group(2))
    # The kernel keeps ext4's superblock up to date where a buffered read finds it.
    with open(target, "rb") as handle:
        return _hanfs_storage_probe.ext4_bytes(handle.read(4096))


def plan(
    facts: Data, storage: Storage, file_systems: Sequence[Storage] | None = None
) -> list[Data]:
    """
    The steps that are missing. Pure.

    facts
        The answer of ``look``.

    storage
        The file system.

    file_systems
        All of the site: those on the same group get what their ``size`` says first.

    Returns a list of ``{"step": "pvresize" | "lvextend" | "growfs", "thing": text, "old": bytes,
    "new": bytes}`` in order. Raises CommandExecutionError if the volume is larger than its
    ``size``, its group too small for it, or the group without an owner.
    """
    target = _hanfs_names.filesystem_device(storage)
    steps: list[Data] = []
    block = facts["target"]
    if facts["group"]:
        group, more = dict(facts["group"]), _physical(facts, storage, steps)
        group.update(size=group["size"] + more, free=group["free"] + more)
        block = _volume(facts, storage, file_systems, group, steps)
        if block > facts["target"] and not facts["owner"]:
            # The other nodes have it active too, and keep the old size: they could not mount it.
            name = f"{storage['vg']}/{storage['lv']}"
            raise CommandExecutionError(
                f"the volume {name} is to grow, but its group has no system ID, so the other nodes "
                "may have it active with the old size and could not take over. Grow it by hand: "
                f"pvresize and lvextend here, `lvchange --refresh {name}` on every other node, "
                "then run again for the file system; or leave out `grow`"
            )
    if block - facts["file_system"] >= SLACK:
        steps.append(
            {
                "step": "growfs",
                "thing": f"file system on {target}",
                "old": facts["file_system"],
                "new": block,
            }
        )
    return steps


def _physical(facts, storage, steps):
    """Bytes that the group gains because the disk grew."""
    size, usable = facts["physical"]["size"], facts["physical"]["usable"]
    if usable <= size:
        return 0
    steps.append(
        {
            "step": "pvresize",
            "thing": f"physical volume {storage['device']}",
            "old": size,
            "new": usable,
        }
    )
    return usable - size


def _volume(facts, storage, file_systems, group, steps):
    """Bytes of the volume once it has what its ``size`` says."""
    told = _hanfs_storage_size.told
    name = f"{storage['vg']}/{storage['lv']}"
    entries = _hanfs_storage_size.of_group(storage, file_systems)
    wanted = _hanfs_storage_size.target(storage, entries, group)
    now = facts["target"]
    if wanted < now:
        raise CommandExecutionError(
            f"the volume {name} is {told(now)}, more than its size in pillar ({storage['size']}, "
            f"{told(wanted)}). Nothing is ever made smaller: raise `size`, or leave out `grow`"
        )
    if wanted - now > group["free"]:
        raise CommandExecutionError(
            f"the volume {name} is {told(now)} and is to be {told(wanted)}, but its group has "
            f"{told(group['free'])} left. Grow the disk first, or lower `size`"
        )
    if wanted > now:
        steps.append({"step": "lvextend", "thing": f"volume {name}", "old": now, "new": wanted})
    return wanted


def perform(machine: Machine, step: Data, storage: Storage) -> None:
    """
    Do one step of ``plan``.

    step
        One of its entries.

    storage
        The file system.
    """
    if step["step"] == "pvresize":
        argv = ["pvresize", storage["device"]]
    elif step["step"] == "lvextend":
        argv = ["lvextend", "-L", f"{step['new']}b", f"{storage['vg']}/{storage['lv']}"]
    elif storage["fstype"] == "xfs":
        argv = ["xfs_growfs", os.path.realpath(storage["mountpoint"])]
    else:
        argv = ["resize2fs", _hanfs_names.filesystem_device(storage)]
    _hanfs_storage_probe.run(machine, argv)
