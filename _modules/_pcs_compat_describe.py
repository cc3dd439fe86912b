"""
From the words of pcs to a description of the cluster, with regard to what is there

One object of ``_pcs_compat_parse`` or ``_pcs_compat_constraint`` becomes a partial description, as
``cib.plan`` takes it. Words say little: what they do not speak of (the other members of a group,
a description) is taken from the present configuration, so that nobody's work is undone.

Nothing here runs a command, except to find the full name of an agent given by a short one.
"""

from __future__ import annotations

import copy

import _pcs_compat_agent
import _pcs_compat_parse
from _cib_run import Machine
from _cib_values import Data

# Options of an operation; the words own an operation that they name, as with pcs.
_OPERATION = (
    "timeout",
    "start-delay",
    "role",
    "on-fail",
    "enabled",
    "record-pending",
    "interval-origin",
    "description",
    "OCF_CHECK_LEVEL",
)
# Devices that unfence nodes; pcs gives them this meta attribute by itself.
_UNFENCING = ("stonith:fence_scsi", "stonith:fence_mpath")


def description(machine: Machine, several: list[Data], present: Data) -> Data:
    """
    A partial description of one object after the other.

    several
        A list of what the parsers returned.

    present
        The present configuration, as ``cib.query`` returns it.

    Each object sees what the ones before it made. Raises SaltInvocationError when one cannot be.
    """
    present = copy.deepcopy(present)
    whole: Data = {}
    for parsed in several:
        for kind, found in _describe(machine, parsed, present).items():
            if kind == "constraints":
                _add_constraints(whole, present, found)
            else:
                whole.setdefault(kind, {}).update(found)
                present.setdefault(kind, {}).update(copy.deepcopy(found))
    return whole


def notes(parsed: Data, present: Data) -> list[str]:
    """
    What a reader should know of one object, as sentences.

    parsed
        What a parser returned.

    present
        The present configuration, as ``cib.query`` returns it.
    """
    found = list(parsed["notes"])
    if parsed["kind"] != "constraint":
        return found
    group = _common_group(parsed["type"], parsed["entry"], present)
    name = _name(parsed, present)
    if group:
        found.append(f"the group {group} orders its members by itself: there is no constraint")
    elif name != parsed["id"]:
        found.append(f"there is such a constraint already, called {name}")
    return found


def _describe(machine, parsed, present):
    if parsed["kind"] == "resource":
        return _resource(machine, parsed, present)
    if parsed["kind"] == "constraint":
        return _constraint(parsed, present)
    return {parsed["kind"]: dict(parsed["values"])}


def _add_constraints(whole, present, found):
    for kind, entries in found.items():
        for where in (whole, present):
            listed = where.setdefault("constraints", {}).setdefault(kind, [])
            names = [entry.get("id") for entry in entries if entry.get("id")]
            listed[:] = [entry for entry in listed if entry.get("id") not in names]
            listed += copy.deepcopy(entries)


# Resources ---------------------------------------------------------------------------------------


def _resource(machine, parsed, present):
    name = parsed["id"]
    there = present.get("primitives", {}).get(name, {})
    primitive = {
        "agent": _agent(machine, parsed["agent"], there),
        "attributes": dict(parsed["primitive"]["attributes"]),
        "meta": dict(parsed["primitive"]["meta"]),
        "operations": [_operation(one) for one in parsed["primitive"]["operations"]],
    }
    if not parsed["default_operations"]:
        primitive["default-operations"] = False
    for key in ("description", "utilization"):
        if there.get(key):
            primitive[key] = there[key]
    provides = there.get("meta", {}).get("provides")
    if provides is None and primitive["agent"] in _UNFENCING and not there:
        provides = "unfencing"
    if provides and primitive["agent"].startswith("stonith:"):
        primitive["meta"].setdefault("provides", provides)
    found = {"primitives": {name: primitive}}
    if parsed["group"]:
        found["groups"] = _group(name, parsed["group"], present)
    if parsed["clone"]:
        found["clones"] = _clone(name, parsed["clone"], present)
    if parsed["bundle"]:
        found["bundles"] = _bundle(name, parsed["bundle"], present)
    return found


