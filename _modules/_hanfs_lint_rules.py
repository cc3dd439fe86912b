"""
The rules of ``hanfs.lint``, all together: which findings there are, and which a site has.

A finding's code is for ever: pillars accept it by that. The first digit says what it is about; the
rules and their texts are in one module for each, next to each other:

======== ===============================
1xx      ``_hanfs_lint_rules_cluster``
2xx      ``_hanfs_lint_rules_node``
3xx      ``_hanfs_lint_rules_storage``
4xx      ``_hanfs_lint_rules_net``
5xx      ``_hanfs_lint_rules_nfs``, ``_hanfs_lint_rules_exports``
6xx      ``_hanfs_lint_rules_fencing``
7xx      ``_hanfs_lint_rules_peers``
======== ===============================

How to add a finding: an entry in the module's ``CODES``, a function in its ``RULES``, a case in the
tests and a row in docs/lint.md (a test compares the four).

Data in, data out; nothing is looked at here.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Any

import _hanfs_lint_plan
import _hanfs_lint_rules_cluster
import _hanfs_lint_rules_exports
import _hanfs_lint_rules_fencing
import _hanfs_lint_rules_net
import _hanfs_lint_rules_nfs
import _hanfs_lint_rules_node
import _hanfs_lint_rules_peers
import _hanfs_lint_rules_storage
from _cib_values import Data
from _hanfs_types import Site

PARTS = {
    "cluster": _hanfs_lint_rules_cluster,
    "node": _hanfs_lint_rules_node,
    "storage": _hanfs_lint_rules_storage,
    "net": _hanfs_lint_rules_net,
    "nfs": _hanfs_lint_rules_nfs,
    "exports": _hanfs_lint_rules_exports,
    "fencing": _hanfs_lint_rules_fencing,
    "peers": _hanfs_lint_rules_peers,
}
SEVERITIES = ("error", "warning", "info")
# Findings that are made by hanfs.check or from pillar's list itself, not by a rule.
CODES: dict[str, Data] = {
    "HANFS100": {
        "severity": "error",
        "title": "The site in pillar is wrong",
        "why": "A key is unknown, missing or of the wrong type, or two contradict each other",
        "cure": "the key that the message names",
        "source": "docs/lint.md, what hanfs.checked refuses",
        "acceptable": False,
    },
    "HANFS101": {
        "severity": "error",
        "title": "An accepted finding does not exist",
        "why": "What is accepted by a mistyped code is not accepted at all",
        "cure": "pillar {path}:lint:accept; the codes are in docs/lint.md",
        "source": "docs/lint.md",
        "acceptable": False,
    },
    "HANFS102": {
        "severity": "info",
        "title": "A finding is accepted that this node does not have",
        "why": "What is no longer found needs no acceptance, unless a peer has it",
        "cure": "take it out of pillar {path}:lint:accept if no node has it any more",
        "source": "docs/lint.md",
    },
    "HANFS200": {
        "severity": "error",
        "title": "The site does not fit this machine",
        "why": "The site in pillar and this machine contradict each other",
        "cure": "what the message names",
        "source": "docs/lint.md, what hanfs.checked refuses",
        "acceptable": False,
    },
}


def registry() -> dict[str, Data]:
    """
    All findings there are.

    Returns ``{code: {"severity", "title", "why", "cure", "source"}}``; more keys are ``article``
    (the severity under the profile article, if it is another one) and ``acceptable: False``.
    """
    found = dict(CODES)
    for part in PARTS:
        found.update(PARTS[part].CODES)
    return dict(sorted(found.items()))


def parts() -> list[str]:
    """The names of the parts that the rules are in: ``_hanfs_lint_rules_<part>``."""
    return list(PARTS)


def told(
    site: Site, description: Data, facts: Data, parts: Iterable[str] = tuple(PARTS)
) -> list[list[str]]:
    """
    What is to be said about a site on this node. Pure.

    site
        A site as ``_hanfs_schema.normalise`` returns it.

    description
        Its cluster's description.

    facts
        The answer of ``_hanfs_facts.gather``.

    parts
        Which rules, by the names of their modules.

    Returns a list of ``[code, detail]``, for ``findings``.
    """
    plan = _hanfs_lint_plan.view(description)
    return [
        [code, text]
        for part in parts
        for code, rule in PARTS[part].RULES.items()
        for text in rule(site, plan, facts)
    ]


def findings(told: Iterable[list[str]], site: Mapping[str, Any], path: str = "hanfs") -> list[Data]:
    """
    From codes and details to findings, one for each code, the worst first. Pure.

    told
        A list of ``[code, detail]``.

    site
        A normalised site (``profile`` and ``lint`` of it), or what there is of it.

    path
        Colon path of the site in pillar, for the cures.

    Returns a list of ``{"code", "severity", "title", "found": [where and what], "reason": why it
    matters, "cure"}``, with ``accepted``, the reason in pillar, where it is.
    """
    known = registry()
    by_code: dict[str, list[str]] = {}
    for code, detail in told:
        by_code.setdefault(code, []).append(detail)
    accepted = (site.get("lint") or {}).get("accept") or {}
    made = []
    for code, details in by_code.items():
        entry = known[code]
        severity = entry["severity"]
        if site.get("profile") == "article":
            severity = entry.get("article", severity)
        finding = {
            "code": code,
            "severity": severity,
            "title": entry["title"],
            "found": list(dict.fromkeys(details)),
            "reason": f"{entry['why']}.",
            "cure": entry["cure"].replace("{path}", path),
        }
        if code in accepted and entry.get("acceptable", True):
            finding["accepted"] = accepted[code]
        made.append(finding)
    return sorted(made, key=lambda one: (SEVERITIES.index(one["severity"]), one["code"]))


def acceptance(site: Site, found: Container[str]) -> list[list[str]]:
    """
    What is wrong with pillar's list of accepted findings. Pure.

    site
        A normalised site.

    found
        Codes that were found.

    Returns a list of ``[code, detail]``.
    """
    known = registry()
    told = []
    for code in (site.get("lint") or {}).get("accept") or {}:
        if code not in known:
            told.append(["HANFS101", f"{code} is no code of a finding"])
        elif not known[code].get("acceptable", True):
            told.append(["HANFS101", f"{code} cannot be accepted"])
        elif code not in found:
            told.append(["HANFS102", f"{code} ({known[code]['title']}) is accepted"])
    return told
