"""
The shared disk, as states: ``hanfs.mount_point``, ``hanfs.storage_ready``, ``hanfs.storage_grown``.

Each asks what is, says what should be, does the difference once and looks again. Nothing is mounted
from here, nothing is made over anything, and a member of the cluster makes nothing at all.

.. code-block:: yaml

    The shared disk carries the file system of /nfsdata:
      hanfs.storage_ready:
        - storage: {device: /dev/vdb, vg: NFS_SHARED, lv: NFS_LVM, fstype: xfs, mountpoint:
          /nfsdata, initialize: true}
        - creator: nfs-server1
        - cluster: nfs-server-cluster
        - protection: system_id
        - timeout: 300

:depends: the execution module hanfs
"""

from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "hanfs"


def __virtual__():
    return __virtualname__


def mount_point(name, path=None, user=None, group=None, mode="0755"):
    """
    Make the directory that the cluster mounts the shared file system on. While something is mounted
    there it is left alone: it would be the root of the shared file system, and that belongs to the
    clients.

    name
        The directory.

    path
        Colon path of the site in pillar, if the directory is the mount point of one of its file
        systems: what it says there of user, group and mode counts.

    user, group, mode
        Of the directory underneath.

    .. code-block:: yaml

        /nfsdata:
          hanfs.mount_point:
            - user: nobody
            - group: nogroup
            - mode: '0755'
    """
    known = __salt__["hanfs.converge"](
        "mount_point",
        name,
        test=__opts__["test"],
        path=path,
        user=user,
        group=group,
        mode=mode,
    )
    if "result" in known:
        return known
    ret = {"name": name, "result": False, "changes": {}}
    try:
        made = __states__["file.directory"](makedirs=True, **known)
    except (CommandExecutionError, SaltInvocationError, OSError) as err:
        return {**ret, "comment": str(err)}
    # Salt says nothing about a directory that it has just made.
    ret["comment"] = made["comment"] or f"{known['name']} was made"
    return {**ret, "result": made["result"], "changes": made["changes"]}


def storage_ready(name, path, mountpoint):
    """
    Bring the shared disk to the point where the cluster can mount a file system of it on this node:
    made by the first node, where the disk is empty and ``initialize`` is true; seen on the others.
    A device that is not there yet is waited for. Mounts nothing, overwrites nothing.

    name
        Free text.

    path
        Colon path of the site in pillar.

    mountpoint
        Of the file system, which is one of the site's.

    """
    return __salt__["hanfs.converge"](
        "storage_ready", name, test=__opts__["test"], path=path, mountpoint=mountpoint
    )
