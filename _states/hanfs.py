"""
The steps from a plain machine to a node of a highly available NFS service, as states.

Each asks what is, says what should be, does the difference once and looks again. What the cluster
runs is never touched from here: these states prepare a node, and look.

.. code-block:: yaml

    The NFS server is left to the cluster:
      hanfs.nfs_left_to_cluster:
        - name: nfs-server

:depends: the execution modules hanfs, hanfs_schema, hanfs_model, pcs and cib
"""

from __future__ import annotations

import time

import salt.utils.path
from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "hanfs"

# Seconds between two looks at something that another node or the cluster is still doing.
_PAUSE = 2
# A cluster that does nothing about its problems for this long will not do more.
_STALLED = 120


def __virtual__():
    return __virtualname__


def _ret(name):
    return {"name": name, "result": True, "changes": {}, "comment": ""}


def _failed(ret, error):
    ret["result"] = False
    ret["comment"] = "\n".join(part for part in (ret["comment"], str(error)) if part)
    return ret


def _unknown(ret, comment):
    """A dry run's answer where nothing can be known yet."""
    ret["result"] = None
    ret["comment"] = comment
    return ret


def checked(name, sites, minion_names=None, path=None, beside=None, lookup=None, known_lookup=None):
    """
    Check that exactly one site in pillar names this machine, that its pillar is right, and that it
    fits the machine. Changes nothing, also on failure.

    name
        Free text.

    sites
        The sites whose nodes name this machine: a mapping of names to sites, without their
        passwords.

    minion_names
        The names this machine was looked for by (minion id, ``host``, ``fqdn``), for the message.

    path
        Colon path of the site in pillar. Default: ``hanfs:sites:<name>`` if pillar has
        ``hanfs:sites``, else ``hanfs``.

    beside, lookup, known_lookup
        The pillar outside the sites, as ``hanfs_schema.tree_problems`` takes it.

    .. code-block:: yaml

        The site in pillar is complete and fits this machine:
          hanfs.checked:
            - sites: {{ hanfs.sites | json }}
            - minion_names: {{ hanfs.own_names | json }}
    """
    ret = _ret(name)
    try:
        outside = __salt__["hanfs_schema.tree_problems"](beside, lookup, known_lookup)
        ret["comment"] = "\n".join(outside)
        site_name, site = _only_site(sites, minion_names or [])
        path = path or _site_path(site_name)
        report = __salt__["hanfs.check"](site, path)
    except (CommandExecutionError, SaltInvocationError) as err:
        return _failed(ret, err)
    if outside or report["problems"]:
        return _failed(ret, "\n".join(report["problems"]))
    ret["comment"] = "\n".join([f"{path} is right and fits this machine", *report["notes"]])
    return ret


def _only_site(sites, minion_names):
    if not isinstance(sites, dict) or not sites:
        called = ", ".join(str(name) for name in minion_names) or "this machine"
        raise SaltInvocationError(
            f"No site in pillar names this machine ({called}). It must be a key of "
            "hanfs:sites:<site>:cluster:nodes, or of "
            f"hanfs:cluster:nodes for a single site.{_pillar_hint()}"
        )
    if len(sites) > 1:
        paths = " and ".join(f"hanfs:sites:{name}" for name in sites)
        raise SaltInvocationError(
            f"This machine is a node of more than one site: {paths}. It can be in one only"
        )
    return next(iter(sites.items()))


def _pillar_hint():
    """Why no site may have matched: what is wrong with the shape of the pillar itself."""
    tree = __pillar__.get("hanfs")
    if tree is None:
        return " There is no pillar `hanfs` for this minion at all."
    if not isinstance(tree, dict):
        return " hanfs: is not a mapping."
    if "sites" not in tree:
        shape = _shape_problem(tree, "hanfs")
        return f" {shape}" if shape else ""
    if not isinstance(tree["sites"], dict):
        return " hanfs:sites: is not a mapping of site names."
    shapes = [
        _shape_problem(site, f"hanfs:sites:{site_name}")
        for site_name, site in tree["sites"].items()
    ]
    return "".join(f" {shape}" for shape in shapes if shape)


def _shape_problem(site, path):
    for key in (None, "cluster", "nodes"):
        if key is not None:
            path = f"{path}:{key}"
            if key not in site:
                return f"{path}: missing."
            site = site[key]
        if not isinstance(site, dict):
            return f"{path}: is not a mapping."
    return ""


def _site_path(site_name):
    tree = __pillar__.get("hanfs")
    return f"hanfs:sites:{site_name}" if isinstance(tree, dict) and "sites" in tree else "hanfs"


