"""
What was last applied, as short hashes beside the record of what is ours: so that a difference can
be told to be somebody's doing in the cluster, a change of the description, or both.

One word for each value of the description, 24 bits of the hash of its path and its value. Which
node applied it does not matter, and nothing of the values can be read from it: secrets are masked
before. The words are written when something else is: a record that alone is old never makes a run
change anything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from _cib_values import Data

RECORD = "applied"
_DIGITS = 6


def _word(*parts):
    text = "\0".join(str(part) for part in parts)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:_DIGITS]


def words(changes: Data) -> str:
    """
    The record for a description. Pure.

    changes
        What it would change in an empty cluster, as ``_cib_plan.compare`` tells it.
    """
    found = set()
    for kind, objects in changes.items():
        for name, change in objects.items():
            found.add(_word(kind, name))
            for path, value in _values(change.get("new")):
                found |= {_word(kind, name, path), _word(kind, name, path, value)}
    return " ".join(sorted(found))


def _values(one: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of an object as it is told, with its path as ``changes`` has it."""
    if isinstance(one, list) and all(isinstance(item, dict) and "name" in item for item in one):
        for item in one:
            role = f":{item['role']}" if item.get("role") else ""
            place = f"{path}:{item['name']}{role}"
            yield place, True
            yield from ((f"{place}:{key}", value) for key, value in item.items())
    elif isinstance(one, dict):
        for key, value in one.items():
            yield from _values(value, f"{path}:{key}" if path else str(key))
    elif one is not None:
        yield path, one


def differences(changes: Data, recorded: str | None) -> list[Data]:
    """
    What differs, each with whose doing it is. Pure.

    changes
        What ``_cib_plan.compare`` found; secrets are masked in it.

    recorded
        The record in the cluster; None if it has none.

    Returns a list of ``{"kind", "id", "path", "have", "want", "cause"}``; the cause is ``cluster``,
    ``pillar``, ``both``, or ``unknown`` where nothing was recorded yet.
    """
    known = set((recorded or "").split())
    found = []
    for kind, objects in changes.items():
        if kind in ("ownership", "schema"):
            continue
        for name, change in objects.items():
            for path, have, want in _leaves(change):
                cause = _cause(known, (kind, name, path), have, want) if known else "unknown"
                place = ":".join(part for part in (kind, name, path) if part)
                found.append(
                    {
                        "kind": kind,
                        "id": name,
                        "path": place,
                        "have": have,
                        "want": want,
                        "cause": cause,
                    }
                )
    return found


def _leaves(change):
    if set(change) == {"old", "new"}:
        yield "", change["old"], change["new"]
        return
    for path, one in change.items():
        yield path, one["old"], one["new"]


def _cause(known, place, have, want):
    kind, name, path = place = (*place[:2], _without_interval(place[2]))
    if not path and isinstance(want or have, (dict, list)):
        there = _word(kind, name) in known
        if have is None:
            return "cluster" if there else "pillar"
        return "pillar" if want is None else "both"
    # an object of one value is told without a path
    before = _word(kind, name, path) in known
    was_wanted = _is_recorded(known, place, want)
    was_there = _is_recorded(known, place, have)
    if have is None:
        return "cluster" if was_wanted else "both" if before else "pillar"
    if want is None:
        return "pillar" if was_there else "both" if before else "cluster"
    if was_wanted == was_there:
        return "both"
    return "cluster" if was_wanted else "pillar"


def _without_interval(path):
    """An operation is told with the interval that it has: the record must not depend on that."""
    parts = path.split(":")
    return ":".join([*parts[:2], *parts[3:]]) if parts[0] == "operations" else path


def _is_recorded(known, place, value):
    if isinstance(value, dict):
        pairs = ((f"{place[2]}:{key}", one) for key, one in value.items())
        return all(_word(*place[:2], path, one) in known for path, one in pairs)
    return _word(*place, value) in known
