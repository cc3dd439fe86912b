"""
The description of a cluster's configuration: checked, and brought into one form.

A description is what people write in pillar or give to ``pcs.configured``:

.. code-block:: yaml

    properties: {stonith-enabled: false}      # None: the property must not be there
    resource_defaults: {resource-stickiness: 100}
    op_defaults: {timeout: 60s}
    primitives:
      VIP:
        agent: ocf:heartbeat:IPaddr2
        attributes: {ip: 192.168.16.100, cidr_netmask: 24}
        optional: [nic]                       # left out, with a note, if the agent lacks it
        meta: {failure-timeout: 60s}
        operations: {monitor: {interval: 20s}}
    groups:
      service: [SharedFS, VIP]                # or {members: [...], meta: {...}}
    constraints:
      order: [{first: service, then: Other, kind: Optional}]
      colocation: [{resource: Other, with: service, score: 50}]

Nothing here runs a command or knows a cluster. ``_KINDS`` has one checker for each kind of object.
"""

from __future__ import annotations

import re

from salt.exceptions import SaltInvocationError

READ_ONLY_PROPERTIES = {
    "cluster-infrastructure",
    "cluster-name",
    "dc-version",
    "have-watchdog",
    "last-lrm-refresh",
}
ROLES = ("Promoted", "Started", "Stopped", "Unpromoted")
ACTIONS = ("start", "promote", "demote", "stop")
ORDER_KINDS = ("Mandatory", "Optional", "Serialize")
ON_FAIL = (
    "ignore",
    "block",
    "demote",
    "stop",
    "restart",
    "standby",
    "fence",
    "restart-container",
)
_OLD_ROLES = {"Master": "Promoted", "Slave": "Unpromoted"}
_ID = re.compile(r"^[A-Za-z_][\w.-]*$", re.A)
_DURATION = re.compile(r"^(\d+\s*(ms|msec|us|usec|s|sec|m|min|h|hr)?|P[\dT].*)$", re.I)
_SCORE = re.compile(r"^[+-]?(INFINITY|\d+)$")
_BOOLEAN = re.compile(r"^(true|false|on|off|yes|no|y|n|1|0)$", re.I)


class _Checker:
    """Collects every problem with its path, so that one run shows them all."""

    def __init__(self):
        self.problems = []

    def problem(self, path, text):
        self.problems.append(f"{path}: {text}")

    def mapping(self, path, value, allowed=None, required=()):
        """``value`` as a dictionary with text keys; {} and a problem when it is none."""
        if value is None:
            value = {}
        if not isinstance(value, dict):
            self.problem(path, f"must be a mapping, not {_kind_of(value)}")
            return {}
        value = {str(key): inner for key, inner in value.items()}
        if allowed is not None:
            for key in sorted(set(value) - set(allowed)):
                known = ", ".join(sorted(allowed))
                self.problem(f"{path}:{key}", f"unknown key; allowed: {known}")
        for key in required:
            if value.get(key) in (None, ""):
                self.problem(path, f"{key} is missing")
        return value

    def listing(self, path, value):
        if value is None:
            return []
        if not isinstance(value, (list, tuple)):
            self.problem(path, f"must be a list, not {_kind_of(value)}")
            return []
        return list(value)

    def names(self, path, value):
        """A list of ids, none twice."""
        found = []
        for index, name in enumerate(self.listing(path, value)):
            if not isinstance(name, (str, int)) or isinstance(name, bool):
                self.problem(f"{path}:{index}", f"must be an id, not {_kind_of(name)}")
            elif str(name) in found:
                self.problem(path, f"{name} is listed twice")
            else:
                found.append(str(name))
        return found

    def identifier(self, path, name):
        if not _ID.match(name):
            self.problem(
                path,
                f"{name!r} is no valid id (a letter or '_', then letters, digits, '.', '_', '-')",
            )

    def word(self, path, name):
        """The record of what is ours is a list of such names."""
        if not re.match(r"^\S+$", name):
            self.problem(path, f"{name!r} is no name: it must be one word")

    def scalars(self, path, value, keep_booleans=False):
        """Names and values as text; None stays (it must not be there)."""
        found = {}
        for name, inner in self.mapping(path, value).items():
            if isinstance(inner, (dict, list, tuple, set)):
                self.problem(f"{path}:{name}", f"must be one value, not {_kind_of(inner)}")
            else:
                self.storable(f"{path}:{name}", inner)
                found[name] = inner if keep_booleans and isinstance(inner, bool) else _text(inner)
        return found

    def storable(self, path, value):
        """What Pacemaker can keep: some of its versions write the rest as broken XML."""
        text = str(value)
        if not text.isprintable():
            self.problem(path, "must be printable text on one line")
        elif not text.isascii() and re.search("[<>&\"']", text):
            self.problem(path, "has <, >, & or quotes together with letters beyond ASCII")

    def text(self, path, value):
        if value is not None:
            self.storable(path, value)
        return _text(value)

    def choice(self, path, value, allowed):
        """One of ``allowed``, in its spelling, whatever case it was written in."""
        if value is None:
            return None
        for one in allowed:
            if str(value).lower() == one.lower():
                return one
        self.problem(path, f"{value!r} is not one of: {', '.join(allowed)}")
        return None

    def role(self, path, value):
        value = _OLD_ROLES.get(str(value).capitalize(), value) if value is not None else None
        return self.choice(path, value, ROLES)

    def pattern(self, path, value, pattern, what):
        if value is None:
            return None
        if not pattern.match(_text(value)):
            self.problem(path, f"{value!r} is not {what}")
        return _text(value)

    def boolean(self, path, value):
        value = self.pattern(path, value, _BOOLEAN, "true or false")
        if value is None:
            return None
        return "true" if value.lower() in ("true", "on", "yes", "y", "1") else "false"

    def score(self, path, value):
        return self.pattern(path, value, _SCORE, "a score (a number, INFINITY or -INFINITY)")

    def duration(self, path, value):
        return self.pattern(path, value, _DURATION, "a time (such as 20s, 500ms or 2min)")


