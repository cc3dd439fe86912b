"""
States of a cluster as a whole: the members it has, and its end

Part of the states ``pcs``; Salt's loader takes the files of one virtual name together.
"""

from __future__ import annotations

from typing import Any

import _pcs_arguments
import _pcs_cluster
import _pcs_hosts
import _pcs_lock
import _pcs_members
import _pcs_node
import _pcs_nodes
import _pcs_setup
import _pcs_wait
from _cib_errors import CommandExecutionError, SaltInvocationError
from _cib_result import made
from _cib_run import Machine
from _cib_values import Data

ERRORS = (CommandExecutionError, SaltInvocationError)
PAUSE_BETWEEN_TRIES = 10


def cluster_members(
    machine: Machine,
    name: str,
    nodes: Any,
    remove: list[str] | None = None,
    remove_unreachable: list[str] | None = None,
    password: str | None = None,
    password_pillar: str | None = None,
    start: bool = True,
    enable: bool = True,
    timeout: int = 600,
) -> Data:
    """
    The cluster has the members named: missing ones are added, others go only when they are
    named.
    """
    secret = {"password": password, "password_pillar": password_pillar}
    leaving = [*(remove or []), *(remove_unreachable or [])]
    try:
        nodes = _pcs_arguments.checked_nodes(nodes)
        local = _pcs_node.local_node([*nodes, *leaving])
        conf = _pcs_node.corosync_conf()
        if conf is None or conf["stub"]:
            return _outside(machine, name, nodes, local, timeout)
        _same_cluster(conf, name)
        if local in leaving:
            return made(name, comment=f"{local} is removed by a member that stays")

        def look():
            conf = _pcs_node.corosync_conf()
            return _plan(machine, conf, nodes, remove, remove_unreachable, local)

        plan = look()
        changes = _pcs_members.changes(plan)
        if not changes:
            return made(name, comment=f"The members of {name}: {', '.join(conf['nodes'])}")
        if machine.test:
            return made(name, None, _told(plan, "would have been"), changes)
        how = {"start": start, "enable": enable}
        unfinished = _under_lock(machine, local, plan, look, secret, how, timeout)
        left = look()
        if _pcs_members.changes(left):
            raise CommandExecutionError(f"corosync.conf still differs: {_told(left, 'not')}")
    except ERRORS as err:
        return made(name, False, str(err))
    return made(name, comment=_told(plan, "has been") + _rest(unfinished), changes=changes)


def _under_lock(machine, local, plan, look, secret, how, timeout):
    """Carry the plan out, as it is once the lock is ours; the nodes left to restart for others."""
    gone = plan["unreachable"]
    left = _pcs_lock.take(machine, local, "members", timeout, resume=bool(gone), gone=gone)
    try:
        # another node may have done it while this one waited for the lock
        _carry_out(machine, look(), secret, how, timeout)
    finally:
        if left:
            _pcs_lock.leave(machine, local, "members", left)
        else:
            _pcs_lock.release(machine, own=True)
    return left


def _rest(unfinished):
    """What the state of corosync's settings is to complete."""
    if not unfinished:
        return ""
    return (
        f"; a run was cut off before it restarted {', '.join(unfinished)}: the state "
        "pcs.corosync_configured completes it"
    )


def _same_cluster(conf, name):
    if conf["cluster_name"] != name:
        raise CommandExecutionError(
            f"this node is in the cluster {conf['cluster_name']}, not in {name}; another cluster "
            "is never touched"
        )


def _plan(machine, conf, nodes, remove, remove_unreachable, local):
    """The plan, or an error that names every problem. No process when nothing differs."""
    arguments = {"remove": remove, "remove_unreachable": remove_unreachable, "local": local}
    plan = _pcs_members.plan(conf, nodes, **arguments)
    if _pcs_members.changes(plan):
        try:
            status = _pcs_node.status(machine)
        except CommandExecutionError:
            status = None
        plan = _pcs_members.plan(conf, nodes, status=status, **arguments)
    if plan["problems"]:
        raise CommandExecutionError("; ".join(plan["problems"]))
    return {**plan, "present": conf["nodes"]}


def _told(plan, verb):
    parts = []
    if plan["add"]:
        parts.append(f"{', '.join(plan['add'])} {verb} added")
    leaving = plan["remove"] + plan["unreachable"]
    if leaving:
        parts.append(f"{', '.join(leaving)} {verb} removed")
    if plan["unreachable"]:
        parts.append(
            f"run 'pcs cluster destroy' on {', '.join(plan['unreachable'])} should it come back"
        )
    return "; ".join(parts)


