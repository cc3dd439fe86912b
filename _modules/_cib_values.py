"""
What values of Pacemaker's options mean, whatever way they are written, and which are secret.

Which values are secret because they came from pillar, whatever their names are.

The record of what is ours names them, so that the values stay masked when the description does not
have them any more, and on nodes where it never was: an attribute is ``kind:id:name``, that of a
recipient ``alerts:alert:name`` with the recipient's id before the name (``alerts:alert:to:name``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

# Objects of a configuration as plain data, by the names that descriptions use.
Data = dict[str, Any]

_SECRET = re.compile(
    r"(pass(wd|word|phrase|code)?|secret|credentials?|community|hexadecimal_kg"
    r"|(api|auth|access|secret|private|shared|encryption|ssh)[-_]?key|token)$",
    re.I,
)
# Of an agent that nothing is known of. `key` alone is none: fence_scsi reserves the disk with it.
_MAYBE = re.compile(r"pass|secret|token|credential|community|hexadecimal_kg|.key\Z", re.I)
# In the arguments of a container and the options of a mount: NAME=value, --name value.
_NAMED = re.compile(r"([A-Za-z_][\w.-]*)=|(?<!\S)--?([A-Za-z][\w.-]*)\s+(?=[^-\s])")
_VALUE = re.compile(r"\A(?:\"[^\"]*\"|'[^']*'|\S+)")
_WITH_WORDS = ("options", "run-command")
_PLACE = re.compile(r"[_-](script|file|path)\Z", re.I)
_MASK = "********"
_LONGEST = 800  # characters of a message
# What roles are called by newer Pacemaker, and were by older.
OLD_ROLES = {"Promoted": "Master", "Unpromoted": "Slave"}
NEW_ROLES = {old: new for new, old in OLD_ROLES.items()}
# The place of the record, and the kinds of objects whose secrets it names.
_RECORD = "secrets"
_MARKED = ("primitives", "nodes", "alerts")
_UNITS = {"": 1000, "s": 1000, "sec": 1000, "ms": 1, "msec": 1, "us": 0.001, "usec": 0.001}
_UNITS.update({"m": 60000, "min": 60000, "h": 3600000, "hr": 3600000})


def same(one: Any, other: Any) -> bool:
    """Whether two values of a Pacemaker option mean the same: 20s and 20000ms, yes and true."""
    if one == other:
        return True
    if one is None or other is None:
        return False
    for meaning in (boolean, number, milliseconds):
        found = meaning(one)
        if found is not None and found == meaning(other):
            return True
    return False


def same_text(wanted: Any, found: str | None) -> bool:
    """For a program's own words: the text counts, but a YAML boolean means any spelling of it."""
    if isinstance(wanted, bool):
        return found is not None and boolean(found) is wanted
    return wanted == found


def boolean(value: Any) -> bool | None:
    """True or False as Pacemaker reads the word; None if it is no such word."""
    text = str(value).lower()
    if text in ("true", "on", "yes", "y", "1"):
        return True
    return False if text in ("false", "off", "no", "n", "0") else None


def number(value: Any) -> int | None:
    """A whole number or a score; INFINITY is 1000000. None if the text is neither."""
    text = str(value).strip().upper().replace("INFINITY", "1000000")
    return int(text) if re.match(r"^[+-]?\d{1,18}$", text) else None


def milliseconds(value: Any) -> float | None:
    """Milliseconds of a time such as 20s, 500ms, 2min or 20; None if the text is no time."""
    found = re.match(r"^\s*(\d{1,18})\s*([a-z]*)\s*$", str(value), re.I)
    if not found or found.group(2).lower() not in _UNITS:
        return None
    return int(found.group(1)) * _UNITS[found.group(2).lower()]


def is_secret(name: str) -> bool:
    """Whether an attribute of this name holds a secret: its value is shown nowhere."""
    return bool(_SECRET.search(name))


def may_be_secret(name: str) -> bool:
    """
    The same for a parameter of any fencing agent, to be on the safe side: it costs its user only
    another place in pillar. In descriptions, which others wrote before, the stricter rule would
    hide what is none.
    """
    return bool(_MAYBE.search(name)) and not _PLACE.search(name)


def shown(name: str, value: Any) -> Any:
    """
    A value as it may be shown: masked when the attribute's name is a secret's; of a container's or
    a mount's options those whose names are.
    """
    if value is not None and is_secret(name):
        return _MASK
    return _words_shown(value) if name in _WITH_WORDS and isinstance(value, str) else value


def _words_shown(text):
    for found in reversed(list(_NAMED.finditer(text))):
        if may_be_secret(found.group(1) or found.group(2)):
            text = text[: found.end()] + _VALUE.sub(_MASK, text[found.end() :])
    return text


def masked(text: str, attributes: Iterable[Data]) -> str:
    """
    A text with the values of secret attributes cut out of it.

    text
        What another program said.

    attributes
        A list of dictionaries of names and values.
    """
    secrets = {
        str(value)
        for values in attributes
        for name, value in values.items()
        if value and is_secret(name)
    }
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, _MASK)
    return text


def free_id(wanted: str, taken: set[str]) -> str:
    """An id that is not taken, with pcs's ``-1``, ``-2`` ... where it is; taken from now on."""
    unique, count = wanted, 0
    while unique in taken:
        count += 1
        unique = f"{wanted}-{count}"
    taken.add(unique)
    return unique


def plain(value: Any) -> Any:
    """
    The same data in plain dicts and lists: pillar comes as OrderedDict, and from Salt 3008 on in
    containers whose text is masked.
    """
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def one_line(text: str) -> str:
    """
    A message as one line that logs, terminals and JSON take: what cannot be printed is escaped, and
    the middle of what is very long left out. Names in a pillar may be anything, and stand in it.

    text
        Text, of any length and with any sign in it.

    Returns text of at most 800 characters, all of them printable; such a text stays as it is.
    """
    if len(text) > 2 * _LONGEST:
        text = f"{text[:_LONGEST]} ... {text[-_LONGEST:]}"
    text = "".join(sign if sign.isprintable() else _escaped(sign) for sign in text)
    half = (_LONGEST - len(" ... ")) // 2
    return text if len(text) <= _LONGEST else f"{text[:half]} ... {text[-half:]}"


def _escaped(sign: str) -> str:
    return sign.encode("unicode_escape").decode("ascii")


def marks(want: Data) -> list[str]:
    """Return the words of the record for a description."""
    found = []
    for kind in _MARKED:
        for name, one in want[kind].items():
            found += [f"{kind}:{name}:{secret}" for secret in one.get("secrets", ())]
            for to, inner in one.get("recipients", {}).items():
                found += [f"{kind}:{name}:{to}:{secret}" for secret in inner.get("secrets", ())]
    return found


def mark(live: Data) -> None:
    """
    Give the objects of a configuration that has a record of secrets the list of their names.

    live
        What :py:func:`_cib_kinds.read` makes; it is changed in place.
    """
    for word in live["ownership"].get(_RECORD, "").split():
        kind, name, *rest = word.split(":")
        one = live.get(kind, {}).get(name)
        if one is None or not rest:
            continue
        if rest[0] in one.get("recipients", {}) and len(rest) > 1:
            one = one["recipients"][rest.pop(0)]
        one.setdefault("secrets", []).append(":".join(rest))
