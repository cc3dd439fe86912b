"""
The state of the cluster's configuration: ``pcs.configured``

It belongs to the state module pcs: Salt merges files that have one virtual name.
"""

from __future__ import annotations

import shlex
from typing import Any

import _pcs_cib
from _cib_apply import Description
from _cib_errors import CommandExecutionError, SaltInvocationError
from _cib_result import made
from _cib_run import Machine
from _cib_values import Data


def configured(
    machine: Machine,
    name: str,
    /,
    wait: int = 300,
    allow_disruption: bool = False,
    **description: Any,
) -> Data:
    """The cluster's configuration is as described: resources, groups, constraints, properties."""
    # without requisites and the like
    description = {key: value for key, value in description.items() if not key.startswith("__")}
    return described(machine, name, description, wait, allow_disruption)


def described(
    machine: Machine,
    name: str,
    description: Description,
    wait: int = 300,
    allow_disruption: bool = False,
) -> Data:
    """The same for a description in one piece, or a function that makes it of what is there."""
    test = machine.test
    try:
        if test:
            done = _pcs_cib.plan(machine, description)
            if done["refused"] and not allow_disruption:
                raise CommandExecutionError(done["refused"])
        else:
            done = _pcs_cib.apply(
                machine, description, wait=wait, allow_disruption=allow_disruption
            )
    except SaltInvocationError as err:
        return made(name, False, str(err))
    except CommandExecutionError as err:
        blind = _pcs_cib.unavailable(machine) if test else None
        if blind:
            return made(name, None, f"What would be changed cannot be known: {blind}")
        return made(name, False, str(err))
    ret = made(name, changes=done["changes"])
    if test:
        # for hanfs.drift: the same as data
        ret["foreseen"] = {key: done[key] for key in ("differences", "consequences")}
    lines = ["The cluster's configuration is as described"]
    if done["changes"]:
        verb = "would have been" if test else "has been"
        ret["result"] = None if test else True
        lines = [f"The cluster's configuration {verb} changed; {_counted(done['changes'])}"]
        lines += _foreseen(done, test)
    if done.get("unsettled"):
        ret["result"] = False
        lines.append(done["unsettled"])
    ret["comment"] = "\n".join([*lines, *_remarks(done)])
    return ret


def _foreseen(done, test):
    """What the scheduler does about it and, in a dry run, how pcs would be told the same."""
    told = "; ".join(done["consequences"]) or "no resource is touched"
    lines = [f"The scheduler: {told}"]
    if test and done["commands"]:
        lines.append("The same with pcs:")
        lines += [f"  {_line(command)}" for command in done["commands"]]
    return lines


def _line(command):
    """A command to be pasted, or a remark where pcs has none."""
    return " ".join(command) if command[0] == "#" else shlex.join(command)


def _counted(changes):
    """How many objects of which kind change, for a comment."""
    parts = []
    for kind, ids in changes.items():
        if kind == "ownership":
            continue
        added = sum("old" in one and one["old"] is None for one in ids.values())
        removed = sum("new" in one and one["new"] is None for one in ids.values())
        numbers = [(added, "new"), (len(ids) - added - removed, "changed"), (removed, "removed")]
        told = ", ".join(f"{number} {what}" for number, what in numbers if number)
        parts.append(f"{kind.replace('_', ' ')}: {told}")
    return "; ".join(parts) or "the record of what is ours"


def _remarks(done):
    lines = [*done["notes"], *done["intent"]]
    for kind, ids in done["unmanaged"].items():
        lines.append(f"Made by others and left alone, {kind.replace('_', ' ')}: {', '.join(ids)}")
    return lines
