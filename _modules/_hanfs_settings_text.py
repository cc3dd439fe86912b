"""
Editing configuration files so that all that is not the formula's own stays byte for byte: INI files
(``/etc/nfs.conf``), files of shell assignments (``/etc/default``, ``/etc/sysconfig``) and LVM's.

Text in, text out; nothing is read, written or run here.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any

from _cib_values import Data

BEGIN = "# BEGIN hanfs (kept by Salt: edits between these lines are lost)"
END = "# END hanfs"

_SECTION = re.compile(r"\s*\[([^\]\"]+)\]")
_SETTING = re.compile(r"(\s*)([A-Za-z0-9_.-]+)(\s*=\s*)(.*?)(\s*)\Z")
# nfs-utils, support/nfs/conffile.c, conf_get_bool: what it takes for true and for false.
_BOOLEANS = {
    **dict.fromkeys(("1", "t", "true", "y", "yes", "on"), "y"),
    **dict.fromkeys(("0", "f", "false", "n", "no", "off"), "n"),
}
_LVM_TOKEN = re.compile(r'#[^\n]*|"(?:\\.|[^"\\])*"|[{}\[\]=,]|[^\s{}\[\]=,#"]+')


# --- INI ------------------------------------------------------------------------------------------


def ini_values(text: str) -> dict[str, dict[str, str]]:
    """
    The settings of an INI file, as nfs-utils reads it.

    text
        The file.

    Returns ``{section: {key: value}}``, sections and keys in lower case; of a key that stands there
    twice the last one. Sections with an argument (``[gssd "REALM"]``) are left out.
    """
    found: dict[str, dict[str, str]] = {}
    for _, section, setting in _ini_lines(text):
        if section is not None and setting:
            found.setdefault(section, {})[setting.group(2).lower()] = setting.group(4)
    return found


def told(text: str | None) -> str | None:
    """
    A file's lines without comments, for a state's ``changes``.

    text
        What stands in the file; None if there is none.
    """
    if text is None:
        return None
    return "\n".join(line for line in text.splitlines() if line and not line.startswith("#"))


def _ini_lines(text):
    """(line, its section or None, the match of a setting or None) of every line."""
    section = None
    for line in text.splitlines(keepends=True):
        body = line.rstrip("\n")
        if body.lstrip().startswith("["):
            match = _SECTION.match(body)
            section = match.group(1).strip().lower() if match else None
            yield line, section, None
        elif body.lstrip().startswith(("#", ";")):
            yield line, section, None
        else:
            yield line, section, _SETTING.match(body)


def same_value(old: str | None, new: str) -> bool:
    """
    Whether two values of nfs.conf mean the same: ``y``, ``yes``, ``true``, ``on`` and ``1`` do.

    old, new
        Texts; ``old`` may be None.
    """
    if old is None:
        return False
    return old == new or _BOOLEANS.get(old.lower(), old) == _BOOLEANS.get(new.lower(), new)


def ini_set(text: str, values: Mapping[str, Mapping[str, str]]) -> str:
    """
    Set values in an INI file; all else stays as it is. What means the same already stays, too.

    text
        The file.

    values
        ``{section: {key: text}}``, in lower case.

    Returns the new text.
    """
    there = ini_values(text)
    wanted = {
        (section, key): value
        for section, keys in values.items()
        for key, value in keys.items()
        if not same_value(there.get(section, {}).get(key), value)
    }
    lines: list[str] = []
    headed: dict[str, int] = {}
    for line, section, setting in _ini_lines(text):
        if setting and (section, setting.group(2).lower()) in wanted:
            value = wanted[section, setting.group(2).lower()]
            line = f"{setting.group(1)}{setting.group(2)}{setting.group(3)}{value}\n"
        lines.append(line)
        if section is not None and setting is None and line.lstrip().startswith("["):
            headed.setdefault(section, len(lines))
    missing = {
        section: [
            f"{key}={value}\n"
            for (where, key), value in wanted.items()
            if where == section and key not in there.get(section, {})
        ]
        for section in values
    }
    _end_last_line(lines)
    for section, start in sorted(headed.items(), key=lambda item: -item[1]):
        lines[start:start] = missing.pop(section, [])
    for section, new in missing.items():
        if new:
            lines += [f"[{section}]\n", *new]
    return "".join(lines)


def _end_last_line(lines):
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"


# --- shell assignments ----------------------------------------------------------------------------


def shell_value(text: str, name: str) -> str | None:
    """
    What a file of shell assignments gives a variable.

    text
        The file.

    name
        The variable.

    Returns its value, None if it is not set, and the text as it stands if a shell would put
    something in for it (``$``, backquotes): see ``shell_is_plain``.
    """
    found = None
    for match in _assignments(text, name):
        raw = match.group(3)
        if not shell_is_plain(raw):
            found = raw
            continue
        try:
            words = shlex.split(raw, comments=True)
        except ValueError:
            words = [raw]
        found = words[0] if words else ""
    return found


def shell_is_plain(value: str | None) -> bool:
    """
    Whether a shell takes a value as it stands, without putting anything in.

    value
        The text behind ``=``.
    """
    return value is None or not re.search(r"[$`]", value)


def shell_set(text: str, name: str, value: str) -> str:
    """
    Give a variable a value in a file of shell assignments: the last assignment is rewritten, or one
    is added at the end.

    text
        The file.

    name, value
        The variable and its value, which must not have quotes, ``$``, backquotes or backslashes.

    Returns the new text.
    """
    if shell_value(text, name) == value:
        return text
    matches = list(_assignments(text, name))
    new = f'{name}="{value}"'
    if matches:
        last = matches[-1]
        return f"{text[: last.start(2)]}{new}{text[last.end() :]}"
    return f"{text}{'' if text.endswith(chr(10)) or not text else chr(10)}{new}\n"


def _assignments(text, name):
    return re.finditer(rf"^([ \t]*(?:export[ \t]+)?)({re.escape(name)}=)([^\n]*)", text, re.M)


def options_set(value: str | None, wanted: list[list[Any]]) -> str:
    """
    Set options in the value of a variable that holds a daemon's options; the others stay.

    value
        The options as one text, or None.

    wanted
        A list of ``[names, argument]``: all the names that the option has, long and short, and its
        argument, None to take it out. ``[names, argument, True]`` keeps others of that name with
        other arguments; with False as third entry exactly this one is taken out.

    Returns the new text, the same one if it has all already.
    """
    words = _pairs((value or "").split(), {name for names, *_ in wanted for name in names})
    before = list(words)
    for names, argument, *several in wanted:
        if several:
            here = [word for word in words if word[0] in names and word[1] == argument]
            words = [word for word in words if word not in here or several[0]]
            if several[0] and not here:
                words.append((names[0], argument))
            continue
        if [word[1] for word in words if word[0] in names] == [argument]:
            continue
        words = [word for word in words if word[0] not in names]
        if argument is not None:
            words.append((names[0], argument))
    if words == before:
        return value or ""
    return " ".join(part for word in words for part in word if part is not None)


def _pairs(words, known):
    """``(option, argument or None)`` of every word; only the ``known`` options take arguments."""
    found, words = [], list(words)
    while words:
        word = words.pop(0)
        name, equals, argument = word.partition("=")
        short = word[:2]
        if word in known and words:
            found.append((word, words.pop(0)))
        elif equals and name in known:
            found.append((name, argument))
        elif not word.startswith("--") and short in known and len(word) > 2:
            found.append((short, word[2:]))
        else:
            found.append((word, None))
    return found


# --- LVM ------------------------------------------------------------------------------------------


def lvm_values(text: str) -> Data:
    """
    The settings of a file in LVM's format, such as ``lvm.conf``.

    text
        The file.

    Returns ``{"section/key": text or list of texts}``.
    """
    tokens = [token for token in _LVM_TOKEN.findall(text) if not token.startswith("#")]
    found: Data = {}
    path: list[str] = []
    index = 0
    while index < len(tokens):
        token, following = tokens[index], tokens[index + 1 : index + 2]
        if token == "}":
            path = path[:-1]
        elif following == ["{"]:
            path = [*path, token]
            index += 1
        elif following == ["="]:
            value, index = _lvm_value(tokens, index + 2)
            found["/".join([*path, token])] = value
            continue
        index += 1
    return found


def _lvm_value(tokens, index):
    """The value that begins at ``index``, and where the next token stands."""
    if index >= len(tokens):
        return "", index
    if tokens[index] != "[":
        return _unquoted(tokens[index]), index + 1
    try:
        end = tokens.index("]", index)
    except ValueError:
        end = len(tokens)
    entries = [_unquoted(token) for token in tokens[index + 1 : end] if token != ","]
    return entries, end + 1


def _unquoted(token):
    return re.sub(r"\\(.)", r"\1", token[1:-1]) if token.startswith('"') else token


def block_values(text: str) -> Data:
    """
    What stands between the formula's own marks in a file of LVM's, as ``lvm_values``.

    text
        The file.
    """
    block = _block(text)
    return lvm_values(text[block.start() : block.end()]) if block else {}


def _block(text):
    return re.search(rf"^{re.escape(BEGIN)}\n.*?^{re.escape(END)}\n", text, re.M | re.S)


def block_set(text: str, values: Mapping[str, Any]) -> str:
    """
    Put settings between the formula's own marks at the end of a file of LVM's, in place of those
    that stand there; all outside stays.

    text
        The file.

    values
        ``{"section/key": text or list of texts}``; empty takes the marks out.

    Returns the new text.
    """
    sections: dict[str, list[str]] = {}
    for path, value in values.items():
        section, _, key = path.partition("/")
        sections.setdefault(section, []).append(f"\t{key} = {_lvm_text(value)}\n")
    body = "".join(f"{name} {{\n{''.join(lines)}}}\n" for name, lines in sections.items())
    new = f"{BEGIN}\n{body}{END}\n" if body else ""
    old = _block(text)
    if old:
        return text[: old.start()] + new + text[old.end() :]
    if new and text:
        text += "\n" if text.endswith("\n") else "\n\n"
    return text + new


def _lvm_text(value):
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"[ {', '.join(_lvm_text(entry) for entry in value)} ]" if value else "[ ]"
