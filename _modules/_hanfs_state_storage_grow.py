"""
Growing with the disk, as a state.
"""

from __future__ import annotations

import _hanfs_storage_grow
import _hanfs_storage_size
from _cib_errors import CommandExecutionError, SaltInvocationError
from _cib_result import failed, made
from _cib_run import Machine
from _cib_values import Data
from _hanfs_types import Storage

# Physical volume, volume, file system.
_MOST_STEPS = 3


def storage_grown(
    machine: Machine, name: str, storage: Storage, file_systems: list[Data] | None = None
) -> Data:
    """
    Let the physical volume, the volume and the file system grow with the disk, or with ``size``
    in pillar, while the file system is in use. Done by the node that has it mounted; on every
    other one there is nothing to do. Never makes anything smaller.
    """
    ret = made(name)
    try:
        steps = _missing(machine, storage, file_systems)
        if steps is None:
            ret["comment"] = (
                f"{storage['mountpoint']} is not mounted on this node: the node that has it grows "
                "it"
            )
            return ret
        if machine.test:
            return _predicted(ret, storage, steps)
        for _ in range(_MOST_STEPS):
            if not steps:
                break
            _hanfs_storage_grow.perform(machine, steps[0], storage)
            ret["changes"].update(_told(steps[:1]))
            steps = _missing(machine, storage, file_systems)
            if steps is None:
                raise CommandExecutionError(
                    f"{storage['mountpoint']} is not mounted on this node any more: run again"
                )
    except (CommandExecutionError, SaltInvocationError, OSError) as err:
        return failed(ret, err)
    if steps:
        return failed(ret, f"still smaller than it should be: {_sentence(steps)}")
    ret["comment"] = f"{storage['mountpoint']} is as large as it should be"
    return ret


def _missing(machine, storage, file_systems):
    facts = _hanfs_storage_grow.look(machine, storage)
    if facts is None:
        return None
    return _hanfs_storage_grow.plan(facts, storage, file_systems)


def _predicted(ret, storage, steps):
    if steps:
        ret.update(result=None, changes=_told(steps), comment=f"would grow: {_sentence(steps)}")
    else:
        ret["comment"] = f"{storage['mountpoint']} is as large as it should be"
    return ret


def _told(steps):
    told = _hanfs_storage_size.told
    return {step["thing"]: {"old": told(step["old"]), "new": told(step["new"])} for step in steps}


def _sentence(steps):
    return "; ".join(
        f"{thing} from {change['old']} to {change['new']}" for thing, change in _told(steps).items()
    )
