"""Volume groups with an owner, as two nodes see them: LVM's system ID, devices file and sizes.

Two nodes are two configurations of LVM on one machine. Device mapper is left out (volumes are never
active), as on a passive node; tests/system has it all.
"""

import os

import pytest

from tests.support.block_devices import (
    CREATOR,
    LVM,
    MIB,
    content,
    needs_loop_devices,
    run,
    storage,
    world,
)

CLUSTER = "nfs-server-cluster"
PROTECTED = "system_id"
PEER = "nfs-server2"

pytestmark = needs_loop_devices


@pytest.fixture
def node(tmp_path, monkeypatch, request):
    """A function: name, options -> the modules on a node whose LVM calls itself so."""

    def make(name=CREATOR, member=None, test=False, owner=True, devices_file=False):
        home = tmp_path / name
        home.mkdir(exist_ok=True)
        (home / "lvm.conf").write_text(
            f"global {{ activation = 0\n system_id_source = {'lvmlocal' if owner else 'none'} }}\n"
            f'devices {{ use_devicesfile = {int(devices_file)}\n scan = ["/dev"] }}\n'
        )
        (home / "lvmlocal.conf").write_text(f'local {{ system_id = "{name}" }}\n' if owner else "")
        monkeypatch.setenv("LVM_SYSTEM_DIR", str(home))
        made = world(name, member, test)
        made.library._hanfs_storage.DEVICES_FILE = str(home / "devices" / "system.devices")
        return made

    yield make
    made = make("cleaner", owner=False)
    for row in made.library._hanfs_storage.lvm_rows(made.machine):
        if row["vg_name"].startswith("HANFS"):
            config = f'local {{ extra_system_ids = ["{row["vg_systemid"]}"] }}'
            run("vgremove", "--config", config, "-f", row["vg_name"], check=False)


def do(made, wanted, *steps):
    for step in steps:
        made.library._hanfs_storage.perform(made.machine, step, wanted, CLUSTER, PROTECTED)


def decide(made, wanted, creates=True, may_create=True, file_systems=None, member=False):
    facts = made.library._hanfs_storage.inspect(
        made.machine, wanted, CLUSTER, creates and may_create, PROTECTED
    )
    answer = made.library._hanfs_storage_rules.decide(
        facts, wanted, may_create, creates, file_systems, member
    )
    return answer["step"] or answer["verdict"], answer["why"]


def ready(made, wanted, **more):
    options = {"creator": CREATOR, "cluster": CLUSTER, "timeout": 0, "protection": PROTECTED}
    return made.library._hanfs_state_storage.storage_ready(
        made.machine, "disk", wanted, **{**options, **more}
    )


def grown(made, wanted):
    return made.library._hanfs_state_storage_grow.storage_grown(made.machine, "x", wanted)


def file_system_inside(device, fstype, made, request, lv=LVM["lv"]):
    """A real file system where the volume begins, as mkfs would have made it on the volume."""
    (row,) = [
        row for row in made.library._hanfs_storage.lvm_rows(made.machine) if row["lv_name"] == lv
    ]
    place = int(row["pe_start"]) + int(row["pvseg_start"]) * int(row["vg_extent_size"])
    inner = run("losetup", "--find", "--show", f"--offset={place}",
                f"--sizelimit={row['lv_size']}", device).stdout.strip()  # fmt: skip
    run({"xfs": "mkfs.xfs", "ext4": "mkfs.ext4"}[fstype], "-q", inner)
    run("losetup", "--detach", inner)


def test_a_group_belongs_to_its_creator_and_is_not_active_at_boot(node, loop):
    wanted, made = storage(loop(), **LVM), node()
    do(made, wanted, "pvcreate", "vgcreate")
    (row,) = made.library._hanfs_storage.lvm_rows(made.machine)
    assert row["vg_systemid"] == CREATOR
    told = run("vgs", "--noheadings", "-o", "autoactivation", LVM["vg"]).stdout
    assert "enabled" not in told
    peer = node(PEER)
    assert run("pvs", "--noheadings").stdout == "", "foreign"
    assert decide(peer, wanted, creates=False)[0] == "wait"


