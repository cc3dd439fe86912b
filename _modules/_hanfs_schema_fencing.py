"""
The section ``fencing`` of a site: devices, levels, delays, SBD.

No value below ``secrets`` or of ``key_files`` is ever shown, nor one of an option whose name says
that it is a secret.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

import _cib_values
import _hanfs_fencing_agents
import _hanfs_fencing_race
import _hanfs_fencing_rules
import _hanfs_schema_checks as checks
import _hanfs_schema_programs as programs
from _cib_values import Data
from _hanfs_schema_checks import Check, Report
from _hanfs_types import FencingDevice, RawSite, Sbd

# Fencing without cutting the power: a node that was fenced has to be let in again.
UNFENCING = ("fence_scsi", "fence_mpath")
MONITOR = 60
TIMEOUT = 60
WATCHDOG_TIMEOUT = 10
_AGENT = re.compile(r"(stonith:)?[A-Za-z][A-Za-z0-9_/-]*\Z")
_OPTION = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\Z")
_RESERVED = ("nfs", "nfs_server", "nfs_notify")
_PREFIXES = ("vg_", "fs_", "export_", "ip_", "tickle_", "address_")


def keys(hardened: bool) -> dict[str, Check]:
    """The checkers of the site's keys that belong to this section."""
    seconds = checks.number(0, 3600, " (seconds)")
    device = checks.mapping(
        {
            "agent": checks.text(_AGENT, "a fence agent such as fence_ipmilan"),
            "nodes": _nodes(),
            "options": _options(),
            "secrets": _secrets(),
            "delay": _delay(seconds),
            "monitor": checks.number(10, 86400, " (seconds)"),
            "unfencing": checks.boolean,
        },
        required=("agent", "nodes"),
    )
    levels = checks.list_of(checks.list_of(checks.name, "devices"), "levels", most=9)
    fencing = checks.mapping(
        {
            "enabled": checks.boolean,
            "devices": _named(_hidden(device), "devices", checks.cib_name),
            "levels": _named(levels, "levels"),
            "priority_delay": seconds,
            "timeout": checks.number(1, 3600, " (seconds)"),
            "key_files": _named(_hidden(_key_file()), "key files", _key_path),
            "sbd": _sbd(),
        },
        required=("enabled",),
    )
    return {"fencing": fencing}


def _named(check_item, what, check_name=None):
    """A mapping of names to things of one kind. What is no mapping is never shown."""

    def check(value, path, report):
        if not isinstance(value, dict):
            report(f"{path}: is not a mapping of names to {what}")
            return
        for name, item in value.items():
            if check_name:
                check_name(name, f"{path}:{name}", report)
            check_item(item, f"{path}:{name}", report)

    return check


def _hidden(check_mapping):
    """What stands in the place of a mapping with secrets may be one itself: it is not shown."""

    def check(value, path, report):
        check_mapping(value if isinstance(value, dict) else None, path, report)

    return check


def _nodes():
    listed = checks.list_of(checks.name, "node names")

    def check(value, path, report):
        if not isinstance(value, dict):
            listed(value, path, report)
            return
        if not value:
            report(f"{path}: names no node")
        for name, plugs in value.items():
            # A machine with two power supplies has two plugs.
            for plug in plugs if isinstance(plugs, list) and plugs else [plugs]:
                checks.scalar(plug, f"{path}:{name}", report)
                # build_port_aliases in Pacemaker's daemons/fenced/fenced_commands.c
                if re.search(r"[:;, =\t\\]", str(plug)):
                    report(f"{path}:{name}: a plug's name has no blanks and none of : ; , = \\")

    return check


def _options():
    def check(value, path, report):
        if not isinstance(value, dict):
            report(f"{path}: is not a mapping of the agent's options")
            return
        for name, item in value.items():
            here = f"{path}:{name}"
            if not isinstance(name, str) or not _OPTION.match(name):
                report(f"{here}: is not the name of an option")
            elif _cib_values.may_be_secret(name):
                # Said by the rules between keys; here it only must not be shown.
                continue
            elif isinstance(item, list):
                checks.list_of(checks.scalar, "values")(item, here, report)
            else:
                checks.scalar(item, here, report)

    return check


