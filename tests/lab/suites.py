"""Root file systems of Debian 11 and 13: pcs 0.10 and 0.12 beside the 0.11 of Debian 12.

Tests of tools enter them with chroot, tests of clusters boot them as containers. Each has all that
the formula installs there, and a Salt minion on the Python of its own: the LTS release on Debian
11, the newest on Debian 13.
"""

from __future__ import annotations

import functools
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from tests.lab import packages, paths
from tests.lab.debian import (
    BASE_PACKAGES,
    DPKG_OPTIONS,
    MASKED_UNITS,
    minion_unit,
    recipe,
    run_logged,
)
from tests.lab.progress import say
from tests.lab.sources import sources_of_another

MACHINE_SUITE = "bookworm"
SALT = "/opt/salt"

SCRIPT = """\
#!{salt}/bin/python3
import sys

from salt.scripts import {function}

sys.exit({function}())
"""

# The version of Python and of the C library, which decide what wheels fit.
ASK = "import os, platform as p; print(p.python_version(), os.confstr('CS_GNU_LIBC_VERSION'))"


class Suite(NamedTuple):
    """What a release has of its own: its number, where Salt's requirements stand, and packages of
    fence agents that others have with the rest."""

    release: str
    requirements: Path | None = None
    agents: tuple[str, ...] = ()


SUITES = {
    "bullseye": Suite("11", paths.REPO / "tests" / "constraints-debian-11.txt"),
    "trixie": Suite("13", agents=("fence-agents-mpath",)),
}
# A C extension without wheels; Salt does without it.
WITHOUT = ("timelib",)


@functools.cache
def recipe_of(name):
    """A short hash of everything that decides what is in the root of the suite ``name``."""
    return recipe(
        Path(__file__).read_text(),
        *(BASE_PACKAGES + DPKG_OPTIONS + MASKED_UNITS + packages.EXTRA),
        *packages.formula_packages(SUITES[name].release),
        *sources_of_another(name, MACHINE_SUITE),
        (SUITES[name].requirements or paths.CONSTRAINTS).read_text(),
        paths.SALT_VERSION,
    )


def builder(name):
    """A function that builds the suite ``name`` in the directory that it is given."""
    return lambda work: _build(name, work)


def _build(name, work):
    tree = work / "root"
    wanted = [*BASE_PACKAGES, *packages.EXTRA, *SUITES[name].agents]
    wanted += packages.formula_packages(SUITES[name].release)
    say(f"building the root file system '{name}'")
    command = ["mmdebstrap", "--mode=root", "--variant=minbase", "--quiet"]
    command += [f"--dpkgopt={option}" for option in DPKG_OPTIONS]
    command += [f"--include={','.join(wanted)}", name, str(tree)]
    run_logged([*command, *sources_of_another(name, MACHINE_SUITE)], work)
    _settle_in(tree)
    _add_salt(tree, work, _requirements(name))


def _settle_in(tree):
    (tree / "etc/resolv.conf").write_text("")
    (tree / "etc/machine-id").write_text("uninitialized\n")
    units = tree / "etc/systemd/system"
    for unit in MASKED_UNITS:
        (units / unit).unlink(missing_ok=True)
        (units / unit).symlink_to("/dev/null")
    (units / "salt-minion.service").write_text(minion_unit(SALT))
    (tree / "etc/salt").mkdir()


def _requirements(name):
    """Every package with its version: none of them is left to be resolved."""
    given = SUITES[name].requirements
    if given:
        lines = given.read_text().splitlines()
    else:
        pip = str(paths.SALT_VENV / "bin" / "pip")
        lines = subprocess.check_output([pip, "freeze"], text=True).splitlines()
    return [line for line in lines if "==" in line and line.split("==")[0] not in WITHOUT]


def _add_salt(tree, work, requirements):
    """Fill an environment for the root's Python with the machine's pip.

    So the root needs neither a network nor pip's settings of the machine.
    """
    enter = ["chroot", str(tree)]
    run_logged([*enter, "python3", "-m", "venv", "--without-pip", SALT], work)
    version, _, libc = subprocess.check_output([*enter, "python3", "-c", ASK], text=True).split()
    pip = [str(paths.SALT_VENV / "bin" / "pip"), "--disable-pip-version-check"]
    salt = next(line for line in requirements if line.startswith("salt=="))
    wheels = work / "wheels"
    # Salt itself comes as source only; what is built of it is the same for every Python.
    run_logged([*pip, "wheel", "--no-deps", f"--wheel-dir={wheels}", salt], work)
    packages_ = next((tree / SALT[1:] / "lib").glob("python3*")) / "site-packages"
    install = ["install", "--no-deps", "--no-compile", "--only-binary=:all:"]
    install += [f"--target={packages_}", f"--find-links={wheels}", f"--python-version={version}"]
    install += [f"--platform={tag}" for tag in _platforms(libc)]
    run_logged([*pip, *install, *requirements], work)
    shutil.rmtree(wheels)
    compile_ = [f"{SALT}/bin/python3", "-m", "compileall", "-q", f"{SALT}/lib"]
    run_logged([*enter, *compile_], work)
    for program in ("salt-call", "salt-minion"):
        script = tree / SALT[1:] / "bin" / program
        script.write_text(SCRIPT.format(salt=SALT, function=program.replace("-", "_")))
        script.chmod(0o755)
        (tree / "usr/local/bin" / program).symlink_to(f"{SALT}/bin/{program}")


def _platforms(libc):
    """Tags of the wheels that run with that version of the C library, the newest first."""
    minor = int(libc.split(".")[1])
    names = [f"manylinux_2_{number}" for number in range(minor, 4, -1)]
    return [f"{name}_x86_64" for name in [*names, "manylinux2014", "manylinux2010", "manylinux1"]]
