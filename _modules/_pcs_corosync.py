"""
Changing corosync.conf of a cluster that runs, through pcs

Part of the module ``pcs``. What to change is decided by ``_pcs_corosync_plan``.
"""

from __future__ import annotations

import os
import shutil
import tempfile

import _pcs_argv
import _pcs_files
import _pcs_node
import _pcs_options
import _pcs_setup
from _cib_errors import CommandExecutionError
from _cib_run import Machine
from _cib_values import Data

COROSYNC_CONF = "/etc/corosync/corosync.conf"


def corosync_update(machine: Machine, sections: dict[str, Data], file: str | None = None) -> bool:
    """
    Change options of corosync, on all nodes at once, or in a file.

    On a running cluster corosync reads them again; pcs refuses what needs a stopped cluster.

    sections
        ``{section: {option: value}}`` with the sections totem, transport_options, compression,
        crypto and quorum; None as value takes the option away.

    file
        Path of a corosync.conf to change instead.
    """
    given = {name: _pcs_options.normalised(name, options) for name, options in sections.items()}
    quorum = given.pop("quorum", None)
    if any(given.values()):
        machine.run(_pcs_argv.config_update(_pcs_node.capabilities(machine), given, file))
    if quorum:
        machine.run(_pcs_argv.quorum_update(_pcs_node.capabilities(machine), quorum, file))
    return True


def corosync_stopped(machine: Machine, conf: Data) -> bool:
    """
    See that corosync runs on no node of the cluster, with pcs's own check.

    pcs makes it before each change of a quorum option, and not before some that corosync also reads
    only when it starts (``link_mode``). So one is changed to what it is.

    conf
        What ``pcs.corosync_conf`` says.

    Raises CommandExecutionError when corosync runs somewhere, or a node does not answer.
    """
    option = "wait_for_all"
    return corosync_update(machine, {"quorum": {option: conf["quorum"].get(option)}})


def corosync_spread(machine: Machine, sections: dict[str, Data]) -> bool:
    """
    Change options in the corosync.conf of all nodes without telling the running corosync.

    For options that corosync reads only when it starts, and that pcs would change only in a stopped
    cluster. pcs makes and checks the new file, and brings it to all nodes. Each node has the new
    values after its cluster was restarted.

    sections
        As for ``corosync_update``.
    """
    directory = tempfile.mkdtemp(prefix="corosync-")
    try:
        copy = os.path.join(directory, "corosync.conf")
        shutil.copyfile(COROSYNC_CONF, copy)
        corosync_update(machine, sections, copy)
        _pcs_setup.replace(copy)
    except OSError as err:
        raise CommandExecutionError(f"{err.filename}: {err.strerror}") from err
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    corosync_sync(machine)
    return True


def corosync_sync(machine: Machine) -> bool:
    """Bring this node's corosync.conf to all nodes; the running corosync is not told."""
    machine.run(_pcs_argv.sync(_pcs_node.capabilities(machine)))
    return True


def link_add(
    machine: Machine, number: int | str, addresses: dict[str, str], options: Data | None = None
) -> bool:
    """
    Add a link to the running cluster.

    number
        The link's number.

    addresses
        ``{node: address}`` for every member.

    options
        Options of the link.
    """
    given = _pcs_options.normalised("links", options)
    machine.run(_pcs_argv.link_add(_pcs_node.capabilities(machine), str(number), addresses, given))
    return True


def link_remove(machine: Machine, number: int | str) -> bool:
    """
    Remove a link from the running cluster; pcs refuses to remove the last one.

    number
        The link's number.
    """
    machine.run(_pcs_argv.link_remove(_pcs_node.capabilities(machine), str(number)))
    return True


def links_connected(machine: Machine) -> dict[str, bool]:
    """
    Which links connect this node with the others, as its corosync says.

    Returns ``{number: True or False}``; True when all other members answer on the link.
    """
    result = machine.run(["corosync-cmapctl", "-m", "stats"])
    return _pcs_files.connected(result["stdout"])
