"""
Restarting the nodes of a cluster one after the other, never two at once

Before a node is stopped all others are online and there is quorum, and what it ran runs elsewhere.
The next one comes only when it is a member again. The names of those left to do stand in the lock
of ``_pcs_lock``, so that a run that was cut off is completed.
"""

from __future__ import annotations

from collections.abc import Iterable

import _pcs_cluster
import _pcs_lock
import _pcs_node
import _pcs_nodes
import _pcs_wait
from _cib_errors import CommandExecutionError
from _cib_run import Machine
from _cib_values import Data

START = 300


def problems(status: Data, members: Iterable[str]) -> list[str]:
    """
    Why no node may be restarted now, as sentences; none when all is well. Plain data, nothing run.

    status
        What ``pcs.status`` says.

    members
        Names of the cluster's nodes.
    """
    sentences = []
    if not status["quorum"]:
        sentences.append("the cluster has no quorum")
    if status["maintenance_mode"]:
        sentences.append("the cluster is in maintenance: somebody works on it")
    for name in members:
        flags = status["nodes"].get(name)
        if not flags or not flags["online"] or flags["pending"] or flags["unclean"]:
            sentences.append(f"{name} is not online")
        elif flags["maintenance"]:
            sentences.append(f"{name} is in maintenance: somebody works on it")
    return sentences


def order(status, names):
    """
    Nodes in the order to restart them: those that run the least first, so that little moves twice.

    status
        What ``pcs.status`` says.

    names
        Names of the nodes.
    """
    load = dict.fromkeys(names, 0)
    for entry in status["resources"].values():
        for node in entry["nodes"]:
            if entry["active"] and not entry["clone"] and node in load:
                load[node] += 1
    return sorted(names, key=lambda name: (load[name], name))


def restart(
    machine: Machine,
    local: str,
    members: list[str],
    pending: Iterable[str],
    purpose: str,
    timeout: int = 600,
) -> list[str]:
    """
    Restart the cluster on the nodes ``pending``; the lock is held by this node.

    local
        Name of this node.

    members
        Names of all nodes.

    pending
        Names of the nodes to restart.

    purpose
        What for; stands in the lock.

    timeout
        Seconds for each wait: until the others are well, resources have moved, the node is back.

    Returns the names in the order in which they were restarted. Raises CommandExecutionError when
    the next one may not be stopped; the lock keeps the names of those left.
    """
    left, done = list(pending), []
    _start_again(machine, left)
    while left:
        _wait_until_well(machine, members, timeout)
        node = order(_pcs_node.status(machine), left)[0]
        if left[0] != node:
            left = [node, *(name for name in left if name != node)]
            _pcs_lock.keep(machine, local, purpose, left)
        _pcs_nodes.node_relieve(machine, node, timeout)
        try:
            _pcs_cluster.cluster_stop(machine, node)
        except CommandExecutionError:
            if _is_online(machine, node):
                _pcs_nodes.node_relieved_no_more(machine, node)
            raise
        _pcs_cluster.cluster_start(machine, node, wait=START)
        _wait_until_well(machine, members, timeout)
        left.remove(node)
        done.append(node)
        _pcs_lock.keep(machine, local, purpose, left)
    return done


def _start_again(machine, left):
    """The first of those left may have been stopped, and not started, by a run that was cut off."""
    flags = _pcs_node.status(machine)["nodes"].get(left[0]) if left else None
    if flags and not any(flags[name] for name in ("online", "pending", "unclean")):
        _pcs_cluster.cluster_start(machine, left[0], wait=START)


def _is_online(machine, node):
    try:
        flags = _pcs_node.status(machine)["nodes"].get(node)
    except CommandExecutionError:
        return False
    return bool(flags and flags["online"])


def _wait_until_well(machine, members, timeout):
    def look():
        try:
            sentences = problems(_pcs_node.status(machine), members)
        except CommandExecutionError as err:
            return False, str(err)
        return not sentences, "; ".join(sentences) or "all online"

    _pcs_wait.until(timeout, "the cluster was not well enough to restart a node", look)
