"""
Everything that ``hanfs.health`` may find: one table.

How to add one: a row here, a function that finds it (``_hanfs_health`` for what the cluster's tools
say, ``_hanfs_health_node`` for what this node has), a case in the tests and a row in
docs/health.md; a test compares the table with the document.

A code is for ever: monitors and silences are keyed by it. Data only; nothing is looked at here.
"""

from __future__ import annotations

from typing import NamedTuple

from _cib_values import Data

# Each is a series of hanfs.metrics, so they stay few.
CHECKS = (
    "cluster", "nodes", "links", "resources", "fencing", "mount", "address", "nfs", "disk", "peers",
    "node",
)  # fmt: skip
OK, WARNING, CRITICAL, UNKNOWN = range(4)
# What a finding of a severity makes of the whole; a fact is told and counts for nothing.
SEVERITIES = {"critical": CRITICAL, "unknown": UNKNOWN, "warning": WARNING, "fact": OK}
WORDS = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
# The worst first: what cannot be known is worse than what can wait, but no outage.
ORDER = tuple(SEVERITIES)


class Code(NamedTuple):
    """
    ``check``: one of ``CHECKS``. ``text``: what is wrong, in general; the finding says where.
    ``cure``: what to do.
    """

    severity: str
    check: str
    text: str
    cure: str


_CLEANUP = "find the cause (journalctl -u pacemaker), then pcs resource cleanup"

