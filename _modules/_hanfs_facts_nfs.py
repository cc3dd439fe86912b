"""
What the NFS server on this node is set to, from its files and from the kernel.
"""

from __future__ import annotations

import re

import _hanfs_directories
import _hanfs_exports
import _hanfs_facts_files
import _hanfs_facts_parse
from _cib_values import Data
from _hanfs_types import Site

# The kernel's own (fs/nfsd/nfsctl.c, netns.h) where nothing is said; threads: nfs-utils.
_DEFAULTS = {"lease": 90, "grace": 90}
_RED_HAT = ("rhel", "centos", "rocky", "almalinux", "ol", "fedora")
_NO = ("n", "no", "0", "false", "off")
_SYSCTL = ("/usr/lib/sysctl.d", "/etc/sysctl.d")
_MODPROBE = ("/usr/lib/modprobe.d", "/lib/modprobe.d", "/etc/modprobe.d")
_UNIT = "nfs-server.service"
_UNIT_FILES = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")


def gather(site: Site, root: str = "/", os_id: str | None = None) -> Data:
    """
    Look at the NFS server's settings.

    site
        A normalised site.

    root
        Directory that stands for ``/``.

    os_id
        ``ID`` of os-release.

    Returns a dict: ``installed``, ``settings`` (what the files say), ``live`` (what nfsd runs
    with, None while it does not), ``exports`` and ``exports_d`` (files of others),
    ``exports_file`` (the formula's own), ``exports_stopped`` (by hand), ``idmap_domain``,
    ``idmap_known``, ``keytab``, ``state_shared``, ``state_names``, ``unit_starts``,
    ``kernel_has_nfsd``, ``kernel_has_multiport``, ``loopback``.
    """
    conf = _nfs_conf(root)
    mounts = _hanfs_facts_parse.mounts(_text("/proc/self/mountinfo", root) or "")
    read = _hanfs_facts_parse.exported_directories
    extra = [
        f"/etc/exports.d/{name}"
        for name in _hanfs_facts_files.names("/etc/exports.d", root) or []
        if name.endswith(".exports") and not name.startswith(".")
    ]
    texts = {path: _text(path, root) or "" for path in extra}
    ours = {path for path, text in texts.items() if _hanfs_exports.is_ours(text)}
    exports_d = {path: read(text) for path, text in texts.items() if path not in ours}
    return {
        "installed": _unit(root) is not None,
        "settings": _settings(conf, root, os_id),
        "live": _live(root),
        "exports": read(_text("/etc/exports", root) or ""),
        "exports_d": {path: directories for path, directories in exports_d.items() if directories},
        "exports_file": _text(_hanfs_exports.path(site), root),
        "exports_stopped": _hanfs_directories.stopped_in_file(root),
        "idmap_domain": _idmap(root).get("domain"),
        "idmap_known": _text("/etc/idmapd.conf", root) is not None,
        "keytab": _keytab(conf, root),
        "state_shared": any(
            mount["directory"] == "/var/lib/nfs" and mount["root"] != "/" for mount in mounts
        ),
        "state_names": _hanfs_facts_files.names("/var/lib/nfs", root),
        "unit_starts": _unit_starts(root),
        "kernel_has_nfsd": _kernel_has_nfsd(root),
        "kernel_has_multiport": _kernel_has("xt_multiport", root),
        "loopback": _loopback(site, mounts, root),
    }


def _text(path, root):
    return _hanfs_facts_files.text(path, root)


def _number(text):
    match = re.match(r"\s*(\d+)", str(text if text is not None else ""))
    return int(match.group(1)) if match else None


def _in_order(directories, suffix, root):
    """Texts of drop-in files, in the order of their names: the last one wins."""
    files = {}
    for directory in directories:
        for name in _hanfs_facts_files.names(directory, root) or []:
            if name.endswith(suffix):
                files[name] = f"{directory}/{name}"
    return [_text(files[name], root) or "" for name in sorted(files)]


def _nfs_conf(root):
    """nfs-utils, support/nfs/conffile.c: nfs.conf, then nfs.conf.d in the order of names."""
    merged: dict[str, dict[str, str]] = {}
    texts = [_text("/etc/nfs.conf", root) or "", *_in_order(["/etc/nfs.conf.d"], ".conf", root)]
    for text in texts:
        for section, keys in _hanfs_facts_parse.sections(text).items():
            merged.setdefault(section, {}).update(keys)
    return merged


def _idmap(root):
    found = _hanfs_facts_parse.sections(_text("/etc/idmapd.conf", root) or "")
    return found.get("general", {})


def _settings(conf, root, os_id):
    nfsd = conf.get("nfsd", {})
    old = {}
    for path in ("nfs-kernel-server", "nfs-common"):
        old.update(_hanfs_facts_parse.assignments(_text(f"/etc/default/{path}", root) or ""))
    old.update(_hanfs_facts_parse.assignments(_text("/etc/sysconfig/nfs", root) or ""))
    return {
        "lease": _number(nfsd.get("lease-time")) or _DEFAULTS["lease"],
        "grace": _number(nfsd.get("grace-time")) or _DEFAULTS["grace"],
        "threads": _number(nfsd.get("threads")) or _number(old.get("RPCNFSDCOUNT")),
        "v3": "no" if nfsd.get("vers3", "y").lower() in _NO else "yes",
        "ports": _ports(conf, old, root, os_id),
    }


