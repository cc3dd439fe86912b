"""
The full name of an agent that is called by a short one, as pcs allows: ``IPaddr2``
"""

from __future__ import annotations

from _cib_errors import CommandExecutionError, SaltInvocationError
from _cib_run import Machine


def full_name(machine: Machine, name: str) -> str:
    """
    Find an agent by the last part of its name.

    name
        Such as ``IPaddr2``; upper and lower case are the same.

    Raises SaltInvocationError when there is none or more than one, CommandExecutionError when
    Pacemaker's tools are not installed.
    """
    found = []
    for standard in _lines(machine, "--list-standards"):
        if standard == "ocf":
            for provider in _lines(machine, "--list-ocf-providers"):
                found += _called(machine, name, f"ocf:{provider}")
        elif standard != "stonith":
            found += _called(machine, name, standard)
    if len(found) == 1:
        return found[0]
    if not found:
        raise SaltInvocationError(f"resource_type: there is no agent {name} on this node")
    raise SaltInvocationError(
        f"resource_type: {name} may be any of these: {', '.join(found)}; give the full name"
    )


def _called(machine, name, prefix):
    agents = _lines(machine, "--list-agents", prefix)
    return [f"{prefix}:{agent}" for agent in agents if agent.lower() == name.lower()]


def _lines(machine, *arguments):
    try:
        done = machine.answer(["crm_resource", *arguments], limit=120)
    except (CommandExecutionError, OSError) as err:
        raise CommandExecutionError(
            "crm_resource cannot be run here: install Pacemaker's command line tools "
            "(pacemaker-cli-utils on Debian)"
        ) from err
    return [line.strip() for line in done["stdout"].splitlines() if line.strip()]
