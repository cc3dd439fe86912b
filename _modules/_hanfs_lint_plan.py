"""
A cluster's description, turned so that the rules of ``hanfs.lint`` can ask it: what agents there
are, what is in which group, what starts before what, how long an operation may take.
"""

from __future__ import annotations

import re
from typing import Any

from _cib_values import Data

_UNITS = {"ms": 0.001, "": 1, "s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "hr": 3600}
_UNITS.update({"msec": 0.001, "us": 0.000001, "usec": 0.000001})
_YES = ("1", "true", "yes", "on", "y")
# What the agents' metadata says where the description is silent, in seconds.
_AGENT_STOP = {
    "nfsserver": 20,
    "Filesystem": 60,
    "exportfs": 120,
    "LVM-activate": 90,
    "IPaddr2": 20,
    "portblock": 20,
    "nfsnotify": 90,
}


def view(description: Data) -> Data:
    """
    Turn a description. Pure.

    description
        As ``_hanfs_model.description`` makes it; forms that a site's ``cluster_config`` may have
        are understood, too.

    Returns ``{"primitives": {id: {"agent": short name, "provider" (None without one), "attributes",
    "meta", "operations"}},
    "members": {group: [ids]}, "group": {id: group}, "orders": [(first, then)],
    "lonely_sets": [members of order sets that order nothing], "properties",
    "resource_defaults", "op_defaults", "clones": {id: resource}, "priorities": [names of what has
    a priority]}``; the agent of a
    fencing device is its full name.
    """
    groups = {
        group: _names(content.get("members") if isinstance(content, dict) else content)
        for group, content in _mapping(description.get("groups")).items()
    }
    primitives = {
        name: _primitive(item)
        for name, item in _mapping(description.get("primitives")).items()
        if isinstance(item, dict)
    }
    constraints = _mapping(description.get("constraints"))
    orders = [
        pair
        for item in _list(constraints.get("order"))
        if isinstance(item, dict)
        for pair in _pairs(item)
    ]
    clones = _mapping(description.get("clones"))
    return {
        "primitives": primitives,
        "members": groups,
        "group": {name: group for group, names in groups.items() for name in names},
        "orders": orders,
        "lonely_sets": _lonely_sets(constraints),
        "properties": _scalars(description.get("properties")),
        "resource_defaults": _defaults(description.get("resource_defaults")),
        "op_defaults": _defaults(description.get("op_defaults")),
        "clones": {
            name: item["resource"]
            for name, item in clones.items()
            if isinstance(item, dict) and isinstance(item.get("resource"), str)
        },
        "priorities": _priorities(description, primitives),
    }


def _lonely_sets(constraints):
    """The members of order constraints that are one set of at most one."""
    return [
        _members(item["sets"][0])
        for item in _list(constraints.get("order"))
        if isinstance(item, dict)
        and len(_list(item.get("sets"))) == 1
        and len(_members(item["sets"][0])) < 2
    ]


def _members(one):
    return _names(one.get("members") if isinstance(one, dict) else one)


def _priorities(description, primitives):
    """Who has a priority, which priority-fencing-delay goes by."""
    found = [name for name, item in primitives.items() if item["meta"].get("priority")]
    for name, content in _mapping(description.get("groups")).items():
        if isinstance(content, dict) and _mapping(content.get("meta")).get("priority"):
            found.append(name)
    if _defaults(description.get("resource_defaults")).get("priority"):
        found.append("resource_defaults")
    return found


def _mapping(value):
    return value if isinstance(value, dict) else {}


def _scalars(value):
    """A mapping without what is no single value, such as a reference to a secret."""
    return {
        key: item
        for key, item in _mapping(value).items()
        if item is None or isinstance(item, (str, int, float))
    }


def _list(value):
    return value if isinstance(value, (list, tuple)) else []


def _names(value):
    return [name for name in _list(value) if isinstance(name, str)]


def _primitive(item):
    agent = str(item.get("agent") or "")
    return {
        "agent": agent if agent.startswith("stonith:") else agent.rsplit(":", 1)[-1],
        "provider": agent.split(":")[1] if agent.count(":") == 2 else None,
        "attributes": _scalars(item.get("attributes")),
        "meta": _scalars(item.get("meta")),
        "operations": _operations(item.get("operations")),
    }


def _operations(value):
    """``{name: [operations]}``, from a mapping of them or from a list with their names."""
    pairs = [
        (name, one)
        for name, entries in _mapping(value).items()
        for one in (entries if isinstance(entries, list) else [entries])
    ]
    pairs += [(one.get("name"), one) for one in _list(value) if isinstance(one, dict)]
    found: dict[str, list[Data]] = {}
    for name, one in pairs:
        if isinstance(name, str) and isinstance(one, dict):
            found.setdefault(name, []).append(_scalars(one))
    return found


def _pairs(item):
    """An order constraint as pairs; of sets, the last ones of each before the first of the next."""
    if not item.get("sets"):
        first, then = item.get("first"), item.get("then")
        starts = item.get("first-action", "start"), item.get("then-action", "start")
        named = isinstance(first, str) and isinstance(then, str)
        return [(first, then)] if named and starts == ("start", "start") else []
    sets = [
        (_members(one), one.get("sequential", True) if isinstance(one, dict) else True)
        for one in _list(item["sets"])
    ]
    pairs = []
    for names, sequential in sets:
        pairs += list(zip(names, names[1:])) if sequential else []
    for (before, _), (after, _) in zip(sets, sets[1:]):
        pairs += [(first, then) for first in before for then in after]
    return pairs


def _defaults(value):
    """The defaults that hold without a rule."""
    if isinstance(value, dict):
        return _scalars(value)
    merged = {}
    for one in _list(value):
        if isinstance(one, dict) and not one.get("rule"):
            merged.update(_scalars(one.get("values")))
    return merged


def with_agent(plan: Data, *agents: str) -> dict[str, Data]:
    """
    The primitives of some agents. Pure.

    plan
        The answer of ``view``.

    agents
        Short names such as ``exportfs``.

    Returns ``{id: primitive}``.
    """
    return {name: item for name, item in plan["primitives"].items() if item["agent"] in agents}


def starts_before(plan: Data, first: str, then: str) -> bool:
    """
    Whether one resource must have started before another one starts. Pure.

    plan
        The answer of ``view``.

    first, then
        Names of primitives.
    """
    edges: dict[str, set[str]] = {}
    for before, after in plan["orders"]:
        edges.setdefault(before, set()).add(after)
    outgoing = {group: set(edges.get(group, ())) for group in plan["members"]}
    for group, names in plan["members"].items():
        for before, after in zip(names, names[1:]):
            edges.setdefault(before, set()).add(after)
        for name in names:
            # What waits for a group waits for its members; what a group waits for, they wait for.
            edges.setdefault(name, set()).update(outgoing[group])
            edges.setdefault(group, set()).add(name)
    seen, todo = set(), [first]
    while todo:
        for name in edges.get(todo.pop(), ()):
            if name == then:
                return True
            if name not in seen:
                seen.add(name)
                todo.append(name)
    return False


def seconds(value: Any) -> float | None:
    """
    A time of the cluster in seconds, None if it is none. Pure.

    value
        Such as ``60``, ``60s``, ``2min`` or ``60000ms``.
    """
    match = re.match(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*\Z", str(value).lower())
    if not match or isinstance(value, bool) or match.group(2) not in _UNITS:
        return None
    return float(match.group(1)) * _UNITS[match.group(2)]


def stop_timeout(plan: Data, name: str) -> float | None:
    """
    How long a resource may take to stop, in seconds; None if that cannot be told. Pure.

    plan
        The answer of ``view``.

    name
        Of a primitive.
    """
    item = plan["primitives"][name]
    for operation in item["operations"].get("stop", []):
        if operation.get("timeout") is not None:
            return seconds(operation["timeout"])
    # The engine gives a new resource its agent's own operations.
    return _AGENT_STOP.get(item["agent"])


def is_true(value: Any) -> bool:
    """
    Whether Pacemaker or an agent takes a value for yes. Pure.

    value
        Of an attribute or a property.
    """
    return str(value).strip().lower() in _YES
