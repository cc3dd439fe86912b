"""
Units and scripts of the distribution that get in the cluster's way: what packages start by
themselves, what NFSv3 alone needs, and what keeps the NFS server's state directory busy.
"""

from __future__ import annotations

import os
from collections.abc import Collection

import _hanfs_here
import _hanfs_schema
import _hanfs_settings
import _hanfs_settings_files
from _cib_errors import CommandExecutionError, SaltInvocationError
from _cib_result import failed, made
from _cib_run import Machine
from _cib_values import Data
from _hanfs_types import RawSite

_UNITS = "/etc/systemd/system"
_STATE_OVERRIDES = "/var/lib/dpkg/statoverride"
_KEYTAB = "/etc/krb5.keytab"
_AGENT = "/usr/lib/ocf/resource.d/heartbeat/nfsserver"


def _would(ret, changes, comment):
    ret.update(result=None, changes=changes, comment=f"Would be done: {comment}")
    return ret


def packages_start_nothing(machine: Machine, name: str) -> Data:
    """
    On Debian and its kin: packages that are installed or upgraded do not start or restart what
    the cluster runs. An upgrade would else restart the NFS server behind the cluster's back,
    and with it drop the cluster's exports; and a new cluster package starts a cluster of its
    own.
    """
    ret = made(name)
    try:
        path = _hanfs_settings.paths()["policy"]
        new = _hanfs_settings.policy_text()
        old = _hanfs_settings_files.read(path)
        ret["comment"] = f"{path} says so"
        if old == new:
            return ret
        if old is not None and "(hanfs)" not in old:
            ret["comment"] = (
                f"{path} is somebody else's and left alone: see that it forbids to start or "
                "restart nfs-server, corosync and pacemaker"
            )
            return ret
        changes = {path: {"old": None if old is None else "an older one", "new": "written"}}
        if machine.test:
            return _would(ret, changes, f"{path} written")
        _hanfs_settings_files.write(path, new, 0o755)
    except (CommandExecutionError, SaltInvocationError) as err:
        return failed(made(name), err)
    ret.update(changes=changes, comment=f"{path} written")
    return ret


def init_script_off(machine: Machine, name: str) -> Data:
    """
    Make the resource agent work with systemd's units and not with an old start script. Where
    Debian has both, nfsserver of resource-agents up to 4.16 takes the script, and then leaves
    nfsdcld running when it stops: ``/var/lib/nfs`` stays busy, the stop fails, and the node is
    fenced.
    """
    ret = made(name, comment=f"{name} is not executable")
    try:
        mode = _hanfs_settings_files.mode_of(name)
        if mode is None:
            ret["comment"] = f"There is no {name} on this machine"
            return ret
        overrides = _hanfs_settings_files.read(_STATE_OVERRIDES) or ""
        kept = any(line.split()[3:] == [name] for line in overrides.splitlines())
        if not mode & 0o111:
            return ret
        if _hanfs_here.nfs_state_is_shared():
            return _until_it_moves(machine, ret, name)
        changes = {name: {"old": f"{mode:04o}", "new": "0644"}}
        if machine.test:
            return _would(ret, changes, f"{name} made not executable")
        command = ["dpkg-statoverride", "--update", "--add", "root", "root", "0644", name]
        _checked_run(machine, [*command[:1], "--force-all", *command[1:]] if kept else command)
        if (_hanfs_settings_files.mode_of(name) or 0) & 0o111:
            raise CommandExecutionError(f"{name} is still executable after dpkg-statoverride")
    except (CommandExecutionError, SaltInvocationError) as err:
        return failed(made(name), err)
    ret.update(changes=changes, comment=f"{name} made not executable")
    return ret


