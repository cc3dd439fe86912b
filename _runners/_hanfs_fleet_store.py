"""
Runs, kept in the master's cache: what a run is at, and what the operator wants of it

They are two banks, because two processes write them: the run itself, and whoever says pause.
"""

from __future__ import annotations

import os
from typing import Any, Protocol

RUNS, WISHES = "hanfs/runs", "hanfs/wishes"
# Seconds without a sign of life after which the process of a run is taken for dead.
DEAD = 60


class Cache(Protocol):
    """``salt.cache.factory(__opts__)``."""

    def store(self, bank: str, key: str, data: Any) -> None: ...

    def fetch(self, bank: str, key: str) -> Any: ...

    def list(self, bank: str) -> list[str]: ...


class Store:
    """The runs of one master."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def save(self, document: dict[str, Any]) -> None:
        self._cache.store(RUNS, document["id"], document)

    def load(self, run: str) -> dict[str, Any] | None:
        """The document of a run, or None."""
        return self._cache.fetch(RUNS, run) or None

    def all(self) -> list[dict[str, Any]]:
        """Every run, the newest last."""
        found = [self.load(run) for run in self._cache.list(RUNS) or []]
        return sorted((one for one in found if one), key=lambda one: one["begun"])

    def wish(self, run: str) -> str:
        """``go``, ``pause`` or ``stop``."""
        return (self._cache.fetch(WISHES, run) or {}).get("wish", "go")

    def set_wish(self, run: str, wish: str) -> None:
        self._cache.store(WISHES, run, {"wish": wish})


def owner() -> dict[str, Any]:
    """This process, told from all others of this machine, and of every other one."""
    pid = os.getpid()
    return {"boot": _boot(), "pid": pid, "started": _started(pid)}


def lives(document: dict[str, Any], now: float) -> bool:
    """
    Whether the process of a run still works on it: it is there or, if it is one of another master
    that has the same cache, has given a sign of life a short while ago.
    """
    if document["state"] != "running":
        return False
    own = document["owner"]
    if own["boot"] == _boot():
        return own["started"] is not None and _started(own["pid"]) == own["started"]
    return now - document["heartbeat"] < DEAD


def _boot() -> str:
    with open("/proc/sys/kernel/random/boot_id") as file:
        return file.read().strip()


def _started(pid: int) -> str | None:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            # the name, in brackets, may hold anything; the start time is the 22nd field
            return stat.read().rpartition(")")[2].split()[19]
    except OSError:
        return None
