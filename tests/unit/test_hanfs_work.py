"""The node's side of work: its record, and what each step makes of a death in the middle of it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from xml.etree import ElementTree

import pytest

from tests.support.salt_modules import MODULES, load
from tests.support.sites import pillar, site

import _hanfs_record  # isort: skip
import _hanfs_work  # isort: skip
import _pcs_lease  # isort: skip
from _cib_errors import CommandExecutionError, SaltInvocationError  # isort: skip
from _cib_run import Machine  # isort: skip


@pytest.fixture(autouse=True)
def directory(tmp_path, monkeypatch):
    """Where the record is, and a step that every test may end with."""
    monkeypatch.setattr(_hanfs_record, "DIRECTORY", str(tmp_path))
    for name in ("back", "verifying"):
        monkeypatch.setitem(_hanfs_work.STEPS, name, end)
    return tmp_path


def end(machine, wish, record):
    _hanfs_work._write(record, "done")


def machine(**functions):
    found = {name.replace("__", "."): function for name, function in functions.items()}
    return Machine(lambda *a, **k: pytest.fail("a command was run"), {}, salt=found)


def begun(phase, run="r", boot=None, **wish):
    """A record at ``phase`` on disk; the wish that goes with it."""
    wish = _hanfs_work.checked(run, **{"function": "x.y", **wish})
    record = {
        **{"run": run, "phase": phase, "counter": 0, "boot": boot or _hanfs_record.boot_id()},
        **{"node": "n", "begun": 1, "changed": 1, "error": None, "says": None},
        "wish": wish._asdict(),
    }
    _hanfs_record.write(record)
    return wish


def test_work_is_counted_before_it_begins_and_done_once():
    seen = []

    def work(word, times=1):
        seen.append((word, times, _hanfs_record.read()["counter"], _hanfs_record.read()["phase"]))
        return "fine"

    wish = begun("out", args=["a"], kwargs={"times": 2})
    found = _hanfs_work.work(machine(x__y=work), wish, here=True)
    assert seen == [("a", 2, 1, "working")]
    assert (found["phase"], found["counter"], found["says"]) == ("done", 1, "fine")
    assert _hanfs_work.work(machine(x__y=work), wish, here=True)["phase"] == "done"
    assert len(seen) == 1


@pytest.mark.parametrize(
    "says, told",
    [
        ({"retcode": 3, "stderr": "no space"}, "exit code 3: no space"),
        ({"a_|-b": {"result": False, "name": "b", "comment": "broke"}}, "b: broke"),
    ],
)
def test_what_an_answer_says_of_a_failure_fails_the_work_and_it_is_done_again_only_if_said(
    says, told
):
    answers = [says, "fine"]
    wish = begun("out")
    minion = machine(x__y=lambda: answers.pop(0))
    found = _hanfs_work.work(minion, wish, here=True)
    assert found["phase"] == "failed" and told in found["error"]
    assert minion.kept["retcode"] == 1
    assert _hanfs_work.work(minion, wish, here=True)["phase"] == "failed"
    again = _hanfs_work.work(minion, wish._replace(again=True), here=True)
    assert (again["phase"], again["counter"]) == ("done", 2)


@pytest.mark.parametrize(
    "boot, reboot, ends, told",
    [
        (None, False, "failed", "its process is gone"),
        ("another", False, "failed", "the machine was booted meanwhile"),
        ("another", True, "failed", "the machine was booted meanwhile"),
        ("another", "work", "done", None),
    ],
)
def test_work_that_was_cut_off_is_for_a_person_unless_it_was_to_reboot(boot, reboot, ends, told):
    wish = begun("working", boot=boot, reboot=reboot)
    found = _hanfs_work.work(machine(x__y=lambda: pytest.fail("again")), wish, here=True)
    assert found["phase"] == ends
    assert told is None or told in found["error"]


def test_after_a_reboot_it_goes_on_and_does_not_boot_again():
    wish = begun("rebooting", boot="another", reboot=True)
    assert _hanfs_work.work(machine(), wish, here=True)["phase"] == "done"


def test_while_another_process_is_at_it_nothing_is_done_twice(directory):
    begun("out")
    code = (
        f"import sys; sys.path.insert(0, {str(MODULES)!r}); import _hanfs_record as r, time\n"
        f"r.DIRECTORY = {str(directory)!r}\n"
        "with r.alone() as free:\n    print(free, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "True\n"
        assert _hanfs_record.busy()
        wish = _hanfs_work.checked("r", function="x.y")
        found = _hanfs_work.work(machine(x__y=lambda: pytest.fail("twice")), wish, here=True)
        assert (found["phase"], found["busy"]) == ("out", True)
        with pytest.raises(SaltInvocationError, match="still at work"):
            _hanfs_work.forget("r")
        other.kill()
    assert not _hanfs_record.busy()
    assert _hanfs_work.forget("r") is True and _hanfs_record.read()["phase"] == "undone"


def test_the_record_is_for_root_alone_and_others_are_not_told_the_arguments(directory):
    begun("out", kwargs={"password": "s3cret"})
    file = directory / _hanfs_record.FILE
    assert file.stat().st_mode & 0o777 == 0o600
    assert "s3cret" not in json.dumps(_hanfs_record.told(_hanfs_record.read()))


@pytest.mark.parametrize("test", [True, False], ids=["dry", "real"])
@pytest.mark.parametrize(
    "phase, at, stop, refused",
    [
        *((phase, None, True, True) for phase in ("leaving", *_hanfs_record.STOPPED)),
        *(("failed", at, True, True) for at in _hanfs_record.STOPPED),
        *(("failed", at, True, False) for at in ("leaving", "back", "verifying")),
        *((phase, None, True, False) for phase in ("verifying", "done", "undone")),
        ("working", None, False, False),
    ],
)
def test_a_run_of_the_formula_never_ends_the_work_for_which_the_cluster_is_stopped(
    directory, test, phase, at, stop, refused
):
    """Its first step refuses: the ones after it would start corosync."""
    begun(phase, stop=stop)
    record = _hanfs_record.read()
    _hanfs_record.write({**record, "at": at})
    world = load(opts={"test": test}, pillar=pillar(site()), grains={"id": "nfs-server1"})
    world.salt["_hanfs_check.check"] = lambda *_: {"problems": [], "notes": []}
    world.library._hanfs_record.DIRECTORY = str(directory)
    ret = world.states.hanfs.checked("x")
    assert (ret["result"], ret["changes"]) == (not refused, {})
    assert (
        "the cluster is stopped on this node for the work of run r" in ret["comment"]
    ) == refused


def test_work_that_failed_can_be_forgotten_and_then_a_run_is_free_again():
    begun("failed")
    _hanfs_record.write({**_hanfs_record.read(), "at": "working"})
    assert _hanfs_record.hindrance()
    assert _hanfs_work.forget("r") is True
    assert _hanfs_record.hindrance() is None
    assert _hanfs_work.forget("r") is False


def test_a_record_that_cannot_be_understood_is_an_error_that_names_it(directory):
    for text in ("", "[]", '{"run": 1}', "{"):
        (directory / _hanfs_record.FILE).write_text(text)
        with pytest.raises(CommandExecutionError, match="work.json"):
            _hanfs_record.read()


def test_unfinished_work_of_another_run_is_refused():
    begun("working", run="old")
    with pytest.raises(SaltInvocationError, match="run old stopped at 'working'"):
        _hanfs_work.work(machine(x__y=None), _hanfs_work.checked("new", function="x.y"), here=True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"run": "../x"},
        {"run": None},
        {"function": "rm"},
        {"args": "x"},
        {"kwargs": []},
        {"reboot": "yes"},
        {"reboot": 1},
        {"stop": "no"},
        {"reboot": True, "stop": False},
        {"lease": 0},
        {"lease": 10**9},
        {"timeout": 0},
        {"again": "x"},
    ],
)
def test_an_argument_that_is_wrong_is_named(wrong):
    given = {"run": "r", "function": "test.ping", **wrong}
    with pytest.raises(SaltInvocationError) as error:
        _hanfs_work.checked(**given)
    assert str(error.value).split(":")[0] in ({*wrong} | {"seconds"})


def test_a_number_of_a_command_line_is_an_id():
    assert _hanfs_work.checked(20261129, function="a.b").run == "20261129"


def test_a_lease_that_ran_out_belongs_to_nobody():
    entry = {"run": "r", "node": "n", "until": int(time.time()) - 1}

    def cib():
        sets = _pcs_lease._element(entry)
        return ElementTree.fromstring(f"<cib><configuration>{sets}</configuration></cib>")

    assert _pcs_lease.in_cib(cib()) is None
    entry["until"] += 60
    assert _pcs_lease.in_cib(cib()) == entry
    assert _pcs_lease.in_cib(ElementTree.fromstring("<cib/>")) is None
