"""
One site of the NFS service, seen from one of its nodes: check it, compile it, say whether it is
healthy, look for what an expert would object to, test its fencing.

:depends: nothing to load; pcs, pacemaker and corosync for ``health`` and fencing
"""

from __future__ import annotations

import salt.pillar
import salt.utils.args
from salt.exceptions import SaltClientError

import _cib_siblings

_cib_siblings.load(__file__)

import _cib_minion
import _hanfs_check
import _hanfs_drift_report
import _hanfs_fence_drill
import _hanfs_fence_test
import _hanfs_health_report
import _hanfs_here
import _hanfs_lint
import _hanfs_metrics
import _hanfs_states
import _hanfs_storage

_cib_siblings.same(__file__, globals())


__virtualname__ = "hanfs"
__outputter__ = {"lint": "yaml"}


def __virtual__():
    return __virtualname__


def _machine(test=None):
    return _cib_minion.machine(__salt__, __opts__, __grains__, __pillar__, __context__, test)


def _refresh_pillar():
    """
    Pillar as it is now, for this job, secrets too. The minion itself keeps what it had at its last
    refresh, in which a site that was just written would not be there, and have no findings.
    """
    if __opts__.get("file_client") != "remote" or "_ssh_version" in __opts__:
        return
    try:
        fresh = salt.pillar.get_pillar(
            __opts__, dict(__grains__), __opts__["id"], pillarenv=__opts__.get("pillarenv")
        ).compile_pillar()
    except SaltClientError:
        return
    # All of it: references of ``cluster_config`` lead anywhere.
    __pillar__.pop("hanfs", None)
    __pillar__.update(fresh)


def check(site, path="hanfs", password_pillar=None):
    """
    Check a site's pillar, and if that is right whether it fits this machine. Reads only (and asks
    the network, by ARP, who has the virtual address).

    site
        The site as it stands in pillar; ``cluster:password`` may have been taken out.

    path
        Colon path of the site in pillar, for the messages.

    password_pillar
        Colon path of the cluster password in pillar; default ``<path>:cluster:password``.

    Returns ``{"problems": [...], "notes": [...]}``, lists of sentences; the machine is only looked
    at if the pillar is right.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs.check '{...}' hanfs:sites:athens
    """
    return _hanfs_check.check(_machine(), site, path, password_pillar)


def description(site, path="hanfs"):
    """
    The description of a site's cluster.

    site
        The site as it stands in pillar.

    path
        Colon path of the site in pillar, where the secrets of fencing devices are looked up.

    Returns the description that ``cib.plan`` and ``pcs.configured`` take. Raises
    SaltInvocationError if the site is wrong.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs.description "$(salt-call --out=json ...)"
    """
    return _hanfs_here.description(_machine(), site, path)


def health(site=None, path=None):
    """
    Whether the service runs as it should, seen from this node: for people, monitors and the
    minion's scheduler. Changes nothing. Two of the cluster's own commands at most (one crm_mon, one
    corosync-cfgtool), on the node that runs the service one systemctl, ten seconds in all; what has
    not answered by then is unknown.

    site
        The site as it stands in pillar. Default: the one in pillar that names this machine.

    path
        Colon path of the site in pillar, if ``site`` is given.

    Returns ``{"schema_version": 1, "site": its path, "node": this one, "time": Unix time, "code": 0
    ok, 1 warning, 2 critical or 3 unknown, "summary": one line, "findings": [the worst first],
    "healthy": whether the code is 0, "problems": [sentences], "notes": [sentences], "active_node":
    the node that has the service, or None, "busy": whether the cluster is still doing
    something}``. A finding is ``{"code", "severity": critical, unknown, warning or fact, "check",
    "text", "cure"}``; docs/health.md has them all. Whatever goes wrong is a finding, too. The exit
    code of the call is 0 if ``code`` is.

    CLI Example:

    .. code-block:: bash

        salt '*' hanfs.health
    """
    if site is None and "hanfs" not in __pillar__:
        _refresh_pillar()
    machine = _machine()
    found = _hanfs_health_report.report(machine, site, path)
    machine.kept["retcode"] = found["code"]
    return found


def metrics(path=None):
    """
    The health of this machine's site as metrics of Prometheus: one look of ``hanfs.health``, 18
    series for each node.

    path
        File for node_exporter's textfile collector, ``NAME.prom`` in its directory; it is replaced
        at once. Default: only returned.

    Returns the text. Raises CommandExecutionError if the file cannot be written.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server*' hanfs.metrics /var/lib/prometheus/node-exporter/hanfs.prom
    """
    if "hanfs" not in __pillar__:
        _refresh_pillar()
    text = _hanfs_metrics.text(_hanfs_health_report.report(_machine()))
    if path is not None:
        _hanfs_metrics.write(path, text)
    return text


