"""
The cluster's configuration (CIB) as XML: a parsed copy with what all kinds of objects need to read
from it and to write to it, in the layout ``pcs`` would have chosen: its ids, its order of
attributes, its place for new elements.

Nothing here runs a command. What each kind of object looks like is known by its own file
(``_cib_kinds`` has them all).
"""

from __future__ import annotations

import copy
import io
import re
import xml.etree.ElementTree as ET

import _cib_values
from _cib_values import Data

# Elements whose id names another element.
_REFERRING = {"resource_ref", "obj_ref", "acl_target", "role"}


class Cib:
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
        configuration = self.root.find("configuration")
        if configuration is None:
            raise ValueError("this is no CIB: it has no <configuration>")
        self.configuration = configuration
        self.by_id = {
            element.attrib["id"]: element
            for element in self.configuration.iter()
            if element.get("id") and element.tag not in _REFERRING
        }
        self.taken = set(self.by_id)
        for operation in self.configuration.iter("op"):
            if not operation.get("name"):
                raise ValueError(f"the <op> {operation.get('id')} in this CIB has no name")
        for pair in self.configuration.iter("nvpair"):
            if not pair.get("name") and not pair.get("id-ref"):
                raise ValueError(f"the <nvpair> {pair.get('id')} in this CIB has no name")
            # Pacemaker makes a resource of this name for a guest node
            guest = pair.get("value") if pair.get("name") == "remote-node" else None
            if guest:
                self.taken.add(guest)

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
        return _cib_values.free_id(wanted, self.taken)

    def register(self, element: ET.Element) -> ET.Element:
        """Know a new element by its id."""
        name = element.attrib["id"]
        self.taken.add(name)
        self.by_id[name] = element
        return element

    def detach(self, element):
        self.parent(element).remove(element)

    def forget(self, element):
        """Take the element out for good; its ids are free again."""
        self.detach(element)
        for inner in element.iter():
            if inner.get("id") and inner.tag not in _REFERRING:
                self.taken.discard(inner.get("id"))
                self.by_id.pop(inner.get("id"), None)

    def schema(self):
        """The version of Pacemaker's schema that this CIB keeps to, as ``(3, 9)``."""
        found = re.match(r"pacemaker-(\d+)\.(\d+)$", self.root.get("validate-with", ""))
        return tuple(map(int, found.groups())) if found else (9999, 0)

    def role(self, value):
        """The word for a role in this CIB's schema: Promoted is Master before 3.7."""
        return _cib_values.OLD_ROLES.get(value, value) if self.schema() < (3, 7) else value

    def role_name(self, value):
        """A role as newer Pacemaker calls it."""
        return _cib_values.NEW_ROLES.get(value, value)

    # Sets of name-value pairs

    def target(self, element):
        """The element itself, or what its ``id-ref`` points to."""
        return self.by_id.get(element.get("id-ref"), element) if element.get("id-ref") else element

    def plain_sets(self, parent, tag, skip=None):
        """The sets that hold always (no rule), the one that wins first."""
        sets = [
            element
            for element in parent.findall(tag)
            if self.target(element).find("rule") is None and element.get("id") not in (skip or ())
        ]
        return sorted(sets, key=lambda element: -_score(self.target(element)))

    def values(self, sets):
        found: dict[str, str] = {}
        for nvset in sets:
            for pair in self.target(nvset).findall("nvpair"):
                name = pair.get("name") or self.target(pair).get("name")
                found.setdefault(name, self.target(pair).get("value", ""))
        return found

    def own(self, element):
        """Replace a reference by a copy of its own, so that writing it changes nothing else."""
        if not element.get("id-ref"):
            return element
        parent, target = self.parent(element), self.target(element)
        own = copy.deepcopy(target)
        own.set("name", element.get("name", own.get("name", "")))
        if own.tag != "nvpair":
            own.attrib.pop("name", None)
        for inner in own.iter():
            if inner.get("id"):
                inner.set("id", self.new_id(f"{parent.get('id', parent.tag)}-{inner.get('id')}"))
        parent[list(parent).index(element)] = own
        return own

    def write_pairs(self, sets, values, id_length=None):
        """Set each value in the set that has it, new ones in the first set; None removes."""
        for name, value in sorted(values.items()):
            found = False
            for nvset in sets:
                for pair in list(self.target(nvset).findall("nvpair")):
                    if (pair.get("name") or self.target(pair).get("name")) != name:
                        continue
                    if nvset.get("id-ref"):
                        sets[sets.index(nvset)] = nvset = self.own(nvset)
                        pair = next(p for p in nvset.findall("nvpair") if p.get("name") == name)
                    if value is None or found:
                        self.forget(pair)
                    else:
                        self.own(pair).set("value", value)
                        found = True
            if value is not None and not found:
                sets[0] = nvset = self.own(sets[0])
                new_id = self.new_id(f"{nvset.get('id')}-{name[:id_length]}")
                ET.SubElement(nvset, "nvpair", {"id": new_id, "name": name, "value": value})

    def write_values(self, parent, tag, values, index=None):
        """Write values to the sets of ``parent``; make its first set when there is none."""
        sets = self.plain_sets(parent, tag)
        if not sets:
            values = {name: value for name, value in values.items() if value is not None}
            if not values:
                return
            nvset = ET.Element(tag, {"id": self.new_id(f"{parent.get('id', parent.tag)}-{tag}")})
            parent.insert(len(parent) if index is None else index, nvset)
            sets = [nvset]
        self.write_pairs(sets, values)

    # Resources

    def set_description(self, element, change):
        if "description" not in change:
            return
        if change["description"] is None:
            element.attrib.pop("description", None)
        else:
            element.set("description", change["description"])

    def remove_resource(self, name):
        self._drop_from_tags(name)
        self.forget(self.by_id[name])

    def _drop_from_tags(self, name):
        for tag in list(self.configuration.findall("tags/tag")):
            for reference in tag.findall("obj_ref"):
                if reference.get("id") == name:
                    tag.remove(reference)
            if not len(tag):
                self.forget(tag)


