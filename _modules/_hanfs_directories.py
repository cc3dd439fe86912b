"""
The directories that must be on a shared file system before a resource may use them: those that are
exported, and the one in which the clients' connections are written down.

``exportfs`` takes a missing directory for a wrong configuration and never tries again on any node,
so the node that has the file system mounted makes it first. What is there already is left as it is:
its owner and mode are the clients' business.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Container
from xml.etree import ElementTree

import _hanfs_names
import _hanfs_profile_hardened
import _hanfs_storage
import _hanfs_storage_rules_mounts
from _cib_errors import CommandExecutionError
from _cib_run import Machine
from _cib_values import Data
from _hanfs_types import Site

# Read instead of asking cibadmin: a run with nothing to do stays cheap.
CIB_FILE = "/var/lib/pacemaker/cib/cib.xml"
# The attributes that name such a directory, by agent.
_ATTRIBUTES = {"exportfs": "directory", "portblock": "tickle_dir"}
OWNER = {"user": "root", "group": "root", "mode": "0755"}
_TO_ID = {"user": "file.user_to_uid", "group": "file.group_to_gid"}


def wanted(site: Site) -> dict[str, Data]:
    """
    The directories that a site needs, but for mount points. Pure.

    site
        A normalised site.

    Returns ``{directory: {"user": ..., "group": ..., "mode": ..., "file_system": mount point}}``,
    parents first.
    """
    mountpoints = [item["mountpoint"] for item in site["file_systems"]]
    found: dict[str, Data] = {}
    for export in site["exports"]:
        owner = {key: value for key, value in export.items() if key in OWNER}
        found[export["directory"]] = {**found.get(export["directory"], OWNER), **owner}
    tickle = site["nfs"] and _hanfs_profile_hardened.tickle_directory(site)
    if tickle:
        found[tickle] = {**OWNER, "mode": "0700"}
    return {
        directory: {
            **found[directory],
            "file_system": _hanfs_names.holding(directory, mountpoints),
        }
        for directory in sorted(found)
        if directory not in mountpoints
    }


def missing(site: Site) -> dict[str, dict[str, Data]]:
    """
    What of the wanted directories is not known to be there, seen from this node. Reads only, and
    starts no process.

    site
        A normalised site.

    Returns ``{"here": {...}, "elsewhere": {...}}``, parts of ``wanted``: those whose file system is
    mounted here and that do not exist, and those whose file system is not mounted here and that no
    resource of the saved cluster configuration uses yet.
    """
    needed = wanted(site)
    mounted = [
        item["mountpoint"]
        for item in site["file_systems"]
        if needed
        and any(
            mount["directory"] == os.path.realpath(item["mountpoint"])
            for mount in _hanfs_storage.mounts(_hanfs_names.filesystem_device(item))
        )
    ]
    here = {
        directory: about
        for directory, about in needed.items()
        if about["file_system"] in mounted and not os.path.isdir(directory)
    }
    away = {
        directory: about
        for directory, about in needed.items()
        if about["file_system"] not in mounted
    }
    used = _used_in_file() if away else set()
    elsewhere = {directory: about for directory, about in away.items() if directory not in used}
    return {"here": here, "elsewhere": elsewhere}


def _used_in_file():
    """The directories that the configuration uses, as Pacemaker keeps it on disk."""
    primitives = {
        element.get("id"): {
            "agent": element.get("type"),
            "attributes": {
                pair.get("name"): pair.get("value")
                for pair in element.iterfind("instance_attributes/nvpair")
            },
        }
        for element in _primitives()
    }
    return set(used({"primitives": primitives}).values())


def _primitives(root=""):
    try:
        return list(ElementTree.parse(root.rstrip("/") + CIB_FILE).iter("primitive"))
    except (OSError, ElementTree.ParseError):
        return []


def stopped_in_file(root: str = "/") -> set[str]:
    """
    The resources that somebody has stopped by hand (``pcs resource disable``), as Pacemaker keeps
    its configuration on disk. Starts no process.

    root
        Directory that stands for ``/``.
    """
    return {
        str(primitive.get("id"))
        for primitive in _primitives(root)
        for pair in primitive.iterfind("meta_attributes/nvpair")
        if pair.get("name") == "target-role" and str(pair.get("value")).lower() == "stopped"
    }


def used(description: Data) -> dict[str, str]:
    """
    Which resources of a description use which directory. Pure.

    description
        A cluster's description: what is wanted, or what ``cib.query`` says of the live one.

    Returns ``{id: directory}``.
    """
    found, shared = {}, None
    for name, item in (description.get("primitives") or {}).items():
        attributes = item.get("attributes") or {}
        key = _ATTRIBUTES.get(str(item.get("agent")).split(":")[-1])
        shared = attributes.get("nfs_shared_infodir") or shared
        directory = attributes.get(key)
        if directory:
            found[name] = directory
    return {name: _unbound(directory, shared) for name, directory in found.items()}


def _unbound(directory, shared):
    """What the NFS server's agent binds over its own directory, by its name on the shared disk."""
    here = f"{_hanfs_storage_rules_mounts.NFS_STATE}/"
    if shared and directory.startswith(here):
        return f"{shared}/{directory[len(here) :]}"
    return directory


