"""
Objects made one after the other, in the cluster or in a copy of its configuration

A batch is a copy of the cluster's configuration (:py:func:`begin`), objects that are made in it
(:py:func:`converge` with ``file``), and one push of all of them (:py:func:`push`). Beside the copy
``FILE`` stand ``FILE.base``, what the cluster had when the batch began, and ``FILE.steps``, what
was asked for since. All three may hold passwords: only their owner may read them.

The push does not send the copy. It plans the recorded steps anew against the cluster of that
moment and pushes the difference as one patch with a version: what others changed since the batch
began stays, whatever it was.

With ``test`` nothing is written. What earlier objects of the same run would have made is kept in
memory, so that a resource and a constraint on it are predicted in one run.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import Any

import _cib_kinds
import _cib_xml
import _pcs_cib
import _pcs_compat_describe
import _pcs_compat_parse
import _pcs_node
from _cib_errors import CommandExecutionError, SaltInvocationError
from _cib_run import Machine
from _cib_values import Data

# Section of the configuration -> kinds of objects in it, for ``scope``.
SCOPES = {
    "configuration": None,
    "crm_config": ("properties",),
    "rsc_defaults": ("resource_defaults",),
    "op_defaults": ("op_defaults",),
    "resources": ("primitives", "groups", "clones", "bundles"),
    "constraints": ("constraints",),
    "nodes": ("nodes",),
    "fencing-topology": ("fence_levels",),
    "tags": ("tags",),
    "alerts": ("alerts",),
    "acls": ("acls",),
}
_LIVE = ""
_MEMORY = "pcs_compat_batch"


# Files -------------------------------------------------------------------------------------------


def _write(path, text):
    """As a whole and for the owner alone; a link in its place is replaced, not followed."""
    directory = os.path.dirname(path) or "."
    try:
        os.makedirs(directory, mode=0o700, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=directory, prefix=".salt-cib-")
        try:
            with open(handle, "w", encoding="utf-8") as stream:
                stream.write(text)
            os.replace(temporary, path)
        except OSError:
            os.unlink(temporary)
            raise
    except OSError as err:
        raise CommandExecutionError(f"{path} cannot be written: {err}") from err


def _hash(text):
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _copy(file):
    """The copy, what it began from and its steps; an error when there is no batch."""
    text, base, steps = (_pcs_node.read(path) for path in (file, f"{file}.base", f"{file}.steps"))
    if text is None or base is None or steps is None:
        raise CommandExecutionError(
            f"there is no batch in {file}: pcs.cib_present (or pcs.cib_create) must come first"
        )
    try:
        return text, base, json.loads(steps)
    except ValueError as err:
        raise CommandExecutionError(f"{file}.steps cannot be read: {err}") from err


def _save(file, text, base=None, steps=()):
    if base is not None:
        _write(f"{file}.base", base)
    _write(file, text)
    _write(f"{file}.steps", json.dumps({"steps": list(steps), "hash": _hash(text)}))


# The cluster -------------------------------------------------------------------------------------


def _live(machine):
    """The cluster's configuration as text; it may hold passwords and is shown to nobody."""
    try:
        done = machine.answer(["cibadmin", "--query"], limit=120)
    except (CommandExecutionError, OSError):
        done = {"retcode": 1}
    if done["retcode"] != 0:
        reason = _pcs_cib.unavailable(machine) or "the cluster did not answer; try again"
        raise CommandExecutionError(reason)
    return done["stdout"]


def _configuration(text):
    """What is configured, in one form: no status, no versions, no indentation."""
    root = ET.fromstring(_cib_kinds.edit(text))
    return root.get("validate-with"), [ET.tostring(one) for one in root.findall("configuration")]


def _same(one, other):
    try:
        return one == other or _configuration(one) == _configuration(other)
    except (ValueError, ET.ParseError):
        # an editor may leave anything in a copy
        return False


def _version(text):
    version = _cib_xml.version(text)
    return f"{version['admin_epoch']}.{version['epoch']}"


