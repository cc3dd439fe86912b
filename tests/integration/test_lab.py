"""The lab itself: what every other integration test takes for granted."""

from __future__ import annotations

import subprocess

from tests.lab import network, paths
from tests.lab.containers import SHARED_DISK
from tests.lab.disk import image_behind
from tests.lab.node import NodeError
from tests.lab.pair import Pair
from tests.lab.standins import AGENTS, DIRECTORY, FAIL
from tests.lab.wait import wait_until


def answers(node, address):
    done = node.run(["ping", "-c1", "-W1", address], check=False)
    return done.returncode == 0, done.stdout


def test_minions_obey_the_master(master, bare_pair):
    assert master.salt(bare_pair, "test.ping") == dict.fromkeys(bare_pair.names, True)
    master.set_pillar({"nfs-server1": {"answer": 42}})
    pillar = master.salt(bare_pair, "pillar.items")
    assert {name: list(data) for name, data in pillar.items()} == {
        "nfs-server1": ["answer"],
        "nfs-server2": [],
    }


def test_nodes_reach_each_other_until_a_link_is_cut(make_pair):
    first, second = make_pair("bare", minion=False)
    for link in network.PREFIXES:
        assert answers(first, second.addresses[link])[0]
    first.cut_link("hb")
    assert not answers(first, second.addresses["hb"])[0]
    assert answers(first, second.addresses["lan"])[0]
    first.restore_link("hb")
    wait_until(lambda: answers(first, second.addresses["hb"]), 10, "the heartbeat to be back")


def test_power_cut_silences_a_node_but_keeps_its_disk(make_pair):
    first, second = make_pair("bare", minion=False)
    first.put("/root/kept", "text\n", mode=0o600)
    first.power_off()
    assert not first.alive()
    assert not answers(second, first.addresses["lan"])[0]
    first.start().wait_until_reachable()
    assert first.run(["cat", "/root/kept"]).stdout == "text\n"


def test_shared_disk_is_one_disk(pair):
    first, second = pair
    first.run(["mkfs.xfs", "-q", SHARED_DISK])
    first.run(["mount", SHARED_DISK, "/mnt"])
    first.run(["umount", "/mnt"])
    kinds = {node.run(["blkid", "-po", "value", "-s", "TYPE", SHARED_DISK]).stdout for node in pair}
    assert kinds == {"xfs\n"}


def test_debian_left_its_one_node_cluster_and_firewall(pair):
    for node in pair:
        assert "cluster_name: debian" in node.run(["cat", "/etc/corosync/corosync.conf"]).stdout
        for unit in ("corosync", "pacemaker", "pcsd", "firewalld"):
            assert node.run(["systemctl", "is-active", unit], check=False).stdout == "active\n"
    first, second = pair
    probe = f"echo > /dev/tcp/{second.addresses['lan']}/2224"
    reach_pcsd = ["timeout", "3", "bash", "-c", probe]
    assert first.run(reach_pcsd, check=False).returncode
    second.run(["firewall-cmd", "--add-service=high-availability"])
    assert first.run(reach_pcsd).returncode == 0


def test_standin_agents_keep_the_real_metadata_and_survive_an_installation(bare_pair):
    node = bare_pair[0]
    node.run(["apt-get", "-qq", "update"])
    node.run(["apt-get", "-qq", "install", "resource-agents", "pacemaker-cli-utils"])
    for name in AGENTS:
        agent = f"{DIRECTORY}/{name}"
        assert "the lab" in node.run(["cat", agent]).stdout
        assert (
            f'name="{name}"'
            in node.run(["crm_resource", "--show-metadata", f"ocf:heartbeat:{name}"]).stdout
        )
    call = ["env", "OCF_ROOT=/usr/lib/ocf", "OCF_RESOURCE_INSTANCE=x", f"{DIRECTORY}/nfsserver"]
    codes = [
        node.run([*call, do], check=False).returncode for do in ("monitor", "start", "monitor")
    ]
    assert codes == [7, 0, 0]
    node.put(f"{FAIL}/nfsserver.stop", "1")
    assert node.run([*call, "stop"], check=False).returncode == 1


def test_failing_command_says_what_it_printed(make_pair):
    node = make_pair("bare", minion=False)[0]
    try:
        node.run(["sh", "-c", "echo reason >&2; exit 3"])
    except NodeError as error:
        assert "exited with 3" in str(error) and "reason" in str(error)
    else:
        raise AssertionError("no error")


def test_nothing_is_left_of_a_pair():
    pair = Pair("bare", minion=False).start()
    device = pair.disk.path
    image = image_behind(device)
    pair.remove()
    ports = subprocess.check_output(["ip", "-o", "link"], text=True)
    assert "lan11" not in ports
    assert str(paths.SCRATCH / "nfs-server1") not in open("/proc/self/mounts").read()
    assert image
    wait_until(lambda: (image_behind(device) != image, image), 60, "the disk to be detached")
