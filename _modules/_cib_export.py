"""
A cluster's configuration as a description that, applied to it, changes nothing.

What an operator set on purpose (a standby, a stopped resource, what a move left) is not part of a
description; the notes tell it. A secret becomes a reference into pillar.
"""

from __future__ import annotations

import copy

import _cib_agent
import _cib_describe
import _cib_nodes
import _cib_primitives
import _cib_properties
import _cib_values
from _cib_comparison import INTENT_META
from _cib_errors import CommandExecutionError, SaltInvocationError
from _cib_kinds import KINDS
from _cib_run import Machine
from _cib_values import Data

PREFIX = "cluster_secrets"


class Export:
    """What is found on the way, besides the description."""

    def __init__(self, machine, prefix):
        self.machine, self.prefix, self.secrets, self.notes = machine, prefix, [], []

    def referring(self, owner, values, secrets=()):
        """Values with the secret ones replaced by references."""
        found = {}
        for name, value in values.items():
            if name not in secrets and _cib_values.shown(name, value) == value:
                found[name] = value
                continue
            place = f"{self.prefix}:{owner}:{name}"
            self.secrets.append(place)
            found[name] = {"pillar": place}
        return found

    def without_intent(self, what, values, names):
        for name in names:
            if name in values:
                self.notes.append(f"{what} has {name}={values[name]}: an operator's, left out")
        return {name: value for name, value in values.items() if name not in names}


def of(machine: Machine, live: Data, prefix: str = PREFIX) -> Data:
    """
    Return ``description``, ``secrets`` (the places in pillar to fill) and ``notes`` (sentences).

    prefix
        Where in pillar secrets are, a path with colons: the secret of the attribute ``password`` of
        ``A`` is then ``prefix:A:password``.
    """
    export, description = Export(machine, prefix), {}
    for name, kind in KINDS.items():
        value = copy.deepcopy(kind.describe(live, name))
        value = _MAKERS.get(name, lambda export, value: value)(export, value)
        if value:
            description[name] = value
    _tell_intent(export, live)
    _check(export, description)
    return {
        "description": description,
        "secrets": sorted(export.secrets),
        "notes": export.notes,
    }


def _tell_intent(export, live):
    for node, found in live["nodes"].items():
        export.without_intent(f"node {node}", found["attributes"], _cib_nodes.INTENT)
    export.notes += [
        f"the template {name} cannot be described: left out" for name in live["templates"]
    ]
    for name in filter(_by_operator, live["constraints"]):
        export.notes.append(f"the constraint {name} was left by a move or a ban: left out")


def _check(export, description):
    """What the cluster has and a description may not say is told, not hidden."""
    try:
        _cib_describe.normalise(_filled(description))
    except SaltInvocationError as err:
        export.notes += [f"cannot be applied: {line}" for line in str(err).splitlines()[1:]]


def _filled(value):
    """A description with something in the place of each reference."""
    if isinstance(value, dict):
        if list(value) == ["pillar"]:
            return "secret"
        return {key: _filled(inner) for key, inner in value.items()}
    return [_filled(inner) for inner in value] if isinstance(value, list) else value


# Kinds -------------------------------------------------------------------------------------------


def _properties(export, value):
    return export.without_intent("the cluster", value, _cib_properties.INTENT_PROPERTIES)


def _primitives(export, value):
    found = {}
    for name, one in value.items():
        told = {"agent": one["agent"], "description": one.get("description")}
        told["attributes"] = export.referring(name, one["attributes"], one.get("secrets", ()))
        told["meta"] = export.without_intent(name, one["meta"], INTENT_META)
        told["utilization"] = one["utilization"]
        told["operations"] = _operations(export.machine, one["agent"], one["operations"])
        found[name] = _short(told)
    return found


def _short(one):
    return {key: value for key, value in one.items() if value not in (None, "", {}, [])}


def _operations(machine, agent, operations):
    """Operations by name; those that are what the agent asks for need not be said."""
    by_name, defaults = {}, _by_name(_defaults(machine, agent))
    for name, several in _by_name(operations).items():
        if not _same(several, defaults.get(name)):
            by_name[name] = several[0] if len(several) == 1 else several
    return by_name


def _by_name(operations):
    found: dict[str, list[Data]] = {}
    for one in operations:
        options = {key: value for key, value in one.items() if key not in ("id", "name")}
        found.setdefault(one["name"], []).append(options)
    return found


def _defaults(machine, agent):
    """The operations that the agent's metadata asks for; none if it is not installed here."""
    try:
        metadata = _cib_agent.metadata(machine, agent)
    except CommandExecutionError:
        return []
    if metadata is None:
        return []
    operations = _cib_agent.default_operations(metadata, agent)
    return _cib_primitives.new_operations([], operations)


def _same(several, others):
    if others is None or len(several) != len(others):
        return False
    return all(
        set(one) == set(other) and all(_cib_values.same(one[key], other[key]) for key in one)
        for one, other in zip(several, others)
    )


def _holders(export, value):
    """Groups, clones and bundles: their meta attributes may be an operator's."""
    found = {}
    for name, one in value.items():
        told = {key: inner for key, inner in one.items() if key != "inside"}
        told["meta"] = export.without_intent(name, one.get("meta") or {}, INTENT_META)
        found[name] = _short(told)
    return found


def _bundles(export, value):
    found = _holders(export, value)
    for name, one in found.items():
        one["container"] = export.referring(f"{name}:container", one["container"])
        if "storage" in one:
            one["storage"] = [
                export.referring(f"{name}:storage:{number}", entry)
                for number, entry in enumerate(one["storage"])
            ]
    return found


def _groups(export, value):
    found = _holders(export, value)
    return {n: one["members"] if list(one) == ["members"] else one for n, one in found.items()}


def _constraints(export, value):
    return {
        kind: left
        for kind, several in value.items()
        if (left := [one for one in several if not _by_operator(one.get("id"))])
    }


def _by_operator(name):
    return str(name).startswith("cli-")


def _nodes(export, value):
    found = {}
    for node, one in value.items():
        secrets = one.pop("secrets", ())
        attributes = export.referring(node, one.get("attributes", {}), secrets)
        found[node] = _short({**one, "attributes": attributes})
    return found


def _alerts(export, value):
    for name, one in value.items():
        several = {name: one, **one.get("recipients", {})}
        for owner, inner in several.items():
            secrets = inner.pop("secrets", ())
            if "options" in inner:
                inner["options"] = export.referring(owner, inner["options"], secrets)
    return value


_MAKERS = {
    "properties": _properties,
    "primitives": _primitives,
    "groups": _groups,
    "clones": _holders,
    "bundles": _bundles,
    "constraints": _constraints,
    "nodes": _nodes,
    "alerts": _alerts,
}
