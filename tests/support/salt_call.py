"""Run ``salt-call --local`` of a release of Salt with the project's modules, on a CIB file.

Salt runs on this machine, with the modules synchronised into its cache as on a minion; the
cluster's tools are those of a root file system, through programs of their names that go there.

.. code-block:: python

    call = SaltCall("3006", directory, tools)
    call("pcs.prop_show", "no-quorum-policy")
    call.states(sls)                            # [result of each state, in order]
"""

import json
import os
import subprocess
from pathlib import Path

from tests.lab import paths

SYSTEM = "/usr/sbin:/usr/bin:/sbin:/bin"
PROGRAMS = (
    "pcs",
    "cibadmin",
    "crm_diff",
    "crm_mon",
    "crm_resource",
    "crm_simulate",
    "crm_verify",
)


class SaltCall:
    """One minion without a master: its configuration, cache and modules below ``directory``."""

    def __init__(self, release, directory, tools=None):
        self.directory = Path(directory)
        self.program = paths.salt_venv(release) / "bin" / "salt-call"
        self.roots = self.directory / "srv"
        self.cache = self.directory / "cache"
        self.roots.mkdir(parents=True)
        for name in ("_modules", "_states"):
            (self.roots / name).symlink_to(paths.REPO / name)
        (self.directory / "minion").write_text(
            json.dumps(
                {
                    "id": "drop-in",
                    "file_client": "local",
                    "root_dir": str(self.directory),
                    "cachedir": str(self.cache),
                    "pki_dir": str(self.directory / "pki"),
                    "log_file": str(self.directory / "log"),
                    "file_roots": {"base": [str(self.roots)]},
                    "enable_fqdns_grains": False,
                }
            )
        )
        self.env = {**os.environ, "PYTHONWARNINGS": "ignore"}
        self.synchronised = self("saltutil.sync_all")
        self.bin = self.directory / "bin"
        self.bin.mkdir()
        if tools:
            self.use(tools)

    def use(self, tools):
        """Let these be the cluster's tools, and their file the cluster."""
        for program in PROGRAMS:
            path = self.bin / program
            way = " ".join(f"'{word}'" for word in tools.prefix)
            # without this directory in PATH, which is seen inside, too
            path.write_text(f'#!/bin/sh\nPATH={SYSTEM}\nexec {way} {program} "$@"\n')
            path.chmod(0o755)
        self.env.update(tools.env, PATH=f"{self.bin}:{os.environ['PATH']}")

    def __call__(self, *arguments, check=True):
        command = [str(self.program), "-c", str(self.directory), "--local", "-l", "quiet"]
        done = subprocess.run(
            [*command, "--out=json", *arguments],
            env=self.env,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=120,
        )
        assert not check or done.stdout.lstrip().startswith("{"), done.stdout + done.stderr
        return json.loads(done.stdout)["local"]

    def states(self, sls, test=False):
        """Apply an SLS given as text; the results in the order in which they were run."""
        (self.roots / "drop_in.sls").write_text(sls)
        found = self("state.apply", "drop_in", *(["test=True"] if test else []))
        assert isinstance(found, dict), found
        return sorted(found.values(), key=lambda ret: ret["__run_num__"])
