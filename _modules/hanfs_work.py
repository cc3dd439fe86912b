"""
Work on the nodes of a site, one after the other: what the runner ``hanfs`` asks of a minion

.. code-block:: bash

    salt 'nfs-server*' hanfs.gate
    salt 'nfs-server2' hanfs.work run=by-hand function=pkg.upgrade reboot=True

A part of the module ``hanfs``: Salt merges files that have one virtual name.

:depends: nothing to load; pcs, pacemaker and corosync to do something
"""

from __future__ import annotations

import _cib_siblings

_cib_siblings.load(__file__)

import _cib_minion
import _hanfs_gate
import _hanfs_record
import _hanfs_work
import _pcs_lease

_cib_siblings.same(__file__, globals())


__virtualname__ = "hanfs"


def __virtual__():
    return __virtualname__


def _machine():
    return _cib_minion.machine(__salt__, __opts__, __grains__, __pillar__, __context__)


def identity():
    """
    Which site and which of its nodes this minion is, from pillar as of its last refresh. No process
    is started.

    Returns ``{"schema_version": 1, "release": of these modules, "at": seconds since 1970, "site",
    "path": in pillar, "node", "nodes", "cluster": that this machine is in or None, "problem": why
    it is no node of one site, or None}``.

    CLI Example:

    .. code-block:: bash

        salt '*' hanfs.identity
    """
    return _hanfs_gate.identity(_machine())


def gate(run=None, fence=True):
    """
    Whether work that takes a node out of the cluster may begin on this minion's site, as this node
    sees it. Reads only.

    run
        Id of the run that asks: its own lease and its own unfinished work are no hindrance.

    fence
        Whether to ask every fencing device, too (see ``hanfs.fence_test``); it may take a minute.

    Returns what ``hanfs.identity`` does, and ``{"made": whether the cluster exists, "findings":
    [{"code", "text", "cure"}], "active_node", "boot": id of this boot, "record": as
    ``hanfs.work_state``, "feature_set": of the installed Pacemaker, "notes": [sentences]}``. It may
    begin when ``findings`` is empty. Raises SaltInvocationError for an id that is none.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server*' hanfs.gate
    """
    run = None if run is None else _pcs_lease.checked_run(run)
    return _hanfs_gate.look(_machine(), run, fence)


def work(
    run,
    function=None,
    args=None,
    kwargs=None,
    reboot=False,
    stop=True,
    lease=120,
    timeout=600,
    again=False,
    here=False,
):
    """
    Take this node out of the cluster, do some work once, bring the node back and see that the site
    is well; or go on with that where it stopped.

    run
        An id of the caller's choice, up to 64 letters, digits and ``._-``. Called again with the
        same one, it goes on with what was wished first; after the end it only tells how it ended.

    function, args, kwargs
        The work: an execution function with a list and a dict of arguments, such as
        ``pkg.upgrade`` or ``state.apply``.

    reboot
        Whether the machine is rebooted after it; ``work``: the work itself reboots it. Call this
        again when the minion is back.

    stop
        Whether the cluster is stopped here meanwhile, as work on its packages and reboots need;
        False: the node is only in standby.

    lease
        Seconds for which other runs stay away from this site; renew it with ``hanfs.lease``.

    timeout
        Seconds for each wait.

    again
        Whether what has failed in this run is tried once more; work is done from its beginning.

    here
        Whether it is done in this process, until its end. By default a service of systemd
        (``hanfs-work.service``) does it, which a restart of the minion does not end.

    Returns what ``hanfs.work_state`` does; a phase of ``failed`` is a non-zero exit code. Raises
    SaltInvocationError when work may not begin (nothing has happened then) or an argument is wrong.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server2' hanfs.work run=2026-11 function=pkg.upgrade reboot=True
        salt 'nfs-server2' hanfs.work run=7 function=cmd.run args='["/root/firmware.sh"]' stop=False
    """
    wish = _hanfs_work.checked(run, function, args, kwargs, reboot, stop, lease, timeout, again)
    return _hanfs_work.work(_machine(), wish, bool(here))


def work_state():
    """
    How far the last work on this node is, from a file; no process is started.

    Returns ``{"run": id, "phase": begun, leaving, out, working, worked, rebooting, back,
    verifying, done, failed or undone (given up), "counter": how often the work itself was begun,
    "boot": id of the boot in which, "begun", "changed": seconds since 1970, "error": why it failed,
    "says": the answer of the work, shortened, "busy": whether a process is at it now, "rebooted":
    whether the machine was booted since}``, or None if there never was any.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server*' hanfs.work_state
    """
    return _hanfs_record.told(_hanfs_record.read())


def work_forget(run):
    """
    Say that unfinished work on this node was looked after by hand, so that other runs may begin.

    run
        The id of that run, as ``hanfs.work_state`` has it.

    Returns whether there was something to forget. Raises SaltInvocationError when the record is of
    another run, or the work is still under way.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server2' hanfs.work_forget 2026-11
    """
    return _hanfs_work.forget(_pcs_lease.checked_run(run))


def lease(run, seconds=120):
    """
    Keep other runs away from this site for a time, or give that back. It is kept in the cluster, so
    any node that is online can be asked.

    run
        Id of the run.

    seconds
        For how long from now, up to 3600; 0 gives it back.

    Returns ``{"run", "node", "until": seconds since 1970}``; after ``seconds=0`` None. Raises
    CommandExecutionError when another run has it, or the cluster does not run here.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server1' hanfs.lease 2026-11 seconds=0
    """
    machine, run = _machine(), _pcs_lease.checked_run(run)
    if seconds == 0:
        _pcs_lease.release(machine, run)
        return None
    return _pcs_lease.take(
        machine, _hanfs_gate.identity(machine)["node"], run, _pcs_lease.checked_seconds(seconds)
    )
