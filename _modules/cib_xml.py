"""
The cluster's configuration (CIB) as XML: read into plain data, plain edits written to a copy.

Nothing here runs a command. :py:func:`read` turns the XML of ``cibadmin --query`` into
dictionaries, :py:func:`edit` writes a list of edits with the layout ``pcs`` would have chosen: its
ids, its order of attributes, its place for new elements. What is not edited stays as it is.

``KINDS`` has one entry for each kind of object. A new kind is one more entry.
"""

from __future__ import annotations

import copy
import io
import re
import xml.etree.ElementTree as ET
from collections import namedtuple

# A second set of cluster properties, after the others, says what this module's users own. Pacemaker
# ignores names it does not know; either node can read it, whoever made it.
OWNERSHIP_SET = "salt-pcs-ownership"
OWNERSHIP_NAME = "salt-owned-"

SECTIONS = {
    "properties": ("crm_config", "cluster_property_set", "cib-bootstrap-options"),
    "resource_defaults": ("rsc_defaults", "meta_attributes", "rsc_defaults-meta_attributes"),
    "op_defaults": ("op_defaults", "meta_attributes", "op_defaults-meta_attributes"),
    "ownership": ("crm_config", "cluster_property_set", OWNERSHIP_SET),
}

# Elements whose id names another element.
_REFERRING = {"resource_ref", "obj_ref", "acl_target", "role"}

# How our names of a constraint's fields are written, in pcs's order.
_CONSTRAINT_FIELDS = {
    "order": (
        ("first", "first"),
        ("then", "then"),
        ("kind", "kind"),
        ("first-action", "first-action"),
        ("then-action", "then-action"),
        ("symmetrical", "symmetrical"),
    ),
    "colocation": (
        ("resource", "rsc"),
        ("with", "with-rsc"),
        ("score", "score"),
        ("resource-role", "rsc-role"),
        ("with-role", "with-rsc-role"),
    ),
}
_ROLE_FIELDS = {"role", "resource-role", "with-role"}
_OLD_ROLES = {"Promoted": "Master", "Unpromoted": "Slave"}
_NEW_ROLES = {old: new for new, old in _OLD_ROLES.items()}

_Kind = namedtuple("_Kind", "read create change remove")


class _Cib:
    """A parsed CIB: its sections, and ids that are unique in all of it."""

    def __init__(self, text):
        self.root = ET.fromstring(text)
        if self.root.tag != "cib":
            raise ValueError(f"this is no CIB: its root element is <{self.root.tag}>")
        for element in self.root.iter():
            # indentation would count as a difference
            if element.text and not element.text.strip():
                element.text = None
            if element.tail and not element.tail.strip():
                element.tail = None
        self.configuration = self.root.find("configuration")
        self.by_id = {
            element.get("id"): element
            for element in self.configuration.iter()
            if element.get("id") and element.tag not in _REFERRING
        }
        self.taken = set(self.by_id)
        for pair in self.configuration.iter("nvpair"):
            # Pacemaker makes a resource of this name for a guest node
            if pair.get("name") == "remote-node":
                self.taken.add(pair.get("value"))

    def section(self, name):
        found = self.configuration.find(name)
        return ET.SubElement(self.configuration, name) if found is None else found

    def parent(self, element):
        """The element around this one (ElementTree does not know)."""
        for candidate in self.configuration.iter():
            if element in list(candidate):
                return candidate
        raise KeyError(element.get("id"))

    def new_id(self, wanted):
        """``wanted`` made a valid id, with pcs's ``-1``, ``-2`` ... when it is taken."""
        first, rest = wanted[:1], wanted[1:]
        wanted = re.sub(r"[^a-zA-Z_]", "", first) + re.sub(r"[^a-zA-Z0-9_.-]", "", rest)
        unique, count = wanted, 0
        while unique in self.taken:
            count += 1
            unique = f"{wanted}-{count}"
        self.taken.add(unique)
        return unique

    def detach(self, element):
        self.parent(element).remove(element)

    def forget(self, element):
        """Take the element out for good; its ids are free again."""
        self.detach(element)
        for inner in element.iter():
            if inner.get("id") and inner.tag not in _REFERRING:
                self.taken.discard(inner.get("id"))
                self.by_id.pop(inner.get("id"), None)

    def role(self, value):
        """The word for a role in this CIB's schema: Promoted is Master before 3.7."""
        found = re.match(r"pacemaker-(\d+)\.(\d+)$", self.root.get("validate-with", ""))
        if found and tuple(map(int, found.groups())) < (3, 7):
            return _OLD_ROLES.get(value, value)
        return value


