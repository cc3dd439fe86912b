"""The shared disk on real block devices: loop devices, real signatures, real LVM labels.

Volumes cannot be activated where the kernel has no device mapper, so what happens above the volume
group is proved on the lab's machines; refusals, labels, groups and file systems are proved here.
"""

import os
import shutil

import pytest

from tests.support.block_devices import (
    CREATOR,
    LVM,
    content,
    need,
    needs_loop_devices,
    ready,
    run,
    storage,
    world,
)

pytestmark = needs_loop_devices


def swap(device):
    run("mkswap", device)


def gpt(device):
    run("sfdisk", device, input="label: gpt\n")


def dos(device):
    run("sfdisk", device, input="label: dos\n,100M\n")


def lvm_other_group(device):
    run("vgcreate", "HANFS_other", device)


def luks(device):
    run("cryptsetup", "luksFormat", "-q", "--pbkdf-force-iterations=4", "--pbkdf-memory=32",
        "--pbkdf-parallel=1", "--key-file=-", device, input="x")  # fmt: skip


def mdraid(device):
    # mdadm itself needs the kernel's md: the superblock of version 1.2, as libblkid checks it.
    block = bytearray(256)
    block[0:8] = (0xA92B4EFC).to_bytes(4, "little") + (1).to_bytes(4, "little")
    block[16:32] = bytes(range(16))
    block[144:152] = (8).to_bytes(8, "little")
    total = sum(int.from_bytes(block[i : i + 4], "little") for i in range(0, 256, 4))
    block[216:220] = ((total & 0xFFFFFFFF) + (total >> 32)).to_bytes(4, "little")
    with open(device, "r+b") as handle:
        handle.seek(4096)
        handle.write(block)


FOREIGN = {
    "ext4": lambda device: run("mkfs.ext4", "-q", device),
    "ext2": lambda device: run("mkfs.ext4", "-q", "-t", "ext2", device),
    "xfs": lambda device: run("mkfs.xfs", "-q", device),
    "vfat": lambda device: run("mkfs.vfat", device),
    "swap": swap,
    "gpt": gpt,
    "dos": dos,
    "LVM2_member": lambda device: run("pvcreate", device),
    "group": lvm_other_group,
    "crypto_LUKS": luks,
    "linux_raid_member": mdraid,
}
NEEDS = {
    "ext4": "mkfs.ext4", "ext2": "mkfs.ext4", "xfs": "mkfs.xfs", "vfat": "mkfs.vfat",
    "gpt": "sfdisk", "dos": "sfdisk", "LVM2_member": "pvcreate", "group": "vgcreate",
    "crypto_LUKS": "cryptsetup",
}  # fmt: skip


def put(kind, device, request):
    if kind in NEEDS and not shutil.which(NEEDS[kind]):
        pytest.skip(f"{NEEDS[kind]} is not installed")
    FOREIGN[kind](device)
    if kind == "group":
        request.addfinalizer(lambda: run("vgremove", "-f", "HANFS_other", check=False))


def snapshot_of_signatures(device):
    return run("wipefs", "-p", device).stdout


@pytest.mark.parametrize("node", [CREATOR, "nfs-server2"])
@pytest.mark.parametrize("lvm", [LVM, {}], ids=["lvm", "plain"])
@pytest.mark.parametrize("kind", list(FOREIGN))
def test_a_device_with_a_signature_is_refused_byte_for_byte(kind, lvm, node, loop, request):
    need("pvs", "wipefs")
    device = loop()
    put(kind, device, request)
    before = content(device)
    wanted = storage(device, fstype="ext4" if kind == "xfs" else "xfs", **lvm)
    for test in (True, False):
        node_world = world(node, test=test)
        ret = ready(node_world, wanted)
        # Only the creator can tell whose label it is: the other node waits for what that one does.
        waits = kind == "LVM2_member" and lvm and node != CREATOR
        assert ret["result"] is (None if test and waits else False), ret
        assert ret["changes"] == {}
        assert device in ret["comment"]
        written = [argv[0] for argv in node_world.commands if argv[0] not in ("pvs", "wipefs")]
        assert written == [], "only looking is allowed"
    assert content(device) == before


@pytest.mark.parametrize("lvm", [LVM, {}], ids=["lvm", "plain"])
def test_partitions_without_a_signature_are_refused(lvm, loop):
    need("sfdisk", "pvs")
    device = loop()
    dos(device)
    run("partx", "--add", device, check=False)
    if not os.path.exists(f"{device}p1"):
        pytest.skip("the kernel makes no partitions of loop devices here")
    try:
        with open(device, "r+b") as handle:
            handle.write(bytes(512))
        assert snapshot_of_signatures(device) == ""
        before = content(device)
        ret = ready(world(), storage(device, **lvm))
        assert ret["result"] is False
        assert "partitions" in ret["comment"]
        assert content(device) == before
    finally:
        run("partx", "--delete", device)


