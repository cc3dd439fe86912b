"""
The nodes of a cluster: add and remove them, standby and maintenance

Part of the module ``pcs``.
"""

from __future__ import annotations

from typing import Any

import _pcs_arguments
import _pcs_argv
import _pcs_node
from _cib_errors import CommandExecutionError
from _cib_run import Machine

# Adding and removing wait for services.
LIMIT_SERVICES = 900
# The value of our own standby: true for Pacemaker in whatever letters, and nobody else writes so.
OURS = "Yes"


def cluster_node_add(
    machine: Machine, node: str, extra_args: Any = None, addresses: str | list[str] | None = None
) -> bool:
    """Add a node to this node's cluster."""
    ((name, checked),) = _pcs_arguments.checked_nodes({node: addresses or []}).items()
    machine.run(
        _pcs_argv.node_add(_pcs_node.capabilities(machine), name, checked)
        + _pcs_arguments.without_force(extra_args),
        limit=LIMIT_SERVICES,
    )
    return True


def node_standby(machine: Machine, node: str) -> bool:
    """Let a node run no resources; what it runs moves away."""
    machine.run(["pcs", "node", "standby", *_pcs_arguments.targets([node])])
    return True


def node_unstandby(machine: Machine, node: str) -> bool:
    """Let a node run resources again."""
    machine.run(["pcs", "node", "unstandby", *_pcs_arguments.targets([node])])
    return True


def cluster_node_remove(machine: Machine, node: str, unreachable: bool = False) -> bool:
    """Remove a node from this node's cluster. pcs destroys the cluster's configuration there."""
    (name,) = _pcs_arguments.checked_nodes([node])
    machine.run(
        _pcs_argv.node_remove(_pcs_node.capabilities(machine), name, unreachable),
        limit=LIMIT_SERVICES,
    )
    return True


def node_maintenance(machine: Machine, node: str) -> bool:
    """Leave the resources on a node to themselves: neither monitored nor started nor stopped."""
    machine.run(["pcs", "node", "maintenance", *_pcs_arguments.targets([node])])
    return True


def node_unmaintenance(machine: Machine, node: str) -> bool:
    """Let the cluster look after the resources on a node again."""
    machine.run(["pcs", "node", "unmaintenance", *_pcs_arguments.targets([node])])
    return True


def node_relieve(machine: Machine, node: str, timeout: int = 300) -> list[str]:
    """
    Move everything off a node, and see that it runs elsewhere, before the node is stopped.

    It is a standby of the kind that ends by itself when the node's cluster stops, so a run that
    was cut off leaves nothing behind. When a resource does not start elsewhere, the standby is
    taken back; one that somebody else has set stays.

    node
        Its name.

    timeout
        Seconds until the resources must have moved.

    Returns the ids of the resources that moved. Raises CommandExecutionError when nothing else can
    run them, or when they did not start there; they are on the node again then.
    """
    (name,) = _pcs_arguments.checked_nodes([node])
    before = _pcs_node.status(machine)
    moving = [
        resource
        for resource, entry in before["resources"].items()
        if entry["active"] and name in entry["nodes"] and not _on_every_node(entry)
    ]
    if moving and not _others_that_can(before, name):
        raise CommandExecutionError(
            f"{', '.join(sorted(moving))} run on {name} and no other node is online and free to "
            "take them"
        )
    if _standby(machine, name) in (None, OURS):
        _standby_until_stopped(machine, name, "--update", OURS)
    try:
        machine.run(
            ["crm_resource", "--wait", f"--timeout={int(timeout)}"], limit=int(timeout) + 60
        )
        after = _pcs_node.status(machine)
        lost = _not_elsewhere(after, moving, name)
        if lost:
            raise CommandExecutionError(f"not running anywhere but on {name}: {', '.join(lost)}")
    except CommandExecutionError as err:
        own = node_relieved_no_more(machine, name)
        now = "may run resources again" if own else "stays in the standby that somebody has set"
        raise CommandExecutionError(f"{name} was not relieved and {now}: {err}") from err
    return moving


def node_relieved_no_more(machine: Machine, node: str) -> bool:
    """
    Take ``node_relieve`` back without stopping the node.

    node
        Its name.

    Returns False when the standby is not ``node_relieve``'s: it stays then.
    """
    (name,) = _pcs_arguments.checked_nodes([node])
    if _standby(machine, name) not in (None, OURS):
        return False
    _standby_until_stopped(machine, name, "--delete")
    return True


def _standby(machine, node):
    """The value of the standby that ends with the node's cluster; None if there is none."""
    result = machine.run(
        ["crm_attribute", "--node", node, "--name", "standby", "--lifetime", "reboot"]
        + ["--query", "--quiet"],
        ok=range(256),
    )
    return None if result["retcode"] else result["stdout"].strip()


def _standby_until_stopped(machine, node, *action):
    machine.run(
        ["crm_attribute", "--node", node, "--name", "standby", "--lifetime", "reboot", *action]
    )


def _on_every_node(entry):
    """A copy on each node, or a fencing device: nothing is lost when one of them stops."""
    return bool(entry["clone"]) or entry["agent"].startswith("stonith:")


def _others_that_can(status, node):
    return [
        name
        for name, flags in status["nodes"].items()
        if name != node
        and flags["online"]
        and not any(flags[f] for f in ("standby", "maintenance", "pending", "unclean"))
    ]


def _not_elsewhere(status, resources, node):
    lost = []
    for resource in resources:
        entry = status["resources"].get(resource)
        if not entry or not entry["active"] or not set(entry["nodes"]) - {node}:
            lost.append(resource)
    still = [
        resource
        for resource, entry in status["resources"].items()
        if entry["active"] and node in entry["nodes"] and resource not in lost
    ]
    return sorted(lost + still)
