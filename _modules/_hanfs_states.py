"""
The states of a site, by name: which function does each, and what of the site it is given.

A state gets the site's place in pillar. What it is about is looked up here, so that the functions
themselves work on plain data, and no state has more of a site in its arguments than its path.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import _hanfs_site
import _hanfs_state_agent
import _hanfs_state_cluster
import _hanfs_state_directories
import _hanfs_state_exports
import _hanfs_state_fencing
import _hanfs_state_firewall
import _hanfs_state_health
import _hanfs_state_helpers
import _hanfs_state_lint
import _hanfs_state_repository
import _hanfs_state_selinux
import _hanfs_state_settings
import _hanfs_state_site
import _hanfs_state_statd
import _hanfs_state_storage
import _hanfs_state_storage_grow
import _hanfs_state_units
from _cib_errors import SaltInvocationError
from _cib_result import failed, made
from _cib_run import Machine
from _hanfs_types import RawSite

Given = dict[str, Any]


class State(NamedTuple):
    """``do(machine, name, ...)``, and what it gets of ``site`` at ``path`` (None: nothing)."""

    do: Callable[..., Any]
    gets: Callable[..., Given] | None = None


def _site(site: RawSite, path: str) -> Given:
    return {"site": site}


def _site_and_path(site: RawSite, path: str) -> Given:
    return {"site": site, "path": path}


def _site_waiting(what: str, *, with_path: bool) -> Callable[[RawSite, str], Given]:
    def gets(site: RawSite, path: str) -> Given:
        given = _site_and_path(site, path) if with_path else _site(site, path)
        return {**given, "timeout": _hanfs_site.timeout(site, what)}

    return gets


def _cluster_name(site: RawSite, path: str) -> Given:
    return {"cluster": (site.get("cluster") or {}).get("name")}


def _key_files(site: RawSite, path: str) -> Given:
    return {"key_files": _hanfs_site.fencing(site).get("key_files") or {}, "path": path}


def _sbd(site: RawSite, path: str) -> Given:
    return {"sbd": _hanfs_site.fencing(site).get("sbd") or {}}


def _sbd_and_nodes(site: RawSite, path: str) -> Given:
    return {**_sbd(site, path), "nodes": list(site["cluster"]["nodes"])}


def _sbd_to_make(site: RawSite, path: str) -> Given:
    return {
        **_sbd(site, path),
        "creator": _hanfs_site.creator(site),
        "timeout": _hanfs_site.timeout(site, "storage"),
    }


def _file_system(site: RawSite, path: str, mountpoint: str) -> Given:
    return {
        "storage": _hanfs_site.file_system(site, mountpoint),
        "file_systems": _hanfs_site.file_systems(site),
    }


def _file_system_to_make(site: RawSite, path: str, mountpoint: str) -> Given:
    return {
        **_file_system(site, path, mountpoint),
        "creator": _hanfs_site.creator(site),
        "cluster": site["cluster"]["name"],
        "timeout": _hanfs_site.timeout(site, "storage"),
        "protection": None if site.get("profile") == "article" else "system_id",
    }


STATES = {
    "checked": State(_hanfs_state_site.checked),
    "linted": State(_hanfs_state_lint.linted, _site_and_path),
    "agents_known": State(_hanfs_state_site.agents_known, _site_and_path),
    "repository_enabled": State(_hanfs_state_repository.enabled),
    "packages_start_nothing": State(_hanfs_state_units.packages_start_nothing),
    "firewall_allows": State(_hanfs_state_firewall.firewall_allows, _site),
    "nfs_left_to_cluster": State(_hanfs_state_site.nfs_left_to_cluster, _cluster_name),
    "init_script_off": State(_hanfs_state_units.init_script_off),
    "unit_off": State(_hanfs_state_units.unit_off),
    "statd_directory": State(_hanfs_state_statd.statd_directory, _site),
    "nfs_settings": State(_hanfs_state_settings.nfs_settings, _site),
    "lockd_settings": State(_hanfs_state_settings.lockd_settings, _site),
    "nfs_versions": State(_hanfs_state_units.nfs_versions, _site),
    "nfs_scope": State(_hanfs_state_agent.nfs_scope, _site),
    "helpers_restarted": State(_hanfs_state_helpers.helpers_restarted, _site),
    "lvm_settings": State(_hanfs_state_settings.lvm_settings, _site),
    "storage_outlives_cluster": State(_hanfs_state_settings.storage_outlives_cluster),
    "selinux_ready": State(_hanfs_state_selinux.selinux_ready, _site),
    "kerberos_ready": State(_hanfs_state_units.kerberos_ready, _site),
    "mount_point": State(_hanfs_state_storage.mount_point),
    "storage_ready": State(_hanfs_state_storage.storage_ready, _file_system_to_make),
    "fencing_keys": State(_hanfs_state_fencing.fencing_keys, _key_files),
    "sbd_configured": State(_hanfs_state_fencing.sbd_configured, _sbd),
    "sbd_disks_ready": State(_hanfs_state_fencing.sbd_disks_ready, _sbd_to_make),
    "sbd_enabled": State(_hanfs_state_fencing.sbd_enabled),
    "sbd_running": State(_hanfs_state_fencing.sbd_running, _sbd_and_nodes),
    "nodes_ready": State(_hanfs_state_site.nodes_ready, _site_waiting("peer", with_path=False)),
    "nodes_trusted": State(_hanfs_state_cluster.nodes_trusted, _site_and_path),
    "cluster_formed": State(_hanfs_state_cluster.cluster_formed, _site),
    "cluster_online": State(_hanfs_state_cluster.cluster_online, _site),
    "peers_agree": State(_hanfs_state_lint.peers_agree, _site_and_path),
    "export_directories": State(
        _hanfs_state_directories.export_directories, _site_waiting("storage", with_path=True)
    ),
    "exports_file": State(_hanfs_state_exports.exports_file, _site_and_path),
    "configured": State(_hanfs_state_site.configured, _site_and_path),
    "storage_grown": State(_hanfs_state_storage_grow.storage_grown, _file_system),
    "health_told": State(_hanfs_state_health.health_told, _site_and_path),
    "healthy": State(_hanfs_state_site.healthy, _site_waiting("settle", with_path=False)),
}


def converge(machine: Machine, what: str, name: str, **wanted: Any) -> Any:
    """
    Do what a state does.

    what
        The state's name in ``STATES``.

    name
        The name that it was given.

    wanted
        Its arguments: ``path`` of the site, ``mountpoint`` of one of its file systems where it is
        about one, and what the state itself documents.

    Returns what the state returns. Raises SaltInvocationError when there is no such state.
    """
    if what not in STATES:
        raise SaltInvocationError(f"{what} is none of {', '.join(STATES)}")
    state = STATES[what]
    if state.gets is None:
        return state.do(machine, name, **wanted)
    if "path" not in wanted:
        raise SaltInvocationError(f"{what} needs path: the site's colon path in pillar")
    path, asked = wanted.pop("path"), {}
    if "mountpoint" in wanted:
        asked["mountpoint"] = wanted.pop("mountpoint")
    try:
        given = state.gets(_hanfs_site.at(machine, path), path, **asked)
    except SaltInvocationError as err:
        return failed(made(name), err)
    return state.do(machine, name, **given, **wanted)
