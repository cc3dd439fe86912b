"""
A whole cluster: set it up, start, stop and enable it, destroy it

Part of the module ``pcs``. No function here passes ``--force`` on by itself: with it,
``pcs cluster setup`` destroys running clusters.
"""

import re

from salt.exceptions import SaltInvocationError

__virtualname__ = "pcs"

# Setting up, destroying and starting wait for services on every node.
LIMIT_SERVICES = 900


def __virtual__():
    return __virtualname__


def _run(*args, **kwargs):
    return __salt__["pcs_run.run"](*args, **kwargs)


def cluster_setup(
    nodes,
    pcsclustername="pcscluster",
    extra_args=None,
    totem=None,
    transport=None,
    links=None,
    transport_options=None,
    compression=None,
    crypto=None,
    quorum=None,
):
    """
    Set a cluster up on all nodes, without starting or enabling it.

    nodes
        ``{name: [addresses]}``, or a list of names that resolve. One link per address.

    pcsclustername
        The cluster's name.

    extra_args
        More arguments for pcs; ``--force`` is refused.

    totem
        Options of corosync's totem section, ``{"token": 10000}``.

    transport
        knet (pcs's default), udpu or udp.

    links
        List of dictionaries with options per link, in the order of addresses.

    transport_options, compression, crypto
        Options of the transport: ``{"link_mode": "active"}``, ``{"model": "zlib"}``,
        ``{"cipher": "aes256", "hash": "sha256"}``.

    quorum
        Options of corosync's quorum section, ``{"wait_for_all": true}``. ``two_node`` is pcs's
        own business: it sets it for two nodes and removes it for three.

    Returns True. Raises SaltInvocationError for an option that does not exist or that the
    installed pcs does not have, CommandExecutionError with pcs's words; an existing cluster on
    any node is such a case and stays untouched.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server1' pcs.cluster_setup '{nfs-server1: [10.10.10.11]}' pcsclustername=nfs
    """
    extra = __salt__["pcs_arguments.without_force"](extra_args)
    nodes = __salt__["pcs_arguments.checked_nodes"](nodes)
    if not isinstance(pcsclustername, str) or not re.match(r"[^-\s]\S*$", pcsclustername):
        raise SaltInvocationError("the cluster's name must be a word")
    options = {
        "transport_options": transport_options,
        "compression": compression,
        "crypto": crypto,
        "quorum": quorum,
    }
    argv = __salt__["pcs_run.argv"](
        "setup", pcsclustername, nodes, totem, transport, links, options
    )
    _run(argv + extra, limit=LIMIT_SERVICES)
    return True


def conf_text_of(node):
    """
    Another node's corosync.conf, asked of the pcsd there; None when it has none or does not
    answer. Raises CommandExecutionError when pcs here does not come back.

    node
        Name of an authenticated host.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server2' pcs.conf_text_of nfs-server1
    """
    targets = __salt__["pcs_arguments.targets"]([node])
    result = _run(["pcs", "cluster", "corosync", *targets], ok=range(256))
    if result["retcode"] or not result["stdout"].strip():
        return None
    return result["stdout"].rstrip() + "\n"


def cluster_start(nodes=None, wait=None):
    """
    Start the cluster here, or on the nodes named.

    nodes
        List of names, ``--all`` for every member, None for this node.

    wait
        Seconds to wait until the nodes have started; None does not wait.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.cluster_start wait=120
    """
    argv = ["pcs", "cluster", "start", *__salt__["pcs_arguments.targets"](nodes)]
    if wait is None:
        _run(argv, limit=LIMIT_SERVICES)
    else:
        _run([*argv, f"--wait={int(wait)}"], limit=LIMIT_SERVICES + int(wait))
    return True


def cluster_stop(nodes=None):
    """
    Stop the cluster here, or on the nodes named (``--all`` for every member).

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.cluster_stop
    """
    _run(
        ["pcs", "cluster", "stop", *__salt__["pcs_arguments.targets"](nodes)], limit=LIMIT_SERVICES
    )
    return True


def cluster_enable(nodes=None):
    """
    Start the cluster at boot, here or on the nodes named (``--all`` for every member).

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.cluster_enable
    """
    _run(["pcs", "cluster", "enable", *__salt__["pcs_arguments.targets"](nodes)])
    return True


def cluster_destroy(extra_args=None):
    """
    Destroy the cluster on this node: services stopped, configuration gone for good.

    extra_args
        More arguments for pcs, in practice ``--all``; ``--force`` is refused.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.cluster_destroy
    """
    extra = __salt__["pcs_arguments.without_force"](extra_args)
    _run(["pcs", "cluster", "destroy", *extra], limit=LIMIT_SERVICES)
    return True
