"""
Readers for the files that ``_hanfs_facts`` looks at. Text or bytes in, plain data out.

Nothing is opened here. A file that is damaged gives what could be read of it, never an exception:
a finding about a node must not depend on how well somebody wrote a file.
"""

from __future__ import annotations

import re
import shlex
import struct
from collections.abc import Container

from _cib_values import Data

_LVM_TOKEN = re.compile(r"#[^\n]*|\"(?:\\.|[^\"\\])*\"|'[^']*'|[{}\[\],=]|[^\s{}\[\],=\"'#]+", re.S)
# rpc.statd and rpc.mountd: how Debian 11 and EL 7 give ports on the command line.
_PORT_OPTION = re.compile(r"(?:^|\s)(?:-p|--port)[= ]?(\d+)")
_OUTGOING_OPTION = re.compile(r"(?:^|\s)(?:-o|--outgoing-port)[= ]?(\d+)")


def sections(text: str) -> dict[str, dict[str, str]]:
    """
    A file in the form of ``nfs.conf`` and ``idmapd.conf``. Names are lower case: nfs-utils compares
    them without case.

    text
        Its text.

    Returns ``{section: {key: value}}``; ``include`` lines are in the section where they stand.
    """
    found: dict[str, dict[str, str]] = {}
    section: dict[str, str] | None = None
    for line in re.sub(r"\\\n", " ", text).splitlines():
        line = line.strip()
        if not line or line[0] in "#;":
            continue
        head = re.match(r"\[\s*([^\]\"]+?)\s*(?:\"[^\"]*\"\s*)?\]", line)
        if head:
            section = found.setdefault(head.group(1).lower(), {})
        elif "=" in line and section is not None:
            key, value = line.split("=", 1)
            section[key.strip().lower()] = _unquoted(re.split(r"\s+[#;]", value, maxsplit=1)[0])
    return found


def _unquoted(text):
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def assignments(text: str) -> dict[str, str]:
    """
    A file of shell assignments, such as ``/etc/os-release`` and ``/etc/default/nfs-common``.

    text
        Its text; nothing in it is run.
    """
    found = {}
    for line in text.splitlines():
        match = re.match(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)", line)
        if match:
            try:
                found[match.group(1)] = " ".join(shlex.split(match.group(2), comments=True))
            except ValueError:
                found[match.group(1)] = _unquoted(match.group(2))
    return found


def option_ports(arguments: str) -> dict[str, int]:
    """
    The ports in the arguments of rpc.statd or rpc.mountd.

    arguments
        Text, as in ``STATDOPTS`` and ``RPCMOUNTDOPTS``.

    Returns ``{"port": number, "outgoing": number}``, without what is not given.
    """
    matches = {
        "port": _PORT_OPTION.search(arguments),
        "outgoing": _OUTGOING_OPTION.search(arguments),
    }
    return {name: int(match.group(1)) for name, match in matches.items() if match}


def lvm_config(text: str) -> Data:
    """
    LVM's own language: ``lvm.conf``, and the metadata of a volume group.

    text
        Its text.

    Returns nested dicts; values are text, whole numbers or lists of them. A section that comes
    twice is one.
    """
    tokens = [token for token in _LVM_TOKEN.findall(text) if not token.startswith("#")]
    root: Data = {}
    stack, position = [root], 0
    while position < len(tokens):
        token = tokens[position]
        following = tokens[position + 1] if position + 1 < len(tokens) else None
        if token == "}":
            if len(stack) > 1:
                stack.pop()
            position += 1
        elif following == "{":
            inner = _below(stack[-1], token.strip("\"'").split("/"))
            stack.append(inner)
            position += 2
        elif following == "=":
            *parents, key = token.strip("\"'").split("/")
            value, position = _lvm_value(tokens, position + 2)
            _below(stack[-1], parents)[key] = value
        else:
            position += 1
    return root


def _below(where, names):
    for name in names:
        inner = where.get(name)
        if not isinstance(inner, dict):
            inner = where[name] = {}
        where = inner
    return where


def _lvm_value(tokens, position):
    if position >= len(tokens):
        return None, position
    if tokens[position] != "[":
        return _lvm_scalar(tokens[position]), position + 1
    items = []
    position += 1
    while position < len(tokens) and tokens[position] != "]":
        if tokens[position] != ",":
            items.append(_lvm_scalar(tokens[position]))
        position += 1
    return items, position + 1


