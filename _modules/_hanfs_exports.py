"""
The cluster's exports in the words of exports(5): a file of ``/etc/exports.d`` for ``exportfs -r``,
which takes away whatever no file has.

Data in, data out. The lines come from the final description of the cluster, ``cluster_config`` laid
over it, so that they say what the resources say. docs/nfs-model.md weighs this file against others.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from typing import NamedTuple

from _cib_errors import CommandExecutionError
from _cib_values import Data
from _hanfs_types import Site

DIRECTORY = "/etc/exports.d"
# How a file of this formula begins: others are never touched.
MARK = "# Kept by Salt (hanfs): the exports that the cluster runs"
_WHY = f"""{MARK}, for exportfs -r, which takes away
# what no file has: systemctl reload nfs-server, upgrades and administrators run it.
# Edits are lost. Changes belong into pillar.
"""
# nfs-utils, support/nfs/exports.c: char exp[512]. What is longer ends the reading of the file.
_LONGEST = 511
_OFF = ("stopped", "slave", "unpromoted")


class Export(NamedTuple):
    """One resource's export of one directory, ``client`` and ``options`` as exportfs reads them."""

    resource: str
    directory: str
    client: str
    options: str

    def by_name(self) -> bool:
        """Whether its client is a host name, which has to be looked up."""
        if any(sign in self.client for sign in "/@*?["):
            return False
        try:
            ipaddress.ip_address(self.client)
        except ValueError:
            return True
        return False

    def line(self) -> str:
        """Its line of the file, without the end of the line."""
        return f"{escaped(self.directory)} {escaped(self.client)}({escaped(self.options)})"


def path(site: Site) -> str:
    """
    The file's path, from the cluster's name.

    site
        A normalised site.
    """
    return f"{DIRECTORY}/hanfs-{site['cluster']['name']}.exports"


def exports(description: Data, stopped: Collection[str] = ()) -> list[Export]:
    """
    What the resources of a description export, in the order of their names, as their agent
    (ocf:heartbeat:exportfs) would tell exportfs.

    description
        A cluster's description, such as ``hanfs.description`` gives.

    stopped
        Names of resources that an operator has stopped: they are left out.
    """
    return [
        export
        for name, item in sorted((description.get("primitives") or {}).items())
        if str(item.get("agent")).endswith(":exportfs")
        and name not in stopped
        and str((item.get("meta") or {}).get("target-role", "")).lower() not in _OFF
        for export in _of_resource(name, item.get("attributes") or {})
    ]


def _of_resource(name, attributes):
    """Several directories of one resource are numbered on from its fsid, as the agent does."""
    directories = str(attributes.get("directory") or "").split()
    options = [one for one in str(attributes.get("options") or "").split(",") if one]
    within = [one.partition("=")[2] for one in options if one.startswith("fsid=")]
    fsid = str(attributes.get("fsid") or (within[0] if within else ""))
    others = [one for one in options if not one.startswith("fsid=")]
    if not {"subtree_check", "no_subtree_check"} & set(options):
        # The default; exportfs before 2.7 warns at each call where a file does not say it.
        others.append("no_subtree_check")
    client = re.sub(r"[][]", "", attributes["clientspec"]) if _is_ipv6(attributes) else None
    for number, directory in enumerate(directories):
        own = [f"fsid={_bumped(fsid, number)}"] if fsid else []
        export = Export(
            name,
            directory.rstrip("/") or "/",
            client or str(attributes.get("clientspec", "")),
            ",".join([*others, *own]),
        )
        _fits(export)
        yield export


def _is_ipv6(attributes):
    return str(attributes.get("clientspec", "")).count(":") > 1


def _bumped(fsid, number):
    return str(int(fsid, 0) + number) if number else fsid


def _fits(export):
    spec = f"{export.client}({export.options})"
    if re.search(r"[()]", export.client + export.options) or not export.client:
        wrong = "exportfs reads no parentheses in a client or an option"
    elif len(spec.encode("utf-8", "surrogateescape")) > _LONGEST:
        wrong = f"exportfs reads at most {_LONGEST} signs of a client and its options"
    else:
        return
    raise CommandExecutionError(f"{export.resource}: {spec[:80]!r}: {wrong}")


