"""
Findings 6xx: fencing and SBD.
"""

from __future__ import annotations

import _hanfs_lint_plan
from _cib_values import Data

_SUSE_SBD = "https://documentation.suse.com/sle-ha/ (storage protection and SBD)"
_PACEMAKER = "https://clusterlabs.org/projects/pacemaker/doc/2.1/Pacemaker_Explained/html/"
CODES: dict[str, Data] = {
    "HANFS601": {
        "severity": "warning",
        "title": "Fencing is off",
        "why": "Failover after a crash is unsafe: both nodes may mount the file system and"
        " destroy it, and a resource that fails to stop blocks the service for ever",
        "cure": "pillar {path}:fencing: devices (docs/fencing.md)",
        "source": "https://clusterlabs.org/projects/pacemaker/doc/2.1/Clusters_from_Scratch/html/fencing.html",
    },
    "HANFS602": {
        "severity": "warning",
        "title": "The nodes may fence each other at the same time",
        "why": "When the links fail both shoot at once, and both are gone",
        "cure": "pillar {path}:fencing:priority_delay, or a delay for one node's device",
        "source": _PACEMAKER + "fencing.html",
    },
    "HANFS603": {
        "severity": "warning",
        "title": "The node that runs the service may lose the race",
        "why": "priority-fencing-delay goes by the priority of resources, and must be at least"
        " twice the longest pcmk_delay",
        "cure": "pillar {path}:fencing:priority_delay, and meta priority: 1 at the group",
        "source": _PACEMAKER + "cluster-options.html",
    },
    "HANFS604": {
        "severity": "error",
        "title": "A node cannot be fenced",
        "why": "When it fails the cluster waits for a fencing that never comes, and the service"
        " does not move",
        "cure": "pillar {path}:fencing:devices: nodes",
        "source": _PACEMAKER + "fencing.html",
    },
    "HANFS605": {
        "severity": "warning",
        "title": "A fenced node keeps running",
        "why": "The disk is closed to it, but it still has the virtual address until it notices:"
        " clients may reach either node",
        "cure": "a second level that cuts the power, or pillar {path}:fencing:sbd as well",
        "source": "fence_scsi(8)",
    },
    "HANFS606": {
        "severity": "error",
        "title": "A fenced node never gets the disk back",
        "why": "Fencing by reservation needs unfencing: a node that boots must register its key"
        " again",
        "cure": "pillar {path}:fencing:devices: unfencing: true (meta provides=unfencing)",
        "source": _PACEMAKER + "fencing.html",
    },
    "HANFS607": {
        "severity": "error",
        "title": "SBD has no watchdog",
        "why": "sbd does not start without one, and corosync and pacemaker do not start without"
        " sbd",
        "cure": "load the watchdog's module (/etc/modules-load.d), or pillar"
        " {path}:fencing:sbd:watchdog",
        "source": _SUSE_SBD,
    },
    "HANFS608": {
        "severity": "warning",
        "title": "The watchdog is software",
        "why": "A kernel that hangs hard takes softdog with it: the node is believed dead and is"
        " not",
        "cure": "the module of a hardware watchdog (iTCO_wdt, ipmi_watchdog, i6300esb)",
        "source": _SUSE_SBD,
    },
    "HANFS609": {
        "severity": "error",
        "title": "SBD believes too soon that a node is dead",
        "why": "msgwait must be at least twice the watchdog's timeout: else the peer takes the"
        " disk over while this node still writes",
        "cure": "pillar {path}:fencing:sbd: msgwait; sbd -d DEVICE create for a device that is"
        " made",
        "source": _SUSE_SBD,
    },
    "HANFS610": {
        "severity": "error",
        "title": "Fencing is given up before SBD is done",
        "why": "stonith-timeout must be at least 1.2 times msgwait (or the watchdog's time"
        " without a disk): every fencing counts as failed",
        "cure": "pillar {path}:fencing:timeout",
        "source": _SUSE_SBD,
    },
    "HANFS611": {
        "severity": "error",
        "title": "SBD without a disk on two nodes",
        "why": "Each half of a divided pair keeps its quorum, so neither is stopped by its"
        " watchdog",
        "cure": "pillar {path}:fencing:sbd:devices, or a quorum device on a third machine",
        "source": _SUSE_SBD,
    },
    "HANFS612": {
        "severity": "warning",
        "title": "The SBD device has other times than pillar",
        "why": "The times on the device are the ones that count",
        "cure": "pillar {path}:fencing:sbd, or make the device anew (both nodes stopped)",
        "source": "sbd(8)",
    },
    "HANFS617": {
        "severity": "warning",
        "title": "fence_xvm has no key",
        "why": "The host answers only who knows its key: this node can fence nobody",
        "cure": "pillar {path}:fencing:key_files",
        "source": "fence_xvm(8)",
    },
}
_FABRIC = ("stonith:fence_scsi", "stonith:fence_mpath")
# These are asked beside a device that does the work.
_HELPERS = ("stonith:fence_kdump", "stonith:fence_heuristics_ping")
_STONITH_TIMEOUT = 60
_KEY = "/etc/cluster/fence_xvm.key"


