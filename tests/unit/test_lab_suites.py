"""What goes into the root file systems of the other Debian releases."""

from __future__ import annotations

from tests.lab import paths, suites
from tests.support.cluster_tools import ROOTS


def test_salt_of_the_oldest_python_is_all_pinned():
    requirements = suites._requirements("bullseye")
    assert f"salt=={paths.SALTS['3006']}" in requirements
    assert all(line.count("==") == 1 and " " not in line for line in requirements)


def test_wheels_for_a_newer_c_library_stay_out():
    platforms = suites._platforms("2.31")
    assert platforms[0] == "manylinux_2_31_x86_64"
    assert "manylinux2014_x86_64" in platforms and "manylinux_2_34_x86_64" not in platforms


def test_every_version_of_pcs_has_a_root():
    assert set(suites.SUITES) | {"installed"} == set(ROOTS.values())
