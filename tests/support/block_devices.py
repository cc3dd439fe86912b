"""Real block devices for tests of the storage modules: loop devices over sparse files."""

import errno
import hashlib
import itertools
import os
import shutil
import subprocess

import pytest

from tests.support.salt_modules import load

MIB = 1024 * 1024
BLOCK = 4096
LVM = {"vg": "HANFS-test", "lv": "HANFS_LV"}
CREATOR = "nfs-server1"
_serial = itertools.count()

needs_loop_devices = [
    pytest.mark.skipif(os.geteuid() != 0, reason="loop devices need root"),
    pytest.mark.skipif(not os.path.exists("/dev/loop-control"), reason="no loop devices here"),
]


def run(*argv, check=True, **kwargs):
    return subprocess.run(argv, check=check, capture_output=True, text=True, **kwargs)


def loop_device(directory, size, later):
    """The path of an empty loop device of that many MiB; ``later`` is given what detaches it."""
    image = directory / f"disk{size}-{next(_serial)}"
    with open(image, "wb") as handle:
        handle.truncate(size * MIB)
    device = run("losetup", "--find", "--show", str(image)).stdout.strip()
    later(lambda: run("losetup", "--detach", device))
    return device


def world(node=CREATOR, member=None, test=False):
    """The modules as on a node of this name, in no cluster unless ``member`` says so."""
    return load(
        opts={"test": test},
        salt={"_pcs_node.member_of": lambda: member, "_hanfs_here.own_name": lambda: node},
    )


def storage(device, fstype="xfs", initialize=True, **lvm):
    return {"device": device, "fstype": fstype, "mountpoint": "/x", "initialize": initialize, **lvm}


def ready(world, wanted, timeout=0):
    return world.library._hanfs_state_storage.storage_ready(
        world.machine, "disk", wanted, CREATOR, cluster="nfs-server-cluster", timeout=timeout
    )


def content(device):
    """A digest of every byte of the device; holes of its sparse image are not read."""
    with open(device, "rb") as handle:
        os.fsync(handle.fileno())
    image = run("losetup", "--noheadings", "--output", "BACK-FILE", device).stdout.strip()
    digest = hashlib.sha256()
    with open(image, "rb") as handle:
        for offset in _blocks_with_data(handle.fileno()):
            handle.seek(offset)
            block = handle.read(BLOCK)
            if any(block):
                digest.update(b"%d " % offset + block)
    return digest.hexdigest()


def _blocks_with_data(descriptor):
    end = 0
    while True:
        try:
            start = os.lseek(descriptor, end, os.SEEK_DATA)
        except OSError as err:
            assert err.errno == errno.ENXIO
            return
        end = os.lseek(descriptor, start, os.SEEK_HOLE)
        yield from range(start - start % BLOCK, end, BLOCK)


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
