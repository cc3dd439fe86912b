"""
SBD on this node: its settings, its watchdog, and whether it runs. Its disks are in
``hanfs_sbd_disk``.

Where nothing is to be done no process is started: files, links and ``/proc`` tell it all.

:depends: nothing
"""

from __future__ import annotations

import glob
import os
import re
import stat
from xml.etree import ElementTree

__virtualname__ = "hanfs_sbd"

# Debian's place, and everybody else's.
CONFIGS = {"Debian": "/etc/default/sbd"}
CONFIG = "/etc/sysconfig/sbd"
DROP_IN = "/etc/systemd/system/sbd.service.d/hanfs.conf"
WANTS = "/etc/systemd/system/*.requires/sbd.service"
PID_FILE = "/run/sbd.pid"
PROC = "/proc"
CIB_FILE = "/var/lib/pacemaker/cib/cib.xml"
# systemd's own, which most machines keep.
START_TIMEOUT = 90


def __virtual__():
    return __virtualname__


# --- the watchdog ---------------------------------------------------------------------------------


def watchdog_problem(path):
    """
    Why a watchdog cannot be used; None if it is there. It is not opened: that would start it.

    path
        Its device.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_sbd.watchdog_problem /dev/watchdog
    """
    try:
        if stat.S_ISCHR(os.stat(path).st_mode):
            return None
        wrong = "is no character device"
    except OSError as err:
        wrong = f"is not there ({err.strerror})"
    here = sorted(glob.glob("/dev/watchdog*"))
    return (
        f"the watchdog {path} {wrong}. Without one SBD fences nobody. Load the driver of this "
        "machine's (iTCO_wdt, ipmi_watchdog, i6300esb of a KVM guest ...; softdog only if there is "
        "none), at boot too by a line in /etc/modules-load.d, or name the right device in the "
        f"site's fencing:sbd:watchdog; there are: {', '.join(here) or 'none'}"
    )


# --- the settings ---------------------------------------------------------------------------------


def config_path():
    """
    Where this operating system keeps SBD's settings.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_sbd.config_path
    """
    return CONFIGS.get(__grains__.get("os_family"), CONFIG)


def wanted_settings(sbd):
    """
    SBD's settings for a site. Pure.

    sbd
        The site's ``fencing: sbd``.

    Returns ``{name: text}``, None for what must not be there.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_sbd.wanted_settings '{devices: [/dev/x]}'
    """
    disks = sbd.get("devices") or []
    found = {
        "SBD_DEVICE": ";".join(disks) or None,
        "SBD_PACEMAKER": "yes",
        "SBD_STARTMODE": "always",
        # A node that comes back before its message counts as obeyed would be there again while
        # the others take its resources.
        "SBD_DELAY_START": "yes" if disks else "no",
        "SBD_WATCHDOG_DEV": sbd.get("watchdog") or "/dev/watchdog",
        "SBD_WATCHDOG_TIMEOUT": str(__salt__["hanfs_fencing.sbd_times"](sbd)["watchdog"]),
    }
    for name, value in (sbd.get("options") or {}).items():
        found[name] = ("yes" if value else "no") if isinstance(value, bool) else str(value)
    return found


def settings_text(text, wanted):
    """
    The settings file with these values; everything else in it stays. Pure.

    text
        Its content now.

    wanted
        ``{name: text}``; None takes a line out.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_sbd.settings_text 'SBD_PACEMAKER=no' '{SBD_PACEMAKER: "yes"}'
    """
    left = {name: value for name, value in wanted.items() if value is not None}
    made = []
    for line in text.split("\n"):
        match = re.match(r"[ \t]*([A-Za-z_]+)=", line)
        if match and match.group(1) in wanted:
            # The last one would win: there is one only.
            if match.group(1) in left:
                made.append(_setting(match.group(1), left.pop(match.group(1))))
        else:
            made.append(line)
    if left:
        while made and not made[-1].strip():
            made.pop()
        made += [_setting(name, value) for name, value in left.items()] + [""]
    return "\n".join(made)


def _setting(name, value):
    return f"{name}={value}" if re.match(r"[A-Za-z0-9_/.,:-]*\Z", value) else f'{name}="{value}"'


