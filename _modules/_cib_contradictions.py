"""
What constraints say together: those that no cluster can keep (orders in a circle, together and
apart at the same time), the same said twice, and orders between members of one group.

What is described is looked at together with what others made and what stays. A circle that is
there already, without anything that is described, is not ours to complain about.

An order entry between two members of one group makes no constraint, but decides the order of the
members: newer pcs refuses such a constraint, and Pacemaker orders a group's members anyway.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import _cib_rules
import _cib_values
from _cib_checker import Checker
from _cib_comparison import Plan
from _cib_values import Data

_KIND = "constraints"
_INVERSE = {"start": "stop", "stop": "start", "promote": "demote", "demote": "promote"}
_LATER = {"start": "promote", "demote": "stop"}
_PARTS = ("begin", "end")


def of(plan: Plan, live: list[Data]) -> list[str]:
    """
    Return what contradicts itself, as sentences with the places in the description.

    plan
        The plan.

    live
        The live constraints that stay, each with its id as ``path``.
    """
    want = plan.want[_KIND]
    return [
        *_apart_and_together(want, live),
        *_Orders(_holders(plan.live, plan.want, plan.gone), want, live).circles(),
    ]


def described(want: Data) -> list[str]:
    """Return what contradicts itself in a description, as sentences."""
    found = want[_KIND]
    return [
        *_apart_and_together(found, []),
        *_Orders(_holders({}, want, ()), found, []).circles(),
    ]


def _holders(live, want, gone):
    """What is in each group and clone, ``{id: (ids, whether they start in this order)}``."""
    found = {}
    for kind in ("groups", "clones"):
        for name, one in {**live.get(kind, {}), **want.get(kind, {})}.items():
            inner = [one["resource"]] if one.get("resource") else one.get("members", ())
            ordered = _cib_values.boolean(one.get("meta", {}).get("ordered", "true"))
            if name not in gone:
                found[name] = (list(inner), kind == "groups" and ordered is not False)
    return found


# Order -------------------------------------------------------------------------------------------


class _Orders:
    """What must come before what: each action of each resource has a begin and an end."""

    def __init__(self, holders, want, live):
        self.after: dict[tuple[str, str], dict[str, list[Any]]] = {}
        self.ours = []
        for constraints, ours in ((want, True), (live, False)):
            for one in constraints:
                if one["type"] == "order" and one.get("kind") != "Serialize":
                    self._constraint(one, ours)
        for resource, action in list(self.after):
            if (resource, _LATER.get(action)) in self.after:
                self._edge((resource, action), "end", (resource, _LATER[action]), "begin")
        # what no constraint is about cannot be part of a circle
        for action in {action for _, action in self.after}:
            for name, (inner, ordered) in holders.items():
                self._holder(name, inner, ordered, action)

    def _edge(self, one, part, other, other_part, path=None):
        for point in (one, other):
            if point not in self.after:
                # an action ends after it began
                self.after[point] = {"begin": [((*point, "end"), None)], "end": []}
        self.after[one][part].append(((*other, other_part), path))

    def _constraint(self, one, ours):
        symmetrical = one.get("symmetrical") != "false"
        for first, first_action, then, then_action in _steps(one):
            steps = [((first, first_action), (then, then_action))]
            if symmetrical:
                inverse = ((then, _INVERSE[then_action]), (first, _INVERSE[first_action]))
                steps.append(inverse)
            for before, after in steps:
                self._edge(before, "end", after, "begin", one["path"])
                if ours:
                    self.ours.append((before, after, one["path"]))

    def _holder(self, name, inner, ordered, action):
        members = inner if action in ("start", "promote") else inner[::-1]
        for member in members:
            self._edge((name, action), "begin", (member, action), "begin")
            self._edge((member, action), "end", (name, action), "end")
        if ordered:
            for one, other in zip(members, members[1:]):
                self._edge((one, action), "end", (other, action), "begin")

    def circles(self):
        if not self._has_circle():
            return
        told: set[frozenset[str]] = set()
        for before, after, path in self.ours:
            way = self._way((*after, "begin"), (*before, "end"))
            paths = frozenset([path, *(edge for _, edge in way or () if edge)])
            if way is None or paths in told or any(paths > one for one in told):
                continue
            told.add(paths)
            names = list(dict.fromkeys([before[0], *(point[0] for point, _ in way)]))
            others = sorted(paths - {path})
            together = f", together with {', '.join(others)}" if others else ""
            yield f"{path}: orders {', '.join(names)} in a circle{together}"

    def _has_circle(self):
        """Whether there is any, by taking away what nothing comes before."""
        count: dict[tuple[str, str, str], int] = {}
        for point, parts in self.after.items():
            for part in _PARTS:
                count.setdefault((*point, part), 0)
                for target, _ in parts[part]:
                    count[target] = count.get(target, 0) + 1
        free = [point for point, number in count.items() if not number]
        left = len(count)
        while free:
            resource, action, part = free.pop()
            left -= 1
            for target, _ in self.after[resource, action][part]:
                count[target] -= 1
                if not count[target]:
                    free.append(target)
        return bool(left)

    def _way(self, start, goal):
        """The shortest way as [(point, path of the constraint that leads to it)]; None if none."""
        queue = deque([start])
        seen: dict[Any, Any] = {start: None}
        while queue:
            point = queue.popleft()
            if point == goal:
                way = []
                while point is not None:
                    step = seen[point]
                    way.append((point, step[1] if step else None))
                    point = step[0] if step else None
                return way[::-1]
            resource, action, part = point
            for target, path in self.after[resource, action][part]:
                if target not in seen:
                    seen[target] = (point, path)
                    queue.append(target)
        return None


def _steps(constraint):
    """(first, action, then, action) for each pair of resources that an order is about."""
    if "sets" not in constraint:
        first = constraint.get("first-action") or "start"
        then = constraint.get("then-action") or first
        return [(constraint["first"], first, constraint["then"], then)]
    found: list[Any] = []
    previous: list[tuple[str, str]] = []
    for one in constraint["sets"]:
        action = one.get("action") or "start"
        members = [(name, action) for name in one["members"]]
        if one.get("sequential") != "false":
            found += zip(members, members[1:])
        found += [(a, b) for a in previous for b in members]
        previous = members
    return [(*a, *b) for a, b in found]


# Colocation --------------------------------------------------------------------------------------


def _apart_and_together(want, live):
    sides: dict[frozenset[Any], dict[str, list[tuple[str, bool]]]] = {}
    for constraints, ours in ((want, True), (live, False)):
        for one in constraints:
            for pair, side in _sides(one):
                sides.setdefault(pair, {}).setdefault(side, []).append((one["path"], ours))
    told = set()
    for pair, found in sides.items():
        paths = [*found.get("together", ()), *found.get("apart", ())]
        if len(found) < 2 or not any(ours for _, ours in paths):
            continue
        ours = next(path for path, ours in paths if ours)
        other = next(path for path, _ in found["apart" if paths[0][0] == ours else "together"])
        names = " and ".join(sorted(name for name, _ in pair))
        if (ours, other) not in told:
            told.add((ours, other))
            yield f"{ours}: {names} would have to be together and apart, see {other}"


def _sides(constraint):
    """``({(resource, role), ...}, together or apart)`` for what a colocation insists on."""
    if constraint["type"] != "colocation" or constraint.get("node-attribute"):
        return
    if "sets" not in constraint:
        ends = (("resource", "resource-role"), ("with", "with-role"))
        one, other = ((constraint[name], constraint.get(role) or "Started") for name, role in ends)
        yield from _side((one, other), constraint.get("score"))
        return
    for one in constraint["sets"]:
        if one.get("sequential") != "false":
            members = [(name, one.get("role") or "Started") for name in one["members"]]
            score = one.get("score") or constraint.get("score")
            for pair in zip(members, members[1:]):
                yield from _side(pair, score)


def _side(pair, score):
    number = _cib_values.number(score) or 0
    if len({name for name, _ in pair}) == 2 and abs(number) >= 1000000:
        yield frozenset(pair), "together" if number > 0 else "apart"


def order_members(check: Checker, want: Data, owner: dict[str, str]) -> None:
    """Use up the order entries between members of one group: they decide the members' order."""
    kept = []
    pairs: dict[str, list[tuple[str, str]]] = {}
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
    return [(first, then) for first, _, then, _ in _steps(constraint)]


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


# What says how a constraint is kept, not what it is about.
_OPTIONS = (
    *("id", "path", "kind", "score", "symmetrical", "require-all", "influence"),
    *("node-attribute", "score-attribute", "resource-discovery", "loss-policy"),
)


def check_twice(check: Checker, constraints: list[Data]) -> None:
    """pcs refuses a constraint that is there already; so does a description."""
    seen: dict[str, str] = {}
    for one in constraints:
        about = {k: v for k, v in one.items() if k not in _OPTIONS}
        if "rule" in about:
            about["rule"] = _cib_rules.meaning(about["rule"])
        mark = repr(sorted(about.items()))
        if mark in seen:
            check.problem(one["path"], f"says the same as {seen[mark]}")
        seen.setdefault(mark, one["path"])
