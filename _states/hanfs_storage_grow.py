"""
Growing with the disk, as the state ``hanfs.storage_grown``.

.. code-block:: yaml

    The file system of /srv/nfs is as large as its disk:
      hanfs.storage_grown:
        - storage: {device: /dev/vdb, vg: NFS, lv: data, fstype: xfs, mountpoint: /srv/nfs,
          grow: true}

:depends: the execution modules hanfs_storage and hanfs_storage_grow
"""

from __future__ import annotations

from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "hanfs"

# Physical volume, volume, file system.
_MOST_STEPS = 3


def __virtual__():
    return __virtualname__


def storage_grown(name, storage, file_systems=None):
    """
    Let the physical volume, the volume and the file system grow with the disk, or with ``size`` in
    pillar, while the file system is in use. Done by the node that has it mounted; on every other
    one there is nothing to do. Never makes anything smaller.

    name
        Free text.

    storage
        The file system.

    file_systems
        All file systems of the site.
    """
    ret = {"name": name, "result": True, "changes": {}, "comment": ""}
    try:
        steps = _missing(storage, file_systems)
        if steps is None:
            ret["comment"] = (
                f"{storage['mountpoint']} is not mounted on this node: the node that has it grows "
                "it"
            )
            return ret
        if __opts__["test"]:
            return _predicted(ret, storage, steps)
        for _ in range(_MOST_STEPS):
            if not steps:
                break
            __salt__["hanfs_storage_grow.perform"](steps[0], storage)
            ret["changes"].update(_told(steps[:1]))
            steps = _missing(storage, file_systems)
            if steps is None:
                raise CommandExecutionError(
                    f"{storage['mountpoint']} is not mounted on this node any more: run again"
                )
    except (CommandExecutionError, SaltInvocationError, OSError) as err:
        ret.update(result=False, comment=str(err))
        return ret
    if steps:
        ret.update(result=False, comment=f"still smaller than it should be: {_sentence(steps)}")
    else:
        ret["comment"] = f"{storage['mountpoint']} is as large as it should be"
    return ret


def _missing(storage, file_systems):
    facts = __salt__["hanfs_storage_grow.look"](storage)
    if facts is None:
        return None
    return __salt__["hanfs_storage_grow.plan"](facts, storage, file_systems)


def _predicted(ret, storage, steps):
    if steps:
        ret.update(result=None, changes=_told(steps), comment=f"would grow: {_sentence(steps)}")
    else:
        ret["comment"] = f"{storage['mountpoint']} is as large as it should be"
    return ret


def _told(steps):
    told = __salt__["hanfs_storage_size.told"]
    return {step["thing"]: {"old": told(step["old"]), "new": told(step["new"])} for step in steps}


def _sentence(steps):
    return "; ".join(
        f"{thing} from {change['old']} to {change['new']}" for thing, change in _told(steps).items()
    )
