"""
What an expert would object to, as steps of a run: nothing is touched while there is an error.
"""

from __future__ import annotations

import _hanfs_facts
import _hanfs_here
import _hanfs_lint
import _pcs_node
from _cib_errors import CommandExecutionError, SaltInvocationError
from _cib_result import failed, made, unknown
from _cib_run import Machine
from _cib_values import Data
from _hanfs_types import RawSite


def linted(machine: Machine, name: str, site: RawSite, path: str = "hanfs") -> Data:
    """
    Stop the run if this node or its site has a finding of severity ``error`` that pillar does
    not accept. Changes nothing, also on failure. Warnings are told, accepted findings with
    their reason.
    """
    ret = made(name)
    try:
        found = _hanfs_lint.findings(machine, site, path)
    except (CommandExecutionError, SaltInvocationError) as err:
        return failed(ret, err)
    return _judged(ret, found, "Nothing about the site and this node is dangerous")


def peers_agree(machine: Machine, name: str, site: RawSite, path: str = "hanfs") -> Data:
    """
    Tell the other nodes what must be the same on all (versions, times and ports of the NFS
    server, ids as hashes), by a node attribute that ends with the cluster, and compare it with
    what they have told. Stops the run at an error that pillar does not accept, such as a cloned
    node or another disk.
    """
    ret = made(name)
    try:
        status = _pcs_node.recent_status(machine)
    except CommandExecutionError as err:
        if machine.test:
            return unknown(
                ret, f"What the nodes tell each other is known once the cluster runs: {err}"
            )
        return failed(ret, err)
    try:
        normal = _hanfs_here.normal(site, path)
        facts = _hanfs_facts.gather(machine, normal, status=status)
        own = _hanfs_facts.digest(facts)
        found = _hanfs_lint.findings(machine, site, path, ["peers"], status, facts=facts)
        told = _told(status)
        if told != own and not machine.test:
            _hanfs_facts.publish(machine, own)
    except (CommandExecutionError, SaltInvocationError) as err:
        return failed(ret, err)
    if told != own:
        ret["changes"] = {"hanfs-facts": {"old": told, "new": own}}
    _judged(ret, found, "Nothing differs between the nodes that should not")
    if ret["result"] and ret["changes"] and machine.test:
        ret["result"] = None
    return ret


def _told(status):
    """What this node has told already, or None."""
    mine = (status.get("attributes") or {}).get(_hanfs_here.own_name()) or {}
    return mine.get("hanfs-facts")


def _judged(ret, found, well):
    """The verdict on findings: full words for errors, a line for the others."""
    open_ones = [one for one in found if "accepted" not in one]
    errors = [one for one in open_ones if one["severity"] == "error"]
    warnings = [one for one in open_ones if one["severity"] == "warning"]
    infos = len(open_ones) - len(errors) - len(warnings)
    lines = [_in_full(one) for one in errors]
    lines += [f"{_head(one)}: {'; '.join(one['found'])}" for one in warnings]
    lines += [f"{_head(one)}, accepted: {one['accepted']}" for one in found if "accepted" in one]
    if errors or warnings or infos:
        more = f"{infos} more of severity info. " if infos else ""
        lines.append(f"{more}hanfs.lint says why and what to do; docs/lint.md has them all.")
    ret["result"] = not errors
    verdict = "Nothing was touched, for these reasons" if errors else well
    ret["comment"] = "\n".join([verdict, *lines])
    return ret


def _head(one):
    return f"{one['severity']} {one['code']} {one['title']}"


def _in_full(one):
    lines = [_head(one), *one["found"], f"Why: {one['reason']}", f"Cure: {one['cure']}"]
    return "\n  ".join(lines)
