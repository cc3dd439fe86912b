"""
Groups: primitives that run together, started in the order of their members.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET

_AROUND = ("resources", "group", "clone", "master", "bundle")  # what may stand around a primitive


def check(check, kind, path, value):
    found = {}
    for name, inner in check.mapping(path, value).items():
        here = f"{path}:{name}"
        check.identifier(here, name)
        if isinstance(inner, (list, tuple)):
            inner = {"members": inner}
        inner = check.mapping(here, inner, ("members", "meta", "description"))
        members = check.names(f"{here}:members", inner.get("members"))
        if not members:
            check.problem(here, "a group needs at least one member")
        found[name] = {
            "members": members,
            "meta": check.scalars(f"{here}:meta", inner.get("meta")),
            "description": check.text(f"{here}:description", inner.get("description")),
        }
    return found


def read(cib, kind):
    found = {}
    for container in cib.section("resources").iter():
        for element in container.findall("group"):
            found[element.get("id")] = {
                "members": [member.get("id") for member in element.findall("primitive")],
                "meta": cib.values(cib.plain_sets(element, "meta_attributes")),
                "description": element.get("description"),
                "inside": __salt__["cib_tree.inside"](container),
            }
    return found


def write(cib, kind, name, action, data):
    {"create": _create, "change": _change, "remove": _remove}[action](cib, name, data)


def _create(cib, name, new):
    """A new group, where its first member stands that is in no group."""
    resources, element = cib.section("resources"), ET.Element("group", {"id": name})
    places = [i for i, child in enumerate(resources) if child.get("id") in new["members"]]
    resources.insert(places[0] if places else len(resources), element)
    cib.taken.add(name)
    cib.by_id[name] = element
    _change(cib, name, new)


def _change(cib, name, change):
    element = cib.by_id[name]
    cib.set_description(element, change)
    if "members" in change:
        _arrange(cib, element, change["members"])
    cib.write_values(element, "meta_attributes", change.get("meta", {}))


def _arrange(cib, group, members):
    """Put the members into the group in this order; those that leave come right after it."""
    before = []
    for child in list(group):
        if child.tag == "primitive":
            break
        before.append(child)
    after = [c for c in group if c.tag != "primitive" and c not in before]
    leaving = [c for c in group.findall("primitive") if c.get("id") not in members]
    __salt__["cib_tree.release"](cib, group, leaving)
    inside = [cib.by_id[member] for member in members]
    group[:] = before + after
    resources = cib.section("resources")
    for container in [one for tag in _AROUND for one in resources.iter(tag)]:
        for child in container.findall("primitive"):
            if child.get("id") in members:
                container.remove(child)
    group[:] = before + inside + after


def _remove(cib, name, _):
    element = cib.by_id[name]
    __salt__["cib_tree.release"](cib, element, element.findall("primitive"))
    cib.remove_resource(name)


def compare(plan, kind):
    want, live = plan.want[kind], plan.live[kind]
    for name, wanted in want.items():
        if not _members_exist(plan, name, wanted):
            continue
        if name in live:
            _compare_one(plan, name, wanted, live[name])
        elif plan.claim(f"{kind}:{name}", name):
            new = {"members": wanted["members"], "meta": plan.present(wanted["meta"])}
            if wanted.get("description"):
                new["description"] = wanted["description"]
            plan.add(kind, name, "create", new, {"old": None, "new": plan.told(new)})
    plan.note_others(kind)
    plan.record[kind] = list(want)


def _members_exist(plan, name, wanted):
    """Whether every member is a primitive that a group can take."""
    path, may_hold = f"groups:{name}:members", __salt__["cib_tree.may_hold"]
    # each of them is asked, so that every problem is told
    good = [may_hold(plan, path, "groups", name, member) for member in wanted["members"]]
    return all(good)


def _compare_one(plan, name, wanted, found):
    edit, change = {}, {}
    members = _merged_members(plan, wanted["members"], found["members"])
    if members != found["members"]:
        edit["members"] = members
        change["members"] = {"old": found["members"], "new": members}
    plan.compare_meta(name, wanted, found, edit, change)
    if edit:
        plan.add("groups", name, "change", edit, change)


def _merged_members(plan, wanted, found):
    """The described members in their order; a stranger stays behind the one it stands behind."""
    others = [one for one in found if one not in wanted and one not in plan.holders]
    strangers = plan.strangers("primitives", others)
    merged, before = list(wanted), None
    for name in found:
        if name in strangers:
            merged.insert(merged.index(before) + 1 if before else 0, name)
            before = name
        elif name in merged:
            before = name
    return merged


def describe(live, kind):
    return dict(live[kind])
