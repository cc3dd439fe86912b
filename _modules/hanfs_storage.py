"""
The shared disk: look at it, decide, and make what is missing, one step at a time.

The rules, in the order in which they matter:

- Nothing is ever made over something: a signature of any kind, partitions, a holder, a mount, swap
  or any other user of the device ends the work, and no key in pillar overrides it. No command here
  is ever given a "force" flag.
- Only the first node of a site makes anything, only with ``initialize: true``, and never while it
  is a member of the cluster: by then the storage has to be there.
- Every step is decided from a fresh look at the disk, so a run that was cut off anywhere is
  continued by the next one.
- Nothing is mounted.

``inspect`` does the looking, ``decide`` is a function of what it saw, ``perform`` does one step.

:depends: util-linux; lvm2 for a site with a volume group; xfsprogs or e2fsprogs on the node that
makes the file system
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat

import salt.utils.path
from salt.exceptions import CommandExecutionError

__virtualname__ = "hanfs_storage"

MIB = 1024 * 1024
# mkfs.xfs refuses less; one limit for both file systems keeps the message simple.
SMALLEST = 300 * MIB
_PVS_FIELDS = (
    "pv_name,pv_uuid,pv_missing,pv_in_use,vg_name,vg_uuid,vg_partial,vg_exported,lv_name,lv_active"
)
_MKFS = {"xfs": ["mkfs.xfs", "-q"], "ext4": ["mkfs.ext4", "-q"]}
_PACKAGE = {"mkfs.xfs": "xfsprogs", "mkfs.ext4": "e2fsprogs", "wipefs": "util-linux"}


def __virtual__():
    return __virtualname__


# --- decide: pure ---------------------------------------------------------------------------------


def decide(facts, storage, may_create, creates_here):
    """
    What to do next about the shared disk, from what ``inspect`` saw. Pure.

    facts
        The data of ``inspect``.

    storage
        The site's ``storage``.

    may_create
        Whether something may still be made at all: ``initialize`` is true and this node is not yet
        a member of the cluster.

    creates_here
        Whether this node is the one that makes it.

    Returns ``{"verdict": "ready" | "step" | "wait" | "refuse", "step": name or None, "why":
    sentence}``. Steps are ``pvcreate``, ``vgcreate``, ``lvcreate``, ``activate``, ``clear`` (an
    unfinished XFS) and ``mkfs``.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_storage.decide '{...}' '{...}' true true
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
                "site's storage, on the first node, "
                "before the cluster exists",
            )
        if not creates_here:
            return _answer("wait", missing)
        return _answer("step", missing, step)

    return make


def _decide_lvm(facts, storage, make):
    device, vg = facts["device"], storage["vg"]
    if facts["lvm"] is None:
        return _decide_without_lvm(device, vg)
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


