"""What is done about the shared disk, for every state it can be in and every node that looks."""

import copy
import itertools

import pytest
from salt.exceptions import CommandExecutionError, SaltInvocationError, TimedProcTimeoutError

from tests.support.salt_modules import load

WORLD = load(states=False)
decide = WORLD.library._hanfs_storage_rules.decide
MIB, GIB = 2**20, 2**30
PLAIN = {"device": "/dev/vdb", "fstype": "xfs", "mountpoint": "/nfsdata"}
LVM = {**PLAIN, "vg": "NFS_SHARED", "lv": "NFS_LVM"}
OUR_LABEL = WORLD.library._hanfs_storage_rules.pv_uuid("cluster", LVM, "our machine")


def device(*signatures, **more):
    return {
        "path": "/dev/vdb", "exists": True, "block": True, "rdev": "254:16", "mounted": [],
        "partitions": [], "holders": [], "size": GIB, "read_only": False, "swap": False,
        "busy": False, "unfinished": False,
        "signatures": [{"type": kind, "offset": "0x0"} for kind in signatures], **more,
    }  # fmt: skip


def volume(*signatures, **more):
    return device(
        *signatures, **{"path": "/dev/mapper/NFS_SHARED-NFS_LVM", "rdev": "253:0", **more}
    )


NO_VOLUME = {"path": "/dev/mapper/x", "exists": False, "block": False, "rdev": None, "mounted": []}
MOUNTED = [{"directory": "/nfsdata", "fstype": "xfs", "root": "/"}]
BOUND = [*MOUNTED, {"directory": "/var/lib/nfs", "fstype": "xfs", "root": "/nfsinfo"}]
FOREIGN_MOUNT = [{"directory": "/mnt", "fstype": "xfs", "root": "/"}]


def row(**more):
    return {
        "device": "254:16", "pv_name": "/dev/vdb", "pv_uuid": OUR_LABEL, "pv_missing": "",
        "pv_in_use": "used", "vg_name": "NFS_SHARED", "vg_uuid": "u1", "vg_partial": "",
        "vg_exported": "", "lv_name": "", "lv_active": "", "dev_size": str(GIB),
        "pe_start": str(MIB), "pv_size": str(GIB - 4 * MIB), "vg_systemid": "",
        "vg_extent_size": str(4 * MIB), "vg_extent_count": "255", "vg_free_count": "255",
        "lv_size": "0", "segtype": "free", "seg_start": "0", "pvseg_start": "0",
        **more,
    }  # fmt: skip


def lvm(*rows, disk=None, vol=None):
    # A device whose group is known is not probed.
    bare = {key: device()[key] for key in ("path", "exists", "block", "rdev", "mounted")}
    return {
        "device": disk or (bare if rows else device()),
        "volume": vol or NO_VOLUME,
        "lvm": list(rows),
        "pv_uuid": OUR_LABEL,
    }


def remembering(facts):
    return {**facts, "lvm_memory": True}


def without_lvm2(disk):
    return {"device": disk, "volume": None, "lvm": None, "pv_uuid": OUR_LABEL}


LV = row(lv_name="NFS_LVM")
OTHER_PV = row(device="8:0", pv_name="/dev/sda", pv_uuid="theirs")
ORPHAN = {"vg_name": "", "vg_uuid": "", "pv_in_use": ""}

