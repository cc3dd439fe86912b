"""
Fencing: from what a site says of its fencing devices to what the cluster is told.

Data in, data out. ``description`` makes the part of the cluster's description that is about
fencing, ``problems`` says what is wrong with fencing in a running cluster. What is known of single
agents is in ``_hanfs_fencing_agents``, what a site may say in ``_hanfs_fencing_rules``, SBD's own
things (its disk, its settings, the watchdog) in ``_hanfs_sbd``.

Pacemaker's words for it: https://clusterlabs.org/projects/pacemaker/doc/2.1/Pacemaker_Explained/html/fencing.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import _hanfs_fencing_agents
import _hanfs_fencing_race
from _cib_values import Data
from _hanfs_types import Site

# The name of the device that the formula makes for SBD's disks, unless one is described.
SBD_DEVICE = "fence-sbd"
MONITOR = 60
# Pacemaker's own default, and what a device at least may need.
TIMEOUT = 60
# Long enough for a management board that is slow to answer; the agents' own 20 s are not.
MONITOR_TIMEOUT = 60


def description(site: Site, path: str | None = None) -> Data:
    """
    The fencing part of a cluster's description. Pure.

    site
        A normalised site; of its section ``fencing`` missing keys have their defaults here.

    path
        Colon path of the site in pillar, which the devices' secrets are looked up below. Default:
        ``site["path"]``, or ``hanfs``.

    Returns ``{"properties": {...}, "primitives": {...}, "fence_levels": [...]}``, the last two
    left out when there are none; the secrets are references (``{"pillar": path}``), never values.
    """
    fencing = site["fencing"]
    if not fencing.get("enabled"):
        return {"properties": {"stonith-enabled": False}}
    nodes = list(site["cluster"]["nodes"])
    primitives = {
        name: _primitive(site, name, device, path or site.get("path") or "hanfs")
        for name, device in described(site).items()
    }
    found = {"properties": _properties(fencing, nodes, bool(primitives))}
    if primitives:
        found["primitives"] = primitives
    levels = _levels(fencing.get("levels") or {})
    if levels:
        found["fence_levels"] = levels
    return found


def described(site: Site) -> dict[str, Data]:
    """
    The devices of a site as they are described, with the one for SBD's disks. Pure.

    site
        A normalised site.

    Returns ``{name: device}``.
    """
    fencing = site["fencing"]
    if not fencing.get("enabled"):
        return {}
    devices: dict[str, Any] = dict(fencing.get("devices") or {})
    sbd: Mapping[str, Any] = fencing.get("sbd") or {}
    agents = [_hanfs_fencing_agents.full_name(device.get("agent")) for device in devices.values()]
    if sbd.get("devices") and _hanfs_fencing_agents.SBD not in agents:
        devices[SBD_DEVICE] = {"agent": "fence_sbd", "nodes": list(site["cluster"]["nodes"])}
    return devices


def _primitive(site, name, device, path):
    agent = _hanfs_fencing_agents.full_name(device["agent"])
    known = _hanfs_fencing_agents.traits(agent)
    attributes = {key: _value(value) for key, value in (device.get("options") or {}).items()}
    attributes = {**known["attributes"], **attributes}
    for key, value in _hanfs_fencing_agents.from_site(agent, site).items():
        attributes.setdefault(key, _value(value))
    attributes.update(_hosts(device.get("nodes") or [], known))
    attributes.update(_delay(device))
    for secret in device.get("secrets") or ():
        attributes[secret] = {"pillar": f"{path}:fencing:devices:{name}:secrets:{secret}"}
    interval = f"{device.get('monitor') or MONITOR}s"
    found = {
        "agent": agent,
        "attributes": attributes,
        "operations": {"monitor": {"interval": interval, "timeout": f"{MONITOR_TIMEOUT}s"}},
    }
    unfencing = device.get("unfencing")
    if known["unfencing"] if unfencing is None else unfencing:
        found["meta"] = {"provides": "unfencing"}
    return found


def _value(value):
    """Agents read numbers from standard input; a list is separated by commas there."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, (list, tuple)):
        return ",".join(str(item) for item in value)
    return str(value)


