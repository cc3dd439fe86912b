"""
The directory in which rpc.statd remembers NFSv3's clients, where the resource agents look for it.

nfsnotify reads ``/var/lib/nfs/statd``, Red Hat's place, whatever the distribution (its STATD_PATH).
Debian's rpc.statd has its files in ``/var/lib/nfs`` itself, so that no client was ever told to take
its locks back: sm-notify finds nothing and says so to nobody. The directory here and the setting
``state-directory-path`` give Debian the same layout.

.. code-block:: yaml

    /var/lib/nfs/statd:
      hanfs.statd_directory:
        - site: {{ hanfs.site | json }}
        - user: statd

:depends: the execution modules hanfs_schema and file
"""

from __future__ import annotations

import os
import pwd

from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "hanfs"

_MODE = 0o700


def __virtual__():
    return __virtualname__


def statd_directory(name, site, user, shared=False):
    """
    The directory is there with ``sm`` and ``sm.bak``, and rpc.statd's user owns it: that is the
    user whom rpc.statd and sm-notify become. One that another user than root owns is left alone,
    since the nodes' numbers for that user may differ.

    name
        The directory, such as ``/var/lib/nfs/statd``; free text with ``shared``.

    site
        The site as it stands in pillar; with NFSv4 only, and in the profile article, nothing is
        done.

    user
        rpc.statd's user.

    shared
        The one in the site's state directory instead, on the node that has its file system mounted.
        The agent makes it there as root's; it counts from rpc.statd's next start.

    .. code-block:: yaml

        /var/lib/nfs/statd:
          hanfs.statd_directory:
            - site: {{ hanfs.site | json }}
            - user: statd
    """
    ret = {"name": name, "result": True, "changes": {}, "comment": f"{name} is rpc.statd's"}
    try:
        site = __salt__["hanfs_schema.normalise"](site)
        nfs, directory = site.get("nfs"), name
        if not nfs or nfs["v4_only"]:
            ret["comment"] = "Nothing needs it: the site has NFSv4 only, or the profile article"
            return ret
        if shared:
            directory = f"{nfs['state_directory']}/statd"
            ret["comment"] = f"{directory} is rpc.statd's"
            if not _mounted(site, directory):
                ret["comment"] = f"{directory} is left to the node that has its file system mounted"
                return ret
        uid, gid = _ids(user)
        changes = {} if uid is None else _changes(directory, user)
        if uid is None or (changes and __opts__["test"]):
            ret.update(result=None, changes=changes)
            ret["comment"] = f"{directory} would be made for {user}"
            return ret
        for path in changes:
            _make(path, uid, gid)
    except (CommandExecutionError, SaltInvocationError) as err:
        ret.update(result=False, comment=str(err))
        return ret
    except OSError as err:
        ret.update(result=False, comment=f"{err.filename}: {err.strerror}")
        return ret
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


def _ids(user):
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        if __opts__["test"]:
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
