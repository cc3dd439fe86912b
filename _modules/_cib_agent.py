"""
What resource agents and Pacemaker say about themselves: parameters, actions, properties.

``crm_verify`` accepts an unknown agent, an unknown or missing parameter, an unknown operation and
an unknown property. The agents' metadata knows better, and also names the operations that a new
resource gets by default, as with ``pcs``.
"""

from __future__ import annotations

import os
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable

import _cib_values
from _cib_errors import CommandExecutionError
from _cib_run import Machine
from _cib_values import Data

# Actions that Pacemaker does not run by itself, so no operation is made of them.
_NO_OPERATION = {"meta-data", "status", "validate-all"}
# Shell agents take these from the library they are written with, whatever their metadata says.
_EVERYWHERE = {"trace_ra", "trace_file"}
_DAEMONS = ("/usr/lib/pacemaker", "/usr/libexec/pacemaker", "/usr/lib64/pacemaker")
_PACKAGE = "Pacemaker and its command line tools"


def parse(xml: str) -> Data:
    """
    Return an agent's metadata as plain data.

    xml
        What ``crm_resource --show-metadata`` prints.

    Returns ``parameters`` (by name: ``required``, ``type``, ``unique`` (the name of the group of
    parameters that must not be the same twice, or None), ``values``, ``replaces``,
    ``replaced_by``) and ``actions`` (a list). Raises ``ValueError`` when the text is no metadata.
    """
    try:
        root = ET.fromstring(xml)
    except ET.ParseError as err:
        raise ValueError(f"this is no XML: {err}") from err
    if next(root.iter("resource-agent"), None) is None:
        raise ValueError(f"its root is <{root.tag}>, and there is no <resource-agent>")
    parameters = {}
    for element in root.iter("parameter"):
        parameters[element.get("name")] = _parameter(element)
    for name, parameter in parameters.items():
        for other in parameter["replaces"]:
            if other in parameters and name not in parameters[other]["replaced_by"]:
                parameters[other]["replaced_by"].append(name)
    return {"parameters": parameters, "actions": [_action(e) for e in root.iter("action")]}


def _parameter(element):
    content = element.find("content")
    kind = "string" if content is None else content.get("type", "string")
    unique = element.get("unique-group")
    if unique is None and element.get("unique") == "1":
        unique = element.get("name")
    replaced = element.findall("deprecated/replaced-with")
    return {
        "required": element.get("required") == "1",
        "type": kind,
        "unique": unique,
        "values": [] if content is None else [o.get("value") for o in content.findall("option")],
        "replaces": [element.get("obsoletes")] if element.get("obsoletes") else [],
        "replaced_by": [other.get("name") for other in replaced],
    }


def _action(element):
    found = {
        key: element.get(key)
        for key in ("name", "timeout", "interval", "role", "start-delay", "depth")
        if element.get(key) is not None
    }
    if "role" in found:
        found["role"] = _cib_values.NEW_ROLES.get(found["role"], found["role"])
    return found


def default_operations(metadata: Data, agent: str) -> list[Data]:
    """
    Return the operations that pcs would give a new resource of this agent.

    agent
        The agent's full name. A fence device has a monitor only.
    """
    fence = agent.startswith("stonith:")
    found = [
        _operation(action)
        for action in metadata["actions"]
        if (action["name"] == "monitor" if fence else action["name"] not in _NO_OPERATION)
    ]
    if not any(operation["name"] == "monitor" for operation in found):
        found.append(_operation({"name": "monitor"}))
    return found


def _operation(action):
    interval = action.get("interval") or ("60s" if action["name"] == "monitor" else "0s")
    found = {"name": action["name"], "interval": interval}
    for key in ("timeout", "role", "start-delay"):
        if action.get(key):
            found[key] = action[key]
    if action.get("depth") not in (None, "", "0"):
        found["OCF_CHECK_LEVEL"] = action["depth"]
    return found


def problems(path: str, wanted: Data, metadata: Data, present: Iterable[str] = ()) -> list[str]:
    """
    Return what an agent's metadata has against a primitive, as sentences with their path.

    path
        Where the primitive is in the description, such as ``primitives:VIP``.

    wanted
        The primitive as :py:func:`_cib_describe.normalise` returns it.

    present
        Names of parameters that the running configuration has already: somebody insisted on them.
    """
    known, agent = metadata["parameters"], wanted["agent"]
    given = {name for name, value in wanted["attributes"].items() if value not in (None, "")}
    found = []
    for name in sorted(given - set(known) - set(present)):
        if _always_known(agent, name):
            continue
        listed = ", ".join(sorted(known)) or "none"
        found.append(
            f"{path}:attributes:{name}: the agent {agent} has no such parameter; it knows: {listed}"
        )
    for name, parameter in known.items():
        if _is_required(agent, name, parameter) and not given & _family(known, name):
            found.append(f"{path}:attributes: {name} is required by the agent {agent}")
    actions = {action["name"] for action in metadata["actions"]} | {"monitor"}
    for operation in wanted["operations"]:
        if operation["name"] not in actions:
            found.append(
                f"{path}:operations:{operation['name']}: the agent {agent} has no such action; "
                f"it knows: {', '.join(sorted(actions))}"
            )
    return found


