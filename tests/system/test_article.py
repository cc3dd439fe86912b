"""The article, end to end, on machines: real LVM, XFS, nfsd and locks, and a client that writes."""

from __future__ import annotations

import pytest

from tests.integration import site
from tests.lab import article, enter
from tests.lab.stage import Stage
from tests.system import clean

PASSWORD = "correct-horse-battery"

pytestmark = [
    pytest.mark.skipif(not enter.inside(), reason="needs a lab: make test"),
    pytest.mark.timeout(1800),
]


@pytest.fixture(scope="module")
def stage(whole_kernel):
    with Stage(article, PASSWORD) as made:
        yield made


def one_line(node, *argv):
    return node.run(list(argv)).stdout.strip()


def test_two_bare_machines_become_a_service(stage, note):
    returns = stage.apply()
    assert article.failures(returns) == []
    note(f"seconds in states: {site.seconds(returns)}")
    assert set(stage.service.placement()) == set(article.RESOURCES)
    assert len(set(stage.service.placement().values())) == 1
    made = [
        minion
        for minion, states in returns.items()
        for state in states.values()
        if "volume group NFS_SHARED" in state["changes"]
    ]
    assert made == ["nfs-server1"]


def test_the_shared_disk_is_seen_by_both_and_mounted_by_one(stage):
    device = "/dev/mapper/NFS_SHARED-NFS_LVM"
    for server in stage.servers:
        assert one_line(server, "vgs", "--noheadings", "-o", "vg_name") == "NFS_SHARED"
        assert one_line(server, "lvs", "--noheadings", "-o", "lv_name") == "NFS_LVM"
        assert one_line(server, "blkid", "-o", "value", "-s", "TYPE", device) == "xfs"
        mounted = server.run(["findmnt", "-n", "/nfsdata"], check=False).returncode == 0
        assert mounted == (server.name == stage.service.active_node())


def test_nfs_runs_where_the_cluster_says_and_nowhere_else(stage):
    for server in stage.servers:
        enabled = server.run(["systemctl", "is-enabled", "nfs-server"], check=False).stdout
        assert enabled == "disabled\n"
        active = server.run(["systemctl", "is-active", "nfs-server"], check=False).stdout
        assert (active == "active\n") == (server.name == stage.service.active_node())


def test_the_firewall_lets_the_site_through_and_nothing_else(stage):
    for server in stage.servers:
        clean.assert_filters(server, stage.client)


def test_the_same_again_changes_nothing(stage, note):
    returns = stage.apply()
    assert article.failures(returns) == []
    assert article.count_changes(returns) == 0
    note(f"second run, seconds in states: {site.seconds(returns)}")


def test_service_moves_and_moves_back_while_a_client_writes(stage, note):
    stage.service.mount()
    report = stage.moves_under_load(stage.tell)
    note(clean.shown(report))
    clean.assert_clean(report)
    assert set(stage.service.placement()) == set(article.RESOURCES)


def test_moves_left_nothing_to_converge(stage):
    returns = stage.apply()
    assert article.failures(returns) == []
    assert article.count_changes(returns) == 0
