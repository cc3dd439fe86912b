"""Many sites without a minion: a bus with a clock of its own, for the flows of the runner.

Nodes answer as ``hanfs.identity``, ``hanfs.gate``, ``hanfs.work`` ... do, in virtual time, shuffled
and delayed by a seed. What a node does goes on when nobody listens, as on real minions.
"""

from __future__ import annotations

import heapq
import itertools
import random
import sys

from tests.support.salt_modules import ROOT

sys.path.insert(0, str(ROOT / "_runners"))

RELEASE = "0.1.0"


class Killed(Exception):
    """The runner's process is gone."""


class Node:
    """One node as its minion tells it."""

    def __init__(self, site, name, peers):
        self.site, self.name, self.peers = site, name, peers
        self.answers, self.record, self.out, self.moves = True, None, False, 0
        self.says = {}  # function -> what is put into its answer, or a text that it raises
        self.fails, self.deaf_until, self.feature_set = False, 0.0, "3.16.2"
        self.took = 40.0

    @property
    def minion(self):
        return f"{self.site}-{self.name}.example.org"


class Fleet:
    """``sites``: name -> number of nodes. It is the runner's bus and its clock."""

    def __init__(self, sites, seed=0, delay=2.0):
        self.now, self._random, self._delay = 1_000_000.0, random.Random(seed), delay
        self.sites = {
            name: [Node(name, f"n{n}", [f"n{m}" for m in range(number)]) for n in range(number)]
            for name, number in sites.items()
        }
        self.nodes = {node.minion: node for one in self.sites.values() for node in one}
        self.active = {name: nodes[0].name for name, nodes in self.sites.items()}
        self.leases, self.kept, self.published, self.overlaps = {}, {}, [], []
        self._queue, self._jids, self._serial = [], itertools.count(1), itertools.count()
        self.events_left = None

    # --- the bus ----------------------------------------------------------------------------------

    def clock(self):
        return self.now

    def publish(self, minions, function, kwargs):
        self._may_die()
        jid = f"jid{next(self._jids)}"
        self.published.append((function, tuple(minions), dict(kwargs)))
        self.kept[jid] = {}
        for minion in minions:
            node = self.nodes[minion]
            if node.answers and self.now >= node.deaf_until:
                self._later(self._soon(), self._call, jid, node, function, dict(kwargs))
        return jid

    def event(self, wait):
        self._may_die()
        until = self.now + wait
        while self._queue and self._queue[0][0] <= until:
            told = self._next()
            if told:
                return told
        self.now = until
        return None

    def lookup(self, jid):
        return dict(self.kept.get(jid, {}))

    def pass_time(self, seconds):
        """Without a runner."""
        until = self.now + seconds
        while self._queue and self._queue[0][0] <= until:
            self._next()
        self.now = until

    def _may_die(self):
        if self.events_left is not None:
            self.events_left -= 1
            if self.events_left < 0:
                raise Killed

    def _soon(self):
        return self._random.uniform(0, self._delay)

    def _later(self, seconds, what, *arguments):
        heapq.heappush(self._queue, (self.now + seconds, next(self._serial), what, arguments))

    def _next(self):
        self.now, _, what, arguments = heapq.heappop(self._queue)
        return what(*arguments)

    def _return(self, jid, minion, value):
        self.kept[jid][minion] = value
        return jid, minion, value

    # --- the nodes --------------------------------------------------------------------------------

    def _call(self, jid, node, function, kwargs):
        said = node.says.get(function)
        if isinstance(said, str):
            return self._return(jid, node.minion, said)
        if function == "hanfs.work":
            return self._work(jid, node, kwargs)
        value = getattr(self, f"_do_{function.replace('hanfs.', '').replace('.', '_')}")(
            node, kwargs
        )
        if isinstance(said, dict):
            value = {**value, **said}
        self._later(self._soon(), self._return, jid, node.minion, value)
        return None

    def _do_identity(self, node, kwargs):
        return {
            **{"schema_version": 1, "release": RELEASE, "at": self.now, "site": node.site},
            **{"node": node.name, "nodes": node.peers, "cluster": node.site, "problem": None},
        }

    def _do_gate(self, node, kwargs):
        out = [one.name for one in self.sites[node.site] if one.out]
        lease = self.leases.get(node.site)
        found = [{"code": "node-offline", "text": f"{n} is offline", "cure": "."} for n in out]
        if lease and lease[1] > self.now and lease[0] != kwargs["run"]:
            found.append({"code": "leased", "text": f"run {lease[0]}", "cure": "."})
        return {
            **self._do_identity(node, kwargs),
            **{"made": True, "findings": found, "active_node": self.active[node.site]},
            **{"boot": "b", "record": node.record, "feature_set": node.feature_set, "notes": []},
        }

    def _do_work_state(self, node, kwargs):
        return dict(node.record) if node.record else None

    def _do_lease(self, node, kwargs):
        if kwargs["seconds"] == 0:
            self.leases.pop(node.site, None)
            return None
        holder = self.leases.get(node.site)
        if holder and holder[0] != kwargs["run"] and holder[1] > self.now:
            return f"the run {holder[0]} works on this cluster"
        self.leases[node.site] = (kwargs["run"], self.now + kwargs["seconds"])
        return {"run": kwargs["run"], "node": node.name, "until": self.leases[node.site][1]}

    def _do_saltutil_sync_all(self, node, kwargs):
        return {"modules": []}

    def _do_state_apply(self, node, kwargs):
        return {"s": {"result": not node.fails, "changes": {}, "comment": "no", "__id__": "it"}}

    def _work(self, jid, node, kwargs):
        record = node.record
        if record and record["run"] == kwargs["run"]:
            if record["phase"] == "failed" and kwargs.get("again"):
                node.fails = False
            elif record["phase"] != "rebooting" or record["busy"]:
                return self._return(jid, node.minion, dict(record))
            else:
                self._later(5, self._back, jid, node)
                record["busy"] = True
                return None
        elif any(one.out for one in self.sites[node.site]):
            return self._return(jid, node.minion, "ERROR: no work here: a node is offline")
        counter = record["counter"] if record and record["run"] == kwargs["run"] else 0
        node.record = {
            **{"run": kwargs["run"], "phase": "working", "counter": counter + 1, "busy": True},
            **{"error": None, "rebooted": False},
        }
        self.leases[node.site] = (kwargs["run"], self.now + kwargs["lease"])
        node.out = True
        others = [one.name for one in self.sites[node.site] if one is not node]
        if self.active[node.site] == node.name:
            self.active[node.site] = others[0]
            node.moves += 1
        if sum(one.out for one in self.sites[node.site]) > 1:
            self.overlaps.append((self.now, node.site))
        self._later(node.took, self._worked, jid, node, kwargs)
        return None

    def _worked(self, jid, node, kwargs):
        if node.fails:
            node.record.update(phase="failed", error="working: it broke", busy=False)
            return self._return(jid, node.minion, dict(node.record))
        if kwargs.get("reboot"):
            node.record.update(phase="rebooting", busy=False)
            node.deaf_until = self.now + 90
            return None
        return self._back(jid, node)

    def _back(self, jid, node):
        node.out = False
        node.record.update(phase="done", busy=False)
        return self._return(jid, node.minion, dict(node.record))
