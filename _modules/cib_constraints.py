"""
Constraints between resources: order and colocation, of two or of sets.

How they are compared says ``cib_constraint_plan``.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET

ACTIONS = ("start", "promote", "demote", "stop")
ORDER_KINDS = ("Mandatory", "Optional", "Serialize")
MANAGED = ("order", "colocation")
_ROLE_FIELDS = {"role", "resource-role", "with-role"}

# How our names of a constraint's fields are written, in pcs's order.
_CONSTRAINT_FIELDS = {
    "order": (
        ("first", "first"),
        ("then", "then"),
        ("kind", "kind"),
        ("first-action", "first-action"),
        ("then-action", "then-action"),
        ("symmetrical", "symmetrical"),
    ),
    "colocation": (
        ("resource", "rsc"),
        ("with", "with-rsc"),
        ("score", "score"),
        ("resource-role", "rsc-role"),
        ("with-role", "with-rsc-role"),
    ),
}


# The description ---------------------------------------------------------------------------------


def check(check, kind, path, value):
    makers = {"order": _order, "colocation": _colocation}
    found = []
    inner = check.mapping(path, value, makers)
    for kind, maker in makers.items():
        for index, entry in enumerate(check.listing(f"{path}:{kind}", inner.get(kind))):
            here = f"{path}:{kind}:{index}"
            constraint = {"type": kind, "path": here, **maker(check, here, entry)}
            if constraint.get("id"):
                check.identifier(f"{here}:id", constraint["id"])
            found.append({key: inner for key, inner in constraint.items() if inner is not None})
    return found


def _order(check, path, entry):
    common = {"kind", "symmetrical", "id"}
    if isinstance(entry, dict) and "sets" in entry:
        entry = check.mapping(path, entry, common | {"sets"})
        found = {"sets": _sets(check, f"{path}:sets", entry["sets"])}
    else:
        allowed = common | {"first", "then", "first-action", "then-action"}
        entry = check.mapping(path, entry, allowed, required=("first", "then"))
        found = {"first": _text(entry.get("first")), "then": _text(entry.get("then"))}
        for name in ("first-action", "then-action"):
            found[name] = check.choice(f"{path}:{name}", entry.get(name, "start"), ACTIONS)
    found["kind"] = check.choice(f"{path}:kind", entry.get("kind"), ORDER_KINDS)
    found["symmetrical"] = check.boolean(f"{path}:symmetrical", entry.get("symmetrical"))
    found["id"] = _text(entry.get("id"))
    return found


def _colocation(check, path, entry):
    common = {"score", "id"}
    if isinstance(entry, dict) and "sets" in entry:
        entry = check.mapping(path, entry, common | {"sets"})
        found = {"sets": _sets(check, f"{path}:sets", entry["sets"])}
    else:
        allowed = common | {"resource", "with", "resource-role", "with-role"}
        entry = check.mapping(path, entry, allowed, required=("resource", "with"))
        found = {"resource": _text(entry.get("resource")), "with": _text(entry.get("with"))}
        for name in ("resource-role", "with-role"):
            found[name] = check.role(f"{path}:{name}", entry.get(name))
    found["score"] = check.score(f"{path}:score", entry.get("score", "INFINITY"))
    found["id"] = _text(entry.get("id"))
    return found


def _sets(check, path, value):
    found = []
    for index, inner in enumerate(check.listing(path, value)):
        here = f"{path}:{index}"
        inner = {"members": inner} if isinstance(inner, (list, tuple)) else inner
        inner = check.mapping(
            here, inner, ("members", "sequential", "require-all", "action", "role")
        )
        one = {
            "members": check.names(f"{here}:members", inner.get("members")),
            "sequential": check.boolean(f"{here}:sequential", inner.get("sequential")),
            "require-all": check.boolean(f"{here}:require-all", inner.get("require-all")),
            "action": check.choice(f"{here}:action", inner.get("action"), ACTIONS),
            "role": check.role(f"{here}:role", inner.get("role")),
        }
        if not one["members"]:
            check.problem(here, "a set needs at least one member")
        found.append({key: inner for key, inner in one.items() if inner is not None})
    if not found:
        check.problem(path, "at least one set is needed")
    return found


def _text(value):
    return None if value is None else str(value)


def describe(live, kind):
    found = {}
    for name, one in live[kind].items():
        if one["type"] in MANAGED:
            entry = {k: v for k, v in one.items() if k not in ("type", "resources")}
            found.setdefault(one["type"], []).append({**entry, "id": name})
    return found


def compare(plan, kind):
    __salt__["cib_constraint_plan.compare"](plan)


# The XML -----------------------------------------------------------------------------------------


def read(cib, kind):
    return {
        element.get("id"): _read_constraint(cib, element) for element in cib.section("constraints")
    }


def _read_constraint(cib, element):
    kind = element.tag.replace("rsc_", "", 1)
    if kind not in _CONSTRAINT_FIELDS:
        found = {"type": kind, **{k: v for k, v in element.attrib.items() if k != "id"}}
        return {**found, "resources": _mentioned(element)}
    found = {"type": kind}
    for ours, theirs in _CONSTRAINT_FIELDS[kind]:
        if element.get(theirs) is not None:
            value = element.get(theirs)
            found[ours] = cib.role_name(value) if ours in _ROLE_FIELDS else value
    if kind == "order" and element.get("score") is not None:
        # the old spelling of kind
        found.setdefault("kind", "Mandatory" if element.get("score").strip("+-0") else "Optional")
    if element.find("resource_set") is not None:
        found["sets"] = [_read_set(cib, inner) for inner in element.findall("resource_set")]
    found["resources"] = _mentioned(element)
    return found


def _read_set(cib, element):
    found = {"members": [ref.get("id") for ref in element.findall("resource_ref")]}
    for name, value in element.attrib.items():
        if name != "id":
            found[name] = cib.role_name(value) if name in _ROLE_FIELDS else value
    return found


def _mentioned(element):
    """Ids of the resources that a constraint is about."""
    found = [element.get(name) for name in ("rsc", "with-rsc", "first", "then")]
    found += [ref.get("id") for ref in element.iter("resource_ref")]
    return [name for name in found if name]


def write(cib, kind, name, action, data):
    {"create": _create, "change": _change, "remove": _remove}[action](cib, name, data)


def _create(cib, name, new):
    element = ET.SubElement(cib.section("constraints"), f"rsc_{new['type']}")
    cib.by_id[name] = element
    _write_constraint(cib, element, new)
    element.set("id", name)
    cib.taken.add(name)
    _write_sets(cib, element, new.get("sets", ()))


def _write_constraint(cib, element, values):
    for ours, theirs in _CONSTRAINT_FIELDS[element.tag.replace("rsc_", "", 1)]:
        if ours not in values:
            continue
        if values[ours] is None:
            element.attrib.pop(theirs, None)
        else:
            value = values[ours]
            element.set(theirs, cib.role(value) if ours in _ROLE_FIELDS else value)
            if ours == "kind":
                element.attrib.pop("score", None)


def _write_sets(cib, element, sets):
    for values in sets:
        inner = ET.SubElement(element, "resource_set")
        for name in ("sequential", "require-all", "action", "role"):
            if values.get(name) is not None:
                inner.set(name, cib.role(values[name]) if name == "role" else values[name])
        inner.set("id", cib.new_id(f"{element.get('id')}_set"))
        for member in values["members"]:
            ET.SubElement(inner, "resource_ref", {"id": member})


def _change(cib, name, change):
    element = cib.by_id[name]
    if "drop" in change:
        _drop_references(cib, element, change["drop"])
        return
    _write_constraint(cib, element, change)
    if "sets" in change:
        for inner in element.findall("resource_set"):
            cib.forget(inner)
        _write_sets(cib, element, change["sets"])


def _drop_references(cib, element, names):
    for inner in element.findall("resource_set"):
        for reference in inner.findall("resource_ref"):
            if reference.get("id") in names:
                inner.remove(reference)
        if inner.find("resource_ref") is None:
            cib.forget(inner)


def _remove(cib, name, _):
    cib.forget(cib.by_id[name])