def _kind_of(value):
    names = {dict: "a mapping", list: "a list", str: "text", bool: "true or false"}
    return names.get(type(value), f"a value ({type(value).__name__})")


def _text(value):
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


# One checker per kind ----------------------------------------------------------------------------


def _properties(check, path, value):
    found = _defaults(check, path, value)
    for name in sorted(set(found) & READ_ONLY_PROPERTIES):
        check.problem(f"{path}:{name}", "Pacemaker sets this property itself")
    return found


def _defaults(check, path, value):
    found = check.scalars(path, value)
    for name in found:
        check.word(f"{path}:{name}", name)
    return found


def _primitives(check, path, value):
    allowed = ("agent", "attributes", "optional", "meta", "operations", "description")
    found = {}
    for name, inner in check.mapping(path, value).items():
        here = f"{path}:{name}"
        check.identifier(here, name)
        inner = check.mapping(here, inner, allowed, required=("agent",))
        found[name] = {
            "agent": _agent(check, f"{here}:agent", inner.get("agent")),
            "description": check.text(f"{here}:description", inner.get("description")),
            "attributes": check.scalars(f"{here}:attributes", inner.get("attributes"), True),
            "optional": check.names(f"{here}:optional", inner.get("optional")),
            "meta": check.scalars(f"{here}:meta", inner.get("meta")),
            "operations": _operations(check, f"{here}:operations", inner.get("operations")),
        }
    return found


def _agent(check, path, value):
    parts = str(value or "").split(":")
    wanted = {"ocf": 3}.get(parts[0], 2)
    if value and (len(parts) != wanted or not all(parts)):
        check.problem(
            path,
            f"{value!r} is no full agent name, such as ocf:heartbeat:IPaddr2 or systemd:name",
        )
    return str(value or "")


def _operations(check, path, value):
    """A list of ``{"name": ..., option: value}``, from any of the three ways to write it."""
    found = []
    if isinstance(value, dict):
        for name, inner in value.items():
            several = inner if isinstance(inner, (list, tuple)) else [inner]
            for index, options in enumerate(several):
                here = f"{path}:{name}" + (f":{index}" if several is inner else "")
                found.append(_operation(check, here, options, str(name)))
    else:
        for index, options in enumerate(check.listing(path, value)):
            here = f"{path}:{index}"
            options = check.mapping(here, options, required=("name",))
            found.append(_operation(check, here, options, _text(options.get("name")) or ""))
    _no_same_interval(check, path, found)
    return found


_OPERATION_FIELDS = {
    "interval": _Checker.duration,
    "timeout": _Checker.duration,
    "start-delay": _Checker.duration,
    "role": _Checker.role,
    "on-fail": lambda check, path, value: check.choice(path, value, ON_FAIL),
    "enabled": _Checker.boolean,
    "record-pending": _Checker.boolean,
    "interval-origin": _Checker.text,
    "description": _Checker.text,
    "OCF_CHECK_LEVEL": _Checker.text,
}


def _operation(check, path, value, name):
    found = {"name": name}
    if name:
        check.word(path, name)
    for key, inner in check.mapping(path, value, [*_OPERATION_FIELDS, "name"]).items():
        if key in _OPERATION_FIELDS:
            found[key] = _OPERATION_FIELDS[key](check, f"{path}:{key}", inner)
    return found