def nfs_left_to_cluster(name, cluster=None, helpers=()):
    """
    Leave the NFS server to the cluster: not started at boot, and stopped unless this node's cluster
    runs it.

    Before there is a cluster its helpers are stopped too. The cluster's agent moves
    ``/var/lib/nfs`` to the shared file system under them, and takes one that runs for its own: an
    nfsdcld from before writes to a file that is not there any more, and after a move no client
    gets its locks back.

    name
        The unit, such as ``nfs-server``.

    cluster
        Name of the cluster, for the comment.

    helpers
        Units that the NFS server starts and leaves running, such as ``nfsdcld`` and ``rpc-statd``.

    .. code-block:: yaml

        nfs-server:
          hanfs.nfs_left_to_cluster:
            - cluster: nfs-server-cluster
            - helpers: [nfs-mountd, nfs-idmapd, nfsdcld, rpc-statd]
    """
    ret = _ret(name)
    try:
        if not __salt__["service.available"](name):
            if __opts__["test"]:
                return _unknown(ret, f"{name} would be disabled and stopped once it is installed")
            ret["comment"] = f"There is no unit {name} on this machine"
            return ret
        running = __salt__["service.status"](name)
        kept = _kept_running(cluster) if running else None
        wanted = _nfs_changes(name, helpers, running and not kept)
    except CommandExecutionError as err:
        return _failed(ret, err)
    ret["comment"] = kept or f"{name} is left to the cluster"
    if not wanted:
        return ret
    if __opts__["test"]:
        ret.update(result=None, changes=wanted)
        ret["comment"] = f"Would be done: {_nfs_told(wanted)}"
        return ret
    return _leave_nfs(ret, wanted)


_NFS_WORDS = {"enabled": "disabled at boot", "running": "stopped"}
_NFS_ACTIONS = {"enabled": "service.disable", "running": "service.stop"}


def _nfs_changes(name, helpers, stop):
    """{unit: {"enabled" or "running": {"old": True, "new": False}}} for all that has to end."""
    wanted = {}
    gone = {"old": True, "new": False}
    if __salt__["service.enabled"](name):
        wanted.setdefault(name, {})["enabled"] = gone
    if stop:
        wanted.setdefault(name, {})["running"] = gone
    if __salt__["pcs.member_of"]() is None:
        for unit in helpers:
            if __salt__["service.status"](unit):
                wanted[unit] = {"running": gone}
    return wanted


def _nfs_told(wanted):
    return "; ".join(
        f"{unit} {' and '.join(_NFS_WORDS[key] for key in keys)}" for unit, keys in wanted.items()
    )


def _leave_nfs(ret, wanted):
    for unit, keys in wanted.items():
        for key, change in keys.items():
            try:
                done = __salt__[_NFS_ACTIONS[key]](unit)
            except CommandExecutionError as err:
                return _failed(ret, err)
            if not done:
                return _failed(ret, f"{unit} could not be {_NFS_WORDS[key]}")
            ret["changes"].setdefault(unit, {})[key] = change
    ret["comment"] = f"Done: {_nfs_told(wanted)}"
    return ret


def _kept_running(cluster):
    """Why a running NFS server must be left running; None if it runs outside the cluster."""
    if __salt__["pcs.member_of"]() is None:
        return None
    if __salt__["hanfs.nfs_state_is_shared"]():
        return "The NFS server is run by the cluster: its state is on the shared file system"
    try:
        status = __salt__["pcs.status"]()
    except CommandExecutionError:
        # Without Pacemaker nobody knows whose it is (a cluster stopped in maintenance mode leaves
        # its resources running).
        return "The NFS server runs, and was left alone: this node's cluster does not answer"
    if status["maintenance_mode"]:
        return "The NFS server runs, and was left alone: the cluster is in maintenance mode"
    own = __salt__["hanfs.own_name"]()
    for resource_id, item in status["resources"].items():
        if not str(item["agent"]).endswith(":nfsserver"):
            continue
        if own in item["nodes"] or item.get("pending") or not item.get("managed", True):
            return f"The NFS server is run by the cluster {cluster or ''} ({resource_id})".replace(
                "  ", " "
            )
    return None


