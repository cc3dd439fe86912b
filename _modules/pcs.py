"""
The cluster layer through the ``pcs`` command: its state as data, its configuration as a whole,
start and stop, members, standby and maintenance.

What is configured *in* the cluster (resources, constraints, properties) is the business of the
module ``cib``. On Salt 3006 and 3007 this takes the place of the built-in module of this name and
keeps its functions' arguments (they are in ``pcs_compat``, which Salt merges with this file). It
always loads: ``pcs`` may be installed later in the same run.

:depends: pcs 0.9.161 or newer; crm_mon (package pacemaker or pacemaker-cli-utils)
"""

from __future__ import annotations

import salt.utils.args
from salt.exceptions import SaltInvocationError

import _cib_siblings

_cib_siblings.load(__file__)

import _cib_minion
import _pcs_cluster
import _pcs_config
import _pcs_hosts
import _pcs_lock
import _pcs_node
import _pcs_nodes
import _pcs_options
import _pcs_state_cluster
import _pcs_state_compat
import _pcs_state_compat_cluster
import _pcs_state_configured
import _pcs_state_corosync
import _pcs_state_created
import _pcs_state_device
import _pcs_state_node
import _pcs_state_sbd

_cib_siblings.same(__file__, globals())


__virtualname__ = "pcs"
# What the states of this name do, by the names of the states.
_STATES = {
    "password_set": _pcs_state_node.password_set,
    "stub_removed": _pcs_state_node.stub_removed,
    "hosts_authenticated": _pcs_state_node.hosts_authenticated,
    "cluster_online": _pcs_state_node.cluster_online,
    "cluster_members": _pcs_state_cluster.cluster_members,
    "cluster_absent": _pcs_state_cluster.cluster_absent,
    "prop_has_value": _pcs_state_compat.prop_has_value,
    "resource_defaults_to": _pcs_state_compat.resource_defaults_to,
    "resource_op_defaults_to": _pcs_state_compat.resource_op_defaults_to,
    "stonith_present": _pcs_state_compat.stonith_present,
    "resource_present": _pcs_state_compat.resource_present,
    "constraint_present": _pcs_state_compat.constraint_present,
    "cib_present": _pcs_state_compat.cib_present,
    "cib_pushed": _pcs_state_compat.cib_pushed,
    "auth": _pcs_state_compat_cluster.auth,
    "cluster_setup": _pcs_state_compat_cluster.cluster_setup,
    "cluster_node_present": _pcs_state_compat_cluster.cluster_node_present,
    "configured": _pcs_state_configured.described,
    "corosync_configured": _pcs_state_corosync.corosync_configured,
    "cluster_created": _pcs_state_created.cluster_created,
    "quorum_device_present": _pcs_state_device.quorum_device_present,
    "quorum_device_absent": _pcs_state_device.quorum_device_absent,
    "sbd_enabled": _pcs_state_sbd.sbd_enabled,
    "sbd_disabled": _pcs_state_sbd.sbd_disabled,
}


def __virtual__():
    return __virtualname__


def _machine(test=None, run=None):
    return _cib_minion.machine(__salt__, __opts__, __grains__, __pillar__, __context__, test, run)


def status():
    """
    The cluster's state as this node sees it, from one run of crm_mon.

    Returns

    .. code-block:: python

        {"dc": str or None, "quorum": bool,
         "nodes": {name: {"online", "standby", "standby_onfail", "maintenance", "pending",
                          "unclean"}},
         "resources": {id: {"agent", "group", "clone", "role", "active", "failed", "managed",
                            "blocked", "nodes": [names], "target_role": str or None,
                            "pending": str or None}},
         "failures": [{"resource", "op_key", "node", "exitstatus", "exitreason", "task"}],
         "failcounts": [{"node", "resource", "count", "threshold"}] (1000000 is INFINITY),
         "bans": [{"id", "resource", "node"}],
         "maintenance_mode": bool, "stonith_enabled": bool, "fence_history": [{...}],
         "attributes": {node: {name: value}}}

    Raises CommandExecutionError when the cluster does not run here or crm_mon is not installed.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.status
    """
    return _pcs_node.status(_machine())


def version():
    """
    pcs's version and capabilities, asked once per run.

    Returns ``{"version": "0.11.5", "capabilities": [...]}``. Raises CommandExecutionError when
    pcs is not there or older than 0.9.161.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.version
    """
    return _pcs_node.version(_machine())


def corosync_conf():
    """
    The cluster in this node's ``/etc/corosync/corosync.conf``. No process is started.

    Returns None when the file is not there, else what ``_pcs_files.corosync_conf`` tells: the
    cluster's name, nodes, links, totem and quorum options, quorum device; ``stub`` is true for the
    one-node cluster that Debian's package starts.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.corosync_conf
    """
    return _pcs_node.corosync_conf()


def known_hosts():
    """
    The hosts that pcs on this node holds tokens for: ``{name: [addresses]}``. No process.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.known_hosts
    """
    return _pcs_node.known_hosts()


def hosts_authorized(nodes):
    """
    Ask pcs whether it may talk to the pcsd of each node.

    nodes
        Names, or a dictionary with them as keys.

    Returns ``{name: True or pcs's words for what is wrong}``.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.hosts_authorized '[nfs-server1, nfs-server2]'
    """
    return _pcs_hosts.hosts_authorized(_machine(), nodes)


