"""
The states about nodes that Salt had in its own module ``pcs`` until 3007, with their arguments

They judge by what is there (corosync.conf, pcs's tokens), never by the words that pcs prints. No
state destroys a cluster: one that exists already and is another is an error.

A part of the state module ``pcs``: Salt merges files that have one virtual name. New states should
be ``pcs.hosts_authenticated`` and ``pcs.cluster_created``, which both nodes may run at once.

:depends: the execution modules pcs, pcs_compat_nodes and pcs_stub
"""

import time

from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "pcs"

ERRORS = (CommandExecutionError, SaltInvocationError)
NOT_INSTALLED = "cannot be known before pcs is installed"
# Seconds until a cluster that was started must answer.
STARTED = 180
PAUSE = 2


def __virtual__():
    return __virtualname__


def _result(name, result=True, comment="", changes=None):
    return {"name": name, "result": result, "comment": comment, "changes": changes or {}}


def auth(name, nodes, pcsuser="hacluster", pcspasswd="hacluster", extra_args=None):
    """
    pcs on this node may talk to the pcsd of the nodes.

    name
        Anything.

    nodes
        A list of names; ``addr=ADDRESS`` may follow a name.

    pcsuser, pcspasswd
        pcs's account and its password.

    extra_args
        Accepted (``--force``, ``--local``): newer pcs has none.

    .. code-block:: yaml

        pcs_auth__auth:
          pcs.auth:
            - nodes:
                - node1.example.com
                - node2.example.com
            - pcsuser: hacluster
            - pcspasswd: hoonetorg
            - extra_args: []
    """
    try:
        __salt__["pcs_compat_nodes.auth_arguments"](extra_args)
        named = __salt__["pcs_compat_nodes.named"](nodes)
        if __opts__["test"] and not __salt__["pcs.installed"]():
            return _result(name, None, f"Whether the nodes are authorized {NOT_INSTALLED}")
        missing = _not_authorized(named)
        if not missing:
            return _result(name, comment=f"Authorized already: {', '.join(named)}")
        changes = {node: {"old": "", "new": "Authorized"} for node in missing}
        if __opts__["test"]:
            comment = f"Nodes would have been authorized: {', '.join(missing)}"
            return _result(name, None, comment, changes)
        _authorize(named, pcsuser, pcspasswd)
    except ERRORS as err:
        return _result(name, False, str(err))
    return _result(name, comment=f"Authorized: {', '.join(missing)}", changes=changes)


def _not_authorized(named):
    answers = __salt__["pcs.hosts_authorized"](named)
    return [node for node, answer in answers.items() if answer is not True]


def _authorize(named, pcsuser, pcspasswd):
    conf = __salt__["pcs.corosync_conf"]()
    if conf and conf["stub"]:
        raise CommandExecutionError(
            "the distribution's one-node cluster is still here, with which pcs authenticates but "
            "stores nothing; the state pcs.stub_removed removes it, and so does pcs.cluster_setup "
            "with wipe_default: True"
        )
    __salt__["pcs.host_auth"](named, password=pcspasswd, username=pcsuser)
    missing = _not_authorized(named)
    if missing:
        raise CommandExecutionError(f"not authorized although pcs said so: {', '.join(missing)}")


