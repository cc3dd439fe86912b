"""
Names, networks and the firewall as this node has them, from files; names are resolved, and timed.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import struct
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPSConnection
from typing import Any
from xml.etree import ElementTree

import _hanfs_facts_files
import _hanfs_facts_parse
import _hanfs_net
from _cib_values import Data
from _hanfs_types import Site

# Seconds. mountd and statd look names up as well, and hold a client up meanwhile.
_SLOW = 1.0
PCSD_PORT = 2224
_FIREWALLD = ("/etc/firewalld", "/usr/lib/firewalld")


def gather(site: Site, root: str = "/") -> Data:
    """
    Look at networks, names and firewalld.

    site
        A normalised site.

    root
        Directory that stands for ``/``; with another one no name is resolved.

    Returns ``{"networks": [{"interface", "network"}], "names": {"nodes": {name: [addresses]},
    "virtual": {ip: name}, "virtual_back": {ip: [addresses]}, "slow": {name: seconds}} or None,
    "firewalld": {"zone", "ports", "open"} or None}``.
    """
    return {
        "networks": networks(root),
        "names": _names(site) if root == "/" else None,
        "firewalld": _firewalld((site.get("firewall") or {}).get("zone"), root),
    }


def networks(root: str = "/") -> list[dict[str, str]]:
    """
    The networks that this machine is in, from its routing table.

    root
        Directory that stands for ``/``.

    Returns a list of ``{"interface": name, "network": text}``.
    """
    found = []
    text = _hanfs_facts_files.text
    for line in (text("/proc/net/route", root) or "").splitlines()[1:]:
        fields = line.split()
        # A route with a gateway leads into somebody else's network.
        if len(fields) < 8 or fields[2] != "00000000" or fields[7] == "00000000":
            continue
        try:
            address, mask = (
                socket.inet_ntoa(struct.pack("<I", int(fields[number], 16))) for number in (1, 7)
            )
            network = str(ipaddress.ip_network(f"{address}/{mask}", strict=False))
        except (ValueError, struct.error):
            continue
        found.append({"interface": fields[0], "network": network})
    for line in (text("/proc/net/if_inet6", root) or "").splitlines():
        fields = line.split()
        # Scope 00 is global.
        if len(fields) != 6 or fields[3] != "00":
            continue
        try:
            ip = ipaddress.IPv6Address(bytes.fromhex(fields[0]))
            network = str(ipaddress.ip_network(f"{ip}/{int(fields[2], 16)}", strict=False))
        except ValueError:
            continue
        found.append({"interface": fields[5], "network": network})
    return found


def _names(site):
    """Stops at the first slow one: with a dead name server each costs seconds."""
    found: dict[str, Data] = {"nodes": {}, "virtual": {}, "virtual_back": {}, "slow": {}}
    nodes = (site.get("cluster") or {}).get("nodes") or {}
    questions: list[tuple[str, Callable[[str], Any], str, str | None]] = [
        ("nodes", _hanfs_net.resolve, name, name) for name in nodes
    ]
    for address in site.get("addresses") or []:
        questions.append(("virtual", _hanfs_net.name_of, address["ip"], address["ip"]))
        questions.append(("virtual_back", _hanfs_net.resolve, address["ip"], None))
    for kind, function, key, question in questions:
        question = question or found["virtual"].get(key)
        if not question:
            continue
        start = time.monotonic()
        found[kind][key] = function(question)
        seconds = time.monotonic() - start
        if seconds >= _SLOW:
            found["slow"][question] = round(seconds, 1)
            break
    return found


def _firewalld(zone, root):
    """What firewalld lets in by its files; None if it is not installed."""
    text = _hanfs_facts_files.text
    conf = text("/etc/firewalld/firewalld.conf", root)
    if conf is None:
        return None
    settings = _hanfs_facts_parse.assignments(conf)
    zone = zone or settings.get("DefaultZone") or "public"
    tree = _xml("zones", zone, root)
    services = [item.get("name") for item in tree.iterfind("service")]
    ports = _ports(tree)
    for service in services:
        ports |= _ports(_xml("services", service, root))
    return {
        "zone": zone,
        "ports": sorted(ports),
        # A zone that accepts what no rule names.
        "open": tree.get("target") == "ACCEPT",
    }


def _xml(kind, name, root):
    for directory in _FIREWALLD:
        text = _hanfs_facts_files.text(f"{directory}/{kind}/{name}.xml", root)
        try:
            if text is not None:
                return ElementTree.fromstring(text)
        except (ElementTree.ParseError, ValueError):
            break
    return ElementTree.Element("none")


def _ports(tree):
    return {f"{item.get('port')}/{item.get('protocol')}" for item in tree.iterfind("port")}


def clock_offset(address: str, timeout: float = 2, port: int = PCSD_PORT) -> float | None:
    """
    How far a peer's clock is ahead, by the ``Date`` header of its pcsd. Its certificate is not
    looked at: the answer is no more than a hint, and no secret is sent.

    address
        The peer's address.

    timeout
        Seconds.

    port
        Of pcsd.

    Returns seconds (the header has no more than whole ones), or None if the peer does not answer.
    """
    context = ssl._create_unverified_context()
    try:
        connection = HTTPSConnection(address, port, timeout=timeout, context=context)
        before = time.time()
        connection.request("HEAD", "/")
        date = connection.getresponse().getheader("Date")
        after = time.time()
        connection.close()
        theirs = parsedate_to_datetime(date or "").timestamp()
    except (OSError, HTTPException, TypeError, ValueError):
        return None
    return skew(theirs, before, after)


def skew(theirs: float, before: float, after: float) -> float:
    """
    The part of a difference between two clocks that is certain. Pure.

    theirs
        The peer's clock in whole seconds, cut off.

    before, after
        This machine's clock when it asked and when it had the answer.
    """
    if theirs + 1 < before:
        return round(theirs + 1 - before, 1)
    if theirs > after:
        return round(theirs - after, 1)
    return 0.0
