"""
Which site in pillar is this machine's, and what it says without its secrets.

``hanfs/map.jinja`` makes the same choice, to render the states that a site needs; they get its path
and look it up here. tests/unit/test_hanfs_site.py holds the two to each other.
"""

from __future__ import annotations

from typing import Any

import _cib_values
from _cib_errors import SaltInvocationError
from _cib_run import Machine
from _cib_values import Data
from _hanfs_types import RawSite

# What is said under another name, misspelt say, may be a secret: its value goes no further.
_SITE_KEYS = (
    "profile cluster storage exports address server_scope nfs fencing firewall timeouts"
    " cluster_config allow_disruption lint events"
).split()
_CLUSTER_KEYS = ("name", "nodes", "totem", "links")
_FENCING_KEYS = "enabled devices levels priority_delay timeout key_files sbd".split()
_DEVICE_KEYS = "agent nodes options secrets delay monitor unfencing".split()
_KEY_FILE_KEYS = ("encoding",)
_NAMES = ("id", "host", "fqdn")
_LARGEST_NUMBER = 1_000_000


def names(machine: Machine) -> list[str]:
    """What this machine may be called in pillar: its minion id, its host name, its full name."""
    found = [machine.grains.get(key) for key in _NAMES]
    return list(dict.fromkeys(name for name in found if isinstance(name, str)))


def choose(tree: Any, names: list[str]) -> list[Data]:
    """
    The sites that name a machine. Pure.

    tree
        The pillar ``hanfs``, whatever it is.

    names
        What the machine is called: its minion id, ``host`` and ``fqdn``.

    Returns a list of ``{"name": ..., "path": colon path in pillar, "site": ...}``; exactly one is
    right. A site directly under ``hanfs`` is called ``hanfs``. What has no name for a path is none.
    """
    if not isinstance(tree, dict):
        return []
    many = "sites" in tree
    sites = tree["sites"] if many else {"hanfs": tree}
    found = []
    for name, site in sites.items() if isinstance(sites, dict) else ():
        if not has_path(name):
            continue
        cluster = site.get("cluster") if isinstance(site, dict) else None
        nodes = cluster.get("nodes") if isinstance(cluster, dict) else None
        if isinstance(nodes, (dict, list)) and any(own in nodes for own in names):
            path = f"hanfs:sites:{name}" if many else "hanfs"
            found.append({"name": name, "path": path, "site": _of(site, many)})
    return found


def own(machine: Machine) -> tuple[str, RawSite]:
    """
    The site that names this machine: its colon path in pillar, and what stands there.

    Raises SaltInvocationError if not exactly one does.
    """
    called = sorted(names(machine))
    found = choose(machine.pillar("hanfs"), called)
    if len(found) != 1:
        sites = " and ".join(one["path"] for one in found) or "No site in pillar"
        raise SaltInvocationError(
            f"{sites} name this machine ({', '.join(called)}); it must be a key of exactly one "
            "hanfs:sites:<site>:cluster:nodes"
        )
    return found[0]["path"], found[0]["site"]


def has_path(name: Any) -> bool:
    """Whether a site of this name can be told by a colon path: a number, or a word of any kind."""
    if isinstance(name, str):
        return name.isprintable() and ":" not in name
    return isinstance(name, (int, float)) and -_LARGEST_NUMBER < name < _LARGEST_NUMBER


def _of(site, many):
    """``lookup`` beside the keys of a single site is not the site's."""
    return {key: value for key, value in site.items() if many or key != "lookup"}


def at(machine: Machine, path: str) -> RawSite:
    """
    The site at a place in pillar, without its secrets (see :py:func:`public`).

    path
        Its colon path, ``hanfs`` or ``hanfs:sites:NAME``.

    Raises SaltInvocationError when there is none.
    """
    site = machine.pillar(path)
    if not isinstance(site, dict):
        raise SaltInvocationError(f"{path}: there is no site at this place in pillar")
    return _cib_values.plain(public(_of(site, path != "hanfs")))


def public(site: RawSite) -> RawSite:
    """
    A site without its secrets: no password of the cluster, of the ``secrets`` of fencing devices
    their names, key files without content, and options with a secret's name without value. What has
    another shape than it should is left out where a secret may be in it, and so is the value of a
    key that nobody knows.
    """
    made = _of_keys(site, _SITE_KEYS)
    if "cluster" in site:
        made["cluster"] = _mapped(site["cluster"], _cluster)
    if "fencing" in site:
        made["fencing"] = _mapped(site["fencing"], _fencing)
    return made


def _mapped(value, of):
    return of(value) if isinstance(value, dict) else None


def _of_keys(value, known, left_out=()):
    return {key: one if key in known else None for key, one in value.items() if key not in left_out}


def _cluster(cluster):
    return _of_keys(cluster, _CLUSTER_KEYS, ["password"])


def _fencing(fencing):
    made = _of_keys(fencing, _FENCING_KEYS)
    for part, item in (("devices", _device), ("key_files", _key_file)):
        if part in fencing:
            made[part] = _mapped(
                fencing[part],
                lambda all_, item=item: {name: _mapped(one, item) for name, one in all_.items()},
            )
    return made


def _device(device):
    made = _of_keys(device, _DEVICE_KEYS)
    if "secrets" in device:
        made["secrets"] = _mapped(device["secrets"], list)
    if "options" in device:
        made["options"] = _mapped(
            device["options"],
            lambda options: {
                name: value
                if isinstance(name, str) and not _cib_values.may_be_secret(name)
                else None
                for name, value in options.items()
            },
        )
    return made


def _key_file(file):
    return _of_keys(file, _KEY_FILE_KEYS, ["content"])


# Seconds, where the site says nothing.
_TIMEOUTS = {"peer": 600, "storage": 300, "settle": 600}


def timeout(site: RawSite, what: str) -> Any:
    """
    How long to wait, in seconds.

    what
        ``peer``: for other nodes; ``storage``: for a device and what the first node makes on it;
        ``settle``: until the cluster has done what it was asked for.
    """
    return (site.get("timeouts") or {}).get(what, _TIMEOUTS[what])


def creator(site: RawSite) -> str:
    """The node that makes what there is one of: the first one in pillar."""
    return next(iter(site["cluster"]["nodes"]))


def file_systems(site: RawSite) -> list[Data]:
    """The site's storage, as a list also where there is one."""
    storage = site["storage"]
    return [storage] if isinstance(storage, dict) else list(storage)


def file_system(site: RawSite, mountpoint: str) -> Data:
    """
    One of the site's file systems.

    mountpoint
        Where it is mounted; or its number, from 1 on, where map.jinja lets no state have a name
        with that in it (YAML has no keys of over 1,024 bytes).

    Raises SaltInvocationError when there is none.
    """
    for number, storage in enumerate(file_systems(site), 1):
        if mountpoint in (storage.get("mountpoint"), str(number)):
            return storage
    raise SaltInvocationError(f"no file system of the site has the mountpoint {mountpoint}")


def fencing(site: RawSite) -> Data:
    """The site's section ``fencing``; empty if it has none."""
    return site.get("fencing") or {}
