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

``inspect`` does the looking, ``hanfs_storage_rules.decide`` is a function of what it saw,
``perform`` does one step.

:depends: util-linux; lvm2 for a site with a volume group; xfsprogs or e2fsprogs on the node that
makes the file system
"""

from __future__ import annotations

import errno
import json
import os
import stat

import salt.utils.path
from salt.exceptions import CommandExecutionError, TimedProcTimeoutError

__virtualname__ = "hanfs_storage"

_PVS_FIELDS = (
    "pv_name,pv_uuid,pv_missing,pv_in_use,vg_name,vg_uuid,vg_partial,vg_exported,lv_name,lv_active"
)
_MKFS = {"xfs": ["mkfs.xfs", "-q"], "ext4": ["mkfs.ext4", "-q"]}
_PACKAGE = {"mkfs.xfs": "xfsprogs", "mkfs.ext4": "e2fsprogs", "wipefs": "util-linux"}
# Seconds. A disk that answers no more would hold up a run for ever.
_TIMEOUT = 120
_LONG_TIMEOUT = 600
_LONG = ("vgcreate", *(argv[0] for argv in _MKFS.values()))
MACHINE_ID = "/etc/machine-id"
FSTAB = "/etc/fstab"
LVMETAD = "/run/lvm/lvmetad.socket"
DEVICES_FILE = "/etc/lvm/devices/system.devices"


def __virtual__():
    return __virtualname__


# --- inspect: read-only ---------------------------------------------------------------------------


def inspect(storage, cluster="", claim=False):
    """
    Everything about the shared disk that a decision needs. Reads only.

    storage
        The site's ``storage``: ``device``, ``vg`` and ``lv`` if there is LVM, ``fstype``.

    cluster
        Name of the cluster (for the id of the physical volume, with this machine's own id).

    claim
        Whether to try, for a moment, to have the device for ourselves, which tells whether any
        program holds it. Only who may write to it does: two that try at once disturb each other.

    Returns ``{"device": {...}, "volume": {...} or None, "lvm": rows or None, "pv_uuid": text,
    "lvm_memory": bool}``; ``lvm`` is None while lvm2 is not installed, ``lvm_memory`` says that
    ``rescan`` may help LVM to see more. Raises CommandExecutionError if a probe itself
    fails: what cannot be seen must not be taken for empty.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_storage.inspect '{device: /dev/vdb, fstype: xfs}'
    """
    try:
        facts = _inspect(storage, cluster, claim)
        # As the kernel's table of mounts has it.
        return {**facts, "mountpoint": os.path.realpath(storage.get("mountpoint", "/"))}
    except OSError as err:
        raise CommandExecutionError(f"{storage['device']} cannot be looked at: {err}") from err


def _inspect(storage, cluster, claim):
    device = _stat_device(storage["device"])
    facts = {
        "device": device,
        "volume": None,
        "lvm": None,
        "pv_uuid": __salt__["hanfs_storage_rules.pv_uuid"](cluster, storage, _machine_id()),
        "lvm_memory": os.path.exists(LVMETAD) or os.path.exists(DEVICES_FILE),
    }
    if not device["block"]:
        return facts
    if not storage.get("vg"):
        facts["device"] = _probe(device, claim)
        return facts
    if salt.utils.path.which("pvs"):
        facts["lvm"] = _lvm_rows()
        facts["volume"] = _stat_device(__salt__["hanfs_model.filesystem_device"](storage))
    if any(row["vg_name"] == storage["vg"] for row in facts["lvm"] or []):
        # The volume is what counts now; its physical volume has a signature and a holder, as it
        # should.
        if facts["volume"]["block"]:
            facts["volume"] = _probe(facts["volume"], claim)
    else:
        facts["device"] = _probe(device, claim)
    return facts


def mounts(path):
    """
    Where a block device is mounted on this machine, under whatever name.

    path
        Path of the device.

    Returns a list of ``{"directory": ..., "fstype": ..., "root": ...}``, ``root`` being the
    directory inside the file system; empty also if the device is not there.

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
                unescaped = __salt__["hanfs_storage_rules.unescaped"]
                found.append(
                    {
                        "directory": unescaped(fields[4]),
                        "fstype": fstype,
                        "root": unescaped(fields[3]),
                    }
                )
    return found


def _machine_id():
    try:
        found = _read_line(MACHINE_ID)
    except (OSError, UnicodeError):
        return ""
    return "" if found == "uninitialized" else found


def fstab(storage):
    """
    The lines of ``/etc/fstab`` that mount the shared file system, or something else where it
    belongs. Reads only; starts no process.

    storage
        The site's ``storage``.

    Returns a list of what ``hanfs_storage_rules.fstab_entries`` returns. A ``UUID=`` or ``LABEL=``
    is known only while the device is there, since it is udev's link that says what it stands for.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_storage.fstab '{device: /dev/vdb, mountpoint: /nfsdata}'
    """
    try:
        with open(FSTAB, encoding="utf-8", errors="surrogateescape") as table:
            entries = __salt__["hanfs_storage_rules.fstab_entries"](table.read())
    except FileNotFoundError:
        return []
    except OSError as err:
        raise CommandExecutionError(f"{FSTAB} cannot be read: {err.strerror}") from err
    directories = {os.path.normpath(storage["mountpoint"]), os.path.realpath(storage["mountpoint"])}
    paths = {storage["device"], __salt__["hanfs_model.filesystem_device"](storage)}
    if storage.get("vg"):
        paths.add(f"/dev/{storage['vg']}/{storage['lv']}")
    paths |= {os.path.realpath(path) for path in paths}
    numbers = {_stat_device(path)["rdev"] for path in paths} - {None}
    return [
        entry
        for entry in entries
        if entry["directory"] in directories or _names_one_of(entry["spec"], paths, numbers)
    ]


def _names_one_of(spec, paths, numbers):
    path = __salt__["hanfs_storage_rules.tag_link"](spec) or spec
    if not path.startswith("/"):
        return False
    return os.path.normpath(path) in paths or _rdev(path) in numbers


def _rdev(path):
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    if not stat.S_ISBLK(status.st_mode):
        return None
    return f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"


def _probe(device, claim):
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
    device["busy"] = claim and _is_busy(device["path"])
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
    uuid = __salt__["hanfs_storage_rules.pv_uuid"](cluster, storage, _machine_id())
    if step == "pvcreate" and not uuid:
        raise CommandExecutionError(
            f"{MACHINE_ID} is empty or missing: run systemd-machine-id-setup and try again (the id "
            "of the physical volume is made from it)"
        )
    _run(_command(step, storage, uuid, target))
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
    if os.path.exists(LVMETAD):
        _run(["pvscan", "--cache", storage["device"]])
    if os.path.exists(DEVICES_FILE) and salt.utils.path.which("lvmdevices"):
        labelled = [signature["type"] for signature in _signatures(storage["device"])] == [
            "LVM2_member"
        ]
        if labelled and not any(
            row["device"] == _stat_device(storage["device"])["rdev"] for row in _lvm_rows()
        ):
            _run(["lvmdevices", "--yes", "--adddev", storage["device"]])


def _run(argv):
    if not salt.utils.path.which(argv[0]):
        raise CommandExecutionError(
            f"{argv[0]} is not installed (package {_PACKAGE.get(argv[0], 'lvm2')})"
        )
    seconds = _LONG_TIMEOUT if argv[0] in _LONG else _TIMEOUT
    late = (
        f"{' '.join(argv)} did not end within {seconds} s and was stopped. Does the disk answer "
        "(dmesg)? Look at what is there, then run again"
    )
    try:
        result = __salt__["cmd.run_all"](
            argv,
            python_shell=False,
            ignore_retcode=True,
            output_loglevel="quiet",
            stdin="",
            env={"LC_ALL": "C", "LVM_SUPPRESS_FD_WARNINGS": "1"},
            timeout=seconds,
        )
    except TimedProcTimeoutError as err:
        raise CommandExecutionError(late) from err
    if result["retcode"] == 1 and "Timed out" in result["stdout"]:
        raise CommandExecutionError(late)
    if result["retcode"] != 0:
        raise CommandExecutionError(
            f"{' '.join(argv)} failed: {(result['stderr'] or result['stdout']).strip()}"
        )
    return result["stdout"]
