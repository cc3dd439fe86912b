"""
Drift of this node and its cluster from pillar: a dry run of the formula, reduced to data.
"""

from __future__ import annotations

import time

import _cib_values
import _hanfs_drift
import _hanfs_here
import _hanfs_site
from _cib_errors import CommandExecutionError, SaltInvocationError
from _cib_run import Machine
from _cib_values import Data


def report(machine: Machine) -> Data:
    """
    Let the states say what they would change.

    Returns what ``hanfs.drift`` documents.
    """
    path, same = "hanfs", None
    try:
        path, site = _hanfs_site.own(machine)
        applied = _hanfs_drift.read()
        if applied:
            public = _cib_values.plain(_hanfs_site.public(site))
            same = applied == _hanfs_drift.fingerprint(public)
        answer = machine.salt["state.apply"]("hanfs", test=True)
    except (CommandExecutionError, SaltInvocationError) as err:
        answer = [str(err)]
    found = _hanfs_drift.reduced(answer, same)
    return _hanfs_drift.report(found, path, _hanfs_here.own_name(), time.time())