# facts, storage: what the creator, another node, and a member of the cluster make of it
TABLE = {
    "empty": (lvm(), LVM, "pvcreate", "wait", "refuse"),
    "empty, plain": ({"device": device()}, PLAIN, "mkfs", "wait", "refuse"),
    "our label only": (
        lvm(row(**ORPHAN), disk=device("LVM2_member")), LVM, "vgcreate", "wait", "refuse"),
    "a label of somebody": (
        lvm(row(**ORPHAN, **{"pv_uuid": "x"}), disk=device("LVM2_member")),
        LVM, "refuse", "wait", "refuse"),
    "our label, in use by a group that is gone": (
        lvm(row(**{**ORPHAN, "pv_in_use": "used"}), disk=device("LVM2_member")),
        LVM, "refuse", "wait", "refuse"),
    "a label that LVM does not list, with a devices file": (
        remembering(lvm(disk=device("LVM2_member"))), LVM, "unlisted", "wait", "unlisted"),
    "a label that LVM does not list": (
        lvm(disk=device("LVM2_member")), LVM, "refuse", "wait", "refuse"),
    "a label that LVM does not list, and more": (
        lvm(disk=device("LVM2_member", "xfs")), LVM, "refuse", "refuse", "refuse"),
    "our group, empty": (lvm(row()), LVM, "lvcreate", "wait", "refuse"),
    "our group with other volumes": (
        lvm(row(lv_name="other")), LVM, "refuse", "refuse", "refuse"),
    "volume inactive": (lvm(LV), LVM, "activate", "activate", "activate"),
    "volume inactive among others": (
        lvm(LV, row(lv_name="o")), LVM, "activate", "activate", "activate"),
    "volume empty": (lvm(LV, vol=volume()), LVM, "mkfs", "wait", "refuse"),
    "volume with the file system": (lvm(LV, vol=volume("xfs")), LVM, "ready", "ready", "ready"),
    "volume mounted": (
        lvm(LV, vol=volume(mounted=MOUNTED)), LVM, "ready", "ready", "ready"),
    "volume mounted, and bound by the agent": (
        lvm(LV, vol=volume(mounted=BOUND)), LVM, "ready", "ready", "ready"),
    "volume mounted elsewhere": (
        lvm(LV, vol=volume(mounted=FOREIGN_MOUNT)), LVM, "refuse", "refuse", "refuse"),
    "volume mounted elsewhere too": (
        lvm(LV, vol=volume(mounted=BOUND + FOREIGN_MOUNT)), LVM, "refuse", "refuse", "refuse"),
    "plain, mounted elsewhere": (
        {"device": device(mounted=FOREIGN_MOUNT)}, PLAIN, "refuse", "refuse", "refuse"),
    "a group of our name, empty": (
        lvm(row(pv_uuid="theirs")), LVM, "refuse", "wait", "refuse"),
    "a group of our name, empty volume": (
        lvm({**LV, "pv_uuid": "theirs"}, vol=volume()), LVM, "refuse", "wait", "refuse"),
    "a group of our name, volume inactive": (
        lvm({**LV, "pv_uuid": "theirs"}), LVM, "activate", "activate", "activate"),
    "a group of our name, complete": (
        lvm({**LV, "pv_uuid": "theirs"}, vol=volume("xfs")), LVM, "ready", "ready", "ready"),
    "a group of our name, mounted": (
        lvm({**LV, "pv_uuid": "theirs"}, vol=volume(mounted=MOUNTED)), LVM,
        "ready", "ready", "ready"),
    "our group and a second disk, no volume": (
        lvm(row(), OTHER_PV), LVM, "refuse", "wait", "refuse"),
    "our group and a second disk, empty volume": (
        lvm(LV, OTHER_PV, vol=volume()), LVM, "refuse", "wait", "refuse"),
    "our group, and a device of that name that LVM does not know": (
        lvm(row(), vol=volume()), LVM, "refuse", "wait", "refuse"),
    "our group, no machine id": (
        {**lvm(row(pv_uuid="")), "pv_uuid": ""}, LVM, "refuse", "wait", "refuse"),
    "volume mounted as another": (
        lvm(LV, vol=volume(mounted=MOUNTED)), {**LVM, "fstype": "ext4"},
        "refuse", "refuse", "refuse"),
    "volume with another file system": (
        lvm(LV, vol=volume("ext4")), LVM, "refuse", "refuse", "refuse"),
    "volume with two signatures": (
        lvm(LV, vol=volume("xfs", "ext4")), LVM, "refuse", "refuse", "refuse"),
    "volume with an unfinished file system": (
        lvm(LV, vol=volume("xfs", unfinished=True)), LVM, "refuse", "wait", "refuse"),
    "unfinished and held": (
        lvm(LV, vol=volume("xfs", unfinished=True, busy=True)), LVM, "refuse", "wait", "refuse"),
    "volume empty but held": (
        lvm(LV, vol=volume(holders=["dm-3"])), LVM, "refuse", "refuse", "refuse"),
    "volume too small": (lvm(LV, vol=volume(size=299 * 2**20)), LVM, "refuse", "refuse", "refuse"),
    "another group on the device": (lvm(row(vg_name="x")), LVM, "refuse", "refuse", "refuse"),
    "our group elsewhere": (lvm(row(device="8:0")), LVM, "refuse", "refuse", "refuse"),
    "our group on the device and more": (
        lvm(LV, row(device="8:0"), vol=volume("xfs")), LVM, "ready", "ready", "ready"),
    "two groups of our name": (lvm(row(), row(vg_uuid="u2")), LVM, "refuse", "refuse", "refuse"),
    "our group lacks a disk": (lvm(row(vg_partial="partial")), LVM, "refuse", "refuse", "refuse"),
    "our group is exported": (lvm(row(vg_exported="exported")), LVM, "refuse", "refuse", "refuse"),
    "another disk's group": (
        lvm(row(device="8:0", vg_name="x"), disk=device()), LVM, "pvcreate", "wait", "refuse"),
    "lvm2 missing, empty": (without_lvm2(device()), LVM, "pvcreate", "wait", "refuse"),
    "lvm2 missing, label": (
        without_lvm2(device("LVM2_member")), LVM, "unknown", "unknown", "unknown"),
    "lvm2 missing, file system": (without_lvm2(device("ext4")), LVM, "refuse", "refuse", "refuse"),
    "no device": (lvm(disk=NO_VOLUME), LVM, "absent", "absent", "absent"),
    "not a block device": (
        lvm(disk={**NO_VOLUME, "exists": True}), LVM, "refuse", "refuse", "refuse"),
    "plain, the file system": ({"device": device("xfs")}, PLAIN, "ready", "ready", "ready"),
    "plain, a label": ({"device": device("LVM2_member")}, PLAIN, "refuse", "refuse", "refuse"),
}  # fmt: skip
for kind in (
    "ext4",
    "swap",
    "gpt",
    "dos",
    "crypto_LUKS",
    "linux_raid_member",
    "zfs_member",
    "vfat",
):
    TABLE[f"signature {kind}"] = (lvm(disk=device(kind)), LVM, "refuse", "refuse", "refuse")
