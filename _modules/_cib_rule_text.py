"""
The text of a rule, as pcs takes it, to the tree of ``_cib_rules`` and back.

Nothing here runs a command.
"""

from __future__ import annotations

import re
from typing import Any

_COMPARE = ("eq", "ne", "gte", "gt", "lte", "lt")
_TYPES = ("integer", "number", "string", "version")
_TOKEN = re.compile(
    r"""\s*(?:(?P<bracket>[()])|"(?P<double>[^"]*)"(?![^\s()])|'(?P<single>[^']*)'(?![^\s()])"""
    r"""|(?P<word>[^\s()]+))"""
)
_DEPTH = 50  # brackets in brackets


class _Word(str):
    """A word that was written without quotes: it may be a keyword."""


class _Bracket(str):
    pass


def _tokens(text):
    found = []
    for match in _TOKEN.finditer(text.strip()):
        kind = match.lastgroup or ""
        make = {"word": _Word, "bracket": _Bracket}.get(kind, str)
        found.append(make(match.group(kind)))
    return found


class _Parser:
    """Reads the words one by one."""

    def __init__(self, text):
        self.tokens, self.at, self.depth = _tokens(text), 0, 0

    def fail(self, expected, at=None):
        at = self.at if at is None else at
        if at >= len(self.tokens):
            raise ValueError(f"the rule ends where {expected} should come")
        after = f" after {self.tokens[at - 1]!r}" if at else ""
        raise ValueError(f"{str(self.tokens[at])!r}{after}: here should be {expected}")

    def is_word(self, ahead=0):
        at = self.at + ahead
        return at < len(self.tokens) and not isinstance(self.tokens[at], _Bracket)

    def keyword(self, words, ahead=0):
        """The keyword at this place, in small letters; None if it is none of these."""
        at = self.at + ahead
        token = self.tokens[at] if at < len(self.tokens) else None
        found = token.lower() if isinstance(token, _Word) else None
        return found if found in words else None

    def bracket(self, which):
        here = self.tokens[self.at] if self.at < len(self.tokens) else None
        return isinstance(here, _Bracket) and here == which

    def word(self, expected):
        if not self.is_word():
            self.fail(expected)
        self.at += 1
        return str(self.tokens[self.at - 1])

    # The grammar

    def whole(self):
        tree = self.rule()
        if self.at < len(self.tokens):
            self.fail("'and' or 'or'")
        return tree if tree[0] == "rule" else _rule("and", [tree])

    def rule(self):
        left, parts, last = self.operand(), [], None
        while True:
            operator = self.keyword(("and", "or"))
            if operator is None:
                break
            self.at += 1
            right = self.operand()
            if last not in (None, operator):
                left, parts = _rule(last, [left, *parts]), []
            parts.append(right)
            last = operator
        return _rule(last, [left, *parts]) if parts else left

    def operand(self):
        if not self.bracket("("):
            return self.simple()
        self.depth += 1
        if self.depth > _DEPTH:
            raise ValueError(f"the rule has more than {_DEPTH} brackets in each other")
        self.at += 1
        tree = self.rule()
        if not self.bracket(")"):
            self.fail("')', 'and' or 'or'")
        self.at += 1
        self.depth -= 1
        return tree

    def simple(self):
        if not self.is_word():
            self.fail("an expression, such as '#uname eq n1'")
        date = self.keyword(("date",)) and self.keyword(("gt", "lt"), 1)
        if date and not (self.keyword(_TYPES, 2) and self.is_word(3)):
            self.at += 2
            return _date(date, {("start" if date == "gt" else "end"): self.word("a date")})
        if self.keyword(_COMPARE, 1) and self.is_word(2):
            return self.comparison()
        start = self.keyword(_STARTS)
        if start is None or (start == "date" and not self.keyword(("in_range",), 1)):
            self.at += 1
            self.fail(f"one of {', '.join(_COMPARE)}, and then a value")
        self.at += 1
        return _STARTS[start](self)

    def comparison(self):
        attributes = {"attribute": self.word("a name"), "operation": self.keyword(_COMPARE)}
        self.at += 1
        kind = self.keyword(_TYPES)
        if kind:
            self.at += 1
        attributes["value"] = self.word("a value")
        if kind:
            attributes["type"] = kind
        return ["expression", attributes, []]

    def defined(self):
        operation = self.tokens[self.at - 1].lower()
        name = self.word("the name of a node attribute")
        return ["expression", {"attribute": name, "operation": operation}, []]

    def in_range(self):
        self.at += 1
        attributes = {}
        if not self.keyword(("to",)):
            attributes["start"] = self.word("a date or 'to'")
        if not self.keyword(("to",)):
            self.fail("'to'")
        self.at += 1
        if self.keyword(("duration",)) and self.is_word(1):
            self.at += 1
            return _date("in_range", attributes, ["duration", self.parts(), []])
        attributes["end"] = self.word("a date or 'duration'")
        return _date("in_range", attributes)

    def spec(self):
        return _date("date_spec", {}, ["date_spec", self.parts(), []])

    def parts(self):
        found = {}
        while self.is_word() and isinstance(self.tokens[self.at], _Word):
            name, equal, value = self.tokens[self.at].partition("=")
            if not (name and equal and value):
                break
            if name in found:
                raise ValueError(f"{name!r} is said twice")
            found[name] = value
            self.at += 1
        if not found:
            self.fail("a part of a date, such as hours=9-16")
        return found

    def resource(self):
        expected = "CLASS:PROVIDER:TYPE, such as ocf:heartbeat:IPaddr2 or ::IPaddr2"
        parts = self.word(expected).split(":")
        if len(parts) != 3:
            self.fail(expected, self.at - 1)
        named = zip(("class", "provider", "type"), parts)
        return ["rsc_expression", {name: part for name, part in named if part}, []]

    def operation(self):
        attributes = {"name": self.word("the name of an operation")}
        if self.is_word() and self.tokens[self.at].lower().startswith("interval="):
            value = self.tokens[self.at].partition("=")[2]
            if not re.match(r"^\d+[A-Za-z]*$", value, re.A):
                self.fail("interval=TIME, such as interval=10s")
            attributes["interval"] = value
            self.at += 1
        return ["op_expression", attributes, []]


