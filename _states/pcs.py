"""
States of the cluster layer: pcs's account, authenticated hosts, the cluster itself

A state asks what is, says what should be, shows the difference, does it once, and looks again.
With ``test=True`` nothing is written, also on a machine where pcs is not installed yet.

On Salt 3006 and 3007 this takes the place of the built-in state module of the same name.

:depends: the execution modules pcs and pcs_*
"""

from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "pcs"

MASK = "XXX-REDACTED-XXX"
NEW_PASSWORD = "pcs.new_password"
ERRORS = (CommandExecutionError, SaltInvocationError)
NOT_INSTALLED = "cannot be known before pcs is installed"


def __virtual__():
    return __virtualname__


def _result(name, result=True, comment="", changes=None):
    return {"name": name, "result": result, "comment": comment, "changes": changes or {}}


def password_set(name="hacluster", password=None, password_pillar=None):
    """
    The account that pcs uses has this password.

    name
        The account.

    password
        The password. Rendered states end up in logs and caches, so rather use the next.

    password_pillar
        The place in pillar where the password is, keys joined by colons.

    .. code-block:: yaml

        hacluster:
          pcs.password_set:
            - password_pillar: hanfs:cluster:password
    """
    secret = {"password": password, "password_pillar": password_pillar}
    try:
        matches = __salt__["pcs.password_matches"](name, **secret)
        if matches:
            return _result(name, comment=f"{name} has its password")
        changes = {"password": {"old": MASK, "new": MASK}}
        # tokens made with the old one are renewed later in this run
        __context__[NEW_PASSWORD] = True
        if matches is None:
            if __opts__["test"]:
                return _result(
                    name, None, f"{name}'s password would be set; the account comes with pcs"
                )
            raise CommandExecutionError(f"there is no account {name}: is pcs installed?")
        if __opts__["test"]:
            return _result(name, None, f"{name}'s password would have been set", changes)
        __salt__["pcs.set_password"](name, **secret)
    except ERRORS as err:
        return _result(name, False, str(err))
    return _result(name, comment=f"{name}'s password has been set", changes=changes)


def stub_removed(name):
    """
    The one-node cluster that Debian's and Ubuntu's packages start is gone.

    It is known by its exact configuration. Any other cluster is left alone, and so is this one
    when somebody configured something in it: that is an error.

    name
        Anything.

    .. code-block:: yaml

        Debian's own cluster is gone:
          pcs.stub_removed: []
    """
    try:
        conf = __salt__["pcs.corosync_conf"]()
        if conf is None and __opts__["test"] and not __salt__["pcs.installed"]():
            return _result(name, None, f"whether there is one to remove {NOT_INSTALLED}")
        if conf is None or not conf["stub"]:
            return _result(name, comment="There is no one-node cluster of the distribution")
        changes = {"cluster": {"old": conf["cluster_name"], "new": None}}
        problem = __salt__["pcs_stub.problem"]()
        if problem:
            raise CommandExecutionError(problem)
        if __opts__["test"]:
            return _result(
                name, None, "The distribution's one-node cluster would have been removed", changes
            )
        __salt__["pcs_stub.remove"]()
        if __salt__["pcs.corosync_conf"]() is not None:
            raise CommandExecutionError("corosync.conf came back after it was removed")
    except ERRORS as err:
        return _result(name, False, str(err))
    return _result(
        name, comment="The distribution's one-node cluster has been removed", changes=changes
    )


