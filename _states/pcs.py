"""
States of the cluster layer: pcs's account, authenticated hosts, the cluster itself

A state asks what is, says what should be, shows the difference, does it once, and looks again.
With ``test=True`` nothing is written, also on a machine where pcs is not installed yet.

On Salt 3006 and 3007 this takes the place of the built-in state module of the same name.

:depends: the execution modules pcs, pcs_argv, pcs_files, pcs_setup, pcs_status and pcs_stub
"""

import time

from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "pcs"

MASK = "XXX-REDACTED-XXX"
ERRORS = (CommandExecutionError, SaltInvocationError)
# Looking at a file or asking crm_mon costs little; a try of pcs starts processes on every node.
PAUSE = 2
PAUSE_BETWEEN_SETUPS = 10
# When a node that waits begins to ask whether a setup was cut off before it got its file, and
# how often. Earlier it would only slow a setup that is under way.
ASK_AFTER = 60
ASK_EVERY = 30
NOT_INSTALLED = "cannot be known before pcs is installed"


def __virtual__():
    return __virtualname__


def _result(name, result=True, comment="", changes=None):
    return {"name": name, "result": result, "comment": comment, "changes": changes or {}}


def _wait(timeout, what, look, longest=PAUSE):
    """
    Call ``look()`` until it is done, at most ``longest`` seconds apart; it returns ``(done, what
    it saw)``.

    Returns what was seen. Raises CommandExecutionError with it at the deadline.
    """
    deadline = time.monotonic() + timeout
    pause = 1
    while True:
        done, seen = look()
        if done:
            return seen
        left = deadline - time.monotonic()
        if left <= 0:
            raise CommandExecutionError(f"{what} within {timeout} seconds; last seen: {seen}")
        time.sleep(min(pause, left))
        pause = min(pause * 2, longest)


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

    Tried until the deadline: the other nodes may still be installing.

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
        if not missing:
            return _result(name, comment=f"Authenticated: {', '.join(nodes)}")
        changes = {"hosts": {"old": [n for n in nodes if n not in missing], "new": list(nodes)}}
        if __opts__["test"]:
            return _result(
                name, None, f"Hosts would have been authenticated: {', '.join(missing)}", changes
            )
        conf = __salt__["pcs.corosync_conf"]()
        if conf and conf["stub"]:
            raise CommandExecutionError(
                "the distribution's one-node cluster is still here, with which pcs authenticates "
                "but stores nothing; the state pcs.stub_removed removes it"
            )
        __salt__["pcs.host_auth"](
            nodes, password=password, password_pillar=password_pillar, timeout=timeout
        )
        missing = [host for host in nodes if host not in __salt__["pcs.known_hosts"]()]
        if missing:
            raise CommandExecutionError(f"pcs kept no token for {', '.join(missing)}")
    except ERRORS as err:
        return _result(name, False, str(err))
    return _result(name, comment=f"Authenticated: {', '.join(nodes)}", changes=changes)


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


def cluster_created(name, nodes, creator, timeout=600, totem=None, transport=None, links=None):
    """
    This node is a member of the cluster.

    One node creates the cluster, the others wait until they are members. A setup that was cut
    off half-way is completed by whichever node misses its part. An existing cluster of another
    name or with other nodes is an error and is not touched.

    name
        The cluster's name.

    nodes
        ``{name: [addresses]}``, one address per link.

    creator
        Name of the node that creates.

    timeout
        Seconds to wait for the other nodes, or for the creator.

    totem, transport, links
        As ``pcs.cluster_setup`` takes them; used when the cluster is created.

    .. code-block:: yaml

        nfs-server-cluster:
          pcs.cluster_created:
            - nodes:
                nfs-server1: [10.10.10.11, 192.168.16.11]
                nfs-server2: [10.10.10.12, 192.168.16.12]
            - creator: nfs-server1
    """
    try:
        _check_members(nodes, creator)
        local = __salt__["pcs.local_node"](nodes)
        conf = __salt__["pcs.corosync_conf"]()
        if conf and not conf["stub"]:
            _refuse_other(conf, name, nodes)
            ret = _result(name, comment=f"{local} is a member of {name}")
            return _with_warnings(ret, conf, totem)
        changes = {"cluster": {"old": None, "new": name}, "nodes": {"old": None, "new": nodes}}
        if __opts__["test"]:
            how = "created" if local == creator else f"joined once {creator} has created it"
            return _result(name, None, f"The cluster would have been {how}", changes)
        if conf:
            raise CommandExecutionError(
                "the distribution's one-node cluster is still here; the state pcs.stub_removed "
                "removes it"
            )
        if local == creator:
            others = [node for node in nodes if node != local]
            setup = {"totem": totem, "transport": transport, "links": links}
            _wait(
                timeout,
                f"the cluster {name} could not be created",
                lambda: _try_create(name, nodes, others, setup),
                PAUSE_BETWEEN_SETUPS,
            )
            comment = f"The cluster {name} has been created"
        else:
            _wait(
                timeout,
                f"{creator} has not made this node a member of {name}",
                _Joining(name, nodes, creator),
            )
            comment = f"{local} has become a member of {name}"
        conf = __salt__["pcs.corosync_conf"]()
        if conf is None:
            raise CommandExecutionError("there is no corosync.conf after the cluster was created")
        _refuse_other(conf, name, nodes)
    except ERRORS as err:
        return _result(name, False, str(err))
    return _result(name, comment=comment, changes=changes)


