"""Drills as files on the master: what is written is what is read; what is wrong is told."""

from __future__ import annotations

import copy
import json
import os
import stat

import pytest

from tests.support.fleet import RELEASE  # noqa: F401  (the runner's files on the path)

import _hanfs_fleet_drills as drills  # isort: skip
import _hanfs_fleet_files as files  # isort: skip

WRITER = {
    "name": "append",
    "stalls": [[10.1, 6.2]],
    "longest": 6.2,
    "median": 6.2,
    "acknowledged": 5120,
    "errors": 0,
    "lost": 0,
    "latencies": [[0.0, 3], [10.1, 6200.5], [20, None]],
}
DRILL = {
    "version": 1,
    "id": "20261130010203123456",
    "site": "athens",
    "kind": "move",
    "begun": "2026-11-30T01:02:03Z",
    "ended": "2026-11-30T01:03:10Z",
    "fault": 10.0,
    "verdict": "passed",
    "problems": [],
    "writers": [WRITER],
    "parts": [{"name": "stop", "seconds": 1.9}],
}


def changed(path, value):
    made = copy.deepcopy(DRILL)
    at = made
    for word in path[:-1]:
        at = at[word]
    at[path[-1]] = value
    return made


def test_a_drill_is_read_as_it_was_written_the_newest_first(tmp_path):
    older = {**DRILL, "id": "a", "begun": "2026-11-29T01:02:03Z", "more": "is kept"}
    for one in (older, DRILL):
        drills.keep(str(tmp_path), one)
    assert drills.kept(str(tmp_path)) == ([DRILL, older], [])
    path = tmp_path / "hanfs" / "drills" / "a.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert stat.S_IMODE(path.parent.stat().st_mode) & 0o007 == 0


def test_no_drill_yet(tmp_path):
    assert drills.kept(str(tmp_path)) == ([], [])


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["version"], 2),
        (["version"], True),
        (["id"], "../x"),
        (["id"], ""),
        (["site"], ""),
        (["site"], ["athens"]),
        (["kind"], "fire"),
        (["kind"], ["move"]),
        (["verdict"], "good"),
        (["begun"], "2026-11-30 01:02:03"),
        (["begun"], "2026-11-30T01:02:60Z"),
        (["ended"], "2026-11-29T01:02:03Z"),
        (["ended"], 1),
        (["fault"], -1),
        (["fault"], float("nan")),
        (["problems"], "none"),
        (["writers"], {}),
        (["writers"], [WRITER] * 17),
        (["writers", 0], 1),
        (["writers", 0, "name"], 1),
        (["writers", 0, "longest"], True),
        (["writers", 0, "median"], float("inf")),
        (["writers", 0, "errors"], 0.5),
        (["writers", 0, "lost"], -1),
        (["writers", 0, "acknowledged"], None),
        (["writers", 0, "stalls"], [[1]]),
        (["writers", 0, "stalls"], [[1, None]]),
        (["writers", 0, "latencies"], [[1, "2"]]),
        (["writers", 0, "latencies"], [[1, 1]] * (drills.POINTS + 1)),
        (["parts"], None),
        (["parts", 0, "seconds"], 90_000),
        (["parts", 0, "name"], ""),
    ],
)
def test_what_is_wrong_is_told_by_its_place_and_not_written(tmp_path, path, value):
    wrong = drills.problems(changed(path, value))
    assert wrong and str(path[0]) in wrong[0]
    with pytest.raises(ValueError):
        drills.keep(str(tmp_path), changed(path, value))
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_wrong_hides_no_other(tmp_path):
    drills.keep(str(tmp_path), DRILL)
    where = tmp_path / "hanfs" / "drills"
    (where / "bytes.json").write_bytes(b"\xff\xfe\0")
    (where / "deep.json").write_text("[" * 100_000)
    (where / "list.json").write_text("[]")
    (where / "long.json").write_bytes(b" " * (drills.BYTES + 1))
    (where / "nan.json").write_text(json.dumps(changed(["fault"], float("nan"))))
    (where / "other.json").write_text(json.dumps(DRILL))
    (where / "empty.json").mkdir()
    found, wrong = drills.kept(str(tmp_path))
    assert found == [DRILL]
    assert [one.split(":")[0] for one in wrong] == [
        "bytes.json", "deep.json", "empty.json", "list.json", "long.json", "nan.json", "other.json",
    ]  # fmt: skip


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "page"
    files.write(str(path), b"old")

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError):
        files.write(str(path), b"new")
    assert path.read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir()] == ["page"]


def test_a_link_in_place_of_the_file_leads_nowhere(tmp_path):
    (tmp_path / "target").write_bytes(b"precious")
    (tmp_path / "page").symlink_to(tmp_path / "target")
    files.write(str(tmp_path / "page"), b"new")
    assert (tmp_path / "target").read_bytes() == b"precious"
    assert (tmp_path / "page").read_bytes() == b"new"
