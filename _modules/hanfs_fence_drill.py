"""
Shooting a node on purpose, to see that fencing works and how long it takes. Part of the module
``hanfs``.

:depends: pacemaker
"""

from __future__ import annotations

import os
import time

from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "hanfs"

ACTIONS = {"reboot": "--reboot", "off": "--fence"}
_PAUSE = 1


def __virtual__():
    return __virtualname__


def fence_drill(node, confirm=None, active=False, action="reboot", timeout=600):
    """
    Fence a node on purpose, through the cluster, and tell what happened and how long it took. The
    node loses its power (or its disk) without any warning.

    Refused while the cluster has no quorum, is not settled or somebody works on it; while the
    other nodes could not take over; while ``hanfs.fence_test`` finds a problem with fencing that
    node; from the node itself; and on the node that runs the service unless that is said.

    node
        The node to fence. Call this on another one.

    confirm
        The node's name once more.

    active
        Whether it may be the node that runs the service: the service stops until the other node has
        taken it over.

    action
        ``reboot``, or ``off``: then it has to be switched on by hand.

    timeout
        Seconds for everything: until the node is fenced, the service runs elsewhere and the node,
        if it was rebooted, is back in the cluster.

    Returns ``{"result": bool, "node": ..., "action": ..., "by": the node that did it, "moved":
    [resources], "seconds": {"fenced": s, "service": s or None, "back": s or None}, "problems":
    [sentences]}``; the seconds count from the beginning. Raises SaltInvocationError with every
    reason when it is refused; nothing has happened then.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server1' hanfs.fence_drill nfs-server2 confirm=nfs-server2
        salt 'nfs-server2' hanfs.fence_drill nfs-server1 confirm=nfs-server1 active=True
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
    before = __salt__["pcs.status"]()
    _refuse(before, node, active)
    moving = __salt__["hanfs_fence_rules.running_on"](before, node)
    start = time.monotonic()
    report = {
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
        __salt__["pcs_run.run"](argv, limit=int(timeout) + 60)
    except CommandExecutionError as err:
        report["problems"].append(f"{node} was not fenced: {err}")
    else:
        report["seconds"]["fenced"] = round(time.monotonic() - start, 1)
        _watch(report, start, timeout)
    report["result"] = not report["problems"]
    __context__["retcode"] = 0 if report["result"] else 1
    return report


def _refuse(status, node, active):
    found = __salt__["hanfs_fence_rules.refusals"](status, node, os.uname().nodename, active)
    if not found:
        holder = __salt__["pcs_lock.holder"]()
        if holder:
            found.append(f"{holder['node']} is changing the cluster ({holder['purpose']})")
        live = __salt__["cib_xml.read"](__salt__["cib_push.query"]())
        left = [name for name in live["ids"] if name.startswith(("cli-ban-", "cli-prefer-"))]
        if left:
            found.append(f"a move or a ban is in force ({', '.join(left)}): pcs resource clear")
    if not found:
        found = __salt__["hanfs.fence_test"](node=node)["problems"]
    if found:
        raise SaltInvocationError(f"{node} is not fenced: " + "; ".join(found))


def _watch(report, start, timeout):
    """Wait until the service runs elsewhere and the node is back; write down when."""
    node, seconds = report["node"], report["seconds"]
    wants_back, gone, last = report["action"] == "reboot", False, "nothing"
    while True:
        now = time.monotonic() - start
        try:
            status = __salt__["pcs.status"]()
        except CommandExecutionError as err:
            last = str(err)
        else:
            report["by"] = report["by"] or __salt__["hanfs_fence_rules.delegate"](status, node)
            online = status["nodes"].get(node, {}).get("online", False)
            gone = gone or not online
            away = __salt__["hanfs_fence_rules.not_elsewhere"](status, report["moved"], node)
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
