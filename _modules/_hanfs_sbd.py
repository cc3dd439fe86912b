"""
SBD on this node: its settings, its watchdog, and whether it runs. Its disks are in
``_hanfs_sbd_disk``.

Where nothing is to be done no process is started: files, links and ``/proc`` tell it all.
"""

from __future__ import annotations

import glob
import os
import re
import stat
from collections.abc import Iterable, Mapping
from xml.etree import ElementTree

import _hanfs_fencing_agents
from _cib_run import Machine
from _cib_values import Data
from _hanfs_types import SbdWords

# Debian's place, and everybody else's.
# In the settings file: by it the formula knows its own work when pillar has no SBD any more.
MARK = "# Set up by Salt (hanfs)."
CONFIGS = {"Debian": "/etc/default/sbd"}
CONFIG = "/etc/sysconfig/sbd"
DROP_IN = "/etc/systemd/system/sbd.service.d/hanfs.conf"
WANTS = "/etc/systemd/system/*.requires/sbd.service"
PID_FILE = "/run/sbd.pid"
PROC = "/proc"
CIB_FILE = "/var/lib/pacemaker/cib/cib.xml"
# systemd's own, which most machines keep.
START_TIMEOUT = 90


# --- the watchdog ---------------------------------------------------------------------------------


def watchdog_problem(path: str) -> str | None:
    """
    Why a watchdog cannot be used; None if it is there. It is not opened: that would start it.

    path
        Its device.
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


def config_path(machine: Machine) -> str:
    """Where this operating system keeps SBD's settings."""
    return CONFIGS.get(machine.grains.get("os_family", ""), CONFIG)


def wanted_settings(sbd: SbdWords) -> Data:
    """
    SBD's settings for a site. Pure.

    sbd
        The site's ``fencing: sbd``.

    Returns ``{name: text}``, None for what must not be there.
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
        "SBD_WATCHDOG_TIMEOUT": str(_hanfs_fencing_agents.sbd_times(sbd)["watchdog"]),
    }
    for name, value in (sbd.get("options") or {}).items():
        found[name] = ("yes" if value else "no") if isinstance(value, bool) else str(value)
    return found


def settings_text(text: str, wanted: Mapping[str, str | None]) -> str:
    """
    The settings file with these values; everything else in it stays. Pure.

    text
        Its content now.

    wanted
        ``{name: text}``; None takes a line out.
    """
    left = {name: value for name, value in wanted.items() if value is not None}
    made = [] if MARK in text else [MARK]
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


def start_timeout(sbd: SbdWords) -> int | None:
    """
    Seconds that systemd has to give SBD for its start; None if its own are enough. Pure.

    sbd
        The site's ``fencing: sbd``.
    """
    delay = wanted_settings(sbd)["SBD_DELAY_START"].lower()
    if delay in ("no", "0", "false", "off"):
        return None
    times = _hanfs_fencing_agents.sbd_times(sbd)
    # Anything but a number above 1 means msgwait, or what stands for it without a disk.
    seconds = int(delay) if delay.isdigit() and int(delay) > 1 else 0
    seconds = seconds or times["msgwait"] or 2 * times["watchdog"]
    # SUSE: TimeoutStartSec is more than the delay by a fifth.
    least = -(-seconds * 12 // 10)
    return least if least > START_TIMEOUT else None


def drop_in_path() -> str:
    """Where SBD's systemd drop-in is."""
    return DROP_IN


def drop_in_text(seconds: int) -> str:
    """
    The content of SBD's systemd drop-in. Pure.

    seconds
        What ``start_timeout`` returned.
    """
    return (
        "# Written by Salt (hanfs): longer than SBD_DELAY_START, which SBD waits before it is up.\n"
        f"[Service]\nTimeoutStartSec={seconds}\n"
    )


# --- whether it runs ------------------------------------------------------------------------------


def is_enabled() -> bool:
    """Whether SBD starts with the cluster. Looks at systemd's links; no process is started."""
    return bool(glob.glob(WANTS))


def is_ours(machine: Machine) -> bool:
    """Whether the formula has set SBD up on this node, by the mark in its settings."""
    try:
        with open(config_path(machine), encoding="utf-8", errors="replace") as handle:
            return MARK in handle.read()
    except OSError:
        return False


def stays_relied_on(live: Data, changes: Data) -> bool:
    """
    Whether a cluster's configuration relies on SBD, whoever made it so. Pure.

    live
        The configuration, as ``_cib_kinds.read`` returns it.

    changes
        What is about to be changed in it, or was just now.
    """
    gone = {
        name
        for kind in ("primitives", "properties")
        for name, change in changes.get(kind, {}).items()
        if change.get("new", "") is None
    }
    timeout = "stonith-watchdog-timeout"
    value = str(live["properties"].get(timeout) or "0")
    if timeout not in gone and not re.match(r"0+\D*\Z", value):
        return True
    return any(
        one["agent"] == "stonith:fence_sbd" and name not in gone
        for name, one in live["primitives"].items()
    )


def is_running() -> bool:
    """Whether SBD's daemon runs on this node. No process is started."""
    try:
        with open(PID_FILE, encoding="ascii") as handle:
            pid = int(handle.read())
        return _line(pid, "comm") == "sbd"
    except (OSError, ValueError):
        return False


def in_force() -> dict[str, str] | None:
    """
    SBD's settings that the running cluster was started with, from the environment of its first
    process (systemd gives Pacemaker the same file as SBD).

    Returns ``{name: text}``, empty if it was started without any; None if Pacemaker does not run.
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


def not_running_on(machine: Machine, nodes: Iterable[str]) -> list[str]:
    """
    Nodes of a running cluster on which SBD does not run, as their pcsd say. One pcs process.

    nodes
        Names of the nodes.
    """
    said = machine.run(["pcs", "stonith", "sbd", "status"])["stdout"]
    return not_running_in(said, nodes)


def not_running_in(said: str, nodes: Iterable[str]) -> list[str]:
    """
    Nodes on which SBD does not run, from what ``pcs stonith sbd status`` printed. Pure.

    said
        Its output.

    nodes
        Names of the nodes; one that it does not name counts as not running.
    """
    running = re.findall(r"^(\S+):\s*\S+\s*\|\s*\S+\s*\|\s*YES\s*$", said, re.MULTILINE)
    return [node for node in nodes if node not in running]


def is_relied_on(sbd: SbdWords) -> bool:
    """
    Whether the cluster's configuration, as Pacemaker keeps it on this node's disk, relies on SBD
    already. A file, no process.

    sbd
        The site's ``fencing: sbd``.
    """
    try:
        cib = ElementTree.parse(CIB_FILE)
    except (OSError, ElementTree.ParseError):
        return False
    if sbd.get("devices"):
        return any(one.get("type") == "fence_sbd" for one in cib.iter("primitive"))
    found = cib.find(".//crm_config//nvpair[@name='stonith-watchdog-timeout']")
    return found is not None and not re.match(r"0+\D*\Z", found.get("value", "0"))
