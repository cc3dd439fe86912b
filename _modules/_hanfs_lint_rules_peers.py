"""
Findings 7xx: what must be the same on all nodes and is not, and what must differ and is the same.

A node sees what its peers have published (``_hanfs_facts.digest``); ids come hashed.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

import _hanfs_facts
from _cib_values import Data

CODES: dict[str, Data] = {
    "HANFS701": {
        "severity": "warning",
        "title": "The nodes run different kernels",
        "why": "NFS, XFS and device mapper behave differently on the node that takes over",
        "cure": "upgrade and boot the other node, in standby (docs/operations.md)",
        "source": "docs/operations.md",
    },
    "HANFS702": {
        "severity": "warning",
        "title": "The nodes have different packages",
        "why": "A mixed cluster is meant for the hour of an upgrade; agents of two versions may"
        " not know the same parameters",
        "cure": "upgrade the other node, in standby (docs/operations.md)",
        "source": "docs/operations.md",
    },
    "HANFS703": {
        "severity": "warning",
        "title": "The nodes run different systems",
        "why": "Paths, users and defaults of the NFS server differ between releases",
        "cure": "bring both nodes to one release",
        "source": "docs/platforms.md",
    },
    "HANFS704": {
        "severity": "error",
        "title": "This node is a clone of its peer",
        "why": "Two machines with one machine-id are one machine to LVM, journald, DHCP and"
        " fencing keys",
        "cure": "on one of them: rm /etc/machine-id; systemd-machine-id-setup; reboot",
        "source": "machine-id(5)",
    },
    "HANFS705": {
        "severity": "error",
        "title": "Two nodes have one iSCSI name",
        "why": "The target takes them for one initiator: each login throws the other one out, and"
        " reservations do not tell them apart",
        "cure": "iscsi-iname, into /etc/iscsi/initiatorname.iscsi on one of them",
        "source": "iscsi-iname(8)",
    },
    "HANFS706": {
        "severity": "error",
        "title": "Two nodes have one LVM system id",
        "why": "It protects nothing then: each takes the volume group for its own",
        "cure": 'global/system_id_source = "uname" in /etc/lvm/lvm.conf',
        "source": "lvmsystemid(7)",
    },
    "HANFS707": {
        "severity": "warning",
        "title": "Two nodes have one SSH host key",
        "why": "One of them was cloned; what else was made once may be there twice",
        "cure": "rm /etc/ssh/ssh_host_*; ssh-keygen -A, on one of them",
        "source": "sshd(8)",
    },
    "HANFS708": {
        "severity": "warning",
        "title": "The NFS servers are set differently",
        "why": "After a move clients meet other times, versions or ports than before",
        "cure": "pillar {path}:nfs and state.apply on every node (article: the same /etc/nfs.conf)",
        "source": "nfs.conf(5)",
    },
    "HANFS709": {
        "severity": "warning",
        "title": "The nodes have different domains for NFSv4 names",
        "why": "After a move all files belong to nobody, to clients that send names",
        "cure": "[General] Domain= in /etc/idmapd.conf, the same on all nodes",
        "source": "idmapd.conf(5)",
    },
    "HANFS710": {
        "severity": "warning",
        "title": "The nodes' clocks differ",
        "why": "File times jump when the service moves, Kerberos refuses, and logs mislead",
        "cure": "chrony on every node",
        "source": "https://chrony-project.org/",
    },
    "HANFS711": {
        "severity": "warning",
        "title": "SELinux is not the same on all nodes",
        "why": "What works on one node is denied on the other, at the moment of a failover",
        "cure": "SELINUX= in /etc/selinux/config",
        "source": "selinux_config(5)",
    },
    "HANFS713": {
        "severity": "warning",
        "title": "rpc.statd has different user ids",
        "why": "Its state is on the shared disk and belongs to a number: the other node's statd"
        " cannot write it, and NFSv3 locks are not reclaimed",
        "cure": "the same uid for statd (rpcuser) on all nodes",
        "source": "https://github.com/ClusterLabs/resource-agents/issues/1621",
    },
    "HANFS714": {
        "severity": "info",
        "title": "The nodes know different users",
        "why": "Where the server itself maps names or groups (NFSv4, manage-gids) owners and"
        " rights change with a move",
        "cure": "the same users with the same numbers on all nodes (or LDAP)",
        "source": "idmapd.conf(5)",
    },
    "HANFS715": {
        "severity": "error",
        "title": "The nodes do not see the same disk",
        "why": "The name in pillar is another disk there: after a move clients find other data,"
        " or none",
        "cure": "pillar {path}:storage:device: a name from /dev/disk/by-id that is on all nodes",
        "source": "docs/storage.md",
    },
    "HANFS716": {
        "severity": "info",
        "title": "A peer has not said how it is set",
        "why": "It is told by a run on that node, after each start of its cluster; until then"
        " nothing can be compared",
        "cure": "salt PEER state.apply hanfs",
        "source": "docs/lint.md",
    },
    "HANFS717": {
        "severity": "warning",
        "title": "A fencing has failed",
        "why": "What failed once fails in an emergency: then the service does not move",
        "cure": "hanfs.fence_test; pcs stonith history cleanup NODE once it works",
        "source": "stonith_admin(8)",
    },
}
_CLOCK = 1.0


def _own(facts):
    return dict(parse_qsl(_hanfs_facts.digest(facts)))


def _peers(site, facts):
    """(name, what it has published) of every other node of the site."""
    for node in site["cluster"]["nodes"]:
        if node != facts["hostname"] and node in facts["peers"]:
            yield node, facts["peers"][node]


def _differs(*keys):
    """A rule: what both have said, and said differently."""

    def rule(site, plan, facts):
        own = _own(facts)
        for node, theirs in _peers(site, facts):
            for key in keys:
                if key in own and key in theirs and own[key] != theirs[key]:
                    yield f"{_word(key)} is {own[key]} here, {theirs[key]} on {node}"

    return rule


def _one_only(key):
    """The same, where it also counts that only one of them has it."""

    def rule(site, plan, facts):
        own = _own(facts)
        for node, theirs in _peers(site, facts):
            if own.get(key) != theirs.get(key):
                here, there = own.get(key, "not set"), theirs.get(key, "not set")
                yield f"{_word(key)} is {here} here, {there} on {node}"

    return rule


def _below(*prefixes):
    """The same for all keys that begin so."""

    def rule(site, plan, facts):
        keys = sorted(key for key in _own(facts) if key.startswith(prefixes))
        yield from _differs(*keys)(site, plan, facts)

    return rule


_WORDS = {"os": "the system", "kernel": "the kernel", "idmap": "the domain"}


def _word(key):
    kind, _, name = key.partition(".")
    if kind == "port":
        return f"the port of {name}"
    return name or _WORDS.get(kind, kind)


def _same(key, told):
    def rule(site, plan, facts):
        own = _own(facts)
        for node, theirs in _peers(site, facts):
            if own.get(key) and own[key] == theirs.get(key):
                yield told.format(node=node)

    return rule


def _people(site, plan, facts):
    own = _own(facts)
    for node, theirs in _peers(site, facts):
        if own.get("people") != theirs.get("people"):
            yield f"the accounts in /etc/passwd differ from those on {node}"


def _other_disk(site, plan, facts):
    own = _own(facts)
    for node, theirs in _peers(site, facts):
        for number, path in enumerate(facts["storage"]["devices"]):
            here, there = own.get(f"disk.{number}"), theirs.get(f"disk.{number}")
            if here and there and here != there:
                yield f"{path} has another serial number on {node}"


def _clocks(site, plan, facts):
    for node, seconds in facts["clock_offsets"].items():
        if seconds is not None and abs(seconds) > _CLOCK:
            word = "ahead of" if seconds > 0 else "behind"
            yield f"{node} is {abs(seconds):g} s {word} this node"


def _silent(site, plan, facts):
    nodes = (facts["status"] or {}).get("nodes") or {}
    for node in site["cluster"]["nodes"]:
        online = (nodes.get(node) or {}).get("online")
        if online and node != facts["hostname"] and node not in facts["peers"]:
            yield f"{node} is online and has published nothing"


def _failed(site, plan, facts):
    for event in (facts["status"] or {}).get("fence_history") or []:
        if event.get("status") == "failed":
            yield (
                f"{event.get('action') or 'fencing'} of {event.get('target')} by"
                f" {event.get('delegate') or event.get('client') or 'the cluster'}"
                f" ({event.get('completed') or 'time unknown'})"
            )


RULES = {
    "HANFS701": _differs("kernel"),
    "HANFS702": _below("pkg."),
    "HANFS703": _differs("os"),
    "HANFS704": _same("machine", "{node} has the same machine-id"),
    "HANFS705": _same("initiator", "{node} has the same initiator name"),
    "HANFS706": _same("lvm", "{node} has the same"),
    "HANFS707": _same("ssh", "{node} has the same key"),
    "HANFS708": _below("nfs.", "port."),
    "HANFS709": _one_only("idmap"),
    "HANFS710": _clocks,
    "HANFS711": _differs("selinux"),
    "HANFS713": _differs("statd"),
    "HANFS714": _people,
    "HANFS715": _other_disk,
    "HANFS716": _silent,
    "HANFS717": _failed,
}
