"""
Rules: when a constraint or a set of defaults holds. Their text, as pcs takes it, and their XML.

.. code-block:: text

    #uname eq n1 and (defined a or not_defined b)
    date in_range 2026-01-01 to duration weeks=2
    date-spec hours=9-16 weekdays=1-5
    resource ocf:heartbeat:IPaddr2          (defaults only; a part that is left out fits all: ::X)
    op monitor interval=10s                 (defaults of operations only)

``and`` and ``or`` bind alike, from the left, as with pcs. A word in quotes is never a keyword, and
may have spaces in it. In between the two, a rule is a tree: ``[tag, attributes, parts]``.

Nothing here runs a command.
"""

from __future__ import annotations

import functools
import re
import xml.etree.ElementTree as ET
from typing import Any

import _cib_rule_text
import _cib_values
from _cib_checker import Checker
from _cib_xml import Cib

# What a rule may ask for, by where it stands.
ALLOWED = {
    "location": ("expression", "date_expression"),
    "resource_defaults": ("expression", "date_expression", "rsc_expression"),
    "op_defaults": ("expression", "date_expression", "rsc_expression", "op_expression"),
}
_WORDS = {"expression": "node attributes", "rsc_expression": "resource", "op_expression": "op"}

_DATE = re.compile(
    r"^\d{4}(-?(\d\d(-?\d\d)?|\d{3}|W\d\d(-?\d)?))?"
    r"([T ]\d\d(:?\d\d(:?\d\d([.,]\d+)?)?)?\s*(Z|[+-]\d\d(:?\d\d)?)?)?$"
)
_DURATION = ("years", "months", "weeks", "days", "hours", "minutes", "seconds")
_SPEC = {
    "years": (0, 9999),
    "weekyears": (0, 9999),
    "months": (1, 12),
    "weeks": (1, 53),
    "yeardays": (1, 366),
    "monthdays": (1, 31),
    "weekdays": (1, 7),
    "hours": (0, 23),
    "minutes": (0, 59),
    "seconds": (0, 59),
}
_VALUES = {
    "integer": re.compile(r"^[+-]?\d+$"),
    "number": re.compile(r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"),
    "version": re.compile(r"^\d+(\.\d+)*$"),
    "string": re.compile(""),
}


def _parse(text):
    return _cib_rule_text.parse(text)


# What may be said --------------------------------------------------------------------------------


def check(check: Checker, path: str, text: Any, place: str) -> str | None:
    """
    A rule of a description, in one spelling; None and a problem when it is none.

    check, path
        The collector of problems (``_cib_checker``) and where the rule is.

    text
        What is described.

    place
        ``location``, ``resource_defaults`` or ``op_defaults``.
    """
    if not isinstance(text, str) or not text.strip():
        check.problem(path, "must be a rule, such as '#uname eq n1'")
        return None
    before = len(check.problems)
    try:
        tree = _parse(text)
    except ValueError as err:
        check.problem(path, str(err))
        return None
    # as it is told, since a line may end between words, but not inside of quotes
    check.storable(path, _cib_rule_text.told(tree))
    for sentence in dict.fromkeys(_objections(tree, ALLOWED[place], place)):
        check.problem(path, sentence)
    return _cib_rule_text.told(tree) if len(check.problems) == before else None


def _objections(tree, allowed, place):
    tag, attributes, parts = tree
    if tag == "rule":
        for part in parts:
            yield from _objections(part, allowed, place)
    elif tag not in allowed:
        yield f"{_WORDS[tag]}: not possible in a rule of {place}"
    elif tag == "expression":
        value, kind = attributes.get("value"), attributes.get("type", "string")
        if value is not None and not _VALUES[kind].match(value):
            yield f"{value!r} is no value of the type {kind}"
    elif tag == "date_expression":
        yield from _date_objections(attributes, parts)


def _date_objections(attributes, parts):
    for name in ("start", "end"):
        if name in attributes and not _DATE.match(attributes[name]):
            yield f"{attributes[name]!r} is no date (such as 2026-01-31 or 2026-01-31T12:00:00Z)"
    start, end = attributes.get("start", ""), attributes.get("end", "")
    if start and len(start) == len(end) and start >= end:
        yield f"the end {end!r} must be after the start {start!r}"
    for tag, values, _ in parts:
        for name, value in values.items():
            if tag == "duration":
                if name not in _DURATION:
                    yield f"{name!r} is no part of a duration; there are: {', '.join(_DURATION)}"
                elif not re.match(r"^0*[1-9]\d*$", value):
                    yield f"{name}={value}: must be a number above 0"
            elif name not in _SPEC:
                yield f"{name!r} is no part of a date-spec; there are: {', '.join(_SPEC)}"
            elif not _in_limits(value, *_SPEC[name]):
                low, high = _SPEC[name]
                yield f"{name}={value}: must be a number or a range between {low} and {high}"


def _in_limits(value, low, high):
    found = re.match(r"^(\d{1,9})(?:-(\d{1,9}))?$", value)
    if not found:
        return False
    first, last = int(found.group(1)), int(found.group(2) or found.group(1))
    return low <= first <= last <= high and (first < last or not found.group(2))


def needs(text: str) -> list[int] | None:
    """
    Return the first version of Pacemaker's schema that has what a rule says, as ``[3, 4]``.

    text
        The rule; None if every schema has it.
    """
    return _needed(_parse(text))


def _needed(tree):
    tag, attributes, parts = tree
    if tag in ("rsc_expression", "op_expression"):
        return [3, 4]
    if attributes.get("type") == "integer":
        return [3, 5]
    return max(filter(None, map(_needed, parts)), default=None)


# What it means -----------------------------------------------------------------------------------


@functools.lru_cache(maxsize=2000)
def _meaning(text):
    return _canonical(_parse(text))


def _canonical(tree):
    tag, attributes, parts = tree
    attributes = dict(attributes)
    parts = sorted({_canonical(part) for part in parts}, key=repr)
    if tag == "rule":
        inner: list[Any] = []
        for part in parts:
            same = part[0] == "rule" and dict(part[1]) == attributes
            inner += part[2] if same else [part]
        parts = sorted(set(inner), key=repr)
        if len(parts) == 1:
            return parts[0]
    elif tag == "expression" and attributes["operation"] in ("eq", "ne"):
        attributes.setdefault("type", "string")
    elif tag == "op_expression" and "interval" in attributes:
        written = attributes["interval"]
        attributes["interval"] = str(_cib_values.milliseconds(written) or written)
    return (tag, tuple(sorted(attributes.items())), tuple(parts))


def meaning(text: str | None) -> tuple[Any, ...] | None:
    """
    Return what a rule means: the same value for two rules that differ in words or order only.

    text
        The rule, or None for no rule.
    """
    return None if text is None else _meaning(text)


# The XML -----------------------------------------------------------------------------------------

_KNOWN = {
    "expression": {"attribute", "operation", "value", "type"},
    "date_expression": {"operation", "start", "end"},
    "rsc_expression": {"class", "provider", "type"},
    "op_expression": {"name", "interval"},
    "duration": set(_DURATION),
    "date_spec": set(_SPEC),
}


def read(element: ET.Element) -> str | None:
    """Return the text of a rule; None if pcs has no words for it."""
    try:
        tree = _tree(element)
        text = _cib_rule_text.told(tree)
        return text if _parse(text) == tree else None
    except ValueError:
        return None


def _tree(element, top=True):
    attributes = {name: value for name, value in element.attrib.items() if name != "id"}
    if element.tag == "rule":
        return _rule_tree(element, attributes, top)
    if attributes.get("value-source") == "literal":
        del attributes["value-source"]
    if element.tag not in _KNOWN or set(attributes) - _KNOWN[element.tag]:
        raise ValueError(element.tag)
    if attributes.get("operation") in ("defined", "not_defined"):
        attributes.pop("value", None)
        attributes.pop("type", None)
    for name in ("start", "end"):
        if name in attributes:
            attributes[name] = _date(attributes[name])
    return [element.tag, attributes, [_tree(inner) for inner in element]]


def _rule_tree(element, attributes, top):
    score = {"score", "score-attribute"}
    if set(attributes) - {"boolean-op", *score, *({"role"} if top else ())}:
        raise ValueError("rule")
    parts = [_tree(inner, top=False) for inner in element]
    if len(parts) == 1:
        # one part in brackets is the part
        return parts[0] if not top or parts[0][0] == "rule" else ["rule", _op("and"), parts]
    if not parts:
        raise ValueError("rule")
    return ["rule", _op(attributes.get("boolean-op", "and")), parts]


def _op(word):
    return {"boolean-op": word}


def _date(text):
    """A date as pcs writes it: its parts may have spaces between them, a rule's words may not."""
    return re.sub(r"\s+", "T", re.sub(r"\s*([TZ:.+-])\s*", r"\1", text.strip()), count=1)


def write(
    cib: Cib,
    parent: ET.Element,
    text: str | None,
    attributes: dict[str, str | None],
    place: int = 0,
) -> None:
    """
    Put a rule into an element, in the place of the one that it has.

    cib, parent
        The parsed configuration and the element that holds at certain times only.

    text
        The rule; None leaves none.

    attributes
        Other attributes of the rule: ``score``, ``score-attribute``, ``role``; None removes one.

    place
        How many other elements come before a new rule.
    """
    element = parent.find("rule")
    if text is None:
        if element is not None:
            cib.forget(element)
        return
    if element is None:
        element = parent.makeelement("rule", {"id": cib.new_id(f"{parent.get('id')}-rule")})
        parent.insert(place, element)
        cib.register(element)
    if not len(element) or meaning(read(element)) != meaning(text):
        for inner in list(element):
            cib.forget(inner)
        tree = _parse(text)
        element.set("boolean-op", tree[1]["boolean-op"])
        for part in tree[2]:
            _write(cib, element, part)
    for name, value in attributes.items():
        if value is None:
            element.attrib.pop(name, None)
        else:
            element.set(name, value)


def _write(cib, parent, tree):
    tag, attributes, parts = tree
    element = parent.makeelement(tag, {})
    parent.append(element)
    if tag == "rule" and cib.schema() < (3, 9):
        # the older schemas want one, nobody reads it
        element.set("score", "0")
    for name, value in attributes.items():
        element.set(name, value)
    element.set("id", cib.new_id(f"{parent.get('id')}-{_id_part(tag, attributes)}"))
    cib.by_id[element.get("id")] = element
    for part in parts:
        _write(cib, element, part)


def _id_part(tag, attributes):
    if tag == "op_expression":
        return f"op-{attributes['name']}"
    if tag == "rsc_expression":
        named = (attributes.get(name) for name in ("class", "provider", "type"))
        return "-".join(["rsc", *filter(None, named)])
    return {"rule": "rule", "duration": "duration", "date_spec": "datespec"}.get(tag, "expr")
