"""SBD's disks: real block devices, and headers that the real program wrote."""

import os
import subprocess

import pytest
from salt.exceptions import CommandExecutionError

from tests.support.cluster_tools import for_version
from tests.support.salt_modules import Runner, load

MIB = 1024 * 1024
CREATOR = "nfs-server1"
SBD = {"watchdog_timeout": 15, "msgwait": 40, "initialize": True}

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="loop devices need root"),
    pytest.mark.skipif(not os.path.exists("/dev/loop-control"), reason="no loop devices here"),
]


def run(*argv):
    return subprocess.run(argv, check=True, capture_output=True, text=True)


@pytest.fixture
def tools(tmp_path):
    """Debian 13's packages in the lab have the program."""
    return for_version("0.12", tmp_path)


@pytest.fixture
def disk(tmp_path, request):
    """A function: an empty loop device of some MiB, detached after the test."""

    def make(size=4):
        image = tmp_path / f"disk{len(list(tmp_path.glob('disk*')))}"
        with open(image, "wb") as handle:
            handle.truncate(size * MIB)
        device = run("losetup", "--find", "--show", str(image)).stdout.strip()
        request.addfinalizer(lambda: run("losetup", "--detach", device))
        return device

    return make


def world(tools, node=CREATOR, member=None, test=False):
    """The modules as on a node of this name, in no cluster unless ``member`` says so."""
    return load(
        run=Runner(tools.prefix, tools.env),
        opts={"test": test},
        salt={"_pcs_node.member_of": lambda: member, "_hanfs_here.own_name": lambda: node},
    )


def ready(world, *devices, timeout=0, **sbd):
    wanted = {**SBD, "devices": list(devices), **sbd}
    return world.library._hanfs_state_fencing.sbd_disks_ready(
        world.machine, "disks", wanted, creator=CREATOR, timeout=timeout
    )


def content(device):
    with open(device, "rb") as handle:
        return handle.read()


def test_an_empty_disk_gets_the_header_and_keeps_it(tools, disk):
    here, device = world(tools), disk()
    predicted = ready(world(tools, test=True), device)
    assert predicted["result"] is None
    assert not any(content(device))
    made = ready(here, device)
    assert made["result"] is True
    assert made["changes"] == predicted["changes"]
    assert made["changes"] == {
        device: {"old": "empty", "new": "SBD's header (watchdog 15 s, msgwait 40 s)"}
    }
    dump = tools.run("sbd", "-d", device, "dump").stdout
    assert "Timeout (watchdog) : 15" in dump
    assert "Timeout (msgwait)  : 40" in dump
    written = content(device)
    commands = len(here.commands)
    again = ready(here, device)
    assert (again["result"], again["changes"]) == (True, {})
    assert "warnings" not in again
    assert content(device) == written
    assert len(here.commands) == commands, "looking again starts no process"


def test_the_header_is_read_as_the_program_reads_it(tools, disk):
    device = disk()
    tools.run("sbd", "-d", device, "-1", "7", "-2", "3", "-3", "2", "-4", "19", "create")
    tools.run("sbd", "-d", device, "allocate", "n1")
    tools.run("sbd", "-d", device, "allocate", "a-long.name.example.com")
    tools.run("sbd", "-d", device, "message", "n1", "test")
    here = world(tools)
    assert here.library._hanfs_sbd_disk.header(device) == {
        "version": 2,
        "slots": 255,
        "sector_size": 512,
        "watchdog": 7,
        "allocate": 3,
        "loop": 2,
        "msgwait": 19,
    }
    listed = [
        line.split()[1:3]
        for line in tools.run("sbd", "-d", device, "list").stdout.split("\n")
        if line
    ]
    assert here.library._hanfs_sbd_disk.slots(device) == dict(listed)
    assert dict(listed) == {"n1": "test", "a-long.name.example.com": "clear"}
    assert here.library._hanfs_sbd_disk.without(["n1", "n2"], [device]) == ["n2"]


@pytest.mark.parametrize("size", [0, 1, 513, 2**31])
def test_a_damaged_header_is_told(tools, disk, size):
    device = disk()
    tools.run("sbd", "-d", device, "create")
    with open(device, "r+b") as handle:
        handle.seek(12)
        handle.write(size.to_bytes(4, "big"))
    with pytest.raises(CommandExecutionError, match="header is damaged"):
        world(tools).library._hanfs_sbd_disk.slots(device)


