"""
Units and scripts of the distribution that get in the cluster's way: what packages start by
themselves, what NFSv3 alone needs, and what keeps the NFS server's state directory busy.

.. code-block:: yaml

    Packages start nothing of the cluster's:
      hanfs.packages_start_nothing: []

:depends: the execution module hanfs
"""

__virtualname__ = "hanfs"


def __virtual__():
    return __virtualname__


def packages_start_nothing(name):
    """
    On Debian and its kin: packages that are installed or upgraded do not start or restart what the
    cluster runs. An upgrade would else restart the NFS server behind the cluster's back, and with
    it drop the cluster's exports; and a new cluster package starts a cluster of its own.

    A policy-rc.d that somebody else put there is left alone.

    name
        Free text.

    .. code-block:: yaml

        Packages start nothing of the cluster's:
          hanfs.packages_start_nothing: []
    """
    return __salt__["hanfs.converge"]("packages_start_nothing", name, test=__opts__["test"])


def init_script_off(name):
    """
    Make the resource agent work with systemd's units and not with an old start script. Where Debian
    has both, nfsserver of resource-agents up to 4.16 takes the script, and then leaves nfsdcld
    running when it stops: ``/var/lib/nfs`` stays busy, the stop fails, and the node is fenced.

    The script loses its right to be executed, by dpkg-statoverride, which upgrades respect.

    name
        The script.

    .. code-block:: yaml

        /etc/init.d/nfs-kernel-server:
          hanfs.init_script_off: []
    """
    return __salt__["hanfs.converge"]("init_script_off", name, test=__opts__["test"])


def unit_off(name):
    """
    A unit is not started with others, and does not run. For fsidd, which nfs-server requires where
    it is installed, though only re-exported file systems need it: it has a file below
    ``/var/lib/nfs`` open and outlives the server, so that the agent's stop fails
    (https://github.com/ClusterLabs/resource-agents/issues/2164).

    It is disabled first, then stopped: what requires a unit is stopped with it.

    name
        The unit, without ``.service``.

    .. code-block:: yaml

        fsidd:
          hanfs.unit_off: []
    """
    return __salt__["hanfs.converge"]("unit_off", name, test=__opts__["test"])


def nfs_versions(name, path):
    """
    With NFSv4 only, rpc.statd and rpcbind are masked: nfs-server starts rpc.statd all the same, and
    nfsserver of resource-agents before 4.16 does not stop it then, so that its stop fails. Without,
    they are unmasked again; and an agent that does not know ``nfsv4_only`` (before 4.12) waits for
    them without end, so that they stay.

    While the cluster runs the NFS server on this node nothing is stopped.

    name
        Free text.

    path
        Colon path of the site in pillar.

    .. code-block:: yaml

        Only what the site's NFS versions need can run:
          hanfs.nfs_versions:
            - path: hanfs:sites:athens
    """
    return __salt__["hanfs.converge"]("nfs_versions", name, test=__opts__["test"], path=path)


def helpers_restarted(name, path):
    """
    Tell systemd which helpers of the NFS server it may start again when they die, and how: drop-ins
    for ``nfs-mountd``, ``nfs-idmapd``, ``nfsdcld``, with NFSv3 ``rpc-statd`` and ``rpcbind``, with
    Kerberos ``gssproxy`` or ``rpc-svcgssd``, as far as this machine has them.

    One that the NFS server's own unit requires is not restarted by systemd, which would restart the
    server, but started by another unit. After rpcbind died, what runs is registered again by a
    small program, ``/usr/local/sbin/hanfs-rpcbind-register``. One that dies five times within ten
    seconds stays dead: that is the cluster's.

    Restarts nothing. What a site does not need any more is taken away.

    name
        Free text.

    path
        Colon path of the site in pillar.

    .. code-block:: yaml

        A helper of the NFS server that dies is started again:
          hanfs.helpers_restarted:
            - path: hanfs:sites:athens
    """
    return __salt__["hanfs.converge"]("helpers_restarted", name, test=__opts__["test"], path=path)


def kerberos_ready(name, path, running=(), wanted=()):
    """
    Where a directory is exported with Kerberos: the machine has a keytab, and what speaks Kerberos
    for the NFS server runs or is started with it.

    name
        Free text.

    path
        Colon path of the site in pillar.

    running
        Units that have to run, now and at boot, such as ``gssproxy``.

    wanted
        Units that nfs-server must start where the distribution's unit does not, such as
        ``rpc-svcgssd.service``.

    .. code-block:: yaml

        What Kerberos needs is there:
          hanfs.kerberos_ready:
            - path: hanfs:sites:athens
            - running: [gssproxy]
    """
    return __salt__["hanfs.converge"](
        "kerberos_ready", name, test=__opts__["test"], path=path, running=running, wanted=wanted
    )