# Sets of name-value pairs ------------------------------------------------------------------------


def _target(cib, element):
    """The element itself, or what its ``id-ref`` points to."""
    return cib.by_id.get(element.get("id-ref"), element) if element.get("id-ref") else element


def _plain_sets(cib, parent, tag, skip=None):
    """The sets that hold always (no rule), the one that wins first."""
    sets = [
        element
        for element in parent.findall(tag)
        if _target(cib, element).find("rule") is None and element.get("id") not in (skip or ())
    ]
    return sorted(sets, key=lambda element: -_score(_target(cib, element).get("score")))


def _score(text):
    try:
        return int((text or "0").replace("INFINITY", "1000000"))
    except ValueError:
        return 0


def _values(cib, sets):
    found = {}
    for nvset in sets:
        for pair in _target(cib, nvset).findall("nvpair"):
            name = pair.get("name") or _target(cib, pair).get("name")
            found.setdefault(name, _target(cib, pair).get("value", ""))
    return found


def _own(cib, element):
    """Replace a reference by a copy of its own, so that writing it changes nothing else."""
    if not element.get("id-ref"):
        return element
    parent, target = cib.parent(element), _target(cib, element)
    own = copy.deepcopy(target)
    own.set("name", element.get("name", own.get("name", "")))
    if own.tag != "nvpair":
        own.attrib.pop("name", None)
    for inner in own.iter():
        if inner.get("id"):
            inner.set("id", cib.new_id(f"{parent.get('id', parent.tag)}-{inner.get('id')}"))
    parent[list(parent).index(element)] = own
    return own


def _write_pairs(cib, sets, values, id_length=None):
    """Set (or with None remove) each value in the set that has it, new ones in the first set."""
    for name, value in sorted(values.items()):
        found = False
        for nvset in sets:
            for pair in list(_target(cib, nvset).findall("nvpair")):
                if (pair.get("name") or _target(cib, pair).get("name")) != name:
                    continue
                if nvset.get("id-ref"):
                    sets[sets.index(nvset)] = nvset = _own(cib, nvset)
                    pair = next(p for p in nvset.findall("nvpair") if p.get("name") == name)
                if value is None or found:
                    cib.forget(pair)
                else:
                    _own(cib, pair).set("value", value)
                    found = True
        if value is not None and not found:
            sets[0] = nvset = _own(cib, sets[0])
            new_id = cib.new_id(f"{nvset.get('id')}-{name[:id_length]}")
            ET.SubElement(nvset, "nvpair", {"id": new_id, "name": name, "value": value})


def _write_values(cib, parent, tag, values, index=None):
    """Write values to the sets of ``parent``; make its first set when there is none."""
    sets = _plain_sets(cib, parent, tag)
    if not sets:
        values = {name: value for name, value in values.items() if value is not None}
        if not values:
            return
        nvset = ET.Element(tag, {"id": cib.new_id(f"{parent.get('id', parent.tag)}-{tag}")})
        parent.insert(len(parent) if index is None else index, nvset)
        sets = [nvset]
    _write_pairs(cib, sets, values)


def _pairs_kind(kind):
    """Properties and defaults: one object is one name with one value."""
    section, tag, set_id = SECTIONS[kind]
    prefix = OWNERSHIP_NAME if kind == "ownership" else ""

    def sets(cib):
        plain = _plain_sets(cib, cib.section(section), tag)
        return [s for s in plain if (s.get("id") == OWNERSHIP_SET) == (kind == "ownership")]

    def read_all(cib):
        found = _values(cib, sets(cib))
        return {name[len(prefix) :]: value for name, value in found.items()}

    def write(cib, name, value):
        if kind == "ownership" and not cib.section(section).findall(tag):
            # pcs writes properties to the first set, which must not be the record
            _new_set(cib, section, tag, SECTIONS["properties"][2])
        found = sets(cib) or ([] if value is None else [_new_set(cib, section, tag, set_id)])
        if not found:
            return
        if kind == "ownership":
            _write_owned(cib, found[0], name, value)
        else:
            _write_pairs(cib, found, {name: value}, id_length=20)

    return _Kind(read_all, write, write, lambda cib, name: write(cib, name, None))


def _new_set(cib, section, tag, set_id):
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


# Primitives --------------------------------------------------------------------------------------


