"""
The rules for the shared disk: from what ``_hanfs_storage.inspect`` saw to what is done next.

Data in, data out; nothing is looked at or run here. The rules themselves are in the docstring of
``_hanfs_storage``, which does the looking and the doing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import _hanfs_storage_rules_mounts
import _hanfs_storage_size
from _cib_values import Data
from _hanfs_types import Storage


def decide(
    facts: Data,
    storage: Storage,
    may_create: bool,
    creates_here: bool,
    file_systems: Sequence[Storage] | None = None,
    member: bool = False,
) -> Data:
    """
    What to do next about one file system on the shared disk, from what ``_hanfs_storage.inspect``
    saw. Pure.

    facts
        The data of ``_hanfs_storage.inspect``.

    storage
        The file system: ``device``, ``vg``, ``lv``, ``size``, ``fstype``, ``mountpoint``.

    may_create
        Whether something may still be made at all: ``initialize`` is true and this node is not yet
        a member of the cluster.

    creates_here
        Whether this node is the one that makes it.

    file_systems
        All file systems of the site: those on the same volume group are no strangers there.

    member
        Whether this node is a member of the cluster, whose business it then is what is active.

    Returns ``{"verdict": ..., "step": name or None, "why": sentence}``. Verdicts: ``ready``,
    ``step`` (do it, look again), ``wait`` (for the node that makes it), ``absent`` (the device may
    still appear), ``unlisted`` (let LVM see it by ``_hanfs_storage.rescan`` and look again; if that
    did not help, refuse), ``unknown`` (before lvm2 is installed) and ``refuse`` (with the step
    ``deactivate`` where what is refused must not stay active). Steps:
    ``pvcreate``, ``vgcreate``, ``systemid``, ``lvcreate``, ``activate``, ``mkfs``, ``deactivate``.
    """
    device = facts["device"]
    if not device["exists"]:
        return _answer("absent", f"the device {device['path']} is not there")
    if not device["block"]:
        return _answer("refuse", f"the device {device['path']} is not a block device")
    make = _maker(may_create, creates_here)
    if not storage.get("vg"):
        return _decide_filesystem(facts, device, storage, make)
    entries = _hanfs_storage_size.of_group(storage, file_systems)
    return _decide_lvm(facts, storage, make, entries, member)


def _answer(verdict, why, step=None):
    return {"verdict": verdict, "step": step, "why": why}


def _refuse(why):
    return _answer("refuse", why)


def _maker(may_create, creates_here):
    """A function that turns 'this step is missing' into this node's part in it."""

    def make(step, missing):
        if not may_create:
            return _refuse(
                f"{missing}, and nothing may be made: that takes `initialize: true` in the "
                "site's storage, on the first node, before the cluster exists"
            )
        if not creates_here:
            return _answer("wait", missing)
        return _answer("step", missing, step)

    return make


# --- the volume group -----------------------------------------------------------------------------


def _decide_lvm(facts, storage, make, entries, member):
    device, vg = facts["device"], storage["vg"]
    if facts["lvm"] is None:
        return _decide_without_lvm(device, vg, make, entries)
    ours = {row["vg_uuid"] for row in facts["lvm"] if row["vg_name"] == vg}
    if len(ours) > 1:
        return _refuse(f"there are {len(ours)} volume groups named {vg}")
    on_device = [row for row in facts["lvm"] if row["device"] == device["rdev"]]
    for row in on_device:
        if row["vg_name"] and row["vg_name"] != vg:
            return _refuse(
                f"{device['path']} belongs to the volume group {row['vg_name']}, not to {vg}"
            )
    if not ours:
        return _decide_new_group(facts, vg, on_device, make, entries)
    rows = [row for row in facts["lvm"] if row["vg_name"] == vg]
    wrong = _wrong_with_group(device, vg, rows, on_device)
    if wrong:
        return _refuse(wrong)
    unprotected = _decide_protection(facts, storage, rows, make, member)
    if unprotected:
        return unprotected
    if not _is_ours_alone(rows, facts["pv_uuid"]):
        make = _refusing(
            make,
            f"nothing is made in the volume group {vg}: it was not made by this formula on this "
            "node (its physical volume has another id, or it has more than one). If it is meant "
            "for this site, make the volume and its file system by hand and run again",
        )
    return _decide_volume(facts, storage, rows, make, entries, member)


