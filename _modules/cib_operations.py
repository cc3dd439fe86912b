"""
Operations of a primitive: those of a new one, and the edits that bring those of a live one in line.

A described operation is told from others of its name by its role and interval. What it does not
say is the agent's default for a new one and stays what it is for a live one. Describing an
operation owns all of its name, as with pcs.
"""

from __future__ import annotations


def new(described, defaults):
    """
    Return the operations of a new primitive: the agent's defaults, the described ones over them.

    described
        A list of ``{"name": ..., option: value}``.

    defaults
        What :py:func:`cib_agent.default_operations` returned.

    CLI Example:

    .. code-block:: bash

        salt '*' cib_operations.new '[{"name": "monitor", "interval": "20s"}]' '[]'
    """
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


def edits(described, live, defaults, given_up=()):
    """
    Return the edits to a live primitive's operations, and how they are told.

    described, defaults
        As for :py:func:`new`.

    live
        The operations it has, as :py:func:`cib_xml.read` returns them.

    given_up
        Names of operations that were described once and are no longer; they get the agent's
        default back.

    Returns ``edits`` (for :py:func:`cib_xml.edit`) and ``changes`` (by path, old and new).

    CLI Example:

    .. code-block:: bash

        salt '*' cib_operations.edits '[{"name": "start", "timeout": "90s"}]' '[]' '[]'
    """
    described, live, defaults = _by_name(described), _by_name(live), _by_name(defaults)
    found, change = [], {}
    for name, several in described.items():
        there = live.get(name, [])
        pairs = _matches(several, there)
        for index, one in enumerate(several):
            if index in pairs:
                found += _change_op(one, there[pairs[index]], change)
            else:
                base = None
                if not there:
                    match = _matches([one], defaults.get(name, [])).get(0)
                    base = None if match is None else defaults[name][match]
                found += _create_op(_filled(one, base, defaults.get(name, [])), change)
        for index, one in enumerate(there):
            if index not in pairs.values():
                found += _remove_op(one, change)
    for name in given_up:
        if name not in described:
            found += _reset_ops(defaults.get(name, []), live.get(name, []), change)
    return {"edits": found, "changes": change}


def _interval(operation):
    found = operation.get("interval") or ("60s" if operation["name"] == "monitor" else "0")
    return __salt__["cib_meaning.milliseconds"](found)


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


def _reset_ops(defaults, live, change):
    found = []
    pairs = _matches(defaults, live)
    for index, default in enumerate(defaults):
        if index in pairs:
            one = live[pairs[index]]
            whole = {**{key: None for key in one if key not in ("id", "name")}, **default}
            found += _change_op(whole, one, change)
        else:
            found += _create_op(dict(default), change)
    for index, one in enumerate(live):
        if index not in pairs.values():
            found += _remove_op(one, change)
    return found


def _path(operation):
    """How an operation is named in ``changes``."""
    role = f":{operation['role']}" if operation.get("role") else ""
    return f"operations:{operation['name']}:{operation.get('interval', '0s')}{role}"


def _change_op(wanted, found, change):
    edited = {
        key: value
        for key, value in wanted.items()
        if key not in ("name", "id") and not __salt__["cib_meaning.same"](value, found.get(key))
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
