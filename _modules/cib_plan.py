"""
Compare a cluster's configuration with its description: what differs, and the edits that end it.

Objects are compared by meaning, attribute by attribute, never by id (unless a constraint of the
description names its id). The rules, in short:

- What the description states is enforced. Instance and meta attributes of a described primitive or
  group are owned whole: one that is not described is removed.
- An operation that is not described stays as it is. Describing one owns all operations of its name,
  as with pcs; what is not said about it keeps the value it has, or the agent's default when new.
- An operator's intent stays: ``target-role``, ``is-managed``, ``maintenance``, the property
  ``maintenance-mode``, standby, and constraints that a move or a ban left. It is reported.
- What the record in the cluster says is ours and the description no longer has is removed; an
  operation that is no longer described gets the agent's default back. Objects of others stay.

Nothing here runs a command: data in, data out. ``cib_operations`` and
``cib_constraints`` have the two kinds with most to say.
"""

from __future__ import annotations

INTENT_META = ("target-role", "is-managed", "maintenance")
INTENT_PROPERTIES = ("maintenance-mode",)
BUILT_IN_PROPERTIES = {
    "cluster-infrastructure",
    "cluster-name",
    "dc-version",
    "have-watchdog",
    "last-lrm-refresh",
}
_PASSIVE = {"target-role": ("started",), "is-managed": ("true",), "maintenance": ("false",)}
_MANAGED_CONSTRAINTS = ("order", "colocation")


def _same(one, other):
    # most values are the same to the letter, and a call through __salt__ is not free
    return one == other or __salt__["cib_meaning.same"](one, other)


def _same_attribute(wanted, found):
    """An agent's parameter: its text counts, except that a YAML boolean means any spelling."""
    if isinstance(wanted, bool):
        return found is not None and __salt__["cib_meaning.boolean"](found) is wanted
    return wanted == found


def _text(value):
    return ("true" if value else "false") if isinstance(value, bool) else value


def _shown(name, value):
    return __salt__["cib_meaning.shown"](name, _text(value))


# A plan in the making ----------------------------------------------------------------------------


class _Plan:
    def __init__(self, want, live):
        self.want, self.live = want, live
        self.changes, self.edits = {}, []
        self.unmanaged, self.intent, self.notes, self.problems = {}, [], [], []
        self.taken = set(live["ids"])
        self.owned = {kind: set(names.split()) for kind, names in live["ownership"].items()}
        self.record = {}

    def add(self, kind, name, action, data, change):
        """One edit, and how it is told."""
        self.edits.append({"kind": kind, "id": name, action: data})
        if change:
            self.changes.setdefault(kind, {})[name] = change

    def dropped(self, kind):
        """What we made and the description no longer has, if it is still there."""
        names = self.owned.get(kind, set()) - set(self.want[kind])
        return [name for name in self.live[kind] if name in names]

    def note_others(self, kind, names):
        if names:
            self.unmanaged[kind] = sorted(names)


def _pairs_changes(plan, kind):
    """Properties and defaults: names with one value each."""
    want, live = plan.want[kind], plan.live[kind]
    for name, value in want.items():
        found = live.get(name)
        if _same(value, found):
            continue
        if kind == "properties" and name in INTENT_PROPERTIES and found is not None:
            continue
        change = {"old": _shown(name, found), "new": _shown(name, value)}
        if value is None:
            plan.add(kind, name, "remove", True, change)
        else:
            plan.add(kind, name, "create" if found is None else "change", value, change)
    for name in plan.dropped(kind):
        if name not in INTENT_PROPERTIES:
            change = {"old": _shown(name, live[name]), "new": None}
            plan.add(kind, name, "remove", True, change)
    ours = set(want) | plan.owned.get(kind, set()) | BUILT_IN_PROPERTIES
    plan.note_others(kind, set(live) - ours)
    plan.record[kind] = [name for name, value in want.items() if value is not None]


def _property_intent(plan):
    for name in INTENT_PROPERTIES:
        if __salt__["cib_meaning.boolean"](plan.live["properties"].get(name)):
            plan.intent.append(f"the cluster is in maintenance ({name}=true): left as it is")
    for node, values in plan.live["nodes"].items():
        for name, value in values.items():
            if __salt__["cib_meaning.boolean"](value):
                plan.intent.append(f"node {node} is in {name}: left as it is")


