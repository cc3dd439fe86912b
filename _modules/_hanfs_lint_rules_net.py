"""
Findings 4xx: links, names, ports and the firewall.
"""

from __future__ import annotations

import ipaddress

import _hanfs_lint_plan
import _hanfs_totem
from _cib_values import Data
from _hanfs_types import Site

_PORTS = "https://wiki.debian.org/SecuringNFS"
CODES: dict[str, Data] = {
    "HANFS402": {
        "severity": "warning",
        "title": "The nodes have only one link",
        "why": "One switch or cable that fails divides the cluster, and one node is fenced",
        "cure": "pillar {path}:cluster:nodes: two addresses for each node, the heartbeat first"
        " (for a new cluster, or with pcs cluster link add)",
        "source": "corosync.conf(5)",
    },
    "HANFS403": {
        "severity": "warning",
        "title": "Two links are one network",
        "why": "They fail together: corosync has two links and the cluster has one",
        "cure": "pillar {path}:cluster:nodes: addresses in networks of their own",
        "source": "corosync.conf(5)",
    },
    "HANFS404": {
        "severity": "warning",
        "title": "Names are looked up slowly",
        "why": "mountd, statd and sm-notify look names up while the service starts: it times out,"
        " and is taken for failed",
        "cure": "the nodes, the virtual address and the clients in /etc/hosts, or a name server"
        " that answers",
        "source": "https://github.com/openzfs/openzfs/pull/149",
    },
    "HANFS405": {
        "severity": "warning",
        "title": "NFSv3 uses ports at random",
        "why": "No firewall can let them through, and after a move they are others: clients can"
        " mount, but not lock",
        "cure": "pillar {path}:profile: hardened (with nfs:ports), or ports in /etc/nfs.conf",
        "source": _PORTS,
    },
    "HANFS406": {
        "severity": "warning",
        "title": "The firewall closes a port of NFSv3",
        "why": "Clients can mount, but their locks hang, and they are not told to reclaim them",
        "cure": "pillar {path}:firewall:services, or firewall-cmd --permanent --add-port=PORT",
        "source": _PORTS,
    },
    "HANFS407": {
        "severity": "warning",
        "title": "The virtual address and its name do not belong together",
        "why": "NFSv3 clients are told to reclaim their locks by a name; one that leads elsewhere"
        " is another server's",
        "cure": "one name for the address, forward and backward (DNS, or /etc/hosts on every node)",
        "source": "sm-notify(8)",
    },
    "HANFS408": {
        "severity": "warning",
        "title": "A node counts as lost very soon",
        "why": "A pause of the machine or the network that nobody would notice becomes a fenced"
        " node",
        "cure": "pillar {path}:cluster:totem:token: 3000 (corosync's default) or more",
        "source": "corosync.conf(5)",
    },
    "HANFS409": {
        "severity": "warning",
        "title": "A node's name leads to another address than pillar's",
        "why": "What works by name (ssh, pcs, people) goes to another machine or over another"
        " network than the cluster",
        "cure": "DNS or /etc/hosts on this node, or pillar {path}:cluster:nodes",
        "source": "corosync.conf(5), hosts(5)",
    },
    "HANFS410": {
        "severity": "info",
        "title": "Two nodes wait longer than they need for a third",
        "why": "After the token has been missed each crash waits for the consensus as well, 1.2"
        " times the token by default; of two nodes only one is left to agree",
        "cure": "'pcs cluster config update totem consensus=...' on one node, which changes it"
        " while the cluster runs and touches no resource",
        "source": "corosync.conf(5)",
    },
    "HANFS411": {
        "severity": "warning",
        "title": "More than two nodes have the consensus of two",
        "why": "With a consensus shorter than the token some of them may take each other for lost",
        "cure": "'pcs cluster config update totem consensus=' on one node (1.2 times the token"
        " again)",
        "source": "corosync.conf(5)",
    },
}


def v3(site: Site, plan: Data, facts: Data) -> bool:
    """
    Whether the service speaks NFSv3. Pure.

    site, plan, facts
        As for ``told``.
    """
    servers = _hanfs_lint_plan.with_agent(plan, "nfsserver").values()
    is_true = _hanfs_lint_plan.is_true
    only = any(is_true(item["attributes"].get("nfsv4_only")) for item in servers)
    nfs = site.get("nfs")
    return not only and not (nfs and nfs.get("v4_only")) and _v3_by_files(facts)


