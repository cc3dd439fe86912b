"""
The formula's own agent for the NFS server, ``ocf:hanfs:nfsserver`` (``hanfs/files/nfsserver``):
when it is used, who has it, and systemd's drop-in that gives the server its scope.

Data in, data out; nothing is read, written or run here. docs/nfs-model.md has the reasons.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from _cib_values import Data

OWN = "ocf:hanfs:nfsserver"
STOCK = "ocf:heartbeat:nfsserver"
PATH = "/usr/lib/ocf/resource.d/hanfs/nfsserver"
# What a node tells its peers of the file at PATH, among the other facts.
FACT = "agent.nfsserver"

UNIT = "nfs-server.service"
# In the order in which systemd looks for a unit; the first file of a name counts.
UNIT_DIRECTORIES = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
# The name of the file that ocf:heartbeat:nfsserver makes below /run at each start: this one, in
# /etc, is used in its place, and both agents' starts go the same way.
DROP_IN_NAME = "51-resource-agents-unshare-uts.conf"
DROP_IN = f"/etc/systemd/system/{UNIT}.d/{DROP_IN_NAME}"
_WITH_SCOPE = (
    "/usr/bin/unshare --uts /bin/sh -c"
    ' \'test -z "$$NFS_SERVER_SCOPE" || hostname "$$NFS_SERVER_SCOPE" || exit; exec "$$@"\' --'
)
_DROP_IN_TEXT = """\
# Kept by Salt (hanfs); edits are lost.
# Who starts nfsd's threads has the server's scope (RFC 8881, 8.4.2.1) for a host name. Which one
# it is, the resource agent says at each start; a start outside the cluster has the node's own.
[Service]
EnvironmentFile=-/run/sysconfig/nfs-server-scope
ExecStart=
"""


def fitted(description: Data, said: str | None, present: Data) -> Data:
    """
    A cluster that runs the NFS server by the distribution's agent keeps it, unless pillar says
    which one it is to be: an upgrade of the formula must not restart a service.

    description
        As ``_hanfs_model.description`` makes it.

    said
        ``nfs:agent`` of the site, or None.

    present
        The configuration as it is, in the same form.

    Returns a description; the same one if there is nothing to keep.
    """
    live = present.get("primitives") or {}
    kept = [
        name
        for name in changed(description, present)
        if said is None and name in live and live[name].get("agent") == STOCK
    ]
    if not kept:
        return description
    primitives = dict(description["primitives"])
    primitives.update({name: {**primitives[name], "agent": STOCK} for name in kept})
    return {**description, "primitives": primitives}


def changed(description: Data, present: Data) -> list[str]:
    """
    The primitives that are to have our agent and do not have it yet.

    description, present
        As for ``fitted``.
    """
    live = present.get("primitives") or {}
    return [
        name
        for name, item in (description.get("primitives") or {}).items()
        if item.get("agent") == OWN and (live.get(name) or {}).get("agent") != OWN
    ]


def without_it(status: Data, nodes: Iterable[str], own: str, *, offline: bool) -> list[str]:
    """
    The nodes that have not told yet that they have our agent.

    status
        The data of ``pcs.status``.

    nodes, own
        Names of the site's nodes, and this node's.

    offline
        Whether a node that is not online is asked for as well.
    """
    attributes, known = status.get("attributes") or {}, status.get("nodes") or {}
    found = []
    for node in nodes:
        told = str((attributes.get(node) or {}).get("hanfs-facts") or "")
        there = (known.get(node) or {}).get("online")
        if node != own and f"{FACT}=" not in told and (there or offline):
            found.append(node)
    return found


def scope_drop_in(unit: str, drop_ins: Mapping[str, str]) -> str | None:
    """
    The text of the drop-in that starts nfsd under the server's scope, by the unit's own commands.

    unit
        The text of nfs-server.service.

    drop_ins
        ``{file name: text}`` of the other drop-ins; systemd takes them in the order of their names.

    Returns None if the unit starts nothing.
    """
    commands: list[str] = []
    for text in (unit, *(drop_ins[name] for name in sorted(drop_ins))):
        for line in re.sub(r"\\\n", " ", text).splitlines():
            key, equals, value = line.partition("=")
            if key.strip() == "ExecStart" and equals:
                commands = [*commands, value.strip()] if value.strip() else []
    if not commands:
        return None
    return _DROP_IN_TEXT + "".join(f"ExecStart={_scoped(command)}\n" for command in commands)


def _scoped(command):
    """systemd's marks (``-``: a failure is none, and others) stay in front."""
    bare = command.lstrip("-+:!@")
    return f"{command[: len(command) - len(bare)]}{_WITH_SCOPE} {bare}"
