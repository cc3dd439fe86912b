"""
How soon corosync tells that a node is gone: it misses the token for the time ``token``, then waits
for the time ``consensus`` whether the node answers.

Both count for a machine that only stood still (a snapshot, a moved guest, a blocked disk): one that
comes back within their sum is not fenced. So the token stays at corosync's own 3 s, with one link
or with two: a second link helps against a broken link (knet drops it after a part of ``token``),
not against a pause. The consensus of two nodes, though, is nobody's but that of the one that is
left. ``corosync.conf(5)``: "For two node clusters, a consensus larger than the join timeout but
less than token is safe. For three node or larger clusters, consensus should be larger than token."
How much less is what Red Hat's cman took: a fifth of the token, 200 ms to 2 s
(docs.redhat.com, Red Hat Enterprise Linux 5, Cluster Administration, E.3).

Data in, data out; all times are milliseconds.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

# corosync.conf(5): its defaults, since 3.1. Before (EL 7) the token was 1000; it is said nowhere
# then, and what follows from 3000 is right for it, too.
TOKEN = 3000
JOIN = 50


def for_new(nodes: Collection[str], given: Mapping[str, Any]) -> dict[str, int]:
    """
    The options of totem that a new cluster gets besides those of pillar. Pure.

    nodes
        Names of the nodes.

    given
        The options that pillar has.

    Returns ``{"consensus": milliseconds}`` for two nodes, else nothing.
    """
    if len(nodes) != 2 or "consensus" in given:
        return {}
    token, join = given.get("token", TOKEN), given.get("join", JOIN)
    consensus = min(max(token // 5, 200), 2000)
    # Corosync does not start with one that is shorter than join.
    return {"consensus": consensus} if consensus > join else {}


def late(nodes: Collection[str], totem: Mapping[str, str]) -> str | None:
    """
    What a shorter consensus would save, as options of totem; None if nothing. Pure.

    nodes
        Names of the nodes.

    totem
        The section of corosync.conf.
    """
    if len(nodes) != 2 or "consensus" in totem:
        return None
    numbers = {key: int(totem[key]) for key in ("token", "join") if totem.get(key, "").isdigit()}
    short = for_new(nodes, numbers).get("consensus")
    return f"consensus={short}" if short else None


def odd(nodes: Collection[str], totem: Mapping[str, str]) -> bool:
    """
    Whether the consensus is the one of two nodes, and there are more. Pure.

    nodes, totem
        As for ``late``.
    """
    consensus, token = totem.get("consensus", ""), totem.get("token", str(TOKEN))
    return (
        len(nodes) > 2 and consensus.isdigit() and token.isdigit() and int(consensus) < int(token)
    )