def _read_primitives(cib):
    found = {}
    for container in cib.section("resources").iter():
        for element in container.findall("primitive"):
            source = cib.by_id.get(element.get("template"), element)
            parts = [source.get("class"), source.get("provider"), source.get("type")]
            found[element.get("id")] = {
                "agent": ":".join(part for part in parts if part),
                "description": element.get("description"),
                "attributes": _values(cib, _plain_sets(cib, element, "instance_attributes")),
                "meta": _values(cib, _plain_sets(cib, element, "meta_attributes")),
                "operations": [_read_op(cib, op) for op in element.findall("operations/op")],
                "container": container.get("id"),
                "container_type": container.tag,
            }
    return found


def _read_op(cib, element):
    values = dict(_target(cib, element).attrib)
    if "role" in values:
        values["role"] = _NEW_ROLES.get(values["role"], values["role"])
    sets = _plain_sets(cib, _target(cib, element), "instance_attributes")
    level = _values(cib, sets).get("OCF_CHECK_LEVEL")
    if level is not None:
        values["OCF_CHECK_LEVEL"] = level
    return values


def _create_primitive(cib, name, new):
    element = ET.SubElement(cib.section("resources"), "primitive", {"id": name})
    cib.taken.add(name)
    cib.by_id[name] = element
    _set_agent(element, new["agent"])
    if new.get("description"):
        element.set("description", new["description"])
    _write_values(cib, element, "instance_attributes", new.get("attributes", {}))
    _write_values(cib, element, "meta_attributes", new.get("meta", {}))
    ET.SubElement(element, "operations")
    for operation in sorted(new["operations"], key=lambda op: op["name"]):
        _create_op(cib, element, operation)


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
        _write_values(cib, element, "instance_attributes", level)


def _write_op(cib, element, values):
    for name, value in values.items():
        if name in ("id", "OCF_CHECK_LEVEL"):
            continue
        if value is None:
            element.attrib.pop(name, None)
        else:
            element.set(name, cib.role(value) if name == "role" else value)


def _change_primitive(cib, name, change):
    element = cib.by_id[name]
    if "agent" in change:
        _set_agent(element, change["agent"])
    _change_description(element, change)
    _write_values(cib, element, "instance_attributes", change.get("attributes", {}), index=0)
    _write_values(cib, element, "meta_attributes", change.get("meta", {}))
    for operation in change.get("operations", ()):
        if "create" in operation:
            _create_op(cib, element, operation["create"])
            continue
        op_element = _own(cib, _find_op(element, operation["id"]))
        if operation.get("remove"):
            cib.forget(op_element)
            continue
        _write_op(cib, op_element, operation["set"])
        if "OCF_CHECK_LEVEL" in operation["set"]:
            level = {"OCF_CHECK_LEVEL": operation["set"]["OCF_CHECK_LEVEL"]}
            _write_values(cib, op_element, "instance_attributes", level)


def _find_op(primitive, op_id):
    for element in primitive.findall("operations/op"):
        if op_id in (element.get("id"), element.get("id-ref")):
            return element
    raise KeyError(op_id)


def _change_description(element, change):
    if "description" not in change:
        return
    if change["description"] is None:
        element.attrib.pop("description", None)
    else:
        element.set("description", change["description"])


def _remove_resource(cib, name):
    _drop_from_tags(cib, name)
    cib.forget(cib.by_id[name])


def _drop_from_tags(cib, name):
    for tag in list(cib.configuration.findall("tags/tag")):
        for reference in tag.findall("obj_ref"):
            if reference.get("id") == name:
                tag.remove(reference)
        if not len(tag):
            cib.forget(tag)


# Groups ------------------------------------------------------------------------------------------


def _read_groups(cib):
    found = {}
    for container in cib.section("resources").iter():
        for element in container.findall("group"):
            found[element.get("id")] = {
                "members": [member.get("id") for member in element.findall("primitive")],
                "meta": _values(cib, _plain_sets(cib, element, "meta_attributes")),
                "description": element.get("description"),
                "container": container.get("id"),
                "container_type": container.tag,
            }
    return found


def _create_group(cib, name, new):
    """A new group, where its first member stands that is in no group."""
    resources, element = cib.section("resources"), ET.Element("group", {"id": name})
    places = [i for i, child in enumerate(resources) if child.get("id") in new["members"]]
    resources.insert(places[0] if places else len(resources), element)
    cib.taken.add(name)
    cib.by_id[name] = element
    _change_group(cib, name, new)


