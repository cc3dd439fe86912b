"""
States about fencing: its key files, and SBD before the cluster first starts.
"""

from __future__ import annotations

import base64
import binascii
import os
import stat
import tempfile
import time
from collections.abc import Mapping
from typing import Any

import _cib_kinds
import _cib_push
import _hanfs_fencing_agents
import _hanfs_here
import _hanfs_sbd
import _hanfs_sbd_disk
import _pcs_node
import _pcs_sbd
from _cib_errors import CommandExecutionError, SaltInvocationError
from _cib_result import made
from _cib_run import Machine
from _cib_values import Data
from _hanfs_types import SbdWords

ERRORS = (CommandExecutionError, SaltInvocationError, OSError)
_PAUSE = 2
UNIT = "sbd"
RESTART = (
    "SBD takes its settings when a node's cluster starts. Restart the nodes one after the other "
    "when it suits, each only when all others are online: pcs node standby NODE, pcs cluster stop "
    "NODE, pcs cluster start NODE, pcs node unstandby NODE"
)


# --- key files ------------------------------------------------------------------------------------


def fencing_keys(
    machine: Machine, name: str, key_files: Mapping[str, Any] | None = None, path: str = "hanfs"
) -> Data:
    """
    The key files of fencing agents are there, for root only. Their content comes from pillar
    and is never shown.
    """
    changes, problems = {}, []
    for file, about in (key_files or {}).items():
        try:
            change = _key_file(machine, file, about or {}, path)
        except ERRORS as err:
            problems.append(str(err))
        else:
            changes.update({file: change} if change else {})
    if problems:
        return made(name, False, "\n".join(problems), changes)
    if not changes:
        there = ", ".join(key_files or {})
        return made(name, True, f"{there} as in pillar" if there else "The site has no key files")
    if machine.test:
        return made(name, None, f"{', '.join(changes)} would be written", changes)
    return made(name, True, f"{', '.join(changes)} written", changes)


def _key_file(machine, file, about, path):
    """Write one file if it differs; returns what changed, never the content."""
    place = f"{path}:fencing:key_files:{file}:content"
    wanted = _content(machine, place, about.get("encoding") or "text")
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
    if change and not machine.test:
        _write(file, wanted, 0o600)
    return change


def _content(machine, place, encoding):
    found = machine.pillar(place)
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


def sbd_disks_ready(
    machine: Machine, name: str, sbd: SbdWords, creator: str, timeout: float = 300
) -> Data:
    """
    SBD's disks carry its header. The first node writes it with ``initialize: true``, before the
    cluster exists, and only where the disk is empty; the others wait until they see it. A
    header that is there is never written again; if its timeouts are not the site's that is
    told.
    """
    changes, waiting, notes = {}, [], []
    try:
        may_create = sbd.get("initialize") is True and _pcs_node.member_of() is None
        creates = creator == _hanfs_here.own_name()
        deadline = time.monotonic() + (0 if machine.test else timeout)
        for device in sbd.get("devices") or []:
            answer = _wait_for_disk(machine, device, may_create, creates, deadline)
            if answer["verdict"] == "wait":
                waiting.append(answer["why"])
            elif answer["verdict"] == "create":
                changes[device] = _created(machine, device, _hanfs_fencing_agents.sbd_times(sbd))
            elif answer["verdict"] == "refuse":
                return made(name, False, answer["why"], _done(machine, changes))
            else:
                found = _hanfs_sbd_disk.header_problems(device, answer["header"], sbd)
                if found["problems"]:
                    return made(name, False, "\n".join(found["problems"]), _done(machine, changes))
                notes += found["notes"]
    except ERRORS as err:
        return made(name, False, str(err), _done(machine, changes))
    if waiting:
        result, told = _waited(machine, waiting, creator, creates, timeout)
        return made(name, result, told, changes)
    if not changes:
        there = ", ".join(sbd.get("devices") or []) or "No disk"
        return _warning(made(name, True, f"{there} ready for SBD"), notes)
    result, done = (None, "would get") if machine.test else (True, "got")
    told = f"{', '.join(changes)} {done} SBD's header"
    return _warning(made(name, result, told, changes), notes)


