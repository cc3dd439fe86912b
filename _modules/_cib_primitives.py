"""
Primitives: resources of one agent each, fencing devices included.

Instance and meta attributes are owned whole: one that is not described is removed.

A described operation is told from others of its name by its role and interval. What it does not
say is the agent's default for a new one and stays what it is for a live one. Describing an
operation owns all of its name, as with pcs.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from typing import Any

import _cib_tree
import _cib_values
from _cib_checker import Checker
from _cib_comparison import Plan
from _cib_values import Data
from _cib_xml import Cib

_WHOLE = re.compile(r"^-?\d+$", re.A)
_PART = r":(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9_.@+/\\-]*"
_AGENT = re.compile(rf"(ocf{_PART}|(?!ocf:)[A-Za-z0-9_-]+){_PART}\Z")
ON_FAIL = tuple("ignore block demote stop restart standby fence restart-container".split())
_FIELDS = (
    *("agent", "attributes", "optional", "ahead", "meta", "utilization", "operations"),
    *("default-operations", "description"),
)


# The description ---------------------------------------------------------------------------------


def check(check: Checker, kind: str, path: str, value: Any) -> Any:
    found = {}
    for name, inner in check.mapping(path, value).items():
        here = f"{path}:{name}"
        check.identifier(here, name)
        inner = check.mapping(here, inner, _FIELDS, required=("agent",))
        attributes, secrets = check.attributes(f"{here}:attributes", inner.get("attributes"))
        found[name] = {
            "agent": _agent(check, f"{here}:agent", inner.get("agent")),
            "description": check.text(f"{here}:description", inner.get("description")),
            "attributes": attributes,
            "secrets": secrets,
            "optional": check.names(f"{here}:optional", inner.get("optional")),
            "ahead": check.names(f"{here}:ahead", inner.get("ahead")),
            "meta": check.scalars(f"{here}:meta", inner.get("meta")),
            "utilization": _utilization(check, f"{here}:utilization", inner.get("utilization")),
            "operations": _operations(check, f"{here}:operations", inner.get("operations")),
            # whether a new one gets the agent's default operations, or a monitor alone
            "all_defaults": check.boolean(
                f"{here}:default-operations", inner.get("default-operations")
            )
            != "false",
        }
    return found


def _agent(check, path, value):  # it stands in command lines of Pacemaker's tools
    if value and not _AGENT.match(str(value)):
        check.problem(
            path,
            f"{value!r} is no full agent name, such as ocf:heartbeat:IPaddr2 or systemd:name",
        )
    return str(value or "")


def _utilization(check, path, value):
    found = check.scalars(path, value)
    for name, inner in found.items():
        check.pattern(f"{path}:{name}", inner, _WHOLE, "a whole number")
    return found


def _operations(check, path, value):
    """A list of ``{"name": ..., option: value}``, from any of the three ways to write it."""
    found = []
    if isinstance(value, dict):
        for name, inner in value.items():
            several = inner if isinstance(inner, (list, tuple)) else [inner]
            for index, options in enumerate(several):
                here = f"{path}:{name}" + (f":{index}" if several is inner else "")
                found.append(_operation(check, here, options, str(name)))
    else:
        for index, options in enumerate(check.listing(path, value)):
            here = f"{path}:{index}"
            options = check.mapping(here, options, required=("name",))
            found.append(_operation(check, here, options, str(options.get("name") or "")))
    _no_same_interval(check, path, found)
    return found


# How each is checked: a method of the checker.
_OPERATION_FIELDS = {
    "interval": "duration",
    "timeout": "duration",
    "start-delay": "duration",
    "role": "role",
    "on-fail": "choice",
    "enabled": "boolean",
    "record-pending": "boolean",
    "interval-origin": "text",
    "description": "text",
    "OCF_CHECK_LEVEL": "text",
}


def _operation(check, path, value, name):
    found = {"name": name}
    if name:
        check.word(path, name)
    for key, inner in check.mapping(path, value, [*_OPERATION_FIELDS, "name"]).items():
        if key in _OPERATION_FIELDS:
            more = (ON_FAIL,) if key == "on-fail" else ()
            found[key] = getattr(check, _OPERATION_FIELDS[key])(f"{path}:{key}", inner, *more)
    return found


def _no_same_interval(check, path, operations):
    """Pacemaker tells a resource's operations apart by name and interval alone."""
    seen = set()
    for operation in operations:
        if operation.get("interval") is None:
            continue  # the agent's default, made unique
        mark = (operation["name"], _cib_values.milliseconds(operation["interval"]))
        if mark in seen:
            check.problem(path, f"two {mark[0]} operations have the same interval")
        seen.add(mark)


