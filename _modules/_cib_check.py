"""
What stands against a plan before anything is pushed: the installed agents, ``crm_verify``, and what
the scheduler would do (which resources stop, start, move, restart).

``crm_simulate`` is asked about the old and the new configuration, with the state of the cluster as
it is. What it would do about both is none of the change's doing.
"""

from __future__ import annotations

import functools
import re
import xml.etree.ElementTree as ET

import _cib_agent
import _cib_kinds
import _cib_push
import _cib_run
import _cib_values
from _cib_errors import CommandExecutionError
from _cib_run import Machine
from _cib_values import Data

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


def complete(machine: Machine, want: Data, live: Data, plan: Data) -> list[str]:
    """
    Give the primitives that differ their agents' defaults; raise what the metadata says no to.

    want
        The normalised description; its primitives are completed in place.

    plan
        What :py:func:`_cib_plan.compare` returned for the two.

    Returns notes (sentences).
    """
    asked = {name: want["primitives"][name] for name in _asked(plan)}
    known, problems, notes = _check_agents(machine, asked, live["primitives"])
    removed = {e["id"] for e in plan["edits"] if e["kind"] == "primitives" and e.get("remove")}
    everything = {n: one for n, one in live["primitives"].items() if n not in removed}
    everything.update(want["primitives"])
    problems += _cib_agent.clashes(everything, known)
    problems += not_promotable(machine, plan["edits"], everything, want, live)
    changed = {
        edit["id"]: edit.get("create", edit.get("change"))
        for edit in plan["edits"]
        if edit["kind"] == "properties" and not edit.get("remove")
    }
    found, more = _check_properties(machine, changed)
    problems += found
    notes += more
    if problems:
        raise CommandExecutionError("\n".join(problems + plan["problems"]))
    return notes


def _check_agents(machine, asked, live):
    """Returns metadata by agent, problems and notes; the primitives are completed in place."""
    known, problems, notes = {}, [], []
    for name, wanted in asked.items():
        path, agent = f"primitives:{name}", wanted["agent"]
        metadata = _cib_agent.metadata(machine, agent)
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
        problems += _cib_agent.problems(path, wanted, metadata, {*present, *wanted["ahead"]})
        wanted["unknown"] = [
            attribute
            for attribute in wanted["ahead"]
            if attribute in wanted["attributes"] and attribute not in metadata["parameters"]
        ]
        defaults = _cib_agent.default_operations(metadata, agent)
        wanted["defaults"] = [
            one for one in defaults if wanted["all_defaults"] or one["name"] == "monitor"
        ]
    return known, problems, notes


def _check_properties(machine, changed):
    if not changed:
        return [], []
    known = _cib_agent.properties(machine)
    if known is None:
        return [], ["Pacemaker could not be asked which cluster properties it knows: not checked"]
    return _cib_agent.property_problems(changed, known), []


def not_promotable(
    machine: Machine,
    edits: list[Data],
    primitives: Data,
    want: Data,
    live: Data,
) -> list[str]:
    """Clones that become promotable though an agent cannot promote."""
    found = []
    for edit in edits:
        change = edit.get("create") or edit.get("change")
        if edit["kind"] != "clones" or not change or not change.get("meta", {}).get("promotable"):
            continue
        inner = want["clones"][edit["id"]]["resource"]
        group = want["groups"].get(inner) or live["groups"].get(inner)
        for name in group["members"] if group else [inner]:
            agent = primitives[name]["agent"]
            metadata = _cib_agent.metadata(machine, agent)
            if metadata and "promote" not in {action["name"] for action in metadata["actions"]}:
                found.append(
                    f"clones:{edit['id']}:promotable: the agent {agent} of {name} cannot promote"
                )
    return found


def description(machine: Machine, want: Data) -> list[str]:
    """Return what agents and Pacemaker have against a normalised description, as sentences."""
    known, problems, _ = _check_agents(machine, want["primitives"], {})
    problems += _cib_agent.clashes(want["primitives"], known)
    return problems + _check_properties(machine, want["properties"])[0]


# Pacemaker ----------------------------------------------------------------------------------------


def verify(
    machine: Machine,
    want: Data,
    live: Data,
    old: str,
    new: str,
    edits: list[Data],
) -> list[str]:
    """
    Raise what crm_verify says about the new configuration and not about the old one.

    want, live
        As for :py:func:`complete`; values of secret attributes are masked in what is said.

    old, new, edits
        The XML of both, and what was edited: the ids in what is said are looked up there.

    Returns notes (sentences) about what was wrong already.
    """
    _check_letters(machine, old, new, edits)
    found = _complaints(machine, new)
    if not found:
        return []
    before = _complaints(machine, _cib_kinds.edit(old))
    fresh = [line for line in found if line not in before]
    text = _masked("\n".join(fresh or found), want, live)
    if fresh:
        places = _places(text, edits)
        raise CommandExecutionError(f"crm_verify refuses the new configuration{places}:\n{text}")
    return [f"crm_verify complains, as it did before: {text}"]


def _check_letters(machine, old, new, edits):
    beyond = [f"{one['kind']}:{one['id']}" for one in edits if not repr(one).isascii()]
    if beyond and _cib_push.garbles(machine, new, old):
        raise CommandExecutionError(
            f"{', '.join(beyond)}: the installed Pacemaker cannot keep letters beyond ASCII: it "
            "would write something else"
        )


