"""
Right sites as they stand in pillar, for tests to bend.

``site()`` is the article's, ``hardened()`` one that uses most of what the profile hardened knows.

What all modules work on is the normalised site, ``_hanfs_schema.normalise(site, path)``. Of
``hardened()`` that is:

.. code-block:: python

    {
        "path": "hanfs:sites:athens",              # where the site stands in pillar: for secrets
        "profile": "hardened",
        "cluster": {"name": ..., "nodes": {...}, "links": [...], "password": ..., "totem": {...}},
        "file_systems": [                          # in the pillar's order, parents first
            {
                "name": "nfs",                     # of the mount point, if it says none
                "device": "/dev/vdb", "vg": "NFS_SHARED", "lv": "data", "size": "10G",
                "fstype": "xfs", "options": ["noatime"], "mountpoint": "/srv/nfs",
                "initialize": True, "grow": False,
            },                                     # vg, lv, size are None where there are none
            ...                                    # user, group, mode: only if they were given
        ],
        "exports": [
            {
                "name": "home",                    # of the directory, if it says none
                "directory": "/srv/nfs/home", "file_system": "nfs",
                "fsid": "1",                       # text; derived from the directory if not given
                "clients": [
                    {"client": "192.168.16.0/24", "options": ["rw", "sync", "root_squash"]},
                    {"client": "10.0.0.0/8", "options": ["ro", "sync"]},
                ],
                # user, group, mode: only if they were given
            },
            ...
        ],
        "addresses": [
            {
                "name": "192.168.16.100", "ip": "192.168.16.100", "cidr_netmask": 24, "nic": None,
                "notify_name": "192.168.16.100",
            },
        ],
        "server_scope": True,
        "nfs": {                                   # profile article: None
            "v4_only": False, "lease_time": 60, "grace_time": 90, "threads": 16,
            "ports": {"mountd": 20048, "statd": 662, "statd_outgoing": 2020,
                      "lockd_tcp": 32803, "lockd_udp": 32769},
            "state_directory": "/srv/nfs/nfsinfo", "tickle": True,
        },
        "fencing": {
            "enabled": True,
            "devices": {
                "fence-1": {
                    "agent": "stonith:fence_ipmilan",      # always the full name
                    "nodes": ["nfs-server1"],              # or {node: plug}, as it was given
                    "options": {"ip": "10.10.10.21", "username": "admin", "lanplus": True},
                    "secrets": ["password"],               # names, never values
                    "delay": {},                           # {node: seconds}
                    "monitor": 60, "unfencing": False,
                },
            },
            "levels": {},                          # {node: [[device, ...], ...]}
            "priority_delay": 7, "timeout": 60,
            "key_files": {"/etc/cluster/fence_xvm.key": {"encoding": "base64"}},   # never content
            "sbd": None,    # or devices, watchdog, watchdog_timeout, msgwait, initialize, options
        },
        "lint": {"accept": {"HANFS999": "why"}},
        "firewall": {...}, "timeouts": {...}, "cluster_config": {...}, "allow_disruption": False,
    }
"""

import copy

# Where ``pillar`` puts a site.
PATH = "hanfs:sites:athens"
SITE = {
    "profile": "article",
    "cluster": {
        "name": "nfs-server-cluster",
        "nodes": {
            "nfs-server1": ["10.10.10.11", "192.168.16.11"],
            "nfs-server2": ["10.10.10.12", "192.168.16.12"],
        },
        "password": "s3cret",
    },
    "storage": {
        "device": "/dev/vdb",
        "vg": "NFS_SHARED",
        "lv": "NFS_LVM",
        "fstype": "xfs",
        "mountpoint": "/nfsdata",
        "initialize": True,
    },
    "exports": [
        {
            "directory": "/nfsdata",
            "clients": ["192.168.16.0/24"],
            "options": ["rw", "sync", "no_root_squash", "no_all_squash"],
            "fsid": 0,
        }
    ],
    "address": {"ip": "192.168.16.100", "cidr_netmask": 24},
    "fencing": {"enabled": False},
}


HARDENED = {
    "cluster": {
        "name": "nfs-server-cluster",
        "nodes": {
            "nfs-server1": ["10.10.10.11", "192.168.16.11"],
            "nfs-server2": ["10.10.10.12", "192.168.16.12"],
        },
        "password": "s3cret",
    },
    "storage": {
        "device": "/dev/vdb",
        "vg": "NFS_SHARED",
        "lv": "data",
        "fstype": "xfs",
        "options": ["noatime"],
        "mountpoint": "/srv/nfs",
        "initialize": True,
    },
    "exports": [
        {
            "directory": "/srv/nfs/home",
            "clients": ["192.168.16.0/24", {"client": "10.0.0.0/8", "options": ["ro", "sync"]}],
            "options": ["rw", "sync", "root_squash"],
            "fsid": 1,
        },
        {"directory": "/srv/nfs/pub", "clients": ["*"], "options": ["ro", "sync"]},
    ],
    "address": {"ip": "192.168.16.100", "cidr_netmask": 24},
    "fencing": {
        "enabled": True,
        "devices": {
            f"fence-{number}": {
                "agent": "fence_ipmilan",
                "nodes": [f"nfs-server{number}"],
                "options": {"ip": f"10.10.10.2{number}", "username": "admin", "lanplus": True},
                "secrets": {"password": "f3nce"},
            }
            for number in (1, 2)
        },
    },
}


def site(change=None):
    """A copy of it. ``change``: colon paths and new values; ``...`` as value takes the key out."""
    return bent(SITE, change)


def hardened(change=None):
    """The same of the site with the profile hardened, which is the one that is not named."""
    return bent(HARDENED, change)


def pillar(site):
    """A pillar with that site only, at ``PATH``."""
    return {"hanfs": {"sites": {"athens": site}}}


def bent(original, change=None):
    """The same of any site."""
    made = copy.deepcopy(original)
    for path, value in (change or {}).items():
        *parents, key = [int(part) if part.isdigit() else part for part in path.split(":")]
        where = made
        for parent in parents:
            where = where[parent]
        if value is ...:
            del where[key]
        elif isinstance(where, list) and key == len(where):
            where.append(value)
        else:
            where[key] = value
    return made
