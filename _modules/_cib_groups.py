"""
Groups: primitives that run together, started in the order of their members. Clones: a primitive or
a group that runs on several nodes at once, promotable ones included.

That a clone is promotable is its meta attribute ``promotable``, as with ``pcs``. Pacemaker 2 still
takes the older element ``master`` for such a clone: it is read as one, and keeps its name.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import _cib_tree
import _cib_values
from _cib_checker import Checker
from _cib_comparison import Plan
from _cib_values import Data
from _cib_xml import Cib

_AROUND = ("resources", "group", "clone", "master", "bundle")  # what may stand around a primitive


def check_groups(check: Checker, kind: str, path: str, value: Any) -> Any:
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


def read_groups(cib: Cib, kind: str) -> Data:
    found = {}
    for container in cib.section("resources").iter():
        for element in container.findall("group"):
            found[element.get("id")] = {
                "members": [member.get("id") for member in element.findall("primitive")],
                "meta": cib.values(cib.plain_sets(element, "meta_attributes")),
                "description": element.get("description"),
                "inside": _cib_tree.inside(container),
            }
    return found


def write_groups(cib: Cib, kind: str, name: str, action: str, data: Any) -> None:
    {"create": _create, "change": _change, "remove": _remove}[action](cib, name, data)


def _create(cib, name, new):
    """A new group, where its first member stands that is in no group."""
    resources, element = cib.section("resources"), ET.Element("group", {"id": name})
    places = [i for i, child in enumerate(resources) if child.get("id") in new["members"]]
    resources.insert(places[0] if places else len(resources), element)
    cib.register(element)
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
    _cib_tree.release(cib, group, leaving)
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
    _cib_tree.release(cib, element, element.findall("primitive"))
    cib.remove_resource(name)


def compare_groups(plan: Plan, kind: str) -> None:
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
    path = f"groups:{name}:members"
    # each of them is asked, so that every problem is told
    good = [plan.may_hold(path, "groups", name, member) for member in wanted["members"]]
    return all(good)


def _compare_one(plan, name, wanted, found):
    edit, change = Data(), Data()
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


def describe_groups(live: Data, kind: str) -> Any:
    return dict(live[kind])


TAGS = ("clone", "master")
_INNER = ("primitive", "group")


# The description ---------------------------------------------------------------------------------


def check_clones(check: Checker, kind: str, path: str, value: Any) -> Any:
    found = {}
    allowed = ("resource", "promotable", "meta", "description")
    for name, inner in check.mapping(path, value).items():
        here = f"{path}:{name}"
        check.identifier(here, name)
        inner = check.mapping(here, inner, allowed, required=("resource",))
        meta = check.scalars(f"{here}:meta", inner.get("meta"))
        stated = check.boolean(f"{here}:promotable", inner.get("promotable"))
        found[name] = {
            "resource": check.text(f"{here}:resource", inner.get("resource")),
            "meta": _with_promotable(check, here, meta, stated),
            "description": check.text(f"{here}:description", inner.get("description")),
        }
    return found


def _with_promotable(check, path, meta, stated):
    """The meta attributes with ``promotable`` among them when it is true, and only then."""
    meta = dict(meta)
    also = meta.pop("promotable", None)
    also = check.boolean(f"{path}:meta:promotable", also)
    if stated and also and stated != also:
        check.problem(f"{path}:meta:promotable", f"{also}, but promotable is {stated}")
    return {**meta, "promotable": "true"} if "true" in (stated, also) else meta


def _told(one):
    """A clone as it is described."""
    meta = {name: value for name, value in one["meta"].items() if name != "promotable"}
    found = {**one, "meta": meta}
    if "promotable" in one["meta"]:
        found["promotable"] = True
    return found


def describe_clones(live: Data, kind: str) -> Any:
    return {name: _told(one) for name, one in live[kind].items()}


# The XML -----------------------------------------------------------------------------------------


def read_clones(cib: Cib, kind: str) -> Data:
    found = {}
    for element in cib.section("resources"):
        if element.tag not in TAGS:
            continue
        meta = cib.values(cib.plain_sets(element, "meta_attributes"))
        # what is not promotable need not say so
        promotable = _cib_values.boolean(meta.pop("promotable", "false"))
        if promotable or element.tag == "master":
            meta["promotable"] = "true"
        inner = [one.get("id") for one in element if one.tag in _INNER]
        found[element.get("id")] = {
            "resource": inner[0] if inner else None,
            "meta": meta,
            "description": element.get("description"),
        }
    return found


def write_clones(cib: Cib, kind: str, name: str, action: str, data: Any) -> None:
    if action == "remove":
        element = cib.by_id[name]
        inner = [one for one in element if one.tag in _INNER]
        _cib_tree.release(cib, element, inner)
        cib.remove_resource(name)
        return
    if action == "create":
        element = _cib_tree.new_holder(cib, "clone", name, data["resource"])
    else:
        element = cib.by_id[name]
    if "resource" in data:
        _cib_tree.hold(cib, element, data["resource"])
    cib.set_description(element, data)
    meta = dict(data.get("meta", {}))
    if element.tag == "master" and "promotable" in meta:
        element.tag = "clone"
    cib.write_values(element, "meta_attributes", meta)


# The comparison ----------------------------------------------------------------------------------


def compare_clones(plan: Plan, kind: str) -> None:
    want, live = plan.want[kind], plan.live[kind]
    for name, wanted in want.items():
        path = f"{kind}:{name}:resource"
        if not plan.may_hold(path, kind, name, wanted["resource"]):
            continue
        if name in live:
            _compare_one_clones(plan, kind, name, wanted, live[name])
        elif plan.claim(f"{kind}:{name}", name):
            new = {"resource": wanted["resource"], "meta": plan.present(wanted["meta"])}
            if wanted.get("description"):
                new["description"] = wanted["description"]
            plan.add(kind, name, "create", new, {"old": None, "new": plan.told(_told(new))})
    plan.note_others(kind)
    plan.record[kind] = list(want)


def _compare_one_clones(plan, kind, name, wanted, found):
    edit, change = Data(), Data()
    plan.compare_fields(("resource",), wanted, found, edit, change)
    plan.compare_meta(name, wanted, found, edit, change)
    if edit:
        plan.add(kind, name, "change", edit, change)
