"""All tests run, in one session or the other, and no failure gets lost between them."""

from __future__ import annotations

import pytest

from tests.lab import paths, sessions


def test_every_directory_with_tests_is_in_one_session():
    directories = {path.parent for path in (paths.REPO / "tests").rglob("test_*.py")}
    found = sorted(str(path.relative_to(paths.REPO)) for path in directories)
    wanted = [path for words in sessions.SESSIONS.values() for path in words]
    assert found == sorted(path for path in wanted if (paths.REPO / path).is_dir())


def test_a_file_that_moves_is_there_and_leaves_its_session():
    for file in sessions.MOVED:
        assert (paths.REPO / file).is_file()
        homes = [name for name, words in sessions.SESSIONS.items() if file in words]
        assert homes == ["unit and functional"]
        assert f"--ignore={file}" in sessions.SESSIONS["clusters"]


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
