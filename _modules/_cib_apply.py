"""
From a description to the cluster: compare, check, foresee, push, and again if somebody was faster.

A run with nothing to change is one ``cibadmin --query``. Otherwise what differs is built on a copy
of the configuration, checked against the agents' metadata and with ``crm_verify``, and pushed as
one patch that the cluster takes only if nobody wrote in between. If somebody did, it is planned
again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Container
from typing import Callable, Union

import _cib_applied
import _cib_check
import _cib_commands
import _cib_describe
import _cib_kinds
import _cib_plan
import _cib_push
import _cib_xml
from _cib_errors import CommandExecutionError
from _cib_run import Machine
from _cib_values import Data

PUSHES = 10  # plans that others may outrun
_FILESYSTEM = "ocf:heartbeat:Filesystem"
CONFLICTS = 100  # ... and pushes, counting those that only a resource's new state outran
_OLD_SCHEMA = (
    "this needs a newer schema of the cluster's configuration than the cluster knows as a whole: "
    "is Pacemaker on one of its nodes older?"
)

# A description, or a function that makes it of the present one.
Description = Union[Data, Callable[[Data], Data]]


def read(text: str) -> Data:
    """The configuration in a CIB as plain data (:py:func:`_cib_kinds.read`)."""
    try:
        return _cib_kinds.read(text)
    except ValueError as err:
        raise CommandExecutionError(f"the cluster's configuration cannot be read: {err}") from err


def _described(description, text):
    """A description may be a function of the present one: it is asked again for every plan."""
    if callable(description):
        return description(_cib_plan.describe(read(text)))
    return description


def _plan(machine, description, text, partial=False, file=None):
    """Compare, ask agents only about what differs, and compare again with what they said."""
    want = _cib_describe.normalise(description, machine.pillar)
    live = read(text)
    plan = _cib_plan.compare(want, live, partial)
    if plan["edits"] or plan["problems"]:
        notes = _cib_check.complete(machine, want, live, plan)
        plan = _cib_plan.compare(want, live, partial)
        plan["notes"] = notes + plan["notes"]
        if plan["problems"]:
            raise CommandExecutionError("\n".join(plan["problems"]))
    plan.update(want=want, live=live, text=text, consequences=[], refused=None)
    plan["schema"] = {}
    if plan["edits"]:
        raised = _cib_push.raised(machine, text, plan["edits"])
        if raised:
            plan = {**plan, **_on_raised(want, raised, partial)}
            plan["schema"] = {"schema": _cib_push.schema_change(text, raised)}
        plan["changes"] = {**plan["schema"], **plan["changes"]}
        plan["new"] = _cib_kinds.edit(raised or text, plan["edits"])
        plan["notes"] += _cib_check.verify(machine, want, live, text, plan["new"], plan["edits"])
        if not file:
            _foresee(machine, plan)
    return plan


def _on_raised(want, text, partial):
    """The same plan for the configuration in a newer schema, where things may look different."""
    live = read(text)
    found = _cib_plan.compare(want, live, partial)
    return {"live": live, "edits": found["edits"], "changes": found["changes"]}


def _foresee(machine, plan):
    """What the scheduler would do, and whether that must not be now."""
    if not _cib_xml.has_quorum(plan["text"]):
        raise CommandExecutionError(
            "this part of the cluster has no quorum: nothing is pushed until it has; bring the "
            "other nodes back ('pcs status' says which are missing)"
        )
    found = _cib_check.consequences(machine, plan["text"], plan["new"])
    plan["consequences"] = found["sentences"]
    renamed = _renamed(plan)
    if renamed:
        raise CommandExecutionError("\n".join(renamed))
    at_work = list(plan["intent"])
    if found["held"] and not at_work:
        # of what is not described, of defaults, or by a rule
        at_work = ["there are resources in maintenance, or not managed"]
    if found["disruptive"] and at_work:
        plan["refused"] = (
            f"this would disrupt the service: {'; '.join(found['disruptive'])}; and an operator is "
            f"at work: {'; '.join(at_work)}. Nothing was pushed. Run it again when that is "
            "over, or allow it with allow_disruption: true"
        )


def _renamed(plan):
    """
    Running file systems that would get another resource. What is taken out has no order any more,
    so the old one would be unmounted under a server that still runs, while the new one finds it
    mounted and takes that for its own.
    """
    running = {
        name
        for name in plan["live"]["primitives"]
        if any(told.startswith(f"{name} stops on ") for told in plan["consequences"])
    }
    wanted, told = plan["want"].get("primitives") or {}, []
    device_of = {
        (one.get("attributes") or {}).get("device"): name
        for name, one in wanted.items()
        if one.get("agent") == _FILESYSTEM and name not in plan["live"]["primitives"]
    }
    for name in sorted(running - set(wanted)):
        one = plan["live"]["primitives"][name]
        device = one["attributes"].get("device")
        if one["agent"] == _FILESYSTEM and device in device_of:
            group = next(
                (key for key, it in plan["live"]["groups"].items() if name in it["members"]), name
            )
            told.append(
                f"{name} would become {device_of[device]} while its file system ({device}) is in "
                f"use. Nothing was pushed. Stop it first (pcs resource disable {group} --wait), "
                "then run this again"
            )
    return told


# Planning ----------------------------------------------------------------------------------------


def plan(
    machine: Machine,
    description: Description,
    partial: bool = False,
    file: str | None = None,
    capabilities: Callable[[], Container[str] | None] = lambda: None,
) -> Data:
    """
    Return what applying a description would change, as :py:func:`cib.plan` says. Writes nothing.

    capabilities
        Returns what the installed pcs can; to ask it costs a second, so only if it has to be known.
    """
    try:
        text = _cib_push.query(machine, file)
    except CommandExecutionError:
        if not callable(description):
            # a wrong description is the first thing to know, and needs no cluster
            _cib_describe.normalise(description, machine.pillar)
        raise
    found = _plan(machine, _described(description, text), text, partial, file)
    commands = []
    if found["edits"]:
        told = (found["edits"], found["want"], found["live"], capabilities())
        commands = _cib_commands.of_plan(*told)
    recorded = found["live"]["ownership"].get(_cib_applied.RECORD)
    differences = _cib_applied.differences(found["changes"], recorded)
    return _result(found, refused=found["refused"], commands=commands, differences=differences)


def _result(plan, **more):
    names = ("changes", "unmanaged", "intent", "notes", "consequences")
    return {**{name: plan[name] for name in names}, **more}


# Pushing -----------------------------------------------------------------------------------------


def apply(
    machine: Machine,
    description: Description,
    wait: int = 300,
    partial: bool = False,
    file: str | None = None,
    allow_disruption: bool = False,
) -> Data:
    """Bring the cluster's configuration to a description, as :py:func:`cib.apply` says."""
    done = None
    try:
        for step in _pushes(machine, description, partial, file, allow_disruption):
            done, found, conflicts = step
    except CommandExecutionError as err:
        if not done:
            raise
        # What was pushed happened, whatever came after it: it must be told.
        return _result(done, pushed=True, conflicts=conflicts, unsettled=str(err))
    unsettled = _settle(machine, wait) if done and not file else None
    return _result(done or found, pushed=bool(done), conflicts=conflicts, unsettled=unsettled)


