"""What the profile hardened tells portblock, given to the real agents, with real rules.

A namespace of the network has rules of its own, and the address on its loopback: nothing is seen
outside.
"""

import pytest

from tests.support.real_agents import call
from tests.support.sites import hardened

ENTER = """\
ip link set lo up && ip address add 192.168.16.100/32 dev lo
mount -t tmpfs none /run && mkdir -p /run/resource-agents
mount -t tmpfs none /var/lib/nfs && mkdir /var/lib/nfs/tickle
export OCF_ROOT=/usr/lib/ocf OCF_RESKEY_CRM_meta_timeout=40000 OCF_RESOURCE_INSTANCE=tickle
agent=/usr/lib/ocf/resource.d/heartbeat/portblock
"""
# What iptables and nft know of the port, without iptables' own tables seen through nft.
RULES = """\
echo in $(iptables -n -L INPUT | grep -c 2049) out $(iptables -n -L OUTPUT | grep -c 2049) \
nft $(nft list table inet portblock 2>/dev/null | grep -c 2049)
"""
OPEN, CLOSED = "in 0 out 0 nft 0", "in 1 out 0 nft 0"
# As an agent that knows iptables alone has left it.
BLOCKED = "iptables -I INPUT -p tcp -d 192.168.16.100 -m multiport --dports 2049 -j DROP"
LIFE = [
    ("probe", 7, OPEN),
    ("start", 0, OPEN),
    ("monitor", 0, OPEN),
    ("stop", 0, CLOSED),
    ("probe", 7, CLOSED),
    ("start", 0, OPEN),
    ("monitor", 0, OPEN),
    ("stop", 0, CLOSED),
]


@pytest.fixture
def attributes(every_release):
    """What the agent is told there; its directory is the one that each node has."""
    release = {"0.10": 11, "0.11": 12, "0.12": 13}[every_release.version]
    world = every_release.world(grains={"os": "Debian", "osmajorrelease": release})
    described = world.salt["hanfs.description"](hardened({"fencing": {"enabled": False}}))
    return described["primitives"]["tickle_192.168.16.100"]["attributes"]


def step(attributes, what):
    return f"{call(attributes, what)}\n{RULES}"


def run(every_release, *lines):
    script = ENTER + "\n".join(lines)
    said = every_release.run("unshare", "--mount", "--net", "sh", "-c", script).stdout.splitlines()
    return [tuple(said[place : place + 2]) for place in range(0, len(said), 2)]


def expected(steps):
    return [(f"{what} {code}", rules) for what, code, rules in steps]


def test_there_and_back_twice(every_release, attributes):
    found = run(every_release, *(step(attributes, what) for what, _, _ in LIFE))
    assert found == expected(LIFE)


def test_what_an_older_agent_has_blocked_is_opened(every_release, attributes):
    """The agent was upgraded while this node was the passive one."""
    found = run(
        every_release, BLOCKED, *(step(attributes, what) for what in ("probe", "start", "monitor"))
    )
    assert found == expected([("probe", 7, CLOSED), ("start", 0, OPEN), ("monitor", 0, OPEN)])
