"""
Growing with the disk, as the state ``hanfs.storage_grown``.

.. code-block:: yaml

    The file system of /srv/nfs is as large as its disk:
      hanfs.storage_grown:
        - storage: {device: /dev/vdb, vg: NFS, lv: data, fstype: xfs, mountpoint: /srv/nfs,
          grow: true}

:depends: the execution module hanfs
"""

__virtualname__ = "hanfs"


def __virtual__():
    return __virtualname__


def storage_grown(name, path, mountpoint):
    """
    Let the physical volume, the volume and the file system grow with the disk, or with ``size`` in
    pillar, while the file system is in use. Done by the node that has it mounted; on every other
    one there is nothing to do. Never makes anything smaller.

    name
        Free text.

    path
        Colon path of the site in pillar.

    mountpoint
        Of the file system, which is one of the site's.

    """
    return __salt__["hanfs.converge"](
        "storage_grown", name, test=__opts__["test"], path=path, mountpoint=mountpoint
    )