def _hosts(nodes, known):
    if not isinstance(nodes, dict):
        return {"pcmk_host_list": " ".join(str(node) for node in nodes)}
    pairs = [f"{node}:{_value(plug)}" for node, plug in nodes.items()]
    found = {"pcmk_host_map": ";".join(pairs)}
    if known["argument"]:
        found["pcmk_host_argument"] = known["argument"]
    return found


def _delay(device):
    delay, nodes = device.get("delay"), list(device.get("nodes") or [])
    if isinstance(delay, dict) and len({delay.get(node) for node in nodes}) == 1:
        delay = delay.get(nodes[0])
    if not isinstance(delay, dict):
        return {"pcmk_delay_base": f"{delay}s"} if delay else {}
    # A node that is not named has no delay: Pacemaker 2.1.2 and newer.
    each = [f"{node}:{seconds}s" for node, seconds in delay.items()]
    return {"pcmk_delay_base": ";".join(each)} if any(delay.values()) else {}


def _levels(levels):
    return [
        {"target": node, "level": number, "devices": list(devices)}
        for node, lists in levels.items()
        for number, devices in enumerate(lists, 1)
    ]


# --- the properties -------------------------------------------------------------------------------


def _properties(fencing, nodes, has_devices):
    found: Data = {"stonith-enabled": True}
    sbd = fencing.get("sbd") or {}
    if not has_devices and not fencing.get("sbd"):
        # The devices are in cluster_config, and so is what they need.
        return found
    least = TIMEOUT
    if fencing.get("sbd") is not None:
        least = max(least, _hanfs_fencing_agents.sbd_times(sbd)["stonith"])
        found["stonith-watchdog-timeout"] = (
            0 if sbd.get("devices") else f"{2 * _hanfs_fencing_agents.sbd_times(sbd)['watchdog']}s"
        )
    found["stonith-timeout"] = f"{fencing.get('timeout') or least}s"
    found["concurrent-fencing"] = True
    delay = _hanfs_fencing_race.priority_delay(fencing, nodes)
    if delay:
        found["priority-fencing-delay"] = f"{delay}s"
    return found


# --- the verdict ----------------------------------------------------------------------------------


def not_started(site: Site, status: Data) -> list[str]:
    """
    The fencing devices of a running cluster that do not run. Pure.

    site
        A normalised site.

    status
        The data of ``pcs.status``.

    Returns a list of sentences.
    """
    found = []
    for name in described(site):
        item = status["resources"].get(name)
        if item is None:
            found.append(f"{name} is not in the cluster")
        elif item["role"] != "Started" or len(item["nodes"]) != 1:
            where = f" on {' and '.join(item['nodes'])}" if item["nodes"] else ""
            found.append(f"{name} is {item['role']}{where}, not Started on one node")
    return found


def failed(history: list[Data]) -> list[str]:
    """
    Fencing that failed and has not been made good since, newest first. Pure.

    history
        ``fence_history`` of ``pcs.status``.

    Returns a list of sentences.
    """
    found, done = [], set()
    for event in sorted(history, key=lambda one: one.get("completed") or "~", reverse=True):
        target, outcome = event.get("target"), event.get("status")
        if outcome == "success":
            done.add(target)
        elif outcome == "failed" and target not in done:
            done.add(target)
            reason = event.get("exit-reason")
            found.append(
                f"fencing of {target} ({event.get('action')}) failed"
                f"{' at ' + event['completed'] if event.get('completed') else ''}"
                f"{': ' + reason if reason else ''} (test the devices with hanfs.fence_test; once "
                f"it is understood: stonith_admin --cleanup --history {target})"
            )
    return found