def _change_group(cib, name, change):
    element = cib.by_id[name]
    _change_description(element, change)
    if "members" in change:
        _arrange(cib, element, change["members"])
    _write_values(cib, element, "meta_attributes", change.get("meta", {}))


def _arrange(cib, group, members):
    """Put the members into the group in this order; those that leave come right after it."""
    before = []
    for child in list(group):
        if child.tag == "primitive":
            break
        before.append(child)
    after = [c for c in group if c.tag != "primitive" and c not in before]
    leaving = [c for c in group.findall("primitive") if c.get("id") not in members]
    _put_after(cib, group, leaving)
    inside = [cib.by_id[member] for member in members]
    group[:] = before + after
    for container in list(cib.section("resources").iter()):
        for child in list(container):
            if child.get("id") in members and child.tag == "primitive":
                container.remove(child)
    group[:] = before + inside + after


def _put_after(cib, group, elements):
    parent = cib.parent(group)
    for element in reversed(elements):
        group.remove(element)
        parent.insert(list(parent).index(group) + 1, element)


def _remove_group(cib, name):
    element = cib.by_id[name]
    _put_after(cib, element, element.findall("primitive"))
    _remove_resource(cib, name)


# Constraints -------------------------------------------------------------------------------------


def _read_constraints(cib):
    return {element.get("id"): _read_constraint(element) for element in cib.section("constraints")}


def _read_constraint(element):
    kind = element.tag.replace("rsc_", "", 1)
    if kind not in _CONSTRAINT_FIELDS:
        found = {"type": kind, **{k: v for k, v in element.attrib.items() if k != "id"}}
        return {**found, "resources": _mentioned(element)}
    found = {"type": kind}
    for ours, theirs in _CONSTRAINT_FIELDS[kind]:
        if element.get(theirs) is not None:
            value = element.get(theirs)
            found[ours] = _NEW_ROLES.get(value, value) if ours in _ROLE_FIELDS else value
    if kind == "order" and element.get("score") is not None:
        # the old spelling of kind
        found.setdefault("kind", "Optional" if _score(element.get("score")) == 0 else "Mandatory")
    if element.find("resource_set") is not None:
        found["sets"] = [_read_set(inner) for inner in element.findall("resource_set")]
    found["resources"] = _mentioned(element)
    return found


def _read_set(element):
    found = {"members": [ref.get("id") for ref in element.findall("resource_ref")]}
    for name, value in element.attrib.items():
        if name != "id":
            found[name] = _NEW_ROLES.get(value, value) if name in _ROLE_FIELDS else value
    return found


def _mentioned(element):
    """Ids of the resources that a constraint is about."""
    found = [element.get(name) for name in ("rsc", "with-rsc", "first", "then")]
    found += [ref.get("id") for ref in element.iter("resource_ref")]
    return [name for name in found if name]


def _create_constraint(cib, name, new):
    element = ET.SubElement(cib.section("constraints"), f"rsc_{new['type']}")
    cib.by_id[name] = element
    _write_constraint(cib, element, new)
    element.set("id", name)
    cib.taken.add(name)
    _write_sets(cib, element, new.get("sets", ()))


def _write_constraint(cib, element, values):
    for ours, theirs in _CONSTRAINT_FIELDS[element.tag.replace("rsc_", "", 1)]:
        if ours not in values:
            continue
        if values[ours] is None:
            element.attrib.pop(theirs, None)
        else:
            value = values[ours]
            element.set(theirs, cib.role(value) if ours in _ROLE_FIELDS else value)
            if ours == "kind":
                element.attrib.pop("score", None)


def _write_sets(cib, element, sets):
    for values in sets:
        inner = ET.SubElement(element, "resource_set")
        for name in ("sequential", "require-all", "action", "role"):
            if values.get(name) is not None:
                inner.set(name, cib.role(values[name]) if name == "role" else values[name])
        inner.set("id", cib.new_id(f"{element.get('id')}_set"))
        for member in values["members"]:
            ET.SubElement(inner, "resource_ref", {"id": member})


def _change_constraint(cib, name, change):
    element = cib.by_id[name]
    if "drop" in change:
        _drop_references(cib, element, change["drop"])
        return
    _write_constraint(cib, element, change)
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


def _remove_constraint(cib, name):
    cib.forget(cib.by_id[name])


