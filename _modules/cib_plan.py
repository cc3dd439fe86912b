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

Nothing here runs a command: data in, data out. ``_KINDS`` has one comparison per kind of object.
"""

from __future__ import annotations

import re

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
_SECRET = re.compile(
    r"(pass(wd|word|phrase|code)?|secret|credentials?|community|hexadecimal_kg"
    r"|(api|auth|private|shared|encryption)[-_]?key|(auth|access)[-_]?token)$",
    re.I,
)
_MASK = "********"


# Meaning -----------------------------------------------------------------------------------------


def same(one, other):
    """
    Whether two values of a Pacemaker option mean the same: 20s and 20000ms, yes and true.

    CLI Example:

    .. code-block:: bash

        salt '*' cib_plan.same 20s 20000ms
    """
    if one == other:
        return True
    if one is None or other is None:
        return False
    for meaning in (_boolean, _number, _milliseconds):
        found = meaning(one)
        if found is not None and found == meaning(other):
            return True
    return False


def _boolean(value):
    text = str(value).lower()
    if text in ("true", "on", "yes", "y", "1"):
        return True
    return False if text in ("false", "off", "no", "n", "0") else None


def _number(value):
    text = str(value).strip().upper().replace("INFINITY", "1000000")
    return int(text) if re.match(r"^[+-]?\d+$", text) else None


def _milliseconds(value):
    found = re.match(r"^\s*(\d+)\s*([a-z]*)\s*$", str(value), re.I)
    units = {"": 1000, "s": 1000, "sec": 1000, "ms": 1, "msec": 1, "us": 0.001, "usec": 0.001}
    units.update({"m": 60000, "min": 60000, "h": 3600000, "hr": 3600000})
    if not found or found.group(2).lower() not in units:
        return None
    return int(found.group(1)) * units[found.group(2).lower()]


def _same_attribute(wanted, found):
    """An agent's parameter: its text counts, except that a YAML boolean means any spelling."""
    if isinstance(wanted, bool):
        return found is not None and _boolean(found) is wanted
    return wanted == found


def _text(value):
    return ("true" if value else "false") if isinstance(value, bool) else value


def _shown(name, value):
    return _MASK if value is not None and _SECRET.search(name) else _text(value)


def secrets(want, live):
    """
    Values that must not be shown, from both sides: to be cut out of other programs' messages.

    CLI Example:

    .. code-block:: bash

        salt '*' cib_plan.secrets '{"primitives": {}}' '{"primitives": {}}'
    """
    found = set()
    for side in (want, live):
        for primitive in side["primitives"].values():
            for name, value in primitive["attributes"].items():
                if value and _SECRET.search(name):
                    found.add(str(_text(value)))
    return sorted(found, key=len, reverse=True)


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

    def new_id(self, wanted):
        unique, count = wanted, 0
        while unique in self.taken:
            count += 1
            unique = f"{wanted}-{count}"
        self.taken.add(unique)
        return unique


def _pairs_changes(plan, kind):
    """Properties and defaults: names with one value each."""
    want, live = plan.want[kind], plan.live[kind]
    for name, value in want.items():
        found = live.get(name)
        if same(value, found):
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
        if _boolean(plan.live["properties"].get(name)):
            plan.intent.append(f"the cluster is in maintenance ({name}=true): left as it is")
    for node, values in plan.live["nodes"].items():
        for name, value in values.items():
            if _boolean(value):
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
    new["operations"] = _new_operations(wanted["operations"], wanted.get("defaults") or [])
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
    for part, equal in (("attributes", _same_attribute), ("meta", same)):
        edited = _differences(wanted[part], found[part], equal)
        if part == "meta":
            edited = _without_intent(plan, name, wanted, found, edited)
        if edited:
            edit[part] = edited
        for key, value in edited.items():
            old = _shown(key, found[part].get(key))
            change[f"{part}:{key}"] = {"old": old, "new": _shown(key, value)}
    operations = _operation_edits(plan, name, wanted, found, change)
    if operations:
        edit["operations"] = operations
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


# Operations --------------------------------------------------------------------------------------


