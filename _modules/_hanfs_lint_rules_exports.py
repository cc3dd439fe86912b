"""
Findings 540 to 559: each export, its id, its options, its clients.
"""

from __future__ import annotations

import _hanfs_lint_plan
from _cib_values import Data

CODES: dict[str, Data] = {
    "HANFS540": {
        "severity": "error",
        "title": "Two exports have one fsid, or one has none",
        "why": "File handles contain it: after a move clients get ESTALE, or see another export's"
        " files",
        "cure": "pillar {path}:exports: an fsid for each directory; cluster_config:primitives",
        "source": "https://support.microfocus.com/kb/doc.php?id=7009059",
    },
    "HANFS541": {
        "severity": "warning",
        "title": "An export is the root of NFSv4",
        "why": "With fsid=0 NFSv4 clients mount ADDRESS:/ and NFSv3 clients another path, and a"
        " second export cannot be added without moving the first",
        "cure": "pillar {path}:profile: hardened (a number from 1; clients mount it anew)",
        "source": "https://docs.us.sios.com/spslinux/9.9.0/en/topic/nfs-server-recovery-kit-overview",
    },
    "HANFS542": {
        "severity": "warning",
        "title": "Root on a client is root on the data",
        "why": "Anybody who is root on any machine in that network reads and changes every file",
        "cure": "pillar {path}:exports: options: root_squash; for one client only: clients:"
        " [{client: ..., options: [...]}]",
        "source": "exports(5)",
    },
    "HANFS543": {
        "severity": "error",
        "title": "Writes are acknowledged before they are on the disk",
        "why": "After a crash or a move, data that clients were told is safe is lost without a"
        " word",
        "cure": "pillar {path}:exports: options: sync",
        "source": "exports(5)",
    },
    "HANFS544": {
        "severity": "warning",
        "title": "Every machine may write",
        "why": "The export is open to whoever reaches the address",
        "cure": "pillar {path}:exports: clients: the networks that need it",
        "source": "exports(5)",
    },
    "HANFS545": {
        "severity": "info",
        "title": "An empty directory may be exported",
        "why": "If the file system is not mounted, the directory under it is what clients get;"
        " the option mountpoint makes the server refuse",
        "cure": "pillar {path}:profile: hardened, or options: mountpoint=MOUNT_POINT",
        "source": "https://documentation.suse.com/sle-ha/",
    },
    "HANFS546": {
        "severity": "info",
        "title": "The agent keeps its list of clients inside the export",
        "why": "Clients see .rmtab, and can change it; with the state on the shared disk it is"
        " not needed",
        "cure": "pillar {path}:profile: hardened, or rmtab_backup: none",
        "source": "https://github.com/ClusterLabs/resource-agents/blob/main/heartbeat/exportfs",
    },
    "HANFS547": {
        "severity": "warning",
        "title": "Handles contain the directory",
        "why": "With subtree_check a file that is renamed while it is open becomes stale",
        "cure": "pillar {path}:exports: options: no_subtree_check (the default)",
        "source": "exports(5)",
    },
    "HANFS548": {
        "severity": "info",
        "title": "Any user on a client may speak NFS",
        "why": "With `insecure` requests from unprivileged ports are taken: a user's program can"
        " claim to be any other user",
        "cure": "pillar {path}:exports: options: take insecure out, unless a client needs it",
        "source": "exports(5)",
    },
}


def _exports(plan):
    """(name, attributes, options) of every export."""
    for name, item in _hanfs_lint_plan.with_agent(plan, "exportfs").items():
        attributes = item["attributes"]
        yield name, attributes, str(attributes.get("options") or "").split(",")


def _fsids(site, plan, facts):
    seen: dict[str, str] = {}
    for name, attributes, _options in _exports(plan):
        fsid = str(attributes.get("fsid", "")).lower()
        fsid = "0" if fsid == "root" else fsid
        fsid = str(int(fsid, 16)) if fsid.startswith("0x") else fsid
        directory = attributes.get("directory")
        if not fsid:
            yield f"{name} has no fsid"
        elif seen.setdefault(fsid, directory) != directory:
            yield f"{fsid} is the fsid of {seen[fsid]} and of {directory}"


def _pseudo_root(site, plan, facts):
    for name, attributes, _options in _exports(plan):
        if str(attributes.get("fsid", "")) in ("0", "root"):
            yield f"{name} has fsid=0"


def _with_option(option):
    def rule(site, plan, facts):
        for name, attributes, options in _exports(plan):
            if option in options:
                yield f"{name} ({attributes.get('clientspec')}) has {option}"

    return rule


def _open_to_all(site, plan, facts):
    for name, attributes, options in _exports(plan):
        if "rw" in options and str(attributes.get("clientspec")) in ("*", "0.0.0.0/0", "::/0"):
            yield f"{name} is rw for {attributes['clientspec']}"


def _no_mountpoint(site, plan, facts):
    for name, _attributes, options in _exports(plan):
        if not any(option.split("=")[0] in ("mountpoint", "mp") for option in options):
            yield f"{name} has no option mountpoint"


def _rmtab(site, plan, facts):
    for name, attributes, _options in _exports(plan):
        if attributes.get("rmtab_backup") != "none":
            yield f"{name} has no rmtab_backup=none"


RULES = {
    "HANFS540": _fsids,
    "HANFS541": _pseudo_root,
    "HANFS542": _with_option("no_root_squash"),
    "HANFS543": _with_option("async"),
    "HANFS544": _open_to_all,
    "HANFS545": _no_mountpoint,
    "HANFS546": _rmtab,
    "HANFS547": _with_option("subtree_check"),
    "HANFS548": _with_option("insecure"),
}