def _secrets():
    def check(value, path, report):
        """A mapping as in pillar, or a list of its names once the values were taken out."""
        if not isinstance(value, (dict, list)):
            report(f"{path}: is not a mapping of the agent's options to their secret values")
            return
        for name in value:
            if not isinstance(name, str) or not _OPTION.match(name):
                # Shown to nobody: the secret itself may stand in the name's place.
                report(f"{path}: a key in it is not the name of an option")
        for name, item in value.items() if isinstance(value, dict) else ():
            report_secret(item, f"{path}:{name}", report)

    return check


def report_secret(value: Any, path: str, report: Report) -> None:
    """Say what is wrong with a secret, which is never shown."""
    text = value if isinstance(value, str) else str(value) if type(value) is int else ""
    if not text or not text.isprintable():
        report(f"{path}: must be text on one line and not empty (put it in quotes)")


def _delay(seconds):
    def check(value, path, report):
        if not isinstance(value, dict):
            seconds(value, path, report)
            return
        for name, item in value.items():
            seconds(item, f"{path}:{name}", report)

    return check


# Where nothing is kept, or programs are; and files that are not the agents'.
_NO_KEYS_BELOW = re.compile(
    r"/(bin|boot|dev|lib|lib32|lib64|libx32|proc|run|sbin|sys|tmp|usr)(/|\Z)"
)
_NO_KEYS = frozenset(
    "crypttab environment exports fstab group gshadow hostname hosts inittab ld.so.conf"
    " ld.so.preload localtime machine-id mtab nfs.conf nsswitch.conf passwd profile resolv.conf"
    " shadow shells subgid subuid sudoers sysctl.conf".split()
)


def _key_path(value, path, report):
    checks.absolute(value, path, report)
    if not isinstance(value, str):
        return
    own = value.startswith("/etc/") and value[len("/etc/") :].partition("/")[0] in _NO_KEYS
    if own or value.count("/") < 2 or _NO_KEYS_BELOW.match(value):
        report(
            f"{path}: {checks.shown(value)} is no place for a key file; take one such as "
            "/etc/cluster/fence_xvm.key"
        )


def _key_file():
    def content(value, path, report):
        if not isinstance(value, str) or not value:
            report(f"{path}: must be text and not empty")

    known = checks.mapping({"content": content, "encoding": checks.choice("base64", "text")})

    def check(value, path, report):
        known(value, path, report)
        if isinstance(value, dict) and "content" in value:
            report_content(value["content"], value.get("encoding"), f"{path}:content", report)

    return check


def report_content(value: Any, encoding: Any, path: str, report: Report) -> None:
    """Say what is wrong with the content of a key file, which is never shown."""
    if not isinstance(value, str):
        return
    try:
        if encoding == "base64":
            base64.b64decode("".join(value.split()), validate=True)
        else:
            value.encode()
    except binascii.Error:
        report(f"{path}: is no base64 (make it with: base64 -w0 FILE)")
    except ValueError:
        report(f"{path}: has signs that cannot be written to a file; take encoding: base64")


def _sbd_option(name, item, path, report):
    allowed = programs.SBD_OPTIONS.get(name) if isinstance(name, str) else None
    # Those that have keys of their own are told by the rules between keys.
    if allowed is None and name not in _hanfs_fencing_rules.SBD_DERIVED:
        report(f"{path}: no option of SBD's. They are {', '.join(programs.SBD_OPTIONS)}")
    elif allowed and not isinstance(item, bool) and not allowed.match(str(item)):
        report(f"{path}: {checks.shown(item)} is no value that SBD takes")


def _sbd():
    def option(value, path, report):
        if not isinstance(value, dict):
            report(f"{path}: is not a mapping of SBD_... options")
            return
        for name, item in value.items():
            checks.scalar(item, f"{path}:{name}", report)
            _sbd_option(name, item, f"{path}:{name}", report)

    return checks.mapping(
        {
            "devices": checks.list_of(checks.device, "devices", 0, 3),
            "watchdog": checks.device,
            "watchdog_timeout": checks.number(1, 600, " (seconds)"),
            "msgwait": checks.number(2, 3600, " (seconds)"),
            "initialize": checks.boolean,
            "options": option,
        }
    )