# The XML -----------------------------------------------------------------------------------------


def read(cib: Cib, kind: str) -> Data:
    found = {}
    for container in cib.section("resources").iter():
        for element in container.findall("primitive"):
            source = cib.by_id.get(element.get("template"), element)
            parts = [source.get("class"), source.get("provider"), source.get("type")]
            found[element.get("id")] = {
                "agent": ":".join(part for part in parts if part),
                "description": element.get("description"),
                "attributes": cib.values(cib.plain_sets(element, "instance_attributes")),
                "meta": cib.values(cib.plain_sets(element, "meta_attributes")),
                "utilization": cib.values(cib.plain_sets(element, "utilization")),
                "operations": [_read_op(cib, op) for op in _ops(cib, element)],
                "inside": _cib_tree.inside(container),
            }
    return found


def _ops(cib, primitive):
    """Its operations, which may be another's, too."""
    found = primitive.find("operations")
    return [] if found is None else cib.target(found).findall("op")


def _read_op(cib, element):
    values = dict(cib.target(element).attrib)
    if "role" in values:
        values["role"] = cib.role_name(values["role"])
    sets = cib.plain_sets(cib.target(element), "instance_attributes")
    level = cib.values(sets).get("OCF_CHECK_LEVEL")
    if level is not None:
        values["OCF_CHECK_LEVEL"] = level
    return values


def write(cib: Cib, kind: str, name: str, action: str, data: Any) -> None:
    if action == "create":
        _create(cib, name, data)
    elif action == "change":
        _change(cib, name, data)
    else:
        cib.remove_resource(name)


def _create(cib, name, new):
    element = cib.register(ET.SubElement(cib.section("resources"), "primitive", {"id": name}))
    _set_agent(element, new["agent"])
    if new.get("description"):
        element.set("description", new["description"])
    cib.write_values(element, "instance_attributes", new.get("attributes", {}))
    cib.write_values(element, "meta_attributes", new.get("meta", {}))
    ET.SubElement(element, "operations")
    for operation in sorted(new["operations"], key=lambda op: op["name"]):
        _create_op(cib, element, operation)
    cib.write_values(element, "utilization", new.get("utilization", {}))


def _set_agent(element, agent):
    parts = agent.split(":")
    element.attrib.pop("template", None)
    element.set("class", parts[0])
    element.set("type", parts[-1])
    if len(parts) == 3:
        element.set("provider", parts[1])
    else:
        element.attrib.pop("provider", None)


def _create_op(cib, primitive, values):
    operations = primitive.find("operations")
    if operations is None:
        operations = ET.SubElement(primitive, "operations")
    suffix = f"{values['name']}-interval-{values.get('interval', '0s')}"
    element = ET.SubElement(operations, "op")
    _write_op(cib, element, values)
    element.set("id", cib.new_id(f"{primitive.get('id')}-{suffix}"))
    if values.get("OCF_CHECK_LEVEL"):
        level = {"OCF_CHECK_LEVEL": values["OCF_CHECK_LEVEL"]}
        cib.write_values(element, "instance_attributes", level)


def _write_op(cib, element, values):
    for name, value in values.items():
        if name in ("id", "OCF_CHECK_LEVEL"):
            continue
        if value is None:
            element.attrib.pop(name, None)
        else:
            element.set(name, cib.role(value) if name == "role" else value)


def _change(cib, name, change):
    element = cib.by_id[name]
    if "agent" in change:
        _set_agent(element, change["agent"])
    cib.set_description(element, change)
    cib.write_values(element, "instance_attributes", change.get("attributes", {}), index=0)
    cib.write_values(element, "meta_attributes", change.get("meta", {}))
    cib.write_values(element, "utilization", change.get("utilization", {}))
    if "operations" in change:
        _change_ops(cib, element, change["operations"])


