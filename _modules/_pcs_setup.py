"""
A cluster's setup that does not succeed at once, or was cut off

pcs destroys, then sends known hosts, then keys, then corosync.conf, each to all nodes at once. A
machine that fails in between leaves nodes with different parts, and ``pcs cluster setup`` refuses
from then on without ``--force``, which would destroy. What is missing then is only corosync.conf.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable

import _pcs_cluster
import _pcs_files
import _pcs_node
from _cib_errors import CommandExecutionError
from _cib_run import Machine
from _cib_values import Data

COROSYNC_CONF = "/etc/corosync/corosync.conf"
# Sent before corosync.conf and made by nothing else (Pacemaker's own key is: by Debian's package).
CLUSTER_KEY = "/etc/corosync/authkey"

# Refusals of `pcs cluster setup` that pass by themselves while the other nodes are still being
# prepared: packages, the distribution's own cluster, pcsd restarting, a slow machine.
PASSING_REFUSALS = (
    "cluster configuration files have been found",
    "found to be running on the host",
    "Required cluster services not installed",
    "Unable to connect to",
    "timed out",
    # pcs stopped by our own time limit: the next try finds what it left
    "did not end within",
    # 0.9
    "node is already in a cluster",
    "error checking node availability",
)


def refusal_passes(message: str) -> bool:
    """
    Whether a refusal of ``pcs.cluster_setup`` may pass by itself, as other nodes get ready.

    message
        The error's text.
    """
    return any(words in message for words in PASSING_REFUSALS)


def conf_of(machine: Machine, node: str) -> Data | None:
    """
    The cluster in another node's corosync.conf, as ``pcs.corosync_conf`` has it; None when there
    is no such file or no answer.

    node
        Name of an authenticated host.
    """
    text = _pcs_cluster.conf_text_of(machine, node)
    return None if text is None else _pcs_files.corosync_conf(text)


def adopt(machine: Machine, node: str, cluster_name: str, nodes: Iterable[str]) -> bool:
    """
    Complete a setup that was cut off: take corosync.conf over from a node that has it.

    Only when the conf there is of exactly this cluster, this node has none, and the cluster's key
    is here (pcs sends it first). Otherwise nothing is written.

    node
        Name of the host to ask.

    cluster_name, nodes
        The cluster's name and the names of its nodes.

    Returns True. Raises CommandExecutionError.
    """
    text = _pcs_cluster.conf_text_of(machine, node)
    conf = None if text is None else _pcs_files.corosync_conf(text)
    if not conf or conf["cluster_name"] != cluster_name or set(conf["nodes"]) != set(nodes):
        raise CommandExecutionError(f"{node} has no corosync.conf of the cluster {cluster_name}")
    if os.path.exists(COROSYNC_CONF):
        raise CommandExecutionError(f"{COROSYNC_CONF} exists already")
    if not os.path.exists(CLUSTER_KEY):
        raise CommandExecutionError(
            f"{node} is in the cluster {cluster_name} with this node as a member, but here are "
            f"neither corosync.conf nor {CLUSTER_KEY}. If this node was installed anew, "
            f"run 'pcs cluster node remove' and 'pcs cluster node add' for it on {node}"
        )
    _write(COROSYNC_CONF, text)
    return True


def replace(path: str) -> bool:
    """
    Make this node's corosync.conf the same as another file, whole or not at all.

    path
        The other file; it must be a corosync.conf of the same cluster with the same nodes.

    Returns True. Raises CommandExecutionError.
    """
    try:
        with open(path, encoding="utf-8") as handle:
            text = handle.read()
    except (OSError, UnicodeDecodeError) as err:
        raise CommandExecutionError(f"{path} cannot be read: {err}") from err
    new, present = _pcs_files.corosync_conf(text), _pcs_node.corosync_conf()
    if any(new[key] != (present or {}).get(key) for key in ("cluster_name", "nodes")):
        raise CommandExecutionError(f"{path} is not of this node's cluster")
    _write(COROSYNC_CONF, text)
    return True


def _write(path, text):
    """Write a file whole or not at all."""
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".corosync.conf-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o644)
        os.rename(temporary, path)
    except OSError as err:
        os.unlink(temporary)
        raise CommandExecutionError(f"{path} cannot be written: {err}") from err
