"""
The one-node cluster that Debian's and Ubuntu's packages set up and start by themselves

While it is there, ``pcs host auth`` says 'Authorized' and stores nothing, and
``pcs cluster setup`` refuses. ``pcs cluster destroy`` would remove it as well, but asks nobody
whether something was configured in it, and takes minutes on a slow machine.
"""

from __future__ import annotations

import os

import _pcs_files
import _pcs_node
from _cib_errors import CommandExecutionError
from _cib_run import Machine

CIB_DIRECTORY = "/var/lib/pacemaker/cib"
COROSYNC_CONF = "/etc/corosync/corosync.conf"


def problem() -> str | None:
    """Why the cluster on this node may not be removed, as a sentence; None when it may."""
    conf = _pcs_node.corosync_conf()
    if conf is None or not conf["stub"]:
        return "the cluster on this node is not the one that Debian's package sets up"
    work = _somebodys_work()
    if work:
        return (
            "somebody configured the one-node cluster of Debian's package on this node "
            f"({'; '.join(work)}); if that may go, run 'pcs cluster destroy' here"
        )
    return None


def _somebodys_work():
    path = os.path.join(CIB_DIRECTORY, "cib.xml")
    try:
        with open(path, encoding="utf-8") as handle:
            text = handle.read()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as err:
        raise CommandExecutionError(f"{path} cannot be read: {err}") from err
    return _pcs_files.somebodys_work(text)


def remove(machine: Machine) -> list[str]:
    """
    Stop and remove Debian's one-node cluster, and nothing else.

    The files that tell pcs of a cluster go, corosync.conf last, so that a run that was cut off is
    completed by the next. Services stay enabled.

    Returns the paths removed. Raises CommandExecutionError when there is no such cluster, when
    somebody configured something in it, or when it cannot be stopped.
    """
    _refuse()
    for service in ("pacemaker", "corosync"):
        if not machine.salt["service.stop"](service):
            raise CommandExecutionError(f"the service {service} cannot be stopped")
    # Pacemaker wrote its last word while stopping.
    _refuse()
    removed = []
    try:
        for path in [*_cib_files(), COROSYNC_CONF]:
            os.unlink(path)
            removed.append(path)
    except OSError as err:
        raise CommandExecutionError(f"cannot remove {err.filename}: {err.strerror}") from err
    return removed


def _refuse():
    trouble = problem()
    if trouble:
        raise CommandExecutionError(trouble)


def _cib_files():
    """Pacemaker's files of the CIB; cib.xml last, since that one tells whose work is in it."""
    try:
        names = os.listdir(CIB_DIRECTORY)
    except FileNotFoundError:
        return []
    names = sorted((name for name in names if name.startswith("cib")), key=_cib_xml_last)
    paths = [os.path.join(CIB_DIRECTORY, name) for name in names]
    return [path for path in paths if os.path.isfile(path) and not os.path.islink(path)]


def _cib_xml_last(name):
    return (name == "cib.xml", name)
