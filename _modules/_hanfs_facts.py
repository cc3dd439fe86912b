"""
What can be known about this node, for ``hanfs.lint``: one look, mostly at files.

Files, procfs and sysfs are read, below a root directory that a test may choose; on a node with
``rpm`` one process is started for the versions of packages, elsewhere none. What cannot be known
(the package is not installed, the file cannot be read) is None, and None is never a finding.

The parts: ``_hanfs_facts_nfs``, ``_hanfs_facts_storage``, ``_hanfs_facts_net``, and the readers
``_hanfs_facts_parse`` and ``_hanfs_facts_files``.
"""

from __future__ import annotations

import hashlib
import re
from urllib.parse import parse_qsl, urlencode
from xml.etree import ElementTree

import _cib_run
import _hanfs_agent
import _hanfs_facts_files
import _hanfs_facts_net
import _hanfs_facts_nfs
import _hanfs_facts_parse
import _hanfs_facts_storage
import _hanfs_sbd_disk
import _pcs_files
from _cib_errors import CommandExecutionError
from _cib_run import Machine
from _cib_values import Data
from _hanfs_types import Site

# The node attribute under which a node tells its peers what must be the same on all of them.
ATTRIBUTE = "hanfs-facts"
CIB_FILE = "/var/lib/pacemaker/cib/cib.xml"
AGENTS = "/usr/lib/ocf/resource.d/heartbeat"
_UNIT_DIRECTORIES = ("/etc/systemd/system", "/run/systemd/system")
# What a package is called: Debian's name, Red Hat's name, and what it is called here.
_PACKAGES = {
    "pacemaker": "pacemaker",
    "corosync": "corosync",
    "pcs": "pcs",
    "resource-agents": "resource-agents",
    "resource-agents-base": "resource-agents",
    "resource-agents-extra": "resource-agents",
    "fence-agents": "fence-agents",
    "fence-agents-base": "fence-agents",
    "fence-agents-common": "fence-agents",
    "nfs-kernel-server": "nfs-utils",
    "nfs-utils": "nfs-utils",
    "lvm2": "lvm2",
    "sbd": "sbd",
}
_SELINUX = {"1": "enforcing", "0": "permissive"}
_TIMEOUT = 60


def gather(machine: Machine, site: Site, root: str = "/", status: Data | None = None) -> Data:
    """
    Look at this node.

    site
        A site as ``_hanfs_schema.normalise`` returns it; it says which devices, units and names
        matter.

    root
        Directory that stands for ``/``. With another one nothing is asked of the running system
        (name resolution, rpm).

    status
        The data of ``pcs.status``, if there is any: what peers have published is in it.

    Returns a dict with every key that the rules in ``_hanfs_lint_rules`` look at.
    """
    system, corosync = _system(root), _corosync(root)
    return {
        **system,
        "member": corosync is not None,
        "quorum": (corosync or {}).get("quorum"),
        "totem": (corosync or {}).get("totem"),
        "quorum_device": bool(corosync and corosync.get("device")),
        "units": _units(root),
        "running": _running(root),
        "selinux": _selinux(root),
        "packages": _package_versions(machine, root),
        "agents": _agents(root),
        "own_agent": _hash(_text(_hanfs_agent.PATH, root)),
        "fence_agents": _fence_agents(root),
        "upgrades": _automatic_upgrades(root),
        "cib": _cib(root),
        "watchdogs": _watchdogs(root),
        "sbd": _sbd(site, root),
        "key_files": _key_files(root),
        "accounts": _accounts(root),
        "shutdown_order": _names_in("/etc/systemd/system/resource-agents-deps.target.d", root),
        "nfs": _hanfs_facts_nfs.gather(site, root, system["os"]["id"]),
        "storage": _hanfs_facts_storage.gather(site, root, system),
        "net": _hanfs_facts_net.gather(site, root),
        "status": status,
        "peers": peers(status),
        "clock_offsets": {},
    }


def _text(path, root):
    return _hanfs_facts_files.text(path, root)


def _line(path, root):
    return _hanfs_facts_files.line(path, root)


def _names_in(path, root):
    return _hanfs_facts_files.names(path, root)


def _hash(text):
    """Ids of machines are compared with the peers', and are nobody else's business."""
    return hashlib.sha256(f"hanfs {text}".encode()).hexdigest()[:12] if text else None


