"""
Names, networks and the firewall as this node has them, from files; names are resolved, and timed.

:depends: nothing
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import struct
import time
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPSConnection
from xml.etree import ElementTree

__virtualname__ = "hanfs_facts_net"

# Seconds. mountd and statd look names up as well, and hold a client up meanwhile.
_SLOW = 1.0
PCSD_PORT = 2224
_FIREWALLD = ("/etc/firewalld", "/usr/lib/firewalld")


def __virtual__():
    return __virtualname__


def gather(site, root="/"):
    """
    Look at networks, names and firewalld.

    site
        A normalised site.

    root
        Directory that stands for ``/``; with another one no name is resolved.

    Returns ``{"networks": [{"interface", "network"}], "names": {"nodes": {name: [addresses]},
    "virtual": {ip: name}, "virtual_back": {ip: [addresses]}, "slow": {name: seconds}} or None,
    "firewalld": {"zone", "ports", "open"} or None}``.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_facts_net.gather '{...}'
    """
    return {
        "networks": _networks(root),
        "names": _names(site) if root == "/" else None,
        "firewalld": _firewalld((site.get("firewall") or {}).get("zone"), root),
    }


def _networks(root):
    """The networks that this machine is in, from its routing table."""
    found = []
    text = __salt__["hanfs_facts_files.text"]
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
            address = ipaddress.IPv6Address(bytes.fromhex(fields[0]))
            network = ipaddress.ip_network(f"{address}/{int(fields[2], 16)}", strict=False)
        except ValueError:
            continue
        found.append({"interface": fields[5], "network": str(network)})
    return found


def _names(site):
    """Stops at the first slow one: with a dead name server each costs seconds."""
    found = {"nodes": {}, "virtual": {}, "virtual_back": {}, "slow": {}}
    nodes = (site.get("cluster") or {}).get("nodes") or {}
    questions = [("nodes", "hanfs_net.resolve", name, name) for name in nodes]
    for address in site.get("addresses") or []:
        questions.append(("virtual", "hanfs_net.name_of", address["ip"], address["ip"]))
        questions.append(("virtual_back", "hanfs_net.resolve", address["ip"], None))
    for kind, function, key, question in questions:
        question = question or found["virtual"].get(key)
        if not question:
            continue
        start = time.monotonic()
        found[kind][key] = __salt__[function](question)
        seconds = time.monotonic() - start
        if seconds >= _SLOW:
            found["slow"][question] = round(seconds, 1)
            break
    return found


def _firewalld(zone, root):
    """What firewalld lets in by its files; None if it is not installed."""
    text = __salt__["hanfs_facts_files.text"]
    conf = text("/etc/firewalld/firewalld.conf", root)
    if conf is None:
        return None
    settings = __salt__["hanfs_facts_parse.assignments"](conf)
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
        text = __salt__["hanfs_facts_files.text"](f"{directory}/{kind}/{name}.xml", root)
        try:
            if text is not None:
                return ElementTree.fromstring(text)
        except (ElementTree.ParseError, ValueError):
            break
    return ElementTree.Element("none")


def _ports(tree):
    return {f"{item.get('port')}/{item.get('protocol')}" for item in tree.iterfind("port")}


def clock_offset(address, timeout=2, port=PCSD_PORT):
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

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_facts_net.clock_offset 10.10.10.12
    """
    context = ssl._create_unverified_context()
    try:
        connection = HTTPSConnection(address, port, timeout=timeout, context=context)
        before = time.time()
        connection.request("HEAD", "/")
        date = connection.getresponse().getheader("Date")
        after = time.time()
        connection.close()
        theirs = parsedate_to_datetime(date).timestamp()
    except (OSError, HTTPException, TypeError, ValueError):
        return None
    return skew(theirs, before, after)


def skew(theirs, before, after):
    """
    The part of a difference between two clocks that is certain. Pure.

    theirs
        The peer's clock in whole seconds, cut off.

    before, after
        This machine's clock when it asked and when it had the answer.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_facts_net.skew 100 100.2 100.3
    """
    if theirs + 1 < before:
        return round(theirs + 1 - before, 1)
    if theirs > after:
        return round(theirs - after, 1)
    return 0.0
