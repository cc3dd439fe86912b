"""
What a run would change, as data: the answer of a dry run of the formula, reduced.

There is no second opinion on what differs: the states that would change it say so, and what the
cluster's configuration is about comes from the plan that they would push. Pure, but for the two
functions at the end, which keep and read what was last applied on this node.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import _hanfs_settings_files
from _cib_values import Data
from _hanfs_types import RawSite

SCHEMA_VERSION = 1
NONE, ERROR, DRIFT = 0, 1, 2
# The last site whose run went well on this node, as a hash.
APPLIED = "/var/lib/hanfs/applied"
# It waits for health, and changes nothing.
_PROOF = "healthy"
_OURS = ("hanfs", "pcs")


def reduced(answer: Any, same_site: bool | None) -> Data:
    """
    Reduce what ``state.apply hanfs test=True`` returned. Pure.

    answer
        The states by their tags, or what Salt returns in their place when there are none.

    same_site
        Whether the site in pillar is the one that was last applied on this node; None: not known.

    Returns ``{"drift": [...], "errors": [sentences], "unknown": [sentences]}``, as ``hanfs.drift``
    has them.
    """
    if not isinstance(answer, dict):
        said = answer if isinstance(answer, list) else [answer]
        return {"drift": [], "errors": [str(one) for one in said], "unknown": []}
    found: Data = {"drift": [], "errors": [], "unknown": []}
    for tag, state in sorted(answer.items(), key=lambda item: item[1].get("__run_num__", 0)):
        module, function = tag.split("_|-")[0], tag.split("_|-")[-1]
        name, result = state.get("__id__") or state.get("name"), state.get("result")
        if result is False:
            found["errors"].append(f"{name}: {state.get('comment')}")
        elif function == _PROOF and module == "hanfs":
            continue
        elif "foreseen" in state:
            found["drift"] += _of_cluster(state["foreseen"])
        elif state.get("changes"):
            found["drift"] += _of_node(name, state["changes"], same_site)
        elif result is None and module in _OURS:
            found["unknown"].append(f"{name}: {state.get('comment')}")
        elif result is None:
            # Salt's own states may say only in words what they would do
            found["drift"].append(_one(name, None, state.get("comment"), same_site))
    return found


def _of_cluster(foreseen):
    """
    The scheduler tells of all changes together. They are put down to those whose objects it names;
    to all if it names none (a constraint, a property).
    """
    sentences = foreseen["consequences"]
    named = {
        one["id"]
        for one in foreseen["differences"]
        if any(text.startswith(f"{one['id']} ") for text in sentences)
    }
    for one in foreseen["differences"]:
        yield {
            "path": f"cluster:{one['path']}",
            "have": one["have"],
            "want": one["want"],
            "cause": one["cause"],
            "disrupts": sentences if not named or one["id"] in named else [],
        }


def _of_node(name, changes, same_site):
    for path, have, want in leaves(changes):
        yield _one(":".join([name, *path]), have, want, same_site)


def leaves(changes: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """
    The single differences in the ``changes`` of a state. Pure.

    changes
        A tree with ``{"old", "new"}`` at its ends; what has another form is all new.

    Yields (path, old, new).
    """
    if isinstance(changes, dict) and set(changes) == {"old", "new"}:
        yield path, changes["old"], changes["new"]
    elif isinstance(changes, dict) and changes:
        for key, value in changes.items():
            yield from leaves(value, (*path, str(key)))
    else:
        yield path, None, changes


def _one(path, have, want, same_site):
    causes = {True: "cluster", False: "pillar", None: "unknown"}
    return {
        "path": path,
        "have": have,
        "want": want,
        "cause": causes[same_site],
        "disrupts": [],
    }


def report(found: Data, site: str, node: str, now: float) -> Data:
    """
    The whole of ``hanfs.drift``. Pure.

    found
        The answer of ``reduced``.

    site, node, now
        The site's path, this node's name, Unix time.
    """
    code = ERROR if found["errors"] or found["unknown"] else DRIFT if found["drift"] else NONE
    drift = found["drift"]
    said = [
        f"{len(drift)} {'difference' if len(drift) == 1 else 'differences'}"
        if drift
        else "no drift",
        *(f"cannot be known: {text}" for text in [*found["errors"], *found["unknown"]][:1]),
    ]
    disrupts = {text for one in drift for text in one["disrupts"]}
    if disrupts:
        said.append("a run would disrupt: " + "; ".join(sorted(disrupts)))
    return {
        "schema_version": SCHEMA_VERSION,
        "site": site,
        "node": node,
        "time": int(now),
        "code": code,
        "summary": f"{site.split(':')[-1]}: {'; '.join(said)}".split("\n")[0],
        **found,
    }


def fingerprint(site: RawSite) -> str:
    """A hash of a site as it stands in pillar, without its secrets. Pure."""
    text = json.dumps(site, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def remember(site: RawSite, path: str = APPLIED) -> None:
    """
    Note that a site was applied on this node.

    site
        As it stands in pillar, without secrets.

    Raises CommandExecutionError if it cannot be written.
    """
    if read(path) == fingerprint(site):
        return
    _hanfs_settings_files.write(path, fingerprint(site) + "\n", mode=0o600)


def read(path: str = APPLIED) -> str | None:
    """The hash that ``remember`` wrote; None if there is none."""
    try:
        with open(path, encoding="ascii") as file:
            return file.read().strip() or None
    except (OSError, UnicodeError):
        return None
