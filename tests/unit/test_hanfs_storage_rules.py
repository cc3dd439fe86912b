"""What is done about the shared disk, for every state it can be in and every node that looks."""

import copy

import pytest

from tests.support.salt_modules import load

WORLD = load(modules=["hanfs_storage_rules", "hanfs_storage", "hanfs_model"], states=False)
decide = WORLD.salt["hanfs_storage_rules.decide"]
GIB = 2**30
LVM = {"device": "/dev/vdb", "vg": "NFS_SHARED", "lv": "NFS_LVM", "fstype": "xfs"}
PLAIN = {"device": "/dev/vdb", "fstype": "xfs"}
OUR_LABEL = WORLD.salt["hanfs_storage_rules.pv_uuid"]("cluster", LVM)


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
MOUNTED = [{"directory": "/nfsdata", "fstype": "xfs"}]


def row(**more):
    return {
        "device": "254:16", "pv_name": "/dev/vdb", "pv_uuid": OUR_LABEL, "pv_missing": "",
        "pv_in_use": "used", "vg_name": "NFS_SHARED", "vg_uuid": "u1", "vg_partial": "",
        "vg_exported": "", "lv_name": "", "lv_active": "",
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


def without_lvm2(disk):
    return {"device": disk, "volume": None, "lvm": None, "pv_uuid": OUR_LABEL}


LV = row(lv_name="NFS_LVM")
ORPHAN = {"vg_name": "", "vg_uuid": "", "pv_in_use": ""}

# facts, storage: what the creator, another node, and a member of the cluster make of it
TABLE = {
    "empty": (lvm(), LVM, "pvcreate", "wait", "refuse"),
    "empty, plain": ({"device": device()}, PLAIN, "mkfs", "wait", "refuse"),
    "our label only": (
        lvm(row(**ORPHAN), disk=device("LVM2_member")), LVM, "vgcreate", "wait", "refuse"),
    "a label of somebody": (
        lvm(row(**ORPHAN, **{"pv_uuid": "x"}), disk=device("LVM2_member")),
        LVM, "refuse", "refuse", "refuse"),
    "our label, in use by a group that is gone": (
        lvm(row(**{**ORPHAN, "pv_in_use": "used"}), disk=device("LVM2_member")),
        LVM, "refuse", "refuse", "refuse"),
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
    "no device": (lvm(disk=NO_VOLUME), LVM, "refuse", "refuse", "refuse"),
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
    for step in ("pvcreate", "vgcreate", "lvcreate", "activate", "mkfs"):
        for fstype in ("xfs", "ext4"):
            argv = WORLD.modules.hanfs_storage._command(
                step, {**LVM, "fstype": fstype}, OUR_LABEL, "/dev/x"
            )
            assert not {"-f", "-F", "-ff", "--force", "-y", "--yes"} & set(argv)


def test_labels_of_different_clusters_and_groups_differ():
    pv_uuid = WORLD.salt["hanfs_storage_rules.pv_uuid"]
    labels = {pv_uuid("a", LVM), pv_uuid("b", LVM), pv_uuid("a", {**LVM, "vg": "V"})}
    assert len(labels) == 3
    assert all(
        [len(part) for part in label.split("-")] == [6, 4, 4, 4, 4, 4, 6] for label in labels
    )
