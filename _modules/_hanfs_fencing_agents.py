"""
What the formula knows of single fencing agents. Any other agent works by its name: it gets what its
device says, and nothing is added.

Source: the agents' own metadata (https://github.com/ClusterLabs/fence-agents), Red Hat's and SUSE's
manuals for what is said of Pacemaker's own parameters (``pcmk_...``).
"""

from __future__ import annotations

import copy
from typing import Any

from _cib_values import Data
from _hanfs_types import SbdWords, Site

# kind: what the agent takes from a node. "power": the machine is off or restarted; "fabric": only
# the way to the disk is cut, the node itself runs on.
_UNKNOWN = {"kind": "power", "attributes": {}, "unfencing": False, "argument": None}
# The node that is cut off stays so until its own agent lets it in again, when it joins; so there is
# nothing to reboot, and the monitor has nothing to log in to.
_RESERVATIONS = {
    "kind": "fabric",
    "attributes": {"pcmk_monitor_action": "metadata", "pcmk_reboot_action": "off"},
    "unfencing": True,
}
_RESERVATIONS_OF = ("stonith:fence_scsi", "stonith:fence_mpath")
_TRAITS = {
    "stonith:fence_scsi": _RESERVATIONS,
    # A node is known by its reservation key, not by a plug.
    "stonith:fence_mpath": {**_RESERVATIONS, "argument": "key"},
}
SBD = "stonith:fence_sbd"
# Seconds after which a node that one of these fences can do nothing more, at most: what
# docs/fencing.md says that the agents take. Agents of clouds and switches of outlets may be slower.
_TAKES = {
    **dict.fromkeys(
        (
            "stonith:fence_idrac",
            "stonith:fence_ilo3",
            "stonith:fence_ilo4",
            "stonith:fence_ilo5",
            "stonith:fence_imm",
            "stonith:fence_ipmilan",
            "stonith:fence_ipmilanplus",
            "stonith:fence_redfish",
        ),
        5,
    ),
    **dict.fromkeys(("stonith:fence_virsh", "stonith:fence_virt", "stonith:fence_xvm"), 4),
    **dict.fromkeys(_RESERVATIONS_OF, 1),
}
_TAKES_OF_ANY = 13
# SBD's rule: the timeout of fencing exceeds the time it takes by a fifth.
MARGIN = 1.2
XVM_KEY = "/etc/cluster/fence_xvm.key"


def full_name(agent: Any) -> str:
    """
    The full name of a fencing agent: ``fence_xvm`` is ``stonith:fence_xvm``. Pure.

    agent
        Its name in the site.
    """
    agent = str(agent)
    return agent if agent.startswith("stonith:") else f"stonith:{agent}"


def takes(agent: str, sbd: SbdWords) -> int:
    """
    Seconds after which a node that this agent fences can do nothing more, at most. Pure.

    agent
        Its full name.

    sbd
        The site's ``fencing: sbd``.

    With SBD's disks it is the watchdog's time, not ``msgwait``: the node looks for messages every
    second, and is reset when it could not look for so long.
    """
    if agent == SBD:
        return sbd_times(sbd)["watchdog"]
    return _TAKES.get(agent, _TAKES_OF_ANY)


def is_number(value: Any) -> bool:
    """
    Whether it can be reckoned with: YAML also has .inf, .nan and numbers of any size. Pure.

    value
        Whatever stands in pillar.
    """
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 10**9


def traits(agent: str) -> Data:
    """
    What is known of an agent. Pure.

    agent
        Its full name, such as ``stonith:fence_scsi``.

    Returns ``kind`` (``power`` or ``fabric``), ``attributes`` (that its devices have unless they
    say otherwise), ``unfencing`` (whether nodes must be let in again), ``argument`` (which
    parameter names the node, if it is not the usual one).
    """
    return copy.deepcopy({**_UNKNOWN, **_TRAITS.get(agent, {})})


def from_site(agent: str, site: Site) -> Data:
    """
    What an agent's devices take from the rest of the site, where they do not say it. Pure.

    agent
        Its full name.

    site
        A normalised site.

    Returns ``{parameter: value}``.
    """
    if agent in _RESERVATIONS_OF:
        # Without it the agent takes what vgs calls clustered, which is nothing here.
        devices = [item["device"] for item in _file_systems(site)]
        return {"devices": list(dict.fromkeys(devices))} if devices else {}
    if agent == SBD:
        return _sbd(site["fencing"].get("sbd") or {})
    if agent == "stonith:fence_xvm":
        keys = list(site["fencing"].get("key_files") or {})
        return {"key_file": XVM_KEY if XVM_KEY in keys or len(keys) != 1 else keys[0]}
    return {}


def _sbd(sbd):
    if not sbd.get("devices"):
        return {}
    # The agent gives up after 30 s by itself, however long the message needs.
    least = sbd_times(sbd)["stonith"]
    return {"devices": sbd["devices"], "power_timeout": max(30, least)}


def _file_systems(site):
    if "file_systems" in site:
        return site["file_systems"]
    return [site["storage"]] if isinstance(site.get("storage"), dict) else []


def sbd_times(sbd: SbdWords) -> Data:
    """
    SBD's timeouts in seconds, with the defaults for those that are not given. Pure.

    sbd
        The site's ``fencing: sbd``.

    Returns ``{"watchdog": s, "msgwait": s or None, "stonith": s}``: until the watchdog resets a
    node, until a message on the disk counts as obeyed (None without a disk), and how long fencing
    may take at least.
    """
    watchdog = sbd.get("watchdog_timeout") or 10
    msgwait = (sbd.get("msgwait") or 2 * watchdog) if sbd.get("devices") else None
    # Without a disk nobody answers: a lost node counts as gone after twice its watchdog's time.
    return {
        "watchdog": watchdog,
        "msgwait": msgwait,
        "stonith": _with_margin(msgwait or 2 * watchdog),
    }


def _with_margin(seconds):
    return -int(-seconds * MARGIN // 1)
