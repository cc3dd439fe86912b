"""
States about fencing: its key files, and SBD before the cluster first starts.

Part of the states ``hanfs``; Salt's loader takes the files of one virtual name together.

:depends: the execution modules hanfs_fencing, hanfs_sbd, hanfs_sbd_disk, hanfs and pcs
"""

from __future__ import annotations

import base64
import binascii
import os
import stat
import tempfile
import time

import salt.utils.data
from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "hanfs"

ERRORS = (CommandExecutionError, SaltInvocationError, OSError)
_PAUSE = 2
RESTART = (
    "SBD takes its settings when a node's cluster starts. Restart the nodes one after the other "
    "when it suits, each only when all others are online: pcs node standby NODE, pcs cluster stop "
    "NODE, pcs cluster start NODE, pcs node unstandby NODE"
)


def __virtual__():
    return __virtualname__


def _ret(name, comment="", result=True, changes=None, warnings=None):
    ret = {"name": name, "result": result, "changes": changes or {}, "comment": comment}
    if warnings:
        ret["warnings"] = warnings
    return ret


# --- key files ------------------------------------------------------------------------------------


def fencing_keys(name, key_files=None, path="hanfs"):
    """
    The key files of fencing agents are there, for root only. Their content comes from pillar and
    is never shown.

    name
        Free text.

    key_files
        ``{file: {encoding: base64 or text}}``, as the site has them without their content.

    path
        Colon path of the site in pillar; the content is looked up at
        ``<path>:fencing:key_files:<file>:content``.

    .. code-block:: yaml

        The key files of the fencing agents are there:
          hanfs.fencing_keys:
            - key_files: {/etc/cluster/fence_xvm.key: {encoding: base64}}
            - path: hanfs:sites:athens
    """
    changes, problems = {}, []
    for file, about in (key_files or {}).items():
        try:
            change = _key_file(file, about or {}, path)
        except ERRORS as err:
            problems.append(str(err))
        else:
            changes.update({file: change} if change else {})
    if problems:
        return _ret(name, "\n".join(problems), False, changes)
    if not changes:
        there = ", ".join(key_files or {})
        return _ret(name, f"{there} as in pillar" if there else "The site has no key files")
    if __opts__["test"]:
        return _ret(name, f"{', '.join(changes)} would be written", None, changes)
    return _ret(name, f"{', '.join(changes)} written", changes=changes)


def _key_file(file, about, path):
    """Write one file if it differs; returns what changed, never the content."""
    place = f"{path}:fencing:key_files:{file}:content"
    wanted = _content(place, about.get("encoding") or "text")
    change = {}
    try:
        info = os.lstat(file)
    except FileNotFoundError:
        change["content"] = {"old": None, "new": f"from pillar, {len(wanted)} bytes"}
    else:
        if not stat.S_ISREG(info.st_mode):
            raise CommandExecutionError(f"{file} is no plain file, and stays as it is")
        with open(file, "rb") as handle:
            if handle.read() != wanted:
                change["content"] = {"old": "another", "new": f"from pillar, {len(wanted)} bytes"}
        mode = stat.S_IMODE(info.st_mode)
        if mode != 0o600:
            change["mode"] = {"old": f"{mode:04o}", "new": "0600"}
        if (info.st_uid, info.st_gid) != (os.geteuid(), os.getegid()):
            change["owner"] = {"old": f"{info.st_uid}:{info.st_gid}", "new": "root:root"}
    if change and not __opts__["test"]:
        _write(file, wanted, 0o600)
    return change


def _content(place, encoding):
    found = salt.utils.data.traverse_dict_and_list(__pillar__, place)
    if not isinstance(found, str) or not found:
        raise SaltInvocationError(f"{place}: there is no text at this place in pillar")
    if encoding == "text":
        return found.encode()
    if encoding != "base64":
        raise SaltInvocationError(
            f"{place.rpartition(':')[0]}:encoding: is neither text nor base64"
        )
    try:
        return base64.b64decode("".join(found.split()), validate=True)
    except (binascii.Error, ValueError):
        # The error of Python itself may quote the text.
        raise SaltInvocationError(
            f"{place}: is no base64 (make it with: base64 -w0 FILE)"
        ) from None


def _write(file, content, mode):
    """All of it or nothing, and nobody else reads it on the way."""
    directory = os.path.dirname(file)
    os.makedirs(directory, mode=0o755, exist_ok=True)
    descriptor, made = tempfile.mkstemp(dir=directory, prefix=f".{os.path.basename(file)}.")
    try:
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(content)
            handle.flush()
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        os.rename(made, file)
    except BaseException:
        os.unlink(made)
        raise


# --- SBD ------------------------------------------------------------------------------------------


