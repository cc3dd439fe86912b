"""Run the real ``pcs`` and Pacemaker's tools on configuration files, with no cluster.

They come from the lab's root file systems, one for each version of pcs, or from this machine when
it has them. A command sees the test's own directory under the same path (see ``tool_root``; all
directories that pytest's ``tmp_path`` gives are seen). A pcs command costs 10-150 ms, since real
pcs runs it in a fork of a process that has imported it (see ``pcs_server``); the other tools cost
what they cost anywhere, 20-40 ms.

For a test on each version, ids ``0.10``, ``0.11`` and ``0.12``:

.. code-block:: python

    @pytest.fixture(params=VERSIONS)
    def tools(request, tmp_path):
        return for_version(request.param, tmp_path)

    def test_it(tools):
        tools.pcs("property set stonith-enabled=false", ["tag", "create", "t", "A", "B"])
        assert "t" in tools.text()
        tools.run("crm_verify", "--xml-file", str(tools.cib))
        world = tools.world()                       # the modules, with this file as the cluster's
        world.salt["cib.apply"](description, wait=0)
        other = tools.another("engine.xml")         # an empty configuration beside it
        if tools.version == "0.10":                 # where versions differ by design

The first command on a version costs a second (its root is entered, pcs imported), once a session.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support import tool_root
from tests.support.salt_modules import Runner, load

# Version of pcs -> the root file system that has it.
ROOTS = {"0.10": "bullseye", "0.11": "installed", "0.12": "trixie"}
VERSIONS = tuple(ROOTS)
DEFAULT = "0.11"

_EMPTY_CIB = (
    '<cib crm_feature_set="{}" validate-with="{}" admin_epoch="0" epoch="0" '
    'num_updates="0"><configuration>'
    "<crm_config/><nodes/><resources/><constraints/></configuration><status/></cib>"
)
# Pacemaker's tools refuse a configuration that a newer Pacemaker wrote.
EMPTY_CIBS = {
    "0.10": _EMPTY_CIB.format("3.6.1", "pacemaker-3.5"),
    "0.11": _EMPTY_CIB.format("3.16.1", "pacemaker-3.1"),
    "0.12": _EMPTY_CIB.format("3.20.0", "pacemaker-4.0"),
}
EMPTY_CIB = EMPTY_CIBS[DEFAULT]


def find_root(version=DEFAULT):
    """The root file system with that pcs; ``/`` for this machine, None if there is none."""
    given = os.environ.get("HANFS_TEST_ROOT") if version == DEFAULT else None
    if given:
        return Path(given)
    try:
        from tests.lab import image

        root = image.root(ROOTS[version])
    except (ImportError, OSError):
        root = None
    if root is not None and (root / "usr/sbin/pcs").exists():
        return root
    here = version == DEFAULT and shutil.which("pcs") and shutil.which("crm_diff")
    return Path("/") if here else None


def for_version(version, directory, name="cib.xml"):
    """The :class:`Tools` of one of ``VERSIONS``; skips the test where there are none."""
    root = find_root(version)
    if root is None:
        pytest.skip(f"no root file system with pcs {version}: python3 -m tests.lab prepare")
    return Tools(root, directory, name, version)


class _Runner(Runner):
    """Runs commands where the tools are, and ``pcs`` without the second that its start takes."""

    def __init__(self, tools):
        super().__init__(tools.prefix, tools.env)
        self._tools = tools

    def __call__(self, cmd, stdin=None, env=None, **more):
        if cmd[0] != "pcs":
            return super().__call__(cmd, stdin=stdin, env=env, **more)
        self.commands.append(list(cmd))
        self.stdins.append(stdin)
        done = self._tools.pcs_command(*cmd[1:], stdin=stdin, env=env)
        return {"retcode": done.returncode, "stdout": done.stdout, "stderr": done.stderr}


class Tools:
    """One configuration file, the commands that work on it, and modules that think it is live."""

    def __init__(self, root, directory, name="cib.xml", version=DEFAULT):
        self.version = version
        self.directory = Path(directory)
        self.cib = self.directory / name
        self.cib.write_text(EMPTY_CIBS[version])
        self._entered = tool_root.entered(root, self.directory)
        self.prefix = self._entered.prefix
        self.env = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "LC_ALL": "C.UTF-8",
            "CIB_file": str(self.cib),
        }

    def another(self, name):
        """The same tools on another file."""
        other = object.__new__(Tools)
        other.__dict__.update(self.__dict__)
        other.cib = self.directory / name
        other.cib.write_text(EMPTY_CIBS[self.version])
        other.env = {**self.env, "CIB_file": str(other.cib)}
        return other

    def run(self, *command, check=True, stdin=None):
        """Run one of Pacemaker's tools on the file."""
        done = subprocess.run(
            [*self.prefix, *command],
            env={**os.environ, **self.env},
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
        )
        assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done

    def pcs(self, *commands, check=True, stdin=None):
        """Run pcs commands on the file; each is a line, or a list of arguments."""
        for command in commands:
            words = command.split() if isinstance(command, str) else command
            done = self.pcs_command("-f", str(self.cib), *words, stdin=stdin)
            assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done

    def pcs_command(self, *arguments, stdin=None, env=None):
        """Run ``pcs`` with just these arguments; return a CompletedProcess with text."""
        return self._entered.pcs(arguments, {**os.environ, **self.env, **(env or {})}, stdin)

    def world(self, **more):
        """The modules, with this file as the cluster's configuration; ``more`` is ``load``'s."""
        return load(run=_Runner(self), opts={"test": False}, **more)

    def text(self):
        return self.cib.read_text()
