"""
The state of the file that keeps the cluster's exports through an ``exportfs -r``:
``hanfs.exports_file``

It is part of the state module hanfs: Salt merges files that have one virtual name.

:depends: the execution module hanfs
"""

__virtualname__ = "hanfs"


def __virtual__():
    return __virtualname__


def exports_file(name, path):
    """
    ``/etc/exports.d/hanfs-CLUSTER.exports`` has what the resources of the cluster export, on every
    node, with the same options and fsid. ``exportfs -r`` takes away whatever no file has: on the
    active node clients would get I/O errors until the resources' monitors notice.

    It is written before the cluster's part changes, from the final description of the cluster
    (``cluster_config`` counts). What an operator has stopped with ``pcs resource disable`` is left
    out. A client told by its host name stands there as a comment. Files of this formula for another
    cluster are removed, files of others stay. In the profile article there is none.

    name
        Free text.

    path
        Colon path of the site in pillar.

    .. code-block:: yaml

        An exportfs -r takes no export of the cluster away:
          hanfs.exports_file:
            - path: hanfs:sites:athens
    """
    return __salt__["hanfs.converge"]("exports_file", name, test=__opts__["test"], path=path)