def sbd_disks_ready(name, sbd, creator, timeout=300):
    """
    SBD's disks carry its header. The first node writes it with ``initialize: true``, before the
    cluster exists, and only where the disk is empty; the others wait until they see it. A header
    that is there is never written again; if its timeouts are not the site's that is told.

    name
        Free text.

    sbd
        The site's ``fencing: sbd``.

    creator
        Name of the node that writes.

    timeout
        Seconds to wait for a disk, or for the creator.

    .. code-block:: yaml

        SBD's disks carry its header:
          hanfs.sbd_disks_ready:
            - sbd: {devices: [/dev/disk/by-id/sbd], initialize: true}
            - creator: nfs-server1
    """
    changes, waiting, notes = {}, [], []
    try:
        may_create = sbd.get("initialize") is True and __salt__["pcs.member_of"]() is None
        creates = creator == __salt__["hanfs.own_name"]()
        deadline = time.monotonic() + (0 if __opts__["test"] else timeout)
        for device in sbd.get("devices") or []:
            answer = _wait_for_disk(device, may_create, creates, deadline)
            if answer["verdict"] == "wait":
                waiting.append(answer["why"])
            elif answer["verdict"] == "create":
                changes[device] = _created(device, __salt__["hanfs_fencing.sbd_times"](sbd))
            elif answer["verdict"] == "refuse":
                return _ret(name, answer["why"], False, _done(changes))
            else:
                found = __salt__["hanfs_sbd_disk.header_problems"](device, answer["header"], sbd)
                if found["problems"]:
                    return _ret(name, "\n".join(found["problems"]), False, _done(changes))
                notes += found["notes"]
    except ERRORS as err:
        return _ret(name, str(err), False, _done(changes))
    if waiting:
        return _ret(name, *_waited(waiting, creator, creates, timeout), changes)
    if not changes:
        there = ", ".join(sbd.get("devices") or []) or "No disk"
        return _ret(name, f"{there} ready for SBD", warnings=notes)
    if __opts__["test"]:
        return _ret(name, f"{', '.join(changes)} would get SBD's header", None, changes, notes)
    return _ret(name, f"{', '.join(changes)} got SBD's header", True, changes, notes)


def _created(device, times):
    """Write a header, but for test=True; the change."""
    if not __opts__["test"]:
        __salt__["hanfs_sbd_disk.create"](device, times["watchdog"], times["msgwait"])
    new = f"SBD's header (watchdog {times['watchdog']} s, msgwait {times['msgwait']} s)"
    return {"old": "empty", "new": new}


def _done(changes):
    """What a run that fails has changed all the same."""
    return {} if __opts__["test"] else changes


def _wait_for_disk(device, may_create, creates, deadline):
    while True:
        answer = __salt__["hanfs_sbd_disk.look"](device, may_create, creates)
        if answer["verdict"] != "wait" or time.monotonic() >= deadline:
            return answer
        time.sleep(_PAUSE)


def _waited(waiting, creator, creates, timeout):
    """Comment and result for disks that are not there, or that the creator has not written."""
    told = "\n".join(waiting)
    if __opts__["test"]:
        return f"Would wait up to {timeout} s until this is not so any more:\n{told}", None
    hint = "" if creates else f" Has the run on {creator} got so far, and is it the same disk?"
    return f"Waited {timeout} s in vain:\n{told}.{hint}", False


def sbd_configured(name, sbd):
    """
    SBD's settings on this node are the site's, its watchdog is there, and systemd waits long enough
    for its start. Starts and restarts nothing: on a node whose cluster runs with other settings a
    warning says that a restart is due.

    name
        Free text.

    sbd
        The site's ``fencing: sbd``.

    .. code-block:: yaml

        SBD is set up on this node:
          hanfs.sbd_configured:
            - sbd: {devices: [/dev/disk/by-id/sbd], watchdog: /dev/watchdog}
    """
    try:
        wanted = __salt__["hanfs_sbd.wanted_settings"](sbd)
        wrong = __salt__["hanfs_sbd.watchdog_problem"](wanted["SBD_WATCHDOG_DEV"])
        if wrong:
            return _ret(name, wrong, False)
        changes = _settings_changes(wanted)
        if changes and not __opts__["test"]:
            _write_settings(wanted)
        changes.update(_start_timeout_changes(sbd))
        warnings = _restart_due(wanted)
    except ERRORS as err:
        return _ret(name, str(err), False)
    if not changes:
        return _ret(name, "SBD has the site's settings", warnings=warnings)
    if __opts__["test"]:
        return _ret(name, "SBD would have been set up", None, changes, warnings)
    return _ret(name, "SBD has been set up", True, changes, warnings)


def _settings_changes(wanted):
    path = __salt__["hanfs_sbd.config_path"]()
    present = __salt__["pcs.sbd_config"]() if os.path.exists(path) else {}
    changes = {
        key: {"old": present.get(key), "new": value}
        for key, value in wanted.items()
        if (present.get(key) or None) != (value or None)
    }
    return {path: changes} if changes else {}


