"""
Findings 500 to 539 that concern the NFS server as a whole: its state, scope, times, notification.
"""

from __future__ import annotations

import posixpath
import re

import _hanfs_exports
import _hanfs_lint_plan
from _cib_values import Data

_AGENTS_GIT = "https://github.com/ClusterLabs/resource-agents/"
_LEASE = "https://www.suse.com/support/kb/doc?id=000019414"
CODES: dict[str, Data] = {
    "HANFS501": {
        "severity": "warning",
        "title": "/etc/exports exports something",
        "why": "The NFS server exports it on every node, also where the shared disk is not mounted",
        "cure": "salt NODE state.apply hanfs (it empties the file and keeps a backup)",
        "source": "https://anorien.csc.warwick.ac.uk/centos-vault/3.9/docs/html/rh-cs-en-3/s1-service-nfscaveats.html",
    },
    "HANFS502": {
        "severity": "error",
        "title": "/etc/exports.d exports the shared file system",
        "why": "Where it is not mounted, clients get the empty directory under it, and write to"
        " the system's own disk",
        "cure": "move it to pillar {path}:exports and remove the file",
        "source": "exports(5)",
    },
    "HANFS503": {
        "severity": "warning",
        "title": "/etc/exports.d exports something else",
        "why": "It is exported only while the service happens to run on this node, and does not"
        " move",
        "cure": "move it to pillar {path}:exports, or to another server",
        "source": "exports(5)",
    },
    "HANFS504": {
        "severity": "error",
        "article": "warning",
        "title": "Clients can reach the NFS server's own state",
        "why": "It lies inside an exported directory: a client's root may read, change or delete"
        " the locks of all clients",
        "cure": "pillar {path}:exports: directories beside {path}:nfs:state_directory (article:"
        " export a directory below the mount point)",
        "source": "docs/lint.md (measured: a client sees nfsinfo and .rmtab)",
    },
    "HANFS505": {
        "severity": "error",
        "title": "The NFS server's state does not move with the service",
        "why": "Locks and clients are known to one node only: after a move nothing is reclaimed,"
        " and clients wait out the full grace time",
        "cure": "pillar {path}:nfs:state_directory on a file system of the site",
        "source": "https://www.suse.com/support/kb/doc/?id=000020396",
    },
    "HANFS506": {
        "severity": "warning",
        "article": "info",
        "title": "An exportfs -r changes what the cluster exports",
        "why": "It exports what the files say, and takes the rest away; systemctl reload nfs-server"
        " and upgrades run it. Clients get I/O errors until the monitors of the exports notice",
        "cure": "salt NODE state.apply hanfs (profile article: pillar {path}:profile: hardened)",
        "source": "https://anorien.csc.warwick.ac.uk/centos-vault/3.9/docs/html/rh-cs-en-3/s1-service-nfscaveats.html",
    },
    "HANFS511": {
        "severity": "warning",
        "title": "Every stop waits for a lease",
        "why": "With the state on the shared disk there is nothing to wait for; SUSE calls it"
        " delay and loss of locks",
        "cure": "take wait_for_leasetime_on_stop out of pillar {path}:cluster_config:primitives",
        "source": _LEASE,
    },
    "HANFS512": {
        "severity": "error",
        "title": "A stop must wait longer than it may",
        "why": "It times out at every move, and a stop that fails is a fenced node",
        "cure": "pillar {path}:cluster_config:primitives: operations: stop: timeout above the"
        " lease time",
        "source": _LEASE,
    },
    "HANFS513": {
        "severity": "warning",
        "title": "A stop has little time",
        "why": "With many clients or a slow disk it takes longer; a stop that fails is a fenced"
        " node, or a service that hangs",
        "cure": "pillar {path}:profile: hardened, or cluster_config:primitives: operations: stop:"
        " {timeout: 90s}",
        "source": _AGENTS_GIT + "issues/122",
    },
    "HANFS514": {
        "severity": "warning",
        "title": "The nodes have no server scope in common",
        "why": "To a client the other node is another server: it does not reclaim its locks, and"
        " gets an I/O error after a move",
        "cure": "pillar {path}:server_scope: true",
        "source": _AGENTS_GIT + "issues/1644",
    },
    "HANFS515": {
        "severity": "warning",
        "title": "Lease and grace time are risky",
        "why": "A lease below 30 s loses the locks of clients that are only slow; a grace shorter"
        " than the lease takes locks from clients that come back in time",
        "cure": "pillar {path}:nfs: lease_time 60, grace_time 90 (article: /etc/nfs.conf)",
        "source": "https://github.com/leil-io/leilfs/issues/68",
    },
    "HANFS517": {
        "severity": "warning",
        "title": "The running NFS server has other settings than its files",
        "why": "They were changed after it started; the next move brings them into force",
        "cure": "move the service once (pcs node standby NODE, then unstandby)",
        "source": "nfs.conf(5)",
    },
    "HANFS518": {
        "severity": "warning",
        "article": "info",
        "title": "Clients are notified twice",
        "why": "The NFS server's agent notifies by itself, from the node's own address and before"
        " the virtual one is there",
        "cure": "pillar {path}:profile: hardened, or nfs_no_notify: true at the NFS server",
        "source": _AGENTS_GIT + "blob/main/heartbeat/nfsserver",
    },
    "HANFS519": {
        "severity": "error",
        "title": "nfsnotify with NFSv4 only",
        "why": "It needs rpc.statd, which does not run then: it never starts, and takes the"
        " address with it",
        "cure": "pillar {path}:cluster_config:primitives: no nfsnotify, or {path}:nfs:v4_only:"
        " false",
        "source": _AGENTS_GIT + "blob/main/heartbeat/nfsnotify.in",
    },
    "HANFS520": {
        "severity": "warning",
        "title": "nfsnotify notifies nobody here",
        "why": "It looks for the list of clients in /var/lib/nfs/statd; Debian keeps it in"
        " /var/lib/nfs. NFSv3 clients do not reclaim their locks",
        "cure": "links statd/sm, statd/sm.bak and statd/state in the state directory; salt NODE"
        " state.apply hanfs",
        "source": _AGENTS_GIT + "pull/1696",
    },
    "HANFS521": {
        "severity": "info",
        "title": "After a crash clients find the new node late",
        "why": "Their TCP connections go on with the dead node until they try again, which took"
        " 20 to 32 s in the lab, and 0.1 s with portblock's tickle",
        "cure": "pillar {path}:nfs:tickle: true (profile hardened; IPv4)",
        "source": _AGENTS_GIT + "pull/521",
    },
    "HANFS526": {
        "severity": "error",
        "title": "The keytab does not have the service's name",
        "why": "An export asks for Kerberos, and clients ask for nfs/NAME of the address they"
        " mount: on this node they are refused",
        "cure": "add the principal nfs/NAME to the keytab of every node (kadmin: ktadd)",
        "source": "nfs(5), rpc.gssd(8)",
    },
    "HANFS528": {
        "severity": "info",
        "title": "The domain of NFSv4 names is not set",
        "why": "It is guessed from DNS then; nodes that guess differently show other owners of"
        " files",
        "cure": "[General] Domain= in /etc/idmapd.conf, the same on nodes and clients",
        "source": "idmapd.conf(5)",
    },
    "HANFS529": {
        "severity": "warning",
        "title": "sm-notify is given several addresses",
        "why": "The agent runs one after the other and each retries for minutes: the start times"
        " out",
        "cure": "pillar {path}:cluster_config:primitives: one nfs_ip, or nfsnotify for each"
        " address",
        "source": _AGENTS_GIT + "issues/267",
    },
}
_LITTLE = 60
_SAFE_LEASE = 30