# Primitives --------------------------------------------------------------------------------------


def _primitives_changes(plan):
    want, live = plan.want["primitives"], plan.live["primitives"]
    for name, wanted in want.items():
        if name in live:
            _change_primitive(plan, name, wanted, live[name])
        elif name in plan.taken:
            plan.problems.append(
                f"primitives:{name}: the id is already used in the cluster by something else"
            )
        else:
            plan.taken.add(name)
            new = _new_primitive(wanted)
            plan.add("primitives", name, "create", new, {"old": None, "new": _told(new)})
    ours = set(want) | plan.owned.get("primitives", set())
    plan.note_others("primitives", set(live) - ours)
    plan.record["primitives"] = list(want)
    plan.record["operations"] = [
        f"{name}.{operation}"
        for name, wanted in want.items()
        for operation in {op["name"] for op in wanted["operations"]}
    ]


def _present(values):
    return {name: _text(value) for name, value in values.items() if value is not None}


def _new_primitive(wanted):
    new = {key: wanted[key] for key in ("agent", "description") if wanted.get(key)}
    new["attributes"] = _present(wanted["attributes"])
    new["meta"] = _present(wanted["meta"])
    new["operations"] = __salt__["cib_operations.new"](
        wanted["operations"], wanted.get("defaults") or []
    )
    return new


def _told(new):
    """A new or removed object as it is shown."""
    told = {
        key: value
        for key, value in new.items()
        if value and key not in ("container", "container_type", "resources")
    }
    if "attributes" in told:
        told["attributes"] = {n: _shown(n, v) for n, v in new["attributes"].items()}
    if "operations" in told:
        told["operations"] = [
            {key: value for key, value in op.items() if key != "id"} for op in new["operations"]
        ]
    return told


def _change_primitive(plan, name, wanted, found):
    edit, change = {}, {}
    for key in ("agent", "description"):
        if wanted.get(key) != found.get(key):
            edit[key] = wanted.get(key)
            change[key] = {"old": found.get(key), "new": wanted.get(key)}
    for part, equal in (("attributes", _same_attribute), ("meta", _same)):
        edited = _differences(wanted[part], found[part], equal)
        if part == "meta":
            edited = _without_intent(plan, name, wanted, found, edited)
        if edited:
            edit[part] = edited
        for key, value in edited.items():
            old = _shown(key, found[part].get(key))
            change[f"{part}:{key}"] = {"old": old, "new": _shown(key, value)}
    given_up = [
        mark.rsplit(".", 1)[1]
        for mark in sorted(plan.owned.get("operations", ()))
        if mark.rsplit(".", 1)[0] == name
    ]
    operations = __salt__["cib_operations.edits"](
        wanted["operations"], found["operations"], wanted.get("defaults") or [], given_up
    )
    if operations["edits"]:
        edit["operations"] = operations["edits"]
        change.update(operations["changes"])
    if edit:
        plan.add("primitives", name, "change", edit, change)


def _differences(wanted, found, equal):
    """``{name: new value, or None to remove it}``"""
    edited = {
        name: _text(value)
        for name, value in wanted.items()
        if not equal(value, found.get(name)) and not (value is None and name not in found)
    }
    edited.update({name: None for name in found if name not in wanted})
    return edited


def _without_intent(plan, name, wanted, found, edited):
    for key in INTENT_META:
        value = found["meta"].get(key)
        if value is not None and str(value).lower() not in _PASSIVE[key]:
            plan.intent.append(f"{name} has {key}={value}: left as it is")
        elif key in edited and wanted["meta"].get(key) is not None:
            state = f"{key}={value}" if value is not None else f"no {key}"
            plan.intent.append(
                f"{name} has {state}, the description {key}={wanted['meta'][key]}: left as it is"
            )
    return {key: value for key, value in edited.items() if key not in INTENT_META}


# Groups ------------------------------------------------------------------------------------------


