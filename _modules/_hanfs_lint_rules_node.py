"""
Findings 2xx: this machine, its services, agents and packages.
"""

from __future__ import annotations

import _hanfs_facts_parse
import _hanfs_lint_plan
from _cib_values import Data

_AGENTS_GIT = "https://github.com/ClusterLabs/resource-agents/"
CODES: dict[str, Data] = {
    "HANFS201": {
        "severity": "warning",
        "title": "The NFS server starts at boot",
        "why": "It exports before the cluster has decided which node does, and its state is not"
        " the cluster's",
        "cure": "salt NODE state.apply hanfs (it disables the unit)",
        "source": "https://www.debian.org/doc/debian-policy/ch-opersys.html (packages start their"
        " services)",
    },
    "HANFS202": {
        "severity": "warning",
        "title": "An NFS server runs outside the cluster",
        "why": "The agent takes it for its own, with the state of this node instead of the shared"
        " one: no client gets its locks back after a move",
        "cure": "salt NODE state.apply hanfs (it stops it, unless the cluster runs it)",
        "source": _AGENTS_GIT + "issues/1644",
    },
    "HANFS203": {
        "severity": "error",
        "title": "A unit that the service needs is masked",
        "why": "systemd refuses to start it, so the service cannot run on this node (a masked sbd"
        " keeps corosync from starting)",
        "cure": "systemctl unmask UNIT",
        "source": _AGENTS_GIT + "issues/1300",
    },
    "HANFS204": {
        "severity": "warning",
        "title": "Nothing keeps this node's clock right",
        "why": "Clients see file times jump when the service moves, Kerberos fails, and the logs"
        " of two nodes cannot be laid side by side",
        "cure": "install and enable chrony",
        "source": "https://chrony-project.org/",
    },
    "HANFS205": {
        "severity": "warning",
        "title": "SELinux keeps the NFS server from the data",
        "why": "Without the boolean, clients are refused what the export allows",
        "cure": "setsebool -P nfs_export_all_rw on; setsebool -P nfs_export_all_ro on",
        "source": "nfsd_selinux(8)",
    },
    "HANFS206": {
        "severity": "info",
        "title": "SELinux will be in another mode after the next boot",
        "why": "What works now may be denied then, in the middle of a failover",
        "cure": "setenforce, or SELINUX= in /etc/selinux/config",
        "source": "selinux_config(5)",
    },
    "HANFS207": {
        "severity": "warning",
        "title": "A resource agent is missing on this node",
        "why": "The service cannot start here: a failover to this node fails",
        "cure": "salt NODE state.apply hanfs (it installs the packages)",
        "source": "hanfs/defaults.yaml",
    },
    "HANFS208": {
        "severity": "warning",
        "title": "A fence agent is missing on this node",
        "why": "This node cannot fence its peer, and takes nothing over while it cannot",
        "cure": "install it on every node (fence-agents-all, or Debian's fence-agents-NAME);"
        " pillar hanfs:lookup:cluster_packages",
        "source": "docs/fencing.md",
    },
    "HANFS209": {
        "severity": "warning",
        "title": "The resource agent is too old for a server scope",
        "why": "Each node calls itself by its own name: a client that holds a lock gets an I/O"
        " error at every move",
        "cure": "resource-agents 4.10 or newer",
        "source": _AGENTS_GIT + "pull/1688",
    },
    "HANFS210": {
        "severity": "error",
        "title": "The resource agent is too old for NFSv4 only",
        "why": "The agent does not know the parameter, and the resource cannot be made",
        "cure": "resource-agents 4.12 or newer, or pillar {path}:nfs:v4_only: false",
        "source": _AGENTS_GIT + "commit/20453d5ab",
    },
    "HANFS211": {
        "severity": "warning",
        "title": "With NFSv4 only, this resource agent may fail to stop",
        "why": "It waits for rpc.statd, which something else may have started; a failed stop is a"
        " fenced node",
        "cure": "resource-agents 4.16 or newer, or systemctl mask rpc-statd",
        "source": _AGENTS_GIT + "pull/1979",
    },
    "HANFS212": {
        "severity": "warning",
        "title": "The NFS server's unit has several start commands",
        "why": "The resource agent before 4.14 keeps only the last one when it sets the scope",
        "cure": "resource-agents 4.14 or newer, or one ExecStart in nfs-server.service",
        "source": _AGENTS_GIT + "pull/1930",
    },
    "HANFS213": {
        "severity": "warning",
        "title": "This node has mounted its own service",
        "why": "A node that serves and uses the same file system cannot unmount it when the"
        " service stops: the stop fails, and the node is fenced",
        "cure": "umount it; let programs here use another machine",
        "source": _AGENTS_GIT + "pull/405",
    },
    "HANFS214": {
        "severity": "warning",
        "title": "Packages upgrade by themselves",
        "why": "An upgrade of the NFS server, corosync or pacemaker restarts it under the"
        " cluster, on both nodes in the same hour",
        "cure": "switch it off here, and upgrade a node in standby (docs/operations.md)",
        "source": "docs/operations.md",
    },
    "HANFS215": {
        "severity": "error",
        "title": "This kernel has no NFS server",
        "why": "The service cannot run on this node",
        "cure": "install a kernel with nfsd (Debian: linux-image-amd64), and boot it",
        "source": "https://docs.kernel.org/filesystems/nfs/",
    },
    "HANFS216": {
        "severity": "warning",
        "title": "At shutdown the disk may go before the cluster",
        "why": "systemd does not know that the cluster uses it: the file system fails under the"
        " running service",
        "cure": "a drop-in for resource-agents-deps.target (After= and Requires= iscsi.service or"
        " multipathd.service); salt NODE state.apply hanfs",
        "source": _AGENTS_GIT + "blob/main/systemd/resource-agents-deps.target",
    },
    "HANFS217": {
        "severity": "warning",
        "title": "sbd is enabled and has nothing to work with",
        "why": "Without a device or a watchdog sbd.service fails, and pacemaker fails with it",
        "cure": "systemctl disable sbd (not mask), or pillar {path}:fencing:sbd",
        "source": "docs/fencing.md",
    },
    "HANFS218": {
        "severity": "error",
        "title": "This kernel cannot block a port with iptables",
        "why": "portblock starts, but its stop fails, and a failed stop is a fenced node: the"
        " service leaves this node by force only",
        "cure": "dnf install kernel-modules-extra-$(uname -r), or boot the kernel that has it",
        "source": "docs/agents.md (portblock)",
    },
}
_NEEDED = ("corosync", "pacemaker", "pcsd", "nfs-server", "nfs-mountd", "nfs-idmapd", "nfsdcld")
_NEEDED_V3 = ("rpcbind", "rpc-statd")
# As the kernel keeps the names of processes: 15 characters.
_TIME = ("chronyd", "ntpd", "ntp-daemon", "openntpd", "systemd-timesyn", "phc2sys")


