"""
The state that creates a cluster

Part of the states ``pcs``; Salt's loader takes the files of one virtual name together.
"""

__virtualname__ = "pcs"


def __virtual__():
    return __virtualname__


def cluster_created(
    name,
    nodes,
    creator,
    timeout=600,
    totem=None,
    transport=None,
    links=None,
    transport_options=None,
    compression=None,
    crypto=None,
    quorum=None,
    strict=True,
):
    """
    This node is a member of the cluster.

    One node creates the cluster, the others wait until they are members. A setup that was cut
    off half-way is completed by whichever node misses its part. An existing cluster of another
    name or with other nodes is an error and is not touched.

    name
        The cluster's name.

    nodes
        ``{name: [addresses]}``, one address per link.

    creator
        Name of the node that creates.

    timeout
        Seconds to wait for the other nodes, or for the creator.

    totem, transport, links, transport_options, compression, crypto, quorum
        As ``pcs.cluster_setup`` takes them; used when the cluster is created. The state
        ``pcs.corosync_configured`` changes them later; here a difference is a warning.

    strict
        Whether other members or addresses than ``nodes`` says are an error. When not, they are
        left to the states ``pcs.cluster_members`` and ``pcs.corosync_configured``.

    .. code-block:: yaml

        nfs-server-cluster:
          pcs.cluster_created:
            - nodes:
                nfs-server1: [10.10.10.11, 192.168.16.11]
                nfs-server2: [10.10.10.12, 192.168.16.12]
            - creator: nfs-server1
    """
    return __salt__["pcs.converge"](
        "cluster_created",
        name,
        test=__opts__["test"],
        nodes=nodes,
        creator=creator,
        timeout=timeout,
        totem=totem,
        transport=transport,
        links=links,
        transport_options=transport_options,
        compression=compression,
        crypto=crypto,
        quorum=quorum,
        strict=strict,
    )
