"""
Events of the cluster for the master: fencing, a node that is lost, an action that failed, and the
NFS server that has started on a node.

Pacemaker's alert agent of the formula (pillar ``events: true`` of a site) writes them to a file;
this beacon reads it. It starts no process, and looks at the file's size alone while there is
nothing new. What it has read it remembers in the minion's cache, so that each event is told once,
also over a restart of the minion.

.. code-block:: yaml

    beacons:
      hanfs:
        - interval: 5
        - server: nfs_server

``server`` is the resource whose start is a failover, ``file`` the file of the agent; both are as
here by default.

Tags: ``salt/beacon/MINION/hanfs/fencing``, ``node-lost``, ``action-failed``, ``failover``. The
data: ``event_id``, one for all nodes' copies of one change, ``time`` in Unix time, ``node``,
``text`` and, of resources, ``resource``, ``task`` and ``rc``; of fencing ``success``.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re

log = logging.getLogger(__name__)

__virtualname__ = "hanfs"

FILE = "/var/lib/pacemaker/hanfs/events"
SERVER = "nfs_server"
# Those of this beacon, and those that Salt itself takes.
_KEYS = ("file", "server")
_SALTS = ("interval", "beacon_module", "disable_during_state_run", "enabled")
_MOST = 1 << 20
# Seconds: what is older when the beacon first looks is history.
_RECENT = 300


def __virtual__():
    return __virtualname__


def validate(config):
    """Whether the beacon is configured rightly, and what is wrong."""
    if not isinstance(config, list):
        return False, "hanfs: the configuration of the beacon is not a list"
    seen = set()
    for one in config:
        if not isinstance(one, dict):
            return False, f"hanfs: {one!r} is not a mapping"
        for key, value in one.items():
            if key in seen:
                return False, f"hanfs: {key} is there twice"
            seen.add(key)
            wrong = _wrong(key, value)
            if wrong:
                return False, f"hanfs: {key}: {value!r} {wrong}"
    return True, "Valid beacon configuration"


def _wrong(key, value):
    if key == "file":
        right = isinstance(value, str) and os.path.isabs(value)
        return None if right else "is not an absolute path"
    if key == "server":
        right = isinstance(value, str) and re.fullmatch(r"[A-Za-z_][\w.-]*", value)
        return None if right else "is not the id of a resource"
    if key == "interval":
        right = isinstance(value, int) and not isinstance(value, bool) and value >= 1
        return None if right else "is not a number of seconds from 1 on"
    return None if key in _SALTS else f"is unknown; known: {', '.join((*_KEYS, *_SALTS))}"


def beacon(config):
    """What has happened since the last look."""
    wanted = {key: value for one in config for key, value in one.items()}
    path = wanted.get("file", FILE)
    try:
        stat = os.stat(path)
    except OSError:
        return []
    place = _place()
    if place and place == [stat.st_ino, stat.st_size]:
        return []
    lines, here = _read(path, stat, place)
    found = []
    for line in lines:
        event = translated(line, wanted.get("server", SERVER))
        if event and (place or event["time"] > stat.st_mtime - _RECENT):
            found.append(event)
    _keep(here)
    return found


def _read(path, stat, place):
    """The whole lines after a place, over one turn of the file; and where they end."""
    inode, offset = place or (stat.st_ino, 0)
    made = []
    if inode != stat.st_ino:
        made += _lines(f"{path}.1", inode, offset)[0]
        offset = 0
    if offset > stat.st_size:
        offset = 0
    lines, length = _lines(path, stat.st_ino, offset)
    return made + lines, [stat.st_ino, offset + length]


def _lines(path, inode, offset):
    try:
        with open(path, "rb") as file:
            if os.fstat(file.fileno()).st_ino != inode:
                return [], 0
            file.seek(offset)
            data = file.read(_MOST)
    except OSError:
        return [], 0
    # One that is being written comes whole with the next look.
    whole = data[: data.rfind(b"\n") + 1]
    return whole.decode("utf-8", "replace").splitlines(), len(whole)


def _store():
    return os.path.join(__opts__["cachedir"], "hanfs_events.json")


def _place():
    """``[inode, offset]`` up to which all is told; None before the first look."""
    try:
        with open(_store(), encoding="ascii") as file:
            place = json.load(file)
    except (OSError, ValueError):
        return None
    right = isinstance(place, list) and len(place) == 2
    return place if right and all(isinstance(one, int) for one in place) else None


def _keep(place):
    made = f"{_store()}.new"
    try:
        with open(made, "w", encoding="ascii") as file:
            json.dump(place, file)
        os.replace(made, _store())
    except OSError as err:
        log.warning("hanfs: what was told cannot be kept, and is told again: %s", err)


def translated(line, server=SERVER):
    """
    An event for the bus from a line of the agent. Pure.

    line
        The line.

    server
        Id of the resource whose start is a failover.

    Returns a dict with ``tag``; None for what is not forwarded, and for what is no such line.
    """
    try:
        seen = json.loads(line)
        kind, moment = seen["kind"], int(seen["time"])
    except (ValueError, KeyError, TypeError):
        return None
    event = {"time": moment, "node": seen.get("node"), "text": seen.get("desc")}
    if kind == "fencing":
        known = re.search(r"ref=([\w.-]+)", str(event["text"]))
        told = [known.group(1)] if known else [event["node"], event["text"], moment // 60]
        return _event("fencing", told, success=seen.get("rc") in ("0", ""), **event)
    if kind == "node" and event["text"] == "lost":
        return _event("node-lost", [event["node"], moment // 60], **event)
    if kind != "resource":
        return None
    names = ("rsc", "task", "rc")
    resource, task, rc = (str(seen.get(name) or "") for name in names)
    event.update(resource=resource, task=task, rc=rc)
    told = [event["node"], resource, task, rc, moment]
    if rc != str(seen.get("target_rc") or "0"):
        return _event("action-failed", told, **event)
    if resource == server and task == "start":
        return _event("failover", told, **event)
    return None


def _event(tag, told, **data):
    text = "\0".join(str(one) for one in (tag, *told))
    return {"tag": tag, "event_id": hashlib.sha256(text.encode()).hexdigest()[:16], **data}