def _servers(plan):
    return _hanfs_lint_plan.with_agent(plan, "nfsserver").values()


def _v4_only(plan):
    is_true = _hanfs_lint_plan.is_true
    return any(is_true(item["attributes"].get("nfsv4_only")) for item in _servers(plan))


def _older(facts, wanted):
    """Whether the resource agents are certainly older than a version."""
    installed = facts["packages"].get("resource-agents")
    key = _hanfs_facts_parse.version_key
    return bool(installed) and key(installed) < key(wanted)


def _enabled_at_boot(site, plan, facts):
    units = {"nfs-server.service", "nfs-kernel-server.service", "nfs.service"}
    found = sorted(units & set(facts["units"]["enabled"]))
    if found:
        yield f"{' and '.join(found)} is enabled on this node"


def _runs_outside(site, plan, facts):
    live = facts["nfs"]["live"]
    shares = any(item["attributes"].get("nfs_shared_infodir") for item in _servers(plan))
    if live and not facts["nfs"]["state_shared"] and (shares or not facts["member"]):
        yield f"{live['threads']} nfsd threads run on this node, with /var/lib/nfs of its own"


def _masked(site, plan, facts):
    # In the profile hardened the run itself masks and unmasks what only NFSv3 needs.
    v3 = site["profile"] == "article" and not _v4_only(plan)
    wanted = set(_NEEDED) | (set(_NEEDED_V3) if v3 else set())
    if (site.get("fencing") or {}).get("sbd") or "sbd" in facts["packages"]:
        wanted.add("sbd")
    for unit in facts["units"]["masked"]:
        if unit.rsplit(".", 1)[0] in wanted:
            yield f"{unit} is masked"


def _no_time(site, plan, facts):
    # No process at all means that they could not be seen.
    if facts["running"] and not set(_TIME) & set(facts["running"]):
        yield f"none of {', '.join(_TIME)} runs here"


def _selinux_booleans(site, plan, facts):
    selinux = facts["selinux"]
    off = [name for name, on in selinux["booleans"].items() if on is False]
    if selinux["mode"] == "enforcing" and off:
        yield f"{' and '.join(off)} is off on this node"


