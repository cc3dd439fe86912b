"""
What an expert would object to at this node.

The findings and their rules are in ``_hanfs_lint_rules``, what they look at in ``_hanfs_facts``;
docs/lint.md has them all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import _hanfs_check
import _hanfs_facts
import _hanfs_facts_net
import _hanfs_here
import _hanfs_lint_rules
import _hanfs_model
import _hanfs_schema
import _hanfs_site
import _pcs_node
from _cib_errors import CommandExecutionError
from _cib_run import Machine
from _cib_values import Data
from _hanfs_types import RawSite

# In pillar.example and in the documents.
_EXAMPLE_PASSWORDS = ("change-me", "change-me-too", "hacluster", "password", "secret")
LOCAL = ("cluster", "node", "storage", "net", "nfs", "exports", "fencing")


def lint(machine: Machine, site: RawSite | None = None, path: str | None = None) -> list[Data]:
    """
    Look for everything about this node and its site that an expert would object to. Changes
    nothing.
    """
    if site is None:
        path, site = _hanfs_site.own(machine)
    path = path or "hanfs"
    wrong = _hanfs_schema.problems(site, path)
    if wrong:
        told = [["HANFS100", text] for text in wrong]
        return _hanfs_lint_rules.findings(told, {}, path)
    checked = _hanfs_check.check(machine, site, path)["problems"]
    told = [["HANFS200", text] for text in checked]
    return findings(machine, site, path, (*LOCAL, "peers"), _status(machine), told)


def _status(machine):
    """The cluster's state; None where no cluster runs."""
    if _pcs_node.member_of() is None:
        return None
    try:
        return _pcs_node.status(machine)
    except CommandExecutionError:
        return None


def findings(
    machine: Machine,
    site: RawSite,
    path: str = "hanfs",
    parts: Collection[str] = LOCAL,
    status: Data | None = None,
    told: Iterable[list[str]] = (),
    facts: Data | None = None,
) -> list[Data]:
    """
    The findings of some of the rules, for states.

    site
        The site as it stands in pillar; a right one.

    path
        Colon path of the site in pillar.

    parts
        Which rules: names of ``_hanfs_lint_rules.PARTS``. With ``peers`` their clocks are asked
        for, too (one connection to pcsd of each node that is online).

    status
        The data of ``pcs.status``, for the rules about peers.

    told
        More findings, as a list of ``[code, detail]``.

    facts
        The answer of ``_hanfs_facts.gather``, if there is one already.

    Returns what ``lint`` returns.
    """
    normal = _hanfs_here.normal(site, path)
    facts = facts or _hanfs_facts.gather(machine, normal, status=status)
    facts["password_is_example"] = _password_is_example(machine, path)
    if "peers" in parts:
        facts["clock_offsets"] = _clocks(normal, status)
    description = _hanfs_model.description(normal, machine.grains)
    told = [*told, *_hanfs_lint_rules.told(normal, description, facts, list(parts))]
    if "cluster" in parts:
        codes = [code for code, _ in told]
        told += _hanfs_lint_rules.acceptance(normal, codes)
    return _hanfs_lint_rules.findings(told, normal, path)


def _password_is_example(machine, path):
    password = machine.pillar(f"{path}:cluster:password")
    return password in _EXAMPLE_PASSWORDS


def _clocks(site, status):
    """How far the clocks of the peers that are online are ahead, in seconds."""
    nodes, found = (status or {}).get("nodes") or {}, {}
    for name, addresses in site["cluster"]["nodes"].items():
        online = (nodes.get(name) or {}).get("online")
        if online and name != _hanfs_here.own_name():
            found[name] = _hanfs_facts_net.clock_offset(addresses[0])
    return found
