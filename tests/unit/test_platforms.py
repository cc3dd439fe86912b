"""What the formula does on each operating system is what stands in golden/platforms."""

from __future__ import annotations

import difflib

import pytest

from tests.support import platforms, rendering


@pytest.mark.parametrize("system", rendering.systems())
def test_the_platform_is_as_recorded(system):
    recorded = platforms.GOLDEN / f"{system}.yaml"
    old = recorded.read_text() if recorded.exists() else ""
    new = platforms.describe(system)
    difference = difflib.unified_diff(
        old.splitlines(), new.splitlines(), str(recorded.name), "now", lineterm="", n=2
    )
    assert old == new, "\n".join([*difference, f"if that is right: {COMMAND}"])


COMMAND = "python3 -m tests.support.platforms, with the Python of the tests"


def test_no_file_of_a_system_that_is_not_recorded_any_more():
    files = {path.stem for path in platforms.GOLDEN.glob("*.yaml")}
    assert files == set(rendering.systems())