USERS = {
    "partitions": ["vdb1"], "holders": ["md0"], "mounted": MOUNTED, "swap": True, "busy": True,
    "read_only": True, "size": 1,
}  # fmt: skip
for key, value in USERS.items():
    TABLE[f"empty but {key}"] = (
        lvm(disk=device(**{key: value})),
        LVM,
        "refuse",
        "refuse",
        "refuse",
    )


@pytest.mark.parametrize("case", TABLE)
def test_each_node_does_its_part(case):
    facts, storage, *expected = TABLE[case]
    before = copy.deepcopy(facts)
    for (may_create, creates), outcome in zip(
        ((True, True), (True, False), (False, True)), expected
    ):
        answer = decide(facts, storage, may_create, creates)
        assert (answer["step"] or answer["verdict"]) == outcome, answer
        assert (answer["step"] is None) == (answer["verdict"] != "step")
        assert answer["why"]
    assert facts == before


def test_no_table_row_ever_lets_a_member_make_anything():
    for facts, storage, *_ in TABLE.values():
        for creates in (True, False):
            answer = decide(facts, storage, False, creates)
            assert answer["step"] in (None, "activate")


def test_only_the_creator_makes_anything():
    for facts, storage, *_ in TABLE.values():
        assert decide(facts, storage, True, False)["step"] in (None, "activate")


def test_no_step_is_ever_forced():
    world = load(states=False)
    world.salt["_hanfs_storage_probe.run"] = lambda argv: (
        '{"report": []}' if argv[0] == "pvs" else "--setautoactivation"
    )
    steps = "pvcreate vgcreate systemid lvcreate activate mkfs deactivate".split()
    for step, fstype, owner in itertools.product(steps, ("xfs", "ext4"), (None, "node")):
        commands = world.library._hanfs_storage._commands(
            world.machine, step, {**LVM, "fstype": fstype}, OUR_LABEL, owner
        )
        for argv in commands:
            assert not {"-f", "-F", "-ff", "--force", "-y", "--yes"} & set(argv)


