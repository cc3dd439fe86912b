"""
Which members a cluster has and should have: what to add, what to remove, and what forbids it

Plain data in, plain data out; nothing is run.
"""

from __future__ import annotations

from _cib_values import Data
from _pcs_arguments import Nodes


def plan(
    conf: Data,
    wanted: Nodes,
    remove: list[str] | None = None,
    remove_unreachable: list[str] | None = None,
    status: Data | None = None,
    local: str | None = None,
) -> Data:
    """
    Compare a cluster's members with the ones wanted.

    conf
        What ``pcs.corosync_conf`` says.

    wanted
        ``{name: [addresses]}``: the members that should be.

    remove, remove_unreachable
        Names of members that may be removed: ones that answer, and ones that are gone.

    status
        What ``pcs.status`` says; None when the cluster does not run here.

    local
        Name of this node.

    Returns ``{"add": {name: [addresses]}, "remove": [names], "unreachable": [names],
    "problems": [sentences]}``. Nothing may be done while there are problems.
    """
    present = conf["nodes"]
    going = [name for name in remove or [] if name in present]
    gone = [name for name in remove_unreachable or [] if name in present]
    add = {name: addresses for name, addresses in wanted.items() if name not in present}
    problems = [
        *_contradictions(wanted, remove or [], remove_unreachable or []),
        *_strangers(present, wanted, going + gone),
        *_wrong_links(present, wanted, add),
    ]
    if going or gone or add:
        problems += _unfit(present, add, going, gone, status, local)
    return {"add": add, "remove": going, "unreachable": gone, "problems": problems}


def _contradictions(wanted, remove, remove_unreachable):
    both = sorted((set(remove) | set(remove_unreachable)) & set(wanted))
    twice = sorted(set(remove) & set(remove_unreachable))
    return [
        *(f"{name} is among the nodes wanted and among those to remove" for name in both),
        *(f"{name} is named in both 'remove' and 'remove_unreachable'" for name in twice),
    ]


def _strangers(present, wanted, leaving):
    return [
        f"{name} is a member of the cluster and is not among the nodes wanted; a node is removed "
        "only when it is named in 'remove' (or 'remove_unreachable' when it is gone)"
        for name in present
        if name not in wanted and name not in leaving
    ]


def _wrong_links(present, wanted, add):
    number = len(next(iter(present.values()), []))
    problems = [
        f"{name} needs {number} addresses, one per link of the cluster, and has {len(addresses)}"
        for name, addresses in add.items()
        if len(addresses) not in (0, number)
    ]
    taken = {address: name for name, addresses in present.items() for address in addresses}
    problems += [
        f"the address {address} of {name} is that of {taken[address]}"
        for name, addresses in add.items()
        for address in addresses
        if address in taken
    ]
    return problems


def _unfit(present, add, going, gone, status, local):
    """What in the cluster's state forbids a change of its members."""
    if local in going + gone:
        return [f"a node does not remove itself: run this on another member than {local}"]
    if status is None:
        return ["the cluster does not run on this node: start it first"]
    if not status["quorum"]:
        return ["the cluster has no quorum: members are neither added nor removed without it"]
    nodes = status["nodes"]
    problems = []
    for name in going:
        if not _up(nodes.get(name)):
            problems.append(
                f"{name} is not online, so it cannot be told to leave: start it, or name it in "
                "'remove_unreachable' when it will not come back"
            )
    for name in gone:
        flags = nodes.get(name)
        if _up(flags):
            problems.append(f"{name} is online: name it in 'remove', not in 'remove_unreachable'")
        elif flags and (flags["unclean"] or flags["pending"]):
            problems.append(
                f"what became of {name} is not certain (unclean): its resources may still run "
                "there; fence it, or confirm with 'pcs stonith confirm' that it is off"
            )
    stay = [name for name in present if name not in going + gone]
    if not stay:
        problems.append("no member would be left: pcs.cluster_absent destroys a cluster")
    elif (going or gone) and not quorate(len(stay), sum(_up(nodes.get(n)) for n in stay)):
        offline = [name for name in stay if not _up(nodes.get(name))]
        problems.append(
            f"without {', '.join(going + gone)} the cluster would lose its quorum: "
            f"{', '.join(offline)} must be online first"
        )
    for name in add if not problems else ():
        missing = [node for node in stay if not _up(nodes.get(node))]
        if missing:
            problems.append(
                f"{name} can be added only while all members get the new corosync.conf: "
                f"{', '.join(missing)} must be online first"
            )
    return problems


def quorate(members, online):
    """
    Whether ``online`` of ``members`` nodes have quorum; pcs gives two nodes ``two_node``.

    members, online
        Numbers of nodes.
    """
    return online >= 1 if members == 2 else online > members // 2


def _up(flags):
    return bool(flags and flags["online"] and not flags["pending"] and not flags["unclean"])


def changes(plan: Data) -> Data:
    """
    A plan as the ``changes`` of a state: ``{"nodes": {name: {"old", "new"}}}``, empty for none.

    plan
        What ``plan`` returned, with ``present``, the members' addresses, added.
    """
    nodes = {name: {"old": None, "new": addresses} for name, addresses in plan["add"].items()}
    for name in plan["remove"] + plan["unreachable"]:
        nodes[name] = {"old": plan.get("present", {}).get(name, []), "new": None}
    return {"nodes": nodes} if nodes else {}
