"""
The state of the file that keeps the cluster's exports through an ``exportfs -r``.
"""

from __future__ import annotations

import _hanfs_directories
import _hanfs_exports
import _hanfs_here
import _hanfs_settings_files
from _cib_errors import CommandExecutionError, SaltInvocationError
from _cib_result import made
from _cib_run import Machine
from _cib_values import Data
from _hanfs_types import RawSite


def exports_file(machine: Machine, name: str, site: RawSite, path: str = "hanfs") -> Data:
    """
    A file of ``/etc/exports.d`` has what the cluster exports, on every node. What an operator has
    stopped (``pcs resource disable``) is left out. Files of this formula for another cluster go,
    files of others stay. Starts no process and exports nothing by itself.
    """
    ret = made(name)
    try:
        wanted = _wanted(machine, site, path)
        there = {place: _hanfs_settings_files.read(place) for place in _present() | set(wanted)}
        files = {
            place: wanted.get(place)
            for place, old in there.items()
            if old != wanted.get(place) and (place in wanted or _hanfs_exports.is_ours(old))
        }
        _foreign(files, there)
        ret["changes"] = {place: _change(there[place], new) for place, new in sorted(files.items())}
        ret["comment"] = _told(wanted, files, machine.test)
        if files and machine.test:
            ret["result"] = None
        elif not machine.test:
            _write(files)
    except (CommandExecutionError, SaltInvocationError) as err:
        ret.update(result=False, comment=str(err), changes={})
    return ret


def _wanted(machine, site, path):
    """{path: text} of the one file that is to be there; nothing where there is to be none."""
    normal = _hanfs_here.normal(site, path)
    if not normal["nfs"]:
        return {}
    description = _hanfs_here.description(machine, site, path)
    text = _hanfs_exports.text(
        _hanfs_exports.exports(description, _hanfs_directories.stopped_in_file())
    )
    return {} if text is None else {_hanfs_exports.path(normal): text}


def _present():
    directory = _hanfs_exports.DIRECTORY
    return {
        f"{directory}/{name}"
        for name in _hanfs_settings_files.names(directory)
        if name.startswith("hanfs-") and name.endswith(".exports")
    }


def _foreign(files, there):
    for place in files:
        if there[place] is not None and not _hanfs_exports.is_ours(there[place]):
            raise CommandExecutionError(
                f"{place} was not written by this formula, and is left alone: give it another name"
            )


def _change(old, new):
    """By export; the whole file where only its comments differ."""
    before, after = _hanfs_exports.entries(old), _hanfs_exports.entries(new)
    differs = {
        key: {"old": before.get(key), "new": after.get(key)}
        for key in sorted({*before, *after})
        if before.get(key) != after.get(key)
    }
    return differs or {"old": old, "new": new}


def _told(wanted, files, test):
    if not files:
        return f"{', '.join(wanted)} has what the cluster exports" if wanted else "None is needed"
    return f"{'Would be changed' if test else 'Changed'}: {', '.join(sorted(files))}"


def _write(files):
    for place, text in files.items():
        if text is None:
            _hanfs_settings_files.remove(place)
        else:
            _hanfs_settings_files.write(place, text)