def _system(root):
    release = _hanfs_facts_parse.assignments(
        _text("/etc/os-release", root) or _text("/usr/lib/os-release", root) or ""
    )
    machine_id = _line("/etc/machine-id", root)
    initiator = re.search(
        r"^\s*InitiatorName\s*=\s*(\S+)", _text("/etc/iscsi/initiatorname.iscsi", root) or "", re.M
    )
    keys = [
        _line(f"/etc/ssh/ssh_host_{kind}_key.pub", root) for kind in ("ed25519", "rsa", "ecdsa")
    ]
    key = next((text.split()[1] for text in keys if text and len(text.split()) > 1), None)
    return {
        "hostname": _line("/proc/sys/kernel/hostname", root),
        "kernel": _line("/proc/sys/kernel/osrelease", root),
        "os": {"id": release.get("ID"), "version": release.get("VERSION_ID")},
        "machine_id": _hash(None if machine_id == "uninitialized" else machine_id),
        "initiator": _hash(initiator.group(1) if initiator else None),
        "ssh_host_key": _hash(key),
    }


def _corosync(root):
    """As ``pcs.corosync_conf``, but None for Debian's one-node default; {} if it is damaged."""
    text = _text("/etc/corosync/corosync.conf", root)
    try:
        found = None if text is None else _pcs_files.corosync_conf(text)
    except CommandExecutionError:
        return {}
    return None if found is None or found["stub"] else found


def _units(root):
    """What systemd would start by itself, and what it may not start at all."""
    enabled, masked = set(), set()
    for directory in _UNIT_DIRECTORIES:
        for name in _names_in(directory, root) or []:
            path = f"{directory}/{name}"
            if name.endswith((".wants", ".requires")):
                enabled |= set(_names_in(path, root) or [])
            elif _hanfs_facts_files.target(path, root) == "/dev/null":
                masked.add(name)
    return {"enabled": sorted(enabled), "masked": sorted(masked)}


def _running(root):
    """The names of all processes, as the kernel keeps them (15 characters)."""
    found = set()
    for name in _names_in("/proc", root) or []:
        if name.isdigit():
            found.add(_line(f"/proc/{name}/comm", root))
    return sorted(found - {None})


def _selinux(root):
    wanted = re.search(r"^\s*SELINUX\s*=\s*(\w+)", _text("/etc/selinux/config", root) or "", re.M)
    booleans = {}
    for name in ("nfs_export_all_rw", "nfs_export_all_ro"):
        value = _line(f"/sys/fs/selinux/booleans/{name}", root)
        booleans[name] = None if value is None else value.split()[0] == "1"
    return {
        "mode": _SELINUX.get(_line("/sys/fs/selinux/enforce", root), "disabled"),
        "configured": wanted.group(1).lower() if wanted else None,
        "booleans": booleans,
    }


def _package_versions(machine, root):
    text = _text("/var/lib/dpkg/status", root)
    if text is not None:
        versions = _hanfs_facts_parse.dpkg_versions(text, _PACKAGES)
    else:
        versions = _rpm_versions(machine) if root == "/" and _cib_run.which("rpm") else {}
    found: dict[str, str] = {}
    for package, version in sorted(versions.items()):
        found.setdefault(_PACKAGES[package], version)
    return found


def _rpm_versions(machine):
    """The database of rpm has had three formats: rpm itself reads it best."""
    argv = ["rpm", "-q", "--qf", "%{NAME} %{VERSION}-%{RELEASE}\n", *_PACKAGES]
    try:
        result = machine.answer(argv, limit=_TIMEOUT)
    except CommandExecutionError:
        return {}
    words = [line.split() for line in result["stdout"].splitlines()]
    return {pair[0]: pair[1] for pair in words if len(pair) == 2 and pair[0] in _PACKAGES}


def _agents(root):
    """The resource agents, and what the one for the NFS server knows; None without any."""
    names = _names_in(AGENTS, root)
    if names is None:
        return None
    server = _text(f"{AGENTS}/nfsserver", root)
    known = [] if server is None else re.findall(r"<parameter name=\"(\w+)\"", server)
    return {"names": names, "nfsserver": known}


def _fence_agents(root):
    directories = [_names_in(path, root) for path in ("/usr/sbin", "/sbin")]
    found = {name for names in directories for name in names or [] if name.startswith("fence_")}
    return sorted(found) or None


def _automatic_upgrades(root):
    """What upgrades packages by itself, or None."""
    periodic = _text("/etc/apt/apt.conf.d/20auto-upgrades", root) or ""
    if re.search(r"^\s*APT::Periodic::Unattended-Upgrade\s+\"?[1-9]", periodic, re.M):
        return "unattended-upgrades (/etc/apt/apt.conf.d/20auto-upgrades)"
    dnf = _hanfs_facts_parse.sections(_text("/etc/dnf/automatic.conf", root) or "")
    applies = dnf.get("commands", {}).get("apply_updates", "no").lower() in ("yes", "true", "1")
    timers = _names_in("/etc/systemd/system/timers.target.wants", root) or []
    if "dnf-automatic-install.timer" in timers or (applies and "dnf-automatic.timer" in timers):
        return "dnf-automatic (/etc/dnf/automatic.conf)"
    return None


