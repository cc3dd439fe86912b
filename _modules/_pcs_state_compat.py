"""
What Salt 3006's states do on this engine: one object, or a batch of them. ``_states/pcs_compat.py``
says what they are for and how they are written.
"""

from __future__ import annotations

import os
from typing import Any

import _pcs_cib
import _pcs_compat_batch
import _pcs_compat_constraint
import _pcs_compat_parse
from _cib_errors import CommandExecutionError, SaltInvocationError
from _cib_result import made
from _cib_run import Machine
from _cib_values import Data

ERRORS = (CommandExecutionError, SaltInvocationError)


def _cibfile(machine, cibname):
    """Path of a batch's file: as ever, below the minion's cache."""
    if cibname in (None, "None"):
        return None
    good = isinstance(cibname, str) and cibname and not os.path.isabs(cibname)
    if not good or ".." in cibname.split("/"):
        raise SaltInvocationError(f"cibname: {cibname!r} is no name of a file")
    environment = machine.asked_by.get("environment", "base")
    return os.path.join(machine.opts["cachedir"], "pcs", environment, f"{cibname}.cib")


def _unknowable(machine, name, err):
    """With ``test``: what cannot be known on a node where the cluster does not run yet."""
    blind = _pcs_cib.unavailable(machine) if machine.test else None
    if blind:
        return made(name, None, f"What would be changed cannot be known: {blind}")
    return made(name, False, str(err))


def _finish(machine, name, done, what):
    """The result of one object, or of a push."""
    test, changes = machine.test, done["changes"]
    lines = [f"{what} is as specified"]
    result: bool | None = True
    if changes:
        verb = "would have been" if test else "has been"
        new = any(
            one.get("old", 1) is None and one.get("new") is not None
            for ids in changes.values()
            for one in ids.values()
        )
        lines = [f"{what} {verb} {'created' if new else 'changed'}"]
        result = None if test else True
    if done.get("unsettled"):
        result = False
        lines.append(done["unsettled"])
    lines += [*done.get("notes", ()), *done.get("intent", ())]
    return made(name, result, "\n".join(lines), changes)


def _present(machine, name, what, parse, cibname=None):
    """Bring one object in line, in the cluster or in a batch."""
    test = machine.test
    try:
        parsed = parse()
        file = _cibfile(machine, cibname)
    except ERRORS as err:
        return made(name, False, str(err))
    try:
        done = _pcs_compat_batch.converge(machine, parsed, file, test, machine.asked_by or None)
    except SaltInvocationError as err:
        return made(name, False, str(err))
    except CommandExecutionError as err:
        return _unknowable(machine, name, err)
    return _finish(machine, name, done, what)


# Objects -----------------------------------------------------------------------------------------


def prop_has_value(
    machine: Machine, name: str, prop: Any, value: Any, extra_args: Any = None, cibname: Any = None
) -> Data:
    """A cluster property has this value."""
    return _values(
        machine, name, "properties", f"The property {prop}", (prop, value, extra_args), cibname
    )


def resource_defaults_to(
    machine: Machine,
    name: str,
    default: Any,
    value: Any,
    extra_args: Any = None,
    cibname: Any = None,
) -> Data:
    """A default of all resources has this value."""
    given = (default, value, extra_args)
    return _values(
        machine, name, "resource_defaults", f"The resource default {default}", given, cibname
    )


def resource_op_defaults_to(
    machine: Machine,
    name: str,
    op_default: Any,
    value: Any,
    extra_args: Any = None,
    cibname: Any = None,
) -> Data:
    """A default of all operations has this value."""
    given = (op_default, value, extra_args)
    return _values(
        machine, name, "op_defaults", f"The operation default {op_default}", given, cibname
    )


def _values(machine, name, kind, what, given, cibname):
    def parse():
        return _pcs_compat_parse.values(kind, *given)

    return _present(machine, name, what, parse, cibname)


def stonith_present(
    machine: Machine,
    name: str,
    stonith_id: Any,
    stonith_device_type: Any,
    stonith_device_options: Any = None,
    cibname: Any = None,
) -> Data:
    """A fencing device is there, with these options and no others."""

    def parse():
        return _pcs_compat_parse.fencing(stonith_id, stonith_device_type, stonith_device_options)

    return _present(machine, name, f"The fencing device {stonith_id}", parse, cibname)


def resource_present(
    machine: Machine,
    name: str,
    resource_id: Any,
    resource_type: Any,
    resource_options: Any = None,
    cibname: Any = None,
) -> Data:
    """A resource is there, with these options and no others."""

    def parse():
        return _pcs_compat_parse.resource(resource_id, resource_type, resource_options)

    return _present(machine, name, f"The resource {resource_id}", parse, cibname)


def constraint_present(
    machine: Machine,
    name: str,
    constraint_id: Any,
    constraint_type: Any,
    constraint_options: Any = None,
    cibname: Any = None,
) -> Data:
    """A constraint is there, with this meaning."""

    def parse():
        return _pcs_compat_constraint.constraint(constraint_id, constraint_type, constraint_options)

    return _present(machine, name, f"The constraint {constraint_id}", parse, cibname)


# Batches -----------------------------------------------------------------------------------------


def cib_present(
    machine: Machine, name: str, cibname: Any, scope: Any = None, extra_args: Any = None
) -> Data:
    """A batch begins: there is a copy of the cluster's configuration as it is now."""
    test = machine.test
    try:
        _pcs_compat_batch.checked_scope(scope)
        _pcs_compat_batch.create_arguments(extra_args)
        file = _cibfile(machine, cibname)
        if file is None:
            raise SaltInvocationError("cibname: a batch needs a name")
    except ERRORS as err:
        return made(name, False, str(err))
    try:
        done = _pcs_compat_batch.begin(machine, file, test, machine.asked_by or None)
    except ERRORS as err:
        return _unknowable(machine, name, err)
    if not done["changes"]:
        return made(name, comment=f"The copy {cibname} is that of the cluster's configuration")
    verb = "would have been" if test else "has been"
    comment = f"The copy {cibname} of the cluster's configuration {verb} made"
    return made(name, None if test else True, comment, done["changes"])


def cib_pushed(
    machine: Machine, name: str, cibname: Any, scope: Any = None, extra_args: Any = None
) -> Data:
    """What the states of a batch made in its copy is in the cluster, pushed as one change."""
    test = machine.test
    try:
        section = _pcs_compat_batch.checked_scope(scope)
        wait = _pcs_compat_batch.push_arguments(extra_args)
        file = _cibfile(machine, cibname)
        if file is None:
            raise SaltInvocationError("cibname: a batch needs a name")
    except ERRORS as err:
        return made(name, False, str(err))
    try:
        done = _pcs_compat_batch.push(machine, file, section, wait, test, machine.asked_by or None)
    except SaltInvocationError as err:
        return made(name, False, str(err))
    except CommandExecutionError as err:
        return _unknowable(machine, name, err)
    ret = _finish(machine, name, {**done, "notes": [], "intent": []}, f"What {cibname} asks for")
    lines = {
        (True, False): "has nothing that the cluster has not",
        (False, True): "would have been pushed",
        (False, False): "has been pushed",
    }
    first, *more = ret["comment"].split("\n")
    first = f"The batch {cibname} {lines[(not done['changes'], bool(done['changes'] and test))]}"
    ret["comment"] = "\n".join([first, *more])
    return ret