def escaped(text: str) -> str:
    """
    A word of an exports file: blanks, quotes, ``#``, backslashes and control signs in octal, as
    exportfs itself writes them (nfs-utils, ``putexportent``).

    text
        A directory, a client or options.
    """
    return "".join(
        f"\\{ord(sign):03o}" if ord(sign) < 33 or sign in '"#\\\x7f' else sign for sign in text
    )


def text(found: list[Export]) -> str | None:
    """
    What the file must say.

    found
        The exports.

    Returns its text, None if there is to be none. A client told by its host name is left out, in a
    comment: exportfs asks for all names of all files at each call, and a name service that is dead
    would keep the NFS server, which calls it first, from starting.
    """
    if not found:
        return None
    lines = []
    for export in found:
        if export.by_name():
            lines.append(f"# {export.resource}: a host name is not looked up by exportfs -r\n")
            lines.append(f"#{export.line()}\n")
        else:
            lines.append(f"# {export.resource}\n{export.line()}\n")
    return _WHY + "".join(lines)


def is_ours(content: str | None) -> bool:
    """
    Whether a file was written by this formula.

    content
        Its text, None if there is none.
    """
    return content is not None and content.startswith(MARK)


def entries(content: str | None) -> dict[str, str]:
    """
    The exports of a file as data to compare and to show: ``{"DIRECTORY CLIENT": "options"}``.

    content
        The text of a file that this formula wrote, None if there is none.
    """
    found = {}
    for line in (content or "").splitlines():
        word = line.lstrip("#")
        if word.startswith("/"):
            what, _, options = word.partition("(")
            found[what] = options.rstrip(")")
    return found


def problems(
    description: Data, content: str | None, stopped: Collection[str], place: str
) -> list[str]:
    """
    Where the file and the cluster disagree.

    description
        The cluster's description.

    content
        The text of the file, None if there is none.

    stopped
        Names of resources that an operator has stopped.

    place
        The file's path.

    Returns a list of sentences.
    """
    wanted, has = entries(text(exports(description, stopped))), entries(content)
    differs = sorted(what for what in {*wanted, *has} if wanted.get(what) != has.get(what))
    if not differs:
        return []
    more = f" and of {len(differs) - 3} more" if len(differs) > 3 else ""
    what = f"says something else than the cluster of {', '.join(differs[:3])}{more}"
    return [
        f"{place} {'is not there' if content is None else what}: an exportfs -r would count (salt "
        "NODE state.apply hanfs)"
    ]


def strays(
    found: list[Export], running: Collection[str], content: str, below: Collection[str]
) -> list[str]:
    """
    What this node, which runs the service, exports though the cluster does not.

    found
        All exports of the cluster.

    running
        Names of the resources that run.

    content
        The text of etab.

    below
        The site's mount points.

    Returns a list of sentences.
    """
    right = {(escaped(one.directory), one.client) for one in found if one.resource in running}
    # exportfs writes down another name than it was told where name services know a better one.
    named = {escaped(one.directory) for one in found if one.by_name()}
    return [
        f"{directory} is exported to {client}, though no resource of the cluster that runs does so "
        f"(to end it: exportfs -u '{client}:{directory}')"
        for directory, client in sorted(in_table(content) - right)
        if directory not in named
        and any(f"{directory}/".startswith(f"{mountpoint.rstrip('/')}/") for mountpoint in below)
    ]


def in_table(content: str) -> set[tuple[str, str]]:
    """
    What ``/var/lib/nfs/etab``, the table that exportfs writes and rpc.mountd reads, has for whom.

    content
        Its text.

    Returns ``{(directory, client)}``, as they are written there.
    """
    found = set()
    for line in content.splitlines():
        directory, _, rest = line.partition("\t")
        client = rest.partition("(")[0]
        if client:
            found.add((directory, client))
    return found
