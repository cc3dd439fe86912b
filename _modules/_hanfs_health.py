"""
The verdict on the service: from what the cluster's tools say to what is wrong.

Data in, sentences out; nothing is run here. ``hanfs.health`` asks the tools.
"""

from __future__ import annotations

import re

import _hanfs_fencing
import _hanfs_model
from _cib_values import Data
from _hanfs_types import Site


def judge(site: Site, wanted: Data, status: Data) -> Data:
    """
    What the cluster's status says about the service. Pure.

    site
        A normalised site.

    wanted
        Its description.

    status
        The data of ``pcs.status``.

    Returns the same dict as ``hanfs.health``, from the status alone.
    """
    problems: list[str] = []
    notes: list[str] = []
    if not status["dc"]:
        problems.append("the cluster has no coordinator (DC) yet")
    if not status["quorum"]:
        problems.append("the partition of this node has no quorum")
    _judge_nodes(site["cluster"]["nodes"], status["nodes"], problems, notes)
    if status["maintenance_mode"]:
        notes.append("the cluster is in maintenance mode")
    core = _hanfs_model.core(site)
    active = _judge_resources(wanted, core, status["resources"], problems, notes)
    for failure in status["failures"]:
        problems.append(_failure_text(failure))
    problems += _fencing_problems(site, wanted, status)
    problems += _hanfs_fencing.problems(site, status)
    problems = list(dict.fromkeys(problems))
    busy = any(item.get("pending") for item in status["resources"].values())
    busy = busy or any(node.get("pending") for node in status["nodes"].values()) or not status["dc"]
    return {
        "healthy": not problems,
        "problems": problems,
        "notes": notes,
        "active_node": active,
        "busy": busy,
    }


def _judge_nodes(wanted, nodes, problems, notes):
    for name in wanted:
        node = nodes.get(name)
        if node is None:
            problems.append(f"{name} is not a node of the cluster")
        elif node.get("unclean"):
            problems.append(f"{name} is unclean: the cluster does not know what still runs there")
        elif node.get("pending"):
            problems.append(f"{name} is still joining the cluster")
        elif not node["online"]:
            problems.append(f"{name} is offline")
        else:
            for intent in ("standby", "maintenance"):
                if node.get(intent):
                    notes.append(f"{name} is in {intent}")
            if node.get("standby_onfail"):
                problems.append(f"{name} was put into standby by a failure")


def _judge_resources(wanted, core, resources, problems, notes):
    """Add what is wrong with the resources; returns the node that runs the core group, or None."""
    where = {}
    for name in wanted.get("primitives") or {}:
        item = resources.get(name)
        if item is None:
            problems.append(f"{name} is not in the cluster")
            continue
        nodes = list(item["nodes"])
        if item.get("pending"):
            problems.append(f"{name} is busy: {item['pending']}")
        elif item["role"] != "Started" or len(nodes) != 1:
            problems.append(
                f"{name} is {item['role']}{' on ' + ' and '.join(nodes) if nodes else ''}, not "
                "Started on one node"
            )
        if item.get("failed"):
            problems.append(f"{name} has failed")
        if item.get("blocked"):
            problems.append(f"{name} is blocked: the cluster does not dare to touch it")
        if not item.get("managed", True):
            notes.append(f"{name} is not managed by the cluster")
        where[name] = nodes
    active = None
    for group, content in (wanted.get("groups") or {}).items():
        members = content["members"] if isinstance(content, dict) else content
        where[group] = sorted({node for member in members for node in where.get(member, [])})
        if len(where[group]) > 1:
            problems.append(f"the group {group} is spread over {' and '.join(where[group])}")
        elif where[group] and group == core:
            active = where[group][0]
    problems += _apart(wanted, core, where)
    return active


def _apart(wanted, core, where):
    """Whatever has to be with the core group, and is not."""
    found = []
    for pair in (wanted.get("constraints") or {}).get("colocation") or []:
        name, nodes = pair.get("resource"), where.get(pair.get("resource")) or []
        together = pair.get("with") == core and pair.get("score") == "INFINITY"
        if together and nodes and where.get(core) and nodes != where[core]:
            found.append(
                f"{name} is on {' and '.join(nodes)}, the service on {' and '.join(where[core])}"
            )
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
        return [
            f"fencing is {'off' if enabled else 'on'} in the cluster, the pillar says "
            f"{'on' if enabled else 'off'}"
        ]
    devices = [
        item
        for item in status["resources"].values()
        if str(item["agent"]).startswith("stonith:") and item["role"] == "Started"
    ]
    watchdog_only = site["fencing"]["sbd"] and not site["fencing"]["sbd"]["devices"]
    if enabled and not devices and not watchdog_only:
        return ["fencing is on, but no fencing device is started"]
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
