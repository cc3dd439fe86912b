"""
The state of corosync's settings on a cluster that exists

Part of the states ``pcs``; Salt's loader takes the files of one virtual name together.
"""

from __future__ import annotations

from typing import Any

import _pcs_arguments
import _pcs_corosync
import _pcs_corosync_plan
import _pcs_lock
import _pcs_node
import _pcs_options
import _pcs_rolling
import _pcs_wait
from _cib_errors import CommandExecutionError, SaltInvocationError
from _cib_result import made
from _cib_run import Machine
from _cib_values import Data
from _pcs_state_node import no_cluster

ERRORS = (CommandExecutionError, SaltInvocationError)
PURPOSE = "corosync's settings"


def corosync_configured(
    machine: Machine,
    name: str,
    totem: Data | None = None,
    quorum: Data | None = None,
    transport_options: Data | None = None,
    compression: Data | None = None,
    crypto: Data | None = None,
    links: Any = None,
    nodes: Any = None,
    restart_nodes: bool = False,
    timeout: int = 600,
) -> Data:
    """Corosync's settings are as described; what is not described stays as it is."""
    sections = {
        "totem": totem,
        "quorum": quorum,
        "transport_options": transport_options,
        "compression": compression,
        "crypto": crypto,
    }
    try:
        wanted = _Wanted(sections, links, nodes)
        conf = _pcs_node.corosync_conf()
        if conf is None or conf["stub"]:
            return no_cluster(machine, name)
        _same_cluster(conf, name)
        runs, left = _now(machine, None if machine.test or not restart_nodes else timeout)
        conf = _pcs_node.corosync_conf()
        plan = wanted.plan(conf)
        one_by_one = runs or bool(left)
        changes = _changes(plan, conf, left, one_by_one)
        if not changes:
            return made(name, comment=f"Corosync of {name} is as described")
        if one_by_one and (plan["restart"] or left) and not restart_nodes:
            raise CommandExecutionError(
                f"{_what(plan, left)} needs the nodes restarted one after the other: say "
                "'restart_nodes: true'; nothing was changed"
            )
        if machine.test:
            return made(name, None, f"Would have been changed: {_what(plan, left)}", changes)
        if runs:
            _change_running(machine, wanted, conf, timeout)
        else:
            _change_stopped(machine, plan, conf)
        _look_again(wanted)
    except ERRORS as err:
        return made(name, False, str(err))
    return made(name, comment=f"Changed: {_what(plan, left)}", changes=changes)


def _look_again(wanted):
    rest = wanted.plan(_pcs_node.corosync_conf())
    if rest["changes"]:
        raise CommandExecutionError(f"corosync.conf still differs: {_what(rest, [])}")


def _same_cluster(conf, name):
    if conf["cluster_name"] != name:
        raise CommandExecutionError(
            f"this node is in the cluster {conf['cluster_name']}, not in {name}"
        )


class _Wanted:
    """What is described, as texts."""

    def __init__(self, sections, links, nodes):
        normalised = _pcs_options.normalised
        self.sections = {name: normalised(name, options) for name, options in sections.items()}
        if links is not None and not isinstance(links, (list, tuple)):
            raise SaltInvocationError("links must be a list of dictionaries, one per address")
        self.links = [
            normalised("links", link, f"links, number {number}")
            for number, link in enumerate(links or [])
        ]
        self.nodes = None if nodes is None else _pcs_arguments.checked_nodes(nodes)

    def plan(self, conf):
        plan = _pcs_corosync_plan.plan(conf, self.sections, self.links, self.nodes)
        if plan["problems"]:
            raise CommandExecutionError("; ".join(plan["problems"]))
        return plan


def _status(machine):
    try:
        return _pcs_node.status(machine)
    except CommandExecutionError:
        return None


def _now(machine, timeout):
    """
    Whether the cluster runs on this node, and the nodes that a run has left to restart, or is about
    to: this node may be the one that it has just stopped. That run starts it again, and is waited
    for; no ``timeout`` is no waiting.
    """
    if _status(machine) is not None:
        return True, _pending(_pcs_lock.holder(machine))
    holder = _pcs_lock.last_known()
    left = _pending(holder)
    if not holder or not left or timeout is None:
        return False, left
    _pcs_wait.until(
        timeout,
        f"{holder['node']} restarts {', '.join(left)} ({holder['purpose']}), and the cluster was "
        "not started on this node",
        lambda: (_status(machine) is not None, "stopped. If no run is under way, start it here"),
    )
    return True, _pending(_pcs_lock.holder(machine))


