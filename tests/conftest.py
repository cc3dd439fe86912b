"""For all tests: numbers that a reader of the log wants, and no skip that hides a gap.

A test notes what it measured with the fixture ``note``; the summary shows it. Inside a
lab everything that a test needs is there, so a skipped test fails the session, unless
its reason begins with "by design: ".

Tests marked ``repeated`` run with ``--all`` alone: what they would find, another test of the
same session finds as well, on another version or in an earlier round.

Tests marked ``canary`` run on Debian testing, which is not supported and changes every day. With
``--all`` those that fail are told at the end and fail nothing; ``--canary`` runs them alone, and
what fails, fails.
"""

from __future__ import annotations

import pytest

from tests.lab import enter
from tests.support import salt_modules  # noqa: F401  (the library is importable from now on)

_NOTES = pytest.StashKey[list]()
BY_DESIGN = "by design: "
WARNING = "Debian testing, not supported: a warning of what comes"


def pytest_addoption(parser):
    parser.addoption("--all", action="store_true", help="also the tests marked repeated")
    parser.addoption("--canary", action="store_true", help="only the tests on Debian testing")


def pytest_configure(config):
    config.stash[_NOTES] = []
    config.addinivalue_line("markers", "repeated: the same once more; with --all alone")
    config.addinivalue_line("markers", "canary: on Debian testing; a warning, no failure")


def pytest_collection_modifyitems(config, items):
    left = [item for item in items if not _selected(config, item)]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]
    if not config.getoption("--canary"):
        for item in filter(_on_testing, items):
            item.add_marker(pytest.mark.xfail(reason=WARNING))


def _on_testing(item):
    return item.get_closest_marker("canary") is not None


def _selected(config, item):
    if config.getoption("--canary"):
        return _on_testing(item)
    further = _on_testing(item) or item.get_closest_marker("repeated")
    return config.getoption("--all") or not further


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
    warnings = [one for one in terminalreporter.getreports("xfailed") if "canary" in one.keywords]
    if warnings:
        terminalreporter.section("Debian testing: what comes, no failure of today")
        for report in warnings:
            terminalreporter.write_line(f"{report.nodeid} ({report.when})")
            terminalreporter.write_line(report.longreprtext)
    gaps = _gaps(terminalreporter._session) if enter.inside() else []
    if gaps:
        terminalreporter.section("skipped although this is a lab: a failure")
        for reason in sorted(set(gaps)):
            terminalreporter.write_line(reason)
