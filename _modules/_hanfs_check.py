"""
Whether one site fits this machine.
"""

from __future__ import annotations

import os
import re
from xml.etree import ElementTree

import _cib_describe
import _cib_values
import _hanfs_check_here
import _hanfs_here
import _hanfs_model
import _hanfs_net
import _hanfs_schema
import _hanfs_storage
import _hanfs_storage_rules
import _hanfs_storage_rules_mounts
import _pcs_cib
import _pcs_node
from _cib_errors import CommandExecutionError
from _cib_run import Machine
from _hanfs_types import RawSite

# Read instead of asking cibadmin: a run with nothing to do stays cheap. Who is not in there is
# asked for in the running cluster.
CIB_FILE = "/var/lib/pacemaker/cib/cib.xml"

# What pcs takes without --force (0.10 and newer: pcs/lib/corosync/config_validators.py); clusters
# that were made by others or by pcs 0.9 may have a longer one, or one with a dot.
_NEW_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}\Z")


def check(
    machine: Machine, site: RawSite, path: str = "hanfs", password_pillar: str | None = None
) -> dict[str, list[str]]:
    """
    Check a site's pillar, and if that is right whether it fits this machine. Reads only (and
    asks the network, by ARP, who has the virtual address).
    """
    found = _hanfs_schema.problems(site, path)
    password_pillar = password_pillar or f"{path}:cluster:password"
    password = machine.pillar(password_pillar)
    found += _hanfs_schema.password_problems(password, password_pillar)
    if not found:
        pillar = machine.pillar(path)
        found = _hanfs_schema.secret_problems(site, pillar, path)
    if found:
        return _printable({"problems": found, "notes": []})
    normal = _hanfs_schema.normalise(site, path)
    found = _configuration_problems(machine, site, normal, path)
    if found:
        return _printable({"problems": found, "notes": []})
    places = (
        _places(site["storage"], f"{path}:storage"),
        _places(site["address"], f"{path}:address"),
    )
    member = _pcs_node.member_of() is not None
    local = _hanfs_net.addresses(machine)
    report: dict[str, list[str]] = {"problems": [], "notes": []}
    _check_node(normal, path, member, local, report)
    _check_cluster(normal, path, report)
    _check_names(normal, path, report)
    _check_values(machine, normal, places[0], path, member, report)
    for storage, here in zip(normal["file_systems"], places[0]):
        _check_device(machine, normal, storage, here, member, report)
        _check_fstab(storage, here, report)
    for address, here in zip(normal["addresses"], places[1]):
        _check_host_name(normal, address, here, path, report)
        _check_virtual_address(machine, address, here, member, local, report)
    return _printable(report)


def _printable(report):
    """Each sentence once and as one line: the site's name in it may be anything."""
    return {
        kind: list(dict.fromkeys(map(_cib_values.one_line, told))) for kind, told in report.items()
    }


def _configuration_problems(machine, site, normal, path):
    """What the engine has against the description, said of ``cluster_config`` if it is there."""
    description = _hanfs_model.description(normal, machine.grains)
    return [
        f"{path}:cluster_config:{line}" if _is_said(site, line) else f"{path}: {line}"
        for line in _cib_describe.problems(description, machine.pillar)
    ]


def _is_said(site, line):
    """Whether the object that a line is about stands in ``cluster_config``, not in the profile."""
    kind, name = [*line.split(":", 2), ""][:2]
    given = site.get("cluster_config", {}).get(kind)
    return bool(given) and (not isinstance(given, dict) or name in given)


def _places(value, path):
    """Colon paths of the entries of a section that is one mapping or a list of them."""
    if isinstance(value, dict):
        return [path]
    return [f"{path}:{number}" for number in range(len(value))]


