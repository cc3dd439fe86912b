"""
An execution module for tests: what the storage states do, of a file system that is in no pillar.
"""

import _cib_siblings

_cib_siblings.load(__file__)

import _cib_minion  # noqa: E402
import _hanfs_state_storage  # noqa: E402
import _hanfs_state_storage_grow  # noqa: E402
import _hanfs_storage  # noqa: E402


def _machine(test=False):
    return _cib_minion.machine(__salt__, __opts__, __grains__, __pillar__, __context__, test)


def perform(step, storage, cluster, protection):
    """Do a step that ``_hanfs_storage_rules.decide`` would ask for, and no more."""
    return _hanfs_storage.perform(_machine(), step, storage, cluster, protection)


def ready(storage, test=False, **options):
    """What ``hanfs.storage_ready`` does."""
    return _hanfs_state_storage.storage_ready(_machine(test), "disk", storage, **options)


def grown(storage, test=False, **options):
    """What ``hanfs.storage_grown`` does."""
    return _hanfs_state_storage_grow.storage_grown(_machine(test), "disk", storage, **options)
