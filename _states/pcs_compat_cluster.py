"""
The states about nodes that Salt had in its own module ``pcs`` until 3007, with their arguments

They judge by what is there (corosync.conf, pcs's tokens), never by the words that pcs prints. No
state destroys a cluster: one that exists already and is another is an error.

A part of the state module ``pcs``: Salt merges files that have one virtual name. New states should
be ``pcs.hosts_authenticated`` and ``pcs.cluster_created``, which both nodes may run at once.

:depends: the execution module pcs
"""

__virtualname__ = "pcs"


def __virtual__():
    return __virtualname__


def auth(name, nodes, pcsuser="hacluster", pcspasswd="hacluster", extra_args=None):
    """
    pcs on this node may talk to the pcsd of the nodes.

    name
        Anything.

    nodes
        A list of names; ``addr=ADDRESS`` may follow a name.

    pcsuser, pcspasswd
        pcs's account and its password.

    extra_args
        Accepted (``--force``, ``--local``): newer pcs has none.

    .. code-block:: yaml

        pcs_auth__auth:
          pcs.auth:
            - nodes:
                - node1.example.com
                - node2.example.com
            - pcsuser: hacluster
            - pcspasswd: hoonetorg
            - extra_args: []
    """
    return __salt__["pcs.converge"](
        "auth",
        name,
        test=__opts__["test"],
        nodes=nodes,
        pcsuser=pcsuser,
        pcspasswd=pcspasswd,
        extra_args=extra_args,
    )


def cluster_setup(
    name,
    nodes,
    pcsclustername="pcscluster",
    extra_args=None,
    pcsuser="hacluster",
    pcspasswd="hacluster",
    pcs_auth_extra_args=None,
    wipe_default=False,
):
    """
    This node is in a cluster of this name with these nodes. The nodes are authorized first.

    Run it on one node. A cluster of another name is an error and is not touched; so are nodes
    that are missing from this one, which ``pcs.cluster_node_present`` adds.

    name
        Anything.

    nodes
        A list of names; ``addr=ADDRESS`` may follow a name.

    pcsclustername
        The cluster's name.

    extra_args
        More words of ``pcs cluster setup``, such as ``--start`` and ``--enable``; with ``--start``
        it is waited until the cluster answers. ``--force`` is refused: it destroys clusters.

    pcsuser, pcspasswd
        pcs's account and its password.

    pcs_auth_extra_args
        As ``extra_args`` of ``pcs.auth``.

    wipe_default
        Whether to remove the one-node cluster that Debian's packages start, on this node. It is
        known by its exact configuration; any other is left.

    .. code-block:: yaml

        pcs_setup__setup:
          pcs.cluster_setup:
            - nodes:
                - node1.example.com
                - node2.example.com
            - pcsclustername: pcscluster
            - extra_args:
                - '--start'
                - '--enable'
            - pcsuser: hacluster
            - pcspasswd: hoonetorg
    """
    return __salt__["pcs.converge"](
        "cluster_setup",
        name,
        test=__opts__["test"],
        nodes=nodes,
        pcsclustername=pcsclustername,
        extra_args=extra_args,
        pcsuser=pcsuser,
        pcspasswd=pcspasswd,
        pcs_auth_extra_args=pcs_auth_extra_args,
        wipe_default=wipe_default,
    )


def cluster_node_present(name, node, extra_args=None):
    """
    A node is a member of this node's cluster.

    Run it on one node, which is a member; the new one must be authorized (``pcs.auth``).

    name
        Anything.

    node
        Its name.

    extra_args
        More words of ``pcs cluster node add``, such as ``--start`` and ``--enable``, or
        ``addr=ADDRESS``; ``--force`` is refused.

    .. code-block:: yaml

        pcs_setup__node_add_node1.example.com:
          pcs.cluster_node_present:
            - node: node1.example.com
            - extra_args:
                - '--start'
                - '--enable'
    """
    return __salt__["pcs.converge"](
        "cluster_node_present", name, test=__opts__["test"], node=node, extra_args=extra_args
    )
