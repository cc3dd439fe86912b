"""
States of a cluster as a whole: the members it has, and its end

Part of the states ``pcs``; Salt's loader takes the files of one virtual name together.
"""

from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "pcs"

ERRORS = (CommandExecutionError, SaltInvocationError)
PAUSE_BETWEEN_TRIES = 10


def __virtual__():
    return __virtualname__


def _result(name, result=True, comment="", changes=None):
    return {"name": name, "result": result, "comment": comment, "changes": changes or {}}


def cluster_members(
    name,
    nodes,
    remove=None,
    remove_unreachable=None,
    password=None,
    password_pillar=None,
    start=True,
    enable=True,
    timeout=600,
):
    """
    The cluster has the members named: missing ones are added, others go only when they are named.

    Run it on all nodes or on any. A member adds and removes, under a lock that all members share;
    a machine that is not a member yet waits until one adds it. A node to be removed is relieved of
    its resources first, and leaves only when they run elsewhere and the rest keeps its quorum. It
    never removes itself: another member does that.

    name
        The cluster's name.

    nodes
        ``{name: [addresses]}``: all the members that should be, one address per link.

    remove
        Names of members to remove. A member in none of ``nodes``, ``remove`` and
        ``remove_unreachable`` is an error.

    remove_unreachable
        Names of members to remove that are gone for good and do not answer. When such a machine
        comes back, ``pcs cluster destroy`` is due on it.

    password, password_pillar
        The password of hacluster, or the place in pillar where it is, to authenticate a new node;
        not needed when the state ``pcs.hosts_authenticated`` did.

    start, enable
        Whether a new node's cluster is started, and started at boot.

    timeout
        Seconds to wait for a new node, for resources to move and for the lock.

    .. code-block:: yaml

        nfs-server-cluster has three members:
          pcs.cluster_members:
            - name: nfs-server-cluster
            - nodes:
                nfs-server1: [10.10.10.11, 192.168.16.11]
                nfs-server2: [10.10.10.12, 192.168.16.12]
                nfs-server3: [10.10.10.13, 192.168.16.13]
            - password_pillar: hanfs:cluster:password
    """
    secret = {"password": password, "password_pillar": password_pillar}
    leaving = [*(remove or []), *(remove_unreachable or [])]
    try:
        nodes = __salt__["pcs_arguments.checked_nodes"](nodes)
        local = __salt__["pcs.local_node"]([*nodes, *leaving])
        conf = __salt__["pcs.corosync_conf"]()
        if conf is None or conf["stub"]:
            return _outside(name, nodes, local, timeout)
        _same_cluster(conf, name)
        if local in leaving:
            return _result(name, comment=f"{local} is removed by a member that stays")
        plan = _plan(conf, nodes, remove, remove_unreachable, local)
        changes = __salt__["pcs_members.changes"](plan)
        if not changes:
            return _result(name, comment=f"The members of {name}: {', '.join(conf['nodes'])}")
        if __opts__["test"]:
            return _result(name, None, _told(plan, "would have been"), changes)
        __salt__["pcs_lock.take"](local, "members", timeout)
        try:
            # another node may have done it while this one waited for the lock
            now = _plan(__salt__["pcs.corosync_conf"](), nodes, remove, remove_unreachable, local)
            _carry_out(now, secret, {"start": start, "enable": enable}, timeout)
        finally:
            __salt__["pcs_lock.release"](own=True)
        left = _plan(__salt__["pcs.corosync_conf"](), nodes, remove, remove_unreachable, local)
        if __salt__["pcs_members.changes"](left):
            raise CommandExecutionError(f"corosync.conf still differs: {_told(left, 'not')}")
    except ERRORS as err:
        return _result(name, False, str(err))
    return _result(name, comment=_told(plan, "has been"), changes=changes)


def _same_cluster(conf, name):
    if conf["cluster_name"] != name:
        raise CommandExecutionError(
            f"this node is in the cluster {conf['cluster_name']}, not in {name}; another cluster "
            "is never touched"
        )


def _plan(conf, nodes, remove, remove_unreachable, local):
    """The plan, or an error that names every problem. No process when nothing differs."""
    arguments = {"remove": remove, "remove_unreachable": remove_unreachable, "local": local}
    plan = __salt__["pcs_members.plan"](conf, nodes, **arguments)
    if __salt__["pcs_members.changes"](plan):
        try:
            status = __salt__["pcs.status"]()
        except CommandExecutionError:
            status = None
        plan = __salt__["pcs_members.plan"](conf, nodes, status=status, **arguments)
    if plan["problems"]:
        raise CommandExecutionError("; ".join(plan["problems"]))
    return {**plan, "present": conf["nodes"]}


def _told(plan, verb):
    parts = []
    if plan["add"]:
        parts.append(f"{', '.join(plan['add'])} {verb} added")
    leaving = plan["remove"] + plan["unreachable"]
    if leaving:
        parts.append(f"{', '.join(leaving)} {verb} removed")
    if plan["unreachable"]:
        parts.append(
            f"run 'pcs cluster destroy' on {', '.join(plan['unreachable'])} should it come back"
        )
    return "; ".join(parts)


