"""A stand-in for the ``pcs`` command and the files around it, for tests of what we make of them.

The command is a real process with real standard input, in a directory of its own put in front of
PATH. What it answers are files that the test writes; every call is logged.

.. code-block:: python

    node = Node(tmp_path, monkeypatch)                # pcs 0.11, no cluster
    node.answer("status pcsd", "  nfs-server1: Online", code=2)
    node.conf(text)                                   # /etc/corosync/corosync.conf
    node.calls                                        # ["status pcsd nfs-server1", ...]
    node.stdin("host auth")                           # what the last such call read
"""

import os
import types
from pathlib import Path

from tests.support.salt_modules import load

_0_10 = (
    "cluster.create cluster.create.separated-name-and-address pcs.auth.client "
    "node.add.separated-name-and-address corosync.config.update corosync.link.add "
    "pcs.auth.deauth-server"
)
_0_11 = f"{_0_10} cluster.config.uuid corosync.totem.block_unlisted_ips"
# Of each pcs the ids that matter here; all are in its own pcsd/capabilities.xml.
CAPABILITIES = {
    "0.9": "cluster.create pcs.auth pcs.auth.clear corosync.config.set",
    "0.10": _0_10,
    "0.11": _0_11,
    "0.12": f"{_0_11} pcs.yes-to-confirm-commands",
}

SCRIPT = """#!/bin/sh
cd "{answers}" || exit 99
echo "$*" >> ../log
name=$(echo "$1 $2" | tr ' ' '_')
cat > "../stdin.$name"
[ -f "./$name.$3" ] && name="$name.$3"
[ -f "./$name" ] || exit 1
[ -f "./$name.copy" ] && cp "./$name.copy" "$(cat "./$name.to")"
sed 1d "./$name"
exit "$(head -n 1 "./$name")"
"""


class Clock:
    """Time that passes only in sleep(); stands for the module ``time``."""

    def __init__(self, on_sleep=None):
        self.now = 0.0
        self.slept = []
        self.on_sleep = on_sleep

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds
        self.slept.append(seconds)
        if self.on_sleep:
            self.on_sleep(self)


class Node:
    """One machine: its files below ``tmp_path``, its pcs, and the loaded world."""

    def __init__(self, tmp_path, monkeypatch, pcs="0.11", hostname="nfs-server1", **world):
        self.root = Path(tmp_path)
        self.answers = self.root / "answers"
        self.answers.mkdir()
        for name in ("bin", "cib"):
            (self.root / name).mkdir()
        if pcs:
            script = self.root / "bin" / "pcs"
            script.write_text(SCRIPT.format(answers=self.answers))
            script.chmod(0o755)
            self.answer("--version --full", f"{pcs}.5\n{CAPABILITIES[pcs]}")
        monkeypatch.setenv("PATH", f"{self.root / 'bin'}:/usr/bin:/bin")
        self.clock = Clock()
        self.world = load(**world)
        self.salt, self.library = self.world.salt, self.world.library
        self.salt.setdefault("shadow.info", lambda name: {"name": name, "passwd": "$6$a$b"})
        self.salt.setdefault("service.enabled", lambda name: False)
        self.state = self._all_states()
        paths = {
            "COROSYNC_CONF": "corosync.conf",
            "KNOWN_HOSTS": "known-hosts",
            "TOKENS": "tokens",
            "MARK": "tokens-are-of-password",
            "CLUSTER_KEY": "authkey",
            "CIB_DIRECTORY": "cib",
        }
        for file in vars(self.library).values():
            for constant, name in paths.items():
                if hasattr(file, constant):
                    setattr(file, constant, str(self.root / name))
            if hasattr(file, "time"):
                file.time = self.clock
        self.library._pcs_sbd.CONFIGS = (str(self.root / "sbd"),)
        uname = os.uname()
        monkeypatch.setattr(
            os, "uname", lambda: os.uname_result((uname.sysname, hostname, *uname[2:]))
        )

    @property
    def machine(self):
        """As a public module makes it for each call: with what the test has replaced by now."""
        world = self.world
        return self.library._cib_minion.machine(
            world.salt, world.opts, world.grains, world.pillar, world.context, world.opts["test"]
        )

    def _all_states(self):
        """The state functions of all files called ``pcs``, as Salt's loader merges them."""
        merged = types.SimpleNamespace()
        for file in vars(self.world.states).values():
            if getattr(file, "__virtualname__", None) == "pcs":
                vars(merged).update(
                    {
                        name: value
                        for name, value in vars(file).items()
                        if isinstance(value, types.FunctionType) and not name.startswith("_")
                    }
                )
        return merged

    def answer(self, command, text="", code=0, copy=None, to=None):
        """What pcs prints and returns for a command, and a file it makes then."""
        words = command.split()
        path = self.answers / "_".join(words[:2])
        if words[2:]:
            path = path.with_name(f"{path.name}.{words[2]}")
        path.write_text(f"{code}\n{text}\n")
        if copy is not None:
            path.with_name(path.name + ".copy").write_text(copy)
            path.with_name(path.name + ".to").write_text(str(self.root / to))

    def conf(self, text):
        (self.root / "corosync.conf").write_text(text)

    def known_hosts(self, text):
        (self.root / "known-hosts").write_text(text)

    @property
    def calls(self):
        log = self.root / "log"
        return log.read_text().splitlines() if log.exists() else []

    def stdin(self, command):
        return (self.root / f"stdin.{'_'.join(command.split())}").read_text()
