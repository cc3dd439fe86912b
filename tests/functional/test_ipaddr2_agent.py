"""What the profile hardened tells IPaddr2, given to the real agents, in a network of their own."""

import shlex

import pytest

from tests.lab import canary, image
from tests.support.cluster_tools import VERSIONS, Tools, for_version
from tests.support.sites import hardened

# The clients' network, and a second interface that nobody has plugged in.
ENTER = """\
ip link set lo up
ip link add lan type veth peer name switch && ip link set switch up && ip link set lan up
ip address add 192.168.16.11/24 dev lan
ip link add spare type veth peer name nobody && ip link set spare up
mount -t tmpfs none /run && mkdir -p /run/resource-agents
export OCF_ROOT=/usr/lib/ocf OCF_RESKEY_CRM_meta_timeout=40000 OCF_RESOURCE_INSTANCE=ip
export HA_RSCTMP=/run/resource-agents
agent=/usr/lib/ocf/resource.d/heartbeat/IPaddr2
"""
CANARY = pytest.param("testing", marks=pytest.mark.canary)


@pytest.fixture(params=[*VERSIONS, CANARY])
def tools(request, tmp_path):
    if request.param != "testing":
        return for_version(request.param, tmp_path)
    return Tools(image.root(canary.SUITE), tmp_path, version="0.12")


def call(attributes, what):
    action, interval = ("monitor", 0) if what == "probe" else (what, 10000)
    words = [
        f"OCF_RESKEY_{key}={shlex.quote(str(value).lower())}" for key, value in attributes.items()
    ]
    words += [f"__OCF_ACTION={action}", f"OCF_RESKEY_CRM_meta_interval={interval}"]
    return f"env {' '.join(words)} $agent {action} >/dev/null 2>&1; echo {what} $?"


def test_a_link_that_is_down_bars_no_node(tools):
    """The switch restarts: the address stays, and one that starts meanwhile starts."""
    described = tools.world().salt["hanfs.description"](hardened())
    attributes = described["primitives"]["ip_192.168.16.100"]["attributes"]
    life = ("probe", "start", "monitor", "switch down", "monitor", "stop", "probe", "start", "stop")
    lines = [
        f"ip link set switch down; echo {one}" if one == "switch down" else call(attributes, one)
        for one in life
    ]
    script = ENTER + "\n".join(lines)
    said = tools.run("unshare", "--mount", "--net", "sh", "-c", script).stdout.splitlines()
    assert said == [
        *("probe 7", "start 0", "monitor 0", "switch down", "monitor 0"),
        *("stop 0", "probe 7", "start 0", "stop 0"),
    ]
