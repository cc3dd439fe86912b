"""
How each pcs wants it said: argument lists for pcs 0.9, 0.10, 0.11 and 0.12

The only place that knows the differences, told apart by the capability ids of
``pcs --version --full`` and never by version numbers: distributions backport. Only commands that
are spelled differently are here. Nothing is run.
"""

import re

from salt.exceptions import SaltInvocationError

# What differs, and the capability id that tells.
DIFFERENCES = {
    # `pcs host auth NAME addr=A`, else `pcs cluster auth NAME`
    "host_auth": "pcs.auth.client",
    # `pcs cluster setup CLUSTER NAME addr=A addr=B`, else `--name CLUSTER NAME,B`
    "named_nodes": "cluster.create.separated-name-and-address",
    # `pcs cluster config update`, `pcs cluster link`: a running cluster's corosync.conf, else only
    # `pcs quorum update` changes anything in it
    "config_update": "corosync.config.update",
    "links": "corosync.link.add",
    # `pcs cluster sync corosync`, `pcs stonith sbd enable watchdog=W`, else `pcs cluster sync`,
    # `--watchdog=W`: both came with 0.10.1, as this did
    "groups_of_files": "node.add.separated-name-and-address",
}

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


def __virtual__():
    return True


def _has(capabilities, difference):
    return DIFFERENCES[difference] in capabilities


def auth(capabilities, nodes, username):
    """
    Authenticate hosts; the password follows on standard input.

    capabilities
        Capability ids of the installed pcs.

    nodes
        ``{name: [addresses]}``; pcs talks to the first address, or to the name without one.

    username
        pcs's account.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs_argv.auth '[pcs.auth.client]' '{nfs-server1: [10.10.10.11]}' hacluster
    """
    if not _has(capabilities, "host_auth"):
        return ["pcs", "cluster", "auth", *nodes, "-u", username]
    argv = ["pcs", "host", "auth", "-u", username]
    for name, addresses in nodes.items():
        argv += [name, *(f"addr={address}" for address in addresses[:1])]
    return argv


def setup(capabilities, cluster, nodes, totem=None, transport=None, links=None, options=None):
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

    CLI Example:

    .. code-block:: bash

        salt '*' pcs_argv.setup '[]' nfs '{nfs-server1: [10.10.10.11]}'
    """
    more = {key: value for key, value in (options or {}).items() if value}
    if not _has(capabilities, "named_nodes"):
        return _setup_with_flags(cluster, nodes, totem, transport, links, more)
    argv = ["pcs", "cluster", "setup", cluster]
    for name, addresses in nodes.items():
        argv += [name, *(f"addr={address}" for address in addresses)]
    if transport or links or set(more) - {"quorum"}:
        argv += ["transport", transport or "knet", *_pairs(more.get("transport_options", {}))]
        for link in links or []:
            argv += ["link", *_pairs(link)]
        for group in ("compression", "crypto"):
            if group in more:
                argv += [group, *_pairs(more[group])]
    if totem:
        argv += ["totem", *_pairs(totem, ("no", "yes"))]
    if "quorum" in more:
        argv += ["quorum", *_pairs(more["quorum"])]
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


def node_add(capabilities, node, addresses):
    """
    Add a node to a cluster.

    capabilities
        Capability ids of the installed pcs.

    node, addresses
        Its name, and its addresses, one per link.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs_argv.node_add '[]' nfs-server3 '[10.10.10.13, 192.168.16.13]'
    """
    argv = ["pcs", "cluster", "node", "add"]
    if _has(capabilities, "named_nodes"):
        return [*argv, node, *(f"addr={address}" for address in addresses)]
    return [*argv, ",".join([node, *addresses[1:]])]


def node_remove(capabilities, node, unreachable=False):
    """
    Remove a node from a cluster. The cluster's configuration is destroyed on it when it answers.

    capabilities
        Capability ids of the installed pcs.

    node
        Its name.

    unreachable
        The node does not answer: pcs cannot ask it for its view of the quorum and would refuse.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs_argv.node_remove '[]' nfs-server3
    """
    argv = ["pcs", "cluster", "node", "remove", node]
    if not unreachable:
        return argv
    if _has(capabilities, "named_nodes"):
        return [*argv, "--skip-offline", "--force"]
    return [*argv, "--force"]


def _pairs(options, booleans=("0", "1")):
    """``key=value``; what YAML made a boolean is written as that section of corosync.conf does."""
    return [f"{key}={_text(value, booleans)}" for key, value in options.items()]


def _text(value, booleans=("0", "1")):
    """One value for pcs; None is the empty text, by which pcs takes an option away."""
    if value is None:
        return ""
    return booleans[value] if isinstance(value, bool) else str(value)


def without_force(extra_args):
    """
    More arguments for pcs as a list. ``--force`` is refused: with it `cluster setup` destroys a
    running cluster on every host named.

    extra_args
        List of strings, one string, or None (also as text, a slip in YAML).

    CLI Example:

    .. code-block:: bash

        salt '*' pcs_argv.without_force '[--enable]'
    """
    if isinstance(extra_args, str):
        extra_args = [] if extra_args == "None" else [extra_args]
    extra = list(extra_args or [])
    if "--force" in extra:
        raise SaltInvocationError(
            "--force is not passed on: it destroys clusters; run 'pcs cluster destroy' by hand "
            "on the node whose cluster may go"
        )
    return extra


def checked_nodes(nodes):
    """
    ``{name: [addresses]}`` from that, from ``{name: address}`` or from a list of names.

    nodes
        What somebody gave. Raises SaltInvocationError for what no node can be called.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs_argv.checked_nodes '[nfs-server1]'
    """
    if isinstance(nodes, (list, tuple)):
        nodes = {name: [] for name in nodes}
    if not isinstance(nodes, dict) or not nodes:
        raise SaltInvocationError("nodes must be a dictionary of names and lists of addresses")
    checked = {}
    for name, addresses in nodes.items():
        addresses = [addresses] if isinstance(addresses, str) else addresses
        good = isinstance(addresses, (list, tuple)) and all(
            isinstance(a, str) and a for a in addresses
        )
        # a name with a leading dash or with '=' would be an option to pcs
        if not isinstance(name, str) or not re.match(r"[^-=\s][^=\s]*$", name) or not good:
            raise SaltInvocationError(
                f"nodes: {name!r} must be a node's name with a list of addresses (strings)"
            )
        checked[name] = list(addresses)
    return checked


def targets(nodes):
    """
    Nodes as arguments: none for this node, ``--all``, or their names.

    nodes
        None, ``--all``, a name or a list of names.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs_argv.targets --all
    """
    if nodes is None:
        return []
    if nodes == "--all":
        return ["--all"]
    return list(checked_nodes([nodes] if isinstance(nodes, str) else nodes))
