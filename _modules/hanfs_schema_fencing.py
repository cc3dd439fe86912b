"""
The section ``fencing`` of a site: devices, levels, delays, SBD.

No value below ``secrets`` or of ``key_files`` is ever shown, nor one of an option whose name says
that it is a secret.

:depends: nothing
"""

from __future__ import annotations

import re

__virtualname__ = "hanfs_schema_fencing"

# Fencing without cutting the power: a node that was fenced has to be let in again.
UNFENCING = ("fence_scsi", "fence_mpath")
MONITOR = 60
PRIORITY_DELAY = 15
TIMEOUT = 60
WATCHDOG_TIMEOUT = 10
_AGENT = re.compile(r"(stonith:)?[A-Za-z][A-Za-z0-9_/-]*\Z")
_OPTION = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\Z")
_SBD_OPTION = re.compile(r"SBD_[A-Z_]+\Z")
_SECRET = re.compile(
    r"pass(wd|word|phrase|code)?$|secret|token$|credential|community"
    r"|(api|auth|access|private|shared|encryption|snmp_priv|ssh)[-_]?key$",
    re.I,
)
# What is said in a key of its own.
_OWN_KEYS = {
    "pcmk_host_list": "nodes",
    "pcmk_host_map": "nodes",
    "pcmk_host_check": "nodes",
    "pcmk_delay_base": "delay",
}
_SBD_OWN_KEYS = {
    "SBD_DEVICE": "devices",
    "SBD_WATCHDOG_DEV": "watchdog",
    "SBD_WATCHDOG_TIMEOUT": "watchdog_timeout",
}
_RESERVED = ("nfs", "nfs_server", "nfs_notify")
_PREFIXES = ("vg_", "fs_", "export_", "ip_", "tickle_", "address_")


def __virtual__():
    return __virtualname__


def keys(checks, hardened):
    """The checkers of the site's keys that belong to this section."""
    seconds = checks.number(0, 3600, " (seconds)")
    device = checks.mapping(
        {
            "agent": checks.text(_AGENT, "a fence agent such as fence_ipmilan"),
            "nodes": _nodes(checks),
            "options": _options(checks),
            "secrets": _secrets(checks),
            "delay": _delay(checks, seconds),
            "monitor": checks.number(10, 86400, " (seconds)"),
            "unfencing": checks.boolean,
        },
        required=("agent", "nodes"),
    )
    levels = checks.list_of(checks.list_of(checks.name, "devices"), "levels", most=9)
    fencing = checks.mapping(
        {
            "enabled": checks.boolean,
            "devices": _named(checks, device, "devices", checks.cib_name),
            "levels": _named(checks, levels, "levels"),
            "priority_delay": seconds,
            "timeout": checks.number(1, 3600, " (seconds)"),
            "key_files": _named(checks, _key_file(checks), "key files", checks.absolute),
            "sbd": _sbd(checks),
        },
        required=("enabled",),
    )
    return {"fencing": fencing}


def _named(checks, check_item, what, check_name=None):
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


def _nodes(checks):
    listed = checks.list_of(checks.name, "node names")

    def check(value, path, report):
        if not isinstance(value, dict):
            listed(value, path, report)
            return
        if not value:
            report(f"{path}: names no node")
        for name, port in value.items():
            checks.scalar(port, f"{path}:{name}", report)
            if re.search("[:;, ]", str(port)):
                report(f"{path}:{name}: a plug's name has no blanks and none of : ; ,")

    return check


def _options(checks):
    def check(value, path, report):
        if not isinstance(value, dict):
            report(f"{path}: is not a mapping of the agent's options")
            return
        for name, item in value.items():
            here = f"{path}:{name}"
            if not isinstance(name, str) or not _OPTION.match(name):
                report(f"{here}: is not the name of an option")
            elif _SECRET.search(name):
                report(f"{here}: is a secret; it belongs under `secrets`, not under `options`")
            elif name in _OWN_KEYS:
                report(f"{here}: say it with the key `{_OWN_KEYS[name]}` of the device")
            else:
                checks.scalar(item, here, report)

    return check


def _secrets(checks):
    def check(value, path, report):
        """A mapping as in pillar, or a list of its names once map.jinja took the values out."""
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


def report_secret(value, path, report):
    """Say what is wrong with a secret, which is never shown."""
    text = value if isinstance(value, str) else str(value) if type(value) is int else ""
    if not text or not text.isprintable():
        report(f"{path}: must be text on one line and not empty (put it in quotes)")


def _delay(checks, seconds):
    def check(value, path, report):
        if not isinstance(value, dict):
            seconds(value, path, report)
            return
        for name, item in value.items():
            seconds(item, f"{path}:{name}", report)

    return check


def _key_file(checks):
    def content(value, path, report):
        if not isinstance(value, str) or not value:
            report(f"{path}: must be text and not empty")

    return checks.mapping({"content": content, "encoding": checks.choice("base64", "text")})


