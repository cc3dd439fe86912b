"""All tests, as three sessions of pytest in three labs side by side.

Tests of whole clusters mostly wait: for a boot, a membership, a time-out. So the formula's clusters
run in one session, the machines in another, and in the third, with what those leave of the
processors, the unit and the functional tests and the clusters that need nothing but the pcs
modules. What the sessions beside the first one said comes at the end, together and complete.
"""

from __future__ import annotations

import contextlib
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
CLUSTERS = "tests/integration"
MACHINES = "tests/system"
# Files of CLUSTERS that run in the last session, so that all take about as long.
MOVED = tuple(
    f"{CLUSTERS}/test_{name}.py"
    for name in ("ownership", "concurrent", "cluster_life", "cluster_device")
)
SESSIONS = {
    "clusters": (CLUSTERS, *(f"--ignore={file}" for file in MOVED)),
    "machines": (MACHINES,),
    "unit and functional": (UNIT, "tests/functional", *MOVED),
}
# The last one has time: what it tests needs no answer within seconds.
NICE = {"unit and functional": 5}
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
    """Run all tests with these further arguments for pytest; return the exit code of all."""
    over = threading.Event()
    first, *others = SESSIONS
    with contextlib.ExitStack() as stack:
        outputs = {
            name: stack.enter_context(tempfile.TemporaryFile("w+", errors="replace"))
            for name in others
        }
        beside = {name: _start(name, arguments, output) for name, output in outputs.items()}
        for name, process in beside.items():
            threading.Thread(target=_tell_end, args=(name, process, over), daemon=True).start()
        codes = {first: enter.run(["test", *SESSIONS[first], *arguments])}
        over.set()
        if codes[first] == INTERRUPTED or codes[first] > NO_TESTS:
            for process in beside.values():
                process.terminate()
        for name, process in beside.items():
            codes[name] = process.wait()
            outputs[name].seek(0)
            say(f"the session '{name}' said:")
            print(outputs[name].read(), flush=True)
    say("; ".join(f"{name}: {_how(code)}" for name, code in codes.items()))
    return combined(*codes.values())


def combined(*codes):
    """The exit code for several sessions; that one of them had no tests is no failure."""
    return max((abs(code) for code in codes if code != NO_TESTS), default=NO_TESTS)


def _start(name, arguments, output):
    libc = ctypes.CDLL(None)

    def settle_in():
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        os.nice(NICE.get(name, 0))

    return subprocess.Popen(
        [sys.executable, "-m", "tests.lab", "test", *SESSIONS[name], *arguments],
        cwd=paths.REPO,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        preexec_fn=settle_in,
    )


def _tell_end(name, process, over):
    code = process.wait()
    if not over.is_set():
        say(f"{name}: {_how(code)}; what that session said comes at the end")


def _how(code):
    return {0: "passed", NO_TESTS: "none wanted"}.get(code, f"FAILED ({code})")
