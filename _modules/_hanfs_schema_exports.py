"""
The section ``exports`` of a site: which directory goes to whom, and how.
"""

from __future__ import annotations

from typing import Any

import _hanfs_names
import _hanfs_schema_checks as checks
import _hanfs_schema_programs as programs
from _cib_values import Data
from _hanfs_schema_checks import Check, Report
from _hanfs_types import Client, RawSite

OPTIONS = {True: ["rw", "sync", "root_squash"], False: ["rw", "sync"]}
# What the profile article calls its resources and group, and its first export unless that has a
# name.
_TAKEN_NAMES = ("SharedFS", "NFSService", "VIP", "NFSNotify", "nfsresourcegroup")
_FIRST_EXPORT = "NFSExport"
_OWNER = ("user", "group", "mode")


def keys(hardened: bool) -> dict[str, Check]:
    """The checkers of the site's keys that belong to this section."""
    options = checks.list_of(checks.export_option, "export options")
    described = checks.mapping(
        {"client": checks.client, "options": options}, required=("client", "options")
    )

    def client(value, path, report):
        if hardened and isinstance(value, dict):
            described(value, path, report)
        else:
            checks.client(value, path, report)

    export = checks.mapping(
        {
            "name": checks.cib_word if hardened else checks.cib_name,
            "directory": checks.absolute,
            "clients": checks.list_of(client, "clients"),
            "options": options,
            "fsid": checks.fsid,
            "user": checks.account,
            "group": checks.account,
            "mode": checks.mode,
        },
        required=("directory", "clients") + (() if hardened else ("fsid",)),
    )
    return {"exports": checks.list_of(export, "exports")}


def relations(site: RawSite, path: str, report: Report, hardened: bool) -> None:
    """The rules between the keys of this section, and with the file systems."""
    mountpoints = checks.mountpoints(site)
    exports = _entries(site, path)
    state = _state_directory(site, mountpoints)
    pairs: set[tuple[str, str]] = set()
    for here, export, directory in exports:
        _directory_rules(directory, mountpoints, state, here, report)
        _client_rules(export, directory, pairs, here, report)
        _option_rules(export.get("options"), hardened, f"{here}:options", report)
        for place, client in _described(export, here):
            _option_rules(client.get("options"), hardened, f"{place}:options", report)
    _fsid_rules(exports, hardened, report)
    _owner_rules(exports, report)
    if hardened:
        _id_rules(exports, mountpoints, report)
    else:
        _name_rules(site.get("exports"), f"{path}:exports", report)


def _entries(site, path):
    exports = site.get("exports")
    return [
        (f"{path}:exports:{number}", export, export["directory"])
        for number, export in enumerate(exports if isinstance(exports, list) else [])
        if isinstance(export, dict) and checks.is_absolute(export.get("directory"))
    ]


def _clients(export):
    clients = export.get("clients")
    return clients if isinstance(clients, list) else []


def _described(export, here):
    return [
        (f"{here}:clients:{number}", client)
        for number, client in enumerate(_clients(export))
        if isinstance(client, dict)
    ]


def _client_name(client):
    return client.get("client") if isinstance(client, dict) else client


def _state_directory(site, mountpoints):
    given = checks.part(site, "nfs").get("state_directory")
    if checks.is_absolute(given):
        return given
    return f"{mountpoints[0]}/nfsinfo" if mountpoints else None


def _below(directory, other):
    return directory == other or directory.startswith(other + "/")


def _directory_rules(directory, mountpoints, state, here, report):
    if mountpoints and _hanfs_names.holding(directory, mountpoints) is None:
        one = len(mountpoints) == 1
        report(
            f"{here}:directory: {directory} is not on {'the' if one else 'a'} shared file system; "
            f"it must be {' or '.join(mountpoints)} or below it"
        )
    if state and _below(directory, state):
        report(
            f"{here}:directory: {state} holds the NFS server's own state and is never exported "
            "by itself"
        )


def _client_rules(export, directory, pairs, here, report):
    for client in map(_client_name, _clients(export)):
        if isinstance(client, str) and (directory, client) in pairs:
            report(f"{here}:clients: {directory} is exported to {client} twice")
        pairs.add((directory, str(client)))


def _option_rules(options, hardened, here, report):
    if not isinstance(options, list):
        return
    for one, other in (
        ("rw", "ro"),
        ("sync", "async"),
        ("root_squash", "no_root_squash"),
        ("all_squash", "no_all_squash"),
    ):
        if one in options and other in options:
            report(f"{here}: {one} and {other} contradict each other")
    if hardened and "async" in options:
        report(
            f"{here}: async answers clients before their data is on the disk: what was "
            "acknowledged is lost when the active node crashes. Leave it out (sync)"
        )