def _v3_by_files(facts):
    return facts["nfs"]["settings"]["v3"] == "yes"


def _one_link(site, plan, facts):
    addresses = next(iter(site["cluster"]["nodes"].values()))
    if len(addresses) == 1:
        yield f"each node has one address ({addresses[0]} ...)"


def _shared_link(site, plan, facts):
    own = site["cluster"]["nodes"].get(facts["hostname"]) or []
    found: dict[str | None, list[str]] = {}
    for ip in own:
        found.setdefault(_network(ip, facts["net"]["networks"]), []).append(ip)
    for network, addresses in found.items():
        if network and len(addresses) > 1:
            yield f"{' and '.join(addresses)} are both in {network}"


def _network(ip, networks):
    """The smallest network of this machine that has an address."""
    address = ipaddress.ip_address(ip)
    nets = [ipaddress.ip_network(one["network"]) for one in networks]
    having = [net for net in nets if net.version == address.version and address in net]
    return str(max(having, key=lambda net: net.prefixlen)) if having else None


def _slow_names(site, plan, facts):
    for name, seconds in ((facts["net"]["names"] or {}).get("slow") or {}).items():
        yield f"{name} took {seconds} s"


def _random_ports(site, plan, facts):
    if not facts["nfs"]["installed"] or not v3(site, plan, facts):
        return
    missing = [name for name, port in facts["nfs"]["settings"]["ports"].items() if not port]
    if missing:
        yield f"nothing on this node fixes the port of {', '.join(missing)}"


def _closed_ports(site, plan, facts):
    firewalld = facts["net"]["firewalld"]
    if firewalld is None or "firewalld" not in facts["running"] or firewalld["open"]:
        return
    if not v3(site, plan, facts):
        return
    ports = facts["nfs"]["settings"]["ports"]
    wanted = [("111", "tcp")]
    wanted += [(ports[name], "tcp") for name in ("mountd", "statd", "lockd_tcp")]
    wanted += [(ports[name], "udp") for name in ("lockd_udp",)]
    closed = [
        f"{port}/{protocol}"
        for port, protocol in wanted
        if port and not _is_open(firewalld["ports"], int(port), protocol)
    ]
    if closed:
        yield f"zone {firewalld['zone']} does not have {', '.join(closed)}"


def _is_open(ports, number, protocol):
    for entry in ports:
        numbers, _, kind = entry.partition("/")
        first, _, last = numbers.partition("-")
        if kind == protocol and first.isdigit() and (last or first).isdigit():
            if int(first) <= number <= int(last or first):
                return True
    return False


def _virtual_name(site, plan, facts):
    names = facts["net"]["names"] or {}
    for ip, name in (names.get("virtual") or {}).items():
        back = (names.get("virtual_back") or {}).get(ip)
        if name and back is not None and ip not in back:
            yield f"{ip} is called {name}, and {name} is {', '.join(back) or 'unknown'}"


def _token(site, plan, facts):
    token = (site["cluster"].get("totem") or {}).get("token")
    if isinstance(token, int) and token < 1000:
        yield f"totem has token: {token} (milliseconds)"


def _late(site, plan, facts):
    totem = facts["totem"]
    hardened = site.get("profile") != "article"
    saved = _hanfs_totem.late(site["cluster"]["nodes"], totem) if totem and hardened else None
    if saved:
        yield f"corosync.conf has no consensus; {saved} is enough"


def _odd(site, plan, facts):
    totem = facts["totem"] or {}
    if _hanfs_totem.odd(site["cluster"]["nodes"], totem):
        yield f"consensus is {totem['consensus']}, shorter than the token"


def _elsewhere(site, plan, facts):
    names = facts["net"]["names"] or {}
    for node, addresses in site["cluster"]["nodes"].items():
        found = (names.get("nodes") or {}).get(node)
        # A machine's own name may be a loopback address, as Debian's installer has it.
        if found and node != facts["hostname"] and not set(found) & set(addresses):
            yield f"{node} is {', '.join(found)} here, {', '.join(addresses)} in pillar"


RULES = {
    "HANFS402": _one_link,
    "HANFS403": _shared_link,
    "HANFS404": _slow_names,
    "HANFS405": _random_ports,
    "HANFS406": _closed_ports,
    "HANFS407": _virtual_name,
    "HANFS408": _token,
    "HANFS409": _elsewhere,
    "HANFS410": _late,
    "HANFS411": _odd,
}
