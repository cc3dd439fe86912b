"""
What is called how: the ids of the cluster's objects and the numbers of the exports.

Every name is a function of the thing itself, never of its place in a list. So a site may be sorted,
and something may be added to it or taken away, without anything else getting another name: what
gets another name is stopped and started.

:depends: nothing
"""

from __future__ import annotations

import hashlib
import posixpath
import re

__virtualname__ = "hanfs_names"

# Numbers that people choose are small: a derived one never meets them.
_DERIVED_FSID = 2**30


def __virtual__():
    return __virtualname__


def word(text):
    """
    A text as a part of an id in the cluster's configuration: letters, digits and ``_ . -`` stay.

    text
        Any text.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_names.word 192.168.16.0/24
    """
    return re.sub(r"[^A-Za-z0-9_.-]", "_", str(text))


def last_part(path):
    """
    The name of a file system: the last part of its mount point.

    path
        An absolute path.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_names.last_part /srv/nfs
    """
    return word(posixpath.basename(path)) or "root"


def holding(directory, mountpoints):
    """
    The mount point of the file system that a directory is on.

    directory
        An absolute path.

    mountpoints
        The site's mount points.

    Returns the longest that fits, None if none does.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_names.holding /srv/nfs/home '[/srv/nfs, /srv]'
    """
    fitting = [
        mountpoint
        for mountpoint in mountpoints
        if directory == mountpoint or directory.startswith(mountpoint.rstrip("/") + "/")
    ]
    return max(fitting, key=len, default=None)


def export_name(directory, mountpoints):
    """
    The name of an export: its directory's path below the mount point, ``home_anna`` for
    ``/srv/nfs/home/anna``; the mount point's last part if it is exported itself.

    directory
        The exported directory.

    mountpoints
        The site's mount points.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_names.export_name /srv/nfs/home '[/srv/nfs]'
    """
    mountpoint = holding(directory, mountpoints) or "/"
    below = directory[len(mountpoint) :].strip("/")
    return word(below) or last_part(directory)


def client_word(client):
    """
    A client as a part of an id: ``192.168.16.0_24``, ``any`` for ``*``, ``fd00--_64`` for
    ``fd00::/64``.

    client
        As it stands in pillar.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_names.client_word 192.168.16.0/24
    """
    spelled = client.replace("*", "any").replace("?", "one").replace("@", "netgroup-")
    return word(spelled.replace(":", "-"))


def export_id(name, client):
    """
    The id of the resource that exports to one client.

    name
        The export's name.

    client
        As it stands in pillar.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_names.export_id home 192.168.16.0/24
    """
    return f"export_{name}_{client_word(client)}"


def address_name(ip):
    """
    The name of a virtual address.

    ip
        The address.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_names.address_name fd00::3
    """
    return word(ip.replace(":", "-"))


def fsid(directory):
    """
    The number in the file handles of a directory that was given none: a hash of its path, from
    2^30 to 2^31 - 1. Clients' handles stay good as long as the path stays.

    directory
        The exported directory.

    Returns text. The kernel reads a signed number of 32 bits (Linux, ``svc_export_parse``).

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_names.fsid /srv/nfs/home
    """
    digest = hashlib.sha256(directory.encode("utf-8", "surrogateescape")).digest()
    return str(_DERIVED_FSID + int.from_bytes(digest[:4], "big") % _DERIVED_FSID)


def server_scope(site):
    """
    The name that both nodes give themselves towards NFSv4 clients, None for none.

    site
        A normalised site.

    The virtual address unless the site says a name. The agent hands it to ``hostname``, which takes
    letters, digits, dots and hyphens only, so an IPv6 address is written with hyphens.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_names.server_scope '{...}'
    """
    scope = site.get("server_scope", True)
    if not scope:
        return None
    ip = site["addresses"][0]["ip"]
    return ip.replace(":", "-").strip("-") if scope is True else scope