def without(description: Data, directories: Container[str]) -> Data:
    """
    A description without the resources that use certain directories. Pure.

    description
        A cluster's description.

    directories
        The directories.

    Returns a new one; groups and constraints do not name those resources any more.
    """
    gone = {name for name, directory in used(description).items() if directory in directories}
    made = {
        **description,
        "primitives": {
            name: item for name, item in description["primitives"].items() if name not in gone
        },
        "groups": {
            name: _members_without(content, gone)
            for name, content in (description.get("groups") or {}).items()
        },
    }
    if "constraints" in description:
        made["constraints"] = {
            kind: [entry for entry in entries if not gone.intersection(_named(entry))]
            for kind, entries in description["constraints"].items()
        }
    return made


def _members_without(content, gone):
    if isinstance(content, dict):
        return {**content, "members": [name for name in content["members"] if name not in gone]}
    return [name for name in content if name not in gone]


def _named(entry):
    """The resources that a constraint names, in sets too."""
    found = [entry.get(key) for key in ("resource", "with", "first", "then")]
    for one in entry.get("sets") or ():
        members = one.get("resources") if isinstance(one, dict) else one
        found += members if isinstance(members, list) else []
    return [name for name in found if isinstance(name, str)]


def make(machine: Machine, directory: str, about: Data) -> Data:
    """
    Make one directory, and the directories on the way to it (root's, 0755). One that exists is
    left as it is.

    directory
        Its path.

    about
        Of ``wanted``: owner, mode, and the mount point of its file system, which must be mounted.

    Returns the change, ``{}`` if it was there. Raises CommandExecutionError.
    """
    ids = [_id(machine, kind, about[kind]) for kind in ("user", "group")]
    if os.path.isdir(directory):
        return {}
    *parents, last = os.path.relpath(directory, about["file_system"]).split(os.sep)
    try:
        with contextlib.ExitStack() as stack:
            # Of a symbolic link ismount() says that it is none.
            root = os.path.realpath(about["file_system"])
            place = _open(stack, root)
            # Looked at when it is held: it cannot be unmounted any more.
            held = os.path.samestat(os.fstat(place), os.stat(root))
            if not held or not os.path.ismount(root):
                raise CommandExecutionError(f"{root} is not mounted any more")
            for name in parents:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(name, 0o755, dir_fd=place)
                place = _open(stack, name, os.O_NOFOLLOW, place)
            os.mkdir(last, 0o700, dir_fd=place)
            made = _open(stack, last, os.O_NOFOLLOW, place)
            os.fchown(made, *ids)
            os.fchmod(made, int(str(about["mode"]), 8))
    except OSError as err:
        raise CommandExecutionError(_not_made(directory, err)) from err
    return change(about)


def _open(stack, path, flags=0, place=None):
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | flags, dir_fd=place)
    stack.callback(os.close, descriptor)
    return descriptor


def _not_made(directory, err):
    if err.errno in (errno.ELOOP, errno.ENOTDIR):
        # On an exported file system a client's root may have laid it.
        real = os.path.realpath(directory)
        return f"{directory} leads over a symbolic link or a file to {real}: not made"
    return f"{directory} cannot be made: {err}"


def change(about: Data) -> Data:
    """
    What making a directory changes.

    about
        Of ``wanted``.
    """
    return {"old": None, "new": {key: str(about[key]) for key in OWNER}}


def _id(machine, kind, account):
    if isinstance(account, int):
        return account
    found = machine.salt[_TO_ID[kind]](account)
    if found == "":
        raise CommandExecutionError(
            f"there is no {kind} {account} on this machine to own an exported directory; it is "
            f"said at `exports`, key `{kind}`"
        )
    return found
