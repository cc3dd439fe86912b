"""
Bundles: containers that Pacemaker starts, with an address, ports and storage, and at most one
primitive that runs inside of them.

Ports and storage are compared by what they say; their order says nothing.
"""

from __future__ import annotations

import operator
import re
import xml.etree.ElementTree as ET
from typing import Any

import _cib_tree
from _cib_checker import Checker
from _cib_comparison import Plan
from _cib_values import Data
from _cib_xml import Cib

TYPES = ("docker", "podman", "rkt")

# How each option is checked: a method of the checker, or ``whole`` for a whole number. In the order
# in which they are written.
CONTAINER = {
    "image": "text",
    "replicas": "whole",
    "replicas-per-host": "whole",
    "promoted-max": "whole",
    "masters": "whole",
    "run-command": "text",
    "network": "text",
    "options": "text",
}
NETWORK = {
    "ip-range-start": "text",
    "control-port": "whole",
    "host-interface": "text",
    "host-netmask": "whole",
    "add-host": "boolean",
}
# Of each list: the options, and which one tells its entries apart.
PARTS = {
    "ports": {"port": "whole", "internal-port": "whole", "range": "text"},
    "storage": {
        "source-dir": "text",
        "source-dir-root": "text",
        "target-dir": "text",
        "options": "text",
    },
}
_KEYS = {"ports": ("port", "range"), "storage": ("target-dir",)}
_ELEMENTS = {"ports": ("network", "port-mapping"), "storage": ("storage", "storage-mapping")}
_WHOLE = re.compile(r"^\d+$", re.A)
_RANGE = re.compile(r"^\d+(-\d+)?$", re.A)
_FIELDS = ("type", "container", "network", "ports", "storage", "resource", "meta", "description")


# The description ---------------------------------------------------------------------------------


def check(check: Checker, kind: str, path: str, value: Any) -> Any:
    found = {}
    for name, inner in check.mapping(path, value).items():
        here = f"{path}:{name}"
        check.identifier(here, name)
        inner = check.mapping(here, inner, _FIELDS, required=("type", "container"))
        found[name] = one = {
            "type": check.choice(f"{here}:type", inner.get("type"), TYPES),
            "container": _options(check, f"{here}:container", inner.get("container"), CONTAINER),
            "network": _options(check, f"{here}:network", inner.get("network"), NETWORK),
            "resource": check.text(f"{here}:resource", inner.get("resource")),
            "meta": check.scalars(f"{here}:meta", inner.get("meta")),
            "description": check.text(f"{here}:description", inner.get("description")),
        }
        for part in PARTS:
            one[part] = _entries(check, f"{here}:{part}", part, inner.get(part))
        _check_container(check, here, one)
    return found


def _options(check, path, value, known, more=()):
    found = {}
    for name, inner in check.mapping(path, value, [*known, *more]).items():
        if name not in known or inner is None:
            continue
        if isinstance(inner, dict) and list(inner) == ["pillar"]:
            inner = check.from_pillar(f"{path}:{name}", str(inner["pillar"]))
        if known[name] == "whole":
            found[name] = check.pattern(f"{path}:{name}", inner, _WHOLE, "a whole number")
        else:
            found[name] = getattr(check, known[name])(f"{path}:{name}", inner)
    return found


def _check_container(check, path, one):
    options = one["container"]
    if not options.get("image"):
        check.problem(f"{path}:container", "image is missing")
    if "masters" in options and "promoted-max" in options:
        check.problem(f"{path}:container:masters", "is the old name of promoted-max, which is set")
    elif "masters" in options:
        options["promoted-max"] = options.pop("masters")
    if one["resource"] and not {"ip-range-start", "control-port"} & set(one["network"]):
        check.problem(
            f"{path}:network",
            f"ip-range-start or control-port is missing: Pacemaker could not reach "
            f"{one['resource']} inside of the container",
        )


def _entries(check, path, part, value):
    found, seen = [], set()
    for index, inner in enumerate(check.listing(path, value)):
        here = f"{path}:{index}"
        one = _options(check, here, inner, PARTS[part], more=("id",))
        if isinstance(inner, dict) and inner.get("id") is not None:
            one["id"] = str(inner["id"])
            check.identifier(f"{here}:id", one["id"])
        (_check_port if part == "ports" else _check_storage)(check, here, one)
        if _key(part, one) in seen:
            check.problem(here, f"{_key(part, one)} is listed twice")
        seen.add(_key(part, one))
        found.append(one)
    return found


