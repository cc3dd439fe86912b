"""What breaks or drifts: named when it cannot be mended, mended when it can."""

from __future__ import annotations

import time

import pytest

from tests.integration import site
from tests.integration.test_converge import written
from tests.lab import article
from tests.lab.standins import FAIL

HEALTHY = "The NFS service is healthy"


@pytest.fixture(scope="module")
def pair(make_module_pair):
    return make_module_pair("installed")


@pytest.fixture(autouse=True)
def right_pillar(master, pair):
    master.set_pillar(site.pillar(pair, {"timeouts": {"peer": 180, "storage": 60, "settle": 45}}))


def failed_states(returns):
    return {
        minion: {
            state["__id__"]: state["comment"]
            for state in states.values()
            if state["result"] is False
        }
        for minion, states in returns.items()
    }


def test_resource_that_does_not_start_fails_the_run_and_is_named(master, pair):
    for node in pair:
        node.put(f"{FAIL}/nfsserver.start", "1")
    returns = master.apply(pair)
    failed = "\n".join(article.failures(returns))
    assert "NFSService" in failed
    for node in pair:
        node.run(["rm", f"{FAIL}/nfsserver.start"])
    pair[0].run(["pcs", "resource", "cleanup"])
    site.assert_applied(master.apply(pair), pair)
    site.assert_serving(pair)


def test_link_that_is_cut_is_named_and_nothing_else_changes(master, pair):
    pair[0].cut_link("hb")
    try:
        returns = master.apply(pair)
    finally:
        pair[0].restore_link("hb")
    for name, failed in failed_states(returns).items():
        assert list(failed) == [HEALTHY], name
        assert "link 0" in failed[HEALTHY]
    assert site.changed(returns) == {name: [] for name in pair.names}
    site.assert_serving(pair)
    site.assert_applied(master.apply(pair), pair)


def test_peer_that_is_down_is_named_and_the_service_goes_on(master, pair):
    active = site.assert_serving(pair)
    passive = next(node for node in pair if node.name != active)
    passive.power_off()
    returns = master.apply([pair[active]])
    failed = failed_states(returns)[active]
    assert list(failed) == [HEALTHY]
    assert f"{passive.name} is offline" in failed[HEALTHY]
    assert site.changed(returns) == {active: []}
    assert set(site.started(pair[active])) == set(article.RESOURCES)
    since = time.time()
    passive.start().wait_until_reachable()
    master.wait_for([passive], since)
    returns = master.apply(pair)
    site.assert_applied(returns, pair)
    assert site.changed_after_a_boot(returns) == {name: [] for name in pair.names}
    assert site.assert_serving(pair) == active


def test_drift_is_predicted_then_mended_and_what_others_made_stays(master, pair):
    active = pair[site.assert_serving(pair)]
    passive = next(node for node in pair if node is not active)
    active.run(["pcs", "resource", "update", "VIP", "cidr_netmask=25"])
    active.run(["pcs", "resource", "create", "Mine", "ocf:pacemaker:Dummy"])
    passive.run(["firewall-cmd", "-q", "--remove-service=nfs"])
    passive.run(["sh", "-c", "echo '/srv *(ro)' >>/etc/exports"])
    passive.run(["chmod", "0700", "/nfsdata"])
    before = written(pair)
    configuration = active.run(["cibadmin", "--query", "--scope", "configuration"]).stdout

    predicted = master.apply(pair, test=True)
    assert written(pair) == before
    assert active.run(["cibadmin", "--query", "--scope", "configuration"]).stdout == configuration

    returns = master.apply(pair)
    site.assert_applied(returns, pair)
    expected = {
        "Cluster traffic and NFS pass the firewall",
        "The machine exports nothing by itself",
        "The mount point exists",
    }
    assert expected <= set(site.changed(returns)[passive.name])
    for name, ids in site.changed(returns).items():
        assert set(ids) <= set(site.changed(predicted)[name]), "nothing was done unannounced"
    assert "Mine" in site.comments(returns)
    assert "Mine" in site.started(active)
    assert passive.run(["stat", "-c", "%a", "/nfsdata"]).stdout == "755\n"
    vip = active.run(["pcs", "resource", "config", "VIP"]).stdout
    assert "cidr_netmask=24" in vip
    again = master.apply(pair)
    assert site.changed(again) == {name: [] for name in pair.names}


def test_right_file_system_mounted_by_hand_is_left_and_named(master, make_pair):
    pair = make_pair("installed", names=("nfs-server3", "nfs-server4"))
    first = pair[0]
    first.run(["mkfs.xfs", "-q", "/dev/vdb"])
    first.run(["mkdir", "/nfsdata"])
    first.run(["mount", "/dev/vdb", "/nfsdata"])
    change = {
        "timeouts": {"peer": 15, "storage": 10, "settle": 30},
        "address:ip": "192.168.16.104",
    }
    master.set_pillar(site.pillar(pair, change))
    returns = master.apply([first])
    failed = "\n".join(article.failures(returns))
    assert "/nfsdata" in failed and "mounted" in failed
    assert first.run(["findmnt", "-n", "/nfsdata"]).stdout
    conf = first.run(["cat", "/etc/corosync/corosync.conf"], check=False).stdout
    assert "nfs-server-cluster" not in conf
