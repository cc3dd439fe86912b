"""
One site, seen from one of its nodes: what it becomes in the cluster, what is not ready, what is
mounted where it should not be, and whether the service is healthy.
"""

from __future__ import annotations

import os

import _cib_run
import _hanfs_directories
import _hanfs_exports
import _hanfs_health
import _hanfs_helpers
import _hanfs_model
import _hanfs_names
import _hanfs_net
import _hanfs_schema
import _hanfs_settings
import _hanfs_settings_files
import _hanfs_storage
import _hanfs_storage_rules_mounts
import _pcs_node
from _cib_errors import (
    CommandExecutionError,
    SaltInvocationError,
)
from _cib_run import Machine
from _cib_values import Data
from _hanfs_types import RawSite, Site

PCSD_PORT = 2224
_TIMEOUT = 120
_ETAB = "/var/lib/nfs/etab"
FENCING_WARNING = (
    "WARNING: fencing is disabled (fencing: {enabled: false}). Failover after a crash is "
    "unsafe: the file system may end up "
    "mounted on both nodes and be destroyed, and a resource that fails to stop blocks the service."
)


def own_name() -> str:
    """This machine's node name, as the cluster sees it (``uname -n``)."""
    return os.uname().nodename


def description(machine: Machine, site: RawSite, path: str = "hanfs") -> Data:
    """The description of a site's cluster."""
    return _hanfs_model.description(normal(site, path), machine.grains)


def warnings(site: RawSite) -> list[str]:
    """
    What every run has to say aloud about a site.

    site
        The site as it stands in pillar.

    Returns a list of sentences.
    """
    return [] if site["fencing"]["enabled"] else [FENCING_WARNING]


def normal(site: RawSite, path: str = "hanfs") -> Site:
    """
    A site with all its defaults, ``_hanfs_schema.normalise``.

    site
        The site as it stands in pillar.

    path
        Colon path of the site in pillar.

    Raises SaltInvocationError with everything that is wrong with it.
    """
    found = _hanfs_schema.problems(site, path)
    if found:
        raise SaltInvocationError("\n".join(found))
    return _hanfs_schema.normalise(site, path)


# --- reachability of the peers --------------------------------------------------------------------


def foreign_mounts(site: RawSite) -> list[str]:
    """
    Where this node has a shared file system mounted outside the cluster. Reads the kernel's table
    of mounts only, so it can be asked on every run.

    site
        The site as it stands in pillar.

    Returns a list of sentences.
    """
    found = []
    for storage in normal(site)["file_systems"]:
        mountpoint = os.path.realpath(storage["mountpoint"])
        for device in [_hanfs_names.filesystem_device(storage), storage["device"]]:
            mounts = _hanfs_storage.mounts(device)
            for mount in _hanfs_storage_rules_mounts.foreign_mounts(mounts, mountpoint):
                found.append(_hanfs_storage_rules_mounts.foreign_mount_told(device, mount))
    return list(dict.fromkeys(found))


def unready(site: RawSite) -> list[str]:
    """
    What still keeps the nodes from forming a cluster, seen from this node: peers whose pcsd does
    not answer on a link, or the shared file system mounted here.

    site
        The site as it stands in pillar.

    Returns a list of sentences.
    """
    right = normal(site)
    nodes, own = right["cluster"]["nodes"], own_name()
    found = []
    for storage in right["file_systems"]:
        device = _hanfs_names.filesystem_device(storage)
        for mount in _hanfs_storage.mounts(device):
            found.append(
                f"the shared file system is mounted on {mount['directory']} of this node, outside "
                "the cluster: unmount it"
            )
    for name, addresses in nodes.items():
        if name == own:
            continue
        for link, (source, target) in enumerate(zip(nodes.get(own, []), addresses)):
            wrong = _hanfs_net.connects(source, target, PCSD_PORT)
            if wrong:
                found.append(
                    f"{name} does not answer on link {link}, {source} to {target} port "
                    f"{PCSD_PORT} (pcsd): {wrong}"
                )
    return found


def nfs_state_is_shared() -> bool:
    """
    Whether the NFS server's state directory on this node is the cluster's: the resource agent binds
    a directory of the shared file system over ``/var/lib/nfs`` before it starts the server, and
    takes it away after it has stopped it.
    """
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as table:
        mounts = [line.split() for line in table]
    return any(fields[4] == "/var/lib/nfs" and fields[3] != "/" for fields in mounts)


# --- health ---------------------------------------------------------------------------------------


