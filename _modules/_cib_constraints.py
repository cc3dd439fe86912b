"""
The description of constraints: checked, and brought into one form.

.. code-block:: yaml

    order:
      - {first: A, then: B, first-action: start, then-action: start, kind: Mandatory,
         symmetrical: true, require-all: true}
      - {sets: [[A, B], {members: [C, D], sequential: false}], kind: Optional}
    colocation:
      - {resource: A, with: B, score: INFINITY, resource-role: Started, with-role: Promoted,
         node-attribute: rack, influence: true}
      - {sets: [[A, B]], score: 100}
    location:                              # score is INFINITY where none is given
      - {resource: A, node: n1, score: 50, role: Promoted, resource-discovery: always}
      - {resource-pattern: "^web-", node: n1, score: -INFINITY}
      - {resource: A, rule: "#uname eq n1 or defined rack", score: 10}   # or score-attribute
      - {sets: [[A, B]], node: n1, score: 10}
    ticket:
      - {resource: A, ticket: T, role: Promoted, loss-policy: stop}
      - {sets: [[A, B]], ticket: T, loss-policy: fence}

Each may have an ``id``. Nothing here runs a command.

Constraints between resources, and between resources and nodes or tickets: of one, two or of sets.

What a description may say is in ``cib_constraint_check``, how they are compared in
``cib_constraint_plan``.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import _cib_rules
from _cib_checker import Checker
from _cib_values import Data
from _cib_xml import Cib

ACTIONS = ("start", "promote", "demote", "stop")
ORDER_KINDS = ("Mandatory", "Optional", "Serialize")
DISCOVERY = ("always", "never", "exclusive")
LOSS_POLICIES = ("stop", "demote", "fence", "freeze")
ORDERINGS = ("group", "listed")
# What an operator's command leaves: nobody may describe these.
OPERATORS_OWN = ("cli-", "pcs-relocate-")


def moved_by_hand(live: Data) -> list[str]:
    """
    Ids of the constraints that ``pcs resource move`` and ``ban`` leave in force. Pure.

    live
        A CIB as ``_cib_kinds.read`` has it.
    """
    return [name for name in live["ids"] if name.startswith(("cli-ban-", "cli-prefer-"))]


def check(check: Checker, kind: str, path: str, value: Any) -> Any:
    """
    Return the described constraints as one list; each has its ``type`` and its ``path``.

    check, path, value
        The collector of problems (``_cib_checker``), where it is, and what is described.
    """
    makers = {
        "order": _order,
        "colocation": _colocation,
        "location": _location,
        "ticket": _ticket,
    }
    found = []
    inner = check.mapping(path, value, makers)
    for kind, maker in makers.items():
        for index, entry in enumerate(check.listing(f"{path}:{kind}", inner.get(kind))):
            here = f"{path}:{kind}:{index}"
            constraint = {"type": kind, "path": here, **maker(check, here, entry)}
            _check_id(check, f"{here}:id", constraint.get("id"))
            found.append({key: inner for key, inner in constraint.items() if inner is not None})
    return found


def _check_id(check, path, name):
    if name:
        check.identifier(path, name)
        if name.startswith(OPERATORS_OWN):
            check.problem(path, f"{name} is the name of what an operator's move or ban leaves")


def _entry(check, path, entry, common, pair, required=()):
    """An entry of two resources or of sets, and what both have in common."""
    if not (isinstance(entry, dict) and "sets" in entry):
        entry = check.mapping(path, entry, {"id", *common, *pair}, required=required)
        return entry, {"id": check.text(f"{path}:id", entry.get("id"))}
    entry = check.mapping(path, entry, {"id", *common, "sets"})
    name = check.text(f"{path}:id", entry.get("id"))
    return entry, {"id": name, "sets": _sets(check, f"{path}:sets", entry["sets"])}


def _words(check, path, entry, names):
    return {name: check.text(f"{path}:{name}", entry.get(name)) for name in names}


def _roles(check, path, entry, names):
    return {name: check.role(f"{path}:{name}", entry.get(name)) for name in names}


def _order(check, path, entry):
    common = ("kind", "symmetrical", "require-all")
    pair = ("first", "then", "first-action", "then-action")
    entry, found = _entry(check, path, entry, common, pair, required=("first", "then"))
    if "sets" not in found:
        found.update(_words(check, path, entry, ("first", "then")))
        for name in ("first-action", "then-action"):
            found[name] = check.choice(f"{path}:{name}", entry.get(name, "start"), ACTIONS)
    found["kind"] = check.choice(f"{path}:kind", entry.get("kind"), ORDER_KINDS)
    for name in ("symmetrical", "require-all"):
        found[name] = check.boolean(f"{path}:{name}", entry.get(name))
    return found


def _colocation(check, path, entry):
    pair = ("resource", "with", "resource-role", "with-role", "node-attribute")
    entry, found = _entry(
        check, path, entry, ("score", "influence"), pair, required=("resource", "with")
    )
    if "sets" not in found:
        found.update(_words(check, path, entry, ("resource", "with", "node-attribute")))
        found.update(_roles(check, path, entry, ("resource-role", "with-role")))
    found["score"] = check.score(f"{path}:score", entry.get("score", "INFINITY"))
    found["influence"] = check.boolean(f"{path}:influence", entry.get("influence"))
    return found


def _location(check, path, entry):
    common = ("node", "rule", "score", "score-attribute", "resource-discovery")
    entry, found = _entry(check, path, entry, common, ("resource", "resource-pattern", "role"))
    found.update(_words(check, path, entry, ("node", "score-attribute")))
    if "sets" not in found:
        found.update(_words(check, path, entry, ("resource", "resource-pattern")))
        found.update(_roles(check, path, entry, ("role",)))
        _one_of(check, path, entry, ("resource", "resource-pattern", "sets"))
    _one_of(check, path, entry, ("node", "rule"))
    if entry.get("rule") is not None:
        found["rule"] = _cib_rules.check(check, f"{path}:rule", entry["rule"], "location")
    found["score"] = check.score(f"{path}:score", entry.get("score"))
    if found["score-attribute"] is None:
        found["score"] = found["score"] or "INFINITY"
    elif entry.get("node") is not None:
        check.problem(f"{path}:score-attribute", "is for a rule, not for a node")
    elif found["score"] is not None:
        check.problem(path, "has both score and score-attribute")
    name = "resource-discovery"
    found[name] = check.choice(f"{path}:{name}", entry.get(name), DISCOVERY)
    return found


def _one_of(check, path, entry, names):
    given = [name for name in names if entry.get(name) not in (None, "")]
    if not given:
        check.problem(path, f"one of {', '.join(names)} is missing")
    elif len(given) > 1:
        check.problem(path, f"has both {' and '.join(given)}")


def _ticket(check, path, entry):
    common = ("ticket", "loss-policy")
    entry, found = _entry(check, path, entry, common, ("resource", "role"))
    if "sets" not in found:
        found.update(_words(check, path, entry, ("resource",)))
        found.update(_roles(check, path, entry, ("role",)))
        _one_of(check, path, entry, ("resource", "sets"))
    _one_of(check, path, entry, ("ticket",))
    found.update(_words(check, path, entry, ("ticket",)))
    name = "loss-policy"
    found[name] = check.choice(f"{path}:{name}", entry.get(name), LOSS_POLICIES)
    return found


def _sets(check, path, value):
    found = []
    allowed = ("sequential", "require-all", "ordering", "action", "role", "score", "kind")
    for index, inner in enumerate(check.listing(path, value)):
        here = f"{path}:{index}"
        inner = {"members": inner} if isinstance(inner, (list, tuple)) else inner
        inner = check.mapping(here, inner, ("members", *allowed))
        one = {
            "members": check.names(f"{here}:members", inner.get("members")),
            "sequential": check.boolean(f"{here}:sequential", inner.get("sequential")),
            "require-all": check.boolean(f"{here}:require-all", inner.get("require-all")),
            "ordering": check.choice(f"{here}:ordering", inner.get("ordering"), ORDERINGS),
            "action": check.choice(f"{here}:action", inner.get("action"), ACTIONS),
            "role": check.role(f"{here}:role", inner.get("role")),
            "score": check.score(f"{here}:score", inner.get("score")),
            "kind": check.choice(f"{here}:kind", inner.get("kind"), ORDER_KINDS),
        }
        if not one["members"]:
            check.problem(here, "a set needs at least one member")
        if one["score"] is not None and one["kind"] is not None:
            check.problem(here, "has both score and kind")
        found.append({key: inner for key, inner in one.items() if inner is not None})
    if not found:
        check.problem(path, "at least one set is needed")
    return found


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


def describe(live: Data, kind: str) -> Any:
    found: dict[str, list[Data]] = {}
    for name, one in live[kind].items():
        if "foreign" not in one and not one["operators"]:
            skip = ("type", "resources", "operators")
            entry = {k: v for k, v in one.items() if k not in skip}
            found.setdefault(one["type"], []).append({**entry, "id": name})
    return found


# The XML -----------------------------------------------------------------------------------------


def read(cib: Cib, kind: str) -> Data:
    return {
        element.get("id", ""): _read_constraint(cib, element)
        for element in cib.section("constraints")
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
    if rules and _cib_rules.read(rules[0]) is None:
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
        found["rule"] = _cib_rules.read(rule)
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


def write(cib: Cib, kind: str, name: str, action: str, data: Any) -> None:
    {"create": _create, "change": _change, "remove": _remove}[action](cib, name, data)


def _create(cib, name, new):
    element = ET.SubElement(cib.section("constraints"), f"rsc_{new['type']}")
    element.set("id", name)
    cib.register(element)
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
    _cib_rules.write(cib, element, values.get("rule"), given, place)


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
