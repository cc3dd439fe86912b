"""
Whether work may begin on a node of a site: the node's own judgement, as data

The master of a rollout only counts such answers. ``findings`` is the rules, ``look`` asks the node.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from xml.etree import ElementTree

import _cib_constraints
import _cib_kinds
import _cib_push
import _hanfs_fence_test
import _hanfs_here
import _hanfs_record
import _hanfs_release
import _hanfs_site
import _pcs_lease
import _pcs_lock
import _pcs_node
from _cib_errors import CommandExecutionError, SaltInvocationError
from _cib_run import Machine
from _cib_values import Data

SCHEMA = 1

# What to do about each kind of finding.
CURES = {
    "pillar": "correct the site's pillar; salt-call hanfs.check says what is wrong",
    "cluster-down": "start the cluster on this node, or find out who stopped it and why",
    "no-quorum": "bring the other nodes back",
    "no-coordinator": "wait until the nodes have elected one",
    "node-offline": "bring it back; never take a node out while another one is",
    "node-unclean": "its state is unknown: see to fencing first (docs/fencing.md)",
    "node-pending": "wait until it has joined",
    "standby": "somebody works on it: ask, and then pcs node unstandby",
    "maintenance": "somebody works on it: ask, and then end the maintenance",
    "ban": "a move or a ban is in force: pcs resource clear, once it is not needed any more",
    "fencing-off": "work that takes nodes out needs fencing, unless pillar says that there is none",
    "fence-test": "mend fencing first: hanfs.fence_test says what each device answered",
    "locked": "wait for the run that holds the lock; pcs.lock_release if there is none",
    "leased": "wait for the other run, or stop it",
    "unfinished": "look at the node, then salt-run hanfs.resume, or hanfs.work_forget on the node",
    "disk": "this node could not take the service over: bring the disk back",
    "busy": "wait until the cluster is settled",
    "health": "see salt-call hanfs.health",
}


def findings(facts: Data) -> list[Data]:
    """
    What forbids that work begins. Pure.

    facts
        What ``look`` found: ``own``, ``nodes``, ``status`` (of ``pcs.status``), ``health``
        (problems), ``busy``, ``bans``, ``lock``, ``lease``, ``run``, ``record``, ``fence``
        (problems of the test of fencing), ``fencing`` (whether the site has it), ``disks`` (that
        are missing).

    Returns a list of ``{"code", "text", "cure"}``, empty if it may.
    """
    found = list(_of_cluster(facts["status"], facts["fencing"]))
    for name in facts["nodes"]:
        found += _of_node(name, facts["status"]["nodes"].get(name))
    found += _of_others(facts)
    if facts["busy"]:
        found.append(("busy", "the cluster is doing something about the service"))
    if not found:
        # What is said above is said better there.
        found = [("health", problem) for problem in facts["health"]]
    return [made(code, text) for code, text in found]


def made(code: str, text: str) -> Data:
    """One finding, with what to do about it."""
    return {"code": code, "text": text, "cure": CURES[code]}


def _of_cluster(status, fencing) -> Iterator[tuple[str, str]]:
    if not status["dc"]:
        yield "no-coordinator", "the cluster has no coordinator (DC)"
    if not status["quorum"]:
        yield "no-quorum", "the partition of this node has no quorum"
    if status["maintenance_mode"]:
        yield "maintenance", "the cluster is in maintenance mode"
    if fencing and not status["stonith_enabled"]:
        yield "fencing-off", "fencing is off in the cluster, the site has it"


def _of_node(name, flags) -> Iterator[tuple[str, str]]:
    if flags is None:
        yield "node-offline", f"{name} is not a node of the cluster"
    elif flags["unclean"]:
        yield "node-unclean", f"{name} is unclean"
    elif flags["pending"]:
        yield "node-pending", f"{name} is still joining the cluster"
    elif not flags["online"]:
        yield "node-offline", f"{name} is offline"
    else:
        for intent in ("standby", "maintenance"):
            if flags[intent]:
                yield intent, f"{name} is in {intent}"


def _of_others(facts) -> Iterator[tuple[str, str]]:
    if facts["bans"]:
        yield "ban", f"a move or a ban is in force: {', '.join(facts['bans'])}"
    if facts["lock"]:
        yield "locked", f"{facts['lock']['node']} changes the cluster ({facts['lock']['purpose']})"
    if facts["lease"] and facts["lease"]["run"] != facts["run"]:
        yield "leased", _pcs_lease.held(facts["lease"])
    record = facts["record"]
    if record and record["run"] != facts["run"] and record["phase"] not in _hanfs_record.ENDED:
        yield "unfinished", f"the work of run {record['run']} stopped at '{record['phase']}' here"
    for disk in facts["disks"]:
        yield "disk", f"{facts['own']} does not see {disk}"
    for problem in facts["fence"]:
        yield "fence-test", problem


def identity(machine: Machine) -> Data:
    """
    Which site and node this machine is, from pillar and files; no process is started.

    Returns ``{"schema_version", "release", "at", "site", "path", "node", "nodes", "cluster": the
    one that this node is in or None, "problem": why it is no node of a site or None}``.
    """
    answer: Data = {
        "schema_version": SCHEMA,
        "release": _hanfs_release.RELEASE,
        "at": time.time(),
        "site": None,
        "path": None,
        "node": None,
        "nodes": [],
        "cluster": _pcs_node.member_of(),
        "problem": None,
    }
    try:
        path, site = _hanfs_site.own(machine)
    except SaltInvocationError as err:
        return {**answer, "problem": str(err)}
    nodes = list(site["cluster"]["nodes"])
    own = [name for name in _hanfs_site.names(machine) if name in nodes]
    return {
        **answer,
        "site": path.rpartition(":")[2],
        "path": path,
        "node": own[0],
        "nodes": [str(name) for name in nodes],
    }


def look(machine: Machine, run: str | None = None, fence: bool = True) -> Data:
    """
    Judge whether work may begin here.

    run
        Id of the run that asks: its own lease and record are no hindrance.

    fence
        Whether to ask the fencing devices, which may take a minute.

    Returns what ``identity`` does, and ``made`` (whether the cluster exists), ``findings``,
    ``active_node``, ``boot``, ``record``, ``feature_set`` and ``notes``.
    """
    answer = identity(machine)
    answer.update(
        {
            "made": answer["cluster"] is not None,
            "findings": [],
            "active_node": None,
            "boot": _hanfs_record.boot_id(),
            "record": _hanfs_record.told(_hanfs_record.read()),
            "feature_set": None,
            "notes": [],
        }
    )
    if answer["problem"]:
        answer["findings"] = [made("pillar", answer["problem"])]
    elif answer["made"]:
        try:
            _judge(machine, answer, run, fence)
        except SaltInvocationError as err:
            answer["findings"] = [made("pillar", str(err))]
        except CommandExecutionError as err:
            answer["findings"] = [made("cluster-down", str(err))]
    # As old as the youngest of what it says.
    answer["at"] = time.time()
    return answer


def _judge(machine, answer, run, fence):
    site = _hanfs_site.at(machine, answer["path"])
    right = _hanfs_here.normal(site, answer["path"])
    answer["feature_set"] = feature_set(machine)
    health = _hanfs_here.health(machine, site)
    fencing = right["fencing"]["enabled"]
    text = _cib_push.query(machine)
    cib = ElementTree.fromstring(text)
    facts = {
        "own": answer["node"],
        "nodes": answer["nodes"],
        "status": _pcs_node.recent_status(machine),
        "health": health["problems"],
        "busy": health["busy"],
        "bans": _cib_constraints.moved_by_hand(_cib_kinds.read(text)),
        "lock": _pcs_lock.in_cib(cib),
        "lease": _pcs_lease.in_cib(cib),
        "run": run,
        "record": answer["record"],
        "fencing": fencing,
        "fence": _hanfs_fence_test.fence_test(machine)["problems"] if fence and fencing else [],
        "disks": [
            one["device"] for one in right["file_systems"] if not os.path.exists(one["device"])
        ],
    }
    answer["findings"] = findings(facts)
    answer["active_node"] = health["active_node"]
    answer["notes"] = health["notes"]


def feature_set(machine: Machine) -> str | None:
    """
    The feature set of the Pacemaker that is installed here: nodes with different ones form a
    cluster, but an older one that has left cannot come back (Pacemaker Explained, 'Upgrading').
    """
    told = machine.run(["pacemakerd", "--features"])["stdout"]
    match = re.search(r"Supporting v([0-9.]+)", told)
    return match.group(1) if match else None