def _with(plan, agent):
    return _hanfs_lint_plan.with_agent(plan, agent)


def _is_true(value):
    return _hanfs_lint_plan.is_true(value)


def _inside(path, directory):
    return path == directory or path.startswith(directory.rstrip("/") + "/")


def _own_exports(site, plan, facts):
    if facts["nfs"]["exports"]:
        yield f"it has {', '.join(facts['nfs']['exports'])}"


def _exports_d(shared):
    def rule(site, plan, facts):
        mountpoints = [one["mountpoint"] for one in site["file_systems"]]
        for path, directories in facts["nfs"]["exports_d"].items():
            found = [
                directory
                for directory in directories
                if shared
                == any(
                    _inside(directory, mountpoint) or _inside(mountpoint, directory)
                    for mountpoint in mountpoints
                )
            ]
            if found:
                yield f"{path} has {', '.join(found)}"

    return rule


def _reexported(site, plan, facts):
    if not site["nfs"]:
        yield "the profile article writes no file for it"
        return
    there = facts["nfs"]["exports_file"]
    if there is None:
        return
    found = _hanfs_exports.exports(plan, facts["nfs"]["exports_stopped"])
    wanted = _hanfs_exports.entries(_hanfs_exports.text(found))
    has = _hanfs_exports.entries(there)
    for what in sorted({*wanted, *has}):
        if has.get(what) != wanted.get(what):
            yield f"{_hanfs_exports.path(site)} says something else of {what}"