def _write_settings(wanted):
    path, text = __salt__["hanfs_sbd.config_path"](), ""
    if os.path.exists(path):
        with open(path, encoding="utf-8") as handle:
            text = handle.read()
    _write(path, __salt__["hanfs_sbd.settings_text"](text, wanted).encode(), 0o644)
    left = _settings_changes(wanted)
    if left:
        raise CommandExecutionError(f"{path} still differs: {', '.join(left[path])}")


def _start_timeout_changes(sbd):
    """Bring systemd's drop-in in line; it is ours alone, so it goes when it is not needed."""
    seconds = __salt__["hanfs_sbd.start_timeout"](sbd)
    path = __salt__["hanfs_sbd.drop_in_path"]()
    wanted = __salt__["hanfs_sbd.drop_in_text"](seconds) if seconds else None
    present = None
    if os.path.exists(path):
        with open(path, encoding="utf-8") as handle:
            present = handle.read()
    if present == wanted:
        return {}
    if not __opts__["test"]:
        if wanted is None:
            os.unlink(path)
        else:
            _write(path, wanted.encode(), 0o644)
        __salt__["service.systemctl_reload"]()
    return {path: {"old": present, "new": wanted}}


def _restart_due(wanted):
    running = __salt__["hanfs_sbd.in_force"]()
    if running is None:
        return []
    differ = [key for key, value in wanted.items() if (running.get(key) or None) != (value or None)]
    if not differ:
        return []
    return [
        f"The cluster on this node runs with other settings of SBD ({', '.join(differ)}). {RESTART}"
    ]


def sbd_enabled(name):
    """
    SBD starts and ends with the cluster on this node. It is not started here: systemd starts it
    with corosync. Comes after the cluster is set up, for pcs disables SBD when it makes a cluster.

    name
        The unit.

    .. code-block:: yaml

        sbd:
          hanfs.sbd_enabled: []
    """
    try:
        if __salt__["hanfs_sbd.is_enabled"]():
            return _ret(name, f"{name} starts with the cluster")
        changes = {name: {"enabled": {"old": False, "new": True}}}
        if __opts__["test"]:
            return _ret(name, f"{name} would be enabled", None, changes)
        __salt__["service.enable"](name)
        if not __salt__["hanfs_sbd.is_enabled"]():
            raise CommandExecutionError(f"{name} could not be enabled (systemctl enable {name})")
        return _ret(name, f"{name} has been enabled", changes=changes)
    except ERRORS as err:
        return _ret(name, str(err), False)


def sbd_running(name, sbd, nodes):
    """
    SBD watches over this node and its peers, so that the cluster may rely on it. Changes nothing.

    Pacemaker ends itself on a node that is told to rely on SBD and has none, and a device that
    leaves a message on a disk believes that a node is gone whether it reads it or not. So the
    cluster's configuration must not name SBD before it runs on every node.

    name
        Free text.

    sbd
        The site's ``fencing: sbd``.

    nodes
        Names of the nodes.

    .. code-block:: yaml

        SBD watches over the nodes:
          hanfs.sbd_running:
            - sbd: {devices: [/dev/disk/by-id/sbd]}
            - nodes: [nfs-server1, nfs-server2]
    """
    try:
        found = _not_watched(sbd, nodes)
    except ERRORS as err:
        if __opts__["test"]:
            return _ret(name, f"Whether SBD runs cannot be known yet: {err}", None)
        return _ret(name, str(err), False)
    if not found:
        return _ret(name, "SBD runs on the nodes")
    if __opts__["test"]:
        return _ret(name, "\n".join(found), None)
    return _ret(
        name,
        "\n".join([*found, f"The cluster's configuration is left as it is until then. {RESTART}"]),
        False,
    )


def _not_watched(sbd, nodes):
    running = __salt__["hanfs_sbd.in_force"]()
    if running is None:
        return ["Pacemaker does not run on this node, so SBD does not, either"]
    if not __salt__["hanfs_sbd.is_running"]():
        return ["The cluster on this node was started without SBD"]
    disks, times = sbd.get("devices") or [], __salt__["hanfs_fencing.sbd_times"](sbd)
    timeout = running.get("SBD_WATCHDOG_TIMEOUT") or "5"
    if not disks and timeout.isdigit() and int(timeout) >= 2 * times["watchdog"]:
        return [
            f"SBD on this node still has a watchdog timeout of {timeout} s, which the new "
            "stonith-watchdog-timeout does not exceed: Pacemaker would end itself"
        ]
    if __salt__["hanfs_sbd.is_relied_on"](sbd):
        # It was found running on all of them when the configuration was written.
        return []
    found = __salt__["hanfs_sbd_disk.without"](nodes, disks) if disks else []
    found += [node for node in __salt__["hanfs_sbd.not_running_on"](nodes) if node not in found]
    return [f"SBD does not run on {node}" for node in found]
