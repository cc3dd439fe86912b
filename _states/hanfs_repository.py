"""
A package repository that the distribution ships switched off, switched on.

Salt's ``pkgrepo.managed`` would also rewrite the repository's title, which subscription-manager
puts back: a change in every run.

:depends: the virtual module ``pkg`` of the RedHat family
"""

from __future__ import annotations

from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "hanfs_repository"


def __virtual__():
    return __virtualname__


def enabled(name):
    """
    The repository is used. Nothing but its ``enabled`` is changed. One that does not exist is an
    error.

    name
        Its id, as ``dnf repolist --all`` shows it.

    .. code-block:: yaml

        highavailability:
          hanfs_repository.enabled: []
    """
    ret = {"name": name, "result": True, "changes": {}, "comment": f"{name} is enabled"}
    try:
        if _is_enabled(name):
            return ret
        ret["changes"] = {name: {"old": "disabled", "new": "enabled"}}
        if __opts__["test"]:
            ret.update(result=None, comment=f"{name} would have been enabled")
            return ret
        __salt__["pkg.mod_repo"](name, enabled=True)
        if not _is_enabled(name):
            raise CommandExecutionError(f"{name} is still disabled after it was enabled")
    except (CommandExecutionError, SaltInvocationError) as err:
        ret.update(result=False, changes={}, comment=str(err))
        return ret
    ret["comment"] = f"{name} has been enabled"
    return ret


def _is_enabled(name):
    repository = __salt__["pkg.get_repo"](name)
    if not repository:
        raise CommandExecutionError(
            f"This machine has no package repository {name}. Is the machine registered? "
            "If the repository has another id here, set it in pillar: hanfs:lookup:ha_repositories"
        )
    # A repository that says nothing about it is enabled.
    return str(repository.get("enabled", "1")).strip().lower() in ("1", "true", "yes", "on")
