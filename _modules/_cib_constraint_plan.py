"""
Constraints: compare the described ones with the live ones, by meaning.

A constraint is known by what it is about (its resources, actions and roles, its node or rule), not
by its id, unless the description names the id. One of ours that is about nearly the same becomes
what is described. Orders and colocations of which every resource is ours are owned whole; a
location or a ticket is ours only if we made it.
"""

from __future__ import annotations

import re
from typing import Any

import _cib_contradictions
import _cib_rules
import _cib_values
from _cib_comparison import Plan

KIND = "constraints"
_OPTIONS = {
    "order": ("kind", "symmetrical", "require-all"),
    "colocation": ("score", "influence", "node-attribute"),
    "location": ("score", "score-attribute", "resource-discovery"),
    "ticket": ("loss-policy",),
}
# What Pacemaker takes an option for when it is not there.
_DEFAULTS = {
    "kind": "Mandatory",
    "require-all": "true",
    "node-attribute": "#uname",
    "resource-discovery": "always",
    "loss-policy": "stop",
}
_SET_DEFAULTS = {"sequential": "true", "require-all": "true"}
_OWNED_WHOLE = ("order", "colocation")
_NAMES = ("first", "then", "resource", "with")


def _rule(constraint):
    return _cib_rules.meaning(constraint.get("rule"))


def _role(constraint, name="role"):
    return constraint.get(name) or "Started"


def _about(constraint):
    """What makes a constraint this one and no other."""
    kind = constraint["type"]
    place: tuple[Any, ...] = ()
    if kind == "location":
        place = (constraint.get("node"), _rule(constraint))
    elif kind == "ticket":
        place = (constraint.get("ticket"),)
    if "sets" in constraint:
        return (kind, tuple(tuple(one["members"]) for one in constraint["sets"]), *place)
    ends = tuple(constraint.get(name) for name in (*_NAMES, "resource-pattern"))
    how: tuple[str, ...] = (_role(constraint),)
    if kind == "order":
        first = constraint.get("first-action") or "start"
        how = (first, constraint.get("then-action") or first)
    elif kind == "colocation":
        how = (_role(constraint, "resource-role"), _role(constraint, "with-role"))
    return (kind, ends, *how, *place)


def _nearly(constraint):
    """What two constraints share of which one may become the other, from close to loose."""
    kind, ticket = constraint["type"], constraint.get("ticket")
    where = (constraint.get("node"), "rule" in constraint)
    if "sets" in constraint:
        members = tuple(sorted(_members_of(constraint)))
        return [(kind, members, ticket, where), (kind, members[:1], len(constraint["sets"]))]
    ends = tuple(constraint.get(name) for name in (*_NAMES, "resource-pattern"))
    return [(kind, ends, ticket, where), (kind, ends)]


def _option(constraint, name):
    """An option's value or what Pacemaker takes it for when it is not there."""
    if constraint.get(name) is not None:
        return constraint[name]
    if name == "symmetrical":
        return "false" if constraint.get("kind") == "Serialize" else "true"
    if name == "score":
        return None if constraint.get("score-attribute") else "0"
    return _DEFAULTS.get(name)


def _set_options(constraint):
    return [{**_SET_DEFAULTS, **one} for one in constraint.get("sets", ())]


def _same_sets(one, other):
    one, other = _set_options(one), _set_options(other)
    if one == other:
        return True
    same = _cib_values.same
    return [set(inner) for inner in one] == [set(inner) for inner in other] and all(
        value == theirs[name] if name == "members" else same(value, theirs[name])
        for ours, theirs in zip(one, other)
        for name, value in ours.items()
    )


def _means_the_same(wanted, found):
    """Whether two constraints about the same have the same options, too."""
    same = _cib_values.same
    options = _OPTIONS[wanted["type"]]
    return _same_sets(wanted, found) and all(
        same(_option(wanted, one), _option(found, one)) for one in options
    )


# Which is which -----------------------------------------------------------------------------------


class _Pairs:
    """Which described constraint is which live one: by its id if it names one, else by meaning."""

    def __init__(self, plan, live):
        self.wanted, self.left = plan.want[KIND], dict(live)
        self.found = {}
        for index, wanted in enumerate(self.wanted):
            name = wanted.get("id")
            if name in self.left and self.left[name]["type"] == wanted["type"]:
                self._take(index, name)
        self._pair(_about, _means_the_same)
        self._pair(_about)
        # what would be removed otherwise
        recorded = plan.owned.get(KIND, ())
        self.left = {
            name: one for name, one in self.left.items() if _goes(plan, one, name in recorded)
        }
        for step in (0, 1):
            self._pair(lambda one, step=step: _nearly(one)[step])

    def _take(self, index, name):
        self.found[index] = name
        del self.left[name]

    def _pair(self, key, fits=lambda wanted, found: True):
        about: dict[Any, list[str]] = {}
        for name, found in self.left.items():
            about.setdefault(key(found), []).append(name)
        for index, wanted in enumerate(self.wanted):
            if index in self.found or wanted.get("id"):
                continue
            candidates = about.get(key(wanted), []) if about else []
            name = next((one for one in candidates if fits(wanted, self.left[one])), None)
            if name is not None:
                candidates.remove(name)
                self._take(index, name)


def _goes(plan, found, recorded):
    """Whether a constraint that is not described is ours to remove."""
    if plan.partial:
        return False
    left = [name for name in found["resources"] if name not in plan.gone]
    about_ours = (
        found["type"] in _OWNED_WHOLE
        and "foreign" not in found
        and left
        and all(map(plan.is_our_resource, left))
    )
    return bool(plan.purge or recorded or about_ours)


# What differs -------------------------------------------------------------------------------------


