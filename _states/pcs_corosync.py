"""
The state of corosync's settings on a cluster that exists

Part of the states ``pcs``; Salt's loader takes the files of one virtual name together.
"""

from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "pcs"

ERRORS = (CommandExecutionError, SaltInvocationError)
PURPOSE = "corosync's settings"


def __virtual__():
    return __virtualname__


def _result(name, result=True, comment="", changes=None):
    return {"name": name, "result": result, "comment": comment, "changes": changes or {}}


def corosync_configured(
    name,
    totem=None,
    quorum=None,
    transport_options=None,
    compression=None,
    crypto=None,
    links=None,
    nodes=None,
    restart_nodes=False,
    timeout=600,
):
    """
    Corosync's settings are as described; what is not described stays as it is.

    Run it on all nodes or on any: one makes the change, under a lock that all members share. What
    corosync reads again is changed while it runs. What it reads only at its start needs
    ``restart_nodes``: then the new corosync.conf goes to all nodes, and each is relieved of its
    resources, stopped, started and a member again before the next. Both nodes are never stopped
    at once: what cannot be changed in that way is an error that says what to do.
    ``pcs_options.table`` tells which option is of which kind.

    name
        The cluster's name.

    totem, quorum, transport_options, compression, crypto
        Options of these sections by name. None as value takes an option away.

    links
        List of dictionaries with the options of each link, in the order of addresses. A link's
        options are changed by taking it away and adding it again while another link is there.

    nodes
        ``{name: [addresses]}`` of all members: one link per address. Links are added, replaced one
        at a time and removed so that these are the addresses. None leaves them as they are.

    restart_nodes
        Whether nodes may be restarted, one after the other.

    timeout
        Seconds for each wait.

    .. code-block:: yaml

        nfs-server-cluster's corosync is slow to give up:
          pcs.corosync_configured:
            - name: nfs-server-cluster
            - totem: {token: 10000}
            - quorum: {wait_for_all: true}
            - restart_nodes: true
    """
    sections = {
        "totem": totem,
        "quorum": quorum,
        "transport_options": transport_options,
        "compression": compression,
        "crypto": crypto,
    }
    try:
        wanted = _Wanted(sections, links, nodes)
        conf = __salt__["pcs.corosync_conf"]()
        if conf is None or conf["stub"]:
            return _no_cluster(name)
        if conf["cluster_name"] != name:
            raise CommandExecutionError(
                f"this node is in the cluster {conf['cluster_name']}, not in {name}"
            )
        runs = _status() is not None
        plan = wanted.plan(conf)
        left = _left_to_restart() if runs else []
        changes = _changes(plan, conf, left, runs)
        if not changes:
            return _result(name, comment=f"Corosync of {name} is as described")
        if runs and (plan["restart"] or left) and not restart_nodes:
            raise CommandExecutionError(
                f"{_what(plan, left)} needs the nodes restarted one after the other: say "
                "'restart_nodes: true'; nothing was changed"
            )
        if __opts__["test"]:
            return _result(name, None, f"Would have been changed: {_what(plan, left)}", changes)
        if runs:
            _change_running(wanted, conf, timeout)
        else:
            # pcs makes sure that the cluster runs on no other node
            _change_stopped(plan)
        rest = wanted.plan(__salt__["pcs.corosync_conf"]())
        if rest["changes"]:
            raise CommandExecutionError(f"corosync.conf still differs: {_what(rest, [])}")
    except ERRORS as err:
        return _result(name, False, str(err))
    return _result(name, comment=f"Changed: {_what(plan, left)}", changes=changes)


def _no_cluster(name):
    if __opts__["test"]:
        return _result(name, None, "What would be changed cannot be known before the cluster is")
    return _result(name, False, "This node is in no cluster")