def health(machine: Machine, site: RawSite) -> Data:
    """
    Whether the service runs as it should. Two of the cluster's own commands at most, one crm_mon
    and one corosync-cfgtool, and on the node that runs the service one systemctl.
    """
    right = normal(site)
    status = _pcs_node.status(machine)
    wanted = _hanfs_model.description(right, machine.grains)
    report = _hanfs_health.judge(right, wanted, status)
    report["problems"] += link_problems(machine, right)
    report["problems"] += _local_problems(machine, right, report["active_node"])
    if report["active_node"] == own_name():
        found = _hanfs_health.verdict(helpers(machine, right))
        report["problems"] += found["problems"]
        report["notes"] += found["notes"]
    _judge_exports(report, right, wanted, status)
    report["healthy"] = not report["problems"]
    return report


def _local_problems(machine, site, active):
    """Compare what the cluster says with what this machine has."""
    own = own_name()
    if own not in site["cluster"]["nodes"]:
        return []
    where = f"the cluster has it on {active}" if active else "the cluster has it nowhere"
    elsewhere = None if active == own else where
    found = [_mount_problem(item, elsewhere) for item in site["file_systems"]]
    here = {entry["ip"] for entry in _hanfs_net.addresses(machine)}
    for address in site["addresses"]:
        ip = address["ip"]
        if elsewhere is None and ip not in here:
            found.append(f"this node does not have the address {ip}")
        elif elsewhere and ip in here:
            found.append(f"this node has the address {ip}, but {elsewhere}")
    return [problem for problem in found if problem]


def helpers(machine: Machine, site: Site, limit: int = _TIMEOUT) -> list[list[str]]:
    """
    What became of the NFS server's helpers on the node that runs it: one process, systemctl.

    site
        A normalised site.

    limit
        Seconds that it may take.

    Returns what ``_hanfs_helpers.told`` does. Raises CommandExecutionError if systemd cannot be
    asked.
    """
    if not _cib_run.which("systemctl"):
        return []
    kerberos = bool(_hanfs_settings.kerberos_exports(site))
    question = _hanfs_helpers.question(site.get("nfs"), kerberos)
    late = f"systemctl show did not end within {limit} s: look at systemd on this node"
    answer = machine.answer(question, limit=limit, late=late)["stdout"]
    counts = {
        helper: _hanfs_settings_files.read(path) or ""
        for helper, path in _hanfs_helpers.counts().items()
    }
    return _hanfs_helpers.told(answer, counts)


def _judge_exports(report, site, wanted, status):
    """Whether an ``exportfs -r`` would change something; what is exported beside the cluster."""
    own = own_name()
    if own not in site["cluster"]["nodes"] or not site["nfs"]:
        return
    place, stopped = _hanfs_exports.path(site), _hanfs_directories.stopped_in_file()
    content = _hanfs_settings_files.read(place)
    report["problems"] += _hanfs_exports.problems(wanted, content, stopped, place)
    resources = status["resources"]
    names = {name for name, item in resources.items() if str(item["agent"]).endswith(":exportfs")}
    # What a resource exports that pillar does not know, nobody knows here.
    if report["active_node"] == own and names <= set(wanted["primitives"]):
        running = {name for name in names if resources[name]["nodes"]}
        mountpoints = [item["mountpoint"] for item in site["file_systems"]]
        table = _hanfs_settings_files.read(_ETAB) or ""
        exports = _hanfs_exports.exports(wanted)
        report["notes"] += _hanfs_exports.strays(exports, running, table, mountpoints)


def _mount_problem(storage, elsewhere):
    """``elsewhere``: where the cluster has the service, None if it is here."""
    device = _hanfs_names.filesystem_device(storage)
    mounted = [mount["directory"] for mount in _hanfs_storage.mounts(device)]
    if elsewhere is None:
        if storage["mountpoint"] in mounted:
            return None
        return f"{device} is not mounted on {storage['mountpoint']} of this node"
    return f"{device} is mounted on {mounted[0]} of this node, but {elsewhere}" if mounted else None


def link_problems(machine: Machine, site: Site, limit: int = _TIMEOUT) -> list[str]:
    """
    What corosync says about the links between the nodes: one process, corosync-cfgtool.

    site
        A normalised site.

    limit
        Seconds that it may take.

    Returns a list of sentences. Raises CommandExecutionError if it cannot be asked.
    """
    if not _cib_run.which("corosync-cfgtool"):
        raise CommandExecutionError("corosync-cfgtool is not installed (package corosync)")
    late = f"corosync-cfgtool -s did not end within {limit} s: look at corosync on this node"
    said = machine.answer(["corosync-cfgtool", "-s"], limit=limit, late=late)["stdout"]
    return _hanfs_health.link_problems(said, len(next(iter(site["cluster"]["nodes"].values()))))
