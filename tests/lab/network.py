"""The lab's networks: three bridges in its own network namespace.

``lan`` carries the service and its clients, ``hb`` the cluster's heartbeat, ``mgmt``
the Salt master (at .1, the only address that the lab itself has) and ssh.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

PREFIXES = {"lan": "192.168.16", "hb": "10.10.10", "mgmt": "10.99.0"}
MASTER = "10.99.0.1"

# Last byte of every address of the nodes that the lab knows by name.
NUMBERS = {
    "nfs-server1": 11,
    "nfs-server2": 12,
    "nfs-client": 14,
    "nfs-server3": 21,
    "nfs-server4": 22,
    "nfs-server5": 31,
    "nfs-server6": 32,
}
# Last byte of the virtual addresses that sites of the lab may use.
VIRTUAL_NUMBERS = range(100, 105)


def addresses(number):
    """Network -> address of the node with that last byte."""
    return {network: f"{prefix}.{number}" for network, prefix in PREFIXES.items()}


def hosts_file():
    """Text of /etc/hosts: every node by name, on the network that clients use."""
    lines = ["127.0.0.1 localhost"]
    lines += [f"{PREFIXES['lan']}.{number} {name}" for name, number in NUMBERS.items()]
    lines += [f"{PREFIXES['lan']}.{number} nfs-service-{number}" for number in VIRTUAL_NUMBERS]
    return "\n".join(lines) + "\n"


def ip(*words, check=True):
    """Run ``ip WORDS``; a failure shows what it printed."""
    done = subprocess.run(["ip", *words], capture_output=True, text=True)
    if check and done.returncode:
        raise RuntimeError(f"ip {' '.join(words)}: {done.stderr.strip()}")


def ensure_bridges():
    """Make the three bridges, once per lab."""
    for network in PREFIXES:
        if Path("/sys/class/net", network).exists():
            continue
        ip("link", "add", network, "type", "bridge", "forward_delay", "0", "mcast_snooping", "0")
        ip("link", "set", network, "up")
    if MASTER not in subprocess.check_output(["ip", "-o", "address"], text=True):
        ip("address", "add", f"{MASTER}/24", "dev", "mgmt")


def port(network, number):
    """Name of the lab's end of a node's cable."""
    return f"{network}{number}"


def plug_in(namespace, number):
    """Make the network namespace of a container, with a cable and an address on each network."""
    ip("netns", "add", namespace)
    ip("-n", namespace, "link", "set", "lo", "up")
    for network, address in addresses(number).items():
        outer = port(network, number)
        ip("link", "add", outer, "type", "veth", "peer", "name", network, "netns", namespace)
        ip("link", "set", outer, "master", network, "up")
        ip("-n", namespace, "address", "add", f"{address}/24", "dev", network)
        ip("-n", namespace, "link", "set", network, "up")


def unplug(namespace, number):
    """Remove what ``plug_in`` made, at once: no address may answer a moment longer."""
    for network in PREFIXES:
        ip("link", "delete", port(network, number), check=False)
    ip("netns", "delete", namespace, check=False)
