"""No edit is ever lost, whoever else writes to the cluster's configuration at the same time."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from tests.lab.pair import Pair
from tests.lab.wait import wait_until
from tests.support import by_hand
from tests.support.engine import Engine, Failed, Foreign, both, install

DUMMY = "ocf:pacemaker:Dummy"
ROUNDS = 10
FOREIGN_EDITS = 30
RACES = 5
INCREMENTS = 15
PUSHES = 10

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def pair():
    pair = Pair("installed", minion=False)
    try:
        install(pair)
        yield by_hand.build(pair.start())
    finally:
        pair.remove()


@pytest.fixture(scope="module")
def engines(pair):
    with Engine(pair[0]) as first, Engine(pair[1]) as second:
        assert [first.end(), second.end()] == ["ready", "ready"]
        yield first, second


@pytest.fixture
def foreign(pair):
    foreign = Foreign(pair[0])
    yield foreign
    foreign.clear()


def description(value, **more):
    """Two resources in a group and two alone, and ``value`` wherever one can be."""
    return {
        "properties": {"stonith-enabled": False, "batch-limit": 100 + value},
        "resource_defaults": {"resource-stickiness": value},
        "primitives": {
            "A": {"agent": DUMMY, "attributes": {"fake": f"a{value}"}},
            "B": {"agent": DUMMY, "attributes": {"fake": f"b{value}"}},
            "C": {"agent": DUMMY, "attributes": {"fake": f"c{value}"}},
            "D": {"agent": DUMMY, "attributes": {"fake": f"d{value}"}},
        },
        "groups": {"g": {"members": ["A", "B"], "meta": {"priority": value}}},
        "constraints": {"colocation": [{"resource": "C", "with": "g", "score": 10 + value}]},
        **more,
    }


@pytest.fixture
def start(engines):
    engines[0]("cib.apply", description(0), wait=30)


def epoch(node):
    return int(ET.fromstring(by_hand.cib(node)).get("epoch"))


def members(node):
    root = ET.fromstring(by_hand.cib(node))
    return [one.get("id") for one in root.find(".//group[@id='g']") if one.tag == "primitive"]


def assert_nothing_left(engines, wanted):
    for engine in engines:
        assert engine("cib.plan", wanted)["changes"] == {}


# What somebody else does, each time between our read and our push: the name's suffix is the round.
PRIMITIVE = '<primitive id="X{0}" class="ocf" provider="pacemaker" type="Dummy"/>'
EDITS = (
    "crm_attribute --type crm_config --name foreign-{0} --update {0}",
    f"cibadmin --create --scope resources --xml-text '{PRIMITIVE}'",
    # into our own group, and so into the very element that we change
    "cibadmin --modify --allow-create --scope resources "
    f"--xml-text '<group id=\"g\">{PRIMITIVE}</group>'",
)


def foreign_edit_of(number):
    return EDITS[number % len(EDITS)].format(number)


def foreign_edit_is_there(root, number):
    if number % len(EDITS) == 0:
        found = root.find(f".//crm_config//nvpair[@name='foreign-{number}']")
    else:
        found = root.find(f".//primitive[@id='X{number}']")
    return found is not None


@pytest.mark.parametrize("moment", ["after-query", "before-patch"])
def test_somebody_edits_between_our_read_and_our_push(pair, engines, foreign, start, moment):
    first = 0 if moment == "after-query" else FOREIGN_EDITS // 2
    edits = range(first, first + FOREIGN_EDITS // 2)
    for number in edits:
        foreign.at(moment, foreign_edit_of(number))
        wanted = description(1 + number)
        wanted["groups"]["g"]["members"] = ["A", "B", "D"] if number % 2 else ["A", "B"]
        done = engines[0]("cib.apply", wanted, wait=0)
        assert done["pushed"] and done["conflicts"] >= 1 and not done["unsettled"], done
        assert_nothing_left(engines[:1], wanted)
    root = ET.fromstring(by_hand.cib(pair[1]))
    lost = [number for number in edits if not foreign_edit_is_there(root, number)]
    assert not lost, foreign.log()


def test_both_nodes_push_the_same_plan_at_once(pair, engines, start, note):
    conflicts = 0
    for number in range(1, ROUNDS + 1):
        wanted, before = description(number), epoch(pair[0])
        done = both(engines, ("cib.apply", [wanted], {"wait": 0}))
        assert any(one["pushed"] for one in done), done
        assert not any(one["unsettled"] for one in done), done
        # Whoever was second saw that it was done, and wrote nothing.
        assert epoch(pair[1]) == before + 1, done
        conflicts += sum(one["conflicts"] for one in done)
    assert_nothing_left(engines, wanted)
    note(f"{ROUNDS} rounds, {conflicts} conflicts")


def part(number, name):
    """What one node is told to do: parts of objects that the other node's plan has, too."""
    return {
        "primitives": {name: {"agent": DUMMY, "attributes": {"fake": f"{name}{number}"}}},
        "properties": {"batch-limit" if name == "A" else "cluster-ipc-limit": 500 + number},
    }


