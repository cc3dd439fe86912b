"""
The words that pcs takes, read into plain data

``pcs resource create``, ``stonith create`` and ``constraint ...`` of pcs 0.9 to 0.12, in all their
spellings: what the states of Salt 3006 are given as ``resource_options``,
``stonith_device_options`` and ``constraint_options``. What a word means here is what it means to
pcs; a word that is not known is an error that names it.

Nothing here runs a command or knows a cluster. ``_pcs_compat_describe`` makes a description of it,
``_pcs_compat_constraint`` reads the words of constraints.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NoReturn

from _cib_errors import SaltInvocationError
from _cib_values import Data

# Options that may stand anywhere; True: a value follows.
CREATE_OPTIONS: dict[str, bool | None] = {
    "--group": True,
    "--before": True,
    "--after": True,
    "--disabled": False,
    "--no-default-ops": False,
    "--agent-validation": False,
    "--force": False,
    "--future": False,
    "--clone": False,
    "--master": False,
    "--wait": None,
}
FENCING_OPTIONS = {
    name: CREATE_OPTIONS[name]
    for name in ("--disabled", "--no-default-ops", "--agent-validation", "--force", "--wait")
}
# pcs waits for an hour when it is not told how long.
WAIT = 3600
_MASTER = {"master": "promotable"}
_UNITS = {"": 1, "s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "hr": 3600}


def fail(what: str, message: str) -> NoReturn:
    """
    Raise SaltInvocationError about an argument.

    what
        The argument's name.

    message
        What is wrong with it.
    """
    raise SaltInvocationError(f"{what}: {message}")


def words(what: str, value: Any) -> list[str]:
    """
    A list of words as text; None, ``"None"`` (a YAML slip) and one word are lists, too.

    what
        The argument's name, for the message.

    value
        What the state was given.

    Raises SaltInvocationError for what is no list of words.
    """
    if value is None or value == "None":
        return []
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, (list, tuple)):
        fail(what, f"must be a list of words, not {type(value).__name__}")
    for word in value:
        if not isinstance(word, (str, int, float)):
            fail(what, f"must be a list of words such as 'a=b'; one of them is {word!r}")
    return [str(word) for word in value]


def options(what: str, value: Any, known: Mapping[str, bool | None]) -> Data:
    """
    Part the words from the options among them, which may stand anywhere.

    what
        The argument's name, for the message.

    value
        A list of words.

    known
        ``{"--group": True}``: whether a value follows; None: one may follow after ``=``.

    Returns ``{"words": [...], "options": {name: value or True}}``. A negative number is a word.
    """
    left = []
    found: dict[str, str | bool] = {}
    queue = words(what, value)
    while queue:
        word = queue.pop(0)
        if not re.match(r"--?[A-Za-z]", word) or re.match(r"-INFINITY$", word, re.I):
            left.append(word)
            continue
        name, equals, inner = word.partition("=")
        if name not in known:
            allowed = ", ".join(sorted(known)) or "none"
            fail(what, f"{name} is not known here; options that are: {allowed}")
        if known[name] is False and equals:
            fail(what, f"{name} takes no value")
        if known[name] and not equals:
            if not queue:
                fail(what, f"a value must follow {name}")
            inner = queue.pop(0)
        if name in found:
            fail(what, f"{name} stands there twice")
        found[name] = inner if known[name] or equals else True
    return {"words": left, "options": found}


def seconds(what: str, value: str | bool | None) -> int | None:
    """
    How long to wait: None for no ``--wait``, else seconds.

    what
        The argument's name, for the message.

    value
        What followed ``--wait``; True when nothing did.
    """
    if value is None or value is True:
        return WAIT if value else None
    match = re.match(r"(\d+)\s*([a-z]*)$", str(value), re.I)
    if not match or match.group(2).lower() not in _UNITS:
        fail(what, f"--wait={value} is no time")
    return int(match.group(1)) * _UNITS[match.group(2).lower()]


def pairs(what: str, value: list[str]) -> dict[str, str]:
    """
    ``name=value`` words as a dictionary; twice the same is once, as with pcs.

    what
        The argument's name, for the message.

    value
        A list of words.
    """
    found: dict[str, str] = {}
    for word in value:
        name, equals, inner = word.partition("=")
        if not equals:
            fail(what, f"{word!r} is not understood (name=value is, and the words of pcs)")
        if not name or re.search(r"\s", name):
            fail(what, f"{word!r} does not begin with a name")
        if found.setdefault(name, inner) != inner:
            # the values may be secrets
            fail(what, f"{name} is given twice with different values")
    return found


def _sections(value, keywords, first):
    """``[(keyword, [words])]``: what follows each keyword, in order."""
    found: list[tuple[str, list[str]]] = [(first, [])]
    for word in value:
        if word in keywords:
            found.append((word, []))
        else:
            found[-1][1].append(word)
    return found


def _of(sections, keyword):
    return [word for name, several in sections if name == keyword for word in several]


def _operations(what, sections):
    """``[{"name": ..., option: value}]`` of every ``op ACTION OPTIONS [ACTION OPTIONS]...``."""
    found = []
    for keyword, several in sections:
        if keyword != "op":
            continue
        if not several or "=" in several[0]:
            fail(what, "an action such as monitor must follow 'op'")
        named: list[tuple[str, list[str]]] = []
        for word in several:
            if "=" in word:
                named[-1][1].append(word)
            else:
                named.append((word, []))
        for name, given in named:
            if not given:
                fail(what, f"at least one option must follow 'op {name}'")
            found.append({"name": name, **pairs(what, given)})
    return found


def _primitive(what, value, more_meta=(), more_op=()):
    sections = _sections(value, ("op", "meta"), "attributes")
    sections += [("meta", list(more_meta)), *(("op", list(one)) for one in more_op)]
    return {
        "attributes": pairs(what, _of(sections, "attributes")),
        "meta": pairs(what, _of(sections, "meta")),
        "operations": _operations(what, sections),
    }


def resource(name: str, agent: str, value: Any) -> Data:
    """
    The words of ``pcs resource create NAME AGENT WORDS...``.

    name, agent
        The resource and its agent; a short agent's name stays as it is.

    value
        The list of words.

    Returns ``id``, ``agent``, ``primitive`` (``attributes``, ``meta``, ``operations``),
    ``default_operations`` (bool), ``group`` (None or ``id``, ``before``, ``after``), ``clone``
    (None or ``id``, ``promotable``, ``meta``), ``bundle`` (None or its id), ``wait`` (None or
    seconds), ``force`` (bool) and ``notes`` (sentences). Raises SaltInvocationError that names
    the words that are not understood.
    """
    what = "resource_options"
    parted = options(what, value, CREATE_OPTIONS)
    given, left = parted["options"], [_MASTER.get(word, word) for word in parted["words"]]
    for word in ("--clone", "--master"):
        if word in given:
            left.append("clone" if word == "--clone" else "promotable")
    sections = _sections(left, ("clone", "promotable", "bundle", "group"), "primitive")
    wrap, inner = _wrap(what, sections[1:], given)
    inside = _sections(inner, ("op", "meta"), "first")
    future = bool(given.get("--future"))
    meta, operations = _of(inside, "meta"), [one for keyword, one in inside if keyword == "op"]
    if future and operations:
        fail(what, f"'op' must stand before '{wrap}'")
    if future and meta and wrap in ("bundle", "group"):
        fail(what, f"'meta' must stand before '{wrap}'")
    # To pcs without --future, what follows 'clone meta' is the resource's, not the clone's.
    primitive = _primitive(what, sections[0][1], () if future else meta, operations)
    notes = []
    if given.get("--agent-validation"):
        notes.append("--agent-validation: the agent is not run to judge its options")
    first = _of(inside, "first")
    around = {
        "group": _group(what, wrap, first, given),
        "clone": _clone(what, wrap, first, meta if future else []),
        "bundle": _bundle(what, wrap, first),
    }
    return {**_alone(what, name, str(agent), primitive, given), **around, "notes": notes}


def _wrap(what, sections, given):
    """The keyword for what the resource is put into, and the words that follow it."""
    named = [keyword for keyword, _ in sections]
    wraps = [*named, *(["group"] if "--group" in given else [])]
    if len(wraps) > 1:
        fail(what, f"only one of clone, promotable, bundle and group, not {', '.join(wraps)}")
    return sections[0] if named else (None, [])


def _alone(what, name, agent, primitive, given):
    """A resource or a fencing device, with nothing around it."""
    if given.get("--disabled"):
        primitive["meta"]["target-role"] = "Stopped"
    return {
        "kind": "resource",
        "id": str(name),
        "agent": agent,
        "primitive": primitive,
        "default_operations": not given.get("--no-default-ops"),
        "group": None,
        "clone": None,
        "bundle": None,
        "wait": seconds(what, given.get("--wait")),
        "force": bool(given.get("--force")),
        "notes": [],
    }


def _group(what, wrap, inner, given):
    if wrap == "group":
        if not inner or len(inner) not in (1, 3) or inner[1:2] not in ([], ["before"], ["after"]):
            fail(what, "after 'group': its id, then perhaps 'before' or 'after' and a resource")
        found = {"id": inner[0], "before": None, "after": None}
        if len(inner) == 3:
            found[inner[1]] = inner[2]
        return found
    if "--group" not in given:
        if "--before" in given or "--after" in given:
            fail(what, "--before and --after need --group")
        return None
    if "--before" in given and "--after" in given:
        fail(what, "--before or --after, not both")
    return {
        "id": given["--group"],
        "before": given.get("--before"),
        "after": given.get("--after"),
    }


def _clone(what, wrap, inner, meta):
    if wrap not in ("clone", "promotable"):
        return None
    inner = list(inner)
    clone_id = inner.pop(0) if inner and "=" not in inner[0] else None
    found = pairs(what, inner + meta)
    promotable = found.pop("promotable", None)
    if wrap == "promotable" and promotable is not None:
        fail(what, "the word promotable and the option promotable= cannot stand together")
    return {
        "id": clone_id,
        "promotable": wrap == "promotable" or (promotable or "").lower() in ("true", "1", "yes"),
        "meta": found,
    }


def _bundle(what, wrap, inner):
    if wrap != "bundle":
        return None
    if len(inner) != 1 or "=" in inner[0]:
        fail(what, "exactly one bundle's id must follow 'bundle'")
    return inner[0]


def fencing(name: str, agent: str, value: Any) -> Data:
    """
    The words of ``pcs stonith create NAME AGENT WORDS...``.

    name, agent, value
        As for :py:func:`resource`; the agent with or without ``stonith:`` in front.

    Returns the same as :py:func:`resource`.
    """
    what = "stonith_device_options"
    parted = options(what, value, FENCING_OPTIONS)
    primitive = _primitive(what, parted["words"])
    agent = str(agent)
    full = agent if agent.startswith("stonith:") else f"stonith:{agent}"
    return _alone(what, name, full, primitive, parted["options"])


def values(kind: str, name: str, value: Any, extra: Any) -> Data:
    """
    The words of ``pcs property set``, ``resource defaults`` and ``resource op defaults``.

    kind
        ``properties``, ``resource_defaults`` or ``op_defaults``.

    name, value
        What is set; an empty value takes it away, as with pcs.

    extra
        More words: ``name=value``, and for properties ``--force``.

    Returns ``kind``, ``values`` (None: it must not be there), ``force`` and ``notes``.
    """
    known = {"--force": False} if kind == "properties" else {}
    parted = options("extra_args", extra, known)
    if value is None:
        fail("value", f"must say what {name} is ('' takes it away)")
    if isinstance(value, bool):
        value = "true" if value else "false"
    if not isinstance(value, (str, int, float)):
        fail("value", f"must be one value, not {type(value).__name__}")
    name = str(name)
    if not name or re.search(r"[\s=]", name):
        fail("name", f"{name!r} must be one word")
    found = {name: str(value)}
    for more, inner in pairs("extra_args", parted["words"]).items():
        if found.setdefault(more, inner) != inner:
            fail("extra_args", f"{more} is given twice with different values")
    return {
        "kind": kind,
        "values": {key: inner if inner != "" else None for key, inner in found.items()},
        "wait": None,
        "force": bool(parted["options"].get("--force")),
        "notes": [],
    }
