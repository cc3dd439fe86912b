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


def file_text(tools, primitives):
    """What the formula writes into /etc/exports.d for them."""
    library = tools.world().library._hanfs_exports
    return library.text(library.exports({"primitives": primitives}))


def put(text):
    """Lines of shell that give the real exportfs that text as its only file."""
    return [
        "mkdir /run/etc && cp -a /etc/. /run/etc && mount --bind /run/etc /etc",
        ": > /etc/exports; mkdir -p /etc/exports.d; rm -f /etc/exports.d/*",
        f"printf %s {shlex.quote(text)} > /etc/exports.d/hanfs-x.exports",
    ]


ETAB = "sort /var/lib/nfs/etab"


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


def test_exportfs_r_makes_of_the_file_what_the_agents_make_of_the_resources(tools, exports):
    """Line by line the same table, so that it changes nothing on the node that runs them."""
    primitives = {
        name: {"agent": "ocf:heartbeat:exportfs", "attributes": attributes}
        for name, attributes in exports.items()
    }
    by_agents = run(tools, *(agent(name, exports[name], "start") for name in exports), ETAB)
    table = by_agents[len(exports) :]
    assert len(table) == len(exports) == len(CLIENTS)
    (said, *by_file) = run(
        tools, *put(file_text(tools, primitives)), "exportfs -r 2>&1; echo rc $?", ETAB
    )
    assert (said, by_file) == ("rc 0", table), "without a warning, too"


def test_what_needs_quoting_is_read_back_by_exportfs(tools):
    """Blanks, quotes, comments and backslashes in a description that nobody checked."""
    odd = ['/srv/nfs/q"x', "/srv/nfs/#y", "/srv/nfs/b\\z", "/srv/nfs/uml\u00e4ut"]
    attributes = {"clientspec": "10.0.0.0/8", "options": "rw", "directory": " ".join(odd)}
    primitives = {
        "odd": {"agent": "ocf:heartbeat:exportfs", "attributes": {**attributes, "fsid": "7"}},
        "blank": {"agent": "ocf:heartbeat:exportfs", "attributes": attributes},
    }
    library = tools.world().library._hanfs_exports
    made = library.exports({"primitives": {"odd": primitives["odd"]}})
    made.append(
        library.Export("blank", "/srv/nfs/a b", "10.0.0.0/8", "rw,no_subtree_check,fsid=99")
    )
    directories = [one.directory for one in made]
    lines = [*put(library.text(made)), *(f"mkdir -p {shlex.quote(one)}" for one in directories)]
    said, *table = run(tools, *lines, "exportfs -r 2>&1; echo rc $?", ETAB)
    assert said == "rc 0"
    there = [line for line in table if "\t10.0.0.0/8(rw,sync," in line and "fsid=" in line]
    assert {line.split("\t")[0] for line in there} == {library.escaped(one) for one in directories}
    fsids = {one.directory: one.options.rpartition("=")[2] for one in made}
    for one in directories:
        (line,) = [line for line in there if line.startswith(library.escaped(one) + "\t")]
        assert f"fsid={int(fsids[one], 0)}," in line


def test_a_passive_node_that_runs_exportfs_r_is_still_seen_as_passive(tools, exports):
    """exportfs writes the lines down where nothing is mounted, too; the agent has its own mark."""
    primitives = {
        name: {"agent": "ocf:heartbeat:exportfs", "attributes": attributes}
        for name, attributes in exports.items()
    }
    lines = [*put(file_text(tools, primitives)), "umount /srv/nfs", "exportfs -r >/dev/null 2>&1"]
    said = run(tools, *lines, *(agent(name, exports[name], "monitor") for name in exports))
    assert said == [f"monitor {name} 7" for name in exports]
