"""The lock on the cluster layer, with the real cibadmin on a configuration file."""

import subprocess
import threading
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
    with pytest.raises(CommandExecutionError, match="cut off before b, c.*remove_unreachable"):
        world.library._pcs_lock.take(world.machine, "a", "members")
    assert world.library._pcs_lock.holder(world.machine)["pending"] == ["b", "c"]
    assert world.library._pcs_lock.take(world.machine, "a", "x", resume=True) == ["b", "c"]


def test_a_second_run_on_the_node_waits_while_the_first_one_lives(world):
    """The first run is another process, a real one; then it is gone."""
    other = subprocess.Popen(["sleep", "600"])
    try:
        stand_in = SimpleNamespace(get_native_id=lambda: other.pid)
        world.library._pcs_lock.threading = stand_in
        world.library._pcs_lock.take(world.machine, "a", "x", pending=["b"])
        world.library._pcs_lock.threading = threading
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


def test_a_second_job_of_the_same_process_waits_while_the_first_one_lives(world):
    """As on a minion with multiprocessing: False, where each job is a thread."""
    lock = world.library._pcs_lock
    taken, end = threading.Event(), threading.Event()

    def first():
        lock.take(world.machine, "a", "x", pending=["b"])
        taken.set()
        end.wait(60)

    job = threading.Thread(target=first)
    job.start()
    assert taken.wait(60)
    try:
        with pytest.raises(CommandExecutionError, match="a holds it"):
            lock.take(world.machine, "a", "mine", timeout=20, resume=True)
        lock.release(world.machine, own=True)
        assert lock.holder(world.machine)["purpose"] == "x"
    finally:
        end.set()
        job.join()
    assert lock.take(world.machine, "a", "mine", timeout=20, resume=True) == ["b"]


OFF = dict.fromkeys(("online", "standby", "maintenance", "pending", "unclean"), False)


def members(world, conf, **flags):
    """What corosync.conf and crm_mon say."""
    world.salt["_pcs_node.corosync_conf"] = lambda: {"nodes": dict.fromkeys(conf, [])}
    world.salt["_pcs_node.status"] = lambda: {
        "nodes": {name: {**OFF, **more} for name, more in flags.items()}
    }


UP = {"online": True}


def test_a_lock_of_a_node_that_is_no_member_any_more_is_taken_over(world):
    lock = world.library._pcs_lock
    lock.take(world.machine, "gone", "x", pending=["gone", "c"])
    members(world, ["b", "c", "gone"], b=UP, c=UP, gone={})
    with pytest.raises(CommandExecutionError, match="gone holds it.*remove_unreachable"):
        lock.take(world.machine, "b", "mine", timeout=20, resume=True)
    # one that only the files of this node do not know yet
    members(world, ["b", "c"], b=UP, c=UP, gone=UP)
    with pytest.raises(CommandExecutionError, match="gone holds it"):
        lock.take(world.machine, "b", "mine", timeout=20, resume=True)
    members(world, ["b", "c"], b=UP, c=UP)
    assert lock.take(world.machine, "b", "mine", timeout=20, resume=True) == ["c"]
    assert lock.holder(world.machine) == {"node": "b", "purpose": "mine", "pending": ["c"]}


@pytest.mark.parametrize("flag", ["online", "pending", "unclean", None])
def test_who_removes_its_holder_for_good_takes_it_over(world, flag):
    lock = world.library._pcs_lock
    lock.take(world.machine, "gone", "x", pending=["gone", "c"])
    members(world, ["b", "c", "gone"], b=UP, c=UP, gone={flag: True} if flag else {})
    how = {"timeout": 20, "resume": True, "gone": ["gone"]}
    if flag:
        with pytest.raises(CommandExecutionError, match="gone holds it"):
            lock.take(world.machine, "b", "members", **how)
    else:
        assert lock.take(world.machine, "b", "members", **how) == ["c"]


def test_what_is_left_on_purpose_is_for_whoever_comes_next(world):
    lock = world.library._pcs_lock
    lock.take(world.machine, "a", "members")
    lock.leave(world.machine, "a", "members", ["c"])
    with pytest.raises(CommandExecutionError, match="cut off before c"):
        lock.take(world.machine, "b", "members", timeout=20)
    assert lock.take(world.machine, "b", "x", timeout=20, resume=True) == ["c"]
    with pytest.raises(CommandExecutionError, match="b holds it"):
        lock.take(world.machine, "a", "x", timeout=20, resume=True)


def test_a_node_that_is_gone_is_not_waited_for_to_be_restarted(world):
    """An earlier run of this node left it, and the state of the members has no restarts to do."""
    lock = world.library._pcs_lock
    lock.take(world.machine, "b", "x")
    lock.keep(world.machine, "b", "x", ["gone"])
    members(world, ["b", "gone"], b=UP, gone={})
    with pytest.raises(CommandExecutionError, match="cut off before gone.*remove_unreachable"):
        lock.take(world.machine, "b", "members", timeout=20)
    assert lock.take(world.machine, "b", "members", timeout=20, gone=["gone"]) == []


def test_what_the_disk_says_of_it_while_pacemaker_does_not_run(world, tmp_path):
    lock = world.library._pcs_lock
    lock.ON_DISK = str(tmp_path / "none")
    assert lock.last_known() is None
    lock.take(world.machine, "a", "x", pending=["b"])
    told = world.machine.run(["cibadmin", "--query"])["stdout"]
    (tmp_path / "disk.xml").write_text(told)
    lock.ON_DISK = str(tmp_path / "disk.xml")
    assert lock.last_known() == {"node": "a", "purpose": "x", "pending": ["b"]}
    lock.release(world.machine)
    (tmp_path / "disk.xml").write_text(world.machine.run(["cibadmin", "--query"])["stdout"])
    assert lock.last_known() is None
    (tmp_path / "disk.xml").write_text("<cib")
    with pytest.raises(CommandExecutionError, match=r"disk\.xml cannot be read"):
        lock.last_known()


def test_a_purge_leaves_it_alone(world):
    world.library._pcs_lock.take(world.machine, "a", "x")
    description = {"properties": {"stonith-enabled": False}, "unmanaged": "purge"}
    assert world.salt["cib.plan"](description)["unmanaged"] == {}
    world.salt["cib.apply"](description, wait=0)
    assert world.library._pcs_lock.holder(world.machine)["node"] == "a"
