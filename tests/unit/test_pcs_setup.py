"""A cluster's setup that was cut off, or is not possible yet."""

from pathlib import Path

import pytest
from salt.exceptions import CommandExecutionError

from tests.support.pcs_command import Node

DATA = Path(__file__).parent / "data" / "pcs"
CONF = (DATA / "corosync-0.11.conf").read_text()


@pytest.fixture
def node(tmp_path, monkeypatch):
    return Node(tmp_path, monkeypatch)


@pytest.mark.parametrize(
    "words, passes",
    [
        (
            "Error: b: The host seems to be in a cluster already as cluster configuration files "
            "have been found on the host",
            True,
        ),
        ("Error: Unable to connect to b (Operation timed out after 60001 milliseconds)", True),
        ("Error: b: Required cluster services not installed: 'corosync'", True),
        ("Error: invalid totem option 'tokn', allowed options are: ...", False),
        ("Error: Hosts do not have the same version of 'pacemaker'", False),
    ],
)
def test_which_refusals_pass(node, words, passes):
    assert node.library._pcs_setup.refusal_passes(words) is passes


def test_conf_of_another_node(node):
    assert node.library._pcs_setup.conf_of(node.machine, "nfs-server2") is None
    node.answer("cluster corosync nfs-server2", CONF)
    assert (
        node.library._pcs_setup.conf_of(node.machine, "nfs-server2")["cluster_name"]
        == "nfs-server-cluster"
    )


NAMES = ["nfs-server1", "nfs-server2"]


def test_adopting_a_conf(node):
    node.answer("cluster corosync nfs-server2", CONF)
    (node.root / "authkey").write_text("k")
    assert (
        node.library._pcs_setup.adopt(node.machine, "nfs-server2", "nfs-server-cluster", NAMES)
        is True
    )
    path = node.root / "corosync.conf"
    assert path.read_text() == CONF
    assert path.stat().st_mode & 0o777 == 0o644
    assert [p.name for p in node.root.iterdir() if p.name.startswith(".")] == []


@pytest.mark.parametrize(
    "conf, key, here, sentence",
    [
        (None, True, None, "nfs-server2 has no corosync.conf of the cluster"),
        (CONF.replace("nfs-server-cluster", "other"), True, None, "has no corosync.conf of"),
        (CONF.replace("name: nfs-server2", "name: x"), True, None, "has no corosync.conf of"),
        (CONF, False, None, "pcs cluster node add"),
        (CONF, True, "totem {\n}\n", "exists already"),
    ],
)
def test_a_conf_that_is_not_adopted(node, conf, key, here, sentence):
    if conf:
        node.answer("cluster corosync nfs-server2", conf)
    if key:
        (node.root / "authkey").write_text("k")
    if here:
        node.conf(here)
    with pytest.raises(CommandExecutionError, match=sentence):
        node.library._pcs_setup.adopt(node.machine, "nfs-server2", "nfs-server-cluster", NAMES)
    path = node.root / "corosync.conf"
    assert (path.read_text() if path.exists() else None) == here
