"""The hardened profile on Pacemaker's own scheduler: in which order, and what a change touches."""

import re

import pytest
from salt.exceptions import CommandExecutionError

from tests.support.cluster_tools import VERSIONS, for_version
from tests.support.sites import hardened, site

NODES = ("nfs-server1", "nfs-server2")
EXPORT = {"directory": "/srv/nfs/new", "clients": ["10.9.0.0/16"]}
SECOND = {
    "storage": [
        {**hardened()["storage"], "size": "10G"},
        {
            "device": "/dev/vdb",
            "vg": "NFS_SHARED",
            "lv": "more",
            "fstype": "ext4",
            "mountpoint": "/srv/more",
        },
    ],
    "exports:2": {"directory": "/srv/more/x", "clients": ["*"]},
    "address": [
        {"ip": "192.168.16.100", "cidr_netmask": 24},
        {"ip": "fd00::100", "cidr_netmask": 64},
    ],
}


class Cluster:
    """A cluster of two nodes in a file, its service running on the first one."""

    def __init__(self, version, directory, change=None, running=True):
        self.tools = for_version(version, directory)
        nodes = "".join(f'<node id="{n}" uname="{name}"/>' for n, name in enumerate(NODES, 1))
        text = self.tools.text().replace("<nodes/>", f"<nodes>{nodes}</nodes>")
        self.tools.cib.write_text(text)
        self.apply(change)
        if running:
            self.simulate("-u", NODES[0], "-u", NODES[1], "--quorum=1")

    def world(self, site):
        world = self.tools.world()
        world.pillar["hanfs"] = site
        return world

    def apply(self, change=None):
        site = hardened(change)
        world = self.world(site)
        return world.salt["cib.apply"](world.salt["hanfs.description"](site), wait=0)

    def plan(self, change=None):
        site = hardened(change)
        world = self.world(site)
        return world.salt["cib.plan"](world.salt["hanfs.description"](site))

    def simulate(self, *arguments):
        """Let something happen; returns the starts and stops in their order."""
        after = self.tools.directory / "after.xml"
        command = ["crm_simulate", "-x", str(self.tools.cib), *arguments, "--simulate", "-O"]
        said = self.tools.run(*command, str(after)).stdout
        self.tools.cib.write_text(after.read_text())
        pattern = re.compile(r"^\s*\* Resource action:\s+(\S+)\s+(start|stop) on (\S+)", re.M)
        return [match.groups() for match in pattern.finditer(said)]


@pytest.fixture(params=VERSIONS)
def version(request):
    return request.param


def order(actions, what, fencing=False):
    return [name for name, action, _ in actions if action == what and "fence" not in name]


def rank(name):
    """The place of a resource in the chain, by the beginning of its name."""
    chain = ("vg_", "fs_", "nfs_server", "export_", "ip_", "tickle_", "nfs_notify")
    return next(place for place, start in enumerate(chain) if name.startswith(start))


@pytest.mark.parametrize("change", [{}, SECOND], ids=["one", "several"])
def test_what_comes_up_and_goes_down_in_which_order(version, tmp_path, change):
    """Along each chain; two addresses come up side by side, each with its own followers."""
    cluster = Cluster(version, tmp_path, change, running=False)
    up = cluster.simulate("-u", NODES[0], "-u", NODES[1], "--quorum=1")
    started = order(up, "start")
    assert len({node for name, _, node in up if "fence" not in name}) == 1
    assert in_order(started)
    cluster.tools.pcs(f"node standby {NODES[0]}")
    moved = cluster.simulate()
    assert in_order(order(moved, "stop")[::-1]) and in_order(order(moved, "start"))
    assert sorted(order(moved, "stop")) == sorted(started) == sorted(order(moved, "start"))
    assert {node for name, what, node in moved if what == "start" and "fence" not in name} == {
        NODES[1]
    }


