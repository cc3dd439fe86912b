"""
What SELinux must allow and know for the NFS server: only where it is enabled, else nothing.

.. code-block:: yaml

    SELinux lets the NFS server do its work:
      hanfs.selinux_ready:
        - path: hanfs:sites:athens

:depends: the execution module hanfs; Salt's module selinux
"""

__virtualname__ = "hanfs"


def __virtual__():
    return __virtualname__


def selinux_ready(name, path):
    """
    The NFS server may export what the site names, and the state directory keeps the label of
    ``/var/lib/nfs`` when files are relabelled (the agent sets it itself, which a relabelling would
    undo).

    name
        Free text.

    path
        Colon path of the site in pillar.

    .. code-block:: yaml

        SELinux lets the NFS server do its work:
          hanfs.selinux_ready:
            - path: hanfs:sites:athens
    """
    return __salt__["hanfs.converge"]("selinux_ready", name, test=__opts__["test"], path=path)
