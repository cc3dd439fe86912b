"""
The fencing devices of a running cluster, as its configuration has them, and how an agent is asked.

Data in, data out. What is read here has the secrets of the devices in it: it goes to the agents by
standard input, as Pacemaker gives it, and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable

import _cib_values
from _cib_values import Data

# Pacemaker's own, which an agent is not given.
_OWN = re.compile(r"pcmk_|(provides|stonith-timeout|priority)\Z")
FABRIC = ("fence_scsi", "fence_mpath")
# `status` of an agent says so by its exit code.
ON, OFF = 0, 2


def read(live: Data) -> Data:
    """
    The fencing devices in a cluster's configuration. Pure.

    live
        The configuration, as ``_cib_kinds.read`` returns it.

    Returns ``{"devices": {id: {"agent": name, "attributes": {...}, "secrets": names of attributes
    that are known to be secret}}, "nodes": [names], "watchdog": whether a lost node counts as gone
    after a time (stonith-watchdog-timeout)}``.
    """
    devices = {}
    for name, one in live["primitives"].items():
        standard, _, agent = one["agent"].partition(":")
        if standard == "stonith":
            devices[name] = {
                "agent": agent,
                "attributes": dict(one["attributes"]),
                "secrets": list(one.get("secrets") or ()),
            }
    timeout = str(live["properties"].get("stonith-watchdog-timeout") or "0")
    return {
        "devices": devices,
        "nodes": list(live["nodes"]),
        "watchdog": re.match(r"-|0*[1-9]", timeout) is not None,
    }


def targets(device: Data, nodes: Iterable[str]) -> dict[str, str] | None:
    """
    The nodes that a device may fence, by its own words. Pure.

    device
        One of ``read``'s devices.

    nodes
        Names of the cluster's nodes.

    Returns ``{node: plug}``; None if only the agent knows (it has to be asked for a list).
    """
    given = device["attributes"]
    check = given.get("pcmk_host_check")
    mapped = {}
    for word in re.split(r"[;\s]+", given.get("pcmk_host_map") or ""):
        node, found, plug = re.sub("=", ":", word, count=1).partition(":")
        if found:
            mapped[node] = plug
    listed = [word for word in re.split(r"[,;\s]+", given.get("pcmk_host_list") or "") if word]
    if check == "none":
        return {node: mapped.get(node, node) for node in nodes}
    if check in ("dynamic-list", "status") or not (listed or mapped):
        return None
    return {node: mapped.get(node, node) for node in nodes if node in [*listed, *mapped]}


def request(
    device: Data,
    action: str,
    parameters: Container[str] = (),
    node: str | None = None,
    plug: str | None = None,
) -> str:
    """
    What an agent is told by standard input, as Pacemaker does it. Pure.

    device
        One of ``read``'s devices.

    action
        Such as ``status``; the device may have another word for it (``pcmk_status_action``).

    parameters
        Names of the agent's parameters: newer ones call the node's outlet ``plug``, older ``port``.

    node, plug
        The node that is meant, and what the device calls it.

    Returns text with one ``name=value`` on each line.
    """
    given = device["attributes"]
    told = {name: value for name, value in given.items() if not _OWN.match(name)}
    told["action"] = given.get(f"pcmk_{action}_action") or action
    if node is not None:
        told["nodename"] = node
        argument = given.get("pcmk_host_argument") or ("plug" if "plug" in parameters else "port")
        # One that the device says itself is meant for every node.
        if argument != "none" and not given.get(argument):
            told[argument] = plug
    return "".join(f"{name}={value}\n" for name, value in told.items())


def masked(text: str, device: Data) -> str:
    """
    An agent's words without the device's secrets. Pure.

    text
        What it said.

    device
        One of ``read``'s devices.
    """
    for name, value in device["attributes"].items():
        secret = name in device["secrets"] or _cib_values.may_be_secret(name)
        if secret and value:
            text = text.replace(value, "******")
    return text


def verdict(device: Data, retcode: int, said: str, online: bool) -> Data:
    """
    Whether the answer to ``status`` proves that the device can fence the node. Pure.

    device
        One of ``read``'s devices.

    retcode, said
        How the agent ended, and its words (masked).

    online
        Whether the cluster has the node online.

    Returns ``{"result": True or False, "says": sentence}``.
    """
    fabric = device["agent"] in FABRIC
    if retcode == ON:
        return {"result": True, "says": "registered" if fabric else "on"}
    if retcode != OFF:
        lines = [line for line in said.splitlines() if line.strip()]
        return {"result": False, "says": lines[-1].strip() if lines else f"exit code {retcode}"}
    if not online:
        return {"result": True, "says": "not registered" if fabric else "off"}
    if fabric:
        return {"result": False, "says": "not registered, though the node is online: unfence it"}
    return {
        "result": False,
        "says": "off, though the node is online: the device means another machine (see its nodes)",
    }