CODES = {
    # the cluster
    "no-site": Code(
        "unknown", "cluster", "No site in pillar names this machine, or it is wrong",
        "salt NODE state.apply hanfs test=True says what is wrong; saltutil.refresh_pillar",
    ),
    "cluster-stopped": Code(
        "critical", "cluster", "The cluster does not run on this node",
        "systemctl status corosync pacemaker; pcs cluster start",
    ),
    "cluster-silent": Code(
        "unknown", "cluster", "The cluster's tools do not answer in time",
        "look at this node's load and disks, then at journalctl -u pacemaker -u corosync",
    ),
    "node-silent": Code(
        "unknown", "node", "A look at this node itself does not end in time",
        "look at the kernel's messages (dmesg): a disk, a mount or a name server hangs",
    ),
    "no-coordinator": Code(
        "critical", "cluster", "The cluster has no coordinator (DC)",
        "wait half a minute; then journalctl -u pacemaker on every node",
    ),
    "no-quorum": Code(
        "critical", "cluster", "This node's part of the cluster has no quorum",
        "bring the missing nodes and links back (pcs quorum status)",
    ),
    "node-missing": Code(
        "critical", "nodes", "A node of pillar is not in the cluster",
        "salt NODE state.apply hanfs",
    ),
    "node-unclean": Code(
        "critical", "nodes", "It is not known what still runs on a node",
        "fencing must work: hanfs.fence_test; for a node that is surely off: pcs stonith confirm",
    ),
    "node-joining": Code(
        "warning", "nodes", "A node is still joining", "wait; then journalctl -u pacemaker on it",
    ),
    "node-offline": Code(
        "critical", "nodes", "A node is offline: the next failure stops the service",
        "switch the node on, then pcs cluster start on it",
    ),
    "node-put-aside": Code(
        "critical", "nodes", "A failure put a node into standby",
        f"{_CLEANUP}; pcs node unstandby NODE",
    ),
    "node-standby": Code(
        "fact", "nodes", "An operator has put a node into standby",
        "pcs node unstandby NODE, once the work is done",
    ),
    "node-maintenance": Code(
        "fact", "nodes", "An operator has put a node into maintenance",
        "pcs node unmaintenance NODE, once the work is done",
    ),
    "cluster-maintenance": Code(
        "fact", "cluster", "The cluster is in maintenance mode: it does nothing by itself",
        "pcs property set maintenance-mode=false, once the work is done",
    ),
    "link-down": Code(
        "warning", "links", "A link between the nodes is down",
        "cable, switch, interface and firewall of that link (corosync-cfgtool -s)",
    ),
    # resources
    "resource-missing": Code(
        "critical", "resources", "A resource of pillar is not in the cluster",
        "salt NODE state.apply hanfs",
    ),
    "resource-busy": Code(
        "warning", "resources", "The cluster is still doing something",
        "wait; crm_resource --wait ends when it has nothing more to do",
    ),
    "resource-stopped": Code(
        "critical", "resources", "A resource does not run on one node",
        "if somebody disabled it: pcs resource enable; else pcs status and " + _CLEANUP,
    ),
    "resource-failed": Code("critical", "resources", "A resource has failed", _CLEANUP),
    "resource-blocked": Code(
        "critical", "resources", "The cluster does not dare to touch a resource",
        "a stop has failed and fencing could not help: hanfs.fence_test; " + _CLEANUP,
    ),
    "resource-banned": Code(
        "warning", "resources", "A move or a ban keeps the service from a node",
        "pcs resource clear RESOURCE, once it is not needed any more",
    ),
    "resource-disabled": Code(
        "fact", "resources", "An operator has disabled a resource",
        "pcs resource enable RESOURCE, once the work is done",
    ),
    "resource-unmanaged": Code(
        "fact", "resources", "A resource is not managed by the cluster",
        "pcs resource manage RESOURCE, once the work is done",
    ),
    "group-split": Code(
        "critical", "resources", "Parts of one group run on different nodes",
        "pcs status; never start parts of it by hand",
    ),
    "group-nowhere": Code(
        "critical", "resources", "The service runs nowhere", "pcs status says why; " + _CLEANUP,
    ),
    "resource-apart": Code(
        "critical", "resources", "A resource runs on another node than the service",
        "pcs status and pcs constraint",
    ),
    "action-failed": Code("warning", "resources", "An action has failed", _CLEANUP),
    "failcount-high": Code(
        "warning", "resources", "One more failure moves a resource away, or stops it",
        _CLEANUP,
    ),
    "failcount-reached": Code(
        "critical", "resources", "A resource may not run on a node any more: too many failures",
        _CLEANUP,
    ),
    # fencing
    "fencing-off": Code(
        "warning", "fencing", "Fencing is off, as pillar says: a failover may destroy the data",
        "pillar fencing: (docs/fencing.md)",
    ),
    "fencing-not-as-said": Code(
        "critical", "fencing", "The cluster's fencing is not as pillar says",
        "salt NODE state.apply hanfs",
    ),
    "fencing-device": Code(
        "critical", "fencing", "A fencing device does not run",
        "hanfs.fence_test; pcs stonith status; " + _CLEANUP,
    ),
    "fencing-failed": Code(
        "critical", "fencing", "A fencing has failed, and none has succeeded since",
        "hanfs.fence_test; once it works: stonith_admin --cleanup --history NODE",
    ),
    "no-drill": Code(
        "warning", "fencing", "Fencing was not proven for long",
        "hanfs.fence_drill, in an hour when it may cost half a minute",
    ),
    # what this node has
    "mount-missing": Code(
        "critical", "mount", "A file system of the service is not mounted here, where it runs",
        "pcs status; never mount it by hand",
    ),
    "mount-elsewhere": Code(
        "critical", "mount", "A file system is mounted here, and the cluster has it elsewhere",
        "unmount it here at once: two nodes that write to it destroy it",
    ),
    "address-missing": Code(
        "critical", "address", "An address of the service is not here, where it runs",
        "pcs resource debug-monitor RESOURCE; " + _CLEANUP,
    ),
    "address-elsewhere": Code(
        "critical", "address", "An address is on this node, and the cluster has it elsewhere",
        "ip addr del ADDRESS on this node: two machines with one address answer by turns",
    ),
    "address-twice": Code(
        "critical", "address", "Another machine answers for an address of the service",
        "find the machine by its hardware address (ip neigh, the switch) and take the address away",
    ),
    "nfs-silent": Code(
        "critical", "nfs", "The NFS server does not answer at its address",
        "the firewall (firewall-cmd --list-all), then pcs status and journalctl -u nfs-server",
    ),
    "nfs-no-threads": Code(
        "critical", "nfs", "The NFS server has no threads: it takes no request",
        "rpc.nfsd N, with the number of pillar nfs:threads; then why somebody set it to 0",
    ),
    "helper-down": Code(
        "critical", "nfs", "A helper of the NFS server does not run",
        "journalctl -u NAME says why; systemctl start NAME, while nfs-server runs",
    ),
    "helper-restarted": Code(
        "fact", "nfs", "A helper of the NFS server died and was started again",
        "journalctl -u NAME may say why; the next move forgets it",
    ),
    "export-missing": Code(
        "critical", "nfs", "A client does not see an export",
        "pcs resource debug-monitor RESOURCE; exportfs -v; salt NODE state.apply hanfs",
    ),
    "state-directory": Code(
        "critical", "nfs", "The NFS server's state is not on the shared disk",
        "move the service (pcs node standby, unstandby): its agent binds /var/lib/nfs at the start",
    ),
    "disk-nearly-full": Code(
        "warning", "disk", "A file system is nearly full",
        "delete, or let it grow (docs/storage.md)",
    ),
    "disk-full": Code(
        "critical", "disk", "A file system is full",
        "delete, or let it grow (docs/storage.md); the NFS server's own state is on it, too",
    ),
    "clock-skew": Code(
        "warning", "peers", "The clocks of the nodes differ", "chrony on every node",
    ),
    "versions-unequal": Code(
        "warning", "peers", "The nodes do not have the same versions",
        "update the node that is behind (docs/operations.md)",
    ),
    "certificate-ends": Code(
        "warning", "node", "The certificate of pcsd ends soon",
        "pcs pcsd sync-certificates, or your own: pcs pcsd certkey",
    ),
    "certificate-ended": Code(
        "critical", "node", "The certificate of pcsd has ended",
        "pcs pcsd sync-certificates, or your own: pcs pcsd certkey",
    ),
    "reboot-pending": Code(
        "warning", "node", "This node waits for a reboot",
        "pcs node standby NODE, reboot, pcs node unstandby NODE; one node after the other",
    ),
}  # fmt: skip


def finding(code: str, text: str) -> Data:
    """
    One finding, as ``hanfs.health`` returns it.

    code
        A key of ``CODES``.

    text
        Where, and what.
    """
    known = CODES[code]
    return {
        "code": code,
        "severity": known.severity,
        "check": known.check,
        "text": text,
        "cure": known.cure,
    }


def worst(findings: list[Data]) -> int:
    """The code of the whole: 0 ok, 1 warning, 2 critical, 3 unknown."""
    severities = {one["severity"] for one in findings}
    return next((SEVERITIES[word] for word in ORDER if word in severities), OK)