def start_timeout(sbd):
    """
    Seconds that systemd has to give SBD for its start; None if its own are enough. Pure.

    sbd
        The site's ``fencing: sbd``.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_sbd.start_timeout '{devices: [/dev/x], watchdog_timeout: 60}'
    """
    delay = wanted_settings(sbd)["SBD_DELAY_START"].lower()
    if delay in ("no", "0", "false", "off"):
        return None
    times = __salt__["hanfs_fencing.sbd_times"](sbd)
    # Anything but a number above 1 means msgwait, or what stands for it without a disk.
    seconds = int(delay) if delay.isdigit() and int(delay) > 1 else 0
    seconds = seconds or times["msgwait"] or 2 * times["watchdog"]
    # SUSE: TimeoutStartSec is more than the delay by a fifth.
    least = -(-seconds * 12 // 10)
    return least if least > START_TIMEOUT else None


def drop_in_path():
    """
    Where SBD's systemd drop-in is.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_sbd.drop_in_path
    """
    return DROP_IN


def drop_in_text(seconds):
    """
    The content of SBD's systemd drop-in. Pure.

    seconds
        What ``start_timeout`` returned.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_sbd.drop_in_text 144
    """
    return (
        "# Written by Salt (hanfs): longer than SBD_DELAY_START, which SBD waits before it is up.\n"
        f"[Service]\nTimeoutStartSec={seconds}\n"
    )


# --- whether it runs ------------------------------------------------------------------------------


def is_enabled():
    """
    Whether SBD starts with the cluster. Looks at systemd's links; no process is started.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_sbd.is_enabled
    """
    return bool(glob.glob(WANTS))


def is_running():
    """
    Whether SBD's daemon runs on this node. No process is started.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_sbd.is_running
    """
    try:
        with open(PID_FILE, encoding="ascii") as handle:
            pid = int(handle.read())
        return _line(pid, "comm") == "sbd"
    except (OSError, ValueError):
        return False


def in_force():
    """
    SBD's settings that the running cluster was started with, from the environment of its first
    process (systemd gives Pacemaker the same file as SBD).

    Returns ``{name: text}``, empty if it was started without any; None if Pacemaker does not run.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_sbd.in_force
    """
    for entry in os.listdir(PROC):
        if entry.isdigit() and _line(entry, "comm") == "pacemakerd":
            pairs = (item.partition("=") for item in _line(entry, "environ").split("\0"))
            return {name: value for name, _, value in pairs if name.startswith("SBD_")}
    return None


def _line(pid, name):
    try:
        with open(f"{PROC}/{pid}/{name}", encoding="utf-8", errors="replace") as handle:
            return handle.read().rstrip("\n")
    except OSError:
        return ""


def not_running_on(nodes):
    """
    Nodes of a running cluster on which SBD does not run, as their pcsd say. One pcs process.

    nodes
        Names of the nodes.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_sbd.not_running_on '[nfs-server1, nfs-server2]'
    """
    said = __salt__["pcs_run.run"](["pcs", "stonith", "sbd", "status"])["stdout"]
    return not_running_in(said, nodes)


def not_running_in(said, nodes):
    """
    Nodes on which SBD does not run, from what ``pcs stonith sbd status`` printed. Pure.

    said
        Its output.

    nodes
        Names of the nodes; one that it does not name counts as not running.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_sbd.not_running_in 'a: YES | YES | YES' '[a]'
    """
    running = re.findall(r"^(\S+):\s*\S+\s*\|\s*\S+\s*\|\s*YES\s*$", said, re.MULTILINE)
    return [node for node in nodes if node not in running]


def is_relied_on(sbd):
    """
    Whether the cluster's configuration, as Pacemaker keeps it on this node's disk, relies on SBD
    already. A file, no process.

    sbd
        The site's ``fencing: sbd``.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_sbd.is_relied_on '{devices: [/dev/disk/by-id/sbd]}'
    """
    try:
        cib = ElementTree.parse(CIB_FILE)
    except (OSError, ElementTree.ParseError):
        return False
    if sbd.get("devices"):
        return any(one.get("type") == "fence_sbd" for one in cib.iter("primitive"))
    found = cib.find(".//crm_config//nvpair[@name='stonith-watchdog-timeout']")
    return found is not None and not re.match(r"0+\D*\Z", found.get("value", "0"))
