"""
How each pcs wants it said: argument lists for pcs 0.9, 0.10, 0.11 and 0.12

The only place that knows the differences, told apart by the capability ids of
``pcs --version --full`` and never by version numbers: distributions backport. Only commands that
are spelled differently are here. Nothing is run.
"""

from salt.exceptions import SaltInvocationError

# What differs, and the capability id that tells.
DIFFERENCES = {
    # `pcs host auth NAME addr=A`, else `pcs cluster auth NAME`
    "host_auth": "pcs.auth.client",
    # `pcs cluster setup CLUSTER NAME addr=A addr=B`, else `--name CLUSTER NAME,B`
    "named_nodes": "cluster.create.separated-name-and-address",
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


def setup(capabilities, cluster, nodes, totem=None, transport=None, links=None):
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

    Raises SaltInvocationError for what the installed pcs cannot do.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs_argv.setup '[]' nfs '{nfs-server1: [10.10.10.11]}'
    """
    if not _has(capabilities, "named_nodes"):
        return _setup_with_flags(cluster, nodes, totem, transport, links)
    argv = ["pcs", "cluster", "setup", cluster]
    for name, addresses in nodes.items():
        argv += [name, *(f"addr={address}" for address in addresses)]
    if transport or links:
        argv += ["transport", transport or "knet"]
        for link in links or []:
            argv += ["link", *_pairs(link, ("0", "1"))]
    if totem:
        argv += ["totem", *_pairs(totem, ("no", "yes"))]
    return argv


def _setup_with_flags(cluster, nodes, totem, transport, links):
    """pcs 0.9: a node's name is its first address, options are flags, at most two rings."""
    if links or transport == "knet":
        raise SaltInvocationError("pcs 0.9 has neither link options nor the transport knet")
    argv = ["pcs", "cluster", "setup", "--name", cluster]
    for name, addresses in nodes.items():
        if len(addresses) > 2:
            raise SaltInvocationError(f"pcs 0.9 takes at most two addresses, {name} has more")
        argv.append(",".join([name, *addresses[1:]]))
    if transport:
        argv += ["--transport", transport]
    for key, value in (totem or {}).items():
        argv += [f"--{key}", str(value)]
    return argv


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


def _pairs(options, booleans):
    """``key=value``; what YAML made a boolean is written as that section of corosync.conf does."""
    return [
        f"{key}={booleans[value] if isinstance(value, bool) else value}"
        for key, value in options.items()
    ]
