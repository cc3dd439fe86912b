"""
Proving that fencing works, without shooting. Part of the module ``hanfs``.

A device that is configured, and even one that is started, may be unable to fence: its monitor asks
the device, not for the node; a plug may be another machine's; and every node reaches its devices by
a way of its own. So each node asks each device for the state of each node that it may fence.

:depends: pacemaker, the devices' agents
"""

from __future__ import annotations

import os
import re

from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "hanfs"

# What an agent may take to answer; management boards are slow.
LIMIT = 60
_ANY = tuple(range(256))
# Where Pacemaker looks for agents.
PROGRAMS = "/usr/sbin"


def __virtual__():
    return __virtualname__


def fence_test(device=None, node=None, timeout=LIMIT):
    """
    Ask every fencing device of the running cluster, from this node, for the state of every node
    that it may fence. Nothing is fenced, and nothing is written. Secrets go to the agents by
    standard input.

    device, node
        Only this device, or this node.

    timeout
        Seconds that an agent may take to answer.

    Returns ``{"result": bool, "devices": {id: {"agent": ..., "nodes": {node: {"result": bool,
    "says": ...}}}}, "watchdog": what SBD's watchdog is like, if the cluster uses SBD, "problems":
    [sentences], "notes": [sentences]}``. A problem is a non-zero exit code of the call. Raises
    SaltInvocationError for a timeout that is none, CommandExecutionError if the cluster does not
    run here or has no such node or device.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server*' hanfs.fence_test
        salt 'nfs-server1' hanfs.fence_test node=nfs-server2
    """
    if not isinstance(timeout, (int, float)) or isinstance(timeout, bool) or timeout <= 0:
        raise SaltInvocationError(f"timeout: {timeout!r} is no number of seconds")
    status = __salt__["pcs.status"]()
    live = __salt__["cib_xml.read"](__salt__["cib_push.query"]())
    cluster = __salt__["hanfs_fence_devices.read"](live)
    report = {"result": True, "devices": {}, "watchdog": None, "problems": [], "notes": []}
    if not status["stonith_enabled"]:
        report["problems"].append("fencing is off in the cluster (stonith-enabled)")
    wanted = {name: one for name, one in cluster["devices"].items() if device in (None, name)}
    if device is not None and not wanted:
        raise CommandExecutionError(
            f"the cluster has no fencing device {device}; it has: "
            f"{', '.join(cluster['devices']) or 'none'}"
        )
    # One who mistyped a name must not read that all is well.
    if node is not None and node not in cluster["nodes"]:
        raise CommandExecutionError(
            f"the cluster has no node {node}; it has: {', '.join(cluster['nodes']) or 'none'}"
        )
    for name, one in wanted.items():
        asked = _Device(name, one, timeout)
        report["devices"][name] = _tested(asked, cluster["nodes"], node, status, report)
    sbd = _sbd_disks(wanted)
    if sbd or cluster["watchdog"]:
        report["watchdog"] = _test_sbd(sbd, cluster["nodes"], report["problems"])
    if device is None:
        _test_reach(cluster, node, report)
    elif node is not None and not report["devices"][device]["nodes"] and not report["problems"]:
        report["problems"].append(f"{device} is not for {node}: nothing was asked")
    report["result"] = not report["problems"]
    __context__["retcode"] = 0 if report["result"] else 1
    return report


class _Device:
    """A device and how it is asked."""

    def __init__(self, name, about, timeout):
        self.name, self.about, self.timeout = name, about, timeout
        self.program = os.path.join(PROGRAMS, about["agent"])
        self.known = None
        if about["agent"].startswith("fence_"):
            self.known = __salt__["cib_agent.metadata"](f"stonith:{about['agent']}")
        self.problem = self._problem()

    def _problem(self):
        agent = self.about["agent"]
        if not agent.startswith("fence_"):
            return f"{agent} is no agent that can be asked here: try stonith_admin --query"
        if self.known is None:
            return f"the agent {agent} is not installed on this node"
        hidden = [
            name for name, value in self.about["attributes"].items() if value.startswith("lrm://")
        ]
        if hidden:
            return f"{', '.join(hidden)} is kept by cibsecret, which this test does not read"
        return None

    def can(self, action):
        return any(one["name"] == action for one in self.known["actions"])

    def ask(self, action, node=None, plug=None):
        """The agent's exit code and words."""
        words = __salt__["hanfs_fence_devices.request"](
            self.about, action, list(self.known["parameters"]), node, plug
        )
        try:
            done = __salt__["pcs_run.run"]([self.program], stdin=words, ok=_ANY, limit=self.timeout)
        except CommandExecutionError as err:
            return 1, self.masked(str(err))
        return done["retcode"], self.masked(__salt__["pcs_run.said"](done))

    def masked(self, text):
        return __salt__["hanfs_fence_devices.masked"](text, self.about)


