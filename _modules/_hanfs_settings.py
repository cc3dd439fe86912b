"""
What the files of a node have to say, from the site: the NFS server's settings in the form that each
distribution has for them, LVM's, the kernel lock manager's, and those of systemd.

Data in, data out; nothing is read, written or run here. ``docs/platforms.md`` has the sources.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Any

import _hanfs_settings_text
from _cib_values import Data
from _hanfs_types import Nfs, Site

# The last file of the directory wins (nfs-utils, support/nfs/conffile.c), and Debian's upgrade
# writes one called local.conf.
DROP_IN = "/etc/nfs.conf.d/zz-hanfs.conf"
NFS_CONF = "/etc/nfs.conf"
SERVER_DEFAULTS = "/etc/default/nfs-kernel-server"
COMMON_DEFAULTS = "/etc/default/nfs-common"
SYSCONFIG = "/etc/sysconfig/nfs"
# Where the resource agents look for rpc.statd's files, whatever the distribution.
STATD = "/var/lib/nfs/statd"
LOCKD = "/etc/modprobe.d/hanfs-lockd.conf"
# The last name of all directories wins (sysctl.d(5)).
LOCKD_SYSCTL = "/etc/sysctl.d/zz-hanfs-lockd.conf"
LVM = "/etc/lvm/lvm.conf"
LVM_LOCAL = "/etc/lvm/lvmlocal.conf"
RESOURCE_DEPENDENCIES = "/etc/systemd/system/resource-agents-deps.target.d/hanfs.conf"
POLICY = "/usr/sbin/policy-rc.d"
HEADER = "# Kept by Salt (hanfs); edits are lost.\n"

# What the shared disk needs. `After=` takes no notice of units that do not exist, and starts none.
STORAGE_UNITS = (
    "iscsi.service iscsid.service open-iscsi.service multipathd.service blk-availability.service "
    "lvm2-monitor.service fcoe.service rbdmap.service nvmf-autoconnect.service"
).split()
# NFSv3 alone needs these; nfs-server.service and clients' mounts pull them in.
V3_UNITS = ("rpc-statd.service", "rpc-statd-notify.service", "rpcbind.service", "rpcbind.socket")
# What a package's maintainer scripts must not start: the cluster does, or the formula at its time.
CLUSTER_UNITS = ("nfs-server", "nfs-kernel-server", "corosync", "pacemaker", "sbd", "fsidd")


def paths() -> dict[str, str]:
    """The files that are written, by what is in them."""
    return {
        "lockd": LOCKD,
        "lockd_sysctl": LOCKD_SYSCTL,
        "lvm": LVM,
        "lvm_local": LVM_LOCAL,
        "resource_dependencies": RESOURCE_DEPENDENCIES,
        "policy": POLICY,
    }


def v3_units() -> list[str]:
    """The units that only NFSv3 needs."""
    return list(V3_UNITS)


def nfs_values(nfs: Nfs) -> dict[str, dict[str, str]]:
    """
    The NFS server's settings as sections and keys of nfs.conf(5).

    nfs
        ``nfs`` of the normalised site.

    Returns ``{section: {key: text}}``. ``no-notify`` is there since rpc.statd would else tell the
    clients itself, under the node's name, before the address is up, and take them off the list.
    """
    v4_only, ports = nfs["v4_only"], nfs["ports"]
    server = {
        "threads": str(nfs["threads"]),
        "lease-time": str(nfs["lease_time"]),
        "grace-time": str(nfs["grace_time"]),
        "vers3": "n" if v4_only else "y",
    }
    if v4_only:
        return {"nfsd": server}
    return {
        "nfsd": server,
        "mountd": {"port": str(ports["mountd"])},
        "statd": {
            "port": str(ports["statd"]),
            "outgoing-port": str(ports["statd_outgoing"]),
            "no-notify": "y",
            "state-directory-path": STATD,
        },
        "lockd": {"port": str(ports["lockd_tcp"]), "udp-port": str(ports["lockd_udp"])},
    }


def nfs_files(style: str) -> list[str]:
    """
    The files that hold the NFS server's settings.

    style
        Where the distribution has them: ``drop-in`` (``/etc/nfs.conf.d``: nfs-utils 2.5.3 and
        later), ``nfs.conf`` (older ones of 2), ``default`` (Debian's of 1) or ``sysconfig`` (Red
        Hat's of 1).
    """
    return {
        "drop-in": [DROP_IN],
        "nfs.conf": [NFS_CONF],
        "default": [SERVER_DEFAULTS, COMMON_DEFAULTS],
        "sysconfig": [SYSCONFIG],
    }[style]


def nfs_wanted(nfs: Nfs, style: str, texts: Mapping[str, str | None]) -> Data:
    """
    What the files of the NFS server's settings must say.

    nfs
        ``nfs`` of the normalised site.

    style
        As in ``nfs_files``.

    texts
        ``{path: text}`` of those files as they are now, None for one that does not exist.

    Returns ``{"files": {path: text}, "changes": {setting: {"old":, "new":}}, "problems":
    [sentence]}``; ``files`` has those that change only.
    """
    if style in ("drop-in", "nfs.conf"):
        return _in_nfs_conf(nfs_values(nfs), style, texts)
    return _in_variables(_variables(nfs, style), texts)


def _in_nfs_conf(values, style, texts):
    (path,) = nfs_files(style)
    old = texts.get(path) or ""
    there = _hanfs_settings_text.ini_values(old)
    same = _hanfs_settings_text.same_value
    changes = {
        f"[{section}] {key}": {"old": there.get(section, {}).get(key), "new": value}
        for section, keys in values.items()
        for key, value in keys.items()
        if not same(there.get(section, {}).get(key), value)
    }
    if style == "nfs.conf":
        new = _hanfs_settings_text.ini_set(old, values)
    else:
        for section, keys in there.items():
            for key, value in keys.items():
                if key not in values.get(section, {}):
                    changes[f"[{section}] {key}"] = {"old": value, "new": None}
        new = HEADER + _hanfs_settings_text.ini_set("", values)
    return {"files": {path: new} if changes else {}, "changes": changes, "problems": []}


def _variables(nfs, style):
    """[(path, variable, value or a list for options_set)] of the older files."""
    threads, v4_only = str(nfs["threads"]), nfs["v4_only"]
    server = [
        [["--lease-time", "-L"], str(nfs["lease_time"])],
        [["--grace-time", "-G"], str(nfs["grace_time"])],
        [["--no-nfs-version", "-N"], "3", v4_only],
    ]
    ports = nfs["ports"]
    mountd = [
        [["--port", "-p"], None if v4_only else str(ports["mountd"])],
        [["--no-nfs-version", "-N"], "3", v4_only],
    ]
    if style == "sysconfig":
        # Not STATDARG: the resource agent rewrites it at every start (nfsserver-redhat.sh).
        found = [(SYSCONFIG, "RPCNFSDCOUNT", threads), (SYSCONFIG, "RPCNFSDARGS", server)]
        found.append((SYSCONFIG, "RPCMOUNTDOPTS", mountd))
        if not v4_only:
            found.append((SYSCONFIG, "LOCKD_TCPPORT", str(ports["lockd_tcp"])))
            found.append((SYSCONFIG, "LOCKD_UDPPORT", str(ports["lockd_udp"])))
        return found
    # Debian's unit gives rpc.statd --no-notify itself.
    statd: list[list[Any]] = [
        [["--port", "-p"], str(ports["statd"])],
        [["--outgoing-port", "-o"], str(ports["statd_outgoing"])],
        [["--nlm-port", "-T"], str(ports["lockd_tcp"])],
        [["--nlm-udp-port", "-U"], str(ports["lockd_udp"])],
        [["--state-directory-path", "-P"], STATD],
    ]
    if v4_only:
        statd = [[names, None] for names, _ in statd]
    return [
        (SERVER_DEFAULTS, "RPCNFSDCOUNT", threads),
        (SERVER_DEFAULTS, "RPCNFSDOPTS", server),
        (SERVER_DEFAULTS, "RPCMOUNTDOPTS", mountd),
        (COMMON_DEFAULTS, "STATDOPTS", statd),
    ]


def _in_variables(variables, texts):
    new = {path: texts.get(path) or "" for path, _, _ in variables}
    changes, problems = {}, []
    for path, name, wanted in variables:
        old = _hanfs_settings_text.shell_value(new[path], name)
        if not isinstance(wanted, str):
            if not _hanfs_settings_text.shell_is_plain(old):
                problems.append(
                    f"{path}: {name} has something that only a shell can put in ({old}), and is "
                    "left alone: write its value out there"
                )
                continue
            wanted = _hanfs_settings_text.options_set(old, wanted)
        if (old or "") == wanted:
            continue
        changes[name] = {"old": old, "new": wanted}
        new[path] = _hanfs_settings_text.shell_set(new[path], name, wanted)
    files = {path: text for path, text in new.items() if text != (texts.get(path) or "")}
    return {"files": files, "changes": changes, "problems": problems}


def lockd_files(nfs: Nfs) -> dict[str, str | None]:
    """
    The files that fix the ports of the kernel's lock manager at boot: for modprobe, where it is a
    module, and for systemd-sysctl, where it is built in or was loaded earlier. With the ``-`` it is
    no error that there is nothing to set yet.

    nfs
        ``nfs`` of the normalised site.

    Returns ``{path: text}``, with None for a file that must not be there, since NFSv4 has its locks
    in itself.
    """
    if nfs["v4_only"]:
        return {LOCKD: None, LOCKD_SYSCTL: None}
    ports = nfs["ports"]
    options = f"nlm_tcpport={ports['lockd_tcp']} nlm_udpport={ports['lockd_udp']}"
    values = (("nlm_tcpport", ports["lockd_tcp"]), ("nlm_udpport", ports["lockd_udp"]))
    return {
        LOCKD: f"{HEADER}options lockd {options}\n",
        LOCKD_SYSCTL: HEADER + "".join(f"-fs.nfs.{key} = {port}\n" for key, port in values),
    }


def lockd_kernel(nfs: Nfs) -> dict[str, str]:
    """
    The same for a lock manager that is loaded: ``{path below /proc/sys: text}``. It counts from its
    next start; one that runs keeps its ports.

    nfs
        ``nfs`` of the normalised site.
    """
    if nfs["v4_only"]:
        return {}
    return {
        "/proc/sys/fs/nfs/nlm_tcpport": str(nfs["ports"]["lockd_tcp"]),
        "/proc/sys/fs/nfs/nlm_udpport": str(nfs["ports"]["lockd_udp"]),
    }


def lvm_wanted(
    shared: Container[str], texts: Mapping[str, str | None], others: Iterable[str] | None = None
) -> Data:
    """
    What LVM's own file must say so that the shared volume group belongs to one node at a time.

    shared
        Names of the shared volume groups.

    texts
        ``{path: text or None}`` of lvm.conf and lvmlocal.conf.

    others
        Where LVM cannot note in a volume group that it is not to be activated at boot: the names of
        the groups that are. None where it can.

    Returns ``{"text": text or None, "changes": {setting: {"old":, "new":}}, "problems":
    [sentence], "source": where the system id comes from}``; ``text`` is the new lvmlocal.conf.
    """
    read = _hanfs_settings_text.lvm_values
    local = texts.get(LVM_LOCAL) or ""
    own = _hanfs_settings_text.block_values(local)
    given = {**read(texts.get(LVM) or ""), **read(local)}
    foreign = {key: value for key, value in given.items() if own.get(key) != value}
    wanted, problems = {}, []
    source = foreign.get("global/system_id_source", "none")
    if source == "none":
        source = wanted["global/system_id_source"] = "uname"
    if "activation/volume_list" in given:
        # LVM-activate, systemid_check: "Both system_id_source & volume_list cannot be defined!"
        problems.append(
            f"{LVM}: activation/volume_list is set, and ocf:heartbeat:LVM-activate refuses to work "
            "with it: take it out, the system id does its work"
        )
    if others is not None:
        _at_boot(shared, others, foreign, own, wanted, problems)
    changes = {
        key: {"old": own.get(key, foreign.get(key)), "new": value}
        for key, value in wanted.items()
        if own.get(key) != value
    }
    changes.update({key: {"old": own[key], "new": None} for key in own if key not in wanted})
    text = _hanfs_settings_text.block_set(local, wanted) if changes else None
    return {"text": text, "changes": changes, "problems": problems, "source": source}


def _at_boot(shared, others, foreign, own, wanted, problems):
    key = "activation/auto_activation_volume_list"
    if key in foreign:
        listed = [entry for entry in foreign[key] if entry.split("/")[0] in shared]
        if listed:
            problems.append(
                f"{LVM}: {key} has {', '.join(listed)}, so the machine activates the shared disk "
                "at boot: take it out there"
            )
        return
    # What was on the list stays on it: a disk that is away for a while is no reason to forget it.
    names = [*own.get(key, []), *sorted(others)]
    wanted[key] = [name for name in dict.fromkeys(names) if name not in shared]


def resource_dependencies() -> str:
    """The text of systemd's drop-in that keeps the shared disk until the cluster has stopped."""
    why = "Pacemaker starts after this target, so it stops before all that is named here."
    return f"{HEADER}# {why}\n[Unit]\nAfter={' '.join(STORAGE_UNITS)}\n"


def policy_text() -> str:
    """
    The text of Debian's policy-rc.d that keeps maintainer scripts from starting what the cluster
    starts.
    """
    return f"""#!/bin/sh
{HEADER}# Packages that are installed or upgraded do not start, restart or reload these: on a
# node of a cluster that is the cluster's to do. All else is allowed, and so is stopping.
while [ "${{1#--}}" != "$1" ]; do shift; done  # invoke-rc.d hands on --quiet
unit=${{1%.service}}
case " {" ".join(CLUSTER_UNITS)} " in
*" $unit "*) ;;
*) exit 0 ;;
esac
case " $2 " in
*start* | *reload*) exit 101 ;;
esac
exit 0
"""


def kerberos_exports(site: Site) -> list[str]:
    """
    Directories that are exported with Kerberos (``sec=krb5``, ``krb5i``, ``krb5p``).

    site
        The normalised site.
    """
    return [
        export["directory"]
        for export in site["exports"]
        if any(
            option.startswith("sec=") and "krb5" in option
            for client in export["clients"]
            for option in client["options"]
        )
    ]


def firewall_wanted(site: Site, services: list[str]) -> list[Data]:
    """
    What the firewall must let through.

    site
        The normalised site.

    services
        firewalld's services for a site without settings of its own.

    Returns a list of ``{"zone": name or None, "services": [...], "ports": ["662/tcp", ...]}``.
    """
    firewall, nfs = site.get("firewall") or {}, site.get("nfs")
    zone, cluster_zone = firewall.get("zone"), firewall.get("cluster_zone")
    ports = []
    if firewall.get("services") is not None:
        services = list(firewall["services"])
    elif nfs:
        services = ["high-availability", "nfs"]
        if not nfs["v4_only"]:
            services, ports = _v3_firewall(services, nfs["ports"])
    cluster = [name for name in services if name == "high-availability"]
    if cluster_zone is None or cluster_zone == zone or not cluster:
        return [{"zone": zone, "services": list(services), "ports": ports}]
    clients = [name for name in services if name not in cluster]
    return [
        {"zone": cluster_zone, "services": cluster, "ports": []},
        {"zone": zone, "services": clients, "ports": ports},
    ]


def _v3_firewall(services, ports):
    """NFSv3's services and fixed ports; firewalld's service mountd is port 20048."""
    if ports["mountd"] == 20048:
        services = [*services, "mountd", "rpc-bind"]
        opened = []
    else:
        services = [*services, "rpc-bind"]
        opened = [f"{ports['mountd']}/tcp", f"{ports['mountd']}/udp"]
    opened += [f"{ports['statd']}/tcp", f"{ports['statd']}/udp"]
    return services, [*opened, f"{ports['lockd_tcp']}/tcp", f"{ports['lockd_udp']}/udp"]
