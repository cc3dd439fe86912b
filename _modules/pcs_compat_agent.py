"""
The full name of an agent that is called by a short one, as pcs allows: ``IPaddr2``
"""

from __future__ import annotations

from salt.exceptions import CommandExecutionError, SaltInvocationError


def full_name(name):
    """
    Find an agent by the last part of its name.

    name
        Such as ``IPaddr2``; upper and lower case are the same.

    Raises SaltInvocationError when there is none or more than one, CommandExecutionError when
    Pacemaker's tools are not installed.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs_compat_agent.full_name IPaddr2
    """
    found = []
    for standard in _lines("--list-standards"):
        if standard == "ocf":
            for provider in _lines("--list-ocf-providers"):
                found += _called(name, f"ocf:{provider}")
        elif standard != "stonith":
            found += _called(name, standard)
    if len(found) == 1:
        return found[0]
    if not found:
        raise SaltInvocationError(f"resource_type: there is no agent {name} on this node")
    raise SaltInvocationError(
        f"resource_type: {name} may be any of these: {', '.join(found)}; give the full name"
    )


def _called(name, prefix):
    agents = _lines("--list-agents", prefix)
    return [f"{prefix}:{agent}" for agent in agents if agent.lower() == name.lower()]


def _lines(*arguments):
    try:
        done = __salt__["cmd.run_all"](
            ["crm_resource", *arguments],
            python_shell=False,
            output_loglevel="quiet",
            ignore_retcode=True,
            env={"LC_ALL": "C"},
            timeout=120,
        )
    except (CommandExecutionError, OSError) as err:
        raise CommandExecutionError(
            "crm_resource cannot be run here: install Pacemaker's command line tools "
            "(pacemaker-cli-utils on Debian)"
        ) from err
    return [line.strip() for line in done["stdout"].splitlines() if line.strip()]
