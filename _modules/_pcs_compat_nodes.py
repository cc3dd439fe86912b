"""
Arguments about nodes as the states of Salt 3006 had them
"""

from __future__ import annotations

from typing import Any

import _pcs_compat_parse
from _cib_errors import SaltInvocationError
from _pcs_arguments import Nodes


def named(nodes: Any) -> Nodes:
    """
    A list of nodes as names with addresses.

    nodes
        Names, each perhaps followed by words ``addr=ADDRESS``; or ``{name: [addresses]}``.

    Returns ``{name: [addresses]}``.
    """
    if isinstance(nodes, dict):
        found = {
            str(name): [addresses] if isinstance(addresses, str) else list(addresses or [])
            for name, addresses in nodes.items()
        }
    else:
        found = {}
        for word in _pcs_compat_parse.words("nodes", nodes):
            # one word for pcs may have been written with its address
            for part in word.split():
                if not part.startswith("addr="):
                    found[part] = []
                elif not found:
                    raise SaltInvocationError(f"nodes: {part} must follow a node's name")
                else:
                    found[list(found)[-1]].append(part[len("addr=") :])
    if not found:
        raise SaltInvocationError("nodes: must be a list of nodes' names")
    return found


def auth_arguments(extra_args: Any) -> None:
    """
    Check what was given to authenticate with; newer pcs takes nothing of it.

    extra_args
        ``--force`` and ``--local`` of pcs 0.9.
    """
    known = {"--force": False, "--local": False}
    parted = _pcs_compat_parse.options("extra_args", extra_args, known)
    if parted["words"]:
        raise SaltInvocationError(f"extra_args: {parted['words'][0]!r} is not understood")
