"""
From the NFS model (what a site says in pillar) to the cluster's description (what
``pcs.configured`` enforces).

Data in, data out. Each profile compiles in a module of its own, ``hanfs_profile_<name>``; the
fencing devices come from ``hanfs_fencing``, and ``cluster_config`` is laid over both.

:depends: hanfs_profile_article, hanfs_profile_hardened, hanfs_fencing
"""

from __future__ import annotations

import copy

__virtualname__ = "hanfs_model"


def __virtual__():
    return __virtualname__


def description(site):
    """
    Compile a site into the description of its cluster.

    site
        A site as ``hanfs_schema.normalise`` returns it.

    Returns the description that ``cib.plan`` and ``pcs.configured`` take, ``cluster_config`` merged
    over it.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_model.description '{...}'
    """
    made = __salt__[f"hanfs_profile_{site['profile']}.description"](site)
    made = merge(made, __salt__["hanfs_fencing.description"](site))
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


def core(site):
    """
    The id of the group that holds the file systems and the NFS server: where it is, the service is.

    site
        A normalised site.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_model.core '{...}'
    """
    return __salt__[f"hanfs_profile_{site['profile']}.core"]()


def merge(base, over):
    """
    Lay one description over another: mappings key by key, everything else (lists too) replaced.

    base
        The description below; it stays as it is.

    over
        What wins.

    Returns a new dict.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_model.merge '{a: {b: 1}}' '{a: {c: 2}}'
    """
    merged = dict(copy.deepcopy(base))
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = copy.deepcopy(value)
    return merged


def filesystem_device(storage):
    """
    The block device that carries the file system.

    storage
        One of the site's file systems (``device``, and ``vg`` and ``lv`` if there is LVM).

    Returns a path: the device mapper's name of the volume, or the device itself.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_model.filesystem_device '{device: /dev/vdb, vg: NFS_SHARED, lv: NFS_LVM}'
    """
    if not storage.get("vg"):
        return storage["device"]
    # Device mapper joins the two names with one hyphen and doubles those inside a name.
    names = [str(storage[key]).replace("-", "--") for key in ("vg", "lv")]
    return "/dev/mapper/" + "-".join(names)
