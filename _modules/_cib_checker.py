"""
Checking a description: each value is brought into one form, and what is wrong is collected.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import _cib_values

ROLES = ("Promoted", "Started", "Stopped", "Unpromoted")
_ID = re.compile(r"^[A-Za-z_][\w.-]*$", re.A)
_DURATION = re.compile(r"^(\d+\s*(ms|msec|us|usec|s|sec|m|min|h|hr)?|P[\dT].*)$", re.I)
_SCORE = re.compile(r"^[+-]?(INFINITY|\d+)$")
_BOOLEAN = re.compile(r"^(true|false|on|off|yes|no|y|n|1|0)$", re.I)


class Checker:
    """Collects every problem with its path, so that one run shows them all."""

    def __init__(self, pillar: Callable[[str], Any] | None = None) -> None:
        self.problems: list[str] = []
        self._pillar = pillar

    def problem(self, path, text):
        self.problems.append(_cib_values.one_line(f"{path}: {text}"))

    def mapping(self, path, value, allowed=None, required=()):
        """``value`` as a dictionary with text keys; {} and a problem when it is none."""
        if value is None:
            value = {}
        if not isinstance(value, dict):
            self.problem(path, f"must be a mapping, not {kind_of(value)}")
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
            self.problem(path, f"must be a list, not {kind_of(value)}")
            return []
        return list(value)

    def names(self, path, value):
        """A list of ids, none twice."""
        found = []
        for index, name in enumerate(self.listing(path, value)):
            if not isinstance(name, (str, int)) or isinstance(name, bool):
                self.problem(f"{path}:{index}", f"must be an id, not {kind_of(name)}")
            elif str(name) in found:
                self.problem(path, f"{name} is listed twice")
            else:
                found.append(str(name))
        return found

    def identifier(self, path, name):
        if not _ID.fullmatch(name):
            self.problem(
                path,
                f"{name!r} is no valid id (a letter or '_', then letters, digits, '.', '_', '-')",
            )

    def word(self, path, name):
        """The record of what is ours is a list of such names."""
        if not re.fullmatch(r"\S+", name):
            self.problem(path, f"{name!r} is no name: it must be one word")

    def scalars(self, path, value, keep_booleans=False):
        """Names and values as text; None stays (it must not be there)."""
        found = {}
        for name, inner in self.mapping(path, value).items():
            if isinstance(inner, (dict, list, tuple, set)):
                self.problem(f"{path}:{name}", f"must be one value, not {kind_of(inner)}")
            else:
                self.storable(f"{path}:{name}", inner)
                found[name] = inner if keep_booleans and isinstance(inner, bool) else _text(inner)
        return found

    def attributes(self, path, value):
        """
        Instance attributes: values as text (a boolean stays one, it means any spelling), and the
        names of those that are secret because they came from pillar: ``{pillar: a:b}``.
        """
        values, secrets = dict(self.mapping(path, value)), []
        for name, inner in values.items():
            if isinstance(inner, dict) and list(inner) == ["pillar"]:
                values[name] = self.from_pillar(f"{path}:{name}", str(inner["pillar"]))
                self.word(f"{path}:{name}", name)
                secrets.append(name)
        return self.scalars(path, values, keep_booleans=True), secrets

    def from_pillar(self, path, place):
        found = self._pillar(place) if self._pillar else None
        if found is None or isinstance(found, (dict, list)):
            self.problem(path, f"there is no value at {place} in pillar")
            return None
        return _text(found)

    def storable(self, path, value):
        """What Pacemaker can keep: some of its versions write the rest as broken XML."""
        text = str(value)
        if not text.isprintable():
            self.problem(path, "must be printable text on one line")
        elif not text.isascii() and re.search("[<>&\"']", text):
            self.problem(path, "has <, >, & or quotes together with letters beyond ASCII")

    def text(self, path, value):
        if isinstance(value, (dict, list, tuple, set)):
            self.problem(path, f"must be text, not {kind_of(value)}")
        elif value is not None:
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
        value = (
            _cib_values.NEW_ROLES.get(str(value).capitalize(), value) if value is not None else None
        )
        return self.choice(path, value, ROLES)

    def pattern(self, path, value, pattern, what):
        if value is None:
            return None
        if not pattern.fullmatch(_text(value)):
            self.problem(path, f"{value!r} is not {what}")
        return _text(value)

    def boolean(self, path, value):
        value = self.pattern(path, value, _BOOLEAN, "true or false")
        if value is None:
            return None
        return "true" if _cib_values.boolean(value) else "false"

    def score(self, path, value):
        return self.pattern(path, value, _SCORE, "a score (a number, INFINITY or -INFINITY)")

    def duration(self, path, value):
        return self.pattern(path, value, _DURATION, "a time (such as 20s, 500ms or 2min)")


def kind_of(value: Any) -> str:
    names = {dict: "a mapping", list: "a list", str: "text", bool: "true or false"}
    return names.get(type(value), f"a value ({type(value).__name__})")


def _text(value):
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