def _sbd(checks):
    def option(value, path, report):
        if not isinstance(value, dict):
            report(f"{path}: is not a mapping of SBD_... options")
            return
        for name, item in value.items():
            here = f"{path}:{name}"
            if not isinstance(name, str) or not _SBD_OPTION.match(name):
                report(f"{here}: is not the name of an option of sbd (SBD_STARTMODE ...)")
            elif name in _SBD_OWN_KEYS:
                report(f"{here}: say it with the key `{_SBD_OWN_KEYS[name]}` of sbd")
            else:
                checks.scalar(item, here, report)

    return checks.mapping(
        {
            "devices": checks.list_of(checks.device, "devices", 0, 3),
            "watchdog": checks.device,
            "watchdog_timeout": checks.number(1, 600, " (seconds)"),
            "msgwait": checks.number(2, 3600, " (seconds)"),
            "initialize": checks.boolean,
            "quorum_device": checks.boolean,
            "options": option,
        }
    )


# --- rules between keys ---------------------------------------------------------------------------


def relations(checks, site, path, report, hardened):
    """The rules between the keys of this section, and with nodes, storage and cluster_config."""
    fencing, here = checks.part(site, "fencing"), f"{path}:fencing"
    nodes = list(checks.part(checks.part(site, "cluster"), "nodes"))
    devices = {
        name: device
        for name, device in checks.part(fencing, "devices").items()
        if isinstance(device, dict)
    }
    elsewhere = _elsewhere(checks, site)
    _needed(fencing, elsewhere, here, report)
    for name, device in devices.items():
        _device_rules(name, device, nodes, f"{here}:devices:{name}", report, hardened)
    _level_rules(checks, fencing, devices, elsewhere, nodes, f"{here}:levels", report)
    _delay_rules(checks, fencing, devices, here, report)
    _sbd_rules(checks, site, fencing, nodes, f"{here}:sbd", report)


def _elsewhere(checks, site):
    """Names of the fencing devices that stand in ``cluster_config``."""
    primitives = checks.part(checks.part(site, "cluster_config"), "primitives")
    return [
        name
        for name, item in primitives.items()
        if isinstance(item, dict) and str(item.get("agent")).startswith("stonith:")
    ]


def _needed(fencing, elsewhere, here, report):
    if fencing.get("enabled") is not True or fencing.get("devices") or elsewhere:
        return
    if not isinstance(fencing.get("sbd"), dict):
        report(
            f"{here}:enabled: true, but there is nothing to fence with: no fencing:devices, no "
            "fencing:sbd, and in cluster_config:primitives no primitive with an agent "
            "`stonith:...`. Give one of them, or say `enabled: false`"
        )


def _device_rules(name, device, nodes, here, report, hardened):
    taken = name in _RESERVED or str(name).startswith(_PREFIXES)
    if hardened and taken:
        report(f"{here}: {name} is a name that the profile keeps for its own resources")
    named = device.get("nodes")
    named = list(named) if isinstance(named, (dict, list)) else []
    for node in named:
        if node not in nodes:
            report(f"{here}:nodes: {node} is no node of the site; they are {', '.join(nodes)}")
    delay = device.get("delay")
    for node in delay if isinstance(delay, dict) else ():
        if node not in named:
            report(f"{here}:delay: {node} is none of the device's nodes")
    options, secrets = device.get("options"), device.get("secrets")
    for option in secrets if isinstance(secrets, (dict, list)) else ():
        if isinstance(options, dict) and isinstance(option, str) and option in options:
            report(f"{here}:options:{option}: is given under secrets already")


def _level_rules(checks, fencing, devices, elsewhere, nodes, path, report):
    sbd = ["fence-sbd"] if isinstance(fencing.get("sbd"), dict) else []
    for node, levels in checks.part(fencing, "levels").items():
        if node not in nodes:
            report(f"{path}:{node}: is no node of the site; they are {', '.join(nodes)}")
        for number, level in enumerate(levels if isinstance(levels, list) else []):
            for name in level if isinstance(level, list) else ():
                if not isinstance(name, str):
                    continue
                here = f"{path}:{node}:{number}"
                if name in devices:
                    named = devices[name].get("nodes")
                    if isinstance(named, (dict, list)) and node not in named:
                        report(f"{here}: {name} is not for {node}, see its `nodes`")
                elif name not in elsewhere and name not in sbd:
                    known = ", ".join([*devices, *elsewhere, *sbd]) or "none"
                    report(f"{here}: {name} is no fencing device; there are: {known}")


def _delay_rules(checks, fencing, devices, here, report):
    longest = max([0, *(second for device in devices.values() for second in _delays(device))])
    priority = fencing.get("priority_delay")
    if longest and checks.is_int(priority) and 0 < priority < 2 * longest:
        report(
            f"{here}:priority_delay: {priority} is less than twice the longest delay of a device "
            f"({longest}): the node that runs the service could still be shot first"
        )