def test_a_group_of_the_article_belongs_to_nobody_wherever_it_is_made(node, loop):
    """A host with a system ID gives it to every group that it makes, unless it is told not to."""
    wanted, made = storage(loop(), **LVM), node()
    for step in ("pvcreate", "vgcreate"):
        made.library._hanfs_storage.perform(made.machine, step, wanted, CLUSTER)
    assert [row["vg_systemid"] for row in made.library._hanfs_storage.lvm_rows(made.machine)] == [
        ""
    ]


@pytest.mark.parametrize("fstype", ["xfs", "ext4"])
def test_both_nodes_are_ready_without_activating_anything(fstype, node, loop, request):
    wanted, made = storage(loop(400), fstype, **LVM), node()
    do(made, wanted, "pvcreate", "vgcreate", "lvcreate")
    assert decide(made, wanted)[0] == "activate", "to make the file system"
    assert decide(node(PEER), wanted, creates=False)[0] == "wait"
    assert decide(node(PEER), wanted, creates=False, may_create=False)[0] == "refuse"
    file_system_inside(wanted["device"], fstype, node(), request)
    before = content(wanted["device"])
    for name in (CREATOR, PEER):
        for member in (None, CLUSTER):
            for test in (True, False):
                made = node(name, member, test)
                ret = ready(made, wanted)
                assert ret["result"] is True and ret["changes"] == {}, ret
                assert "only the cluster activates it" in ret["comment"]
                assert [argv[0] for argv in made.commands] == ["pvs"]
    other = {**wanted, "fstype": "ext4" if fstype == "xfs" else "xfs"}
    ret = ready(node(), other)
    assert ret["result"] is False and f"carries {fstype}, not" in ret["comment"]
    assert content(wanted["device"]) == before


def test_an_empty_volume_of_another_owner_gets_no_file_system(node, loop):
    wanted, made = storage(loop(), **LVM), node()
    do(made, wanted, "pvcreate", "vgcreate", "lvcreate")
    run("vgchange", "-y", "--systemid", PEER, LVM["vg"])
    what, why = decide(node(), wanted)
    assert what == "refuse" and PEER in why and CREATOR in why


def test_without_a_system_id_nothing_is_begun(node, loop):
    wanted = storage(loop(), **LVM)
    before = content(wanted["device"])
    ret = ready(node(owner=False), wanted)
    assert ret["result"] is False and "system_id_source" in ret["comment"]
    assert content(wanted["device"]) == before


def test_a_group_without_an_owner(node, loop):
    wanted, made = storage(loop(), **LVM), node(owner=False)
    for step in ("pvcreate", "vgcreate", "lvcreate"):
        made.library._hanfs_storage.perform(made.machine, step, wanted, CLUSTER)
    before = content(wanted["device"])
    assert decide(node(PEER), wanted, creates=False)[0] == "wait"
    for creates, may_create, member in ((True, False, True), (False, False, True),
                                        (True, False, False)):  # fmt: skip
        what, why = decide(node(), wanted, creates, may_create, member=member)
        assert what == "refuse" and "vgchange --systemid" in why
    assert content(wanted["device"]) == before
    made = node()
    assert decide(made, wanted)[0] == "systemid"
    do(made, wanted, "systemid")
    assert decide(made, wanted)[0] == "activate"
    assert {row["vg_systemid"] for row in made.library._hanfs_storage.lvm_rows(made.machine)} == {
        CREATOR
    }


def test_a_group_without_an_owner_that_carries_data_may_be_in_use_elsewhere(node, loop, request):
    """The first node, out of its cluster with `initialize` still true; the others go on."""
    wanted, made = storage(loop(), **LVM), node(owner=False)
    for step in ("pvcreate", "vgcreate", "lvcreate"):
        made.library._hanfs_storage.perform(made.machine, step, wanted, CLUSTER)
    file_system_inside(wanted["device"], "xfs", made, request)
    before = content(wanted["device"])
    ret = ready(node(), wanted)
    assert ret["result"] is False and "vgchange --systemid" in ret["comment"]
    assert ret["changes"] == {} and content(wanted["device"]) == before


