"""What the profile hardened tells portblock, given to the real agents, with real rules.

A namespace of the network has rules of its own, and the address on its loopback: nothing is seen
outside.
"""

import shlex

import pytest

from tests.lab import canary, image
from tests.support.cluster_tools import VERSIONS, Tools, for_version
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
CANARY = pytest.param("testing", marks=pytest.mark.canary)


@pytest.fixture(params=[*VERSIONS, CANARY])
def tools(request, tmp_path):
    if request.param != "testing":
        return for_version(request.param, tmp_path)
    return Tools(image.root(canary.SUITE), tmp_path, version="0.12")


@pytest.fixture
def attributes(tools):
    """What the agent is told there; its directory is the one that each node has."""
    release = {"0.10": 11, "0.11": 12, "0.12": 13}[tools.version]
    world = tools.world(grains={"os": "Debian", "osmajorrelease": release})
    described = world.salt["hanfs.description"](hardened({"fencing": {"enabled": False}}))
    return described["primitives"]["tickle_192.168.16.100"]["attributes"]


def call(attributes, what):
    told = {
        key: str(value).lower() if isinstance(value, bool) else value
        for key, value in attributes.items()
    }
    action, interval = ("monitor", 0) if what == "probe" else (what, 10000)
    words = [f"OCF_RESKEY_{key}={shlex.quote(str(value))}" for key, value in told.items()]
    words += [f"__OCF_ACTION={action}", f"OCF_RESKEY_CRM_meta_interval={interval}"]
    return f"env {' '.join(words)} $agent {action} >/dev/null 2>&1; echo {what} $?\n{RULES}"


def run(tools, *lines):
    script = ENTER + "\n".join(lines)
    said = tools.run("unshare", "--mount", "--net", "sh", "-c", script).stdout.splitlines()
    return [tuple(said[place : place + 2]) for place in range(0, len(said), 2)]


def expected(steps):
    return [(f"{what} {code}", rules) for what, code, rules in steps]


def test_there_and_back_twice(tools, attributes):
    found = run(tools, *(call(attributes, what) for what, _, _ in LIFE))
    assert found == expected(LIFE)


def test_what_an_older_agent_has_blocked_is_opened(tools, attributes):
    """The agent was upgraded while this node was the passive one."""
    found = run(tools, BLOCKED, *(call(attributes, what) for what in ("probe", "start", "monitor")))
    assert found == expected([("probe", 7, CLOSED), ("start", 0, OPEN), ("monitor", 0, OPEN)])
