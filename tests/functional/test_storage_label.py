"""The label of a new file system's root, as the kernel writes it to a real file system."""

import os

import pytest
from salt.exceptions import CommandExecutionError

from tests.support.block_devices import content, need, needs_loop_devices, run, storage, world

pytestmark = needs_loop_devices
DATA = "system_u:object_r:public_content_rw_t:s0"
MOUNTS = "system_u:object_r:mnt_t:s0"
POLICY = f"""#!/bin/sh
case "$2" in
    /x) echo {DATA} ;;
    /mnt) echo {MOUNTS} ;;
    *) echo '<<none>>' ;;
esac
"""


@pytest.fixture
def enabled(tmp_path, monkeypatch):
    """A function: name of the program that asks the policy -> the modules where there is one."""

    def make(program="matchpathcon"):
        tools = tmp_path / "tools"
        tools.mkdir()
        (tools / program).write_text(POLICY)
        (tools / program).chmod(0o755)
        (tmp_path / "enforce").write_text("1")
        monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
        made = world()
        made.library._hanfs_storage_label.ENFORCE = str(tmp_path / "enforce")
        return made

    return make


def label(device, directory):
    run("mount", "-o", "ro", device, str(directory))
    try:
        return os.getxattr(directory, "security.selinux").rstrip(b"\0").decode()
    except OSError:
        return None
    finally:
        run("umount", str(directory))


@pytest.mark.parametrize("fstype", ["xfs", "ext4"])
@pytest.mark.parametrize("mountpoint, wanted", [("/x", DATA), ("/mnt/data", MOUNTS)])
def test_the_root_gets_the_label_of_its_mount_point(
    mountpoint, wanted, fstype, enabled, loop, tmp_path
):
    made, one = enabled(), {**storage(loop(), fstype), "mountpoint": mountpoint}
    before = open("/proc/self/mountinfo").read()
    done = made.library._hanfs_storage.perform(made.machine, "mkfs", one)
    assert open("/proc/self/mountinfo").read() == before
    assert done == {f"file system on {one['device']}": {"old": None, "new": fstype}}
    assert label(one["device"], tmp_path) == wanted


def test_without_selinux_there_is_none(loop, tmp_path):
    made, one = world(), storage(loop())
    made.library._hanfs_storage_label.ENFORCE = str(tmp_path / "no such file")
    made.library._hanfs_storage.perform(made.machine, "mkfs", one)
    assert [argv[0] for argv in made.commands] == ["mkfs.xfs"]
    assert label(one["device"], tmp_path) is None


def test_nothing_is_written_where_nobody_can_ask_the_policy(enabled, loop, monkeypatch):
    need("mkfs.xfs")
    made, one = enabled(program="other"), storage(loop())
    before = content(one["device"])
    with pytest.raises(CommandExecutionError, match="matchpathcon.*selinux-utils"):
        made.library._hanfs_storage.perform(made.machine, "mkfs", one)
    assert made.commands == [] and content(one["device"]) == before
