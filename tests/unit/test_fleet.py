"""The runner's flows, over simulated sites: order, refusals, deaths, many sites at once."""

from __future__ import annotations

import ast
import pickle
import random
import re

import pytest

from tests.support.fleet import RELEASE, Fleet, Killed
from tests.support.salt_modules import ROOT

import _hanfs_fleet_flows as flows  # isort: skip
import _hanfs_fleet_run as runs  # isort: skip
import _hanfs_fleet_sites as sites  # isort: skip
import _hanfs_release  # isort: skip
from _hanfs_fleet_drive import Driver  # isort: skip
from _hanfs_fleet_store import Store, lives, owner  # isort: skip


class Cache:
    """As ``salt.cache``: what is kept is a copy."""

    def __init__(self):
        self.banks = {}

    def store(self, bank, key, data):
        self.banks.setdefault(bank, {})[key] = pickle.dumps(data)

    def fetch(self, bank, key):
        kept = self.banks.get(bank, {}).get(key)
        return pickle.loads(kept) if kept else {}

    def list(self, bank):
        return list(self.banks.get(bank, {}))


class Operator:
    """Begins runs and goes on with them, as the runner's functions do."""

    def __init__(self, fleet):
        self.fleet, self.store, self.lines = fleet, Store(Cache()), []

    def begin(self, kind="maintain", run="r1", work=None, **more):
        given = {"canary": [], "batch": 1, "skip_refused": False, **more}
        work = {"function": "test.ping"} if work is None else work
        plan = {"release": RELEASE, "stable": 60, "timeout": 3600, "work": work}
        now = self.fleet.clock()
        document = runs.begin(self.store, kind, run, list(self.fleet.nodes), plan, **given, now=now)
        return self._go(document)

    def resume(self, run="r1"):
        document = self.store.load(run)
        # the process that was killed is this one here
        document["owner"]["started"], document["heartbeat"] = None, 0
        self.store.save(document)
        return self._go(runs.taken_up(self.store, run, self.fleet.clock()))

    def _go(self, document):
        one = runs.Run(self.fleet, self.store, self.lines.append, document, self.fleet.clock)
        return one.go()


def counters(fleet):
    return {node.record and node.record["counter"] for node in fleet.nodes.values()}


def moves(fleet):
    return {name: sum(node.moves for node in nodes) for name, nodes in fleet.sites.items()}


def wrote(fleet):
    """What was published that could change something."""
    reading = ("hanfs.identity", "hanfs.gate", "hanfs.work_state")
    return [one for one in fleet.published if one[0] not in reading]


def test_each_node_works_once_the_one_that_serves_last_and_each_service_moves_once():
    fleet = Fleet({"athens": 2, "oslo": 2, "rome": 2})
    done = Operator(fleet).begin()
    assert (done["state"], done["retcode"]) == ("done", 0)
    assert done["done"] == ["athens", "oslo", "rome"]
    assert counters(fleet) == {1}
    assert moves(fleet) == {"athens": 1, "oslo": 1, "rome": 1}
    worked = [one[1][0] for one in fleet.published if one[0] == "hanfs.work"]
    assert worked[:2] == ["athens-n1.example.org", "athens-n0.example.org"]
    assert not fleet.overlaps and not fleet.leases


def test_work_that_reboots_needs_no_answer():
    fleet = Fleet({"athens": 2})
    done = Operator(fleet).begin(work={"function": "pkg.upgrade", "reboot": True})
    assert done["state"] == "done"
    assert counters(fleet) == {1} and not fleet.overlaps


def test_canaries_come_first_one_by_one_and_then_whole_sites_in_batches():
    fleet = Fleet(dict.fromkeys("abcdefg", 2))
    operator = Operator(fleet)
    operator.begin("rollout", work={"mods": "hanfs"}, canary=["e", "b"], batch=3)
    applied = [one[1] for one in fleet.published if one[0] == "state.apply"]
    assert all(len(minions) == 2 for minions in applied)  # whole sites
    order = "".join(minions[0][0] for minions in applied)
    assert (order[:2], set(order[2:5]), set(order[5:])) == ("eb", set("acd"), set("fg"))


def test_the_first_that_fails_ends_the_run_and_all_are_told():
    fleet = Fleet(dict.fromkeys("abcd", 2))
    fleet.nodes["b-n0.example.org"].fails = True
    operator = Operator(fleet)
    done = operator.begin("rollout", work={"mods": "hanfs"})
    assert (done["state"], done["retcode"]) == ("failed", 1)
    assert (done["done"], done["failed"], done["not_begun"]) == (["a"], ["b"], ["c", "d"])
    assert "b-n0.example.org: it: no" in done["sites"]["b"]["findings"][0]["text"]
    fleet.nodes["b-n0.example.org"].fails = False
    again = operator.resume()
    assert again["state"] == "done"
    applied = [one[1][0] for one in fleet.published if one[0] == "state.apply"]
    assert [minion[0] for minion in applied] == ["a", "b", "b", "c", "d"]


