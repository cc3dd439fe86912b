"""
The nodes of a cluster: add and remove them, standby and maintenance

Part of the module ``pcs``.
"""

from salt.exceptions import CommandExecutionError

__virtualname__ = "pcs"

# Adding and removing wait for services.
LIMIT_SERVICES = 900


def __virtual__():
    return __virtualname__


def _run(*args, **kwargs):
    return __salt__["pcs_run.run"](*args, **kwargs)


def cluster_node_add(node, extra_args=None, addresses=None):
    """
    Add a node to this node's cluster.

    node
        Name of an authenticated host.

    extra_args
        More arguments for pcs, such as ``--enable`` and ``--start``; ``--force`` is refused.

    addresses
        The node's addresses, one per link; what the host was authenticated by if not given.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server1' pcs.cluster_node_add nfs-server3 addresses='[10.10.10.13]'
    """
    ((name, checked),) = __salt__["pcs_arguments.checked_nodes"]({node: addresses or []}).items()
    _run(
        __salt__["pcs_run.argv"]("node_add", name, checked)
        + __salt__["pcs_arguments.without_force"](extra_args),
        limit=LIMIT_SERVICES,
    )
    return True


def node_standby(node):
    """
    Let a node run no resources; what it runs moves away.

    node
        Its name.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server1' pcs.node_standby nfs-server1
    """
    _run(["pcs", "node", "standby", *__salt__["pcs_arguments.targets"]([node])])
    return True


def node_unstandby(node):
    """
    Let a node run resources again.

    node
        Its name.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server1' pcs.node_unstandby nfs-server1
    """
    _run(["pcs", "node", "unstandby", *__salt__["pcs_arguments.targets"]([node])])
    return True


def cluster_node_remove(node, unreachable=False):
    """
    Remove a node from this node's cluster. pcs destroys the cluster's configuration there.

    node
        Its name.

    unreachable
        It does not answer and will not come back. If it does, it still believes to be a member:
        ``pcs cluster destroy`` is due there before its cluster starts.

    Raises CommandExecutionError with pcs's words, such as that the quorum would be lost.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server1' pcs.cluster_node_remove nfs-server3
    """
    (name,) = __salt__["pcs_arguments.checked_nodes"]([node])
    _run(__salt__["pcs_run.argv"]("node_remove", name, unreachable), limit=LIMIT_SERVICES)
    return True


def node_maintenance(node):
    """
    Leave the resources on a node to themselves: neither monitored nor started nor stopped.

    node
        Its name.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server1' pcs.node_maintenance nfs-server1
    """
    _run(["pcs", "node", "maintenance", *__salt__["pcs_arguments.targets"]([node])])
    return True


def node_unmaintenance(node):
    """
    Let the cluster look after the resources on a node again.

    node
        Its name.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server1' pcs.node_unmaintenance nfs-server1
    """
    _run(["pcs", "node", "unmaintenance", *__salt__["pcs_arguments.targets"]([node])])
    return True


def node_relieve(node, timeout=300):
    """
    Move everything off a node, and see that it runs elsewhere, before the node is stopped.

    It is a standby of the kind that ends by itself when the node's cluster stops, so a run that
    was cut off leaves nothing behind. When a resource does not start elsewhere, the standby is
    taken back.

    node
        Its name.

    timeout
        Seconds until the resources must have moved.

    Returns the ids of the resources that moved. Raises CommandExecutionError when nothing else can
    run them, or when they did not start there; they are on the node again then.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server1' pcs.node_relieve nfs-server2
    """
    (name,) = __salt__["pcs_arguments.checked_nodes"]([node])
    before = __salt__["pcs.status"]()
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
    _standby_until_stopped(name, "--update", "on")
    try:
        _run(["crm_resource", "--wait", f"--timeout={int(timeout)}"], limit=int(timeout) + 60)
        after = __salt__["pcs.status"]()
        lost = _not_elsewhere(after, moving, name)
        if lost:
            raise CommandExecutionError(f"not running anywhere but on {name}: {', '.join(lost)}")
    except CommandExecutionError as err:
        _standby_until_stopped(name, "--delete")
        raise CommandExecutionError(
            f"{name} was not relieved and may run resources again: {err}"
        ) from err
    return moving


def node_relieved_no_more(node):
    """
    Take ``node_relieve`` back without stopping the node.

    node
        Its name.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server1' pcs.node_relieved_no_more nfs-server2
    """
    (name,) = __salt__["pcs_arguments.checked_nodes"]([node])
    _standby_until_stopped(name, "--delete")
    return True


def _standby_until_stopped(node, *action):
    _run(["crm_attribute", "--node", node, "--name", "standby", "--lifetime", "reboot", *action])


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