def _state(plan):
    """(the server's name, its state directory or None)."""
    for name, item in _with(plan, "nfsserver").items():
        path = item["attributes"].get("nfs_shared_infodir")
        yield name, posixpath.normpath(str(path)) if path else None


def _state_exported(site, plan, facts):
    directories = {
        str(item["attributes"].get("directory")) for item in _with(plan, "exportfs").values()
    }
    for _name, path in _state(plan):
        for directory in sorted(directories):
            if path and _inside(path, posixpath.normpath(directory)):
                yield f"{path} is inside the export {directory}"


def _state_stays(site, plan, facts):
    mounted = [
        posixpath.normpath(str(item["attributes"].get("directory")))
        for item in _with(plan, "Filesystem").values()
    ]
    for name, path in _state(plan):
        if path is None and "/var/lib/nfs" not in mounted:
            yield f"{name} has no nfs_shared_infodir, and nothing is mounted on /var/lib/nfs"
        elif path and not any(_inside(path, directory) for directory in mounted):
            yield f"{path} is on no file system of the cluster"


def _lease(site, facts):
    return (site.get("nfs") or {}).get("lease_time") or facts["nfs"]["settings"]["lease"]


def _waiting(plan):
    return [
        name
        for name, item in _with(plan, "exportfs").items()
        if _is_true(item["attributes"].get("wait_for_leasetime_on_stop", "0"))
    ]


def _waits(site, plan, facts):
    names = _waiting(plan)
    if names:
        total = len(names) * _lease(site, facts)
        yield f"{', '.join(names)} has wait_for_leasetime_on_stop: {total} s for each move"


def _waits_too_long(site, plan, facts):
    for name in _waiting(plan):
        allowed = _hanfs_lint_plan.stop_timeout(plan, name)
        needed = _lease(site, facts) + 10
        if allowed is not None and allowed < needed:
            yield f"{name} may take {allowed:g} s to stop and needs {needed} s"


def _little_time(site, plan, facts):
    for name, item in plan["primitives"].items():
        if item["agent"] not in ("nfsserver", "Filesystem"):
            continue
        allowed = _hanfs_lint_plan.stop_timeout(plan, name)
        if allowed is not None and allowed < _LITTLE:
            yield f"{name} may take {allowed:g} s to stop"


def _no_scope(site, plan, facts):
    for name, item in _with(plan, "nfsserver").items():
        if not item["attributes"].get("nfs_server_scope"):
            yield f"{name} has no nfs_server_scope"


def _times(site, plan, facts):
    wanted = site.get("nfs") or {}
    lease = _lease(site, facts)
    grace = wanted.get("grace_time") or facts["nfs"]["settings"]["grace"]
    if lease < _SAFE_LEASE or grace < lease:
        yield f"the lease is {lease} s, the grace {grace} s"


def _live_differs(site, plan, facts):
    live, files = facts["nfs"]["live"], facts["nfs"]["settings"]
    for name in ("lease", "grace", "threads") if live else ():
        if live[name] and files[name] and live[name] != files[name]:
            yield f"{name} is {live[name]} in the kernel, {files[name]} in the files"


