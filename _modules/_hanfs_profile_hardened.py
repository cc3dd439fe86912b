"""
The profile ``hardened``: a site's cluster as experts build it. docs/nfs-model.md has the reasons
and their sources.

::

    group nfs (ordered):   vg_<VG> -> fs_<name> ... -> nfs_server
    each export:           export_<name>_<client>        with nfs, after nfs
    each virtual address:  group address_<name>: ip_<name> -> tickle_<name>
                                                         with nfs, after nfs and after the exports
    NFSv3 clients:         nfs_notify                    with nfs, after nfs and after the addresses

The exports are no members of the group: a group restarts what comes after a member that is put in
or taken out. "After the exports" is an optional order: it counts when both start or stop in one
go, and makes no address restart because of an export.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import _hanfs_names
from _cib_values import Data
from _hanfs_types import Site

GROUP = "nfs"
SERVER = "nfs_server"
NOTIFY = "nfs_notify"
DEFAULTS = {
    # A node that comes back does not take the service away again: that would be a second stall.
    "resource-stickiness": 1000,
    # Restarted where it is, and elsewhere after the third failure within ten minutes.
    "migration-threshold": 3,
    "failure-timeout": "10min",
}
# Pacemaker slows itself down on a node whose processors are busy (80% by default): one operation at
# a time, the first monitor of a resource before the start of the next. Clients that write make a
# node busy, and the few resources here do not: the service must not wait for its monitors.
LOAD_THRESHOLD = "500%"
# Seconds: start, stop, interval and timeout of the monitor. A stop that exceeds its timeout gets
# the node fenced, so each is longer than what the agent itself waits for (docs/nfs-model.md).
_TIMES = {
    "LVM-activate": (90, 90, 30, 90),
    "Filesystem": (120, 120, 20, 40),
    "nfsserver": (120, 120, 20, 60),
    "exportfs": (60, 120, 30, 90),
    "IPaddr2": (40, 40, 10, 30),
    "portblock": (40, 40, 10, 30),
    "nfsnotify": (90, 90, 30, 90),
}


# What newer agents would choose in another way than all older ones, which do not know the
# parameters and work like this by themselves (docs/agents.md). They are there from the start, so
# that the first stop or probe after an upgrade of the agent is right already.
_AHEAD: dict[str, dict[str, Any]] = {
    "portblock": {
        # nftables since resource-agents 4.17: the rule that resets connections stays for ever when
        # the service stops, and what the older agent has blocked is never opened again.
        "firewall": "iptables",
        # The rule alone in 4.17: "running" wherever nothing is blocked, on the passive node, too.
        "status_check": "pseudo",
    },
    # True since 4.17: a link that is down bars the node, and one switch that restarts both nodes,
    # until the failure is forgotten. In 4.17 any interface that is down, used or not, does.
    "IPaddr2": {"check_link_status": False},
}


def core() -> str:
    """The group that holds the file systems and the NFS server: where it is, the service is."""
    return GROUP


# Where portblock is told that it is. It looks for it at each probe since resource-agents 4.17, and
# a node that has not is barred from the resource: so a directory that is there on both nodes, over
# which the NFS server's agent binds the state directory where the server runs.
TICKLE = "/var/lib/nfs/tickle"


def tickle_directory(site: Site) -> str | None:
    """
    Where the connections of the clients are written down, for the node that takes over; None if
    no address uses it.

    site
        A normalised site.
    """
    nfs = _nfs(site)
    if nfs["tickle"] and any(map(_blocks, site["addresses"])):
        return f"{nfs['state_directory']}/tickle"
    return None


def _nfs(site):
    """In this profile every site has it."""
    return site["nfs"]


def description(site: Site, grains: Mapping[str, Any]) -> Data:
    """
    Compile a site.

    site
        A normalised site.

    grains
        This machine's: ``os`` and ``osmajorrelease``.

    Returns a description without fencing devices and ``cluster_config``.
    """
    members = {**_file_systems(site), SERVER: _server(site)}
    exports, (addresses, groups) = _exports(site), _addresses(site, grains)
    notify = {} if _nfs(site)["v4_only"] else {NOTIFY: _notify(site)}
    meta = _priority(site)
    return {
        "properties": {
            "stonith-enabled": site["fencing"]["enabled"],
            "no-quorum-policy": "stop",
            "load-threshold": LOAD_THRESHOLD,
        },
        "resource_defaults": dict(DEFAULTS),
        "primitives": {**members, **exports, **addresses, **notify},
        "groups": {
            GROUP: {"members": list(members), **({"meta": meta} if meta else {})},
            **{name: {"members": ids} for name, ids in groups.items()},
        },
        "constraints": _constraints(list(exports), list(groups), list(notify)),
    }


def _constraints(exports, groups, notify):
    dependants = [*exports, *groups, *notify]
    order = [{"first": GROUP, "then": name} for name in dependants]
    pairs = [(export, group) for export in exports for group in groups]
    pairs += [(group, name) for group in groups for name in notify]
    order += [{"first": first, "then": then, "kind": "Optional"} for first, then in pairs]
    return {
        "colocation": [
            {"resource": name, "with": GROUP, "score": "INFINITY"} for name in dependants
        ],
        "order": order,
    }


def _primitive(agent, attributes, provider="heartbeat", **more):
    start, stop, interval, timeout = _TIMES[agent]
    ahead = _AHEAD.get(agent, {})
    return {
        "agent": f"ocf:{provider}:{agent}",
        "attributes": {**attributes, **ahead},
        **({"ahead": list(ahead)} if ahead else {}),
        "operations": {
            "start": {"timeout": f"{start}s"},
            "stop": {"timeout": f"{stop}s"},
            "monitor": {"interval": f"{interval}s", "timeout": f"{timeout}s"},
        },
        **more,
    }


def _minor(agent, attributes):
    """
    A resource whose failure never moves the whole service: it stays where it is without it.
    Pacemaker before 2.1 does not know ``critical`` and moves the service.
    """
    return _primitive(agent, attributes, meta={"critical": False})


def _priority(site):
    """The node that runs the service survives a fencing race (priority-fencing-delay)."""
    fencing = site["fencing"]
    return {"priority": 1} if fencing["enabled"] and fencing["priority_delay"] else {}


def _file_systems(site):
    word = _hanfs_names.word
    groups = {f"vg_{word(item['vg'])}": item["vg"] for item in site["file_systems"] if item["vg"]}
    made = {
        name: _primitive("LVM-activate", {"vgname": vg, "vg_access_mode": "system_id"})
        for name, vg in groups.items()
    }
    for item in site["file_systems"]:
        attributes = {
            "device": _hanfs_names.filesystem_device(item),
            "directory": item["mountpoint"],
            "fstype": item["fstype"],
            # Looks into /proc for who still uses it; fuser may hang on another dead mount.
            "force_unmount": "safe",
        }
        if item["options"]:
            attributes["options"] = ",".join(item["options"])
        made[f"fs_{item['name']}"] = _primitive("Filesystem", attributes)
    return made


def _server(site):
    attributes = {
        "nfs_shared_infodir": site["nfs"]["state_directory"],
        # The agent would do it before the address is up, from the node's own address.
        "nfs_no_notify": True,
    }
    scope = _hanfs_names.server_scope(site)
    if scope:
        attributes["nfs_server_scope"] = scope
    if site["nfs"]["v4_only"]:
        attributes["nfsv4_only"] = True
    # Agents before resource-agents 4.10 and 4.12 do not know them.
    optional = [name for name in ("nfs_server_scope", "nfsv4_only") if name in attributes]
    return _primitive(
        "nfsserver",
        attributes,
        # Without a word in pillar: ours, or what the cluster has already (_hanfs_agent.fitted).
        site["nfs"]["agent"] or "hanfs",
        **({"optional": optional} if optional else {}),
    )


def _exports(site):
    mountpoints = {item["name"]: item["mountpoint"] for item in site["file_systems"]}
    made = {}
    for export in site["exports"]:
        for entry in export["clients"]:
            name = _hanfs_names.export_id(export["name"], entry["client"])
            options = _export_options(entry["options"], mountpoints[export["file_system"]])
            made[name] = _minor(
                "exportfs",
                {
                    "clientspec": _clientspec(entry["client"]),
                    "directory": export["directory"],
                    "fsid": _fsid(export["fsid"]),
                    "options": ",".join(options),
                    # rmtab is in the state directory, which moves along.
                    "rmtab_backup": "none",
                    # It would drop the locks of all clients of the file system, not of this one.
                    "unlock_on_stop": False,
                    "wait_for_leasetime_on_stop": False,
                },
            )
    return made


def _fsid(number):
    """
    In hexadecimal, which exportfs reads as well. When an export stops, the agent of
    resource-agents 4.18 waits until no line ``fsid=N,`` is left in the kernel's table of exports.
    Other clients of the directory, who go on working, have the same number there, in decimal: it
    would wait until its timeout, and the node would be fenced for a client that was taken out.
    """
    return hex(int(number)) if number.isdigit() else number


def _export_options(options, mountpoint):
    """With ``mountpoint``: what lies under the mount point is never exported by mistake."""
    if any(option.split("=")[0] in ("mountpoint", "mp") for option in options):
        return options
    return [*options, f"mountpoint={mountpoint}"]


def _clientspec(client):
    """IPv6 in brackets: exportfs ends a host's name at the first colon, the agent undoes it."""
    if ":" not in client:
        return client
    address, slash, bits = client.partition("/")
    return f"[{address}]{slash}{bits}"


