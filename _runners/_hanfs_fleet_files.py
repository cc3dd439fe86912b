"""
Files that the master's user keeps: replaced at once, for itself and its group
"""

from __future__ import annotations

import os
import tempfile

# Who else may read them is for the directory to say: its group, with setgid.
_FILE, _DIRECTORY = 0o640, 0o750


def write(path: str, data: bytes) -> None:
    """
    Replace a file, so that a reader has the old one or the new one, whole. Directories that are
    missing are made. Raises OSError; the old file is still there then, and nothing beside it.
    """
    where = os.path.dirname(path)
    if not os.path.isdir(where):
        os.makedirs(where, _DIRECTORY, exist_ok=True)
    handle, made = tempfile.mkstemp(prefix=f".{os.path.basename(path)[:100]}.", dir=where)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            os.fchmod(file.fileno(), _FILE)
            file.flush()
            os.fsync(file.fileno())
        os.replace(made, path)
    except BaseException:
        os.unlink(made)
        raise