def _enabled(site):
    return bool((site.get("fencing") or {}).get("enabled"))


def _devices(plan):
    return {
        name: item
        for name, item in plan["primitives"].items()
        if item["agent"].startswith("stonith:")
    }


def _shooting(plan):
    return {
        name: item
        for name, item in _devices(plan).items()
        if item["agent"] not in _FABRIC + _HELPERS
    }


def _seconds(value):
    return _hanfs_lint_plan.seconds(value) or 0


def _targets(item, nodes):
    """The nodes that a device fences; all, if it does not say."""
    attributes = item["attributes"]
    text = attributes.get("pcmk_host_map") or attributes.get("pcmk_host_list")
    if not text:
        return list(nodes)
    words = str(text).replace(";", " ").replace(",", " ").split()
    return [word.split(":")[0].split("=")[0] for word in words]


def _delays(item, nodes):
    """{node: seconds} of a device; the value may be one for all, or a map."""
    text = str(item["attributes"].get("pcmk_delay_base") or "0")
    if ":" not in text:
        return dict.fromkeys(_targets(item, nodes), _seconds(text))
    pairs = (word.split(":", 1) for word in text.replace(";", " ").split() if ":" in word)
    return {node: _seconds(value) for node, value in pairs}


def _off(site, plan, facts):
    if not _enabled(site):
        yield "pillar says fencing: {enabled: false}"


def _race(site, plan, facts):
    nodes = site["cluster"]["nodes"]
    shooting = _shooting(plan)
    if not _enabled(site) or len(nodes) != 2 or not shooting:
        return
    if _seconds(plan["properties"].get("priority-fencing-delay", 0)):
        return
    if any(_seconds(item["attributes"].get("pcmk_delay_max", 0)) for item in shooting.values()):
        return
    longest = dict.fromkeys(nodes, 0)
    for item in shooting.values():
        for node, delay in _delays(item, nodes).items():
            longest[node] = max(longest.get(node, 0), delay)
    if len(set(longest.values())) == 1:
        yield f"{', '.join(shooting)} have no delay, or the same"


def _race_lost(site, plan, facts):
    delay = _seconds(plan["properties"].get("priority-fencing-delay", 0))
    if not _enabled(site) or not delay:
        return
    if not plan["priorities"]:
        yield "priority-fencing-delay is set, and no resource has a priority"
    nodes = site["cluster"]["nodes"]
    longest = max(
        [
            max(
                [*_delays(item, nodes).values(), _seconds(item["attributes"].get("pcmk_delay_max"))]
            )
            for item in _devices(plan).values()
        ]
        or [0]
    )
    if delay < 2 * longest:
        yield f"priority-fencing-delay is {delay:g} s, the longest delay {longest:g} s"


def _uncovered(site, plan, facts):
    if not _enabled(site):
        return
    nodes = site["cluster"]["nodes"]
    covered = set()
    for item in _devices(plan).values():
        if item["agent"] not in _HELPERS:
            covered |= set(_targets(item, nodes))
    if (site["fencing"].get("sbd") or {}) and not site["fencing"]["sbd"].get("devices"):
        # Every node fences itself by its watchdog.
        return
    missing = [node for node in nodes if node not in covered]
    if missing:
        yield f"no fencing device is for {' and '.join(missing)}"


