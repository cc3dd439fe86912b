"""
The verdict on the service: from what the cluster's tools say to what is wrong.

Data in, findings out; nothing is run here. ``hanfs.health`` asks the tools. A finding is a pair of
a code of ``_hanfs_health_codes`` and a sentence.
"""

from __future__ import annotations

import re

import _hanfs_facts
import _hanfs_fencing
import _hanfs_health_codes
import _hanfs_model
from _cib_values import Data
from _hanfs_types import Site

Told = list[list[str]]


def judge(site: Site, wanted: Data, status: Data) -> Data:
    """
    What the cluster's status says about the service. Pure.

    site
        A normalised site.

    wanted
        Its description.

    status
        The data of ``pcs.status``.

    Returns ``{"healthy": bool, "problems": [sentences], "notes": [sentences], "active_node": name
    or None, "busy": bool, "told": [[code, sentence]]}``.
    """
    told: Told = []
    if not status["dc"]:
        told.append(["no-coordinator", "the cluster has no coordinator (DC) yet"])
    if not status["quorum"]:
        told.append(["no-quorum", "the partition of this node has no quorum"])
    _judge_nodes(site["cluster"]["nodes"], status["nodes"], told)
    if status["maintenance_mode"]:
        told.append(["cluster-maintenance", "the cluster is in maintenance mode"])
    active = _judge_resources(wanted, _hanfs_model.core(site), status["resources"], told)
    for failure in status["failures"]:
        told.append(["action-failed", _failure_text(failure)])
    told += _fencing_problems(site, wanted, status)
    told += [["fencing-device", text] for text in _hanfs_fencing.not_started(site, status)]
    history = status.get("fence_history") or []
    told += [["fencing-failed", text] for text in _hanfs_fencing.failed(history)]
    told = list({text: [code, text] for code, text in reversed(told)}.values())[::-1]
    busy = any(item.get("pending") for item in status["resources"].values())
    busy = busy or any(node.get("pending") for node in status["nodes"].values()) or not status["dc"]
    return {**verdict(told), "active_node": active, "busy": busy, "told": told}


def verdict(told: Told) -> Data:
    """
    What is wrong and what is only to be known. Pure.

    told
        A list of ``[code, sentence]``.

    Returns ``{"healthy": bool, "problems": [sentences], "notes": [sentences]}``.
    """
    facts = [code for code, row in _hanfs_health_codes.CODES.items() if row.severity == "fact"]
    problems = [text for code, text in told if code not in facts]
    notes = [text for code, text in told if code in facts]
    return {"healthy": not problems, "problems": problems, "notes": notes}


def _judge_nodes(wanted, nodes, told):
    for name in wanted:
        node = nodes.get(name)
        if node is None:
            told.append(["node-missing", f"{name} is not a node of the cluster"])
        elif node.get("unclean"):
            text = f"{name} is unclean: the cluster does not know what still runs there"
            told.append(["node-unclean", text])
        elif node.get("pending"):
            told.append(["node-joining", f"{name} is still joining the cluster"])
        elif not node["online"]:
            told.append(["node-offline", f"{name} is offline"])
        else:
            for intent in ("standby", "maintenance"):
                if node.get(intent):
                    told.append([f"node-{intent}", f"{name} is in {intent}"])
            if node.get("standby_onfail"):
                told.append(["node-put-aside", f"{name} was put into standby by a failure"])


def _judge_resources(wanted, core, resources, told):
    """Add what is wrong with the resources; returns the node that runs the core group, or None."""
    where = {}
    for name in wanted.get("primitives") or {}:
        if name not in resources:
            told.append(["resource-missing", f"{name} is not in the cluster"])
            continue
        where[name] = list(resources[name]["nodes"])
        told += _of_resource(name, resources[name])
    active = None
    for group, content in (wanted.get("groups") or {}).items():
        members = content["members"] if isinstance(content, dict) else content
        where[group] = sorted({node for member in members for node in where.get(member, [])})
        if len(where[group]) > 1:
            text = f"the group {group} is spread over {' and '.join(where[group])}"
            told.append(["group-split", text])
        elif where[group] and group == core:
            active = where[group][0]
    told += _apart(wanted, core, where)
    return active


def _of_resource(name, item):
    nodes = list(item["nodes"])
    if item.get("pending"):
        yield ["resource-busy", f"{name} is busy: {item['pending']}"]
    elif item["role"] != "Started" or len(nodes) != 1:
        place = f" on {' and '.join(nodes)}" if nodes else ""
        text = f"{name} is {item['role']}{place}, not Started on one node"
        yield ["resource-stopped", text]
    if item.get("failed"):
        yield ["resource-failed", f"{name} has failed"]
    if item.get("blocked"):
        text = f"{name} is blocked: the cluster does not dare to touch it"
        yield ["resource-blocked", text]
    if not item.get("managed", True):
        yield ["resource-unmanaged", f"{name} is not managed by the cluster"]


