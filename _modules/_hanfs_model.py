"""
From the NFS model (what a site says in pillar) to the cluster's description (what
``pcs.configured`` enforces).

Data in, data out. Each profile compiles in a module of its own, ``_hanfs_profile_<name>``; the
fencing devices come from ``_hanfs_fencing``, the alert from ``_hanfs_events``, and
``cluster_config`` is laid over all.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import _hanfs_events
import _hanfs_fencing
import _hanfs_profile_article
import _hanfs_profile_hardened
from _cib_values import Data
from _hanfs_types import Site

PROFILES = {"article": _hanfs_profile_article, "hardened": _hanfs_profile_hardened}


def description(site: Site, grains: Mapping[str, Any]) -> Data:
    """
    Compile a site into the description of its cluster.

    site
        A normalised site.

    grains
        This machine's: what its operating system's agents need.

    Returns the description that ``cib.plan`` and ``pcs.configured`` take, ``cluster_config`` merged
    over it.
    """
    made = PROFILES[site["profile"]].description(site, grains)
    made = merge(made, _hanfs_fencing.description(site))
    made = merge(made, _hanfs_events.description(site))
    return merge(made, _laid_over(made, site))


def _laid_over(made, site):
    """``cluster_config``; fencing levels and the hardened profile's constraints are added to."""
    over = copy.deepcopy(site["cluster_config"])
    if made.get("fence_levels") and isinstance(over.get("fence_levels"), list):
        over["fence_levels"] = made["fence_levels"] + over["fence_levels"]
    if site["profile"] == "article":
        return over
    # What keeps the parts of the service together is never replaced by a list of other things.
    constraints = over.get("constraints") or {}
    for kind, listed in (made.get("constraints") or {}).items():
        if isinstance(constraints.get(kind), list):
            constraints[kind] = listed + constraints[kind]
    return over


def core(site: Site) -> str:
    """
    The id of the group that holds the file systems and the NFS server: where it is, the service is.

    site
        A normalised site.
    """
    return PROFILES[site["profile"]].core()


def merge(base: Data, over: Data) -> Data:
    """
    Lay one description over another: mappings key by key, everything else (lists too) replaced.

    base
        The description below; it stays as it is.

    over
        What wins.

    Returns a new dict.
    """
    merged = dict(copy.deepcopy(base))
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = copy.deepcopy(value)
    return merged
