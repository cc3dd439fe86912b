"""
The steps from a plain machine to a node of a highly available NFS service, as states.

Each asks what is, says what should be, does the difference once and looks again. What the cluster
runs is never touched from here: these states prepare a node, and look.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

import _cib_run
import _hanfs_agent
import _hanfs_check
import _hanfs_drift
import _hanfs_here
import _hanfs_record
import _hanfs_schema
import _hanfs_site
import _hanfs_state_agent
import _hanfs_state_cluster
import _hanfs_state_fencing
import _pcs_cib
import _pcs_node
import _pcs_state_configured
from _cib_errors import CommandExecutionError, SaltInvocationError
from _cib_result import failed, made, unknown
from _cib_run import Machine
from _cib_values import Data
from _hanfs_types import RawSite

# Seconds between two looks at something that another node or the cluster is still doing.
_PAUSE = 2
# A cluster that does nothing about its problems for this long will not do more.
_STALLED = 120


def checked(machine: Machine, name: str, defaults: Data | None = None) -> Data:
    """
    Check that exactly one site in pillar names this machine, that its pillar is right, that it
    fits the machine, and that the cluster is not stopped here for somebody's work, which a run
    would end. Changes nothing, also on failure.
    """
    ret = made(name)
    try:
        tree = machine.pillar("hanfs")
        outside = _hanfs_schema.tree_problems(*_outside_of_sites(tree, defaults or {}))
        ret["comment"] = "\n".join(outside)
        path, site = _only_site(tree, _hanfs_site.names(machine))
        report = _hanfs_check.check(machine, site, path)
        hindrance = _hanfs_record.hindrance()
    except (CommandExecutionError, SaltInvocationError) as err:
        return failed(ret, err)
    problems = [*report["problems"], *([hindrance] if hindrance else [])]
    if outside or problems:
        return failed(ret, "\n".join(problems))
    ret["comment"] = "\n".join([f"{path} is right and fits this machine", *report["notes"]])
    return ret


def _outside_of_sites(tree, defaults):
    """Keys beside ``sites``, and ``lookup`` without what it says under names that nobody knows."""
    if not isinstance(tree, dict):
        return [], None, defaults
    beside = [key for key in tree if key not in ("sites", "lookup")] if "sites" in tree else []
    lookup = tree.get("lookup", {})
    if isinstance(lookup, dict):
        lookup = {key: value if key in defaults else None for key, value in lookup.items()}
    return beside, lookup, defaults


def _only_site(tree, names):
    found = _hanfs_site.choose(tree, names)
    if not found:
        called = ", ".join(names) or "this machine"
        raise SaltInvocationError(
            f"No site in pillar names this machine ({called}). It must be a key of "
            "hanfs:sites:<site>:cluster:nodes, or of "
            f"hanfs:cluster:nodes for a single site.{_pillar_hint(tree)}"
        )
    twice = _said_twice(tree)
    if twice:
        raise SaltInvocationError(
            f"hanfs:sites:{twice} is there twice, as a number and as a text: one of them must go"
        )
    if len(found) > 1:
        paths = " and ".join(one["path"] for one in found)
        raise SaltInvocationError(
            f"This machine is a node of more than one site: {paths}. It can be in one only"
        )
    return found[0]["path"], _hanfs_site.public(found[0]["site"])


def _said_twice(tree):
    """A site's name that stands for two, since a place in pillar is a text."""
    names = [str(name) for name in tree["sites"]] if "sites" in tree else []
    return next((name for name in names if names.count(name) > 1), None)


def _pillar_hint(tree):
    """Why no site may have matched: what is wrong with the shape of the pillar itself."""
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
        if _hanfs_site.has_path(site_name)
        else "hanfs:sites: the name of a site is a word that can be printed, and without a colon."
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


def nfs_left_to_cluster(
    machine: Machine, name: str, cluster: str | None = None, helpers: Iterable[str] = ()
) -> Data:
    """
    Leave the NFS server to the cluster: not started at boot, and stopped unless this node's
    cluster runs it.
    """
    ret = made(name)
    try:
        if not machine.salt["service.available"](name):
            if machine.test:
                return unknown(ret, f"{name} would be disabled and stopped once it is installed")
            ret["comment"] = f"There is no unit {name} on this machine"
            return ret
        running = machine.salt["service.status"](name)
        kept = _kept_running(machine, cluster) if running else None
        wanted = _nfs_changes(machine, name, helpers, running and not kept)
    except CommandExecutionError as err:
        return failed(ret, err)
    ret["comment"] = kept or f"{name} is left to the cluster"
    if not wanted:
        return ret
    if machine.test:
        ret.update(result=None, changes=wanted)
        ret["comment"] = f"Would be done: {_nfs_told(wanted)}"
        return ret
    return _leave_nfs(machine, ret, wanted)


