"""
The private files beside a public module: all of one version, whatever was loaded before.

Python keeps what it imported until the process ends. A minion's process may outlive a version of
the formula: a run that syncs new modules first, a job beside it, a second minion in the same
process with another directory. So a public module says, before it imports its siblings::

    _cib_siblings.load(__file__)

and when it has imported them, since it is not alone, ``_cib_siblings.same(__file__, globals())``.
Siblings that came from another directory, or from files that changed since, are forgotten and
imported anew, all of them. Who holds the old ones keeps them: an old public module works on with
the old library until Salt loads it again, and never sees a part of the new one.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import threading
import time
from collections.abc import Mapping
from types import CodeType, ModuleType
from typing import Any

PREFIXES = ("_cib_", "_pcs_", "_hanfs_")
TRIES = 20
PAUSE = 0.1
# Seconds after a change in which a file may have been read before it and be executed after it.
RECENT = 5
_STAMP, _LOAD = "__stamp__", "__load__"
# One for all versions of this file: jobs of a minion without processes are threads.
_LOCK = vars(sys).setdefault("_cib_siblings_lock", threading.RLock())


def load(path: str) -> None:
    """
    Import the private files beside a public module, unless just those are loaded already.

    path
        The public module that calls, which may have been replaced since Salt read it.

    Raises ImportError that says which file cannot be loaded, or which ones change all the time.
    """
    with _LOCK:
        stamps = _load(path, os.path.dirname(os.path.abspath(path)))
        state = os.stat(path)
        newest = max([state.st_ctime_ns, *(stamp[-1] for stamp in stamps.values())])
        code, recent = sys._getframe(1).f_code, time.time() - newest / 1e9 < RECENT
        if recent and code.co_filename == path and _is_another(path, code):
            _drop_old_bytecode(path)
            raise ImportError(f"{path} was replaced while it was loaded: run this again")


def same(path: str, names: Mapping[str, Any]) -> None:
    """
    See to it that what a public module has imported is all of one load, and from beside it: in
    between another thread may have loaded another directory, or newer files.

    path
        The public module that calls, after its last import.

    names
        Its ``globals()``.

    Raises ImportError when it is not so.
    """
    directory = os.path.dirname(os.path.abspath(path))
    found = [
        vars(one)
        for one in names.values()
        if isinstance(one, ModuleType)
        and one.__name__.startswith(PREFIXES)
        # imported before the others, so perhaps by another file before this one
        and one.__name__ != __name__
    ]
    places = {os.path.dirname(one.get(_STAMP, ("",))[0]) for one in found}
    if places - {directory} or len({id(one.get(_LOAD)) for one in found}) > 1:
        raise ImportError(f"what is beside {path} was replaced while it was loaded: run this again")


def _is_another(path: str, code: CodeType) -> bool:
    """Whether a file says something else than what is being executed of it."""
    with open(path, "rb") as file:
        return compile(file.read(), path, "exec", dont_inherit=True) != code


def _load(path: str, directory: str) -> dict[str, tuple]:
    for _ in range(TRIES):
        stamps, error, load = _stamps(directory), None, object()
        if _loaded() == stamps:
            return stamps
        _forget()
        for name in stamps:
            _drop_old_bytecode(os.path.join(directory, f"{name}.py"))
        sys.path.insert(0, directory)
        importlib.invalidate_caches()
        try:
            for name, stamp in stamps.items():
                vars(importlib.import_module(name)).update({_STAMP: stamp, _LOAD: load})
        except Exception as err:  # whatever is in a file that is being written just now
            error = f"{name}.py beside {path} cannot be loaded: {type(err).__name__}: {err}"
        finally:
            sys.path.remove(directory)
        now = _stamps(directory)
        if now == stamps and error:
            _forget()
            raise ImportError(error)
        if now == stamps:
            return stamps
        time.sleep(PAUSE)
    _forget()
    changed = sorted(name for name in {*now, *stamps} if now.get(name) != stamps.get(name))
    raise ImportError(f"these files beside {path} change all the time: {', '.join(changed)}")


def _stamps(directory: str) -> dict[str, tuple]:
    """What tells one state of each file from another."""
    found = {}
    for entry in sorted(os.listdir(directory)):
        name, extension = os.path.splitext(entry)
        if extension == ".py" and name.startswith(PREFIXES):
            full = os.path.join(directory, entry)
            state = os.stat(full)
            found[name] = (full, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns)
    return found


def _loaded() -> dict[str, tuple | None]:
    return {
        name: getattr(module, _STAMP, None)
        for name, module in sorted(sys.modules.items())
        if name.startswith(PREFIXES)
    }


def _forget() -> None:
    for name in _loaded():
        del sys.modules[name]


def _drop_old_bytecode(path: str) -> None:
    """
    Python takes bytecode for new when its source had the same size and second: it may be another
    source, so that which was written before the source was is taken away.
    """
    cached = importlib.util.cache_from_source(path)
    try:
        if os.stat(cached).st_mtime_ns <= os.stat(path).st_ctime_ns:
            os.unlink(cached)
    except OSError:
        pass