def hosts_authenticated(name, nodes, password=None, password_pillar=None, timeout=600):
    """
    pcs on this node may talk to the pcsd of all nodes.

    Tried until the deadline: the other nodes may still be installing. When the password of
    hacluster on this node is another than the one that the tokens were made with, they are made
    anew, also when they still work.

    name
        Anything.

    nodes
        ``{name: [addresses]}``, always all members.

    password, password_pillar
        The password of hacluster, or the place in pillar where it is (keys joined by colons).

    timeout
        Seconds.

    .. code-block:: yaml

        The hosts know each other:
          pcs.hosts_authenticated:
            - nodes: {nfs-server1: [10.10.10.11], nfs-server2: [10.10.10.12]}
            - password_pillar: hanfs:cluster:password
    """
    try:
        missing = _not_authenticated(nodes)
        renew = not missing and _tokens_are_old()
        if not missing and not renew:
            return _result(name, comment=f"Authenticated: {', '.join(nodes)}")
        if renew:
            changes = {"tokens": {"old": MASK, "new": MASK}}
        else:
            changes = {"hosts": {"old": [n for n in nodes if n not in missing], "new": list(nodes)}}
        if __opts__["test"]:
            comment = f"Hosts would have been authenticated: {', '.join(missing or nodes)}"
            return _result(name, None, comment, changes)
        conf = __salt__["pcs.corosync_conf"]()
        if conf and conf["stub"]:
            raise CommandExecutionError(
                "the distribution's one-node cluster is still here, with which pcs authenticates "
                "but stores nothing; the state pcs.stub_removed removes it"
            )
        __salt__["pcs.host_auth"](
            nodes,
            password=password,
            password_pillar=password_pillar,
            timeout=timeout,
            renew=renew,
        )
        __salt__["pcs.tokens_are_of_this_password"]()
        __context__.pop(NEW_PASSWORD, None)
        missing = [host for host in nodes if host not in __salt__["pcs.known_hosts"]()]
        if missing:
            raise CommandExecutionError(f"pcs kept no token for {', '.join(missing)}")
    except ERRORS as err:
        return _result(name, False, str(err))
    return _result(name, comment=f"Authenticated: {', '.join(nodes)}", changes=changes)


def _tokens_are_old():
    """Whether the tokens are of another password; of a cluster made by hand nobody knows."""
    outdated = __salt__["pcs.tokens_outdated"]()
    if outdated is None and not __context__.get(NEW_PASSWORD):
        if not __opts__["test"]:
            __salt__["pcs.tokens_are_of_this_password"]()
        return False
    return bool(outdated or __context__.get(NEW_PASSWORD))


def _not_authenticated(nodes):
    """
    Nodes that pcs here cannot talk to. A member of the cluster trusts its list: pcs keeps that
    up to date on members, and asking costs a process and a connection to every node.
    """
    if not isinstance(nodes, dict) or not nodes:
        raise SaltInvocationError("nodes must be a dictionary of names and lists of addresses")
    known = __salt__["pcs.known_hosts"]()
    unknown = [
        host
        for host, addresses in nodes.items()
        if host not in known or not set(known[host]) & {host, *addresses}
    ]
    if unknown or __salt__["pcs.member_of"]():
        return unknown
    answers = __salt__["pcs.hosts_authorized"](nodes)
    return [host for host in nodes if answers[host] is not True]


def cluster_online(name, nodes, timeout=600):
    """
    The cluster runs on this node: it is online, there are quorum and a coordinator (DC).

    Changes nothing: it waits, and fails with what it saw last. A new cluster gets quorum only once
    all its nodes were there (``wait_for_all``); a peer that is down later does not hold up a run,
    the comment names it.

    name
        The cluster's name.

    nodes
        ``{name: [addresses]}``, or a list of names.

    timeout
        Seconds.

    .. code-block:: yaml

        nfs-server-cluster is online:
          pcs.cluster_online:
            - name: nfs-server-cluster
            - nodes: [nfs-server1, nfs-server2]
    """
    try:
        if not nodes:
            raise SaltInvocationError("nodes must name the cluster's members")
        if __opts__["test"]:
            done, seen = _look_online(nodes)
            if done:
                return _result(name, comment=seen)
            return _result(name, None, f"Would wait until {name} is online; now: {seen}")
        seen = __salt__["pcs_wait.until"](
            timeout, f"{name} is not online", lambda: _look_online(nodes)
        )
    except ERRORS as err:
        return _result(name, False, str(err))
    return _result(name, comment=seen)


def _look_online(nodes):
    try:
        status = __salt__["pcs.status"]()
    except CommandExecutionError as err:
        return False, str(err)
    own = __salt__["pcs.local_node"](nodes)
    states = {node: _node_state(status["nodes"].get(node)) for node in nodes}
    trouble = [] if states.get(own, "online") == "online" else [f"{own} is {states[own]}"]
    if not status["dc"]:
        trouble.append("no coordinator is elected")
    if not status["quorum"]:
        trouble.append("no quorum")
    shown = "; ".join(f"{node} is {state}" for node, state in states.items())
    return not trouble, "; ".join([*trouble, shown] if trouble else [shown])


def _node_state(flags):
    if flags is None:
        return "not known to the cluster"
    if flags["unclean"]:
        return "unclean"
    if flags["pending"]:
        return "still starting"
    return "online" if flags["online"] else "offline"
