"""What all root file systems of nodes have in common, and how they are built."""

from __future__ import annotations

import os
import subprocess

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
