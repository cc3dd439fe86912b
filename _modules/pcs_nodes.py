"""
The nodes of a cluster: add and remove them, standby and maintenance

Part of the module ``pcs``.
"""

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
    ((name, checked),) = __salt__["pcs_argv.checked_nodes"]({node: addresses or []}).items()
    _run(
        __salt__["pcs_run.argv"]("node_add", name, checked)
        + __salt__["pcs_argv.without_force"](extra_args),
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
    _run(["pcs", "node", "standby", *__salt__["pcs_argv.targets"]([node])])
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
    _run(["pcs", "node", "unstandby", *__salt__["pcs_argv.targets"]([node])])
    return True
