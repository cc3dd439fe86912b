"""
Nodes: their attributes and utilization, each owned by itself.

Standby and maintenance are an operator's intent: they are told and left, and cannot be described.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET

KIND = "nodes"
INTENT = ("standby", "maintenance")
# What an operator or Pacemaker itself does with a node.
RESERVED = (*INTENT, "terminate", "shutdown", "probe_complete")
PARTS = ("attributes", "utilization")
_REMOTE = "ocf:pacemaker:remote"


# The description ---------------------------------------------------------------------------------


def check(check, kind, path, value):
    found = {}
    for node, inner in check.mapping(path, value).items():
        here = f"{path}:{node}"
        check.word(here, node)
        inner = check.mapping(here, inner, PARTS)
        attributes, secrets = check.attributes(f"{here}:attributes", inner.get("attributes"))
        for name in attributes:
            _check_name(check, f"{here}:attributes:{name}", name)
        found[node] = {
            "attributes": attributes,
            "secrets": secrets,
            "utilization": _utilization(check, f"{here}:utilization", inner.get("utilization")),
        }
    return found


def _check_name(check, path, name):
    check.word(path, name)
    if name in RESERVED:
        check.problem(
            path,
            f"{name} is for an operator to set, not for a description ('pcs node {name}' does it)"
            if name in INTENT
            else f"{name} is for Pacemaker itself to set",
        )


def _utilization(check, path, value):
    found = check.scalars(path, value)
    for name, inner in found.items():
        check.word(f"{path}:{name}", name)
        if inner is not None and not inner.lstrip("-").isdecimal():
            check.problem(f"{path}:{name}", f"{inner!r} is not a whole number")
    return found


def describe(live, kind):
    found = {}
    for node, one in live[kind].items():
        told = {
            "attributes": {n: v for n, v in one["attributes"].items() if not _kept(n)},
            "utilization": dict(one["utilization"]),
        }
        found[node] = {part: values for part, values in told.items() if values}
        if found[node] and one.get("secrets"):
            found[node]["secrets"] = one["secrets"]
    return {node: one for node, one in found.items() if one}


def _kept(name):
    """Whether an attribute is nobody's to describe or purge."""
    return name in RESERVED or name.startswith("#")


# The XML -----------------------------------------------------------------------------------------


def read(cib, kind):
    found = {}
    for node in cib.section("nodes"):
        found[node.get("uname")] = {
            "attributes": cib.values(cib.plain_sets(node, "instance_attributes")),
            "utilization": cib.values(cib.plain_sets(node, "utilization")),
        }
    return found


def write(cib, kind, name, action, data):
    node = next((one for one in cib.section("nodes") if one.get("uname") == name), None)
    if node is None:
        # a remote node has no entry before its first attribute
        values = {"type": "remote", "id": name, "uname": name}
        node = ET.SubElement(cib.section("nodes"), "node", values)
    places = {"attributes": "instance_attributes", "utilization": "utilization"}
    for part, values in data.items():
        _write_values(cib, node, places[part], values)


def _write_values(cib, node, tag, values):
    sets = cib.plain_sets(node, tag)
    if not sets and any(value is not None for value in values.values()):
        # a node's id is a number, which is no beginning of an id
        wanted = f"nodes-{node.get('id')}" + ("" if tag == "instance_attributes" else f"-{tag}")
        sets = [ET.SubElement(node, tag, {"id": cib.new_id(wanted)})]
    if sets:
        cib.write_pairs(sets, values)


# The comparison ----------------------------------------------------------------------------------


def unknown(plan, name):
    """
    Return why a node cannot be what somebody means, in a sentence; None if it can.

    plan, name
        The plan of ``cib_plan`` and the node's name.

    A configuration that never ran (``file``) has no nodes: then any name can be meant.
    """
    nodes = plan.live[KIND]
    if not nodes or name in nodes or name in _remote(plan):
        return None
    return f"there is no node {name} in the cluster; there are: {', '.join(sorted(nodes))}"


def _remote(plan):
    """Names of the remote and guest nodes, which have no entry of their own at first."""
    found = set()
    for side in (plan.live["primitives"], plan.want["primitives"]):
        for name, one in side.items():
            if one["agent"] == _REMOTE:
                found.add(name)
            if one["meta"].get("remote-node"):
                found.add(one["meta"]["remote-node"])
    return found


def compare(plan, kind):
    want, live = plan.want[kind], plan.live[kind]
    for node, found in live.items():
        for name in INTENT:
            if __salt__["cib_meaning.boolean"](found["attributes"].get(name)):
                plan.intent.append(f"node {node} is in {name}: left as it is")
    record = []
    for node, wanted in want.items():
        problem = unknown(plan, node)
        if not problem and node not in live and node not in _remote(plan):
            problem = f"there is no node {node} in this configuration, which has none yet"
        if problem:
            plan.problems.append(f"{kind}:{node}: {problem}")
        for part in PARTS:
            record += [f"{node}:{part}:{n}" for n, v in wanted[part].items() if v is not None]
    for node in [*live, *(name for name in want if name not in live)]:
        _compare_one(plan, node)
    plan.record[kind] = record


def _compare_one(plan, node):
    found = plan.live[KIND].get(node, {part: {} for part in PARTS})
    wanted = plan.want[KIND].get(node, {part: {} for part in PARTS})
    edit, change, others = {}, {}, []
    for part in PARTS:
        edited, strangers = _edited(plan, node, part, wanted[part], found[part])
        others += strangers
        if edited:
            edit[part] = edited
        for name, value in edited.items():
            secret = name in wanted.get("secrets", ()) or name in found.get("secrets", ())
            old = plan.shown(name, found[part].get(name), secret)
            change[f"{part}:{name}"] = {"old": old, "new": plan.shown(name, value, secret)}
    if edit:
        plan.add(KIND, node, "change", edit, change)
    if others and not plan.partial:
        plan.unmanaged.setdefault(KIND, []).extend(others)


def _edited(plan, node, part, wanted, found):
    """What to write of one node's attributes or utilization, and what is others'."""
    edited = {
        name: plan.text(value)
        for name, value in wanted.items()
        if not _same(value, found.get(name))
    }
    others = []
    for name in found:
        if name in wanted or (part == "attributes" and _kept(name)):
            continue
        mark = f"{node}:{part}:{name}"
        if not plan.partial and (plan.purge or mark in plan.owned.get(KIND, ())):
            edited[name] = None
        else:
            others.append(mark)
    return edited, others


def _same(wanted, found):
    """The text counts, except that a YAML boolean means any spelling of it."""
    if isinstance(wanted, bool):
        return found is not None and __salt__["cib_meaning.boolean"](found) is wanted
    return wanted == found