def _delays(device):
    delay = device.get("delay")
    values = delay.values() if isinstance(delay, dict) else [delay]
    return [value for value in values if isinstance(value, int)]


def _sbd_rules(checks, site, fencing, nodes, path, report):
    sbd = fencing.get("sbd")
    if not isinstance(sbd, dict):
        return
    watchdog = sbd.get("watchdog_timeout", WATCHDOG_TIMEOUT)
    msgwait = sbd.get("msgwait")
    if checks.is_int(msgwait) and checks.is_int(watchdog) and msgwait < 2 * watchdog:
        report(
            f"{path}:msgwait: {msgwait} is less than twice the watchdog's timeout ({watchdog}): "
            "a node would count as dead while its watchdog has not bitten yet"
        )
    shared = {
        str(entry.get("device")): here for here, entry in checks.one_or_many(site, "storage", "")
    }
    devices = sbd.get("devices")
    for number, device in enumerate(devices if isinstance(devices, list) else []):
        if isinstance(device, str) and device in shared:
            report(
                f"{path}:devices:{number}: {device} carries the data ({shared[device].lstrip(':')})"
            )
    if not devices and len(nodes) == 2 and sbd.get("quorum_device") is not True:
        report(
            f"{path}:devices: none given, and two nodes with a watchdog only lose the service "
            "with either of them: without a third vote the one that is left has to reset itself, "
            "too. Give a shared device, or say `quorum_device: true` when the cluster has one"
        )
    timeout, least = fencing.get("timeout"), least_timeout(sbd)
    if checks.is_int(timeout) and least is not None and timeout < least:
        report(
            f"{path[: -len(':sbd')]}:timeout: {timeout} is too short for sbd, which needs {least} "
            "seconds (1.2 times msgwait, or twice the watchdog's timeout without a device)"
        )


def least_timeout(sbd):
    """
    The shortest ``stonith-timeout`` that SBD can keep, in seconds: 1.2 times msgwait, or without
    a device 1.2 times the time in which a watchdog bites for sure (twice its timeout).

    sbd
        The section; None if its numbers are none.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_schema_fencing.least_timeout '{devices: [/dev/vdc], msgwait: 20}'
    """
    watchdog = sbd.get("watchdog_timeout", WATCHDOG_TIMEOUT)
    if not isinstance(watchdog, int):
        return None
    wait = sbd.get("msgwait", 2 * watchdog) if sbd.get("devices") else 2 * watchdog
    return -(-12 * wait // 10) if isinstance(wait, int) else None


# --- normalised -----------------------------------------------------------------------------------


def normalise(checks, site, made):
    """Write ``fencing`` into the normalised site. No secret's value is in it."""
    fencing = checks.part(site, "fencing")
    sbd = fencing.get("sbd")
    delay = fencing.get("priority_delay")
    if delay is None:
        two = len(made["cluster"]["nodes"]) == 2
        longest = [second for device in _devices(checks, fencing) for second in _delays(device)]
        delay = max([PRIORITY_DELAY, *(2 * second for second in longest)]) if two else 0
    made["fencing"] = {
        "enabled": fencing["enabled"],
        "devices": {
            name: _device(device) for name, device in checks.part(fencing, "devices").items()
        },
        "levels": {
            node: [list(level) for level in levels]
            for node, levels in checks.part(fencing, "levels").items()
        },
        "priority_delay": delay,
        "timeout": fencing.get(
            "timeout", max(TIMEOUT, least_timeout(sbd) if sbd is not None else 0)
        ),
        "key_files": {
            path: {"encoding": file.get("encoding", "text")}
            for path, file in checks.part(fencing, "key_files").items()
        },
        "sbd": None if sbd is None else _normal_sbd(sbd),
    }


def _devices(checks, fencing):
    return checks.part(fencing, "devices").values()


def _device(device):
    agent = device["agent"]
    agent = agent if agent.startswith("stonith:") else f"stonith:{agent}"
    nodes, delay = device["nodes"], device.get("delay") or {}
    return {
        "agent": agent,
        "nodes": dict(nodes) if isinstance(nodes, dict) else list(nodes),
        "options": dict(device.get("options") or {}),
        "secrets": list(device.get("secrets") or []),
        "delay": dict(delay) if isinstance(delay, dict) else dict.fromkeys(nodes, delay),
        "monitor": device.get("monitor", MONITOR),
        "unfencing": device.get("unfencing", agent.split(":")[1] in UNFENCING),
    }


def _normal_sbd(sbd):
    watchdog = sbd.get("watchdog_timeout", WATCHDOG_TIMEOUT)
    return {
        "devices": list(sbd.get("devices") or []),
        "watchdog": sbd.get("watchdog", "/dev/watchdog"),
        "watchdog_timeout": watchdog,
        "msgwait": sbd.get("msgwait", 2 * watchdog),
        "initialize": sbd.get("initialize", False),
        "quorum_device": sbd.get("quorum_device", False),
        "options": dict(sbd.get("options") or {}),
    }
