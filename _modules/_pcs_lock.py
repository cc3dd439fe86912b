"""
One change of the cluster layer at a time, on whichever nodes runs want to make one

Two minions that change corosync.conf at once would overwrite each other's edit, and two that
restart nodes could stop both. The lock is an object in the cluster's own configuration, so it needs
nothing that carries data between nodes: creating an object that exists is refused by every
Pacemaker, whoever asks first wins, and a node that dies does not take the lock with it.

The lock is also the record of what is left to do: a run that restarts nodes writes the names of
those that still have to be restarted, and a run that was killed is completed by the next. Which
process holds it is written down, too: another run on the same node waits while that one lives.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from xml.etree import ElementTree
from xml.sax import saxutils

import _pcs_wait
from _cib_errors import CommandExecutionError
from _cib_run import Machine
from _cib_values import Data

ID = "cluster-layer-change"
# the second one: Pacemaker 1.1
EXISTS = (108, 76)
NOT_THERE = 105
PAUSE = 5


def _element(entry):
    value = saxutils.quoteattr(json.dumps(entry, sort_keys=True))
    return (
        f'<cluster_property_set id="{ID}"><nvpair id="{ID}-holder" name="{ID}" '
        f'value={value}/><nvpair id="{ID}-run" name="{ID}-run" value="{_run(os.getpid())}"/>'
        "</cluster_property_set>"
    )


def _run(pid):
    """A process of this machine, told from all that were or will be there; None if it is gone."""
    try:
        with open("/proc/sys/kernel/random/boot_id") as boot:
            with open(f"/proc/{pid}/stat") as stat:
                # the name, in brackets, may hold anything; the start time is the 22nd field
                started = stat.read().rpartition(")")[2].split()[19]
                return f"{boot.read().strip()}.{pid}.{started}"
    except OSError:
        return None


def _lives(run):
    """Whether that is another run on this node, still under way."""
    pid = run.split(".")[1] if run.count(".") == 2 else ""
    return pid.isdigit() and int(pid) != os.getpid() and _run(pid) == run


def holder(machine: Machine) -> Data | None:
    """
    Who holds the lock: ``{"node": str, "purpose": str, "pending": [nodes to restart]}`` or
    None.
    """
    found = _read(machine)
    return found and {key: found[key] for key in ("node", "purpose", "pending")}


def _read(machine):
    path = f"//cluster_property_set[@id='{ID}']"
    result = machine.run(["cibadmin", "--query", "--xpath", path], ok=(0, 6, NOT_THERE))
    if result["retcode"]:
        return None
    try:
        pairs = {
            pair.get("id"): pair.get("value") for pair in ElementTree.fromstring(result["stdout"])
        }
        entry = json.loads(pairs[f"{ID}-holder"] or "")
        return {
            **{key: entry[key] for key in ("node", "purpose", "pending")},
            "run": pairs.get(f"{ID}-run") or "",
        }
    except (ElementTree.ParseError, ValueError, TypeError, KeyError) as err:
        raise CommandExecutionError(
            f"the object {ID} in the cluster's configuration cannot be understood"
        ) from err


def take(
    machine: Machine,
    node: str,
    purpose: str,
    timeout: int = 600,
    pending: Iterable[str] = (),
    resume: bool = False,
) -> list[str]:
    """
    Take the lock, or wait for it. One that this node holds already, and no process of it that
    lives, was left by a run that was cut off: what that run had left to do is done.

    node
        Name of this node.

    purpose
        What for, in a few words; others are told.

    timeout
        Seconds to wait for another run.

    pending
        Names of nodes to restart.

    resume
        Whether the caller restarts nodes, and so can complete what an earlier run left to do.

    Returns the names of nodes that an earlier run left to be restarted. Raises
    CommandExecutionError when another node holds it at the deadline, or when there are such
    nodes and the caller does not restart any.
    """
    entry = {"node": node, "purpose": purpose, "pending": list(pending)}
    seen: Data = {}

    def look():
        done, told, seen["other"] = _attempt(machine, node, entry)
        return done, told

    _pcs_wait.until(timeout, "the lock on the cluster layer was not free", look, PAUSE)
    left = seen["other"]["pending"] if seen["other"] else []
    if left and not resume:
        raise CommandExecutionError(
            f"a run that restarts nodes was cut off before {', '.join(left)}; the state "
            "pcs.corosync_configured completes it; if one of them is gone for good, give the lock "
            "back with 'pcs.lock_release'"
        )
    if seen["other"]:
        keep(machine, node, purpose, left)
    return left


def _attempt(machine, node, entry):
    """Whether the lock is ours now, what was seen, and the entry that was there already."""
    try:
        result = machine.run(
            ["cibadmin", "--create", "--scope", "crm_config", "--xml-text", _element(entry)],
            ok=(0, *EXISTS),
        )
        other = _read(machine) if result["retcode"] else None
    except CommandExecutionError as err:
        # whoever holds it may be restarting this node
        return False, str(err), None
    if not result["retcode"]:
        return True, "free", None
    if other is None:
        return False, "given back at this moment", None
    if other["node"] == node and not _lives(other["run"]):
        return True, "left by an earlier run", other
    return False, _held(other), other


def _held(other):
    return (
        f"{other['node']} holds it ({other['purpose']}). If no run is under way there, run the "
        "state again on that node, or look at the cluster and give the lock back with "
        "'pcs.lock_release'"
    )


def keep(machine: Machine, node: str, purpose: str, pending: Iterable[str]) -> bool:
    """
    Write down what is left to do; this node holds the lock.

    node, purpose, pending
        As for ``take``.
    """
    entry = {"node": node, "purpose": purpose, "pending": list(pending)}
    machine.run(["cibadmin", "--modify", "--scope", "crm_config", "--xml-text", _element(entry)])
    return True


def release(machine: Machine, own: bool = False) -> bool:
    """Give the lock back. Returns True."""
    ours = f" and nvpair[@value='{_run(os.getpid())}']" if own else ""
    path = f"//cluster_property_set[@id='{ID}'{ours}]"
    machine.run(["cibadmin", "--delete", "--xpath", path], ok=(0, 6, NOT_THERE))
    return True