def drift():
    """
    What ``state.apply hanfs`` would change on this node and in its cluster, as data. It is a dry
    run, by the states themselves, and costs what one costs; changes nothing. Needs a master, or a
    masterless minion: under salt-ssh use ``state.apply hanfs test=True``.

    Returns ``{"schema_version": 1, "site": its path, "node": this one, "time": Unix time, "code": 0
    no drift, 2 drift, 1 it cannot be known, "summary": one line, "drift": [{"path", "have", "want",
    "cause", "disrupts"}], "errors": [sentences], "unknown": [sentences]}``; secrets are masked. The
    cause is ``cluster`` (somebody changed it there, or on the node), ``pillar`` (it was changed
    since the last run), ``both`` or ``unknown`` (before the first run that recorded what it
    applied); ``disrupts`` is what the scheduler would do to resources, as sentences. The exit code
    of the call is ``code``.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server*' hanfs.drift
    """
    _refresh_pillar()
    machine = _machine()
    found = _hanfs_drift_report.report(machine)
    machine.kept["retcode"] = found["code"]
    return found


def lint(site=None, path=None):
    """
    Look for everything about this node and its site that an expert would object to. Changes
    nothing.

    site
        The site as it stands in pillar. Default: the one in pillar that names this machine.

    path
        Colon path of the site in pillar, if ``site`` is given.

    Returns a list of findings, the worst first: ``{"code", "severity", "title", "found": [where
    and what], "reason": why it matters, "cure"}``; one that pillar accepts has ``accepted`` as
    well, the reason for it. Empty on a machine whose pillar has no ``hanfs``. Raises
    SaltInvocationError if not exactly one site names this machine.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server*' hanfs.lint
    """
    if site is None:
        _refresh_pillar()
        if "hanfs" not in __pillar__:
            return []
    return _hanfs_lint.lint(_machine(), site, path)


def fence_test(device=None, node=None, timeout=_hanfs_fence_test.LIMIT):
    """
    Ask every fencing device of the running cluster, from this node, for the state of every node
    that it may fence. Nothing is fenced, and nothing is written. Secrets go to the agents by
    standard input.

    device, node
        Only this device, or this node.

    timeout
        Seconds that an agent may take to answer.

    Returns ``{"result": bool, "devices": {id: {"agent": ..., "nodes": {node: {"result": bool,
    "says": ...}}}}, "watchdog": what SBD's watchdog is like, if the cluster uses SBD, "problems":
    [sentences], "notes": [sentences]}``. A problem is a non-zero exit code of the call. Raises
    SaltInvocationError for a timeout that is none, CommandExecutionError if the cluster does not
    run here or has no such node or device.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server*' hanfs.fence_test
        salt 'nfs-server1' hanfs.fence_test node=nfs-server2
    """
    return _hanfs_fence_test.fence_test(_machine(), device, node, timeout)


def fence_drill(node, confirm=None, active=False, action="reboot", timeout=600):
    """
    Fence a node on purpose, through the cluster, and tell what happened and how long it took. The
    node loses its power (or its disk) without any warning.

    Refused while the cluster has no quorum, is not settled or somebody works on it; while the
    other nodes could not take over; while ``hanfs.fence_test`` finds a problem with fencing that
    node; from the node itself; and on the node that runs the service unless that is said.

    node
        The node to fence. Call this on another one.

    confirm
        The node's name once more.

    active
        Whether it may be the node that runs the service: the service stops until the other node has
        taken it over.

    action
        ``reboot``, or ``off``: then it has to be switched on by hand.

    timeout
        Seconds for everything: until the node is fenced, the service runs elsewhere and the node,
        if it was rebooted, is back in the cluster.

    Returns ``{"result": bool, "node": ..., "action": ..., "by": the node that did it, "moved":
    [resources], "seconds": {"fenced": s, "service": s or None, "back": s or None}, "problems":
    [sentences]}``; the seconds count from the beginning. Raises SaltInvocationError with every
    reason when it is refused; nothing has happened then.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server1' hanfs.fence_drill nfs-server2 confirm=nfs-server2
        salt 'nfs-server2' hanfs.fence_drill nfs-server1 confirm=nfs-server1 active=True
    """
    return _hanfs_fence_drill.fence_drill(_machine(), node, confirm, active, action, timeout)


def vacant(path):
    """
    Why something that is about to be written to a whole device, such as SBD's header, would be
    written over something: it carries a signature of whatever kind or data that nothing explains,
    has partitions, is mounted, held or open for writing, is swap, or read-only. Reads only, and
    tries for a moment to have the device for itself.

    path
        The device.

    Returns a sentence that names the device and what to do; None if it is empty and free. Raises
    CommandExecutionError if it cannot be looked at.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs.vacant /dev/disk/by-id/sbd
    """
    return _hanfs_storage.vacant(_machine(), path)


def converge(what, name, test=None, **wanted):
    """
    Do what a state of this name does: compare, change what differs, and look again. States call it,
    so that all that thinks is in the library behind this module.

    what
        The state, such as ``storage_ready``.

    name
        The state's name.

    test
        Whether to say only what would be done. Default: as the minion is configured.

    Every other argument is the state's. Returns what a state does. Raises SaltInvocationError when
    there is no such state.

    CLI Example:

    .. code-block:: bash

        salt '*' hanfs.converge unit_off nfs-server test=True
    """
    wanted = salt.utils.args.clean_kwargs(**wanted)
    return _hanfs_states.converge(_machine(test), what, name, **wanted)
