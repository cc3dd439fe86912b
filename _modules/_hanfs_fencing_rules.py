"""
What a site may say of fencing, beyond the types of its keys. What is no error but would make an
expert object is told by ``hanfs.lint``.

Data in, sentences out, whatever the data is.
"""

from __future__ import annotations

from typing import Any

import _cib_values
import _hanfs_fencing_agents
import _hanfs_fencing_race
from _hanfs_fencing_agents import is_number

# Parameters that come from keys of their own.
_DERIVED = {
    "pcmk_host_list": "nodes",
    "pcmk_host_map": "nodes",
    "pcmk_delay_base": "delay",
}
SBD_DERIVED = {
    "SBD_DEVICE": "devices",
    "SBD_WATCHDOG_DEV": "watchdog",
    "SBD_WATCHDOG_TIMEOUT": "watchdog_timeout",
}
MOST_LEVELS = 9
MOST_DISKS = 3


def problems(site: Any, path: str = "hanfs") -> list[str]:
    """
    What is wrong with a site's ``fencing``. Pure; never raises, and never shows the value of what
    may be a secret.

    site
        The site as it stands in pillar, or normalised.

    path
        Colon path of the site, for the messages.

    Returns a list of sentences, each with the key's path.
    """
    found: list[str] = []
    fencing, nodes = _mapping(site, "fencing"), _nodes(site)
    here = f"{path}:fencing"
    for name, device in _devices(fencing).items():
        _check_device(f"{here}:devices:{name}", device, nodes, found)
    if isinstance(fencing.get("sbd"), dict):
        _check_sbd(f"{here}:sbd", fencing["sbd"], found)
    if fencing.get("enabled") is not True:
        return found
    _check_levels(f"{here}:levels", site, fencing, nodes, found)
    _check_reach(here, site, fencing, nodes, found)
    _check_delays(here, fencing, nodes, found)
    _check_timeout(here, fencing, found)
    return found


def _mapping(data, key):
    value = data.get(key) if isinstance(data, dict) else None
    return value if isinstance(value, dict) else {}


def _nodes(site):
    return [str(node) for node in _mapping(_mapping(site, "cluster"), "nodes")]


def _devices(fencing):
    devices = _mapping(fencing, "devices")
    return {str(name): one for name, one in devices.items() if isinstance(one, dict)}


def _of_device(device):
    """The nodes that a device is for, as texts."""
    nodes = device.get("nodes")
    return [str(node) for node in nodes] if isinstance(nodes, (dict, list, tuple)) else []


def _check_device(here, device, nodes, found):
    covered = _of_device(device)
    if not covered:
        found.append(f"{here}:nodes: missing. Name the nodes that this device can fence")
    for node in covered:
        if nodes and node not in nodes:
            found.append(f"{here}:nodes: {node} is none of the site's nodes ({', '.join(nodes)})")
    options = _mapping(device, "options")
    for name in options:
        if _cib_values.may_be_secret(str(name)):
            found.append(
                f"{here}:options:{name}: looks like a secret; it belongs in {here}:secrets, from "
                "where it never gets into a command line, a log or a return"
            )
        elif name in _DERIVED:
            found.append(f"{here}:options:{name}: say it with {here}:{_DERIVED[name]}")
    secrets = device.get("secrets")
    for name in secrets if isinstance(secrets, (dict, list, tuple)) else ():
        if isinstance(name, str) and name in options:
            found.append(f"{here}:options:{name}: is in {here}:secrets, too")
    delay = device.get("delay")
    for node in delay if isinstance(delay, dict) else ():
        if str(node) not in covered:
            found.append(f"{here}:delay:{node}: {node} is not among the nodes of the device")


def _check_sbd(here, sbd, found):
    disks, options = sbd.get("devices"), _mapping(sbd, "options")
    if isinstance(disks, (list, tuple)) and len(disks) > MOST_DISKS:
        found.append(f"{here}:devices: {len(disks)} disks given, SBD takes at most {MOST_DISKS}")
    watchdog, msgwait = sbd.get("watchdog_timeout", 10), sbd.get("msgwait")
    if is_number(watchdog) and is_number(msgwait) and msgwait < 2 * watchdog:
        found.append(
            f"{here}:msgwait: {msgwait} is less than twice the watchdog_timeout ({watchdog}): a "
            "node would count as gone before its watchdog has reset it. Take at least "
            f"{2 * watchdog}"
        )
    for name in options:
        if name in SBD_DERIVED:
            found.append(f"{here}:options:{name}: say it with {here}:{SBD_DERIVED[name]}")


