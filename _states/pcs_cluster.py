"""
States of a cluster as a whole: the members it has, and its end

Part of the states ``pcs``; Salt's loader takes the files of one virtual name together.
"""

__virtualname__ = "pcs"


def __virtual__():
    return __virtualname__


def cluster_members(
    name,
    nodes,
    remove=None,
    remove_unreachable=None,
    password=None,
    password_pillar=None,
    start=True,
    enable=True,
    timeout=600,
):
    """
    The cluster has the members named: missing ones are added, others go only when they are named.

    Run it on all nodes or on any. A member adds and removes, under a lock that all members share;
    a machine that is not a member yet waits until one adds it. A node to be removed is relieved of
    its resources first, and leaves only when they run elsewhere and the rest keeps its quorum. It
    never removes itself: another member does that.

    name
        The cluster's name.

    nodes
        ``{name: [addresses]}``: all the members that should be, one address per link.

    remove
        Names of members to remove. A member in none of ``nodes``, ``remove`` and
        ``remove_unreachable`` is an error.

    remove_unreachable
        Names of members to remove that are gone for good and do not answer. When such a machine
        comes back, ``pcs cluster destroy`` is due on it.

    password, password_pillar
        The password of hacluster, or the place in pillar where it is, to authenticate a new node;
        not needed when the state ``pcs.hosts_authenticated`` did.

    start, enable
        Whether a new node's cluster is started, and started at boot.

    timeout
        Seconds to wait for a new node, for resources to move and for the lock.

    .. code-block:: yaml

        nfs-server-cluster has three members:
          pcs.cluster_members:
            - name: nfs-server-cluster
            - nodes:
                nfs-server1: [10.10.10.11, 192.168.16.11]
                nfs-server2: [10.10.10.12, 192.168.16.12]
                nfs-server3: [10.10.10.13, 192.168.16.13]
            - password_pillar: hanfs:cluster:password
    """
    return __salt__["pcs.converge"](
        "cluster_members",
        name,
        test=__opts__["test"],
        nodes=nodes,
        remove=remove,
        remove_unreachable=remove_unreachable,
        password=password,
        password_pillar=password_pillar,
        start=start,
        enable=enable,
        timeout=timeout,
    )


def cluster_absent(name, confirm, all_nodes=False, stop_resources=False):
    """
    The cluster is destroyed on this node, or on all its nodes, for good.

    On purpose only: the name must be that of the cluster this node is in, and ``confirm`` must
    repeat it. To take one node out of a cluster that stays, use ``pcs.cluster_members``: the others
    would go on counting a node that destroyed its part by itself.

    name
        The cluster's name.

    confirm
        The cluster's name again.

    all_nodes
        Destroy it on all its nodes, from this one.

    stop_resources
        Destroy it also while resources run (on this node, or anywhere for ``all_nodes``).

    .. code-block:: yaml

        old-cluster:
          pcs.cluster_absent:
            - confirm: old-cluster
            - all_nodes: true
    """
    return __salt__["pcs.converge"](
        "cluster_absent",
        name,
        test=__opts__["test"],
        confirm=confirm,
        all_nodes=all_nodes,
        stop_resources=stop_resources,
    )
