"""
The rules about mounts: which ones, and which lines of ``/etc/fstab``, mount the shared file system
outside the cluster, and how to say so.

Data in, data out.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

from _cib_values import Data

NFS_STATE = "/var/lib/nfs"


def foreign_mounts(mounts: Iterable[Data], mountpoint: str) -> list[Data]:
    """
    The mounts of the shared file system that are not the cluster's. Its own are the mount point,
    and what the NFS server's agent binds from inside the file system over ``/var/lib/nfs``. Pure.

    mounts
        The answer of ``_hanfs_storage.mounts``.

    mountpoint
        That of the file system, without symbolic links on the way to it.
    """
    return [
        mount
        for mount in mounts
        if mount["directory"] != posixpath.normpath(mountpoint) and not _is_agents(mount)
    ]


def _is_agents(mount):
    inside = mount["directory"] == NFS_STATE or mount["directory"].startswith(NFS_STATE + "/")
    return inside and mount.get("root", "/") != "/"


def foreign_mount_told(path: str, mount: Data) -> str:
    """
    The sentence about a mount that is not the cluster's. Pure.

    path
        The device.

    mount
        One of ``foreign_mounts``.
    """
    return (
        f"{path}, the shared file system, is mounted on {mount['directory']} of this node, outside "
        f"the cluster. Unmount it (umount {mount['directory']}) before another node mounts it too"
    )


# --- /etc/fstab -----------------------------------------------------------------------------------


def fstab_entries(text: str) -> list[Data]:
    """
    Read a table of file systems, as fstab(5) describes it. Pure.

    text
        Its content.

    Returns a list of ``{"line": number, "spec": text, "directory": text, "by_hand": bool}``;
    ``by_hand`` means that nothing mounts it but a command.
    """
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        fields = line.split()
        if len(fields) < 2 or fields[0].startswith("#"):
            continue
        options = set(fields[3].split(",")) if len(fields) > 3 else set()
        automounted = any(option.startswith("x-systemd.automount") for option in options)
        found.append(
            {
                "line": number,
                "spec": unescaped(fields[0]),
                "directory": posixpath.normpath(unescaped(fields[1])),
                "by_hand": "noauto" in options and not automounted,
            }
        )
    return found


def unescaped(text: str) -> str:
    """
    Text from a table of mounts: blanks, tabs, line feeds and backslashes are octal numbers there.
    Pure.

    text
        The text.
    """
    return re.sub(r"\\([0-7]{3})", lambda code: chr(int(code.group(1), 8)), text)


def tag_link(spec: str) -> str | None:
    """
    The link of udev that stands for ``UUID=...`` or ``LABEL=...``. Pure.

    spec
        The first field of a line.

    Returns a path; None if it is no such name.
    """
    tag, equals, value = spec.partition("=")
    directory = _LINKS.get(tag)
    if not equals or not directory:
        return None
    value = value.strip("\"'")
    if tag in ("UUID", "PARTUUID"):
        value = value.lower()
    # What udev does not want in a file name (udev_node: whitelist of libudev).
    encoded = "".join(
        char
        if char.isalnum() or char in "#+-.:=@_" or ord(char) > 127
        else "".join(f"\\x{byte:02x}" for byte in char.encode())
        for char in value
    )
    return f"/dev/disk/{directory}/{encoded}"


_LINKS = {
    "UUID": "by-uuid",
    "LABEL": "by-label",
    "PARTUUID": "by-partuuid",
    "PARTLABEL": "by-partlabel",
    "ID": "by-id",
}


def fstab_told(entry: Data) -> str:
    """
    The sentence about a line of /etc/fstab that mounts the shared file system. Pure.

    entry
        One of ``fstab_entries``.
    """
    what = f"/etc/fstab line {entry['line']} ({entry['spec']} on {entry['directory']})"
    if entry["by_hand"]:
        return (
            f"{what} is the shared file system. It is not mounted at boot (noauto), but never "
            "mount it by hand while the cluster has it; better take the line out"
        )
    return (
        f"{what} mounts the shared file system outside the cluster, at boot on every node that "
        "has the line: that destroys it. Take the line out and run `systemctl daemon-reload`"
    )
