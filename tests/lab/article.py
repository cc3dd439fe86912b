"""The walkthrough this project began with, as one scenario on lab machines.

The demo prints it, the system tests assert on it: two servers with one disk and
nothing configured, a Salt master, a client; one ``salt '*' state.apply hanfs``;
a mount through the virtual IP; the service moved under load and back.
"""

from tests.lab.service import Service
from tests.support import sites

NODES = ("nfs-server1", "nfs-server2")
CLIENT = "nfs-client"
GROUP = "nfsresourcegroup"
RESOURCES = ("SharedFS", "NFSService", "NFSExport", "VIP", "NFSNotify")
VIRTUAL_IP = "192.168.16.100"
MOUNT = "/mnt/nfsdata"
# Where the writers' directory is on the server.
SERVED = "/nfsdata"
# Operations that have the agents' own timeouts, some of them ten seconds.
IMPATIENT = RESOURCES


def pillar(devices, password, change=None):
    """The article's pillar for the first of the shared disks; ``change`` as for ``sites.site``."""
    change = {"storage:device": devices[0], "cluster:password": password, **(change or {})}
    return {"hanfs": {"sites": {"article": sites.site(change)}}}


def count_changes(returns):
    """How many states of a ``state.apply`` reported changes, over all minions."""
    return sum(bool(state["changes"]) for states in returns.values() for state in states.values())


def failures(returns):
    """Sentences about every failed state, or minion without a proper return.

    Not about states that were left out since another one failed.
    """
    failed = []
    for minion, states in sorted(returns.items()):
        if not isinstance(states, dict):
            failed.append(f"{minion}: {states}")
            continue
        failed += [
            f"{minion}: {state.get('__id__') or state.get('name')}: {state['comment']}"
            for state in states.values()
            if state["result"] is False
            and not str(state["comment"]).startswith("One or more requisite failed")
        ]
    return failed


def service(nodes, client):
    """The article's Service on ``nodes``."""
    return Service(nodes, client, RESOURCES, f"{VIRTUAL_IP}:/", MOUNT)
