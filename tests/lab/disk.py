"""The shared disk of a pair of containers: a loop device over a sparse file."""

from __future__ import annotations

import fcntl
import os
import struct
import subprocess
from pathlib import Path

SIZE_MIB = 512  # mkfs.xfs refuses less than 300

_LOOP_CTL_GET_FREE = 0x4C82
_LOOP_CONFIGURE = 0x4C0A
_LOOP_CLR_FD = 0x4C01
_AUTOCLEAR = 4
# struct loop_config: fd, block size, struct loop_info64, eight reserved words. In
# loop_info64 the flags follow five 64-bit and three 32-bit numbers.
_FLAGS_OFFSET = 8 + 5 * 8 + 3 * 4
_CONFIG_SIZE = 8 + 232 + 64


def image_behind(device):
    """Which file a loop device shows, as text; "" if none. Its number is soon another lab's."""
    words = ["losetup", "--noheadings", "--output", "BACK-INO,BACK-MAJ:MIN,BACK-FILE", device]
    return subprocess.run(words, capture_output=True, text=True).stdout.strip()


class SharedDisk:
    """A block device of its own; ``path`` is its name in the lab.

    The kernel detaches it when its last user is gone, so that it ends with the lab
    whatever happens.
    """

    def __init__(self, file, size_mib=SIZE_MIB):
        self.file = Path(file)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with open(self.file, "wb") as handle:
            handle.truncate(size_mib * 1024 * 1024)
        self._handle, self.path = self._attach()

    def _attach(self):
        backing = os.open(self.file, os.O_RDWR)
        control = os.open("/dev/loop-control", os.O_RDWR)
        config = bytearray(_CONFIG_SIZE)
        struct.pack_into("=II", config, 0, backing, 512)
        struct.pack_into("=I", config, _FLAGS_OFFSET, _AUTOCLEAR)
        try:
            while True:
                number = fcntl.ioctl(control, _LOOP_CTL_GET_FREE)
                path = f"/dev/loop{number}"
                device = os.open(path, os.O_RDWR | os.O_CLOEXEC)
                try:
                    fcntl.ioctl(device, _LOOP_CONFIGURE, bytes(config))
                    return device, path
                except OSError:  # somebody else was faster with this number
                    os.close(device)
        finally:
            os.close(backing)
            os.close(control)

    def close(self):
        """Give the device back (it goes when the last node lets go of it) and drop the data."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
            self.file.unlink(missing_ok=True)
