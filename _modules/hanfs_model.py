"""
From the NFS model (what a site says in pillar) to the cluster's description (what
``pcs.configured`` enforces).

Data in, data out. The profile ``article`` is the walkthrough's: five resources by its names, its
group, its options, its order, its property, and one thing more: ``nfs_server_scope``, without which
a client that holds a lock gets an I/O error after every move of the service.

:depends: nothing
"""

from __future__ import annotations

import copy
import re

__virtualname__ = "hanfs_model"

GROUP = "nfsresourcegroup"


def __virtual__():
    return __virtualname__


def description(site):
    """
    Compile a site into the description of its cluster.

    site
        A site as ``hanfs_schema.normalise`` returns it.

    Returns the description that ``cib.plan`` and ``pcs.configured`` take, ``cluster_config`` merged
    over it.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_model.description '{...}'
    """
    return merge(_article(site), site.get("cluster_config") or {})


def merge(base, over):
    """
    Lay one description over another: mappings key by key, everything else (lists too) replaced.

    base
        The description below; it stays as it is.

    over
        What wins.

    Returns a new dict.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_model.merge '{a: {b: 1}}' '{a: {c: 2}}'
    """
    merged = dict(copy.deepcopy(base))
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = copy.deepcopy(value)
    return merged


def filesystem_device(storage):
    """
    The block device that carries the file system.

    storage
        The site's ``storage`` (``device``, and ``vg`` and ``lv`` if there is LVM).

    Returns a path: the device mapper's name of the volume, or the device itself.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_model.filesystem_device '{device: /dev/vdb, vg: NFS_SHARED, lv: NFS_LVM}'
    """
    if not storage.get("vg"):
        return storage["device"]
    # Device mapper joins the two names with one hyphen and doubles those inside a name.
    names = [str(storage[key]).replace("-", "--") for key in ("vg", "lv")]
    return "/dev/mapper/" + "-".join(names)


def _article(site):
    address, storage = site["address"], site["storage"]
    exports = _exports(site["exports"])
    primitives = {
        "SharedFS": _primitive(
            "Filesystem",
            device=filesystem_device(storage),
            directory=storage["mountpoint"],
            fstype=storage["fstype"],
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
    service = _primitive("nfsserver", nfs_shared_infodir=f"{site['storage']['mountpoint']}/nfsinfo")
    scope = site.get("server_scope", True)
    if scope:
        service["attributes"]["nfs_server_scope"] = (
            site["address"]["ip"] if scope is True else scope
        )
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
    primitives = {}
    for export in exports:
        for number, client in enumerate(export["clients"]):
            name = export.get("name")
            if not name and not primitives:
                name = "NFSExport"
            elif not name or number:
                name = _free_name(_default_name(export, client), given | set(primitives))
            primitives[name] = _primitive(
                "exportfs",
                clientspec=client,
                options=",".join(export["options"]),
                directory=export["directory"],
                fsid=str(export["fsid"]),
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