def _pending(holder):
    return holder["pending"] if holder else []


def _changes(plan, conf, left, one_by_one):
    changes = dict(plan["changes"])
    if one_by_one and (plan["restart"] or left):
        nodes = sorted(conf["nodes"] if plan["restart"] else left)
        changes["restarts"] = {"old": None, "new": nodes}
    return changes


def _what(plan, left):
    parts = [_pcs_corosync_plan.told(plan)]
    if left and not plan["restart"]:
        parts.append(f"a restart of {', '.join(left)} that an earlier run did not get to")
    return "; ".join(part for part in parts if part)


def _change_stopped(machine, plan, conf):
    # before anything is changed: of quorum options pcs makes sure itself, of the others nobody
    if "transport_options" in plan["restart"]:
        _refuse_running_elsewhere(machine, plan, conf)
    for step in plan["steps"]:
        _link_step(machine, step)
    for sections in (plan["live"], plan["restart"]):
        if sections:
            _pcs_corosync.corosync_update(machine, sections)


def _refuse_running_elsewhere(machine, plan, conf):
    try:
        _pcs_corosync.corosync_stopped(machine, conf)
    except CommandExecutionError as err:
        options = ", ".join(plan["restart"]["transport_options"])
        raise CommandExecutionError(
            f"corosync reads {options} when it starts, and it may run on another node: start the "
            "cluster here and run again ('restart_nodes: true' restarts one node after the other), "
            f"or stop it on all nodes; nothing was changed. {err}"
        ) from err


def _change_running(machine, wanted, conf, timeout):
    local = _pcs_node.local_node(conf["nodes"])
    pending = _pcs_lock.take(machine, local, PURPOSE, timeout, resume=True)
    try:
        # another node may have done it while this one waited for the lock
        conf = _pcs_node.corosync_conf()
        plan = wanted.plan(conf)
        if plan["live"]:
            _pcs_corosync.corosync_update(machine, plan["live"])
        for step in plan["steps"]:
            _wait_for_links(machine, timeout, without=step[1])
            _link_step(machine, step)
        if plan["steps"]:
            _wait_for_links(machine, timeout)
        if plan["restart"]:
            _refuse_restarts(machine, conf)
            # the lock says first that all will have to be restarted
            earlier, pending = pending, list(conf["nodes"])
            _pcs_lock.keep(machine, local, PURPOSE, pending)
            before = _pcs_node.corosync_conf()
            try:
                _pcs_corosync.corosync_spread(machine, plan["restart"])
            except CommandExecutionError:
                # pcs refused: unless our own file is the new one, nothing was changed
                if _pcs_node.corosync_conf() == before:
                    pending = earlier
                    _pcs_lock.keep(machine, local, PURPOSE, pending)
                raise
        elif pending:
            _pcs_corosync.corosync_sync(machine)
        if pending:
            _pcs_rolling.restart(machine, local, list(conf["nodes"]), pending, PURPOSE, timeout)
            pending = []
    finally:
        # one that has nodes left to restart is kept: the next run completes it
        if not pending:
            _pcs_lock.release(machine, own=True)


def _refuse_restarts(machine, conf):
    unfit = _pcs_rolling.problems(_pcs_node.status(machine), list(conf["nodes"]))
    if unfit:
        raise CommandExecutionError(f"no node may be restarted now: {'; '.join(unfit)}")


def _link_step(machine, step):
    action, number, addresses, options = step
    if action == "add":
        _pcs_corosync.link_add(machine, number, addresses, options)
    else:
        _pcs_corosync.link_remove(machine, number)


def _wait_for_links(machine, timeout, without=None):
    """Wait until every link but one connects all nodes: one is touched only beside a good one."""

    def look():
        links = _pcs_corosync.links_connected(machine)
        down = [
            number for number, connected in links.items() if not connected and number != without
        ]
        return bool(links) and not down, f"links that do not connect all nodes: {', '.join(down)}"

    _pcs_wait.until(timeout, "the links were not all connected", look)
