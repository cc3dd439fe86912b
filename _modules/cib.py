"""
Read the running cluster's configuration, plan the way to a description of it, and push that once.

.. code-block:: bash

    salt '*' cib.query
    salt '*' cib.plan '{"properties": {"stonith-enabled": false}}'

What a description is says ``cib_describe``; the rules of comparison are in ``cib_plan``. A run with
nothing to change is one ``cibadmin --query``. Otherwise what differs is built on a copy of the
configuration, checked against the agents' metadata and with ``crm_verify``, and pushed as one patch
that the cluster takes only if nobody wrote in between. If somebody did, it is planned again.

:depends: Pacemaker's command line tools (``cibadmin``, ``crm_diff``, ``crm_verify``,
    ``crm_resource``)
"""

from __future__ import annotations

import os
import random
import re
import shutil
import tempfile
import time

import salt.utils.files
from salt.exceptions import CommandExecutionError

__func_alias__ = {"apply_": "apply"}

PUSHES = 10  # plans that others may outrun
CONFLICTS = 100  # ... and pushes, counting those that only a resource's new state outran
CONFLICT = 103  # the cluster's configuration is newer than the one the patch was made from
_QUERY_ERRORS = {
    102: "the cluster is not running on this node",
    105: "the cluster is not running on this node",
    113: "this node may not read the cluster's configuration",
}


# Commands ----------------------------------------------------------------------------------------


def _run(command, stdin=None, timeout=120):
    """Run one of Pacemaker's tools. What it prints may hold passwords: it is never logged."""
    try:
        return __salt__["cmd.run_all"](
            command,
            stdin=stdin,
            # Salt would make a line feed of a backslash and an n inside a value.
            stdin_raw_newlines=True,
            python_shell=False,
            output_loglevel="quiet",
            ignore_retcode=True,
            env={"LC_ALL": "C"},
            timeout=timeout,
        )
    except (CommandExecutionError, OSError) as err:
        raise CommandExecutionError(
            f"{command[0]} cannot be run here: install Pacemaker's command line tools "
            "(pacemaker-cli-utils on Debian)"
        ) from err


def _query(file=None):
    if file:
        return _read_file(file)
    done = _run(["cibadmin", "--query"])
    if done["retcode"] == 0:
        return done["stdout"]
    known = _QUERY_ERRORS.get(done["retcode"])
    raise CommandExecutionError(
        "the cluster's configuration cannot be read: "
        + (known or f"cibadmin ended with {done['retcode']}: {_reason(done)}")
    )


def _read_file(path):
    try:
        with salt.utils.files.fopen(path, "r", encoding="utf-8") as handle:
            return handle.read()
    except (OSError, UnicodeDecodeError) as err:
        raise CommandExecutionError(f"the configuration in {path} cannot be read: {err}") from err


def _reason(done):
    """The one sentence of cibadmin's answer that cannot hold a part of the configuration."""
    for line in reversed(done["stderr"].splitlines()):
        found = re.search(r"(?:failed|Error)[^:<]*:\s*([^<]+)$", line)
        if found:
            return found.group(1).strip()
    return "no reason given"


def _read(text):
    try:
        return __salt__["cib_xml.read"](text)
    except ValueError as err:
        raise CommandExecutionError(f"the cluster's configuration cannot be read: {err}") from err


# Planning ----------------------------------------------------------------------------------------


def _wanted(description, text):
    """A description may be a function of the present one: it is asked again for every plan."""
    if callable(description):
        description = description(__salt__["cib_plan.describe"](_read(text)))
    return __salt__["cib_describe.normalise"](description)


def _plan(want, text, partial=False):
    """Compare, ask agents only about what differs, and compare again with what they said."""
    live = _read(text)
    plan = __salt__["cib_plan.compare"](want, live, partial)
    plan["live"] = live
    if not plan["edits"] and not plan["problems"]:
        return plan
    notes = _complete(want, live, plan)
    plan = __salt__["cib_plan.compare"](want, live, partial)
    plan["live"] = live
    plan["notes"] = notes + plan["notes"]
    if plan["problems"]:
        raise CommandExecutionError("\n".join(plan["problems"]))
    if plan["edits"]:
        plan["new"] = __salt__["cib_xml.edit"](text, plan["edits"])
        plan["notes"] += _verify(want, live, text, plan["new"])
    return plan