def _always_known(agent, name):
    if agent.startswith("stonith:"):
        return name.startswith("pcmk_") or name in ("priority", "provides", "stonith-timeout")
    return agent.startswith("ocf:") and name in _EVERYWHERE


def _is_required(agent, name, parameter):
    # Pacemaker fills these in for fence devices
    if agent.startswith("stonith:") and name in ("action", "port", "plug"):
        return False
    return parameter["required"]


def _family(known, name):
    """The parameter, what replaces it and what it replaces."""
    return {name, *known[name]["replaced_by"], *known[name]["replaces"]}


def clashes(primitives: Data, metadata: Data) -> list[str]:
    """
    Return sentences about parameters that must be unique and are not.

    primitives
        ``{id: {"agent": ..., "attributes": {...}}}``: all there will be.

    metadata
        ``{agent: metadata}`` for the agents to look at.
    """
    found = []
    for agent, known in metadata.items():
        groups: dict[str, list[str]] = {}
        for name, parameter in known["parameters"].items():
            if parameter["unique"]:
                groups.setdefault(parameter["unique"], []).append(name)
        for names in groups.values():
            seen: dict[tuple[str, ...], str] = {}
            for owner, primitive in primitives.items():
                if primitive["agent"] != agent:
                    continue
                values = tuple(primitive["attributes"].get(name) or "" for name in names)
                if any(values) and values in seen:
                    found.append(
                        f"primitives:{owner}:attributes: {', '.join(names)} must not be the same "
                        f"in two resources of {agent}, but {seen[values]} has it too"
                    )
                seen.setdefault(values, owner)
    return found


def property_problems(wanted: Data, known: Data) -> list[str]:
    """
    Return what Pacemaker has against cluster properties, as sentences with their path.

    wanted
        ``{name: value}`` of the properties that are new or changed.
    """
    found = []
    for name, value in wanted.items():
        if value is None:
            continue
        if name not in known:
            listed = ", ".join(sorted(known))
            found.append(f"properties:{name}: Pacemaker has no such property; it knows: {listed}")
            continue
        kind, values = known[name]["type"], known[name]["values"]
        if not _fits(kind, values, str(value)):
            allowed = f" ({', '.join(values)})" if values else ""
            found.append(f"properties:{name}: {value!r} is no {kind}{allowed}")
    return found


def _fits(kind, values, value):
    if kind == "select" and values:
        return value in values
    pattern = {
        "boolean": r"(true|false|on|off|yes|no|y|n|1|0)$",
        "integer": r"[+-]?(\d+|INFINITY)$",
        "percentage": r"\d+%?$",
        "time": r"-?\d+\s*(ms|msec|us|usec|s|sec|m|min|h|hr)?$|P[\dT].*$",
    }.get(kind)
    return pattern is None or bool(re.match(pattern, value, re.I))


# What asks the machine ---------------------------------------------------------------------------


def metadata(machine: Machine, agent: str) -> Data | None:
    """
    Return the metadata of an agent that is installed here; None if it is not.

    agent
        The full name, such as ``ocf:heartbeat:IPaddr2``.

    What was found is kept for the rest of the run. Raises CommandExecutionError when Pacemaker's
    tools are not installed or the agent answers with something else than metadata.
    """
    kept = machine.kept.setdefault("cib_agent.metadata", {})
    if agent not in kept:
        done = machine.tool(["crm_resource", "--show-metadata", agent], package=_PACKAGE)
        if done["retcode"] != 0:
            return None
        try:
            kept[agent] = parse(done["stdout"])
        except ValueError as err:
            raise CommandExecutionError(f"the metadata of {agent} cannot be read: {err}") from err
    return kept[agent]


def properties(machine: Machine) -> Data | None:
    """
    Return the cluster properties that the installed Pacemaker knows; None if it cannot be asked.
    """
    kept = machine.kept.get("cib_agent.properties")
    if kept:
        return kept
    found = {}
    for daemon in ("based", "controld", "schedulerd"):
        text = _daemon_metadata(machine, f"pacemaker-{daemon}")
        if text is None:
            # without one of the three, a good name would look unknown
            return None
        try:
            found.update(parse(text)["parameters"])
        except ValueError:
            return None
    machine.kept["cib_agent.properties"] = found
    return found


def _daemon_metadata(machine, name):
    for directory in _DAEMONS:
        try:
            done = machine.tool([os.path.join(directory, name), "metadata"])
        except CommandExecutionError:
            continue
        if done["stdout"].lstrip().startswith("<"):
            return done["stdout"]
    return None
