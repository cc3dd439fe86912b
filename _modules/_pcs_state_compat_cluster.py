"""
The states about nodes that Salt had in its own module ``pcs`` until 3007, with their arguments

They judge by what is there (corosync.conf, pcs's tokens), never by the words that pcs prints. No
state destroys a cluster: one that exists already and is another is an error.

A part of the state module ``pcs``: Salt merges files that have one virtual name. New states should
be ``pcs.hosts_authenticated`` and ``pcs.cluster_created``, which both nodes may run at once.
"""

from __future__ import annotations

import time
from typing import Any

import _pcs_arguments
import _pcs_cluster
import _pcs_compat_nodes
import _pcs_hosts
import _pcs_node
import _pcs_nodes
import _pcs_stub
from _cib_errors import CommandExecutionError, SaltInvocationError
from _cib_result import made
from _cib_run import Machine
from _cib_values import Data

ERRORS = (CommandExecutionError, SaltInvocationError)
NOT_INSTALLED = "cannot be known before pcs is installed"
# Seconds until a cluster that was started must answer.
STARTED = 180
PAUSE = 2


def auth(
    machine: Machine,
    name: str,
    nodes: Any,
    pcsuser: str = "hacluster",
    pcspasswd: str = "hacluster",
    extra_args: Any = None,
) -> Data:
    """pcs on this node may talk to the pcsd of the nodes."""
    try:
        _pcs_compat_nodes.auth_arguments(extra_args)
        named = _pcs_compat_nodes.named(nodes)
        if machine.test and not _pcs_node.installed():
            return made(name, None, f"Whether the nodes are authorized {NOT_INSTALLED}")
        missing = _not_authorized(machine, named)
        if not missing:
            return made(name, comment=f"Authorized already: {', '.join(named)}")
        changes = {node: {"old": "", "new": "Authorized"} for node in missing}
        if machine.test:
            comment = f"Nodes would have been authorized: {', '.join(missing)}"
            return made(name, None, comment, changes)
        _authorize(machine, named, pcsuser, pcspasswd)
    except ERRORS as err:
        return made(name, False, str(err))
    return made(name, comment=f"Authorized: {', '.join(missing)}", changes=changes)


def _not_authorized(machine, named):
    answers = _pcs_hosts.hosts_authorized(machine, named)
    return [node for node, answer in answers.items() if answer is not True]


def _authorize(machine, named, pcsuser, pcspasswd):
    conf = _pcs_node.corosync_conf()
    if conf and conf["stub"]:
        raise CommandExecutionError(
            "the distribution's one-node cluster is still here, with which pcs authenticates but "
            "stores nothing; the state pcs.stub_removed removes it, and so does pcs.cluster_setup "
            "with wipe_default: True"
        )
    _pcs_hosts.host_auth(machine, named, password=pcspasswd, username=pcsuser)
    missing = _not_authorized(machine, named)
    if missing:
        raise CommandExecutionError(f"not authorized although pcs said so: {', '.join(missing)}")


def cluster_setup(
    machine: Machine,
    name: str,
    nodes: Any,
    pcsclustername: str = "pcscluster",
    extra_args: Any = None,
    pcsuser: str = "hacluster",
    pcspasswd: str = "hacluster",
    pcs_auth_extra_args: Any = None,
    wipe_default: bool = False,
) -> Data:
    """This node is in a cluster of this name with these nodes. The nodes are authorized first."""
    try:
        _pcs_compat_nodes.auth_arguments(pcs_auth_extra_args)
        named = _pcs_compat_nodes.named(nodes)
        extra = _pcs_arguments.without_force(extra_args)
        conf = _pcs_node.corosync_conf()
        if conf and not conf["stub"]:
            _refuse_other(conf, pcsclustername, named)
            return made(name, comment=f"The cluster {pcsclustername} is set up already")
        changes = {node: {"old": "", "new": "Setup"} for node in named}
        if conf and not wipe_default:
            raise CommandExecutionError(
                "the distribution's one-node cluster is still here; wipe_default: True removes it"
            )
        if conf:
            problem = _pcs_stub.problem()
            if problem:
                raise CommandExecutionError(problem)
        if machine.test:
            comment = f"The cluster {pcsclustername} would have been set up"
            return made(name, None, comment, changes)
        if conf:
            _pcs_stub.remove(machine)
        if _not_authorized(machine, named):
            _authorize(machine, named, pcsuser, pcspasswd)
        _pcs_cluster.cluster_setup(machine, named, pcsclustername=pcsclustername, extra_args=extra)
        conf = _pcs_node.corosync_conf()
        if conf is None:
            raise CommandExecutionError("there is no corosync.conf after the cluster was set up")
        _refuse_other(conf, pcsclustername, named)
    except ERRORS as err:
        return made(name, False, str(err))
    ret = made(name, comment=f"The cluster {pcsclustername} has been set up", changes=changes)
    silent = _silent(machine) if "--start" in extra else None
    if silent:
        ret["result"] = False
        ret["comment"] += f", but it does not answer within {STARTED} seconds: {silent}"
    return ret


def _refuse_other(conf, wanted, named):
    if conf["cluster_name"] != wanted:
        raise CommandExecutionError(
            f"this node is in the cluster {conf['cluster_name']}, not in {wanted}; an existing "
            "cluster is never touched: leave it by hand ('pcs cluster destroy') or correct the name"
        )
    missing = [node for node in named if node not in conf["nodes"]]
    if missing:
        raise CommandExecutionError(
            f"the cluster {wanted} is set up without {', '.join(missing)}; "
            "pcs.cluster_node_present adds a node"
        )


def _silent(machine):
    """Wait until the cluster can be configured; what is wrong if it cannot in time."""
    deadline = time.monotonic() + STARTED
    while True:
        try:
            status = _pcs_node.status(machine)
            if status["dc"] and status["quorum"]:
                return None
            seen = "no coordinator is elected" if status["quorum"] else "no quorum"
        except CommandExecutionError as err:
            seen = str(err)
        if time.monotonic() >= deadline:
            return seen
        time.sleep(PAUSE)


def cluster_node_present(machine: Machine, name: str, node: Any, extra_args: Any = None) -> Data:
    """A node is a member of this node's cluster."""
    try:
        named = _pcs_compat_nodes.named(node)
        if len(named) != 1:
            raise SaltInvocationError("node: must be one node's name")
        ((node, addresses),) = named.items()
        extra = _pcs_arguments.without_force(extra_args)
        conf = _pcs_node.corosync_conf()
        member = conf if conf and not conf["stub"] else None
        if member and node in member["nodes"]:
            return made(name, comment=f"{node} is a member of {member['cluster_name']} already")
        changes = {node: {"old": "", "new": "Added"}}
        if machine.test:
            where = "" if member else ", once this node has a cluster"
            return made(name, None, f"{node} would have been added{where}", changes)
        if not member:
            raise CommandExecutionError("this node is in no cluster; set one up first")
        _pcs_nodes.cluster_node_add(machine, node, extra_args=extra, addresses=addresses)
        if node not in (_pcs_node.corosync_conf() or {"nodes": ()})["nodes"]:
            raise CommandExecutionError(f"{node} is not in corosync.conf after it was added")
    except ERRORS as err:
        return made(name, False, str(err))
    return made(name, comment=f"{node} has been added", changes=changes)
