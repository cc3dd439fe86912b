"""
The shared disk: look at it, decide, and make what is missing, one step at a time.

The rules, in the order in which they matter:

- Nothing is ever made over something: a signature of any kind, partitions, a holder, a mount, swap
  or any other user of the device, or bytes at its edges that are not zero end the work, and no key
  in pillar overrides it. No command here is ever given a "force" flag.
- Only the first node of a site makes anything, only with ``initialize: true``, and never while it
  is a member of the cluster: by then the storage has to be there.
- Every step is decided from a fresh look at the disk, so a run that was cut off anywhere is
  continued by the next one.
- Nothing stays mounted (the root of a new file system gets its SELinux label in a mount namespace
  that ends with the process). With ``protection: system_id`` no volume stays active either: the
  cluster alone activates it, on one node, and LVM refuses it to the other.

``inspect`` does the looking, ``_hanfs_storage_rules.decide`` is a function of what it saw,
``perform`` does one step.

:depends: util-linux; lvm2 for a site with a volume group; xfsprogs or e2fsprogs on the node that
makes the file system
"""

from __future__ import annotations

import functools
import json
import os

import _cib_run
import _hanfs_names
import _hanfs_storage_label
import _hanfs_storage_probe
import _hanfs_storage_rules
import _hanfs_storage_rules_mounts
import _hanfs_storage_size
from _cib_errors import CommandExecutionError
from _cib_run import Machine
from _cib_values import Data
from _hanfs_types import Storage

_PVS_FIELDS = (
    "pv_name,pv_uuid,pv_missing,pv_in_use,pv_size,dev_size,pe_start,vg_name,vg_uuid,vg_partial,"
    "vg_exported,vg_systemid,vg_extent_size,vg_extent_count,vg_free_count,lv_name,lv_active,"
    "lv_size,segtype,seg_start,pvseg_start"
)
_MKFS = {"xfs": ["mkfs.xfs", "-q"], "ext4": ["mkfs.ext4", "-q"]}
MACHINE_ID = "/etc/machine-id"
FSTAB = "/etc/fstab"
LVMETAD = "/run/lvm/lvmetad.socket"
DEVICES_FILE = "/etc/lvm/devices/system.devices"


# --- inspect: read-only ---------------------------------------------------------------------------


def inspect(
    machine: Machine,
    storage: Storage,
    cluster: str = "",
    claim: bool = False,
    protection: str | None = None,
) -> Data:
    """
    Everything about the shared disk that a decision needs. Reads only.

    storage
        A file system of the site: ``device``, ``vg`` and ``lv`` if there is LVM, ``fstype``.

    cluster
        Name of the cluster (for the id of the physical volume, with this machine's own id).

    claim
        Whether to try, for a moment, to have the device for ourselves, which tells whether any
        program holds it, and to read its bytes. Only who may write to it does: two that try at
        once disturb each other.

    protection
        ``system_id`` if the volume group is to belong to one node at a time; None if not.

    Returns ``{"device": {...}, "volume": {...} or None, "lvm": rows or None, "pv_uuid": text,
    "lvm_memory": bool, "protection": ..., "system_id": this node's or None}``; ``lvm`` is None
    while lvm2 is not installed, ``lvm_memory`` says that ``rescan`` may help LVM to see more.
    Raises CommandExecutionError if a probe itself fails: what cannot be seen must not be taken for
    empty.
    """
    try:
        facts = _inspect(machine, storage, cluster, claim, protection)
        # As the kernel's table of mounts has it.
        return {**facts, "mountpoint": os.path.realpath(storage.get("mountpoint", "/"))}
    except OSError as err:
        raise CommandExecutionError(f"{storage['device']} cannot be looked at: {err}") from err


