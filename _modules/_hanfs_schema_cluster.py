"""
The sections ``cluster`` and ``address`` of a site: nodes, links between them, virtual addresses.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Any

import _hanfs_names
import _hanfs_schema_checks as checks
import _hanfs_schema_programs as programs
from _cib_values import Data
from _hanfs_schema_checks import Check, Report
from _hanfs_types import RawSite

_CLUSTER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}\Z")
# The kernel takes more (dev_valid_name in net/core/dev.c); these are what tools make.
_INTERFACE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,14}\Z")
_TOTEM_NUMBERS = tuple(
    "consensus downcheck fail_recv_const heartbeat_failures_allowed hold join max_messages"
    " max_network_delay merge miss_count_const send_join seqno_unchanged_const token"
    " token_coefficient token_retransmit token_retransmits_before_loss_const window_size".split()
)


def keys(hardened: bool) -> dict[str, Check]:
    """The checkers of the site's keys that belong to these sections."""
    number = checks.number
    totem = checks.mapping(
        {
            **{key: number(0, 10**7) for key in _TOTEM_NUMBERS},
            "block_unlisted_ips": checks.choice("yes", "no"),
        }
    )
    link = checks.mapping(
        {
            "link_priority": number(0, 255),
            "mcastport": number(1, 65535),
            "ping_interval": number(1, 10**6, " (milliseconds)"),
            "ping_timeout": number(1, 10**6, " (milliseconds)"),
            "ping_precision": number(1, 10**6),
            # One byte in knet (knet_link_set_pong_count in libknet.h).
            "pong_count": number(1, 255),
            "transport": checks.choice("udp", "sctp"),
        }
    )
    cluster = checks.mapping(
        {
            "name": checks.text(
                _CLUSTER_NAME, "a cluster name: letters, digits and _ . -, at most 63"
            ),
            "nodes": checks.node_nodes,
            "password": password(),
            "totem": totem,
            "links": checks.list_of(link, "links", 1, 8),
        },
        required=("name", "nodes"),
    )
    entry = checks.mapping(
        {
            "ip": checks.address,
            "cidr_netmask": number(1, 128),
            "nic": checks.text(_INTERFACE, "the name of a network interface"),
            "name": checks.cib_word,
        },
        required=("ip", "cidr_netmask"),
    )
    several = checks.list_of(entry, "addresses", most=64 if hardened else 1)

    def address(value, path, report):
        (several if isinstance(value, list) else entry)(value, path, report)

    return {"cluster": cluster, "address": address}


def password() -> Check:
    """The checker of the cluster's password, which is never shown."""

    def check(value, path, report):
        # chpasswd reads lines of UTF-8.
        if not isinstance(value, str) or not value or any(map(checks.is_control, value)):
            report(
                f"{path}: must be text, not empty and without line breaks or other control signs "
                "(put it in quotes)"
            )
        elif len(value.encode()) > programs.PASSWORD_BYTES:
            report(f"{path}: is longer than {programs.PASSWORD_BYTES} bytes, the most of PAM")

    return check


def relations(site: RawSite, path: str, report: Report) -> None:
    """The rules between nodes, links and virtual addresses."""
    cluster = checks.part(site, "cluster")
    nodes = checks.part(cluster, "nodes")
    lists = {name: value for name, value in nodes.items() if isinstance(value, list)}
    _link_rules(lists, f"{path}:cluster:nodes", report)
    _node_name_rules(nodes, site.get("profile"), f"{path}:cluster:nodes", report)
    for option, wrong in programs.totem_problems(checks.part(cluster, "totem")):
        report(f"{path}:cluster:totem:{option}: {wrong}")
    links = cluster.get("links")
    for number, link in enumerate(links if isinstance(links, list) else []):
        _ping_rules(link, f"{path}:cluster:links:{number}", report)
    counts = {len(addresses) for addresses in lists.values()}
    if isinstance(links, list) and len(counts) == 1 and len(links) != max(counts):
        report(
            f"{path}:cluster:links: {len(links)} given, but each node has {max(counts)} "
            "address(es); a link's options stand in the order of the addresses"
        )
    seen: dict[str, str] = {}
    for here, address in checks.one_or_many(site, "address", path):
        _virtual_address_rules(address, lists, here, report)
        _unique_rules(address, seen, here, report)