def test_both_nodes_push_different_plans_at_once(pair, engines, start, note):
    conflicts = 0
    for number in range(1, ROUNDS + 1):
        plans, before = [part(number, "A"), part(number, "B")], epoch(pair[0])
        options = {"wait": 0, "partial": True}
        done = both(engines, *(("cib.apply", [plan], options) for plan in plans))
        assert all(one["pushed"] and not one["unsettled"] for one in done), done
        assert epoch(pair[1]) == before + 2, done
        conflicts += sum(one["conflicts"] for one in done)
        for plan in plans:
            assert engines[number % 2]("cib.plan", plan, partial=True)["changes"] == {}
    note(f"{ROUNDS} rounds, {conflicts} conflicts")


def batch_limit(node):
    return int(re.search(r'name="batch-limit" value="(\d+)"', by_hand.cib(node)).group(1))


def race(pair, engines, function="racing.increments", **options):
    """Both nodes count up the same number; returns by how much it went up, and the conflicts."""
    before = batch_limit(pair[0])
    conflicts = both(engines, (function, [INCREMENTS], options))
    return batch_limit(pair[1]) - before, sum(conflicts)


def test_race_of_increments(pair, engines, start, note):
    ends = [race(pair, engines) for _ in range(RACES)]
    note(f"increments that arrived, and conflicts: {ends}")
    assert [counted for counted, _ in ends] == [2 * INCREMENTS] * RACES


def test_race_of_applied_increments(pair, engines, start, note):
    counted, conflicts = race(pair, engines, "racing.applied")
    note(f"{conflicts} conflicts")
    assert counted == 2 * INCREMENTS


def test_the_race_can_be_lost(pair, engines, start, note):
    """The control: the same without the version in the patch, as other tools push."""
    ends = []
    while not ends or (ends[-1] == 2 * INCREMENTS and len(ends) < RACES):
        ends.append(race(pair, engines, versioned=False)[0])
    note(f"increments that arrived: {ends}")
    assert ends[-1] < 2 * INCREMENTS


# The cluster itself writes -----------------------------------------------------------------------

# As fast as the node can: each update is a new state of the cluster, and moves its counter.
CHURN = (
    "i=0; while [ -e /run/churn ]; do i=$((i+1)); "
    "attrd_updater --name churn --update $i --delay 0; rm -f /run/failing.state; "
    "done"
)


@pytest.fixture
def churn(pair, engines, start):
    """A resource that fails every second, and attributes of both nodes that never rest."""
    failing = {
        "agent": DUMMY,
        "attributes": {"state": "/run/failing.state"},
        "operations": {"monitor": {"interval": "1s"}},
    }
    wanted = description(0)
    wanted["primitives"]["F"] = failing
    engines[0]("cib.apply", wanted, wait=30)
    for node in pair:
        node.put("/run/churn", "")
    running = [node.popen(["sh", "-c", CHURN]) for node in pair]
    yield wanted
    for node, process in zip(pair, running):
        node.run(["rm", "/run/churn"])
        process.wait(30)
    by_hand.commands(pair[0], ["resource cleanup"])


def num_updates(node):
    root = ET.fromstring(by_hand.cib(node))
    return int(root.get("epoch")), int(root.get("num_updates"))


def failures(node):
    root = ET.fromstring(by_hand.cib(node))
    counts = root.findall(".//nvpair[@name='fail-count-F#monitor_1000']")
    return sum(int(one.get("value")) for one in counts if one.get("value").isdigit())


def test_states_that_never_rest_do_not_starve_a_push(pair, engines, churn, note):
    wait_until(lambda: (failures(pair[0]) > 0, by_hand.cib(pair[0])), 60, "a failing resource")
    told = []
    for number in range(1, PUSHES + 1):
        wanted = {**description(number)}
        wanted["primitives"]["F"] = churn["primitives"]["F"]
        before = num_updates(pair[0])
        done = engines[number % 2]("cib.apply", wanted, wait=0)
        assert done["pushed"] and not done["unsettled"], done
        told.append((done["conflicts"], before[1]))
    note(f"(conflicts, updates of states since the last push): {told}")
    # Each push found states that had been written since the one before it.
    assert all(updates for _, updates in told), told