def _fabric_only(site, plan, facts):
    """Nodes that no device but one of the fabric can fence."""
    nodes = list(site["cluster"]["nodes"])
    if not _enabled(site) or site["fencing"].get("sbd"):
        return
    shot = {node for item in _shooting(plan).values() for node in _targets(item, nodes)}
    cut = {
        node
        for item in _devices(plan).values()
        if item["agent"] in _FABRIC
        for node in _targets(item, nodes)
    }
    names = [node for node in nodes if node in cut - shot]
    if names:
        yield f"only the disk can be taken away from {' and '.join(names)}"


def _no_unfencing(site, plan, facts):
    for name, item in _devices(plan).items():
        if item["agent"] in _FABRIC and item["meta"].get("provides") != "unfencing":
            yield f"{name} does not have provides=unfencing"


def _sbd(site):
    return (site.get("fencing") or {}).get("sbd") or None


def _no_watchdog(site, plan, facts):
    sbd = _sbd(site)
    if sbd and sbd.get("watchdog") and facts["sbd"]["watchdog_there"] is False:
        yield f"{sbd['watchdog']} is not there"


def _softdog(site, plan, facts):
    sbd = _sbd(site)
    identity = facts["watchdogs"].get(sbd.get("watchdog")) if sbd else None
    if identity == "Software Watchdog":
        yield f"{sbd['watchdog']} is softdog"


def _too_soon(site, plan, facts):
    sbd = _sbd(site) or {}
    if sbd.get("devices") and sbd.get("msgwait") and sbd.get("watchdog_timeout"):
        if sbd["msgwait"] < 2 * sbd["watchdog_timeout"]:
            yield f"pillar has msgwait {sbd['msgwait']}, watchdog {sbd['watchdog_timeout']}"
    for path, header in facts["sbd"]["headers"].items():
        if header and header["msgwait"] < 2 * header["watchdog"]:
            yield f"{path} has msgwait {header['msgwait']}, watchdog {header['watchdog']}"


def _given_up(site, plan, facts):
    sbd = _sbd(site)
    if not sbd:
        return
    longest = sbd.get("msgwait") if sbd.get("devices") else 2 * (sbd.get("watchdog_timeout") or 0)
    for header in facts["sbd"]["headers"].values():
        longest = max(longest or 0, header["msgwait"] if header else 0)
    timeout = _seconds(plan["properties"].get("stonith-timeout", _STONITH_TIMEOUT))
    if longest and timeout < 1.2 * longest:
        yield f"stonith-timeout is {timeout:g} s, SBD needs {longest} s"


def _diskless(site, plan, facts):
    sbd = _sbd(site)
    if sbd and not sbd.get("devices") and len(site["cluster"]["nodes"]) == 2:
        if not facts["quorum_device"]:
            yield "fencing:sbd has no devices, and corosync no quorum device"


def _other_times(site, plan, facts):
    sbd = _sbd(site) or {}
    for path, header in facts["sbd"]["headers"].items():
        for key, name in (("watchdog_timeout", "watchdog"), ("msgwait", "msgwait")):
            if header and sbd.get(key) and header[name] != sbd[key]:
                yield f"{path} has {name} {header[name]}, pillar {sbd[key]}"


def _no_key(site, plan, facts):
    written = (site.get("fencing") or {}).get("key_files") or {}
    for name, item in _devices(plan).items():
        if item["agent"] in ("stonith:fence_xvm", "stonith:fence_virt"):
            path = str(item["attributes"].get("key_file") or _KEY)
            if path.startswith("/etc/cluster/") and path not in [*written, *facts["key_files"]]:
                yield f"{name} uses {path}, which is not there"


RULES = {
    "HANFS601": _off,
    "HANFS602": _race,
    "HANFS603": _race_lost,
    "HANFS604": _uncovered,
    "HANFS605": _fabric_only,
    "HANFS606": _no_unfencing,
    "HANFS607": _no_watchdog,
    "HANFS608": _softdog,
    "HANFS609": _too_soon,
    "HANFS610": _given_up,
    "HANFS611": _diskless,
    "HANFS612": _other_times,
    "HANFS617": _no_key,
}
