"""
What is done with one site, step by step: no I/O, so that every step can be tested

A flow is a generator. It yields what it needs (``Ask``, ``Begin``, ``Result``, ``Pause``,
``Phase``, ``Checkpoint``) and gets the answer; whoever drives it (``_hanfs_fleet_drive``) talks to
the minions, for many flows at once. It returns an ``Outcome``.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, NamedTuple

import _hanfs_fleet_sites as sites

# Seconds between two looks at a node that works, and for which an answer is waited for.
LOOK = 15
ANSWER = 90
LEASE = 120
# How often a site is asked whose answers were only too old.
TRIES = 3
ENDED = ("done", "failed", "undone")
# Seconds that a node that works may be silent: it boots, or its minion is being updated.
SILENT = 900


class Ask(NamedTuple):
    """One short call on some minions; answered with minion -> return, without the silent ones."""

    minions: tuple[str, ...]
    function: str
    kwargs: dict[str, Any]
    wait: float = ANSWER


class Begin(NamedTuple):
    """One long call on some minions; answered with its job id at once."""

    minions: tuple[str, ...]
    function: str
    kwargs: dict[str, Any]


class Result(NamedTuple):
    """The returns of a job so far, minion -> return; waits up to ``wait`` seconds for all."""

    jid: str
    minions: tuple[str, ...]
    wait: float


class Pause(NamedTuple):
    seconds: float


class Phase(NamedTuple):
    """Nothing but told: the site is at this step now."""

    name: str
    node: str | None = None


class Checkpoint(NamedTuple):
    """Answered with ``go``, ``pause`` or ``stop``: what the operator wants."""


class Outcome(NamedTuple):
    """How it ended: ``done``, ``failed``, ``refused``, ``paused`` or ``stopped``."""

    state: str
    findings: list[dict[str, str]]
    more: dict[str, Any]


Flow = Generator[Any, Any, Outcome]


class Plan(NamedTuple):
    """What a run has for all its sites."""

    run: str
    release: str
    stable: float  # seconds that a site must stay well
    timeout: float  # seconds for the work on one node, or for one state.apply
    work: dict[str, Any]  # arguments of hanfs.work, or of state.apply
    again: bool = False  # whether what failed is tried once more
    fence: bool = True  # whether fencing is tested before


def gate(site: sites.Site, plan: Plan, clock: Any, fence: bool) -> Flow:
    """Ask every node of a site; the outcome's ``more`` holds the answers."""
    if fence:
        # May take a minute on one node, in which the other one's answer grows old: so it is asked
        # apart, and only what is wrong counts.
        answers = yield Ask(tuple(site.ids), "hanfs.gate", {"run": plan.run, "fence": True})
        found = sites.findings(site, answers, plan.release, clock())
        found = [one for one in found if one["code"] != "old"]
        if found:
            return Outcome("refused", found, {"answers": answers})
    for _ in range(TRIES):
        answers = yield Ask(tuple(site.ids), "hanfs.gate", {"run": plan.run, "fence": False})
        found = sites.findings(site, answers, plan.release, clock())
        if {one["code"] for one in found} != {"old"}:
            break
    return Outcome("refused" if found else "done", found, {"answers": answers})


def settled(site: sites.Site, plan: Plan, clock: Any) -> Flow:
    """The site is well, and still is after the time that it must stay so."""
    yield Phase("stabilising")
    yield Pause(plan.stable)
    return (yield from gate(site, plan, clock, fence=False))


def maintain(site: sites.Site, plan: Plan, clock: Any) -> Flow:
    """
    Work on each node of a site, the one that serves last.

    A node that has done it in this run is left alone, one that is in the middle of it goes first:
    nothing may begin on the other one before it is back.
    """
    yield Phase("validating")
    records = yield from _records(site, plan, clock)
    begun = [n for n, one in records.items() if one and one["phase"] not in ("done", "undone")]
    done = [node for node, one in records.items() if one and one["phase"] == "done"]
    first: list[str] = begun[:1]
    if not first:
        judged = yield from gate(site, plan, clock, plan.fence and not done)
        if judged.findings and not done:
            return Outcome("refused", judged.findings, {})
        first = sites.passive_first(site, judged.more["answers"])
    left = [node for node in [*first, *site.minions] if node not in done]
    for number, node in enumerate(dict.fromkeys(left)):
        if (number or done) and node not in begun:
            wish = yield Checkpoint()
            if wish != "go":
                return Outcome({"pause": "paused", "stop": "stopped"}[wish], [], {"left": node})
            judged = yield from settled(site, plan, clock)
            # The nodes are updated one after the other: in between they differ.
            found = [one for one in judged.findings if one["code"] != "mixed"]
            if found:
                return Outcome("failed", found, {"node": node})
        problem = yield from _on_node(site, node, plan, clock)
        if problem:
            return Outcome("failed", [problem], {"node": node})
    judged = yield from settled(site, plan, clock)
    yield _given_back(site, plan)
    return Outcome("failed" if judged.findings else "done", judged.findings, {})


def _records(site, plan, clock):
    """
    Node -> its record of this run, or None. Who goes on with a run waits for nodes that are
    booting: one of them may be in the middle of it.
    """
    until = clock() + (SILENT if plan.again else 0)
    while True:
        answers = yield Ask(tuple(site.ids), "hanfs.work_state", {})
        if len(answers) == len(site.ids) or clock() >= until:
            break
    found = {}
    for node, minion in site.minions.items():
        one = answers.get(minion)
        ours = isinstance(one, dict) and one.get("run") == plan.run
        found[node] = one if ours else None
    return found


