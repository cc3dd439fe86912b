"""
What values of Pacemaker's options mean, whatever way they are written, and which are secret.
"""

from __future__ import annotations

import re

_SECRET = re.compile(
    r"(pass(wd|word|phrase|code)?|secret|credentials?|community|hexadecimal_kg"
    r"|(api|auth|access|secret|private|shared|encryption|ssh)[-_]?key|token)$",
    re.I,
)
_MASK = "********"
_LONGEST = 800  # characters of a message
_UNITS = {"": 1000, "s": 1000, "sec": 1000, "ms": 1, "msec": 1, "us": 0.001, "usec": 0.001}
_UNITS.update({"m": 60000, "min": 60000, "h": 3600000, "hr": 3600000})


def same(one, other):
    """
    Whether two values of a Pacemaker option mean the same: 20s and 20000ms, yes and true.

    CLI Example:

    .. code-block:: bash

        salt '*' cib_meaning.same 20s 20000ms
    """
    if one == other:
        return True
    if one is None or other is None:
        return False
    for meaning in (boolean, number, milliseconds):
        found = meaning(one)
        if found is not None and found == meaning(other):
            return True
    return False


def boolean(value):
    """
    True or False as Pacemaker reads the word; None if it is no such word.

    CLI Example:

    .. code-block:: bash

        salt '*' cib_meaning.boolean on
    """
    text = str(value).lower()
    if text in ("true", "on", "yes", "y", "1"):
        return True
    return False if text in ("false", "off", "no", "n", "0") else None


def number(value):
    """
    A whole number or a score; INFINITY is 1000000. None if the text is neither.

    CLI Example:

    .. code-block:: bash

        salt '*' cib_meaning.number -INFINITY
    """
    text = str(value).strip().upper().replace("INFINITY", "1000000")
    return int(text) if re.match(r"^[+-]?\d{1,18}$", text) else None


def milliseconds(value):
    """
    Milliseconds of a time such as 20s, 500ms, 2min or 20; None if the text is no time.

    CLI Example:

    .. code-block:: bash

        salt '*' cib_meaning.milliseconds 20s
    """
    found = re.match(r"^\s*(\d{1,18})\s*([a-z]*)\s*$", str(value), re.I)
    if not found or found.group(2).lower() not in _UNITS:
        return None
    return int(found.group(1)) * _UNITS[found.group(2).lower()]


def shown(name, value):
    """
    A value as it may be shown: masked when the attribute's name is a secret's.

    CLI Example:

    .. code-block:: bash

        salt '*' cib_meaning.shown password x
    """
    return _MASK if value is not None and _SECRET.search(name) else value


def masked(text, attributes):
    """
    A text with the values of secret attributes cut out of it.

    text
        What another program said.

    attributes
        A list of dictionaries of names and values.

    CLI Example:

    .. code-block:: bash

        salt '*' cib_meaning.masked 'bad value x' '[{"password": "x"}]'
    """
    secrets = {
        str(value)
        for values in attributes
        for name, value in values.items()
        if value and _SECRET.search(name)
    }
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, _MASK)
    return text


def one_line(text):
    """
    A message as one line that logs, terminals and JSON take: what cannot be printed is escaped, and
    the middle of what is very long left out. Names in a pillar may be anything, and stand in it.

    text
        Text, of any length and with any sign in it.

    Returns text of at most 800 characters, all of them printable; such a text stays as it is.

    CLI Example:

    .. code-block:: bash

        salt '*' cib_meaning.one_line 'a name'
    """
    if len(text) > 2 * _LONGEST:
        text = f"{text[:_LONGEST]} ... {text[-_LONGEST:]}"
    text = "".join(sign if sign.isprintable() else _escaped(sign) for sign in text)
    half = (_LONGEST - len(" ... ")) // 2
    return text if len(text) <= _LONGEST else f"{text[:half]} ... {text[-half:]}"


def _escaped(sign):
    return sign.encode("unicode_escape").decode("ascii")
