"""
The rules of ``hanfs.lint``, all together: which findings there are, and which a site has.

A finding's code is for ever: pillars accept it by that. The first digit says what it is about; the
rules and their texts are in one module for each, next to each other:

======== ===============================
1xx      ``hanfs_lint_rules_cluster``
2xx      ``hanfs_lint_rules_node``
3xx      ``hanfs_lint_rules_storage``
4xx      ``hanfs_lint_rules_net``
5xx      ``hanfs_lint_rules_nfs``, ``hanfs_lint_rules_exports``
6xx      ``hanfs_lint_rules_fencing``
7xx      ``hanfs_lint_rules_peers``
======== ===============================

How to add a finding: an entry in the module's ``CODES``, a function in its ``RULES``, a case in the
tests and a row in docs/lint.md (a test compares the four).

Data in, data out; nothing is looked at here.

:depends: nothing
"""

from __future__ import annotations

__virtualname__ = "hanfs_lint_rules"

PARTS = ("cluster", "node", "storage", "net", "nfs", "exports", "fencing", "peers")
SEVERITIES = ("error", "warning", "info")
# Findings that are made by hanfs.check or from pillar's list itself, not by a rule.
CODES = {
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


def __virtual__():
    return __virtualname__


def registry():
    """
    All findings there are.

    Returns ``{code: {"severity", "title", "why", "cure", "source"}}``; more keys are ``article``
    (the severity under the profile article, if it is another one) and ``acceptable: False``.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_lint_rules.registry
    """
    found = dict(CODES)
    for part in PARTS:
        found.update(__salt__[f"hanfs_lint_rules_{part}.codes"]())
    return dict(sorted(found.items()))


def parts():
    """
    The names of the parts that the rules are in: ``hanfs_lint_rules_<part>``.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_lint_rules.parts
    """
    return list(PARTS)


def told(site, description, facts, parts=PARTS):
    """
    What is to be said about a site on this node. Pure.

    site
        A site as ``hanfs_schema.normalise`` returns it.

    description
        Its cluster's description.

    facts
        The answer of ``hanfs_facts.gather``.

    parts
        Which rules, by the names of their modules.

    Returns a list of ``[code, detail]``, for ``findings``.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_lint_rules.told '{...}' '{...}' '{...}'
    """
    plan = __salt__["hanfs_lint_plan.view"](description)
    return [
        one
        for part in parts
        for one in __salt__[f"hanfs_lint_rules_{part}.told"](site, plan, facts)
    ]


def findings(told, site, path="hanfs"):
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

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_lint_rules.findings '[[HANFS402, one link]]' '{...}' hanfs
    """
    known, by_code = registry(), {}
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


def acceptance(site, found):
    """
    What is wrong with pillar's list of accepted findings. Pure.

    site
        A normalised site.

    found
        Codes that were found.

    Returns a list of ``[code, detail]``.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_lint_rules.acceptance '{lint: {accept: {HANFS999: x}}}' '[]'
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
