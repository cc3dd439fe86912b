"""What containers and machines have in common: one interface for tests and the demo."""

from __future__ import annotations

import shlex
import subprocess

from tests.lab import network


class NodeError(RuntimeError):
    """A command on a node failed; the message has what it printed."""


class Node:
    """A computer of the lab. ``addresses`` maps each network to the node's address on it."""

    def __init__(self, name, number=None):
        self.name = name
        self.number = network.NUMBERS[name] if number is None else number
        self.addresses = network.addresses(self.number)

    def command(self, argv):
        """The argument list that runs ``argv`` in the node when it is run in the lab."""
        raise NotImplementedError

    def run(self, argv, stdin=None, timeout=600, check=True):
        """Run ``argv`` (a list) as root in the node; return a CompletedProcess with text.

        ``stdin`` is text or None, ``timeout`` in seconds. With ``check`` a failing
        command raises NodeError.
        """
        done = subprocess.run(
            self.command(argv),
            input="" if stdin is None else stdin,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
        )
        if check and done.returncode:
            raise NodeError(
                f"{self.name}: {shlex.join(argv)} exited with {done.returncode}:\n"
                f"{done.stdout[-4000:]}{done.stderr[-4000:]}"
            )
        return done

    def popen(self, argv, **streams):
        """Start ``argv`` (a list) as root in the node; return its Popen, with text streams."""
        return subprocess.Popen(self.command(argv), text=True, **streams)

    def put(self, path, text, mode=0o644):
        """Write ``text`` to the file ``path`` in the node."""
        script = f'umask 077; mkdir -p "${{0%/*}}" && cat >"$0" && chmod {mode:o} "$0"'
        self.run(["sh", "-c", script, path], stdin=text, timeout=120)

    def alive(self):
        """Whether the node is switched on (not whether it is well)."""
        raise NotImplementedError

    def power_off(self):
        """Cut its power: nothing in it gets to write or say another word."""
        raise NotImplementedError

    def stop(self):
        """Shut it down in order."""
        raise NotImplementedError

    def cut_link(self, name):
        """Pull its cable on the network ``name`` (lan, hb, mgmt)."""
        network.ip("link", "set", network.port(name, self.number), "down")

    def restore_link(self, name):
        """Plug its cable on the network ``name`` in again."""
        network.ip("link", "set", network.port(name, self.number), "up")
