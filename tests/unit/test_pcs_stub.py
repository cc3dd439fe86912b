"""Debian's one-node cluster: removed only when it is exactly that and nobody used it."""

from pathlib import Path

import pytest
from salt.exceptions import CommandExecutionError

from tests.support.pcs_command import Node

DATA = Path(__file__).parent / "data" / "pcs"
STUB = (DATA / "corosync-debian.conf").read_text()
CIB = (DATA / "cib-stub.xml").read_text()
RESOURCE = CIB.replace(
    "<resources/>",
    '<resources><primitive id="mine" class="ocf" provider="pacemaker" type="Dummy"/></resources>',
)


@pytest.fixture
def node(tmp_path, monkeypatch):
    """A machine as Debian's packages leave it; stopping a service is remembered."""
    node = Node(tmp_path, monkeypatch)
    node.conf(STUB)
    for name in ("cib.xml", "cib.xml.sig", "cib-1.raw", "cib-1.raw.sig", "cib.last"):
        (node.root / "cib" / name).write_text("x")
    (node.root / "cib" / "cib.xml").write_text(CIB)
    (node.root / "cib" / "notes.txt").write_text("somebody's")
    node.stopped = []

    def stop(service):
        node.stopped.append(service)
        return True

    node.salt["service.stop"] = stop
    return node


def files(node):
    present = [p.name for p in (node.root / "cib").iterdir()]
    return sorted(present + [p.name for p in node.root.glob("corosync.conf")])


def test_the_stub_goes_and_nothing_else(node):
    removed = node.library._pcs_stub.remove(node.machine)
    assert node.stopped == ["pacemaker", "corosync"]
    assert files(node) == ["notes.txt"]
    assert [Path(p).name for p in removed[-2:]] == ["cib.xml", "corosync.conf"]
    assert node.world.commands == []


def test_a_removal_cut_off_half_way_is_completed(node):
    """corosync.conf goes last, and is what tells that there is work left."""
    for path in (node.root / "cib").glob("cib*"):
        path.unlink()
    node.library._pcs_stub.remove(node.machine)
    assert files(node) == ["notes.txt"]


def test_a_machine_without_pacemaker_s_directory(node):
    for path in (node.root / "cib").iterdir():
        path.unlink()
    (node.root / "cib").rmdir()
    assert len(node.library._pcs_stub.remove(node.machine)) == 1


@pytest.mark.parametrize("old, new", [("127.0.0.1", "10.0.0.1"), (": debian", ": nfs")])
def test_another_cluster_is_left_alone(node, old, new):
    node.conf(STUB.replace(old, new))
    before = files(node)
    with pytest.raises(CommandExecutionError, match="not the one that Debian's package"):
        node.library._pcs_stub.remove(node.machine)
    assert (node.stopped, files(node)) == ([], before)


def test_somebody_s_resource_is_left_alone(node):
    (node.root / "cib" / "cib.xml").write_text(RESOURCE)
    before = files(node)
    with pytest.raises(CommandExecutionError, match="resources: mine"):
        node.library._pcs_stub.remove(node.machine)
    assert (node.stopped, files(node)) == ([], before)


def test_a_resource_that_appears_while_stopping_is_left_alone(node):
    def stop(service):
        (node.root / "cib" / "cib.xml").write_text(RESOURCE)
        return True

    node.salt["service.stop"] = stop
    before = files(node)
    with pytest.raises(CommandExecutionError, match="resources: mine"):
        node.library._pcs_stub.remove(node.machine)
    assert files(node) == before


def test_a_damaged_cib_is_left_alone(node):
    (node.root / "cib" / "cib.xml").write_text(CIB[:100])
    before = files(node)
    with pytest.raises(CommandExecutionError, match="CIB"):
        node.library._pcs_stub.remove(node.machine)
    assert (node.stopped, files(node)) == ([], before)


def test_a_service_that_does_not_stop(node):
    node.salt["service.stop"] = lambda service: service != "corosync"
    before = files(node)
    with pytest.raises(CommandExecutionError, match="service corosync cannot be stopped"):
        node.library._pcs_stub.remove(node.machine)
    assert files(node) == before
