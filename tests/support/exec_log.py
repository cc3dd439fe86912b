"""Which programs a running process and its children start, as strace sees it."""

import re
import subprocess
from pathlib import Path

from tests.lab.wait import wait_until

# Pacemaker's and corosync's own tools, and pcs: what a converged run must hardly use.
PCS = {"pcs"}
CLUSTER_TOOLS = re.compile(
    r"^(cibadmin|crm[a-z_]+|crmadmin|stonith_admin|attrd_updater|corosync-[a-z-]+)$"
)
EXECVE = re.compile(r'execve\("([^"]+)", \[(.*?)\](?:, [^)]*)?\)\s+= 0$')


class ExecLog:
    """``with ExecLog(pid, file) as log: ...; log.programs()``"""

    def __init__(self, pid, path):
        self.pid = pid
        self.path = Path(path)
        self._strace = None

    def __enter__(self):
        self._strace = subprocess.Popen(
            ["strace", "-f", "-qq", "-e", "trace=execve", "-e", "signal=none", "-s", "256",
             "-o", str(self.path), "-p", str(self.pid)],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip

        def traced():
            status = Path(f"/proc/{self.pid}/status").read_text()
            tracer = re.search(r"TracerPid:\s*(\d+)", status).group(1)
            return tracer == str(self._strace.pid), f"TracerPid {tracer}"

        wait_until(traced, 10, f"strace to trace process {self.pid}", interval=0.1)
        return self

    def __exit__(self, *_):
        self._strace.terminate()
        self._strace.wait(30)

    def commands(self):
        """Every successful exec: (program's base name, its arguments as strace shows them)."""
        return parse(self.path.read_text(errors="replace"))

    def cluster_tools(self):
        """The base names of Pacemaker's and corosync's tools that were started, in order."""
        return [name for name, _ in self.commands() if CLUSTER_TOOLS.match(name)]

    def pcs(self):
        """The pcs processes that were started."""
        return [arguments for name, arguments in self.commands() if name in PCS]


def parse(text):
    """Read strace's output: a list of (base name, argument text) for each successful execve."""
    started = []
    for line in text.splitlines():
        # strace splits a call in two when another process is traced in between.
        found = EXECVE.search(line)
        if found:
            started.append((Path(found.group(1)).name, found.group(2)))
    return started