def test_labels_of_different_clusters_and_groups_differ():
    pv_uuid = WORLD.library._hanfs_storage_rules.pv_uuid
    labels = {
        pv_uuid("a", LVM, "m"),
        pv_uuid("b", LVM, "m"),
        pv_uuid("a", LVM, "n"),
        pv_uuid("a", {**LVM, "vg": "V"}, "m"),
    }
    assert len(labels) == 4 and pv_uuid("a", LVM, "m") in labels
    assert all(
        [len(part) for part in label.split("-")] == [6, 4, 4, 4, 4, 4, 6] for label in labels
    )


def test_without_a_machine_id_nothing_is_known_as_our_own():
    assert WORLD.library._hanfs_storage_rules.pv_uuid("cluster", LVM, "") == ""


@pytest.mark.parametrize("case", [name for name in TABLE if name.startswith("a group of our name")])
def test_a_group_that_has_only_our_name_gets_nothing(case):
    answer = decide(*TABLE[case][:2], True, True)
    if answer["verdict"] == "refuse":
        assert "not made by this formula" in answer["why"] and "by hand" in answer["why"]
    assert answer["step"] in (None, "activate")


def test_a_label_that_lvm_does_not_list_is_never_to_be_emptied():
    for facts in (lvm(disk=device("LVM2_member")), remembering(lvm(disk=device("LVM2_member")))):
        answer = decide(facts, LVM, True, True)
        assert "empty" not in answer["why"] and "pvscan" in answer["why"]
        assert ("lvmdevices --adddev /dev/vdb" in answer["why"]) == ("lvm_memory" in facts)


def test_a_mount_elsewhere_says_where_and_what_to_do():
    answer = decide(*TABLE["volume mounted elsewhere too"][:2], False, True)
    assert "umount /mnt" in answer["why"]


@pytest.mark.parametrize(
    ("mount", "foreign"),
    [
        ({"directory": "/nfsdata", "root": "/"}, False),
        ({"directory": "/var/lib/nfs", "root": "/nfsinfo"}, False),
        ({"directory": "/var/lib/nfs/v4recovery", "root": "/nfsinfo/v4recovery"}, False),
        ({"directory": "/var/lib/nfs", "root": "/"}, True),
        ({"directory": "/var/lib/nfsdata", "root": "/nfsinfo"}, True),
        ({"directory": "/nfsdata/below", "root": "/"}, True),
        ({"directory": "/mnt", "root": "/share"}, True),
    ],
)
def test_which_mounts_are_the_clusters(mount, foreign):
    found = WORLD.library._hanfs_storage_rules_mounts.foreign_mounts([mount], "/nfsdata/")
    assert bool(found) is foreign


# --- /etc/fstab -----------------------------------------------------------------------------------

FSTAB = """\
# /dev/vdb /commented xfs defaults 0 0
   # UUID=1 /too

/dev/vdb /nfs\\040data/ xfs defaults,noauto 0 0
UUID="AB-1"\t/a xfs
broken
/dev/vdc /b xfs noauto,x-systemd.automount,nofail
"""


def test_a_table_of_file_systems_is_read():
    found = WORLD.library._hanfs_storage_rules_mounts.fstab_entries(FSTAB)
    assert found == [
        {"line": 4, "spec": "/dev/vdb", "directory": "/nfs data", "by_hand": True},
        {"line": 5, "spec": 'UUID="AB-1"', "directory": "/a", "by_hand": False},
        {"line": 7, "spec": "/dev/vdc", "directory": "/b", "by_hand": False},
    ]
    assert WORLD.library._hanfs_storage_rules_mounts.fstab_entries("") == []


@pytest.mark.parametrize(
    ("spec", "link"),
    [
        ('UUID="AB-1"', "/dev/disk/by-uuid/ab-1"),
        ("LABEL=my data/x", "/dev/disk/by-label/my\\x20data\\x2fx"),
        ("PARTLABEL=a", "/dev/disk/by-partlabel/a"),
        ("/dev/vdb", None),
        ("server:/export=x", None),
        ("tmpfs", None),
    ],
)
def test_names_by_tag_are_links_of_udev(spec, link):
    assert WORLD.library._hanfs_storage_rules_mounts.tag_link(spec) == link


