"""
The functions that Salt had in its own module ``pcs`` until 3007, with their arguments

.. code-block:: bash

    salt '*' pcs.resource_create galera ocf:heartbeat:galera '["--master"]'
    salt '*' pcs.config_show

What creates goes through the engine of the module ``cib``: an object that is there already is
changed to what the words say, edits of others are never lost, passwords are on no command line and
in no answer. What went wrong is an exception. What shows runs ``pcs``.

A part of the module ``pcs``: Salt merges files that have one virtual name.
"""

from __future__ import annotations

import _cib_siblings

_cib_siblings.load(__file__)

import _cib_minion
import _pcs_cluster
import _pcs_compat
import _pcs_nodes

_cib_siblings.same(__file__, globals())


__virtualname__ = "pcs"


def __virtual__():
    return __virtualname__


def _machine():
    return _cib_minion.machine(__salt__, __opts__, __grains__, __pillar__, __context__)


def auth(nodes, pcsuser="hacluster", pcspasswd="hacluster", extra_args=None):
    """
    Let pcs on this node talk to the pcsd of the nodes. The password goes by standard input.

    nodes
        A list of names; ``addr=ADDRESS`` may follow a name.

    pcsuser, pcspasswd
        pcs's account and its password.

    extra_args
        Accepted (``--force``, ``--local``): newer pcs has none.

    Returns what ``cmd.run_all`` would. Raises CommandExecutionError that says for each node what
    was wrong.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.auth nodes='[node1.example.org, node2.example.org]' pcspasswd=hoonetorg
    """
    return _pcs_compat.auth(_machine(), nodes, pcsuser, pcspasswd, extra_args)


def is_auth(nodes, pcsuser="hacluster", pcspasswd="hacluster"):
    """
    Whether pcs on this node may talk to the pcsd of the nodes. Nothing is authenticated.

    nodes
        A list of names.

    pcsuser, pcspasswd
        Accepted; asking needs no password.

    Returns what ``cmd.run_all`` would: a line for each node, exit code 0 when all are authorized.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.is_auth nodes='[node1.example.org, node2.example.org]'
    """
    return _pcs_compat.is_auth(_machine(), nodes, pcsuser, pcspasswd)


def cluster_setup(
    nodes,
    pcsclustername="pcscluster",
    extra_args=None,
    totem=None,
    transport=None,
    links=None,
    transport_options=None,
    compression=None,
    crypto=None,
    quorum=None,
):
    """
    Set a cluster up on all nodes, without starting or enabling it.

    nodes
        ``{name: [addresses]}``, or a list of names that resolve. One link per address.

    pcsclustername
        The cluster's name.

    extra_args
        More arguments for pcs; ``--force`` is refused.

    totem
        Options of corosync's totem section, ``{"token": 10000}``.

    transport
        knet (pcs's default), udpu or udp.

    links
        List of dictionaries with options per link, in the order of addresses.

    transport_options, compression, crypto
        Options of the transport: ``{"link_mode": "active"}``, ``{"model": "zlib"}``,
        ``{"cipher": "aes256", "hash": "sha256"}``.

    quorum
        Options of corosync's quorum section, ``{"wait_for_all": true}``. ``two_node`` is pcs's
        own business: it sets it for two nodes and removes it for three.

    Returns True. Raises SaltInvocationError for an option that does not exist or that the
    installed pcs does not have, CommandExecutionError with pcs's words; an existing cluster on
    any node is such a case and stays untouched.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server1' pcs.cluster_setup '{nfs-server1: [10.10.10.11]}' pcsclustername=nfs
    """
    return _pcs_cluster.cluster_setup(
        _machine(),
        nodes,
        pcsclustername,
        extra_args,
        totem,
        transport,
        links,
        transport_options,
        compression,
        crypto,
        quorum,
    )


def cluster_node_add(node, extra_args=None, addresses=None):
    """
    Add a node to this node's cluster.

    node
        Name of an authenticated host.

    extra_args
        More arguments for pcs, such as ``--enable`` and ``--start``; ``--force`` is refused.

    addresses
        The node's addresses, one per link; what the host was authenticated by if not given.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server1' pcs.cluster_node_add nfs-server3 addresses='[10.10.10.13]'
    """
    return _pcs_nodes.cluster_node_add(_machine(), node, extra_args, addresses)


def cluster_destroy(extra_args=None):
    """
    Destroy the cluster on this node: services stopped, configuration gone for good.

    extra_args
        More arguments for pcs, in practice ``--all``; ``--force`` is refused.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.cluster_destroy
    """
    return _pcs_cluster.cluster_destroy(_machine(), extra_args)


def cib_create(cibfile, scope="configuration", extra_args=None):
    """
    Begin a batch: copy the cluster's configuration to a file that only its owner may read.

    cibfile
        Path of the file; two more, with ``.base`` and ``.steps`` behind the name, are made with it.

    scope
        Accepted and checked; the copy is always of all of it.

    extra_args
        ``--config`` is accepted.

    Returns what ``cmd.run_all`` would, and ``changes``.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.cib_create cibfile='/tmp/VIP_apache_1.cib' scope=False
    """
    return _pcs_compat.cib_create(_machine(), cibfile, scope, extra_args)


def cib_push(cibfile, scope="configuration", extra_args=None):
    """
    Push what was made in a file since ``pcs.cib_create``, as one change. Nothing is replaced:
    what others changed meanwhile stays.

    cibfile
        Path of the file.

    scope
        A section of the configuration that all that is pushed must lie in.

    extra_args
        ``--wait[=SECONDS]``; ``--config`` and ``diff-against=`` are accepted and change nothing.

    Returns what ``cmd.run_all`` would, and ``changes``. Raises CommandExecutionError when nothing
    could be pushed, or when the cluster did not settle in the time given.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.cib_push cibfile='/tmp/VIP_apache_1.cib' scope=False
    """
    return _pcs_compat.cib_push(_machine(), cibfile, scope, extra_args)


