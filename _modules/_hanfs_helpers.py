"""
The NFS server's helpers, and how one that dies is started again without the server: what systemd is
told, and what it says of them afterwards.

Data in, data out; nothing is read, written or run here. ``docs/nfs-model.md`` has the reasons.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from _hanfs_settings import HEADER
from _hanfs_types import Nfs

SERVER = "nfs-server"
UNITS = "/etc/systemd/system"
# The same name in each unit's directory.
DROP_IN = "hanfs-restart.conf"
# Starts a unit again that systemd may not restart by itself, and counts it.
AGAIN = f"{UNITS}/hanfs-again@.service"
# One line a start: seconds since boot.
COUNTS = "/run/hanfs"
REGISTER = "/usr/local/sbin/hanfs-rpcbind-register"
# The node's own Python, and where Red Hat's 8 has it in any case.
PYTHONS = ("/usr/bin/python3", "/usr/libexec/platform-python")
# A helper that dies at once dies so often within so many seconds, and stays dead: then it is the
# cluster's. A longer time would refuse the cluster's own start, too, which counts as one.
_BURST, _SECONDS = 5, 10
_RESTART = "Restart=on-failure\nRestartSec=100ms\n"

_ALWAYS = ("nfs-mountd", "nfs-idmapd", "nfsdcld")
_V3 = ("rpc-statd", "rpcbind")
_KERBEROS = ("gssproxy", "rpc-svcgssd")

# nfsnotify remembers rpc.statd's number, and tells every client to take its locks back when it is
# another one. The kernel still has them all when rpc.statd alone was started again, and refuses:
# so nfsnotify learns the new number. When the service starts there are no threads yet.
_STATD = (
    "ExecStartPost=-/bin/sh -c '"
    "read -r threads 2>/dev/null </proc/fs/nfsd/threads && test $$threads -gt 0 || exit 0; "
    "for file in /run/resource-agents/nfsnotify_*/rpc.statd_*.pid; do "
    'test -e "$$file" && echo $$MAINPID >"$$file"; done; exit 0\'\n'
)

# rpc-statd.service asks for it each time, and nfs-utils 1.3.4 then runs it each time: it would take
# the list of clients away and tell them, from the node's own address, that their locks are gone.
# While the cluster's directory lies over this one that is nfsnotify's to do.
_NOTIFY = "rpc-statd-notify"
_NOTIFY_TEXT = f"{HEADER}[Unit]\nConditionPathIsMountPoint=!/var/lib/nfs\n"

_AGAIN_TEXT = f"""{HEADER}# The NFS server's unit requires what is started here: a restart by
# systemd itself would restart the server too, and take all exports away (systemd.unit(5)).
[Unit]
Description=%i has died under the NFS server, and is started again

[Service]
Type=oneshot
# Not while the server stops or is down: to start the unit would start the server.
ExecStart=/bin/sh -c 'systemctl --quiet is-active {SERVER}.service || exit 0; \\
  systemctl --job-mode=fail start %i.service && \\
  mkdir -p {COUNTS} && cut -d " " -f 1 /proc/uptime >>{COUNTS}/%i'
