"""
The states that make the site's nodes one cluster: those of pcs, with what the site says.
"""

from __future__ import annotations

import _hanfs_site
import _hanfs_totem
import _pcs_node
import _pcs_state_created
import _pcs_state_node
from _cib_run import Machine
from _cib_values import Data
from _hanfs_types import RawSite


def nodes_trusted(machine: Machine, name: str, site: RawSite, path: str) -> Data:
    """The nodes of the site are authenticated with each other."""
    return _pcs_state_node.hosts_authenticated(
        machine,
        name,
        site["cluster"]["nodes"],
        password_pillar=f"{path}:cluster:password",
        timeout=_hanfs_site.timeout(site, "peer"),
    )


def cluster_formed(
    machine: Machine, name: str, site: RawSite, link_priorities: bool = True
) -> Data:
    """The nodes of the site are the cluster of its name; the first one in pillar sets it up."""
    cluster = site["cluster"]
    links = _links(site, link_priorities)
    return _pcs_state_created.cluster_created(
        machine,
        cluster["name"],
        cluster["nodes"],
        _hanfs_site.creator(site),
        totem=_totem(site),
        timeout=_hanfs_site.timeout(site, "peer"),
        **({"links": links} if links else {}),
    )


def _totem(site):
    """What pillar says, and for a cluster that is to be made what two nodes need."""
    given = site["cluster"].get("totem")
    there = _pcs_node.corosync_conf()
    if site.get("profile") == "article" or (there and not there["stub"]):
        return given
    return {**_hanfs_totem.for_new(site["cluster"]["nodes"], given or {}), **(given or {})} or None


def refusal(machine: Machine, site: RawSite, path: str) -> str | None:
    """
    What the pcs of this node has against the cluster that the site describes, None if nothing.
    Asked on each node before the disk is touched: none waits for a first node that fails later.
    """
    cluster = site["cluster"]
    links = _links(site, True)
    said = _pcs_state_created.setup_refusal(
        machine, cluster["name"], cluster["nodes"], _totem(site), links
    )
    return said and f"{path}:cluster: pcs makes no such cluster: {said}"


def _links(site, by_priority):
    return site["cluster"].get("links") or (_by_priority(site) if by_priority else None)


def _by_priority(site):
    """With several links and nothing said of them the first one, the heartbeat, is preferred."""
    addresses = next(iter(site["cluster"]["nodes"].values()))
    if isinstance(addresses, str) or len(addresses) < 2 or site.get("profile") == "article":
        return None
    return [{"link_priority": priority} for priority in range(len(addresses), 0, -1)]


def cluster_online(machine: Machine, name: str, site: RawSite) -> Data:
    """This node is online in the site's cluster, which has a coordinator and quorum."""
    return _pcs_state_node.cluster_online(
        machine,
        site["cluster"]["name"],
        list(site["cluster"]["nodes"]),
        timeout=_hanfs_site.timeout(site, "peer"),
    )
