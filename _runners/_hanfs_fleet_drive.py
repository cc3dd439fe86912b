"""
Drive many flows at once: one subscription to the bus, one job for all who ask the same

Single-threaded. What is asked in the same round with the same arguments goes out as one job, so
that all silent minions together cost one time-out; an answer belongs to whoever asked for its job
and its minion, and to nobody else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import _hanfs_fleet_flows as flows

# Seconds of one look at the bus; so long a pause or a time-out may be late.
ROUND = 1.0


class Bus(Protocol):
    """What is needed of Salt."""

    def publish(self, minions: list[str], function: str, kwargs: dict[str, Any]) -> str:
        """Begin a job; return its id."""

    def event(self, wait: float) -> tuple[str, str, Any] | None:
        """The next return, (job id, minion, what it returned), within ``wait`` seconds."""

    def lookup(self, jid: str) -> dict[str, Any]:
        """What the master has kept of the returns of a job."""


class _Waiting:
    """One flow, and what it waits for."""

    def __init__(self, flow: flows.Flow) -> None:
        self.flow = flow
        self.request: Any = None
        self.jid: str | None = None
        self.begun: str | None = None  # its long job, which it asks for again and again
        self.until = 0.0
        self.missing: set[str] = set()  # minions that have not answered


class Driver:
    """
    bus
        See ``Bus``.

    clock
        Seconds since 1970.

    told
        Called with the name of a flow and its ``Phase``.

    wish
        What the operator wants now: ``go``, ``pause`` or ``stop``.

    beat
        Called at least once in each round.
    """

    def __init__(
        self,
        bus: Bus,
        clock: Callable[[], float],
        told: Callable[[str, flows.Phase], None] = lambda name, phase: None,
        wish: Callable[[], str] = lambda: "go",
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self.bus, self.clock, self.told, self.wish, self.beat = bus, clock, told, wish, beat
        self._returns: dict[str, dict[str, Any]] = {}

    def run(self, wanted: dict[str, flows.Flow]) -> dict[str, flows.Outcome]:
        """Run flows to their ends; name -> how each ended."""
        waiting = {name: _Waiting(flow) for name, flow in wanted.items()}
        ended: dict[str, flows.Outcome] = {}
        ready: dict[str, Any] = dict.fromkeys(waiting)
        while waiting:
            self._step(waiting, ready, ended)
            self._publish(waiting)
            self._forget(waiting)
            self.beat()
            ready = self._ready(waiting)
            if not ready and waiting:
                self._listen(waiting)
                ready = self._ready(waiting)
        return ended

    def ask(self, minions: list[str], function: str, kwargs: dict, wait: float) -> dict[str, Any]:
        """One call on some minions, outside any flow: minion -> return."""

        def flow():
            answers = yield flows.Ask(tuple(minions), function, kwargs, wait)
            return flows.Outcome("done", [], {"answers": answers})

        return self.run({"": flow()})[""].more["answers"] if minions else {}

    def _step(self, waiting, ready, ended):
        """Give each ready flow its answer, until it needs something that takes time."""
        for name, answer in ready.items():
            one = waiting[name]
            while True:
                try:
                    one.request = one.flow.send(answer)
                except StopIteration as stop:
                    ended[name] = stop.value
                    del waiting[name]
                    break
                if isinstance(one.request, flows.Phase):
                    self.told(name, one.request)
                    answer = None
                elif isinstance(one.request, flows.Checkpoint):
                    answer = self.wish()
                else:
                    one.jid = one.request.jid if isinstance(one.request, flows.Result) else None
                    seconds = getattr(one.request, "wait", getattr(one.request, "seconds", 0))
                    one.until = self.clock() + seconds
                    one.missing = set(getattr(one.request, "minions", ()))
                    if one.jid:
                        one.missing -= set(self._returns.get(one.jid, {}))
                    break

    def _publish(self, waiting):
        """One job for all who ask for the same."""
        alike: dict[str, list[_Waiting]] = {}
        for one in waiting.values():
            if one.jid is None and isinstance(one.request, (flows.Ask, flows.Begin)):
                key = repr((one.request.function, sorted(one.request.kwargs.items())))
                alike.setdefault(key, []).append(one)
        for group in alike.values():
            request = group[0].request
            minions = sorted({minion for one in group for minion in one.request.minions})
            jid = self.bus.publish(minions, request.function, request.kwargs) if minions else ""
            self._returns.setdefault(jid, {})
            for one in group:
                one.jid = jid
                if isinstance(one.request, flows.Begin):
                    one.begun = jid

    def _forget(self, waiting):
        """A run over hundreds of sites asks for hours: nobody reads the older answers again."""
        wanted = {jid for one in waiting.values() for jid in (one.jid, one.begun)}
        for jid in self._returns.keys() - wanted:
            del self._returns[jid]

    def _listen(self, waiting):
        left = min(one.until for one in waiting.values()) - self.clock()
        event = self.bus.event(max(0.0, min(ROUND, left)))
        while event:
            jid, minion, value = event
            if jid in self._returns:
                self._returns[jid].setdefault(minion, value)
                for one in waiting.values():
                    if one.jid == jid:
                        one.missing.discard(minion)
            event = self.bus.event(0)

    def _ready(self, waiting):
        """Flows that have what they waited for, with their answers."""
        found, now = {}, self.clock()
        for name, one in waiting.items():
            if isinstance(one.request, flows.Begin):
                found[name] = one.jid
            elif isinstance(one.request, flows.Pause):
                if now >= one.until:
                    found[name] = None
            elif not one.missing:
                found[name] = self._answers(one)
            elif now >= one.until:
                found[name] = self._late(one)
        return found

    def _answers(self, one):
        returns = self._returns.get(one.jid, {})
        return {minion: returns[minion] for minion in one.request.minions if minion in returns}

    def _late(self, one):
        """An event may be lost, where the master has kept the return."""
        kept = self.bus.lookup(one.jid) if one.jid else {}
        for minion in one.request.minions:
            if minion in kept:
                self._returns[one.jid].setdefault(minion, kept[minion])
        return self._answers(one)
