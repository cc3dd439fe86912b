"""What all root file systems of nodes have in common, and how they are built."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess

from tests.lab.sources import debian_sources

BASE_PACKAGES = tuple(
    "systemd systemd-sysv udev dbus kmod openssh-server python3 ca-certificates apt-utils "
    "iproute2 iputils-ping iputils-arping procps".split()
)

# What Debian would unpack and nobody reads in a lab; the nodes keep these settings.
DPKG_OPTIONS = (
    "force-unsafe-io",
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/doc/*",
    "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/locale/*",
)

# Upkeep that has nothing to keep up here. Nothing of the cluster, of course.
MASKED_UNITS = tuple(
    "apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer "
    "e2scrub_reap.service fstrim.timer systemd-tmpfiles-clean.timer getty.target "
    "console-getty.service systemd-networkd.service systemd-resolved.service".split()
)


def minion_unit(venv):
    """Text of the unit that runs the Salt minion of the virtual environment ``venv``."""
    return f"""\
[Unit]
Description=Salt minion
After=network.target

[Service]
ExecStart={venv}/bin/salt-minion
KillMode=process
LimitNOFILE=8192
Restart=on-failure

[Install]
WantedBy=multi-user.target
"""


def recipe(*parts):
    """A short hash of these texts, which decide what a thing in the cache is made of."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]


def run_logged(command, work, cwd=None):
    """Run ``command`` in ``cwd``, with its output in a file of the directory ``work``.

    When it fails, a RuntimeError shows the end of that file.
    """
    log = work / "build.log"
    with open(log, "ab") as handle:
        done = subprocess.run(
            command,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=handle,
            stderr=handle,
            env={**os.environ, "LC_ALL": "C"},
        )
    if done.returncode:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-25:])
        raise RuntimeError(f"{command[0]} exited with {done.returncode}:\n{tail}")


@contextlib.contextmanager
def sources_of_debian(root, suite):
    """While this lasts, apt in the tree ``root`` (a path) gets packages of ``suite`` from Debian.

    Yields a function that runs apt-get there with its arguments.
    """
    sources, resolv = root / "etc/apt/sources.list", root / "etc/resolv.conf"
    own = sources.read_text()
    sources.write_text("\n".join(debian_sources(suite)) + "\n")
    shutil.copy("/etc/resolv.conf", resolv)

    def apt_get(*words):
        quiet = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y"]
        options = ["-o", "Dpkg::Use-Pty=0", "--no-install-recommends"]
        run_logged(["chroot", str(root), *quiet, *options, *words], root.parent)

    try:
        apt_get("update")
        yield apt_get
        apt_get("clean")
    finally:
        sources.write_text(own)
        resolv.write_text("")
