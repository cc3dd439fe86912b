"""
What the formula's own agent for the NFS server, ``ocf:hanfs:nfsserver``, needs on a node.

.. code-block:: yaml

    systemd starts the NFS server under its scope:
      hanfs.nfs_scope:
        - path: hanfs:sites:athens

:depends: the execution module hanfs
"""

__virtualname__ = "hanfs"


def __virtual__():
    return __virtualname__


def nfs_scope(name, path):
    """
    systemd starts nfsd under the scope that the resource agent says (RFC 8881, 8.4.2.1): a drop-in
    for nfs-server.service, made of the unit's own commands and written once, in place of one that
    is made at each start. A running server is left alone; it counts from the next start.

    name
        Free text.

    path
        Colon path of the site in pillar.

    .. code-block:: yaml

        systemd starts the NFS server under its scope:
          hanfs.nfs_scope:
            - path: hanfs:sites:athens
    """
    return __salt__["hanfs.converge"]("nfs_scope", name, test=__opts__["test"], path=path)