def _ports(conf, old, root, os_id):
    ports = _hanfs_facts_parse.option_ports
    mountd = ports(old.get("RPCMOUNTDOPTS", "")).get("port") or _number(old.get("MOUNTD_PORT"))
    statd = ports(old.get("STATDOPTS", "") or old.get("STATDARG", "")).get("port")
    kernel = _lockd(root)
    lockd = conf.get("lockd", {})
    # Zero is "any port" everywhere.
    return {
        "mountd": _number(conf.get("mountd", {}).get("port"))
        or mountd
        # rpc.mountd asks /etc/services, and only Red Hat's has the number of mountd.
        or (20048 if os_id in _RED_HAT else None),
        "statd": _number(conf.get("statd", {}).get("port"))
        or statd
        or _number(old.get("STATD_PORT"))
        or None,
        "lockd_tcp": _number(lockd.get("port"))
        or kernel.get("tcp")
        or _number(old.get("LOCKD_TCPPORT"))
        or None,
        "lockd_udp": _number(lockd.get("udp-port"))
        or kernel.get("udp")
        or _number(old.get("LOCKD_UDPPORT"))
        or None,
    }


def _lockd(root):
    """lockd is in the kernel: a module's options, or sysctl."""
    found: dict[str, str] = {}
    for text in _in_order(_MODPROBE, ".conf", root):
        for line in re.findall(r"^\s*options\s+lockd\s+(.*)$", text, re.M):
            found.update(re.findall(r"nlm_(tcp|udp)port=(\d+)", line))
    texts = [*_in_order(_SYSCTL, ".conf", root), _text("/etc/sysctl.conf", root) or ""]
    for text in texts:
        found.update(re.findall(r"^\s*-?fs[./]nfs[./]nlm_(tcp|udp)port\s*=\s*(\d+)", text, re.M))
    return {name: int(port) for name, port in found.items() if int(port)}


def _live(root):
    """What the running nfsd works with; None while there are no threads."""
    line = _hanfs_facts_files.line
    threads = _number(line("/proc/fs/nfsd/threads", root))
    if not threads:
        return None
    return {
        "threads": threads,
        "lease": _number(line("/proc/fs/nfsd/nfsv4leasetime", root)),
        "grace": _number(line("/proc/fs/nfsd/nfsv4gracetime", root)),
    }


def _keytab(conf, root):
    """``{"path", "principals"}``; principals is None if the file is not there or no keytab."""
    path = conf.get("gssd", {}).get("keytab-file") or "/etc/krb5.keytab"
    data = _hanfs_facts_files.data(path, root)
    found = None if data is None else _hanfs_facts_parse.keytab(data)
    return {"path": path, "principals": found}


def _unit(root):
    """Text of the NFS server's unit; None if there is none."""
    texts = (_text(f"{directory}/{_UNIT}", root) for directory in _UNIT_FILES)
    return next((text for text in texts if text is not None), None)


def _unit_starts(root):
    """How many commands start the NFS server, drop-ins counted, the agent's own left out."""
    unit = _unit(root)
    if unit is None:
        return None
    directories = [f"{directory}/{_UNIT}.d" for directory in reversed(_UNIT_FILES)]
    starts: list[str] = []
    for text in [unit, *_in_order(directories, ".conf", root)]:
        for command in re.findall(r"^ExecStart\s*=[ \t]*(.*)$", text, re.M):
            # An empty one forgets those before it.
            starts = [*starts, command] if command.strip() else []
    return len(starts)


def _kernel_has_nfsd(root):
    if re.search(r"\bnfsd$", _text("/proc/filesystems", root) or "", re.M):
        return True
    return _kernel_has("nfsd", root)


def _kernel_has(module, root):
    """None while it cannot be known: no list of the running kernel's modules."""
    kernel = _hanfs_facts_files.line("/proc/sys/kernel/osrelease", root)
    for directory in ("/lib/modules", "/usr/lib/modules"):
        texts = [
            _text(f"{directory}/{kernel}/{name}", root)
            for name in ("modules.dep", "modules.builtin")
        ]
        if texts[0] is not None:
            return any(f"/{module}.ko" in (text or "") for text in texts)
    return None


def _loopback(site, mounts, root):
    """Directories where this node has mounted its own service."""
    hostname = _hanfs_facts_files.line("/proc/sys/kernel/hostname", root)
    own = {str(address.get("ip")) for address in site.get("addresses") or []}
    own |= set(((site.get("cluster") or {}).get("nodes") or {}).get(hostname) or [])
    own |= {"127.0.0.1", "::1", "localhost", hostname or "localhost"}
    return [
        mount["directory"]
        for mount in mounts
        if mount["fstype"] in ("nfs", "nfs4") and _server(mount) in own
    ]


def _server(mount):
    """The address that the kernel has found for the name, or the name."""
    addresses = re.findall(r"(?:^|,)addr=([^,]+)", mount["options"])
    return addresses[0] if addresses else mount["source"].rsplit(":/", 1)[0].strip("[]")