def item_show(item, item_id=None, item_type=None, show="show", extra_args=None, cibfile=None):
    """
    Show something with the ``pcs`` command; passwords are masked.

    item
        ``config``, ``property``, ``resource``, ``stonith``, ``constraint`` and so on.

    item_id
        Its id; not for constraints, which pcs shows all.

    item_type
        The kind of constraint.

    show
        pcs's verb or verbs; ``show`` stands for the one that the installed pcs knows.

    extra_args
        More words for pcs.

    cibfile
        Path of a file to read in place of the running cluster.

    Returns what ``cmd.run_all`` does, with pcs's exit code.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.item_show resource item_id=galera
    """
    return _pcs_compat.item_show(
        _machine(),
        item,
        item_id,
        item_type,
        show,
        extra_args,
        cibfile,
    )


def config_show(cibfile=None):
    """
    Show the whole configuration; passwords are masked.

    cibfile
        Path of a file to read in place of the running cluster.

    Returns what ``cmd.run_all`` does.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.config_show cibfile='/tmp/cib_for_galera'
    """
    return _pcs_compat.config_show(_machine(), cibfile)


def prop_show(prop, extra_args=None, cibfile=None):
    """
    Show a cluster property.

    prop
        Its name.

    extra_args, cibfile
        As for ``pcs.item_show``.

    Returns what ``cmd.run_all`` does.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.prop_show no-quorum-policy cibfile='/tmp/2_node_cluster.cib'
    """
    return _pcs_compat.prop_show(_machine(), prop, extra_args, cibfile)


def stonith_show(stonith_id, extra_args=None, cibfile=None):
    """
    Show a fencing device; passwords are masked.

    stonith_id
        Its id.

    extra_args, cibfile
        As for ``pcs.item_show``.

    Returns what ``cmd.run_all`` does.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.stonith_show stonith_id='eps_fence' cibfile='/tmp/2_node_cluster.cib'
    """
    return _pcs_compat.stonith_show(_machine(), stonith_id, extra_args, cibfile)


def resource_show(resource_id, extra_args=None, cibfile=None):
    """
    Show a resource; passwords are masked.

    resource_id
        Its id.

    extra_args, cibfile
        As for ``pcs.item_show``.

    Returns what ``cmd.run_all`` does.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.resource_show resource_id='galera' cibfile='/tmp/cib_for_galera.cib'
    """
    return _pcs_compat.resource_show(_machine(), resource_id, extra_args, cibfile)


def item_create(item, item_id, item_type, create="create", extra_args=None, cibfile=None):
    """
    Create something, or change it to what the words say.

    item
        ``property``, ``resource``, ``stonith`` or ``constraint``.

    item_id
        Its id; ``name=value`` for properties and defaults.

    item_type
        The agent; the kind of constraint.

    create
        pcs's verb: ``create``, ``set`` for a property, ``defaults`` or ``[op, defaults]`` with
        ``resource``, None for a constraint.

    extra_args
        The words that follow, as pcs takes them.

    cibfile
        Path of a file made by ``pcs.cib_create``, in place of the running cluster.

    Returns what ``cmd.run_all`` would, and ``changes``. Raises SaltInvocationError that names
    the words that are not understood, CommandExecutionError when it cannot be.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.item_create resource VIP ocf:heartbeat:IPaddr2 extra_args='[ip=10.0.0.1]'
    """
    return _pcs_compat.item_create(
        _machine(),
        item,
        item_id,
        item_type,
        create,
        extra_args,
        cibfile,
    )


def prop_set(prop, value, extra_args=None, cibfile=None):
    """
    Set a cluster property.

    prop, value
        Its name and value; an empty one takes it away.

    extra_args, cibfile
        As for ``pcs.item_create``.

    Returns what ``pcs.item_create`` does.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.prop_set prop='no-quorum-policy' value='ignore'
    """
    return _pcs_compat.prop_set(_machine(), prop, value, extra_args, cibfile)


def stonith_create(stonith_id, stonith_device_type, stonith_device_options=None, cibfile=None):
    """
    Create a fencing device, or change it to what the words say.

    stonith_id, stonith_device_type
        Its id, and its agent such as ``fence_xvm``.

    stonith_device_options
        The words that follow in ``pcs stonith create``.

    cibfile
        As for ``pcs.item_create``.

    Returns what ``pcs.item_create`` does.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.stonith_create stonith_id='eps_fence' stonith_device_type='fence_eps' \\
            stonith_device_options="['ipaddr=myepsdevice.example.org', 'login=hidden']"
    """
    return _pcs_compat.stonith_create(
        _machine(), stonith_id, stonith_device_type, stonith_device_options, cibfile
    )


def resource_create(resource_id, resource_type, resource_options=None, cibfile=None):
    """
    Create a resource, or change it to what the words say.

    resource_id, resource_type
        Its id, and its agent such as ``ocf:heartbeat:IPaddr2``.

    resource_options
        The words that follow in ``pcs resource create``.

    cibfile
        As for ``pcs.item_create``.

    Returns what ``pcs.item_create`` does.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.resource_create resource_id='VIP' resource_type='ocf:heartbeat:IPaddr2' \\
            resource_options="['ip=10.0.0.1', 'op', 'monitor', 'interval=20s']"
    """
    return _pcs_compat.resource_create(
        _machine(), resource_id, resource_type, resource_options, cibfile
    )
