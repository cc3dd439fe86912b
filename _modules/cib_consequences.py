"""
What the scheduler would do about a new configuration: which resources stop, start, move, restart.

``crm_simulate`` is asked about the old and the new configuration, with the state of the cluster as
it is. What it would do about both is none of the change's doing.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

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

    Returns ``sentences`` and ``disruptive`` (those of them that take a running resource away or
    fence a node). While resources are in maintenance or not managed, the sentences say what comes
    when that ends. Raises CommandExecutionError when ``crm_simulate`` cannot be run.

    CLI Example:

    .. code-block:: bash

        salt '*' cib_consequences.of '<cib>...</cib>' '<cib>...</cib>'
    """
    lifted = _lifted(new)
    before = _actions(_lifted(old) or old if lifted else old)
    after = _actions(lifted or new)
    prefix = "when the maintenance ends, " if lifted else ""
    sentences, disruptive = [], []
    for action in after:
        if action in before:
            continue
        sentence, harm = _told(*action)
        sentences.append(prefix + sentence)
        if harm:
            disruptive.append(prefix + sentence)
    return {"sentences": sentences, "disruptive": disruptive}


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
