"""
What this node has, for ``hanfs.health``: files, sockets and a few questions to the network. No
process is started.

Each look is a function of its own in a thread of its own: a disk or a name server that hangs takes
no other look with it, and is left behind when the time is over.
"""

from __future__ import annotations

import functools
import ipaddress
import os
import re
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import _hanfs_facts_files
import _hanfs_facts_net
import _hanfs_here
import _hanfs_names
import _hanfs_net
import _hanfs_rpc
import _hanfs_storage
from _cib_errors import CommandExecutionError
from _cib_values import Data
from _hanfs_types import Site

# A moment's look, at most.
_TIMEOUT = 2
CERTIFICATE = "/var/lib/pcsd/pcsd.crt"
AUTHKEY = "/etc/corosync/authkey"
# Its time is that of the last fencing that this node's hanfs.fence_drill saw succeed.
PROVEN = "/var/lib/hanfs/fencing-proven"
_REBOOT_REQUIRED = ("/run/reboot-required", "/var/run/reboot-required")


class Looks:
    """
    Several looks at once, each in a thread that nobody waits for when the time is over.

    looks
        ``{name: function}``. What it raises of OSError and CommandExecutionError is a None.
    """

    def __init__(self, looks: Mapping[str, Callable[[], Any]]) -> None:
        self._found: Data = {}
        self._threads = {
            name: threading.Thread(target=self._look, args=(name, look), daemon=True)
            for name, look in looks.items()
        }
        for thread in self._threads.values():
            thread.start()

    def _look(self, name, look):
        try:
            self._found[name] = look()
        except (OSError, CommandExecutionError, _hanfs_rpc.RpcError):
            self._found[name] = None

    def found(self, until: float) -> tuple[Data, list[str]]:
        """
        What was found by a moment of ``time.monotonic()``, and the names of what is late (None).
        """
        for thread in self._threads.values():
            thread.join(max(0.0, until - time.monotonic()))
        late = [name for name in self._threads if name not in self._found]
        return {name: self._found.get(name) for name in self._threads}, late


def looks(site: Site) -> Looks:
    """
    Begin to look at this node.

    site
        A normalised site.

    Returns what gives, once it has ended, the facts that ``_hanfs_health_node`` judges.
    """
    mountpoints = [storage["mountpoint"] for storage in site["file_systems"]]
    wanted: dict[str, Callable[[], Any]] = {
        "mounts": functools.partial(_mounts, site),
        "space": functools.partial(_space, mountpoints),
        "addresses": own_addresses,
        "answered": functools.partial(_answered, site),
        "exports": functools.partial(_exports, site),
        "threads": _threads,
        "state_shared": _hanfs_here.nfs_state_is_shared,
        "certificate": functools.partial(certificate_end, CERTIFICATE),
        "reboot": reboot_reasons,
        "proven": functools.partial(_time_of, PROVEN),
        "made": functools.partial(_time_of, AUTHKEY),
    }
    for address in site["addresses"]:
        wanted[f"nfs {address['ip']}"] = functools.partial(_nfs, address["ip"])
    for name, addresses in site["cluster"]["nodes"].items():
        if name != _hanfs_here.own_name():
            ask = functools.partial(_hanfs_facts_net.clock_offset, addresses[0], _TIMEOUT)
            wanted[f"clock {name}"] = ask
    return Looks(wanted)


def gathered(found: Data) -> Data:
    """
    The answers of ``looks``, as ``_hanfs_health_node`` takes them. Pure, but for the clock.

    found
        The first of what ``Looks.found`` returns.
    """
    facts = {name: value for name, value in found.items() if " " not in name}
    facts["nfs"] = _below(found, "nfs ")
    facts["clocks"] = _below(found, "clock ")
    return {**facts, "node": _hanfs_here.own_name(), "now": time.time()}


def _below(found, prefix):
    return {name[len(prefix) :]: value for name, value in found.items() if name.startswith(prefix)}


def _mounts(site):
    found = {}
    for storage in site["file_systems"]:
        device = _hanfs_names.filesystem_device(storage)
        directories = [mount["directory"] for mount in _hanfs_storage.mounts(device)]
        found[storage["mountpoint"]] = {"device": device, "directories": directories}
    return found


def _space(mountpoints):
    return {path: used(os.statvfs(path)) for path in mountpoints if os.path.ismount(path)}


def used(stat: os.statvfs_result) -> dict[str, int]:
    """
    How full a file system is, in percent of what may be used. Pure.

    stat
        Of ``os.statvfs``.

    Returns ``{"bytes": percent, "inodes": percent}``; no inodes where it does not count them.
    """
    found = {}
    usable = stat.f_blocks - stat.f_bfree + stat.f_bavail
    if usable:
        found["bytes"] = round(100 * (stat.f_blocks - stat.f_bfree) / usable)
    if stat.f_files:
        found["inodes"] = round(100 * (stat.f_files - stat.f_ffree) / stat.f_files)
    return found


