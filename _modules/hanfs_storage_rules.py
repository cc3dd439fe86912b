"""
The rules for the shared disk: from what ``hanfs_storage.inspect`` saw to what is done next.

Data in, data out; nothing is looked at or run here. The rules themselves are in the docstring of
``hanfs_storage``, which does the looking and the doing.

:depends: nothing
"""

from __future__ import annotations

import hashlib
import posixpath
import re

__virtualname__ = "hanfs_storage_rules"

MIB = 1024 * 1024
# mkfs.xfs refuses less; one limit for both file systems keeps the message simple.
SMALLEST = 300 * MIB
NFS_STATE = "/var/lib/nfs"


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

    Returns ``{"verdict": "ready" | "step" | "wait" | "refuse" | "unknown" | "unlisted", "step":
    name or None, "why": sentence}``. Steps are ``pvcreate``, ``vgcreate``, ``lvcreate``,
    ``activate`` and ``mkfs``; ``unlisted`` asks for ``hanfs_storage.rescan`` and another look, and
    is a refusal if that does not help.

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
    return _decide_filesystem(facts, device, storage, _maker(may_create, creates_here))


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
        return _decide_new_group(facts, vg, on_device, make)
    rows = [row for row in facts["lvm"] if row["vg_name"] == vg]
    if not any(row["vg_name"] == vg for row in on_device):
        others = ", ".join(sorted({row["pv_name"] for row in rows}))
        return _answer("refuse", f"the volume group {vg} is on {others}, not on {device['path']}")
    if any(row["vg_partial"] or row["pv_missing"] for row in rows):
        return _answer("refuse", f"the volume group {vg} misses a physical volume")
    if any(row["vg_exported"] for row in rows):
        return _answer("refuse", f"the volume group {vg} is exported (vgexport)")
    if not _is_ours_alone(rows, facts["pv_uuid"]):
        make = _refusing(
            make,
            f"nothing is made in the volume group {vg}: it was not made by this formula on this "
            "node (its physical volume has another id, or it has more than one). If it is meant "
            "for this site, make the volume and its file system by hand and run again",
        )
    return _decide_volume(facts, storage, rows, make)


def _is_ours_alone(rows, pv_uuid):
    """Whether a group is the one physical volume that this node has made, and nothing else."""
    volumes = {(row["pv_name"], row["pv_uuid"]) for row in rows}
    return bool(pv_uuid) and len(volumes) == 1 and volumes.pop()[1] == pv_uuid


def _refusing(make, why):
    """The same as ``make`` for everybody but the maker, who is told why nothing is made."""

    def refuse(step, missing):
        answer = make(step, missing)
        return _answer("refuse", f"{missing}, and {why}") if answer["step"] else answer

    return refuse


def _decide_without_lvm(device, vg, make):
    """lvm2 is not installed yet: say what can be said from the device alone."""
    kinds = sorted({signature["type"] for signature in device["signatures"]})
    if kinds and kinds != ["LVM2_member"]:
        return _in_the_way(device)
    if kinds:
        return _answer("unknown", f"whether {vg} is there cannot be known before lvm2 is installed")
    return _blank(device) or make("pvcreate", f"the volume group {vg} is not there")


def _decide_new_group(facts, vg, on_device, make):
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
        return _answer(
            "refuse",
            f"{device['path']} is a physical volume that this formula did not make on this node, "
            "without a volume group. If nothing needs it, remove the label by hand "
            f"(pvremove {device['path']}) and run again",
        )
    if [signature["type"] for signature in device["signatures"]] == ["LVM2_member"]:
        # Another node may have written it between our two looks; whoever makes it knows better.
        label = make(None, f"{device['path']} has an LVM label that LVM does not list")
        return label if label["verdict"] == "wait" else _unlisted(facts)
    return _blank(device) or make("pvcreate", f"the volume group {vg} is not there")


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
    return _answer(
        "refuse",
        f"{why}: look for a filter in /etc/lvm/lvm.conf, and at what pvs -a and pvscan say",
    )


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
    if lv not in volumes:
        make = _refusing(
            make,
            f"nothing is made on it: LVM does not know it as {vg}/{lv} (see dmsetup ls and lvs)",
        )
    return _decide_filesystem(facts, volume, storage, make)


def _decide_filesystem(facts, target, storage, make):
    fstype = storage["fstype"]
    kinds = sorted({signature["type"] for signature in target["signatures"]})
    foreign = foreign_mounts(
        target["mounted"], facts.get("mountpoint") or storage.get("mountpoint", "/")
    )
    if foreign:
        return _answer("refuse", foreign_mount_told(target["path"], foreign[0]))
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


