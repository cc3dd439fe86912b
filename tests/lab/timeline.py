"""What the cluster did and when, from Pacemaker's and corosync's words in the nodes' journals.

A client sees one stall; its parts are here: how long each resource took to stop and to start, when
a node was found missing and fenced, when the NFS server gave up its grace period. All machines of
a lab have the clock of the computer that runs them, so that times of several nodes compare.
"""

from __future__ import annotations

import re
from typing import NamedTuple

SPEAKERS = ("pacemaker-controld", "pacemaker-fenced", "pacemaker-schedulerd", "corosync", "kernel")

_LINE = re.compile(r"(\d+\.\d+) (\S+) ([^:\[]+)(?:\[\d+\])?: (.*)")
_BEGUN = re.compile(
    r"Initiating (start|stop) operation (\S+)_(?:start|stop)_0 (?:locally )?on (\S+)"
)
_ENDED = re.compile(r"Result of (start|stop) operation for (\S+) on (\S+): (.*)")
# What each event looks like in the journal; the first one after a crash counts.
EVENTS = {
    "membership lost": re.compile(r"Node \S+ state is now lost"),
    "fencing asked": re.compile(r"Requesting (peer )?fencing"),
    "fenced": re.compile(r"Operation '(off|reboot)' .* returned 0|was terminated \(\S+\) .*: OK"),
    "grace began": re.compile(r"NFSD: starting \d+-second grace"),
    "grace over": re.compile(r"ending NFSv4 grace period|skipping NFSv4 grace period"),
}


class Said(NamedTuple):
    """One line of a journal: epoch seconds, the node, who said it, and what."""

    when: float
    node: str
    who: str
    what: str


class Operation(NamedTuple):
    """A start or a stop of a resource, from its request to its result, in epoch seconds."""

    action: str
    resource: str
    node: str
    begun: float
    ended: float
    outcome: str

    @property
    def seconds(self):
        return self.ended - self.begun


# --- pure ------------------------------------------------------------------------------


def read(node, text):
    """Lines of ``journalctl --output=short-unix`` of the node ``node`` (a name)."""
    found = []
    for line in text.splitlines():
        match = _LINE.match(line)
        if match:
            found.append(Said(float(match[1]), node, match[3], match[4]))
    return found


def operations(said):
    """The starts and stops in a list of Said, in the order of their beginning.

    One whose request was not seen began when it ended.
    """
    begun, found = {}, []
    for line in sorted(said):
        if match := _BEGUN.search(line.what):
            begun[match[1], match[2], match[3]] = line.when
        elif match := _ENDED.search(line.what):
            key = match[1], match[2], match[3]
            found.append(Operation(*key, begun.pop(key, line.when), line.when, match[4]))
    return sorted(found, key=lambda one: (one.begun, one.ended))


def events(said):
    """Event of EVENTS -> epoch seconds of the first line that says so."""
    found = {}
    for line in sorted(said):
        for name, pattern in EVENTS.items():
            if name not in found and pattern.search(line.what):
                found[name] = line.when
    return found


def span(operations_, action):
    """(first beginning, last end) of all operations with that action, or None."""
    chosen = [one for one in operations_ if one.action == action]
    if not chosen:
        return None
    return min(one.begun for one in chosen), max(one.ended for one in chosen)


# --- in the lab ------------------------------------------------------------------------


def collect(nodes, since):
    """What the living ones of ``nodes`` said since then (epoch seconds), a sorted list of Said."""
    found = []
    for node in nodes:
        if node.alive():
            words = ["journalctl", "--output=short-unix", "--no-pager", f"--since=@{since:.0f}"]
            words += [f"--identifier={name}" for name in SPEAKERS]
            text = node.run(words, check=False, timeout=120).stdout
            found += [line for line in read(node.name, text) if line.when >= since]
    return sorted(found)
