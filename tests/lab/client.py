"""Three writers on a client of the service, and what they saw of it.

``Writers`` puts this file on the client and runs it there, where it needs nothing but
Python's standard library: ``python3 client.py DIRECTORY`` writes below DIRECTORY. For
each line on its standard input it prints how far the writers are, and when its input
ends it stops them and prints the report; both as one line of JSON.

``touch``   the article's test: update a file's time.
``append``  open, append a numbered line, fsync, close.
``locked``  open once, take a lock, then append and fsync: the only one that notices
            when a server forgot who had what open and locked.

A line counts as acknowledged when fsync returned; an acknowledged line that is not
in the file afterwards is lost. A stall is the longest time that one turn took.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

WRITERS = ("touch", "append", "locked")
PAUSE = 0.2  # seconds between two turns
STALL = 1.0  # seconds that make a turn a stall
PATIENCE = 180  # seconds that a turn may still take once writing is to stop


# --- pure: from logs to the report ----------------------------------------------------


def read_log(lines):
    """Turns of one writer from its log: a dict of number -> {start, seconds, errno}.

    A turn has two lines, ``NUMBER START`` (epoch seconds) before and
    ``NUMBER START SECONDS ERRNO`` after it; ``seconds`` and ``errno`` are None in a turn
    that did not end.
    """
    turns = {}
    for line in lines:
        words = line.split()
        if len(words) == 2:
            turns[int(words[0])] = {"start": float(words[1]), "seconds": None, "errno": None}
        elif len(words) == 4:
            turns[int(words[0])] = {
                "start": float(words[1]),
                "seconds": float(words[2]),
                "errno": int(words[3]),
            }
    return turns


def acknowledged(turns):
    """Numbers of the turns that ended well, ascending."""
    return sorted(number for number, turn in turns.items() if turn["errno"] == 0)


def ranges(numbers):
    """Ascending numbers as a short list of [first, last]."""
    found = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return found


def missing(acknowledged_ranges, text):
    """Acknowledged numbers that are not lines of ``text``, ascending."""
    there = {line.strip() for line in text.splitlines()}
    return [
        number
        for first, last in acknowledged_ranges
        for number in range(first, last + 1)
        if str(number) not in there
    ]


def summarise(turns, now, text=None):
    """What one writer saw, as a dict; ``text`` is what its file holds in the end, if it has lines.

    A turn that did not end counts as a stall until ``now`` (epoch seconds), and as hanging.
    """
    stalls = [
        (now - turn["start"] if turn["seconds"] is None else turn["seconds"], turn["start"])
        for turn in turns.values()
    ]
    longest, start = max(stalls, default=(0.0, None))
    long = sorted((start, round(seconds, 2)) for seconds, start in stalls if seconds >= STALL)
    good = ranges(acknowledged(turns))
    failed = [turn["errno"] for turn in turns.values() if turn["errno"]]
    return {
        "turns": len(turns),
        "longest_s": round(longest, 2),
        "longest_start": start,
        "stalls": long,
        "errors": len(failed),
        "errnos": {os.strerror(code): failed.count(code) for code in sorted(set(failed))},
        "hanging": sum(turn["seconds"] is None for turn in turns.values()),
        "acknowledged": good,
        "lost": len(missing(good, text)) if text is not None else 0,
    }


def progress(logs, now):
    """Client's time, and when each writer began its last turn that ended (0 if none did)."""
    begun = {
        name: max((t["start"] for t in turns.values() if t["seconds"] is not None), default=0)
        for name, turns in logs.items()
    }
    return {"now": now, "begun": begun}


def overall(writers):
    """One report from the summaries of all writers (a dict by name)."""
    worst = max(writers.values(), key=lambda writer: writer["longest_s"])
    report = {"longest_s": worst["longest_s"], "longest_start": worst["longest_start"]}
    for key in ("errors", "hanging", "lost"):
        report[key] = sum(writer[key] for writer in writers.values())
    report["acknowledged"] = sum(
        last - first + 1 for writer in writers.values() for first, last in writer["acknowledged"]
    )
    report["writers"] = writers
    return report


