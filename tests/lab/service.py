"""The service as an operator on the nodes and a user on the client see it."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from tests.lab.wait import wait_until

# What a node's own services said last, for the reader of a failure.
LAST_WORDS = ["journalctl", "--boot", "--no-pager", "--lines=150", "--output=short-monotonic"]
LAST_WORDS += ["--unit=corosync", "--unit=pacemaker", "--unit=sbd"]

# The call of an operation in Pacemaker's history that has no result yet.
PENDING = "-1"


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


def starts_and_stops(cib_status_xml):
    """What each resource was last asked to do: {(node, resource, operation): (call, when)}.

    Of the operations only starts and stops: whatever was touched has another call or time.
    """
    found = {}
    for state in ET.fromstring(cib_status_xml).iter("node_state"):
        for resource in state.iter("lrm_resource"):
            for operation in resource.iter("lrm_rsc_op"):
                if operation.get("operation") in ("start", "stop"):
                    key = state.get("uname"), resource.get("id"), operation.get("id")
                    found[key] = operation.get("call-id"), operation.get("last-rc-change")
    return found


class Service:
    """``resources`` (ids) on ``nodes``, mounted from ``source`` on ``client`` at ``mountpoint``."""

    def __init__(self, nodes, client, resources, source, mountpoint):
        self.nodes = {node.name: node for node in nodes}
        self.client = client
        self.resources = tuple(resources)
        self.source = source
        self.mountpoint = mountpoint

    def anywhere(self):
        """A node that is on."""
        return next(node for node in self.nodes.values() if node.alive())

    def placement(self):
        """Primitive -> node for all that is started."""
        done = self.anywhere().run(["crm_mon", "-1", "--output-as=xml"], timeout=120)
        return started_on(done.stdout)

    def pcs_status(self):
        return self.anywhere().run(["pcs", "status"], timeout=300).stdout

    def active_node(self):
        """Name of the node that runs the service, None if it is not on one."""
        placed = self.placement()
        nodes = {placed[name] for name in self.resources if name in placed}
        return nodes.pop() if len(nodes) == 1 else None

    def other_node(self, name):
        return next(other for other in self.nodes if other != name)

    def history(self, timeout=300):
        """See ``starts_and_stops``; read when all resources run and no operation is on its way.

        The last of a chain may still start when a client already writes again.
        """

        def look():
            placed = self.placement()
            missing = [name for name in self.resources if name not in placed]
            if missing:
                return False, missing
            done = self.anywhere().run(["cibadmin", "--query", "--scope=status"], timeout=120)
            found = starts_and_stops(done.stdout)
            pending = sorted(key for key, (call, _) in found.items() if call == PENDING)
            return not pending, pending or found

        return wait_until(look, timeout, "starts and stops to end")

    def wait_until_off(self, name, timeout):
        """Wait until all resources run, and none of them on the node ``name``."""

        def look():
            placed = self.placement()
            here = {resource: placed.get(resource) for resource in self.resources}
            done = None not in here.values() and name not in here.values()
            return done, here

        wait_until(look, timeout, f"the service to leave {name}", interval=1)

    def wait_until_online(self, name, timeout):
        """Wait until the other node has ``name`` as a member again, ready for the service."""
        other = self.nodes[self.other_node(name)]

        def look():
            text = other.run(["crm_mon", "-1", "--output-as=xml"], timeout=120).stdout
            node = ET.fromstring(text).find(f"./nodes/node[@name='{name}']")
            seen = {key: node.get(key) for key in ("online", "pending", "unclean")}
            return seen == {"online": "true", "pending": "false", "unclean": "false"}, seen

        try:
            wait_until(look, timeout, f"{name} to be online", interval=1)
        except TimeoutError as err:
            raise TimeoutError(
                f"{err}\n{self.nodes[name].run(LAST_WORDS, check=False).stdout}"
            ) from err

    def move_away_from(self, name, timeout):
        """Put ``name`` into standby, wait until all resources run elsewhere, and let it back."""
        node = self.nodes[name]
        node.run(["pcs", "node", "standby", name], timeout=300)
        self.wait_until_off(name, timeout)
        node.run(["pcs", "node", "unstandby", name], timeout=300)

    def mount(self, timeout=300):
        self.client.run(["mkdir", "-p", self.mountpoint])
        words = ["mount", "-t", "nfs", "-o", "vers=4.2,hard", self.source, self.mountpoint]
        self.client.run(words, timeout=timeout)
