"""
One change of the cluster layer at a time, on whichever nodes runs want to make one

Two minions that change corosync.conf at once would overwrite each other's edit, and two that
restart nodes could stop both. The lock is an object in the cluster's own configuration, so it needs
nothing that carries data between nodes: creating an object that exists is refused by every
Pacemaker, whoever asks first wins, and a node that dies does not take the lock with it.

The lock is also the record of what is left to do: a run that restarts nodes writes the names of
those that still have to be restarted, and a run that was killed is completed by the next. Which
thread of which process holds it is written down, too: another run on the same node waits while that
one lives, also one in the same process (a minion with ``multiprocessing: False``).

A lock of a node that is no member any more, or is about to be removed because it is gone for good,
holds nobody up: who comes next takes it over, with what was left to do on the others.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Iterable
from xml.etree import ElementTree
from xml.sax import saxutils

import _pcs_node
import _pcs_wait
from _cib_errors import CommandExecutionError
from _cib_run import Machine
from _cib_values import Data

ID = "cluster-layer-change"
# the second one: Pacemaker 1.1
EXISTS = (108, 76)
NOT_THERE = 105
# What Pacemaker on this node last knew, for when it does not run.
ON_DISK = "/var/lib/pacemaker/cib/cib.xml"
PAUSE = 5
# In the place of the run: that one is done, and what is left is for whoever restarts nodes next.
LEFT = "left"


def _element(entry, run=None):
    run = run or _run(_own_thread())
    value = saxutils.quoteattr(json.dumps(entry, sort_keys=True))
    return (
        f'<cluster_property_set id="{ID}"><nvpair id="{ID}-holder" name="{ID}" '
        f'value={value}/><nvpair id="{ID}-run" name="{ID}-run" value="{run}"/>'
        "</cluster_property_set>"
    )


def _own_thread():
    return threading.get_native_id()


def _run(thread):
    """A thread of this machine, told from all that were or will be there; None if it is gone."""
    try:
        with open("/proc/sys/kernel/random/boot_id") as boot:
            with open(f"/proc/{thread}/stat") as stat:
                # the name, in brackets, may hold anything; the start time is the 22nd field
                started = stat.read().rpartition(")")[2].split()[19]
                return f"{boot.read().strip()}.{thread}.{started}"
    except OSError:
        return None


def _lives(run):
    """Whether that is another run on this node, still under way."""
    thread = run.split(".")[1] if run.count(".") == 2 else ""
    return thread.isdigit() and int(thread) != _own_thread() and _run(thread) == run


def holder(machine: Machine) -> Data | None:
    """
    Who holds the lock: ``{"node": str, "purpose": str, "pending": [nodes to restart]}`` or
    None.
    """
    found = _read(machine)
    return found and _shown(found)


def last_known() -> Data | None:
    """
    The same of a node on which the cluster does not run, from the configuration that Pacemaker last
    wrote to its disk. No process is started.
    """
    try:
        root = ElementTree.parse(ON_DISK).getroot()
    except FileNotFoundError:
        return None
    except (OSError, ElementTree.ParseError) as err:
        raise CommandExecutionError(f"{ON_DISK} cannot be read: {err}") from err
    return in_cib(root)


def in_cib(root: ElementTree.Element) -> Data | None:
    """
    The same of a whole CIB. Pure.

    root
        Its root element.
    """
    found = root.find(f".//cluster_property_set[@id='{ID}']")
    return None if found is None else _shown(_parsed(found))


def _shown(found):
    return {key: found[key] for key in ("node", "purpose", "pending")}


def _read(machine):
    path = f"//cluster_property_set[@id='{ID}']"
    result = machine.run(["cibadmin", "--query", "--xpath", path], ok=(0, 6, NOT_THERE))
    if result["retcode"]:
        return None
    try:
        return _parsed(ElementTree.fromstring(result["stdout"]))
    except ElementTree.ParseError as err:
        raise CommandExecutionError(f"cibadmin's answer cannot be understood: {err}") from err


def _parsed(element):
    pairs = {pair.get("id"): pair.get("value") for pair in element}
    try:
        entry = json.loads(pairs[f"{ID}-holder"] or "")
        return {
            **{key: entry[key] for key in ("node", "purpose", "pending")},
            "run": pairs.get(f"{ID}-run") or "",
        }
    except (ValueError, TypeError, KeyError) as err:
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
    gone: Collection[str] = (),
) -> list[str]:
    """
    Take the lock, or wait for it. One that this node holds already, and no thread of it that lives,
    or that a node holds which is no member any more, was left by a run that was cut off.

    node, purpose
        Name of this node, and what for, in a few words; others are told.

    timeout, pending
        Seconds to wait for another run, and names of nodes to restart.

    resume
        Whether the caller completes what an earlier run left to do, or keeps the lock for it.

    gone
        Names of members that the caller removes as gone for good: while they are offline, and not
        unclean, their lock counts as left, too.

    Returns the names of nodes that an earlier run left to be restarted. Raises
    CommandExecutionError when another node holds it at the deadline, or when there are such
    nodes and the caller does not restart any.
    """
    entry = {"node": node, "purpose": purpose, "pending": list(pending)}
    seen: Data = {}

    def look():
        done, told, seen["other"] = _attempt(machine, node, entry, gone)
        return done, told

    _pcs_wait.until(timeout, "the lock on the cluster layer was not free", look, PAUSE)
    left = _left(machine, seen["other"], gone)
    if left and not resume:
        raise CommandExecutionError(
            f"a run that restarts nodes was cut off before {', '.join(left)}; the state "
            "pcs.corosync_configured completes it; if one of them is gone for good, remove it "
            "('remove_unreachable' of pcs.cluster_members)"
        )
    if seen["other"]:
        keep(machine, node, purpose, left)
    return left


def _left(machine, other, gone):
    """What the run that had the lock had left to restart."""
    return [name for name in other["pending"] if not _is_gone(machine, name, gone)] if other else []


def _is_gone(machine, name, leaving):
    """Whether a node is no member any more, or one of those that leave and is surely not there."""
    conf = _pcs_node.corosync_conf()
    if name not in leaving and (conf is None or name in conf["nodes"]):
        return False
    flags = _pcs_node.status(machine)["nodes"].get(name)
    if name not in leaving:
        return flags is None
    return not flags or not any(flags[flag] for flag in ("online", "pending", "unclean"))


def _attempt(machine, node, entry, gone):
    """Whether the lock is ours now, what was seen, and the entry that was there already."""
    try:
        result = machine.run(
            ["cibadmin", "--create", "--scope", "crm_config", "--xml-text", _element(entry)],
            ok=(0, *EXISTS),
        )
        other = _read(machine) if result["retcode"] else None
        if not result["retcode"]:
            return True, "free", None
        if other is None:
            return False, "given back at this moment", None
        own = other["node"] == node
        left = not _lives(other["run"]) if own else _is_gone(machine, other["node"], gone)
        left = left or other["run"] == LEFT
    except CommandExecutionError as err:
        # whoever holds it may be restarting this node
        return False, str(err), None
    return left, "left by an earlier run" if left else _held(other), other


def _held(other):
    return (
        f"{other['node']} holds it ({other['purpose']}). If no run is under way there, run the "
        "state again on that node; if the node is gone for good, remove it ('remove_unreachable' "
        "of pcs.cluster_members); else look at the cluster and give the lock back with "
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


def leave(machine: Machine, node: str, purpose: str, pending: Iterable[str]) -> bool:
    """
    Give the lock back without what is left to do: the next one, on whichever node, finds it.

    node, purpose, pending
        As for ``take``.
    """
    entry = {"node": node, "purpose": purpose, "pending": list(pending)}
    element = _element(entry, LEFT)
    machine.run(["cibadmin", "--modify", "--scope", "crm_config", "--xml-text", element])
    return True


def release(machine: Machine, own: bool = False) -> bool:
    """Give the lock back. Returns True."""
    ours = f" and nvpair[@value='{_run(_own_thread())}']" if own else ""
    path = f"//cluster_property_set[@id='{ID}'{ours}]"
    machine.run(["cibadmin", "--delete", "--xpath", path], ok=(0, 6, NOT_THERE))
    return True
