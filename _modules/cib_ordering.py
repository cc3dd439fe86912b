"""
Order entries between members of one group: they make no constraint, but the order of the members.

Newer pcs refuses such a constraint, and Pacemaker orders a group's members anyway.
"""

from __future__ import annotations


def order_members(check, want, owner):
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


# What says how a constraint is kept, not what it is about.
_OPTIONS = (
    *("id", "path", "kind", "score", "symmetrical", "require-all", "influence"),
    *("node-attribute", "score-attribute", "resource-discovery", "loss-policy"),
)


def check_twice(check, constraints):
    """pcs refuses a constraint that is there already; so does a description."""
    seen = {}
    for one in constraints:
        about = {k: v for k, v in one.items() if k not in _OPTIONS}
        if "rule" in about:
            about["rule"] = __salt__["cib_rules.meaning"](about["rule"])
        mark = repr(sorted(about.items()))
        if mark in seen:
            check.problem(one["path"], f"says the same as {seen[mark]}")
        seen.setdefault(mark, one["path"])