def in_order(names):
    """Nothing stands before what it needs; the addresses' own followers only after their own."""
    ranks = [rank(name) for name in names]
    core = [place for place in ranks if place <= 4 or place == 6]
    ips = {name[3:]: number for number, name in enumerate(names) if name.startswith("ip_")}
    tickles = {name[7:]: number for number, name in enumerate(names) if name.startswith("tickle_")}
    assert all(ips[name] < number for name, number in tickles.items())
    return core == sorted(core) and ranks[-1] == max(ranks)


TOUCHING_NOTHING = {
    "an export": {"exports:2": EXPORT},
    "an export in front": {"exports": [EXPORT, *hardened()["exports"]]},
    "a client": {"exports:1:clients:1": "10.9.0.1"},
    "a network in front": {"exports:1:clients": ["10.9.0.0/16", "*"]},
    "an IPv6 network": {"exports:1:clients:1": "fd00:9::/64"},
}


@pytest.mark.parametrize("case", TOUCHING_NOTHING)
def test_adding_and_removing_touches_only_what_is_added_or_removed(version, tmp_path, case):
    cluster = Cluster(version, tmp_path)
    added = cluster.plan(TOUCHING_NOTHING[case])["consequences"]
    assert len(added) == 1 and re.match(r"export_\S+ starts on nfs-server1$", added[0]), added
    cluster.apply(TOUCHING_NOTHING[case])
    assert [what for _, what, _ in cluster.simulate()] == ["start"]
    name = added[0].split()[0]
    assert cluster.plan()["consequences"] == [f"{name} stops on nfs-server1"]
    cluster.apply()
    assert cluster.simulate() == [(name, "stop", NODES[0])]


def test_the_tickle_is_switched_without_leaving_the_port_closed(version, tmp_path):
    """portblock's stop closes it: what stops on the running service has to start again there."""
    cluster = Cluster(version, tmp_path)
    for change in ({"nfs": {"tickle": False}}, {}):
        cluster.apply(change)
        told = cluster.simulate()
        assert ("tickle_192.168.16.100", "start", NODES[0]) in told
        assert {name for name, _, _ in told} <= {"tickle_192.168.16.100", "nfs_notify"}


def test_new_options_of_a_client_touch_that_client_only(version, tmp_path):
    cluster = Cluster(version, tmp_path)
    found = cluster.plan({"exports:1:options": ["ro", "sync", "all_squash"]})
    assert found["consequences"] == ["export_pub_any restarts on nfs-server1"]


def test_another_address_without_nfsv3_touches_nothing_else(version, tmp_path):
    v4 = {"nfs": {"v4_only": True}}
    cluster = Cluster(version, tmp_path, v4)
    two = {**v4, "address": SECOND["address"]}
    assert cluster.plan(two)["consequences"] == ["ip_fd00--100 starts on nfs-server1"]
    cluster.apply(two)
    cluster.simulate()
    assert cluster.plan(v4)["consequences"] == ["ip_fd00--100 stops on nfs-server1"]


def test_another_address_with_nfsv3_tells_its_clients_again(version, tmp_path):
    cluster = Cluster(version, tmp_path)
    found = cluster.plan({"address": SECOND["address"]})["consequences"]
    assert sorted(found) == [
        "ip_fd00--100 starts on nfs-server1",
        "nfs_notify restarts on nfs-server1",
    ]


def test_lease_and_threads_are_no_business_of_the_cluster(version, tmp_path):
    cluster = Cluster(version, tmp_path)
    assert cluster.plan({"nfs": {"lease_time": 30, "threads": 64}})["changes"] == {}


