"""A root file system of Debian testing: a warning of what comes, and no platform of the formula.

It is made like those of ``suites``, from what Debian has at that hour, so it can fail on any day by
nobody's doing here. Hence it is built for the tests that ask for it alone, and when that does not
work it is they that say so, not the lab.
"""

from __future__ import annotations

import functools

from tests.lab import packages, suites
from tests.lab.debian import BASE_PACKAGES, DPKG_OPTIONS, recipe, run_logged
from tests.lab.progress import say
from tests.lab.sources import sources_of_another

SUITE = "testing"
# The release whose packages and names are taken for its own, until it has a number.
LIKE = "13"
# nftables is on every Debian that the installer made: portblock prefers its command to iptables.
MORE = ("fence-agents-mpath", "nftables")


@functools.cache
def recipe_of():
    """A short hash of what decides what is in it, but for Debian itself."""
    return recipe(
        *(SUITE, suites.recipe_of("trixie")),
        *_wanted(),
        *sources_of_another(SUITE, suites.MACHINE_SUITE),
    )


def build(work):
    """Build it in the directory ``work``, with Salt on its own Python."""
    tree = work / "root"
    say("building the root file system of Debian testing")
    command = ["mmdebstrap", "--mode=root", "--variant=minbase", "--quiet"]
    command += [f"--dpkgopt={option}" for option in DPKG_OPTIONS]
    # Testing's list of packages is valid for a week, and a mirror may be an older copy.
    command += ["--aptopt=Acquire::Check-Valid-Until false"]
    command += [f"--include={','.join(_wanted())}", SUITE, str(tree)]
    run_logged([*command, *sources_of_another(SUITE, suites.MACHINE_SUITE)], work)
    suites._settle_in(tree)
    suites._add_salt(tree, work, suites._requirements("trixie"))


def _wanted():
    formula = packages.formula_packages(LIKE)
    return list(dict.fromkeys([*BASE_PACKAGES, *packages.EXTRA, *MORE, *formula]))
