"""
The profile ``article``: the walkthrough's cluster, from a normalised site.

Five resources by its names, its group, its options, its order, its property, and one thing more:
``nfs_server_scope``, without which a client that holds a lock gets an I/O error after every move
of the service.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import _hanfs_names
from _cib_values import Data
from _hanfs_types import Site

GROUP = "nfsresourcegroup"


def core() -> str:
    """The group that holds the file system and the NFS server: where it is, the service is."""
    return GROUP


def description(site: Site, grains: Mapping[str, Any]) -> Data:
    """
    Compile a site.

    site
        A normalised site.

    grains
        This machine's; this profile is the same on all.

    Returns a description without fencing devices and ``cluster_config``.
    """
    address, storage = site["addresses"][0], site["file_systems"][0]
    exports = _exports(site["exports"])
    primitives = {
        "SharedFS": _primitive(
            "Filesystem",
            device=_hanfs_names.filesystem_device(storage),
            directory=storage["mountpoint"],
            fstype=storage["fstype"],
            **({"options": ",".join(storage["options"])} if storage["options"] else {}),
        ),
        "NFSService": _nfs_service(site),
        **exports,
        "VIP": _primitive("IPaddr2", ip=address["ip"], cidr_netmask=str(address["cidr_netmask"])),
        "NFSNotify": _primitive("nfsnotify", source_host=address["ip"]),
    }
    if address.get("nic"):
        primitives["VIP"]["attributes"]["nic"] = address["nic"]
    return {
        "properties": {"stonith-enabled": site["fencing"]["enabled"]},
        "primitives": primitives,
        "groups": {GROUP: {"members": list(primitives)}},
        "constraints": {"order": _order(list(exports))},
    }


def _primitive(agent, **attributes):
    return {"agent": f"ocf:heartbeat:{agent}", "attributes": attributes}


def _nfs_service(site):
    state = f"{site['file_systems'][0]['mountpoint']}/nfsinfo"
    service = _primitive("nfsserver", nfs_shared_infodir=state)
    scope = _hanfs_names.server_scope(site)
    if scope:
        service["attributes"]["nfs_server_scope"] = scope
        # Agents before resource-agents 4.10 do not know it: better without than not at all.
        service["optional"] = ["nfs_server_scope"]
    return service


def _order(exports):
    """The walkthrough's order; inside a group the engine turns it into the members' order."""
    pairs = [("SharedFS", "NFSService")]
    for export in exports:
        pairs += [("NFSService", export), (export, "VIP")]
    return [{"first": first, "then": then} for first, then in pairs]


def _exports(exports):
    """
    One resource per exported directory and client.

    An export's ``name`` is its first client's resource; further clients get ``<name>_<client>``.
    Without names the very first resource is NFSExport, as in the walkthrough, and the others are
    named after what they export. So the name of the first client of all, or of a named entry, goes
    over to the next one when that client is removed, and a running export is taken back. A removal
    touches nothing else only if each client has an entry and a name of its own.
    """
    given = {export["name"] for export in exports if export.get("name")}
    primitives: dict[str, Data] = {}
    for export in exports:
        for number, entry in enumerate(export["clients"]):
            client, name = entry["client"], export.get("name")
            if not name and not primitives:
                name = "NFSExport"
            elif not name or number:
                name = _free_name(_default_name(export, client), given | set(primitives))
            primitives[name] = _primitive(
                "exportfs",
                clientspec=client,
                options=",".join(entry["options"]),
                directory=export["directory"],
                fsid=export["fsid"],
            )
    return primitives


def _default_name(export, client):
    what = client.replace("*", "any")
    if export.get("name"):
        return "_".join([export["name"], *_words(what)])
    return "_".join(["NFSExport", *_words(f"{export['directory']} {what}")])


def _words(text):
    return re.findall(r"[A-Za-z0-9.]+", text)


def _free_name(name, taken):
    number, free = 2, name
    while free in taken:
        number, free = number + 1, f"{name}.{number}"
    return free