# --- rules between keys ---------------------------------------------------------------------------


def relations(site: RawSite, path: str, report: Report, hardened: bool) -> None:
    """The rules between the keys of this section, and with storage and cluster_config."""
    fencing, here = checks.part(site, "fencing"), f"{path}:fencing"
    for sentence in _hanfs_fencing_rules.problems(site, path):
        report(sentence)
    _needed(site, fencing, here, report)
    for name in checks.part(fencing, "devices") if hardened else ():
        if name in _RESERVED or str(name).startswith(_PREFIXES):
            report(
                f"{here}:devices:{name}: {name} is a name that the profile keeps for its own "
                "resources"
            )
    _disk_rules(site, fencing, f"{here}:sbd:devices", report)


def _needed(site, fencing, here, report):
    if fencing.get("enabled") is not True or fencing.get("devices"):
        return
    primitives = checks.part(checks.part(site, "cluster_config"), "primitives").values()
    agents = [str(item.get("agent")) for item in primitives if isinstance(item, dict)]
    if any(agent.startswith("stonith:") for agent in agents):
        return
    if not isinstance(fencing.get("sbd"), dict):
        report(
            f"{here}:enabled: true, but there is nothing to fence with: no fencing:devices, no "
            "fencing:sbd, and in cluster_config:primitives no primitive with an agent "
            "`stonith:...`. Give one of them, or say `enabled: false`"
        )


def _disk_rules(site, fencing, path, report):
    shared = [str(entry.get("device")) for _, entry in checks.one_or_many(site, "storage", "")]
    devices = checks.part(fencing, "sbd").get("devices")
    for number, device in enumerate(devices if isinstance(devices, list) else []):
        if isinstance(device, str) and device in shared:
            report(f"{path}:{number}: {device} carries the data; SBD needs a disk of its own")


# --- normalised -----------------------------------------------------------------------------------


def normalise(site: RawSite, made: Data) -> None:
    """Write ``fencing`` into the normalised site. No secret's value is in it."""
    fencing = checks.part(site, "fencing")
    sbd = fencing.get("sbd")
    rules = {**fencing, "sbd": sbd or {}}
    nodes, least = list(made["cluster"]["nodes"]), TIMEOUT
    if sbd is not None:
        least = max(least, _hanfs_fencing_agents.sbd_times(sbd)["stonith"])
    made["fencing"] = {
        "enabled": fencing["enabled"],
        "devices": {
            name: _device(device) for name, device in checks.part(fencing, "devices").items()
        },
        "levels": {
            node: [list(level) for level in levels]
            for node, levels in checks.part(fencing, "levels").items()
        },
        "priority_delay": _hanfs_fencing_race.priority_delay(rules, nodes),
        "timeout": fencing.get("timeout", least),
        "key_files": {
            path: {"encoding": file.get("encoding", "text")}
            for path, file in checks.part(fencing, "key_files").items()
        },
        "sbd": None if sbd is None else _normal_sbd(sbd),
    }


def _device(device: Data) -> FencingDevice:
    agent = device["agent"]
    agent = agent if agent.startswith("stonith:") else f"stonith:{agent}"
    nodes = device["nodes"]
    delay: Any = device.get("delay") or {}
    return {
        "agent": agent,
        "nodes": dict(nodes) if isinstance(nodes, dict) else list(nodes),
        "options": dict(device.get("options") or {}),
        "secrets": list(device.get("secrets") or []),
        "delay": dict(delay) if isinstance(delay, dict) else dict.fromkeys(nodes, delay),
        "monitor": device.get("monitor", MONITOR),
        "unfencing": device.get("unfencing", agent.split(":")[1] in UNFENCING),
    }


def _normal_sbd(sbd: Data) -> Sbd:
    watchdog = sbd.get("watchdog_timeout", WATCHDOG_TIMEOUT)
    return {
        "devices": list(sbd.get("devices") or []),
        "watchdog": sbd.get("watchdog", "/dev/watchdog"),
        "watchdog_timeout": watchdog,
        "msgwait": sbd.get("msgwait", 2 * watchdog),
        "initialize": sbd.get("initialize", False),
        "options": dict(sbd.get("options") or {}),
    }
