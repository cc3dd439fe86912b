"""What hanfs.lint reads from a physical volume, against what LVM's own tools wrote and say."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

from tests.support.salt_modules import load

MIB = 1024 * 1024

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="loop devices need root"),
    pytest.mark.skipif(not os.path.exists("/dev/loop-control"), reason="no loop devices here"),
    pytest.mark.skipif(not shutil.which("vgcreate"), reason="no lvm2 here"),
]


@pytest.fixture
def disk(tmp_path, request):
    image = tmp_path / "disk"
    with open(image, "wb") as handle:
        handle.truncate(64 * MIB)
    argv = ["losetup", "--find", "--show", str(image)]
    device = subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()
    request.addfinalizer(lambda: subprocess.run(["losetup", "--detach", device], check=True))
    return device


def lvm(device, command, *arguments):
    """One of LVM's commands, which sees this disk and no other."""
    only = f'devices {{ global_filter = ["a|^{device}$|", "r|.*|"] use_devicesfile = 0 }}'
    done = subprocess.run(
        [command, "--config", f'{only} global {{ system_id_source = "uname" }}', *arguments],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "LVM_SUPPRESS_FD_WARNINGS": "1"},
    )
    return done.stdout


def test_what_lvm_wrote_is_read(disk):
    look = load(states=False).library._hanfs_facts_lvm.group_on
    assert look(disk) is None
    lvm(disk, "pvcreate", disk)
    assert look(disk)["vg"] is None
    lvm(disk, "vgcreate", "HANFS_lint", disk)
    found = look(disk)
    report = json.loads(
        lvm(disk, "pvs", "--reportformat", "json", "-o", "pv_uuid,vg_name,vg_systemid", disk)
    )
    (row,) = report["report"][0]["pv"]
    assert (found["pv_uuid"], found["vg"], found["system_id"]) == (
        row["pv_uuid"],
        row["vg_name"],
        row["vg_systemid"],
    )
    assert "NOAUTOACTIVATE" not in found["flags"]
    lvm(disk, "vgchange", "--setautoactivation", "n", "HANFS_lint")
    assert "NOAUTOACTIVATE" in look(disk)["flags"], "the file below is read past the page cache"


def test_the_ring_of_the_metadata_comes_round(disk):
    """Each change writes the text further on; at the end it begins again behind the header."""
    look = load(states=False).library._hanfs_facts_lvm.group_on
    lvm(disk, "pvcreate", "--metadatasize", "64k", disk)
    lvm(disk, "vgcreate", "HANFS_lint", disk)
    for number in range(100):
        lvm(disk, "vgchange", "--addtag", f"tag{number}", "HANFS_lint")
        found = look(disk)
        assert found is not None and found["vg"] == "HANFS_lint", number
