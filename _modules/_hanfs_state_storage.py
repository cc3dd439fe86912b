"""
The shared disk, as states: the mount point, and what is on the disk.

Each asks what is, says what should be, does the difference once and looks again. Nothing is mounted
from here, nothing is made over anything, and a member of the cluster makes nothing at all.
"""

from __future__ import annotations

import os
import time

import _hanfs_here
import _hanfs_site
import _hanfs_storage
import _hanfs_storage_rules
import _pcs_node
from _cib_errors import CommandExecutionError, SaltInvocationError
from _cib_result import failed, made, unknown
from _cib_run import Machine
from _cib_values import Data
from _hanfs_types import Account, Mode, Storage

# Seconds between two looks at something that another node is still doing.
_PAUSE = 2
# From an empty device to a file system: a loop that does not end by then never will.
_MOST_STEPS = 10


def mount_point(
    machine: Machine,
    name: str,
    path: str | None = None,
    user: Account | None = None,
    group: Account | None = None,
    mode: Mode = "0755",
) -> Data:
    """
    Whether the directory that the cluster mounts the shared file system on has to be left alone:
    what the state returns then; else its ``name`` and the ``user``, ``group`` and ``mode`` that it
    is to have.
    """
    ret = made(name)
    try:
        owner = {"user": user, "group": group, "mode": mode}
        if path:
            storage = _hanfs_site.file_system(_hanfs_site.at(machine, path), name)
            owner = {key: storage.get(key, value) for key, value in owner.items()}
            name = storage["mountpoint"]
        if os.path.ismount(os.path.realpath(name)):
            ret["comment"] = f"{name} is mounted and left alone"
            return ret
        for kind in ("user", "group"):
            account = owner[kind]
            if (
                machine.test
                and account is not None
                and machine.salt["file." + _TO_ID[kind]](account) == ""
            ):
                return unknown(ret, f"{name} would be made once the {kind} {account} exists")
    except (CommandExecutionError, SaltInvocationError, OSError) as err:
        return failed(ret, err)
    return {**owner, "name": name, "mode": str(owner["mode"])}


_TO_ID = {"user": "user_to_uid", "group": "group_to_gid"}


def storage_ready(
    machine: Machine,
    name: str,
    storage: Storage,
    creator: str,
    cluster: str | None = None,
    timeout: float = 300,
    file_systems: list[Data] | None = None,
    protection: str | None = None,
) -> Data:
    """
    Bring the shared disk to the point where the cluster can mount a file system of it on this node:
    made by the first node, where the disk is empty and ``initialize`` is true; seen on the others.
    A device that is not there yet is waited for. Mounts nothing, overwrites nothing.
    """
    ret = made(name)
    member = _pcs_node.member_of() is not None
    protection = protection if storage.get("vg") else None
    may_create = storage.get("initialize") is True and not member
    creates = creator == _hanfs_here.own_name()

    def look():
        try:
            facts = _hanfs_storage.inspect(
                machine, storage, cluster or "", may_create and creates, protection
            )
        except CommandExecutionError as err:
            if creates or not may_create:
                raise
            # The first node may be writing just what this one tries to read.
            return {"verdict": "wait", "step": None, "why": str(err)}
        needs_lvm = storage.get("vg") and facts["device"]["block"] and not machine.test
        if needs_lvm and facts["lvm"] is None:
            raise CommandExecutionError("lvm2 is not installed")
        return _hanfs_storage_rules.decide(
            facts, storage, may_create, creates, file_systems, member
        )

    def perform(step):
        return _hanfs_storage.perform(machine, step, storage, cluster or "", protection)

    def rescan():
        _hanfs_storage.rescan(machine, storage, cluster or "")

    try:
        if machine.test:
            return _predict_storage(ret, storage, look(), creator, protection)
        return _make_storage(ret, storage, look, perform, rescan, creator, timeout)
    except (CommandExecutionError, SaltInvocationError, OSError) as err:
        return failed(ret, err)


def _make_storage(ret, storage, look, perform, rescan, creator, timeout):
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
            rescan()
            continue
        if decision["verdict"] in ("refuse", "unlisted"):
            return _refused(ret, decision, perform)
        if decision["verdict"] == "step":
            steps += 1
            if steps > _MOST_STEPS:
                return failed(ret, f"gave up after {_MOST_STEPS} steps: still {decision['why']}")
            _merge(ret["changes"], perform(decision["step"]))
            continue
        if time.monotonic() >= deadline:
            return failed(ret, _in_vain(decision, storage, creator, timeout))
        time.sleep(_PAUSE)
        if decision["verdict"] == "wait":
            rescan()


def _refused(ret, decision, perform):
    """What is refused does not stay active, so that nobody takes it for the cluster's."""
    why = decision["why"]
    if decision["step"]:
        try:
            _merge(ret["changes"], perform(decision["step"]))
        except CommandExecutionError as err:
            why = f"{why}. It stays active on this node: {err}"
    return failed(ret, why)


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
        failed(ret, decision["why"])
    elif decision["verdict"] in ("unknown", "unlisted"):
        unknown(ret, decision["why"])
    elif decision["verdict"] == "wait":
        unknown(ret, f"{decision['why']}: would wait for {creator} to make it")
    else:
        ret["result"] = None
        for step in _following(decision["step"], protection):
            _merge(ret["changes"], _hanfs_storage.changes(step, storage, protection))
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