def _lvm_scalar(token):
    if token[0] == '"':
        return re.sub(r"\\(.)", r"\1", token[1:-1], flags=re.S)
    if token[0] == "'":
        return token[1:-1]
    return int(token) if re.match(r"-?\d+\Z", token) else token


def lvm_devices(text: str) -> list[dict[str, str]]:
    """
    The entries of LVM's devices file.

    text
        Text of ``/etc/lvm/devices/system.devices``.

    Returns a list of ``{"IDTYPE": ..., "IDNAME": ..., "DEVNAME": ..., "PVID": ...}``.
    """
    entries = [dict(re.findall(r"([A-Z]+)=(\S+)", line)) for line in text.splitlines()]
    return [entry for entry in entries if "IDTYPE" in entry]


def keytab(data: bytes) -> list[str] | None:
    """
    The principals in a Kerberos keytab; its keys are not looked at.

    data
        The file's bytes, format 0x0502 (MIT Kerberos, doc/formats/keytab_file_format).

    Returns a sorted list such as ``["nfs/nfs.example.com@EXAMPLE.COM"]``, or None if this is no
    keytab.
    """
    if data[:2] != b"\x05\x02":
        return None
    found, position = set(), 2
    while position + 4 <= len(data):
        (size,) = struct.unpack_from(">i", data, position)
        position += 4
        if size > 0:
            principal = _principal(data[position : position + size])
            found |= {principal} if principal else set()
        # A negative size is the hole that a removed entry has left.
        position += abs(size)
        if size == 0:
            break
    return sorted(found)


def _principal(entry):
    try:
        (count,) = struct.unpack_from(">H", entry, 0)
        position, parts = 2, []
        for _ in range(count + 1):
            (length,) = struct.unpack_from(">H", entry, position)
            parts.append(entry[position + 2 : position + 2 + length].decode("utf-8", "replace"))
            position += 2 + length
    except struct.error:
        return None
    return "/".join(parts[1:]) + "@" + parts[0]


def dpkg_versions(text: str, names: Container[str]) -> dict[str, str]:
    """
    Versions of installed packages.

    text
        Text of ``/var/lib/dpkg/status``.

    names
        The packages to look for.
    """
    found = {}
    for block in text.split("\n\n"):
        head = re.match(r"\s*Package: (\S+)", block)
        if head and head.group(1) in names and "\nStatus: install ok installed" in block:
            version = re.search(r"^Version: (\S+)", block, re.M)
            if version:
                found[head.group(1)] = version.group(1)
    return found


def exported_directories(text: str) -> list[str]:
    """
    The directories in a file of the form of ``/etc/exports``.

    text
        Its text.
    """
    found = []
    for line in re.sub(r"\\\n", " ", text).splitlines():
        match = re.match(r"\s*(?:\"([^\"]+)\"|([^\s#\"]\S*))", line)
        if match:
            path = match.group(1) or match.group(2)
            found.append(re.sub(r"\\([0-7]{3})", lambda code: chr(int(code.group(1), 8)), path))
    return found


def mounts(text: str) -> list[dict[str, str]]:
    """
    The mounts in ``/proc/self/mountinfo``.

    text
        Its text.

    Returns a list of ``{"device": "major:minor", "root": ..., "directory": ..., "fstype": ...,
    "source": ..., "options": those of the file system}``.
    """
    found = []
    for line in text.splitlines():
        fields = [
            re.sub(r"\\([0-7]{3})", lambda code: chr(int(code.group(1), 8)), field)
            for field in line.split()
        ]
        if "-" in fields[6:] and len(fields) >= fields.index("-", 6) + 3:
            dash = fields.index("-", 6)
            found.append(
                {
                    "device": fields[2],
                    "root": fields[3],
                    "directory": fields[4],
                    "fstype": fields[dash + 1],
                    "source": fields[dash + 2],
                    "options": fields[dash + 3] if len(fields) > dash + 3 else "",
                }
            )
    return found


def version_key(text: str) -> list[int]:
    """
    A version as a list that compares as versions do: numbers as numbers. For the upstream part of
    a package's version; epoch and the distribution's revision are left out.

    text
        Such as ``1:4.12.0-2`` or ``4.10.0-62.el9``.
    """
    upstream = re.split(r"[-+~]", str(text).split(":", 1)[-1])[0]
    return [int(number) for number in re.findall(r"\d+", upstream)]
