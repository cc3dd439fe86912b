"""Both nodes at once, from a plain installation to a service, again and again."""

from __future__ import annotations

import pytest

from tests.integration import site
from tests.support.repeated import repeated

ROUNDS = 10


@pytest.mark.parametrize("number", repeated(range(1, ROUNDS + 1), unless=[1]))
def test_both_at_once_from_scratch(master, make_pair, number, note):
    pair = make_pair("installed")
    master.set_pillar(site.pillar(pair))
    returns = master.apply(pair)
    site.assert_applied(returns, pair)
    site.assert_serving(pair)
    made = [
        minion
        for minion, states in returns.items()
        for state in states.values()
        if "file system on /dev/vdb" in state["changes"]
    ]
    assert made == ["nfs-server1"]
    note(f"seconds in states: {site.seconds(returns)}")
