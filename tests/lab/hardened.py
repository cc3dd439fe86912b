"""The profile ``hardened`` as a scenario on lab machines: exports, v4.2 client, real fencing."""

from __future__ import annotations

import copy

from tests.lab import network
from tests.lab.service import Service
from tests.support import sites

VIRTUAL_IP = "192.168.16.100"
MOUNT = "/mnt/home"
SERVED = "/srv/nfs/home"
# All operations have timeouts of their own, which are long enough here.
IMPATIENT = ()
DEVICE = "fence-lab"
LAN = "192.168.16.0/24"
# Without these there is no service; notify is left out where pillar says so.
CORE = ("vg_NFS_SHARED", "fs_nfs", "nfs_server", "ip_192.168.16.100")
TICKLE = "tickle_192.168.16.100"
# The resources of the site's exports.
EXPORTS = ("export_home_192.168.16.0_24", "export_pub_192.168.16.0_24")

SITE = {
    "profile": "hardened",
    "cluster": {
        "name": "nfs-server-cluster",
        "nodes": {
            "nfs-server1": ["10.10.10.11", "192.168.16.11"],
            "nfs-server2": ["10.10.10.12", "192.168.16.12"],
        },
    },
    "storage": {
        "vg": "NFS_SHARED",
        "lv": "data",
        "fstype": "xfs",
        "mountpoint": "/srv/nfs",
        "initialize": True,
    },
    "exports": [
        {
            "name": "home",
            "directory": "/srv/nfs/home",
            "clients": [LAN],
            "options": ["rw", "sync", "no_root_squash"],
        },
        {"name": "pub", "directory": "/srv/nfs/pub", "clients": [LAN], "options": ["ro", "sync"]},
    ],
    "address": {"ip": VIRTUAL_IP, "cidr_netmask": 24},
}


def fence_lab(password):
    """The site's ``fencing`` with the lab's power switch.

    It switches off and leaves off: a machine that boots beside the takeover would take the
    processors that the takeover is measured on.
    """
    return {
        "enabled": True,
        "devices": {
            DEVICE: {
                "agent": "fence_lab",
                "nodes": ["nfs-server1", "nfs-server2"],
                "options": {"ip": network.MASTER, "pcmk_reboot_action": "off"},
                "secrets": {"password": password},
            }
        },
    }


def pillar(devices, password, change=None):
    """The pillar for the first of the shared disks; ``change`` as for ``sites.site``."""
    site = copy.deepcopy(SITE)
    site["cluster"]["password"] = password
    site["storage"]["device"] = devices[0]
    site["fencing"] = fence_lab(password)
    return {"hanfs": {"sites": {"hardened": sites.bent(site, change)}}}


def service(nodes, client):
    """The Service on ``nodes``: what every change of exports leaves alone."""
    return Service(nodes, client, CORE, f"{VIRTUAL_IP}:{SERVED}", MOUNT)