def own_addresses(root: str = "/") -> list[str]:
    """
    All addresses of this machine, as the kernel has them in procfs.

    root
        Directory that stands for ``/``.
    """
    v4 = _hanfs_facts_files.text("/proc/net/fib_trie", root) or ""
    found = re.findall(r"\|-- (\S+)\n\s+/32 host LOCAL", v4)
    for line in (_hanfs_facts_files.text("/proc/net/if_inet6", root) or "").splitlines():
        digits = line.split()[0] if line.split() else ""
        if re.fullmatch(r"[0-9a-f]{32}", digits):
            found.append(str(ipaddress.IPv6Address(bytes.fromhex(digits))))
    return sorted(set(found))


def _answered(site):
    """Who else answers for an address that this machine has; IPv6 finds out by itself."""
    own, found = own_addresses(), {}
    local = _hanfs_facts_net.networks()
    for address in site["addresses"]:
        interface = address["nic"] or _hanfs_net.interface_for(address["ip"], local)
        if address["ip"] in own and interface and ":" not in address["ip"]:
            found[address["ip"]] = _hanfs_net.answered_by(address["ip"], interface, 1, 1.0)
    return found


def _nfs(ip):
    """Why a client would get no answer; None if it would."""
    wrong = None
    for version in (4, 3):
        try:
            _hanfs_rpc.null(ip, _hanfs_rpc.NFS, version, _hanfs_rpc.NFS_PORT, _TIMEOUT)
        except _hanfs_rpc.RpcError as err:
            wrong = str(err)
            if wrong != "no such version":
                break
        else:
            return None
    return wrong


def _exports(site):
    """
    As mountd answers a client; with NFSv4 alone there is no mountd, and the kernel is asked through
    the table that exportfs keeps, on the node that has it.
    """
    if not site["addresses"]:
        return None
    if site["nfs"] and site["nfs"]["v4_only"]:
        text = _hanfs_facts_files.text("/var/lib/nfs/etab")
        return etab(text) if text and _hanfs_here.nfs_state_is_shared() else None
    port = site["nfs"]["ports"]["mountd"] if site["nfs"] else None
    return _hanfs_rpc.exports(site["addresses"][0]["ip"], port, _TIMEOUT)


def etab(text: str) -> dict[str, list[str]]:
    """
    The table of exportfs. Pure.

    text
        Of ``/var/lib/nfs/etab``.

    Returns ``{directory: [clients]}``.
    """
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        match = re.match(r"(\S+)\s+([^\s(]+)\(", line)
        if match:
            directory = re.sub(r"\\(\d{3})", lambda one: chr(int(one.group(1), 8)), match.group(1))
            found.setdefault(directory, []).append(match.group(2))
    return found


def _threads():
    text = _hanfs_facts_files.line("/proc/fs/nfsd/threads")
    return int(text) if text and text.isdigit() else None


def certificate_end(path: str) -> float | None:
    """
    When a certificate ends.

    path
        A file in PEM form.

    Returns seconds of Unix time; None if there is none, or Python cannot read it.
    """
    decode = getattr(getattr(ssl, "_ssl", None), "_test_decode_cert", None)
    if not decode or not os.path.exists(path):
        return None
    try:
        return float(ssl.cert_time_to_seconds(decode(path)["notAfter"]))
    except (ssl.SSLError, KeyError, ValueError):
        return None


def reboot_reasons(root: str = "/") -> list[str]:
    """
    Why this machine waits for a reboot.

    root
        Directory that stands for ``/``.

    Returns a list of sentences: Debian's mark, or a kernel that was installed since the start and
    is not the one that runs.
    """
    for path in _REBOOT_REQUIRED:
        if _hanfs_facts_files.exists(path, root):
            return [f"this node waits for a reboot ({path})"]
    running = _hanfs_facts_files.line("/proc/sys/kernel/osrelease", root)
    started = re.search(r"^btime (\d+)", _hanfs_facts_files.text("/proc/stat", root) or "", re.M)
    for name in _hanfs_facts_files.names("/boot", root) or []:
        installed = _time_of(_hanfs_facts_files.below(f"/boot/{name}", root))
        version = name.partition("vmlinuz-")[2]
        if version and started and running and "rescue" not in version:
            if version != running and (installed or 0) > int(started.group(1)):
                return [f"this node runs kernel {running}, {version} was installed since"]
    return []


def _time_of(path):
    """When what is in a file was last written, or came here; None if there is no such file."""
    try:
        stat = os.stat(path)
    except FileNotFoundError:
        return None
    return max(stat.st_mtime, stat.st_ctime) if "/boot/" in path else stat.st_mtime


def fencing_worked() -> None:
    """Note that a fencing has just worked: the cluster itself forgets it when all nodes stop."""
    os.makedirs(os.path.dirname(PROVEN), mode=0o755, exist_ok=True)
    with open(PROVEN, "a", encoding="ascii"):
        os.utime(PROVEN)