def _until_it_moves(machine, ret, name):
    """
    The server runs by the script on this node now: the agent would take it for broken if it looked
    with systemd's eyes. So the script stays, and nfsdcld is stopped with the server by a drop-in,
    for the stop to succeed that the way out leads through.
    """
    path = f"{_UNITS}/nfsdcld.service.d/hanfs.conf"
    new = "# Kept by Salt (hanfs); edits are lost.\n[Unit]\nPartOf=nfs-server.service\n"
    told = (
        f"{name} stays executable while the cluster runs the NFS server here; apply again when the "
        "service is elsewhere"
    )
    ret["comment"] = told
    if _hanfs_settings_files.read(path) == new:
        return ret
    changes = {path: {"old": None, "new": "PartOf=nfs-server.service"}}
    if machine.test:
        return _would(ret, changes, f"{path} written. {told}")
    _hanfs_settings_files.write(path, new)
    machine.salt["service.systemctl_reload"]()
    ret.update(changes=changes, comment=f"{path} written. {told}")
    return ret


def _checked_run(machine, command):
    result = machine.answer(command)
    if result["retcode"]:
        raise CommandExecutionError(
            f"{' '.join(command)} exited with {result['retcode']}: "
            f"{result['stderr'] or result['stdout']}"
        )


def unit_off(machine: Machine, name: str) -> Data:
    """
    A unit is not started with others, and does not run. For fsidd, which nfs-server requires
    where it is installed, though only re-exported file systems need it: it has a file below
    ``/var/lib/nfs`` open and outlives the server, so that the agent's stop fails
    (https://github.com/ClusterLabs/resource-agents/issues/2164).
    """
    ret = made(name, comment=f"{name} is off")
    try:
        if not machine.salt["service.available"](name):
            ret["comment"] = f"There is no unit {name} on this machine"
            return ret
        changes = {}
        if machine.salt["service.enabled"](name):
            changes["enabled"] = {"old": True, "new": False}
        if machine.salt["service.status"](name):
            changes["running"] = {"old": True, "new": False}
        if not changes:
            return ret
        if machine.test:
            return _would(ret, {name: changes}, f"{name} switched off")
        if "enabled" in changes and not machine.salt["service.disable"](name):
            raise CommandExecutionError(f"{name} could not be disabled")
        if "running" in changes and not machine.salt["service.stop"](name):
            raise CommandExecutionError(f"{name} could not be stopped")
    except (CommandExecutionError, SaltInvocationError) as err:
        return failed(made(name), err)
    ret.update(changes={name: changes}, comment=f"{name} switched off")
    return ret


def nfs_versions(machine: Machine, name: str, site: RawSite) -> Data:
    """
    With NFSv4 only, rpc.statd and rpcbind are masked: nfs-server starts rpc.statd all the same,
    and nfsserver of resource-agents before 4.16 does not stop it then, so that its stop fails.
    Without, they are unmasked again; and an agent that does not know ``nfsv4_only`` (before
    4.12) waits for them without end, so that they stay.
    """
    ret = made(name, comment="The profile article leaves this at the distribution's settings")
    try:
        nfs = _hanfs_schema.normalise(site).get("nfs")
        if not nfs:
            return ret
        units = _hanfs_settings.v3_units()
        masked = [unit for unit in units if _is_masked(unit)]
        known = nfs["agent"] == "hanfs" or "nfsv4_only" in (
            _hanfs_settings_files.read(_AGENT) or ""
        )
        if not nfs["v4_only"] or not known:
            ret["comment"] = (
                "This machine's nfsserver agent starts what NFSv3 needs in any case"
                if nfs["v4_only"]
                else "What NFSv3 needs can be started"
            )
            return _switch(machine, ret, masked, "unmask")
        ret["comment"] = f"{', '.join(units)} are masked"
        new = [unit for unit in units if unit not in masked]
        mounts = _own_v3_mounts() if new else []
        if mounts:
            return failed(
                made(name),
                f"This machine has NFSv3 mounts itself ({', '.join(mounts)}), and they need what "
                "nfs:v4_only would take away: mount them with NFSv4, or set nfs:v4_only to false",
            )
        return _switch(machine, ret, new, "mask")
    except (CommandExecutionError, SaltInvocationError) as err:
        return failed(made(name), err)