def _interval(operation):
    found = operation.get("interval") or ("60s" if operation["name"] == "monitor" else "0")
    return _milliseconds(found)


def _matches(wanted, found):
    """Pairs of indexes: which described operation is which of those found (same name all)."""
    left_wanted, left_found = list(range(len(wanted))), list(range(len(found)))
    pairs = {}
    for likeness in (
        lambda w, f: _like(w, f, "role") and "interval" in w and _interval(w) == _interval(f),
        lambda w, f: _like(w, f, "role") and "role" in w,
        lambda w, f: "role" not in w and "role" not in f,
        lambda w, f: "role" not in w,
    ):
        for w in list(left_wanted):
            for f in left_found:
                if likeness(wanted[w], found[f]):
                    pairs[w] = f
                    left_wanted.remove(w)
                    left_found.remove(f)
                    break
    return pairs


def _like(wanted, found, key):
    return key not in wanted or wanted[key] == found.get(key)


def _by_name(operations):
    found = {}
    for operation in operations:
        found.setdefault(operation["name"], []).append(operation)
    return found


def _new_operations(described, defaults):
    """Operations of a new primitive: the agent's defaults, the described ones over them."""
    described, defaults = _by_name(described), _by_name(defaults)
    found = []
    for name in list(described) + [name for name in defaults if name not in described]:
        if name not in described:
            found += defaults[name]
            continue
        pairs = _matches(described[name], defaults.get(name, []))
        for index, operation in enumerate(described[name]):
            base = defaults[name][pairs[index]] if index in pairs else None
            found.append(_filled(operation, base, defaults.get(name, [])))
    return _own_intervals(found)


def _filled(operation, base, defaults):
    """A described operation with what it leaves open taken from the agent's default."""
    if base is None:
        base = {"timeout": defaults[0]["timeout"]} if defaults and "timeout" in defaults[0] else {}
    interval = "60s" if operation["name"] == "monitor" else "0s"
    filled = {"name": operation["name"], "interval": interval, **base, **operation}
    return {key: value for key, value in filled.items() if value is not None and key != "id"}


def _own_intervals(operations):
    """As pcs does: a second after the one that is taken already."""
    seen = set()
    for operation in operations:
        while (operation["name"], _interval(operation)) in seen:
            operation["interval"] = f"{_interval(operation) // 1000 + 1}"
        seen.add((operation["name"], _interval(operation)))
    return operations


def _operation_edits(plan, name, wanted, found, change):
    """Edits of an existing primitive's operations; ``change`` is told what they do."""
    described, live = _by_name(wanted["operations"]), _by_name(found["operations"])
    defaults = _by_name(wanted.get("defaults") or [])
    edits = []
    for operation, several in described.items():
        there = live.get(operation, [])
        pairs = _matches(several, there)
        for index, one in enumerate(several):
            if index in pairs:
                edits += _change_op(one, there[pairs[index]], change)
            else:
                base = _matches([one], defaults.get(operation, [])).get(0)
                base = None if base is None or there else defaults[operation][base]
                edits += _create_op(_filled(one, base, defaults.get(operation, [])), change)
        kept = set(pairs.values())
        for index, one in enumerate(there):
            if index not in kept:
                edits += _remove_op(one, change)
    for operation in _given_up(plan, name, described):
        edits += _reset_ops(defaults.get(operation, []), live.get(operation, []), change)
    return edits


def _given_up(plan, name, described):
    """Names of operations that we once described and no longer do."""
    ours = [mark.rsplit(".", 1) for mark in sorted(plan.owned.get("operations", ()))]
    return [operation for owner, operation in ours if owner == name and operation not in described]


def _reset_ops(defaults, live, change):
    edits = []
    pairs = _matches(defaults, live)
    for index, default in enumerate(defaults):
        if index in pairs:
            one = live[pairs[index]]
            whole = {**{key: None for key in one if key not in ("id", "name")}, **default}
            edits += _change_op(whole, one, change)
        else:
            edits += _create_op(dict(default), change)
    for index, one in enumerate(live):
        if index not in pairs.values():
            edits += _remove_op(one, change)
    return edits


