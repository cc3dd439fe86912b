"""
How each pcs wants it said: argument lists for pcs 0.9, 0.10, 0.11 and 0.12

The only place that knows the differences, told apart by the capability ids of
``pcs --version --full`` and never by version numbers: distributions backport. Only commands that
are spelled differently are here. Nothing is run.
"""

from __future__ import annotations

from collections.abc import Container

import _cib_pcs
from _cib_errors import SaltInvocationError
from _cib_values import Data
from _pcs_arguments import Nodes

# What `pcs cluster setup` of 0.9 takes of corosync's totem section.
FLAGS_0_9 = {
    "consensus",
    "fail_recv_const",
    "join",
    "miss_count_const",
    "netmtu",
    "token",
    "token_coefficient",
}


def auth(
    capabilities: Container[str] | None, nodes: Nodes, username: str, renew: bool = False
) -> list[str]:
    """
    Authenticate hosts; the password follows on standard input.

    renew
        Get new tokens also where there are good ones, as all but pcs 0.9 always do.

    capabilities
        Capability ids of the installed pcs.

    nodes
        ``{name: [addresses]}``; pcs talks to the first address, or to the name without one.

    username
        pcs's account.
    """
    if not _cib_pcs.can(capabilities, "host_auth"):
        return ["pcs", "cluster", "auth", *nodes, "-u", username, *(["--force"] if renew else [])]
    argv = ["pcs", "host", "auth", "-u", username]
    for name, addresses in nodes.items():
        argv += [name, *(f"addr={address}" for address in addresses[:1])]
    return argv


def setup(
    capabilities: Container[str] | None,
    cluster: str,
    nodes: Nodes,
    totem: Data | None = None,
    transport: str | None = None,
    links: list[Data] | None = None,
    options: Data | None = None,
) -> list[str]:
    """
    Set a cluster up, neither started nor enabled.

    capabilities
        Capability ids of the installed pcs.

    cluster
        Its name.

    nodes
        ``{name: [addresses]}``, one link per address.

    totem, transport, links
        As ``pcs.cluster_setup`` takes them.

    options
        The same for ``transport_options``, ``compression``, ``crypto`` and ``quorum``.

    Raises SaltInvocationError for what the installed pcs cannot do.
    """
    more = {key: value for key, value in (options or {}).items() if value}
    if not _cib_pcs.can(capabilities, "named_nodes"):
        return _setup_with_flags(cluster, nodes, totem, transport, links, more)
    argv = ["pcs", "cluster", "setup", cluster]
    for name, addresses in nodes.items():
        argv += [name, *(f"addr={address}" for address in addresses)]
    if transport or links or set(more) - {"quorum"}:
        argv += ["transport", transport or "knet", *_pairs(more.get("transport_options", {}))]
        argv += _link_groups(links or [])
        for group in ("compression", "crypto"):
            if group in more:
                argv += [group, *_pairs(more[group])]
    if totem:
        argv += ["totem", *_pairs(totem, ("no", "yes"))]
    if "quorum" in more:
        argv += ["quorum", *_pairs(more["quorum"])]
    return argv


def _link_groups(links):
    """pcs counts the groups and refuses empty ones: after a link without options they are named."""
    argv = []
    for number, link in enumerate(links):
        if link:
            numbered = {} if all(links[:number]) else {"linknumber": number}
            argv += ["link", *_pairs({**numbered, **link})]
    return argv


def _setup_with_flags(cluster, nodes, totem, transport, links, more):
    """pcs 0.9: a node's name is its first address, options are flags, at most two rings."""
    if links or transport == "knet" or set(more) - {"quorum"}:
        raise SaltInvocationError(
            "pcs 0.9 has neither the transport knet nor link options, transport options, "
            "compression and crypto"
        )
    unknown = sorted(set(totem or {}) - FLAGS_0_9)
    if unknown:
        raise SaltInvocationError(f"pcs 0.9 has no totem option {', '.join(unknown)}")
    argv = ["pcs", "cluster", "setup", "--name", cluster]
    for name, addresses in nodes.items():
        if len(addresses) > 2:
            raise SaltInvocationError(f"pcs 0.9 takes at most two addresses, {name} has more")
        argv.append(",".join([name, *addresses[1:]]))
    if transport:
        argv += ["--transport", transport]
    for key, value in (totem or {}).items():
        argv += [f"--{key}", str(value)]
    return argv + [f"--{pair}" for pair in _pairs(more.get("quorum", {}))]


def node_add(capabilities: Container[str] | None, node: str, addresses: list[str]) -> list[str]:
    """
    Add a node to a cluster.

    capabilities
        Capability ids of the installed pcs.

    node, addresses
        Its name, and its addresses, one per link.
    """
    argv = ["pcs", "cluster", "node", "add"]
    if _cib_pcs.can(capabilities, "named_nodes"):
        return [*argv, node, *(f"addr={address}" for address in addresses)]
    return [*argv, ",".join([node, *addresses[1:]])]


def node_remove(
    capabilities: Container[str] | None, node: str, unreachable: bool = False
) -> list[str]:
    """
    Remove a node from a cluster. The cluster's configuration is destroyed on it when it answers.

    capabilities
        Capability ids of the installed pcs.

    node
        Its name.

    unreachable
        The node does not answer: pcs cannot ask it for its view of the quorum and would refuse.
    """
    argv = ["pcs", "cluster", "node", "remove", node]
    if not unreachable:
        return argv
    if _cib_pcs.can(capabilities, "named_nodes"):
        return [*argv, "--skip-offline", "--force"]
    return [*argv, "--force"]