def test_a_file_system_in_use_does_not_get_another_resource(version, tmp_path):
    """From the profile article to hardened on a running service: stop it first."""
    disk = {"device": "/dev/vdb", "fstype": "xfs", "mountpoint": "/nfsdata"}
    export = {"directory": "/nfsdata/home", "clients": ["192.168.16.0/24"]}
    new = hardened({"storage": disk, "exports": [export], "fencing": {"enabled": False}})
    cluster = Cluster(version, tmp_path, {"fencing": {"enabled": False}}, running=False)
    world = cluster.world(site({"storage": disk}))
    world.salt["cib.apply"](world.salt["hanfs.description"](world.pillar["hanfs"]), wait=0)
    cluster.simulate("-u", NODES[0], "-u", NODES[1], "--quorum=1")
    world = cluster.world(new)
    before = cluster.tools.text()
    told = "SharedFS would become fs_nfsdata.*pcs resource disable nfsresourcegroup --wait"
    for function in ("plan", "apply"):
        with pytest.raises(CommandExecutionError, match=told):
            world.salt[f"cib.{function}"](world.salt["hanfs.description"](new))
    assert cluster.tools.text() == before
    cluster.tools.pcs("resource disable nfsresourcegroup")
    cluster.simulate()
    world.salt["cib.apply"](world.salt["hanfs.description"](new), wait=0)
    assert in_order(order(cluster.simulate(), "start"))


def fails(cluster, operation, node=NODES[0], code=1):
    return cluster.simulate("-i", f"{operation}@{node}={code}")


def test_an_export_that_fails_takes_nothing_with_it(version, tmp_path):
    cluster = Cluster(version, tmp_path)
    found = fails(cluster, "export_pub_any_monitor_30000", code=7)
    assert {name for name, _, _ in found} == {"export_pub_any"}, found


def test_an_export_that_fails_for_good_does_not_move_the_service(version, tmp_path):
    """Pacemaker before 2.1 has no word for that, and moves everything at the third failure."""
    cluster = Cluster(version, tmp_path)
    for _ in range(2):
        assert len(fails(cluster, "export_pub_any_monitor_30000", code=7)) == 2
    found = fails(cluster, "export_pub_any_monitor_30000", code=7)
    if version == "0.10":
        assert ("nfs_server", "start", NODES[1]) in found
    else:
        assert found == [("export_pub_any", "stop", NODES[0])]


def test_an_export_that_cannot_start_does_not_move_the_service(version, tmp_path):
    cluster = Cluster(version, tmp_path)
    cluster.apply(TOUCHING_NOTHING["an export"])
    found = fails(cluster, "export_new_10.9.0.0_16_start_0") + cluster.simulate()
    assert {name for name, _, _ in found} == {"export_new_10.9.0.0_16"}


def test_a_server_that_fails_is_restarted_with_what_needs_it(version, tmp_path):
    cluster = Cluster(version, tmp_path)
    found = fails(cluster, "nfs_server_monitor_20000", code=7)
    touched = {name for name, _, _ in found}
    assert {"nfs_server", "export_pub_any", "ip_192.168.16.100", "nfs_notify"} <= touched
    assert not {"fs_nfs", "vg_NFS_SHARED"} & touched
    assert {node for _, _, node in found} == {NODES[0]}


def test_a_second_run_changes_nothing(version, tmp_path):
    cluster = Cluster(version, tmp_path, SECOND)
    assert cluster.plan(SECOND)["changes"] == {}


def test_the_active_node_is_lost(version, tmp_path):
    cluster = Cluster(version, tmp_path)
    found = cluster.simulate("-f", NODES[0])
    started = order(found, "start")
    assert in_order(started) and len(started) == 9


def test_the_commands_that_a_plan_shows_build_the_same_with_pcs(version, tmp_path):
    change = {**SECOND, "fencing": {"enabled": False}}
    tools = for_version(version, tmp_path)
    world = tools.world()
    described = world.salt["hanfs.description"](hardened(change))
    commands = world.salt["cib.plan"](described)["commands"]
    theirs = tools.another("theirs.xml")
    theirs.pcs(*[command[1:] for command in commands if command[0] != "#"])
    found = theirs.world().salt["cib.plan"](described)["changes"]
    assert set(found) <= {"ownership"}, found