def _groups_changes(plan):
    want, live = plan.want["groups"], plan.live["groups"]
    for name, wanted in want.items():
        if not _members_exist(plan, name, wanted):
            continue
        if name in live:
            _change_group(plan, name, wanted, live[name])
        elif name in plan.taken:
            plan.problems.append(
                f"groups:{name}: the id is already used in the cluster by something else"
            )
        else:
            plan.taken.add(name)
            new = {"members": wanted["members"], "meta": _present(wanted["meta"])}
            if wanted.get("description"):
                new["description"] = wanted["description"]
            plan.add("groups", name, "create", new, {"old": None, "new": _told(new)})
    ours = set(want) | plan.owned.get("groups", set())
    plan.note_others("groups", set(live) - ours)
    plan.record["groups"] = list(want)


def _members_exist(plan, name, wanted):
    """Whether every member is a primitive that a group can take."""
    known = plan.live["primitives"]
    good = True
    for member in wanted["members"]:
        where = f"groups:{name}:members"
        container = known.get(member, {}).get("container_type", "resources")
        if member not in plan.want["primitives"] and member not in known:
            plan.problems.append(f"{where}: there is no primitive {member}")
            good = False
        elif container not in ("resources", "group"):
            plan.problems.append(f"{where}: {member} is inside a {container}")
            good = False
    return good


def _change_group(plan, name, wanted, found):
    edit, change = {}, {}
    members = _merged_members(plan, wanted["members"], found["members"])
    if members != found["members"]:
        edit["members"] = members
        change["members"] = {"old": found["members"], "new": members}
    if wanted.get("description") != found.get("description"):
        edit["description"] = wanted.get("description")
        change["description"] = {"old": found.get("description"), "new": wanted.get("description")}
    edited = _differences(wanted["meta"], found["meta"], _same)
    edited = _without_intent(plan, name, wanted, found, edited)
    if edited:
        edit["meta"] = edited
    for key, value in edited.items():
        change[f"meta:{key}"] = {"old": found["meta"].get(key), "new": value}
    if edit:
        plan.add("groups", name, "change", edit, change)


def _merged_members(plan, wanted, found):
    """The described members in their order; a stranger stays behind the one it stands behind."""
    ours = set(plan.want["primitives"]) | plan.owned.get("primitives", set()) | set(wanted)
    merged, before = list(wanted), None
    for name in found:
        if name not in ours:
            merged.insert(merged.index(before) + 1 if before else 0, name)
            before = name
        elif name in merged:
            before = name
    return merged


# Removal of resources ----------------------------------------------------------------------------


def _removals(plan):
    """Primitives and groups that are ours no longer, and what refers to them."""
    primitives = [n for n in plan.dropped("primitives") if _removable(plan, n)]
    groups, emptied = [], []
    gone = set(primitives)
    leaving = gone | {m for wanted in plan.want["groups"].values() for m in wanted["members"]}
    for name, found in plan.live["groups"].items():
        if name in plan.want["groups"]:
            continue
        if set(found["members"]) <= leaving:
            emptied.append(name)
        elif name in plan.owned.get("groups", ()):
            strangers = _strangers(plan, found["members"])
            if strangers:
                plan.notes.append(
                    f"the group {name} stays: {', '.join(strangers)} in it was made by others"
                )
            else:
                groups.append(name)
    for name in groups + emptied:
        change = {"old": _told(plan.live["groups"][name]), "new": None}
        plan.add("groups", name, "remove", True, change)
    for name in primitives:
        change = {"old": _told(plan.live["primitives"][name]), "new": None}
        plan.add("primitives", name, "remove", True, change)
    return gone | set(groups) | set(emptied)


def _removable(plan, name):
    found = plan.live["primitives"][name]
    if found["container_type"] in ("resources", "group"):
        return True
    plan.problems.append(
        f"primitives:{name}: is no longer described, but it is inside the "
        f"{found['container_type']} {found['container']}, which must be removed first"
    )
    return False


def _strangers(plan, members):
    ours = set(plan.want["primitives"]) | plan.owned.get("primitives", set())
    return [name for name in members if name not in ours]


