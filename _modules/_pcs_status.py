"""
The XML of ``crm_mon`` as plain data

The same data for every Pacemaker from 2.0.5 to 3.0 and for both of crm_mon's XML forms
(``--output-as=xml`` and the older ``--as-xml``). No process is started here.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

from _cib_errors import CommandExecutionError
from _cib_values import Data

NODE_FLAGS = ("online", "standby", "standby_onfail", "maintenance", "pending", "unclean")
RESOURCE_FLAGS = ("active", "failed", "managed", "blocked")
# crm_mon's word for an exit because there is no cluster to talk to.
DISCONNECTED = 102
INFINITY = 1_000_000
BAN = ("id", "resource", "node")


def parse(xml: str) -> Data:
    """
    What one crm_mon run says.

    xml
        Output of ``crm_mon -1 --output-as=xml`` or ``crm_mon -1 --as-xml``.

    Returns the data documented at ``pcs.status``. Raises CommandExecutionError when the text is
    not crm_mon's XML or says that the cluster does not run here.
    """
    try:
        root = ElementTree.fromstring(xml)
    except ElementTree.ParseError as err:
        raise CommandExecutionError(f"crm_mon's output cannot be understood: {err}") from err
    if root.tag not in ("pacemaker-result", "crm_mon"):
        raise CommandExecutionError(f"crm_mon's output has an unexpected root: {root.tag}")
    summary = root.find("summary")
    if summary is None:
        raise CommandExecutionError(_why_not(root))
    dc = _element(summary, "current_dc")
    options = _element(summary, "cluster_options")
    present = _true(dc.get("present"))
    resources: Data = {}
    for child in _element(root, "resources"):
        _collect(child, {}, resources)
    return {
        "dc": _dc(root, dc) if present else None,
        "quorum": present and _true(dc.get("with_quorum")),
        "nodes": {
            node.get("name"): {flag: _true(node.get(flag)) for flag in NODE_FLAGS}
            for node in _element(root, "nodes")
            if node.get("type", "member") == "member"
        },
        "resources": resources,
        "failures": [_failure(item) for item in _element(root, "failures")],
        "maintenance_mode": _true(options.get("maintenance-mode")),
        # the attribute's name follows Pacemaker's turn from 'stonith' to 'fencing'
        "stonith_enabled": _true(options.get("stonith-enabled", options.get("fencing-enabled"))),
        "failcounts": _failcounts(root),
        "bans": [{key: ban.get(key) for key in BAN} for ban in _element(root, "bans")],
        "fence_history": [dict(event.attrib) for event in root.iter("fence_event")],
        "attributes": {
            node.get("name"): {
                item.get("name"): item.get("value") for item in node.iter("attribute")
            }
            for node in _element(root, "node_attributes")
        },
    }


def _failcounts(root):
    """Of resources that have failed somewhere; INFINITY is Pacemaker's 1,000,000."""
    return [
        {
            "node": node.get("name"),
            "resource": item.get("id"),
            "count": _number(item.get("fail-count")),
            "threshold": _number(item.get("migration-threshold")),
        }
        for node in _element(root, "node_history")
        for item in node.iter("resource_history")
        if _number(item.get("fail-count"))
    ]


def _number(text):
    return int(text) if (text or "").isdigit() else INFINITY if text == "INFINITY" else 0


def _why_not(root):
    status = root.find("status")
    if status is None:
        return "crm_mon said nothing about the cluster"
    words = [status.get("message", "")] + [e.text or "" for e in status.iter("error")]
    said = ": ".join(word.strip() for word in words if word.strip())
    if status.get("code") == str(DISCONNECTED):
        return f"the cluster does not run on this node ({said})"
    return f"crm_mon failed: {said}"


def _dc(root, dc):
    marked = [n.get("name") for n in _element(root, "nodes") if _true(n.get("is_dc"))]
    return dc.get("name") or (marked[0] if marked else None)


def _element(parent, name):
    """The child, or an empty element: sections are left out when there is nothing to say."""
    found = parent.find(name)
    return ElementTree.Element(name) if found is None else found


def _true(text):
    return text == "true"


def _collect(element, above, resources):
    """Walk groups, clones and bundles down to the resources; ``above`` is what encloses them."""
    if element.tag == "resource":
        _add(element, above, resources)
        return
    if element.tag in ("group", "clone", "bundle"):
        above = {**above, element.tag: element.get("id")}
    for child in element:
        _collect(child, above, resources)


def _add(element, above, resources):
    name = element.get("id")
    role = element.get("role") or "Stopped"
    nodes = [node.get("name") for node in element.findall("node")]
    entry = {
        "agent": (element.get("resource_agent") or "").replace("::", ":"),
        # of a cloned group crm_mon numbers the copies ("group:0")
        "group": (above.get("group") or "").split(":")[0] or None,
        "clone": above.get("clone") or above.get("bundle"),
        "role": role,
        **{flag: _true(element.get(flag)) for flag in RESOURCE_FLAGS},
        "nodes": nodes,
        "target_role": element.get("target_role"),
        "pending": element.get("pending"),
    }
    seen = resources.get(name)
    if seen is None:
        resources[name] = entry
        return
    # Instances of a clone share one id: together they are active where any of them is.
    seen["nodes"] += [node for node in nodes if node not in seen["nodes"]]
    for flag in ("active", "failed", "blocked"):
        seen[flag] = seen[flag] or entry[flag]
    seen["managed"] = seen["managed"] and entry["managed"]
    seen["pending"] = seen["pending"] or entry["pending"]
    if seen["role"] == "Stopped":
        seen["role"] = role


def _failure(element):
    key = element.get("op_key") or ""
    # <resource>_<task>_<interval in ms>, where resource and task may have underscores themselves
    match = re.match(rf"(.+)_{re.escape(element.get('task') or '')}_\d+$", key)
    resource = match.group(1) if match else element.get("id")
    return {
        "resource": resource,
        "op_key": key or None,
        "node": element.get("node"),
        "exitstatus": element.get("exitstatus"),
        "exitreason": element.get("exitreason"),
        "task": element.get("task"),
    }
