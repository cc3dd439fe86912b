"""
Nodes: their attributes and utilization, each owned by itself; and fencing levels: which devices
fence a node, and in which order they are tried.

Standby and maintenance are an operator's intent: they are told and left, and cannot be described.

A level is known by its target (a node, a pattern of names, or a node attribute with its value) and
its number, not by its id. All devices of a level have to work for it to count.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

import _cib_values
from _cib_checker import Checker
from _cib_comparison import Plan
from _cib_values import Data
from _cib_xml import Cib

KIND = "nodes"
INTENT = ("standby", "maintenance")
# What an operator or Pacemaker itself does with a node.
RESERVED = (*INTENT, "terminate", "shutdown", "probe_complete")
PARTS = ("attributes", "utilization")
_REMOTE = "ocf:pacemaker:remote"


# The description ---------------------------------------------------------------------------------


def check_nodes(check: Checker, kind: str, path: str, value: Any) -> Any:
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


def describe_nodes(live: Data, kind: str) -> Any:
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


def read_nodes(cib: Cib, kind: str) -> Data:
    found = {}
    for node in cib.section("nodes"):
        found[node.get("uname")] = {
            "attributes": cib.values(cib.plain_sets(node, "instance_attributes")),
            "utilization": cib.values(cib.plain_sets(node, "utilization")),
        }
    return found


def write_nodes(cib: Cib, kind: str, name: str, action: str, data: Any) -> None:
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


def _unknown(plan, name):
    """
    Return why a node cannot be what somebody means, in a sentence; None if it can.

    plan, name
        The plan and the node's name.

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


def compare_nodes(plan: Plan, kind: str) -> None:
    want, live = plan.want[kind], plan.live[kind]
    for node, found in live.items():
        for name in INTENT:
            if _cib_values.boolean(found["attributes"].get(name)):
                plan.intent.append(f"node {node} is in {name}: left as it is")
    record = []
    for node, wanted in want.items():
        problem = _unknown(plan, node)
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
        if not _cib_values.same_text(value, found.get(name))
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


# The description ---------------------------------------------------------------------------------


# Fencing levels ----------------------------------------------------------------------------------

_LEVELS = "fence_levels"
TARGETS = ("target", "target-pattern", "target-attribute", "target-value")
LEVELS = range(1, 10)


def check_levels(check: Checker, kind: str, path: str, value: Any) -> Any:
    found = []
    seen: dict[tuple[Any, ...], str] = {}
    for index, entry in enumerate(check.listing(path, value)):
        here = f"{path}:{index}"
        level = _checked(check, here, entry)
        if _about(level) in seen:
            check.problem(here, f"the same target and level as {seen[_about(level)]}")
        seen.setdefault(_about(level), here)
        found.append({"path": here, **level})
    return found


def _checked(check, path, entry):
    entry = check.mapping(path, entry, (*TARGETS, "level", "devices"), required=("level",))
    found = {
        name: check.text(f"{path}:{name}", entry[name])
        for name in TARGETS
        if entry.get(name) not in (None, "")
    }
    if list(found) not in (["target"], ["target-pattern"], ["target-attribute", "target-value"]):
        check.problem(
            path,
            "needs one target: target (a node's name), target-pattern (a regular expression), or "
            "target-attribute and target-value",
        )
    _check_pattern(check, path, found)
    found["level"] = str(entry.get("level"))
    if found["level"] not in map(str, LEVELS):
        check.problem(f"{path}:level", f"{entry.get('level')!r} is no level from 1 to 9")
    found["devices"] = check.names(f"{path}:devices", entry.get("devices"))
    if not found["devices"]:
        check.problem(path, "a level needs at least one device")
    return found


def _check_pattern(check, path, found):
    try:
        re.compile(found.get("target-pattern", ""))
    except re.error as err:
        check.problem(f"{path}:target-pattern", f"is no regular expression: {err}")


def describe_levels(live: Data, kind: str) -> Any:
    return [dict(one) for one in live[kind].values()]


# The XML -----------------------------------------------------------------------------------------