def _link_rules(lists, path, report):
    if len({len(addresses) for addresses in lists.values()}) > 1:
        counts = ", ".join(f"{name} has {len(addresses)}" for name, addresses in lists.items())
        report(f"{path}: every node needs the same number of addresses, one per link ({counts})")
    seen: dict[Any, str] = {}
    families: dict[int, int] = {}
    for name, addresses in lists.items():
        for number, text in enumerate(addresses):
            address = checks.ip(text)
            if address is None:
                continue
            here = f"{path}:{name}:{number}"
            if address in seen:
                report(
                    f"{here}: {address} is also at {seen[address]}; every address may be given once"
                )
            seen.setdefault(address, here)
            if families.setdefault(number, address.version) != address.version:
                report(f"{here}: link {number} mixes IPv4 and IPv6")


def _node_name_rules(nodes, profile, path, report):
    """Pacemaker takes names that differ in case for one; LVM's system ID is the node's name."""
    seen: dict[str, str] = {}
    for name in nodes:
        if not isinstance(name, str):
            continue
        if seen.setdefault(name.lower(), name) != name:
            report(f"{path}:{name}: differs from {seen[name.lower()]} in capital letters only")
        # system_id_from_string in LVM's lib/commands/toolcontext.c
        if profile != "article" and name.startswith("localhost"):
            report(f"{path}:{name}: LVM takes no name that begins with localhost as a system ID")


def _ping_rules(link, path, report):
    """pcs takes each only with the other (pcs/lib/corosync/config_validators.py)."""
    pair = ("ping_interval", "ping_timeout")
    for one, other in (pair, pair[::-1]) if isinstance(link, dict) else ():
        if one in link and other not in link:
            report(f"{path}:{other}: missing, since {one} is given. Give both or neither")


def _virtual_address_rules(address, lists, path, report):
    ip = checks.ip(address.get("ip"))
    if ip is None:
        return
    for name, addresses in lists.items():
        if ip in [checks.ip(text) for text in addresses]:
            report(
                f"{path}:ip: {ip} is an address of node {name}; the virtual address must be "
                "one of its own"
            )
    bits = address.get("cidr_netmask")
    if not checks.is_int(bits) or bits < 1:
        return
    if bits > ip.max_prefixlen:
        report(f"{path}:cidr_netmask: {bits} is too long for {ip}, at most {ip.max_prefixlen}")
        return
    network = ipaddress.ip_network(f"{ip}/{bits}", strict=False)
    if ip.version == 4 and bits < 31 and ip in (network.network_address, network.broadcast_address):
        report(f"{path}:ip: {ip} is the network or broadcast address of {network}")


def _unique_rules(address, seen, here, report):
    ip = checks.ip(address.get("ip"))
    if ip is None:
        return
    for what in (str(ip), _name(address)):
        if seen.setdefault(what, here) != here:
            report(f"{here}: {what} is at {seen[what]} already")


def _name(address):
    name = address.get("name")
    return str(name) if name is not None else _hanfs_names.address_name(address["ip"])


def normalise(site: RawSite, made: Data) -> None:
    """Write ``cluster`` and ``addresses`` into the normalised site."""
    cluster = made["cluster"]
    cluster["nodes"] = {
        name: [str(ipaddress.ip_address(address)) for address in addresses]
        for name, addresses in cluster["nodes"].items()
    }
    names = checks.part(site, "nfs").get("notify_name")
    made["addresses"] = []
    for _, address in checks.one_or_many(site, "address", ""):
        entry = {"nic": None, **address, "name": _name(address)}
        told = names.get(entry["name"]) if isinstance(names, dict) else names
        made["addresses"].append({**entry, "notify_name": told or entry["ip"]})
