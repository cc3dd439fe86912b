"""All tests run, in one session or the other, and no failure gets lost between them."""

from __future__ import annotations

import threading

import pytest

from tests.lab import paths, sessions


def test_every_test_is_in_one_session():
    """Whoever adds a directory of tests finds out here that nobody would run it."""
    named = [paths.REPO / one for names in sessions.sessions().values() for one in names]
    for path in (paths.REPO / "tests").rglob("test_*.py"):
        assert sum(path == one or one in path.parents for one in named) == 1, path


def test_one_worker_alone_has_machines():
    """Two stages at once would measure each other, and have the same names on disk."""
    for worker, queue in sessions.queues().items():
        assert (sessions.MACHINES in queue) == (worker == "machines")


def test_nobody_rests_while_others_have_work():
    everything = set(sessions.sessions())
    for worker, queue in sessions.queues().items():
        assert set(queue) == everything - ({sessions.MACHINES} if worker != "machines" else set())


def test_debian_testing_is_built_for_those_who_ask_for_it():
    assert sessions.canary_wanted(["--all"]) and sessions.canary_wanted(["--canary", "tests/x.py"])
    assert not sessions.canary_wanted([]) and not sessions.canary_wanted(["-k", "canary"])


def test_what_begins_first_exists():
    for file in sessions.LONGEST_FIRST:
        assert (paths.REPO / file).is_file()


class FakeSessions(sessions.Run):
    """Runs nothing, and notes who would have run what."""

    def __init__(self):
        super().__init__([])
        self.begun = []

    def _one(self, session):
        self.begun.append(session)
        self.codes[session] = 0


def test_each_session_runs_once_whoever_takes_it():
    run = FakeSessions()
    workers = [
        threading.Thread(target=run.work, args=[queue]) for queue in (["a", "b"], ["b", "a"])
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(run.begun) == ["a", "b"]


def test_nothing_begins_after_a_stop():
    run = FakeSessions()
    run.stop()
    run.work(["a"])
    assert run.begun == []


@pytest.mark.parametrize(
    "last,expected",
    [
        ("==== 31 passed in 1842.11s (0:30:42) ====", {"passed": 31}),
        ("= 1 failed, 38 passed, 4 skipped, 1 warning in 4.6s =",
         {"failed": 1, "passed": 38, "skipped": 4}),
        ("= 2 errors in 0.12s =", {"error": 2}),
        ("no tests ran in 0.10s", {}),
    ],
)  # fmt: skip
def test_what_pytest_counted(last, expected):
    assert sessions.counted(f"9 passed\n{last}\n") == expected
    assert sessions.counted(last) == expected


@pytest.mark.parametrize(
    "arguments,expected",
    [
        ([], True),
        (["-k", "storage"], True),
        (["-x", "-p", "no:logging"], True),
        (["tests/unit"], False),
        (["-q", "tests/unit/test_lab_sessions.py::test_codes"], False),
    ],
)
def test_several_sessions_only_when_no_file_is_named(arguments, expected):
    assert sessions.all_wanted(arguments) is expected


@pytest.mark.parametrize(
    "arguments,expected",
    [
        ([], True),
        (["-k", "storage"], True),
        (["tests/unit", "-x"], False),
        (["tests/unit/test_lab_sessions.py::test_codes"], False),
        (["tests/unit", "tests/functional"], True),
        (["tests"], True),
    ],
)
def test_unit_tests_need_no_images(arguments, expected):
    assert sessions.images_wanted(arguments) is expected


@pytest.mark.parametrize(
    "codes,expected",
    [((0, 0), 0), ((0, 1), 1), ((1, 0), 1), ((5, 0), 0), ((5, 1), 1), ((5, 5), 5), ((0, -15), 15)],
)
def test_codes(codes, expected):
    assert sessions.combined(*codes) == expected