def _no_same_interval(check, path, operations):
    """Pacemaker tells a resource's operations apart by name and interval alone."""
    seen = set()
    for operation in operations:
        if operation.get("interval") is None:
            continue  # the agent's default, made unique
        mark = (operation["name"], __salt__["cib_meaning.milliseconds"](operation["interval"]))
        if mark in seen:
            check.problem(path, f"two {mark[0]} operations have the same interval")
        seen.add(mark)


def _groups(check, path, value):
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


def _constraints(check, path, value):
    makers = {"order": _order, "colocation": _colocation}
    found = []
    inner = check.mapping(path, value, makers)
    for kind, maker in makers.items():
        for index, entry in enumerate(check.listing(f"{path}:{kind}", inner.get(kind))):
            here = f"{path}:{kind}:{index}"
            constraint = {"type": kind, "path": here, **maker(check, here, entry)}
            if constraint.get("id"):
                check.identifier(f"{here}:id", constraint["id"])
            found.append({key: inner for key, inner in constraint.items() if inner is not None})
    return found


def _order(check, path, entry):
    common = {"kind", "symmetrical", "id"}
    if isinstance(entry, dict) and "sets" in entry:
        entry = check.mapping(path, entry, common | {"sets"})
        found = {"sets": _sets(check, f"{path}:sets", entry["sets"])}
    else:
        allowed = common | {"first", "then", "first-action", "then-action"}
        entry = check.mapping(path, entry, allowed, required=("first", "then"))
        found = {"first": _text(entry.get("first")), "then": _text(entry.get("then"))}
        for name in ("first-action", "then-action"):
            found[name] = check.choice(f"{path}:{name}", entry.get(name, "start"), ACTIONS)
    found["kind"] = check.choice(f"{path}:kind", entry.get("kind"), ORDER_KINDS)
    found["symmetrical"] = check.boolean(f"{path}:symmetrical", entry.get("symmetrical"))
    found["id"] = _text(entry.get("id"))
    return found


def _colocation(check, path, entry):
    common = {"score", "id"}
    if isinstance(entry, dict) and "sets" in entry:
        entry = check.mapping(path, entry, common | {"sets"})
        found = {"sets": _sets(check, f"{path}:sets", entry["sets"])}
    else:
        allowed = common | {"resource", "with", "resource-role", "with-role"}
        entry = check.mapping(path, entry, allowed, required=("resource", "with"))
        found = {"resource": _text(entry.get("resource")), "with": _text(entry.get("with"))}
        for name in ("resource-role", "with-role"):
            found[name] = check.role(f"{path}:{name}", entry.get(name))
    found["score"] = check.score(f"{path}:score", entry.get("score", "INFINITY"))
    found["id"] = _text(entry.get("id"))
    return found


def _sets(check, path, value):
    found = []
    for index, inner in enumerate(check.listing(path, value)):
        here = f"{path}:{index}"
        inner = {"members": inner} if isinstance(inner, (list, tuple)) else inner
        inner = check.mapping(
            here, inner, ("members", "sequential", "require-all", "action", "role")
        )
        one = {
            "members": check.names(f"{here}:members", inner.get("members")),
            "sequential": check.boolean(f"{here}:sequential", inner.get("sequential")),
            "require-all": check.boolean(f"{here}:require-all", inner.get("require-all")),
            "action": check.choice(f"{here}:action", inner.get("action"), ACTIONS),
            "role": check.role(f"{here}:role", inner.get("role")),
        }
        if not one["members"]:
            check.problem(here, "a set needs at least one member")
        found.append({key: inner for key, inner in one.items() if inner is not None})
    if not found:
        check.problem(path, "at least one set is needed")
    return found


_KINDS = {
    "properties": _properties,
    "resource_defaults": _defaults,
    "op_defaults": _defaults,
    "primitives": _primitives,
    "groups": _groups,
    "constraints": _constraints,
}


# What concerns more than one object --------------------------------------------------------------


def _check_ids(check, want):
    for name in sorted(set(want["primitives"]) & set(want["groups"])):
        check.problem(f"groups:{name}", "the id is also a primitive's")
    owner = {}
    for group, inner in want["groups"].items():
        for member in inner["members"]:
            if member in owner:
                check.problem(
                    f"groups:{group}:members", f"{member} is already in the group {owner[member]}"
                )
            elif member in want["groups"]:
                check.problem(f"groups:{group}:members", f"{member} is a group itself")
            owner.setdefault(member, group)
    taken = {
        **dict.fromkeys(want["primitives"], "primitives"),
        **dict.fromkeys(want["groups"], "groups"),
    }
    for constraint in want["constraints"]:
        name = constraint.get("id")
        if name in taken:
            check.problem(
                f"{constraint['path']}:id", f"the id {name} is already used in {taken[name]}"
            )
        if name:
            taken[name] = constraint["path"]
    return owner