def test_a_group_made_by_hand_is_not_given_an_owner(node, loop):
    wanted, made = storage(loop(), **LVM), node(owner=False)
    run("vgcreate", LVM["vg"], wanted["device"])
    made = node()
    what, why = decide(made, wanted)
    assert what == "refuse" and "vgchange --systemid" in why


def test_letting_go_of_a_foreign_group_is_allowed(node, loop):
    """LVM refuses every change of a foreign group, this one too unless it is told otherwise."""
    wanted = storage(loop(), **LVM)
    do(node(), wanted, "pvcreate", "vgcreate", "lvcreate")
    peer = node(PEER)
    assert run("lvchange", "-an", f"{LVM['vg']}/{LVM['lv']}", check=False).returncode != 0
    do(peer, wanted, "deactivate")


# --- groups that are not as they should be --------------------------------------------------------


def detached(device):
    """Take a loop device away; its file, to attach it again."""
    image = run("losetup", "--noheadings", "--output", "BACK-FILE", device).stdout.strip()
    run("losetup", "--detach", device)
    return image


def test_two_groups_of_one_name(node, loop):
    first, second = loop(), loop()
    node(owner=False)
    run("vgcreate", LVM["vg"], first)
    image = detached(first)
    run("vgcreate", LVM["vg"], second)
    run("losetup", first, image)
    uuid = run("vgs", "--noheadings", "-o", "vg_uuid", LVM["vg"], check=False)
    try:
        for device in (first, second):
            before = content(device)
            ret = ready(node(), storage(device, **LVM))
            assert ret["result"] is False and "2 volume groups named" in ret["comment"], ret
            assert content(device) == before
    finally:
        # By name there is no telling them apart any more.
        run("pvremove", "-ff", "-y", second, check=False)
    assert uuid.returncode


def test_a_group_that_misses_a_disk_and_an_exported_one(node, loop):
    first, second = loop(), loop()
    node(owner=False)
    run("vgcreate", LVM["vg"], first, second)
    wanted = storage(first, **LVM)
    run("lvcreate", "-Wn", "-Zn", "-l", "100%PVS", "-n", LVM["lv"], LVM["vg"], second)
    image = detached(second)
    try:
        for protection in (None, PROTECTED):
            ret = ready(node(), wanted, protection=protection)
            assert ret["result"] is False and "misses a physical volume" in ret["comment"]
    finally:
        run("losetup", second, image)
    node(owner=False)
    run("vgexport", LVM["vg"])
    before = content(first)
    try:
        ret = ready(node(), wanted)
        assert ret["result"] is False and "vgexport" in ret["comment"], ret
        assert content(first) == before
    finally:
        node(owner=False)
        run("vgimport", LVM["vg"])


def test_two_ways_to_one_disk(node, loop):
    """Without multipath LVM takes one of them; the other one is refused with the reason."""
    device = loop()
    wanted, made = storage(device, **LVM), node()
    do(made, wanted, "pvcreate", "vgcreate")
    image = run("losetup", "--noheadings", "--output", "BACK-FILE", device).stdout.strip()
    twin = run("losetup", "--find", "--show", image).stdout.strip()
    try:
        before = content(device)
        answers = [decide(node(), {**wanted, "device": path}) for path in (device, twin)]
        assert content(device) == before
    finally:
        run("losetup", "--detach", twin)
    assert sorted(what for what, _ in answers) == ["lvcreate", "refuse"]
    assert "multipath" in next(why for what, why in answers if what == "refuse")


# --- devices file ---------------------------------------------------------------------------------


