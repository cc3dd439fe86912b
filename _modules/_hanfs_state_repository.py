"""
A package repository that the distribution ships switched off, switched on.

Salt's ``pkgrepo.managed`` would also rewrite the repository's title, which subscription-manager
puts back: a change in every run.
"""

from __future__ import annotations

from _cib_errors import CommandExecutionError, SaltInvocationError
from _cib_result import failed, made
from _cib_run import Machine
from _cib_values import Data


def enabled(machine: Machine, name: str) -> Data:
    """
    The repository is used. Nothing but its ``enabled`` is changed. One that does not exist is
    an error.
    """
    ret = made(name, comment=f"{name} is enabled")
    try:
        if _is_enabled(machine, name):
            return ret
        ret["changes"] = {name: {"old": "disabled", "new": "enabled"}}
        if machine.test:
            ret.update(result=None, comment=f"{name} would have been enabled")
            return ret
        machine.salt["pkg.mod_repo"](name, enabled=True)
        if not _is_enabled(machine, name):
            raise CommandExecutionError(f"{name} is still disabled after it was enabled")
    except (CommandExecutionError, SaltInvocationError) as err:
        return failed(made(name), err)
    ret["comment"] = f"{name} has been enabled"
    return ret


def _is_enabled(machine, name):
    repository = machine.salt["pkg.get_repo"](name)
    if not repository:
        raise CommandExecutionError(
            f"This machine has no package repository {name}. Is the machine registered? "
            "If the repository has another id here, set it in pillar: hanfs:lookup:ha_repositories"
        )
    # A repository that says nothing about it is enabled.
    return str(repository.get("enabled", "1")).strip().lower() in ("1", "true", "yes", "on")
