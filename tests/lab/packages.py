"""The nodes' package repository: a directory of .deb files that needs no network."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import subprocess
from email.utils import formatdate

from tests.lab import paths

DEFAULTS = paths.REPO / "hanfs" / "defaults.yaml"
# Besides the formula's own: what tests look with, and iptables, which ocf:heartbeat:portblock
# runs and no package of Debian's asks for. fence-virt has fence_xvm, which a site may name.
EXTRA = ("strace", "iptables", "fence-virt")
# In the nodes' repository like the others, but installed by a test only: an sbd that nobody
# configured keeps pacemaker from starting.
ON_DEMAND = ("corosync-qdevice", "corosync-qnetd", "sbd")


@functools.cache
def formula_packages(release="12"):
    """Names of the packages that the formula installs on a node with that Debian, a sorted list.

    Without those of ON_DEMAND, which it installs only where pillar asks for them, and those that
    only machines with SELinux need.
    """
    script = "import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)"
    done = subprocess.run(
        [str(paths.TEST_VENV / "bin" / "python"), "-c", script],
        input=DEFAULTS.read_text(),
        capture_output=True,
        text=True,
        check=True,
    )
    blocks = json.loads(done.stdout)
    merged = {}
    # As in map.jinja: later blocks win.
    for block in ("default", "Debian", f"Debian-{release}"):
        merged.update(blocks.get(block) or {})
    keys = [key for key in merged if key.endswith("_packages") and key != "selinux_packages"]
    return sorted({name for key in keys for name in merged[key]} - set(ON_DEMAND))


def write_index(directory):
    """Write the files ``Packages`` and ``Release`` that make ``directory`` a repository for apt."""
    entries = []
    for deb in sorted(directory.glob("*.deb")):
        control = subprocess.run(
            ["dpkg-deb", "--field", str(deb)], capture_output=True, text=True, check=True
        ).stdout.rstrip("\n")
        digest = hashlib.sha256(deb.read_bytes()).hexdigest()
        entries.append(
            f"{control}\nFilename: ./{deb.name}\nSize: {os.path.getsize(deb)}\nSHA256: {digest}\n"
        )
    index = "\n".join(entries)
    (directory / "Packages").write_text(index)
    digest = hashlib.sha256(index.encode()).hexdigest()
    date = formatdate(usegmt=True)
    (directory / "Release").write_text(
        f"Origin: lab\nDate: {date}\nSHA256:\n {digest} {len(index.encode())} Packages\n"
    )
