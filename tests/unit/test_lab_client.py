"""The client's report: from the writers' logs to stalls, errors and lost lines."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab import client


def turns(*ended):
    """Turns 1, 2, ... that took so many seconds with that errno, ten seconds apart."""
    return {
        number: {"start": 1000.0 + 10 * number, "seconds": seconds, "errno": code}
        for number, (seconds, code) in enumerate(ended, 1)
    }


def test_a_log_tells_turns_that_ended_from_one_that_did_not():
    log = ["1 1000.000", "1 1000.000 0.031 0", "2 1000.300", "2 1000.300 7.700 5", "3 1008.500"]
    assert client.read_log(log) == {
        1: {"start": 1000.0, "seconds": 0.031, "errno": 0},
        2: {"start": 1000.3, "seconds": 7.7, "errno": 5},
        3: {"start": 1008.5, "seconds": None, "errno": None},
    }


@pytest.mark.parametrize(
    "numbers, expected",
    [([], []), ([4], [[4, 4]]), ([1, 2, 3, 7, 9, 10], [[1, 3], [7, 7], [9, 10]])],
)
def test_ranges(numbers, expected):
    assert client.ranges(numbers) == expected


def test_the_longest_stall_comes_with_its_start():
    report = client.summarise(turns((0.03, 0), (7.7, 0), (0.01, 0)), now=2000)
    assert (report["longest_s"], report["longest_start"]) == (7.7, 1020.0)
    assert (report["turns"], report["errors"], report["hanging"]) == (3, 0, 0)


def test_stalls_are_the_turns_that_took_long():
    report = client.summarise(turns((0.03, 0), (7.7, 0), (0.9, 0), (1.5, 0)), now=2000)
    assert report["stalls"] == [(1020.0, 7.7), (1040.0, 1.5)]


def test_a_turn_that_hangs_is_a_stall_and_not_acknowledged():
    report = client.summarise(turns((0.03, 0), (None, None)), now=1100, text="1\n")
    assert (report["longest_s"], report["hanging"]) == (80.0, 1)
    assert (report["acknowledged"], report["lost"]) == ([[1, 1]], 0)


def test_an_error_is_counted_by_its_name_and_acknowledges_nothing():
    report = client.summarise(turns((0.1, 0), (0.1, errno.EIO), (0.1, 0)), now=2000, text="1\n3\n")
    assert (report["errors"], report["lost"]) == (1, 0)
    assert report["errnos"] == {"Input/output error": 1}
    assert report["acknowledged"] == [[1, 1], [3, 3]]


def test_an_acknowledged_line_that_is_not_there_is_lost():
    report = client.summarise(turns((0.1, 0), (0.1, 0), (0.1, 0)), now=2000, text="1\n13\n")
    assert report["lost"] == 2


def test_a_writer_that_never_had_a_turn_has_no_stall():
    assert client.summarise({}, now=2000)["longest_s"] == 0


def test_the_server_has_the_last_word_on_what_is_lost():
    writers = {
        "touch": client.summarise(turns((9.0, 0)), now=2000),
        "append": client.summarise(turns((0.1, 0), (0.1, 0)), now=2000, text="1\n2\n"),
    }
    report = client.overall(writers)
    assert (report["longest_s"], report["lost"], report["acknowledged"]) == (9.0, 0, 3)
    assert client.check_server_side(report, {"append": "1\n"})["lost"] == 1


def test_progress_counts_only_turns_that_ended():
    logs = {"touch": turns((0.1, 0), (9.0, errno.EIO)), "locked": turns((None, None)), "append": {}}
    begun = {"touch": 1020.0, "locked": 0, "append": 0}
    assert client.progress(logs, now=5.0) == {"now": 5.0, "begun": begun}


class Here:
    """A node that is this computer."""

    def __init__(self, directory):
        self.directory = directory

    def put(self, path, text):
        (self.directory / Path(path).name).write_text(text)

    def popen(self, argv, **streams):
        program = self.directory / Path(argv[1]).name
        return subprocess.Popen([sys.executable, program, *argv[2:]], text=True, **streams)


def test_the_writers_on_a_local_directory(tmp_path):
    with client.Writers(Here(tmp_path), tmp_path / "share") as writers:
        writers.wait_until_writing(timeout=20)
    report = writers.report
    assert (report["errors"], report["lost"], report["hanging"]) == (0, 0, 0)
    assert set(report["writers"]) == set(client.WRITERS)
    assert report["writers"]["locked"]["acknowledged"][0][0] == 1
    texts = {name: (tmp_path / "share/writers" / name).read_text() for name in ("append", "locked")}
    assert client.check_server_side(report, texts)["lost"] == 0
    assert client.check_server_side(report, {**texts, "locked": ""})["lost"] > 0