def _check_members(nodes, creator):
    if not isinstance(nodes, dict) or not nodes:
        raise SaltInvocationError("nodes must be a dictionary of names and lists of addresses")
    if creator not in nodes:
        raise SaltInvocationError(f"the creator {creator} is none of the nodes {', '.join(nodes)}")


def _refuse_other(conf, name, nodes, where="this node"):
    """Raise when ``conf`` is of another cluster than the one wanted."""
    found = f"{conf['cluster_name']} ({', '.join(sorted(conf['nodes']))})"
    wanted = f"{name} ({', '.join(sorted(nodes))})"
    if conf["cluster_name"] != name or set(conf["nodes"]) != set(nodes):
        raise CommandExecutionError(
            f"{where} is in the cluster {found}, not in {wanted}; an existing cluster is never "
            "touched: leave it by hand ('pcs cluster destroy', 'pcs cluster node remove') or "
            "correct pillar"
        )
    for node, addresses in nodes.items():
        present = conf["nodes"][node]
        # with pcs 0.9 the name stands in the place of the first address
        if present != addresses and [node, *addresses[1:]] != present:
            raise CommandExecutionError(
                f"in the cluster {name} the addresses of {node} are {', '.join(present)}, not "
                f"{', '.join(addresses)}; links of an existing cluster are changed by hand "
                "('pcs cluster link')"
            )


def _with_warnings(ret, conf, totem):
    """Options of corosync are set when a cluster is created; later differences are told."""
    for key, value in (totem or {}).items():
        present = conf["totem"].get(key)
        if isinstance(value, bool):
            value = "yes" if value else "no"
        if present != str(value):
            ret.setdefault("warnings", []).append(
                f"corosync's {key} is {present or 'not set'}, pillar says {value}; change it with "
                f"'pcs cluster config update totem {key}={value}'"
            )
    return ret


def _try_create(name, nodes, others, setup):
    """One try of the creator, which may also find that an earlier run had almost done it."""
    conf = __salt__["pcs.corosync_conf"]()
    if conf:
        _refuse_other(conf, name, nodes)
        return True, "corosync.conf"
    try:
        __salt__["pcs.cluster_setup"](nodes, pcsclustername=name, **setup)
        return True, "set up"
    except CommandExecutionError as err:
        refusal = str(err)
    for other in others:
        try:
            theirs = __salt__["pcs_setup.conf_of"](other)
        except CommandExecutionError as err:
            return False, f"{refusal}; {err}"
        if theirs is None or theirs["stub"]:
            continue
        _refuse_other(theirs, name, nodes, where=other)
        __salt__["pcs_setup.adopt"](other, name, list(nodes))
        return True, f"corosync.conf of {other}"
    if not __salt__["pcs_setup.refusal_passes"](refusal):
        raise CommandExecutionError(refusal)
    return False, refusal


class _Joining:
    """
    One look of a node that waits to become a member.

    pcs sends corosync.conf to all nodes at once. When the creator has it for as long as we ask
    twice and we still have none, that setup was cut off, and we take the file ourselves.
    """

    def __init__(self, name, nodes, creator):
        self.name = name
        self.nodes = nodes
        self.creator = creator
        self.next_question = time.monotonic() + ASK_AFTER
        self.seen_there = False

    def __call__(self):
        try:
            conf = __salt__["pcs.corosync_conf"]()
        except CommandExecutionError as err:
            # being written at this moment
            return False, str(err)
        if conf:
            _refuse_other(conf, self.name, self.nodes)
            return True, "corosync.conf"
        if time.monotonic() >= self.next_question:
            self.next_question = time.monotonic() + ASK_EVERY
            return self._ask()
        return False, "no corosync.conf on this node"

    def _ask(self):
        if self.creator not in __salt__["pcs.known_hosts"]():
            return False, f"no corosync.conf on this node, and pcs here knows no {self.creator}"
        try:
            theirs = __salt__["pcs_setup.conf_of"](self.creator)
        except CommandExecutionError as err:
            return False, f"no corosync.conf on this node; {err}"
        if theirs is None or theirs["stub"]:
            self.seen_there = False
            return False, f"no corosync.conf on this node and none on {self.creator}"
        _refuse_other(theirs, self.name, self.nodes, where=self.creator)
        if not self.seen_there:
            self.seen_there = True
            return False, f"corosync.conf on {self.creator}, none on this node"
        __salt__["pcs_setup.adopt"](self.creator, self.name, list(self.nodes))
        return True, f"corosync.conf of {self.creator}"


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
        seen = _wait(timeout, f"{name} is not online", lambda: _look_online(nodes))
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