def _agent(machine, name, there):
    if ":" in name:
        return name
    present = there.get("agent", "")
    if present.rpartition(":")[2].lower() == name.lower():
        return present
    return _pcs_compat_agent.full_name(machine, name)


def _operation(given):
    """pcs leaves away what is not said, also where the agent has a default."""
    found = dict.fromkeys(_OPERATION)
    found["interval"] = "60s" if given["name"] == "monitor" else "0s"
    found.update({name: value for name, value in given.items() if value != ""})
    return found


def _group(name, wanted, present):
    """The group whole, with the resource in it: behind the others unless it has its place."""
    group = wanted["id"]
    found = dict(present.get("groups", {}).get(group, {}))
    members = list(found.get("members", ()))
    neighbour = wanted["before"] or wanted["after"]
    if neighbour is not None and (neighbour not in members or neighbour == name):
        _pcs_compat_parse.fail("resource_options", f"{neighbour} is not in the group {group}")
    if name not in members:
        members.append(name)
        misplaced = bool(neighbour)
    elif wanted["before"]:
        misplaced = members.index(name) > members.index(neighbour)
    else:
        misplaced = bool(neighbour) and members.index(name) < members.index(neighbour)
    if misplaced:
        members.remove(name)
        members.insert(members.index(neighbour) + (1 if wanted["after"] else 0), name)
    return {group: {**found, "members": members}}


def _clone(name, wanted, present):
    """A clone keeps the id that it has: another id would be another clone."""
    found = {
        clone: one
        for clone, one in present.get("clones", {}).items()
        if one.get("resource") == name
    }
    clone = next(iter(found), None) or wanted["id"] or f"{name}-clone"
    new = {"resource": name, "promotable": wanted["promotable"], "meta": dict(wanted["meta"])}
    if found.get(clone, {}).get("description"):
        new["description"] = found[clone]["description"]
    return {clone: new}


def _bundle(name, bundle, present):
    found = present.get("bundles", {}).get(bundle)
    if found is None:
        _pcs_compat_parse.fail("resource_options", f"there is no bundle {bundle}")
    return {bundle: {**found, "resource": name}}


# Constraints -------------------------------------------------------------------------------------


def _constraint(parsed, present):
    entry = dict(parsed["entry"])
    group = _common_group(parsed["type"], entry, present)
    if group:
        # What the group says of itself stays; the entry orders its members.
        return {
            "groups": {group: dict(present["groups"][group])},
            "constraints": {parsed["type"]: [entry]},
        }
    entry["id"] = _name(parsed, present)
    return {"constraints": {parsed["type"]: [entry]}}


def _common_group(kind, entry, present):
    """The group that all resources of an order are members of: newer pcs refuses such an order."""
    if kind != "order":
        return None
    names = set(_members(entry)) | {entry.get("first"), entry.get("then")} - {None}
    for group, found in present.get("groups", {}).items():
        if len(names) > 1 and names <= set(found.get("members", ())):
            return group
    return None


def _members(entry):
    return [name for one in entry.get("sets", ()) for name in one["members"]]


def _name(parsed, present):
    """
    The id of the constraint: its own, or that of one about the same that others made.

    ``--force`` is how pcs is told to make a second one.
    """
    listed = present.get("constraints", {}).get(parsed["type"], [])
    if parsed["force"] or any(one.get("id") == parsed["id"] for one in listed):
        return parsed["id"]
    for one in listed:
        if not str(one.get("id", "")).startswith("cli-") and _about(one) == _about(parsed["entry"]):
            return one["id"]
    return parsed["id"]


def _about(entry):
    """What makes a constraint this one and no other, of whatever kind."""
    sets = tuple(tuple(one["members"]) for one in entry.get("sets", ()))
    first = entry.get("first-action") or "start"
    roles = [entry.get(name) or "Started" for name in ("resource-role", "with-role", "role")]
    names = ("first", "then", "resource", "with", "resource-pattern", "node", "ticket")
    rule = " ".join(str(entry.get("rule", "")).split())
    about = [entry.get(name) for name in names]
    return (sets, *about, first, entry.get("then-action") or first, *roles, rule)
