"""
What work was done on this node, in a file of this node

Whoever leads the work may die, and so may this node in the middle of it. So each step is written
down before it is taken, and 'done' only by the node itself, once it has seen that it is well.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import _hanfs_settings_files
from _cib_errors import CommandExecutionError
from _cib_values import Data

DIRECTORY = "/var/lib/hanfs"
FILE = "work.json"
LOCK = "work.lock"
BOOT_ID = "/proc/sys/kernel/random/boot_id"
ENDED = ("done", "failed", "undone")
# The cluster is stopped on this node for the work, and stays so when the work fails in one of them.
STOPPED = ("out", "working", "worked", "rebooting")


def boot_id() -> str:
    """What tells this boot of the machine from every other."""
    with open(BOOT_ID) as file:
        return file.read().strip()


def read() -> Data | None:
    """
    The record: ``{"run", "phase", "counter", "boot", "begun", "changed", "error", ...}``, None if
    no work was ever done here. Raises CommandExecutionError if it cannot be understood.
    """
    path = os.path.join(DIRECTORY, FILE)
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as err:
        raise CommandExecutionError(f"{path} cannot be read: {err}") from err
    if not isinstance(found, dict) or not {"run", "phase", "counter", "boot"} <= set(found):
        raise CommandExecutionError(f"{path} is no record of work: look at it and delete it")
    return found


def write(record: Data) -> None:
    """Keep a record; when this returns it outlives a loss of power."""
    os.makedirs(DIRECTORY, mode=0o700, exist_ok=True)
    text = json.dumps(record, sort_keys=True)
    _hanfs_settings_files.write(os.path.join(DIRECTORY, FILE), text, mode=0o600)


@contextmanager
def alone() -> Iterator[bool]:
    """
    Whether this process is the only one that works on this node; it is until the context ends, or
    until it dies.
    """
    os.makedirs(DIRECTORY, mode=0o700, exist_ok=True)
    file = os.open(os.path.join(DIRECTORY, LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(file)


def busy() -> bool:
    """Whether a process works on this node now."""
    if not os.path.exists(os.path.join(DIRECTORY, LOCK)):
        return False
    with alone() as free:
        return not free


def hindrance() -> str | None:
    """
    Why nobody else may start the cluster on this node: it is stopped for work that is under way, or
    that stopped half-way. None if it may be started.
    """
    record = read()
    if record is None or not (record.get("wish") or {}).get("stop"):
        return None
    phase = record["at"] if record["phase"] == "failed" else record["phase"]
    if phase not in STOPPED and record["phase"] != "leaving":
        return None
    run = record["run"]
    return (
        f"the cluster is stopped on this node for the work of run {run}, which is at '{phase}': "
        f"wait for it, or go on with it (salt-run hanfs.resume {run}); once it was looked after by "
        f"hand: hanfs.work_forget {run}"
    )


def told(record: Data | None) -> Data | None:
    """What others need of a record: not the arguments of the work."""
    if record is None:
        return None
    keys: tuple[str, ...] = ("run", "phase", "counter", "boot", "begun", "changed", "error", "says")
    found: dict[str, Any] = {key: record.get(key) for key in keys}
    return {**found, "busy": busy(), "rebooted": record["boot"] != boot_id()}