def read_levels(cib: Cib, kind: str) -> Data:
    found = {}
    for element in cib.configuration.findall("fencing-topology/fencing-level"):
        one: Data = {name: element.get(name) for name in TARGETS if name in element.attrib}
        one["level"] = element.get("index")
        one["devices"] = element.get("devices", "").split(",")
        found[element.get("id", "")] = one
    return found


def write_levels(cib: Cib, kind: str, name: str, action: str, data: Any) -> None:
    if action == "remove":
        cib.forget(cib.by_id[name])
    elif action == "change":
        cib.by_id[name].set("devices", ",".join(data["devices"]))
    else:
        values = {target: data[target] for target in TARGETS if target in data}
        values.update(index=data["level"], devices=",".join(data["devices"]), id=name)
        cib.register(ET.SubElement(cib.section("fencing-topology"), "fencing-level", values))


# The comparison ----------------------------------------------------------------------------------


def compare_levels(plan: Plan, kind: str) -> None:
    live, recorded = plan.live[kind], plan.owned.get(kind, ())
    record = []
    about: dict[tuple[Any, ...], list[str]] = {}
    for name, found in live.items():
        about.setdefault(_about(found), []).append(name)
    described = set()
    for wanted in plan.want[kind]:
        names = about.get(_about(wanted), [])
        described.update(names)
        if _possible(plan, wanted):
            record.append(_compare_one_levels(plan, wanted, names))
    for name, found in live.items():
        if name in described:
            continue
        if not plan.partial and (plan.purge or name in recorded):
            _remove(plan, name)
        else:
            _without_what_goes(plan, name, found)
            if not plan.partial:
                plan.unmanaged.setdefault(kind, []).append(name)
    plan.record[kind] = record


def _about(level):
    """What makes a level this one and no other."""
    return (*(level.get(name) for name in TARGETS), level["level"])


def _compare_one_levels(plan, wanted, names):
    """Make the live levels of one target and number the one that is described."""
    if not names:
        name = plan.new_id(_new_id(wanted))
        new = {key: value for key, value in wanted.items() if key != "path"}
        plan.add(_LEVELS, name, "create", new, {"old": None, "new": new})
        return name
    live = plan.live[_LEVELS]
    same = [name for name in names if live[name]["devices"] == wanted["devices"]]
    kept = (same or names)[0]
    if not same:
        change = {"devices": {"old": live[kept]["devices"], "new": wanted["devices"]}}
        plan.add(_LEVELS, kept, "change", {"devices": wanted["devices"]}, change)
    for name in names:
        # Pacemaker adds the devices of all of them
        if name != kept:
            _remove(plan, name)
    return kept


def _new_id(wanted):
    target = next(wanted[name] for name in TARGETS if name in wanted)
    return "fl-" + re.sub(r"[^a-zA-Z0-9_.-]", "", f"{target}-{wanted['level']}")


def _remove(plan, name):
    plan.add(_LEVELS, name, "remove", True, {"old": dict(plan.live[_LEVELS][name]), "new": None})


def _without_what_goes(plan, name, found):
    """A level of others that names a device that goes: without it, or not at all."""
    left = [device for device in found["devices"] if device not in plan.gone]
    if left == found["devices"]:
        return
    if left:
        change = {"devices": {"old": found["devices"], "new": left}}
        plan.add(_LEVELS, name, "change", {"devices": left}, change)
    else:
        _remove(plan, name)


def _possible(plan, wanted):
    """Whether what a level names is there."""
    path, good = wanted["path"], True
    for device in wanted["devices"]:
        agent = _agent(plan, device)
        if agent is None:
            plan.problems.append(f"{path}:devices: there is no fencing device {device}")
        elif not agent.startswith("stonith:"):
            plan.problems.append(f"{path}:devices: {device} is no fencing device, it is a {agent}")
        good = good and bool(agent) and agent.startswith("stonith:")
    if "target" in wanted:
        problem = _unknown(plan, wanted["target"])
        if problem:
            plan.problems.append(f"{path}:target: {problem}")
            good = False
    return good


def _agent(plan, name):
    if name in plan.want["primitives"]:
        return plan.want["primitives"][name]["agent"]
    found = plan.live["primitives"].get(name)
    return found["agent"] if found and name not in plan.gone else None