# Somebody who writes all the time ----------------------------------------------------------------

COUNT_UP = (
    "crm_attribute --type crm_config --name foreign-count --update $(date +%s%N) "
    "&& echo edited >>edits"
)


def test_three_conflicts_in_a_row(pair, engines, foreign, start):
    script = f"[ $(cat edits 2>/dev/null | wc -l) -ge 3 ] || {{ {COUNT_UP}; }}"
    foreign.at("before-patch", script, always=True)
    done = engines[0]("cib.apply", description(7), wait=0)
    assert done["pushed"] and done["conflicts"] >= 3 and not done["unsettled"], done
    assert_nothing_left(engines, description(7))


def test_conflicts_without_end(pair, engines, foreign, start):
    foreign.at("before-patch", COUNT_UP, always=True)
    with pytest.raises(Failed, match="somebody else changed.*each of 10 tries.*nothing") as error:
        engines[0]("cib.apply", description(8), wait=0)
    assert error.value.kind == "CommandExecutionError"
    assert "primitives:A" in error.value.message
    foreign.clear()
    assert_nothing_left(engines, description(0))


# A cluster that does not answer ------------------------------------------------------------------


@pytest.fixture
def impatient(engines):
    engines[0]("racing.patience", 3)
    yield engines[0]
    engines[0]("racing.patience", 120)


def test_a_read_that_hangs(impatient, foreign, start):
    foreign.hang("before-query")
    for function in ("cib.query", "cib.plan", "cib.apply"):
        arguments = [] if function == "cib.query" else [description(9)]
        with pytest.raises(Failed, match="cibadmin --query: did not end within 3 seconds"):
            impatient(function, *arguments)


def test_a_push_that_hangs_before_it_arrives(engines, impatient, foreign, start):
    foreign.hang("before-patch")
    with pytest.raises(Failed, match="did not end within 3 seconds.*nothing of it is in the"):
        impatient("cib.apply", description(9))
    foreign.clear()
    assert_nothing_left(engines, description(0))


def test_a_push_that_hangs_after_it_arrived(engines, impatient, foreign, start):
    """It happened, so it is told."""
    foreign.hang("after-patch")
    done = impatient("cib.apply", description(9), wait=0)
    assert done["pushed"] and set(done["changes"]) >= {"primitives", "groups"}
    foreign.clear()
    assert_nothing_left(engines, description(9))


def test_cluster_stopped_on_one_node(pair, engines, start):
    """Nothing but a sentence there; the other node goes on."""
    by_hand.commands(pair[1], ["cluster stop"])
    before = by_hand.cib(pair[0])
    for function in ("cib.plan", "cib.apply"):
        with pytest.raises(Failed, match="the cluster is not running on this node"):
            engines[1](function, description(10))
    assert epoch(pair[0]) == int(ET.fromstring(before).get("epoch"))
    done = engines[0]("cib.apply", description(10), wait=0)
    assert done["pushed"] and not done["unsettled"]
    by_hand.commands(pair[1], ["cluster start"])
    by_hand.wait_online(pair)
    assert_nothing_left(engines, description(10))


def test_no_quorum(pair, engines, start):
    """What a part of the cluster without quorum writes is thrown away later: it is not written."""
    by_hand.commands(pair[0], ["cluster stop --all"])
    # A node that starts alone has no quorum until it has seen the other one.
    by_hand.commands(pair[0], ["cluster start"])
    alone = engines[0]

    def decided():
        seen = pair[0].run(["crm_mon", "-1"], check=False)
        return "WITHOUT quorum" in seen.stdout and "NONE" not in seen.stdout, seen.stdout

    wait_until(decided, 90, "a node that decides without quorum")
    before = epoch(pair[0])
    for function in ("cib.plan", "cib.apply"):
        with pytest.raises(Failed, match="no quorum") as error:
            alone(function, description(11))
        assert error.value.kind == "CommandExecutionError"
    assert epoch(pair[0]) == before
    assert not alone("cib.apply", description(0), wait=0)["pushed"]
    by_hand.commands(pair[1], ["cluster start"])
    by_hand.wait_online(pair)
    assert alone("cib.apply", description(11), wait=0)["pushed"]
    assert_nothing_left(engines, description(11))
