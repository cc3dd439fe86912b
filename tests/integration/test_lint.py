"""hanfs.lint and the two steps of a run that use it, on a pair that serves."""

from __future__ import annotations

import pytest

from tests.integration import site

LINTED, AGREED = "Nothing about the site is dangerous", "The nodes agree with each other"


@pytest.fixture(scope="module")
def pair(make_module_pair, master):
    made = make_module_pair("installed")
    master.set_pillar(site.pillar(made))
    site.assert_applied(master.apply(made), made)
    return made


@pytest.fixture(autouse=True)
def right_pillar(master, pair):
    master.set_pillar(site.pillar(pair))


def state(returns, node, name):
    return next(one for one in returns[node.name].values() if one["__id__"] == name)


def published(node):
    """What every node has published, as the cluster on ``node`` has it."""
    words = node.run(["attrd_updater", "--query", "--all", "--name", "hanfs-facts"]).stdout
    return [line for line in words.splitlines() if "kernel=" in line]


def lint(master, pair):
    found = master.salt(pair, "hanfs.lint")
    assert set(found) == set(pair.names)
    return {name: {one["code"]: one for one in findings} for name, findings in found.items()}


def test_every_node_has_told_its_peers(pair):
    for node in pair:
        assert len(published(node)) == len(pair.names)


def test_a_second_run_has_nothing_to_tell(master, pair, note):
    returns = master.apply(pair)
    site.assert_applied(returns, pair)
    site.assert_nothing_changed(returns)
    for name in (LINTED, AGREED):
        note(f"ms for '{name}': {[state(returns, node, name)['duration'] for node in pair]}")


def test_lint_from_the_master(master, pair):
    for findings in lint(master, pair).values():
        assert findings["HANFS601"]["severity"] == "warning"
        assert "HANFS504" in findings, "the walkthrough's own weakness"
        assert not [one for one in findings.values() if one["severity"] == "error"]
        assert not [code for code in findings if code.startswith("HANFS7") and code != "HANFS707"]
        assert site.PASSWORD not in str(findings)


def test_an_error_stops_the_run_before_anything_is_touched(master, pair):
    node = pair[0]
    node.run(["mkdir", "-p", "/etc/exports.d"])
    node.put("/etc/exports.d/old.exports", "/nfsdata *(rw)\n")
    node.run(["rm", "/etc/exports"])
    try:
        returns = master.apply(pair)
        stopped = state(returns, node, LINTED)
        assert stopped["result"] is False and "HANFS502" in stopped["comment"]
        assert node.run(["ls", "/etc/exports"], check=False).returncode != 0
        assert state(returns, node, site.CONFIGURED)["result"] is False
        accept = {"lint": {"accept": {"HANFS502": "this is a test"}}}
        master.set_pillar(site.pillar(pair, accept))
        returns = master.apply(pair)
        site.assert_applied(returns, pair)
        assert "this is a test" in state(returns, node, LINTED)["comment"]
    finally:
        node.run(["rm", "/etc/exports.d/old.exports"])
    site.assert_serving(pair)


def test_a_cloned_node_stops_the_run_and_is_seen_by_both(master, pair):
    own = pair[1].run(["cat", "/etc/machine-id"]).stdout
    pair[1].put("/etc/machine-id", pair[0].run(["cat", "/etc/machine-id"]).stdout)
    try:
        returns = master.apply([pair[1]])
        stopped = state(returns, pair[1], AGREED)
        assert stopped["result"] is False and "HANFS704" in stopped["comment"]
        assert state(returns, pair[1], site.CONFIGURED)["result"] is False
        assert all("HANFS704" in findings for findings in lint(master, pair).values())
    finally:
        pair[1].put("/etc/machine-id", own)
    master.apply([pair[1]])
    site.assert_applied(master.apply(pair), pair)
    assert not any("HANFS704" in findings for findings in lint(master, pair).values())


def test_other_settings_on_a_peer_are_a_warning(master, pair):
    pair[1].run(["mkdir", "-p", "/etc/nfs.conf.d"])
    pair[1].put("/etc/nfs.conf.d/zz.conf", "[nfsd]\nlease-time = 20\n")
    try:
        returns = master.apply(pair)
        site.assert_applied(returns, pair)
        returns = master.apply(pair)
        for node in pair:
            assert "HANFS708" in state(returns, node, AGREED)["comment"]
        assert "HANFS515" in lint(master, pair)[pair[1].name]
    finally:
        pair[1].run(["rm", "/etc/nfs.conf.d/zz.conf"])
