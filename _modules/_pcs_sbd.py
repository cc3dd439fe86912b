"""
SBD: fencing through a watchdog, with or without shared disks

Part of the module ``pcs``. pcs writes SBD's settings to all nodes at once; the file on this node
tells what they are.
"""

from __future__ import annotations

import re

import _pcs_argv
import _pcs_node
from _cib_errors import CommandExecutionError
from _cib_run import Machine
from _cib_values import Data

# Debian's place and Red Hat's.
CONFIGS = ("/etc/default/sbd", "/etc/sysconfig/sbd")


def sbd_config() -> dict[str, str]:
    """
    SBD's settings on this node: ``{"SBD_WATCHDOG_DEV": "/dev/watchdog", ...}``, empty without the
    file. No process is started.
    """
    for path in CONFIGS:
        try:
            with open(path, encoding="utf-8") as handle:
                text = handle.read()
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as err:
            raise CommandExecutionError(f"{path} cannot be read: {err}") from err
        found = re.findall(r"^[ \t]*([A-Za-z_]+)=(.*?)[ \t]*$", text, re.MULTILINE)
        return {key: value.strip("\"'") for key, value in found}
    return {}


def sbd_enable(
    machine: Machine,
    watchdogs: dict[str, str] | None = None,
    devices: dict[str, list[str]] | None = None,
    options: Data | None = None,
    validate: bool = False,
) -> bool:
    """
    Let the cluster use SBD, from its next start on each node on.

    watchdogs
        ``{node: path}``; pcs takes /dev/watchdog for others.

    devices
        ``{node: [paths]}`` of shared disks that ``pcs stonith sbd device setup`` prepared; none for
        fencing by the watchdog alone.

    options
        SBD's own, such as ``{"SBD_WATCHDOG_TIMEOUT": 10}``.

    validate
        Whether pcs tests the watchdogs, on all nodes at once, which may reset machines with a
        watchdog that cannot be stopped.
    """
    argv = _pcs_argv.sbd_enable(
        _pcs_node.capabilities(machine), watchdogs or {}, devices or {}, options or {}, validate
    )
    machine.run(argv)
    return True


def sbd_disable(machine: Machine) -> bool:
    """Let the cluster do without SBD, from its next start on each node on."""
    machine.run(["pcs", "stonith", "sbd", "disable"])
    return True
