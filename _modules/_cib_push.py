"""
Reading the cluster's configuration, and replacing it: the running cluster's, or that in a file.

The cluster takes a patch only if nobody wrote since the configuration was read that it was made
from; a file is replaced as a whole under the same condition. Pacemaker's tools print the whole
configuration, passwords included, when they refuse one: what they print goes nowhere.

A cluster keeps the schema it was made with (``validate-with``) when Pacemaker gets newer. As with
``pcs``, it is raised to the newest that the cluster knows when something needs it, and only then.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile

import _cib_kinds
import _cib_rules
import _cib_run
import _cib_xml
from _cib_errors import CommandExecutionError
from _cib_run import Machine
from _cib_values import Data

CONFLICT = 103  # the cluster's configuration is newer than the one the patch was made from
_ESCAPED = "\\3777777"  # how a byte above 127 begins then
_QUERY_ERRORS = {
    102: "the cluster is not running on this node",
    105: "the cluster is not running on this node",
    113: "this node may not read the cluster's configuration",
}


def query(machine: Machine, file: str | None = None) -> str:
    """
    Return the XML of the running cluster's configuration, or of that in a file.

    Raises CommandExecutionError that says why it cannot be read.
    """
    if file:
        return _read_file(file)
    done = machine.tool(["cibadmin", "--query"])
    if done["retcode"] == 0:
        return done["stdout"]
    known = _QUERY_ERRORS.get(done["retcode"])
    raise CommandExecutionError(
        "the cluster's configuration cannot be read: "
        + (known or f"cibadmin ended with {done['retcode']}: {_cib_run.reason(done)}")
    )


def _read_file(path):
    try:
        with open(path, encoding="utf-8") as handle:
            return handle.read()
    except (OSError, UnicodeDecodeError) as err:
        raise CommandExecutionError(f"the configuration in {path} cannot be read: {err}") from err


def push(
    machine: Machine, new: str, old: str, file: str | None = None, patch: str | None = None
) -> tuple[bool, str | None]:
    """
    Replace a configuration by a new one, unless somebody wrote since it was read.

    new, old
        The XML of both; ``old`` as it was read.

    file
        Path of the configuration file to write in place of the running cluster's configuration.

    patch
        What this function returned for the same change on an older state of resources: it is not
        computed again.

    Returns ``(whether it was taken, the patch)``. Raises CommandExecutionError when it is refused.
    """
    if file:
        return _write_file(file, new, old), None
    version, known = _cib_xml.version(old), patch
    patch = known or _patch(machine, _cib_kinds.edit(old), new)
    return _send(machine, patch, version, states_only=bool(known)), patch


def garbles(machine: Machine, new: str, old: str) -> bool:
    """
    Whether Pacemaker's own tools write letters beyond ASCII as something else: those of 2.0 do.
    """
    return _ESCAPED in _patch(machine, _cib_kinds.edit(old), new) and _ESCAPED not in new


def _write_file(path, new, old):
    """Replace a configuration file as a whole, unless somebody wrote to it meanwhile."""
    if _read_file(path) != old:
        return False
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".salt-cib-")
    try:
        with open(handle, "w", encoding="utf-8") as stream:
            stream.write(_cib_xml.next_epoch(new))
        os.replace(temporary, path)
    except OSError as err:
        os.unlink(temporary)
        raise CommandExecutionError(f"{path} cannot be written: {err}") from err
    return True


@contextlib.contextmanager
def _private_files(*texts):
    """Paths of files with these texts that nobody else reads, gone afterwards."""
    directory = tempfile.mkdtemp(prefix="salt-cib-")
    try:
        names = [os.path.join(directory, f"{number}.xml") for number in range(len(texts))]
        for name, text in zip(names, texts):
            handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(handle, "w", encoding="utf-8") as file:
                file.write(text)
        yield names
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _patch(machine, old, new):
    with _private_files(old, new) as names:
        command = ["crm_diff", "--original", names[0], "--new", names[1], "--no-version"]
        done = machine.tool(command)
    if done["retcode"] == 0:
        raise CommandExecutionError("the plan changes nothing in the cluster's configuration")
    if done["retcode"] != 1 or not done["stdout"].lstrip().startswith("<"):
        raise CommandExecutionError(
            f"crm_diff ended with {done['retcode']}: {_cib_run.reason(done)}"
        )
    return done["stdout"]


def _send(machine, patch, version, states_only):
    """Whether the cluster took it; False if it has something newer."""
    locks = [version]
    if states_only:
        # States of resources may move faster than anybody pushes, and the patch is not about them:
        # it is enough that the configuration is still the same. Pacemaker 3.0.2 and newer refuse
        # such a version, so a refusal means nothing yet.
        locks.insert(0, {name: version[name] for name in ("admin_epoch", "epoch")})
    for lock in locks:
        try:
            done = _patched(machine, patch, lock)
        except CommandExecutionError as err:
            return _arrived(machine, version, err)
        if done["retcode"] in (0, CONFLICT):
            return done["retcode"] == 0
    raise CommandExecutionError(
        f"the cluster refused the new configuration: cibadmin ended with {done['retcode']}: "
        f"{_cib_run.reason(done)}"
    )


def _patched(machine, patch, version):
    try:
        text = _cib_xml.versioned_patch(patch, version)
    except ValueError as err:
        raise CommandExecutionError(f"what crm_diff wrote cannot be read: {err}") from err
    return machine.tool(["cibadmin", "--patch", "--xml-pipe"], stdin=text)


def _arrived(machine, version, error):
    """Whether a push arrived whose answer did not come: what follows is compared anyway."""
    if not _cib_run.was_endless(error):
        raise error
    now = _cib_xml.version(query(machine))
    if all(now[name] == version[name] for name in ("admin_epoch", "epoch")):
        raise CommandExecutionError(f"{error}; nothing of it is in the cluster") from error
    return True


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
    return tuple(rule and _cib_rules.needs(rule) or (1, 0))


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


def needed(edits: list[Data]) -> list[int]:
    """Return the oldest schema that can hold what a plan writes, ``[major, minor]``."""
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
    return found is not None and list(map(int, found.groups())) < version


# Raising it ---------------------------------------------------------------------------------------


def raised(machine: Machine, text: str, edits: list[Data]) -> str | None:
    """
    Return a copy of the configuration in a newer schema if what a plan writes needs one, else None.

    The cluster stays as it is. Raises CommandExecutionError when the installed Pacemaker knows no
    schema that is new enough.
    """
    version = needed(edits)
    if not _lacks(text, version):
        return None
    new = _upgraded(machine, text)
    if _lacks(new, version):
        raise CommandExecutionError(
            f"this needs the schema pacemaker-{version[0]}.{version[1]} of the cluster's "
            f"configuration, and the newest that Pacemaker knows here is {_name(new)}"
        )
    return new


def _upgraded(machine, text):
    """The configuration as the installed Pacemaker raises it, in a file that nobody else reads."""
    with _private_files(text) as (path,):
        _run(machine, ["env", f"CIB_file={path}", *_UPGRADE])
        with open(path, encoding="utf-8") as file:
            return file.read()


def upgrade(machine: Machine) -> None:
    """
    Raise the running cluster's configuration to the newest schema that the cluster knows.

    Raises CommandExecutionError when the cluster refuses.
    """
    _run(machine, _UPGRADE)


def _run(machine, command):
    done = machine.tool(command)
    if done["retcode"] != 0:
        raise CommandExecutionError(
            "the schema of the cluster's configuration cannot be raised: cibadmin ended with "
            f"{done['retcode']}: {_cib_run.reason(done)}"
        )


def schema_change(old: str, new: str) -> dict[str, dict[str, str]]:
    """
    Return how a change of the schema is told in ``changes``.

    old, new
        The XML of both.
    """
    return {"validate-with": {"old": _name(old), "new": _name(new)}}