def _members_of(constraint):
    found = [constraint.get(name) for name in _NAMES]
    found += [name for one in constraint.get("sets", ()) for name in one["members"]]
    return [name for name in found if name]


def _resources_exist(plan, wanted):
    missing = [n for n in dict.fromkeys(_members_of(wanted)) if not plan.will_be(n)]
    for name in missing:
        plan.problems.append(f"{wanted['path']}: there is no resource {name}")
    return not missing


def _check_inner(plan, wanted):
    """As pcs does: a new constraint names a clone or a bundle, not the resource in it."""
    for name in dict.fromkeys(_members_of(wanted)):
        outer = plan.around(name)
        if outer:
            plan.problems.append(f"{wanted['path']}: {name} is inside of {outer}: name that")


def _new_name(wanted):
    """The id that pcs would give a new constraint."""
    kind = wanted["type"]
    if "sets" in wanted:
        return f"{kind}_set_{''.join(name[0] + name[-1] for name in _members_of(wanted)[:3])}"
    if kind == "order":
        parts = (wanted["first"], wanted["then"], wanted.get("kind", "mandatory"))
    elif kind == "colocation":
        parts = (wanted["resource"], wanted["with"], wanted["score"])
    elif kind == "ticket":
        parts = (wanted["ticket"], wanted["resource"], wanted.get("role"))
    else:
        resource = wanted.get("resource") or wanted["resource-pattern"]
        parts = (resource, *((wanted["node"], wanted["score"]) if "node" in wanted else ()))
    return re.sub(r"[^A-Za-z0-9_.-]", "", "-".join(filter(None, (kind, *parts))))


def _create(plan, wanted):
    if wanted.get("id"):
        name = wanted["id"]
        plan.claim(f"{wanted['path']}:id", name)
    else:
        name = plan.new_id(_new_name(wanted))
    node, known = wanted.get("node"), plan.live["nodes"]
    if node and known and node not in known and not plan.will_be(node):
        plan.notes.append(
            f"{wanted['path']}: the cluster has no node {node} (it has: {', '.join(sorted(known))})"
        )
    new = {key: value for key, value in wanted.items() if key not in ("id", "path")}
    plan.add(KIND, name, "create", new, {"old": None, "new": _told(new)})
    return name


def _same_field(name, wanted, found):
    if name == "rule":
        return _rule(wanted) == _rule(found)
    if name.endswith("role"):
        return _role(wanted, name) == _role(found, name)
    if name == "sets":
        return _same_sets(wanted, found)
    return wanted.get(name) == found.get(name)


def _change(plan, name, wanted, found):
    edit, change = {}, {}
    for option in _OPTIONS[wanted["type"]]:
        if not _cib_values.same(_option(wanted, option), _option(found, option)):
            edit[option] = wanted.get(option)
            change[option] = {"old": _option(found, option), "new": _option(wanted, option)}
    if _about(wanted) != _about(found) or not _same_sets(wanted, found):
        for key in sorted({*wanted, *found} - {*_NOT_COMPARED, *_OPTIONS[wanted["type"]]}):
            if not _same_field(key, wanted, found):
                edit[key] = wanted.get(key, [] if key == "sets" else None)
                change[key] = {"old": found.get(key), "new": wanted.get(key)}
    if edit:
        plan.add(KIND, name, "change", edit, change)


_NOT_COMPARED = ("id", "path", "type", "resources", "operators", "foreign")


def _others(plan, described):
    """Live constraints that no described one stands for; returns those that stay."""
    recorded, stay = plan.owned.get(KIND, ()), []
    for name, found in plan.live[KIND].items():
        if name in described:
            continue
        if _goes(plan, found, name in recorded) and not found["operators"]:
            plan.add(KIND, name, "remove", True, {"old": _told(found), "new": None})
        elif set(found["resources"]) & plan.gone:
            _drop_references(plan, name, found)
        else:
            stay.append(name)
            _tell(plan, name, found)
    return stay


def _tell(plan, name, found):
    if found["operators"]:
        plan.intent.append(f"the constraint {name} was left by a move or a ban: left as it is")
    elif not plan.partial:
        plan.unmanaged.setdefault(KIND, []).append(name)


def _drop_references(plan, name, found):
    """A constraint of others about a resource that goes: without it, or not at all."""
    direct = {found.get(n) for n in (*_NAMES, "rsc", "with-rsc")}
    left = [resource for resource in found["resources"] if resource not in plan.gone]
    if direct & plan.gone or not left:
        plan.add(KIND, name, "remove", True, {"old": _told(found), "new": None})
    else:
        drop = sorted(set(found["resources"]) & plan.gone)
        change = {"resources": {"old": found["resources"], "new": left}}
        plan.add(KIND, name, "change", {"drop": drop}, change)


def _told(found):
    """A constraint as it is shown."""
    skip = ("id", "path", "resources", "operators", "foreign")
    return {key: value for key, value in found.items() if key not in skip}


def compare(plan: Plan, kind: str) -> None:
    """Add what differs between the described constraints and the live ones to a plan."""
    comparable = {
        name: found
        for name, found in plan.live[KIND].items()
        if "foreign" not in found and not found["operators"]
    }
    pairs = _Pairs(plan, comparable).found
    record = []
    for index, one in enumerate(plan.want[KIND]):
        if not _resources_exist(plan, one):
            continue
        name = pairs.get(index)
        if name is None:
            _check_inner(plan, one)
            name = _create(plan, one)
        else:
            _change(plan, name, one, comparable[name])
        record.append(name)
    stay = _others(plan, set(pairs.values()))
    plan.record[KIND] = record
    if any(one["kind"] == KIND or one["kind"] in ("groups", "clones") for one in plan.edits):
        live = [{**comparable[name], "path": name} for name in stay if name in comparable]
        plan.problems += _cib_contradictions.of(plan, live)
