"""
Changing corosync.conf of a cluster that runs, through pcs

Part of the module ``pcs``. What to change is decided by ``pcs_corosync_plan``.
"""

import os
import shutil
import tempfile

from salt.exceptions import CommandExecutionError

__virtualname__ = "pcs"

COROSYNC_CONF = "/etc/corosync/corosync.conf"


def __virtual__():
    return __virtualname__


def _run(*args, **kwargs):
    return __salt__["pcs_run.run"](*args, **kwargs)


def corosync_update(sections, file=None):
    """
    Change options of corosync, on all nodes at once, or in a file.

    On a running cluster corosync reads them again; pcs refuses what needs a stopped cluster.

    sections
        ``{section: {option: value}}`` with the sections totem, transport_options, compression,
        crypto and quorum; None as value takes the option away.

    file
        Path of a corosync.conf to change instead.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server1' pcs.corosync_update '{totem: {token: 10000}}'
    """
    given = {
        name: __salt__["pcs_options.normalised"](name, options)
        for name, options in sections.items()
    }
    quorum = given.pop("quorum", None)
    if any(given.values()):
        _run(__salt__["pcs_run.argv"]("config_update", given, file))
    if quorum:
        _run(__salt__["pcs_run.argv"]("quorum_update", quorum, file))
    return True


def corosync_spread(sections):
    """
    Change options in the corosync.conf of all nodes without telling the running corosync.

    For options that corosync reads only when it starts, and that pcs would change only in a stopped
    cluster. pcs makes and checks the new file, and brings it to all nodes. Each node has the new
    values after its cluster was restarted.

    sections
        As for ``corosync_update``.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server1' pcs.corosync_spread '{quorum: {wait_for_all: true}}'
    """
    directory = tempfile.mkdtemp(prefix="corosync-")
    try:
        copy = os.path.join(directory, "corosync.conf")
        shutil.copyfile(COROSYNC_CONF, copy)
        corosync_update(sections, copy)
        __salt__["pcs_setup.replace"](copy)
    except OSError as err:
        raise CommandExecutionError(f"{err.filename}: {err.strerror}") from err
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    corosync_sync()
    return True


def corosync_sync():
    """
    Bring this node's corosync.conf to all nodes; the running corosync is not told.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server1' pcs.corosync_sync
    """
    _run(__salt__["pcs_run.argv"]("sync"))
    return True


def link_add(number, addresses, options=None):
    """
    Add a link to the running cluster.

    number
        The link's number.

    addresses
        ``{node: address}`` for every member.

    options
        Options of the link.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server1' pcs.link_add 1 '{nfs-server1: 10.0.0.1, nfs-server2: 10.0.0.2}'
    """
    given = __salt__["pcs_options.normalised"]("links", options)
    _run(__salt__["pcs_run.argv"]("link_add", str(number), addresses, given))
    return True


def link_remove(number):
    """
    Remove a link from the running cluster; pcs refuses to remove the last one.

    number
        The link's number.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server1' pcs.link_remove 1
    """
    _run(__salt__["pcs_run.argv"]("link_remove", str(number)))
    return True


def links_connected():
    """
    Which links connect this node with the others, as its corosync says.

    Returns ``{number: True or False}``; True when all other members answer on the link.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.links_connected
    """
    result = _run(["corosync-cmapctl", "-m", "stats"])
    return __salt__["pcs_files.connected"](result["stdout"])