def _asked(plan):
    """Names of the primitives whose agent has to be asked."""
    found = []
    for edit in plan["edits"]:
        if edit["kind"] != "primitives" or edit.get("remove"):
            continue
        change = edit.get("create") or edit["change"]
        if {"agent", "attributes", "operations"} & set(change):
            found.append(edit["id"])
    return found


def _complete(want, live, plan):
    """Give the differing primitives their agents' defaults; raise what the metadata says no to."""
    asked = {name: want["primitives"][name] for name in _asked(plan)}
    known, problems, notes = _check_agents(asked, live["primitives"])
    removed = {e["id"] for e in plan["edits"] if e["kind"] == "primitives" and e.get("remove")}
    everything = {n: one for n, one in live["primitives"].items() if n not in removed}
    everything.update(want["primitives"])
    problems += __salt__["cib_agent.clashes"](everything, known)
    changed = {
        edit["id"]: edit.get("create", edit.get("change"))
        for edit in plan["edits"]
        if edit["kind"] == "properties" and not edit.get("remove")
    }
    found, more = _check_properties(changed)
    problems += found
    notes += more
    if problems:
        raise CommandExecutionError("\n".join(problems + plan["problems"]))
    return notes


def _check_agents(asked, live):
    """Returns metadata by agent, problems and notes; the primitives are completed in place."""
    known, problems, notes = {}, [], []
    for name, wanted in asked.items():
        path, agent = f"primitives:{name}", wanted["agent"]
        metadata = __salt__["cib_agent.metadata"](agent)
        if metadata is None:
            problems.append(f"{path}:agent: the agent {agent} is not installed on this node")
            continue
        known[agent] = metadata
        present = live.get(name, {}).get("attributes", ())
        for attribute in wanted["optional"]:
            if attribute in present:
                # Another node's newer agent knows it: the two must not undo each other's work.
                continue
            if attribute in wanted["attributes"] and attribute not in metadata["parameters"]:
                del wanted["attributes"][attribute]
                notes.append(
                    f"{path}:attributes:{attribute}: left out, the installed {agent} does not "
                    "know it"
                )
        problems += __salt__["cib_agent.problems"](path, wanted, metadata, present)
        wanted["defaults"] = __salt__["cib_agent.default_operations"](metadata, agent)
    return known, problems, notes


def _check_properties(changed):
    if not changed:
        return [], []
    known = __salt__["cib_agent.properties"]()
    if known is None:
        return [], ["Pacemaker could not be asked which cluster properties it knows: not checked"]
    return __salt__["cib_agent.property_problems"](changed, known), []


def _verify(want, live, old, new):
    """Raise what crm_verify says about the new configuration and not about the old one."""
    found = _complaints(new)
    if not found:
        return []
    before = _complaints(__salt__["cib_xml.edit"](old))
    fresh = [line for line in found if line not in before]
    text = _masked("\n".join(fresh or found), want, live)
    if fresh:
        raise CommandExecutionError(f"crm_verify refuses the new configuration:\n{text}")
    return [f"crm_verify complains, as it did before: {text}"]


def _complaints(cib):
    done = _run(["crm_verify", "--xml-pipe", "-V"], stdin=cib)
    if done["retcode"] == 0 or "Warnings found" in done["stderr"] + done["stdout"]:
        # it warns of a resource that still runs and is to go, of a node not seen yet ...
        return []
    lines = [line.strip() for line in (done["stderr"] + "\n" + done["stdout"]).splitlines()]
    lines = [re.sub(r"^\(.*?\)\s*", "", line) for line in lines if line and "<" not in line]
    return lines or [f"crm_verify ended with {done['retcode']}"]


def _masked(text, want, live):
    sides = (want["primitives"], live["primitives"])
    attributes = [primitive["attributes"] for side in sides for primitive in side.values()]
    return __salt__["cib_meaning.masked"](text, attributes)


