"""Which programs a command starts, and they in turn, as strace sees it."""

import re
from pathlib import Path

# Pacemaker's and corosync's own tools, and pcs: what a converged run must hardly use.
PCS = {"pcs"}
CLUSTER_TOOLS = re.compile(
    r"^(cibadmin|crm[a-z_]+|crmadmin|stonith_admin|attrd_updater|corosync-[a-z-]+)$"
)
EXECVE = re.compile(r'execve\("([^"]+)", \[(.*)\], .*= 0$')


class ExecLog:
    """Run commands under strace: ``log.wrap(argv)`` is what to run, then ask ``log.commands()``."""

    def __init__(self, path):
        self.path = Path(path)

    def wrap(self, argv):
        """The argument list that runs ``argv`` and writes down every exec below it."""
        return [
            "strace", "-f", "-qq", "-e", "trace=execve", "-e", "signal=none", "-s", "512",
            "-o", str(self.path), *argv,
        ]  # fmt: skip

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
