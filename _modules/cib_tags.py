"""
Tags: one name for several resources, in an order that is kept.

A tag ends with the last of what it names. Constraints may name a tag, so it comes before them.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET

KIND = "tags"


def check(check, kind, path, value):
    found = {}
    for name, inner in check.mapping(path, value).items():
        here = f"{path}:{name}"
        check.identifier(here, name)
        found[name] = {"members": check.names(here, inner)}
        if not found[name]["members"]:
            check.problem(here, "a tag needs at least one member")
    return found


def describe(live, kind):
    return {name: list(one["members"]) for name, one in live[kind].items()}


# The XML -----------------------------------------------------------------------------------------


def read(cib, kind):
    return {
        tag.get("id"): {"members": [one.get("id") for one in tag.findall("obj_ref")]}
        for tag in cib.configuration.findall("tags/tag")
    }


def write(cib, kind, name, action, data):
    # a tag is gone already when all that it named was removed
    tag = cib.by_id.get(name)
    if action == "remove":
        if tag is not None:
            cib.forget(tag)
        return
    if tag is None:
        tag = ET.SubElement(cib.section("tags"), "tag", {"id": name})
        cib.taken.add(name)
        cib.by_id[name] = tag
    tag[:] = [ET.Element("obj_ref", {"id": member}) for member in data["members"]]


# The comparison ----------------------------------------------------------------------------------


def compare(plan, kind):
    want, live = plan.want[kind], plan.live[kind]
    leaving = set(plan.leaving(kind))
    # what tags name may be a tag, too
    plan.gone |= leaving
    for name, wanted in want.items():
        missing = [one for one in wanted["members"] if not _will_be(plan, one)]
        for member in missing:
            plan.problems.append(f"{kind}:{name}: there is no {member}")
        if missing:
            continue
        if name in live:
            _change(plan, name, live[name]["members"], wanted["members"])
        elif plan.claim(f"{kind}:{name}", name):
            plan.add(kind, name, "create", wanted, {"old": None, "new": wanted["members"]})
    for name, found in live.items():
        if name in want:
            continue
        left = [one for one in found["members"] if one not in plan.gone]
        if name in leaving or not left:
            plan.gone.add(name)
            plan.add(kind, name, "remove", True, {"old": found["members"], "new": None})
        else:
            _change(plan, name, found["members"], left)
    plan.note_others(kind, keep=plan.gone)
    plan.record[kind] = list(want)


def _change(plan, name, old, new):
    if old != new:
        plan.add(KIND, name, "change", {"members": new}, {"members": {"old": old, "new": new}})


def _will_be(plan, name):
    # anything with an id can be tagged, a constraint of others as well
    return name in plan.taken and name not in plan.gone