def _check_port(check, path, one):
    if ("port" in one) == ("range" in one):
        check.problem(path, "needs either port or range")
    if "internal-port" in one and "port" not in one:
        check.problem(f"{path}:internal-port", "goes with port only")
    check.pattern(f"{path}:range", one.get("range"), _RANGE, "a range of ports, such as 80-89")


def _check_storage(check, path, one):
    if ("source-dir" in one) == ("source-dir-root" in one):
        check.problem(path, "needs either source-dir or source-dir-root")
    if "target-dir" not in one:
        check.problem(path, "target-dir is missing")


def _key(part, one):
    return next((one[name] for name in _KEYS[part] if one.get(name)), None)


def _told(one):
    """A bundle as it is described: an id of a port or a storage says nothing."""
    found = {key: value for key, value in one.items() if value}
    for part in PARTS:
        if found.get(part):
            found[part] = [{k: v for k, v in each.items() if k != "id"} for each in found[part]]
    return found


def describe(live: Data, kind: str) -> Any:
    # what another kind of container is, nobody can describe
    return {name: _told(one) for name, one in live[kind].items() if one["type"]}


# The XML -----------------------------------------------------------------------------------------


def read(cib: Cib, kind: str) -> Data:
    return {one.get("id"): _read(cib, one) for one in cib.section("resources").findall("bundle")}


def _read(cib, element):
    container = _container(element)
    options = {} if container is None else dict(container.attrib)
    if "masters" in options:
        options["promoted-max"] = options.pop("masters")
    network = element.find("network")
    network = {} if network is None else dict(network.attrib)
    if "add-host" in network:
        # XML has four words for two values
        network["add-host"] = "true" if network["add-host"] in ("true", "1") else "false"
    inner = element.find("primitive")
    found = {
        "type": None if container is None else container.tag,
        "container": options,
        "network": network,
        "resource": None if inner is None else inner.get("id"),
        "meta": cib.values(cib.plain_sets(element, "meta_attributes")),
        "description": element.get("description"),
    }
    for part, (holder, tag) in _ELEMENTS.items():
        found[part] = [dict(one.attrib) for one in element.findall(f"{holder}/{tag}")]
    return found


def _container(element):
    return next((one for one in element if one.tag in TYPES), None)


def write(cib: Cib, kind: str, name: str, action: str, data: Any) -> None:
    if action == "remove":
        element = cib.by_id[name]
        _cib_tree.release(cib, element, element.findall("primitive"))
        cib.remove_resource(name)
        return
    if action == "create":
        element = _cib_tree.new_holder(cib, "bundle", name, data["resource"])
    else:
        element = cib.by_id[name]
    _write_container(cib, element, data)
    for part in PARTS:
        _write_entries(cib, element, part, data.get(part, ()))
    cib.set_description(element, data)
    cib.write_values(element, "meta_attributes", data.get("meta", {}))
    if "resource" in data:
        _cib_tree.hold(cib, element, data["resource"], last=True)


def _write_container(cib, element, data):
    container = _container(element)
    if data.get("type"):
        container = ET.SubElement(element, data["type"]) if container is None else container
        container.tag = data["type"]
        if data["type"] == "podman":
            _need_schema(cib, 3, 2)
    options = data.get("container", {})
    if "promoted-max" in options:
        container.attrib.pop("masters", None)
    _write_options(container, options, CONTAINER)
    if data.get("network"):
        _write_options(_part(element, "network"), data["network"], NETWORK)


def _need_schema(cib, *wanted):
    """An older schema than the wanted one gives way to it; both are read by the same Pacemaker."""
    found = re.match(r"pacemaker-(\d+)\.(\d+)$", cib.root.get("validate-with", ""))
    if found and (3, 0) <= tuple(map(int, found.groups())) < wanted:
        cib.root.set("validate-with", "pacemaker-{}.{}".format(*wanted))


def _part(element, tag):
    """The element for the network or the storage, which stands after the container."""
    found = element.find(tag)
    if found is None:
        found = ET.Element(tag)
        before = [one.tag for one in element if one.tag in (*TYPES, "network")]
        element.insert(len(before), found)
    return found


def _write_options(element, values, order):
    for name in [*order, "id"]:
        if name not in values:
            continue
        if values[name] is None:
            element.attrib.pop(name, None)
        else:
            element.set(name, values[name])