def storage_world(tmp_path, text):
    world = load(states=False)
    (tmp_path / "fstab").write_text(text)
    world.library._hanfs_storage.FSTAB = str(tmp_path / "fstab")
    numbers = {
        "/dev/vdb": "254:16", "/dev/mapper/NFS_SHARED-NFS_LVM": "253:0",
        "/dev/disk/by-uuid/ab-1": "253:0", "/dev/disk/by-label/shared": "254:16",
        "/dev/dm-0": "253:0", "/dev/vdc": "254:32",
    }  # fmt: skip
    world.salt["_hanfs_storage_probe.rdev"] = numbers.get
    return world


@pytest.mark.parametrize(
    ("line", "storage", "found"),
    [
        ("/dev/vdb /mnt xfs", LVM, True),
        ("/dev/vdb /mnt xfs", PLAIN, True),
        ("/dev/NFS_SHARED/NFS_LVM /mnt xfs", LVM, True),
        ("/dev/mapper/NFS_SHARED-NFS_LVM /mnt xfs", LVM, True),
        ("/dev/NFS_SHARED/NFS_LVM /mnt xfs", PLAIN, False),
        ("UUID=AB-1 /mnt xfs", LVM, True),
        ("LABEL=shared /mnt xfs", PLAIN, True),
        ("LABEL=other /mnt xfs", PLAIN, False),
        ("/dev/dm-0 /mnt xfs", LVM, True),
        ("/dev/vdc /nfsdata/ xfs", LVM, True),
        ("server:/x /nfsdata nfs", LVM, True),
        ("/dev/vdc /mnt xfs", LVM, False),
        ("tmpfs /mnt tmpfs", LVM, False),
    ],
)
def test_lines_that_mount_the_shared_file_system(line, storage, found, tmp_path):
    world = storage_world(tmp_path, f"# comment\n{line} defaults 0 0\n")
    lines = world.library._hanfs_storage.fstab(storage)
    assert bool(lines) is found and world.commands == []
    assert [entry["line"] for entry in lines] in ([], [2])


def test_a_machine_without_fstab(tmp_path):
    world = storage_world(tmp_path, "")
    world.library._hanfs_storage.FSTAB = str(tmp_path / "none")
    assert world.library._hanfs_storage.fstab(LVM) == []


# --- commands that do not end ---------------------------------------------------------------------


def late(argv, seconds):
    return {"retcode": 1, "stdout": f"{argv} : Timed out after {seconds} seconds", "stderr": ""}


@pytest.mark.parametrize("raised", [True, False])
@pytest.mark.parametrize(
    ("argv", "seconds"),
    [(["sh"], 120), (["vgcreate"], 600), (["mkfs.xfs"], 600), (["mkfs.ext4"], 600)],
)
def test_a_command_that_does_not_end_is_stopped(argv, seconds, raised, monkeypatch):
    seen = {}

    def run(argv, **options):
        seen.update(options)
        if raised:
            raise TimedProcTimeoutError("Timed out")
        return late(argv, options["timeout"])

    world = load(states=False, run=run)
    monkeypatch.setattr("shutil.which", lambda name, **_: name)
    with pytest.raises(CommandExecutionError, match=f"{argv[0]} did not end within {seconds} s"):
        world.library._hanfs_storage_probe.run(world.machine, argv)
    assert seen["timeout"] == seconds


def test_a_label_is_not_made_without_a_machine_id(tmp_path):
    world = load(
        states=False,
        run=lambda *_, **__: pytest.fail("nothing may be run"),
    )
    for text in (None, "", "uninitialized\n"):
        if text is not None:
            (tmp_path / "id").write_text(text)
        world.library._hanfs_storage.MACHINE_ID = str(tmp_path / "id")
        with pytest.raises(CommandExecutionError, match="systemd-machine-id-setup"):
            world.library._hanfs_storage.perform(world.machine, "pvcreate", LVM, "cluster")


# --- protection, several volumes and sizes --------------------------------------------------------