# ... before and since Pacemaker 3
_ONLY_WARNINGS = ("Warnings found", "(with warnings)")


def _complaints(machine, cib):
    done = machine.tool(["crm_verify", "--xml-pipe", "-V"], stdin=cib)
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
    return _cib_values.masked(text, [_secrets(one) for one in found])


def _secrets(one):
    """The attributes of an object; those that are secret under a name that says so."""
    values = one["options"] if "options" in one else one["attributes"]
    known = one.get("secrets", ())
    return {f"{name} password" if name in known else name: value for name, value in values.items()}


# The scheduler -----------------------------------------------------------------------------------

# Meta attributes and properties under which the scheduler leaves resources alone.
_LEFT_ALONE = ("maintenance-mode", "maintenance", "is-managed")
_ACTION = re.compile(
    r"^\s*\*\s+(?P<what>[A-Z]\w+)\s+(?P<who>\S+)\s+\(\s*(?P<where>.*?)\s*\)(?P<why>.*)$"
)
_FENCE = re.compile(r"^\s*\*\s+Fence \((?P<how>\w+)\)\s+(?P<who>\S+)")
# What each of the scheduler's words means, and whether it takes the service away.
_WORDS = {
    "Start": ("starts on {where}", False),
    "Stop": ("stops on {where}", True),
    "Restart": ("restarts on {where}", True),
    "Recover": ("is recovered on {where}", True),
    "Move": ("moves ({where})", True),
    "Migrate": ("migrates ({where})", False),
    "Reload": ("is reloaded on {where}", False),
    "Promote": ("is promoted ({where})", False),
    "Demote": ("is demoted ({where})", True),
}


def consequences(machine: Machine, old: str, new: str) -> dict[str, list[str]]:
    """
    Ask the scheduler about a change.

    old, new
        The XML of both configurations, with the cluster's status.

    Returns ``sentences``, ``disruptive`` (those of them that take a running resource away or fence
    a node) and ``held`` (those that only a maintenance holds back that is in force already, or that
    a resource is not managed: they say what comes when that ends). Raises CommandExecutionError
    when ``crm_simulate`` cannot be run or has no answer.
    """
    found: dict[str, list[str]] = {"sentences": [], "disruptive": [], "held": []}
    # The same configuration may be asked about twice, and each answer costs a process.
    ask = functools.lru_cache(maxsize=None)(functools.partial(_actions, machine))
    now = _fresh(old, new, ask)
    for action in now:
        _tell(found, action)
    lifted, before = _lifted(new), _lifted(old)
    if lifted:
        for action in _fresh(before or old, lifted, ask):
            if action not in now:
                _tell(found, action, "when the maintenance ends, ", bool(before))
    return found


def _fresh(old, new, ask):
    """
    What the scheduler would do about the new configuration and not about the old one.

    ``ask(text)`` has its answer; the old one is not asked about when the new one moves nothing.
    """
    now = ask(new)
    before = ask(old) if now else []
    return [action for action in now if action not in before]


def _tell(found, action, prefix="", held=False):
    sentence, harm = _told(*action)
    found["sentences"].append(prefix + sentence)
    if harm:
        found["disruptive"].append(prefix + sentence)
        if held:
            found["held"].append(prefix + sentence)


def parse(text: str) -> list[list[str]]:
    """
    Return the actions in what ``crm_simulate --run`` prints, as ``[what, who, where]``.

    text
        Its standard output.
    """
    found, inside = [], False
    for line in text.splitlines():
        if line.startswith("Transition Summary"):
            inside = True
        elif inside and line and not line.startswith(" "):
            break
        fence, action = _FENCE.match(line), _ACTION.match(line)
        if inside and fence:
            found.append(["Fence", fence.group("who"), fence.group("how")])
        elif inside and action and "(blocked)" not in action.group("why"):
            where = " ".join(action.group("where").split())
            found.append([action.group("what"), action.group("who"), where])
    return found


def _actions(machine, text):
    # not --simulate, which also acts it out: minutes for hundreds of resources
    done = machine.tool(["crm_simulate", "--xml-pipe", "--run"], stdin=text)
    if done["retcode"] != 0:
        # no answer is not the answer that nothing happens
        raise CommandExecutionError(
            "the scheduler cannot be asked what would come of the change: crm_simulate ended with "
            f"{done['retcode']}: {_cib_run.reason(done)}"
        )
    return parse(done["stdout"])


def _told(what, who, where):
    if what == "Fence":
        return f"the node {who} is fenced ({where})", True
    words, harm = _WORDS.get(what, (f"{what.lower()} ({where})", True))
    return f"{who} {words.format(where=where)}", harm


def _lifted(text):
    """The configuration without any maintenance in it; None if there is none."""
    root = ET.fromstring(text)
    found = False
    for nvset in root.iterfind("configuration//*"):
        for pair in nvset.findall("nvpair"):
            if pair.get("name") in _LEFT_ALONE and _in_force(pair):
                nvset.remove(pair)
                found = True
    return ET.tostring(root, encoding="unicode") if found else None


def _in_force(pair):
    on = _cib_values.boolean(pair.get("value"))
    return on is False if pair.get("name") == "is-managed" else on is True