def _write_entries(cib, element, part, edits):
    """What goes goes first: the same port may come again."""
    holder, tag = _ELEMENTS[part]
    for edit in edits:
        if edit.get("remove"):
            cib.forget(_entry(element, holder, tag, edit["id"]))
    for edit in edits:
        if edit.get("remove"):
            continue
        if "set" in edit:
            one = _entry(element, holder, tag, edit["id"])
        else:
            one = ET.SubElement(_part(element, holder), tag)
        _write_options(one, edit.get("set") or edit["create"], PARTS[part])
        if not one.get("id"):
            one.set("id", cib.new_id(_entry_id(element, part, edit["create"])))
        cib.register(one)


def _entry_id(element, part, one):
    if part == "storage":
        return f"{element.get('id')}-storage-map"
    return f"{element.get('id')}-port-map-{_key(part, one)}"


def _entry(element, holder, tag, name):
    return next(one for one in element.findall(f"{holder}/{tag}") if one.get("id") == name)


# The comparison ----------------------------------------------------------------------------------


def compare(plan: Plan, kind: str) -> None:
    want, live = plan.want[kind], plan.live[kind]
    for name, wanted in want.items():
        path, inner = f"{kind}:{name}:resource", wanted["resource"]
        if inner and not plan.may_hold(path, kind, name, inner):
            continue
        if name in live:
            _compare_one(plan, kind, name, wanted, live[name])
        elif plan.claim(f"{kind}:{name}", name):
            new = {key: value for key, value in wanted.items() if value or key == "resource"}
            new["meta"] = plan.present(wanted["meta"])
            told = plan.told(_told(new))
            for part in PARTS:
                new[part] = [{"create": one} for one in wanted[part]]
                for one in wanted[part]:
                    _claim(plan, f"{kind}:{name}:{part}", one)
            plan.add(kind, name, "create", new, {"old": None, "new": told})
    plan.note_others(kind)
    plan.record[kind] = list(want)


def _compare_one(plan, kind, name, wanted, found):
    edit, change = Data(), Data()
    plan.compare_fields(("type",), wanted, found, edit, change)
    for part in ("container", "network"):
        edited = plan.differences(wanted[part], found[part], equal=operator.eq)
        if edited:
            edit[part] = edited
        for key, value in edited.items():
            old, new = plan.shown(key, found[part].get(key)), plan.shown(key, value)
            change[f"{part}:{key}"] = {"old": old, "new": new}
    for part in PARTS:
        path = f"{kind}:{name}:{part}"
        edits = _compare_entries(plan, path, part, wanted[part], found[part], change)
        if edits:
            edit[part] = edits
    _compare_resource(plan, kind, name, wanted, found, edit, change)
    plan.compare_meta(name, wanted, found, edit, change)
    if edit:
        plan.add(kind, name, "change", edit, change)


def _compare_resource(plan, kind, name, wanted, found, edit, change):
    """Its primitive; one that others put into it stays when none is described."""
    inside = found["resource"]
    if inside != wanted["resource"] and inside and plan.strangers("primitives", [inside]):
        if wanted["resource"]:
            plan.problems.append(
                f"{kind}:{name}:resource: {inside} is in there, which is not described"
            )
        return
    plan.compare_fields(("resource",), wanted, found, edit, change)


def _claim(plan, path, one):
    """An id that is described must be free."""
    if one.get("id"):
        plan.claim(path, one["id"])


def _compare_entries(plan, path, part, wanted, found, change):
    """Edits of ports or storage: each by the port or the directory that it is about."""
    edits, left = [], list(found)
    # who names an id comes first
    for one in sorted(wanted, key=lambda one: "id" not in one):
        same = _matching(part, one, left)
        if same is None:
            _claim(plan, path, one)
            edits.append({"create": one})
            change[f"{part}:{_key(part, one)}"] = {"old": None, "new": _without_id(one)}
            continue
        names = [key for key in {**PARTS[part], "id": ""} if key != "id" or "id" in one]
        edited = {key: one.get(key) for key in names if one.get(key) != same.get(key)}
        if edited:
            edits.append({"id": same["id"], "set": edited})
            _claim(plan, path, edited)
        for key, value in edited.items():
            told = f"{part}:{_key(part, same)}:{key}"
            change[told] = {"old": same.get(key), "new": value}
    for one in left:
        edits.append({"id": one["id"], "remove": True})
        change[f"{part}:{_key(part, one)}"] = {"old": _without_id(one), "new": None}
    return edits


def _without_id(one):
    return {key: value for key, value in one.items() if key != "id"}


def _matching(part, wanted, left):
    """The live entry that the wanted one stands for, taken out of ``left``."""
    by_id = [one for one in left if wanted.get("id") and one["id"] == wanted["id"]]
    for one in by_id or [one for one in left if _key(part, one) == _key(part, wanted)]:
        left.remove(one)
        return one
    return None
