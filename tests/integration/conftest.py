"""Fixtures: containers, pairs of them, and a Salt master that they obey.

``python3 -m tests.lab test tests/integration`` runs these tests; elsewhere they are skipped.
"""

from __future__ import annotations

import logging

import pytest

from tests.integration.pairs import pairs
from tests.integration.salt_master import SaltMaster, overrides
from tests.lab import enter, network, paths

# Salt and its factories still log when pytest has closed the streams.
logging.raiseExceptions = False


def pytest_collection_modifyitems(items):
    if enter.inside():
        return
    skip = pytest.mark.skip(reason="needs a lab: python3 -m tests.lab test")
    for item in items:
        if item.path.is_relative_to(paths.REPO / "tests" / "integration"):
            item.add_marker(skip)


# Ends with this package: the system tests have a master of their own at the same address.
@pytest.fixture(scope="package")
def master(salt_factories):
    """A salt-master of pytest-salt-factories on the lab's network, as a ``SaltMaster``."""
    network.ensure_bridges()
    directory = paths.SCRATCH / "master"
    directory.mkdir()
    daemon = salt_factories.salt_master_daemon(
        "lab-master", overrides=overrides(directory, network.MASTER)
    )
    with daemon.started(start_timeout=120):
        yield SaltMaster(daemon, directory / "pillar")


@pytest.fixture
def make_pair(master):
    """Make a fresh pair: ``make_pair(kind, names, minion)``; removed after the test."""
    with pairs(master) as make:
        yield make


@pytest.fixture(scope="module")
def make_module_pair(master):
    """The same for a pair that all tests of a module share."""
    with pairs(master) as make:
        yield make


@pytest.fixture
def pair(make_pair):
    """A fresh pair with the formula's packages installed, and minions."""
    return make_pair("installed")


@pytest.fixture
def bare_pair(make_pair):
    """A fresh pair on which nothing of a cluster is installed, with minions."""
    return make_pair("bare")
