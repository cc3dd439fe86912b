"""Many sites under one master: one command, each pair its own cluster, a broken one fails alone."""

from __future__ import annotations

import copy

import pytest

from tests.integration import site
from tests.lab import article

SOUTH = {"cluster:name": "south", "address:ip": "192.168.16.102"}


@pytest.fixture
def pairs(make_pair):
    north = make_pair("installed")
    south = make_pair("installed", names=("nfs-server3", "nfs-server4"))
    return north, south


def test_two_sites_one_command_and_a_broken_one_fails_alone(master, pairs):
    north, south = pairs
    sites = {"north": site.of(north), "south": site.of(south, SOUTH)}
    master.set_pillar({"*": {"hanfs": {"sites": sites}}})
    returns = master.apply([*north, *south])
    assert article.failures(returns) == []
    assert set(returns) == {*north.names, *south.names}
    for pair, address in ((north, "192.168.16.100"), (south, "192.168.16.102")):
        active = site.assert_serving(pair)
        assert active in pair.names
        assert address in pair[active].run(["ip", "-o", "address"]).stdout

    again = master.apply([*north, *south])
    assert article.failures(again) == []
    assert not any(site.changed(again).values())

    broken = copy.deepcopy(sites)
    broken["south"]["cluster"]["nodes"] = dict.fromkeys(south.names, "no list")
    broken["south"]["exprots"] = broken["south"].pop("exports")
    master.set_pillar({"*": {"hanfs": {"sites": broken}}})
    returns = master.apply([*north, *south])
    assert article.failures({name: returns[name] for name in north.names}) == []
    for name in south.names:
        failed = "\n".join(article.failures({name: returns[name]}))
        assert "hanfs:sites:south:exprots" in failed
        assert "hanfs:sites:south:cluster:nodes" in failed
        assert not site.changed(returns)[name]
    site.assert_serving(south)


def test_minion_of_no_site_fails_and_says_so(master, make_pair):
    pair = make_pair("bare", minion=True)
    sites = {"north": site.of(pair)}
    sites["north"]["cluster"]["nodes"] = {
        "nfs-server5": ["10.10.10.31", "192.168.16.31"],
        "nfs-server6": ["10.10.10.32", "192.168.16.32"],
    }
    master.set_pillar({"*": {"hanfs": {"sites": sites}}})
    returns = master.apply(pair)
    for name in pair.names:
        failed = "\n".join(article.failures({name: returns[name]}))
        assert f"No site in pillar names this machine ({name})" in failed
    site.assert_nothing_changed(returns)
