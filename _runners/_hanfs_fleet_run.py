"""
One run over many sites: validate all, then batch after batch, and stop at the first that fails
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import _hanfs_fleet_flows as flows
import _hanfs_fleet_sites as sites
from _hanfs_fleet_drive import Bus, Driver
from _hanfs_fleet_store import Store, lives, owner

SCHEMA = 1
DONE, FAILED, REFUSED, PAUSED = 0, 1, 2, 3
KINDS: dict[str, Callable[..., flows.Flow]] = {"maintain": flows.maintain, "rollout": flows.rollout}
# Seconds between two times that a run is written down, if no site ended meanwhile.
BEAT = 5
_RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")


class Refused(Exception):
    """What was asked for is not begun; the text says why."""


class Run:
    """
    A run and all it needs.

    document
        What is kept of it (see ``begin``).

    say
        Called with each line of progress.
    """

    def __init__(
        self,
        bus: Bus,
        store: Store,
        say: Callable[[str], None],
        document: dict[str, Any],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.store, self.say, self.document, self.clock = store, say, document, clock
        self.driver = Driver(bus, clock, self._told, lambda: store.wish(document["id"]), self._beat)
        self._since = clock()

    # --- the way ----------------------------------------------------------------------------------

    def go(self) -> dict[str, Any]:
        """Do it, from its beginning or from where it stopped; returns what ``report`` does."""
        document = self.document
        document.update(state="running", owner=owner(), ended=None)
        self._save()
        whole, broken = self._sites()
        unknown = [name for name in document["sites"] if name not in whole]
        for name in unknown:
            broken[name] = [sites.made("silent", f"{name}: no minion of it answered")]
        if not whole:
            broken.setdefault("", [sites.made("no-minion", "no minion of any site answered")])
        fresh = not document["batches"]
        if fresh:
            broken.update(self._validated({n: one for n, one in whole.items() if n not in broken}))
        if fresh or broken:
            self._enter(whole, broken)
        refused = {n: one for n, one in broken.items() if self._site(n)["state"] != "done"}
        if refused and not document["skip_refused"]:
            return self._end("refused" if fresh else "failed")
        if fresh:
            left = [name for name in whole if name not in broken]
            document["batches"] = sites.batches(left, document["canary"], document["batch"])
            self._save()
        return self._end(self._all(whole))

    def _sites(self):
        document = self.document
        minions = document["minions"]
        answers = self.driver.ask(minions, "hanfs.identity", {}, flows.ANSWER)
        whole, broken = sites.sites(answers)
        for name, one in document["sites"].items():
            # Known from before; a node that boots just now cannot say it.
            if "minions" in one:
                whole[name] = sites.Site(name, one["minions"])
                broken.pop(name, None)
        document["silent"] = sorted(set(minions) - set(answers))
        document["no_site"] = sorted(
            minion
            for minion, one in answers.items()
            if not (isinstance(one, dict) and one.get("site"))
        )
        return whole, broken

    def _validated(self, whole):
        """Ask all sites at once: who will be refused is told before anything is begun."""
        plan = self._plan()
        wanted = {
            name: flows.gate(site, plan, self.clock, plan.fence) for name, site in whole.items()
        }
        if self.document["kind"] == "rollout":
            # Its sites may still have the modules of the last release; each is asked when it gets
            # the new ones.
            return {}
        ended = self.driver.run(wanted)
        return {name: one.findings for name, one in ended.items() if one.state == "refused"}

    def _all(self, whole):
        """One batch after the other; returns the state of the whole."""
        for batch in self.document["batches"]:
            left = [n for n in batch if n in whole and self._site(n)["state"] != "done"]
            if not left:
                continue
            wish = self.store.wish(self.document["id"])
            if wish != "go":
                return {"pause": "paused", "stop": "stopped"}[wish]
            flow = KINDS[self.document["kind"]]
            plan = self._plan()
            ended = self.driver.run({name: flow(whole[name], plan, self.clock) for name in left})
            for name, outcome in ended.items():
                self._outcome(name, outcome)
            states = {outcome.state for outcome in ended.values()}
            bad = [one for one in ("failed", "refused", "stopped", "paused") if one in states]
            if bad:
                begun = {one["state"] for one in self.document["sites"].values()} & {"done"}
                return "failed" if bad[0] == "refused" and begun else bad[0]
        return "done"

    def _plan(self):
        kept = self.document["plan"]
        return flows.Plan(run=self.document["id"], **kept)

    # --- what is kept -----------------------------------------------------------------------------

    def _site(self, name):
        return self.document["sites"].setdefault(
            name, {"state": "not begun", "phase": None, "node": None, "findings": [], "times": []}
        )

    def _enter(self, whole, broken):
        for name in [*whole, *broken]:
            self._site(name)
        for name, found in broken.items():
            if self._site(name)["state"] != "done":
                self._site(name).update(state="refused", findings=found)
        for name, site in whole.items():
            self._site(name)["minions"] = dict(site.minions)
        self._save()

    def _told(self, name, phase):
        if not name:
            return
        site, now = self._site(name), self.clock()
        self._close(site, now)
        site.update(state="running", phase=phase.name, node=phase.node)
        site["times"].append({"phase": phase.name, "node": phase.node, "from": now, "to": None})
        where = f" {phase.node}" if phase.node else ""
        self.say(f"{name}: {phase.name}{where} ({self._progress(now)})")

    def _progress(self, now):
        """Elapsed, and what is left by what the sites of this run took so far."""
        ended = [one for one in self.document["sites"].values() if one["state"] == "done"]
        known = [_seconds(one) for one in ended if one["times"]]
        text = f"{now - self.document['begun']:.0f} s"
        if known:
            each = sum(known) / len(known)
            left = sum(
                1
                for batch in self.document["batches"]
                if any(self._site(name)["state"] not in ("done", "refused") for name in batch)
            )
            text += f", about {left * each:.0f} s left"
        return text

    def _outcome(self, name, outcome):
        site = self._site(name)
        self._close(site, self.clock())
        site.update(state=outcome.state, findings=outcome.findings, node=outcome.more.get("node"))
        for key in ("changes", "left"):
            if key in outcome.more:
                site[key] = outcome.more[key]
        self._save()
        told = "".join(f"; {one['text']}" for one in outcome.findings)
        self.say(f"{name}: {outcome.state}{told}")

    @staticmethod
    def _close(site, now):
        if site["times"] and site["times"][-1]["to"] is None:
            site["times"][-1]["to"] = now

    def _beat(self):
        if self.clock() - self._since >= BEAT:
            self._save()

    def _save(self):
        self._since = self.clock()
        self.document["heartbeat"] = self._since
        self.store.save(self.document)

    def _end(self, state):
        self.document.update(state=state, ended=self.clock())
        self._save()
        return report(self.document, self.clock())


def _seconds(site):
    return sum((one["to"] or one["from"]) - one["from"] for one in site["times"])


def begin(
    store: Store,
    kind: str,
    run: str,
    minions: list[str],
    plan: dict[str, Any],
    canary: list[str],
    batch: int,
    skip_refused: bool,
    now: float,
) -> dict[str, Any]:
    """
    The document of a new run.

    Raises Refused when there is one of this id already, or an argument is wrong.
    """
    if not _RUN.match(run):
        raise Refused(f"run: {run!r} is no id of a run (letters, digits and ._-, up to 64)")
    if store.load(run):
        raise Refused(f"run: there is a run {run} already: hanfs.status, hanfs.resume")
    if not isinstance(batch, int) or isinstance(batch, bool) or batch < 1:
        raise Refused(f"batch: {batch!r} is no number of sites")
    if not minions:
        raise Refused("tgt: no minion's key matches it")
    store.set_wish(run, "go")
    return {
        **{"schema_version": SCHEMA, "id": run, "kind": kind, "state": "running", "begun": now},
        **{"ended": None, "heartbeat": now, "owner": owner(), "minions": sorted(minions)},
        **{"plan": plan, "canary": canary, "batch": batch, "skip_refused": skip_refused},
        **{"batches": [], "sites": {}, "silent": [], "no_site": []},
    }


def taken_up(store: Store, run: str, now: float) -> dict[str, Any]:
    """
    The document of a run that is gone on with. Raises Refused when it may not be.
    """
    document = store.load(run)
    if document is None:
        raise Refused(f"run: there is no run {run}; hanfs.status lists them")
    if lives(document, now):
        raise Refused(f"run: {run} is under way (process {document['owner']['pid']})")
    if document["state"] == "done":
        raise Refused(f"run: {run} is done")
    store.set_wish(run, "go")
    document["plan"] = {**document["plan"], "again": True}
    return document


def report(document: dict[str, Any], now: float) -> dict[str, Any]:
    """
    What an operator, or a program, is told of a run.

    Returns ``{"schema_version", "run", "kind", "state", "retcode", "seconds", "done", "failed",
    "refused", "not_begun": [names of sites], "running", "silent": [minions], "no_site": [minions
    that no site names], "sites": {name: {"state", "phase", "node", "findings", "seconds",
    "times"}}}``. The state of a run whose process is gone is ``dead``.
    """
    state = document["state"]
    if state == "running" and not lives(document, now):
        state = "dead"
    named = document["sites"]
    of = {
        what: sorted(name for name, one in named.items() if one["state"] == what)
        for what in ("done", "failed", "refused", "running", "not begun", "paused", "stopped")
    }
    codes = {"done": DONE, "running": DONE, "refused": REFUSED, "paused": PAUSED}
    return {
        "schema_version": SCHEMA,
        "run": document["id"],
        "kind": document["kind"],
        "state": state,
        "retcode": codes.get(state, FAILED),
        "seconds": round((document["ended"] or now) - document["begun"], 1),
        **{what.replace(" ", "_"): names for what, names in of.items()},
        "silent": document["silent"],
        "no_site": document["no_site"],
        "sites": {
            name: {
                **{key: one.get(key) for key in ("state", "phase", "node", "findings", "times")},
                "seconds": round(_seconds(one), 1),
                **({"changes": one["changes"]} if "changes" in one else {}),
            }
            for name, one in sorted(named.items())
        },
    }