def _wrong_with_group(device, vg, rows, on_device):
    """Why a volume group of the right name cannot be used on this node; None if it can."""
    if not any(row["vg_name"] == vg for row in on_device):
        others = ", ".join(sorted({row["pv_name"] for row in rows}))
        return (
            f"the volume group {vg} is on {others}, not on {device['path']}. If that is a second "
            "way to the same disk, name the multipath device in the site's storage"
        )
    if any(row["vg_partial"] or row["pv_missing"] for row in rows):
        return f"the volume group {vg} misses a physical volume"
    if any(row["vg_exported"] for row in rows):
        return f"the volume group {vg} is exported (vgexport)"
    for row in on_device:
        size, used = _number(row, "dev_size"), _number(row, "pe_start") + _number(row, "pv_size")
        if 0 < size < used:
            return _not_noticed(device["path"], size, "the physical volume", used)
    return None


def _not_noticed(path, size, what, used):
    return (
        f"{path} has {size} bytes for this node's kernel, but {what} on it needs {used}: it grew "
        "and this node has not noticed, so it could not take over. Let the kernel look again (echo "
        "1 > /sys/class/block/NAME/device/rescan for each path of a SCSI disk, iscsiadm -m session "
        "-R for iSCSI, then multipathd resize map NAME) and run again"
    )


def _number(row, key):
    return int(row.get(key) or 0)


def _is_ours_alone(rows, pv_uuid):
    """Whether a group is the one physical volume that this node has made, and nothing else."""
    volumes = {(row["pv_name"], row["pv_uuid"]) for row in rows}
    return bool(pv_uuid) and len(volumes) == 1 and volumes.pop()[1] == pv_uuid


def _refusing(make, why):
    """The same as ``make`` for everybody but the maker, who is told why nothing is made."""

    def refuse(step, missing):
        answer = make(step, missing)
        return _refuse(f"{missing}, and {why}") if answer["step"] else answer

    return refuse


def _decide_protection(facts, storage, rows, make, member):
    """What to do about a group that lacks its system id; None if it has one or needs none."""
    vg = storage["vg"]
    if not facts.get("protection") or rows[0].get("vg_systemid"):
        return None
    missing = f"the volume group {vg} has no system ID, so nothing keeps it off the other node"
    by_hand = (
        "Once it is active and mounted on one node only (on every other one: vgchange -an "
        f'{vg}), run there: vgchange --systemid "$(uname -n)" {vg}'
    )
    # A running cluster of the article profile has no LVM-activate: it could not fail over any more.
    # It may be the others', which this node was taken out of; from here only the data can be seen.
    held = facts["volume"]["mounted"] or _may_hold_data(facts["volume"], storage, rows)
    if member or held or not _is_ours_alone(rows, facts["pv_uuid"]):
        answer = make("systemid", missing)
        return answer if answer["verdict"] == "wait" else _refuse(f"{missing}. {by_hand}")
    answer = make("systemid", missing)
    return answer if answer["verdict"] != "refuse" else _refuse(f"{missing}. {by_hand}")


def _may_hold_data(volume, storage, rows):
    """Whether something is on the volume, or the group has others, of which nothing is known."""
    if any(row["lv_name"] not in ("", storage["lv"]) for row in rows):
        return True
    return any(volume.get(sign) for sign in ("carries", "signatures", "partitions", "residue"))


def _decide_without_lvm(device, vg, make, entries):
    """lvm2 is not installed yet: say what can be said from the device alone."""
    kinds = sorted({signature["type"] for signature in device["signatures"]})
    if kinds and kinds != ["LVM2_member"]:
        return _in_the_way(device)
    if kinds:
        return _answer("unknown", f"whether {vg} is there cannot be known before lvm2 is installed")
    return _blank(device, entries) or make("pvcreate", f"the volume group {vg} is not there")


def _decide_new_group(facts, vg, on_device, make, entries):
    device, pv_uuid = facts["device"], facts["pv_uuid"]
    if on_device:
        row = on_device[0]
        group = make(
            "vgcreate", f"{device['path']} has an LVM label, but the volume group {vg} is not there"
        )
        # The id is known to the node that made the label only: the others leave it to that one.
        if group["verdict"] == "wait":
            return group
        if pv_uuid and row["pv_uuid"] == pv_uuid and not row["pv_in_use"]:
            # Our own label from a run that was cut off: the id says so.
            return group
        return _refuse(
            f"{device['path']} is a physical volume that this formula did not make on this node, "
            "without a volume group. If nothing needs it, remove the label by hand "
            f"(pvremove {device['path']}) and run again"
        )
    if [signature["type"] for signature in device["signatures"]] == ["LVM2_member"]:
        # Another node may have written it between our two looks; whoever makes it knows better.
        label = make(None, f"{device['path']} has an LVM label that LVM does not list")
        return label if label["verdict"] == "wait" else _unlisted(facts)
    return _blank(device, entries) or make("pvcreate", f"the volume group {vg} is not there")