def _result(plan, **more):
    names = ("changes", "unmanaged", "intent", "notes")
    return {**{name: plan[name] for name in names}, **more}


# Pushing -----------------------------------------------------------------------------------------


def _push(plan, text, file=None):
    """Push once. True if the cluster took it, False if it was newer than ``text``."""
    if file:
        return _write_file(file, plan["new"], text)
    if "patch" not in plan:
        plan["patch"] = _patch(__salt__["cib_xml.edit"](plan["text"]), plan["new"])
    version = __salt__["cib_xml.version"](text)
    try:
        patch = __salt__["cib_xml.versioned_patch"](plan["patch"], version)
    except ValueError as err:
        raise CommandExecutionError(f"what crm_diff wrote cannot be read: {err}") from err
    done = _run(["cibadmin", "--patch", "--xml-pipe"], stdin=patch)
    if done["retcode"] in (0, CONFLICT):
        return done["retcode"] == 0
    # its output is the whole configuration, passwords included
    raise CommandExecutionError(
        f"the cluster refused the new configuration: cibadmin ended with {done['retcode']}: "
        f"{_reason(done)}"
    )


def _write_file(path, new, old):
    """Replace a configuration file as a whole, unless somebody wrote to it meanwhile."""
    if _read_file(path) != old:
        return False
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".salt-cib-")
    try:
        with open(handle, "w", encoding="utf-8") as stream:
            stream.write(__salt__["cib_xml.next_epoch"](new))
        os.replace(temporary, path)
    except OSError as err:
        os.unlink(temporary)
        raise CommandExecutionError(f"{path} cannot be written: {err}") from err
    return True


def _patch(old, new):
    directory = tempfile.mkdtemp(prefix="salt-cib-")
    try:
        names = [os.path.join(directory, name) for name in ("old.xml", "new.xml")]
        for name, text in zip(names, (old, new)):
            handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(handle, "w", encoding="utf-8") as file:
                file.write(text)
        command = ["crm_diff", "--original", names[0], "--new", names[1], "--no-version"]
        done = _run(command)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    if done["retcode"] == 0:
        raise CommandExecutionError("the plan changes nothing in the cluster's configuration")
    if done["retcode"] != 1 or not done["stdout"].lstrip().startswith("<"):
        raise CommandExecutionError(f"crm_diff ended with {done['retcode']}: {_reason(done)}")
    return done["stdout"]


def _settle(wait):
    """Wait until the cluster has nothing to do; returns what is wrong if it still has."""
    if not wait:
        return None
    done = _run(["crm_resource", "--wait", f"--timeout={int(wait)}"], timeout=int(wait) + 60)
    if done["retcode"] == 0:
        return None
    left = " ".join((done["stdout"] + "\n" + done["stderr"]).split())
    return f"the change was pushed, but the cluster did not settle in {wait} s: {left}"


# The public part ---------------------------------------------------------------------------------


def query(file=None):
    """
    Return the running configuration as a description; passwords of resources are masked.

    file
        Path of a configuration file to read in place of the running cluster.

    Raises CommandExecutionError when the cluster does not run here.

    CLI Example:

    .. code-block:: bash

        salt '*' cib.query
    """
    return __salt__["cib_plan.describe"](_read(_query(file)))


def unavailable():
    """
    Return why the cluster's configuration cannot be read here, in a sentence; None if it can.

    CLI Example:

    .. code-block:: bash

        salt '*' cib.unavailable
    """
    try:
        _query()
    except CommandExecutionError as err:
        return str(err)
    return None


def validate(description):
    """
    Check a description against the agents and the Pacemaker that are installed; needs no cluster.

    description
        As for :py:func:`plan`.

    Returns a list of sentences, each with the path of what it means; empty when all is known.
    Raises SaltInvocationError when the description itself is wrong, CommandExecutionError when
    Pacemaker's tools are not installed.

    CLI Example:

    .. code-block:: bash

        salt '*' cib.validate '{"primitives": {"VIP": {"agent": "ocf:heartbeat:IPaddr2"}}}'
    """
    want = __salt__["cib_describe.normalise"](description)
    known, problems, _ = _check_agents(want["primitives"], {})
    problems += __salt__["cib_agent.clashes"](want["primitives"], known)
    return problems + _check_properties(want["properties"])[0]


