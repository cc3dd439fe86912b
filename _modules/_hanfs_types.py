"""
What a site is: as it stands in pillar, and normalised, all defaults filled in and one spelling for
each value. ``_hanfs_schema.normalise`` makes the second from the first, once that is right; all
that compiles, judges or looks at a site works on the second.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict, Union

# A site as it stands in pillar. From ``_hanfs_site`` it comes without secrets, and nothing but
# ``_hanfs_schema.problems`` says that it is right.
RawSite = dict[str, Any]
# One of its file systems, or its SBD: normalised or as in pillar, where defaults may be missing.
Storage = Mapping[str, Any]
SbdWords = Mapping[str, Any]
# A user or group: its name or its number. A mode: 755, or text in octal.
Account = Union[str, int]
Mode = Union[str, int]


class _Owned(TypedDict, total=False):
    """Whose a directory is that the formula makes; only what pillar says."""

    user: Account
    group: Account
    mode: Mode


class _ClusterSaid(TypedDict, total=False):
    """What corosync is told beside its own defaults; only if pillar says it."""

    links: list[dict[str, Any]]  # options of each link, in the order of the addresses
    totem: dict[str, Any]  # options of corosync's section totem; times in milliseconds


class Cluster(_ClusterSaid):
    name: str
    nodes: dict[str, list[str]]  # by host name (uname -n): its addresses, one for each link


class FileSystem(_Owned):
    """One file system of the shared disk. The owner and mode are those of its mount point."""

    name: str  # end of its resource's id: by default the last part of the mount point
    device: str  # path of the disk
    vg: str | None  # volume group and logical volume; None: straight on the device
    lv: str | None
    size: str | None  # of the volume: 20G, or 50% of the group; None: all that is free
    fstype: str  # xfs or ext4
    options: list[str]  # of the mount
    mountpoint: str
    initialize: bool  # whether it may be made on an empty disk
    grow: bool  # whether it grows with the disk


class Client(TypedDict):
    client: str  # as exports(5) has it: a network, an address, a host name, @netgroup or *
    options: list[str]  # of the export to it


class Export(_Owned):
    """A directory that is exported. The owner and mode are those of the directory."""

    name: str | None  # profile hardened: never None; article: None if pillar gives none
    directory: str
    file_system: str  # name of the file system that it is on
    fsid: str  # a number as text, or a UUID
    clients: list[Client]


class Address(TypedDict):
    """A virtual address, by which clients reach the service."""

    name: str  # end of its resource's id: by default the address
    ip: str
    cidr_netmask: int  # bits
    nic: str | None  # the interface; None: the one in whose network it is
    notify_name: str  # what rebooting is told to NFSv3's clients by: a host name, or the address


class Ports(TypedDict):
    """The fixed ports of what NFSv3 needs beside 111 and 2049."""

    mountd: int
    statd: int
    statd_outgoing: int
    lockd_tcp: int
    lockd_udp: int


class Nfs(TypedDict):
    """The NFS server itself."""

    v4_only: bool
    agent: str | None  # hanfs or heartbeat; None: what the cluster has, else hanfs
    lease_time: int  # seconds
    grace_time: int  # seconds, never less than the lease
    threads: int
    ports: Ports
    state_directory: str  # of /var/lib/nfs, on one of the file systems
    tickle: bool  # whether connections are written down, for the next node to reset them


class FencingDevice(TypedDict):
    agent: str  # always the full name, stonith:...
    nodes: list[str] | dict[str, Any]  # that it fences; a mapping has their plugs
    options: dict[str, Any]  # parameters of the agent, none of them secret
    secrets: list[str]  # names of parameters; their values are in pillar only
    delay: dict[str, int]  # by node: seconds until it is fenced
    monitor: int  # seconds between two
    unfencing: bool  # whether a node that was fenced has to be let in again


class KeyFile(TypedDict):
    """A key file of fencing agents; its content is in pillar only."""

    encoding: str  # of the content in pillar: text or base64


class Sbd(TypedDict):
    devices: list[str]  # disks; none: the watchdog alone
    watchdog: str  # path of its device
    watchdog_timeout: int  # seconds
    msgwait: int  # seconds until a message on a disk counts as obeyed
    initialize: bool  # whether its header may be written on an empty disk
    options: dict[str, Any]  # more of its settings, SBD_...


class Fencing(TypedDict):
    enabled: bool
    devices: dict[str, FencingDevice]
    levels: dict[str, list[list[str]]]  # by node: names of devices, level after level
    priority_delay: int  # seconds of advantage for the node with the service; 0: none
    timeout: int  # seconds that fencing may take
    key_files: dict[str, KeyFile]  # by path
    sbd: Sbd | None


class Lint(TypedDict):
    accept: dict[str, str]  # by the code of a finding: why it is accepted


class _FirewallSaid(TypedDict, total=False):
    zone: str  # of the clients; without: firewalld's default zone
    cluster_zone: str  # of the cluster's own traffic; without: the same
    services: list[str]  # of firewalld, in place of those that the site needs


class Firewall(_FirewallSaid):
    manage: bool


class Timeouts(TypedDict):
    """How long a run waits, in seconds."""

    peer: int  # for other nodes
    storage: int  # for a device, and for what the first node makes on it
    settle: int  # until the cluster has done what it was asked for


class Site(TypedDict):
    path: str  # colon path in pillar, where its secrets are
    profile: str  # article or hardened
    cluster: Cluster  # without its password
    file_systems: list[FileSystem]  # in pillar's order: parents first
    exports: list[Export]
    addresses: list[Address]
    server_scope: bool | str  # True: the first address; False: none
    nfs: Nfs | None  # profile article: None
    fencing: Fencing
    lint: Lint
    firewall: Firewall
    timeouts: Timeouts
    cluster_config: dict[str, Any]  # parts of a description, laid over what is compiled
    events: bool  # whether Pacemaker's events go to a file, for the minion's beacon
    allow_disruption: bool  # whether running resources may be restarted or stopped
