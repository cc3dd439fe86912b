"""
Work on many sites in turn: roll the formula out, maintain nodes, and see how far it is

.. code-block:: bash

    salt-run saltutil.sync_runners
    salt-run hanfs.rollout 'nfs-*' canary=athens batch=10
    salt-run hanfs.maintain 'nfs-*' function=pkg.upgrade reboot=True
    salt-run hanfs.status

Minions judge (``hanfs.gate``), the master counts. Exit codes: 0 done, 1 failed, 2 refused (nothing
was begun), 3 paused. Progress goes to standard error and to the master's bus
(``hanfs/run/ID/progress``), the result to standard output.
"""

from __future__ import annotations

import sys
import time

import salt.cache
import salt.utils.jid

# A process that lives long (salt-api) must not go on with the files of an older release.
for _name in [one for one in sys.modules if one.startswith("_hanfs_fleet_")]:
    del sys.modules[_name]

import _hanfs_fleet_bus
import _hanfs_fleet_run
import _hanfs_fleet_store

RELEASE = "0.1.0"


def _store():
    return _hanfs_fleet_store.Store(salt.cache.factory(__opts__))


def _drive(run, document_of):
    """Drive the run that ``document_of(bus, store)`` returns the document of, to its end."""
    store = _store()
    with _hanfs_fleet_bus.Master(__opts__, __salt__["jobs.lookup_jid"]) as bus:

        def say(line):
            print(line, file=sys.stderr, flush=True)
            bus.tell({"run": run, "line": line}, f"hanfs/run/{run}/progress")

        try:
            document = document_of(bus, store)
        except _hanfs_fleet_run.Refused as err:
            return _refusal(run, err)
        say(f"run {run}")
        return _hanfs_fleet_run.Run(bus, store, say, document).go()


def _refusal(run, err):
    return {
        "schema_version": _hanfs_fleet_run.SCHEMA,
        "run": run,
        "state": "refused",
        "retcode": _hanfs_fleet_run.REFUSED,
        "error": str(err),
    }


def _words(value):
    """A list from ``a,b`` of a command line, or a list."""
    if value is None:
        return []
    words = value.split(",") if isinstance(value, str) else list(value)
    return [str(word).strip() for word in words]


def _new(kind, tgt, tgt_type, run, canary, batch, skip_refused, plan):
    run = str(run or salt.utils.jid.gen_jid(__opts__))

    def document(bus, store):
        minions = bus.minions(tgt, tgt_type)
        return _hanfs_fleet_run.begin(
            store, kind, run, minions, plan, _words(canary), batch, skip_refused, time.time()
        )

    return _drive(run, document)


def rollout(
    tgt,
    tgt_type="glob",
    canary=None,
    batch=1,
    stable=60,
    timeout=1800,
    test=False,
    fence=True,
    skip_refused=False,
    run=None,
):
    """
    Apply the formula to many sites: the canaries one by one, then batches of whole sites. Each site
    is asked for its health before and after, must stay well for a time, and the first that is not
    ends the run.

    tgt, tgt_type
        The minions; sites are worked on as wholes, so all nodes of each must be among them.

    canary
        Names of sites that come first, one after the other.

    batch
        How many sites at once after that.

    stable
        Seconds that a site must stay well before it counts as done.

    timeout
        Seconds for one ``state.apply``.

    test
        Only say what would change.

    fence
        Whether each site's fencing devices are asked before.

    skip_refused
        Whether sites that are refused at the beginning are left out, instead of beginning nothing.

    run
        An id of the caller's choice (letters, digits and ``._-``, up to 64).

    Returns ``{"run", "state", "retcode", "done", "failed", "refused", "not_begun", "sites", ...}``;
    see docs/fleet.md.

    CLI Example:

    .. code-block:: bash

        salt-run hanfs.rollout 'nfs-*' canary=athens,oslo batch=10 stable=300
    """
    work = {"mods": "hanfs", **({"test": True} if test else {})}
    plan = {"release": RELEASE, "stable": stable, "timeout": timeout, "work": work, "fence": fence}
    return _new("rollout", tgt, tgt_type, run, canary, batch, skip_refused, plan)


