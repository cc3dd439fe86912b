"""
The minions, through a master: publish, listen, look up. The only file of the runner that knows Salt
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import salt.client
import salt.utils.event
import salt.utils.minions

RETURNS = "salt/job/"


class Master:
    """
    Salt's master on this machine, as ``_hanfs_fleet_drive.Bus``; a context, that ends its
    subscription.

    opts
        The master's configuration.

    lookup
        The runner function ``jobs.lookup_jid``.
    """

    def __init__(self, opts: dict[str, Any], lookup: Callable[..., Any]) -> None:
        self._opts, self._lookup = opts, lookup

    def __enter__(self) -> Master:
        # Before the first job, so that no return is missed.
        self._events = salt.utils.event.get_master_event(
            self._opts, self._opts["sock_dir"], listen=True
        )
        self._events.subscribe(RETURNS)
        self._events.connect_pub(timeout=10)
        self._client = salt.client.LocalClient(mopts=dict(self._opts))
        return self

    def __exit__(self, *error: object) -> None:
        self._client.destroy()
        self._events.destroy()

    def minions(self, tgt: str, tgt_type: str) -> list[str]:
        """Ids of the minions with accepted keys that a target names."""
        return salt.utils.minions.CkMinions(self._opts).check_minions(tgt, tgt_type)["minions"]

    def publish(self, minions: list[str], function: str, kwargs: dict[str, Any]) -> str:
        job = self._client.run_job(
            minions, function, tgt_type="list", kwarg=kwargs, listen=False, ret=""
        )
        return job["jid"]

    def event(self, wait: float) -> tuple[str, str, Any] | None:
        found = self._events.get_event(
            wait=wait, tag=RETURNS, full=True, match_type="startswith", auto_reconnect=True,
            no_block=not wait,
        )  # fmt: skip
        words = found["tag"].split("/") if found else []
        # salt/job/JID/ret/MINION; others begin so, too
        if len(words) != 5 or words[3] != "ret":
            return None
        data = found["data"]
        return str(data.get("jid")), str(data.get("id")), data.get("return")

    def tell(self, data: dict[str, Any], tag: str) -> None:
        """Put something on the master's bus, for whoever listens."""
        self._events.fire_event(data, tag)

    def lookup(self, jid: str) -> dict[str, Any]:
        found = self._lookup(jid, display_progress=False)
        return found.get("data", found) if isinstance(found, dict) else {}