def _path(operation):
    """How an operation is named in ``changes``."""
    role = f":{operation['role']}" if operation.get("role") else ""
    return f"operations:{operation['name']}:{operation.get('interval', '0s')}{role}"


def _change_op(wanted, found, change):
    edited = {
        key: value
        for key, value in wanted.items()
        if key not in ("name", "id") and not same(value, found.get(key))
    }
    if not edited:
        return []
    for key, value in edited.items():
        change[f"{_path(found)}:{key}"] = {"old": found.get(key), "new": value}
    return [{"id": found.get("id"), "set": edited}]


def _create_op(new, change):
    change[_path(new)] = {"old": None, "new": dict(new)}
    return [{"create": new}]


def _remove_op(found, change):
    old = {key: value for key, value in found.items() if key != "id"}
    change[_path(found)] = {"old": old, "new": None}
    return [{"id": found.get("id"), "remove": True}]


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
    edited = _differences(wanted["meta"], found["meta"], same)
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


# Constraints -------------------------------------------------------------------------------------

_MANAGED_CONSTRAINTS = ("order", "colocation")
_OPTIONS = {"order": ("kind", "symmetrical"), "colocation": ("score",)}
_SET_DEFAULTS = {"sequential": "true", "require-all": "true"}


def _about(constraint):
    """What makes a constraint this one and no other."""
    if "sets" in constraint:
        return (constraint["type"], tuple(tuple(one["members"]) for one in constraint["sets"]))
    if constraint["type"] == "order":
        first = constraint.get("first-action") or "start"
        then = constraint.get("then-action") or first
        return ("order", constraint.get("first"), constraint.get("then"), first, then)
    roles = tuple(constraint.get(name) or "Started" for name in ("resource-role", "with-role"))
    return ("colocation", constraint.get("resource"), constraint.get("with"), *roles)


def _option(constraint, name):
    """An option's value or what Pacemaker takes it for when it is not there."""
    if constraint.get(name) is not None:
        return constraint[name]
    if name == "symmetrical":
        return "false" if constraint.get("kind") == "Serialize" else "true"
    return {"kind": "Mandatory", "score": "INFINITY"}[name]


def _set_options(constraint):
    return [
        {**_SET_DEFAULTS, **one} for one in constraint.get("sets", ())
    ]


def _alike(wanted, found):
    """How well a found constraint fits: 2 it means the same, 1 it is the same one, 0 neither."""
    if _about(wanted) != _about(found):
        return 0
    options = _OPTIONS[wanted["type"]]
    if _set_options(wanted) != _set_options(found):
        return 1
    return 2 if all(same(_option(wanted, o), _option(found, o)) for o in options) else 1


def _constraints_changes(plan, gone):
    live = {
        name: found
        for name, found in plan.live["constraints"].items()
        if found["type"] in _MANAGED_CONSTRAINTS and not name.startswith("cli-")
    }
    pairs = _pair_constraints(plan, live)
    recorded = []
    for index, wanted in enumerate(plan.want["constraints"]):
        if not _resources_exist(plan, wanted, gone):
            continue
        name = pairs.get(index)
        if name is None:
            recorded.append(_create_constraint(plan, wanted))
        else:
            _change_constraint(plan, name, wanted, live[name])
            recorded.append(name)
    _other_constraints(plan, set(pairs.values()), gone)
    plan.record["constraints"] = recorded


def _pair_constraints(plan, live):
    """Which described constraint is which live one: by its id if it names one, else by meaning."""
    pairs, left = {}, dict(live)
    for index, wanted in enumerate(plan.want["constraints"]):
        name = wanted.get("id")
        if name in left and left[name]["type"] == wanted["type"]:
            pairs[index] = name
            del left[name]
    for likeness in (2, 1):
        for index, wanted in enumerate(plan.want["constraints"]):
            if index in pairs or wanted.get("id"):
                continue
            found = [name for name in left if _alike(wanted, left[name]) >= likeness]
            if found:
                pairs[index] = found[0]
                del left[found[0]]
    return pairs


