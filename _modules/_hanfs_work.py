"""
Work on one node while the others serve: out of the cluster, the work once, back and well

Each step is written down before it is taken (``_hanfs_record``), so that whoever asks again goes on
from there: after a reboot, after a restart of the minion, after the death of the master that led
the work. The work itself is begun once; what was cut off in the middle of it is for a person.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import _cib_run
import _cib_values
import _hanfs_gate
import _hanfs_here
import _hanfs_record
import _hanfs_site
import _pcs_cluster
import _pcs_lease
import _pcs_lock
import _pcs_node
import _pcs_nodes
import _pcs_rolling
import _pcs_wait
from _cib_errors import CommandExecutionError, SaltInvocationError
from _cib_run import Machine
from _cib_values import Data

UNIT = "hanfs-work.service"
REBOOT_LIMIT = 600
START = 300
BY_ITSELF = "work"


class Wish(NamedTuple):
    """What is to be done on this node."""

    run: str
    function: str | None
    args: list[Any]
    kwargs: Data
    reboot: bool | str  # afterwards; BY_ITSELF: the work reboots the node
    stop: bool  # the cluster here, for work on its packages; else standby
    lease: int  # seconds
    timeout: int  # seconds for each wait
    again: bool  # whether what failed is tried once more


def checked(
    run: Any,
    function: Any = None,
    args: Any = None,
    kwargs: Any = None,
    reboot: Any = False,
    stop: Any = True,
    lease: Any = 120,
    timeout: Any = 600,
    again: Any = False,
) -> Wish:
    """The wish, if it is right. Raises SaltInvocationError that names the argument if not."""
    wish = Wish(
        _pcs_lease.checked_run(run),
        function,
        [] if args is None else args,
        {} if kwargs is None else kwargs,
        reboot,
        stop,
        _pcs_lease.checked_seconds(lease),
        timeout,
        again,
    )
    for name, right in (
        ("function", function is None or (isinstance(function, str) and "." in function)),
        ("args", isinstance(wish.args, list)),
        ("kwargs", isinstance(wish.kwargs, dict)),
        ("reboot", isinstance(reboot, bool) or reboot == BY_ITSELF),
        ("stop", isinstance(stop, bool)),
        ("again", isinstance(again, bool)),
        ("timeout", isinstance(timeout, int) and not isinstance(timeout, bool) and timeout > 0),
    ):
        if not right:
            raise SaltInvocationError(f"{name}: {getattr(wish, name)!r} is not right here")
    if reboot and not stop:
        raise SaltInvocationError("stop: a node that reboots leaves the cluster; stop=True")
    return wish


def work(machine: Machine, wish: Wish, here: bool = False) -> Data:
    """
    Do what is wished on this node, or go on with it.

    here
        Whether in this process, until the end. Otherwise a service of systemd does it, which a
        restart of the minion does not end, and this returns at once.

    Returns the record of it, as ``_hanfs_record.told``; its phase is ``done`` once the node is
    back and well, ``failed`` with the reason in ``error`` otherwise. Raises SaltInvocationError
    when it may not begin; nothing has happened then.
    """
    with _hanfs_record.alone() as free:
        record = _hanfs_record.read()
        if not free:
            return _hanfs_record.told(record) or {"run": None, "phase": "busy", "busy": True}
        if record is None or record["run"] != wish.run:
            record = _begin(machine, wish, record)
            _hanfs_record.write(record)
        elif record["phase"] == "failed" and wish.again:
            _write(record, AGAIN.get(record["at"], record["at"]), error=None)
        if here:
            _go_on(machine, Wish(**record["wish"]), record)
    if not here and record["phase"] not in _hanfs_record.ENDED:
        _detach(machine, wish.run)
    machine.kept["retcode"] = 1 if record["phase"] == "failed" else 0
    return _hanfs_record.told(record) or {}


def _detach(machine, run):
    """
    The minion ends the processes of its jobs when it is restarted, as an update of Salt does: the
    work gets a unit of its own. What is to be done stands in the record, for root alone to read.
    """
    where = os.path.dirname(os.path.abspath(sys.argv[0]))
    program = shutil.which("salt-call", path=where) or _cib_run.which("salt-call")
    if program is None:
        raise CommandExecutionError("salt-call is not installed beside this minion; here=True")
    configuration = os.path.dirname(machine.opts.get("conf_file") or "/etc/salt/minion")
    done = machine.answer(
        [
            *("systemd-run", f"--unit={UNIT}", "--collect", "--quiet", program),
            *(f"--config-dir={configuration}", "--log-level=error", "--out=quiet"),
            *("hanfs.work", f"run={run}", "here=True"),
        ]
    )
    # It exists already where somebody else was faster: that one does it.
    if done["retcode"] and machine.answer(["systemctl", "is-active", UNIT])["retcode"]:
        raise CommandExecutionError(f"systemd-run: {_cib_run.said(done)}")


def _begin(machine, wish, before):
    if wish.function is None and wish.reboot is not True:
        raise SaltInvocationError("function: there is no work to do, and no reboot either")
    if wish.function and wish.function not in machine.salt:
        raise SaltInvocationError(f"function: this minion has no {wish.function}")
    if before and before["phase"] not in _hanfs_record.ENDED:
        raise SaltInvocationError(
            f"the work of run {before['run']} stopped at '{before['phase']}' on this node; once it "
            "is looked after: hanfs.work_forget"
        )
    node = _gate(machine, wish)["node"]
    _pcs_lease.take(machine, node, wish.run, wish.lease)
    now = int(time.time())
    return {
        **{"run": wish.run, "phase": "begun", "counter": 0, "boot": _hanfs_record.boot_id()},
        **{"node": node, "begun": now, "changed": now, "error": None, "says": None},
        "wish": wish._asdict(),
    }


def _gate(machine, wish, locked=False):
    """``locked``: the lock on the cluster is this run's own."""
    answer = _hanfs_gate.look(machine, wish.run, fence=False)
    found = [one for one in answer["findings"] if not (locked and one["code"] == "locked")]
    if not answer["made"]:
        found.append(_hanfs_gate.made("cluster-down", "this node is in no cluster"))
    if found:
        raise SaltInvocationError("no work here: " + "; ".join(one["text"] for one in found))
    return answer