def test_work_that_fails_leaves_the_other_node_alone_and_is_done_again_on_resume():
    fleet = Fleet({"a": 2, "b": 2})
    fleet.nodes["a-n1.example.org"].fails = True
    operator = Operator(fleet)
    done = operator.begin()
    assert (done["failed"], done["not_begun"]) == (["a"], ["b"])
    assert fleet.nodes["a-n0.example.org"].record is None
    again = operator.resume()
    assert again["state"] == "done"
    assert fleet.nodes["a-n1.example.org"].record["counter"] == 2
    assert not fleet.overlaps


@pytest.mark.parametrize("wish, state, code", [("pause", "paused", 3), ("stop", "stopped", 1)])
def test_an_operator_lets_a_run_end_between_two_nodes(wish, state, code):
    fleet = Fleet({"a": 2, "b": 2})
    operator = Operator(fleet)
    said = fleet._worked

    def worked(jid, node, kwargs):
        operator.store.set_wish("r1", wish)
        fleet._worked = said
        return said(jid, node, kwargs)

    fleet._worked = worked
    done = operator.begin()
    assert (done["state"], done["retcode"]) == (state, code)
    assert counters(fleet) == {None, 1}
    assert operator.resume()["state"] == "done"
    assert counters(fleet) == {1} and not fleet.overlaps


DEFECTS = {
    "a minion is silent": (lambda n: setattr(n, "answers", False), "no-minion"),
    "no modules": (
        lambda n: n.says.update({"hanfs.gate": "'hanfs.gate' is not available."}),
        "no-modules",
    ),
    "an error": (lambda n: n.says.update({"hanfs.gate": "Traceback"}), "error"),
    "another release": (lambda n: n.says.update({"hanfs.gate": {"release": "0.0.9"}}), "release"),
    "an old answer": (lambda n: n.says.update({"hanfs.gate": {"at": 999_000.0}}), "old"),
    "another cluster": (lambda n: n.says.update({"hanfs.gate": {"cluster": "x"}}), "foreign"),
    "no cluster on one": (lambda n: n.says.update({"hanfs.gate": {"cluster": None}}), "foreign"),
    "mixed feature sets": (lambda n: setattr(n, "feature_set", "3.19.0"), "mixed"),
    "two that serve": (lambda n: n.says.update({"hanfs.gate": {"active_node": "n1"}}), "active"),
    "other nodes": (
        lambda n: n.says.update({"hanfs.identity": {"nodes": ["n0", "n9"]}}),
        "differs",
    ),
    "two of one name": (lambda n: n.says.update({"hanfs.identity": {"node": "n0"}}), "twice"),
    **{
        code: (
            lambda n, code=code: n.says.update(
                {"hanfs.gate": {"findings": [{"code": code, "text": "so", "cure": "do"}]}}
            ),
            code,
        )
        for code in ("standby", "ban", "fence-test", "locked", "disk", "maintenance", "no-quorum")
    },
}


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_on_one_node_is_named_and_nothing_is_written_anywhere(name):
    fleet = Fleet({"athens": 2, "oslo": 2})
    break_it, code = DEFECTS[name]
    break_it(fleet.nodes["oslo-n1.example.org"])
    done = Operator(fleet).begin()
    assert (done["state"], done["retcode"]) == ("refused", 2)
    assert code in [one["code"] for one in done["sites"]["oslo"]["findings"]]
    assert all(one["text"] and one["cure"] for one in done["sites"]["oslo"]["findings"])
    assert wrote(fleet) == []


def test_a_site_that_is_refused_can_be_left_out():
    fleet = Fleet({"athens": 2, "oslo": 2})
    fleet.nodes["oslo-n1.example.org"].feature_set = "3.19.0"
    done = Operator(fleet).begin(skip_refused=True)
    assert (done["state"], done["done"], done["refused"]) == ("done", ["athens"], ["oslo"])


def test_while_another_run_has_the_lease_nothing_is_begun():
    fleet = Fleet({"athens": 2})
    fleet.leases["athens"] = ("other", fleet.now + 100)
    done = Operator(fleet).begin("rollout", work={"mods": "hanfs"})
    assert done["state"] == "refused"
    assert [one[0] for one in wrote(fleet)] == ["saltutil.sync_all"]


@pytest.mark.parametrize("seed", range(50))
def test_a_runner_that_dies_at_any_point_is_gone_on_with(seed):
    chance = random.Random(seed)
    fleet = Fleet({"a": 2, "b": 2, "c": 2}, seed)
    operator = Operator(fleet)
    reboot = {"reboot": True} if seed % 2 else {}
    fleet.events_left = chance.randrange(2, 1200)
    try:
        done = operator.begin(work={"function": "test.ping", **reboot})
    except Killed:
        fleet.events_left = None
        fleet.pass_time(chance.choice([0, 5, 60, 400]))
        kept = {run for run, until in fleet.leases.values() if until > fleet.now + flows.LEASE}
        assert not kept
        if operator.store.load("r1"):
            done = operator.resume()
        else:
            done = operator.begin(work={"function": "test.ping", **reboot})
    assert done["state"] == "done", done
    assert counters(fleet) == {1}
    assert not fleet.overlaps
    assert moves(fleet) == {"a": 1, "b": 1, "c": 1}


