"""
Whose turn it is to work on a cluster's nodes, for a time

Work that takes nodes out one after the other is led from elsewhere: from a master, which may die.
So this is no lock but a lease. Who leads renews it; when nobody does, it runs out by itself. It is
an object in the cluster's own configuration: creating one that exists is refused by every
Pacemaker, so of two that ask at once one gets it, and every node sees the same.

Times are seconds since 1970 by the clock of the node that writes; clocks that are a few seconds
apart lengthen or shorten a lease by that.
"""

from __future__ import annotations

import re
import time
from xml.etree import ElementTree

import _pcs_lock
from _cib_errors import CommandExecutionError, SaltInvocationError
from _cib_run import Machine
from _cib_values import Data

ID = "cluster-work-lease"
LONGEST = 3600
TRIES = 5
_RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")


def checked_run(run: object) -> str:
    """
    The id of a run, if it is one: up to 64 letters, digits and ``._-``.

    Raises SaltInvocationError otherwise.
    """
    if isinstance(run, str) and _RUN.match(run):
        return run
    # Salt's command line makes a number of 20261129185500
    if isinstance(run, int) and not isinstance(run, bool) and run >= 0:
        return str(run)
    raise SaltInvocationError(f"run: {run!r} is no id of a run (letters, digits and ._-, up to 64)")


def checked_seconds(seconds: object) -> int:
    """Seconds of a lease, 1 to 3600. Raises SaltInvocationError for anything else."""
    if isinstance(seconds, int) and not isinstance(seconds, bool) and 1 <= seconds <= LONGEST:
        return seconds
    raise SaltInvocationError(f"seconds: {seconds!r} is no number from 1 to {LONGEST}")


def in_cib(root: ElementTree.Element) -> Data | None:
    """
    Who has the lease: ``{"run": id, "node": that wrote it, "until": seconds since 1970}``; None if
    nobody has it, or it has run out.

    root
        Root element of the cluster's whole CIB.
    """
    element = root.find(f".//cluster_property_set[@id='{ID}']")
    found = None if element is None else _parsed(element)
    return found if found and found["until"] > time.time() else None


def take(machine: Machine, node: str, run: str, seconds: int) -> Data:
    """
    Take the lease, or renew the own one.

    node
        Name of this node.

    run
        Id of the run that wants it.

    seconds
        For how long from now.

    Returns what ``in_cib`` does. Raises CommandExecutionError when another run has it.
    """
    for _ in range(TRIES):
        entry = {"run": run, "node": node, "until": int(time.time()) + seconds}
        created = machine.run(
            ["cibadmin", "--create", "--scope", "crm_config", "--xml-text", _element(entry)],
            ok=(0, *_pcs_lock.EXISTS),
        )
        if not created["retcode"]:
            return entry
        other = _read(machine)
        if other is None:
            continue
        if other["run"] != run and other["until"] > time.time():
            raise CommandExecutionError(held(other))
        # Deleted only as it was seen, then made anew: whoever is first has it.
        _delete(machine, other)
    raise CommandExecutionError(f"{ID}: other runs were faster {TRIES} times: run this again")


def held(other: Data) -> str:
    """What to tell of the lease of another run."""
    left = max(0, round(other["until"] - time.time()))
    return (
        f"the run {other['run']} works on this cluster (its lease, written by {other['node']}, "
        f"ends in {left} s unless it is renewed)"
    )


def release(machine: Machine, run: str) -> bool:
    """Give the lease of a run back. Returns whether it had it."""
    found = _read(machine)
    if not found or found["run"] != run:
        return False
    _delete(machine, found)
    return True


def _element(entry):
    pairs = "".join(
        f'<nvpair id="{ID}-{key}" name="{ID}-{key}" value="{value}"/>'
        for key, value in entry.items()
    )
    return f'<cluster_property_set id="{ID}">{pairs}</cluster_property_set>'


def _delete(machine, entry):
    seen = "".join(
        f"[nvpair[@id='{ID}-{key}' and @value='{entry[key]}']]" for key in ("run", "until")
    )
    path = f"//cluster_property_set[@id='{ID}']{seen}"
    machine.run(["cibadmin", "--delete", "--xpath", path], ok=(0, 6, _pcs_lock.NOT_THERE))


def _read(machine):
    path = f"//cluster_property_set[@id='{ID}']"
    asked = machine.run(["cibadmin", "--query", "--xpath", path], ok=(0, 6, _pcs_lock.NOT_THERE))
    if asked["retcode"]:
        return None
    try:
        return _parsed(ElementTree.fromstring(asked["stdout"]))
    except ElementTree.ParseError as err:
        raise CommandExecutionError(f"cibadmin's answer cannot be understood: {err}") from err


def _parsed(element):
    pairs = {pair.get("id"): pair.get("value") for pair in element}
    try:
        return {
            "run": pairs[f"{ID}-run"],
            "node": pairs[f"{ID}-node"],
            "until": int(pairs[f"{ID}-until"] or ""),
        }
    except (ValueError, KeyError) as err:
        raise CommandExecutionError(
            f"the object {ID} in the cluster's configuration cannot be understood; if no run is "
            f"under way: cibadmin --delete --xpath \"//cluster_property_set[@id='{ID}']\""
        ) from err