def _go_on(machine, wish, record):
    """Take one step after the other, from where the record is; write down what fails."""
    while record["phase"] not in _hanfs_record.ENDED:
        step = STEPS[record["phase"]]
        try:
            step(machine, wish, record)
        except (CommandExecutionError, SaltInvocationError) as err:
            at = record["phase"]
            _write(record, "failed", at=at, error=_cib_values.one_line(f"{at}: {err}"))


def _write(record, phase, **more):
    record.update(phase=phase, changed=int(time.time()), **more)
    _hanfs_record.write(record)


def _leave(machine, wish, record):
    _write(record, "leaving")


def _left(machine, wish, record):
    """Out of the cluster, if nothing forbids it at this very moment."""
    node = record["node"]
    if not _is_out(machine, wish, node):
        _pcs_lease.take(machine, node, wish.run, wish.lease)
        _pcs_lock.take(machine, node, f"work of run {wish.run}", wish.timeout)
        try:
            _gate(machine, wish, locked=True)
            _go_out(machine, wish, node)
        finally:
            _pcs_lock.release(machine, own=True)
        if wish.stop:
            _pcs_cluster.cluster_stop(machine)
    _write(record, "out")


def _go_out(machine, wish, node):
    """What ran here runs elsewhere when this returns."""
    _pcs_nodes.node_relieve(machine, node, wish.timeout)
    if not wish.stop:
        # Until it is taken back, also over a restart of the cluster here.
        _pcs_nodes.node_standby(machine, node)
        _pcs_nodes.node_relieved_no_more(machine, node)


def _is_out(machine, wish, node):
    """Whether an earlier attempt took this step already."""
    try:
        flags = _pcs_node.status(machine)["nodes"].get(node)
    except CommandExecutionError:
        return wish.stop and _pcs_node.member_of() is not None
    return not wish.stop and bool(flags and flags["standby"])