def _outside(name, nodes, local, timeout):
    """This machine is in no cluster: right for one that was removed, else it waits to be added."""
    if local not in nodes:
        return _result(name, comment=f"{local} is in no cluster")
    changes = {"nodes": {local: {"old": None, "new": nodes[local]}}}
    if __opts__["test"]:
        return _result(name, None, f"{local} would have been added by a member", changes)

    def look():
        conf = __salt__["pcs.corosync_conf"]()
        if conf is None or conf["stub"]:
            return False, "no corosync.conf on this node"
        _same_cluster(conf, name)
        return local in conf["nodes"], f"members: {', '.join(conf['nodes'])}"

    __salt__["pcs_wait.until"](timeout, f"no member has added {local} to {name}", look)
    return _result(name, comment=f"{local} has become a member of {name}", changes=changes)


def _carry_out(plan, secret, how, timeout):
    for node, addresses in plan["add"].items():
        _add(node, addresses, plan["present"], secret, how, timeout)
    for node in plan["remove"]:
        __salt__["pcs.node_relieve"](node, timeout)
        try:
            __salt__["pcs.cluster_node_remove"](node)
        except CommandExecutionError:
            __salt__["pcs.node_relieved_no_more"](node)
            raise
    for node in plan["unreachable"]:
        __salt__["pcs.cluster_node_remove"](node, unreachable=True)


def _add(node, addresses, present, secret, how, timeout):
    if node not in __salt__["pcs.known_hosts"]():
        everybody = {**present, node: addresses}
        __salt__["pcs.host_auth"](everybody, timeout=timeout, **secret)
    flags = [f"--{word}" for word in ("enable", "start") if how[word]]

    def attempt():
        try:
            __salt__["pcs.cluster_node_add"](node, flags, addresses)
        except CommandExecutionError as err:
            if not __salt__["pcs_setup.refusal_passes"](str(err)):
                raise
            return False, str(err)
        return True, "added"

    __salt__["pcs_wait.until"](timeout, f"{node} could not be added", attempt, PAUSE_BETWEEN_TRIES)
    if how["start"]:
        __salt__["pcs_wait.until"](
            timeout, f"{node} has not become a member", lambda: _look_for(node)
        )


def _look_for(node):
    flags = __salt__["pcs.status"]()["nodes"].get(node)
    if not flags:
        return False, f"the cluster does not know {node}"
    seen = ", ".join(flag for flag, value in flags.items() if value) or "offline"
    return flags["online"] and not flags["pending"], f"{node}: {seen}"


def cluster_absent(name, confirm, all_nodes=False, stop_resources=False):
    """
    The cluster is destroyed on this node, or on all its nodes, for good.

    On purpose only: the name must be that of the cluster this node is in, and ``confirm`` must
    repeat it. To take one node out of a cluster that stays, use ``pcs.cluster_members``: the others
    would go on counting a node that destroyed its part by itself.

    name
        The cluster's name.

    confirm
        The cluster's name again.

    all_nodes
        Destroy it on all its nodes, from this one.

    stop_resources
        Destroy it also while resources run (on this node, or anywhere for ``all_nodes``).

    .. code-block:: yaml

        old-cluster:
          pcs.cluster_absent:
            - confirm: old-cluster
            - all_nodes: true
    """
    try:
        if confirm != name:
            raise SaltInvocationError(
                f"a cluster is destroyed only when 'confirm' repeats its name, {name}"
            )
        conf = __salt__["pcs.corosync_conf"]()
        if conf is None or conf["stub"]:
            return _result(name, comment="This node is in no cluster")
        _same_cluster(conf, name)
        local = __salt__["pcs.local_node"](conf["nodes"])
        on = list(conf["nodes"]) if all_nodes else [local]
        if not stop_resources:
            _refuse_running(name, on, local)
        changes = {"cluster": {"old": name, "new": None}, "nodes": {"old": on, "new": []}}
        if __opts__["test"]:
            return _result(
                name, None, f"{name} would have been destroyed on {', '.join(on)}", changes
            )
        try:
            __salt__["pcs.cluster_destroy"](["--all"] if all_nodes else None)
        except CommandExecutionError:
            # another node, told the same, may have been faster
            if __salt__["pcs.corosync_conf"]() is not None:
                raise
        if __salt__["pcs.corosync_conf"]() is not None:
            raise CommandExecutionError("corosync.conf is still here after the cluster's end")
    except ERRORS as err:
        return _result(name, False, str(err))
    return _result(name, comment=f"{name} has been destroyed on {', '.join(on)}", changes=changes)


def _refuse_running(name, nodes, local):
    """Raise when resources run on these nodes, or may run on some that cannot be seen from here."""
    try:
        resources = __salt__["pcs.status"]()["resources"]
    except CommandExecutionError as err:
        if nodes == [local]:
            return
        raise CommandExecutionError(
            f"what runs on the other nodes cannot be seen from here ({err}): start the cluster "
            "here, or say 'stop_resources: true'"
        ) from err
    running = sorted(
        resource
        for resource, entry in resources.items()
        if entry["active"]
        and not entry["agent"].startswith("stonith:")
        and set(entry["nodes"]) & set(nodes)
    )
    if running:
        raise CommandExecutionError(
            f"{name} runs {', '.join(running)}: move or stop them first, or say "
            "'stop_resources: true'"
        )