def cluster_setup(
    name,
    nodes,
    pcsclustername="pcscluster",
    extra_args=None,
    pcsuser="hacluster",
    pcspasswd="hacluster",
    pcs_auth_extra_args=None,
    wipe_default=False,
):
    """
    This node is in a cluster of this name with these nodes. The nodes are authorized first.

    Run it on one node. A cluster of another name is an error and is not touched; so are nodes
    that are missing from this one, which ``pcs.cluster_node_present`` adds.

    name
        Anything.

    nodes
        A list of names; ``addr=ADDRESS`` may follow a name.

    pcsclustername
        The cluster's name.

    extra_args
        More words of ``pcs cluster setup``, such as ``--start`` and ``--enable``; with ``--start``
        it is waited until the cluster answers. ``--force`` is refused: it destroys clusters.

    pcsuser, pcspasswd
        pcs's account and its password.

    pcs_auth_extra_args
        As ``extra_args`` of ``pcs.auth``.

    wipe_default
        Whether to remove the one-node cluster that Debian's packages start, on this node. It is
        known by its exact configuration; any other is left.

    .. code-block:: yaml

        pcs_setup__setup:
          pcs.cluster_setup:
            - nodes:
                - node1.example.com
                - node2.example.com
            - pcsclustername: pcscluster
            - extra_args:
                - '--start'
                - '--enable'
            - pcsuser: hacluster
            - pcspasswd: hoonetorg
    """
    try:
        __salt__["pcs_compat_nodes.auth_arguments"](pcs_auth_extra_args)
        named = __salt__["pcs_compat_nodes.named"](nodes)
        extra = __salt__["pcs_arguments.without_force"](extra_args)
        conf = __salt__["pcs.corosync_conf"]()
        if conf and not conf["stub"]:
            _refuse_other(conf, pcsclustername, named)
            return _result(name, comment=f"The cluster {pcsclustername} is set up already")
        changes = {node: {"old": "", "new": "Setup"} for node in named}
        if conf and not wipe_default:
            raise CommandExecutionError(
                "the distribution's one-node cluster is still here; wipe_default: True removes it"
            )
        if conf:
            problem = __salt__["pcs_stub.problem"]()
            if problem:
                raise CommandExecutionError(problem)
        if __opts__["test"]:
            comment = f"The cluster {pcsclustername} would have been set up"
            return _result(name, None, comment, changes)
        if conf:
            __salt__["pcs_stub.remove"]()
        if _not_authorized(named):
            _authorize(named, pcsuser, pcspasswd)
        __salt__["pcs.cluster_setup"](named, pcsclustername=pcsclustername, extra_args=extra)
        conf = __salt__["pcs.corosync_conf"]()
        if conf is None:
            raise CommandExecutionError("there is no corosync.conf after the cluster was set up")
        _refuse_other(conf, pcsclustername, named)
    except ERRORS as err:
        return _result(name, False, str(err))
    ret = _result(name, comment=f"The cluster {pcsclustername} has been set up", changes=changes)
    silent = _silent() if "--start" in extra else None
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


def _silent():
    """Wait until the cluster can be configured; what is wrong if it cannot in time."""
    deadline = time.monotonic() + STARTED
    while True:
        try:
            status = __salt__["pcs.status"]()
            if status["dc"] and status["quorum"]:
                return None
            seen = "no coordinator is elected" if status["quorum"] else "no quorum"
        except CommandExecutionError as err:
            seen = str(err)
        if time.monotonic() >= deadline:
            return seen
        time.sleep(PAUSE)


def cluster_node_present(name, node, extra_args=None):
    """
    A node is a member of this node's cluster.

    Run it on one node, which is a member; the new one must be authorized (``pcs.auth``).

    name
        Anything.

    node
        Its name.

    extra_args
        More words of ``pcs cluster node add``, such as ``--start`` and ``--enable``, or
        ``addr=ADDRESS``; ``--force`` is refused.

    .. code-block:: yaml

        pcs_setup__node_add_node1.example.com:
          pcs.cluster_node_present:
            - node: node1.example.com
            - extra_args:
                - '--start'
                - '--enable'
    """
    try:
        named = __salt__["pcs_compat_nodes.named"](node)
        if len(named) != 1:
            raise SaltInvocationError("node: must be one node's name")
        ((node, addresses),) = named.items()
        extra = __salt__["pcs_arguments.without_force"](extra_args)
        conf = __salt__["pcs.corosync_conf"]()
        member = conf is not None and not conf["stub"]
        if member and node in conf["nodes"]:
            return _result(name, comment=f"{node} is a member of {conf['cluster_name']} already")
        changes = {node: {"old": "", "new": "Added"}}
        if __opts__["test"]:
            where = "" if member else ", once this node has a cluster"
            return _result(name, None, f"{node} would have been added{where}", changes)
        if not member:
            raise CommandExecutionError("this node is in no cluster; set one up first")
        __salt__["pcs.cluster_node_add"](node, extra_args=extra, addresses=addresses)
        if node not in (__salt__["pcs.corosync_conf"]() or {"nodes": ()})["nodes"]:
            raise CommandExecutionError(f"{node} is not in corosync.conf after it was added")
    except ERRORS as err:
        return _result(name, False, str(err))
    return _result(name, comment=f"{node} has been added", changes=changes)
