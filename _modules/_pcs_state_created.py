"""
The state that creates a cluster

Part of the states ``pcs``; Salt's loader takes the files of one virtual name together.
"""

from __future__ import annotations

import time
from typing import Any

import _pcs_cluster
import _pcs_node
import _pcs_options
import _pcs_setup
import _pcs_wait
from _cib_errors import CommandExecutionError, SaltInvocationError
from _cib_result import made
from _cib_run import Machine
from _cib_values import Data

ERRORS = (CommandExecutionError, SaltInvocationError)
# A try of pcs starts processes on every node.
PAUSE_BETWEEN_SETUPS = 10
# When a node that waits begins to ask whether a setup was cut off before it got its file, and
# how often. Earlier it would only slow a setup that is under way.
ASK_AFTER = 60
ASK_EVERY = 30
STUB = "the distribution's one-node cluster is still here; the state pcs.stub_removed removes it"


def cluster_created(
    machine: Machine,
    name: str,
    nodes: Any,
    creator: str,
    timeout: int = 600,
    totem: Data | None = None,
    transport: str | None = None,
    links: Any = None,
    transport_options: Data | None = None,
    compression: Data | None = None,
    crypto: Data | None = None,
    quorum: Data | None = None,
    strict: bool = True,
) -> Data:
    """This node is a member of the cluster."""
    try:
        _check_members(nodes, creator)
        setup = _checked_setup(
            links,
            {
                "totem": totem,
                "transport_options": transport_options,
                "compression": compression,
                "crypto": crypto,
                "quorum": quorum,
            },
        )
        local = _pcs_node.local_node(nodes)
        conf = _pcs_node.corosync_conf()
        if conf and not conf["stub"]:
            _refuse_other(conf, name, nodes, strict)
            ret = made(name, comment=f"{local} is a member of {name}")
            return _with_warnings(ret, conf, setup)
        changes = {"cluster": {"old": None, "new": name}, "nodes": {"old": None, "new": nodes}}
        if machine.test:
            how = "created" if local == creator else f"joined once {creator} has created it"
            return made(name, None, f"The cluster would have been {how}", changes)
        if conf:
            raise CommandExecutionError(STUB)
        if local == creator:
            _create(machine, name, nodes, local, {**setup, "transport": transport}, timeout)
            comment = f"The cluster {name} has been created"
        else:
            _join(machine, name, nodes, creator, strict, timeout)
            comment = f"{local} has become a member of {name}"
        _look_again(name, nodes, strict)
    except ERRORS as err:
        return made(name, False, str(err))
    return made(name, comment=comment, changes=changes)


def setup_refusal(
    machine: Machine, name: str, nodes: Any, totem: Data | None = None, links: Any = None
) -> str | None:
    """What pcs on this node has against the cluster that ``cluster_created`` would set up."""
    setup = _checked_setup(links, {"totem": totem})
    return _pcs_cluster.setup_refusal(machine, nodes, name, setup["totem"], setup["links"])


def _look_again(name, nodes, strict):
    conf = _pcs_node.corosync_conf()
    if conf is None:
        raise CommandExecutionError("there is no corosync.conf after the cluster was created")
    _refuse_other(conf, name, nodes, strict)


def _check_members(nodes, creator):
    if not isinstance(nodes, dict) or not nodes:
        raise SaltInvocationError("nodes must be a dictionary of names and lists of addresses")
    if creator not in nodes:
        raise SaltInvocationError(f"the creator {creator} is none of the nodes {', '.join(nodes)}")


def _checked_setup(links, sections):
    """The options as texts; an unknown one is an error before anything is touched."""
    normalised = _pcs_options.normalised
    setup: Data = {name: normalised(name, options) for name, options in sections.items()}
    if links is not None and not isinstance(links, (list, tuple)):
        raise SaltInvocationError("links must be a list of dictionaries, one per address")
    setup["links"] = [
        normalised("links", link, f"links, number {number}")
        for number, link in enumerate(links or [])
    ]
    return {name: options or None for name, options in setup.items()}