def _elsewhere(site):
    """Names of fencing devices in cluster_config."""
    primitives = _mapping(_mapping(site, "cluster_config"), "primitives")
    return [
        str(name)
        for name, one in primitives.items()
        if isinstance(one, dict) and str(one.get("agent")).startswith("stonith:")
    ]


def _disks(fencing):
    return _mapping(fencing, "sbd").get("devices")


def _check_levels(here, site, fencing, nodes, found):
    devices, elsewhere = _devices(fencing), _elsewhere(site)
    made = ["fence-sbd"] if _disks(fencing) else []
    for node, lists in _mapping(fencing, "levels").items():
        if nodes and str(node) not in nodes:
            found.append(f"{here}:{node}: is none of the site's nodes ({', '.join(nodes)})")
            continue
        lists = lists if isinstance(lists, (list, tuple)) else []
        if len(lists) > MOST_LEVELS:
            found.append(f"{here}:{node}: {len(lists)} levels given, at most {MOST_LEVELS}")
        for number, names in enumerate(lists):
            for name in names if isinstance(names, (list, tuple)) else ():
                if not isinstance(name, str):
                    continue
                if name in devices and str(node) not in _of_device(devices[name]):
                    found.append(f"{here}:{node}:{number}: {name} is not for {node}")
                elif name not in devices and name not in elsewhere and name not in made:
                    known = ", ".join([*devices, *elsewhere, *made]) or "none"
                    found.append(
                        f"{here}:{node}:{number}: there is no device {name}; there are: {known}"
                    )


def _check_reach(here, site, fencing, nodes, found):
    """Every node has something that fences it."""
    if "sbd" in fencing and fencing["sbd"] is not None or _elsewhere(site):
        return
    devices = _devices(fencing)
    for node in nodes if devices else ():
        if not any(node in _of_device(device) for device in devices.values()):
            found.append(
                f"{here}:devices: no device can fence {node}. Add one with `nodes: [{node}]`, or "
                "the node to a device that can"
            )


def _check_delays(here, fencing, nodes, found):
    longest = _hanfs_fencing_race.longest_delay(fencing, nodes)
    priority = fencing.get("priority_delay")
    priority = priority if is_number(priority) else _default_priority(fencing, nodes)
    if priority and priority < 2 * longest:
        found.append(
            f"{here}:priority_delay: {priority} is less than twice the longest delay of a device "
            f"({longest}), which could outrun it. Take at least {2 * longest}, or no delays: the "
            "priority alone decides which of two nodes wins"
        )
    if len(nodes) != 2 or priority or any(_hanfs_fencing_race.random_delays(fencing)):
        return
    first, second = (max(_hanfs_fencing_race.delays(fencing, node), default=0) for node in nodes)
    if first == second and first:
        found.append(
            f"{here}:devices: both nodes are fenced with the same delay ({first} s), so they can "
            "still shoot each other. Let only one have a delay, or use priority_delay"
        )


def _default_priority(fencing, nodes):
    try:
        return _hanfs_fencing_race.priority_delay(
            {**fencing, "priority_delay": None, "sbd": _mapping(fencing, "sbd")}, nodes
        )
    except (TypeError, AttributeError):
        return 0


def _check_timeout(here, fencing, found):
    sbd, timeout = fencing.get("sbd"), fencing.get("timeout")
    if not isinstance(sbd, dict) or not is_number(timeout):
        return
    times = [sbd.get(key) for key in ("watchdog_timeout", "msgwait") if key in sbd]
    if not all(is_number(time) for time in times):
        return
    least = _hanfs_fencing_agents.sbd_times(sbd)["stonith"]
    if timeout < least:
        found.append(
            f"{here}:timeout: {timeout} s are not enough for SBD, which takes {least} s with a "
            "fifth to spare. Take that or more, or leave it out"
        )