def _apart(wanted, core, where):
    """Whatever has to be with the core group, and is not."""
    found = []
    for pair in (wanted.get("constraints") or {}).get("colocation") or []:
        name, nodes = pair.get("resource"), where.get(pair.get("resource")) or []
        together = pair.get("with") == core and pair.get("score") == "INFINITY"
        if together and nodes and where.get(core) and nodes != where[core]:
            text = f"{name} is on {' and '.join(nodes)}, the service on {' and '.join(where[core])}"
            found.append(["resource-apart", text])
    return found


def _failure_text(failure):
    what = failure.get("resource") or failure.get("op_key") or "an action"
    reason = failure.get("exitreason") or failure.get("exitstatus") or "no reason given"
    return (
        f"failed action: {failure.get('task') or 'an operation'} of {what} on "
        f"{failure.get('node')}: {reason} "
        f"(once it is understood: pcs resource cleanup {failure.get('resource') or ''})".replace(
            " )", ")"
        )
    )


def _fencing_problems(site, wanted, status):
    enabled = (wanted.get("properties") or {}).get("stonith-enabled")
    if enabled is None:
        return []
    enabled = str(enabled).lower() in ("true", "yes", "on", "1")
    if bool(status["stonith_enabled"]) != enabled:
        there, said = ("off", "on") if enabled else ("on", "off")
        text = f"fencing is {there} in the cluster, the pillar says {said}"
        return [["fencing-not-as-said", text]]
    devices = [
        item
        for item in status["resources"].values()
        if str(item["agent"]).startswith("stonith:") and item["role"] == "Started"
    ]
    watchdog_only = site["fencing"]["sbd"] and not site["fencing"]["sbd"]["devices"]
    if enabled and not devices and not watchdog_only:
        return [["fencing-device", "fencing is on, but no fencing device is started"]]
    return []


def link_problems(output: str, links: int) -> list[str]:
    """
    What ``corosync-cfgtool -s`` says about the links. Pure.

    output
        Its text (corosync 2 and 3).

    links
        How many links there should be.

    Returns a list of sentences.
    """
    found, link, seen = [], None, 0
    for line in output.splitlines():
        head = re.match(r"(LINK|RING) ID (\d+)", line.strip())
        if head:
            link, seen = head.group(2), seen + 1
            continue
        node = re.match(r"nodeid:?\s+(\d+):\s*(.*)", line.strip())
        if node and re.search(r"disconnected|link connected:0|connected:0", node.group(2)):
            found.append(
                f"corosync link {link} to the node with id {node.group(1)} is not connected"
            )
        elif "FAULTY" in line:
            found.append(f"corosync link {link} is faulty")
    if seen < links:
        found.append(f"corosync has {seen} of {links} links")
    return found


# --- what is only told to people and monitors: no run of the formula fails because of it ----------

_MANY = 1_000_000  # Pacemaker's INFINITY
_SAID_BY_US = ("kernel", "os")


def warned(site: Site, status: Data, active: str | None) -> Told:
    """
    What is not wrong yet, or is somebody's doing, by the cluster's status alone. Pure.

    site
        A normalised site.

    status
        The data of ``pcs.status``.

    active
        The node that has the service, or None.
    """
    told: Told = []
    if active is None:
        core = _hanfs_model.core(site)
        told.append(["group-nowhere", f"the service (the group {core}) runs on no node"])
    if not site["fencing"]["enabled"] and not status["stonith_enabled"]:
        told.append(["fencing-off", "fencing is disabled (pillar fencing: {enabled: false})"])
    for name, item in status["resources"].items():
        if (item.get("target_role") or "").lower() == "stopped":
            told.append(["resource-disabled", f"{name} is disabled (target-role Stopped)"])
    for ban in status.get("bans") or []:
        if ban["id"].startswith("cli-"):
            text = f"{ban['resource']} may not run on {ban['node']} ({ban['id']})"
            told.append(["resource-banned", text])
    for item in status.get("failcounts") or []:
        told += _counted(item)
    return [*told, *_versions(site, status)]


def _counted(item):
    count, limit = item["count"], item["threshold"]
    if not count or not 0 < limit < _MANY:
        return
    shown = "more" if count >= _MANY else count
    text = f"{item['resource']} has failed {shown} of {limit} times on {item['node']}"
    if count >= limit:
        yield ["failcount-reached", f"{text}: it may not run there until it is cleaned up"]
    elif count == limit - 1:
        yield ["failcount-high", f"{text}: the next failure drives it from there"]


def _versions(site, status):
    """By what the nodes have published of themselves; who has said nothing is not compared."""
    peers = _hanfs_facts.peers(status)
    said = {name: peers[name] for name in site["cluster"]["nodes"] if name in peers}
    keys = sorted({key for one in said.values() for key in one})
    for key in keys:
        if key not in _SAID_BY_US and not key.startswith("pkg."):
            continue
        values = {name: one[key] for name, one in said.items() if key in one}
        if len(set(values.values())) > 1:
            there = ", ".join(f"{value} on {name}" for name, value in values.items())
            yield ["versions-unequal", f"{key.removeprefix('pkg.')} is {there}"]
