"""However a lab's command ends, nothing of the lab outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.lab import enter, paths
from tests.lab.disk import image_behind
from tests.lab.wait import wait_until

# Others may have the processors.
SECONDS = 60
MARK = "only-in-the-lab-that-is-about-to-end"
LAB = textwrap.dedent(
    """
    import subprocess, sys
    from tests.lab.pair import Pair
    pair = Pair("bare", minion=False).start()
    print(pair.disk.path, flush=True)
    subprocess.run(["sleep", "600"], env={"MARK": sys.argv[1]})
    """
)


@pytest.fixture
def lab():
    """A lab with a running pair, inside this one: the process that a person would have started."""
    command = ["/usr/bin/python3", "-m", "tests.lab", "run", "/usr/bin/python3", "-c", LAB, MARK]
    process = subprocess.Popen(
        command,
        cwd=paths.REPO,
        env={**os.environ, "PYTHONPATH": str(paths.REPO)},
        stdout=subprocess.PIPE,
        stderr=sys.stderr,
        text=True,
        start_new_session=True,
        # A shell's background jobs ignore it, this run perhaps among them; a person's command not.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    # behind what is told of its preparation
    lines = iter(process.stdout.readline, "")
    process.disk = next(line.strip() for line in lines if line.startswith("/dev/loop"))
    process.image = image_behind(process.disk)
    assert marked() and process.image
    yield process
    if process.poll() is None:
        process.kill()
    process.wait()


def marked():
    """Processes that have the mark among their arguments or variables."""
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            text = (directory / "cmdline").read_bytes() + (directory / "environ").read_bytes()
        except OSError:
            continue
        if MARK.encode() in text and int(directory.name) != os.getpid():
            found.append(directory.name)
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_outlives_the_command(lab, number):
    if number == signal.SIGINT:  # Ctrl-C is for the terminal's whole process group
        os.killpg(lab.pid, number)
    else:
        lab.send_signal(number)
    assert lab.wait(timeout=SECONDS) != 0
    wait_until(lambda: (not marked(), marked()), SECONDS, "its processes to end")
    wait_until(
        lambda: (image_behind(lab.disk) != lab.image, lab.image), SECONDS, "its disk to be detached"
    )


def test_down_ends_a_lab_in_order(lab):
    assert lab.pid in enter.running()
    assert enter.down() == 1
    assert lab.wait(timeout=SECONDS) != 0
    wait_until(lambda: (not marked(), marked()), SECONDS, "its processes to end")
    assert not enter.running()
