"""
The formula's own agent for the NFS server on a node: its drop-in for systemd, and that nobody gives
a resource to an agent which the other nodes do not have.
"""

from __future__ import annotations

import time
from typing import Callable

import _hanfs_agent
import _hanfs_here
import _hanfs_model
import _hanfs_names
import _hanfs_schema
import _hanfs_settings_files
import _pcs_node
from _cib_errors import CommandExecutionError, SaltInvocationError
from _cib_result import failed, made, unknown
from _cib_run import Machine
from _cib_values import Data
from _hanfs_types import RawSite, Site

# Seconds between two looks at what another node does.
_PAUSE = 2


def nfs_scope(machine: Machine, name: str, site: RawSite) -> Data:
    """
    systemd starts nfsd under the scope that the resource agent says: a drop-in for
    nfs-server.service, written once, in place of one that is made and read at each start. It
    counts from the server's next start.
    """
    ret = made(name, comment="The distribution's agent sees to it, or there is no scope")
    try:
        normal = _hanfs_schema.normalise(site)
        nfs = normal.get("nfs")
        if not nfs or nfs["agent"] == "heartbeat" or not _hanfs_names.server_scope(normal):
            return ret
        unit = _first(_hanfs_agent.UNIT)
        if unit is None and machine.test:
            return unknown(ret, f"It can be told once {_hanfs_agent.UNIT} is installed")
        new = _hanfs_agent.scope_drop_in(unit or "", _drop_ins())
        if new is None:
            raise CommandExecutionError(
                f"{_hanfs_agent.UNIT} is not on this machine, or starts nothing"
            )
        ret["comment"] = f"{_hanfs_agent.DROP_IN} says so"
        old = _hanfs_settings_files.read(_hanfs_agent.DROP_IN)
        if old == new:
            return ret
        changes = {_hanfs_agent.DROP_IN: {"old": old, "new": new}}
        if machine.test:
            ret.update(result=None, changes=changes)
            ret["comment"] = f"Would be done: {_hanfs_agent.DROP_IN} written"
            return ret
        _write(machine, new)
    except (CommandExecutionError, SaltInvocationError) as err:
        return failed(made(name), err)
    ret.update(changes=changes, comment=f"{_hanfs_agent.DROP_IN} written")
    return ret


def _write(machine, text):
    """What systemd has not read must not look as if it had."""
    _hanfs_settings_files.write(_hanfs_agent.DROP_IN, text)
    try:
        machine.salt["service.systemctl_reload"]()
    except CommandExecutionError:
        _hanfs_settings_files.remove(_hanfs_agent.DROP_IN)
        raise


def _first(path):
    """The text of a unit's file, or of what stands beside it: the first directory that has it."""
    texts = [_hanfs_settings_files.read(f"{one}/{path}") for one in _hanfs_agent.UNIT_DIRECTORIES]
    return next((text for text in texts if text is not None), None)


def _drop_ins():
    directory = f"{_hanfs_agent.UNIT}.d"
    names = {
        name
        for one in _hanfs_agent.UNIT_DIRECTORIES
        for name in _hanfs_settings_files.names(f"{one}/{directory}")
        if name.endswith(".conf") and name != _hanfs_agent.DROP_IN_NAME
    }
    return {name: _first(f"{directory}/{name}") or "" for name in names}


# --- the agent in the cluster's configuration -----------------------------------------------------


def described(
    machine: Machine, normal: Site, change: Callable[[Data], Data] = lambda description: description
) -> Callable[[Data], Data]:
    """
    A site's description as a function of the configuration that is there: a server that runs by
    the distribution's agent keeps it unless pillar says otherwise, and one that is to get ours
    waits until the other nodes have told that they have it.

    normal
        The normalised site.

    change
        What is done to the description before.

    Returns a function for ``_cib_apply``, which raises CommandExecutionError at the deadline
    (``timeouts:peer``).
    """
    wanted = change(_hanfs_model.description(normal, machine.grains))
    nfs = normal.get("nfs")
    said = nfs["agent"] if nfs else None

    def of(present: Data) -> Data:
        found = _hanfs_agent.fitted(wanted, said, present)
        new = _hanfs_agent.changed(found, present)
        if new and not machine.test:
            replaced = any(name in (present.get("primitives") or {}) for name in new)
            _wait_for_peers(machine, normal, offline=replaced)
        return found

    return of


def _wait_for_peers(machine, normal, offline):
    timeout = normal["timeouts"]["peer"]
    nodes, own = normal["cluster"]["nodes"], _hanfs_here.own_name()
    deadline = time.monotonic() + timeout
    while True:
        status = _pcs_node.status(machine)
        missing = _hanfs_agent.without_it(status, nodes, own, offline=offline)
        if not missing:
            return
        if time.monotonic() >= deadline:
            raise CommandExecutionError(
                f"{', '.join(missing)} has not told within {timeout} s that it has the agent "
                f"{_hanfs_agent.OWN}, and could not take the service over. Nothing was pushed. "
                "Apply the formula on all nodes at once, or set nfs: {agent: heartbeat}"
            )
        time.sleep(_PAUSE)


def to_come(machine: Machine, normal: Site) -> bool:
    """
    Whether the site needs our agent and a dry run cannot ask it, since a real one would write it
    first.

    normal
        The normalised site.
    """
    if not machine.test or _hanfs_settings_files.exists(_hanfs_agent.PATH):
        return False
    return bool(_hanfs_agent.changed(_hanfs_model.description(normal, machine.grains), {}))