def empty_devices_file(made):
    listed = made.library._hanfs_storage.DEVICES_FILE
    os.makedirs(os.path.dirname(listed))
    open(listed, "w").close()
    return listed


def test_the_devices_file_of_both_nodes_gets_the_disk(node, loop):
    device = loop()
    wanted, made = storage(device, **LVM), node(devices_file=True)
    listed = empty_devices_file(made)
    do(made, wanted, "pvcreate", "vgcreate", "lvcreate")
    assert device in open(listed).read(), "pvcreate does that by itself"
    peer = node(PEER, devices_file=True)
    listed = empty_devices_file(peer)
    assert decide(peer, wanted, creates=False, may_create=False)[0] == "unlisted"
    assert open(listed).read() == ""
    ret = ready(peer, {**wanted, "initialize": False})
    assert "carries no file system" in ret["comment"], "it sees the group now"
    assert device in open(listed).read()


def test_the_devices_file_gets_no_disk_of_somebody_else(node, loop):
    """Nor one whose label has no group yet, of which LVM cannot say whose it is."""
    device = loop()
    wanted, made = storage(device, **LVM), node(devices_file=True)
    listed = empty_devices_file(made)
    other = node(PEER)
    do(other, {**wanted, "vg": "HANFS_OTHER"}, "pvcreate")
    ret = ready(node(devices_file=True), wanted)
    assert ret["result"] is False and "LVM on this node does not list it" in ret["comment"]
    do(node(PEER), {**wanted, "vg": "HANFS_OTHER"}, "vgcreate")
    for more in ({}, {"creator": PEER, "timeout": 3}):
        ret = ready(node(devices_file=True), wanted, **more)
        assert ret["result"] is False and "volume group HANFS_OTHER, not to" in ret["comment"]
    assert open(listed).read() == ""


def test_its_own_label_gets_into_the_devices_file_after_a_cut(node, loop):
    wanted = storage(loop(), **LVM)
    do(node(), wanted, "pvcreate")
    made = node(devices_file=True)
    empty_devices_file(made)
    assert decide(made, wanted)[0] == "unlisted"
    made.library._hanfs_storage.rescan(made.machine, wanted, CLUSTER)
    assert decide(made, wanted)[0] == "vgcreate"


# --- sizes ----------------------------------------------------------------------------------------


def entries(device, *sizes):
    return [storage(device, vg=LVM["vg"], lv=f"lv{number}", size=size)
            for number, size in enumerate(sizes)]  # fmt: skip


@pytest.mark.parametrize("sizes", [("500M",), ("300M", None), ("80%", None)])
def test_a_device_smaller_than_what_is_asked_of_it(sizes, node, loop):
    wanted = entries(loop(400), *sizes)
    before = content(wanted[0]["device"])
    ret = ready(node(), wanted[0], file_systems=wanted)
    assert ret["result"] is False and "too small: 400 MiB" in ret["comment"]
    assert content(wanted[0]["device"]) == before


def test_volumes_of_one_group_share_it(node, loop, request):
    wanted, made = entries(loop(1500), "400M", "30%", None), node()
    do(made, wanted[0], "pvcreate", "vgcreate")
    for entry in wanted:
        assert decide(made, entry, file_systems=wanted)[0] == "lvcreate"
        do(made, entry, "lvcreate")
        file_system_inside(entry["device"], "xfs", made, request, entry["lv"])
    for entry in wanted:
        assert ready(node(PEER), entry, file_systems=wanted)["result"] is True
    sizes = {row["lv_name"]: int(row["lv_size"]) // MIB
             for row in made.library._hanfs_storage.lvm_rows(made.machine)
             if row["lv_name"]}  # fmt: skip
    assert sizes == {"lv0": 400, "lv1": 448, "lv2": 648}
    full = storage(wanted[0]["device"], vg=LVM["vg"], lv="more")
    what, why = decide(node(), full, file_systems=[*wanted, full])
    assert what == "refuse" and "0 MiB left" in why
    what, why = decide(node(), full)
    assert what == "refuse" and "but others: lv0, lv1, lv2" in why


