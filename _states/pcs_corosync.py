"""
The state of corosync's settings on a cluster that exists

Part of the states ``pcs``; Salt's loader takes the files of one virtual name together.
"""

__virtualname__ = "pcs"


def __virtual__():
    return __virtualname__


def corosync_configured(
    name,
    totem=None,
    quorum=None,
    transport_options=None,
    compression=None,
    crypto=None,
    links=None,
    nodes=None,
    restart_nodes=False,
    timeout=600,
):
    """
    Corosync's settings are as described; what is not described stays as it is.

    Run it on all nodes or on any: one makes the change, under a lock that all members share. What
    corosync reads again is changed while it runs. What it reads only at its start needs
    ``restart_nodes``: then the new corosync.conf goes to all nodes, and each is relieved of its
    resources, stopped, started and a member again before the next. Both nodes are never stopped
    at once: what cannot be changed in that way is an error that says what to do.
    ``pcs.options`` tells which option is of which kind.

    name
        The cluster's name.

    totem, quorum, transport_options, compression, crypto
        Options of these sections by name. None as value takes an option away.

    links
        List of dictionaries with the options of each link, in the order of addresses. A link's
        options are changed by taking it away and adding it again while another link is there.

    nodes
        ``{name: [addresses]}`` of all members: one link per address. Links are added, replaced one
        at a time and removed so that these are the addresses. None leaves them as they are.

    restart_nodes
        Whether nodes may be restarted, one after the other.

    timeout
        Seconds for each wait.

    .. code-block:: yaml

        nfs-server-cluster's corosync is slow to give up:
          pcs.corosync_configured:
            - name: nfs-server-cluster
            - totem: {token: 10000}
            - quorum: {wait_for_all: true}
            - restart_nodes: true
    """
    return __salt__["pcs.converge"](
        "corosync_configured",
        name,
        test=__opts__["test"],
        totem=totem,
        quorum=quorum,
        transport_options=transport_options,
        compression=compression,
        crypto=crypto,
        links=links,
        nodes=nodes,
        restart_nodes=restart_nodes,
        timeout=timeout,
    )
