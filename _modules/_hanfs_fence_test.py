"""
Proving that fencing works, without shooting.

A device that is configured, and even one that is started, may be unable to fence: its monitor asks
the device, not for the node; a plug may be another machine's; and every node reaches its devices by
a way of its own. So each node asks each device for the state of each node that it may fence.
"""

from __future__ import annotations

import os
import re

import _cib_agent
import _cib_kinds
import _cib_push
import _cib_run
import _hanfs_fence_devices
import _hanfs_sbd
import _hanfs_sbd_disk
import _pcs_node
import _pcs_sbd
from _cib_errors import CommandExecutionError, SaltInvocationError
from _cib_run import Machine
from _cib_values import Data

# What an agent may take to answer; management boards are slow.
LIMIT = 60
_ANY = tuple(range(256))
# Where Pacemaker looks for agents.
PROGRAMS = "/usr/sbin"


def fence_test(
    machine: Machine, device: str | None = None, node: str | None = None, timeout: float = LIMIT
) -> Data:
    """
    Ask every fencing device of the running cluster, from this node, for the state of every node
    that it may fence. Nothing is fenced, and nothing is written. Secrets go to the agents by
    standard input.
    """
    if not isinstance(timeout, (int, float)) or isinstance(timeout, bool) or timeout <= 0:
        raise SaltInvocationError(f"timeout: {timeout!r} is no number of seconds")
    status = _pcs_node.status(machine)
    live = _cib_kinds.read(_cib_push.query(machine))
    cluster = _hanfs_fence_devices.read(live)
    report: Data = {"result": True, "devices": {}, "watchdog": None, "problems": [], "notes": []}
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
        asked = _Device(machine, name, one, timeout)
        report["devices"][name] = _tested(asked, cluster["nodes"], node, status, report)
    sbd = _sbd_disks(wanted)
    if sbd or cluster["watchdog"]:
        report["watchdog"] = _test_sbd(sbd, cluster["nodes"], report["problems"])
    if device is None:
        _test_reach(cluster, node, report)
    elif node is not None and not report["devices"][device]["nodes"] and not report["problems"]:
        report["problems"].append(f"{device} is not for {node}: nothing was asked")
    report["result"] = not report["problems"]
    machine.kept["retcode"] = 0 if report["result"] else 1
    return report


class _Device:
    """A device and how it is asked."""

    def __init__(self, machine, name, about, timeout):
        self._machine = machine
        self.name, self.about, self.timeout = name, about, timeout
        self.program = os.path.join(PROGRAMS, about["agent"])
        self.known: Data = {}
        if about["agent"].startswith("fence_"):
            self.known = _cib_agent.metadata(machine, f"stonith:{about['agent']}") or {}
        self.problem = self._problem()

    def _problem(self):
        agent = self.about["agent"]
        if not agent.startswith("fence_"):
            return f"{agent} is no agent that can be asked here: try stonith_admin --query"
        if not self.known:
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
        words = _hanfs_fence_devices.request(
            self.about, action, list(self.known["parameters"]), node, plug
        )
        try:
            done = self._machine.run([self.program], stdin=words, ok=_ANY, limit=self.timeout)
        except CommandExecutionError as err:
            return 1, self.masked(str(err))
        return done["retcode"], self.masked(_cib_run.said(done))

    def masked(self, text):
        return _hanfs_fence_devices.masked(text, self.about)


def _tested(device, nodes, node, status, report):
    found = {"agent": device.about["agent"], "nodes": {}}
    if device.problem:
        report["problems"].append(f"{device.name}: {device.problem}")
        return found
    targets = _hanfs_fence_devices.targets(device.about, nodes)
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
        return _hanfs_fence_devices.verdict(device.about, retcode, said, online)
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
    settings = _pcs_sbd.sbd_config()
    watchdog = settings.get("SBD_WATCHDOG_DEV") or "/dev/watchdog"
    wrong = _hanfs_sbd.watchdog_problem(watchdog)
    if wrong:
        problems.append(wrong)
    running = _hanfs_sbd.is_running()
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
        header = _hanfs_sbd_disk.header(disk) or {}
        slots = _hanfs_sbd_disk.slots(disk)
    except CommandExecutionError as err:
        problems.append(str(err))
        return None
    for node in nodes:
        if node not in slots:
            problems.append(f"{disk}: {node} has no slot: SBD has never run there")
        elif slots[node] not in ("clear", "test"):
            problems.append(f"{disk}: a message waits for {node}: {slots[node]}")
    return {"watchdog": header.get("watchdog"), "msgwait": header.get("msgwait"), "slots": slots}