def _decide_without_lvm(device, vg):
    """lvm2 is not installed yet: say what can be said from the device alone."""
    kinds = sorted({signature["type"] for signature in device["signatures"]})
    if kinds and kinds != ["LVM2_member"]:
        return _in_the_way(device)
    return (
        _in_use(device)
        if not kinds
        else _answer("wait", f"whether the volume group {vg} is there shows once lvm2 is installed")
    )


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
        # Another node may be at work between our two looks.
        waiting = make("look", f"{device['path']} has an LVM label that LVM does not list")
        return waiting if waiting["verdict"] == "wait" else _in_the_way(device)
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
        made = make("clear", f"the file system on {target['path']} was begun and never finished")
        return _in_use(target) if made["verdict"] == "step" and _busy(target) else made
    if kinds:
        return _answer("ready", f"{target['path']} carries {fstype}")
    return _blank(target) or make("mkfs", f"{target['path']} carries no file system")


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

        salt-call hanfs_storage.pv_uuid nfs-server-cluster '{vg: NFS_SHARED, lv: NFS_LVM}'
    """
    digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    number = int(hashlib.sha256(f"hanfs {cluster} {storage.get('vg')}".encode()).hexdigest(), 16)
    text = ""
    for _ in range(32):
        number, digit = divmod(number, len(digits))
        text += digits[digit]
    cuts = (0, 6, 10, 14, 18, 22, 26, 32)
    return "-".join(text[start:end] for start, end in zip(cuts, cuts[1:]))


# --- inspect: read-only ---------------------------------------------------------------------------


def inspect(storage, cluster=""):
    """
    Everything about the shared disk that a decision needs. Reads only.

    storage
        The site's ``storage``: ``device``, ``vg`` and ``lv`` if there is LVM, ``fstype``.

    cluster
        Name of the cluster (for the id of the physical volume).

    Returns ``{"device": {...}, "volume": {...} or None, "lvm": rows or None, "pv_uuid": text}``;
    ``lvm`` is None while lvm2 is not installed. Raises CommandExecutionError if a probe itself
    fails: what cannot be seen must not be taken for empty.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_storage.inspect '{device: /dev/vdb, fstype: xfs}'
    """
    device = _stat_device(storage["device"])
    facts = {"device": device, "volume": None, "lvm": None, "pv_uuid": pv_uuid(cluster, storage)}
    if not device["block"]:
        return facts
    if not storage.get("vg"):
        facts["device"] = _probe(device)
        return facts
    if salt.utils.path.which("pvs"):
        facts["lvm"] = _lvm_rows()
        facts["volume"] = _stat_device(__salt__["hanfs_model.filesystem_device"](storage))
    if any(row["vg_name"] == storage["vg"] for row in facts["lvm"] or []):
        # The volume is what counts now; its physical volume has a signature and a holder, as it
        # should.
        if facts["volume"]["block"]:
            facts["volume"] = _probe(facts["volume"])
    else:
        facts["device"] = _probe(device)
    return facts


def mounts(path):
    """
    Where a block device is mounted on this machine, under whatever name.

    path
        Path of the device.

    Returns a list of ``{"directory": ..., "fstype": ...}``; empty also if the device is not there.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_storage.mounts /dev/mapper/NFS_SHARED-NFS_LVM
    """
    return _stat_device(path)["mounted"]


def _stat_device(path):
    """What can be known without opening the device or starting a process."""
    device = {
        "path": path,
        "exists": os.path.exists(path),
        "block": False,
        "rdev": None,
        "mounted": [],
    }
    try:
        status = os.stat(path)
    except OSError:
        return device
    if stat.S_ISBLK(status.st_mode):
        device.update(block=True, rdev=f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}")
        device["mounted"] = _mounted(device["rdev"])
    return device


def _mounted(rdev):
    found = []
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as table:
        for line in table:
            fields = line.split()
            if fields[2] == rdev:
                fstype = fields[fields.index("-") + 1]
                found.append(
                    {"directory": fields[4].encode().decode("unicode_escape"), "fstype": fstype}
                )
    return found


def _probe(device):
    """Add what only the device and the kernel can say: signatures, users, size and so on."""
    sysfs = f"/sys/dev/block/{device['rdev']}"
    device.update(
        partitions=sorted(
            name for name in os.listdir(sysfs) if os.path.exists(f"{sysfs}/{name}/partition")
        ),
        holders=sorted(os.listdir(f"{sysfs}/holders")) if os.path.isdir(f"{sysfs}/holders") else [],
        size=512 * int(_read_line(f"{sysfs}/size")),
        read_only=_read_line(f"{sysfs}/ro") == "1",
        swap=_is_swap(device["rdev"]),
        busy=False,
        unfinished=False,
        signatures=[],
    )
    if device["mounted"]:
        return device
    device["busy"] = _is_busy(device["path"])
    device["signatures"] = _signatures(device["path"])
    if [signature["type"] for signature in device["signatures"]] == ["xfs"]:
        device["unfinished"] = _is_unfinished_xfs(_superblock(device["path"]))
    return device


def _read_line(path):
    with open(path, encoding="ascii") as handle:
        return handle.readline().strip()


def _is_swap(rdev):
    with open("/proc/swaps", encoding="utf-8", errors="surrogateescape") as table:
        names = [line.split()[0] for line in table.readlines()[1:]]
    return any(_stat_device(name)["rdev"] == rdev for name in names)


def _is_busy(path):
    # The kernel gives a block device to one owner only: a mount, device mapper, md, swap or another
    # maker of file systems.
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_EXCL | os.O_CLOEXEC))
    except OSError as err:
        if err.errno == errno.EBUSY:
            return True
        raise CommandExecutionError(f"{path} cannot be read: {err.strerror}") from err
    return False


def _signatures(path):
    # wipefs without -a only lists; it knows more and is stricter than blkid, and -p is in every
    # version.
    output = _run(["wipefs", "-p", path])
    signatures = []
    for line in output.splitlines():
        if line and not line.startswith("#"):
            offset, _uuid, *label, kind = line.split(",")
            signatures.append({"type": kind, "offset": offset})
    return signatures


def _superblock(path):
    with open(path, "rb") as handle:
        return handle.read(512)


def _is_unfinished_xfs(block):
    # sb_inprogress: mkfs.xfs sets it first and clears it last, and the kernel never mounts a file
    # system that has it.
    return block[:4] == b"XFSB" and block[126] == 1


def _lvm_rows():
    """One row per segment of every physical volume, also of one without a volume group."""
    output = _run(
        # A peer's new volume group is not in this machine's hints.
        [
            "pvs",
            "--config",
            'devices { hints = "none" }',
            "--foreign",
            "--reportformat",
            "json",
            "-o",
            _PVS_FIELDS,
        ]
    )
    rows = []
    try:
        for report in json.loads(output)["report"]:
            rows += [row for part in report.values() for row in part]
    except (ValueError, KeyError, TypeError, AttributeError) as err:
        raise CommandExecutionError("pvs did not answer with a report in JSON") from err
    fields = _PVS_FIELDS.split(",")
    return [
        {
            **{field: row.get(field, "") for field in fields},
            "device": _stat_device(row["pv_name"])["rdev"],
        }
        for row in rows
    ]


# --- perform: one step ----------------------------------------------------------------------------


def perform(step, storage, cluster=""):
    """
    Do one step that ``decide`` asked for.

    step
        Its name.

    storage
        The site's ``storage``.

    cluster
        Name of the cluster.

    Returns a dict ``{thing: {"old": ..., "new": ...}}``. Raises CommandExecutionError if the step
    fails or its program is missing.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_storage.perform activate '{device: /dev/vdb, vg: VG, lv: LV}'
    """
    target = __salt__["hanfs_model.filesystem_device"](storage)
    if step == "clear":
        _clear_unfinished_xfs(target)
    elif step == "look":
        raise CommandExecutionError("There is nothing to do about a step that only looks")
    else:
        _run(_command(step, storage, pv_uuid(cluster, storage), target))
    return changes(step, storage)


def changes(step, storage):
    """
    What a step changes, for a state's return. Pure.

    step
        Name of the step.

    storage
        The site's ``storage``.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_storage.changes lvcreate '{vg: NFS_SHARED, lv: NFS_LVM, ...}'
    """
    target = __salt__["hanfs_model.filesystem_device"](storage)
    things = {
        "pvcreate": (storage["device"], "empty", "physical volume"),
        "vgcreate": (f"volume group {storage.get('vg')}", None, f"on {storage['device']}"),
        "lvcreate": (
            f"volume {storage.get('vg')}/{storage.get('lv')}",
            None,
            "all of the volume group",
        ),
        "activate": (f"volume {storage.get('vg')}/{storage.get('lv')}", "inactive", "active"),
        "clear": (f"unfinished file system on {target}", "unfinished", None),
        "mkfs": (f"file system on {target}", None, storage["fstype"]),
    }
    thing, old, new = things[step]
    return {thing: {"old": old, "new": new}}


def _command(step, storage, uuid, target):
    vg, lv, device = storage.get("vg"), storage.get("lv"), storage["device"]
    return {
        "pvcreate": ["pvcreate", "--uuid", uuid, "--norestorefile", device],
        "vgcreate": ["vgcreate", vg, device],
        # Nothing is wiped: what turns out to be in the volume is looked at before anything is
        # written.
        "lvcreate": ["lvcreate", "-Wn", "-Zn", "-l", "100%FREE", "-n", lv, vg],
        "activate": ["lvchange", "-ay", f"{vg}/{lv}"],
        "mkfs": [*_MKFS[storage["fstype"]], target],
    }[step]


def rescan(storage):
    """
    Let this machine's LVM see what a peer has made on the shared disk.

    storage
        The site's ``storage``.

    Returns nothing. Does something only where LVM keeps a memory of its own: lvmetad (EL 7) or a
    devices file (EL 9).

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_storage.rescan '{device: /dev/vdb, vg: NFS_SHARED, lv: NFS_LVM}'
    """
    if not storage.get("vg"):
        return
    if os.path.exists("/run/lvm/lvmetad.socket"):
        _run(["pvscan", "--cache", storage["device"]])
    if os.path.exists("/etc/lvm/devices/system.devices") and salt.utils.path.which("lvmdevices"):
        labelled = [signature["type"] for signature in _signatures(storage["device"])] == [
            "LVM2_member"
        ]
        if labelled and not any(
            row["device"] == _stat_device(storage["device"])["rdev"] for row in _lvm_rows()
        ):
            _run(["lvmdevices", "--yes", "--adddev", storage["device"]])


def _clear_unfinished_xfs(path):
    # mkfs.xfs would refuse its own unfinished work and is never told to force. The device is held
    # for ourselves meanwhile.
    handle = os.open(path, os.O_RDWR | os.O_EXCL | os.O_CLOEXEC)
    try:
        if not _is_unfinished_xfs(os.pread(handle, 512, 0)):
            raise CommandExecutionError(f"{path} changed meanwhile: nothing was touched")
        os.pwrite(handle, bytes(512), 0)
        os.fsync(handle)
    finally:
        os.close(handle)


def _run(argv):
    if not salt.utils.path.which(argv[0]):
        raise CommandExecutionError(
            f"{argv[0]} is not installed (package {_PACKAGE.get(argv[0], 'lvm2')})"
        )
    result = __salt__["cmd.run_all"](
        argv,
        python_shell=False,
        ignore_retcode=True,
        output_loglevel="quiet",
        stdin="",
        env={"LC_ALL": "C", "LVM_SUPPRESS_FD_WARNINGS": "1"},
    )
    if result["retcode"] != 0:
        raise CommandExecutionError(
            f"{' '.join(argv)} failed: {(result['stderr'] or result['stdout']).strip()}"
        )
    return result["stdout"]
