"""
States of the quorum device

Part of the states ``pcs``; Salt's loader takes the files of one virtual name together.
"""

from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "pcs"

ERRORS = (CommandExecutionError, SaltInvocationError)
PURPOSE = "the quorum device"
# Options that pcs takes out of corosync.conf when a device comes, and only of a stopped cluster.
INCOMPATIBLE = ("auto_tie_breaker", "last_man_standing")


def __virtual__():
    return __virtualname__


def _result(name, result=True, comment="", changes=None):
    return {"name": name, "result": result, "comment": comment, "changes": changes or {}}


def quorum_device_present(
    name,
    algorithm="ffsplit",
    model="net",
    model_options=None,
    options=None,
    heuristics=None,
    timeout=600,
):
    """
    The cluster has this quorum device.

    Its host must run pcsd and corosync-qnetd (``pcs qdevice setup model net --enable --start``; on
    Debian its package has done that) and must be among the nodes of ``pcs.hosts_authenticated``.
    What is not named stays as it is. A change of the host removes the device and adds it again, all
    else is changed in place; no node is restarted.

    name
        The device's host.

    algorithm
        ``ffsplit`` or ``lms``.

    model
        ``net``.

    model_options, options, heuristics
        As ``pcs.quorum_device_add`` takes them. None as value takes an option away.

    timeout
        Seconds to wait for the lock on the cluster layer.

    .. code-block:: yaml

        qnetd.example.com:
          pcs.quorum_device_present:
            - algorithm: ffsplit
            - options: {timeout: 20000}
    """
    wanted = {
        "model_options": {"host": name, "algorithm": algorithm, **(model_options or {})},
        "options": options or {},
        "heuristics": heuristics or {},
    }
    try:
        for part, values in wanted.items():
            wanted[part] = _texts(part, values)
        conf = _conf()
        if conf is None:
            return _no_cluster(name)
        changes = _difference(conf["device"], model, wanted)
        if not changes:
            return _result(name, comment=f"The quorum device is on {name}")
        in_the_way = [key for key in INCOMPATIBLE if conf["quorum"].get(key) == "1"]
        if not conf["device"] and in_the_way:
            raise CommandExecutionError(
                f"a quorum device does not go with {' and '.join(in_the_way)}: take it away first "
                "with the state pcs.corosync_configured (quorum, and the option with null)"
            )
        if __opts__["test"]:
            return _result(name, None, "The quorum device would have been changed", changes)
        _under_lock(conf, timeout, lambda now: _change(now, model, wanted))
        if _difference(_conf()["device"], model, wanted):
            raise CommandExecutionError("corosync.conf still has another quorum device")
    except ERRORS as err:
        return _result(name, False, str(err))
    return _result(name, comment=f"The quorum device is on {name} now", changes=changes)


def quorum_device_absent(name, timeout=600):
    """
    The cluster has no quorum device.

    name
        Anything.

    timeout
        Seconds to wait for the lock on the cluster layer.

    .. code-block:: yaml

        No quorum device:
          pcs.quorum_device_absent: []
    """
    try:
        conf = _conf()
        if conf is None or not conf["device"]:
            return _result(name, comment="There is no quorum device")
        changes = {"device": {"old": conf["device"], "new": None}}
        if __opts__["test"]:
            return _result(name, None, "The quorum device would have been removed", changes)
        _under_lock(conf, timeout, _remove)
        if _conf()["device"]:
            raise CommandExecutionError("the quorum device is still in corosync.conf")
    except ERRORS as err:
        return _result(name, False, str(err))
    return _result(name, comment="The quorum device has been removed", changes=changes)


def _conf():
    conf = __salt__["pcs.corosync_conf"]()
    return None if conf is None or conf["stub"] else conf


def _no_cluster(name):
    if __opts__["test"]:
        return _result(name, None, "What would be changed cannot be known before the cluster is")
    return _result(name, False, "This node is in no cluster")


def _texts(part, values):
    texts = {}
    for key, value in values.items():
        if value is not None and not isinstance(value, (str, int, bool)):
            raise SaltInvocationError(f"{part}: {key} must be a word or a number")
        if isinstance(value, bool):
            value = "on" if value else "off"
        texts[key] = None if value is None else str(value)
    return texts


def _difference(device, model, wanted):
    """Changes as a tree; a device that is not there is one change."""
    if device is None or device["model"] != model:
        named = {
            part: {key: value for key, value in values.items() if value is not None}
            for part, values in wanted.items()
        }
        return {"device": {"old": device, "new": {"model": model, **named}}}
    changes = {}
    for part, values in wanted.items():
        for key, value in values.items():
            if device[part].get(key) != value:
                old = device[part].get(key)
                changes.setdefault(part, {})[key] = {"old": old, "new": value}
    return {"device": changes} if changes else {}


def _under_lock(conf, timeout, change):
    """Change what is there when the lock is ours; pcs has no lock when the cluster is stopped."""
    try:
        __salt__["pcs.status"]()
    except CommandExecutionError:
        change(conf)
        return
    local = __salt__["pcs.local_node"](conf["nodes"])
    __salt__["pcs_lock.take"](local, PURPOSE, timeout)
    try:
        change(_conf())
    finally:
        __salt__["pcs_lock.release"](own=True)


def _remove(conf):
    if conf["device"]:
        __salt__["pcs.quorum_device_remove"]()


def _change(conf, model, wanted):
    device = conf["device"]
    if not _difference(device, model, wanted):
        return
    host = wanted["model_options"]["host"]
    if device and (device["model"] != model or device["model_options"].get("host") != host):
        # so that the cluster is not left with neither of them
        answer = __salt__["pcs.hosts_authorized"]([host])[host]
        if answer is not True:
            raise CommandExecutionError(f"the quorum device stays where it is: {host}: {answer}")
        __salt__["pcs.quorum_device_remove"]()
        device = None
    if device:
        parts = {
            part: {key: value for key, value in values.items() if device[part].get(key) != value}
            for part, values in wanted.items()
        }
        __salt__["pcs.quorum_device_update"](**parts)
        return
    named = {
        part: {key: value for key, value in values.items() if value is not None}
        for part, values in wanted.items()
    }
    __salt__["pcs.quorum_device_add"](model, **named)
