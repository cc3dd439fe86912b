"""What the clusters of the figures look like: for us, for pcs, and for Salt 3006's own states."""

from __future__ import annotations

from tests.lab.containers import SHARED_DISK

DUMMY = "ocf:pacemaker:Dummy"
STONITH_OFF = {"stonith-enabled": False}


def resources(count):
    """Resources in groups of five, with an attribute, a monitor and constraints."""
    names = [f"R{number}" for number in range(count)]
    groups = {f"g{n}": names[n : n + 5] for n in range(0, count, 5)}
    first, *others = groups
    return {
        "properties": {**STONITH_OFF, "no-quorum-policy": "stop", "batch-limit": 0},
        "resource_defaults": {"resource-stickiness": 100},
        "primitives": {
            name: {
                "agent": DUMMY,
                "attributes": {"fake": name},
                # often enough would be all that the node does
                "operations": {"monitor": {"interval": "1h"}},
            }
            for name in names
        },
        "groups": groups,
        "constraints": {
            "colocation": [{"resource": name, "with": first, "score": 1} for name in others],
            "order": [{"first": first, "then": name, "kind": "Optional"} for name in others],
        },
    }


# Five resources, three properties and three constraints --------------------------------------

FIVE = [f"R{number}" for number in range(5)]
SAME_BY_PCS = [
    "property set stonith-enabled=false no-quorum-policy=stop batch-limit=30",
    *(f"resource create {name} {DUMMY} fake={name}" for name in FIVE),
    "constraint colocation add R1 with R0 50 id=near",
    "constraint colocation add R2 with R0 50 id=nearer",
    "constraint order R0 then R1 kind=Optional id=after",
]
SAME = {
    "properties": {**STONITH_OFF, "no-quorum-policy": "stop", "batch-limit": 30},
    "primitives": {name: {"agent": DUMMY, "attributes": {"fake": name}} for name in FIVE},
    "constraints": {
        "colocation": [
            {"resource": "R1", "with": "R0", "score": 50, "id": "near"},
            {"resource": "R2", "with": "R0", "score": 50, "id": "nearer"},
        ],
        "order": [{"first": "R0", "then": "R1", "kind": "Optional", "id": "after"}],
    },
}


def old_states():
    """The same for the module ``pcs`` of Salt 3006."""
    properties = {"stonith-enabled": "false", "no-quorum-policy": "stop", "batch-limit": "30"}
    states = {
        name: {"pcs.prop_has_value": [{"prop": name}, {"value": value}]}
        for name, value in properties.items()
    }
    for name in FIVE:
        states[name] = {
            "pcs.resource_present": [
                {"resource_id": name},
                {"resource_type": DUMMY},
                {"resource_options": [f"fake={name}"]},
            ]
        }
    constraints = (
        ("near", "colocation", ["add", "R1", "with", "R0", "50"]),
        ("nearer", "colocation", ["add", "R2", "with", "R0", "50"]),
        ("after", "order", ["R0", "then", "R1", "kind=Optional"]),
    )
    for name, kind, options in constraints:
        states[name] = {
            "pcs.constraint_present": [
                {"constraint_id": name},
                {"constraint_type": kind},
                {"constraint_options": options},
            ]
        }
    return states


# The article's configuration ------------------------------------------------------------------

GROUP = "--group nfsresourcegroup"
FILE_SYSTEM = f"device={SHARED_DISK} directory=/nfsdata fstype=xfs"
EXPORT = "options=rw,sync,no_root_squash,no_all_squash directory=/nfsdata fsid=0"
ARTICLE_BY_PCS = [
    f"resource create SharedFS Filesystem {FILE_SYSTEM} {GROUP}",
    f"resource create NFSService nfsserver nfs_shared_infodir=/nfsdata/nfsinfo {GROUP}",
    f"resource create NFSExport exportfs clientspec=192.168.16.0/24 {EXPORT} {GROUP}",
    f"resource create VIP IPaddr2 ip=192.168.16.100 cidr_netmask=24 {GROUP}",
    f"resource create NFSNotify nfsnotify source_host=192.168.16.100 {GROUP}",
    "constraint order SharedFS then NFSService",
    "constraint order NFSService then NFSExport",
    "constraint order NFSExport then VIP",
    "constraint order set NFSNotify require-all=true",
    "property set stonith-enabled=false",
]


def _heartbeat(agent, **attributes):
    return {"agent": f"ocf:heartbeat:{agent}", "attributes": attributes}


ARTICLE = {
    "properties": STONITH_OFF,
    "primitives": {
        "SharedFS": _heartbeat(
            "Filesystem", device=SHARED_DISK, directory="/nfsdata", fstype="xfs"
        ),
        "NFSService": _heartbeat("nfsserver", nfs_shared_infodir="/nfsdata/nfsinfo"),
        "NFSExport": _heartbeat(
            "exportfs",
            clientspec="192.168.16.0/24",
            options="rw,sync,no_root_squash,no_all_squash",
            directory="/nfsdata",
            fsid="0",
        ),
        "VIP": _heartbeat("IPaddr2", ip="192.168.16.100", cidr_netmask="24"),
        "NFSNotify": _heartbeat("nfsnotify", source_host="192.168.16.100"),
    },
    "groups": {
        "nfsresourcegroup": ["SharedFS", "NFSService", "NFSExport", "VIP", "NFSNotify"],
    },
}