def _inspect(machine, storage, cluster, claim, protection):
    stat_device, probe = (
        _hanfs_storage_probe.stat_device,
        functools.partial(_hanfs_storage_probe.probe, machine),
    )
    device = stat_device(storage["device"])
    facts = {
        "device": device,
        "volume": None,
        "lvm": None,
        "pv_uuid": _hanfs_storage_rules.pv_uuid(cluster, storage, _machine_id()),
        "lvm_memory": os.path.exists(LVMETAD) or os.path.exists(DEVICES_FILE),
        "protection": protection,
        "system_id": None,
    }
    if not device["block"]:
        return facts
    if not storage.get("vg"):
        facts["device"] = probe(device, claim)
        return facts
    if _cib_run.which("pvs"):
        facts["lvm"] = lvm_rows(machine)
        facts["volume"] = stat_device(_hanfs_names.filesystem_device(storage))
    rows = [row for row in facts["lvm"] or [] if row["vg_name"] == storage["vg"]]
    if not rows:
        facts["device"] = probe(device, claim)
    # The volume is what counts now; its physical volume has a signature and a holder, as it should.
    elif facts["volume"]["block"]:
        facts["volume"] = probe(facts["volume"], claim)
    elif protection:
        facts["volume"]["carries"] = _carried(rows, storage["lv"])
        # Who may not make anything need not know.
        if claim and not facts["volume"]["carries"]:
            facts["system_id"] = _system_id(machine)
    return facts


def _carried(rows, lv):
    """
    The file system on a volume that is not active here, read where LVM says that it begins; None
    if there is none yet, ``unread`` if the volume is of a kind that has no such place.
    """
    names = {row["lv_name"] for row in rows}
    if lv not in names:
        return "unread" if any(name.startswith(f"[{lv}_") for name in names) else None
    for row in rows:
        plain = row["lv_name"] == lv and row["segtype"] == "linear" and row["device"]
        if plain and int(row["seg_start"]) == 0:
            place = int(row["pe_start"]) + int(row["pvseg_start"]) * int(row["vg_extent_size"])
            return _hanfs_storage_probe.file_system_at(row["pv_name"], place)
    return "unread"


def _system_id(machine):
    """This node's system ID, as lvm.conf makes it; None if it has none."""
    answer = _hanfs_storage_probe.run(machine, ["lvm", "systemid"])
    return answer.partition(":")[2].strip() or None


def vacant(machine: Machine, path: str) -> str | None:
    """
    Why something that is about to be written to a whole device, such as SBD's header, would be
    written over something: it carries a signature of whatever kind or data that nothing
    explains, has partitions, is mounted, held or open for writing, is swap, or read-only. Reads
    only, and tries for a moment to have the device for itself.
    """
    device = _hanfs_storage_probe.stat_device(path)
    if not device["block"]:
        return f"{path} is not a block device" if device["exists"] else f"{path} is not there"
    try:
        return _hanfs_storage_rules.occupied(_hanfs_storage_probe.probe(machine, device, True))
    except OSError as err:
        raise CommandExecutionError(f"{path} cannot be looked at: {err}") from err


def mounts(path: str) -> list[Data]:
    """
    Where a block device is mounted on this machine, under whatever name.

    path
        Path of the device.

    Returns a list of ``{"directory": ..., "fstype": ..., "root": ...}``, ``root`` being the
    directory inside the file system; empty also if the device is not there.
    """
    return _hanfs_storage_probe.stat_device(path)["mounted"]


def _machine_id():
    try:
        with open(MACHINE_ID, encoding="ascii") as handle:
            found = handle.readline().strip()
    except (OSError, UnicodeError):
        return ""
    return "" if found == "uninitialized" else found


def fstab(storage: Storage) -> list[Data]:
    """
    The lines of ``/etc/fstab`` that mount the shared file system, or something else where it
    belongs. Reads only; starts no process.

    storage
        The file system.

    Returns some of ``_hanfs_storage_rules_mounts.fstab_entries``. A ``UUID=`` or ``LABEL=`` is
    known only while the device is there, since it is udev's link that says what it stands for.
    """
    try:
        with open(FSTAB, encoding="utf-8", errors="surrogateescape") as table:
            entries = _hanfs_storage_rules_mounts.fstab_entries(table.read())
    except FileNotFoundError:
        return []
    except OSError as err:
        raise CommandExecutionError(f"{FSTAB} cannot be read: {err.strerror}") from err
    directories = {os.path.normpath(storage["mountpoint"]), os.path.realpath(storage["mountpoint"])}
    paths = {storage["device"], _hanfs_names.filesystem_device(storage)}
    if storage.get("vg"):
        paths.add(f"/dev/{storage['vg']}/{storage['lv']}")
    paths |= {os.path.realpath(path) for path in paths}
    rdev = _hanfs_storage_probe.rdev
    numbers = {rdev(path) for path in paths} - {None}
    return [
        entry
        for entry in entries
        if entry["directory"] in directories or _names_one_of(entry["spec"], paths, numbers)
    ]