_STARTS = {
    "date": _Parser.in_range,
    "date-spec": _Parser.spec,
    "defined": _Parser.defined,
    "not_defined": _Parser.defined,
    "resource": _Parser.resource,
    "op": _Parser.operation,
}


def _rule(operator, parts):
    return ["rule", {"boolean-op": operator}, parts]


def _date(operation, attributes, *parts):
    return ["date_expression", {"operation": operation, **attributes}, list(parts)]


def parse(text: str) -> list[Any]:
    """
    Return the tree of a rule's text.

    Raises ValueError that says which word is wrong, and what should be there.
    """
    return _Parser(text).whole()


# And back ----------------------------------------------------------------------------------------


def _word(value, keywords=()):
    plain = value and not re.search(r"[\s()]", value) and value[0] not in "\"'"
    if plain and value.lower() not in keywords:
        return value
    return f"'{value}'" if '"' in value else f'"{value}"'


def _parts_told(values):
    return " ".join(f"{name}={value}" for name, value in sorted(values.items()))


def _expression_told(attributes, _):
    name, operation, value = (attributes.get(key) for key in ("attribute", "operation", "value"))
    if value is None:
        return f"{operation} {_word(name, _COMPARE)}"
    kind = attributes.get("type")
    value = f"{kind} {_word(value)}" if kind else _word(value, _TYPES)
    return f"{_word(name, ('date',))} {operation} {value}"


def _date_told(attributes, parts):
    operation = attributes["operation"]
    start, end = (_word(attributes.get(key, ""), ("to",)) for key in ("start", "end"))
    if operation == "date_spec":
        return " ".join(["date-spec", *(_parts_told(values) for _, values, _ in parts)])
    if operation != "in_range":
        return f"date {operation} {start if operation == 'gt' else end}"
    found = ["date in_range", *([start] if "start" in attributes else []), "to"]
    found += [end] if "end" in attributes else []
    return " ".join(found + [f"duration {_parts_told(values)}" for _, values, _ in parts])


def _resource_told(attributes, _):
    return "resource " + ":".join(attributes.get(n, "") for n in ("class", "provider", "type"))


def _operation_told(attributes, _):
    interval = f" interval={attributes['interval']}" if "interval" in attributes else ""
    return f"op {_word(attributes['name'], _COMPARE)}{interval}"


def _rule_told(attributes, parts):
    inner = [f"({told(part)})" if part[0] == "rule" else told(part) for part in parts]
    return f" {attributes['boolean-op']} ".join(inner)


_TOLD = {
    "rule": _rule_told,
    "expression": _expression_told,
    "date_expression": _date_told,
    "rsc_expression": _resource_told,
    "op_expression": _operation_told,
}


def told(tree: list[Any]) -> str:
    """Return the text of a rule's tree."""
    tag, attributes, parts = tree
    return _TOLD[tag](attributes, parts)
