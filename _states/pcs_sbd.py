"""
States of SBD

Part of the states ``pcs``; Salt's loader takes the files of one virtual name together.
"""

from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "pcs"

ERRORS = (CommandExecutionError, SaltInvocationError)
SERVICE = "sbd"
PURPOSE = "SBD"
LOCK_TIMEOUT = 600
NEXT_START = (
    "SBD starts and ends with the cluster on each node: restart the nodes one after the other when "
    "it suits (standby, 'pcs cluster stop NODE', 'pcs cluster start NODE', unstandby)"
)


def __virtual__():
    return __virtualname__


def _result(name, result=True, comment="", changes=None):
    return {"name": name, "result": result, "comment": comment, "changes": changes or {}}


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
    try:
        wanted = {key: _text(key, value) for key, value in (options or {}).items()}
        conf = __salt__["pcs.corosync_conf"]()
        if conf is None or conf["stub"]:
            return _no_cluster(name)
        local = __salt__["pcs.local_node"](conf["nodes"])
        here = {**wanted, **_local(local, watchdogs or {}, devices or {})}
        changes = _difference(here)
        if not changes:
            return _result(name, comment="SBD is enabled with these settings")
        if __opts__["test"]:
            return _result(name, None, "SBD would have been configured", changes)

        def enable():
            # another node may have done it for all while this one waited for the lock
            if _difference(here):
                __salt__["pcs.sbd_enable"](watchdogs, devices, wanted, validate)

        _under_lock(conf, enable)
        left = _difference(here)
        if left:
            raise CommandExecutionError(f"SBD's settings still differ: {', '.join(left['sbd'])}")
    except ERRORS as err:
        return _result(name, False, str(err))
    return {
        **_result(name, comment="SBD has been configured", changes=changes),
        "warnings": [NEXT_START],
    }


def sbd_disabled(name):
    """
    The cluster does without SBD, from the next start of each node on. Nothing is restarted.

    name
        Anything.

    .. code-block:: yaml

        No SBD:
          pcs.sbd_disabled: []
    """
    try:
        conf = __salt__["pcs.corosync_conf"]()
        if conf is None or conf["stub"] or not __salt__["service.enabled"](SERVICE):
            return _result(name, comment="SBD is not enabled")
        changes = {"sbd": {"enabled": {"old": True, "new": False}}}
        if __opts__["test"]:
            return _result(name, None, "SBD would have been disabled", changes)

        def disable():
            if __salt__["service.enabled"](SERVICE):
                __salt__["pcs.sbd_disable"]()

        _under_lock(conf, disable)
        if __salt__["service.enabled"](SERVICE):
            raise CommandExecutionError("SBD is still enabled")
    except ERRORS as err:
        return _result(name, False, str(err))
    return {
        **_result(name, comment="SBD has been disabled", changes=changes),
        "warnings": [NEXT_START],
    }


def _under_lock(conf, change):
    """pcs writes to all nodes, perhaps also corosync.conf; a stopped cluster has no lock."""
    try:
        __salt__["pcs.status"]()
    except CommandExecutionError:
        change()
        return
    __salt__["pcs_lock.take"](__salt__["pcs.local_node"](conf["nodes"]), PURPOSE, LOCK_TIMEOUT)
    try:
        change()
    finally:
        __salt__["pcs_lock.release"](own=True)


def _no_cluster(name):
    if __opts__["test"]:
        return _result(name, None, "What would be changed cannot be known before the cluster is")
    return _result(name, False, "This node is in no cluster")


def _text(key, value):
    if not str(key).startswith("SBD_"):
        raise SaltInvocationError(f"options: {key} is none of SBD's, whose names begin with SBD_")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, (str, int)):
        raise SaltInvocationError(f"options: {key} must be a word or a number")
    return str(value)


def _local(node, watchdogs, devices):
    """What this node's file will say of what was named for it."""
    here = {}
    if node in watchdogs:
        here["SBD_WATCHDOG_DEV"] = watchdogs[node]
    if node in devices:
        here["SBD_DEVICE"] = ";".join(devices[node])
    return here


def _difference(wanted):
    present = __salt__["pcs.sbd_config"]()
    changes = {
        key: {"old": present.get(key), "new": value}
        for key, value in wanted.items()
        if present.get(key) != value
    }
    if not __salt__["service.enabled"](SERVICE):
        changes["enabled"] = {"old": False, "new": True}
    return {"sbd": changes} if changes else {}
