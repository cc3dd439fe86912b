"""
Exported directories: made by the node that has the file system, before anything exports them.

A directory of this machine is the mount point; the cluster's configuration is real, its tools are.
"""

import copy
import os
import pwd
import threading
import time

import pytest
from salt.exceptions import CommandExecutionError

from tests.support.cluster_tools import for_version
from tests.support.sites import hardened

NAME = "The exported directories exist"


@pytest.fixture
def mount(tmp_path):
    path = tmp_path / "mnt"
    path.mkdir()
    return path


class Node:
    """The states of one node; ``active`` says whether it has the file system mounted."""

    def __init__(self, tools, mount, active, monkeypatch, on_push=None):
        self.mount, self.active = mount, active
        self.world = tools.world()
        self.module = self.world.library._hanfs_directories
        self.module.CIB_FILE = str(tools.cib)
        self.world.library._hanfs_state_directories._PAUSE = 0.01
        real = self.world.library._pcs_cib.apply

        def apply(description, wait=None, *more, **options):
            done = real(self.world.machine, description, 0, *more, **options)
            if on_push:
                on_push(self)
            return done

        self.world.salt.update(
            {
                "_pcs_cib.apply": apply,
                "_hanfs_storage.mounts": lambda device: (
                    [{"directory": str(mount)}] if self.active else []
                ),
                "file.user_to_uid": lambda user: pwd.getpwnam(user).pw_uid if user else "",
                "file.group_to_gid": lambda group: 0 if group == "root" else "",
                "_pcs_node.status": lambda: {"resources": {"fs_mnt": {"nodes": ["nfs-server1"]}}},
            }
        )
        monkeypatch.setattr(os.path, "ismount", lambda path: str(path) == str(mount))

    def site(self, change=None):
        root = str(self.mount)
        first = {
            "storage:mountpoint": root,
            "exports:0:directory": f"{root}/home",
            "exports:1:directory": f"{root}/pub/all",
            "fencing": {"enabled": False},
            "timeouts": {"settle": 1},
        }
        return hardened({**first, **(change or {})})

    def run(self, change=None, test=False, timeout=5):
        self.world.pillar["hanfs"] = self.site(change)
        self.world.machine.test = test
        return self.world.library._hanfs_state_directories.export_directories(
            self.world.machine, NAME, self.site(change), "hanfs", timeout
        )

    def push(self, change=None):
        """What hanfs.configured does afterwards."""
        description = self.world.salt["hanfs.description"](self.site(change))
        return self.world.salt["cib.apply"](description)


@pytest.fixture
def tools(tmp_path):
    made = for_version("0.11", tmp_path)
    nodes = '<nodes><node id="1" uname="nfs-server1"/><node id="2" uname="nfs-server2"/></nodes>'
    made.cib.write_text(made.text().replace("<nodes/>", nodes))
    return made


def ids(tools):
    return set(tools.world().salt["cib.query"]()["primitives"])


def becomes_active(node):
    node.active = True


def test_from_nothing_the_file_system_comes_first(tools, mount, monkeypatch):
    seen = []

    def pushed(node):
        seen.append(ids(tools))
        assert not list(mount.iterdir()), "nothing is made before the file system is mounted"
        node.active = True

    node = Node(tools, mount, False, monkeypatch, pushed)
    ret = node.run()
    assert ret["result"] is True, ret
    assert seen == [{"vg_NFS_SHARED", "fs_mnt", "nfs_server", "ip_192.168.16.100", "nfs_notify"}]
    made = {str(path.relative_to(mount)) for path in mount.rglob("*")}
    assert made == {"home", "pub", "pub/all", "nfsinfo", "nfsinfo/tickle"}
    assert ret["changes"][f"{mount}/home"] == {
        "old": None,
        "new": {"user": "root", "group": "root", "mode": "0755"},
    }
    assert os.stat(mount / "nfsinfo/tickle").st_mode & 0o7777 == 0o700
    assert "fs_mnt" in ret["changes"]["primitives"]
    monkeypatch.undo()
    node = Node(tools, mount, True, monkeypatch)
    assert node.push()["changes"] and len(ids(tools)) == 9
    again = node.run()
    assert (again["result"], again["changes"]) == (True, {})


def test_the_others_wait_until_the_active_node_has_pushed(tools, mount, monkeypatch):
    Node(tools, mount, False, monkeypatch, becomes_active).run()
    passive, active = (Node(tools, mount, here, monkeypatch) for here in (False, True))

    def later():
        time.sleep(0.5)
        active.push()

    thread = threading.Thread(target=later)
    thread.start()
    ret = passive.run(timeout=60)
    thread.join()
    assert (ret["result"], ret["changes"]) == (True, {}), ret
    assert "export_home_10.0.0.0_8" in ids(tools)


