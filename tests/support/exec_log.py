"""Which programs running processes and their children start, as strace sees it."""

import os
import re
import subprocess
from pathlib import Path

from tests.lab.wait import wait_until

# Pacemaker's and corosync's own tools, and pcs: what a converged run must hardly use.
PCS = {"pcs"}
CLUSTER_TOOLS = re.compile(
    r"^(cibadmin|crm[a-z_]+|crmadmin|stonith_admin|attrd_updater|corosync-[a-z-]+)$"
)
EXECVE = re.compile(r'execve\("([^"]+)", \[(.*)\], .*= 0$')


class ExecLog:
    """``log.start(); ...; log.stop(); log.commands()`` about the processes ``pids``."""

    def __init__(self, pids, path):
        self.pids = list(pids)
        self.path = Path(path)
        self._strace = None

    def start(self):
        """Return when strace has hold of every process."""
        attach = [word for pid in self.pids for word in ("-p", str(pid))]
        self._strace = subprocess.Popen(
            ["strace", "-f", "-qq", "-e", "trace=execve", "-e", "signal=none", "-s", "512",
             "-o", str(self.path), *attach],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        wait_until(self._traced, 20, "strace to hold the processes", interval=0.1)

    def _traced(self):
        tracers = {pid: _status(pid).get("TracerPid") for pid in self.pids}
        return set(tracers.values()) == {str(self._strace.pid)}, tracers

    def stop(self):
        self._strace.terminate()
        self._strace.wait(30)

    def commands(self):
        """Every successful exec: (program's base name, its arguments as strace shows them)."""
        return parse(self.path.read_text(errors="replace"))

    def cluster_tools(self):
        """The base names of Pacemaker's and corosync's tools that were started, in order."""
        return [name for name, _ in self.commands() if CLUSTER_TOOLS.match(name)]

    def pcs(self):
        """The arguments of the pcs processes that were started."""
        return [arguments for name, arguments in self.commands() if name in PCS]


def parse(text):
    """Read strace's output: a list of (base name, argument text) for each successful execve."""
    started, open_calls = [], {}
    for line in text.splitlines():
        pid, _, call = line.partition(" ")
        call = call.strip()
        # A call is split in two when another process is traced in between.
        if call.endswith("<unfinished ...>"):
            open_calls[pid] = call[: -len("<unfinished ...>")]
        elif call.startswith("<... execve resumed>"):
            call = open_calls.pop(pid, "") + call[len("<... execve resumed>") :]
        found = EXECVE.search(call)
        if found:
            started.append((Path(found.group(1)).name, found.group(2)))
    return started


def service_processes(node, program):
    """Numbers, as the lab sees them, of the processes of a container that run ``program``."""
    namespace = os.readlink(f"/proc/{node.init}/ns/pid")
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if not entry.name.isdigit() or os.readlink(entry / "ns/pid") != namespace:
                continue
            if program.encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    assert found, f"no process of {program} on {node.name}"
    return found


def _status(pid):
    text = Path(f"/proc/{pid}/status").read_text()
    return dict(re.split(r":\s*", line, maxsplit=1) for line in text.splitlines() if ":" in line)
