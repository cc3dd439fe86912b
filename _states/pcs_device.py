"""
States of the quorum device

Part of the states ``pcs``; Salt's loader takes the files of one virtual name together.
"""

__virtualname__ = "pcs"


def __virtual__():
    return __virtualname__


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
        As ``pcs quorum device add`` takes them, ``{name: value}``; None takes one away.

    timeout
        Seconds to wait for the lock on the cluster layer.

    .. code-block:: yaml

        qnetd.example.com:
          pcs.quorum_device_present:
            - algorithm: ffsplit
            - options: {timeout: 20000}
    """
    return __salt__["pcs.converge"](
        "quorum_device_present",
        name,
        test=__opts__["test"],
        algorithm=algorithm,
        model=model,
        model_options=model_options,
        options=options,
        heuristics=heuristics,
        timeout=timeout,
    )


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
    return __salt__["pcs.converge"](
        "quorum_device_absent", name, test=__opts__["test"], timeout=timeout
    )