def test_three_hundred_sites_one_job_for_all_and_no_answer_under_another_name():
    fleet = Fleet({f"site{n:03}": 2 for n in range(300)}, seed=7, delay=12)
    dead = [f"site{n:03}-n1.example.org" for n in (3, 77, 205)]
    for minion in dead:
        fleet.nodes[minion].answers = False
    began = fleet.now
    done = Operator(fleet).begin(batch=300, skip_refused=True)
    assert done["silent"] == dead
    assert done["refused"] == ["site003", "site077", "site205"]
    assert len(done["done"]) == 297
    # all the dead ones together cost one time-out of the first question
    first = next(one for one in fleet.published if one[0] == "hanfs.gate")
    assert len(first[1]) == 297 * 2
    assert fleet.now - began < 1200
    assert moves(fleet) == {name: 0 if name in done["refused"] else 1 for name in fleet.sites}


def test_answers_that_nobody_waits_for_are_not_kept(monkeypatch):
    """Nodes are looked at all the time that they work: what was answered must not pile up."""
    fleet = Fleet(dict.fromkeys("abcd", 2))
    for node in fleet.nodes.values():
        node.took = 3000.0
    most = []
    forget = Driver._forget

    def seen(driver, waiting):
        forget(driver, waiting)
        most.append(len(driver._returns))

    monkeypatch.setattr(Driver, "_forget", seen)
    done = Operator(fleet).begin(batch=4)
    assert done["state"] == "done" and counters(fleet) == {1}
    assert len(fleet.kept) > 500 and max(most) <= 2 * 4, (len(fleet.kept), max(most))


def test_shuffled_and_delayed_answers_stand_under_their_own_site():
    fleet = Fleet({f"site{n:03}": 2 for n in range(300)}, seed=11, delay=12)
    for node in fleet.nodes.values():
        told = {"code": "ban", "text": node.minion, "cure": "-"}
        node.says["hanfs.gate"] = {"findings": [told]}
    done = Operator(fleet).begin()
    assert len(done["refused"]) == 300
    for name, one in done["sites"].items():
        texts = [finding["text"] for finding in one["findings"]]
        assert texts == [f"{node.minion}: {node.minion}" for node in fleet.sites[name]]


def test_arguments_that_are_wrong_are_refused_before_anything_is_asked():
    fleet = Fleet({"a": 2})
    operator = Operator(fleet)
    for wrong in ({"run": "../x"}, {"run": "a" * 65}, {"batch": 0}, {"batch": True}):
        with pytest.raises(runs.Refused, match=next(iter(wrong))):
            operator.begin(**wrong)
    assert fleet.published == []
    operator.begin()
    with pytest.raises(runs.Refused, match="there is a run r1 already"):
        operator.begin()
    with pytest.raises(runs.Refused, match="is done"):
        operator.resume()


def test_the_one_that_serves_is_last_wherever_it_stands():
    site = sites.Site("a", {"n0": "m0", "n1": "m1", "n2": "m2"})
    for active, order in (("n0", ["n1", "n2", "n0"]), ("n1", ["n0", "n2", "n1"])):
        answers = {minion: {"active_node": active} for minion in site.ids}
        assert sites.passive_first(site, answers) == order


def test_a_run_tells_how_long_each_phase_took_and_what_is_left():
    fleet = Fleet({"a": 2, "b": 2})
    operator = Operator(fleet)
    done = operator.begin()
    phases = [one["phase"] for one in done["sites"]["a"]["times"]]
    assert phases[:2] == ["validating", "working"] and "stabilising" in phases
    assert all(one["to"] >= one["from"] for one in done["sites"]["a"]["times"])
    assert any("about" in line and "left" in line for line in operator.lines)


RUNNERS = sorted((ROOT / "_runners").glob("*.py"))


@pytest.mark.parametrize("path", RUNNERS, ids=lambda path: path.stem)
def test_files_of_the_runner_are_small_and_only_two_know_salt(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 500
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno - node.lineno < 50 + len(ast.get_docstring(node) or "") / 20
    if path.stem not in ("hanfs", "_hanfs_fleet_bus"):
        assert "salt." not in re.sub(r"``.*?``", "", text).replace("salt.cache", "")


def test_the_release_is_one():
    (formula,) = re.findall(r"^version: (\S+)$", (ROOT / "FORMULA").read_text(), re.M)
    (runner,) = re.findall(r'^RELEASE = "(.*)"$', (ROOT / "_runners/hanfs.py").read_text(), re.M)
    assert formula == runner == _hanfs_release.RELEASE == RELEASE


def test_a_run_of_a_process_that_is_gone_is_dead_at_once_and_of_another_master_after_a_while():
    document = {"state": "running", "owner": owner(), "heartbeat": 100.0}
    assert lives(document, 10_000)
    gone = {**document, "owner": {**owner(), "started": "1"}}
    assert not lives(gone, 101)
    elsewhere = {**document, "owner": {**owner(), "boot": "another"}}
    assert lives(elsewhere, 101) and not lives(elsewhere, 1000)
    assert not lives({**document, "state": "paused"}, 101)
