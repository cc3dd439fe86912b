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

import random
import time

from salt.exceptions import CommandExecutionError

__func_alias__ = {"apply_": "apply"}

PUSHES = 10  # plans that others may outrun
_FILESYSTEM = "ocf:heartbeat:Filesystem"
CONFLICTS = 100  # ... and pushes, counting those that only a resource's new state outran
_OLD_SCHEMA = (
    "this needs a newer schema of the cluster's configuration than the cluster knows as a whole: "
    "is Pacemaker on one of its nodes older?"
)


def _read(text):
    try:
        return __salt__["cib_xml.read"](text)
    except ValueError as err:
        raise CommandExecutionError(f"the cluster's configuration cannot be read: {err}") from err


# Planning ----------------------------------------------------------------------------------------


def _described(description, text):
    """A description may be a function of the present one: it is asked again for every plan."""
    if callable(description):
        return description(__salt__["cib_plan.describe"](_read(text)))
    return description


def _plan(description, text, partial=False, file=None):
    """Compare, ask agents only about what differs, and compare again with what they said."""
    want = __salt__["cib_describe.normalise"](description)
    live = _read(text)
    plan = __salt__["cib_plan.compare"](want, live, partial)
    if plan["edits"] or plan["problems"]:
        notes = __salt__["cib_check.complete"](want, live, plan)
        plan = __salt__["cib_plan.compare"](want, live, partial)
        plan["notes"] = notes + plan["notes"]
        if plan["problems"]:
            raise CommandExecutionError("\n".join(plan["problems"]))
    plan.update(want=want, live=live, text=text, consequences=[], refused=None)
    plan["schema"] = {}
    if plan["edits"]:
        raised = __salt__["cib_schema.raised"](text, plan["edits"])
        if raised:
            plan = {**plan, **_on_raised(want, raised, partial)}
            plan["schema"] = {"schema": __salt__["cib_schema.change"](text, raised)}
        plan["changes"] = {**plan["schema"], **plan["changes"]}
        plan["new"] = __salt__["cib_xml.edit"](raised or text, plan["edits"])
        plan["notes"] += __salt__["cib_check.verify"](want, live, text, plan["new"], plan["edits"])
        if not file:
            _foresee(plan)
    return plan


def _on_raised(want, text, partial):
    """The same plan for the configuration in a newer schema, where things may look different."""
    live = _read(text)
    found = __salt__["cib_plan.compare"](want, live, partial)
    return {"live": live, "edits": found["edits"], "changes": found["changes"]}


def _foresee(plan):
    """What the scheduler would do, and whether that must not be now."""
    if not __salt__["cib_xml.has_quorum"](plan["text"]):
        raise CommandExecutionError(
            "this part of the cluster has no quorum: nothing is pushed until it has; bring the "
            "other nodes back ('pcs status' says which are missing)"
        )
    found = __salt__["cib_consequences.of"](plan["text"], plan["new"])
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


def _capabilities():
    """What the installed pcs can; None if there is none, which stands for the newest."""
    try:
        return __salt__["pcs.version"]()["capabilities"]
    except CommandExecutionError:
        return None


def _commands(plan):
    """The pcs commands that do the same; to ask pcs what it can costs a second."""
    if not plan["edits"]:
        return []
    told = (plan["edits"], plan["want"], plan["live"], _capabilities())
    return __salt__["cib_commands.of_plan"](*told)


def _result(plan, **more):
    names = ("changes", "unmanaged", "intent", "notes", "consequences")
    return {**{name: plan[name] for name in names}, **more}


# Pushing -----------------------------------------------------------------------------------------


def _settle(wait):
    """Wait until the cluster has nothing to do; returns what is wrong if it still has."""
    if not wait:
        return None
    command = ["crm_resource", "--wait", f"--timeout={int(wait)}"]
    done = __salt__["cib_push.run"](command, limit=int(wait) + 60)
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
    return __salt__["cib_plan.describe"](_read(__salt__["cib_push.query"](file)))


def unavailable():
    """
    Return why the cluster's configuration cannot be read here, in a sentence; None if it can.

    CLI Example:

    .. code-block:: bash

        salt '*' cib.unavailable
    """
    try:
        __salt__["cib_push.query"]()
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
    return __salt__["cib_check.description"](want)


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
    ``intent`` (what an operator set and is left), ``notes``, ``commands`` (the ``pcs`` commands
    that would do the same, as argument lists), ``consequences`` (what the scheduler would do, in
    sentences) and ``refused`` (why :py:func:`apply` would not push it now, or None). Raises
    SaltInvocationError when the description is wrong, CommandExecutionError when the cluster cannot
    be read, has no quorum or would refuse.

    CLI Example:

    .. code-block:: bash

        salt '*' cib.plan '{"properties": {"stonith-enabled": false}}'
    """
    try:
        text = __salt__["cib_push.query"](file)
    except CommandExecutionError:
        if not callable(description):
            # a wrong description is the first thing to know, and needs no cluster
            __salt__["cib_describe.normalise"](description)
        raise
    plan = _plan(_described(description, text), text, partial, file)
    return _result(plan, refused=plan["refused"], commands=_commands(plan))


def apply_(description, wait=300, partial=False, file=None, allow_disruption=False):
    """
    Bring the cluster's configuration to a description, with one push if anything differs.

    description, partial, file
        As for :py:func:`plan`.

    wait
        Seconds to wait until the cluster has done what the push asks for; 0 does not wait.

    allow_disruption
        Push a change that disrupts the service while a maintenance, a standby or something else
        that an operator set on purpose is in force; without it, that is an error.

    Returns what :py:func:`plan` returns but ``refused`` and ``commands``, and ``pushed`` (whether
    anything was), ``conflicts`` (how often somebody else wrote first and it was planned again) and
    ``unsettled`` (None, or a sentence when the cluster is not done in time, or something is left to
    change after the push). Raises as :py:func:`plan` does, and CommandExecutionError when the push
    is refused.

    CLI Example:

    .. code-block:: bash

        salt '*' cib.apply '{"properties": {"stonith-enabled": false}}'
    """
    done = None
    try:
        for step in _pushes(description, partial, file, allow_disruption):
            done, found, conflicts = step
    except CommandExecutionError as err:
        if not done:
            raise
        # What was pushed happened, whatever came after it: it must be told.
        return _result(done, pushed=True, conflicts=conflicts, unsettled=str(err))
    unsettled = _settle(wait) if done and not file else None
    return _result(done or found, pushed=bool(done), conflicts=conflicts, unsettled=unsettled)


def _pushes(description, partial, file, allow_disruption):
    """Push until nothing differs; yields (plan that was pushed or None, last plan, conflicts)."""
    done, tries, conflicts = None, 0, 0
    found, patch, raised = None, None, {}
    while True:
        text = __salt__["cib_push.query"](file)
        if found is None or _differs(text, found["text"], file):
            if not done:
                # what was pushed is what has to be there afterwards: a function counts once
                described = _described(description, text)
            found, patch = _plan(described, text, partial, file), None
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
            __salt__["cib_schema.upgrade"]()
            raised, found = found["schema"], None
            continue
        taken, patch = __salt__["cib_push.push"](found["new"], text, file, patch)
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