def _check_node(site, path, member, local, report):
    nodes, own = site["cluster"]["nodes"], _hanfs_here.own_name()
    if own not in nodes:
        report["problems"].append(
            f"{path}:cluster:nodes: this machine is {own} (uname -n), which is not among "
            f"{', '.join(nodes)}"
        )
    elif not member:
        here = {entry["ip"] for entry in local}
        for address in nodes[own]:
            if address not in here:
                report["problems"].append(
                    f"{path}:cluster:nodes:{own}: {address} is not an address of this machine"
                )


def _check_cluster(site, path, report):
    live = _pcs_node.corosync_conf()
    wanted = site["cluster"]
    if live is None or live["stub"]:
        if not _NEW_NAME.match(wanted["name"]):
            report["problems"].append(
                f"{path}:cluster:name: {wanted['name']} is no name for a new cluster: letters, "
                "digits and _ -, at most 32 of them. (A cluster that has this name keeps it: let "
                "this machine join it with `pcs cluster node add`, and run again)"
            )
        return
    if live["cluster_name"] != wanted["name"]:
        report["problems"].append(
            f"{path}:cluster:name: this machine is in the cluster {live['cluster_name']}, not "
            f"in {wanted['name']}; "
            "it is left as it is"
        )
    elif not _same_nodes(live["nodes"], wanted["nodes"]):
        report["problems"].append(
            f"{path}:cluster:nodes: the cluster {wanted['name']} exists with "
            f"{_shown_nodes(live['nodes'])}; the nodes and "
            "addresses of an existing cluster are not changed"
        )


def _same_nodes(live, wanted):
    if set(live) != set(wanted):
        return False
    # corosync 2 has names where corosync 3 has addresses: those say nothing about addresses.
    return all(
        found == wanted[name] for name, found in live.items() if all(map(_is_address, found))
    )


def _is_address(text):
    return re.match(r"[0-9.]+\Z|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*\Z", text) is not None


def _shown_nodes(nodes):
    return ", ".join(f"{name} ({', '.join(addresses)})" for name, addresses in nodes.items())


def _check_names(site, path, report):
    for name in site["cluster"]["nodes"]:
        found = _hanfs_net.resolve(name)
        if not found:
            report["problems"].append(
                f"{path}:cluster:nodes:{name}: this machine cannot resolve the name (DNS, or a "
                "line in /etc/hosts)"
            )
        elif name != _hanfs_here.own_name() and all(
            ip.startswith("127.") or ip == "::1" for ip in found
        ):
            report["problems"].append(
                f"{path}:cluster:nodes:{name}: the name resolves to this machine itself "
                f"({found[0]})"
            )


def _check_values(machine, site, places, path, member, report):
    """A member's directories and exports are there already: what they lack now stops no run."""
    here = _hanfs_check_here
    report["notes" if member else "problems"] += [
        *here.accounts(site, places, path),
        *here.clients(site, path),
    ]
    report["problems"] += here.firewall(site, path)
    report["problems"] += here.export_options(site, machine.grains, path)


def _check_host_name(site, address, place, path, report):
    """
    sm-notify sends a name, never an address, and fails without one: nfs-utils,
    utils/statd/sm-notify.c, "it is an error".
    """
    ip, name = address["ip"], address["notify_name"]
    if site["nfs"] and site["nfs"]["v4_only"]:
        return
    notify = "NFSNotify" if site["profile"] == "article" else "nfs_notify"
    if name != ip:
        found = _hanfs_net.resolve(name)
        if ip not in found:
            report["problems"].append(
                f"{path}:nfs:notify_name: {name} is {', '.join(found) or 'not known'} on this "
                f"machine, but {notify} needs it to be {ip} (DNS, or a line in /etc/hosts)"
            )
    elif not _hanfs_net.name_of(ip):
        report["problems"].append(
            f"{place}:ip: {ip} has no host name on this machine, and {notify} cannot "
            f"start without one: give it one in DNS, or by a line '{ip} NAME' in /etc/hosts"
        )