def test_a_kernel_that_has_not_noticed_that_the_disk_grew(node, loop):
    device = loop(400)
    wanted = storage(device, **LVM)
    do(node(), wanted, "pvcreate", "vgcreate", "lvcreate")
    image = run("losetup", "--noheadings", "--output", "BACK-FILE", device).stdout.strip()
    smaller = run("losetup", "--find", "--show", f"--sizelimit={350 * MIB}", image).stdout.strip()
    run("losetup", "--detach", device)
    try:
        what, why = decide(node(PEER), {**wanted, "device": smaller}, False, False)
    finally:
        run("losetup", "--detach", smaller)
        # As the fixture left it, since it takes it away itself.
        run("losetup", device, image)
    assert what == "refuse" and "has not noticed" in why


@pytest.mark.parametrize("fstype", ["xfs", "ext4"])
def test_the_same_of_a_disk_without_lvm(fstype, node, loop):
    device = loop(400)
    run({"xfs": "mkfs.xfs", "ext4": "mkfs.ext4"}[fstype], "-q", device)
    wanted = {**storage(device), "fstype": fstype}
    assert ready(node(PEER), wanted)["result"] is True
    image = run("losetup", "--noheadings", "--output", "BACK-FILE", device).stdout.strip()
    smaller = run("losetup", "--find", "--show", f"--sizelimit={350 * MIB}", image).stdout.strip()
    try:
        ret = ready(node(PEER), {**wanted, "device": smaller})
    finally:
        run("losetup", "--detach", smaller)
    assert ret["result"] is False and "has not noticed" in ret["comment"]


# --- growing --------------------------------------------------------------------------------------


def may_resize():
    """ext4 asks for CAP_SYS_RESOURCE, which root in a sandbox may lack."""
    with open("/proc/self/status", encoding="ascii") as status:
        (effective,) = [line.split()[1] for line in status if line.startswith("CapEff")]
    return int(effective, 16) >> 24 & 1


@pytest.mark.parametrize("fstype", ["xfs", "ext4"])
def test_a_plain_file_system_grows_while_it_is_mounted(fstype, loop, tmp_path):
    if fstype == "ext4" and not may_resize():
        pytest.skip(
            "by design: not allowed here; tests/system/test_storage.py grows ext4 on machines"
        )
    device, here = loop(400), tmp_path / "mounted"
    here.mkdir()
    wanted = {**storage(device, fstype), "mountpoint": str(here), "grow": True}
    run(f"mkfs.{fstype}", "-q", device)
    passive = world(test=False)
    ret = grown(passive, wanted)
    assert ret["result"] is True and ret["changes"] == {} and passive.commands == []
    if run("mount", "-t", fstype, device, str(here), check=False).returncode:
        pytest.skip("no mounting here")
    try:
        (here / "data").write_bytes(os.urandom(MIB))
        before = (here / "data").read_bytes()
        both = [world(test=test) for test in (True, False)]
        assert [grown(one, wanted)["changes"] for one in both] == [{}, {}]
        image = run("losetup", "--noheadings", "--output", "BACK-FILE", device).stdout.strip()
        os.truncate(image, 600 * MIB)
        assert [grown(one, wanted)["changes"] for one in both] == [{}, {}], "not told yet"
        run("losetup", "--set-capacity", device)
        old = os.statvfs(here).f_blocks
        predicted, done = [grown(one, wanted) for one in both]
        assert predicted["result"] is None and done["result"] is True, (predicted, done)
        assert done["changes"] == predicted["changes"]
        assert done["changes"][f"file system on {device}"]["new"] == "600 MiB"
        assert os.statvfs(here).f_blocks > old * 1.3
        again = [grown(one, wanted) for one in both]
        assert [(ret["result"], ret["changes"]) for ret in again] == [(True, {}), (True, {})]
        assert (here / "data").read_bytes() == before
    finally:
        run("umount", str(here))
