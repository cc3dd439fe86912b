"""Faults that an operator meets, and what hanfs.health calls each, on containers that serve."""

from __future__ import annotations

from contextlib import contextmanager

from tests.integration import site
from tests.lab.containers import SHARED_DISK
from tests.lab.wait import wait_until

# Containers have no NFS server of their own, and their sites no fencing.
ALWAYS = {"nfs-silent", "state-directory", "fencing-off"}
CERTIFICATE = "/var/lib/pcsd/pcsd.crt"


def look(master, nodes):
    """Node -> codes, beside those that containers always have."""
    found = master.salt(nodes, "hanfs.health")
    return {
        name: {one["code"] for one in each["findings"]} - ALWAYS for name, each in found.items()
    }


@contextmanager
def on(node, do, undo):
    """Commands that make a fault, and those that end it."""
    try:
        for argv in do:
            node.run(argv)
        yield
    finally:
        for argv in undo:
            node.run(argv, check=False)


def of_files_and_addresses(active, passive):
    """``[(fault, node that names it, codes)]``: what nobody notices by itself."""
    soon = ["openssl", "req", "-x509", "-nodes", "-newkey", "rsa:2048", "-subj", "/CN=x", "-days"]
    made = [*soon, "5", "-keyout", "/run/x.key", "-out", CERTIFICATE]
    free = "$(df -B1 --output=avail /nfsdata | tail -1)"
    fill = f"fallocate -l $(({free} / 100 * 99)) /nfsdata/full"
    facts = ["attrd_updater", "--name", "hanfs-facts", "--update"]
    of_node = ["-t", "status", "--node", passive.name, "--name", "hanfs-facts"]
    before = passive.run(["crm_attribute", *of_node, "--query", "--quiet"]).stdout.strip()
    interface = passive.run(
        ["sh", "-c", "ip -o route get 192.168.16.1 | sed 's/.* dev //;s/ .*//'"]
    )
    lan = interface.stdout.strip()
    return [
        (
            on(passive, [["ip", "addr", "add", "192.168.16.100/32", "dev", lan]],
               [["ip", "addr", "del", "192.168.16.100/32", "dev", lan]]),
            passive, {"address-elsewhere"},
        ),
        (
            on(passive, [["mount", SHARED_DISK, "/mnt"]],
               [["umount", "/mnt"]]),
            passive, {"mount-elsewhere"},
        ),
        (
            on(passive, [["cp", CERTIFICATE, "/run/kept.crt"], made],
               [["cp", "/run/kept.crt", CERTIFICATE]]),
            passive, {"certificate-ends"},
        ),
        (
            on(passive, [["touch", "/run/reboot-required"]], [["rm", "/run/reboot-required"]]),
            passive, {"reboot-pending"},
        ),
        (
            on(active, [["sh", "-c", fill]], [["rm", "-f", "/nfsdata/full"]]),
            active, {"disk-full"},
        ),
        (
            on(passive, [[*facts, "pkg.pcs=0.0&kernel=1"]], [[*facts, before]]),
            active, {"versions-unequal"},
        ),
    ]  # fmt: skip


def of_the_cluster(active, passive):
    """The same for faults that the cluster itself tells, each seen by both nodes."""
    group, pcs = "nfsresourcegroup", "pcs"
    threshold = [pcs, "resource", "meta", group, "migration-threshold="]
    return [
        (
            on(active, [[pcs, "node", "standby", passive.name, "--wait=60"],
                        [pcs, "property", "set", "maintenance-mode=true"]],
               [[pcs, "property", "set", "maintenance-mode=false"],
                [pcs, "node", "unstandby", passive.name, "--wait=60"]]),
            active, {"node-standby", "cluster-maintenance"},
        ),
        (
            on(active, [[pcs, "resource", "ban", group, passive.name]],
               [[pcs, "resource", "clear", group]]),
            passive, {"resource-banned"},
        ),
        (
            on(active, [[pcs, "property", "set", "stonith-enabled=true"]],
               [[pcs, "property", "set", "stonith-enabled=false"]]),
            passive, {"fencing-not-as-said"},
        ),
        (
            on(active, [[*threshold[:-1], "migration-threshold=2"],
                        ["crm_resource", "--fail", "-r", "VIP", "-N", active.name],
                        ["crm_resource", "--wait"]],
               [[pcs, "resource", "cleanup"], threshold, ["crm_resource", "--wait"]]),
            passive, {"action-failed", "failcount-high"},
        ),
        (
            on(active, [[pcs, "resource", "disable", group, "--wait=60"]],
               [[pcs, "resource", "enable", group, "--wait=60"]]),
            passive, {"resource-disabled", "resource-stopped", "group-nowhere"},
        ),
        (
            on(passive, [[pcs, "cluster", "stop"]], [[pcs, "cluster", "start", "--wait=60"]]),
            active, {"node-offline"},
        ),
    ]  # fmt: skip


def settled(master, pair):
    """Nothing is found any more."""

    def quiet():
        left = look(master, pair)
        return not any(left.values()), left

    return wait_until(quiet, timeout=90, what="healthy nodes")


def assert_each_is_named(master, pair, faults):
    """Make each fault, look once, end it."""
    named = []
    for fault, node, codes in faults:
        with fault:
            found = look(master, [node])[node.name]
        assert codes <= found, (codes, found)
        named += codes
    return named


def serving(pair):
    """The node that serves and the other one."""
    active = pair[site.assert_serving(pair)]
    return active, next(node for node in pair if node is not active)


def assert_drift_was(drift, returns):
    """What hanfs.drift said before a run is what the run then changed, on each node."""
    configured = {}
    for states in returns.values():
        for state in states.values():
            if state["__id__"] == site.CONFIGURED and state["changes"]:
                # whichever node was first did it
                configured = state["changes"]
    pushed = {
        ":".join(("cluster", kind, name, *([] if set(one) == {"old", "new"} else [path])))
        for kind, objects in configured.items()
        for name, one in objects.items()
        for path in one
        if kind != "ownership"
    }
    for name, states in returns.items():
        changed = {one["__id__"] for one in states.values() if one["changes"]} - {site.CONFIGURED}
        paths = {one["path"] for one in drift[name]["drift"]}
        of_cluster = {path for path in paths if path.startswith("cluster:")}
        assert of_cluster == pushed, (name, of_cluster, pushed)
        assert {path.split(":")[0] for path in paths - of_cluster} == changed, (name, paths)