@pytest.mark.parametrize("lvm", [LVM, {}], ids=["lvm", "plain"])
def test_a_mounted_device_is_refused(lvm, loop, tmp_path):
    need("mkfs.ext4", "pvs")
    device = loop()
    run("mkfs.ext4", "-q", device)
    (tmp_path / "here").mkdir()
    if run("mount", device, str(tmp_path / "here"), check=False).returncode:
        pytest.skip("no mounting here")
    try:
        ret = ready(world(), storage(device, **lvm))
    finally:
        run("umount", str(tmp_path / "here"))
    assert ret["result"] is False
    assert "mounted" in ret["comment"]


def test_our_file_system_mounted_elsewhere_is_refused(loop, tmp_path):
    need("mkfs.ext4")
    device, here = loop(), tmp_path / "wo es ist, ä"
    wanted = {**storage(device, fstype="ext4"), "mountpoint": str(tmp_path / "link")}
    run("mkfs.ext4", "-q", device)
    here.mkdir()
    if run("mount", device, str(here), check=False).returncode:
        pytest.skip("no mounting here")
    try:
        elsewhere = ready(world(member="c"), wanted)
        (tmp_path / "link").symlink_to(here)
        there = ready(world(member="c"), wanted)
    finally:
        run("umount", str(here))
    assert elsewhere["result"] is False and f"umount {here}" in elsewhere["comment"]
    assert there["result"] is True, "the mount point is a link to it"


@pytest.mark.parametrize("lvm", [LVM, {}], ids=["lvm", "plain"])
def test_a_device_that_somebody_holds_is_refused(lvm, loop):
    need("pvs")
    device = loop()
    handle = os.open(device, os.O_RDWR | os.O_EXCL)
    try:
        ret = ready(world(), storage(device, **lvm))
    finally:
        os.close(handle)
    assert ret["result"] is False
    assert "another program" in ret["comment"]


def test_a_swap_device_in_use_is_refused_even_without_its_signature(loop):
    need("mkswap", "swapon")
    device = loop()
    swap(device)
    if run("swapon", device, check=False).returncode:
        pytest.skip("no swap here")
    try:
        here = world()
        facts = here.library._hanfs_storage.inspect(here.machine, storage(device), "c", True)
    finally:
        run("swapoff", device)
    assert facts["device"]["swap"] and facts["device"]["busy"]


@pytest.mark.parametrize("lvm", [LVM, {}], ids=["lvm", "plain"])
def test_too_small_read_only_missing_and_not_a_device(lvm, loop, tmp_path):
    need("pvs")
    small = loop(200)
    assert "too small: 200 MiB" in ready(world(), storage(small, **lvm))["comment"]
    device = loop(400)
    run("blockdev", "--setro", device)
    assert "read-only" in ready(world(), storage(device, **lvm))["comment"]
    run("blockdev", "--setrw", device)
    missing = ready(world(), storage("/dev/there-is-none", **lvm))
    assert missing["result"] is False and "is not there" in missing["comment"]
    (tmp_path / "file").write_text("x")
    assert "not a block device" in ready(world(), storage(str(tmp_path / "file"), **lvm))["comment"]


@pytest.mark.parametrize("lvm", [LVM, {}], ids=["lvm", "plain"])
def test_nothing_is_made_by_others_or_without_leave(lvm, loop):
    need("pvs")
    device = loop()
    before = content(device)
    without_leave = ready(world(), storage(device, initialize=False, **lvm))
    assert without_leave["result"] is False and "initialize: true" in without_leave["comment"]
    member = ready(world(member="nfs-server-cluster"), storage(device, **lvm))
    assert member["result"] is False and "before the cluster exists" in member["comment"]
    second = ready(world("nfs-server2"), storage(device, **lvm))
    assert second["result"] is False and f"waited for {CREATOR}" in second["comment"]
    assert content(device) == before


@pytest.mark.parametrize("fstype", ["xfs", "ext4"])
def test_a_plain_file_system_is_made_once_and_then_left_alone(fstype, loop):
    need(f"mkfs.{fstype}")
    device = loop()
    wanted = storage(device, fstype=fstype)
    predicted = ready(world(test=True), wanted)
    assert predicted["result"] is None
    assert snapshot_of_signatures(device) == ""
    made = ready(world(), wanted)
    assert made["result"] is True
    assert made["changes"] == predicted["changes"]
    assert made["changes"] == {f"file system on {device}": {"old": None, "new": fstype}}
    before = content(device)
    for node, member in ((CREATOR, None), ("nfs-server2", None), (CREATOR, "nfs-server-cluster")):
        for test in (True, False):
            again = ready(world(node, member, test), wanted)
            assert again["result"] is True and again["changes"] == {}
    assert content(device) == before