def _blocks(address):
    """The agent knows IPv4 only, up to resource-agents 4.18."""
    return ":" not in address["ip"]


def _addresses(site, grains):
    """The primitives, and the groups' members."""
    made, groups = {}, {}
    for address in site["addresses"]:
        name = address["name"]
        attributes = {"ip": address["ip"], "cidr_netmask": address["cidr_netmask"]}
        if address["nic"]:
            attributes["nic"] = address["nic"]
        made[f"ip_{name}"] = _primitive("IPaddr2", attributes)
        groups[f"address_{name}"] = [f"ip_{name}"]
        if _blocks(address):
            made[f"tickle_{name}"] = _primitive("portblock", _portblock(site, address, grains))
            groups[f"address_{name}"].append(f"tickle_{name}")
    return made, groups


def _portblock(site, address, grains):
    """
    There with and without the tickle: its stop closes the port, so a resource that is taken out of
    a running service would leave an address that answers nobody.
    """
    attributes = {
        "protocol": _protocol(grains),
        "portno": 2049,
        "action": "unblock",
        "ip": address["ip"],
        "reset_local_on_unblock_stop": True,
    }
    return {**attributes, "tickle_dir": TICKLE} if tickle_directory(site) else attributes


def _protocol(grains):
    """
    tcp, as portblock finds it in what iptables prints. Debian 12's iptables 1.8.9 prints numbers,
    which its portblock (4.12) does not know: with the word it would never find its own rule, and
    leave the port closed for ever after a move and a move back
    (https://github.com/ClusterLabs/resource-agents/pull/1924).
    """
    system = (grains.get("os"), str(grains.get("osmajorrelease")))
    return "6" if system == ("Debian", "12") else "tcp"


def _notify(site):
    """
    One for all addresses, as its agent wants it: it ends every other ``sm-notify`` of the node,
    and the first one takes the list of clients away from the next.
    """
    names = [address["notify_name"] for address in site["addresses"]]
    return _minor("nfsnotify", {"source_host": ",".join(names)})