def plan(description):
    """
    Return as data what ``pcs.configured`` would change, and what would come of it. Writes nothing.

    description
        The cluster's whole configuration, as ``_cib_describe`` says.

    Returns what :py:func:`cib.plan` does: ``changes`` (by kind and id, old and new), ``commands``
    (the ``pcs`` commands that would do the same, as argument lists), ``consequences`` (what the
    scheduler would do, in sentences), ``differences`` (the changes one by one, with whose doing
    each is), ``refused`` (why it would not be pushed now, or None),
    ``unmanaged``, ``intent`` and ``notes``. Raises as that does.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.plan '{"properties": {"stonith-enabled": true}}' --out=json
    """
    return _pcs_config.plan(_machine(), description)


def export(format="data", prefix="cluster_secrets", file=None):
    """
    Return a description of the running cluster that, applied to it by ``pcs.configured``, changes
    nothing but the record of what is managed.

    format
        ``data`` returns ``description``, ``secrets`` (the places in pillar that must be filled) and
        ``notes`` (what is left out, in sentences); ``yaml`` returns text: the description, with the
        other two as comments above it.

    prefix
        Where in pillar secrets are to be, a path with colons. No secret is in what is returned:
        each becomes a reference, such as ``{pillar: "cluster_secrets:fence-a:password"}``.

    file
        Path of a configuration file to read in place of the running cluster.

    Operations that are what the resource's agent asks for are not told: they stay as they are. What
    an operator set on purpose (standby, maintenance, a stopped resource, what a move or a ban left)
    is no part of a description.

    Raises CommandExecutionError when the configuration cannot be read.

    CLI Example:

    .. code-block:: bash

        salt-call --local --out=newline_values_only pcs.export yaml
    """
    return _pcs_config.export(_machine(), format, prefix, file)


def cluster_start(nodes=None, wait=None):
    """
    Start the cluster here, or on the nodes named.

    nodes
        List of names, ``--all`` for every member, None for this node.

    wait
        Seconds to wait until the nodes have started; None does not wait.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.cluster_start wait=120
    """
    return _pcs_cluster.cluster_start(_machine(), nodes, wait)


def cluster_stop(nodes=None):
    """
    Stop the cluster here, or on the nodes named (``--all`` for every member).

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.cluster_stop
    """
    return _pcs_cluster.cluster_stop(_machine(), nodes)


def cluster_enable(nodes=None):
    """
    Start the cluster at boot, here or on the nodes named (``--all`` for every member).

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.cluster_enable
    """
    return _pcs_cluster.cluster_enable(_machine(), nodes)


def cluster_node_remove(node, unreachable=False):
    """
    Remove a node from this node's cluster. pcs destroys the cluster's configuration there.

    node
        Its name.

    unreachable
        It does not answer and will not come back. If it does, it still believes to be a member:
        ``pcs cluster destroy`` is due there before its cluster starts.

    Raises CommandExecutionError with pcs's words, such as that the quorum would be lost.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server1' pcs.cluster_node_remove nfs-server3
    """
    return _pcs_nodes.cluster_node_remove(_machine(), node, unreachable)


def node_standby(node):
    """
    Let a node run no resources; what it runs moves away.

    node
        Its name.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server1' pcs.node_standby nfs-server1
    """
    return _pcs_nodes.node_standby(_machine(), node)


def node_unstandby(node):
    """
    Let a node run resources again.

    node
        Its name.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server1' pcs.node_unstandby nfs-server1
    """
    return _pcs_nodes.node_unstandby(_machine(), node)


def node_maintenance(node):
    """
    Leave the resources on a node to themselves: neither monitored nor started nor stopped.

    node
        Its name.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server1' pcs.node_maintenance nfs-server1
    """
    return _pcs_nodes.node_maintenance(_machine(), node)


def node_unmaintenance(node):
    """
    Let the cluster look after the resources on a node again.

    node
        Its name.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server1' pcs.node_unmaintenance nfs-server1
    """
    return _pcs_nodes.node_unmaintenance(_machine(), node)


def lock_holder():
    """
    Who holds the lock: ``{"node": str, "purpose": str, "pending": [nodes to restart]}`` or None.

    Raises CommandExecutionError when the cluster does not run here.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.lock_holder
    """
    return _pcs_lock.holder(_machine())


def lock_release(own=False):
    """
    Give the lock back. Returns True.

    own
        Only if this process holds it; by hand it is given back whoever holds it.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server1' pcs.lock_release
    """
    return _pcs_lock.release(_machine(), own)


def options():
    """
    Every option and how a change of it takes effect: ``{section: {option: how}}``, where ``how`` is
    ``live``, ``restart``, ``link`` or ``stopped``.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.options
    """
    return _pcs_options.table()


def converge(what, name, test=None, run=None, **wanted):
    """
    Do what a state of this name does: compare, change what differs, and look again. States call it,
    so that all that thinks is in the library behind this module.

    what
        The state, such as ``cluster_online``.

    name
        The state's name.

    test
        Whether to say only what would be done. Default: as the minion is configured.

    run
        What a state alone knows of its run.

    Every other argument is the state's. Returns what a state does. Raises SaltInvocationError when
    there is no such state.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.converge cluster_online nfs test=True
    """
    if what not in _STATES:
        raise SaltInvocationError(f"{what} is none of {', '.join(_STATES)}")
    wanted = salt.utils.args.clean_kwargs(**wanted)
    return _STATES[what](_machine(test, run), name, **wanted)