def protected(facts, own="nfs-server1", **volume):
    facts = {**facts, "protection": "system_id", "system_id": own}
    return {**facts, "volume": {**facts["volume"], **volume}}


OWNED = row(lv_name="NFS_LVM", vg_systemid="nfs-server1")
THEIRS = {**OWNED, "vg_systemid": "nfs-server2"}
UNOWNED = row(lv_name="NFS_LVM")

# facts: what the creator, another node, and a member of the cluster make of it
PROTECTED = {
    "nothing yet": (protected(lvm()), "pvcreate", "wait", "refuse"),
    "group without an owner": (protected(lvm(row())), "systemid", "wait", "refuse"),
    "group without an owner, mounted": (
        protected(lvm(UNOWNED, vol=volume(mounted=MOUNTED))), "refuse", "wait", "refuse"),
    "group without an owner, by hand": (
        protected(lvm({**UNOWNED, "pv_uuid": "theirs"})), "refuse", "wait", "refuse"),
    "our group": (protected(lvm(row(vg_systemid="nfs-server1"))), "lvcreate", "wait", "refuse"),
    "inactive and empty": (protected(lvm(OWNED)), "activate", "wait", "refuse"),
    "inactive and empty, of the other": (protected(lvm(THEIRS)), "refuse", "wait", "refuse"),
    "inactive, carries it": (protected(lvm(OWNED), carries="xfs"), "ready", "ready", "ready"),
    "inactive, of the other": (protected(lvm(THEIRS), carries="xfs"), "ready", "ready", "ready"),
    "inactive, of a kind that is not read": (
        protected(lvm(THEIRS), carries="unread"), "ready", "ready", "ready"),
    "inactive, carries another": (
        protected(lvm(OWNED), carries="ext4"), "refuse", "refuse", "refuse"),
    "active and empty": (protected(lvm(OWNED, vol=volume())), "mkfs", "deactivate", "refuse"),
    "active, idle": (
        protected(lvm(OWNED, vol=volume("xfs"))), "deactivate", "deactivate", "ready"),
    "active, mounted": (
        protected(lvm(OWNED, vol=volume(mounted=MOUNTED))), "ready", "ready", "ready"),
    "active, mounted elsewhere": (
        protected(lvm(OWNED, vol=volume(mounted=FOREIGN_MOUNT))), "refuse", "refuse", "refuse"),
    "active, another file system": (
        protected(lvm(OWNED, vol=volume("ext4"))), "deactivate", "deactivate", "refuse"),
    "active, unknown content": (
        protected(lvm(OWNED, vol=volume(residue="data at byte 0"))),
        "deactivate", "deactivate", "refuse"),
    "group without an owner, empty volume": (protected(lvm(UNOWNED)), "systemid", "wait", "refuse"),
    "group without an owner, with data": (
        protected(lvm(UNOWNED), carries="xfs"), "refuse", "wait", "refuse"),
    "group without an owner, of a kind that is not read": (
        protected(lvm(UNOWNED), carries="unread"), "refuse", "wait", "refuse"),
    "group without an owner, active with data": (
        protected(lvm(UNOWNED, vol=volume("xfs"))), "refuse", "wait", "refuse"),
    "group without an owner, active with unknown content": (
        protected(lvm(UNOWNED, vol=volume(residue="data at byte 0"))), "refuse", "wait", "refuse"),
    "group without an owner, another volume": (
        protected(lvm(UNOWNED, row(lv_name="other"))), "refuse", "wait", "refuse"),
}  # fmt: skip


@pytest.mark.parametrize("case", PROTECTED)
def test_a_group_with_one_owner_at_a_time(case):
    facts, *expected = PROTECTED[case]
    for (may_create, creates, member), outcome in zip(
        ((True, True, False), (True, False, False), (False, True, True)), expected
    ):
        answer = decide(facts, LVM, may_create, creates, None, member)
        assert (answer["step"] or answer["verdict"]) == outcome, answer


def test_what_must_not_stay_active_is_refused_all_the_same():
    for case in ("active, another file system", "active, unknown content"):
        answer = decide(PROTECTED[case][0], LVM, True, True)
        assert (answer["verdict"], answer["step"]) == ("refuse", "deactivate")


