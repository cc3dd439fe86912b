"""
What names other objects by their ids: tags, and access control.

Tags: one name for several resources, in an order that is kept. A tag ends with the last of what it
names. Constraints may name a tag, so it comes before them.

Access control: roles with permissions, and the users and groups of the system that have them. They
count only while the property ``enable-acl`` is true. The objects of this kind are named by what
they are and their name: ``roles:operator``, ``users:anna``, ``groups:staff``.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

from _cib_checker import Checker
from _cib_comparison import Plan
from _cib_values import Data
from _cib_xml import Cib

KIND = "tags"


def check_tags(check: Checker, kind: str, path: str, value: Any) -> Any:
    found = {}
    for name, inner in check.mapping(path, value).items():
        here = f"{path}:{name}"
        check.identifier(here, name)
        found[name] = {"members": check.names(here, inner)}
        if not found[name]["members"]:
            check.problem(here, "a tag needs at least one member")
    return found


def describe_tags(live: Data, kind: str) -> Any:
    return {name: list(one["members"]) for name, one in live[kind].items()}


# The XML -----------------------------------------------------------------------------------------


def read_tags(cib: Cib, kind: str) -> Data:
    return {
        tag.get("id", ""): {"members": [one.get("id") for one in tag.findall("obj_ref")]}
        for tag in cib.configuration.findall("tags/tag")
    }


def write_tags(cib: Cib, kind: str, name: str, action: str, data: Any) -> None:
    # a tag is gone already when all that it named was removed
    tag = cib.by_id.get(name)
    if action == "remove":
        if tag is not None:
            cib.forget(tag)
        return
    if tag is None:
        tag = cib.register(ET.SubElement(cib.section("tags"), "tag", {"id": name}))
    tag[:] = [ET.Element("obj_ref", {"id": member}) for member in data["members"]]


# The comparison ----------------------------------------------------------------------------------


def compare_tags(plan: Plan, kind: str) -> None:
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


_ACLS = "acls"
ACCESS = ("read", "write", "deny")
TAGS = {"roles": "acl_role", "users": "acl_target", "groups": "acl_group"}
SCOPES = ("xpath", "reference", "object-type")
_FIELDS = ("access", *SCOPES, "attribute", "description")


# The description ---------------------------------------------------------------------------------


def check_acls(check: Checker, kind: str, path: str, value: Any) -> Any:
    found = {}
    value = check.mapping(path, value, TAGS)
    for part in TAGS:
        for name, inner in check.mapping(f"{path}:{part}", value.get(part)).items():
            here = f"{path}:{part}:{name}"
            if part == "users":
                check.word(here, name)
            else:
                check.identifier(here, name)
            if part == "roles":
                found[f"{part}:{name}"] = _role(check, here, inner)
            else:
                found[f"{part}:{name}"] = {"roles": check.names(here, inner)}
    return found


def _role(check, path, value):
    value = check.mapping(path, value, ("description", "permissions"))
    found, here = [], f"{path}:permissions"
    for index, entry in enumerate(check.listing(here, value.get("permissions"))):
        found.append(_permission(check, f"{here}:{index}", entry))
    description = check.text(f"{path}:description", value.get("description"))
    return {"description": description, "permissions": found}


def _permission(check, path, entry):
    entry = check.mapping(path, entry, _FIELDS, required=("access",))
    found = {name: check.text(f"{path}:{name}", entry.get(name)) for name in _FIELDS}
    found["access"] = check.choice(f"{path}:access", entry.get("access"), ACCESS)
    if len([name for name in SCOPES if found[name]]) != 1:
        check.problem(path, f"needs one of: {', '.join(SCOPES)}")
    if found["attribute"] and not found["object-type"]:
        check.problem(f"{path}:attribute", "goes with an object-type only")
    return {name: value for name, value in found.items() if value is not None}


def describe_acls(live: Data, kind: str) -> Any:
    found: Data = {}
    for mark, one in live[kind].items():
        part, name = mark.split(":", 1)
        roles = part == "roles"
        told = {key: one[key] for key in one if one[key]} if roles else list(one["roles"])
        found.setdefault(part, {})[name] = told
    return found


# The XML -----------------------------------------------------------------------------------------


def read_acls(cib: Cib, kind: str) -> Data:
    found = {}
    for part, tag in TAGS.items():
        for element in cib.configuration.findall(f"acls/{tag}"):
            found[f"{part}:{_name(element)}"] = (
                _read_role(element)
                if part == "roles"
                else {"roles": [one.get("id") for one in element.findall("role")]}
            )
    return found


def _name(element):
    # newer Pacemaker lets a user's name differ from the id
    return element.get("name") or element.get("id")


def _read_role(element):
    permissions = []
    for one in element.findall("acl_permission"):
        values = {**one.attrib, "access": one.get("kind")}
        permissions.append({name: values[name] for name in _FIELDS if name in values})
    return {"description": element.get("description"), "permissions": permissions}


def write_acls(cib: Cib, kind: str, name: str, action: str, data: Any) -> None:
    part, name = name.split(":", 1)
    acls = cib.section("acls")
    element = next((one for one in acls.findall(TAGS[part]) if _name(one) == name), None)
    if action == "remove":
        cib.forget(element)
        return
    if element is None:
        element = ET.SubElement(acls, TAGS[part], {"id": name})
        if part != "users":
            cib.register(element)
    cib.set_description(element, data)
    if "roles" in data:
        element[:] = [ET.Element("role", {"id": role}) for role in data["roles"]]
    if "permissions" in data:
        _write_permissions(cib, element, data["permissions"])


def _write_permissions(cib, element, permissions):
    """A permission that stays keeps its element, and so its id."""
    left = list(zip(_read_role(element)["permissions"], element.findall("acl_permission")))
    kept = []
    for wanted in permissions:
        same = next((pair for pair in left if pair[0] == wanted), None)
        if same:
            left.remove(same)
        kept.append(same[1] if same else None)
    for _, old in left:
        cib.forget(old)
    element[:] = [
        _new_permission(cib, element, wanted) if old is None else old
        for wanted, old in zip(permissions, kept)
    ]


def _new_permission(cib, role, wanted):
    values = {"id": cib.new_id(f"{role.get('id')}-{wanted['access']}"), "kind": wanted["access"]}
    values.update({name: value for name, value in wanted.items() if name != "access"})
    return ET.Element("acl_permission", values)


# The comparison ----------------------------------------------------------------------------------


def compare_acls(plan: Plan, kind: str) -> None:
    want, live = plan.want[kind], plan.live[kind]
    leaving = set(plan.leaving(kind))
    removed = plan.gone | {one["id"] for one in plan.edits if one.get("remove")}
    for name, wanted in want.items():
        if not _possible(plan, name, wanted, leaving, removed):
            continue
        if name in live:
            _change_acls(plan, name, live[name], wanted)
        elif name.startswith("users:") or plan.claim(f"{kind}:{name}", name.split(":", 1)[1]):
            new = {key: value for key, value in wanted.items() if value is not None}
            plan.add(kind, name, "create", new, {"old": None, "new": new})
    for name, found in live.items():
        if name in leaving:
            plan.add(kind, name, "remove", True, {"old": _told(found), "new": None})
        elif name not in want:
            _change_acls(plan, name, found, _without(found, leaving, removed))
    plan.note_others(kind)
    plan.record[kind] = list(want)


def _told(one):
    return {key: value for key, value in one.items() if value is not None}


def _possible(plan, name, wanted, leaving, removed):
    """Whether the roles and the ids that an entry names will be there."""
    missing = [
        f"there is no role {role}"
        for role in wanted.get("roles", ())
        if f"roles:{role}" not in plan.want[_ACLS]
        and (f"roles:{role}" not in plan.live[_ACLS] or f"roles:{role}" in leaving)
    ]
    missing += [
        f"there is nothing with the id {one['reference']}"
        for one in wanted.get("permissions", ())
        if "reference" in one
        and (one["reference"] not in plan.taken or one["reference"] in removed)
    ]
    plan.problems += [f"{_ACLS}:{name}: {text}" for text in missing]
    return not missing


def _without(found, leaving, removed):
    """An entry of others without the roles and ids that go."""
    left = dict(found)
    if "roles" in left:
        left["roles"] = [role for role in left["roles"] if f"roles:{role}" not in leaving]
    if "permissions" in left:
        left["permissions"] = [
            one for one in left["permissions"] if one.get("reference") not in removed
        ]
    return left


def _change_acls(plan, name, found, wanted):
    edit, change = Data(), Data()
    plan.compare_fields(tuple(wanted), wanted, found, edit, change)
    if edit:
        plan.add(_ACLS, name, "change", edit, change)
