"""
Constraints between resources, and between resources and nodes or tickets: of one, two or of sets.

What a description may say is in ``cib_constraint_check``, how they are compared in
``cib_constraint_plan``.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET

_ROLE_FIELDS = {"role", "resource-role", "with-role"}

# How our names of a constraint's fields are written, in pcs's order.
_FIELDS = {
    "order": (
        ("first", "first"),
        ("then", "then"),
        ("kind", "kind"),
        ("first-action", "first-action"),
        ("then-action", "then-action"),
        ("symmetrical", "symmetrical"),
        ("require-all", "require-all"),
    ),
    "colocation": (
        ("resource", "rsc"),
        ("with", "with-rsc"),
        ("score", "score"),
        ("resource-role", "rsc-role"),
        ("with-role", "with-rsc-role"),
        ("node-attribute", "node-attribute"),
        ("influence", "influence"),
    ),
    "location": (
        ("resource", "rsc"),
        ("resource-pattern", "rsc-pattern"),
        ("node", "node"),
        ("score", "score"),
        ("role", "role"),
        ("resource-discovery", "resource-discovery"),
    ),
    "ticket": (
        ("resource", "rsc"),
        ("role", "rsc-role"),
        ("ticket", "ticket"),
        ("loss-policy", "loss-policy"),
    ),
}
# Fields of a location that belong to its rule when it has one.
_OF_THE_RULE = ("score", "score-attribute", "role")
_SET_FIELDS = ("sequential", "require-all", "ordering", "action", "role", "score", "kind")


def check(check, kind, path, value):
    return __salt__["cib_constraint_check.check"](check, path, value)


def compare(plan, kind):
    __salt__["cib_constraint_plan.compare"](plan)


def describe(live, kind):
    found = {}
    for name, one in live[kind].items():
        if "foreign" not in one and not one["operators"]:
            skip = ("type", "resources", "operators")
            entry = {k: v for k, v in one.items() if k not in skip}
            found.setdefault(one["type"], []).append({**entry, "id": name})
    return found


# The XML -----------------------------------------------------------------------------------------


def read(cib, kind):
    return {
        element.get("id"): _read_constraint(cib, element) for element in cib.section("constraints")
    }


def _read_constraint(cib, element):
    kind = element.tag.replace("rsc_", "", 1)
    foreign = _foreign(element, kind)
    found = {"type": kind}
    if foreign:
        found.update({k: v for k, v in element.attrib.items() if k != "id"}, foreign=foreign)
    else:
        found.update(_read_fields(cib, element, kind))
    found["resources"] = _mentioned(cib, element)
    # what a move, a ban or a relocation left
    found["operators"] = element.get("id", "").startswith(("cli-", "pcs-relocate-"))
    return found


def _foreign(element, kind):
    """Why a constraint is one that no description can stand for; None if one can."""
    if kind not in _FIELDS:
        return "is of an unknown kind"
    rules = element.findall("rule")
    if element.find("lifetime") is not None:
        return "has a lifetime"
    if len(rules) > 1:
        return "has several rules"
    if any(inner.get("id-ref") for inner in element.iter()):
        return "refers to a part of something else"
    if rules and __salt__["cib_rules.read"](rules[0]) is None:
        return "has a rule that pcs has no words for"
    return None


def _read_fields(cib, element, kind):
    found = {}
    for ours, theirs in _FIELDS[kind]:
        if element.get(theirs) is not None:
            value = element.get(theirs)
            found[ours] = cib.role_name(value) if ours in _ROLE_FIELDS else value
    if kind == "order" and element.get("score") is not None:
        # the old spelling of kind
        found.setdefault("kind", "Mandatory" if element.get("score").strip("+-0") else "Optional")
    rule = element.find("rule")
    if rule is not None:
        found["rule"] = __salt__["cib_rules.read"](rule)
        for name in _OF_THE_RULE:
            if rule.get(name) is not None:
                value = rule.get(name)
                found[name] = cib.role_name(value) if name == "role" else value
    if element.find("resource_set") is not None:
        found["sets"] = [_read_set(cib, inner) for inner in element.findall("resource_set")]
    return found


def _read_set(cib, element):
    found = {"members": [ref.get("id") for ref in element.findall("resource_ref")]}
    for name, value in element.attrib.items():
        if name != "id":
            found[name] = cib.role_name(value) if name in _ROLE_FIELDS else value
    return found


def _mentioned(cib, element):
    """Ids of the resources that a constraint is about."""
    found = [element.get(name) for name in ("rsc", "with-rsc", "first", "then")]
    for inner in element.findall("resource_set"):
        found += [ref.get("id") for ref in cib.target(inner).iter("resource_ref")]
    return [name for name in found if name]


def write(cib, kind, name, action, data):
    {"create": _create, "change": _change, "remove": _remove}[action](cib, name, data)


def _create(cib, name, new):
    element = ET.SubElement(cib.section("constraints"), f"rsc_{new['type']}")
    element.set("id", name)
    cib.by_id[name] = element
    cib.taken.add(name)
    _write_fields(cib, element, new)
    _write_sets(cib, element, new.get("sets", ()))
    _write_rule(cib, element, new)


def _write_fields(cib, element, values):
    for ours, theirs in _FIELDS[element.tag.replace("rsc_", "", 1)]:
        if ours not in values:
            continue
        if values[ours] is None or (values.get("rule") and ours in _OF_THE_RULE):
            element.attrib.pop(theirs, None)
        else:
            value = values[ours]
            element.set(theirs, cib.role(value) if ours in _ROLE_FIELDS else value)
            if ours == "kind":
                element.attrib.pop("score", None)


def _write_rule(cib, element, values):
    """``values`` are all of the constraint's, not only those that change."""
    given = {name: values.get(name) for name in _OF_THE_RULE}
    if given["role"]:
        given["role"] = cib.role(given["role"])
    place = len(element.findall("resource_set"))
    __salt__["cib_rules.write"](cib, element, values.get("rule"), given, place)


def _write_sets(cib, element, sets):
    for place, values in enumerate(sets):
        inner = ET.Element("resource_set")
        for name in _SET_FIELDS:
            if values.get(name) is not None:
                inner.set(name, cib.role(values[name]) if name == "role" else values[name])
        inner.set("id", cib.new_id(f"{element.get('id')}_set"))
        cib.by_id[inner.get("id")] = inner
        for member in values["members"]:
            ET.SubElement(inner, "resource_ref", {"id": member})
        element.insert(place, inner)


def _change(cib, name, change):
    element = cib.by_id[name]
    if "drop" in change:
        _drop_references(cib, element, change["drop"])
        return
    if element.tag == "rsc_location":
        # a node's score becomes a rule's, and the other way round
        before = _read_fields(cib, element, "location")
        whole = {**dict.fromkeys(_OF_THE_RULE), **before, **change}
        _write_fields(cib, element, whole)
        _write_rule(cib, element, whole)
    else:
        _write_fields(cib, element, change)
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
