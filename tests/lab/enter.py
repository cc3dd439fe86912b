"""The lab's own namespaces, and the process that keeps them.

    the command -> unshare -> init (process 1) -> the same command again, inside

Whatever way the command ends, by itself, by Ctrl-C or by SIGKILL, the kernel ends
process 1 with it, and with process 1 all other processes, mounts and networks.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.lab import paths

MARK = "HANFS_LAB_INSIDE"
INSIDE = "--inside"
CGROUP = "HANFS_LAB_CGROUP"
CGROUP_PREFIX = "hanfs-lab-"
CGROUPS = Path("/sys/fs/cgroup")
_PR_SET_PDEATHSIG = 1


def inside():
    """Whether this process runs in a lab's namespaces."""
    return os.environ.get(MARK) == "1"


def run(arguments):
    """Run ``python3 -m tests.lab ARGUMENTS`` inside new namespaces; return its exit code."""
    command = [
        "unshare", "--pid", "--mount", "--net", "--uts", "--ipc",
        "--fork", "--kill-child", "--mount-proc",
        sys.executable, "-m", "tests.lab", INSIDE, *arguments,
    ]  # fmt: skip
    environment = {
        **os.environ,
        MARK: "1",
        CGROUP: f"{CGROUP_PREFIX}{os.getpid()}",
        "TMPDIR": str(paths.TEMPORARY),
    }
    libc = ctypes.CDLL(None)
    process = subprocess.Popen(
        command,
        cwd=paths.REPO,
        env=environment,
        preexec_fn=lambda: libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL),
    )
    record = paths.RUNNING / str(os.getpid())
    # Ctrl-C reaches the inside by itself, as a member of the terminal's process group.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, frame: _signal_init(process, signal.SIGTERM))
    try:
        init = _init_of(process)
        if init:
            paths.RUNNING.mkdir(exist_ok=True)
            record.write_text(str(init))
        code = process.wait()
    finally:
        record.unlink(missing_ok=True)
        remove_cgroups()
    return code if code >= 0 else 128 - code


def running():
    """The labs that run now: a dict of starting process -> process 1, as seen from outside."""
    found = {}
    for path in paths.RUNNING.glob("*"):
        command = Path("/proc", path.name, "cmdline")
        if command.exists() and b"tests.lab" in command.read_bytes():
            found[int(path.name)] = int(path.read_text())
        else:
            path.unlink(missing_ok=True)
    return found


def down(timeout=60):
    """End every running lab in order; return how many there were."""
    labs = running()
    for starter in labs:
        os.kill(starter, signal.SIGTERM)
    deadline = time.monotonic() + timeout
    while running() and time.monotonic() < deadline:
        time.sleep(0.2)
    for starter in running():
        os.kill(starter, signal.SIGKILL)
    return len(labs)


def init(main):
    """Be process 1 of the lab: run ``main()`` in a child, bury orphans, end with the child."""
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGTERM, _exit_on_signal)
        _set_up()
        os._exit(_code_of(main))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, frame: os.kill(child, signal.SIGTERM))
    while True:
        pid, status = os.wait()
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def _code_of(main):
    try:
        code = main()
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except KeyboardInterrupt:
        code = 130
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return code or 0


def _exit_on_signal(number, frame):
    raise KeyboardInterrupt


def _set_up():
    _mount("tmpfs", "/run", "mode=755,size=80%")
    # A sysfs shows the network cards of the namespace that it was mounted in.
    _mount("sysfs", "/sys")
    # One version of cgroups for all nodes, whatever the machine itself uses.
    _mount("cgroup2", str(CGROUPS))
    for directory in (paths.SCRATCH, paths.TEMPORARY, Path("/run/netns"), cgroup()):
        directory.mkdir(exist_ok=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def _mount(kind, target, options=""):
    more = ["-o", options] if options else []
    subprocess.run(["mount", "-t", kind, *more, kind, target], check=True)


def cgroup():
    """Directory of this lab's control group, seen from inside."""
    return CGROUPS / os.environ[CGROUP]


def remove_cgroups():
    """Remove the control groups that this lab and labs that were killed left."""
    for line in open("/proc/self/mounts"):
        _, target, kind = line.split()[:3]
        if kind == "cgroup2":
            for group in Path(target).glob(f"{CGROUP_PREFIX}*"):
                starter = group.name[len(CGROUP_PREFIX) :]
                if starter == str(os.getpid()) or not Path("/proc", starter).exists():
                    remove_cgroup(group)


def remove_cgroup(group):
    """Remove a control group with all below it, as far as no process is left in it."""
    for directory, _, _ in os.walk(group, topdown=False):
        try:
            os.rmdir(directory)
        except OSError:
            pass


def _init_of(unshare):
    """Process 1 of the lab that ``unshare`` makes, as seen from outside, or None."""
    children = Path("/proc", str(unshare.pid), "task", str(unshare.pid), "children")
    for _ in range(100):
        try:
            if text := children.read_text().split():
                return int(text[0])
        except OSError:
            return None
        time.sleep(0.02)
    return None


def _signal_init(unshare, number):
    if pid := _init_of(unshare):
        os.kill(pid, number)