def _names_one_of(spec, paths, numbers):
    path = _hanfs_storage_rules_mounts.tag_link(spec) or spec
    if not path.startswith("/"):
        return False
    return os.path.normpath(path) in paths or (_hanfs_storage_probe.rdev(path) in numbers)


def lvm_rows(machine: Machine, every_device: bool = False) -> list[Data]:
    """
    What LVM on this node sees, foreign volume groups too: one row per segment of every physical
    volume, also of one without a volume group. Sizes are bytes, as text; ``device`` is the number
    of the physical volume's device.

    every_device
        Whether to look past a devices file, at disks that are not in it.
    """
    past = " use_devicesfile = 0" if every_device else ""
    output = _hanfs_storage_probe.run(
        machine,
        # A peer's new volume group is not in this machine's hints.
        [
            "pvs",
            "--config",
            f'devices {{ hints = "none"{past} }}',
            "--foreign",
            "--units",
            "b",
            "--nosuffix",
            "--reportformat",
            "json",
            "-o",
            _PVS_FIELDS,
        ],
    )
    rows = []
    try:
        for report in json.loads(output)["report"]:
            rows += [row for part in report.values() for row in part]
        if not all(
            row["pv_name"] and all(isinstance(one, str) for one in row.values()) for row in rows
        ):
            raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError) as err:
        raise CommandExecutionError("pvs did not answer with a report in JSON") from err
    fields = _PVS_FIELDS.split(",")
    return [
        {
            **{field: row.get(field, "") for field in fields},
            "device": _hanfs_storage_probe.rdev(row["pv_name"]),
        }
        for row in rows
    ]


# --- perform: one step ----------------------------------------------------------------------------


def perform(
    machine: Machine, step: str, storage: Storage, cluster: str = "", protection: str | None = None
) -> Data:
    """
    Do one step that ``decide`` asked for.

    step
        Its name.

    storage
        The file system.

    cluster
        Name of the cluster.

    protection
        ``system_id`` if the volume group is to belong to this node; None if not.

    Returns a dict ``{thing: {"old": ..., "new": ...}}``. Raises CommandExecutionError if the step
    fails or its program is missing.
    """
    uuid = _hanfs_storage_rules.pv_uuid(cluster, storage, _machine_id())
    if step == "pvcreate" and not uuid:
        raise CommandExecutionError(
            f"{MACHINE_ID} is empty or missing: run systemd-machine-id-setup and try again (the id "
            "of the physical volume is made from it)"
        )
    owner = None
    if protection and step in ("pvcreate", "vgcreate", "systemid"):
        # Before anything is made: a group without an owner would need a hand.
        owner = _system_id(machine)
        if not owner:
            raise CommandExecutionError(
                "LVM on this node has no system ID: set system_id_source in lvm.conf (hanfs."
                "settings does), or use the profile article, which does without"
            )
    for argv in _commands(machine, step, storage, uuid, owner):
        _hanfs_storage_probe.run(machine, argv)
    return changes(step, storage, protection)


def changes(step: str, storage: Storage, protection: str | None = None) -> Data:
    """
    What a step changes, for a state's return. Pure.

    step
        Name of the step.

    storage
        The file system.

    protection
        As for ``perform``.
    """
    target = _hanfs_names.filesystem_device(storage)
    group, volume = f"volume group {storage.get('vg')}", f"{storage.get('vg')}/{storage.get('lv')}"
    where = f"on {storage['device']}" + (", owned by this node" if protection else "")
    things = {
        "pvcreate": (storage["device"], "empty", "physical volume"),
        "vgcreate": (group, None, where),
        "systemid": (group, "owned by no node", "owned by this node"),
        "lvcreate": (f"volume {volume}", None, storage.get("size") or "all that is free"),
        "activate": (f"volume {volume}", "inactive", "active"),
        "mkfs": (f"file system on {target}", None, storage["fstype"]),
        "deactivate": (f"volume {volume}", "active", "inactive"),
    }
    thing, old, new = things[step]
    return {thing: {"old": old, "new": new}}


