"""
States of the cluster layer: pcs's account, authenticated hosts, the cluster itself

A state asks what is, says what should be, shows the difference, does it once, and looks again.
With ``test=True`` nothing is written, also on a machine where pcs is not installed yet.

On Salt 3006 and 3007 this takes the place of the built-in state module of the same name.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import _pcs_hosts
import _pcs_node
import _pcs_stub
import _pcs_wait
from _cib_errors import CommandExecutionError, SaltInvocationError
from _cib_result import made
from _cib_run import Machine
from _cib_values import Data

MASK = "XXX-REDACTED-XXX"
NEW_PASSWORD = "pcs.new_password"
ERRORS = (CommandExecutionError, SaltInvocationError)
NOT_INSTALLED = "cannot be known before pcs is installed"


def password_set(
    machine: Machine,
    name: str = "hacluster",
    password: str | None = None,
    password_pillar: str | None = None,
) -> Data:
    """The account that pcs uses has this password."""
    secret = {"password": password, "password_pillar": password_pillar}
    try:
        matches = _pcs_hosts.password_matches(machine, name, **secret)
        if matches:
            return made(name, comment=f"{name} has its password")
        changes = {"password": {"old": MASK, "new": MASK}}
        # tokens made with the old one are renewed later in this run
        machine.kept[NEW_PASSWORD] = True
        if matches is None:
            if machine.test:
                return made(
                    name, None, f"{name}'s password would be set; the account comes with pcs"
                )
            raise CommandExecutionError(f"there is no account {name}: is pcs installed?")
        if machine.test:
            return made(name, None, f"{name}'s password would have been set", changes)
        _pcs_hosts.set_password(machine, name, **secret)
    except ERRORS as err:
        return made(name, False, str(err))
    return made(name, comment=f"{name}'s password has been set", changes=changes)


def stub_removed(machine: Machine, name: str) -> Data:
    """The one-node cluster that Debian's and Ubuntu's packages start is gone."""
    try:
        conf = _pcs_node.corosync_conf()
        if conf is None and machine.test and not _pcs_node.installed():
            return made(name, None, f"whether there is one to remove {NOT_INSTALLED}")
        if conf is None or not conf["stub"]:
            return made(name, comment="There is no one-node cluster of the distribution")
        changes = {"cluster": {"old": conf["cluster_name"], "new": None}}
        problem = _pcs_stub.problem()
        if problem:
            raise CommandExecutionError(problem)
        if machine.test:
            return made(
                name, None, "The distribution's one-node cluster would have been removed", changes
            )
        _pcs_stub.remove(machine)
        if _pcs_node.corosync_conf() is not None:
            raise CommandExecutionError("corosync.conf came back after it was removed")
    except ERRORS as err:
        return made(name, False, str(err))
    return made(
        name, comment="The distribution's one-node cluster has been removed", changes=changes
    )


def hosts_authenticated(
    machine: Machine,
    name: str,
    nodes: Any,
    password: str | None = None,
    password_pillar: str | None = None,
    timeout: int = 600,
) -> Data:
    """pcs on this node may talk to the pcsd of all nodes."""
    try:
        missing = _not_authenticated(machine, nodes)
        renew = not missing and _tokens_are_old(machine)
        if not missing and not renew:
            return made(name, comment=f"Authenticated: {', '.join(nodes)}")
        if renew:
            changes: Data = {"tokens": {"old": MASK, "new": MASK}}
        else:
            changes = {"hosts": {"old": [n for n in nodes if n not in missing], "new": list(nodes)}}
        if machine.test:
            comment = f"Hosts would have been authenticated: {', '.join(missing or nodes)}"
            return made(name, None, comment, changes)
        conf = _pcs_node.corosync_conf()
        if conf and conf["stub"]:
            raise CommandExecutionError(
                "the distribution's one-node cluster is still here, with which pcs authenticates "
                "but stores nothing; the state pcs.stub_removed removes it"
            )
        _pcs_hosts.host_auth(
            machine,
            nodes,
            password=password,
            password_pillar=password_pillar,
            timeout=timeout,
            renew=renew,
        )
        _pcs_hosts.tokens_are_of_this_password(machine)
        machine.kept.pop(NEW_PASSWORD, None)
        missing = [host for host in nodes if host not in _pcs_node.known_hosts()]
        if missing:
            raise CommandExecutionError(f"pcs kept no token for {', '.join(missing)}")
    except ERRORS as err:
        return made(name, False, str(err))
    return made(name, comment=f"Authenticated: {', '.join(nodes)}", changes=changes)


def _tokens_are_old(machine):
    """Whether the tokens are of another password; of a cluster made by hand nobody knows."""
    outdated = _pcs_hosts.tokens_outdated(machine)
    if outdated is None and not machine.kept.get(NEW_PASSWORD):
        if not machine.test:
            _pcs_hosts.tokens_are_of_this_password(machine)
        return False
    return bool(outdated or machine.kept.get(NEW_PASSWORD))


def _not_authenticated(machine, nodes):
    """
    Nodes that pcs here cannot talk to. A member of the cluster trusts its list: pcs keeps that
    up to date on members, and asking costs a process and a connection to every node.
    """
    if not isinstance(nodes, dict) or not nodes:
        raise SaltInvocationError("nodes must be a dictionary of names and lists of addresses")
    known = _pcs_node.known_hosts()
    unknown = [
        host
        for host, addresses in nodes.items()
        if host not in known or not set(known[host]) & {host, *addresses}
    ]
    if unknown or _pcs_node.member_of():
        return unknown
    answers = _pcs_hosts.hosts_authorized(machine, nodes)
    return [host for host in nodes if answers[host] is not True]


def cluster_online(machine: Machine, name: str, nodes: Collection[str], timeout: int = 600) -> Data:
    """The cluster runs on this node: it is online, there are quorum and a coordinator (DC)."""
    try:
        if not nodes:
            raise SaltInvocationError("nodes must name the cluster's members")
        if machine.test:
            done, seen = _look_online(machine, nodes)
            if done:
                return made(name, comment=seen)
            return made(name, None, f"Would wait until {name} is online; now: {seen}")
        seen = _pcs_wait.until(
            timeout, f"{name} is not online", lambda: _look_online(machine, nodes)
        )
    except ERRORS as err:
        return made(name, False, str(err))
    return made(name, comment=seen)


def _look_online(machine, nodes):
    try:
        status = _pcs_node.status(machine)
    except CommandExecutionError as err:
        return False, str(err)
    own = _pcs_node.local_node(nodes)
    states = {node: _node_state(status["nodes"].get(node)) for node in nodes}
    trouble = [] if states.get(own, "online") == "online" else [f"{own} is {states[own]}"]
    if not status["dc"]:
        trouble.append("no coordinator is elected")
    if not status["quorum"]:
        trouble.append("no quorum")
    shown = "; ".join(f"{node} is {state}" for node, state in states.items())
    return not trouble, "; ".join([*trouble, shown] if trouble else [shown])


def _node_state(flags):
    if flags is None:
        return "not known to the cluster"
    if flags["unclean"]:
        return "unclean"
    if flags["pending"]:
        return "still starting"
    return "online" if flags["online"] else "offline"


def no_cluster(machine: Machine, name: str) -> dict[str, Any]:
    """What a state about the cluster returns on a node that is in none."""
    if machine.test:
        return made(name, None, "What would be changed cannot be known before the cluster is")
    return made(name, False, "This node is in no cluster")
