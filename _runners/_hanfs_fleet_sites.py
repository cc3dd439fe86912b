"""
From what minions answer to sites and what is wrong with them. Pure.
"""

from __future__ import annotations

from typing import Any, NamedTuple

# Seconds that an answer may be old: what it says may not be so any more.
OLDEST = 30

CURES = {
    "silent": "see that its minion runs and is connected: salt MINION test.ping",
    "old": "look at the load of the minion, and at its clock",
    "release": "bring the modules: salt MINION saltutil.sync_all",
    "no-modules": "bring the modules: salt MINION saltutil.sync_all",
    "error": "see what the minion says",
    "no-minion": "the site names a node that no minion claims to be: its key, or pillar, is wrong",
    "twice": "two minions claim to be this node: one of them has a wrong name or pillar",
    "differs": "the nodes have different pillar: refresh it, or correct the site",
    "foreign": "a node of the site is in another cluster",
    "mixed": "the nodes have different Pacemakers: finish the update that was begun, node by node",
    "active": "the service runs nowhere, or the nodes disagree where",
}


class Site(NamedTuple):
    """A site as its minions tell it."""

    name: str
    minions: dict[str, str]  # node -> minion id, in the order of pillar

    @property
    def ids(self) -> list[str]:
        return list(self.minions.values())


def made(code: str, text: str) -> dict[str, str]:
    """One finding, of the same form as those of ``hanfs.gate``."""
    return {"code": code, "text": text, "cure": CURES[code]}


def sites(identities: dict[str, Any]) -> tuple[dict[str, Site], dict[str, list[dict]]]:
    """
    Put the minions together to sites.

    identities
        Minion id -> what ``hanfs.identity`` returned there.

    Returns the sites by name, and the findings of those that cannot be worked on, by name.
    """
    found: dict[str, dict[str, list[str]]] = {}
    wanted: dict[str, list[list[str]]] = {}
    for minion, answer in sorted(identities.items()):
        if isinstance(answer, dict) and answer.get("site"):
            found.setdefault(answer["site"], {}).setdefault(answer["node"], []).append(minion)
            wanted.setdefault(answer["site"], []).append(answer["nodes"])
    whole, broken = {}, {}
    for name, nodes in sorted(found.items()):
        problems = list(_problems(name, nodes, wanted[name]))
        order = [node for node in wanted[name][0] if node in nodes]
        whole[name] = Site(name, {node: nodes[node][0] for node in order})
        if problems:
            broken[name] = problems
    return whole, broken


def _problems(name, nodes, wanted):
    if any(one != wanted[0] for one in wanted):
        yield made("differs", f"{name}: the nodes are not the same ones in each node's pillar")
    for node in wanted[0]:
        claimed = nodes.get(node, [])
        if not claimed:
            yield made("no-minion", f"{name}: no minion that answered is {node}")
        elif len(claimed) > 1:
            yield made("twice", f"{name}: {' and '.join(claimed)} all say that they are {node}")


def findings(site: Site, answers: dict[str, Any], release: str, now: float) -> list[dict[str, str]]:
    """
    What forbids that work begins on a site.

    answers
        Minion id -> what ``hanfs.gate`` returned there; a minion that said nothing is not there,
        one that raised has a text.

    release
        The release that the modules must be of.

    now
        Seconds since 1970, when the answers are used.
    """
    found = []
    for minion in site.ids:
        found += [
            {**one, "text": f"{minion}: {one['text']}"}
            for one in _of_answer(minion, answers, release, now)
        ]
    if not found:
        found += _of_pair(site, [answers[minion] for minion in site.ids])
    return found


def _of_answer(minion, answers, release, now):
    if minion not in answers:
        return [made("silent", "did not answer")]
    answer = answers[minion]
    if not isinstance(answer, dict):
        text = str(answer).strip()
        code = "no-modules" if text.endswith("is not available.") else "error"
        return [made(code, text[-400:] or "said nothing")]
    if answer.get("release") != release:
        return [made("release", f"has the modules of {answer.get('release')}, not of {release}")]
    age = now - answer.get("at", 0)
    if abs(age) > OLDEST:
        return [made("old", f"its answer is {age:.0f} s old, or its clock is wrong")]
    return answer["findings"]


def _of_pair(site, answers):
    clusters = {answer["cluster"] for answer in answers}
    if len(clusters) > 1:
        told = " and ".join(str(one or "none") for one in sorted(clusters, key=str))
        return [made("foreign", f"{site.name}: its nodes are in the clusters {told}")]
    if clusters == {None}:
        return []
    sets = {answer["feature_set"] for answer in answers}
    if len(sets) > 1:
        return [made("mixed", f"{site.name}: feature sets {' and '.join(map(str, sorted(sets)))}")]
    where = {answer["active_node"] for answer in answers}
    if len(where) > 1 or None in where:
        return [made("active", f"{site.name}: {' and '.join(map(str, sorted(where, key=str)))}")]
    return []


def passive_first(site: Site, answers: dict[str, Any]) -> list[str]:
    """The nodes in the order to work on them: the one that serves comes last, so moves once."""
    active = {answer.get("active_node") for answer in answers.values() if isinstance(answer, dict)}
    return sorted(site.minions, key=lambda node: (node in active, list(site.minions).index(node)))


def batches(names: list[str], canary: list[str], size: int) -> list[list[str]]:
    """
    Sites in the order of a rollout: the canaries one by one, then ``size`` whole sites at a time.
    """
    first = [name for name in canary if name in names]
    rest = [name for name in names if name not in first]
    return [[name] for name in first] + [
        rest[begin : begin + size] for begin in range(0, len(rest), size)
    ]
