"""
The SELinux label of a new file system's root.

mkfs writes none, so the kernel takes the root for ``unlabeled_t``, which no boolean lets the NFS
server's programs enter. The label is written once, right after mkfs, by a process in a mount
namespace of its own: whenever that process ends, nothing stays mounted.
"""

from __future__ import annotations

import sys

import _hanfs_settings_files
import _hanfs_storage_probe
from _cib_run import Machine
from _hanfs_types import Storage

ENFORCE = "/sys/fs/selinux/enforce"
# Paths below the directories of other people's mounts have no label in the policy (file_contexts):
# the root of such a mount has this one's.
_MOUNTS = "/mnt"
_NO_LABEL = "<<none>>"
# unshare of util-linux before 2.27 leaves mounts shared with the namespace that it came from.
_SCRIPT = """\
import os, subprocess, sys

device, fstype, context = sys.argv[1:]
for argv in (["--make-rprivate", "/"], ["-t", fstype, device, "/mnt"]):
    subprocess.run(["mount", *argv], check=True)
try:
    os.setxattr("/mnt", "security.selinux", context.encode() + b"\\0")
finally:
    subprocess.run(["umount", "/mnt"], check=True)
"""


def commands(machine: Machine, storage: Storage, device: str) -> list[list[str]]:
    """
    What labels the root of a file system that has just been made.

    storage
        The file system: ``fstype``, ``mountpoint``.

    device
        Path of the device that carries it.

    Returns a list of argument lists, empty where SELinux is not enabled. Raises
    CommandExecutionError if it is and matchpathcon, which asks the policy, is missing or fails.
    """
    if not _hanfs_settings_files.exists(ENFORCE):
        return []
    context = _context(machine, storage.get("mountpoint", _MOUNTS)) or _context(machine, _MOUNTS)
    python = [sys.executable, "-I", "-c", _SCRIPT]
    return [["unshare", "--mount", "--", *python, device, storage["fstype"], context]]


def _context(machine, path):
    """What the policy says of ``path``; an empty text if it says nothing."""
    found = _hanfs_storage_probe.run(machine, ["matchpathcon", "-n", path]).strip()
    return "" if found == _NO_LABEL else found
