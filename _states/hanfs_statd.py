"""
The directory in which rpc.statd remembers NFSv3's clients, where the resource agents look for it.

nfsnotify reads ``/var/lib/nfs/statd``, Red Hat's place, whatever the distribution (its STATD_PATH).
Debian's rpc.statd has its files in ``/var/lib/nfs`` itself, so that no client was ever told to take
its locks back: sm-notify finds nothing and says so to nobody. The directory here and the setting
``state-directory-path`` give Debian the same layout.

.. code-block:: yaml

    /var/lib/nfs/statd:
      hanfs.statd_directory:
        - path: hanfs:sites:athens
        - user: statd

:depends: the execution module hanfs
"""

__virtualname__ = "hanfs"


def __virtual__():
    return __virtualname__


def statd_directory(name, path, user, shared=False):
    """
    The directory is there with ``sm`` and ``sm.bak``, and rpc.statd's user owns it: that is the
    user whom rpc.statd and sm-notify become. One that another user than root owns is left alone,
    since the nodes' numbers for that user may differ.

    name
        The directory, such as ``/var/lib/nfs/statd``; free text with ``shared``.

    path
        Colon path of the site in pillar.

    user
        rpc.statd's user.

    shared
        The one in the site's state directory instead, on the node that has its file system mounted.
        The agent makes it there as root's; it counts from rpc.statd's next start.

    .. code-block:: yaml

        /var/lib/nfs/statd:
          hanfs.statd_directory:
            - path: hanfs:sites:athens
            - user: statd
    """
    return __salt__["hanfs.converge"](
        "statd_directory", name, test=__opts__["test"], path=path, user=user, shared=shared
    )