def _members_of(constraint):
    found = [constraint.get(name) for name in ("first", "then", "resource", "with")]
    found += [name for one in constraint.get("sets", ()) for name in one["members"]]
    return [name for name in found if name]


def _resources_exist(plan, wanted, gone):
    known = set(plan.want["primitives"]) | set(plan.want["groups"])
    known |= plan.taken - set(plan.live["constraints"])
    missing = [n for n in dict.fromkeys(_members_of(wanted)) if n not in known or n in gone]
    for name in missing:
        plan.problems.append(f"{wanted['path']}: there is no resource {name}")
    return not missing


def _create_constraint(plan, wanted):
    if wanted.get("id"):
        name = wanted["id"]
        if name in plan.taken:
            plan.problems.append(
                f"{wanted['path']}:id: {name} is already used in the cluster by something else"
            )
    elif "sets" in wanted:
        members = _members_of(wanted)[:3]
        name = plan.new_id(f"{wanted['type']}_set_{''.join(m[0] + m[-1] for m in members)}")
    elif wanted["type"] == "order":
        kind = wanted.get("kind", "mandatory")
        name = plan.new_id(f"order-{wanted['first']}-{wanted['then']}-{kind}")
    else:
        name = plan.new_id(f"colocation-{wanted['resource']}-{wanted['with']}-{wanted['score']}")
    plan.taken.add(name)
    new = {key: value for key, value in wanted.items() if key not in ("id", "path")}
    plan.add("constraints", name, "create", new, {"old": None, "new": _told(new)})
    return name


def _change_constraint(plan, name, wanted, found):
    edit, change = {}, {}
    for option in _OPTIONS[wanted["type"]]:
        if not same(_option(wanted, option), _option(found, option)):
            edit[option] = wanted.get(option)
            change[option] = {"old": _option(found, option), "new": _option(wanted, option)}
    if _about(wanted) != _about(found) or _set_options(wanted) != _set_options(found):
        skip = (*_OPTIONS[wanted["type"]], "id", "path", "type", "resources", "sets")
        for key in sorted((set(wanted) | set(found)) - set(skip)):
            if wanted.get(key) != found.get(key):
                edit[key] = wanted.get(key)
                change[key] = {"old": found.get(key), "new": wanted.get(key)}
        if wanted.get("sets") != found.get("sets"):
            edit["sets"] = wanted.get("sets", [])
            change["sets"] = {"old": found.get("sets"), "new": wanted.get("sets")}
    if edit:
        plan.add("constraints", name, "change", edit, change)


def _other_constraints(plan, ours, gone):
    """Live constraints that no described one stands for."""
    resources = set(plan.want["primitives"]) | set(plan.want["groups"])
    resources |= plan.owned.get("primitives", set()) | plan.owned.get("groups", set())
    others = []
    for name, found in plan.live["constraints"].items():
        if name in ours:
            continue
        by_operator = name.startswith("cli-")
        managed = found["type"] in _MANAGED_CONSTRAINTS and not by_operator
        about_ours = bool(found["resources"]) and set(found["resources"]) <= resources
        if managed and (about_ours or name in plan.owned.get("constraints", ())):
            plan.add("constraints", name, "remove", True, {"old": _told(found), "new": None})
        elif set(found["resources"]) & gone:
            _drop_references(plan, name, found, gone)
        elif by_operator:
            plan.intent.append(f"the constraint {name} was left by a move or a ban: left as it is")
        else:
            others.append(name)
    plan.note_others("constraints", others)


def _drop_references(plan, name, found, gone):
    """A constraint of others about a resource that goes: without it, or not at all."""
    direct = {found.get(n) for n in ("first", "then", "resource", "with", "rsc", "with-rsc")}
    left = [resource for resource in found["resources"] if resource not in gone]
    if direct & gone or not left:
        plan.add("constraints", name, "remove", True, {"old": _told(found), "new": None})
    else:
        drop = sorted(set(found["resources"]) & gone)
        change = {"resources": {"old": found["resources"], "new": left}}
        plan.add("constraints", name, "change", {"drop": drop}, change)


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