def _change_ops(cib, primitive, edits):
    present = _own_ops(cib, primitive)
    for operation in edits:
        if "create" in operation:
            _create_op(cib, primitive, operation["create"])
            continue
        op_element = cib.own(present[operation["id"]])
        if operation.get("remove"):
            cib.forget(op_element)
            continue
        _write_op(cib, op_element, operation["set"])
        if "OCF_CHECK_LEVEL" in operation["set"]:
            level = {"OCF_CHECK_LEVEL": operation["set"]["OCF_CHECK_LEVEL"]}
            cib.write_values(op_element, "instance_attributes", level)


def _own_ops(cib, primitive):
    """Its operations by the ids they were read with; those of another become its own copy."""
    operations = primitive.find("operations")
    if operations is None:
        return {}
    ids = [cib.target(op).get("id") for op in cib.target(operations).findall("op")]
    return dict(zip(ids, cib.own(operations).findall("op")))


# The comparison ----------------------------------------------------------------------------------


def compare(plan: Plan, kind: str) -> None:
    want, live = plan.want[kind], plan.live[kind]
    recorded = _recorded_operations(plan)
    for name, wanted in want.items():
        if name in live:
            _compare_one(plan, name, wanted, live[name], recorded.get(name, []))
        elif plan.claim(f"{kind}:{name}", name):
            new = _new_primitive(plan, wanted)
            told = plan.told({**new, "secrets": wanted["secrets"]})
            plan.add(kind, name, "create", new, {"old": None, "new": told})
    plan.note_others(kind)
    plan.record[kind] = list(want)
    plan.record["operations"] = [
        f"{name}.{operation}"
        for name, wanted in want.items()
        for operation in {op["name"] for op in wanted["operations"]}
    ]


def _new_primitive(plan, wanted):
    new = {key: wanted[key] for key in ("agent", "description") if wanted.get(key)}
    new["attributes"] = plan.present(wanted["attributes"])
    new["meta"] = plan.present(wanted["meta"])
    new["utilization"] = plan.present(wanted["utilization"])
    new["operations"] = new_operations(wanted["operations"], wanted.get("defaults") or [])
    return new


def _compare_one(plan, name, wanted, found, recorded):
    edit, change = Data(), Data()
    plan.compare_fields(("agent",), wanted, found, edit, change)
    _compare_attributes(plan, wanted, found, edit, change)
    plan.compare_meta(name, wanted, found, edit, change)
    plan.compare_values("utilization", wanted, found, edit, change)
    _compare_operations(wanted, found, recorded, edit, change)
    if edit:
        plan.add("primitives", name, "change", edit, change)


def _compare_attributes(plan, wanted, found, edit, change):
    edited = plan.differences(wanted["attributes"], found["attributes"], _cib_values.same_text)
    if edited:
        edit["attributes"] = edited
    for key, value in edited.items():
        secret = key in wanted["secrets"] or key in found.get("secrets", ())
        old = plan.shown(key, found["attributes"].get(key), secret)
        change[f"attributes:{key}"] = {"old": old, "new": plan.shown(key, value, secret)}


def _recorded_operations(plan):
    """The operations that are ours, by primitive; a partial description gives none of them up."""
    found: dict[str, list[str]] = {}
    for mark in sorted(plan.owned.get("operations", ())) if not plan.partial else ():
        name, operation = mark.rsplit(".", 1)
        found.setdefault(name, []).append(operation)
    return found


def _compare_operations(wanted, found, recorded, edit, change):
    operations = changed_operations(
        wanted["operations"], found["operations"], wanted.get("defaults") or [], recorded
    )
    if operations["edits"]:
        edit["operations"] = operations["edits"]
        change.update(operations["changes"])


def describe(live: Data, kind: str) -> Any:
    return dict(live[kind])


def new_operations(described: list[Data], defaults: list[Data]) -> list[Data]:
    """
    Return the operations of a new primitive: the agent's defaults, the described ones over them.

    described
        A list of ``{"name": ..., option: value}``.
    """
    wanted, usual = _by_name(described), _by_name(defaults)
    found = []
    for name in list(wanted) + [name for name in usual if name not in wanted]:
        if name not in wanted:
            found += usual[name]
            continue
        pairs = _matches(wanted[name], usual.get(name, []))
        for index, operation in enumerate(wanted[name]):
            base = usual[name][pairs[index]] if index in pairs else None
            found.append(_filled(operation, base, usual.get(name, [])))
    return _own_intervals(found)