def _on_node(site, node, plan, clock):
    """Begin the work on a node and look after it until the node says how it ended."""
    yield Phase("working", node)
    minion, peers = site.minions[node], [m for n, m in site.minions.items() if n != node]
    wish = {**plan.work, "run": plan.run, "lease": LEASE, "again": plan.again}
    jid, asked, heard = None, 0.0, clock()
    deadline = clock() + plan.timeout
    phase = None
    while clock() < deadline:
        if jid is None:
            jid = yield Begin((minion,), "hanfs.work", wish)
            wish, asked = {**wish, "again": False}, clock()
        said = (yield Result(jid, (minion,), LOOK)).get(minion)
        if said is not None and not isinstance(said, dict):
            return sites.made("error", f"{minion}: {str(said).strip()[-400:]}")
        yield _lease(peers, plan, LOOK)
        record = said
        if record is None or record["phase"] not in ENDED:
            if record is not None:
                # Another process was at it already; it is looked after by its record alone.
                yield Pause(LOOK)
            record = (yield Ask((minion,), "hanfs.work_state", {}, LOOK)).get(minion)
        if not isinstance(record, dict) or record.get("run") != plan.run:
            if clock() - heard > SILENT:
                return sites.made("silent", f"{minion}: nothing heard for {SILENT} s, in its work")
            continue
        heard = clock()
        if record["phase"] != phase:
            phase = record["phase"]
            yield Phase(f"working: {phase}", node)
        if phase == "done":
            return None
        if phase in ENDED:
            return sites.made("error", f"{minion}: {record['error'] or phase}")
        # Nobody is at it (a boot, a killed minion): the node goes on from where it is.
        if not record["busy"] and clock() - asked > LOOK:
            jid = None
    return sites.made("error", f"{minion}: not done within {plan.timeout:.0f} s, at '{phase}'")


def rollout(site: sites.Site, plan: Plan, clock: Any) -> Flow:
    """Apply the formula to all nodes of a site at once, between two looks at its health."""
    yield Phase("bringing modules")
    yield Ask(tuple(site.ids), "saltutil.sync_all", {"refresh": True})
    yield Phase("validating")
    judged = yield from gate(site, plan, clock, plan.fence)
    if judged.findings:
        return Outcome("refused", judged.findings, {})
    yield Phase("applying")
    returns, problem = yield from _apply(site, plan, clock, judged.more["answers"])
    if problem:
        return Outcome("refused", [problem], {})
    found, changes = applied(site, returns)
    if found:
        return Outcome("failed", found, {"changes": changes})
    if plan.work.get("test"):
        return Outcome("done", [], {"changes": changes})
    judged = yield from settled(site, plan, clock)
    yield _given_back(site, plan)
    if not judged.findings and not all(one["made"] for one in judged.more["answers"].values()):
        judged = Outcome("failed", [sites.made("foreign", f"{site.name}: there is no cluster")], {})
    return Outcome("failed" if judged.findings else "done", judged.findings, {"changes": changes})


def _apply(site, plan, clock, answers):
    """The returns of ``state.apply``, and what kept it from being begun."""
    # A cluster that is not there yet can keep no lease, and has nobody working on it.
    kept = [minion for minion in site.ids if answers[minion]["made"] and not plan.work.get("test")]
    held = yield _lease(kept, plan, ANSWER)
    for minion, said in held.items():
        if isinstance(said, str):
            return {}, sites.made("error", f"{minion}: {said.strip()[-400:]}")
    jid = yield Begin(tuple(site.ids), "state.apply", plan.work)
    until = clock() + plan.timeout
    while True:
        returns = yield Result(jid, tuple(site.ids), max(0, min(LOOK, until - clock())))
        if len(returns) == len(site.ids) or clock() >= until:
            return returns, None
        yield _lease(kept, plan, LOOK)


def _lease(minions, plan, wait):
    """Any one node can be asked: it is kept in the cluster."""
    return Ask(tuple(minions[:1]), "hanfs.lease", {"run": plan.run, "seconds": LEASE}, wait)


def _given_back(site, plan):
    return Ask((site.ids[0],), "hanfs.lease", {"run": plan.run, "seconds": 0})


def applied(site: sites.Site, returns: dict[str, Any]) -> tuple[list[dict], dict[str, int]]:
    """Findings of one ``state.apply``, and minion -> how many states changed or would change."""
    found, changes = [], {}
    for minion in site.ids:
        states = returns.get(minion)
        if states is None:
            found.append(sites.made("silent", f"{minion}: no result of state.apply"))
        elif not isinstance(states, dict):
            text = "; ".join(map(str, states)) if isinstance(states, list) else str(states)
            found.append(sites.made("error", f"{minion}: {text.strip()[-400:]}"))
        else:
            ran = [one for one in states.values() if isinstance(one, dict)]
            changes[minion] = sum(1 for one in ran if one.get("changes"))
            failed = [one for one in ran if one.get("result") is False]
            # Those after the first only say that they did not run.
            failed.sort(key=lambda one: one.get("__run_num__", 0))
            if failed:
                what = f"{failed[0].get('__id__')}: {failed[0].get('comment')}"
                found.append(sites.made("error", f"{minion}: {what[:400]}"))
    return found, changes
