"""
The schema of the cluster's configuration (``validate-with``), and what of a plan needs a newer one.

A cluster keeps the schema it was made with when Pacemaker gets newer. As ``pcs`` does, it is raised
to the newest that the cluster knows when something needs it, and only then.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile

import salt.utils.files
from salt.exceptions import CommandExecutionError

_VERSION = re.compile(r"pacemaker-(\d+)\.(\d+)$")
_UPGRADE = ["cibadmin", "--upgrade", "--force"]


# What needs which ---------------------------------------------------------------------------------


def _alert(data):
    return (2, 10) if data.get("select") else (2, 5)


def _level(data):
    return (1, 0) if "target" in data or set(data) == {"devices"} else (2, 4)


def _bundle(data):
    return (3, 2) if data.get("type") == "podman" else (2, 8)


def _primitive(data):
    operations = [
        values
        for one in data.get("operations", ())
        for values in (one, one.get("create") or {}, one.get("set") or {})
    ]
    return (3, 4) if any(one.get("on-fail") == "demote" for one in operations) else (1, 0)


def _ruled(data):
    """A rule about resources or operations, or about integers; others are as old as rules are."""
    rule = data.get("rule") if isinstance(data, dict) else None
    return tuple(rule and __salt__["cib_rules.needs"](rule) or (1, 0))


def _constraint(data):
    return max(_ruled(data), (3, 6) if data.get("influence") else (1, 0))


_NEEDS = {
    "resource_defaults": _ruled,
    "op_defaults": _ruled,
    "constraints": _constraint,
    "primitives": _primitive,
    "bundles": _bundle,
    "tags": lambda data: (1, 3),
    "fence_levels": _level,
    "alerts": _alert,
    "acls": lambda data: (2, 0),
}


def needed(edits):
    """
    Return the oldest schema that can hold what a plan writes, ``[major, minor]``.

    edits
        The edits of :py:func:`cib_plan.compare`.

    CLI Example:

    .. code-block:: bash

        salt '*' cib_schema.needed '[]'
    """
    found = [(1, 0)]
    for edit in edits:
        data = edit.get("create") or edit.get("change")
        if data and edit["kind"] in _NEEDS:
            found.append(_NEEDS[edit["kind"]](data))
    return list(max(found))


def _name(text):
    found = re.search(r"<cib\b[^>]*?\svalidate-with=[\"']([^\"']*)", text)
    return found.group(1) if found else "none"


def _lacks(text, version):
    found = _VERSION.match(_name(text))
    return bool(found) and list(map(int, found.groups())) < version


# Raising it ---------------------------------------------------------------------------------------


def raised(text, edits):
    """
    Return a copy of the configuration in a newer schema if what a plan writes needs one, else None.

    text
        The XML that ``cibadmin --query`` prints.

    edits
        The edits of :py:func:`cib_plan.compare`.

    The cluster stays as it is. Raises CommandExecutionError when the installed Pacemaker knows no
    schema that is new enough.

    CLI Example:

    .. code-block:: bash

        salt '*' cib_schema.raised '<cib>...</cib>' '[]'
    """
    version = needed(edits)
    if not _lacks(text, version):
        return None
    new = _upgraded(text)
    if _lacks(new, version):
        raise CommandExecutionError(
            f"this needs the schema pacemaker-{version[0]}.{version[1]} of the cluster's "
            f"configuration, and the newest that Pacemaker knows here is {_name(new)}"
        )
    return new


def _upgraded(text):
    """The configuration as the installed Pacemaker raises it, in a file that nobody else reads."""
    directory = tempfile.mkdtemp(prefix="salt-cib-")
    path = os.path.join(directory, "cib.xml")
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(handle, "w", encoding="utf-8") as file:
            file.write(text)
        _run(["env", f"CIB_file={path}", *_UPGRADE])
        with salt.utils.files.fopen(path, "r", encoding="utf-8") as file:
            return file.read()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def upgrade():
    """
    Raise the running cluster's configuration to the newest schema that the cluster knows.

    Raises CommandExecutionError when the cluster refuses.

    CLI Example:

    .. code-block:: bash

        salt '*' cib_schema.upgrade
    """
    _run(_UPGRADE)


def _run(command):
    done = __salt__["cib_push.run"](command)
    if done["retcode"] != 0:
        raise CommandExecutionError(
            "the schema of the cluster's configuration cannot be raised: cibadmin ended with "
            f"{done['retcode']}: {__salt__['cib_push.reason'](done)}"
        )


def change(old, new):
    """
    Return how a change of the schema is told in ``changes``.

    old, new
        The XML of both.

    CLI Example:

    .. code-block:: bash

        salt '*' cib_schema.change '<cib/>' '<cib/>'
    """
    return {"validate-with": {"old": _name(old), "new": _name(new)}}
