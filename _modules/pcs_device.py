"""
The quorum device: a vote from outside that decides which half goes on

Part of the module ``pcs``. The host with ``corosync-qnetd`` is an authenticated host like the
nodes, and is no member.
"""

__virtualname__ = "pcs"

LIMIT = 600


def __virtual__():
    return __virtualname__


def _run(argv):
    return __salt__["pcs_run.run"](argv, limit=LIMIT)


def quorum_device_add(model, model_options, options=None, heuristics=None):
    """
    Add a quorum device to the cluster.

    model
        ``net``, the only one that pcs supports.

    model_options
        ``host`` and ``algorithm`` (ffsplit or lms), and more.

    options
        Generic ones: ``timeout``, ``sync_timeout``.

    heuristics
        ``mode``, ``exec_NAME``, and more.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server1' pcs.quorum_device_add net '{host: qnetd, algorithm: ffsplit}'
    """
    words = (model, model_options, options or {}, heuristics or {})
    _run(__salt__["pcs_run.argv"]("device_add", *words))
    return True


def quorum_device_update(model_options=None, options=None, heuristics=None):
    """
    Change the quorum device; None as value takes an option away. Its host is changed by removing
    and adding the device, since the certificates are made for a host.

    model_options, options, heuristics
        As for ``quorum_device_add``.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server1' pcs.quorum_device_update options='{timeout: 20000}'
    """
    words = (model_options or {}, options or {}, heuristics or {})
    _run(__salt__["pcs_run.argv"]("device_update", *words))
    return True


def quorum_device_remove():
    """
    Remove the quorum device.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server1' pcs.quorum_device_remove
    """
    _run(__salt__["pcs_run.argv"]("device_remove"))
    return True
