"""
The state of the exported directories: ``hanfs.export_directories``

It is part of the state module hanfs: Salt merges files that have one virtual name.

:depends: the execution module hanfs
"""

__virtualname__ = "hanfs"


def __virtual__():
    return __virtualname__


def export_directories(name, path):
    """
    The directories that the site exports exist, before anything exports them. The node that has the
    file system mounted by the cluster makes what is missing; the others wait for it. Owner and mode
    of a directory that exists are left alone.

    For a file system that is new the cluster is first configured without what needs these
    directories, so that one node mounts it.

    name
        Free text.

    path
        Colon path of the site in pillar.

    .. code-block:: yaml

        The exported directories exist:
          hanfs.export_directories:
            - path: hanfs:sites:athens
    """
    return __salt__["hanfs.converge"]("export_directories", name, test=__opts__["test"], path=path)