def _order_members(check, want, owner):
    """Use up the order entries between members of one group: they decide the members' order."""
    kept, pairs = [], {}
    for constraint in want["constraints"]:
        inside = _inside_group(check, want, owner, constraint)
        if inside is None:
            kept.append(constraint)
        else:
            pairs.setdefault(inside, []).extend(_pairs(constraint))
    want["constraints"] = kept
    for group, wanted in pairs.items():
        members = want["groups"][group]["members"]
        ordered = _sorted_members(members, wanted)
        if len(ordered) < len(members):
            stuck = [name for name in members if name not in ordered]
            check.problem(
                f"groups:{group}:members",
                f"the order constraints among {', '.join(stuck)} form a cycle",
            )
        else:
            want["groups"][group]["members"] = ordered


def _inside_group(check, want, owner, constraint):
    """The group inside which an order entry lies; None when it must become a constraint."""
    if constraint["type"] != "order":
        return None
    sets = constraint.get("sets")
    names = (
        [name for one in sets for name in one["members"]]
        if sets
        else [constraint.get("first"), constraint.get("then")]
    )
    path, groups = constraint["path"], [owner.get(name) for name in names]
    for name in names:
        if name in want["groups"] and name in groups:
            check.problem(path, f"orders the group {name} against its own member")
    shared = {group for group in groups if group and groups.count(group) > 1}
    if not shared:
        return None
    if len(set(groups)) > 1:
        twice = [name for name, group in zip(names, groups) if group in shared]
        check.problem(
            path,
            f"{', '.join(twice)} are in one group, the others are not; order the members of a "
            "group by an entry of their own",
        )
        return None
    actions = [one.get("action", "start") for one in sets or [{}]]
    actions += [constraint.get("first-action", "start"), constraint.get("then-action", "start")]
    if set(actions) != {"start"}:
        check.problem(path, "the members of a group are ordered by their start only")
    return groups[0]


def _pairs(constraint):
    if "sets" not in constraint:
        return [(constraint["first"], constraint["then"])]
    found, previous = [], []
    for one in constraint["sets"]:
        members = one["members"]
        if one.get("sequential") != "false":
            found += list(zip(members, members[1:]))
        found += [(a, b) for a in previous for b in members]
        previous = members
    return found


def _sorted_members(members, pairs):
    """The members with every pair in order, else as listed; what is in a cycle is left out."""
    ordered, left = [], list(members)
    while left:
        for name in left:
            if not any(then == name and first in left for first, then in pairs):
                ordered.append(name)
                left.remove(name)
                break
        else:
            return ordered
    return ordered


def normalise(description):
    """
    Check a description and return it in one form, as :py:func:`cib_plan.compare` takes it.

    description
        A dictionary as in this module's documentation.

    Values become text, operations and constraints lists; an order between two members of one group
    becomes the order of the members. Raises SaltInvocationError with every problem and its path.

    CLI Example:

    .. code-block:: bash

        salt '*' cib_describe.normalise '{"properties": {"stonith-enabled": false}}'
    """
    check = _Checker()
    if not isinstance(description, dict):
        raise SaltInvocationError(f"a description is a mapping, not {_kind_of(description)}")
    description = dict(description)
    if description.pop("unmanaged", "keep") != "keep":
        check.problem("unmanaged", "only 'keep' is known")
    for key in sorted(set(map(str, description)) - set(_KINDS)):
        check.problem(key, f"unknown key; allowed: {', '.join(_KINDS)}, unmanaged")
    want = {kind: read(check, kind, description.get(kind)) for kind, read in _KINDS.items()}
    if not check.problems:
        owner = _check_ids(check, want)
        _order_members(check, want, owner)
        _check_twice(check, want["constraints"])
    if check.problems:
        raise SaltInvocationError("the description has errors:\n" + "\n".join(check.problems))
    return want


def _check_twice(check, constraints):
    """pcs refuses a constraint that is there already; so does a description."""
    seen = {}
    for one in constraints:
        about = {
            k: v for k, v in one.items() if k not in ("id", "path", "kind", "score", "symmetrical")
        }
        mark = repr(sorted(about.items()))
        if mark in seen:
            check.problem(one["path"], f"says the same as {seen[mark]}")
        seen.setdefault(mark, one["path"])
