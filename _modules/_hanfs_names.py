"""
What is called how: the ids of the cluster's objects and the numbers of the exports.

Every name is a function of the thing itself, never of its place in a list. So a site may be sorted,
and something may be added to it or taken away, without anything else getting another name: what
gets another name is stopped and started.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Iterable
from typing import Any

from _hanfs_types import Site, Storage

# Numbers that people choose are small: a derived one never meets them.
_DERIVED_FSID = 2**30


def word(text: Any) -> str:
    """
    A text as a part of an id in the cluster's configuration: letters, digits and ``_ . -`` stay.

    text
        Any text.
    """
    return re.sub(r"[^A-Za-z0-9_.-]", "_", str(text))


def last_part(path: str) -> str:
    """
    The name of a file system: the last part of its mount point.

    path
        An absolute path.
    """
    return word(posixpath.basename(path)) or "root"


def holding(directory: str, mountpoints: Iterable[str]) -> str | None:
    """
    The mount point of the file system that a directory is on.

    directory
        An absolute path.

    mountpoints
        The site's mount points.

    Returns the longest that fits, None if none does.
    """
    fitting = [
        mountpoint
        for mountpoint in mountpoints
        if directory == mountpoint or directory.startswith(mountpoint.rstrip("/") + "/")
    ]
    return max(fitting, key=len, default=None)


def export_name(directory: str, mountpoints: Iterable[str]) -> str:
    """
    The name of an export: its directory's path below the mount point, ``home_anna`` for
    ``/srv/nfs/home/anna``; the mount point's last part if it is exported itself.

    directory
        The exported directory.

    mountpoints
        The site's mount points.
    """
    mountpoint = holding(directory, mountpoints) or "/"
    below = directory[len(mountpoint) :].strip("/")
    return word(below) or last_part(directory)


def client_word(client: str) -> str:
    """
    A client as a part of an id: ``192.168.16.0_24``, ``any`` for ``*``, ``fd00--_64`` for
    ``fd00::/64``.

    client
        As it stands in pillar.
    """
    spelled = client.replace("*", "any").replace("?", "one").replace("@", "netgroup-")
    return word(spelled.replace(":", "-"))


def export_id(name: str, client: str) -> str:
    """
    The id of the resource that exports to one client.

    name
        The export's name.

    client
        As it stands in pillar.
    """
    return f"export_{name}_{client_word(client)}"


def address_name(ip: str) -> str:
    """
    The name of a virtual address.

    ip
        The address.
    """
    return word(ip.replace(":", "-"))


def fsid(directory: str) -> str:
    """
    The number in the file handles of a directory that was given none: a hash of its path, from
    2^30 to 2^31 - 1. Clients' handles stay good as long as the path stays.

    directory
        The exported directory.

    Returns text. The kernel reads a signed number of 32 bits (Linux, ``svc_export_parse``).
    """
    digest = hashlib.sha256(directory.encode("utf-8", "surrogateescape")).digest()
    return str(_DERIVED_FSID + int.from_bytes(digest[:4], "big") % _DERIVED_FSID)


def server_scope(site: Site) -> str | None:
    """
    The name that both nodes give themselves towards NFSv4 clients, None for none.

    site
        A normalised site.

    The virtual address unless the site says a name. The agent hands it to ``hostname``, which takes
    letters, digits, dots and hyphens only, so an IPv6 address is written with hyphens.
    """
    scope = site.get("server_scope", True)
    if not scope:
        return None
    ip = site["addresses"][0]["ip"]
    return ip.replace(":", "-").strip("-") if scope is True else scope


def filesystem_device(storage: Storage) -> str:
    """
    The block device that carries the file system.

    storage
        One of the site's file systems (``device``, and ``vg`` and ``lv`` if there is LVM).

    Returns a path: the device mapper's name of the volume, or the device itself.
    """
    if not storage.get("vg"):
        return storage["device"]
    # Device mapper joins the two names with one hyphen and doubles those inside a name.
    names = [str(storage[key]).replace("-", "--") for key in ("vg", "lv")]
    return "/dev/mapper/" + "-".join(names)