def _constraints_changes(plan, gone):
    want, live = plan.want, plan.live
    resources = {*want["primitives"], *want["groups"], *plan.taken} - set(live["constraints"])
    ours = {*want["primitives"], *want["groups"]}
    ours |= plan.owned.get("primitives", set()) | plan.owned.get("groups", set())
    found = __salt__["cib_constraints.compare"](
        want["constraints"],
        live["constraints"],
        {
            "resources": resources - gone,
            "ours": ours,
            "gone": gone,
            "taken": plan.taken,
            "recorded": plan.owned.get("constraints", ()),
        },
    )
    plan.edits += found["edits"]
    if found["changes"]:
        plan.changes["constraints"] = found["changes"]
    plan.problems += found["problems"]
    plan.intent += found["intent"]
    plan.note_others("constraints", found["unmanaged"])
    plan.record["constraints"] = found["record"]


# The record --------------------------------------------------------------------------------------


def _ownership_changes(plan):
    kinds = [*plan.record, *(kind for kind in plan.owned if kind not in plan.record)]
    change = {}
    for kind in kinds:
        old = plan.live["ownership"].get(kind)
        new = " ".join(sorted(plan.record.get(kind, ()))) or None
        if (old or "").split() == (new or "").split():
            continue
        change[kind] = {"old": old, "new": new}
        plan.edits.append(
            {"kind": "ownership", "id": kind, "create": new}
            if new
            else {"kind": "ownership", "id": kind, "remove": True}
        )
    if change:
        plan.changes["ownership"] = {"record": change}


# The public part ---------------------------------------------------------------------------------


def compare(want, live):
    """
    Compare what is wanted with what is there.

    want
        What :py:func:`cib_describe.normalise` returned. A primitive may have ``defaults``, its
        agent's default operations; they are used where an operation is made or given back.

    live
        What :py:func:`cib_xml.read` returned.

    Returns ``changes`` (by kind and id, old and new, secrets masked), ``edits`` (for
    :py:func:`cib_xml.edit`), ``unmanaged`` (objects of others by kind), ``intent`` and ``notes``
    (sentences) and ``problems`` (sentences; with any, the edits must not be made).

    CLI Example:

    .. code-block:: bash

        salt '*' cib_plan.compare '{...}' '{...}'
    """
    plan = _Plan(want, live)
    _property_intent(plan)
    for kind in ("properties", "resource_defaults", "op_defaults"):
        _pairs_changes(plan, kind)
    _primitives_changes(plan)
    _groups_changes(plan)
    gone = _removals(plan)
    _constraints_changes(plan, gone)
    _ownership_changes(plan)
    return {
        "changes": plan.changes,
        "edits": plan.edits,
        "unmanaged": plan.unmanaged,
        "intent": plan.intent,
        "notes": plan.notes,
        "problems": plan.problems,
    }


def describe(live):
    """
    Return a configuration as a description of it, the shape that is planned and applied.

    live
        What :py:func:`cib_xml.read` returned.

    CLI Example:

    .. code-block:: bash

        salt '*' cib_plan.describe '{...}'
    """
    found = {
        "properties": {
            name: value
            for name, value in live["properties"].items()
            if name not in BUILT_IN_PROPERTIES
        },
        "resource_defaults": dict(live["resource_defaults"]),
        "op_defaults": dict(live["op_defaults"]),
        "primitives": {},
        "groups": {},
        "constraints": {},
    }
    for kind in ("primitives", "groups"):
        for name, one in live[kind].items():
            found[kind][name] = {
                key: value
                for key, value in _told_openly(one).items()
                if value and key not in ("container", "container_type")
            }
    for name, one in live["constraints"].items():
        if one["type"] in _MANAGED_CONSTRAINTS:
            entry = {k: v for k, v in one.items() if k not in ("type", "resources")}
            found["constraints"].setdefault(one["type"], []).append({**entry, "id": name})
    return found


def _told_openly(one):
    """An object of the live configuration; a secret is not shown here either."""
    told = dict(one)
    if "attributes" in told:
        told["attributes"] = {n: _shown(n, v) for n, v in one["attributes"].items()}
    if "operations" in told:
        told["operations"] = [
            {key: value for key, value in op.items() if key != "id"} for op in one["operations"]
        ]
    return told
