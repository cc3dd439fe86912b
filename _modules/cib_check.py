"""
What the installed agents and Pacemaker have against a plan, before anything is pushed.
"""

from __future__ import annotations

import re

from salt.exceptions import CommandExecutionError

# Agents -------------------------------------------------------------------------------------------


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


def complete(want, live, plan):
    """
    Give the primitives that differ their agents' defaults; raise what the metadata says no to.

    want
        The normalised description; its primitives are completed in place.

    live
        What :py:func:`cib_xml.read` returned.

    plan
        What :py:func:`cib_plan.compare` returned for the two.

    Returns notes (sentences).

    CLI Example:

    .. code-block:: bash

        salt '*' cib_check.complete '{...}' '{...}' '{...}'
    """
    asked = {name: want["primitives"][name] for name in _asked(plan)}
    known, problems, notes = _check_agents(asked, live["primitives"])
    removed = {e["id"] for e in plan["edits"] if e["kind"] == "primitives" and e.get("remove")}
    everything = {n: one for n, one in live["primitives"].items() if n not in removed}
    everything.update(want["primitives"])
    problems += __salt__["cib_agent.clashes"](everything, known)
    problems += __salt__["cib_clones.agent_problems"](plan["edits"], everything, want, live)
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
        defaults = __salt__["cib_agent.default_operations"](metadata, agent)
        wanted["defaults"] = [
            one for one in defaults if wanted["all_defaults"] or one["name"] == "monitor"
        ]
    return known, problems, notes


def _check_properties(changed):
    if not changed:
        return [], []
    known = __salt__["cib_agent.properties"]()
    if known is None:
        return [], ["Pacemaker could not be asked which cluster properties it knows: not checked"]
    return __salt__["cib_agent.property_problems"](changed, known), []


def description(want):
    """
    Return what agents and Pacemaker have against a normalised description, as sentences.

    want
        What :py:func:`cib_describe.normalise` returned.

    CLI Example:

    .. code-block:: bash

        salt '*' cib_check.description '{...}'
    """
    known, problems, _ = _check_agents(want["primitives"], {})
    problems += __salt__["cib_agent.clashes"](want["primitives"], known)
    return problems + _check_properties(want["properties"])[0]


# Pacemaker ----------------------------------------------------------------------------------------


def verify(want, live, old, new, edits):
    """
    Raise what crm_verify says about the new configuration and not about the old one.

    want, live
        As for :py:func:`complete`; values of secret attributes are masked in what is said.

    old, new, edits
        The XML of both, and what was edited: the ids in what is said are looked up there.

    Returns notes (sentences) about what was wrong already.

    CLI Example:

    .. code-block:: bash

        salt '*' cib_check.verify '{...}' '{...}' '<cib>...</cib>' '<cib>...</cib>' '[]'
    """
    _check_letters(old, new, edits)
    found = _complaints(new)
    if not found:
        return []
    before = _complaints(__salt__["cib_xml.edit"](old))
    fresh = [line for line in found if line not in before]
    text = _masked("\n".join(fresh or found), want, live)
    if fresh:
        places = _places(text, edits)
        raise CommandExecutionError(f"crm_verify refuses the new configuration{places}:\n{text}")
    return [f"crm_verify complains, as it did before: {text}"]


def _check_letters(old, new, edits):
    beyond = [f"{one['kind']}:{one['id']}" for one in edits if not repr(one).isascii()]
    if beyond and __salt__["cib_push.garbles"](new, old):
        raise CommandExecutionError(
            f"{', '.join(beyond)}: the installed Pacemaker cannot keep letters beyond ASCII: it "
            "would write something else"
        )


# ... before and since Pacemaker 3
_ONLY_WARNINGS = ("Warnings found", "(with warnings)")


def _complaints(cib):
    done = __salt__["cib_push.run"](["crm_verify", "--xml-pipe", "-V"], stdin=cib)
    said = done["stderr"] + done["stdout"]
    if done["retcode"] == 0 or any(words in said for words in _ONLY_WARNINGS):
        # it warns of a resource that still runs and is to go, of a node not seen yet ...
        return []
    lines = [line.strip() for line in (done["stderr"] + "\n" + done["stdout"]).splitlines()]
    lines = [re.sub(r"^\(.*?\)\s*", "", line) for line in lines if line and "<" not in line]
    return lines or [f"crm_verify ended with {done['retcode']}"]


def _places(text, edits):
    """Where in the description the ids are that a text names."""
    words = set(re.findall(r"[\w.-]+", text))
    found = [f"{one['kind']}:{one['id']}" for one in edits if one["id"] in words]
    return f" (see {', '.join(found)})" if found else ""


def _masked(text, want, live):
    sides = (want["primitives"], live["primitives"])
    found = [primitive for side in sides for primitive in side.values()]
    found += [node for side in (want, live) for node in side["nodes"].values()]
    for side in (want, live):
        for alert in side["alerts"].values():
            found += [alert, *alert["recipients"].values()]
    return __salt__["cib_meaning.masked"](text, [_secrets(one) for one in found])


def _secrets(one):
    """The attributes of an object; those that are secret under a name that says so."""
    values = one["options"] if "options" in one else one["attributes"]
    known = one.get("secrets", ())
    return {f"{name} password" if name in known else name: value for name, value in values.items()}
