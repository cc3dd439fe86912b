"""
Reading and replacing small configuration files of this machine.
"""

from __future__ import annotations

import os
import tempfile

from _cib_errors import CommandExecutionError

# What stands before every path; tests put a directory of their own there.
ROOT = ""


def read(path: str) -> str | None:
    """
    The text of a file.

    path
        The file.

    Returns its text, None if it does not exist. Raises CommandExecutionError if it cannot be read.
    """
    try:
        with open(ROOT + path, encoding="utf-8", errors="surrogateescape") as handle:
            return handle.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as err:
        raise CommandExecutionError(f"{path} cannot be read: {err.strerror}") from err


def write(path: str, text: str, mode: int = 0o644) -> None:
    """
    Replace a file at once: a reader sees the old one or the new one, also after a loss of power.
    Owner and mode stay as they are; symbolic links are followed.

    path
        The file. Its directory is made if there is none.

    text
        What is to stand in it.

    mode
        Of a file that does not exist yet.

    Raises CommandExecutionError if it cannot be written.
    """
    target = os.path.realpath(ROOT + path)
    temporary = None
    try:
        os.makedirs(os.path.dirname(target), mode=0o755, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=os.path.dirname(target), prefix=".hanfs-")
        with open(handle, "w", encoding="utf-8", errors="surrogateescape") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        _take_over(temporary, target, mode)
        os.replace(temporary, target)
        _settle(os.path.dirname(target))
    except OSError as err:
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)
        raise CommandExecutionError(f"{path} cannot be written: {err.strerror}") from err


def _settle(directory):
    """The new name of a file is on the disk when its directory is."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _take_over(temporary, target, mode):
    try:
        old = os.stat(target)
    except FileNotFoundError:
        os.chmod(temporary, mode)
        return
    os.chown(temporary, old.st_uid, old.st_gid)
    os.chmod(temporary, old.st_mode & 0o7777)


def remove(path: str) -> None:
    """
    Take a file away; one that does not exist is no error.

    path
        The file.

    Raises CommandExecutionError if it cannot be removed.
    """
    try:
        os.unlink(ROOT + path)
    except FileNotFoundError:
        pass
    except OSError as err:
        raise CommandExecutionError(f"{path} cannot be removed: {err.strerror}") from err


def put(path: str, text: str) -> bool:
    """
    Write a value into a file of the kernel's (``/proc/sys``, ``/sys``).

    path, text
        The file and the value.

    Returns True, False if the file is not there or cannot be written.
    """
    try:
        with open(ROOT + path, "w", encoding="ascii") as handle:
            handle.write(text)
    except OSError:
        return False
    return True


def exists(path: str) -> bool:
    """
    Whether a path exists (symbolic links are not followed).

    path
        The path.
    """
    return os.path.lexists(ROOT + path)


def names(path: str) -> list[str]:
    """
    The names of what is in a directory; none if it does not exist.

    path
        The directory.
    """
    try:
        return sorted(os.listdir(ROOT + path))
    except OSError:
        return []


def link_target(path: str) -> str | None:
    """
    Where a symbolic link leads; None if the path is none.

    path
        The path.
    """
    try:
        return os.readlink(ROOT + path)
    except OSError:
        return None


def mode_of(path: str) -> int | None:
    """
    The permission bits of a path as a number; None if it does not exist.

    path
        The path; symbolic links are followed.
    """
    try:
        return os.stat(ROOT + path).st_mode & 0o7777
    except OSError:
        return None
