"""
Looking at files below a root directory, for ``_hanfs_facts``. What is not there, or cannot be read,
is None or empty: to facts that is an unknown.
"""

from __future__ import annotations

import itertools
import os

# Files under /etc and /proc are small; a device or a runaway file must not fill the memory.
_MOST = 64 * 1024 * 1024
_PART = 64 * 1024


def data(path: str, root: str = "/") -> bytes | None:
    """
    The bytes of a file, or None.

    path
        Absolute path, as on the machine.

    root
        Directory that stands for ``/``.
    """
    try:
        with open(below(path, root), "rb") as handle:
            # The kernel refuses to fill one big buffer from /proc/sys.
            parts = list(itertools.islice(iter(lambda: handle.read(_PART), b""), _MOST // _PART))
    except (OSError, ValueError):
        return None
    return b"".join(parts)


def text(path: str, root: str = "/") -> str | None:
    """
    The text of a file, or None. What is no UTF-8 in it is replaced.

    path, root
        As for ``data``.
    """
    found = data(path, root)
    return None if found is None else found.decode("utf-8", "replace")


def line(path: str, root: str = "/") -> str | None:
    """
    The first line of a file without the blanks around it, or None if it is empty or not there.

    path, root
        As for ``data``.
    """
    found = (text(path, root) or "").strip("\0 \t\n").splitlines()
    return found[0].strip() if found else None


def names(path: str, root: str = "/") -> list[str] | None:
    """
    The sorted names in a directory; None if it is not there.

    path, root
        As for ``data``.
    """
    try:
        return sorted(os.listdir(below(path, root)))
    except (OSError, ValueError):
        return None


def exists(path: str, root: str = "/") -> bool:
    """
    Whether something is at a path. A link counts, wherever it leads.

    path, root
        As for ``data``.
    """
    try:
        return os.path.lexists(below(path, root))
    except ValueError:
        return False


def target(path: str, root: str = "/") -> str | None:
    """
    What a link says, or None if this is no link.

    path, root
        As for ``data``.
    """
    try:
        return os.readlink(below(path, root))
    except (OSError, ValueError):
        return None


def real(path: str, root: str = "/") -> str:
    """
    A path with its links followed, as on the machine.

    path, root
        As for ``data``.
    """
    top = os.path.realpath(root)
    try:
        found = os.path.realpath(below(path, root))
    except (OSError, ValueError):
        return path
    if top == "/":
        return found
    return found[len(top) :] if found.startswith(top + "/") else found


def below(path: str, root: str = "/") -> str:
    """
    Where a path of the machine is below the root directory.

    path, root
        As for ``data``.
    """
    return os.path.join(root, str(path).lstrip("/")) if root != "/" else str(path)