_NFS_WORDS = {"enabled": "disabled at boot", "running": "stopped"}
_NFS_ACTIONS = {"enabled": "service.disable", "running": "service.stop"}


def _nfs_changes(machine, name, helpers, stop):
    """{unit: {"enabled" or "running": {"old": True, "new": False}}} for all that has to end."""
    wanted: dict[str, Data] = {}
    gone = {"old": True, "new": False}
    if machine.salt["service.enabled"](name):
        wanted.setdefault(name, {})["enabled"] = gone
    if stop:
        wanted.setdefault(name, {})["running"] = gone
    if _pcs_node.member_of() is None:
        for unit in helpers:
            if machine.salt["service.status"](unit):
                wanted[unit] = {"running": gone}
    return wanted


def _nfs_told(wanted):
    return "; ".join(
        f"{unit} {' and '.join(_NFS_WORDS[key] for key in keys)}" for unit, keys in wanted.items()
    )


def _leave_nfs(machine, ret, wanted):
    for unit, keys in wanted.items():
        for key, change in keys.items():
            try:
                done = machine.salt[_NFS_ACTIONS[key]](unit)
            except CommandExecutionError as err:
                return failed(ret, err)
            if not done:
                return failed(ret, f"{unit} could not be {_NFS_WORDS[key]}")
            ret["changes"].setdefault(unit, {})[key] = change
    ret["comment"] = f"Done: {_nfs_told(wanted)}"
    return ret


def _kept_running(machine, cluster):
    """Why a running NFS server must be left running; None if it runs outside the cluster."""
    if _pcs_node.member_of() is None:
        return None
    if _hanfs_here.nfs_state_is_shared():
        return "The NFS server is run by the cluster: its state is on the shared file system"
    try:
        status = _pcs_node.status(machine)
    except CommandExecutionError:
        # Without Pacemaker nobody knows whose it is (a cluster stopped in maintenance mode leaves
        # its resources running).
        return "The NFS server runs, and was left alone: this node's cluster does not answer"
    if status["maintenance_mode"]:
        return "The NFS server runs, and was left alone: the cluster is in maintenance mode"
    own = _hanfs_here.own_name()
    for resource_id, item in status["resources"].items():
        if not str(item["agent"]).endswith(":nfsserver"):
            continue
        if own in item["nodes"] or item.get("pending") or not item.get("managed", True):
            return f"The NFS server is run by the cluster {cluster or ''} ({resource_id})".replace(
                "  ", " "
            )
    return None


def nodes_ready(machine: Machine, name: str, site: RawSite, timeout: float = 600) -> Data:
    """
    On every run: make sure that this node has the shared file system mounted nowhere but where
    the cluster mounts it. Before there is a cluster: wait until every peer's pcsd answers on
    every link, and make sure that it is not mounted at all. Changes nothing. Once this node is
    a member no peer is asked: one that is down must not stop a run here.
    """
    ret = made(name)
    try:
        foreign = _hanfs_here.foreign_mounts(site)
        if foreign:
            return failed(ret, "\n".join(foreign))
        if _pcs_node.member_of() is not None:
            ret["comment"] = "This node is a member of its cluster already"
            return ret
        deadline = time.monotonic() + timeout
        missing = _hanfs_here.unready(site)
        while missing and not machine.test and time.monotonic() < deadline:
            time.sleep(_PAUSE)
            if _pcs_node.member_of() is not None:
                missing = []
                break
            missing = _hanfs_here.unready(site)
    except (CommandExecutionError, SaltInvocationError) as err:
        return failed(ret, err)
    if missing and machine.test:
        return unknown(
            ret,
            f"Would wait up to {timeout} s until this is not so any more:\n" + "\n".join(missing),
        )
    if missing:
        return failed(ret, f"Waited {timeout} s in vain:\n" + "\n".join(missing))
    ret["comment"] = "Every node answers on every link"
    return ret