def _outside(machine, name, nodes, local, timeout):
    """This machine is in no cluster: right for one that was removed, else it waits to be added."""
    if local not in nodes:
        return made(name, comment=f"{local} is in no cluster")
    changes = {"nodes": {local: {"old": None, "new": nodes[local]}}}
    if machine.test:
        return made(name, None, f"{local} would have been added by a member", changes)

    def look():
        conf = _pcs_node.corosync_conf()
        if conf is None or conf["stub"]:
            return False, "no corosync.conf on this node"
        _same_cluster(conf, name)
        return local in conf["nodes"], f"members: {', '.join(conf['nodes'])}"

    _pcs_wait.until(timeout, f"no member has added {local} to {name}", look)
    return made(name, comment=f"{local} has become a member of {name}", changes=changes)


def _carry_out(machine, plan, secret, how, timeout):
    for node, addresses in plan["add"].items():
        _add(machine, node, addresses, plan["present"], secret, how, timeout)
    for node in plan["remove"]:
        _pcs_nodes.node_relieve(machine, node, timeout)
        try:
            _pcs_nodes.cluster_node_remove(machine, node)
        except CommandExecutionError:
            _pcs_nodes.node_relieved_no_more(machine, node)
            raise
    for node in plan["unreachable"]:
        _pcs_nodes.cluster_node_remove(machine, node, unreachable=True)


def _add(machine, node, addresses, present, secret, how, timeout):
    if node not in _pcs_node.known_hosts():
        everybody = {**present, node: addresses}
        _pcs_hosts.host_auth(machine, everybody, timeout=timeout, **secret)
    flags = [f"--{word}" for word in ("enable", "start") if how[word]]

    def attempt():
        try:
            _pcs_nodes.cluster_node_add(machine, node, flags, addresses)
        except CommandExecutionError as err:
            if not _pcs_setup.refusal_passes(str(err)):
                raise
            return False, str(err)
        return True, "added"

    _pcs_wait.until(timeout, f"{node} could not be added", attempt, PAUSE_BETWEEN_TRIES)
    if how["start"]:
        _pcs_wait.until(
            timeout, f"{node} has not become a member", lambda: _look_for(machine, node)
        )


def _look_for(machine, node):
    flags = _pcs_node.status(machine)["nodes"].get(node)
    if not flags:
        return False, f"the cluster does not know {node}"
    seen = ", ".join(flag for flag, value in flags.items() if value) or "offline"
    return flags["online"] and not flags["pending"], f"{node}: {seen}"


def cluster_absent(
    machine: Machine, name: str, confirm: str, all_nodes: bool = False, stop_resources: bool = False
) -> Data:
    """The cluster is destroyed on this node, or on all its nodes, for good."""
    try:
        if confirm != name:
            raise SaltInvocationError(
                f"a cluster is destroyed only when 'confirm' repeats its name, {name}"
            )
        conf = _pcs_node.corosync_conf()
        if conf is None or conf["stub"]:
            return made(name, comment="This node is in no cluster")
        _same_cluster(conf, name)
        local = _pcs_node.local_node(conf["nodes"])
        on = list(conf["nodes"]) if all_nodes else [local]
        if not stop_resources:
            _refuse_running(machine, name, on, local)
        changes = {"cluster": {"old": name, "new": None}, "nodes": {"old": on, "new": []}}
        if machine.test:
            return made(name, None, f"{name} would have been destroyed on {', '.join(on)}", changes)
        try:
            _pcs_cluster.cluster_destroy(machine, ["--all"] if all_nodes else None)
        except CommandExecutionError:
            # another node, told the same, may have been faster
            if _pcs_node.corosync_conf() is not None:
                raise
        if _pcs_node.corosync_conf() is not None:
            raise CommandExecutionError("corosync.conf is still here after the cluster's end")
    except ERRORS as err:
        return made(name, False, str(err))
    return made(name, comment=f"{name} has been destroyed on {', '.join(on)}", changes=changes)


def _refuse_running(machine, name, nodes, local):
    """Raise when resources run on these nodes, or may run on some that cannot be seen from here."""
    try:
        resources = _pcs_node.status(machine)["resources"]
    except CommandExecutionError as err:
        if nodes == [local]:
            return
        raise CommandExecutionError(
            f"what runs on the other nodes cannot be seen from here ({err}): start the cluster "
            "here, or say 'stop_resources: true'"
        ) from err
    running = sorted(
        resource
        for resource, entry in resources.items()
        if entry["active"]
        and not entry["agent"].startswith("stonith:")
        and set(entry["nodes"]) & set(nodes)
    )
    if running:
        raise CommandExecutionError(
            f"{name} runs {', '.join(running)}: move or stop them first, or say "
            "'stop_resources: true'"
        )
