"""The walkthrough this project began with, as one scenario on lab machines.

The demo prints it, the system tests assert on it: two servers with one disk and
nothing configured, a Salt master, a client; one ``salt '*' state.apply hanfs``;
a mount through the virtual IP; the service moved under load and back.
"""

import xml.etree.ElementTree as ET

from tests.lab.wait import wait_until
from tests.support import sites

NODES = ("nfs-server1", "nfs-server2")
CLIENT = "nfs-client"
GROUP = "nfsresourcegroup"
RESOURCES = ("SharedFS", "NFSService", "NFSExport", "VIP", "NFSNotify")
VIRTUAL_IP = "192.168.16.100"
MOUNT = "/mnt/nfsdata"


def pillar(device, password, change=None):
    """The article's pillar for the shared disk ``device``; ``change`` as for ``sites.site``."""
    change = {"storage:device": device, "cluster:password": password, **(change or {})}
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


def started_on(crm_mon_xml):
    """Map each primitive that is started to the node that runs it."""
    placed = {}
    for resource in ET.fromstring(crm_mon_xml).iter("resource"):
        node = resource.find("node")
        if (
            node is not None
            and resource.get("role") == "Started"
            and resource.get("active") == "true"
        ):
            placed[resource.get("id")] = node.get("name")
    return placed


class Service:
    """The service as an operator on ``nodes`` and a user on ``client`` see it."""

    def __init__(self, nodes, client):
        self.nodes = {node.name: node for node in nodes}
        self.client = client

    def anywhere(self):
        return next(iter(self.nodes.values()))

    def placement(self):
        done = self.anywhere().run(["crm_mon", "-1", "--output-as=xml"], timeout=120)
        return started_on(done.stdout)

    def pcs_status(self):
        return self.anywhere().run(["pcs", "status"], timeout=300).stdout

    def active_node(self):
        nodes = set(self.placement().values())
        return nodes.pop() if len(nodes) == 1 else None

    def move_away_from(self, name, timeout):
        """Put ``name`` into standby, wait until all five run elsewhere, and let it back."""
        node = self.nodes[name]
        node.run(["pcs", "node", "standby", name], timeout=300)

        def moved():
            placed = self.placement()
            done = set(placed) >= set(RESOURCES) and name not in placed.values()
            return done, placed

        wait_until(moved, timeout, f"the service to leave {name}", interval=2)
        node.run(["pcs", "node", "unstandby", name], timeout=300)

    def mount(self, timeout=300):
        self.client.run(["mkdir", "-p", MOUNT])
        self.client.run(
            ["mount", "-t", "nfs", "-o", "vers=4.2,hard", f"{VIRTUAL_IP}:/", MOUNT], timeout=timeout
        )
