"""The lock on the cluster layer, with the real cibadmin on a configuration file."""

import os
import subprocess
from types import SimpleNamespace

import pytest
from salt.exceptions import CommandExecutionError

from tests.support.cluster_tools import VERSIONS, for_version
from tests.support.pcs_command import Clock


@pytest.fixture(params=VERSIONS)
def world(request, tmp_path):
    world = for_version(request.param, tmp_path).world()
    world.library._pcs_wait.time = Clock()
    return world


def test_one_holder_at_a_time(world):
    assert world.library._pcs_lock.holder(world.machine) is None
    assert world.library._pcs_lock.take(world.machine, "a", 'so "it" <is>') == []
    assert world.library._pcs_lock.holder(world.machine) == {
        "node": "a", "purpose": 'so "it" <is>', "pending": [],
    }  # fmt: skip
    with pytest.raises(CommandExecutionError, match="a holds it .*pcs.lock_release"):
        world.library._pcs_lock.take(world.machine, "b", "mine", timeout=20)
    world.library._pcs_lock.release(world.machine)
    world.library._pcs_lock.release(world.machine)
    assert world.library._pcs_lock.take(world.machine, "b", "mine", timeout=20) == []


def test_a_waiting_node_gets_it_when_it_is_free(world):
    world.library._pcs_lock.take(world.machine, "a", "x")
    clock = world.library._pcs_wait.time
    clock.on_sleep = lambda clock: clock.now > 5 and world.library._pcs_lock.release(world.machine)
    assert world.library._pcs_lock.take(world.machine, "b", "mine", timeout=60) == []
    assert world.library._pcs_lock.holder(world.machine)["node"] == "b"


def test_what_a_run_left_to_do_is_completed_by_one_that_can(world):
    world.library._pcs_lock.take(world.machine, "a", "x")
    world.library._pcs_lock.keep(world.machine, "a", "x", ["b", "c"])
    with pytest.raises(CommandExecutionError, match="cut off before b, c.*pcs.lock_release"):
        world.library._pcs_lock.take(world.machine, "a", "members")
    assert world.library._pcs_lock.holder(world.machine)["pending"] == ["b", "c"]
    assert world.library._pcs_lock.take(world.machine, "a", "x", resume=True) == ["b", "c"]


def test_a_second_run_on_the_node_waits_while_the_first_one_lives(world):
    """The first run is another process, a real one; then it is gone."""
    other = subprocess.Popen(["sleep", "600"])
    try:
        world.library._pcs_lock.os = SimpleNamespace(getpid=lambda: other.pid)
        world.library._pcs_lock.take(world.machine, "a", "x", pending=["b"])
        world.library._pcs_lock.os = os
        with pytest.raises(CommandExecutionError, match="a holds it"):
            world.library._pcs_lock.take(world.machine, "a", "mine", timeout=20, resume=True)
        # not ours to give back, but by hand
        world.library._pcs_lock.release(world.machine, own=True)
        assert world.library._pcs_lock.holder(world.machine)["purpose"] == "x"
    finally:
        other.kill()
        other.wait()
    assert world.library._pcs_lock.take(world.machine, "a", "mine", timeout=20, resume=True) == [
        "b"
    ]
    world.library._pcs_lock.release(world.machine, own=True)
    assert world.library._pcs_lock.holder(world.machine) is None


def test_a_purge_leaves_it_alone(world):
    world.library._pcs_lock.take(world.machine, "a", "x")
    description = {"properties": {"stonith-enabled": False}, "unmanaged": "purge"}
    assert world.salt["cib.plan"](description)["unmanaged"] == {}
    world.salt["cib.apply"](description, wait=0)
    assert world.library._pcs_lock.holder(world.machine)["node"] == "a"
