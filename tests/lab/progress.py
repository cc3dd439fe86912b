"""Progress lines with the seconds since the command began."""

from __future__ import annotations

import os
import time

# Handed on to the process inside the namespaces, so that both count from one moment.
_VARIABLE = "HANFS_LAB_BEGAN"
_BEGAN = float(os.environ.setdefault(_VARIABLE, str(time.time())))


def say(text):
    """Print ``text`` behind the elapsed time."""
    print(f"[{time.time() - _BEGAN:6.1f} s] {text}", flush=True)
