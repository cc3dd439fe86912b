"""
The directory in which rpc.statd remembers NFSv3's clients, where the resource agents look for it.

nfsnotify reads ``/var/lib/nfs/statd``, Red Hat's place, whatever the distribution (its STATD_PATH).
Debian's rpc.statd has its files in ``/var/lib/nfs`` itself, so that no client was ever told to take
its locks back: sm-notify finds nothing and says so to nobody. The directory here and the setting
``state-directory-path`` give Debian the same layout.
"""

from __future__ import annotations

import os
import pwd

import _hanfs_schema
from _cib_errors import CommandExecutionError, SaltInvocationError
from _cib_result import failed, made
from _cib_run import Machine
from _cib_values import Data
from _hanfs_types import RawSite

_MODE = 0o700


def statd_directory(
    machine: Machine, name: str, site: RawSite, user: str, shared: bool = False
) -> Data:
    """
    The directory is there with ``sm`` and ``sm.bak``, and rpc.statd's user owns it: that is the
    user whom rpc.statd and sm-notify become. One that another user than root owns is left
    alone, since the nodes' numbers for that user may differ.
    """
    ret = made(name, comment=f"{name} is rpc.statd's")
    try:
        normal = _hanfs_schema.normalise(site)
        nfs, directory = normal.get("nfs"), name
        if not nfs or nfs["v4_only"]:
            ret["comment"] = "Nothing needs it: the site has NFSv4 only, or the profile article"
            return ret
        if shared:
            directory = f"{nfs['state_directory']}/statd"
            ret["comment"] = f"{directory} is rpc.statd's"
            if not _mounted(normal, directory):
                ret["comment"] = f"{directory} is left to the node that has its file system mounted"
                return ret
        uid, gid = _ids(machine, user)
        changes = {} if uid is None else _changes(directory, user)
        if uid is None or (changes and machine.test):
            ret.update(result=None, changes=changes)
            ret["comment"] = f"{directory} would be made for {user}"
            return ret
        for path in changes:
            _make(path, uid, gid)
    except (CommandExecutionError, SaltInvocationError) as err:
        return failed(made(name), err)
    except OSError as err:
        return failed(made(name), f"{err.filename}: {err.strerror}")
    if changes:
        ret.update(changes=changes, comment=f"{directory} is rpc.statd's now")
    return ret


def _mounted(site, directory):
    """Whether the file system of the site that a directory is on is mounted here."""
    above = [
        item["mountpoint"]
        for item in site["file_systems"]
        if f"{directory}/".startswith(f"{item['mountpoint'].rstrip('/')}/")
    ]
    return bool(above) and os.path.ismount(os.path.realpath(max(above, key=len)))


def _ids(machine, user):
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        if machine.test:
            return None, None
        raise CommandExecutionError(
            f"This machine has no user {user}: is the package with rpc.statd installed?"
        ) from None
    return entry.pw_uid, entry.pw_gid


def _changes(name, user):
    changes = {}
    for path in (name, f"{name}/sm", f"{name}/sm.bak"):
        try:
            owner = os.stat(path).st_uid
        except FileNotFoundError:
            changes[path] = {"old": None, "new": f"owner {user}"}
            continue
        if owner == 0:
            changes[path] = {"old": "owner root", "new": f"owner {user}"}
    # The agent's copies of both: after a crash it lays them over, owner and mode too.
    for path in (f"{name}/sm.ha/sm", f"{name}/sm.ha/sm.bak"):
        if os.path.isdir(path) and os.stat(path).st_uid == 0:
            changes[path] = {"old": "owner root", "new": f"owner {user}"}
    return changes


def _make(path, uid, gid):
    try:
        os.makedirs(path, _MODE)
    except FileExistsError:
        pass
    os.chown(path, uid, gid)
    os.chmod(path, _MODE)