def test_a_disk_that_ends_too_early_is_told(tools, disk):
    device = disk()
    tools.run("sbd", "-d", device, "create")
    with open(device, "r+b") as handle:
        handle.seek(12)
        handle.write((65536).to_bytes(4, "big"))
    with pytest.raises(CommandExecutionError, match="ends before the last"):
        world(tools).library._hanfs_sbd_disk.slots(device)


def test_what_was_written_is_told_though_a_later_disk_is_refused(tools, disk):
    first, second = disk(), disk(16)
    _data(second)
    answer = ready(world(tools), first, second)
    assert answer["result"] is False and list(answer["changes"]) == [first]


def test_most_disks_decide_whether_a_node_has_a_slot(tools, disk):
    here, devices = world(tools), [disk(), disk(), disk()]
    for device in devices:
        tools.run("sbd", "-d", device, "create")
    for device in devices[:2]:
        tools.run("sbd", "-d", device, "allocate", "n1")
    tools.run("sbd", "-d", devices[0], "allocate", "n2")
    assert here.library._hanfs_sbd_disk.without(["n1", "n2"], devices) == ["n2"]


def test_what_another_node_wrote_is_seen_though_this_one_has_read_before(tools, disk):
    here, device = world(tools), disk()
    with open(device, "rb") as held:
        held.read(4096)
        assert here.library._hanfs_sbd_disk.header(device) is None
        tools.run("sbd", "-d", device, "create")
        assert here.library._hanfs_sbd_disk.header(device)["msgwait"] == 10


def test_another_header_is_never_written_again(tools, disk):
    device = disk()
    tools.run("sbd", "-d", device, "-1", "10", "-4", "20", "create")
    before = content(device)
    answer = ready(world(tools), device)
    assert (answer["result"], answer["changes"]) == (True, {})
    assert "watchdog 10 s and msgwait 20 s" in answer["warnings"][0]
    assert content(device) == before


@pytest.mark.parametrize(
    "watchdog, msgwait, told",
    [(15, 60, "fencing would be given up before it is done"), (15, 20, "less than twice")],
)
def test_a_header_that_makes_fencing_unsafe_is_refused(tools, disk, watchdog, msgwait, told):
    device = disk()
    tools.run("sbd", "-d", device, "-1", str(watchdog), "-4", str(msgwait), "create")
    answer = ready(world(tools), device)
    assert answer["result"] is False
    assert told in answer["comment"]
    assert f"watchdog_timeout: {watchdog}, msgwait: {msgwait}" in answer["comment"]


def _data(device):
    with open(device, "r+b") as handle:
        handle.seek(700 * 1024)
        handle.write(b"somebody's")


def _partitions(device):
    subprocess.run(["sfdisk", "--no-reread", device], input="1M 1M\n", text=True, check=True)


USED = {
    "a file system": (lambda device: run("mkfs.ext4", "-q", device), "is not empty: ext4"),
    "swap": (lambda device: run("mkswap", device), "is not empty: swap"),
    "partitions": (_partitions, "is not empty: dos"),
    "bytes of nobody knows whom": (_data, "is not empty: there is data at byte 716800"),
}


@pytest.mark.parametrize("which", USED)
def test_a_disk_with_anything_on_it_stays_as_it_is(tools, disk, which):
    device = disk(16)
    use, told = USED[which]
    use(device)
    before = content(device)
    for dry in (True, False):
        answer = ready(world(tools, test=dry), device)
        assert (answer["result"], answer["changes"]) == (False, {})
        assert told in answer["comment"]
    assert content(device) == before


def test_a_disk_that_is_held_or_mounted_stays_as_it_is(tools, disk, tmp_path):
    device = disk(16)
    holder = os.open(device, os.O_RDONLY | os.O_EXCL)
    try:
        assert "has it open for itself" in ready(world(tools), device)["comment"]
    finally:
        os.close(holder)
    run("mkfs.ext4", "-q", device)
    mountpoint = tmp_path / "mnt"
    mountpoint.mkdir()
    run("mount", device, str(mountpoint))
    try:
        answer = ready(world(tools), device)
    finally:
        run("umount", str(mountpoint))
    assert answer["result"] is False
    assert f"mounted on {mountpoint}" in answer["comment"]


def test_a_tiny_disk_is_refused(tools, disk, tmp_path):
    image = tmp_path / "tiny"
    image.write_bytes(b"\0" * 65536)
    device = run("losetup", "--find", "--show", str(image)).stdout.strip()
    try:
        assert "too small" in ready(world(tools), device)["comment"]
    finally:
        run("losetup", "--detach", device)


