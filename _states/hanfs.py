"""
The steps from a plain machine to a node of a highly available NFS service, as states.

Each asks what is, says what should be, does the difference once and looks again. What the cluster
runs is never touched from here: these states prepare a node, and look.

.. code-block:: yaml

    The NFS server is left to the cluster:
      hanfs.nfs_left_to_cluster:
        - name: nfs-server

:depends: the execution module hanfs
"""

__virtualname__ = "hanfs"


def __virtual__():
    return __virtualname__


def checked(name, defaults=None):
    """
    Check that exactly one site in pillar names this machine, that its pillar is right, and that it
    fits the machine. Changes nothing, also on failure.

    name
        Free text.

    defaults
        What ``hanfs:lookup`` may replace, by name; a replacement is of its default's type.

    .. code-block:: yaml

        The site in pillar is complete and fits this machine:
          hanfs.checked: []
    """
    return __salt__["hanfs.converge"]("checked", name, test=__opts__["test"], defaults=defaults)


def nfs_left_to_cluster(name, path, helpers=()):
    """
    Leave the NFS server to the cluster: not started at boot, and stopped unless this node's cluster
    runs it.

    Before there is a cluster its helpers are stopped too. The cluster's agent moves
    ``/var/lib/nfs`` to the shared file system under them, and takes one that runs for its own: an
    nfsdcld from before writes to a file that is not there any more, and after a move no client
    gets its locks back.

    name
        The unit, such as ``nfs-server``.

    path
        Colon path of the site in pillar.

    helpers
        Units that the NFS server starts and leaves running, such as ``nfsdcld`` and ``rpc-statd``.

    .. code-block:: yaml

        nfs-server:
          hanfs.nfs_left_to_cluster:
            - path: hanfs:sites:athens
            - helpers: [nfs-mountd, nfs-idmapd, nfsdcld, rpc-statd]
    """
    return __salt__["hanfs.converge"](
        "nfs_left_to_cluster", name, test=__opts__["test"], path=path, helpers=helpers
    )


def nodes_ready(name, path):
    """
    On every run: make sure that this node has the shared file system mounted nowhere but where
    the cluster mounts it. Before there is a cluster: wait until every peer's pcsd answers on every
    link, and make sure that it is not mounted at all. Changes nothing. Once this node is a member
    no peer is asked: one that is down must not stop a run here.

    name
        Free text.

    path
        Colon path of the site in pillar.

    """
    return __salt__["hanfs.converge"]("nodes_ready", name, test=__opts__["test"], path=path)


def agents_known(name, path):
    """
    Before there is a cluster: check that the resource agents that the site needs are installed and
    know the options they are given. Changes nothing. Once this node is a member
    ``hanfs.configured`` checks what it changes.

    name
        Free text.

    path
        Colon path of the site in pillar.

    """
    return __salt__["hanfs.converge"]("agents_known", name, test=__opts__["test"], path=path)


def configured(name, path):
    """
    Compile the site and bring the cluster's configuration in line with it (``pcs.configured`` does
    the work). Warns while there is no fencing.

    name
        Free text.

    path
        Colon path of the site in pillar.

    """
    return __salt__["hanfs.converge"]("configured", name, test=__opts__["test"], path=path)


def healthy(name, path):
    """
    Wait until the cluster is idle and the service is there: every resource on exactly one node,
    nothing failed, quorum, all nodes online, fencing as asked, the address and the file system
    where the cluster says. Changes nothing.

    Fails at the deadline, or earlier if the cluster does nothing about its problems any more, with
    what it last saw.

    name
        Free text.

    path
        Colon path of the site in pillar.

    """
    return __salt__["hanfs.converge"]("healthy", name, test=__opts__["test"], path=path)


def health_told(name, path):
    """
    Tell the health of the service: the line, the findings and their cures as the comment, and all
    that ``hanfs.health`` returns as ``health`` in the answer. Fails if the code is 2 (critical) or
    3 (unknown). Changes nothing.

    name
        Free text.

    path
        Colon path of the site in pillar.

    """
    return __salt__["hanfs.converge"]("health_told", name, test=__opts__["test"], path=path)


def nodes_trusted(name, path):
    """
    The nodes of the site are authenticated with each other: ``pcs.hosts_authenticated`` with the
    password of the site.

    name
        Free text.

    path
        Colon path of the site in pillar.
    """
    return __salt__["hanfs.converge"]("nodes_trusted", name, test=__opts__["test"], path=path)


def cluster_formed(name, path, link_priorities=True):
    """
    This node is a member of the site's cluster: ``pcs.cluster_created`` with the site's name,
    nodes, totem and links.

    name
        Free text.

    path
        Colon path of the site in pillar.

    link_priorities
        Whether corosync knows priorities of links (3 and newer do): with several links and nothing
        said of them the first one, the heartbeat, is preferred.
    """
    return __salt__["hanfs.converge"](
        "cluster_formed",
        name,
        test=__opts__["test"],
        path=path,
        link_priorities=link_priorities,
    )


def cluster_online(name, path):
    """
    This node is online in the site's cluster, with quorum and a coordinator:
    ``pcs.cluster_online``.

    name
        Free text.

    path
        Colon path of the site in pillar.
    """
    return __salt__["hanfs.converge"]("cluster_online", name, test=__opts__["test"], path=path)