def check_server_side(report, texts):
    """The report again, with ``lost`` counted in what the server has.

    ``texts`` maps names of writers (append, locked) to the text of their files.
    """
    writers = {
        name: {**writer, "lost": len(missing(writer["acknowledged"], texts[name]))}
        if name in texts
        else writer
        for name, writer in report["writers"].items()
    }
    return overall(writers)


# --- on the client ---------------------------------------------------------------------


def _touch(path):
    def turn(number):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o644))
        os.utime(path)

    return turn


def _append(path):
    def turn(number):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            os.write(descriptor, b"%d\n" % number)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    return turn


def _locked(path):
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    fcntl.lockf(descriptor, fcntl.LOCK_EX)

    def turn(number):
        os.write(descriptor, b"%d\n" % number)
        os.fsync(descriptor)

    return turn


def _write(name, directory, log):
    """Take turns until the parent says stop; each is in the log before and after it happens."""
    going = [True]
    signal.signal(signal.SIGTERM, lambda number, frame: going.clear())
    turn = {"touch": _touch, "append": _append, "locked": _locked}[name](directory / name)
    number = 0
    with open(log, "w", buffering=1) as out:
        while going:
            number += 1
            start, began, code = time.time(), time.monotonic(), 0
            out.write(f"{number} {start:.3f}\n")
            try:
                turn(number)
            except OSError as error:
                code = error.errno
            out.write(f"{number} {start:.3f} {time.monotonic() - began:.3f} {code}\n")
            time.sleep(PAUSE)


def _start(name, directory, log):
    child = os.fork()
    if child:
        return child
    try:
        _write(name, directory, log)
    finally:
        os._exit(0)


def _wait_for(children, deadline):
    """Wait until the writers have ended; those that hang in the kernel are left to it."""
    left = set(children)
    while left and time.monotonic() < deadline:
        left -= {child for child in left if os.waitpid(child, os.WNOHANG)[0]}
        time.sleep(0.1)
    return left


def _read(path):
    try:
        return path.read_text()
    except OSError:
        return ""


def _turns(logs):
    return {name: read_log(_read(log).splitlines()) for name, log in logs.items()}


def main(directory):
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    logs = {name: Path(f"/tmp/writer-{name}-{os.getpid()}.log") for name in WRITERS}
    children = [_start(name, directory, logs[name]) for name in WRITERS]
    while sys.stdin.readline():
        print(json.dumps(progress(_turns(logs), time.time())), flush=True)
    for child in children:
        os.kill(child, signal.SIGTERM)
    hanging = _wait_for(children, time.monotonic() + PATIENCE)
    writers = {}
    for name, turns in _turns(logs).items():
        # A read would hang as well when a writer does.
        text = None if name == "touch" or hanging else _read(directory / name)
        writers[name] = summarise(turns, time.time(), text)
    print(json.dumps(overall(writers)), flush=True)


# --- in the lab ------------------------------------------------------------------------


class Writers:
    """The three writers on ``node``, below the directory ``mount``, for the length of a ``with``.

    Afterwards ``report`` is what they saw (see ``overall``).
    """

    PROGRAM = "/root/client.py"

    def __init__(self, node, mount):
        self.node = node
        self.directory = f"{mount}/writers"
        self.report = None
        self._process = None

    def __enter__(self):
        self.node.put(self.PROGRAM, Path(__file__).read_text())
        self._process = self.node.popen(
            ["python3", self.PROGRAM, self.directory],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        return self

    def progress(self):
        """How far they are, see the function ``progress``."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def wait_until_writing(self, timeout=600):
        """Wait until each writer has ended a turn that it began after this call."""
        start = self.progress()["now"]

        def look():
            begun = self.progress()["begun"]
            late = sorted(name for name, when in begun.items() if when < start)
            return not late, f"no turn yet of {', '.join(late)}"

        from tests.lab.wait import wait_until  # the client has only this file

        wait_until(look, timeout, "the writers on the client")

    def __exit__(self, kind, error, trace):
        try:
            output, _ = self._process.communicate(timeout=PATIENCE + 120)
            self.report = json.loads(output)
        except (subprocess.TimeoutExpired, ValueError):
            self._process.kill()
            if error is None:
                raise


if __name__ == "__main__":
    main(sys.argv[1])