def _warning(ret, warnings):
    return {**ret, "warnings": warnings} if warnings else ret


def _created(machine, device, times):
    """Write a header, but for test=True; the change."""
    if not machine.test:
        _hanfs_sbd_disk.create(machine, device, times["watchdog"], times["msgwait"])
    new = f"SBD's header (watchdog {times['watchdog']} s, msgwait {times['msgwait']} s)"
    return {"old": "empty", "new": new}


def _done(machine, changes):
    """What a run that fails has changed all the same."""
    return {} if machine.test else changes


def _wait_for_disk(machine, device, may_create, creates, deadline):
    while True:
        answer = _hanfs_sbd_disk.look(machine, device, may_create, creates)
        if answer["verdict"] != "wait" or time.monotonic() >= deadline:
            return answer
        time.sleep(_PAUSE)


def _waited(machine, waiting, creator, creates, timeout):
    """Result and comment for disks that are not there, or that the creator has not written."""
    told = "\n".join(waiting)
    if machine.test:
        return None, f"Would wait up to {timeout} s until this is not so any more:\n{told}"
    hint = "" if creates else f" Has the run on {creator} got so far, and is it the same disk?"
    return False, f"Waited {timeout} s in vain:\n{told}.{hint}"


def sbd_configured(machine: Machine, name: str, sbd: SbdWords) -> Data:
    """
    SBD's settings on this node are the site's, its watchdog is there, and systemd waits long
    enough for its start. Starts and restarts nothing: on a node whose cluster runs with other
    settings a warning says that a restart is due.
    """
    try:
        wanted = _hanfs_sbd.wanted_settings(sbd)
        wrong = _hanfs_sbd.watchdog_problem(wanted["SBD_WATCHDOG_DEV"])
        if wrong:
            return made(name, False, wrong)
        changes = _settings_changes(machine, wanted)
        if changes and not machine.test:
            _write_settings(machine, wanted)
        changes.update(_start_timeout_changes(machine, sbd))
        warnings = _restart_due(wanted)
    except ERRORS as err:
        return made(name, False, str(err))
    if not changes:
        return _warning(made(name, True, "SBD has the site's settings"), warnings)
    result, done = (None, "would have been") if machine.test else (True, "has been")
    return _warning(made(name, result, f"SBD {done} set up", changes), warnings)


def _settings_changes(machine, wanted):
    path = _hanfs_sbd.config_path(machine)
    present = _pcs_sbd.sbd_config() if os.path.exists(path) else {}
    changes = {
        key: {"old": present.get(key), "new": value}
        for key, value in wanted.items()
        if (present.get(key) or None) != (value or None)
    }
    return {path: changes} if changes else {}


def _write_settings(machine, wanted):
    path, text = _hanfs_sbd.config_path(machine), ""
    if os.path.exists(path):
        with open(path, encoding="utf-8") as handle:
            text = handle.read()
    _write(path, _hanfs_sbd.settings_text(text, wanted).encode(), 0o644)
    left = _settings_changes(machine, wanted)
    if left:
        raise CommandExecutionError(f"{path} still differs: {', '.join(left[path])}")


def _start_timeout_changes(machine, sbd):
    """Bring systemd's drop-in in line; it is ours alone, so it goes when it is not needed."""
    seconds = _hanfs_sbd.start_timeout(sbd)
    path = _hanfs_sbd.drop_in_path()
    wanted = _hanfs_sbd.drop_in_text(seconds) if seconds else None
    present = None
    if os.path.exists(path):
        with open(path, encoding="utf-8") as handle:
            present = handle.read()
    if present == wanted:
        return {}
    if not machine.test:
        if wanted is None:
            os.unlink(path)
        else:
            _write(path, wanted.encode(), 0o644)
        machine.salt["service.systemctl_reload"]()
    return {path: {"old": present, "new": wanted}}


def _restart_due(wanted):
    running = _hanfs_sbd.in_force()
    if running is None:
        return []
    differ = [key for key, value in wanted.items() if (running.get(key) or None) != (value or None)]
    if not differ:
        return []
    return [
        f"The cluster on this node runs with other settings of SBD ({', '.join(differ)}). {RESTART}"
    ]


