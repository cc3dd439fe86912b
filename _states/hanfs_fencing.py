"""
States about fencing: its key files, and SBD before the cluster first starts.

Part of the states ``hanfs``; Salt's loader takes the files of one virtual name together.

:depends: the execution module hanfs
"""

__virtualname__ = "hanfs"


def __virtual__():
    return __virtualname__


def fencing_keys(name, path):
    """
    The key files of fencing agents are there, for root only. Their content comes from pillar and
    is never shown.

    name
        Free text.

    path
        Colon path of the site in pillar.

    .. code-block:: yaml

        The key files of the fencing agents are there:
          hanfs.fencing_keys:
            - path: hanfs:sites:athens
    """
    return __salt__["hanfs.converge"]("fencing_keys", name, test=__opts__["test"], path=path)


def sbd_disks_ready(name, path):
    """
    SBD's disks carry its header. The first node writes it with ``initialize: true``, before the
    cluster exists, and only where the disk is empty; the others wait until they see it. A header
    that is there is never written again; if its timeouts are not the site's that is told.

    name
        Free text.

    path
        Colon path of the site in pillar.

    .. code-block:: yaml

        SBD's disks carry its header:
          hanfs.sbd_disks_ready:
            - path: hanfs:sites:athens
    """
    return __salt__["hanfs.converge"]("sbd_disks_ready", name, test=__opts__["test"], path=path)


def sbd_configured(name, path):
    """
    SBD's settings on this node are the site's, its watchdog is there, and systemd waits long enough
    for its start. Starts and restarts nothing: on a node whose cluster runs with other settings a
    warning says that a restart is due.

    name
        Free text.

    path
        Colon path of the site in pillar.

    .. code-block:: yaml

        SBD is set up on this node:
          hanfs.sbd_configured:
            - path: hanfs:sites:athens
    """
    return __salt__["hanfs.converge"]("sbd_configured", name, test=__opts__["test"], path=path)


def sbd_enabled(name):
    """
    SBD starts and ends with the cluster on this node. It is not started here: systemd starts it
    with corosync. Comes after the cluster is set up, for pcs disables SBD when it makes a cluster.

    name
        The unit.

    .. code-block:: yaml

        sbd:
          hanfs.sbd_enabled: []
    """
    return __salt__["hanfs.converge"]("sbd_enabled", name, test=__opts__["test"])


def sbd_running(name, path):
    """
    SBD watches over this node and its peers, so that the cluster may rely on it. Changes nothing.

    Pacemaker ends itself on a node that is told to rely on SBD and has none, and a device that
    leaves a message on a disk believes that a node is gone whether it reads it or not. So the
    cluster's configuration must not name SBD before it runs on every node.

    name
        Free text.

    path
        Colon path of the site in pillar.

    .. code-block:: yaml

        SBD watches over the nodes:
          hanfs.sbd_running:
            - path: hanfs:sites:athens
    """
    return __salt__["hanfs.converge"]("sbd_running", name, test=__opts__["test"], path=path)
