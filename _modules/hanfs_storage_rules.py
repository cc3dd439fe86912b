"""
The rules for the shared disk: from what ``hanfs_storage.inspect`` saw to what is done next.

Data in, data out; nothing is looked at or run here. The rules themselves are in the docstring of
``hanfs_storage``, which does the looking and the doing.

:depends: nothing
"""

from __future__ import annotations

import hashlib

__virtualname__ = "hanfs_storage_rules"

MIB = 1024 * 1024
# mkfs.xfs refuses less; one limit for both file systems keeps the message simple.
SMALLEST = 300 * MIB


def __virtual__():
    return __virtualname__


def decide(facts, storage, may_create, creates_here):
    """
    What to do next about the shared disk, from what ``hanfs_storage.inspect`` saw. Pure.

    facts
        The data of ``hanfs_storage.inspect``.

    storage
        The site's ``storage``.

    may_create
        Whether something may still be made at all: ``initialize`` is true and this node is not yet
        a member of the cluster.

    creates_here
        Whether this node is the one that makes it.

    Returns ``{"verdict": "ready" | "step" | "wait" | "refuse" | "unknown", "step": name or None,
    "why": sentence}``. Steps are ``pvcreate``, ``vgcreate``, ``lvcreate``, ``activate`` and
    ``mkfs``.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_storage_rules.decide '{...}' '{...}' true true
    """
    device = facts["device"]
    if not device["block"]:
        why = "is not a block device" if device["exists"] else "is not there"
        return _answer("refuse", f"the device {device['path']} {why}")
    if storage.get("vg"):
        return _decide_lvm(facts, storage, _maker(may_create, creates_here))
    return _decide_filesystem(device, storage["fstype"], _maker(may_create, creates_here))


def _answer(verdict, why, step=None):
    return {"verdict": verdict, "step": step, "why": why}


def _maker(may_create, creates_here):
    """A function that turns 'this step is missing' into this node's part in it."""

    def make(step, missing):
        if not may_create:
            return _answer(
                "refuse",
                f"{missing}, and nothing may be made: that takes `initialize: true` in the "
                "site's storage, on the first node, before the cluster exists",
            )
        if not creates_here:
            return _answer("wait", missing)
        return _answer("step", missing, step)

    return make


def _decide_lvm(facts, storage, make):
    device, vg = facts["device"], storage["vg"]
    if facts["lvm"] is None:
        return _decide_without_lvm(device, vg, make)
    ours = {row["vg_uuid"] for row in facts["lvm"] if row["vg_name"] == vg}
    if len(ours) > 1:
        return _answer("refuse", f"there are {len(ours)} volume groups named {vg}")
    on_device = [row for row in facts["lvm"] if row["device"] == device["rdev"]]
    for row in on_device:
        if row["vg_name"] and row["vg_name"] != vg:
            return _answer(
                "refuse",
                f"{device['path']} belongs to the volume group {row['vg_name']}, not to {vg}",
            )
    if not ours:
        return _decide_new_group(device, vg, on_device, facts["pv_uuid"], make)
    rows = [row for row in facts["lvm"] if row["vg_name"] == vg]
    if not any(row["vg_name"] == vg for row in on_device):
        others = ", ".join(sorted({row["pv_name"] for row in rows}))
        return _answer("refuse", f"the volume group {vg} is on {others}, not on {device['path']}")
    if any(row["vg_partial"] or row["pv_missing"] for row in rows):
        return _answer("refuse", f"the volume group {vg} misses a physical volume")
    if any(row["vg_exported"] for row in rows):
        return _answer("refuse", f"the volume group {vg} is exported (vgexport)")
    return _decide_volume(facts, storage, rows, make)


def _decide_without_lvm(device, vg, make):
    """lvm2 is not installed yet: say what can be said from the device alone."""
    kinds = sorted({signature["type"] for signature in device["signatures"]})
    if kinds and kinds != ["LVM2_member"]:
        return _in_the_way(device)
    if kinds:
        return _answer("unknown", f"whether {vg} is there cannot be known before lvm2 is installed")
    return _blank(device) or make("pvcreate", f"the volume group {vg} is not there")


