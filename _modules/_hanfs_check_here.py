"""
What a value that is right in itself needs on this machine before the program that it ends in takes
it: accounts, names of clients, firewalld's zones, an exportfs that knows the option.

Each function returns sentences. Nothing is changed and no process is started.
"""

from __future__ import annotations

import grp
import os
import pwd
import re
from collections.abc import Callable
from typing import Any

import _hanfs_net
import _hanfs_schema_programs as programs
from _cib_values import Data
from _hanfs_types import Site, Storage

# Accounts that packages make which the run itself installs.
_OF_PACKAGES = ("nfsnobody", "rpc", "_rpc", "rpcuser", "statd", "hacluster", "haclient")
# Where firewalld looks for zones and services, and the zones that it brings.
FIREWALLD = ("/etc/firewalld", "/usr/lib/firewalld")
_ZONES = "block dmz drop external home internal public trusted work".split()
# A host name: neither a network, nor an address, a netgroup or a pattern.
_NAME = re.compile(r"(?=.*[A-Za-z])[^@*?:/]+\Z")


def accounts(site: Site, places: list[str], path: str) -> list[str]:
    """
    Users and groups that this machine does not know.

    site
        A normalised site.

    places
        Colon paths of its file systems in pillar.

    path
        Colon path of the site.
    """
    entries: list[tuple[str, Any]] = list(zip(places, site["file_systems"]))
    entries += [(f"{path}:exports:{n}", item) for n, item in enumerate(site["exports"])]
    kinds: tuple[tuple[str, Callable[[str], Any]], ...] = (
        ("user", pwd.getpwnam),
        ("group", grp.getgrnam),
    )
    return [
        f"{place}:{kind}: this machine has no {kind} {entry[kind]}"
        for place, entry in entries
        for kind, look_up in kinds
        if kind in entry and not _is_known(entry[kind], look_up)
    ]


def _is_known(account, look_up):
    if isinstance(account, int) or account.isdigit() or account in _OF_PACKAGES:
        return True
    try:
        look_up(account)
    except KeyError:
        return False
    return True


def clients(site: Site, path: str) -> list[str]:
    """
    Clients by name that this machine cannot resolve: exportfs says "Failed to resolve", exports
    nothing and ends without an error (support/export/client.c, client_lookup).
    """
    names = {
        client["client"]: f"{path}:exports:{number}:clients"
        for number, export in enumerate(site["exports"])
        for client in export["clients"]
    }
    return [
        f"{place}: this machine cannot resolve {name} (DNS, or a line in /etc/hosts), and "
        "exportfs exports nothing to a name that it does not know"
        for name, place in names.items()
        if _NAME.match(name) and not _hanfs_net.resolve(name)
    ]


def firewall(site: Site, path: str) -> list[str]:
    """Zones and services that firewalld on this machine does not have, or will not have."""
    wanted: Data = dict(site["firewall"])
    if not wanted["manage"]:
        return []
    found = []
    installed = os.path.isdir(f"{FIREWALLD[1]}/zones")
    for key in ("zone", "cluster_zone"):
        name = wanted.get(key)
        if name and not _has("zones", name) and (installed or name not in _ZONES):
            found.append(f"{path}:firewall:{key}: firewalld has no zone {name} on this machine")
    for number, name in enumerate(wanted.get("services") or ()):
        if installed and not _has("services", name):
            here = f"{path}:firewall:services:{number}"
            found.append(f"{here}: firewalld has no service {name} on this machine")
    return found


def _has(kind, name):
    return any(os.path.exists(f"{directory}/{kind}/{name}.xml") for directory in FIREWALLD)


def export_options(site: Site, grains: Data, path: str) -> list[str]:
    """Options that the exportfs of this operating system is too old for."""
    return [
        f"{path}:exports:{number}:options: {option} is no option of this operating system's "
        "exportfs yet"
        for number, export in enumerate(site["exports"])
        for option in dict.fromkeys(one for item in export["clients"] for one in item["options"])
        if programs.not_yet_in_exportfs(option, grains)
    ]


def taken_by_device(storage: Storage, decision: Data) -> bool:
    """
    Whether LVM would refuse to make the volume group, since something else has its place in /dev.

    storage
        One of the site's file systems.

    decision
        What ``_hanfs_storage_rules.decide`` said of it.
    """
    makes = decision["verdict"] == "step" and decision["step"] in ("pvcreate", "vgcreate")
    return bool(makes and storage["vg"]) and os.path.lexists(f"/dev/{storage['vg']}")