KINDS = {
    "properties": _pairs_kind("properties"),
    "resource_defaults": _pairs_kind("resource_defaults"),
    "op_defaults": _pairs_kind("op_defaults"),
    "primitives": _Kind(_read_primitives, _create_primitive, _change_primitive, _remove_resource),
    "groups": _Kind(_read_groups, _create_group, _change_group, _remove_group),
    "constraints": _Kind(
        _read_constraints, _create_constraint, _change_constraint, _remove_constraint
    ),
    "ownership": _pairs_kind("ownership"),
}


# The public part ---------------------------------------------------------------------------------


def read(text):
    """
    Return the configuration in a CIB as plain data.

    text
        The XML that ``cibadmin --query`` prints.

    Returns a dictionary with one entry per kind (``properties``, ``resource_defaults``,
    ``op_defaults``, ``primitives``, ``groups``, ``constraints``, ``ownership``), each
    ``{id: object}``; ``version`` (the CIB's three counters), ``nodes`` (standby and maintenance by
    node) and ``ids`` (every id in use). Raises ``ValueError`` when the text is no CIB.

    CLI Example:

    .. code-block:: bash

        salt '*' cib_xml.read '<cib>...</cib>'
    """
    try:
        cib = _Cib(text)
    except ET.ParseError as err:
        raise ValueError(f"this is no XML: {err}") from err
    found = {name: kind.read(cib) for name, kind in KINDS.items()}
    found["version"] = _version(cib.root)
    found["nodes"] = _read_nodes(cib)
    found["ids"] = sorted(cib.taken)
    return found


def _version(root):
    return {name: root.get(name, "0") for name in ("admin_epoch", "epoch", "num_updates")}


def version(text):
    """
    Return a CIB's three counters without reading the rest of it.

    text
        The XML that ``cibadmin --query`` prints.

    CLI Example:

    .. code-block:: bash

        salt '*' cib_xml.version '<cib admin_epoch="0" epoch="5" num_updates="2"/>'
    """
    try:
        _, root = next(ET.iterparse(io.StringIO(text), events=("start",)))
    except ET.ParseError as err:
        raise ValueError(f"this is no XML: {err}") from err
    return _version(root)


def _read_nodes(cib):
    found = {}
    for node in cib.section("nodes"):
        values = _values(cib, _plain_sets(cib, node, "instance_attributes"))
        found[node.get("uname")] = {
            name: values[name] for name in ("standby", "maintenance") if name in values
        }
    return found


def edit(text, edits=()):
    """
    Return the CIB's XML with the edits made; what they do not name stays as it is.

    text
        The XML that ``cibadmin --query`` prints.

    edits
        A list of ``{"kind": ..., "id": ..., "create": object}``, ``"change": {...}`` or
        ``"remove": True``, as :py:func:`cib_plan.compare` makes them. With none, the result is the
        same CIB without its indentation.

    CLI Example:

    .. code-block:: bash

        salt '*' cib_xml.edit '<cib>...</cib>' '[{"kind": "primitives", "id": "A", "remove": true}]'
    """
    cib = _Cib(text)
    # crm_diff falls back to an old format, which loses changes, for a CIB that never ran
    cib.root.attrib.setdefault("crm_feature_set", "3.1.0")
    for one in edits:
        kind = KINDS[one["kind"]]
        if "create" in one:
            kind.create(cib, one["id"], one["create"])
        elif "change" in one:
            kind.change(cib, one["id"], one["change"])
        else:
            kind.remove(cib, one["id"])
    return ET.tostring(cib.root, encoding="unicode")


def versioned_patch(patch, version):
    """
    Return a patch of ``crm_diff --no-version`` that applies to one version of the CIB only.

    patch
        The XML that ``crm_diff`` printed.

    version
        ``admin_epoch``, ``epoch`` and ``num_updates`` of the CIB that was read. All three go in:
        newer Pacemaker refuses an incomplete version.

    Raises ``ValueError`` when the patch is no XML.

    CLI Example:

    .. code-block:: bash

        salt '*' cib_xml.versioned_patch '<diff format="2"/>' '{"admin_epoch": 0, "epoch": 5, ...}'
    """
    try:
        root = ET.fromstring(patch)
    except ET.ParseError as err:
        raise ValueError(f"this is no XML: {err}") from err
    for old in root.findall("version"):
        root.remove(old)
    element = ET.Element("version")
    source = {name: str(version[name]) for name in ("admin_epoch", "epoch", "num_updates")}
    target = {**source, "epoch": str(int(source["epoch"]) + 1), "num_updates": "0"}
    ET.SubElement(element, "source", source)
    ET.SubElement(element, "target", target)
    root.insert(0, element)
    return ET.tostring(root, encoding="unicode")
