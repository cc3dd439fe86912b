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

import salt.utils.files
from salt.exceptions import CommandExecutionError, SaltInvocationError

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


def _read(path):
    try:
        with salt.utils.files.fopen(path, "r", encoding="utf-8") as handle:
            return handle.read()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as err:
        raise CommandExecutionError(f"{path} cannot be read: {err}") from err


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
    found = [_read(path) for path in (file, f"{file}.base", f"{file}.steps")]
    if None in found:
        raise CommandExecutionError(
            f"there is no batch in {file}: pcs.cib_present (or pcs.cib_create) must come first"
        )
    try:
        steps = json.loads(found[2])
    except ValueError as err:
        raise CommandExecutionError(f"{file}.steps cannot be read: {err}") from err
    return found[0], found[1], steps


def _save(file, text, base=None, steps=()):
    if base is not None:
        _write(f"{file}.base", base)
    _write(file, text)
    _write(f"{file}.steps", json.dumps({"steps": list(steps), "hash": _hash(text)}))


# The cluster -------------------------------------------------------------------------------------


def _live():
    """The cluster's configuration as text; it may hold passwords and is shown to nobody."""
    try:
        done = __salt__["cmd.run_all"](
            ["cibadmin", "--query"],
            python_shell=False,
            output_loglevel="quiet",
            ignore_retcode=True,
            env={"LC_ALL": "C"},
            timeout=120,
        )
    except (CommandExecutionError, OSError):
        done = {"retcode": 1}
    if done["retcode"] != 0:
        reason = __salt__["cib.unavailable"]() or "the cluster did not answer; try again"
        raise CommandExecutionError(reason)
    return done["stdout"]


def _configuration(text):
    """What is configured, in one form: no status, no versions, no indentation."""
    root = ET.fromstring(__salt__["cib_xml.edit"](text))
    configuration = root.find("configuration")
    return root.get("validate-with"), ET.tostring(configuration)


def _same(one, other):
    return one == other or _configuration(one) == _configuration(other)


def _version(text):
    version = __salt__["cib_xml.version"](text)
    return f"{version['admin_epoch']}.{version['epoch']}"


# What a run would have made ----------------------------------------------------------------------


def _memory(mark):
    """
    Texts that this run with ``test`` would have made, by file ("" for the cluster).

    Salt may keep ``__context__`` from one run to the next. A run is told by its states: those
    that left something here have run before in the same run, or it is from another one.
    """
    kept = __context__.get(_MEMORY)
    if kept is None or mark is None or not set(kept["by"]) <= set(mark["before"]):
        kept = __context__[_MEMORY] = {"by": [], "texts": {}, "steps": {}}
    if mark is not None and mark["own"] not in kept["by"]:
        kept["by"].append(mark["own"])
    return kept