# What a run would have made ----------------------------------------------------------------------


def _memory(machine, mark):
    """
    Texts that this run with ``test`` would have made, by file ("" for the cluster).

    Salt may keep ``__context__`` from one run to the next. A run is told by its states: those
    that left something here have run before in the same run, or it is from another one.
    """
    kept = machine.kept.get(_MEMORY)
    if kept is None or mark is None or not set(kept["by"]) <= set(mark["before"]):
        kept = machine.kept[_MEMORY] = {"by": [], "texts": {}, "steps": {}}
    if mark is not None and mark["own"] not in kept["by"]:
        kept["by"].append(mark["own"])
    return kept


def _predicted(machine, describe, text):
    """Apply a description to a text, by way of a file that is gone afterwards."""
    handle, path = tempfile.mkstemp(prefix="salt-cib-")
    try:
        with open(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        done = _pcs_cib.apply(machine, describe, wait=0, partial=True, file=path)
        return done, _pcs_node.read(path)
    finally:
        os.unlink(path)


# The public part ---------------------------------------------------------------------------------


def converge(
    machine: Machine,
    parsed: Data,
    file: str | None = None,
    test: bool = False,
    mark: Mapping[str, Any] | None = None,
) -> Data:
    """
    Bring one object into the cluster, or into a copy of its configuration.

    parsed
        What a parser of ``_pcs_compat_parse`` or ``_pcs_compat_constraint`` returned.

    file
        The copy; None for the cluster itself.

    test
        Whether to predict only.

    mark
        ``own``: a name for this call, ``before``: the names of all that ran before in this run.

    Returns what ``cib.apply`` does. Raises SaltInvocationError and CommandExecutionError as it
    does.
    """
    told: list[str] = []

    def describe(present):
        told[:] = _pcs_compat_describe.notes(parsed, present)
        return _pcs_compat_describe.description(machine, [parsed], present)

    if test:
        done = _converge_in_memory(machine, describe, parsed, file, mark)
    elif file:
        done = _converge_in_file(machine, describe, parsed, file)
    else:
        done = _pcs_cib.apply(machine, describe, wait=parsed["wait"] or 0, partial=True)
    return {**done, "notes": told + done["notes"]}


def _converge_in_file(machine, describe, parsed, file):
    text, _, steps = _copy(file)
    by_hand = steps["hash"] != _hash(text)
    done = _pcs_cib.apply(machine, describe, wait=0, partial=True, file=file)
    steps["steps"].append(parsed)
    if by_hand:
        steps["hash"] = None
    else:
        steps["hash"] = _hash(_pcs_node.read(file))
    _write(f"{file}.steps", json.dumps(steps))
    return done


def _converge_in_memory(machine, describe, parsed, file, mark):
    memory = _memory(machine, mark)
    where = file or _LIVE
    text = memory["texts"].get(where)
    if text is None:
        text = _copy(file)[0] if file else _live(machine)
        if file:
            memory["steps"][where] = list(_copy(file)[2]["steps"])
    done, memory["texts"][where] = _predicted(machine, describe, text)
    if file:
        memory["steps"].setdefault(where, []).append(parsed)
    return done


def begin(
    machine: Machine, file: str, test: bool = False, mark: Mapping[str, Any] | None = None
) -> Data:
    """
    Begin a batch: a copy of the cluster's configuration as it is now.

    file, test, mark
        As for :py:func:`converge`.

    What an earlier batch of this name left unpushed is given up. Returns ``changes``: a copy that
    was not there, or edits that were given up. That a copy with nothing to push is brought up to
    date is none, it is a cache.
    """
    memory = _memory(machine, mark) if test else None
    live = (memory["texts"].get(_LIVE) if memory else None) or _live(machine)
    text, base = _pcs_node.read(file), _pcs_node.read(f"{file}.base")
    known = None not in (text, base, _pcs_node.read(f"{file}.steps"))
    changes = {}
    if not known or not _same(text, base):
        changes = {"cibfile": {"old": _version(base) if known else None, "new": _version(live)}}
    if memory:
        memory["texts"][file], memory["steps"][file] = live, []
    elif changes or not _same(base, live):
        _save(file, live, base=live)
    return {"changes": changes}


def push(
    machine: Machine,
    file: str,
    scope: str | None = None,
    wait: int = 0,
    test: bool = False,
    mark: Mapping[str, Any] | None = None,
) -> Data:
    """
    Push what was made in a copy since its batch began.

    file, test, mark
        As for :py:func:`converge`.

    scope
        A section of the configuration: everything that is pushed must lie in it.

    wait
        Seconds to wait until the cluster has done what the push asks for; 0 does not wait.

    Returns what ``cib.apply`` does. Raises CommandExecutionError when nothing can be pushed; then
    nothing was.
    """
    memory = _memory(machine, mark) if test else None
    if memory and file in memory["steps"]:
        steps = memory["steps"][file]
    else:
        text, base, steps = _repeatable(file)

    def describe(present):
        return _pcs_compat_describe.description(machine, steps, present)

    if memory:
        live = memory["texts"].get(_LIVE) or _live(machine)
        done, after = _predicted(machine, describe, live)
        _check_scope(scope, done)
        memory["texts"][_LIVE] = after
        return done
    if scope:
        _check_scope(scope, _pcs_cib.plan(machine, describe, partial=True))
    done = _pcs_cib.apply(machine, describe, wait=wait, partial=True)
    if done["pushed"] or not _same(base, text):
        live = _live(machine)
        _save(file, live, base=live)
    return done


def _repeatable(file):
    """The copy, what it began from, and the steps that made it; an error when others edited it."""
    text, base, kept = _copy(file)
    if kept["hash"] != _hash(text) and not _same(text, base):
        raise CommandExecutionError(
            f"{file} was edited by something else than the states and functions of pcs, and such "
            "edits cannot be repeated on what the cluster has now. Begin again with "
            "pcs.cib_present, or push that file by hand"
        )
    return text, base, kept["steps"]


def _check_scope(scope, done):
    allowed = SCOPES[scope] if scope else None
    if allowed is None:
        return
    outside = sorted(set(done["changes"]) - set(allowed))
    if outside:
        raise CommandExecutionError(
            f"scope={scope} does not hold all that is to be pushed: {', '.join(outside)}"
        )


def checked_scope(value: Any) -> str | None:
    """
    A section's name, checked; None for all of the configuration.

    value
        What was given as ``scope``: a name, None, False or ``"None"`` (a slip in YAML).
    """
    if value in (None, False, "", "None", "False"):
        return None
    if value not in SCOPES:
        raise SaltInvocationError(f"scope: {value!r} is none of {', '.join(SCOPES)}")
    return value


def create_arguments(extra_args: Any) -> None:
    """
    Check the arguments of ``pcs cluster cib``.

    extra_args
        ``--config`` means nothing here.
    """
    parted = _pcs_compat_parse.options("extra_args", extra_args, {"--config": False})
    if parted["words"]:
        raise SaltInvocationError(f"extra_args: {parted['words'][0]!r} is not understood")


def push_arguments(extra_args: Any) -> int:
    """
    Read the arguments of ``pcs cluster cib-push``.

    extra_args
        ``--wait[=SECONDS]``; ``--config`` and ``diff-against=FILE`` mean nothing here, where what
        is pushed is always what differs.

    Returns the seconds to wait, 0 for not at all.
    """
    known = {"--config": False, "--wait": None}
    parted = _pcs_compat_parse.options("extra_args", extra_args, known)
    for word in parted["words"]:
        if not word.startswith("diff-against="):
            raise SaltInvocationError(f"extra_args: {word!r} is not understood")
    return _pcs_compat_parse.seconds("extra_args", parted["options"].get("--wait")) or 0
