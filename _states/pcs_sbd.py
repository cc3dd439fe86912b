"""
States of SBD

Part of the states ``pcs``; Salt's loader takes the files of one virtual name together.
"""

__virtualname__ = "pcs"


def __virtual__():
    return __virtualname__


def sbd_enabled(name, watchdogs=None, devices=None, options=None, validate=False):
    """
    The cluster uses SBD with these settings, from the next start of each node on.

    Nothing is restarted; a warning says that it is due. Disks are never initialised: that deletes
    what is on them and is done by hand, ``pcs stonith sbd device setup``.

    name
        Anything.

    watchdogs
        ``{node: path}``.

    devices
        ``{node: [paths]}`` of SBD's shared disks.

    options
        SBD's own options, such as ``{SBD_WATCHDOG_TIMEOUT: 10, SBD_DELAY_START: true}``.

    validate
        Whether pcs tests the watchdogs, on all nodes at once. It resets a machine whose watchdog
        cannot be stopped, and so could end the service.

    .. code-block:: yaml

        SBD:
          pcs.sbd_enabled:
            - watchdogs: {nfs-server1: /dev/watchdog, nfs-server2: /dev/watchdog}
            - devices: {nfs-server1: [/dev/disk/by-id/x], nfs-server2: [/dev/disk/by-id/x]}
            - options: {SBD_WATCHDOG_TIMEOUT: 10}
    """
    return __salt__["pcs.converge"](
        "sbd_enabled",
        name,
        test=__opts__["test"],
        watchdogs=watchdogs,
        devices=devices,
        options=options,
        validate=validate,
    )


def sbd_disabled(name):
    """
    The cluster does without SBD, from the next start of each node on. Nothing is restarted.

    name
        Anything.

    .. code-block:: yaml

        No SBD:
          pcs.sbd_disabled: []
    """
    return __salt__["pcs.converge"]("sbd_disabled", name, test=__opts__["test"])
