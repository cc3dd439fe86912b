"""
What this node's files say of the cluster, the cluster's state as data, and which pcs is installed.

How pcs 0.9, 0.10, 0.11 and 0.12 differ is told by the capability ids that pcs itself prints, asked
once per run; ``_pcs_argv`` is the only place that knows what follows from them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection

import _cib_run
import _pcs_files
import _pcs_status
from _cib_errors import CommandExecutionError
from _cib_run import Machine
from _cib_values import Data
from _pcs_arguments import Nodes

COROSYNC_CONF = "/etc/corosync/corosync.conf"
KNOWN_HOSTS = "/var/lib/pcsd/known-hosts"
TOKENS = "/var/lib/pcsd/tokens"
LIMIT_CRM_MON = 120


def installed() -> bool:
    """Whether the ``pcs`` command is on this node. No process is started."""
    return bool(_cib_run.which("pcs"))


def version(machine: Machine) -> Data:
    """pcs's version and capabilities, asked once per run."""
    if "pcs.version" not in machine.kept:
        lines = machine.run(["pcs", "--version", "--full"])["stdout"].splitlines()
        if len(lines) < 2:
            raise CommandExecutionError("pcs is older than 0.9.161 and cannot be used")
        machine.kept["pcs.version"] = {
            "version": lines[0].strip(),
            "capabilities": lines[1].split(),
        }
    return machine.kept["pcs.version"]


def capabilities(machine: Machine) -> list[str]:
    """The ids of what the installed pcs can, for ``_pcs_argv``. Raises as :py:func:`version`."""
    return version(machine)["capabilities"]


# --- what the files say --------------------------------------------------------------------------


def read(path: str) -> str | None:
    """Contents of a file, or None when it is not there."""
    try:
        with open(path, encoding="utf-8") as handle:
            return handle.read()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as err:
        raise CommandExecutionError(f"{path} cannot be read: {err}") from err


def corosync_conf() -> Data | None:
    """The cluster in this node's ``/etc/corosync/corosync.conf``. No process is started."""
    text = read(COROSYNC_CONF)
    return None if text is None else _pcs_files.corosync_conf(text)


def member_of() -> str | None:
    """Name of the cluster this node belongs to; None if it is Debian's one-node default."""
    conf = corosync_conf()
    return None if conf is None or conf["stub"] else conf["cluster_name"]


def known_hosts() -> Nodes:
    """The hosts that pcs on this node holds tokens for: ``{name: [addresses]}``. No process."""
    for path in (KNOWN_HOSTS, TOKENS):
        text = read(path)
        if text is not None:
            return _pcs_files.known_hosts(text)
    return {}


def local_node(nodes: Collection[str]) -> str:
    """
    Which of ``nodes`` this machine is, by its host name (long or short).

    nodes
        Names of nodes, or a dictionary with them as keys.

    Raises CommandExecutionError when it is none of them.
    """
    host = os.uname().nodename
    for candidate in (host, host.split(".")[0]):
        if candidate in nodes:
            return candidate
    short = [name for name in nodes if name.split(".")[0] == host]
    if len(short) == 1:
        return short[0]
    raise CommandExecutionError(
        f"this machine is called {host}, which is none of the nodes {', '.join(nodes)}"
    )


def status(machine: Machine, limit: int = LIMIT_CRM_MON) -> Data:
    """
    The cluster's state as this node sees it, from one run of crm_mon.

    limit
        Seconds that it may take.
    """
    result = machine.run(["crm_mon", "-1", "--output-as=xml"], ok=range(256), limit=limit)
    if result["retcode"] and not result["stdout"].lstrip().startswith("<"):
        # Pacemaker before 2.0.3 has only the older form
        result = machine.run(["crm_mon", "-1", "--as-xml"], ok=range(256), limit=limit)
        if not result["stdout"].lstrip().startswith("<"):
            said = _cib_run.said(result)
            raise CommandExecutionError(f"crm_mon: {said or 'no output'}")
    found = _pcs_status.parse(result["stdout"])
    machine.kept["pcs.status"] = (time.monotonic(), found)
    return found


def recent_status(machine: Machine, age: float = 60) -> Data:
    """
    The cluster's state as ``status`` has just seen it in this run, without another crm_mon: for
    what does not change within a minute, such as the nodes' attributes.

    age
        Seconds; what is older is asked for anew.

    Returns and raises what ``status`` does.
    """
    seen, found = machine.kept.get("pcs.status", (None, None))
    if seen is None or not 0 <= time.monotonic() - seen < age:
        return status(machine)
    return found