def sbd_enabled(machine: Machine, name: str) -> Data:
    """
    SBD starts and ends with the cluster on this node. It is not started here: systemd starts it
    with corosync. Comes after the cluster is set up, for pcs disables SBD when it makes a
    cluster.
    """
    try:
        if _hanfs_sbd.is_enabled():
            return made(name, True, f"{name} starts with the cluster")
        changes = {name: {"enabled": {"old": False, "new": True}}}
        if machine.test:
            return made(name, None, f"{name} would be enabled", changes)
        machine.salt["service.enable"](name)
        if not _hanfs_sbd.is_enabled():
            raise CommandExecutionError(f"{name} could not be enabled (systemctl enable {name})")
        return made(name, True, f"{name} has been enabled", changes)
    except ERRORS as err:
        return made(name, False, str(err))


def sbd_left_over(machine: Machine, ret: Data) -> Data:
    """
    The return of the state that has just brought the cluster's configuration in line with a site
    that has no SBD, with SBD disabled on this node if the formula had enabled it and nothing in the
    cluster relies on it any more. It ends with the cluster's next restart on the node.
    """
    if not _hanfs_sbd.is_ours(machine) or ret["result"] is False:
        return ret
    if _hanfs_sbd.is_enabled():
        live = _cib_kinds.read(_cib_push.query(machine))
        if _hanfs_sbd.stays_relied_on(live, ret["changes"]):
            return ret
        if not machine.test:
            machine.salt["service.disable"](UNIT)
            if _hanfs_sbd.is_enabled():
                told = f"{UNIT} could not be disabled (systemctl disable {UNIT})"
                return {**ret, "result": False, "comment": f"{ret['comment']}\n{told}"}
        change = {UNIT: {"enabled": {"old": True, "new": False}}}
        done = "would be disabled" if machine.test else "has been disabled"
        ret = {
            **ret,
            "result": None if machine.test else ret["result"],
            "changes": {**ret["changes"], **change},
            "comment": f"{ret['comment']}\nThe site has no SBD any more: it {done}",
        }
    elif not _hanfs_sbd.is_running():
        return ret
    return _warning(ret, [*ret.get("warnings", []), f"SBD still runs on this node. {RESTART}"])


def sbd_running(machine: Machine, name: str, sbd: SbdWords, nodes: list[str]) -> Data:
    """
    SBD watches over this node and its peers, so that the cluster may rely on it. Changes
    nothing.
    """
    try:
        found = _not_watched(machine, sbd, nodes)
    except ERRORS as err:
        if machine.test:
            return made(name, None, f"Whether SBD runs cannot be known yet: {err}")
        return made(name, False, str(err))
    if not found:
        return made(name, True, "SBD runs on the nodes")
    if machine.test:
        return made(name, None, "\n".join(found))
    found.append(f"The cluster's configuration is left as it is until then. {RESTART}")
    return made(name, False, "\n".join(found))


def _not_watched(machine, sbd, nodes):
    running = _hanfs_sbd.in_force()
    if running is None:
        return ["Pacemaker does not run on this node, so SBD does not, either"]
    if not _hanfs_sbd.is_running():
        return ["The cluster on this node was started without SBD"]
    disks, times = sbd.get("devices") or [], _hanfs_fencing_agents.sbd_times(sbd)
    timeout = running.get("SBD_WATCHDOG_TIMEOUT") or "5"
    if not disks and timeout.isdigit() and int(timeout) >= 2 * times["watchdog"]:
        return [
            f"SBD on this node still has a watchdog timeout of {timeout} s, which the new "
            "stonith-watchdog-timeout does not exceed: Pacemaker would end itself"
        ]
    if _hanfs_sbd.is_relied_on(sbd):
        # It was found running on all of them when the configuration was written.
        return []
    found = _hanfs_sbd_disk.without(nodes, disks) if disks else []
    found += [node for node in _hanfs_sbd.not_running_on(machine, nodes) if node not in found]
    return [f"SBD does not run on {node}" for node in found]
