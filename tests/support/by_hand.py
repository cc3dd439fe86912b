"""A cluster as somebody builds it by hand with pcs, on two containers; no Salt in it."""

from __future__ import annotations

import subprocess

from tests.lab.wait import wait_until

PASSWORD = "correct-horse-battery"


def build(pair, name="by-hand"):
    """Make and start a cluster of a pair with the packages installed, without fencing."""
    first = pair[0]
    # Debian's packages started a cluster of one node, which is in the way of pcs.
    script = "pcs cluster destroy && systemctl disable --now firewalld && chpasswd"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    destroying = [node.popen(["sh", "-c", script], **pipes) for node in pair]
    for process in destroying:
        said, _ = process.communicate(f"hacluster:{PASSWORD}\n", timeout=120)
        assert process.returncode == 0, said
    members = [word for node in pair for word in (node.name, f"addr={node.addresses['hb']}")]
    first.run(["pcs", "host", "auth", "-u", "hacluster", *members], stdin=f"{PASSWORD}\n")
    first.run(["pcs", "cluster", "setup", name, *members, "--start"])
    wait_online(pair)
    first.run(["pcs", "property", "set", "stonith-enabled=false"])
    return pair


def wait_online(pair, timeout=120):
    """Wait until all nodes see each other and somebody decides."""

    def look():
        seen = [node.run(["crm_mon", "-1"], check=False) for node in pair]
        names = ", ".join(name for name in sorted(pair.names))
        good = all(
            "partition with quorum" in one.stdout and names in _online(one.stdout) for one in seen
        )
        return good, "\n".join(one.stdout + one.stderr for one in seen)

    wait_until(look, timeout, "a cluster of two nodes", interval=0.2)


def _online(text):
    return "\n".join(line for line in text.splitlines() if "Online" in line).replace(" ", ", ")


def settle(node, timeout=60):
    """Wait until the cluster has nothing left to do."""
    node.run(["crm_resource", "--wait", f"--timeout={timeout}"], timeout=timeout + 30)


def commands(node, lines):
    """Type pcs commands, one a line."""
    for line in lines:
        node.run(["pcs", *line.split()])


def cib(node):
    """The cluster's configuration as XML."""
    return node.run(["cibadmin", "--query"]).stdout
