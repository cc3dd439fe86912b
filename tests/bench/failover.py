"""How long clients stand still: ``make bench-failover`` runs this inside a lab of machines.

Both profiles in one run on the same machines, one after the other, each from scratch: planned moves
under write load; with the profile hardened twenty of them in a row, and crashes of the active node
with portblock's tickle on and off. Prints one JSON line for each figure, and with the path of a
document writes its table there.

It fails when a write was lost or a client saw an error, never for a time.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from tests.bench.figures import Figures, median
from tests.bench.stalls import Stall, table
from tests.lab import article, hardened, timeline
from tests.lab.stage import Stage

PASSWORD = "correct-horse-battery"
MOVES = {article: 4, hardened: 20}
# Corosync's own default: how fast a crash is seen is a part of what is measured.
TOKEN = {"cluster:totem": {"token": 3000}}
SECONDS = 900
# Per move, what the writers may still do after it.
QUIET = 2.0


def main(arguments):
    figures, stalls = Figures(), []
    began = time.monotonic()

    def tell(text):
        print(f"[{time.monotonic() - began:6.1f} s] {text}", file=sys.stderr, flush=True)

    for scenario in (article, hardened):
        stage = Stage(scenario, PASSWORD, tell, change=TOKEN)
        try:
            stage.up()
            _applied(stage)
            stage.service.mount()
            stalls += _moves(figures, stage, MOVES[scenario])
            if scenario is hardened:
                stalls += _crashes(figures, stage)
        finally:
            stage.down()
    _compare(figures, stalls)
    for path in arguments:
        _write_table(Path(path), stalls)
    return 1 if figures.broken else 0


def _name(stage):
    return stage.scenario.__name__.rpartition(".")[2]


def _applied(stage):
    failed = article.failures(stage.apply())
    if failed:
        raise RuntimeError("\n".join(failed))


def _moves(figures, stage, number):
    """So many moves in a row, and one set of writers over all of them."""
    spans = []
    with stage.writers() as writers:
        for count in range(1, number + 1):
            home = stage.service.active_node()
            writers.wait_until_writing()
            begun = time.time()
            stage.tell(f"{_name(stage)}: move {count} of {number}, away from {home}")
            stage.service.move_away_from(home, SECONDS)
            writers.wait_until_writing()
            spans.append((begun, time.time()))
    report = stage.checked(writers.report)
    said = timeline.collect(stage.servers, spans[0][0])
    found = [Stall.of(report, said, span, _name(stage), "move") for span in spans]
    _judge(figures, stage, report, "moves", moves=number)
    for stall in found:
        figures.add("move", stall.seconds, "s", profile=stall.profile, **stall.parts())
    return found


def _crashes(figures, stage):
    found = []
    for tickle in (True, False, True, False):
        stage.write_pillar({"nfs": {"tickle": tickle}})
        _applied(stage)
        found.append(_crash(figures, stage, "tickle on" if tickle else "tickle off"))
    return found


def _crash(figures, stage, how):
    home = stage.service.active_node()
    with stage.writers() as writers:
        writers.wait_until_writing()
        # portblock writes the clients' connections down at each of its monitors.
        time.sleep(12)
        begun = time.time()
        stage.tell(f"{_name(stage)}: {home} loses its power ({how})")
        stage.service.nodes[home].power_off()
        stage.service.wait_until_off(home, SECONDS)
        writers.wait_until_writing()
        ended = time.time()
    report = stage.checked(writers.report)
    said = timeline.collect(stage.servers, begun)
    stall = Stall.of(report, said, (begun, ended), _name(stage), f"crash, {how}")
    _judge(figures, stage, report, "crash", how=how)
    figures.add("crash", stall.seconds, "s", profile=stall.profile, how=how, **stall.parts())
    stage.tell(f"{home} comes back")
    stage.service.nodes[home].start().wait_until_reachable()
    stage.service.wait_until_online(home, SECONDS)
    stage.wait_for_minions()
    return stall


def _judge(figures, stage, report, what, **more):
    more = {"profile": _name(stage), "what": what, **more}
    figures.add("acknowledged-writes", report["acknowledged"], "writes", **more)
    figures.add("lost-writes", report["lost"], "writes", most=0, **more)
    # The article without its server scope would fail here; ours has it.
    figures.add("errors", report["errors"] + report["hanging"], "errors", most=0, **more)


def _compare(figures, stalls):
    """The ratio that the profile promises, of this run."""
    of = {
        name: [stall.seconds for stall in stalls if (stall.profile, stall.what) == (name, "move")]
        for name in ("article", "hardened")
    }
    for what, choose in (("median", median), ("longest", max)):
        theirs, ours = choose(of["article"]), choose(of["hardened"])
        figures.add(f"move-ratio-{what}", round(ours / theirs, 2), "of the article's", most=0.5)
    load = os.getloadavg()
    figures.add("load", round(load[2], 1), "processes, 15 minutes", cores=os.cpu_count())


def _write_table(path, stalls):
    """Put the table where the document has the last one."""
    begin, end = "<!-- failover -->\n", "<!-- end of failover -->\n"
    before, rest = path.read_text().split(begin, 1)
    path.write_text(f"{before}{begin}{table(stalls)}{end}{rest.split(end, 1)[1]}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
