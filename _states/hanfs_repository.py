"""
A package repository that the distribution ships switched off, switched on.

Salt's ``pkgrepo.managed`` would also rewrite the repository's title, which subscription-manager
puts back: a change in every run.

:depends: the virtual module ``pkg`` of the RedHat family
"""

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
    return __salt__["hanfs.converge"]("repository_enabled", name, test=__opts__["test"])
