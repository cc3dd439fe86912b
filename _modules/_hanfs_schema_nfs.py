"""
The section ``nfs`` of a site with the profile hardened: the NFS server itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import _hanfs_names
import _hanfs_schema_checks as checks
from _cib_values import Data
from _hanfs_schema_checks import Check, Report
from _hanfs_types import RawSite

# Seconds. A lease below 30 is too short for a busy client (SUSE's guide), 90 is the kernel's.
LEASE, GRACE = 60, 90
THREADS = 16
# Those of the RedHat family's own documentation and of firewalld's service mountd.
PORTS = {
    "mountd": 20048,
    "statd": 662,
    "statd_outgoing": 2020,
    "lockd_tcp": 32803,
    "lockd_udp": 32769,
}
# Whose agent runs the server: the formula's own, or the distribution's.
AGENTS = ("hanfs", "heartbeat")
# pcs(8) and corosync.conf(5), mcastport: each link one more than the one before it.
_TAKEN_PORTS = {111: "rpcbind", 2049: "NFS itself", 2224: "pcsd"}
_COROSYNC = 5405


def keys(hardened: bool) -> dict[str, Check]:
    """The checkers of the site's keys that belong to this section."""

    def refused(value, path, report):
        report(f"{path}: the profile article has no such section; take the profile hardened")

    if not hardened:
        return {"nfs": refused}
    port = checks.number(1, 65535)
    seconds = checks.number(10, 3600, " (seconds)")

    def notify_name(value, path, report):
        if not isinstance(value, dict):
            checks.host(value, path, report)
            return
        for name, host in value.items():
            checks.host(host, f"{path}:{name}", report)

    nfs = checks.mapping(
        {
            "v4_only": checks.boolean,
            "agent": checks.choice(*AGENTS),
            "lease_time": seconds,
            "grace_time": seconds,
            "threads": checks.number(1, 4096),
            "ports": checks.mapping(dict.fromkeys(PORTS, port)),
            "state_directory": checks.absolute,
            "tickle": checks.boolean,
            "notify_name": notify_name,
        }
    )
    return {"nfs": nfs}


def relations(site: RawSite, path: str, report: Report) -> None:
    """The rules between the keys of this section, and with addresses and file systems."""
    nfs, here = checks.part(site, "nfs"), f"{path}:nfs"
    lease, grace = times(nfs)
    if checks.is_int(lease) and checks.is_int(grace) and grace < lease:
        report(
            f"{here}:grace_time: {grace} is shorter than the lease ({lease}): clients that have "
            "not noticed the move yet would lose their locks"
        )
    _port_rules(nfs, _link_ports(site), f"{here}:ports", report)
    _state_rules(site, nfs, path, report)
    _notify_rules(site, nfs, path, report)


def times(nfs: Mapping[str, Any]) -> tuple[Any, Any]:
    """
    Lease and grace time, each derived from the other if only one is said.

    nfs
        The section.
    """
    lease, grace = nfs.get("lease_time"), nfs.get("grace_time")
    if grace is None:
        grace = max(GRACE, lease) if isinstance(lease, int) else GRACE
    if lease is None:
        lease = min(LEASE, grace) if isinstance(grace, int) else LEASE
    return lease, grace


def _link_ports(site):
    """The ports of corosync's links, which are UDP."""
    cluster = checks.part(site, "cluster")
    links = cluster.get("links")
    links = links if isinstance(links, list) else []
    counts = [len(value) for value in checks.part(cluster, "nodes").values() if _is_list(value)]
    ports = {}
    for number in range(min(max(counts, default=0), 8)):
        said = links[number] if number < len(links) and isinstance(links[number], dict) else {}
        ports[str(said.get("mcastport", _COROSYNC + number))] = f"corosync's link {number}"
    return ports


def _is_list(value):
    return isinstance(value, list)


def _port_rules(nfs, link_ports, path, report):
    ports = {**PORTS, **checks.part(nfs, "ports")}
    seen: dict[tuple[str, int], str] = {}
    for name in PORTS:
        port = ports[name]
        if not checks.is_int(port):
            continue
        if port in _TAKEN_PORTS:
            report(f"{path}:{name}: {port} is the port of {_TAKEN_PORTS[port]}")
        if str(port) in link_ports and name != "lockd_tcp":
            report(f"{path}:{name}: {port} is the port of {link_ports[str(port)]}")
        protocol = {"lockd_tcp": "tcp", "lockd_udp": "udp"}.get(name, "tcp udp")
        for one in protocol.split():
            if (one, port) in seen:
                report(f"{path}:{name}: {port} is the port of {seen[(one, port)]} already")
                break
        for one in protocol.split():
            seen.setdefault((one, port), name)


def _state_rules(site, nfs, path, report):
    state, mountpoints = nfs.get("state_directory"), checks.mountpoints(site)
    if not mountpoints or not checks.is_absolute(state):
        return
    if _hanfs_names.holding(state, mountpoints) is None:
        report(
            f"{path}:nfs:state_directory: {state} is not on a shared file system; the state has "
            f"to move with the service, so it must be below {' or '.join(mountpoints)}"
        )


def _notify_rules(site, nfs, path, report):
    here, names = f"{path}:nfs:notify_name", nfs.get("notify_name")
    if names is None:
        return
    if nfs.get("v4_only") is True:
        report(f"{here}: only NFSv3 clients are notified, and v4_only is true: leave one out")
    addresses = [
        str(address.get("name") or _hanfs_names.address_name(address["ip"]))
        for _, address in checks.one_or_many(site, "address", path)
        if isinstance(address.get("ip"), str)
    ]
    if not isinstance(names, dict) and len(addresses) > 1:
        report(
            f"{here}: with several addresses say which is called what: "
            f"{{{', '.join(f'{name}: HOST' for name in addresses)}}}"
        )
    for name in names if isinstance(names, dict) else ():
        if str(name) not in addresses:
            report(f"{here}:{name}: is no address of the site; they are {', '.join(addresses)}")


def normalise(site: RawSite, made: Data) -> None:
    """Write ``nfs`` into the normalised site, whose ``file_systems`` are there already."""
    nfs = checks.part(site, "nfs")
    lease, grace = times(nfs)
    made["nfs"] = {
        "v4_only": nfs.get("v4_only", False),
        "agent": nfs.get("agent"),
        "lease_time": lease,
        "grace_time": grace,
        "threads": nfs.get("threads", THREADS),
        "ports": {**PORTS, **checks.part(nfs, "ports")},
        "state_directory": nfs.get(
            "state_directory", f"{made['file_systems'][0]['mountpoint']}/nfsinfo"
        ),
        "tickle": nfs.get("tickle", True),
    }
