"""What the profile hardened tells exportfs, given to the real agent and the real exportfs."""

import shlex

import pytest

from tests.support.cluster_tools import for_version
from tests.support.sites import hardened

CLIENTS = ["10.0.0.0/8", "192.168.16.9", "fd00::/64", "fd00::9", "*", "@lan", "*.example.com"]
# Seen nowhere else: a state directory and a file system of its own, no nfsd.
ENTER = """\
mount -t tmpfs none /var/lib/nfs && cd /var/lib/nfs && touch etab xtab rmtab
mount -t tmpfs none /run && mkdir /run/resource-agents
mount -t tmpfs none /srv && mkdir /srv/nfs
mount -t tmpfs none /srv/nfs && mkdir /srv/nfs/home
mount -t tmpfs none /proc/fs && mkdir /proc/fs/nfsd && touch /proc/fs/nfsd/filehandle
export OCF_ROOT=/usr/lib/ocf OCF_RESKEY_CRM_meta_timeout=20000
agent=/usr/lib/ocf/resource.d/heartbeat/exportfs
"""


@pytest.fixture(params=["0.10", "0.11"])
def tools(request, tmp_path):
    made = for_version(request.param, tmp_path)
    if made.run("test", "-x", "/usr/sbin/exportfs", check=False).returncode:
        pytest.skip(f"no exportfs beside pcs {request.param}")
    return made


@pytest.fixture
def exports(tools):
    """Resource: attributes, of an export to each kind of client."""
    site = hardened({"exports:0:clients": CLIENTS, "fencing": {"enabled": False}})
    made = tools.world().salt["hanfs.description"](site)["primitives"]
    return {
        name: item["attributes"] for name, item in made.items() if name.startswith("export_home")
    }


def agent(name, attributes, action):
    """A line of shell that runs the agent as the cluster does."""
    told = {
        key: str(value).lower() if isinstance(value, bool) else value
        for key, value in attributes.items()
    }
    words = [f"OCF_RESKEY_{key}={shlex.quote(value)}" for key, value in told.items()]
    words += [f"OCF_RESOURCE_INSTANCE={name}", f"__OCF_ACTION={action}"]
    return f"env {' '.join(words)} $agent {action} >/dev/null 2>&1; echo {action} {name} $?"


def run(tools, *lines):
    script = ENTER + "\n".join(lines)
    return tools.run("unshare", "--mount", "sh", "-c", script).stdout.splitlines()


def test_each_client_starts_is_seen_by_its_monitor_and_stops_alone(tools, exports):
    assert len(exports) == len(CLIENTS)
    names = list(exports)
    lines = [
        agent(name, exports[name], action) for name in names for action in ("start", "monitor")
    ]
    lines += [agent(names[0], exports[names[0]], "stop")]
    lines += [agent(name, exports[name], "monitor") for name in names]
    said = run(tools, *lines)
    assert said[: 2 * len(names) + 1] == [
        *(f"{action} {name} 0" for name in names for action in ("start", "monitor")),
        f"stop {names[0]} 0",
    ]
    assert said[2 * len(names) + 1 :] == [
        f"monitor {names[0]} 7",
        *(f"monitor {name} 0" for name in names[1:]),
    ]


def test_what_exportfs_makes_of_it(tools, exports):
    name = "export_home_fd00--_64"
    (line,) = run(
        tools, agent(name, exports[name], "start") + " >/dev/null", "cat /var/lib/nfs/etab"
    )
    assert line.startswith("/srv/nfs/home\tfd00::/64(")
    assert ",fsid=1," in line and ",mountpoint=/srv/nfs," in line and ",root_squash," in line
