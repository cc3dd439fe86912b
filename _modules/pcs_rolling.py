"""
Restarting the nodes of a cluster one after the other, never two at once

Before a node is stopped all others are online and there is quorum, and what it ran runs elsewhere.
The next one comes only when it is a member again. The names of those left to do stand in the lock
of ``pcs_lock``, so that a run that was cut off is completed.
"""

from salt.exceptions import CommandExecutionError

START = 300


def __virtual__():
    return True


def problems(status, members):
    """
    Why no node may be restarted now, as sentences; none when all is well. Plain data, nothing run.

    status
        What ``pcs.status`` says.

    members
        Names of the cluster's nodes.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs_rolling.problems "$STATUS" '[nfs-server1, nfs-server2]'
    """
    sentences = []
    if not status["quorum"]:
        sentences.append("the cluster has no quorum")
    if status["maintenance_mode"]:
        sentences.append("the cluster is in maintenance: somebody works on it")
    for name in members:
        flags = status["nodes"].get(name)
        if not flags or not flags["online"] or flags["pending"] or flags["unclean"]:
            sentences.append(f"{name} is not online")
        elif flags["maintenance"]:
            sentences.append(f"{name} is in maintenance: somebody works on it")
    return sentences


def order(status, names):
    """
    Nodes in the order to restart them: those that run the least first, so that little moves twice.

    status
        What ``pcs.status`` says.

    names
        Names of the nodes.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs_rolling.order "$STATUS" '[nfs-server1, nfs-server2]'
    """
    load = dict.fromkeys(names, 0)
    for entry in status["resources"].values():
        for node in entry["nodes"]:
            if entry["active"] and not entry["clone"] and node in load:
                load[node] += 1
    return sorted(names, key=lambda name: (load[name], name))


def restart(local, members, pending, purpose, timeout=600):
    """
    Restart the cluster on the nodes ``pending``; the lock is held by this node.

    local
        Name of this node.

    members
        Names of all nodes.

    pending
        Names of the nodes to restart.

    purpose
        What for; stands in the lock.

    timeout
        Seconds for each wait: until the others are well, resources have moved, the node is back.

    Returns the names in the order in which they were restarted. Raises CommandExecutionError when
    the next one may not be stopped; the lock keeps the names of those left.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server1' pcs_rolling.restart nfs-server1 '[nfs-server1, nfs-server2]' \\
            '[nfs-server2]' 'a test'
    """
    left, done = list(pending), []
    _start_again(left)
    while left:
        _wait_until_well(members, timeout)
        node = order(__salt__["pcs.status"](), left)[0]
        if left[0] != node:
            left = [node, *(name for name in left if name != node)]
            __salt__["pcs_lock.keep"](local, purpose, left)
        __salt__["pcs.node_relieve"](node, timeout)
        try:
            __salt__["pcs.cluster_stop"](node)
        except CommandExecutionError:
            if _is_online(node):
                __salt__["pcs.node_relieved_no_more"](node)
            raise
        __salt__["pcs.cluster_start"](node, wait=START)
        _wait_until_well(members, timeout)
        left.remove(node)
        done.append(node)
        __salt__["pcs_lock.keep"](local, purpose, left)
    return done


def _start_again(left):
    """The first of those left may have been stopped, and not started, by a run that was cut off."""
    flags = __salt__["pcs.status"]()["nodes"].get(left[0]) if left else None
    if flags and not any(flags[name] for name in ("online", "pending", "unclean")):
        __salt__["pcs.cluster_start"](left[0], wait=START)


def _is_online(node):
    try:
        flags = __salt__["pcs.status"]()["nodes"].get(node)
    except CommandExecutionError:
        return False
    return bool(flags and flags["online"])


def _wait_until_well(members, timeout):
    def look():
        try:
            sentences = problems(__salt__["pcs.status"](), members)
        except CommandExecutionError as err:
            return False, str(err)
        return not sentences, "; ".join(sentences) or "all online"

    __salt__["pcs_wait.until"](timeout, "the cluster was not well enough to restart a node", look)