def _tested(device, nodes, node, status, report):
    found = {"agent": device.about["agent"], "nodes": {}}
    if device.problem:
        report["problems"].append(f"{device.name}: {device.problem}")
        return found
    targets = __salt__["hanfs_fence_devices.targets"](device.about, nodes)
    if targets is None:
        targets = _listed(device, nodes, report["problems"])
    for target, plug in targets.items():
        if node in (None, target):
            online = (status["nodes"].get(target) or {}).get("online", False)
            found["nodes"][target] = _test_one(device, target, plug, online)
    own = os.uname().nodename
    for target, answer in found["nodes"].items():
        if answer["result"]:
            continue
        told = f"{device.name}: {target}: {answer['says']}"
        if target == own:
            # Nobody fences himself; many boards do not answer the machine they sit in.
            report["notes"].append(f"{told} (asked by itself)")
        else:
            report["problems"].append(told)
    return found


def _listed(device, nodes, problems):
    """The nodes that the agent itself says it can fence."""
    retcode, said = device.ask("list")
    if retcode:
        problems.append(f"{device.name}: does not say what it can fence: {said}")
        return {}
    plugs = {re.split(r"[,\s]", line.strip())[0] for line in said.splitlines() if line.strip()}
    return {node: node for node in nodes if node in plugs}


def _test_one(device, node, plug, online):
    if device.can("status"):
        retcode, said = device.ask("status", node, plug)
        return __salt__["hanfs_fence_devices.verdict"](device.about, retcode, said, online)
    retcode, said = device.ask("monitor")
    if retcode:
        return {"result": False, "says": said or f"exit code {retcode}"}
    return {"result": True, "says": "the device answers (its agent knows no state of a node)"}


def _test_reach(cluster, node, report):
    """Every node can be fenced by something."""
    for name in cluster["nodes"]:
        if node not in (None, name) or cluster["watchdog"]:
            continue
        if not any(name in one["nodes"] for one in report["devices"].values()):
            report["problems"].append(f"no device can fence {name}")


# --- SBD ------------------------------------------------------------------------------------------


def _sbd_disks(devices):
    found = []
    for one in devices.values():
        if one["agent"] == "fence_sbd":
            found += re.split(r"[,;\s]+", one["attributes"].get("devices") or "")
    return [device for device in dict.fromkeys(found) if device]


def _test_sbd(disks, nodes, problems):
    """SBD's daemon and watchdog on this node, its disks, and who has a slot on them."""
    settings = __salt__["pcs.sbd_config"]()
    watchdog = settings.get("SBD_WATCHDOG_DEV") or "/dev/watchdog"
    wrong = __salt__["hanfs_sbd.watchdog_problem"](watchdog)
    if wrong:
        problems.append(wrong)
    running = __salt__["hanfs_sbd.is_running"]()
    if not running:
        problems.append("SBD does not run on this node, so nobody can fence it")
    named = [name for name in (settings.get("SBD_DEVICE") or "").split(";") if name]
    if running and sorted(map(os.path.realpath, named)) != sorted(map(os.path.realpath, disks)):
        problems.append(
            f"SBD on this node watches {', '.join(named) or 'no disk'}, the cluster's device uses "
            f"{', '.join(disks) or 'none'}"
        )
    return {
        "device": watchdog,
        "running": running,
        "disks": {disk: _test_disk(disk, nodes, problems) for disk in disks},
    }


def _test_disk(disk, nodes, problems):
    try:
        header = __salt__["hanfs_sbd_disk.header"](disk)
        slots = __salt__["hanfs_sbd_disk.slots"](disk)
    except CommandExecutionError as err:
        problems.append(str(err))
        return None
    for node in nodes:
        if node not in slots:
            problems.append(f"{disk}: {node} has no slot: SBD has never run there")
        elif slots[node] not in ("clear", "test"):
            problems.append(f"{disk}: a message waits for {node}: {slots[node]}")
    return {"watchdog": header["watchdog"], "msgwait": header["msgwait"], "slots": slots}