"""


def wanted(nfs: Nfs, kerberos: bool) -> list[str]:
    """
    The helpers that a site's NFS server needs, without ``.service``.

    nfs
        ``nfs`` of the normalised site.

    kerberos
        Whether a directory is exported with it.
    """
    return [*_ALWAYS, *(() if nfs["v4_only"] else _V3), *(_KERBEROS if kerberos else ())]


def every() -> list[str]:
    """All units of which any site tells systemd something."""
    return [*_ALWAYS, *_V3, _NOTIFY, *_KERBEROS]


def drop_in(helper: str) -> str:
    """The file that tells systemd of a helper (a name of ``wanted``)."""
    return f"{UNITS}/{helper}.service.d/{DROP_IN}"


def required(texts: Collection[str]) -> set[str]:
    """
    What the NFS server's unit goes down and up with: an automatic restart of one of these restarts
    the server.

    texts
        The unit and its drop-ins.

    Returns names of units without ``.service``.
    """
    found: set[str] = set()
    for text in texts:
        joined = text.replace("\\\n", " ")
        for names in re.findall(r"^\s*(?:Requires|Requisite|BindsTo)\s*=(.*)$", joined, re.M):
            found |= {name.removesuffix(".service") for name in names.split()}
    return found


def files(
    nfs: Nfs, kerberos: bool, there: Collection[str], bound: Collection[str], python: str | None
) -> dict[str, str | None]:
    """
    What has to stand in systemd's files so that a helper that dies is started again.

    nfs, kerberos
        As for ``wanted``.

    there
        The helpers whose units this machine has.

    bound
        The answer of ``required``.

    python
        The node's Python for ``REGISTER``; None if there is none, and a site that needs rpcbind is
        then left to the cluster when that dies.

    Returns ``{path: text, or None for a file that must not be there}``, without ``REGISTER``.
    """
    here = [helper for helper in wanted(nfs, kerberos) if helper in there]
    found: dict[str, str | None] = {drop_in(helper): None for helper in every()}
    found[AGAIN] = None
    for helper in here:
        found[drop_in(helper)] = _text(helper, helper in bound, nfs, python)
        if helper in bound:
            found[AGAIN] = _AGAIN_TEXT
    if _NOTIFY in there and not nfs["v4_only"]:
        found[drop_in(_NOTIFY)] = _NOTIFY_TEXT
    return found


def needs_register(found: Mapping[str, str | None]) -> bool:
    """Whether the files (``files``) run ``REGISTER``."""
    return REGISTER in (found.get(drop_in("rpcbind")) or "")


def _text(helper, bound, nfs, python):
    again = "OnFailure=hanfs-again@%p.service\n" if bound else ""
    limit = f"StartLimitIntervalSec={_SECONDS}\nStartLimitBurst={_BURST}\n"
    unit = f"{HEADER}[Unit]\n{again}{limit}"
    more = {"rpc-statd": _STATD, "rpcbind": _rpcbind(nfs, python)}.get(helper, "")
    service = ("" if bound else _RESTART) + more
    return f"{unit}[Service]\n{service}" if service else unit


def _rpcbind(nfs, python):
    if nfs["v4_only"] or not python:
        return ""
    ports = nfs["ports"]
    both = [
        ("100003:3,4", 2049, 2049),
        ("100227:3", 2049, 2049),
        ("100005:1,2,3", ports["mountd"], ports["mountd"]),
        ("100024:1", ports["statd"], ports["statd"]),
        ("100021:1,3,4", ports["lockd_tcp"], ports["lockd_udp"]),
    ]
    words = [
        f"{program}:{protocol}:{port}"
        for program, tcp, udp in both
        for protocol, port in (("tcp", tcp), ("udp", udp))
    ]
    return f"ExecStartPost=-{python} -I {REGISTER} {' '.join(words)}\n"


# --- what systemd says ----------------------------------------------------------------------------

PROPERTIES = "Id,LoadState,ActiveState,Result,NRestarts,ActiveEnterTimestampMonotonic"


def question(nfs: Nfs | None, kerberos: bool) -> list[str]:
    """
    The command whose answer ``told`` reads.

    nfs
        ``nfs`` of the normalised site, None in the profile article.

    kerberos
        As for ``wanted``.
    """
    helpers = wanted(nfs, kerberos) if nfs else [*_ALWAYS, *_V3]
    units = [f"{name}.service" for name in (SERVER, *helpers)]
    return ["systemctl", "show", f"--property={PROPERTIES}", *units]


def told(answer: str, counted: Mapping[str, str]) -> list[list[str]]:
    """
    What is wrong with the helpers of a running NFS server.

    answer
        What the command of ``question`` printed.

    counted
        What stands in the files of ``counts``: ``{helper: text}``.

    Returns a list of ``[code of _hanfs_health_codes, sentence]``, empty while no server runs here.
    """
    units = [
        dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        for block in answer.split("\n\n")
    ]
    by_name = {unit.get("Id", "").removesuffix(".service"): unit for unit in units}
    server = by_name.pop(SERVER, {})
    if server.get("ActiveState") != "active":
        return []
    since = int(server.get("ActiveEnterTimestampMonotonic") or 0) / 1e6
    found = []
    for name, unit in by_name.items():
        if unit.get("LoadState") != "loaded":
            continue
        if _is_down(name, unit):
            why = unit.get("Result") or "success"
            told_why = "" if why == "success" else f" ({why})"
            text = f"{name} does not run under the NFS server on this node{told_why}"
            found.append(["helper-down", text])
        times = int(unit.get("NRestarts") or 0) + _counted(counted.get(name, ""), since)
        if times:
            text = (
                f"{name} died and was started again on this node, {times} times since it was last "
                "started in order"
            )
            found.append(["helper-restarted", text])
    return found


def _is_down(name, unit):
    state = unit.get("ActiveState")
    # rpcbind's and rpc.svcgssd's units need not be active where nobody asked for them.
    if name in ("rpcbind", *_KERBEROS):
        return state == "failed"
    return state in ("failed", "inactive")


def _counted(text, since):
    seconds = [float(line) for line in text.split() if re.match(r"\d+(\.\d+)?\Z", line)]
    return sum(second > since for second in seconds)


def counts() -> dict[str, str]:
    """Where ``told`` gets its counts from: ``{helper: path}``."""
    return {helper: f"{COUNTS}/{helper}" for helper in every()}