def _predicted(describe, text):
    """Apply a description to a text, by way of a file that is gone afterwards."""
    handle, path = tempfile.mkstemp(prefix="salt-cib-")
    try:
        with open(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        done = __salt__["cib.apply"](describe, wait=0, partial=True, file=path)
        return done, _read(path)
    finally:
        os.unlink(path)


# The public part ---------------------------------------------------------------------------------


def converge(parsed, file=None, test=False, mark=None):
    """
    Bring one object into the cluster, or into a copy of its configuration.

    parsed
        What a parser of ``pcs_compat_parse`` or ``pcs_compat_constraint`` returned.

    file
        The copy; None for the cluster itself.

    test
        Whether to predict only.

    mark
        ``own``: a name for this call, ``before``: the names of all that ran before in this run.

    Returns what ``cib.apply`` does. Raises SaltInvocationError and CommandExecutionError as it
    does.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs_compat_batch.converge '{...}'
    """
    told = []

    def describe(present):
        told[:] = __salt__["pcs_compat_describe.notes"](parsed, present)
        return __salt__["pcs_compat_describe.description"]([parsed], present)

    if test:
        done = _converge_in_memory(describe, parsed, file, mark)
    elif file:
        done = _converge_in_file(describe, parsed, file)
    else:
        done = __salt__["cib.apply"](describe, wait=parsed["wait"] or 0, partial=True)
    return {**done, "notes": told + done["notes"]}


def _converge_in_file(describe, parsed, file):
    text, _, steps = _copy(file)
    by_hand = steps["hash"] != _hash(text)
    done = __salt__["cib.apply"](describe, wait=0, partial=True, file=file)
    steps["steps"].append(parsed)
    if by_hand:
        steps["hash"] = None
    else:
        steps["hash"] = _hash(_read(file))
    _write(f"{file}.steps", json.dumps(steps))
    return done


def _converge_in_memory(describe, parsed, file, mark):
    memory = _memory(mark)
    where = file or _LIVE
    text = memory["texts"].get(where)
    if text is None:
        text = _copy(file)[0] if file else _live()
        if file:
            memory["steps"][where] = list(_copy(file)[2]["steps"])
    done, memory["texts"][where] = _predicted(describe, text)
    if file:
        memory["steps"].setdefault(where, []).append(parsed)
    return done


def begin(file, test=False, mark=None):
    """
    Begin a batch: a copy of the cluster's configuration as it is now.

    file, test, mark
        As for :py:func:`converge`.

    What an earlier batch of this name left unpushed is given up. Returns ``changes``: a copy that
    was not there, or edits that were given up. That a copy with nothing to push is brought up to
    date is none, it is a cache.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs_compat_batch.begin /var/cache/salt/minion/pcs/base/x.cib
    """
    memory = _memory(mark) if test else None
    live = (memory["texts"].get(_LIVE) if test else None) or _live()
    text, base = _read(file), _read(f"{file}.base")
    known = None not in (text, base, _read(f"{file}.steps"))
    changes = {}
    if not known or not _same(text, base):
        changes = {"cibfile": {"old": _version(base) if known else None, "new": _version(live)}}
    if test:
        memory["texts"][file], memory["steps"][file] = live, []
    elif changes or not _same(base, live):
        _save(file, live, base=live)
    return {"changes": changes}


def push(file, scope=None, wait=0, test=False, mark=None):
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

    CLI Example:

    .. code-block:: bash

        salt '*' pcs_compat_batch.push /var/cache/salt/minion/pcs/base/x.cib
    """
    memory = _memory(mark) if test else None
    if test and file in memory["steps"]:
        steps = memory["steps"][file]
    else:
        text, base, kept = _copy(file)
        steps = kept["steps"]
        if kept["hash"] != _hash(text) and not _same(text, base):
            raise CommandExecutionError(
                f"{file} was edited by something else than the states and functions of pcs, and "
                "such edits cannot be repeated on what the cluster has now. Begin again with "
                "pcs.cib_present, or push that file by hand"
            )

    def describe(present):
        return __salt__["pcs_compat_describe.description"](steps, present)

    if test:
        live = memory["texts"].get(_LIVE) or _live()
        done, after = _predicted(describe, live)
        _check_scope(scope, done)
        memory["texts"][_LIVE] = after
        return done
    if scope:
        _check_scope(scope, __salt__["cib.plan"](describe, partial=True))
    done = __salt__["cib.apply"](describe, wait=wait, partial=True)
    if done["pushed"] or not _same(base, text):
        live = _live()
        _save(file, live, base=live)
    return done


def _check_scope(scope, done):
    allowed = SCOPES[scope] if scope else None
    if allowed is None:
        return
    outside = sorted(set(done["changes"]) - set(allowed))
    if outside:
        raise CommandExecutionError(
            f"scope={scope} does not hold all that is to be pushed: {', '.join(outside)}"
        )


def checked_scope(value):
    """
    A section's name, checked; None for all of the configuration.

    value
        What was given as ``scope``: a name, None, False or ``"None"`` (a slip in YAML).

    CLI Example:

    .. code-block:: bash

        salt '*' pcs_compat_batch.checked_scope resources
    """
    if value in (None, False, "", "None", "False"):
        return None
    if value not in SCOPES:
        raise SaltInvocationError(f"scope: {value!r} is none of {', '.join(SCOPES)}")
    return value


def create_arguments(extra_args):
    """
    Check the arguments of ``pcs cluster cib``.

    extra_args
        ``--config`` means nothing here.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs_compat_batch.create_arguments '[--config]'
    """
    parted = __salt__["pcs_compat_parse.options"]("extra_args", extra_args, {"--config": False})
    if parted["words"]:
        raise SaltInvocationError(f"extra_args: {parted['words'][0]!r} is not understood")


def push_arguments(extra_args):
    """
    Read the arguments of ``pcs cluster cib-push``.

    extra_args
        ``--wait[=SECONDS]``; ``--config`` and ``diff-against=FILE`` mean nothing here, where what
        is pushed is always what differs.

    Returns the seconds to wait, 0 for not at all.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs_compat_batch.push_arguments '[--wait=60]'
    """
    known = {"--config": False, "--wait": None}
    parted = __salt__["pcs_compat_parse.options"]("extra_args", extra_args, known)
    for word in parted["words"]:
        if not word.startswith("diff-against="):
            raise SaltInvocationError(f"extra_args: {word!r} is not understood")
    return __salt__["pcs_compat_parse.seconds"]("extra_args", parted["options"].get("--wait")) or 0