def _fsid_rules(exports, hardened, report):
    by_directory: dict[str, str] = {}
    by_fsid: dict[str, str] = {}
    for here, export, directory in exports:
        fsid = _fsid(export, hardened)
        if fsid is None:
            continue
        if hardened and fsid == "0":
            report(
                f"{here}:fsid: 0 (root) makes the directory the root of NFSv4: paths then differ "
                "between NFSv3 and NFSv4, and no other export can be added beside it. Leave it "
                "out, or give a number from 1 on"
            )
        if by_directory.setdefault(directory, fsid) != fsid:
            report(
                f"{here}:fsid: {directory} has the fsid {by_directory[directory]} already; "
                "a directory has one"
            )
        if by_fsid.setdefault(fsid, directory) != directory:
            report(
                f"{here}:fsid: {fsid} is the fsid of {by_fsid[fsid]}; every directory needs its own"
            )


def _fsid(export, hardened):
    """The fsid as text, the derived one where none is given; None if it is wrong or missing."""
    value = export.get("fsid")
    if value is None:
        return _hanfs_names.fsid(export["directory"]) if hardened else None
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    return "0" if str(value) == "root" else str(value).lower()


def _owner_rules(exports, report):
    """Who owns a directory is said once, or every time the same."""
    said: dict[tuple[str, str], tuple[str, str]] = {}
    for here, export, directory in exports:
        for key in _OWNER:
            if key not in export:
                continue
            value = str(export[key])
            first, place = said.setdefault((directory, key), (value, here))
            if first != value:
                report(f"{here}:{key}: {place} says {first} for the same directory")


def _id_rules(exports, mountpoints, report):
    """Names of the profile hardened: one for each directory, one resource for each client."""
    directories: dict[str, str] = {}
    ids: dict[str, tuple[str, str]] = {}
    for here, export, directory in exports:
        name = export.get("name", None)
        if name is None:
            name = _hanfs_names.export_name(directory, mountpoints)
        if not isinstance(name, str):
            continue
        if directories.setdefault(name, directory) != directory:
            report(
                f"{here}:name: {name} is the name of {directories[name]} already; give {directory} "
                "a `name` of its own"
            )
            continue
        for client in map(_client_name, _clients(export)):
            if not isinstance(client, str):
                continue
            made = _hanfs_names.export_id(name, client)
            if len(made) > programs.RESOURCE_ID:
                report(
                    f"{here}:name: the resource of {checks.shown(client)} would have a name of "
                    f"{len(made)} signs, the most are {programs.RESOURCE_ID}: give a short `name`"
                )
            what = (directory, client)
            if ids.setdefault(made, what) != what:
                other = " to ".join(ids[made])
                report(
                    f"{here}:name: {directory} to {client} would be the resource {made}, which is "
                    f"{other}; give one of them another `name`"
                )


def _name_rules(exports, path, report):
    """Names of the profile article; NFSExport is the first export's, unless that has its own."""
    taken: dict[str, int] = {}
    for number, export in enumerate(exports if isinstance(exports, list) else []):
        if not isinstance(export, dict):
            continue
        name = export.get("name", _FIRST_EXPORT if number == 0 else None)
        if not isinstance(name, str):
            continue
        here = f"{path}:{number}:name"
        if name in _TAKEN_NAMES:
            report(f"{here}: {name} is the name of something else in the cluster")
        elif name in taken:
            report(f"{here}: {name} is the name of exports:{taken[name]} already")
        taken.setdefault(name, number)


def normalise(site: RawSite, made: Data, hardened: bool) -> None:
    """Write ``exports`` into the normalised site, whose ``file_systems`` are there already."""
    names = {entry["mountpoint"]: entry["name"] for entry in made["file_systems"]}
    made["exports"] = []
    for export in site["exports"]:
        options = list(export.get("options") or OPTIONS[hardened])
        holding = _hanfs_names.holding(export["directory"], names)
        name = export.get("name")
        if hardened and name is None:
            name = _hanfs_names.export_name(export["directory"], names)
        made["exports"].append(
            {
                "name": name,
                "directory": export["directory"],
                "file_system": names.get(holding),
                "fsid": _fsid(export, hardened),
                "clients": [_client(client, options) for client in export["clients"]],
                **{key: export[key] for key in _OWNER if key in export},
            }
        )


def _client(client: Any, options: list[str]) -> Client:
    if isinstance(client, dict):
        return {"client": client["client"], "options": list(client["options"])}
    return {"client": client, "options": list(options)}
