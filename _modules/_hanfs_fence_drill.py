"""
Shooting a node on purpose, to see that fencing works and how long it takes.
"""

from __future__ import annotations

import os
import time

import _cib_constraints
import _cib_kinds
import _cib_push
import _hanfs_fence_rules
import _hanfs_fence_test
import _hanfs_health_facts
import _pcs_lock
import _pcs_node
from _cib_errors import CommandExecutionError, SaltInvocationError
from _cib_run import Machine
from _cib_values import Data

ACTIONS = {"reboot": "--reboot", "off": "--fence"}
_PAUSE = 1


def fence_drill(
    machine: Machine,
    node: str,
    confirm: str | None = None,
    active: bool = False,
    action: str = "reboot",
    timeout: float = 600,
) -> Data:
    """
    Fence a node on purpose, through the cluster, and tell what happened and how long it took.
    The node loses its power (or its disk) without any warning.
    """
    if confirm != node:
        raise SaltInvocationError(
            f"this takes the power of {node} away without warning; say confirm={node} if it is "
            "meant"
        )
    if action not in ACTIONS:
        raise SaltInvocationError(f"action: {action!r} is neither reboot nor off")
    if not isinstance(timeout, (int, float)) or isinstance(timeout, bool) or timeout < 1:
        raise SaltInvocationError(f"timeout: {timeout!r} is no number of seconds from 1 on")
    before = _pcs_node.status(machine)
    _refuse(machine, before, node, active)
    moving = _hanfs_fence_rules.running_on(before, node)
    start = time.monotonic()
    report: Data = {
        "result": False,
        "node": node,
        "action": action,
        "by": None,
        "moved": moving,
        "seconds": {"fenced": None, "service": None, "back": None},
        "problems": [],
    }
    argv = ["stonith_admin", ACTIONS[action], node, "--timeout", str(int(timeout))]
    try:
        machine.run(argv, limit=int(timeout) + 60)
    except CommandExecutionError as err:
        report["problems"].append(f"{node} was not fenced: {err}")
    else:
        report["seconds"]["fenced"] = round(time.monotonic() - start, 1)
        _hanfs_health_facts.fencing_worked()
        _watch(machine, report, start, timeout)
    report["result"] = not report["problems"]
    machine.kept["retcode"] = 0 if report["result"] else 1
    return report


def _refuse(machine, status, node, active):
    found = _hanfs_fence_rules.refusals(status, node, os.uname().nodename, active)
    if not found:
        holder = _pcs_lock.holder(machine)
        if holder:
            found.append(f"{holder['node']} is changing the cluster ({holder['purpose']})")
        left = _cib_constraints.moved_by_hand(_cib_kinds.read(_cib_push.query(machine)))
        if left:
            found.append(f"a move or a ban is in force ({', '.join(left)}): pcs resource clear")
    if not found:
        found = _hanfs_fence_test.fence_test(machine, node=node)["problems"]
    if found:
        raise SaltInvocationError(f"{node} is not fenced: " + "; ".join(found))


def _watch(machine, report, start, timeout):
    """Wait until the service runs elsewhere and the node is back; write down when."""
    node, seconds = report["node"], report["seconds"]
    wants_back, gone, last = report["action"] == "reboot", False, "nothing"
    while True:
        now = time.monotonic() - start
        try:
            status = _pcs_node.status(machine)
        except CommandExecutionError as err:
            last = str(err)
        else:
            report["by"] = report["by"] or _hanfs_fence_rules.delegate(status, node)
            online = status["nodes"].get(node, {}).get("online", False)
            gone = gone or not online
            away = _hanfs_fence_rules.not_elsewhere(status, report["moved"], node)
            if seconds["service"] is None and report["moved"] and not away:
                seconds["service"] = round(now, 1)
            if seconds["back"] is None and gone and online:
                seconds["back"] = round(now, 1)
            last = "; ".join(
                [f"{name} does not run elsewhere yet" for name in away]
                + ([] if online else [f"{node} is not online"])
            )
            moved = seconds["service"] is not None or not report["moved"]
            if gone and moved and (seconds["back"] is not None or not wants_back):
                return
        if now >= timeout:
            if not gone:
                last = f"{node} never left the cluster, though fencing says that it worked"
            report["problems"].append(f"after {int(timeout)} s: {last}")
            return
        time.sleep(_PAUSE)