@pytest.mark.parametrize("why", ["not asked", "member"])
def test_nothing_is_written_that_may_not_be(tools, disk, why):
    device = disk()
    here = world(tools, member="nfs" if why == "member" else None)
    answer = ready(here, device, initialize=why != "not asked")
    assert answer["result"] is False
    assert "initialize: true" in answer["comment"]
    assert not any(content(device))


def test_the_others_wait_for_the_first_node(tools, disk):
    device = disk()
    answer = ready(world(tools, node="nfs-server2"), device)
    assert answer["result"] is False
    assert f"Has the run on {CREATOR} got so far" in answer["comment"]
    dry = ready(world(tools, node="nfs-server2", test=True), device)
    assert dry["result"] is None
    assert not any(content(device))
    with subprocess.Popen(
        ["sh", "-c", 'sleep 1; exec "$@"', "sh", *tools.prefix, "sbd", "-d", device]
        + ["-1", "15", "-4", "40", "create"],
        stdout=subprocess.DEVNULL,
    ):
        answer = ready(world(tools, node="nfs-server2"), device, timeout=60)
    assert (answer["result"], answer["changes"]) == (True, {})


def test_a_disk_that_is_not_there(tools, tmp_path):
    answer = ready(world(tools), str(tmp_path / "none"))
    assert answer["result"] is False
    assert "is not there" in answer["comment"]


# --- hanfs.fence_test on a cluster that uses SBD --------------------------------------------------


def fencing_by(tools, *devices, running=True, watchdog="/dev/null"):
    """A cluster whose device uses these disks, and a node whose SBD watches them."""
    nodes = ["n1", "n2"]
    members = "".join(f'<node id="{name[1]}" uname="{name}"/>' for name in nodes)
    tools.cib.write_text(tools.text().replace("<nodes/>", f"<nodes>{members}</nodes>"))
    here = tools.world()
    site = {
        "cluster": {"nodes": dict.fromkeys(nodes, [])},
        "fencing": {"enabled": True, "sbd": {"devices": list(devices), "msgwait": 20}},
    }
    here.salt["cib.apply"](here.library._hanfs_fencing.description(site), wait=0)
    settings = {"SBD_DEVICE": ";".join(devices), "SBD_WATCHDOG_DEV": watchdog}
    here.salt.update(
        {
            "_pcs_node.status": lambda: {
                "nodes": {name: {"online": True} for name in nodes},
                "stonith_enabled": True,
            },
            "_pcs_sbd.sbd_config": lambda: settings,
            "_hanfs_sbd.is_running": lambda: running,
        }
    )
    return here


def made(tools, device, *slots):
    tools.run("sbd", "-d", device, "-1", "10", "-4", "20", "create")
    for node in slots:
        tools.run("sbd", "-d", device, "allocate", node)
    return device


def test_fence_test_finds_header_slots_daemon_and_watchdog(tools, disk):
    device = made(tools, disk(), "n1", "n2")
    report = fencing_by(tools, device).salt["hanfs.fence_test"]()
    assert report["problems"] == []
    assert report["devices"]["fence-sbd"]["nodes"] == dict.fromkeys(
        ["n1", "n2"], {"result": True, "says": "on"}
    )
    assert report["watchdog"] == {
        "device": "/dev/null",
        "running": True,
        "disks": {device: {"watchdog": 10, "msgwait": 20, "slots": {"n1": "clear", "n2": "clear"}}},
    }


def test_fence_test_tells_what_is_wrong_with_sbd(tools, disk):
    device = made(tools, disk(), "n1")
    here = fencing_by(tools, device, running=False, watchdog="/dev/no-watchdog")
    told = "\n".join(here.salt["hanfs.fence_test"]()["problems"])
    assert "/dev/no-watchdog is not there" in told
    assert "SBD does not run on this node" in told
    assert "n2 has no slot: SBD has never run there" in told
    assert "fence-sbd: n2:" in told
    assert "fence-sbd: n1:" not in told


def test_fence_test_tells_of_another_disk_and_of_a_message_that_waits(tools, disk):
    device, other = made(tools, disk(), "n1", "n2"), disk()
    here = fencing_by(tools, device)
    here.library._pcs_sbd.sbd_config()["SBD_DEVICE"] = other
    tools.run("sbd", "-d", device, "message", "n2", "exit")
    told = "\n".join(here.salt["hanfs.fence_test"]()["problems"])
    assert f"SBD on this node watches {other}, the cluster's device uses {device}" in told
    assert "a message waits for n2: exit" in told
