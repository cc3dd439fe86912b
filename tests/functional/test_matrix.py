"""Every kind of object x create, change, unset, reorder, remove x every version of pcs.

The cases are in ``matrix/cases_*.py``; what is asserted of every step is in ``matrix/walk.py``.
"""

import importlib
from pathlib import Path

import pytest

from tests.support.cluster_tools import for_version

pytest.register_assert_rewrite("tests.functional.matrix.walk")
FILES = sorted((Path(__file__).parent / "matrix").glob("cases_*.py"))


def collected():
    found = {}
    for path in FILES:
        cases = importlib.import_module(f"tests.functional.matrix.{path.stem}").CASES
        assert not set(found) & set(cases), f"{path.name}: a case of that name is elsewhere, too"
        found.update(cases)
    return found


CASES = collected()


def test_there_are_cases():
    assert FILES and CASES


@pytest.mark.parametrize(
    "version, name", [(version, name) for name in CASES for version in CASES[name].versions()]
)
def test_case(version, name, tmp_path, monkeypatch):
    from tests.functional.matrix.walk import Walk

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    walk = Walk(for_version(version, tmp_path), CASES[name])
    for step in CASES[name].steps:
        if step == "remove":
            walk.read_by_pcs()  # once a case: it takes a second
        walk.step(step)