def _is_masked(unit):
    return _hanfs_settings_files.link_target(f"{_UNITS}/{unit}") == os.devnull


def _own_v3_mounts():
    """Where this machine has mounted something by NFSv3, whose type is ``nfs``."""
    table = _hanfs_settings_files.read("/proc/self/mountinfo") or ""
    found = []
    for line in table.splitlines():
        fields, _, kind = line.partition(" - ")
        if kind.split(" ")[0] == "nfs":
            found.append(fields.split(" ")[4])
    return found


def _switch(machine, ret, units, what):
    if not units:
        return ret
    changes = {unit: {"masked": {"old": what != "mask", "new": what == "mask"}} for unit in units}
    running = []
    if what == "mask" and not _hanfs_here.nfs_state_is_shared():
        running = [unit for unit in units if machine.salt["service.status"](unit)]
        for unit in running:
            changes[unit]["running"] = {"old": True, "new": False}
    told = f"{', '.join(units)} {what}ed" + (f"; {', '.join(running)} stopped" if running else "")
    if machine.test:
        return _would(ret, changes, told)
    for unit in units:
        if not machine.salt[f"service.{what}"](unit):
            raise CommandExecutionError(f"systemctl {what} {unit} failed")
    for unit in running:
        if not machine.salt["service.stop"](unit):
            raise CommandExecutionError(f"systemctl stop {unit} failed")
    ret.update(changes=changes, comment=f"Done: {told}")
    return ret


def kerberos_ready(
    machine: Machine,
    name: str,
    site: RawSite,
    running: Collection[str] = (),
    wanted: Collection[str] = (),
) -> Data:
    """
    Where a directory is exported with Kerberos: the machine has a keytab, and what speaks
    Kerberos for the NFS server runs or is started with it.
    """
    ret = made(name, comment="No directory is exported with Kerberos")
    try:
        exports = _hanfs_settings.kerberos_exports(_hanfs_schema.normalise(site))
        if not exports:
            return ret
        if not _hanfs_settings_files.exists(_KEYTAB):
            raise CommandExecutionError(
                f"{', '.join(exports)} has sec=krb5, and this machine has no {_KEYTAB}: put there "
                "the keys of nfs/NAME@REALM, NAME being that of the virtual address"
            )
        ret["comment"] = "What Kerberos needs is there"
        return _kerberos(machine, ret, running, wanted)
    except (CommandExecutionError, SaltInvocationError) as err:
        return failed(made(name), err)


def _kerberos(machine, ret, running, wanted):
    changes: dict[str, Data] = {}
    path = f"{_UNITS}/nfs-server.service.d/hanfs.conf"
    new = f"# Kept by Salt (hanfs); edits are lost.\n[Unit]\nWants={' '.join(wanted)}\n"
    old = _hanfs_settings_files.read(path)
    if wanted and old != new:
        changes[path] = {"old": old, "new": new}
    for unit in running:
        if not machine.salt["service.status"](unit):
            changes.setdefault(unit, {})["running"] = {"old": False, "new": True}
        if not machine.salt["service.enabled"](unit):
            changes.setdefault(unit, {})["enabled"] = {"old": False, "new": True}
    if not changes:
        return ret
    if machine.test:
        return _would(ret, changes, ", ".join(changes))
    if path in changes:
        _hanfs_settings_files.write(path, new)
        machine.salt["service.systemctl_reload"]()
    for unit in running:
        for key, action in (("enabled", "enable"), ("running", "start")):
            if key in changes.get(unit, {}) and not machine.salt[f"service.{action}"](unit):
                raise CommandExecutionError(f"systemctl {action} {unit} failed")
    ret.update(changes=changes, comment=f"Done: {', '.join(changes)}")
    return ret