class _Wanted:
    """What is described, as texts."""

    def __init__(self, sections, links, nodes):
        normalised = __salt__["pcs_options.normalised"]
        self.sections = {name: normalised(name, options) for name, options in sections.items()}
        if links is not None and not isinstance(links, (list, tuple)):
            raise SaltInvocationError("links must be a list of dictionaries, one per address")
        self.links = [
            normalised("links", link, f"links, number {number}")
            for number, link in enumerate(links or [])
        ]
        self.nodes = None if nodes is None else __salt__["pcs_arguments.checked_nodes"](nodes)

    def plan(self, conf):
        plan = __salt__["pcs_corosync_plan.plan"](conf, self.sections, self.links, self.nodes)
        if plan["problems"]:
            raise CommandExecutionError("; ".join(plan["problems"]))
        return plan


def _status():
    try:
        return __salt__["pcs.status"]()
    except CommandExecutionError:
        return None


def _left_to_restart():
    """Nodes that a run which was cut off did not get to."""
    holder = __salt__["pcs_lock.holder"]()
    return holder["pending"] if holder and holder["purpose"] == PURPOSE else []


def _changes(plan, conf, left, runs):
    changes = dict(plan["changes"])
    if runs and (plan["restart"] or left):
        nodes = sorted(conf["nodes"] if plan["restart"] else left)
        changes["restarts"] = {"old": None, "new": nodes}
    return changes


def _what(plan, left):
    parts = [__salt__["pcs_corosync_plan.told"](plan)]
    if left and not plan["restart"]:
        parts.append(f"a restart of {', '.join(left)} that an earlier run did not get to")
    return "; ".join(part for part in parts if part)


def _change_stopped(plan):
    for step in plan["steps"]:
        _link_step(step)
    for sections in (plan["live"], plan["restart"]):
        if sections:
            __salt__["pcs.corosync_update"](sections)


def _change_running(wanted, conf, timeout):
    local = __salt__["pcs.local_node"](conf["nodes"])
    pending = __salt__["pcs_lock.take"](local, PURPOSE, timeout, resume=True)
    try:
        # another node may have done it while this one waited for the lock
        conf = __salt__["pcs.corosync_conf"]()
        plan = wanted.plan(conf)
        if plan["live"]:
            __salt__["pcs.corosync_update"](plan["live"])
        for step in plan["steps"]:
            _wait_for_links(timeout, without=step[1])
            _link_step(step)
        if plan["steps"]:
            _wait_for_links(timeout)
        if plan["restart"]:
            _refuse_restarts(conf)
            # the lock says first that all will have to be restarted
            earlier, pending = pending, list(conf["nodes"])
            __salt__["pcs_lock.keep"](local, PURPOSE, pending)
            before = __salt__["pcs.corosync_conf"]()
            try:
                __salt__["pcs.corosync_spread"](plan["restart"])
            except CommandExecutionError:
                # pcs refused: unless our own file is the new one, nothing was changed
                if __salt__["pcs.corosync_conf"]() == before:
                    pending = earlier
                    __salt__["pcs_lock.keep"](local, PURPOSE, pending)
                raise
        elif pending:
            __salt__["pcs.corosync_sync"]()
        if pending:
            __salt__["pcs_rolling.restart"](local, list(conf["nodes"]), pending, PURPOSE, timeout)
            pending = []
    finally:
        # one that has nodes left to restart is kept: the next run completes it
        if not pending:
            __salt__["pcs_lock.release"](own=True)


def _refuse_restarts(conf):
    unfit = __salt__["pcs_rolling.problems"](__salt__["pcs.status"](), list(conf["nodes"]))
    if unfit:
        raise CommandExecutionError(f"no node may be restarted now: {'; '.join(unfit)}")


def _link_step(step):
    action, number, addresses, options = step
    if action == "add":
        __salt__["pcs.link_add"](number, addresses, options)
    else:
        __salt__["pcs.link_remove"](number)


def _wait_for_links(timeout, without=None):
    """Wait until every link but one connects all nodes: one is touched only beside a good one."""

    def look():
        links = __salt__["pcs.links_connected"]()
        down = [
            number for number, connected in links.items() if not connected and number != without
        ]
        return bool(links) and not down, f"links that do not connect all nodes: {', '.join(down)}"

    __salt__["pcs_wait.until"](timeout, "the links were not all connected", look)