@pytest.fixture
def running(tools, mount, monkeypatch):
    """A cluster that has all of the site already, seen from one of its nodes."""
    Node(tools, mount, False, monkeypatch, becomes_active).run()
    Node(tools, mount, True, monkeypatch).push()
    return lambda active: Node(tools, mount, active, monkeypatch)


NEW = {"exports:2": {"directory": "/new", "clients": ["*"], "mode": "2770"}}


def new(mount):
    change = copy.deepcopy(NEW)
    change["exports:2"]["directory"] = f"{mount}/new"
    return change


@pytest.mark.parametrize("active", [True, False])
def test_a_run_with_nothing_to_do_starts_no_process(running, active):
    node = running(active)
    ret = node.run()
    assert (ret["result"], ret["changes"]) == (True, {})
    assert node.world.commands == []


def test_a_new_export_is_made_by_the_active_node(running, mount):
    node = running(True)
    foreseen = node.run(new(mount), test=True)
    assert foreseen["result"] is None and not (mount / "new").exists()
    ret = node.run(new(mount))
    assert ret["result"] is True and ret["changes"] == foreseen["changes"] != {}
    assert os.stat(mount / "new").st_mode & 0o7777 == 0o2770
    assert node.world.commands == []


def test_alone_on_the_passive_node_it_says_where_to_run(running, mount, tools):
    before = tools.text()
    node = running(False)
    assert node.run(new(mount), test=True)["result"] is None
    ret = node.run(new(mount), timeout=0.2)
    assert ret["result"] is False and ret["changes"] == {}
    assert "salt nfs-server1 state.apply hanfs" in ret["comment"]
    assert tools.text() == before and not (mount / "new").exists()


def test_when_the_service_runs_nowhere_it_says_so(running, mount):
    node = running(False)
    node.world.salt["_pcs_node.status"] = lambda: {"resources": {}}
    assert "runs on no node" in node.run(new(mount), timeout=0.2)["comment"]


def test_another_client_of_a_directory_needs_nobody(running):
    ret = running(False).run({"exports:1:clients:1": "10.9.0.1"})
    assert (ret["result"], ret["changes"]) == (True, {})


def test_what_exists_keeps_its_owner_and_mode(running, mount):
    (mount / "new").mkdir(mode=0o711)
    ret = running(True).run(new(mount))
    assert ret["changes"] == {} and os.stat(mount / "new").st_mode & 0o7777 == 0o711


def test_a_clients_link_is_not_followed(running, mount, tmp_path):
    (mount / "home" / "out").symlink_to(tmp_path)
    change = {"exports:2": {"directory": f"{mount}/home/out/x", "clients": ["*"]}}
    ret = running(True).run(change)
    assert ret["result"] is False and "leads over a symbolic link" in ret["comment"]
    assert not (tmp_path / "x").exists()


def test_the_mount_point_may_be_behind_a_link(running, mount):
    """/srv -> /data/srv: the kernel's table of mounts has the real place."""
    node, link = running(True), mount.parent / "link"
    link.symlink_to(mount)
    exports = {"exports:0:directory": f"{link}/home", "exports:1:directory": f"{link}/pub/all"}
    ret = node.run({**new(link), **exports, "storage:mountpoint": str(link)})
    assert ret["result"] is True, ret["comment"]
    assert (mount / "new").is_dir() and f"{link}/new" in ret["changes"]


def test_an_owner_that_does_not_exist_is_named(running, mount):
    change = new(mount)
    change["exports:2"]["group"] = "nobody-knows"
    ret = running(True).run(change)
    assert ret["result"] is False and "there is no group nobody-knows" in ret["comment"]
    assert not (mount / "new").exists()


def test_nothing_is_made_under_a_mount_point(running, mount, monkeypatch):
    node = running(True)
    monkeypatch.setattr(os.path, "ismount", lambda path: False)
    ret = node.run(new(mount))
    assert ret["result"] is False and "is not mounted any more" in ret["comment"]


def test_a_push_that_fails_ends_the_run(tools, mount, monkeypatch):
    node = Node(tools, mount, False, monkeypatch)

    def fail(*_, **__):
        raise CommandExecutionError("the cluster does not answer")

    node.world.salt["_pcs_cib.apply"] = fail
    ret = node.run()
    assert ret["result"] is False and ret["comment"] == "the cluster does not answer"
    assert ret["changes"] == {}


def test_a_wrong_site_is_an_error(tools, mount, monkeypatch):
    ret = Node(tools, mount, True, monkeypatch).run({"zzz": 1})
    assert ret["result"] is False and "hanfs:zzz: unknown key" in ret["comment"]