def _settle(machine, wait):
    """Wait until the cluster has nothing to do; returns what is wrong if it still has."""
    if not wait:
        return None
    command = ["crm_resource", "--wait", f"--timeout={int(wait)}"]
    done = machine.tool(command, limit=int(wait) + 60)
    if done["retcode"] == 0:
        return None
    left = " ".join((done["stdout"] + "\n" + done["stderr"]).split())
    return f"the change was pushed, but the cluster did not settle in {wait} s: {left}"


def _pushes(machine, description, partial, file, allow_disruption):
    """Push until nothing differs; yields (plan that was pushed or None, last plan, conflicts)."""
    done, tries, conflicts = None, 0, 0
    found, patch, raised = None, None, Data()
    while True:
        text = _cib_push.query(machine, file)
        if found is None or _differs(text, found["text"], file):
            if not done:
                # what was pushed is what has to be there afterwards: a function counts once
                described = _described(description, text)
            found, patch = _plan(machine, described, text, partial, file), None
            if not found["edits"]:
                yield done, found, conflicts
                return
            found["changes"] = {**raised, **found["changes"]}
            tries += 1
        if found["refused"] and not allow_disruption:
            raise CommandExecutionError(found["refused"])
        if tries > PUSHES or conflicts > CONFLICTS or (done and tries > 2 + conflicts):
            raise CommandExecutionError(_given_up(found, done, tries - 1))
        if found["schema"] and not file:
            # no patch leads from one schema to another: this is a push of its own
            if raised:
                raise CommandExecutionError(_OLD_SCHEMA)
            _cib_push.upgrade(machine)
            raised, found = found["schema"], None
            continue
        taken, patch = _cib_push.push(machine, found["new"], text, file, patch)
        if taken:
            done, found = done or found, None
            yield done, done, conflicts
        else:
            conflicts += 1
            time.sleep(random.uniform(0.02, 0.05 + 0.05 * tries))


def _differs(text, planned, file):
    """Whether it must be planned again; in a cluster, states of resources change all the time."""
    return text != planned if file else _configuration(text) != _configuration(planned)


def _configuration(text):
    """What counts up with the configuration alone: states of resources change all the time."""
    version = _cib_xml.version(text)
    return version["admin_epoch"], version["epoch"]


def _given_up(found, done, tries):
    left = ", ".join(f"{kind}:{name}" for kind, ids in found["changes"].items() for name in ids)
    if done:
        return f"the cluster's configuration was pushed, but differs again: {left}"
    return (
        f"somebody else changed the cluster's configuration before each of {tries} tries to push "
        f"these changes; nothing of them was written: {left}"
    )
