"""How long clients stand still: ``make bench-failover`` runs this inside a lab of machines.

Both profiles in one run on the same machines, one after the other, each from scratch: planned moves
under write load, crashes of the active node with portblock's tickle on and off, and beside them
the floor, the same move without a cluster (``floor.py``), which all is a multiple of. Prints one
JSON line for each figure, and with the path of a document writes its table there. It takes about
40 minutes, and its times are worth something on a machine that does nothing else; its counts of
processes are, anywhere.

It fails when a write was lost or a client saw an error, never for a time.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from tests.bench.figures import Figures, median
from tests.bench.floor import Floor
from tests.bench.stalls import FLOOR, Stall, table
from tests.lab import article, hardened, timeline
from tests.lab.process_log import ProcessLog
from tests.lab.stage import Stage

V4 = "hardened, NFSv4 only"
PASSWORD = "correct-horse-battery"
MOVES = 10
# As many exports as the article has: each one costs a start and a stop.
ONE_EXPORT = {"exports": hardened.SITE["exports"][:1]}
# Corosync's own default: how fast a crash is seen is a part of what is measured.
TOKEN = {"cluster:totem": {"token": 3000}}
SECONDS = 300
# portblock writes the clients' connections down at each of its monitors, every ten seconds.
MONITORED = 12


def main(arguments):
    said = _arguments(arguments)
    figures, stalls = Figures(), []
    began = time.monotonic()

    def tell(text):
        print(f"[{time.monotonic() - began:6.1f} s] {text}", file=sys.stderr, flush=True)

    for scenario, change, play in ((article, {}, _article), (hardened, ONE_EXPORT, _hardened)):
        stage = Stage(scenario, PASSWORD, tell, change={**TOKEN, **change})
        try:
            stage.up()
            _applied(stage)
            stage.service.mount()
            stalls += play(figures, stage, said.moves)
        finally:
            stage.down()
    _compare(figures, stalls)
    if said.document:
        _write_table(said.document, stalls)
    failed = [one for one in figures.all if one["figure"] in ("lost-writes", "errors")]
    return 0 if all(one["met"] for one in failed) else 1


def _arguments(arguments):
    parser = argparse.ArgumentParser(prog="tests.bench.failover")
    parser.add_argument("--moves", type=int, default=MOVES, help="moves of each kind in a row")
    parser.add_argument("document", nargs="?", type=Path, help="where the table is written")
    return parser.parse_args(arguments)


def _article(figures, stage, moves):
    return _moves(figures, stage, "article", moves)


def _hardened(figures, stage, moves):
    """NFSv3 and 4 as it is by default, then NFSv4 only, and that without the cluster."""
    stalls = _moves(figures, stage, "hardened", moves)
    stage.write_pillar({"nfs": {"v4_only": True}})
    _applied(stage)
    stalls += _moves(figures, stage, V4, moves)
    stalls += _floor(figures, stage, moves)
    for tickle in (True, False):
        stage.write_pillar({"nfs": {"v4_only": True, "tickle": tickle}})
        _applied(stage)
        stalls.append(_crash(figures, stage, V4, f"crash, tickle {'on' if tickle else 'off'}"))
    return stalls


def _applied(stage):
    failed = article.failures(stage.apply())
    if failed:
        raise RuntimeError("\n".join(failed))


def _moves(figures, stage, profile, number):
    """So many moves in a row, and one set of writers over all of them."""

    def move():
        stage.service.move_away_from(stage.service.active_node(), SECONDS)

    return _judged(figures, stage, profile, _recorded(stage, profile, number, move))


def _floor(figures, stage, number):
    with Floor(stage, SECONDS) as floor:
        record = _recorded(stage, FLOOR[0], number, floor.move)
    return _judged(figures, stage, FLOOR[0], record)


def _recorded(stage, profile, number, move):
    """``move()`` so often; it returns its Operations, or None where the journals have them."""
    spans = []
    with ProcessLog(stage.servers) as log, stage.writers() as writers:
        for count in range(1, number + 1):
            writers.wait_until_writing()
            begun = time.time()
            stage.tell(f"{profile}: move {count} of {number}")
            operations = move()
            writers.wait_until_writing()
            spans.append((begun, time.time(), operations))
    return writers.report, log.ended, spans


def _judged(figures, stage, profile, record):
    report, processes, spans = record
    report = stage.checked(report)
    said = timeline.collect(stage.servers, spans[0][0])
    found = [
        Stall.of(report, said, span, profile, "move", processes, operations)
        for *span, operations in spans
    ]
    _judge(figures, report, profile=profile, what="moves", moves=len(spans))
    for stall in found:
        figures.add("move", stall.seconds, "s", profile=profile, **stall.told())
    return found


def _crash(figures, stage, profile, what):
    home = stage.service.active_node()
    with ProcessLog(stage.servers) as log, stage.writers() as writers:
        writers.wait_until_writing()
        time.sleep(MONITORED)
        begun = time.time()
        stage.tell(f"{profile}: {home} loses its power ({what})")
        stage.service.nodes[home].power_off()
        stage.service.wait_until_off(home, SECONDS)
        writers.wait_until_writing()
        ended = time.time()
    report = stage.checked(writers.report)
    said = timeline.collect(stage.servers, begun)
    stall = Stall.of(report, said, (begun, ended), profile, what, log.ended)
    _judge(figures, report, profile=profile, what=what)
    figures.add("crash", stall.seconds, "s", profile=profile, what=what, **stall.told())
    stage.tell(f"{home} comes back")
    stage.service.nodes[home].start().wait_until_reachable()
    stage.service.wait_until_online(home, SECONDS)
    stage.wait_for_minions()
    return stall


def _judge(figures, report, **more):
    figures.add("acknowledged-writes", report["acknowledged"], "writes", **more)
    figures.add("lost-writes", report["lost"], "writes", most=0, **more)
    figures.add("errors", report["errors"] + report["hanging"], "errors", most=0, **more)


def _compare(figures, stalls):
    """The ratios that the profile promises, of this run."""
    of = {
        name: [stall for stall in stalls if (stall.profile, stall.what) == (name, "move")]
        for name in ("article", "hardened", V4, FLOOR[0])
    }
    for profile, floors in (("hardened", 2.5), (V4, 2.0)):
        for base, most in (("article", 0.5), (FLOOR[0], floors)):
            for what, choose in (("median", median), ("longest", max)):
                mine, theirs = (
                    choose([stall.seconds for stall in of[name]]) for name in (profile, base)
                )
                ratio = round(mine / theirs, 2)
                figures.add(f"move-{what}", ratio, f"of the {base}'s", most=most, profile=profile)
    for name, chosen in of.items():
        count = median([stall.processes() for stall in chosen])
        figures.add("move-processes", count, "ended, both nodes", profile=name)
    load = os.getloadavg()
    figures.add("load", round(load[2], 1), "processes, 15 minutes", cores=os.cpu_count())


def _write_table(path, stalls):
    """Put the table where the document has the last one."""
    begin, end = "<!-- failover -->\n", "<!-- end of failover -->\n"
    before, rest = path.read_text().split(begin, 1)
    path.write_text(f"{before}{begin}{table(stalls)}{end}{rest.split(end, 1)[1]}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