def nodes_ready(name, site, timeout=600):
    """
    On every run: make sure that this node has the shared file system mounted nowhere but where
    the cluster mounts it. Before there is a cluster: wait until every peer's pcsd answers on every
    link, and make sure that it is not mounted at all. Changes nothing. Once this node is a member
    no peer is asked: one that is down must not stop a run here.

    name
        Free text.

    site
        The site as it stands in pillar.

    timeout
        Seconds to wait for the peers.
    """
    ret = _ret(name)
    try:
        foreign = __salt__["hanfs.foreign_mounts"](site)
        if foreign:
            return _failed(ret, "\n".join(foreign))
        if __salt__["pcs.member_of"]() is not None:
            ret["comment"] = "This node is a member of its cluster already"
            return ret
        deadline = time.monotonic() + timeout
        missing = __salt__["hanfs.unready"](site)
        while missing and not __opts__["test"] and time.monotonic() < deadline:
            time.sleep(_PAUSE)
            if __salt__["pcs.member_of"]() is not None:
                missing = []
                break
            missing = __salt__["hanfs.unready"](site)
    except (CommandExecutionError, SaltInvocationError) as err:
        return _failed(ret, err)
    if missing and __opts__["test"]:
        return _unknown(
            ret,
            f"Would wait up to {timeout} s until this is not so any more:\n" + "\n".join(missing),
        )
    if missing:
        return _failed(ret, f"Waited {timeout} s in vain:\n" + "\n".join(missing))
    ret["comment"] = "Every node answers on every link"
    return ret


def agents_known(name, site, path="hanfs"):
    """
    Before there is a cluster: check that the resource agents that the site needs are installed and
    know the options they are given. Changes nothing. Once this node is a member
    ``hanfs.configured`` checks what it changes.

    name
        Free text.

    site
        The site as it stands in pillar, its secrets taken out or not.

    path
        Colon path of the site in pillar.
    """
    ret = _ret(name)
    try:
        if __salt__["pcs.member_of"]() is not None:
            ret["comment"] = "This node is a member of its cluster already"
            return ret
        if __opts__["test"] and not salt.utils.path.which("crm_resource"):
            return _unknown(
                ret, "Which resource agents there are cannot be known before pacemaker is installed"
            )
        found = __salt__["cib.validate"](__salt__["hanfs.description"](site, path))
    except (CommandExecutionError, SaltInvocationError) as err:
        return _failed(ret, err)
    if found:
        return _failed(ret, "\n".join(found))
    ret["comment"] = "The resource agents know all that the site asks of them"
    return ret


def configured(name, site, path="hanfs"):
    """
    Compile the site and bring the cluster's configuration in line with it (``pcs.configured`` does
    the work). Warns while there is no fencing.

    name
        Free text.

    site
        The site as it stands in pillar, its secrets taken out or not.

    path
        Colon path of the site in pillar.
    """
    ret = _ret(name)
    try:
        description = __salt__["hanfs.description"](site, path)
        warnings = __salt__["hanfs.warnings"](site)
        settle = (site.get("timeouts") or {}).get("settle", 600)
        ret = __states__["pcs.configured"](
            name,
            wait=settle,
            allow_disruption=site.get("allow_disruption", False),
            **description,
        )
    except (CommandExecutionError, SaltInvocationError) as err:
        return _failed(ret, err)
    ret["comment"] = "\n".join(
        [ret["comment"], *warnings] if isinstance(ret["comment"], str) else warnings
    )
    return ret


def healthy(name, site, timeout=600):
    """
    Wait until the cluster is idle and the service is there: every resource on exactly one node,
    nothing failed, quorum, all nodes online, fencing as asked, the address and the file system
    where the cluster says. Changes nothing.

    Fails at the deadline, or earlier if the cluster does nothing about its problems any more, with
    what it last saw.

    name
        Free text.

    site
        The site as it stands in pillar.

    timeout
        Seconds to wait.
    """
    ret = _ret(name)
    try:
        report = _wait_for_health(site, timeout)
        warnings = __salt__["hanfs.warnings"](site)
    except (CommandExecutionError, SaltInvocationError) as err:
        if __opts__["test"]:
            return _unknown(
                ret, f"The service's health cannot be known before the cluster runs: {err}"
            )
        return _failed(ret, err)
    lines = report["problems"] + report["notes"] + warnings
    if report["healthy"]:
        ret["comment"] = "\n".join(
            [f"The service is healthy; it runs on {report['active_node']}", *lines]
        )
    elif __opts__["test"]:
        _unknown(ret, f"Not healthy now; would wait up to {timeout} s:\n" + "\n".join(lines))
    else:
        _failed(ret, f"Not healthy after {report['waited']} s:\n" + "\n".join(lines))
    return ret


def _wait_for_health(site, timeout):
    start = last_news = time.monotonic()
    before = None
    while True:
        try:
            report, error = __salt__["hanfs.health"](site), None
        except CommandExecutionError as err:
            report, error = None, err
        now = time.monotonic()
        # Something happens: the deadline counts. Nothing happens any more: no use in waiting for
        # it.
        seen = report["problems"] if report else str(error)
        if seen != before or (report and report["busy"]):
            before, last_news = seen, now
        finished = __opts__["test"] or now - start >= timeout or now - last_news >= _STALLED
        if report and (report["healthy"] or finished):
            return {**report, "waited": int(now - start)}
        if error and finished:
            raise error
        time.sleep(_PAUSE)
