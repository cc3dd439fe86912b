"""
What ``hanfs.fence_drill`` goes by: whether a node may be fenced now, and what has become of it.

Data in, data out.
"""

from __future__ import annotations

from collections.abc import Iterable

from _cib_values import Data


def refusals(status: Data, node: str, own: str, active: bool = False) -> list[str]:
    """
    Why a node must not be fenced for a drill now, from what the cluster says. Pure.

    status
        The data of ``pcs.status``.

    node
        The node to fence.

    own
        Name of the node that asks.

    active
        Whether it may be the one that runs the service.

    Returns a list of sentences.
    """
    nodes, found = status["nodes"], []
    if node not in nodes:
        return [f"the cluster has no node {node}; it has: {', '.join(nodes)}"]
    if node == own:
        found.append("a node does not fence itself: call this on another one")
    if not status["dc"]:
        found.append("the cluster has no coordinator (DC)")
    if not status["quorum"]:
        found.append("the cluster has no quorum")
    if not status["stonith_enabled"]:
        found.append("fencing is off in the cluster (stonith-enabled)")
    if status["maintenance_mode"]:
        found.append("the cluster is in maintenance: somebody works on it")
    for name, flags in nodes.items():
        found += _node_refusals(name, flags)
    found += _resource_refusals(status)
    moving = running_on(status, node)
    if moving and not active:
        found.append(f"{node} runs {', '.join(moving)}: say active=True if that is meant")
    return found


def _node_refusals(name, flags):
    if flags["unclean"]:
        return [f"{name} is unclean"]
    if flags["pending"]:
        return [f"{name} is still joining the cluster"]
    if not flags["online"]:
        return [f"{name} is not online"]
    return [
        f"{name} is in {intent}: somebody works on it"
        for intent in ("standby", "standby_onfail", "maintenance")
        if flags[intent]
    ]


def _resource_refusals(status):
    found = []
    for name, item in status["resources"].items():
        if item["pending"]:
            found.append(f"the cluster is busy: {name} ({item['pending']})")
        elif item["failed"] or item["blocked"]:
            found.append(f"{name} has failed")
        elif not item["managed"]:
            found.append(f"{name} is not managed: somebody works on it")
    for failure in status["failures"]:
        found.append(
            f"a failed action is on record ({failure.get('task')} of {failure.get('resource')} on "
            f"{failure.get('node')}): understand it, then pcs resource cleanup"
        )
    for event in status["fence_history"]:
        if event.get("status") == "pending":
            found.append(f"{event.get('target')} is being fenced right now")
    return found


def running_on(status: Data, node: str) -> list[str]:
    """
    The resources that only this node runs: what has to move when it is gone. Pure.

    status
        The data of ``pcs.status``.

    node
        Name of the node.
    """
    return sorted(
        name
        for name, item in status["resources"].items()
        if node in item["nodes"]
        and not item["clone"]
        and not str(item["agent"]).startswith("stonith:")
    )


def not_elsewhere(status: Data, resources: Iterable[str], node: str) -> list[str]:
    """
    Those of the resources that no other node runs, or not yet. Pure.

    status
        The data of ``pcs.status``.

    resources
        Names of resources.

    node
        Name of the node that they were on.
    """
    found = []
    for name in resources:
        item = status["resources"].get(name) or {"role": "Stopped", "nodes": []}
        if item["role"] != "Started" or not set(item["nodes"]) - {node} or item.get("pending"):
            found.append(name)
    return found


def delegate(status: Data, node: str) -> str | None:
    """
    Which node has fenced a node last, by the fencing history; None if none is known. Pure.

    status
        The data of ``pcs.status``.

    node
        The node that was fenced.
    """
    done = [
        event
        for event in status["fence_history"]
        if event.get("target") == node and event.get("status") == "success"
    ]
    newest = max(done, key=lambda event: event.get("completed") or "", default=None)
    return newest.get("delegate") if newest else None
