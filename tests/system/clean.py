"""What the tests on machines ask of a client that wrote while something happened."""

from __future__ import annotations


def crash(stage, timeout):
    """Cut the active node's power while the client writes; return what it saw of it.

    Over when the service runs elsewhere and every writer writes again.
    """
    home = stage.service.active_node()
    with stage.writers() as writers:
        writers.wait_until_writing()
        stage.service.nodes[home].power_off()
        stage.service.wait_until_off(home, timeout)
        writers.wait_until_writing()
    return stage.checked(writers.report)


def assert_clean(report):
    """No writer saw an error, and every acknowledged write is there."""
    assert report["errors"] == 0
    assert report["hanging"] == 0
    assert report["lost"] == 0
    assert report["acknowledged"] > 0


def shown(report):
    """What of a report a reader of the log wants."""
    return {key: report[key] for key in ("longest_s", "errors", "lost", "acknowledged")}
