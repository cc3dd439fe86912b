"""
The shared disk, as states: ``hanfs.mount_point``, ``hanfs.storage_ready``, ``hanfs.storage_grown``.

Each asks what is, says what should be, does the difference once and looks again. Nothing is mounted
from here, nothing is made over anything, and a member of the cluster makes nothing at all.

.. code-block:: yaml

    The shared disk carries the file system of /nfsdata:
      hanfs.storage_ready:
        - storage: {device: /dev/vdb, vg: NFS_SHARED, lv: NFS_LVM, fstype: xfs, mountpoint:
          /nfsdata, initialize: true}
        - creator: nfs-server1
        - cluster: nfs-server-cluster
        - protection: system_id
        - timeout: 300

:depends: the execution modules hanfs, hanfs_storage and pcs
"""

from __future__ import annotations

import os
import time

from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "hanfs"

# Seconds between two looks at something that another node is still doing.
_PAUSE = 2
# From an empty device to a file system: a loop that does not end by then never will.
_MOST_STEPS = 10


def __virtual__():
    return __virtualname__


def _ret(name):
    return {"name": name, "result": True, "changes": {}, "comment": ""}


def _failed(ret, error):
    ret["result"] = False
    ret["comment"] = "\n".join(part for part in (ret["comment"], str(error)) if part)
    return ret


def _unknown(ret, comment):
    """A dry run's answer where nothing can be known yet."""
    ret["result"] = None
    ret["comment"] = comment
    return ret


def mount_point(name, user=None, group=None, mode="0755"):
    """
    Make the directory that the cluster mounts the shared file system on. While something is mounted
    there it is left alone: it would be the root of the shared file system, and that belongs to the
    clients.

    name
        The directory.

    user, group, mode
        Of the directory underneath.

    .. code-block:: yaml

        /nfsdata:
          hanfs.mount_point:
            - user: nobody
            - group: nogroup
            - mode: '0755'
    """
    ret = _ret(name)
    try:
        if os.path.ismount(os.path.realpath(name)):
            ret["comment"] = f"{name} is mounted and left alone"
            return ret
        for kind, account in (("user", user), ("group", group)):
            if (
                __opts__["test"]
                and account is not None
                and __salt__["file." + _TO_ID[kind]](account) == ""
            ):
                return _unknown(ret, f"{name} would be made once the {kind} {account} exists")
        made = __states__["file.directory"](
            name, user=user, group=group, mode=str(mode), makedirs=True
        )
    except (CommandExecutionError, SaltInvocationError, OSError) as err:
        return _failed(ret, err)
    ret.update({key: made[key] for key in ("result", "changes")})
    # Salt says nothing about a directory that it has just made.
    ret["comment"] = made["comment"] or f"{name} was made"
    return ret


_TO_ID = {"user": "user_to_uid", "group": "group_to_gid"}


def storage_ready(
    name, storage, creator, cluster=None, timeout=300, file_systems=None, protection=None
):
    """
    Bring the shared disk to the point where the cluster can mount a file system of it on this node:
    made by the first node, where the disk is empty and ``initialize`` is true; seen on the others.
    A device that is not there yet is waited for. Mounts nothing, overwrites nothing.

    name
        Free text.

    storage
        The file system: ``device``, ``vg``, ``lv``, ``size``, ``fstype``, ``mountpoint``,
        ``initialize``.

    creator
        Name of the node that makes what is missing.

    cluster
        Name of the cluster.

    timeout
        Seconds to wait for the device, and for what the creator makes.

    file_systems
        All file systems of the site: several may be volumes of one group.

    protection
        ``system_id``: the volume group belongs to one node at a time, and outside the cluster no
        volume of it stays active. None: volumes are active on every node.
    """
    ret = _ret(name)
    member = __salt__["pcs.member_of"]() is not None
    protection = protection if storage.get("vg") else None
    may_create = storage.get("initialize") is True and not member
    creates = creator == __salt__["hanfs.own_name"]()

    def look():
        try:
            facts = __salt__["hanfs_storage.inspect"](
                storage, cluster or "", may_create and creates, protection
            )
        except CommandExecutionError as err:
            if creates or not may_create:
                raise
            # The first node may be writing just what this one tries to read.
            return {"verdict": "wait", "step": None, "why": str(err)}
        needs_lvm = storage.get("vg") and facts["device"]["block"] and not __opts__["test"]
        if needs_lvm and facts["lvm"] is None:
            raise CommandExecutionError("lvm2 is not installed")
        return __salt__["hanfs_storage_rules.decide"](
            facts, storage, may_create, creates, file_systems, member
        )

    def perform(step):
        return __salt__["hanfs_storage.perform"](step, storage, cluster or "", protection)

    try:
        if __opts__["test"]:
            return _predict_storage(ret, storage, look(), creator, protection)
        return _make_storage(ret, storage, look, perform, creator, timeout)
    except (CommandExecutionError, SaltInvocationError, OSError) as err:
        return _failed(ret, err)