def _refuse_other(conf, name, nodes, strict=True, where="this node"):
    """Raise when ``conf`` is of another cluster than the one wanted."""
    if not strict and conf["cluster_name"] == name:
        return
    found = f"{conf['cluster_name']} ({', '.join(sorted(conf['nodes']))})"
    wanted = f"{name} ({', '.join(sorted(nodes))})"
    if conf["cluster_name"] != name or set(conf["nodes"]) != set(nodes):
        raise CommandExecutionError(
            f"{where} is in the cluster {found}, not in {wanted}; an existing cluster is never "
            "touched: correct pillar, or leave it on purpose (the states pcs.cluster_members and "
            "pcs.cluster_absent)"
        )
    for node, addresses in nodes.items():
        present = conf["nodes"][node]
        # with pcs 0.9 the name stands in the place of the first address
        if present != addresses and [node, *addresses[1:]] != present:
            raise CommandExecutionError(
                f"in the cluster {name} the addresses of {node} are {', '.join(present)}, not "
                f"{', '.join(addresses)}; the state pcs.corosync_configured changes the links of "
                "an existing cluster"
            )


def _with_warnings(ret, conf, setup):
    """Options of corosync are set when a cluster is created; later differences are told."""
    for section, options in setup.items():
        if section == "links" or not options:
            continue
        present = _pcs_options.present(section, conf)
        for key, value in options.items():
            if present.get(key) != value:
                ret.setdefault("warnings", []).append(
                    f"corosync's {key} is {present.get(key, 'not set')}, pillar says {value}; the "
                    "state pcs.corosync_configured changes it"
                )
    return ret


def _create(machine, name, nodes, local, setup, timeout):
    others = [node for node in nodes if node != local]
    _pcs_wait.until(
        timeout,
        f"the cluster {name} could not be created",
        lambda: _try_create(machine, name, nodes, others, setup),
        PAUSE_BETWEEN_SETUPS,
    )


def _join(machine, name, nodes, creator, strict, timeout):
    _pcs_wait.until(
        timeout,
        f"{creator} has not made this node a member of {name}",
        _Joining(machine, name, nodes, creator, strict),
    )


def _try_create(machine, name, nodes, others, setup):
    """One try of the creator, which may also find that an earlier run had almost done it."""
    conf = _pcs_node.corosync_conf()
    if conf:
        _refuse_other(conf, name, nodes)
        return True, "corosync.conf"
    try:
        _pcs_cluster.cluster_setup(machine, nodes, pcsclustername=name, **setup)
        return True, "set up"
    except CommandExecutionError as err:
        refusal = str(err)
    for other in others:
        try:
            theirs = _pcs_setup.conf_of(machine, other)
        except CommandExecutionError as err:
            return False, f"{refusal}; {err}"
        if theirs is None or theirs["stub"]:
            continue
        _refuse_other(theirs, name, nodes, where=other)
        _pcs_setup.adopt(machine, other, name, list(nodes))
        return True, f"corosync.conf of {other}"
    if not _pcs_setup.refusal_passes(refusal):
        raise CommandExecutionError(refusal)
    return False, refusal


class _Joining:
    """
    One look of a node that waits to become a member.

    pcs sends corosync.conf to all nodes at once. When the creator has it for as long as we ask
    twice and we still have none, that setup was cut off, and we take the file ourselves.
    """

    def __init__(self, machine, name, nodes, creator, strict=True):
        self._machine = machine
        self.name = name
        self.strict = strict
        self.nodes = nodes
        self.creator = creator
        self.next_question = time.monotonic() + ASK_AFTER
        self.seen_there = False

    def __call__(self):
        try:
            conf = _pcs_node.corosync_conf()
        except CommandExecutionError as err:
            # being written at this moment
            return False, str(err)
        if conf:
            _refuse_other(conf, self.name, self.nodes, self.strict)
            return True, "corosync.conf"
        if time.monotonic() >= self.next_question:
            self.next_question = time.monotonic() + ASK_EVERY
            return self._ask()
        return False, "no corosync.conf on this node"

    def _ask(self):
        if self.creator not in _pcs_node.known_hosts():
            return False, f"no corosync.conf on this node, and pcs here knows no {self.creator}"
        try:
            theirs = _pcs_setup.conf_of(self._machine, self.creator)
        except CommandExecutionError as err:
            return False, f"no corosync.conf on this node; {err}"
        if theirs is None or theirs["stub"]:
            self.seen_there = False
            return False, f"no corosync.conf on this node and none on {self.creator}"
        _refuse_other(theirs, self.name, self.nodes, self.strict, where=self.creator)
        if set(theirs["nodes"]) != set(self.nodes):
            return False, f"{self.creator} is in {self.name} with {', '.join(theirs['nodes'])}"
        if not self.seen_there:
            self.seen_there = True
            return False, f"corosync.conf on {self.creator}, none on this node"
        _pcs_setup.adopt(self._machine, self.creator, self.name, list(self.nodes))
        return True, f"corosync.conf of {self.creator}"
