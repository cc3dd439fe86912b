"""
A whole cluster: set it up, start, stop and enable it, destroy it

Part of the module ``pcs``. No function here passes ``--force`` on by itself: with it,
``pcs cluster setup`` destroys running clusters.
"""

from __future__ import annotations

import re
import tempfile
from typing import Any

import _cib_pcs
import _pcs_arguments
import _pcs_argv
import _pcs_node
from _cib_errors import SaltInvocationError
from _cib_run import Machine
from _cib_values import Data

# Setting up, destroying and starting wait for services on every node.
LIMIT_SERVICES = 900


def cluster_setup(
    machine: Machine,
    nodes: Any,
    pcsclustername: str = "pcscluster",
    extra_args: Any = None,
    totem: Data | None = None,
    transport: str | None = None,
    links: list[Data] | None = None,
    transport_options: Data | None = None,
    compression: Data | None = None,
    crypto: Data | None = None,
    quorum: Data | None = None,
) -> bool:
    """Set a cluster up on all nodes, without starting or enabling it."""
    extra = _pcs_arguments.without_force(extra_args)
    options = {
        "transport_options": transport_options,
        "compression": compression,
        "crypto": crypto,
        "quorum": quorum,
    }
    argv = _setup_argv(machine, nodes, pcsclustername, totem, transport, links, options)
    machine.run(argv + extra, limit=LIMIT_SERVICES)
    return True


def setup_refusal(
    machine: Machine,
    nodes: Any,
    pcsclustername: str,
    totem: Data | None = None,
    links: list[Data] | None = None,
) -> str | None:
    """
    What pcs has against a cluster that ``cluster_setup`` would set up; None if it takes it, or is
    too old to say. It writes the cluster's corosync.conf to a file that is thrown away: no node is
    asked, nothing is touched.
    """
    capabilities = _pcs_node.capabilities(machine)
    if not _cib_pcs.can(capabilities, "setup_to_file"):
        return None
    argv = _setup_argv(machine, nodes, pcsclustername, totem, None, links, {})
    with tempfile.TemporaryDirectory(prefix="hanfs-") as directory:
        done = machine.run([*argv, "--corosync_conf", f"{directory}/conf"], ok=range(256))
    if not done["retcode"]:
        return None
    lines = f"{done['stdout']}\n{done['stderr']}".splitlines()
    return " ".join([line.strip() for line in lines if line.startswith("Error")] or lines)


def _setup_argv(machine, nodes, pcsclustername, totem, transport, links, options):
    nodes = _pcs_arguments.checked_nodes(nodes)
    if not isinstance(pcsclustername, str) or not re.match(r"[^-\s]\S*$", pcsclustername):
        raise SaltInvocationError("the cluster's name must be a word")
    return _pcs_argv.setup(
        _pcs_node.capabilities(machine), pcsclustername, nodes, totem, transport, links, options
    )


def conf_text_of(machine: Machine, node: str) -> str | None:
    """
    Another node's corosync.conf, asked of the pcsd there; None when it has none or does not
    answer. Raises CommandExecutionError when pcs here does not come back.

    node
        Name of an authenticated host.
    """
    targets = _pcs_arguments.targets([node])
    result = machine.run(["pcs", "cluster", "corosync", *targets], ok=range(256))
    if result["retcode"] or not result["stdout"].strip():
        return None
    return result["stdout"].rstrip() + "\n"


def cluster_start(
    machine: Machine, nodes: str | list[str] | None = None, wait: int | None = None
) -> bool:
    """Start the cluster here, or on the nodes named."""
    argv = ["pcs", "cluster", "start", *_pcs_arguments.targets(nodes)]
    if wait is None:
        machine.run(argv, limit=LIMIT_SERVICES)
    else:
        machine.run([*argv, f"--wait={int(wait)}"], limit=LIMIT_SERVICES + int(wait))
    return True


def cluster_stop(machine: Machine, nodes: str | list[str] | None = None) -> bool:
    """Stop the cluster here, or on the nodes named (``--all`` for every member)."""
    machine.run(["pcs", "cluster", "stop", *_pcs_arguments.targets(nodes)], limit=LIMIT_SERVICES)
    return True


def cluster_enable(machine: Machine, nodes: str | list[str] | None = None) -> bool:
    """Start the cluster at boot, here or on the nodes named (``--all`` for every member)."""
    machine.run(["pcs", "cluster", "enable", *_pcs_arguments.targets(nodes)])
    return True


def cluster_destroy(machine: Machine, extra_args: Any = None) -> bool:
    """Destroy the cluster on this node: services stopped, configuration gone for good."""
    extra = _pcs_arguments.without_force(extra_args)
    machine.run(["pcs", "cluster", "destroy", *extra], limit=LIMIT_SERVICES)
    return True