def maintain(
    tgt,
    tgt_type="glob",
    function=None,
    args=None,
    kwargs=None,
    reboot=False,
    stop=True,
    canary=None,
    batch=1,
    stable=60,
    timeout=7200,
    fence=True,
    skip_refused=False,
    run=None,
):
    """
    Do some work on every node of many sites, never on both nodes of one at once: the node leaves
    the cluster, the work is done once, the node comes back and is well; then the one that serves.
    The service of each site moves once.

    function, args, kwargs, reboot, stop
        The work, as ``hanfs.work`` takes it. Secrets belong in pillar, not here.

    timeout
        Seconds for the work on one node.

    The other arguments are those of ``hanfs.rollout``, and so is what is returned. A site that
    somebody has in standby or maintenance is refused.

    CLI Example:

    .. code-block:: bash

        salt-run hanfs.maintain 'nfs-*' function=pkg.upgrade reboot=True batch=5
        salt-run hanfs.maintain 'nfs-athens*' function=state.apply args='[firmware]' stop=False
    """
    wish = {"function": function, "reboot": reboot, "stop": stop}
    wish.update({key: value for key, value in (("args", args), ("kwargs", kwargs)) if value})
    plan = {"release": RELEASE, "stable": stable, "timeout": timeout, "work": wish, "fence": fence}
    return _new("maintain", tgt, tgt_type, run, canary, batch, skip_refused, plan)


def resume(run):
    """
    Go on with a run that was paused or stopped, that failed, or whose process died. Sites and nodes
    that are done are left alone; what failed is tried once more.

    CLI Example:

    .. code-block:: bash

        salt-run hanfs.resume 20261129185500123456
    """
    run = str(run)
    return _drive(run, lambda bus, store: _hanfs_fleet_run.taken_up(store, run, time.time()))


def status(run=None):
    """
    How far a run is; without an id, a short line for each run.

    Returns as ``hanfs.rollout``; a run whose process is gone has the state ``dead``. Without an id
    ``{run: {"kind", "state", "seconds", "done": number, "of": number}}``.

    CLI Example:

    .. code-block:: bash

        salt-run hanfs.status
        salt-run hanfs.status 20261129185500123456 --out=json
    """
    store, now = _store(), time.time()
    if run is not None:
        document = store.load(str(run))
        if document is None:
            return _refusal(str(run), f"run: there is no run {run}")
        told = _hanfs_fleet_run.report(document, now)
        # The exit code is that of the question.
        return {key: value for key, value in told.items() if key != "retcode"}
    found = {}
    for document in store.all():
        told = _hanfs_fleet_run.report(document, now)
        short = {key: told[key] for key in ("kind", "state", "seconds")}
        found[document["id"]] = {**short, "done": len(told["done"]), "of": len(told["sites"])}
    return found


def pause(run):
    """
    Let a run end where it can be gone on with: no site or node is begun any more.

    CLI Example:

    .. code-block:: bash

        salt-run hanfs.pause 20261129185500123456
    """
    return _wish(run, "pause")


def stop(run):
    """
    As ``hanfs.pause``, for one that is not meant to go on (``hanfs.resume`` can, still).

    CLI Example:

    .. code-block:: bash

        salt-run hanfs.stop 20261129185500123456
    """
    return _wish(run, "stop")


def _wish(run, wish):
    store, run = _store(), str(run)
    document = store.load(run)
    if document is None:
        return _refusal(run, f"run: there is no run {run}; hanfs.status lists them")
    if document["state"] != "running":
        return _refusal(run, f"run: {run} is not under way, it is {document['state']}")
    store.set_wish(run, wish)
    return {"run": run, "wish": wish}
