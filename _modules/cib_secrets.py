"""
Which values are secret because they came from pillar, whatever their names are.

The record of what is ours names them, so that the values stay masked when the description does not
have them any more, and on nodes where it never was: an attribute is ``kind:id:name``, that of a
recipient ``alerts:alert:name`` with the recipient's id before the name (``alerts:alert:to:name``).
"""

from __future__ import annotations

RECORD = "secrets"
KINDS = ("primitives", "nodes", "alerts")


def marks(want):
    """
    Return the words of the record for a description.

    want
        What :py:func:`cib_describe.normalise` returned.

    CLI Example:

    .. code-block:: bash

        salt '*' cib_secrets.marks '{"primitives": {"A": {"secrets": ["key"]}}}'
    """
    found = []
    for kind in KINDS:
        for name, one in want[kind].items():
            found += [f"{kind}:{name}:{secret}" for secret in one.get("secrets", ())]
            for to, inner in one.get("recipients", {}).items():
                found += [f"{kind}:{name}:{to}:{secret}" for secret in inner.get("secrets", ())]
    return found


def mark(live):
    """
    Give the objects of a configuration that has a record of secrets the list of their names.

    live
        What :py:func:`cib_xml.read` makes; it is changed in place.

    CLI Example:

    .. code-block:: bash

        salt '*' cib_secrets.mark '{...}'
    """
    for word in live["ownership"].get(RECORD, "").split():
        kind, name, *rest = word.split(":")
        one = live.get(kind, {}).get(name)
        if one is None or not rest:
            continue
        if rest[0] in one.get("recipients", {}) and len(rest) > 1:
            one = one["recipients"][rest.pop(0)]
        one.setdefault("secrets", []).append(":".join(rest))
