"""
The quorum device: a vote from outside that decides which half goes on

Part of the module ``pcs``. The host with ``corosync-qnetd`` is an authenticated host like the
nodes, and is no member.
"""

from __future__ import annotations

import _pcs_argv
import _pcs_node
from _cib_run import Machine
from _cib_values import Data

LIMIT = 600


def _run(machine, argv):
    return machine.run(argv, limit=LIMIT)


def quorum_device_add(
    machine: Machine,
    model: str,
    model_options: Data,
    options: Data | None = None,
    heuristics: Data | None = None,
) -> bool:
    """
    Add a quorum device to the cluster.

    model
        ``net``, the only one that pcs supports.

    model_options
        ``host`` and ``algorithm`` (ffsplit or lms), and more.

    options
        Generic ones: ``timeout``, ``sync_timeout``.

    heuristics
        ``mode``, ``exec_NAME``, and more.
    """
    words = (model, model_options, options or {}, heuristics or {})
    _run(machine, _pcs_argv.device_add(_pcs_node.capabilities(machine), *words))
    return True


def quorum_device_update(
    machine: Machine,
    model_options: Data | None = None,
    options: Data | None = None,
    heuristics: Data | None = None,
) -> bool:
    """
    Change the quorum device; None as value takes an option away. Its host is changed by removing
    and adding the device, since the certificates are made for a host.

    model_options, options, heuristics
        As for ``quorum_device_add``.
    """
    words = (model_options or {}, options or {}, heuristics or {})
    _run(machine, _pcs_argv.device_update(_pcs_node.capabilities(machine), *words))
    return True


def quorum_device_remove(machine: Machine) -> bool:
    """Remove the quorum device."""
    _run(machine, _pcs_argv.device_remove(_pcs_node.capabilities(machine)))
    return True