def _make_storage(ret, storage, look, perform, creator, timeout):
    deadline = time.monotonic() + timeout
    steps, rescanned = 0, False
    while True:
        decision = look()
        if decision["verdict"] == "ready":
            ret["comment"] = (
                f"{decision['why']} ({', '.join(ret['changes'])} made)"
                if ret["changes"]
                else decision["why"]
            )
            return ret
        if decision["verdict"] == "unlisted" and not rescanned:
            rescanned = True
            __salt__["hanfs_storage.rescan"](storage)
            continue
        if decision["verdict"] in ("refuse", "unlisted"):
            return _failed(ret, decision["why"])
        if decision["verdict"] == "step":
            steps += 1
            if steps > _MOST_STEPS:
                return _failed(ret, f"gave up after {_MOST_STEPS} steps: still {decision['why']}")
            _merge(ret["changes"], perform(decision["step"]))
            continue
        if time.monotonic() >= deadline:
            return _failed(ret, _in_vain(decision, storage, creator, timeout))
        time.sleep(_PAUSE)
        if decision["verdict"] == "wait":
            __salt__["hanfs_storage.rescan"](storage)


def _in_vain(decision, storage, creator, timeout):
    if decision["verdict"] == "absent":
        return (
            f"{decision['why']} (waited {timeout} s). Is it attached to this node, and is its name "
            "in the site's storage right?"
        )
    return (
        f"waited for {creator} in vain: {decision['why']} on this node. Has the run on {creator} "
        f"got so far, and is {storage['device']} the same disk on both?"
    )


def _merge(changes, more):
    """Add a step's changes to those before it: what was only there in between is no change."""
    for thing, change in more.items():
        before = changes.get(thing)
        if before is None:
            changes[thing] = change
        elif before["old"] == change["new"]:
            del changes[thing]
        elif before["old"] is not None:
            changes[thing] = {"old": before["old"], "new": change["new"]}


def _predict_storage(ret, storage, decision, creator, protection):
    if decision["verdict"] == "ready":
        ret["comment"] = decision["why"]
    elif decision["verdict"] in ("refuse", "absent"):
        _failed(ret, decision["why"])
    elif decision["verdict"] in ("unknown", "unlisted"):
        _unknown(ret, decision["why"])
    elif decision["verdict"] == "wait":
        _unknown(ret, f"{decision['why']}: would wait for {creator} to make it")
    else:
        ret["result"] = None
        for step in _following(decision["step"], protection):
            _merge(ret["changes"], __salt__["hanfs_storage.changes"](step, storage, protection))
        ret["comment"] = f"{decision['why']}: {', '.join(ret['changes'])} would be made or changed"
    return ret


def _following(step, protection):
    """The steps that come after one, as far as can be known without having done it."""
    chain = ["pvcreate", "vgcreate", "lvcreate", "mkfs"]
    if step in chain:
        steps = chain[chain.index(step) :]
    elif step == "activate" and protection:
        # Only to make a file system there.
        steps = ["activate", "mkfs"]
    else:
        return [step]
    return [*steps, "deactivate"] if protection else steps
