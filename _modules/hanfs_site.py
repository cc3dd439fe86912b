"""
Which site in pillar is this machine's: the choice that ``hanfs/map.jinja`` makes, for functions
that are called without a state.

:depends: nothing
"""

from __future__ import annotations

__virtualname__ = "hanfs_site"


def __virtual__():
    return __virtualname__


def choose(tree, names):
    """
    The sites that name a machine. Pure.

    tree
        The pillar ``hanfs``, whatever it is.

    names
        What the machine is called: its minion id, ``host`` and ``fqdn``.

    Returns a list of ``{"name": ..., "path": colon path in pillar, "site": ...}``; exactly one is
    right. A site directly under ``hanfs`` is called ``hanfs``.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_site.choose '{cluster: {nodes: {a: []}}}' '[a]'
    """
    if not isinstance(tree, dict):
        return []
    many = "sites" in tree
    sites = tree["sites"] if many else {"hanfs": tree}
    found = []
    for name, site in sites.items() if isinstance(sites, dict) else ():
        cluster = site.get("cluster") if isinstance(site, dict) else None
        nodes = cluster.get("nodes") if isinstance(cluster, dict) else None
        if not isinstance(nodes, (dict, list)) or not any(own in nodes for own in names):
            continue
        path = f"hanfs:sites:{name}" if many else "hanfs"
        # `lookup` beside the keys of a single site is not the site's.
        kept = {key: value for key, value in site.items() if many or key != "lookup"}
        found.append({"name": name, "path": path, "site": kept})
    return found
