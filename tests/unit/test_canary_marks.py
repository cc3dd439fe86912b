"""What fails on Debian testing is told apart: by ``make test-all``, and by ``make canary``."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.lab import paths

TESTS = """\
import pytest

@pytest.fixture
def broken():
    raise OSError("no such root")

@pytest.mark.canary
def test_testing():
    assert False, "what comes"

@pytest.mark.canary
def test_testing_without_a_root(broken):
    pass

def test_today():
    pass
"""
CASES = {
    "make test": ([], 0, "1 passed, 2 deselected", ()),
    "make test-all": (["--all"], 0, "1 passed, 2 xfailed", ("what comes", "no such root")),
    "make canary": (["--canary"], 1, "1 failed, 1 deselected, 1 error", ("what comes",)),
}


@pytest.mark.parametrize("case", CASES)
def test_who_is_told_what(tmp_path, case):
    arguments, code, counts, told = CASES[case]
    file = tmp_path / "test_it.py"
    file.write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "-c", "/dev/null", f"--rootdir={tmp_path}", str(file), *arguments],
        cwd=paths.REPO,
        capture_output=True,
        text=True,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert counts in done.stdout.splitlines()[-1], done.stdout
    assert all(text in done.stdout for text in told), done.stdout
    assert ("Debian testing: what comes" in done.stdout) == (case == "make test-all")
