"""The floor: the same move, on the same machines and with the same client, by ``floor.sh`` alone.

What the kernel, LVM and the client cost, nobody can save. All above it is the cluster's.
"""

from __future__ import annotations

import shlex
from pathlib import Path

from tests.lab.timeline import Operation

SCRIPT = "/root/floor/floor.sh"
CONF = "/root/floor/floor.conf"
EXPORTS = "/etc/exports.d/floor.exports"
# What the agents of resource-agents send ARP and the tickle with; where, differs.
TOOLS = ("/usr/lib/heartbeat", "/usr/libexec/heartbeat", "/usr/lib/resource-agents/heartbeat")


class Floor:
    """The service of a stage without its cluster, for the length of a ``with``."""

    def __init__(self, stage, seconds):
        self.stage, self.seconds = stage, seconds
        self.nodes = stage.service.nodes
        self.home = stage.service.active_node()

    def __enter__(self):
        conf, exports = self._learn(self.nodes[self.home])
        node = self.nodes[self.home]
        node.run(["pcs", "cluster", "stop", "--all"], timeout=self.seconds)
        for name, machine in self.nodes.items():
            other = self.stage.service.other_node(name)
            machine.put(SCRIPT, Path(__file__).with_suffix(".sh").read_text(), 0o755)
            machine.put(CONF, _assignments({**conf, "SELF": name, "OTHER": other}))
            machine.put(EXPORTS, exports)
            _unblock(machine, conf["IP"])
        node.run(["env", "STAY=yes", SCRIPT, "up"], timeout=self.seconds)
        return self

    def __exit__(self, kind, error, trace):
        self.nodes[self.home].run([SCRIPT, "down"], timeout=self.seconds)
        for machine in self.nodes.values():
            machine.run(["rm", EXPORTS])
        self.nodes[self.home].run(["pcs", "cluster", "start", "--all"], timeout=self.seconds)
        self.stage.service.wait_until_off("", self.seconds)

    def move(self):
        """To the other machine: a list of Operation."""
        away = self.stage.service.other_node(self.home)
        found = []
        for name, action, word in ((self.home, "stop", "down"), (away, "start", "up")):
            said = self.nodes[name].run([SCRIPT, word], timeout=self.seconds).stdout
            found += operations(name, action, said)
        self.home = away
        return found

    def _learn(self, node):
        """The site as it runs: floor.conf's variables, and its exports as exports(5) has them."""

        def ask(*argv, check=True):
            return node.run(list(argv), check=check, timeout=120).stdout.strip()

        def parameter(resource, name):
            argv = ("crm_resource", "--resource", resource, "--get-parameter", name)
            return ask(*argv, check=False)

        address, storage = self.stage.scenario.SITE["address"], self.stage.scenario.SITE["storage"]
        tools = next(path for path in TOOLS if ask("ls", f"{path}/send_arp", check=False))
        conf = {
            "IP": address["ip"],
            "BITS": str(address["cidr_netmask"]),
            "NIC": ask("ip", "-o", "address", "show", "to", address["ip"]).split()[1],
            "VG": storage["vg"],
            "LV": storage["lv"],
            "MOUNTPOINT": storage["mountpoint"],
            "OPTIONS": parameter("fs_nfs", "options") or "defaults",
            "STATE": parameter("nfs_server", "nfs_shared_infodir"),
            "SCOPE": parameter("nfs_server", "nfs_server_scope"),
            "THREADS": ask("cat", "/proc/fs/nfsd/threads"),
            "SEND_ARP": f"{tools}/send_arp",
            "TICKLE": f"{tools}/tickle_tcp",
        }
        return conf, ask("exportfs", "-s") + "\n"


def operations(node, action, said):
    """What ``floor.sh`` said as Operations: each part ends where the next one begins."""
    marks = [line.split() for line in said.splitlines()]
    return [
        Operation(action, name, node, float(begun), float(ended), "ok")
        for (name, begun), (_, ended) in zip(marks, marks[1:])
    ]


def _assignments(values):
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items())


def _unblock(machine, ip):
    """portblock's stop leaves the port closed, for its own start to open it."""
    rules = machine.run(["iptables", "--list-rules", "INPUT"], check=False).stdout
    for rule in rules.splitlines():
        if f"{ip}/" in rule and "2049" in rule and rule.startswith("-A"):
            machine.run(["iptables", "--delete", *rule.split()[1:]])