def _check_device(machine, site, storage, place, member, report):
    here = f"{place}:device"
    if member:
        # Storage that exists already is storage_ready's to judge; here it only has to be attached.
        if not os.path.exists(storage["device"]):
            report["problems"].append(f"{here}: the device {storage['device']} is not there")
        return
    creates = next(iter(site["cluster"]["nodes"])) == _hanfs_here.own_name()
    try:
        protection = "system_id" if storage["vg"] and site["profile"] == "hardened" else None
        facts = _hanfs_storage.inspect(
            machine, storage, site["cluster"]["name"], storage["initialize"] and creates, protection
        )
        decision = _hanfs_storage_rules.decide(
            facts, storage, storage["initialize"], creates, site["file_systems"]
        )
    except CommandExecutionError as err:
        # On the other nodes it may be the first one's work that gets in the way.
        report["problems" if creates else "notes"].append(f"{here}: {err}")
        return
    if decision["verdict"] == "refuse":
        report["problems"].append(f"{here}: {decision['why']}")
    elif _hanfs_check_here.taken_by_device(storage, decision):
        report["problems"].append(
            f"{place}:vg: /dev/{storage['vg']} is there already, and LVM makes no volume group of "
            "that name"
        )
    elif decision["verdict"] in ("unlisted", "absent"):
        # The run itself lets LVM see it, or waits for it, and looks again before it makes anything.
        report["notes"].append(f"{here}: {decision['why']}")


def _check_fstab(storage, here, report):
    """Nothing but the cluster mounts the shared file system, on members too, at boot above all."""
    try:
        entries = _hanfs_storage.fstab(storage)
    except CommandExecutionError as err:
        report["problems"].append(f"{here}: {err}")
        return
    for entry in entries:
        told = _hanfs_storage_rules_mounts.fstab_told(entry)
        report["notes" if entry["by_hand"] else "problems"].append(f"{here}: {told}")


def _check_virtual_address(machine, address, place, member, local, report):
    ip, nic, here = address["ip"], address["nic"], f"{place}:ip"
    if nic and not os.path.exists(f"/sys/class/net/{nic}"):
        report["problems"].append(f"{place}:nic: this machine has no interface {nic}")
        return
    interface = nic or _hanfs_net.interface_for(ip, local)
    if interface is None:
        networks = ", ".join(sorted({entry["network"] for entry in local})) or "none"
        report["problems"].append(
            f"{here}: {ip} is in none of this machine's networks ({networks}); take an address "
            "of one of them or name the "
            "interface in `nic`"
        )
        return
    if ip in {entry["ip"] for entry in local}:
        if not member:
            report["problems"].append(
                f"{here}: {ip} is set on this machine already, outside a cluster"
            )
        return
    if member and _saved_configuration_has(ip):
        return
    if ":" in ip:
        report["notes"].append(f"Whether {ip} is free was not checked (IPv6)")
        return
    try:
        owner = _hanfs_net.answered_by(ip, interface)
    except CommandExecutionError as err:
        report["notes"].append(f"Whether {ip} is free could not be checked: {err}")
        return
    # Asked in this order there is no race: the cluster knows the address before it brings it up.
    if owner and not (member and _cluster_has_address(machine, ip)):
        report["problems"].append(f"{here}: {ip} is answered already by another machine ({owner})")


def _saved_configuration_has(ip):
    """Whether the cluster's configuration, as Pacemaker keeps it on disk, has this address."""
    try:
        tree = ElementTree.parse(CIB_FILE)
    except (OSError, ElementTree.ParseError):
        return False
    pairs = tree.iterfind(".//primitive/instance_attributes/nvpair")
    return any(pair.get("name") == "ip" and pair.get("value") == ip for pair in pairs)


def _cluster_has_address(machine, ip):
    """Whether the live cluster has this address; one that cannot be asked counts as yes."""
    try:
        primitives = _pcs_cib.query(machine).get("primitives", {})
    except CommandExecutionError:
        return True
    return any(str((item.get("attributes") or {}).get("ip")) == ip for item in primitives.values())