def changed_operations(
    described: list[Data],
    live: list[Data],
    defaults: list[Data],
    given_up: Iterable[str] = (),
) -> Data:
    """
    Return the edits to a live primitive's operations, and how they are told.

    live
        The operations it has, as :py:func:`_cib_kinds.read` returns them.

    given_up
        Names of operations that were described once and are no longer; they get the agent's
        default back.

    Returns ``edits`` (for :py:func:`_cib_kinds.edit`) and ``changes`` (by path, old and new).
    """
    wanted, present, usual = _by_name(described), _by_name(live), _by_name(defaults)
    found, change = [], Data()
    for name, several in wanted.items():
        there = present.get(name, [])
        pairs = _matches(several, there)
        for index, one in enumerate(several):
            if index in pairs:
                found += _change_op(one, there[pairs[index]], change)
            else:
                base = None
                if not there:
                    match = _matches([one], usual.get(name, [])).get(0)
                    base = None if match is None else usual[name][match]
                found += _added(_filled(one, base, usual.get(name, [])), change)
        for index, one in enumerate(there):
            if index not in pairs.values():
                found += _remove_op(one, change)
    for name in given_up:
        if name not in wanted:
            found += _reset_ops(usual.get(name, []), present.get(name, []), change)
    return {"edits": found, "changes": change}


def _interval(operation):
    found = operation.get("interval") or ("60s" if operation["name"] == "monitor" else "0")
    return _cib_values.milliseconds(found)


def _matches(wanted, found):
    """Pairs of indexes: which described operation is which of those found (same name all)."""
    left_wanted, left_found = list(range(len(wanted))), list(range(len(found)))
    pairs = {}
    for likeness in (
        lambda w, f: _like(w, f, "role") and "interval" in w and _interval(w) == _interval(f),
        lambda w, f: _like(w, f, "role") and "role" in w,
        lambda w, f: "role" not in w and "role" not in f,
        lambda w, f: "role" not in w,
    ):
        for w in list(left_wanted):
            for f in left_found:
                if likeness(wanted[w], found[f]):
                    pairs[w] = f
                    left_wanted.remove(w)
                    left_found.remove(f)
                    break
    return pairs


def _like(wanted, found, key):
    return key not in wanted or wanted[key] == found.get(key)


def _by_name(operations):
    found: dict[str, list[Data]] = {}
    for operation in operations:
        found.setdefault(operation["name"], []).append(operation)
    return found


def _filled(operation, base, defaults):
    """A described operation with what it leaves open taken from the agent's default."""
    if base is None:
        base = {"timeout": defaults[0]["timeout"]} if defaults and "timeout" in defaults[0] else {}
    interval = "60s" if operation["name"] == "monitor" else "0s"
    filled = {"name": operation["name"], "interval": interval, **base, **operation}
    return {key: value for key, value in filled.items() if value is not None and key != "id"}


def _own_intervals(operations):
    """As pcs does: a second after the one that is taken already."""
    seen = set()
    for operation in operations:
        while (operation["name"], _interval(operation)) in seen:
            operation["interval"] = f"{_interval(operation) // 1000 + 1}"
        seen.add((operation["name"], _interval(operation)))
    return operations


def _reset_ops(defaults, live, change):
    found = []
    pairs = _matches(defaults, live)
    for index, default in enumerate(defaults):
        if index in pairs:
            one = live[pairs[index]]
            whole = {**{key: None for key in one if key not in ("id", "name")}, **default}
            found += _change_op(whole, one, change)
        else:
            found += _added(dict(default), change)
    for index, one in enumerate(live):
        if index not in pairs.values():
            found += _remove_op(one, change)
    return found


def _path(operation):
    """How an operation is named in ``changes``."""
    role = f":{operation['role']}" if operation.get("role") else ""
    return f"operations:{operation['name']}:{operation.get('interval', '0s')}{role}"


def _change_op(wanted, found, change):
    edited = {
        key: value
        for key, value in wanted.items()
        if key not in ("name", "id") and not _cib_values.same(value, found.get(key))
    }
    if not edited:
        return []
    for key, value in edited.items():
        change[f"{_path(found)}:{key}"] = {"old": found.get(key), "new": value}
    return [{"id": found.get("id"), "set": edited}]


def _added(new, change):
    change[_path(new)] = {"old": None, "new": dict(new)}
    return [{"create": new}]


def _remove_op(found, change):
    old = {key: value for key, value in found.items() if key != "id"}
    change[_path(found)] = {"old": old, "new": None}
    return [{"id": found.get("id"), "remove": True}]
