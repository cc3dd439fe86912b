"""
Cluster properties, defaults and the record of what is ours: one object is one name with one value.

Sets with a rule hold at times only; they are not read here, and stay as they are.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET

# A second set of cluster properties, after the others, says what this module's users own. Pacemaker
# ignores names it does not know; either node can read it, whoever made it.
OWNERSHIP_SET = "salt-pcs-ownership"
# The lock of the module pcs_lock: there for a moment, nobody's property, and never purged.
LOCK_SET = "cluster-layer-change"
OWNERSHIP_NAME = "salt-owned-"

SECTIONS = {
    "properties": ("crm_config", "cluster_property_set", "cib-bootstrap-options"),
    "resource_defaults": ("rsc_defaults", "meta_attributes", "rsc_defaults-meta_attributes"),
    "op_defaults": ("op_defaults", "meta_attributes", "op_defaults-meta_attributes"),
    "ownership": ("crm_config", "cluster_property_set", OWNERSHIP_SET),
}

# Pacemaker sets these itself.
BUILT_IN_PROPERTIES = {
    "cluster-infrastructure",
    "cluster-name",
    "dc-version",
    "have-watchdog",
    "last-lrm-refresh",
}
INTENT_PROPERTIES = ("maintenance-mode",)


# The description ---------------------------------------------------------------------------------


def check(check, kind, path, value):
    found = check.scalars(path, value)
    for name in found:
        check.word(f"{path}:{name}", name)
        if kind == "properties" and name in BUILT_IN_PROPERTIES:
            check.problem(f"{path}:{name}", "Pacemaker sets this property itself")
    return found


def describe(live, kind):
    built_in = BUILT_IN_PROPERTIES if kind == "properties" else ()
    return {name: value for name, value in live[kind].items() if name not in built_in}


# The XML -----------------------------------------------------------------------------------------


def _sets(cib, kind):
    section, tag, _ = SECTIONS[kind]
    plain = [s for s in cib.plain_sets(cib.section(section), tag) if s.get("id") != LOCK_SET]
    return [one for one in plain if (one.get("id") == OWNERSHIP_SET) == (kind == "ownership")]


def read(cib, kind):
    prefix = OWNERSHIP_NAME if kind == "ownership" else ""
    return {name[len(prefix) :]: value for name, value in cib.values(_sets(cib, kind)).items()}


def write(cib, kind, name, action, data):
    value = None if action == "remove" else data
    section, tag, _ = SECTIONS[kind]
    if kind == "ownership" and not cib.section(section).findall(tag):
        # pcs writes properties to the first set, which must not be the record
        _new_set(cib, "properties")
    found = _sets(cib, kind) or ([] if value is None else [_new_set(cib, kind)])
    if not found:
        return
    if kind == "ownership":
        _write_owned(cib, found[0], name, value)
    else:
        cib.write_pairs(found, {name: value}, id_length=20)


def _new_set(cib, kind):
    section, tag, set_id = SECTIONS[kind]
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


# The comparison ----------------------------------------------------------------------------------


def compare(plan, kind):
    want, live = plan.want[kind], plan.live[kind]
    intent = INTENT_PROPERTIES if kind == "properties" else ()
    for name in intent:
        if __salt__["cib_meaning.boolean"](live.get(name)):
            plan.intent.append(f"the cluster is in maintenance ({name}=true): left as it is")
    for name, value in want.items():
        found = live.get(name)
        if plan.same(value, found) or (name in intent and found is not None):
            continue
        change = {"old": plan.shown(name, found), "new": plan.shown(name, value)}
        if value is None:
            plan.add(kind, name, "remove", True, change)
        else:
            plan.add(kind, name, "create" if found is None else "change", value, change)
    keep = {*intent, *(BUILT_IN_PROPERTIES if kind == "properties" else ())}
    for name in plan.leaving(kind, keep):
        plan.add(kind, name, "remove", True, {"old": plan.shown(name, live[name]), "new": None})
    plan.note_others(kind, keep)
    plan.record[kind] = [name for name, value in want.items() if value is not None]