def _unlisted(facts):
    """A label is there, so somebody's data may be: only LVM can say what it belongs to."""
    path = facts["device"]["path"]
    why = f"{path} has an LVM label, but LVM on this node does not list it"
    if facts.get("lvm_memory"):
        return _answer(
            "unlisted",
            f"{why}. Let LVM see it (lvmdevices --adddev {path}, or pvscan --cache {path} with "
            "lvmetad) and run again",
        )
    return _refuse(
        f"{why}: look for a filter in /etc/lvm/lvm.conf, and at what pvs -a and pvscan say"
    )


# --- the volume -----------------------------------------------------------------------------------


def _decide_volume(facts, storage, rows, make, entries, member):
    vg, lv = storage["vg"], storage["lv"]
    names = {row["lv_name"] for row in rows if row["lv_name"]}
    volume = facts["volume"]
    there = lv in names or any(name.startswith(f"[{lv}_") for name in names)
    if not there and not volume["block"]:
        strangers = sorted(names - {entry.get("lv") for entry in entries})
        if strangers:
            return _refuse(
                f"the volume group {vg} has no volume {lv} but others: {', '.join(strangers)}"
            )
        made = make("lvcreate", f"the volume {vg}/{lv} is not there")
        return (made["step"] and _no_room(storage, entries, rows)) or made
    if not volume["block"]:
        return _decide_inactive(facts, storage, rows, make)
    if not there:
        make = _refusing(
            make,
            f"nothing is made on it: LVM does not know it as {vg}/{lv} (see dmsetup ls and lvs)",
        )
    answer = _decide_filesystem(facts, volume, storage, make)
    idle = facts.get("protection") and not member and not volume["mounted"]
    if idle and answer["verdict"] in ("ready", "wait"):
        return _answer(
            "step",
            f"the volume {vg}/{lv} is active on this node, and only the cluster may have it so",
            "deactivate",
        )
    if idle and answer["verdict"] == "refuse":
        return {**answer, "step": "deactivate"}
    return answer


def _no_room(storage, entries, rows):
    """The refusal if a group has too little left for a new volume; None if it is enough."""
    group = group_of(rows)
    wanted = _hanfs_storage_size.target(storage, entries, group)
    smallest = _hanfs_storage_size.missing_bytes(wanted, [{}])
    told = _hanfs_storage_size.told
    if wanted <= group["free"] and not smallest:
        return None
    return _refuse(
        f"the volume group {storage['vg']} has {told(group['free'])} left, too little for the "
        f"volume {storage['lv']} ({told(max(wanted, smallest))})"
    )


def group_of(rows: list[Data]) -> Data:
    """
    The sizes of a volume group and its volumes. Pure.

    rows
        The rows of ``_hanfs_storage.inspect`` about it.

    Returns ``{"extent": bytes, "size": bytes, "free": bytes, "volumes": {lv: bytes}}``.
    """
    extent = _number(rows[0], "vg_extent_size")
    return {
        "extent": extent,
        "size": extent * _number(rows[0], "vg_extent_count"),
        "free": extent * _number(rows[0], "vg_free_count"),
        "volumes": {row["lv_name"]: _number(row, "lv_size") for row in rows if row["lv_name"]},
    }


def _decide_inactive(facts, storage, rows, make):
    """A volume that this node does not have active. Protected, it must not have it either."""
    vg, lv, fstype = storage["vg"], storage["lv"], storage["fstype"]
    inactive = f"the volume {vg}/{lv} is not active on this node"
    if not facts.get("protection"):
        return _answer("step", inactive, "activate")
    carried = facts["volume"].get("carries")
    if carried in (fstype, "unread"):
        there = f"{vg}/{lv} carries {fstype}" if carried == fstype else f"{vg}/{lv} is there"
        return _answer("ready", f"{there}; only the cluster activates it")
    if carried:
        return _refuse(f"the volume {vg}/{lv} carries {carried}, not {fstype}")
    answer = make("activate", f"the volume {vg}/{lv} carries no file system")
    owner, own = rows[0].get("vg_systemid"), facts.get("system_id")
    if answer["step"] and owner != own:
        return _refuse(
            f"the volume {vg}/{lv} carries no file system, and its volume group belongs to the "
            f"system ID {owner}, not to this node's ({own or 'none'}): nothing is made there"
        )
    return answer


# --- the file system ------------------------------------------------------------------------------