def _commands(machine, step, storage, uuid, owner):
    """The argument lists of a step, in order."""
    vg, lv, device = storage.get("vg"), storage.get("lv"), storage["device"]
    if step == "vgcreate" and owner:
        return [["vgcreate", "--systemid", owner, *_not_at_boot(machine, "vgcreate"), vg, device]]
    if step == "vgcreate" and _system_id(machine):
        # LVM would make it this node's own, and no other node could activate it then.
        return [["vgcreate", "--systemid", "", vg, device]]
    if step == "systemid":
        at_boot = _not_at_boot(machine, "vgchange")
        return [
            ["vgchange", "--systemid", owner, vg],
            *([["vgchange", *at_boot, vg]] if at_boot else []),
        ]
    if step == "deactivate":
        return [["lvchange", "-an", *_even_if_foreign(machine, vg), f"{vg}/{lv}"]]
    if step == "mkfs":
        target = _hanfs_names.filesystem_device(storage)
        # What labels its root is known, or refused, before anything is written.
        labels = _hanfs_storage_label.commands(machine, storage, target)
        return [[*_MKFS[storage["fstype"]], target], *labels]
    return [
        {
            "pvcreate": ["pvcreate", "--uuid", uuid, "--norestorefile", device],
            "vgcreate": ["vgcreate", vg, device],
            # Nothing is wiped: what turns out to be in the volume is looked at before anything is
            # written.
            "lvcreate": ["lvcreate", "-Wn", "-Zn", *_size(storage), "-n", lv, vg],
            "activate": ["lvchange", "-ay", f"{vg}/{lv}"],
        }[step]
    ]


def _even_if_foreign(machine, vg):
    """LVM refuses to touch a foreign volume group, even to let go of a volume that is active."""
    for row in lvm_rows(machine):
        if row["vg_name"] == vg and row["vg_systemid"]:
            return ["--config", f'local/extra_system_ids=["{row["vg_systemid"]}"]']
    return []


def _size(storage):
    kind, number = _hanfs_storage_size.parsed(storage.get("size"))
    if kind == "bytes":
        return ["-L", f"{number}b"]
    return ["-l", "100%FREE" if kind == "rest" else f"{number}%VG"]


def _not_at_boot(machine, command):
    """LVM before 2.03.12 has no such property (and activation/auto_activation_volume_list)."""
    known = "--setautoactivation" in _hanfs_storage_probe.run(machine, [command, "--help"])
    return ["--setautoactivation", "n"] if known else []


def rescan(machine: Machine, storage: Storage, cluster: str = "") -> None:
    """
    Let this machine's LVM see what a peer has made on the shared disk.

    storage
        The file system.

    cluster
        Name of the cluster.

    Returns nothing. Does something only where LVM keeps a memory of its own: lvmetad (EL 7) or a
    devices file (EL 9). Raises CommandExecutionError when the disk is another volume group's: it
    gets into no devices file.
    """
    if not storage.get("vg"):
        return
    run, device = functools.partial(_hanfs_storage_probe.run, machine), storage["device"]
    if os.path.exists(LVMETAD):
        run(["pvscan", "--cache", device])
    if os.path.exists(DEVICES_FILE):
        found = _hanfs_storage_probe.signatures(machine, device)
        number = _hanfs_storage_probe.rdev(device)
        labelled = [signature["type"] for signature in found] == ["LVM2_member"]
        if labelled and not any(row["device"] == number for row in lvm_rows(machine)):
            if _is_the_sites(machine, storage, cluster, number):
                # Not every distribution has the link `lvmdevices`.
                run(["lvm", "lvmdevices", "--yes", "--adddev", device])


def _is_the_sites(machine, storage, cluster, number):
    """Whether LVM says of a disk that it does not list yet that it is this site's."""
    rows = [row for row in lvm_rows(machine, every_device=True) if row["device"] == number]
    groups = sorted({row["vg_name"] for row in rows if row["vg_name"]})
    if any(group != storage["vg"] for group in groups):
        raise CommandExecutionError(
            f"{storage['device']} belongs to the volume group {', '.join(groups)}, not to "
            f"{storage['vg']}, and is not added to LVM's devices file"
        )
    # A label without a group is a peer's that is not done yet, or our own after a cut.
    own = _hanfs_storage_rules.pv_uuid(cluster, storage, _machine_id())
    return bool(groups) or any(own and row["pv_uuid"] == own for row in rows)