def _work(machine, wish, record):
    """The work, once: it is counted before it begins."""
    if wish.function is None:
        _write(record, "worked")
        return
    _write(record, "working", counter=record["counter"] + 1, boot=_hanfs_record.boot_id())
    machine.kept["retcode"] = 0
    says = machine.salt[wish.function](*wish.args, **wish.kwargs)
    problem = _problem(says, machine.kept.get("retcode"))
    if problem:
        raise CommandExecutionError(f"{wish.function}: {problem}")
    _write(record, "worked", says=_cib_values.one_line(str(says))[:400])


def _problem(says, code):
    """What the answer of an execution function says of a failure: as the command salt sees it."""
    if isinstance(says, dict):
        if says.get("retcode"):
            return f"exit code {says['retcode']}: {says.get('stderr') or says.get('stdout')}"
        failures = [
            f"{one.get('name')}: {one.get('comment')}"
            for one in says.values()
            if isinstance(one, dict) and one.get("result") is False
        ]
        if failures:
            return "; ".join(failures)
    if isinstance(says, list) and code:
        return "; ".join(str(line) for line in says)
    return f"exit code {code}: {says}" if code else None


def _cut_off(machine, wish, record):
    """The process that worked is gone. Did it take the machine with it, as it was to?"""
    rebooted = record["boot"] != _hanfs_record.boot_id()
    if rebooted and wish.reboot == BY_ITSELF:
        _write(record, "back")
        return
    how = "the machine was booted meanwhile" if rebooted else "its process is gone"
    raise CommandExecutionError(
        f"the work was begun and cut off ({how}): nobody knows how far it came. Look at the node; "
        "it is still out of the cluster"
    )


def _worked(machine, wish, record):
    if not wish.reboot:
        _write(record, "back")
    elif wish.reboot == BY_ITSELF:
        _write(record, "rebooting")  # it may be another boot already
    else:
        _write(record, "rebooting", boot=_hanfs_record.boot_id())


def _reboot(machine, wish, record):
    if record["boot"] != _hanfs_record.boot_id():
        _write(record, "back")
        return
    if wish.reboot is True:
        machine.run(["systemctl", "reboot"])
    time.sleep(REBOOT_LIMIT)  # this process does not see its end
    raise CommandExecutionError(f"the machine did not reboot within {REBOOT_LIMIT} s")


def _back(machine, wish, record):
    node = record["node"]
    if wish.stop:
        _pcs_cluster.cluster_start(machine, node, wait=START)
    else:
        _pcs_nodes.node_unstandby(machine, node)
    _write(record, "verifying")


def _verify(machine, wish, record):
    """Online, and the site well: only then is it done."""
    answer = _hanfs_gate.identity(machine)
    if answer["problem"]:
        raise CommandExecutionError(answer["problem"])
    site = _hanfs_site.at(machine, answer["path"])

    def well():
        try:
            sentences = _pcs_rolling.problems(_pcs_node.status(machine), answer["nodes"])
            sentences = sentences or _hanfs_here.health(machine, site)["problems"]
        except CommandExecutionError as err:
            return False, str(err)
        return not sentences, "; ".join(sentences) or "well"

    _pcs_wait.until(wish.timeout, "the site was not well again", well)
    _write(record, "done")


STEPS: dict[str, Callable[[Machine, Wish, Data], None]] = {
    "begun": _leave,
    "leaving": _left,
    "out": _work,
    "working": _cut_off,
    "worked": _worked,
    "rebooting": _reboot,
    "back": _back,
    "verifying": _verify,
}
# Work that failed is done from its beginning, if it is asked for again.
AGAIN = {"working": "out"}


def forget(run: str) -> bool:
    """
    Say that the work of a run on this node was looked after by hand, so that others may begin.

    Returns whether there was something to forget: its work was unfinished, or had failed. Raises
    SaltInvocationError when it is another run's, or still under way.
    """
    record = _hanfs_record.read()
    if record is None or record["run"] != run:
        raise SaltInvocationError(f"run: the record on this node is not of run {run}")
    with _hanfs_record.alone() as free:
        if not free:
            raise SaltInvocationError(f"run: {run} is still at work on this node")
        if record["phase"] in ("done", "undone"):
            return False
        _write(record, "undone")
    return True