def _decide_filesystem(facts, target, storage, make):
    fstype = storage["fstype"]
    kinds = sorted({signature["type"] for signature in target["signatures"]})
    foreign = _hanfs_storage_rules_mounts.foreign_mounts(
        target["mounted"], facts.get("mountpoint") or storage.get("mountpoint", "/")
    )
    if foreign:
        told = _hanfs_storage_rules_mounts.foreign_mount_told
        return _refuse(told(target["path"], foreign[0]))
    if target["mounted"] and target["mounted"][0]["fstype"] == fstype:
        return _answer("ready", f"{target['path']} is mounted")
    if target["mounted"]:
        return _refuse(
            f"{target['path']} is mounted as {target['mounted'][0]['fstype']}, not {fstype}"
        )
    if target["partitions"] or (kinds and kinds != [fstype]):
        return _in_the_way(target)
    if kinds and target["unfinished"]:
        return _unfinished(target, make)
    if kinds and target["size"] < target.get("needs", 0):
        return _refuse(
            _not_noticed(target["path"], target["size"], "the file system", target["needs"])
        )
    if kinds:
        return _answer("ready", f"{target['path']} carries {fstype}")
    return _blank(target, [{}]) or make("mkfs", f"{target['path']} carries no file system")


def _unfinished(target, make):
    """Somebody is making or copying a file system there right now, or was cut off."""
    waiting = make("look", f"the file system on {target['path']} is not finished")
    if waiting["verdict"] == "wait":
        return waiting
    return _refuse(
        f"the file system on {target['path']} was begun and never finished. If nothing works on "
        f"it any more, empty it by hand ({_emptying(target['path'])}) and run again"
    )


def _in_the_way(target):
    found = [signature["type"] for signature in target["signatures"]] or ["partitions"]
    return _refuse(
        f"{target['path']} is not empty: {', '.join(dict.fromkeys(found))}. It stays "
        "untouched, whatever the pillar says; if its content is really not needed, empty the "
        f"device by hand ({_emptying(target['path'])})"
    )


def _emptying(path):
    # blkdiscard refuses a device with a signature, as everybody should.
    return f"wipefs --all {path}, then blkdiscard --zeroout {path}"


def _busy(target):
    """Who uses the device, as text; empty if nobody does."""
    if target["partitions"]:
        return "it has partitions: " + ", ".join(target["partitions"])
    if target["holders"]:
        return "it is held by " + ", ".join(target["holders"])
    if target["mounted"]:
        return "it is mounted on " + target["mounted"][0]["directory"]
    if target["swap"]:
        return "it is swap space in use"
    if target["read_only"]:
        return "it is read-only"
    who = "; ".join(target.get("users") or [])
    if target["busy"]:
        return "another program has it open for itself" + (f" ({who})" if who else "")
    return who


def _blank(target, entries):
    """None if the device is empty, free and large enough, else the refusal."""
    why = occupied(target)
    if why:
        return _refuse(why)
    lacking = _hanfs_storage_size.missing_bytes(target["size"], entries)
    if lacking:
        told = _hanfs_storage_size.told
        return _refuse(
            f"{target['path']} is too small: {told(target['size'])}, at least "
            f"{told(target['size'] + lacking)} needed"
        )
    return None


def occupied(target: Data) -> str | None:
    """
    Why nothing may be written to a device: something is on it, or somebody uses it. Pure.

    target
        The answer of ``_hanfs_storage_probe.probe``.

    Returns a sentence; None if the device is empty and free.
    """
    path = target["path"]
    if target["signatures"]:
        return _in_the_way(target)["why"]
    why = _busy(target)
    if why:
        return f"{path} cannot be used: {why}"
    if target.get("residue"):
        return (
            f"{path} is not empty: {target['residue']}. It stays untouched, whatever the pillar "
            "says. If its content is really not needed, overwrite the device with zeros by hand "
            f"(blkdiscard --zeroout {path})"
        )
    return None


def pv_uuid(cluster: str, storage: Storage, machine_id: str) -> str:
    """
    The id that this formula gives to the physical volume it makes: with it, the node that made it
    knows its own work again after a run that was cut off. No other node does, nor one of another
    site with the same names. Pure.

    cluster
        Name of the cluster.

    storage
        The file system.

    machine_id
        The node's ``/etc/machine-id``. Without one nothing is known as one's own: the id is empty.
    """
    if not machine_id:
        return ""
    digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    source = f"hanfs {cluster} {storage.get('vg')} {machine_id}"
    number = int(hashlib.sha256(source.encode()).hexdigest(), 16)
    text = ""
    for _ in range(32):
        number, digit = divmod(number, len(digits))
        text += digits[digit]
    cuts = (0, 6, 10, 14, 18, 22, 26, 32)
    return "-".join(text[start:end] for start, end in zip(cuts, cuts[1:]))
