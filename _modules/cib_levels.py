"""
Fencing levels: which devices fence a node, and in which order they are tried.

A level is known by its target (a node, a pattern of names, or a node attribute with its value) and
its number, not by its id. All devices of a level have to work for it to count.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

KIND = "fence_levels"
TARGETS = ("target", "target-pattern", "target-attribute", "target-value")
LEVELS = range(1, 10)


# The description ---------------------------------------------------------------------------------


def check(check, kind, path, value):
    found, seen = [], {}
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


def describe(live, kind):
    return [dict(one) for one in live[kind].values()]


# The XML -----------------------------------------------------------------------------------------


def read(cib, kind):
    found = {}
    for element in cib.configuration.findall("fencing-topology/fencing-level"):
        one = {name: element.get(name) for name in TARGETS if element.get(name) is not None}
        one["level"] = element.get("index")
        one["devices"] = element.get("devices", "").split(",")
        found[element.get("id")] = one
    return found


def write(cib, kind, name, action, data):
    if action == "remove":
        cib.forget(cib.by_id[name])
    elif action == "change":
        cib.by_id[name].set("devices", ",".join(data["devices"]))
    else:
        values = {target: data[target] for target in TARGETS if target in data}
        values.update(index=data["level"], devices=",".join(data["devices"]), id=name)
        element = ET.SubElement(cib.section("fencing-topology"), "fencing-level", values)
        cib.taken.add(name)
        cib.by_id[name] = element


# The comparison ----------------------------------------------------------------------------------


def compare(plan, kind):
    live, recorded = plan.live[kind], plan.owned.get(kind, ())
    about, record = {}, []
    for name, found in live.items():
        about.setdefault(_about(found), []).append(name)
    described = set()
    for wanted in plan.want[kind]:
        names = about.get(_about(wanted), [])
        described.update(names)
        if _possible(plan, wanted):
            record.append(_compare_one(plan, wanted, names))
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


def _compare_one(plan, wanted, names):
    """Make the live levels of one target and number the one that is described."""
    if not names:
        name = plan.new_id(_new_id(wanted))
        new = {key: value for key, value in wanted.items() if key != "path"}
        plan.add(KIND, name, "create", new, {"old": None, "new": new})
        return name
    live = plan.live[KIND]
    same = [name for name in names if live[name]["devices"] == wanted["devices"]]
    kept = (same or names)[0]
    if not same:
        change = {"devices": {"old": live[kept]["devices"], "new": wanted["devices"]}}
        plan.add(KIND, kept, "change", {"devices": wanted["devices"]}, change)
    for name in names:
        # Pacemaker adds the devices of all of them
        if name != kept:
            _remove(plan, name)
    return kept


def _new_id(wanted):
    target = next(wanted[name] for name in TARGETS if name in wanted)
    return "fl-" + re.sub(r"[^a-zA-Z0-9_.-]", "", f"{target}-{wanted['level']}")


def _remove(plan, name):
    plan.add(KIND, name, "remove", True, {"old": dict(plan.live[KIND][name]), "new": None})


def _without_what_goes(plan, name, found):
    """A level of others that names a device that goes: without it, or not at all."""
    left = [device for device in found["devices"] if device not in plan.gone]
    if left == found["devices"]:
        return
    if left:
        change = {"devices": {"old": found["devices"], "new": left}}
        plan.add(KIND, name, "change", {"devices": left}, change)
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
        problem = __salt__["cib_nodes.unknown"](plan, wanted["target"])
        if problem:
            plan.problems.append(f"{path}:target: {problem}")
            good = False
    return good


def _agent(plan, name):
    if name in plan.want["primitives"]:
        return plan.want["primitives"][name]["agent"]
    found = plan.live["primitives"].get(name)
    return found["agent"] if found and name not in plan.gone else None
