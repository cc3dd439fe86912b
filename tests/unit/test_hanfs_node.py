"""What a node has mounted and which addresses it has, beside what the cluster says."""

import pytest

from tests.support.salt_modules import load
from tests.support.sites import hardened, site

TWO = {
    "storage": [
        {"device": "/dev/vdb", "fstype": "xfs", "mountpoint": "/srv/nfs"},
        {"device": "/dev/vdc", "fstype": "xfs", "mountpoint": "/srv/more"},
    ],
    "address": [
        {"ip": "192.168.16.100", "cidr_netmask": 24},
        {"ip": "192.168.16.101", "cidr_netmask": 24},
    ],
    "fencing": {"enabled": False},
}
LINKS = "LINK ID 0 udp\n\tstatus:\n\t\tnodeid: 2:\tconnected\nLINK ID 1 udp\n"


class Node:
    """``mounted``: device -> directory; ``active``: where the cluster has everything."""

    def __init__(self, make, change, mounted, addresses, active="nfs-server1"):
        self.site = make(change)
        run = {"retcode": 0, "stdout": LINKS, "stderr": ""}
        self.world = load(
            states=False,
            run=lambda *_, **__: run,
            salt={
                "_hanfs_storage.mounts": lambda device: (
                    [{"directory": mounted[device], "fstype": "xfs", "root": "/"}]
                    if device in mounted
                    else []
                ),
                "_hanfs_net.addresses": lambda: [{"ip": ip} for ip in addresses],
                "_hanfs_net.connects": lambda *_: None,
                "_pcs_node.status": lambda: self.status(active),
            },
        )
        self.world.library._hanfs_here.own_name = lambda: "nfs-server1"
        self.files = self._files()
        self.world.library._hanfs_settings_files.read = self.files.get

    def _files(self):
        """The exports that this node's files have, and those that it has exported."""
        library = self.world.library
        normal = library._hanfs_schema.normalise(self.site)
        found = library._hanfs_exports.exports(self.world.salt["hanfs.description"](self.site))
        etab = "".join(f"{one.directory}\t{one.client}(rw)\n" for one in found)
        return {
            library._hanfs_exports.path(normal): library._hanfs_exports.text(found),
            "/var/lib/nfs/etab": etab,
        }

    def status(self, active):
        wanted = self.world.salt["hanfs.description"](self.site)["primitives"]
        item = {"role": "Started", "failed": False, "managed": True, "blocked": False}
        item["nodes"] = [active] if active else []
        node = dict.fromkeys(("standby", "pending", "unclean", "maintenance"), False)
        return {
            "dc": "nfs-server1",
            "quorum": True,
            "nodes": {name: {**node, "online": True} for name in ("nfs-server1", "nfs-server2")},
            "resources": {name: {**item, "agent": one["agent"]} for name, one in wanted.items()},
            "failures": [],
            "maintenance_mode": False,
            "stonith_enabled": False,
            "fence_history": [],
        }

    def problems(self):
        here = self.world.library._hanfs_here
        return here.health(self.world.machine, self.site)["problems"]

    def notes(self):
        here = self.world.library._hanfs_here
        return here.health(self.world.machine, self.site)["notes"]


@pytest.fixture(autouse=True)
def corosync_is_installed(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name, **_: name)


MOUNTED = {"/dev/vdb": "/srv/nfs", "/dev/vdc": "/srv/more"}
BOTH = ["192.168.16.100", "192.168.16.101"]


def test_the_active_node_has_all_of_it():
    assert Node(hardened, TWO, MOUNTED, BOTH).problems() == []


def test_the_active_node_lacks_some_of_it():
    assert Node(hardened, TWO, {"/dev/vdb": "/srv/nfs"}, BOTH[1:]).problems() == [
        "/dev/vdc is not mounted on /srv/more of this node",
        "this node does not have the address 192.168.16.100",
    ]


@pytest.mark.parametrize("active", ["nfs-server1", "nfs-server2"])
def test_what_an_exportfs_r_would_change(active):
    here = active == "nfs-server1"
    node = Node(hardened, TWO, MOUNTED if here else {}, BOTH if here else [], active)
    path, text = next(iter(node.files.items()))
    node.files[path] = text.replace("(rw,", "(ro,")
    (told,) = node.problems()
    assert told.startswith(f"{path} says something else than the cluster of /srv/")
    del node.files[path]
    (told,) = node.problems()
    assert told.startswith(f"{path} is not there")


def test_what_the_active_node_exports_beside_the_cluster_is_a_note():
    node = Node(hardened, TWO, MOUNTED, BOTH)
    assert node.notes() == []
    node.files["/var/lib/nfs/etab"] += "/srv/more/x\t10.7.0.0/16(rw)\n"
    (told,) = node.notes()
    assert "/srv/more/x is exported to 10.7.0.0/16" in told and node.problems() == []
    passive = Node(hardened, TWO, {}, [], "nfs-server2")
    passive.files["/var/lib/nfs/etab"] += "/srv/more/x\t10.7.0.0/16(rw)\n"
    assert passive.notes() == []


def test_the_passive_node_has_nothing_of_it():
    assert Node(hardened, TWO, {}, [], "nfs-server2").problems() == []
    found = Node(hardened, TWO, {"/dev/vdc": "/mnt"}, BOTH[1:], "nfs-server2").problems()
    assert found == [
        "/dev/vdc is mounted on /mnt of this node, but the cluster has it on nfs-server2",
        "this node has the address 192.168.16.101, but the cluster has it on nfs-server2",
    ]


def test_a_mount_outside_the_cluster_is_named_for_every_file_system():
    node = Node(hardened, TWO, {"/dev/vdb": "/srv/nfs", "/dev/vdc": "/mnt"}, [])
    (found,) = node.world.library._hanfs_here.foreign_mounts(node.site)
    assert "/dev/vdc" in found and "/mnt" in found


def test_a_cluster_is_not_formed_while_one_of_them_is_mounted():
    node = Node(hardened, TWO, {"/dev/vdc": "/srv/more"}, [])
    (found,) = node.world.library._hanfs_here.unready(node.site)
    assert "mounted on /srv/more of this node, outside the cluster" in found


def test_the_article_has_one_of_each():
    change = {"storage:vg": ..., "storage:lv": ...}
    assert Node(site, change, {"/dev/vdb": "/nfsdata"}, BOTH[:1]).problems() == []
    assert len(Node(site, change, {}, []).problems()) == 2
