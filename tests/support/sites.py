"""A right site as it stands in pillar, for tests to bend."""

import copy

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


def site(change=None):
    """A copy of it. ``change``: colon paths and new values; ``...`` as value takes the key out."""
    made = copy.deepcopy(SITE)
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
