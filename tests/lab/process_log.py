"""Which processes end on a machine, and when: the kernel's own list of them, acct(5).

``ProcessLog`` puts this file on a machine and runs it there, where it needs nothing but Python's
standard library. It sees every process of the machine, whoever started it, and costs none.
"""

from __future__ import annotations

import ctypes
import os
import sys
import time
from pathlib import Path
from typing import NamedTuple

from_lab = __name__ != "__main__"
if from_lab:
    from tests.lab import paths

ON_MACHINE = "/root/process_log.py"
RECORDS = "/run/process-log"
RECORD = 64  # bytes of both versions
VERSION, FORKED = 1, 0x01  # the byte with the version; the flag of one that ran no program
COMMANDS = {2: (36, 53), 3: (48, 64)}  # version: where the name stands
PAUSE = 0.02


class Ended(NamedTuple):
    """One process: when it ended (epoch seconds), where, its program's name, whether it ran one."""

    when: float
    node: str
    name: str
    program: bool


def names(records):
    """The processes in acct(5)'s bytes ``records``: (name, whether it ran a program of its own)."""
    found = []
    for at in range(0, len(records) - RECORD + 1, RECORD):
        record = records[at : at + RECORD]
        begin, end = COMMANDS[record[VERSION] & 0x0F]
        name = record[begin:end].split(b"\0")[0].decode(errors="replace")
        found.append((name.replace(" ", "_") or "?", not record[0] & FORKED))
    return found


def read(node, lines):
    """What ``watch`` has printed on a node, as a list of Ended; a line that was cut off is left."""
    found = []
    for line in lines:
        words = line.split()
        if len(words) == 3 and line.endswith("\n"):
            found.append(Ended(float(words[0]), node, words[1], words[2] == "1"))
    return found


def watch():
    """Print a line for each process that ends, until the input ends: WHEN NAME PROGRAM."""
    libc = ctypes.CDLL(None, use_errno=True)
    Path(RECORDS).write_bytes(b"")
    if libc.acct(RECORDS.encode()):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    os.set_blocking(sys.stdin.fileno(), False)
    with open(RECORDS, "rb") as records:
        while os_read_ended(sys.stdin.fileno()) is False:
            when = time.time()
            for name, program in names(records.read()):
                print(f"{when:.3f} {name} {program:d}")
            sys.stdout.flush()
            time.sleep(PAUSE)
    libc.acct(None)


def os_read_ended(descriptor):
    """Whether the input has ended."""
    try:
        return os.read(descriptor, 1) == b""
    except BlockingIOError:
        return False


class ProcessLog:
    """The processes of ``machines`` for the length of a ``with``; then ``ended`` has them."""

    def __init__(self, machines):
        self.machines = machines
        self.ended = []
        self._running = []

    def __enter__(self):
        for machine in self.machines:
            machine.put(ON_MACHINE, Path(__file__).read_text())
            path = paths.SCRATCH / f"{machine.name}-processes"
            with open(path, "w") as output:
                process = machine.popen(["python3", ON_MACHINE], stdin=-1, stdout=output)
            self._running.append((machine, process, path))
        return self

    def __exit__(self, kind, error, trace):
        for machine, process, path in self._running:
            process.stdin.close()
            # One whose machine has lost its power ends with its connection.
            process.kill() if not machine.alive() else process.wait(timeout=60)
            process.wait()
            with open(path) as lines:
                self.ended += read(machine.name, lines)
        self.ended.sort()


if not from_lab:
    watch()
