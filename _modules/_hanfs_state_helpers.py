"""
A helper of the NFS server that dies is started again at once, by systemd and without the server.
"""

from __future__ import annotations

import _hanfs_helpers
import _hanfs_rpcbind
import _hanfs_schema
import _hanfs_settings
import _hanfs_settings_files
from _cib_errors import CommandExecutionError, SaltInvocationError
from _cib_result import failed, made, unknown
from _cib_run import Machine
from _cib_values import Data
from _hanfs_settings_text import told
from _hanfs_types import RawSite

# Later ones stand above earlier ones, unit for unit.
_DIRECTORIES = ("/lib/systemd/system", "/usr/lib/systemd/system", "/etc/systemd/system")


def helpers_restarted(machine: Machine, name: str, site: RawSite) -> Data:
    """
    Tell systemd which helpers it may start again, and how. Restarts nothing; where nothing
    changed systemd is not asked to read its files again.
    """
    ret = made(name, comment="The profile article leaves this at the distribution's settings")
    try:
        normal = _hanfs_schema.normalise(site)
        nfs = normal.get("nfs")
        if not nfs:
            return ret
        if not _unit_texts(_hanfs_helpers.SERVER) and machine.test:
            return unknown(ret, "Would be set up once the NFS server is installed")
        wanted, note = _wanted(nfs, bool(_hanfs_settings.kerberos_exports(normal)))
        changed = {
            path: text for path, text in wanted.items() if _hanfs_settings_files.read(path) != text
        }
        ret["comment"] = "\n".join(["A helper that dies is started again", *note])
        if not changed:
            return ret
        ret["changes"] = {path: _difference(path, text) for path, text in changed.items()}
        if machine.test:
            return unknown(ret, "\n".join([f"Would be written: {', '.join(changed)}", *note]))
        _write(changed)
        if any(path.startswith(_hanfs_helpers.UNITS) for path in changed):
            machine.salt["service.systemctl_reload"]()
    except (CommandExecutionError, SaltInvocationError) as err:
        return failed(made(name), err)
    ret["comment"] = "\n".join([f"Written: {', '.join(changed)}", *note])
    return ret


def _wanted(nfs, kerberos):
    """``({path: text or None}, notes)``."""
    python = next(
        (path for path in _hanfs_helpers.PYTHONS if _hanfs_settings_files.exists(path)), None
    )
    there = [helper for helper in _hanfs_helpers.every() if _unit_texts(helper)]
    bound = _hanfs_helpers.required(_unit_texts(_hanfs_helpers.SERVER))
    wanted = _hanfs_helpers.files(nfs, kerberos, there, bound, python)
    needed = _hanfs_helpers.needs_register(wanted)
    wanted[_hanfs_helpers.REGISTER] = _program() if needed else None
    note = []
    if "rpcbind" in there and not nfs["v4_only"] and not python:
        note.append(
            f"This machine has none of {', '.join(_hanfs_helpers.PYTHONS)}: when rpcbind dies its "
            "registrations are lost, and the cluster restarts the NFS server"
        )
    return wanted, note


def _program():
    # Not inspect's: that keeps the text of a file that a sync has replaced since.
    with open(_hanfs_rpcbind.__file__, encoding="utf-8") as handle:
        return _hanfs_settings.HEADER + handle.read()


def _unit_texts(unit):
    """A unit and its drop-ins; empty if there is no such unit."""
    own = [_hanfs_settings_files.read(f"{path}/{unit}.service") for path in _DIRECTORIES]
    # A masked one is a link to a file that is empty.
    found = [text for text in own if text][-1:]
    if not found:
        return []
    for directory in _DIRECTORIES:
        for name in _hanfs_settings_files.names(f"{directory}/{unit}.service.d"):
            found.append(_hanfs_settings_files.read(f"{directory}/{unit}.service.d/{name}") or "")
    return found


def _difference(path, text):
    old = _hanfs_settings_files.read(path)
    if path == _hanfs_helpers.REGISTER:
        return {"old": None if old is None else "an older one", "new": text and "written"}
    return {"old": told(old), "new": told(text)}


def _write(changed):
    for path, text in changed.items():
        if text is None:
            _hanfs_settings_files.remove(path)
        else:
            mode = 0o755 if path == _hanfs_helpers.REGISTER else 0o644
            _hanfs_settings_files.write(path, text, mode)
