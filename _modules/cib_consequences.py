"""
What the scheduler would do about a new configuration: which resources stop, start, move, restart.

``crm_simulate`` is asked about the old and the new configuration, with the state of the cluster as
it is. What it would do about both is none of the change's doing.
"""

from __future__ import annotations

import functools
import re
import xml.etree.ElementTree as ET

from salt.exceptions import CommandExecutionError

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


def of(old, new):
    """
    Ask the scheduler about a change.

    old, new
        The XML of both configurations, with the cluster's status.

    Returns ``sentences``, ``disruptive`` (those of them that take a running resource away or fence
    a node) and ``held`` (those that only a maintenance holds back that is in force already, or that
    a resource is not managed: they say what comes when that ends). Raises CommandExecutionError
    when ``crm_simulate`` cannot be run or has no answer.

    CLI Example:

    .. code-block:: bash

        salt '*' cib_consequences.of '<cib>...</cib>' '<cib>...</cib>'
    """
    found = {"sentences": [], "disruptive": [], "held": []}
    # The same configuration may be asked about twice, and each answer costs a process.
    ask = functools.lru_cache(maxsize=None)(_actions)
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


def parse(text):
    """
    Return the actions in what ``crm_simulate --run`` prints, as ``[what, who, where]``.

    text
        Its standard output.

    CLI Example:

    .. code-block:: bash

        salt '*' cib_consequences.parse 'Transition Summary:...'
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


def _actions(text):
    # not --simulate, which also acts it out: minutes for hundreds of resources
    done = __salt__["cib_push.run"](["crm_simulate", "--xml-pipe", "--run"], stdin=text)
    if done["retcode"] != 0:
        # no answer is not the answer that nothing happens
        raise CommandExecutionError(
            "the scheduler cannot be asked what would come of the change: crm_simulate ended with "
            f"{done['retcode']}: {__salt__['cib_push.reason'](done)}"
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
    for nvset in root.find("configuration").iter():
        for pair in nvset.findall("nvpair"):
            if pair.get("name") in _LEFT_ALONE and _in_force(pair):
                nvset.remove(pair)
                found = True
    return ET.tostring(root, encoding="unicode") if found else None


def _in_force(pair):
    on = __salt__["cib_meaning.boolean"](pair.get("value"))
    return on is False if pair.get("name") == "is-managed" else on is True
