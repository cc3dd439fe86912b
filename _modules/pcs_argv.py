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
    # `pcs cluster config update`, `pcs cluster link`: a running cluster's corosync.conf, else only
    # `pcs quorum update` changes anything in it
    "config_update": "corosync.config.update",
    "links": "corosync.link.add",
    # corosync's totem option of that name
    "block": "corosync.totem.block_unlisted_ips",
    # `pcs cluster sync corosync`, `pcs stonith sbd enable watchdog=W`, else `pcs cluster sync`,
    # `--watchdog=W`: both came with 0.10.1, as this did
    "groups_of_files": "node.add.separated-name-and-address",
    # `pcs resource defaults update A=B`, else `pcs resource defaults A=B`; sets of them
    "defaults_update": "pcmk.properties.resource-defaults.multiple",
    "op_defaults_update": "pcmk.properties.operation-defaults.multiple",
    # a role is Promoted, else Master
    "promoted": "pcmk.cib.roles.promoted-unpromoted",
    # `pcs resource promotable R`, else `pcs resource master R`
    "promotable": "pcmk.resource.promotable",
    # an id for a new clone
    "clone_id": "pcmk.resource.clone.custom-id",
    # `pcs resource clone R meta A=B`, else `pcs resource clone R A=B`
    "clone_meta": "pcmk.resource.create.meta.future",
    # `pcs stonith level remove 1 target N`, else `level remove 1 N`: came with 0.10.9, which has no
    # id of its own for it and still takes the old way
    "level_target": "pcmk.cib.roles.promoted-unpromoted",
    # `pcs stonith level add ... id=I`
    "level_id": "pcmk.stonith.levels.add-with-id",
    # `pcs constraint location add I R N score=S`, else `location add I R N S`
    "location_score": "pcmk.constraint.location.simple.options.score",
    # a rule of a constraint is one argument, else each word is one
    "rule_as_argument": "pcmk.constraint.location.simple.rule.rule-as-one-argument",
    "tags": "pcmk.tag",
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


def can(capabilities, difference):
    """
    Whether a pcs wants something said in the newer of two ways.

    capabilities
        Its capability ids; None for a pcs that is newer than all.

    difference
        A key of ``DIFFERENCES``.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs_argv.can '[pcs.auth.client]' host_auth
    """
    return capabilities is None or _has(capabilities, difference)


def auth(capabilities, nodes, username, renew=False):
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

    CLI Example:

    .. code-block:: bash

        salt '*' pcs_argv.auth '[pcs.auth.client]' '{nfs-server1: [10.10.10.11]}' hacluster
    """
    if not _has(capabilities, "host_auth"):
        return ["pcs", "cluster", "auth", *nodes, "-u", username, *(["--force"] if renew else [])]
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


def config_update(capabilities, sections, file=None):
    """
    Change options of corosync but those of its quorum.

    capabilities
        Capability ids of the installed pcs.

    sections
        ``{section: {option: text or None}}``; None takes the option away.

    file
        A corosync.conf to change in place of the cluster's.

    Raises SaltInvocationError for what the installed pcs cannot do.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs_argv.config_update '[corosync.config.update]' '{totem: {token: "1000"}}'
    """
    if not _has(capabilities, "config_update"):
        raise SaltInvocationError(
            "pcs 0.9 changes nothing in an existing corosync.conf but quorum options"
        )
    if "block_unlisted_ips" in sections.get("totem", {}) and not _has(capabilities, "block"):
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


def quorum_update(capabilities, options, file=None):
    """
    Change options of corosync's quorum; of a cluster only while it is stopped.

    capabilities
        Capability ids of the installed pcs; every pcs spells it alike.

    options, file
        As for ``config_update``.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs_argv.quorum_update '[]' '{wait_for_all: "1"}'
    """
    return ["pcs", "quorum", "update", *_pairs(options), *_in_file(file)]


def _in_file(file):
    return ["--corosync_conf", file] if file else []


def sync(capabilities):
    """
    Bring this node's corosync.conf to all nodes, without a reload.

    capabilities
        Capability ids of the installed pcs.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs_argv.sync '[]'
    """
    argv = ["pcs", "cluster", "sync"]
    return [*argv, "corosync"] if _has(capabilities, "groups_of_files") else argv


def link_add(capabilities, number, addresses, options=None):
    """
    Add a link.

    capabilities
        Capability ids of the installed pcs.

    number, addresses, options
        As ``pcs.link_add`` takes them.

    Raises SaltInvocationError for what the installed pcs cannot do.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs_argv.link_add '[corosync.link.add]' 1 '{a: 10.0.0.1, b: 10.0.0.2}'
    """
    _refuse_links(capabilities)
    pairs = [f"{node}={address}" for node, address in addresses.items()]
    more = _pairs({**(options or {}), "linknumber": number})
    return ["pcs", "cluster", "link", "add", *pairs, "options", *more]


def link_remove(capabilities, number):
    """
    Remove a link.

    capabilities
        Capability ids of the installed pcs.

    number
        The link's number.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs_argv.link_remove '[corosync.link.add]' 1
    """
    _refuse_links(capabilities)
    return ["pcs", "cluster", "link", "remove", number]


def _refuse_links(capabilities):
    if not _has(capabilities, "links"):
        raise SaltInvocationError("pcs 0.9 cannot change the links of an existing cluster")


def device_add(capabilities, model, model_options, options, heuristics):
    """
    Add a quorum device.

    capabilities
        Capability ids of the installed pcs; every pcs spells it alike.

    model, model_options, options, heuristics
        As ``pcs.quorum_device_add`` takes them.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs_argv.device_add '[]' net '{host: q, algorithm: lms}' '{}' '{}'
    """
    more = ["heuristics", *_pairs(heuristics)] if heuristics else []
    words = [*_pairs(options), "model", model, *_pairs(model_options), *more]
    return ["pcs", "quorum", "device", "add", *words]


def device_update(capabilities, model_options, options, heuristics):
    """
    Change the quorum device.

    capabilities
        Capability ids of the installed pcs; every pcs spells it alike.

    model_options, options, heuristics
        As ``pcs.quorum_device_update`` takes them.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs_argv.device_update '[]' '{algorithm: lms}' '{}' '{}'
    """
    argv = ["pcs", "quorum", "device", "update", *_pairs(options)]
    for word, values in (("model", model_options), ("heuristics", heuristics)):
        if values:
            argv += [word, *_pairs(values)]
    return argv


def device_remove(capabilities):
    """
    Remove the quorum device.

    capabilities
        Capability ids of the installed pcs; every pcs spells it alike.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs_argv.device_remove '[]'
    """
    return ["pcs", "quorum", "device", "remove"]


def sbd_enable(capabilities, watchdogs, devices, options, validate=True):
    """
    Enable SBD.

    capabilities
        Capability ids of the installed pcs.

    watchdogs, devices, options, validate
        As ``pcs.sbd_enable`` takes them.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs_argv.sbd_enable '[]' '{a: /dev/watchdog}' '{}' '{}'
    """
    dashes = "" if _has(capabilities, "groups_of_files") else "--"
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
