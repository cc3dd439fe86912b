"""How a state's own time and its processes are counted on a node."""

from __future__ import annotations

import json
import subprocess
import time

from tests.bench.figures import median
from tests.lab import paths
from tests.support.engine import TREE
from tests.support.exec_log import ExecLog

STATES = f"{TREE}/states"


class Calls:
    """``salt-call state.apply`` on one node, each in a process of its own.

    ``salt`` is the virtual environment and ``config`` the configuration directory to call with.
    """

    def __init__(self, node, salt=paths.SALT_VENV, config="/etc/salt"):
        self.node = node
        self._command = [f"{salt}/bin/salt-call", "-c", config, "--out=json", "--log-level=error"]
        self.put("nothing", {})

    def put(self, name, states):
        """Write an SLS: ``states`` maps ids to what stands below them; an empty one is first."""
        first = {"an empty state": {"test.nop": [{"order": 1}]}}
        self.node.put(f"{STATES}/{name}.sls", json.dumps({**first, **states}))

    def apply(self, name, log=None, test=False):
        """The states' returns, in their order."""
        words = [*self._command, "state.apply", name, *(["test=True"] if test else [])]
        command = self.node.command(words)
        done = subprocess.run(
            log.wrap(command) if log else command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
        )
        try:
            states = json.loads(done.stdout[done.stdout.index("{") :])["local"]
            return sorted(states.values(), key=lambda state: state["__run_num__"])
        except (ValueError, KeyError, AttributeError) as err:
            raise RuntimeError(f"{words}: {done.stdout[-2000:]}{done.stderr[-2000:]}") from err

    def seconds(self, name, times):
        """Median of the states' own seconds over the empty state in the same process."""
        found = []
        for _ in range(times):
            empty, *states = self.apply(name)
            found.append((sum(s["duration"] for s in states) - empty["duration"]) / 1000)
        return median(found), states

    def processes(self, name, test=False):
        """How many programs the states start, and which of Pacemaker's tools and pcs."""
        logs = []
        for one in ("nothing", name):
            log = ExecLog(paths.TEMPORARY / f"exec-{one}")
            self.apply(one, log, test=test)
            logs.append(log)
        count = len(logs[1].commands()) - len(logs[0].commands())
        return count, logs[1].cluster_tools() + ["pcs"] * len(logs[1].pcs())


def timed(function, *args, **options):
    """Seconds of a call, and its return."""
    began = time.monotonic()
    returned = function(*args, **options)
    return time.monotonic() - began, returned
