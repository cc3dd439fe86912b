"""
States of SBD

Part of the states ``pcs``; Salt's loader takes the files of one virtual name together.
"""

from __future__ import annotations

import _pcs_lock
import _pcs_node
import _pcs_sbd
from _cib_errors import CommandExecutionError, SaltInvocationError
from _cib_result import made
from _cib_run import Machine
from _cib_values import Data
from _pcs_state_node import no_cluster

ERRORS = (CommandExecutionError, SaltInvocationError)
SERVICE = "sbd"
PURPOSE = "SBD"
LOCK_TIMEOUT = 600
NEXT_START = (
    "SBD starts and ends with the cluster on each node: restart the nodes one after the other when "
    "it suits (standby, 'pcs cluster stop NODE', 'pcs cluster start NODE', unstandby)"
)


def sbd_enabled(
    machine: Machine,
    name: str,
    watchdogs: dict[str, str] | None = None,
    devices: dict[str, list[str]] | None = None,
    options: Data | None = None,
    validate: bool = False,
) -> Data:
    """The cluster uses SBD with these settings, from the next start of each node on."""
    try:
        wanted = {key: _text(key, value) for key, value in (options or {}).items()}
        conf = _pcs_node.corosync_conf()
        if conf is None or conf["stub"]:
            return no_cluster(machine, name)
        local = _pcs_node.local_node(conf["nodes"])
        here = {**wanted, **_local(local, watchdogs or {}, devices or {})}
        changes = _difference(machine, here)
        if not changes:
            return made(name, comment="SBD is enabled with these settings")
        if machine.test:
            return made(name, None, "SBD would have been configured", changes)

        def enable():
            # another node may have done it for all while this one waited for the lock
            if _difference(machine, here):
                _pcs_sbd.sbd_enable(machine, watchdogs, devices, wanted, validate)

        _under_lock(machine, conf, enable)
        left = _difference(machine, here)
        if left:
            raise CommandExecutionError(f"SBD's settings still differ: {', '.join(left['sbd'])}")
    except ERRORS as err:
        return made(name, False, str(err))
    return {
        **made(name, comment="SBD has been configured", changes=changes),
        "warnings": [NEXT_START],
    }


def sbd_disabled(machine: Machine, name: str) -> Data:
    """The cluster does without SBD, from the next start of each node on. Nothing is restarted."""
    try:
        conf = _pcs_node.corosync_conf()
        if conf is None or conf["stub"] or not machine.salt["service.enabled"](SERVICE):
            return made(name, comment="SBD is not enabled")
        changes = {"sbd": {"enabled": {"old": True, "new": False}}}
        if machine.test:
            return made(name, None, "SBD would have been disabled", changes)

        def disable():
            if machine.salt["service.enabled"](SERVICE):
                _pcs_sbd.sbd_disable(machine)

        _under_lock(machine, conf, disable)
        if machine.salt["service.enabled"](SERVICE):
            raise CommandExecutionError("SBD is still enabled")
    except ERRORS as err:
        return made(name, False, str(err))
    return {
        **made(name, comment="SBD has been disabled", changes=changes),
        "warnings": [NEXT_START],
    }


def _under_lock(machine, conf, change):
    """pcs writes to all nodes, perhaps also corosync.conf; a stopped cluster has no lock."""
    try:
        _pcs_node.status(machine)
    except CommandExecutionError:
        change()
        return
    _pcs_lock.take(machine, _pcs_node.local_node(conf["nodes"]), PURPOSE, LOCK_TIMEOUT)
    try:
        change()
    finally:
        _pcs_lock.release(machine, own=True)


def _text(key, value):
    if not str(key).startswith("SBD_"):
        raise SaltInvocationError(f"options: {key} is none of SBD's, whose names begin with SBD_")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, (str, int)):
        raise SaltInvocationError(f"options: {key} must be a word or a number")
    return str(value)


def _local(node, watchdogs, devices):
    """What this node's file will say of what was named for it."""
    here = {}
    if node in watchdogs:
        here["SBD_WATCHDOG_DEV"] = watchdogs[node]
    if node in devices:
        here["SBD_DEVICE"] = ";".join(devices[node])
    return here


def _difference(machine, wanted):
    present = _pcs_sbd.sbd_config()
    changes = {
        key: {"old": present.get(key), "new": value}
        for key, value in wanted.items()
        if present.get(key) != value
    }
    if not machine.salt["service.enabled"](SERVICE):
        changes["enabled"] = {"old": False, "new": True}
    return {"sbd": changes} if changes else {}
