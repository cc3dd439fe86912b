"""
Drills, as they are kept on the master: one JSON file for each, ``CACHEDIR/hanfs/drills/ID.json``

.. code-block:: yaml

    version: 1
    id: 20261130010203123456    # letters, digits and ._-, up to 64; the file's name
    site: athens
    kind: move                  # move, crash, link or storage
    begun: 2026-11-30T01:02:03Z # UTC; the fault's own time is the offset ``fault``
    ended: 2026-11-30T01:03:10Z
    fault: 10.0                 # seconds after begun; every offset below counts from begun, too
    verdict: passed             # passed, failed, or aborted: it was not seen to its end
    problems: [sentences]       # why it did not pass; empty if it did
    writers:
      - name: append            # touch, append, lock, read ...
        stalls: [[10.1, 6.2]]   # [offset, seconds] of each, in their order
        longest: 6.2            # seconds; 0 if there was none
        median: 6.2
        acknowledged: 5120      # calls that the server acknowledged
        errors: 0               # calls that failed
        lost: 0                 # acknowledged writes that are not there
        latencies: [[0.0, 3], [10.1, 6200.5], [20, null]]  # [offset, milliseconds; null: an error]
    parts:                      # what the stall is made of, in its order
      - {name: stop, seconds: 1.9}

Keys that are not here are kept and not looked at. A file that is wrong is told, and the others are
read; nothing of a file is believed before ``problems`` has seen it.
"""

from __future__ import annotations

import json
import math
import os
import re
from datetime import datetime, timezone
from typing import Any

import _hanfs_fleet_files

VERSION = 1
KINDS = ("move", "crash", "link", "storage")
VERDICTS = ("passed", "failed", "aborted")
# Limits of one file: a page is made of all of them.
BYTES, WRITERS, POINTS, PARTS = 4 << 20, 16, 20_000, 32
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
_TIMES = "%Y-%m-%dT%H:%M:%SZ"
_DAY = 86_400
_Record = dict[str, Any]


def directory(cachedir: str) -> str:
    """Where the drills of the master with this cache directory are."""
    return os.path.join(cachedir, "hanfs", "drills")


def utc(seconds: float) -> str:
    """A time as a drill has it, of seconds since 1970."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime(_TIMES)


def unix(text: str) -> float:
    """Seconds since 1970, of a time as a drill has it. Raises ValueError."""
    return datetime.strptime(text, _TIMES).replace(tzinfo=timezone.utc).timestamp()


def keep(cachedir: str, record: _Record) -> str:
    """Write a drill; returns its path. Raises ValueError if it is wrong, OSError."""
    wrong = problems(record)
    if wrong:
        raise ValueError("; ".join(wrong))
    path = os.path.join(directory(cachedir), f"{record['id']}.json")
    text = json.dumps(record, allow_nan=False, separators=(",", ":"))
    _hanfs_fleet_files.write(path, text.encode("ascii"))
    return path


def kept(cachedir: str) -> tuple[list[_Record], list[str]]:
    """All drills, the newest first, and a sentence for each file that is wrong."""
    found: list[_Record] = []
    wrong: list[str] = []
    try:
        names = sorted(os.listdir(directory(cachedir)))
    except FileNotFoundError:
        return [], []
    except OSError as err:
        return [], [f"{directory(cachedir)}: {err.strerror}"]
    for name in names:
        if name.endswith(".json") and not name.startswith("."):
            record, said = _read(os.path.join(directory(cachedir), name))
            if not said and f"{record['id']}.json" != name:
                said = [f"id: {record['id']} is not the file's name"]
            found += [] if said else [record]
            wrong += [f"{name}: {one}" for one in said[:1]]
    return sorted(found, key=lambda one: (unix(one["begun"]), one["id"]), reverse=True), wrong


def _read(path):
    try:
        with open(path, "rb") as file:
            data = file.read(BYTES + 1)
        if len(data) > BYTES:
            return {}, [f"is longer than {BYTES} bytes"]
        record = json.loads(data)
    except OSError as err:
        return {}, [f"cannot be read: {err.strerror}"]
    except (ValueError, RecursionError):
        return {}, ["is not JSON"]
    return record, problems(record)


def problems(record: Any) -> list[str]:
    """What is wrong with a drill, as sentences. Pure."""
    if not isinstance(record, dict):
        return ["is not a mapping"]
    if record.get("version") != VERSION or isinstance(record["version"], bool):
        return [f"version: {record.get('version')!r} is unknown here; known: {VERSION}"]
    found = [
        f"{key}: {record.get(key)!r} {said}"
        for key, right, said in (
            ("id", _identifier(record.get("id")), "is not an id"),
            ("site", _text(record.get("site")), "is not a name"),
            ("kind", record.get("kind") in KINDS, f"is none of {', '.join(KINDS)}"),
            ("verdict", record.get("verdict") in VERDICTS, f"is none of {', '.join(VERDICTS)}"),
            ("begun", _time(record.get("begun")), "is not a time as 2026-11-30T01:02:03Z"),
            ("ended", _time(record.get("ended")), "is not a time as 2026-11-30T01:02:03Z"),
            ("fault", _seconds(record.get("fault")), "is not a number of seconds"),
        )
        if not right
    ]
    if not found and unix(record["ended"]) < unix(record["begun"]):
        found.append("ended: is before it began")
    said = record.get("problems")
    if not (isinstance(said, list) and len(said) <= PARTS and all(_text(one) for one in said)):
        found.append("problems: is not a list of sentences")
    return found + _of_each(record, "writers", WRITERS, _writer) + _of_each(
        record, "parts", PARTS, _part
    )  # fmt: skip


def _of_each(record, key, most, check):
    entries = record.get(key)
    if not isinstance(entries, list) or len(entries) > most:
        return [f"{key}: is not a list of up to {most}"]
    return [
        f"{key}[{number}]: {said}"
        for number, one in enumerate(entries)
        for said in (check(one) if isinstance(one, dict) else ["is not a mapping"])
    ]


def _writer(one):
    if not _text(one.get("name")):
        yield "name: is not a name"
    for key in ("longest", "median"):
        if not _seconds(one.get(key)):
            yield f"{key}: {one.get(key)!r} is not a number of seconds"
    for key in ("acknowledged", "errors", "lost"):
        if not (type(one.get(key)) is int and 0 <= one[key] < 1 << 53):
            yield f"{key}: {one.get(key)!r} is not a number of calls"
    if not _pairs(one.get("stalls"), _seconds):
        yield "stalls: is not a list of [offset, seconds]"
    if not _pairs(one.get("latencies"), lambda value: value is None or _number(value)):
        yield "latencies: is not a list of [offset, milliseconds or null]"


def _part(one):
    if not _text(one.get("name")):
        yield "name: is not a name"
    if not _seconds(one.get("seconds")):
        yield f"seconds: {one.get('seconds')!r} is not a number of seconds"


def _pairs(value, second):
    return (
        isinstance(value, list)
        and len(value) <= POINTS
        and all(
            isinstance(one, list) and len(one) == 2 and _seconds(one[0]) and second(one[1])
            for one in value
        )
    )


def _number(value):
    return type(value) in (int, float) and 0 <= value < 1e12 and math.isfinite(value)


def _seconds(value):
    return _number(value) and value <= _DAY


def _text(value):
    return isinstance(value, str) and 0 < len(value) <= 4096


def _identifier(value):
    return isinstance(value, str) and bool(_ID.match(value))


def _time(value):
    try:
        return isinstance(value, str) and utc(unix(value)) == value
    except (ValueError, OverflowError, OSError):
        return False
