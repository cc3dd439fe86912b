"""What the profile hardened tells IPaddr2, given to the real agents, in a network of their own."""

from tests.support.real_agents import call
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


def test_a_link_that_is_down_bars_no_node(every_release):
    """The switch restarts: the address stays, and one that starts meanwhile starts."""
    described = every_release.world().salt["hanfs.description"](hardened())
    attributes = described["primitives"]["ip_192.168.16.100"]["attributes"]
    life = ("probe", "start", "monitor", "switch down", "monitor", "stop", "probe", "start", "stop")
    lines = [
        f"ip link set switch down; echo {one}" if one == "switch down" else call(attributes, one)
        for one in life
    ]
    script = ENTER + "\n".join(lines)
    said = every_release.run("unshare", "--mount", "--net", "sh", "-c", script).stdout.splitlines()
    assert said == [
        *("probe 7", "start 0", "monitor 0", "switch down", "monitor 0"),
        *("stop 0", "probe 7", "start 0", "stop 0"),
    ]