def test_the_same_device_under_another_name(loop, tmp_path):
    need("mkfs.xfs")
    device = loop()
    alias = tmp_path / "by-id"
    alias.symlink_to(device)
    assert ready(world(), storage(device))["result"] is True
    again = ready(world(), storage(str(alias)))
    assert again["result"] is True and again["changes"] == {}


def test_an_xfs_that_mkfs_never_finished_stays_untouched(loop):
    """Whoever makes or copies a file system there may still be at work: waited for or refused."""
    need("mkfs.xfs")
    device = loop()
    run("mkfs.xfs", "-q", device)
    with open(device, "r+b") as handle:
        handle.seek(126)
        handle.write(b"\1")
    before = content(device)
    for node in (world(), world("nfs-server2"), world(member="nfs-server-cluster")):
        assert ready(node, storage(device))["result"] is False
    assert ready(world(), storage(device, initialize=False))["result"] is False
    assert "never finished" in ready(world(), storage(device))["comment"]
    assert content(device) == before


def test_labels_and_groups_of_a_run_that_was_cut_off_are_continued(loop, request):
    """Up to the volume, which needs device mapper: each step once, and taken up again after it."""
    need("pvcreate")
    device = loop()
    wanted = storage(device, **LVM)
    rules = {}
    for step in ("pvcreate", "vgcreate", "lvcreate"):
        node = world()
        facts = node.library._hanfs_storage.inspect(node.machine, wanted, "nfs-server-cluster")
        rules[step] = node.library._hanfs_storage_rules.decide(facts, wanted, True, True)
        assert rules[step]["step"] == step
        waiting = node.library._hanfs_storage_rules.decide(facts, wanted, True, False)
        assert waiting["verdict"] == "wait", "the other node waits meanwhile"
        member = node.library._hanfs_storage_rules.decide(facts, wanted, False, True)
        assert member["verdict"] == "refuse", "a member makes nothing"
        if step == "lvcreate":
            break
        node.library._hanfs_storage.perform(node.machine, step, wanted, "nfs-server-cluster")
    run("vgremove", "-f", LVM["vg"])


def test_a_label_of_another_cluster_is_not_taken_up(loop):
    need("pvcreate")
    device = loop()
    wanted = storage(device, **LVM)
    node = world()
    node.library._hanfs_storage.perform(node.machine, "pvcreate", wanted, "another-cluster")
    before = content(device)
    ret = ready(node, wanted)
    assert ret["result"] is False and "did not make" in ret["comment"]
    assert content(device) == before


def test_a_label_of_another_machine_is_not_taken_up(loop, tmp_path):
    need("pvcreate")
    device = loop()
    wanted = storage(device, **LVM)
    theirs = world()
    theirs.library._hanfs_storage.MACHINE_ID = str(tmp_path / "machine-id")
    (tmp_path / "machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    theirs.library._hanfs_storage.perform(theirs.machine, "pvcreate", wanted, "nfs-server-cluster")
    before = content(device)
    ret = ready(world(), wanted)
    assert ret["result"] is False and "did not make" in ret["comment"]
    assert content(device) == before
    facts = theirs.library._hanfs_storage.inspect(theirs.machine, wanted, "nfs-server-cluster")
    own = theirs.library._hanfs_storage_rules.decide(facts, wanted, True, True)
    assert own["step"] == "vgcreate", "the machine that made it goes on"


@pytest.mark.parametrize("more", [False, True], ids=["theirs", "ours and more"])
def test_a_group_that_only_has_our_name_is_left_byte_for_byte(more, loop, request):
    need("vgcreate")
    device, second = loop(400), loop(401)
    wanted = storage(device, **LVM)
    request.addfinalizer(lambda: run("vgremove", "-f", LVM["vg"], check=False))
    if more:
        node = world()
        for step in ("pvcreate", "vgcreate"):
            node.library._hanfs_storage.perform(node.machine, step, wanted, "nfs-server-cluster")
        run("vgextend", LVM["vg"], second)
    else:
        run("vgcreate", LVM["vg"], device)
    before = content(device)
    for test in (True, False):
        ret = ready(world(test=test), wanted)
        assert ret["result"] is False and "not made by this formula" in ret["comment"]
    ret = ready(world("nfs-server2"), wanted)
    assert ret["result"] is False and f"waited for {CREATOR}" in ret["comment"]
    assert content(device) == before


def test_our_group_on_another_device_is_refused(loop, request):
    need("vgcreate")
    elsewhere, device = loop(400), loop(401)
    run("vgcreate", LVM["vg"], elsewhere)
    request.addfinalizer(lambda: run("vgremove", "-f", LVM["vg"], check=False))
    before = content(device)
    ret = ready(world(), storage(device, **LVM))
    assert ret["result"] is False and elsewhere in ret["comment"]
    assert content(device) == before