def _notified_twice(site, plan, facts):
    if not _with(plan, "nfsnotify"):
        return
    for name, item in _with(plan, "nfsserver").items():
        if not _is_true(item["attributes"].get("nfs_no_notify", "false")):
            yield f"{name} has no nfs_no_notify"


def _notify_without_statd(site, plan, facts):
    servers = _with(plan, "nfsserver").values()
    notify = list(_with(plan, "nfsnotify"))
    if notify and any(_is_true(item["attributes"].get("nfsv4_only")) for item in servers):
        yield f"{', '.join(notify)} is in the cluster"


def _notifies_nobody(site, plan, facts):
    nfs = facts["nfs"]
    names = nfs["state_names"] or []
    # Only where the service runs the directory is the one that counts.
    if _with(plan, "nfsnotify") and nfs["state_shared"] and "sm" in names and "statd" not in names:
        yield "/var/lib/nfs has sm, but no statd"


def _no_tickle(site, plan, facts):
    tickled = {
        item["attributes"].get("ip")
        for item in _with(plan, "portblock").values()
        if item["attributes"].get("tickle_dir")
    }
    for name, item in _with(plan, "IPaddr2").items():
        ip = str(item["attributes"].get("ip"))
        # The agent knows IPv4 only.
        if ip not in tickled and ":" not in ip:
            yield f"{name} has no portblock with a tickle_dir"


def _kerberos(plan):
    for name, item in _with(plan, "exportfs").items():
        for option in str(item["attributes"].get("options") or "").split(","):
            if option.startswith("sec=") and "krb5" in option:
                yield name


def _keytab(site, plan, facts):
    exports = list(_kerberos(plan))
    if not exports:
        return
    keytab = facts["nfs"]["keytab"]
    if keytab["principals"] is None:
        yield f"{keytab['path']} is not there or no keytab, and {', '.join(exports)} asks for one"
        return
    served = {
        principal.split("@")[0].split("/", 1)[1].lower()
        for principal in keytab["principals"]
        if principal.startswith("nfs/")
    }
    wanted = {name for name in _service_names(site, facts) if name} or None
    if wanted is None and not served:
        yield f"{keytab['path']} has no principal nfs/NAME at all"
    for name in sorted(wanted or ()):
        if name.lower() not in served:
            yield f"{keytab['path']} has no nfs/{name}"


def _service_names(site, facts):
    """The names of the virtual addresses, as far as there are any."""
    yield from ((facts["net"]["names"] or {}).get("virtual") or {}).values()
    for address in site["addresses"]:
        if not re.match(r"[0-9.]+\Z|.*:", str(address.get("notify_name") or "0")):
            yield address["notify_name"]


def _no_idmap_domain(site, plan, facts):
    if facts["nfs"]["idmap_known"] and not facts["nfs"]["idmap_domain"]:
        yield "/etc/idmapd.conf on this node does not say it"


def _several_addresses(site, plan, facts):
    for name, item in _with(plan, "nfsserver").items():
        addresses = str(item["attributes"].get("nfs_ip") or "").replace(",", " ").split()
        if len(addresses) > 1 and not _is_true(item["attributes"].get("nfs_no_notify", "false")):
            yield f"{name} has nfs_ip={' '.join(addresses)}"


RULES = {
    "HANFS501": _own_exports,
    "HANFS502": _exports_d(True),
    "HANFS503": _exports_d(False),
    "HANFS506": _reexported,
    "HANFS504": _state_exported,
    "HANFS505": _state_stays,
    "HANFS511": _waits,
    "HANFS512": _waits_too_long,
    "HANFS513": _little_time,
    "HANFS514": _no_scope,
    "HANFS515": _times,
    "HANFS517": _live_differs,
    "HANFS518": _notified_twice,
    "HANFS519": _notify_without_statd,
    "HANFS520": _notifies_nobody,
    "HANFS521": _no_tickle,
    "HANFS526": _keytab,
    "HANFS528": _no_idmap_domain,
    "HANFS529": _several_addresses,
}
