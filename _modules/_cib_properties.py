"""
Cluster properties, defaults and the record of what is ours: one object is one name with one value.

Sets with a rule hold at times only; they are not read here, and stay as they are.

Defaults of resources and operations: plain names and values, or a list of sets of them.

.. code-block:: yaml

    resource_defaults: {resource-stickiness: 100}
    op_defaults:
      - values: {timeout: 60s}
      - {rule: "resource ::IPaddr2 and op monitor", score: 5, values: {timeout: 30s}, id: ours}

The plain form is about the sets that hold always, and leaves those with a rule alone. In the list
form a set is known by its id if it names one, else by its rule and score; the values of a described
set are owned whole.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import _cib_rules
import _cib_values
from _cib_checker import Checker
from _cib_comparison import Plan
from _cib_values import Data
from _cib_xml import Cib

# A second set of cluster properties, after the others, says what this module's users own. Pacemaker
# ignores names it does not know; either node can read it, whoever made it.
OWNERSHIP_SET = "salt-pcs-ownership"
# The locks of _pcs_lock and _pcs_lease: there for a while, nobody's property, and never purged.
LOCK_SETS = ("cluster-layer-change", "cluster-work-lease")
OWNERSHIP_NAME = "salt-owned-"

SECTIONS = {
    "properties": ("crm_config", "cluster_property_set", "cib-bootstrap-options"),
    "resource_defaults": ("rsc_defaults", "meta_attributes", "rsc_defaults-meta_attributes"),
    "op_defaults": ("op_defaults", "meta_attributes", "op_defaults-meta_attributes"),
    "ownership": ("crm_config", "cluster_property_set", OWNERSHIP_SET),
}

# Pacemaker sets these itself.
BUILT_IN_PROPERTIES = {
    "cluster-infrastructure",
    "cluster-name",
    "dc-version",
    "have-watchdog",
    "last-lrm-refresh",
}
INTENT_PROPERTIES = ("maintenance-mode",)


# The description ---------------------------------------------------------------------------------


def check_pairs(check: Checker, kind: str, path: str, value: Any) -> Any:
    found = check.scalars(path, value)
    for name in found:
        check.word(f"{path}:{name}", name)
        if kind == "properties" and name in BUILT_IN_PROPERTIES:
            check.problem(f"{path}:{name}", "Pacemaker sets this property itself")
    return found


def describe_pairs(live: Data, kind: str) -> Any:
    built_in = BUILT_IN_PROPERTIES if kind == "properties" else ()
    return {name: value for name, value in live[kind].items() if name not in built_in}


# The XML -----------------------------------------------------------------------------------------


def _sets(cib, kind):
    section, tag, _ = SECTIONS[kind]
    plain = [s for s in cib.plain_sets(cib.section(section), tag) if s.get("id") not in LOCK_SETS]
    return [one for one in plain if (one.get("id") == OWNERSHIP_SET) == (kind == "ownership")]


def read_pairs(cib: Cib, kind: str) -> Data:
    prefix = OWNERSHIP_NAME if kind == "ownership" else ""
    return {name[len(prefix) :]: value for name, value in cib.values(_sets(cib, kind)).items()}


def write_pairs(cib: Cib, kind: str, name: str, action: str, data: Any) -> None:
    value = None if action == "remove" else data
    section, tag, _ = SECTIONS[kind]
    if kind == "ownership" and not cib.section(section).findall(tag):
        # pcs writes properties to the first set, which must not be the record
        _new_set(cib, "properties")
    found = _sets(cib, kind) or ([] if value is None else [_new_set(cib, kind)])
    if not found:
        return
    if kind == "ownership":
        _write_owned(cib, found[0], name, value)
    else:
        cib.write_pairs(found, {name: value}, id_length=20)


def _new_set(cib, kind):
    section, tag, set_id = SECTIONS[kind]
    nvset = ET.Element(tag, {"id": cib.new_id(set_id)})
    parent = cib.section(section)
    place = [child.get("id") for child in parent]
    parent.insert(place.index(OWNERSHIP_SET) if OWNERSHIP_SET in place else len(place), nvset)
    return nvset


def _write_owned(cib, nvset, kind, value):
    for pair in list(nvset):
        if pair.get("name") == OWNERSHIP_NAME + kind:
            cib.forget(pair)
    if value is not None:
        attributes = {"id": cib.new_id(f"{OWNERSHIP_SET}-{kind}")}
        attributes.update(name=OWNERSHIP_NAME + kind, value=value)
        ET.SubElement(nvset, "nvpair", attributes)


# The comparison ----------------------------------------------------------------------------------


def compare_pairs(plan: Plan, kind: str) -> None:
    want, live = plan.want[kind], plan.live[kind]
    intent = INTENT_PROPERTIES if kind == "properties" else ()
    for name in intent:
        if _cib_values.boolean(live.get(name)):
            plan.intent.append(f"the cluster is in maintenance ({name}=true): left as it is")
    for name, value in want.items():
        found = live.get(name)
        if _cib_values.same(value, found) or (name in intent and found is not None):
            continue
        change = {"old": plan.shown(name, found), "new": plan.shown(name, value)}
        if value is None:
            plan.add(kind, name, "remove", True, change)
        else:
            plan.add(kind, name, "create" if found is None else "change", value, change)
    keep = {*intent, *(BUILT_IN_PROPERTIES if kind == "properties" else ())}
    for name in plan.leaving(kind, keep):
        plan.add(kind, name, "remove", True, {"old": plan.shown(name, live[name]), "new": None})
    plan.note_others(kind, keep)
    plan.record[kind] = [name for name, value in want.items() if value is not None]


# kind -> its place in the record of what is ours
_RECORD = {"resource_defaults": "resource_default_sets", "op_defaults": "op_default_sets"}
_TAG = "meta_attributes"
_SECTIONS = {"resource_defaults": "rsc_defaults", "op_defaults": "op_defaults"}
_KEYS = ("id", "score", "rule", "values")


# The description ---------------------------------------------------------------------------------


def check_defaults(check: Checker, kind: str, path: str, value: Any) -> Any:
    if not isinstance(value, (list, tuple)):
        return check_pairs(check, kind, path, value)
    found = []
    seen: dict[tuple[Any, ...], str] = {}
    for index, entry in enumerate(value):
        one = _check_set(check, kind, f"{path}:{index}", entry)
        for mark in (("id", one["id"]), ("about", *_about(one))):
            if mark in seen and mark != ("id", None) and (mark[0] == "id" or not one["id"]):
                check.problem(one["path"], f"says the same as {seen[mark]}")
            seen.setdefault(mark, one["path"])
        found.append(one)
    return found


def _check_set(check, kind, path, entry):
    entry = check.mapping(path, entry, _KEYS)
    found = {
        "path": path,
        "id": check.text(f"{path}:id", entry.get("id")),
        "score": check.score(f"{path}:score", entry.get("score")),
        "rule": None,
        "values": check.scalars(f"{path}:values", entry.get("values")),
    }
    found["values"] = {name: one for name, one in found["values"].items() if one is not None}
    if found["id"]:
        check.identifier(f"{path}:id", found["id"])
    if entry.get("rule") is not None:
        found["rule"] = _cib_rules.check(check, f"{path}:rule", entry["rule"], kind)
    return found


def describe_defaults(live: Data, kind: str) -> Any:
    sets = {name: one for name, one in live["default_sets"][kind].items() if "foreign" not in one}
    if not any(one["rule"] for one in sets.values()):
        return describe_pairs(live, kind)
    return [
        {"id": name, **{key: value for key, value in one.items() if value is not None}}
        for name, one in sets.items()
    ]


# The XML -----------------------------------------------------------------------------------------


def read_sets(cib: Cib) -> dict[str, Data]:
    """
    Return all sets of defaults, ``{kind: {id: {score, rule, values}}}``.

    One whose rule has no words, or that is only a reference, is ``foreign``.
    """
    return {
        kind: {
            element.get("id"): _read_set(cib, element)
            for element in cib.section(section).findall(_TAG)
            if element.get("id")
        }
        for kind, section in _SECTIONS.items()
    }


def _read_set(cib, element):
    rule = element.find("rule")
    found = {"score": element.get("score"), "rule": None, "values": cib.values([element])}
    if rule is not None:
        found["rule"] = None if rule.get("id-ref") else _cib_rules.read(rule)
        if found["rule"] is None:
            found["foreign"] = "has a rule that pcs has no words for"
    return found


def write_defaults(cib: Cib, kind: str, name: str, action: str, data: Any) -> None:
    if not isinstance(data, dict):
        write_pairs(cib, kind, name, action, data)
    elif action == "remove":
        cib.forget(cib.by_id[name])
    else:
        _write_set(cib, kind, name, data)


def _write_set(cib, kind, name, data):
    element = cib.by_id.get(name)
    if element is None:
        element = ET.SubElement(cib.section(_SECTIONS[kind]), _TAG, {"id": name})
        cib.register(element)
    if "score" in data:
        if data["score"] is None:
            element.attrib.pop("score", None)
        else:
            element.set("score", data["score"])
    if "rule" in data:
        # the older schemas want a score of the rule, nobody reads it
        score: dict[str, str | None] = {"score": "INFINITY"} if cib.schema() < (3, 9) else {}
        _cib_rules.write(cib, element, data["rule"], score)
    cib.write_pairs([element], data.get("values", {}), id_length=20)


# The comparison ----------------------------------------------------------------------------------


def _rule(one):
    return _cib_rules.meaning(one["rule"])


def _score(one):
    return _cib_values.number(one["score"] or "0")


def _about(one):
    return (_rule(one), _score(one))


def compare_defaults(plan: Plan, kind: str) -> None:
    if isinstance(plan.want[kind], list):
        _compare_list(plan, kind)
    else:
        compare_pairs(plan, kind)
        _compare_plain(plan, kind)


def _compare_plain(plan, kind):
    """What the list form of before left, and the sets of others."""
    recorded = plan.owned.get(_RECORD[kind], ())
    for name, found in plan.live["default_sets"][kind].items():
        ruled = found["rule"] or "foreign" in found
        if ruled:
            _other_set(plan, kind, name, found, name in recorded)
        elif name in recorded and not plan.partial and not plan.purge:
            keep = {*plan.want[kind], *plan.owned.get(kind, ())}
            _take_values(
                plan, kind, name, found, [one for one in found["values"] if one not in keep]
            )


def _take_values(plan, kind, name, found, gone):
    if gone:
        change = {f"values:{one}": {"old": found["values"][one], "new": None} for one in gone}
        plan.add(kind, name, "change", {"values": dict.fromkeys(gone)}, change)
        left = set(plan.unmanaged.pop(kind, ())) - set(gone)
        if left:
            plan.unmanaged[kind] = sorted(left)


def _compare_list(plan, kind):
    live = plan.live["default_sets"][kind]
    recorded = plan.owned.get(_RECORD[kind], ())
    pairs = _paired(plan, kind, live, recorded)
    record = []
    for index, wanted in enumerate(plan.want[kind]):
        name = pairs.get(index)
        if name is None:
            name = _create_set(plan, kind, wanted)
        else:
            _change_set(plan, kind, name, wanted, live[name])
        record.append(name)
    for name, found in live.items():
        if name in pairs.values():
            continue
        # names that we wrote when the description was plain
        ours = [one for one in found["values"] if one in plan.owned.get(kind, ())]
        if not found["rule"] and "foreign" not in found and ours and name not in recorded:
            if set(ours) != set(found["values"]) and not plan.purge:
                if not plan.partial:
                    _take_values(plan, kind, name, found, ours)
                    plan.unmanaged.setdefault(kind, []).append(name)
                continue
            _other_set(plan, kind, name, found, True)
        else:
            _other_set(plan, kind, name, found, name in recorded)
    plan.record[_RECORD[kind]] = record


def _other_set(plan, kind, name, found, recorded):
    """A set that nobody describes: ours goes, that of others stays."""
    if plan.partial:
        return
    if recorded or plan.purge:
        plan.add(kind, name, "remove", {"set": name}, {"old": _told(plan, found), "new": None})
    else:
        plan.unmanaged[kind] = sorted({*plan.unmanaged.get(kind, ()), name})


def _paired(plan, kind, live, recorded):
    """Which described set is which live one."""
    pairs, left = {}, {name: one for name, one in live.items() if "foreign" not in one}
    mine = {name: one for name, one in left.items() if name in recorded or plan.purge}
    steps = [(left, _about)]
    if not plan.partial:
        # what would be removed otherwise
        steps += [(mine, lambda one: (_rule(one),)), (mine, lambda one: sorted(one["values"]))]
    for index, wanted in enumerate(plan.want[kind]):
        if wanted["id"] in left:
            pairs[index] = wanted["id"]
    for candidates, key in steps:
        for index, wanted in enumerate(plan.want[kind]):
            if index in pairs or wanted["id"]:
                continue
            for name, found in candidates.items():
                if name not in pairs.values() and key(found) == key(wanted):
                    pairs[index] = name
                    break
    return pairs


def _told(plan, one):
    told = {key: one[key] for key in ("score", "rule") if one.get(key) is not None}
    return {
        **told,
        "values": {name: plan.shown(name, text) for name, text in one["values"].items()},
    }


def _create_set(plan, kind, wanted):
    name = wanted["id"]
    if name:
        plan.claim(f"{wanted['path']}:id", name)
    else:
        name = plan.new_id(f"{_SECTIONS[kind]}-{_TAG}")
    given = {key: wanted[key] for key in ("score", "rule", "values") if wanted[key] is not None}
    plan.add(kind, name, "create", given, {"old": None, "new": _told(plan, wanted)})
    return name


def _change_set(plan, kind, name, wanted, found):
    edit, change = {}, {}
    if _rule(wanted) != _rule(found):
        edit["rule"] = wanted["rule"]
    if _score(wanted) != _score(found):
        edit["score"] = wanted["score"]
    for key in edit:
        change[key] = {"old": found[key], "new": wanted[key]}
    values = plan.differences(wanted["values"], found["values"])
    if values:
        edit["values"] = values
    for one, value in values.items():
        old, new = plan.shown(one, found["values"].get(one)), plan.shown(one, value)
        change[f"values:{one}"] = {"old": old, "new": new}
    if edit:
        plan.add(kind, name, "change", edit, change)
