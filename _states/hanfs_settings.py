"""
What this node's own files say: the NFS server's settings, the lock manager's ports, LVM's system
id, and what systemd stops after the cluster. Only in the profile hardened; the profile article
leaves a machine at its distribution's settings.

Nothing that runs is restarted: a change counts from the next start of the NFS server on this node.

.. code-block:: yaml

    The NFS server has the settings of the site:
      hanfs.nfs_settings:
        - path: hanfs:sites:athens
        - style: drop-in

:depends: the execution module hanfs
"""

__virtualname__ = "hanfs"


def __virtual__():
    return __virtualname__


def nfs_settings(name, path, style):
    """
    The NFS server's lease, grace, threads, versions and ports, where the distribution has them.
    Other settings in those files stay as they are.

    name
        Free text.

    path
        Colon path of the site in pillar.

    style
        Where nfs-utils reads them: ``drop-in``, ``nfs.conf``, ``default`` or ``sysconfig``.

    .. code-block:: yaml

        The NFS server has the settings of the site:
          hanfs.nfs_settings:
            - path: hanfs:sites:athens
            - style: drop-in
    """
    return __salt__["hanfs.converge"](
        "nfs_settings", name, test=__opts__["test"], path=path, style=style
    )


def lockd_settings(name, path):
    """
    The ports of the kernel's lock manager, which NFSv3 needs. They are options of its module; where
    it is loaded already they are set for its next start, too.

    name
        Free text.

    path
        Colon path of the site in pillar.

    .. code-block:: yaml

        The lock manager has the ports of the site:
          hanfs.lockd_settings:
            - path: hanfs:sites:athens
    """
    return __salt__["hanfs.converge"]("lockd_settings", name, test=__opts__["test"], path=path)


def lvm_settings(name, path, autoactivation="metadata"):
    """
    LVM knows which node a volume group belongs to (``system_id_source``), so that the passive node
    can neither see nor activate the shared one. A source that is set already is kept. The lines
    stand in lvmlocal.conf, which LVM reads after lvm.conf.

    name
        Free text.

    path
        Colon path of the site in pillar.

    autoactivation
        ``metadata`` where a volume group itself says that it is not activated at boot (lvm2 2.03.12
        and later); ``list`` where this machine has to list those that are.

    .. code-block:: yaml

        LVM gives the shared volume group to one node at a time:
          hanfs.lvm_settings:
            - path: hanfs:sites:athens
    """
    return __salt__["hanfs.converge"](
        "lvm_settings", name, test=__opts__["test"], path=path, autoactivation=autoactivation
    )


def storage_outlives_cluster(name):
    """
    At shutdown the cluster stops before what the shared disk is reached by: iSCSI, multipath, LVM.
    Otherwise the file system loses its disk while it is in use.

    name
        Free text.

    .. code-block:: yaml

        At shutdown the shared disk stays until the cluster has stopped:
          hanfs.storage_outlives_cluster: []
    """
    return __salt__["hanfs.converge"]("storage_outlives_cluster", name, test=__opts__["test"])