def config_update(
    capabilities: Container[str] | None, sections: dict[str, Data], file: str | None = None
) -> list[str]:
    """
    Change options of corosync but those of its quorum.

    capabilities
        Capability ids of the installed pcs.

    sections
        ``{section: {option: text or None}}``; None takes the option away.

    file
        A corosync.conf to change in place of the cluster's.

    Raises SaltInvocationError for what the installed pcs cannot do.
    """
    if not _cib_pcs.can(capabilities, "config_update"):
        raise SaltInvocationError(
            "pcs 0.9 changes nothing in an existing corosync.conf but quorum options"
        )
    if "block_unlisted_ips" in sections.get("totem", {}) and not _cib_pcs.can(
        capabilities, "block"
    ):
        raise SaltInvocationError("the installed pcs does not know corosync's block_unlisted_ips")
    argv = ["pcs", "cluster", "config", "update"]
    for section, word in (
        ("transport_options", "transport"),
        ("compression", "compression"),
        ("crypto", "crypto"),
        ("totem", "totem"),
    ):
        if sections.get(section):
            argv += [word, *_pairs(sections[section])]
    return argv + _in_file(file)


def quorum_update(
    capabilities: Container[str] | None, options: Data, file: str | None = None
) -> list[str]:
    """
    Change options of corosync's quorum; of a cluster only while it is stopped.

    capabilities
        Capability ids of the installed pcs; every pcs spells it alike.

    options, file
        As for ``config_update``.
    """
    return ["pcs", "quorum", "update", *_pairs(options), *_in_file(file)]


def _in_file(file):
    return ["--corosync_conf", file] if file else []


def sync(capabilities: Container[str] | None) -> list[str]:
    """
    Bring this node's corosync.conf to all nodes, without a reload.

    capabilities
        Capability ids of the installed pcs.
    """
    argv = ["pcs", "cluster", "sync"]
    return [*argv, "corosync"] if _cib_pcs.can(capabilities, "groups_of_files") else argv


def link_add(
    capabilities: Container[str] | None,
    number: str,
    addresses: dict[str, str],
    options: Data | None = None,
) -> list[str]:
    """
    Add a link.

    capabilities
        Capability ids of the installed pcs.

    number, addresses, options
        As ``_pcs_corosync.link_add`` takes them.

    Raises SaltInvocationError for what the installed pcs cannot do.
    """
    _refuse_links(capabilities)
    pairs = [f"{node}={address}" for node, address in addresses.items()]
    more = _pairs({**(options or {}), "linknumber": number})
    return ["pcs", "cluster", "link", "add", *pairs, "options", *more]


def link_remove(capabilities: Container[str] | None, number: str) -> list[str]:
    """
    Remove a link.

    capabilities
        Capability ids of the installed pcs.

    number
        The link's number.
    """
    _refuse_links(capabilities)
    return ["pcs", "cluster", "link", "remove", number]


def _refuse_links(capabilities):
    if not _cib_pcs.can(capabilities, "links"):
        raise SaltInvocationError("pcs 0.9 cannot change the links of an existing cluster")


def device_add(
    capabilities: Container[str] | None,
    model: str,
    model_options: Data,
    options: Data,
    heuristics: Data,
) -> list[str]:
    """
    Add a quorum device.

    capabilities
        Capability ids of the installed pcs; every pcs spells it alike.

    model, model_options, options, heuristics
        As ``_pcs_device.quorum_device_add`` takes them.
    """
    more = ["heuristics", *_pairs(heuristics)] if heuristics else []
    words = [*_pairs(options), "model", model, *_pairs(model_options), *more]
    return ["pcs", "quorum", "device", "add", *words]


def device_update(
    capabilities: Container[str] | None, model_options: Data, options: Data, heuristics: Data
) -> list[str]:
    """
    Change the quorum device.

    capabilities
        Capability ids of the installed pcs; every pcs spells it alike.

    model_options, options, heuristics
        As ``_pcs_device.quorum_device_update`` takes them.
    """
    argv = ["pcs", "quorum", "device", "update", *_pairs(options)]
    for word, values in (("model", model_options), ("heuristics", heuristics)):
        if values:
            argv += [word, *_pairs(values)]
    return argv


def device_remove(capabilities: Container[str] | None) -> list[str]:
    """
    Remove the quorum device.

    capabilities
        Capability ids of the installed pcs; every pcs spells it alike.
    """
    return ["pcs", "quorum", "device", "remove"]


def sbd_enable(
    capabilities: Container[str] | None,
    watchdogs: dict[str, str],
    devices: dict[str, list[str]],
    options: Data,
    validate: bool = True,
) -> list[str]:
    """
    Enable SBD.

    capabilities
        Capability ids of the installed pcs.

    watchdogs, devices, options, validate
        As ``_pcs_sbd.sbd_enable`` takes them.
    """
    dashes = "" if _cib_pcs.can(capabilities, "groups_of_files") else "--"
    argv = ["pcs", "stonith", "sbd", "enable"]
    argv += [f"{dashes}watchdog={path}@{node}" for node, path in watchdogs.items()]
    for node, paths in devices.items():
        argv += [f"{dashes}device={path}@{node}" for path in paths]
    argv += _pairs(options, ("no", "yes"))
    return argv if validate else [*argv, "--no-watchdog-validation"]


def _pairs(options, booleans=("0", "1")):
    """``key=value``; what YAML made a boolean is written as that section of corosync.conf does."""
    return [f"{key}={_text(value, booleans)}" for key, value in options.items()]


def _text(value, booleans=("0", "1")):
    """One value for pcs; None is the empty text, by which pcs takes an option away."""
    if value is None:
        return ""
    return booleans[value] if isinstance(value, bool) else str(value)
