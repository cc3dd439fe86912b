"""
The cluster's configuration by the engine, told in the words of the pcs that is installed here.
"""

from __future__ import annotations

from typing import Any

import _cib_apply
import _cib_check
import _cib_describe
import _cib_plan
import _cib_push
import _pcs_node
from _cib_errors import CommandExecutionError
from _cib_run import Machine
from _cib_values import Data


def query(machine: Machine, file: str | None = None) -> Data:
    """The running configuration as a description; passwords of resources are masked."""
    return _cib_plan.describe(_cib_apply.read(_cib_push.query(machine, file)))


def unavailable(machine: Machine) -> str | None:
    """Why the cluster's configuration cannot be read here, in a sentence; None if it can."""
    try:
        _cib_push.query(machine)
    except CommandExecutionError as err:
        return str(err)
    return None


def validate(machine: Machine, description: Any) -> list[str]:
    """What the installed agents and Pacemaker do not know of a description; needs no cluster."""
    return _cib_check.description(machine, _cib_describe.normalise(description, machine.pillar))


def plan(
    machine: Machine, description: Any, partial: bool = False, file: str | None = None
) -> dict[str, Any]:
    """What applying a description would change. Writes nothing."""

    def capabilities():
        # None stands for the newest pcs, where there is none.
        try:
            return _pcs_node.capabilities(machine)
        except CommandExecutionError:
            return None

    return _cib_apply.plan(machine, description, partial, file, capabilities)


def apply(
    machine: Machine,
    description: Any,
    wait: int = 300,
    partial: bool = False,
    file: str | None = None,
    allow_disruption: bool = False,
) -> dict[str, Any]:
    """Bring the configuration to a description, with one push if anything differs."""
    return _cib_apply.apply(machine, description, wait, partial, file, allow_disruption)