def _score(element):
    return _cib_values.number(element.get("score") or "0") or 0


# The public part ---------------------------------------------------------------------------------


def counters(root: ET.Element) -> dict[str, str]:
    """The three counters of a CIB that tell its versions apart."""
    return {name: root.get(name, "0") for name in ("admin_epoch", "epoch", "num_updates")}


def _root(text):
    """The root element without what is in it, which costs next to nothing."""
    try:
        return next(ET.iterparse(io.StringIO(text), events=("start",)))[1]
    except ET.ParseError as err:
        raise ValueError(f"this is no XML: {err}") from err


def version(text: str) -> dict[str, str]:
    """Return a CIB's three counters without reading the rest of it."""
    return counters(_root(text))


def has_quorum(text: str) -> bool:
    """
    Whether a running cluster's CIB says that this part of the cluster has quorum.

    text
        The CIB's XML. One that never ran does not say; that counts as quorum.
    """
    return _root(text).get("have-quorum") != "0"


def next_epoch(text: str) -> str:
    """Return the CIB with its epoch one higher, as Pacemaker does at each change."""
    root = ET.fromstring(text)
    root.set("epoch", str(int(root.get("epoch", "0")) + 1))
    root.set("num_updates", "0")
    return ET.tostring(root, encoding="unicode")


def versioned_patch(patch: str, version: Data) -> str:
    """
    Return a patch of ``crm_diff --no-version`` that applies to one version of the CIB only.

    version
        ``admin_epoch``, ``epoch`` and ``num_updates`` of the CIB that was read. Pacemaker before
        3.0.2 takes a patch without ``num_updates``, too, whatever states of resources are now.

    Raises ``ValueError`` when the patch is no XML.
    """
    try:
        root = ET.fromstring(patch)
    except ET.ParseError as err:
        raise ValueError(f"this is no XML: {err}") from err
    for old in root.findall("version"):
        root.remove(old)
    element = ET.Element("version")
    names = ("admin_epoch", "epoch", "num_updates")
    source = {name: str(version[name]) for name in names if name in version}
    target = {**source, "epoch": str(int(source["epoch"]) + 1), "num_updates": "0"}
    ET.SubElement(element, "source", source)
    ET.SubElement(element, "target", target)
    root.insert(0, element)
    return ET.tostring(root, encoding="unicode")