def agents_known(machine: Machine, name: str, site: RawSite, path: str = "hanfs") -> Data:
    """
    Before there is a cluster: check that the resource agents that the site needs are installed
    and know the options they are given, and that pcs takes the cluster. Changes nothing. Once this
    node is a member ``hanfs.configured`` checks what it changes.
    """
    ret = made(name)
    try:
        if _pcs_node.member_of() is not None:
            ret["comment"] = "This node is a member of its cluster already"
            return ret
        if machine.test and not _cib_run.which("crm_resource"):
            return unknown(
                ret, "Which resource agents there are cannot be known before pacemaker is installed"
            )
        description = _hanfs_here.description(machine, site, path)
        if _hanfs_state_agent.to_come(machine, _hanfs_here.normal(site, path)):
            return unknown(ret, f"{_hanfs_agent.PATH} would be written, and then asked")
        found = _pcs_cib.validate(machine, description)
        refused = _hanfs_state_cluster.refusal(machine, site, path)
        found += [refused] if refused else []
    except (CommandExecutionError, SaltInvocationError) as err:
        return failed(ret, err)
    if found:
        return failed(ret, "\n".join(found))
    ret["comment"] = "The resource agents know all that the site asks of them"
    return ret


def configured(machine: Machine, name: str, site: RawSite, path: str = "hanfs") -> Data:
    """
    Compile the site and bring the cluster's configuration in line with it (``pcs.configured``
    does the work). Warns while there is no fencing.
    """
    ret = made(name)
    try:
        normal = _hanfs_here.normal(site, path)
        warnings = _hanfs_here.warnings(site)
        ret = _pcs_state_configured.described(
            machine,
            name,
            _hanfs_state_agent.described(machine, normal),
            wait=normal["timeouts"]["settle"],
            allow_disruption=normal["allow_disruption"],
        )
        if ret["result"] and not machine.test:
            _hanfs_drift.remember(site)
        if ret["result"] is False and _hanfs_state_agent.to_come(machine, normal):
            unknown(ret, f"Before {_hanfs_agent.PATH} is written: {ret['comment']}")
    except (CommandExecutionError, SaltInvocationError) as err:
        return failed(ret, err)
    ret["comment"] = "\n".join(
        [ret["comment"], *warnings] if isinstance(ret["comment"], str) else warnings
    )
    return ret if _has_sbd(site) else _without_sbd(machine, ret)


def _has_sbd(site):
    fencing = _hanfs_site.fencing(site)
    return fencing.get("enabled") is True and isinstance(fencing.get("sbd"), dict)


def _without_sbd(machine, ret):
    try:
        return _hanfs_state_fencing.sbd_left_over(machine, ret)
    except (CommandExecutionError, SaltInvocationError) as err:
        return {**ret, "result": False, "comment": f"{ret['comment']}\n{err}"}


def healthy(machine: Machine, name: str, site: RawSite, timeout: float = 600) -> Data:
    """
    Wait until the cluster is idle and the service is there: every resource on exactly one node,
    nothing failed, quorum, all nodes online, fencing as asked, the address and the file system
    where the cluster says. Changes nothing.
    """
    ret = made(name)
    try:
        report = _wait_for_health(machine, site, timeout)
        warnings = _hanfs_here.warnings(site)
    except (CommandExecutionError, SaltInvocationError) as err:
        if machine.test:
            return unknown(
                ret, f"The service's health cannot be known before the cluster runs: {err}"
            )
        return failed(ret, err)
    lines = report["problems"] + report["notes"] + warnings
    if report["healthy"]:
        ret["comment"] = "\n".join(
            [f"The service is healthy; it runs on {report['active_node']}", *lines]
        )
    elif machine.test:
        unknown(ret, f"Not healthy now; would wait up to {timeout} s:\n" + "\n".join(lines))
    else:
        failed(ret, f"Not healthy after {report['waited']} s:\n" + "\n".join(lines))
    return ret


def _wait_for_health(machine, site, timeout):
    start = last_news = time.monotonic()
    before = None
    while True:
        try:
            report, error = _hanfs_here.health(machine, site), None
        except CommandExecutionError as err:
            report, error = None, err
        now = time.monotonic()
        # Something happens: the deadline counts. Nothing happens any more: no use in waiting for
        # it.
        seen = report["problems"] if report else str(error)
        if seen != before or (report and report["busy"]):
            before, last_news = seen, now
        finished = machine.test or now - start >= timeout or now - last_news >= _STALLED
        if report and (report["healthy"] or finished):
            return {**report, "waited": int(now - start)}
        if error and finished:
            raise error
        time.sleep(_PAUSE)
