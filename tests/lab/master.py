"""A Salt master of the lab's own, as an operator would run one.

It serves the formula from this checkout and one pillar tree, accepts the lab's
minions, and is reached with the ordinary ``salt`` command.
"""

import json
import os
import subprocess
import threading
from pathlib import Path

from tests.lab import network, paths
from tests.lab.wait import wait_until

SERVED = ("hanfs", "_modules", "_states", "_beacons", "_runners")


def serve_formula(directory):
    """Make ``directory`` a state tree with what of this repository a master serves."""
    Path(directory).mkdir(parents=True, exist_ok=True)
    for name in SERVED:
        link = Path(directory) / name
        if not link.is_symlink():
            link.symlink_to(paths.REPO / name)


def write_pillar(directory, pillar):
    """Make ``directory`` a pillar tree; ``pillar`` maps targets (minion ids, globs) to data."""
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    for old in directory.iterdir():
        old.unlink()
    top = {}
    for number, (target, data) in enumerate(pillar.items()):
        path = directory / f"part{number}.sls"
        path.touch(mode=0o600)
        path.write_text(json.dumps(data))
        top[target] = [path.stem]
    (directory / "top.sls").write_text(json.dumps({"base": top}))


class Master:
    """``salt-master`` from a virtual environment, with its files under ``directory``."""

    def __init__(self, directory, venv, pillar, address=network.MASTER):
        """``pillar`` maps a target (a minion id or glob) to that target's pillar."""
        self.directory = Path(directory)
        self.bin = Path(venv) / "bin"
        self.address = address
        self._process = None
        self._events = None
        (self.directory / "etc").mkdir(parents=True, exist_ok=True)
        serve_formula(self.directory / "states")
        write_pillar(self.directory / "pillar", pillar)
        (self.directory / "etc" / "master").write_text(json.dumps(self._config(), indent=1))

    def _config(self):
        return {
            "interface": self.address,
            "user": "root",
            "root_dir": str(self.directory),
            "pki_dir": str(self.directory / "pki"),
            "file_roots": {"base": [str(self.directory / "states")]},
            "pillar_roots": {"base": [str(self.directory / "pillar")]},
            "auto_accept": True,
            "worker_threads": 3,
            "state_events": True,
            # Lab machines may be slow to say that a job still runs.
            "timeout": 60,
            "gather_job_timeout": 120,
            "log_level_logfile": "warning",
        }

    def _command(self, program, *args):
        return [str(self.bin / program), "-c", str(self.directory / "etc"), *args]

    def start(self):
        log = open(self.directory / "master.out", "ab")
        self._process = subprocess.Popen(
            self._command("salt-master", "-l", "warning"),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=self._environment(),
        )
        log.close()
        return self

    @staticmethod
    def _environment():
        return {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"}

    def salt(self, *args, timeout=900, check=True):
        """Run ``salt ARGS --out=json`` and return one dict: minion to its return.

        ``timeout``, in seconds, is Salt's own too: before it has passed nobody asks a busy
        machine whether it is still at work, and takes its silence for a no.
        """
        done = subprocess.run(
            self._command(
                "salt", f"--timeout={timeout}", *args, "--out=json", "--static", "--log-level=error"
            ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout + 300,
            env=self._environment(),
        )
        start = done.stdout.find("{")
        try:
            data = json.loads(done.stdout[start:]) if start >= 0 else {}
        except ValueError:
            data = {}
        if check and not data:
            raise RuntimeError(
                f"salt {' '.join(args)} exited with {done.returncode} and no data:\n"
                f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
            )
        return data

    def wait_for_minions(self, minions, timeout):
        """Wait until every minion answers ``test.ping``."""

        def answered():
            known = self.directory / "pki" / "minions"
            here = {path.name for path in known.glob("*")} if known.is_dir() else set()
            missing = set(minions) - here
            if missing:
                return False, f"no key yet from {', '.join(sorted(missing))}"
            up = self.salt("-L", ",".join(minions), "test.ping", timeout=20, check=False)
            silent = [name for name in minions if up.get(name) is not True]
            return not silent, f"no answer from {', '.join(silent)}"

        wait_until(answered, timeout, "the minions to answer the master")

    def follow_progress(self, report):
        """Call ``report(minion, state_id, result)`` as each state ends, until ``stop``."""
        self._events = subprocess.Popen(
            self._command(
                "salt-run", "state.event", "tagmatch=salt/job/*/prog/*", "--log-level=error"
            ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=self._environment(),
        )
        threading.Thread(target=self._read_events, args=(report,), daemon=True).start()

    def _read_events(self, report):
        for line in self._events.stdout:
            _, _, text = line.partition("\t")
            try:
                event = json.loads(text)
                report(event["id"], *_ended_state(event))
            except (ValueError, KeyError, TypeError, AttributeError):
                continue

    def stop(self):
        """End the processes that this object started."""
        for process in (self._events, self._process):
            if process is None or process.poll() is not None:
                continue
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(30)


def _ended_state(event):
    """Id and result of the state that a progress event tells of."""
    state = event["data"]["ret"]
    return state["__id__"], state["result"]