def _decide_new_group(device, vg, on_device, pv_uuid, make):
    if on_device:
        row = on_device[0]
        if row["pv_uuid"] == pv_uuid and not row["pv_in_use"]:
            # Our own label from a run that was cut off: the id says so.
            return make("vgcreate", f"the volume group {vg} is not there")
        return _answer(
            "refuse",
            f"{device['path']} is a physical volume that this formula did not make, without a "
            "volume group",
        )
    if [signature["type"] for signature in device["signatures"]] == ["LVM2_member"]:
        # Another node may have written it between our two looks; whoever makes it knows better.
        label = make(None, f"{device['path']} has an LVM label that LVM does not list")
        return label if label["verdict"] == "wait" else _in_the_way(device)
    return _blank(device) or make("pvcreate", f"the volume group {vg} is not there")


def _decide_volume(facts, storage, rows, make):
    vg, lv = storage["vg"], storage["lv"]
    volumes = {row["lv_name"]: row for row in rows if row["lv_name"]}
    if lv not in volumes and not facts["volume"]["block"]:
        if volumes:
            return _answer(
                "refuse",
                f"the volume group {vg} has no volume {lv} but others: "
                f"{', '.join(sorted(volumes))}",
            )
        return make("lvcreate", f"the volume {vg}/{lv} is not there")
    volume = facts["volume"]
    if not volume["block"]:
        return _answer("step", f"the volume {vg}/{lv} is not active on this node", "activate")
    return _decide_filesystem(volume, storage["fstype"], make)


def _decide_filesystem(target, fstype, make):
    kinds = sorted({signature["type"] for signature in target["signatures"]})
    if target["mounted"] and target["mounted"][0]["fstype"] == fstype:
        return _answer("ready", f"{target['path']} is mounted")
    if target["mounted"]:
        return _answer(
            "refuse",
            f"{target['path']} is mounted as {target['mounted'][0]['fstype']}, not {fstype}",
        )
    if target["partitions"] or (kinds and kinds != [fstype]):
        return _in_the_way(target)
    if kinds and target["unfinished"]:
        return _unfinished(target, make)
    if kinds:
        return _answer("ready", f"{target['path']} carries {fstype}")
    return _blank(target) or make("mkfs", f"{target['path']} carries no file system")


def _unfinished(target, make):
    """Somebody is making or copying a file system there right now, or was cut off."""
    waiting = make("look", f"the file system on {target['path']} is not finished")
    if waiting["verdict"] == "wait":
        return waiting
    return _answer(
        "refuse",
        f"the file system on {target['path']} was begun and never finished. If nothing works on "
        f"it any more, empty it by hand (wipefs -a {target['path']}) and run again",
    )


def _in_the_way(target):
    found = [signature["type"] for signature in target["signatures"]] or ["partitions"]
    return _answer(
        "refuse",
        f"{target['path']} is not empty: {', '.join(dict.fromkeys(found))}. It stays "
        "untouched, whatever the pillar says; "
        "if its content is really not needed, empty the device by hand",
    )


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
    return "another program has it open for itself" if target["busy"] else ""


def _in_use(target):
    why = _busy(target)
    return (
        _answer("refuse", f"{target['path']} cannot be used: {why}")
        if why
        else _answer("wait", f"{target['path']} is empty")
    )


def _blank(target):
    """None if the device is empty and free, else the refusal."""
    if target["signatures"]:
        return _in_the_way(target)
    if _busy(target):
        return _in_use(target)
    if target["size"] < SMALLEST:
        return _answer(
            "refuse",
            f"{target['path']} is too small: {target['size'] // MIB} MiB, at least "
            f"{SMALLEST // MIB} needed",
        )
    return None


def pv_uuid(cluster, storage):
    """
    The id that this formula gives to the physical volume it makes: with it, a label left by a run
    that was cut off before the volume group was there is known as our own. Pure.

    cluster
        Name of the cluster.

    storage
        The site's ``storage``.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_storage_rules.pv_uuid nfs-server-cluster '{vg: NFS_SHARED, lv: NFS_LVM}'
    """
    digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    number = int(hashlib.sha256(f"hanfs {cluster} {storage.get('vg')}".encode()).hexdigest(), 16)
    text = ""
    for _ in range(32):
        number, digit = divmod(number, len(digits))
        text += digits[digit]
    cuts = (0, 6, 10, 14, 18, 22, 26, 32)
    return "-".join(text[start:end] for start, end in zip(cuts, cuts[1:]))
