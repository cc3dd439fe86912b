"""
Which of two nodes survives when they lose sight of each other and each wants to fence the other.

The node that runs the service should. So the other one waits, for as long as the first one needs
at most to take it out, and no longer: a crash looks like a cut from there, and every crash of the
active node waits as long. Data in, seconds out.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

import _hanfs_fencing_agents

# Seconds by which one of two nodes may begin later than the other. Both miss the same token, within
# milliseconds of each other; then the one that was not the coordinator has to become it first.
LATER = 2


def priority_delay(fencing: Mapping[str, Any], nodes: Collection[str]) -> int:
    """
    Seconds that the node which runs the service has the advantage of when both nodes want to fence
    each other; 0 if there is none. It needs resources with a priority. Pure.

    fencing
        The site's ``fencing``.

    nodes
        Names of the nodes.

    What pillar says; else the least that decides: the other node begins up to ``LATER`` seconds
    earlier, the slowest device needs its time, and what is waited for at the devices comes on top
    (Pacemaker adds it to this delay, which it wants to be twice as long:
    https://clusterlabs.org/projects/pacemaker/doc/2.1/Pacemaker_Explained/html/options.html).
    """
    given = fencing.get("priority_delay")
    if given is not None:
        return given
    agents = _agents(fencing)
    if not agents or len(nodes) != 2:
        return 0
    slowest = max(_hanfs_fencing_agents.takes(agent, fencing.get("sbd") or {}) for agent in agents)
    longest = longest_delay(fencing, nodes)
    return max(LATER + slowest + longest, 2 * longest)


def _agents(fencing):
    """Those of all levels: when one level fails, the race goes on in the next."""
    full_name = _hanfs_fencing_agents.full_name
    agents = {full_name(device.get("agent")) for device in (fencing.get("devices") or {}).values()}
    if (fencing.get("sbd") or {}).get("devices"):
        agents.add(_hanfs_fencing_agents.SBD)
    return agents


def longest_delay(fencing: Mapping[str, Any], nodes: Collection[str]) -> int:
    """
    The longest delay of a device, fixed or by chance, in seconds. Pure; whatever the data is.

    fencing, nodes
        As for ``priority_delay``.
    """
    fixed = [delay for node in nodes for delay in delays(fencing, node)]
    return max([0, *fixed, *random_delays(fencing)])


def delays(fencing: Mapping[str, Any], node: str) -> list[int]:
    """
    The fixed delays of the devices that fence a node, in seconds. Pure; whatever the data is.

    fencing
        The site's ``fencing``.

    node
        The node's name.
    """
    found = []
    for device in _devices(fencing):
        nodes = device.get("nodes")
        if node not in (
            [str(one) for one in nodes] if isinstance(nodes, (list, tuple, dict)) else []
        ):
            continue
        delay = device.get("delay")
        if isinstance(delay, dict):
            delay = next((each for key, each in delay.items() if str(key) == node), 0)
        found.append(delay if _hanfs_fencing_agents.is_number(delay) else 0)
    return found


def random_delays(fencing: Mapping[str, Any]) -> list[int]:
    """
    ``pcmk_delay_max`` of the devices, in seconds where that can be read. Pure.

    fencing
        The site's ``fencing``.
    """
    found = []
    for device in _devices(fencing):
        options = device.get("options")
        text = str((options if isinstance(options, dict) else {}).get("pcmk_delay_max") or "")
        match = re.match(r"(\d+)\s*(s|sec|m|min)?\Z", text)
        if match:
            found.append(int(match.group(1)) * (60 if (match.group(2) or "s")[0] == "m" else 1))
    return found


def _devices(fencing):
    devices = fencing.get("devices")
    each = devices.values() if isinstance(devices, dict) else ()
    return [device for device in each if isinstance(device, dict)]
