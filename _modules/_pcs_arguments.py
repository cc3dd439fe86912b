"""
What somebody gave as nodes and as further arguments, checked before pcs is told
"""

from __future__ import annotations

import re
from typing import Any

from _cib_errors import SaltInvocationError

# Nodes by name, each with its addresses, one per link.
Nodes = dict[str, list[str]]


def without_force(extra_args: Any) -> list[str]:
    """
    More arguments for pcs as a list. ``--force`` is refused: with it `cluster setup` destroys a
    running cluster on every host named.

    extra_args
        List of strings, one string, or None (also as text, a slip in YAML).
    """
    if isinstance(extra_args, str):
        extra_args = [] if extra_args == "None" else [extra_args]
    extra = list(extra_args or [])
    # pcs takes the beginning of an option for the whole of it
    if any(str(word).startswith("--fo") and "--force".startswith(str(word)) for word in extra):
        raise SaltInvocationError(
            "--force is not passed on: it destroys clusters; run 'pcs cluster destroy' by hand "
            "on the node whose cluster may go"
        )
    return extra


def checked_nodes(nodes: Any) -> Nodes:
    """
    ``{name: [addresses]}`` from that, from ``{name: address}`` or from a list of names.

    nodes
        What somebody gave. Raises SaltInvocationError for what no node can be called.
    """
    if isinstance(nodes, (list, tuple)):
        nodes = {name: [] for name in nodes}
    if not isinstance(nodes, dict) or not nodes:
        raise SaltInvocationError("nodes must be a dictionary of names and lists of addresses")
    checked = {}
    for name, addresses in nodes.items():
        addresses = [addresses] if isinstance(addresses, str) else addresses
        good = isinstance(addresses, (list, tuple)) and all(
            isinstance(a, str) and a for a in addresses
        )
        # a name with a leading dash or with '=' would be an option to pcs
        if not isinstance(name, str) or not re.match(r"[^-=\s][^=\s]*$", name) or not good:
            raise SaltInvocationError(
                f"nodes: {name!r} must be a node's name with a list of addresses (strings)"
            )
        checked[name] = list(addresses)
    return checked


def targets(nodes: str | list[str] | None) -> list[str]:
    """
    Nodes as arguments: none for this node, ``--all``, or their names.

    nodes
        None, ``--all``, a name or a list of names.
    """
    if nodes is None:
        return []
    if nodes == "--all":
        return ["--all"]
    return list(checked_nodes([nodes] if isinstance(nodes, str) else nodes))
