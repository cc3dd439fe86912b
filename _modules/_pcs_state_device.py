"""
States of the quorum device

Part of the states ``pcs``; Salt's loader takes the files of one virtual name together.
"""

from __future__ import annotations

import functools

import _pcs_device
import _pcs_hosts
import _pcs_lock
import _pcs_node
from _cib_errors import CommandExecutionError, SaltInvocationError
from _cib_result import made
from _cib_run import Machine
from _cib_values import Data
from _pcs_state_node import no_cluster

ERRORS = (CommandExecutionError, SaltInvocationError)
PURPOSE = "the quorum device"
# Options that pcs takes out of corosync.conf when a device comes, and only of a stopped cluster.
INCOMPATIBLE = ("auto_tie_breaker", "last_man_standing")


def quorum_device_present(
    machine: Machine,
    name: str,
    algorithm: str = "ffsplit",
    model: str = "net",
    model_options: Data | None = None,
    options: Data | None = None,
    heuristics: Data | None = None,
    timeout: int = 600,
) -> Data:
    """The cluster has this quorum device."""
    wanted = {
        "model_options": {"host": name, "algorithm": algorithm, **(model_options or {})},
        "options": options or {},
        "heuristics": heuristics or {},
    }
    try:
        for part, values in wanted.items():
            wanted[part] = _texts(part, values)
        conf = _conf()
        if conf is None:
            return no_cluster(machine, name)
        changes = _difference(conf["device"], model, wanted)
        if not changes:
            return made(name, comment=f"The quorum device is on {name}")
        in_the_way = [key for key in INCOMPATIBLE if conf["quorum"].get(key) == "1"]
        if not conf["device"] and in_the_way:
            raise CommandExecutionError(
                f"a quorum device does not go with {' and '.join(in_the_way)}: take it away first "
                "with the state pcs.corosync_configured (quorum, and the option with null)"
            )
        if machine.test:
            return made(name, None, "The quorum device would have been changed", changes)
        _under_lock(machine, conf, timeout, lambda now: _change(machine, now, model, wanted))
        if _difference(_conf()["device"], model, wanted):
            raise CommandExecutionError("corosync.conf still has another quorum device")
    except ERRORS as err:
        return made(name, False, str(err))
    return made(name, comment=f"The quorum device is on {name} now", changes=changes)


def quorum_device_absent(machine: Machine, name: str, timeout: int = 600) -> Data:
    """The cluster has no quorum device."""
    try:
        conf = _conf()
        if conf is None or not conf["device"]:
            return made(name, comment="There is no quorum device")
        changes = {"device": {"old": conf["device"], "new": None}}
        if machine.test:
            return made(name, None, "The quorum device would have been removed", changes)
        _under_lock(machine, conf, timeout, functools.partial(_remove, machine))
        if _conf()["device"]:
            raise CommandExecutionError("the quorum device is still in corosync.conf")
    except ERRORS as err:
        return made(name, False, str(err))
    return made(name, comment="The quorum device has been removed", changes=changes)


def _conf():
    conf = _pcs_node.corosync_conf()
    return None if conf is None or conf["stub"] else conf


def _texts(part, values):
    texts = {}
    for key, value in values.items():
        if value is not None and not isinstance(value, (str, int, bool)):
            raise SaltInvocationError(f"{part}: {key} must be a word or a number")
        if isinstance(value, bool):
            value = "on" if value else "off"
        texts[key] = None if value is None else str(value)
    return texts


def _difference(device, model, wanted):
    """Changes as a tree; a device that is not there is one change."""
    if device is None or device["model"] != model:
        named = {
            part: {key: value for key, value in values.items() if value is not None}
            for part, values in wanted.items()
        }
        return {"device": {"old": device, "new": {"model": model, **named}}}
    changes: dict[str, Data] = {}
    for part, values in wanted.items():
        for key, value in values.items():
            if device[part].get(key) != value:
                old = device[part].get(key)
                changes.setdefault(part, {})[key] = {"old": old, "new": value}
    return {"device": changes} if changes else {}


def _under_lock(machine, conf, timeout, change):
    """Change what is there when the lock is ours; pcs has no lock when the cluster is stopped."""
    try:
        _pcs_node.status(machine)
    except CommandExecutionError:
        change(conf)
        return
    local = _pcs_node.local_node(conf["nodes"])
    _pcs_lock.take(machine, local, PURPOSE, timeout)
    try:
        change(_conf())
    finally:
        _pcs_lock.release(machine, own=True)


def _remove(machine, conf):
    if conf["device"]:
        _pcs_device.quorum_device_remove(machine)


def _change(machine, conf, model, wanted):
    device = conf["device"]
    if not _difference(device, model, wanted):
        return
    host = wanted["model_options"]["host"]
    if device and (device["model"] != model or device["model_options"].get("host") != host):
        # so that the cluster is not left with neither of them
        answer = _pcs_hosts.hosts_authorized(machine, [host])[host]
        if answer is not True:
            raise CommandExecutionError(f"the quorum device stays where it is: {host}: {answer}")
        _pcs_device.quorum_device_remove(machine)
        device = None
    if device:
        parts = {
            part: {key: value for key, value in values.items() if device[part].get(key) != value}
            for part, values in wanted.items()
        }
        _pcs_device.quorum_device_update(machine, **parts)
        return
    named = {
        part: {key: value for key, value in values.items() if value is not None}
        for part, values in wanted.items()
    }
    _pcs_device.quorum_device_add(machine, model, **named)