def foreign_mounts(mounts, mountpoint):
    """
    The mounts of the shared file system that are not the cluster's. Its own are the mount point,
    and what the NFS server's agent binds from inside the file system over ``/var/lib/nfs``. Pure.

    mounts
        The answer of ``hanfs_storage.mounts``.

    mountpoint
        The site's ``mountpoint``, without symbolic links on the way to it.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_storage_rules.foreign_mounts '[{directory: /mnt, root: /}]' /nfsdata
    """
    return [
        mount
        for mount in mounts
        if mount["directory"] != posixpath.normpath(mountpoint) and not _is_agents(mount)
    ]


def _is_agents(mount):
    inside = mount["directory"] == NFS_STATE or mount["directory"].startswith(NFS_STATE + "/")
    return inside and mount.get("root", "/") != "/"


def foreign_mount_told(path, mount):
    """
    The sentence about a mount that is not the cluster's. Pure.

    path
        The device.

    mount
        One of ``foreign_mounts``.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_storage_rules.foreign_mount_told /dev/vdb '{directory: /mnt}'
    """
    return (
        f"{path}, the shared file system, is mounted on {mount['directory']} of this node, outside "
        f"the cluster. Unmount it (umount {mount['directory']}) before another node mounts it too"
    )


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


def pv_uuid(cluster, storage, machine_id):
    """
    The id that this formula gives to the physical volume it makes: with it, the node that made it
    knows its own work again after a run that was cut off. No other node does, nor one of another
    site with the same names. Pure.

    cluster
        Name of the cluster.

    storage
        The site's ``storage``.

    machine_id
        The node's ``/etc/machine-id``. Without one nothing is known as one's own: the id is empty.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_storage_rules.pv_uuid nfs '{vg: NFS_SHARED}' "$(cat /etc/machine-id)"
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


# --- /etc/fstab -----------------------------------------------------------------------------------


def fstab_entries(text):
    """
    Read a table of file systems, as fstab(5) describes it. Pure.

    text
        Its content.

    Returns a list of ``{"line": number, "spec": text, "directory": text, "by_hand": bool}``;
    ``by_hand`` means that nothing mounts it but a command.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_storage_rules.fstab_entries "$(cat /etc/fstab)"
    """
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        fields = line.split()
        if len(fields) < 2 or fields[0].startswith("#"):
            continue
        options = set(fields[3].split(",")) if len(fields) > 3 else set()
        automounted = any(option.startswith("x-systemd.automount") for option in options)
        found.append(
            {
                "line": number,
                "spec": unescaped(fields[0]),
                "directory": posixpath.normpath(unescaped(fields[1])),
                "by_hand": "noauto" in options and not automounted,
            }
        )
    return found


def unescaped(text):
    """
    Text from a table of mounts: blanks, tabs, line feeds and backslashes are octal numbers there.
    Pure.

    text
        The text.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_storage_rules.unescaped '/a\\040b'
    """
    return re.sub(r"\\([0-7]{3})", lambda code: chr(int(code.group(1), 8)), text)


def tag_link(spec):
    """
    The link of udev that stands for ``UUID=...`` or ``LABEL=...``. Pure.

    spec
        The first field of a line.

    Returns a path; None if it is no such name.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_storage_rules.tag_link LABEL=data
    """
    tag, equals, value = spec.partition("=")
    directory = _LINKS.get(tag)
    if not equals or not directory:
        return None
    value = value.strip("\"'")
    if tag in ("UUID", "PARTUUID"):
        value = value.lower()
    # What udev does not want in a file name (udev_node: whitelist of libudev).
    encoded = "".join(
        char
        if char.isalnum() or char in "#+-.:=@_" or ord(char) > 127
        else "".join(f"\\x{byte:02x}" for byte in char.encode())
        for char in value
    )
    return f"/dev/disk/{directory}/{encoded}"


_LINKS = {
    "UUID": "by-uuid",
    "LABEL": "by-label",
    "PARTUUID": "by-partuuid",
    "PARTLABEL": "by-partlabel",
    "ID": "by-id",
}


def fstab_told(entry):
    """
    The sentence about a line of /etc/fstab that mounts the shared file system. Pure.

    entry
        One of ``fstab_entries``.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_storage_rules.fstab_told '{line: 3, spec: /dev/vdb, directory: /nfsdata}'
    """
    what = f"/etc/fstab line {entry['line']} ({entry['spec']} on {entry['directory']})"
    if entry["by_hand"]:
        return (
            f"{what} is the shared file system. It is not mounted at boot (noauto), but never "
            "mount it by hand while the cluster has it; better take the line out"
        )
    return (
        f"{what} mounts the shared file system outside the cluster, at boot on every node that "
        "has the line: that destroys it. Take the line out and run `systemctl daemon-reload`"
    )