def plan(description, partial=False, file=None):
    """
    Return what applying a description would change. Writes nothing.

    description
        What should be, as ``cib_describe`` says; other modules may give a function that makes it
        of what :py:func:`query` would return.

    partial
        Whether the description is of some objects only: nothing else is removed or told, and the
        record of what is ours stays as it is.

    file
        Path of a configuration file (as ``pcs cluster cib`` writes it) to work on in place of the
        running cluster.

    Returns ``changes`` (``{kind: {id: {attribute: {"old": x, "new": y}}}}``, or ``{"old": None,
    "new": object}`` for a new one; empty when nothing differs), ``unmanaged`` (what others made),
    ``intent`` (what an operator set and is left) and ``notes``. Raises SaltInvocationError when the
    description is wrong, CommandExecutionError when the cluster cannot be read or would refuse.

    CLI Example:

    .. code-block:: bash

        salt '*' cib.plan '{"properties": {"stonith-enabled": false}}'
    """
    if callable(description):
        text = _query(file)
        return _result(_plan(_wanted(description, text), text, partial))
    # a wrong description is an error without a cluster, too
    want = __salt__["cib_describe.normalise"](description)
    return _result(_plan(want, _query(file), partial))


def apply_(description, wait=300, partial=False, file=None):
    """
    Bring the cluster's configuration to a description, with one push if anything differs.

    description, partial, file
        As for :py:func:`plan`.

    wait
        Seconds to wait until the cluster has done what the push asks for; 0 does not wait.

    Returns what :py:func:`plan` returns, ``pushed`` (whether anything was), ``conflicts`` (how
    often somebody else wrote first and it was planned again) and ``unsettled`` (None, or a sentence
    when the cluster is not done in time, or something is left to change after the push). Raises as
    :py:func:`plan` does, and CommandExecutionError when the push is refused.

    CLI Example:

    .. code-block:: bash

        salt '*' cib.apply '{"properties": {"stonith-enabled": false}}'
    """
    done = None
    try:
        for step in _pushes(description, partial, file):
            done, found, conflicts = step
    except CommandExecutionError as err:
        if not done:
            raise
        # What was pushed happened, whatever came after it: it must be told.
        return _result(done, pushed=True, conflicts=conflicts, unsettled=str(err))
    unsettled = _settle(wait) if done and not file else None
    return _result(done or found, pushed=bool(done), conflicts=conflicts, unsettled=unsettled)


def _pushes(description, partial, file):
    """Push until nothing differs; yields (plan that was pushed or None, last plan, conflicts)."""
    done, tries, conflicts = None, 0, 0
    found = None
    while True:
        text = _query(file)
        if found is None or _configuration(text) != _configuration(found["text"]):
            found = {**_plan(_wanted(description, text), text, partial), "text": text}
            if not found["edits"]:
                yield done, found, conflicts
                return
            tries += 1
        if tries > PUSHES or conflicts > CONFLICTS or (done and tries > 2 + conflicts):
            raise CommandExecutionError(_given_up(found, done, tries - 1))
        if _push(found, text, file):
            done, found = done or found, None
            yield done, done, conflicts
        else:
            conflicts += 1
            time.sleep(random.uniform(0.02, 0.05 + 0.05 * tries))


def _configuration(text):
    """What counts up with the configuration alone: states of resources change all the time."""
    version = __salt__["cib_xml.version"](text)
    return version["admin_epoch"], version["epoch"]


def _given_up(found, done, tries):
    left = ", ".join(f"{kind}:{name}" for kind, ids in found["changes"].items() for name in ids)
    if done:
        return f"the cluster's configuration was pushed, but differs again: {left}"
    return (
        f"somebody else changed the cluster's configuration before each of {tries} tries to push "
        f"these changes; nothing of them was written: {left}"
    )
