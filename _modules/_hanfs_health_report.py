"""
The health of this machine's site, for people and monitors: what the cluster says, what this node
has, one code and one line.

Two of the cluster's commands at most (crm_mon, corosync-cfgtool), one systemctl on the node that
runs the service, and ten seconds in all: what has not answered by then is unknown. Nothing is
changed, and nothing that goes wrong on the way is an exception: a monitor that gets an error
instead of a value would show the last good one.
"""

from __future__ import annotations

import time
from collections import Counter

import _hanfs_health
import _hanfs_health_codes
import _hanfs_health_facts
import _hanfs_health_node
import _hanfs_here
import _hanfs_model
import _hanfs_site
import _pcs_node
from _cib_errors import CommandExecutionError, SaltInvocationError
from _cib_run import Machine
from _cib_values import Data
from _hanfs_types import RawSite, Site

SCHEMA_VERSION = 1
LIMIT = 10  # seconds, all in all
_CRM_MON, _LINKS = 6, 2  # of them, for each of the commands
_NO_CLUSTER = "the cluster does not run on this node"
_SHOWN = 3  # findings in the line for people


def report(machine: Machine, site: RawSite | None = None, path: str | None = None) -> Data:
    """
    Look, and judge.

    site
        The site as it stands in pillar; default: the one that names this machine.

    path
        Its colon path in pillar.

    Returns what ``hanfs.health`` documents.
    """
    start = time.monotonic()
    try:
        if site is None:
            path, site = _hanfs_site.own(machine)
            site = _hanfs_site.public(site)
        right = _hanfs_here.normal(site, path or "hanfs")
    except SaltInvocationError as err:
        return _made(path or "hanfs", [["no-site", str(err)]])
    looks = _hanfs_health_facts.looks(right)
    told, active, busy, answered = _cluster(machine, right)
    found, late = looks.found(start + LIMIT)
    facts = _hanfs_health_facts.gathered(found)
    if late:
        told.append(["node-silent", f"no answer within {LIMIT} s: {', '.join(late)}"])
    facts["proven"] = max(facts["proven"] or 0, (answered or {}).get("proven") or 0) or None
    told += _hanfs_health_node.told(right, facts, active, known=answered is not None)
    return _made(right["path"], told, active, busy)


def _cluster(machine: Machine, site: Site):
    """What its tools say: ``(told, active node, busy, what else is known of it or None)``."""
    try:
        status = _pcs_node.status(machine, _CRM_MON)
    except CommandExecutionError as err:
        code = "cluster-stopped" if _NO_CLUSTER in str(err) else "cluster-silent"
        return [[code, str(err)]], None, False, None
    wanted = _hanfs_model.description(site, machine.grains)
    found = _hanfs_health.judge(site, wanted, status)
    active = found["active_node"]
    told = found["told"] + _hanfs_health.warned(site, status, active)
    try:
        links = _hanfs_here.link_problems(machine, site, _LINKS)
        told += [["link-down", text] for text in links]
    except CommandExecutionError as err:
        told.append(["cluster-silent", str(err)])
    if active == _hanfs_here.own_name():
        try:
            told += _hanfs_here.helpers(machine, site, _LINKS)
        except CommandExecutionError as err:
            told.append(["node-silent", str(err)])
    proven = _hanfs_health_node.proven(status["fence_history"])
    return told, active, found["busy"], {"proven": proven}


def _made(path, told, active=None, busy=False):
    findings = [_hanfs_health_codes.finding(*pair) for pair in told]
    findings.sort(key=lambda one: _hanfs_health_codes.ORDER.index(one["severity"]))
    code = _hanfs_health_codes.worst(findings)
    return {
        "schema_version": SCHEMA_VERSION,
        "site": path,
        "node": _hanfs_here.own_name(),
        "time": int(time.time()),
        "code": code,
        "summary": line(path, code, active, findings),
        "findings": findings,
        **_hanfs_health.verdict(told),
        "active_node": active,
        "busy": busy,
    }


def line(path: str, code: int, active: str | None, findings: list[Data]) -> str:
    """
    One line for people. Pure.

    path
        The site's place in pillar; the last word is its name.

    code
        0 to 3.

    active
        The node that has the service, or None.

    findings
        The worst first.
    """
    counted = Counter(one["severity"] for one in findings)
    said = ", ".join(
        f"{counted[word]} {word}" for word in _hanfs_health_codes.ORDER if counted[word]
    )
    parts = [f"runs on {active}" if active else "runs nowhere", said or "nothing to say"]
    parts += [one["text"].split("\n")[0] for one in findings[:_SHOWN]]
    if len(findings) > _SHOWN:
        parts.append(f"and {len(findings) - _SHOWN} more")
    return f"{path.split(':')[-1]} {_hanfs_health_codes.WORDS[code]}: {'; '.join(parts)}"
