"""
Access control: roles with permissions, and the users and groups of the system that have them.

They count only while the property ``enable-acl`` is true. The objects of this kind are named by
what they are and their name: ``roles:operator``, ``users:anna``, ``groups:staff``.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET

KIND = "acls"
ACCESS = ("read", "write", "deny")
TAGS = {"roles": "acl_role", "users": "acl_target", "groups": "acl_group"}
SCOPES = ("xpath", "reference", "object-type")
_FIELDS = ("access", *SCOPES, "attribute", "description")


# The description ---------------------------------------------------------------------------------


def check(check, kind, path, value):
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


def describe(live, kind):
    found = {}
    for mark, one in live[kind].items():
        part, name = mark.split(":", 1)
        if part == "roles":
            told = {key: value for key, value in one.items() if value}
        else:
            told = list(one["roles"])
        found.setdefault(part, {})[name] = told
    return found


# The XML -----------------------------------------------------------------------------------------


def read(cib, kind):
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


def write(cib, kind, name, action, data):
    part, name = name.split(":", 1)
    acls = cib.section("acls")
    element = next((one for one in acls.findall(TAGS[part]) if _name(one) == name), None)
    if action == "remove":
        cib.forget(element)
        return
    if element is None:
        element = ET.SubElement(acls, TAGS[part], {"id": name})
        if part != "users":
            cib.taken.add(name)
            cib.by_id[name] = element
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


def compare(plan, kind):
    want, live = plan.want[kind], plan.live[kind]
    leaving = set(plan.leaving(kind))
    removed = plan.gone | {one["id"] for one in plan.edits if one.get("remove")}
    for name, wanted in want.items():
        if not _possible(plan, name, wanted, leaving, removed):
            continue
        if name in live:
            _change(plan, name, live[name], wanted)
        elif name.startswith("users:") or plan.claim(f"{kind}:{name}", name.split(":", 1)[1]):
            new = {key: value for key, value in wanted.items() if value is not None}
            plan.add(kind, name, "create", new, {"old": None, "new": new})
    for name, found in live.items():
        if name in leaving:
            plan.add(kind, name, "remove", True, {"old": _told(found), "new": None})
        elif name not in want:
            _change(plan, name, found, _without(found, leaving, removed))
    plan.note_others(kind)
    plan.record[kind] = list(want)


def _told(one):
    return {key: value for key, value in one.items() if value is not None}


def _possible(plan, name, wanted, leaving, removed):
    """Whether the roles and the ids that an entry names will be there."""
    missing = [
        f"there is no role {role}"
        for role in wanted.get("roles", ())
        if f"roles:{role}" not in plan.want[KIND]
        and (f"roles:{role}" not in plan.live[KIND] or f"roles:{role}" in leaving)
    ]
    missing += [
        f"there is nothing with the id {one['reference']}"
        for one in wanted.get("permissions", ())
        if "reference" in one
        and (one["reference"] not in plan.taken or one["reference"] in removed)
    ]
    plan.problems += [f"{KIND}:{name}: {text}" for text in missing]
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


def _change(plan, name, found, wanted):
    edit, change = {}, {}
    plan.compare_fields(tuple(wanted), wanted, found, edit, change)
    if edit:
        plan.add(KIND, name, "change", edit, change)
