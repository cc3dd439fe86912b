"""For all tests: numbers that a reader of the log wants, and no skip that hides a gap.

A test notes what it measured with the fixture ``note``; the summary shows it. Inside a
lab everything that a test needs is there, so a skipped test fails the session, unless
its reason begins with "by design: ".

Tests marked ``repeated`` run with ``--all`` alone: what they would find, another test of the
same session finds as well, on another version or in an earlier round.
"""

from __future__ import annotations

import pytest

from tests.lab import enter
from tests.support import salt_modules  # noqa: F401  (the library is importable from now on)

_NOTES = pytest.StashKey[list]()
BY_DESIGN = "by design: "


def pytest_addoption(parser):
    parser.addoption("--all", action="store_true", help="also the tests marked repeated")


def pytest_configure(config):
    config.stash[_NOTES] = []
    config.addinivalue_line("markers", "repeated: the same once more; with --all alone")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--all"):
        return
    left = [item for item in items if item.get_closest_marker("repeated")]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]


@pytest.fixture
def note(request):
    """``note("text")``: a line for the summary at the end of the session."""
    name = request.node.nodeid.split("::", 1)[-1]
    return lambda text: request.config.stash[_NOTES].append(f"{name}: {text}")


def _gaps(session):
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    reasons = [str(report.longrepr[-1]).replace("Skipped: ", "", 1) for report in skipped]
    return [reason for reason in reasons if not reason.startswith(BY_DESIGN)]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session, exitstatus):
    if enter.inside() and exitstatus == 0 and _gaps(session):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config):
    if config.stash[_NOTES]:
        terminalreporter.section("measured")
        for line in config.stash[_NOTES]:
            terminalreporter.write_line(line)
    gaps = _gaps(terminalreporter._session) if enter.inside() else []
    if gaps:
        terminalreporter.section("skipped although this is a lab: a failure")
        for reason in sorted(set(gaps)):
            terminalreporter.write_line(reason)
