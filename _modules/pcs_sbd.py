"""
SBD: fencing through a watchdog, with or without shared disks

Part of the module ``pcs``. pcs writes SBD's settings to all nodes at once; the file on this node
tells what they are.
"""

import re

import salt.utils.files
from salt.exceptions import CommandExecutionError

__virtualname__ = "pcs"

# Debian's place and Red Hat's.
CONFIGS = ("/etc/default/sbd", "/etc/sysconfig/sbd")


def __virtual__():
    return __virtualname__


def sbd_config():
    """
    SBD's settings on this node: ``{"SBD_WATCHDOG_DEV": "/dev/watchdog", ...}``, empty without the
    file. No process is started.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.sbd_config
    """
    for path in CONFIGS:
        try:
            with salt.utils.files.fopen(path, "r", encoding="utf-8") as handle:
                text = handle.read()
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as err:
            raise CommandExecutionError(f"{path} cannot be read: {err}") from err
        found = re.findall(r"^[ \t]*([A-Za-z_]+)=(.*?)[ \t]*$", text, re.MULTILINE)
        return {key: value.strip("\"'") for key, value in found}
    return {}


def sbd_enable(watchdogs=None, devices=None, options=None, validate=False):
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

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server1' pcs.sbd_enable '{nfs-server1: /dev/watchdog1}'
    """
    argv = __salt__["pcs_run.argv"](
        "sbd_enable", watchdogs or {}, devices or {}, options or {}, validate
    )
    __salt__["pcs_run.run"](argv)
    return True


def sbd_disable():
    """
    Let the cluster do without SBD, from its next start on each node on.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server1' pcs.sbd_disable
    """
    __salt__["pcs_run.run"](["pcs", "stonith", "sbd", "disable"])
    return True
