"""
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

# kind -> its place in the record of what is ours
_RECORD = {"resource_defaults": "resource_default_sets", "op_defaults": "op_default_sets"}
_TAG = "meta_attributes"
_SECTIONS = {"resource_defaults": "rsc_defaults", "op_defaults": "op_defaults"}
_KEYS = ("id", "score", "rule", "values")


# The description ---------------------------------------------------------------------------------


def check(check, kind, path, value):
    if not isinstance(value, (list, tuple)):
        return __salt__["cib_pairs.check"](check, kind, path, value)
    found, seen = [], {}
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
        found["rule"] = __salt__["cib_rules.check"](check, f"{path}:rule", entry["rule"], kind)
    return found


def describe(live, kind):
    sets = {name: one for name, one in live["default_sets"][kind].items() if "foreign" not in one}
    if not any(one["rule"] for one in sets.values()):
        return __salt__["cib_pairs.describe"](live, kind)
    return [
        {"id": name, **{key: value for key, value in one.items() if value is not None}}
        for name, one in sets.items()
    ]


# The XML -----------------------------------------------------------------------------------------


def read(cib, kind):
    return __salt__["cib_pairs.read"](cib, kind)


def read_sets(cib):
    """
    Return all sets of defaults, ``{kind: {id: {score, rule, values}}}``.

    cib
        The parsed configuration.

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
        found["rule"] = None if rule.get("id-ref") else __salt__["cib_rules.read"](rule)
        if found["rule"] is None:
            found["foreign"] = "has a rule that pcs has no words for"
    return found


def write(cib, kind, name, action, data):
    if not isinstance(data, dict):
        __salt__["cib_pairs.write"](cib, kind, name, action, data)
    elif action == "remove":
        cib.forget(cib.by_id[name])
    else:
        _write_set(cib, kind, name, data)


def _write_set(cib, kind, name, data):
    element = cib.by_id.get(name)
    if element is None:
        element = ET.SubElement(cib.section(_SECTIONS[kind]), _TAG, {"id": name})
        cib.by_id[name] = element
        cib.taken.add(name)
    if "score" in data:
        if data["score"] is None:
            element.attrib.pop("score", None)
        else:
            element.set("score", data["score"])
    if "rule" in data:
        # the older schemas want a score of the rule, nobody reads it
        score = {"score": "INFINITY"} if cib.schema() < (3, 9) else {}
        __salt__["cib_rules.write"](cib, element, data["rule"], score)
    cib.write_pairs([element], data.get("values", {}), id_length=20)


# The comparison ----------------------------------------------------------------------------------


def _rule(one):
    return __salt__["cib_rules.meaning"](one["rule"])


def _score(one):
    return __salt__["cib_meaning.number"](one["score"] or "0")


def _about(one):
    return (_rule(one), _score(one))


def compare(plan, kind):
    if isinstance(plan.want[kind], list):
        _compare_list(plan, kind)
    else:
        __salt__["cib_pairs.compare"](plan, kind)
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
