"""
What an expert would object to, as steps of a run: nothing is touched while there is an error.

It is part of the state module hanfs: Salt merges files that have one virtual name.

:depends: the execution module hanfs
"""

__virtualname__ = "hanfs"


def __virtual__():
    return __virtualname__


def linted(name, path):
    """
    Stop the run if this node or its site has a finding of severity ``error`` that pillar does not
    accept. Changes nothing, also on failure. Warnings are told, accepted findings with their
    reason.

    name
        Free text.

    path
        Colon path of the site in pillar.

    .. code-block:: yaml

        Nothing about the site is dangerous:
          hanfs.linted:
            - path: hanfs:sites:athens
    """
    return __salt__["hanfs.converge"]("linted", name, test=__opts__["test"], path=path)


def peers_agree(name, path):
    """
    Tell the other nodes what must be the same on all (versions, times and ports of the NFS server,
    ids as hashes), by a node attribute that ends with the cluster, and compare it with what they
    have told. Stops the run at an error that pillar does not accept, such as a cloned node or
    another disk.

    name
        Free text.

    path
        Colon path of the site in pillar.

    .. code-block:: yaml

        The nodes agree with each other:
          hanfs.peers_agree:
            - path: hanfs:sites:athens
    """
    return __salt__["hanfs.converge"]("peers_agree", name, test=__opts__["test"], path=path)
