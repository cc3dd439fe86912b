"""``python3 -m tests.bench [TABLE]`` inside a lab: all figures; TABLE is a file for the table."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.bench import descriptions
from tests.bench.figures import Figures, median
from tests.bench.measures import Calls, timed
from tests.lab import paths
from tests.lab.containers import SHARED_DISK
from tests.lab.pair import Pair
from tests.lab.progress import say
from tests.support import by_hand
from tests.support.engine import SYSTEM_PATH, TREE, Engine, install

TIMES = 5
LIMITS = {5: 0.2, 50: None, 500: 1.0}  # seconds over an empty state when nothing is to change


def main(arguments):
    figures = Figures()
    pair = Pair("installed", minion=False)
    try:
        install(pair)
        _add_old_salt(pair[0])
        say("building a cluster by hand")
        by_hand.build(pair.start())
        with Engine(pair[0], path=SYSTEM_PATH) as engine:
            engine.end()
            first_convergence(figures, pair, engine)
            against_old_states(figures, pair, engine)
            for count in LIMITS:
                growth(figures, pair, engine, count)
    finally:
        pair.remove()
    if arguments:
        _write_table(Path(arguments[0]), figures)
    return 1 if figures.broken else 0


def _add_old_salt(node):
    venv = paths.salt_venv("3006")
    inside = node.root / str(venv)[1:]
    inside.mkdir(parents=True)
    subprocess.run(["mount", "--bind", str(venv), str(inside)], check=True)
    config = node.root / "etc/salt-3006"
    config.mkdir()
    (config / "minion").write_text(
        '{"file_client": "local", "id": "old", "root_dir": "/srv/salt-3006", '
        f'"file_roots": {{"base": ["{TREE}/states"]}}, "enable_fqdns_grains": false}}'
    )


def _empty(pair, engine):
    """Nothing but the cluster itself, and nothing running."""
    node = pair[0]
    # Empty sections, and nobody's property but the cluster's own.
    for section in ("constraints", "resources"):
        node.run(["cibadmin", "--replace", "--scope", section, "--xml-text", f"<{section}/>"])
    by_hand.settle(node)
    for name in ("stonith-enabled", "no-quorum-policy", "batch-limit"):
        node.run(["crm_attribute", "--type", "crm_config", "--name", name, "--delete"], check=False)
    by_hand.settle(node)


# First convergence of the article ----------------------------------------------------------------


def first_convergence(figures, pair, engine):
    """From an empty cluster to all that runs: typed commands, and one push."""
    node = pair[0]
    node.run(["mkfs.xfs", "-q", SHARED_DISK])
    for one in pair:
        one.run(["mkdir", "-p", "/nfsdata"])
    script = "\n".join(f"pcs {line}" for line in descriptions.ARTICLE_BY_PCS)
    node.put("/root/article.sh", f"{script}\ncrm_resource --wait\n")
    found = {"pcs": [], "hanfs": []}
    for _ in range(3):
        _empty(pair, engine)
        # It refuses the orders between members of one group, as pcs 0.11 does for everybody.
        found["pcs"].append(timed(node.run, ["sh", "/root/article.sh"], check=False)[0])
        _empty(pair, engine)
        seconds, done = timed(engine, "cib.apply", descriptions.ARTICLE)
        assert done["pushed"] and not done["unsettled"], done
        found["hanfs"].append(seconds)
    typed, pushed = median(found["pcs"]), median(found["hanfs"])
    figures.add("article-typed", typed, "s")
    figures.add("article-pushed", pushed, "s", most=typed)
    _empty(pair, engine)


# Against the states of Salt 3006 -----------------------------------------------------------------


def against_old_states(figures, pair, engine):
    """Nothing to change in a cluster of three properties, five resources, three constraints."""
    node = pair[0]
    by_hand.commands(node, descriptions.SAME_BY_PCS)
    by_hand.settle(node)
    old = Calls(node, paths.salt_venv("3006"), "/etc/salt-3006")
    old.put("old", descriptions.old_states())
    theirs, states = old.seconds("old", 3)
    told = {"states": len(states), "failed": sum(state["result"] is False for state in states)}
    their_processes, _ = old.processes("old")
    new = Calls(node)
    new.put("same", {"all": {"pcs.configured": _arguments(descriptions.SAME)}})
    new.apply("same")  # it takes the cluster over: the record of what is ours is new
    ours, states = new.seconds("same", TIMES)
    assert not states[0]["changes"] and states[0]["result"], states
    our_processes, tools = new.processes("same")
    assert tools == ["cibadmin"], tools
    figures.add("salt-3006-unchanged", theirs, "s", **told)
    figures.add("salt-3006-processes", their_processes, "processes started")
    figures.add("hanfs-unchanged", ours, "s")
    figures.add("hanfs-processes", our_processes, "processes", most=1)
    # a clock that saw nothing saw less than a millisecond
    figures.add("times-faster", round(theirs / max(ours, 0.001), 1), "times", least=50)
    figures.add(
        "times-fewer-processes", their_processes // our_processes, "times fewer processes", least=15
    )
    _empty(pair, engine)


def _arguments(description):
    return [{key: value} for key, value in description.items()]


# 5, 50, 500 --------------------------------------------------------------------------------------


def growth(figures, pair, engine, count):
    """A first plan, and nothing to change, with that many resources."""
    description = descriptions.resources(count)
    calls = Calls(pair[0])
    name = f"with{count}"
    calls.put(name, {"all": {"pcs.configured": [*_arguments(description), {"wait": 600}]}})
    plans = [timed(engine, "cib.plan", description)[0] for _ in range(3)]
    figures.add("first-plan", median(plans), "s", resources=count)
    _, tools = calls.processes(name, test=True)
    figures.add("first-plan-processes", len(tools), "processes", resources=count)
    seconds, done = timed(engine, "cib.apply", description, wait=600, timeout=700)
    assert done["pushed"], done
    figures.add("first-push-and-start", round(seconds, 1), "s", resources=count)
    calls.apply(name)
    seconds, states = calls.seconds(name, TIMES)
    assert states[0]["result"] and not states[0]["changes"], states
    figures.add("unchanged", seconds, "s", most=LIMITS[count], resources=count)
    number, tools = calls.processes(name)
    assert tools == ["cibadmin"], tools
    figures.add("unchanged-processes", number, "processes", most=1, resources=count)
    _empty(pair, engine)


def _write_table(path, figures):
    """Put the table where the document has the last one."""
    begin, end = "<!-- table -->\n", "<!-- end of table -->\n"
    text = path.read_text()
    before, rest = text.split(begin, 1)
    path.write_text(f"{before}{begin}{figures.growth()}{end}{rest.split(end, 1)[1]}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