@pytest.mark.parametrize("member", [False, True])
def test_a_disk_without_lvm_that_grew_and_this_kernel_has_not_noticed(member):
    facts = {"device": device("xfs", size=GIB, needs=GIB)}
    assert decide(facts, PLAIN, False, False, None, member)["verdict"] == "ready"
    facts = {"device": device("xfs", size=GIB - 1, needs=GIB)}
    answer = decide(facts, PLAIN, False, False, None, member)
    assert answer["verdict"] == "refuse" and "has not noticed" in answer["why"]


def test_a_member_changes_nothing_of_a_protected_group():
    for facts, *_ in PROTECTED.values():
        for creates in (True, False):
            assert decide(facts, LVM, False, creates, None, True)["step"] is None


GROUP = {"extent": 4 * MIB, "size": 1000 * MIB, "free": 1000 * MIB, "volumes": {}}


@pytest.mark.parametrize(
    ("sizes", "volumes", "free", "targets"),
    [
        ([None], {}, 1000, [1000]),
        (["400M", None], {}, 1000, [400, 600]),
        (["401M", "50%", None], {}, 1000, [404, 500, 96]),
        (["400M", None], {0: 400, 1: 600}, 0, [400, 600]),
        (["500M", None], {0: 400, 1: 300}, 300, [500, 500]),
        (["0.5g"], {}, 1000, [512]),
        ([None], {0: 1000}, 0, [1000]),
    ],
)
def test_how_large_volumes_are_to_be(sizes, volumes, free, targets):
    entries = [{"vg": "V", "lv": str(number), "size": size} for number, size in enumerate(sizes)]
    group = {**GROUP, "free": free * MIB,
             "volumes": {str(number): size * MIB for number, size in volumes.items()}}  # fmt: skip
    target = WORLD.library._hanfs_storage_size.target
    found = [target(entry, entries, group) // MIB for entry in entries]
    assert found == targets


@pytest.mark.parametrize("size", ["", "0G", "20", "20X", "101%", "0%", "-5G", "5 GB", True, []])
def test_what_is_no_size(size):
    with pytest.raises(SaltInvocationError, match="is no size"):
        WORLD.library._hanfs_storage_size.parsed(size)


def grown(file_system, target, size=None, free=0, physical=(1000, 1000), **more):
    facts = {
        "device": 0, "target": target * MIB, "file_system": file_system * MIB,
        "group": {**GROUP, "free": free * MIB, "volumes": {"NFS_LVM": target * MIB}},
        "physical": {"size": physical[0] * MIB, "usable": physical[1] * MIB},
        "owner": "nfs-server1", **more,
    }  # fmt: skip
    steps = WORLD.library._hanfs_storage_grow.plan(facts, {**LVM, "size": size}, None)
    return [(step["step"], step["old"] // MIB, step["new"] // MIB) for step in steps]


def test_what_has_to_grow():
    assert grown(1000, 1000) == []
    assert grown(993, 1000) == [], "what a file system may leave"
    assert grown(900, 1000) == [("growfs", 900, 1000)]
    assert grown(1000, 1000, physical=(1000, 1500)) == [
        ("pvresize", 1000, 1500), ("lvextend", 1000, 1500), ("growfs", 1000, 1500),
    ]  # fmt: skip
    assert grown(400, 400, "600M", 600) == [("lvextend", 400, 600), ("growfs", 400, 600)]
    assert grown(600, 600, "60%", 400) == []


def test_nothing_shrinks_and_nothing_grows_beyond_its_group():
    with pytest.raises(CommandExecutionError, match="Nothing is ever made smaller"):
        grown(600, 600, "400M", 400)
    with pytest.raises(CommandExecutionError, match="400 MiB left"):
        grown(600, 600, "2G", 400)


def test_a_volume_that_is_active_on_every_node_does_not_grow():
    for physical, size in (((1000, 1500), None), ((1000, 1000), "1200M")):
        with pytest.raises(CommandExecutionError, match="no system ID.*lvchange --refresh"):
            grown(1000, 1000, size, 400, physical, owner="")
    assert grown(1000, 1000, owner="") == []
