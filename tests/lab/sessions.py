"""All tests, as many sessions of pytest, of which three run side by side, each in its own lab.

Tests of whole clusters mostly wait: for a boot, a membership, a time-out. So one worker runs the
tests on machines (never two stages at once: what they time would be each other), one those on
containers, part by part, and one, with what those leave of the processors, all that needs no
cluster. Who has nothing left takes over from the others.
"""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter

from tests.lab import paths
from tests.lab.progress import say

UNIT = "tests/unit"
FUNCTIONAL = "tests/functional"
CLUSTERS = "tests/integration"
MACHINES = "tests/system"
# What takes longest begins first, so that none of it is left alone at the end.
LONGEST_FIRST = tuple(
    f"{CLUSTERS}/test_{name}.py"
    for name in ("drop_in", "versions", "platforms", "converge", "cluster_life", "bad_input")
)
# Each session starts a salt-master of its own, so few; enough that somebody who is free finds one.
PARTS = 7
# What needs no cluster needs no answer within seconds either.
NICE = 5
# Exit codes of pytest: Ctrl-C, and no test found, as with -k for tests of another session.
INTERRUPTED, NO_TESTS = 2, 5
_PR_SET_PDEATHSIG = 1
_COUNT = re.compile(r"(\d+) (passed|failed|skipped|deselected|errors?|xfailed|xpassed)\b")


def sessions():
    """Name of a session -> the files and directories of its tests."""
    clusters = _files(CLUSTERS)
    parts = {f"{CLUSTERS}, part {n + 1}": tuple(clusters[n::PARTS]) for n in range(PARTS)}
    return {name: (name,) for name in (MACHINES, FUNCTIONAL, UNIT)} | parts


def queues():
    """Worker -> the sessions it takes in this order, unless another one was first."""
    alone = [FUNCTIONAL, UNIT]
    clusters = [name for name in sessions() if name not in (MACHINES, *alone)]
    return {
        "machines": [MACHINES, *clusters, *alone],
        "clusters": [*clusters, *alone],
        "no cluster": [*alone, *clusters],
    }


def _files(directory):
    found = [f"{directory}/{path.name}" for path in (paths.REPO / directory).glob("test_*.py")]
    first = {file: number for number, file in enumerate(LONGEST_FIRST)}
    return sorted(found, key=lambda file: (first.get(file, len(first)), file))


def all_wanted(arguments):
    """Whether these arguments for pytest name no file, so that all tests are meant."""
    return not _named(arguments)


def images_wanted(arguments):
    """Whether the tests that these arguments name need more than Python."""
    named = _named(arguments)
    return not named or any(paths.REPO / UNIT not in [path, *path.parents] for path in named)


def canary_wanted(arguments):
    """Whether these arguments for pytest select tests on Debian testing."""
    return bool({"--all", "--canary"} & set(arguments))


def _named(arguments):
    found = [(paths.REPO / word.split("::")[0]).resolve() for word in arguments if word]
    return [path for path in found if path.exists()]


class Run:
    """All sessions with these further ``arguments`` for pytest, and what came of them."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.codes, self.counts = {}, Counter()
        self._lock = threading.Lock()
        self._running, self._stopped = {}, False

    def work(self, queue):
        """Run one session of ``queue`` after the other that nobody has begun yet."""
        for session in queue:
            with self._lock:
                if self._stopped or session in self.codes:
                    continue
                self.codes[session] = INTERRUPTED
            self._one(session)

    def _one(self, session):
        began = time.monotonic()
        with tempfile.TemporaryFile("w+", errors="replace") as output:
            with self._lock:
                if self._stopped:
                    return
                process = self._running[session] = _start(session, self.arguments, output)
            code = process.wait()
            output.seek(0)
            said = output.read()
        with self._lock:
            del self._running[session]
            self.codes[session] = code
            self.counts.update(counted(said))
            if code != NO_TESTS:
                print(said, flush=True)
            say(f"{session}: {_how(code)}, after {time.monotonic() - began:.0f} s")

    def stop(self):
        """End what runs, and begin nothing more."""
        with self._lock:
            self._stopped = True
            for process in self._running.values():
                process.terminate()


def run(arguments):
    """Run all tests with these further arguments for pytest; return the exit code of all."""
    done = Run(arguments)
    workers = [threading.Thread(target=done.work, args=(queue,)) for queue in queues().values()]
    for worker in workers:
        worker.start()
    try:
        for worker in workers:
            worker.join()
    except KeyboardInterrupt:
        done.stop()
        for worker in workers:
            worker.join()
    for session, code in done.codes.items():
        if code not in (0, NO_TESTS):
            say(f"{session}: {_how(code)}")
    say(", ".join(f"{number} {what}" for what, number in done.counts.items()) or "no tests ran")
    return combined(*done.codes.values())


def counted(said):
    """How many tests passed, failed ... by the last line of what pytest said, a dict."""
    last = said.rstrip().rpartition("\n")[2]
    return {what.rstrip("s"): int(number) for number, what in _COUNT.findall(last)}


def combined(*codes):
    """The exit code for several sessions; that one of them had no tests is no failure."""
    return max((abs(code) for code in codes if code != NO_TESTS), default=NO_TESTS)


def _start(session, arguments, output):
    libc = ctypes.CDLL(None)

    def settle_in():
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        os.nice(NICE if session in (UNIT, FUNCTIONAL) else 0)

    return subprocess.Popen(
        [sys.executable, "-m", "tests.lab", "test", *sessions()[session], *arguments],
        cwd=paths.REPO,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        preexec_fn=settle_in,
    )


def _how(code):
    return {0: "passed", NO_TESTS: "none wanted"}.get(code, f"FAILED ({code})")
