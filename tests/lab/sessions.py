"""All tests, as two sessions of pytest in two labs side by side.

Tests of whole clusters mostly wait: for a boot, a membership, a time-out. So the unit and the
functional tests run beside them, with what they leave of the processors, and after those the tests
of clusters that need nothing but the pcs modules. They are told of at the end, together and
complete.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import threading

from tests.lab import enter, paths
from tests.lab.progress import say

UNIT = "tests/unit"
LIVE = ("tests/integration", "tests/system")
# Files of LIVE that run in the second session, so that both take about as long.
MOVED = tuple(
    f"tests/integration/test_{name}.py"
    for name in ("ownership", "concurrent", "cluster_life", "cluster_device")
)
BESIDE = (UNIT, "tests/functional", *MOVED)
NICE = 5
# Exit codes of pytest: Ctrl-C, and no test found, as with -k for tests of the other session.
INTERRUPTED, NO_TESTS = 2, 5
_PR_SET_PDEATHSIG = 1


def all_wanted(arguments):
    """Whether these arguments for pytest name no file, so that all tests are meant."""
    return not _named(arguments)


def images_wanted(arguments):
    """Whether the tests that these arguments name need more than Python."""
    named = _named(arguments)
    return not named or any(paths.REPO / UNIT not in [path, *path.parents] for path in named)


def _named(arguments):
    found = [(paths.REPO / word.split("::")[0]).resolve() for word in arguments if word]
    return [path for path in found if path.exists()]


def run(arguments):
    """Run all tests with these further arguments for pytest; return the exit code of both."""
    over = threading.Event()
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        beside = _start_beside(arguments, output)
        threading.Thread(target=_tell_end, args=(beside, over), daemon=True).start()
        ignored = [f"--ignore={file}" for file in MOVED]
        live = enter.run(["test", *LIVE, *ignored, *arguments])
        over.set()
        if live == INTERRUPTED or live > NO_TESTS:
            beside.terminate()
        code = beside.wait()
        output.seek(0)
        say("the second session, with the unit and functional tests, said:")
        print(output.read(), flush=True)
    say(f"first session: {_how(live)}; second session: {_how(code)}")
    return combined(live, code)


def combined(*codes):
    """The exit code for several sessions; that one of them had no tests is no failure."""
    return max((abs(code) for code in codes if code != NO_TESTS), default=NO_TESTS)


def _start_beside(arguments, output):
    libc = ctypes.CDLL(None)

    def settle_in():
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        os.nice(NICE)

    return subprocess.Popen(
        [sys.executable, "-m", "tests.lab", "test", *BESIDE, *arguments],
        cwd=paths.REPO,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        preexec_fn=settle_in,
    )


def _tell_end(process, over):
    code = process.wait()
    if not over.is_set():
        say(f"second session: {_how(code)}; what it said comes at the end")


def _how(code):
    return {0: "passed", NO_TESTS: "none wanted"}.get(code, f"FAILED ({code})")