def _cib(root):
    """The configuration as Pacemaker keeps it on disk; None if there is none (or no right)."""
    text = _text(CIB_FILE, root)
    try:
        tree = ElementTree.fromstring(text) if text else None
    except (ElementTree.ParseError, ValueError):
        tree = None
    if tree is None:
        return None
    constraints = tree.iterfind("configuration/constraints/*")
    return {
        "left_over": [
            item.get("id") for item in constraints if (item.get("id") or "").startswith("cli-")
        ]
    }


def _watchdogs(root):
    """``{name in /dev: what drives it}``."""
    names = _names_in("/dev", root) or []
    found = {}
    for name in names:
        if re.match(r"watchdog\d*\Z", name):
            number = name if name != "watchdog" else "watchdog0"
            found[f"/dev/{name}"] = _line(f"/sys/class/watchdog/{number}/identity", root)
    return found


def _sbd(site, root):
    wanted = (site.get("fencing") or {}).get("sbd") or {}
    text = _text("/etc/default/sbd", root) or _text("/etc/sysconfig/sbd", root) or ""
    headers = {}
    for path in wanted.get("devices") or []:
        data = _head(path, root)
        headers[path] = _hanfs_sbd_disk.parse_header(data) if data else None
    watchdog = wanted.get("watchdog")
    return {
        "options": _hanfs_facts_parse.assignments(text),
        "headers": headers,
        "watchdog_there": watchdog and _hanfs_facts_files.exists(watchdog, root),
    }


def _head(path, root):
    try:
        with open(_hanfs_facts_files.below(path, root), "rb") as handle:
            return handle.read(512)
    except (OSError, ValueError):
        return None


def _key_files(root):
    return [f"/etc/cluster/{name}" for name in _names_in("/etc/cluster", root) or []]


def _accounts(root):
    """The ids that must be the same on all nodes: of the NFS state's owner, and of people."""
    owners, people = {}, []
    for line in (_text("/etc/passwd", root) or "").splitlines():
        fields = line.split(":")
        if len(fields) < 4 or not fields[2].isdigit():
            continue
        if fields[0] in ("statd", "rpcuser"):
            owners["statd"] = int(fields[2])
        if 1000 <= int(fields[2]) < 60000:
            people.append(":".join((fields[0], *fields[2:4])))
    return {"statd": owners.get("statd"), "people": _hash(" ".join(sorted(people)))}


# --- what peers tell each other -------------------------------------------------------------------


def digest(facts: Data) -> str:
    """
    What the peers have to know of this node, in one line for a node attribute. Pure.

    facts
        The answer of ``gather``.

    Returns text, the same for the same facts; ids are hashed.
    """
    nfs, storage = facts["nfs"]["settings"], facts["storage"]
    values = {
        "kernel": facts["kernel"],
        "os": " ".join(part for part in facts["os"].values() if part),
        "machine": facts["machine_id"],
        "initiator": facts["initiator"],
        "ssh": facts["ssh_host_key"],
        "selinux": facts["selinux"]["mode"],
        _hanfs_agent.FACT: facts["own_agent"],
        "statd": facts["accounts"]["statd"],
        "people": facts["accounts"]["people"],
        "lvm": storage["lvm"]["system_id"],
        "idmap": facts["nfs"]["idmap_domain"],
        **{f"nfs.{key}": value for key, value in nfs.items() if not isinstance(value, dict)},
        **{f"port.{key}": value for key, value in nfs["ports"].items()},
        **{f"pkg.{name}": version for name, version in facts["packages"].items()},
        **{
            f"disk.{number}": _hash(device.get("wwid") or device.get("serial"))
            for number, device in enumerate(storage["devices"].values())
        },
    }
    return urlencode(
        {key: str(value) for key, value in sorted(values.items()) if value is not None}
    )


def peers(status: Data | None) -> dict[str, dict[str, str]]:
    """
    What the nodes have published. Pure.

    status
        The data of ``pcs.status``, or None.

    Returns ``{node: {key: text}}``; a node that has published nothing is not in it.
    """
    found = {}
    for node, attributes in ((status or {}).get("attributes") or {}).items():
        text = attributes.get(ATTRIBUTE) if isinstance(attributes, dict) else None
        if isinstance(text, str) and text:
            found[node] = dict(parse_qsl(text))
    return found


def publish(machine: Machine, value: str) -> None:
    """
    Tell the peers: set this node's transient attribute. One process, ``attrd_updater``.

    value
        The answer of ``digest``.

    Raises CommandExecutionError if the cluster does not take it.
    """
    argv = ["attrd_updater", "--name", ATTRIBUTE, "--update", value]
    machine.run(argv, limit=_TIMEOUT)