def _selinux_mode(site, plan, facts):
    selinux = facts["selinux"]
    if selinux["configured"] and selinux["configured"] != selinux["mode"]:
        yield f"it is {selinux['mode']} now, {selinux['configured']} in /etc/selinux/config"


def _agents_missing(site, plan, facts):
    if facts["agents"] is None or not facts["member"]:
        return
    # A name with its provider is one of heartbeat's; other classes have no files here.
    wanted = {
        item["agent"]
        for item in plan["primitives"].values()
        if item["agent"]
        in (
            "LVM-activate",
            "Filesystem",
            "nfsserver",
            "exportfs",
            "IPaddr2",
            "portblock",
            "nfsnotify",
        )
    }
    missing = sorted(wanted - set(facts["agents"]["names"]))
    if missing:
        yield f"/usr/lib/ocf/resource.d/heartbeat has no {', '.join(missing)}"


def _fence_agents_missing(site, plan, facts):
    if facts["fence_agents"] is None or not facts["member"]:
        return
    wanted = {
        item["agent"].split(":", 1)[1]
        for item in plan["primitives"].values()
        if item["agent"].startswith("stonith:fence_")
    }
    # Pacemaker has these by itself.
    missing = sorted(wanted - set(facts["fence_agents"]) - {"fence_watchdog"})
    if missing:
        yield f"/usr/sbin has no {', '.join(missing)}"


def _lacks_parameter(name):
    def rule(site, plan, facts):
        known = (facts["agents"] or {}).get("nfsserver")
        if known and name not in known:
            stock = [item for item in _servers(plan) if item["provider"] == "heartbeat"]
            if any(item["attributes"].get(name) for item in stock):
                yield f"the agent nfsserver on this node does not know {name}"

    return rule


def _stop_with_v4_only(site, plan, facts):
    if _v4_only(plan) and _older(facts, "4.16.0"):
        if "rpc-statd.service" not in facts["units"]["masked"]:
            yield f"resource-agents is {facts['packages']['resource-agents']}"


def _several_starts(site, plan, facts):
    scope = any(item["attributes"].get("nfs_server_scope") for item in _servers(plan))
    starts = facts["nfs"]["unit_starts"]
    if scope and starts is not None and starts > 1 and _older(facts, "4.14.0"):
        yield (
            f"nfs-server.service has {starts} and resource-agents is"
            f" {facts['packages']['resource-agents']}"
        )


def _loopback(site, plan, facts):
    for directory in facts["nfs"]["loopback"]:
        yield f"{directory} is a mount of it"


def _upgrades(site, plan, facts):
    if facts["upgrades"]:
        yield f"{facts['upgrades']} is switched on"


def _no_nfsd(site, plan, facts):
    if facts["nfs"]["kernel_has_nfsd"] is False:
        yield f"{facts['kernel']} has no module nfsd"


def _no_multiport(site, plan, facts):
    installed = "portblock" in (facts["agents"] or {}).get("names", ())
    if installed and facts["nfs"]["kernel_has_multiport"] is False:
        for name in _hanfs_lint_plan.with_agent(plan, "portblock"):
            yield f"{name}: {facts['kernel']} has no module xt_multiport"


def _shutdown_order(site, plan, facts):
    devices = facts["storage"]["devices"].items()
    remote = [path for path, one in devices if one["iscsi"] or one["multipath"]]
    if remote and not facts["shutdown_order"]:
        yield f"{', '.join(remote)} is reached by iSCSI or multipath"


def _sbd_without_work(site, plan, facts):
    options = facts["sbd"]["options"]
    has_work = options.get("SBD_DEVICE") or facts["watchdogs"]
    wanted = (site.get("fencing") or {}).get("sbd")
    if "sbd.service" in facts["units"]["enabled"] and not wanted and not has_work:
        yield "sbd.service is enabled, pillar has no fencing:sbd, and there is no watchdog"


RULES = {
    "HANFS201": _enabled_at_boot,
    "HANFS202": _runs_outside,
    "HANFS203": _masked,
    "HANFS204": _no_time,
    "HANFS205": _selinux_booleans,
    "HANFS206": _selinux_mode,
    "HANFS207": _agents_missing,
    "HANFS208": _fence_agents_missing,
    "HANFS209": _lacks_parameter("nfs_server_scope"),
    "HANFS210": _lacks_parameter("nfsv4_only"),
    "HANFS211": _stop_with_v4_only,
    "HANFS212": _several_starts,
    "HANFS213": _loopback,
    "HANFS214": _upgrades,
    "HANFS215": _no_nfsd,
    "HANFS216": _shutdown_order,
    "HANFS217": _sbd_without_work,
    "HANFS218": _no_multiport,
}
