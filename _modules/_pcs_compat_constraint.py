"""
The words of ``pcs constraint``, read into plain data

Location, colocation, order and ticket, of pcs 0.9 to 0.12. What comes out is an entry of a
description's ``constraints``; a word that is not understood is an error that names it.

Nothing here runs a command or knows a cluster.
"""

from __future__ import annotations

import re
from typing import Any

import _pcs_compat_parse
from _cib_errors import SaltInvocationError
from _cib_values import Data

WHAT = "constraint_options"
ACTIONS = ("start", "promote", "demote", "stop")
# Words of pcs that do something else than create.
_OTHER = ("remove", "delete", "show", "config", "list")
_SCORE = re.compile(r"[+-]?(INFINITY|\d+)$")
_RULE_OPTIONS = (
    "id",
    "role",
    "score",
    "score-attribute",
    "constraint-id",
    "resource-discovery",
)


def _fail(message):
    raise SaltInvocationError(f"{WHAT}: {message}")


def _pairs(words):
    return _pcs_compat_parse.pairs(WHAT, words)


def constraint(name: str, kind: str, value: Any) -> Data:
    """
    The words of ``pcs constraint KIND WORDS...``.

    name
        The constraint's id.

    kind
        ``location``, ``colocation``, ``order`` or ``ticket``.

    value
        The list of words.

    Returns ``id``, ``type``, ``entry`` (of a description's ``constraints``, without the id),
    ``force`` (bool) and ``notes`` (sentences). Raises SaltInvocationError that names the words
    that are not understood.
    """
    makers = {"location": _location, "colocation": _colocation, "order": _order, "ticket": _ticket}
    if kind not in makers:
        known = ", ".join(makers)
        raise SaltInvocationError(f"constraint_type: {kind!r} is not known; these are: {known}")
    parted = _pcs_compat_parse.options(WHAT, value, {"--force": False})
    left = parted["words"]
    if not left:
        _fail(f"must hold the words that follow 'pcs constraint {kind}'")
    if left[0] in _OTHER:
        _fail(f"'{left[0]}' creates nothing")
    notes: list[str] = []
    entry = makers[kind](list(left), str(name), notes)
    given = entry.pop("id", None)
    if given not in (None, str(name)):
        _fail(f"the id {given} is not the state's constraint_id {name}")
    return {
        "kind": "constraint",
        "id": str(name),
        "type": kind,
        "entry": {key: inner for key, inner in entry.items() if inner is not None},
        "wait": None,
        "force": bool(parted["options"].get("--force")),
        "notes": notes,
    }


def _role(word):
    return None if word is None else str(word).lower().capitalize()


# Order -------------------------------------------------------------------------------------------


def _order(words, name, notes):
    if words[0] == "set":
        found = _sets(words[1:])
        found["kind"] = found.pop("kind", None)
        return _with_kind(found)
    first_action = words.pop(0) if words[0] in ACTIONS else "start"
    if len(words) < 3 or words[1] != "then":
        _fail(f"an order reads 'A then B', not '{' '.join(words)}'")
    first, words = words[0], words[2:]
    then_action = words.pop(0) if words[0] in ACTIONS and words[1:] else "start"
    then, given = words[0], words[1:]
    given = [{"symmetrical": "symmetrical=true", "nonsymmetrical": "symmetrical=false"}.get(w, w)
             for w in given]  # fmt: skip
    found = {"first": first, "then": then}
    found.update({"first-action": first_action, "then-action": then_action})
    for key, inner in _pairs(given).items():
        found[key] = inner
    return _with_kind(found)


def _with_kind(found):
    """A score of an order (an old spelling) is a kind to Pacemaker: 0 is Optional."""
    score = found.pop("score", None)
    if score is not None:
        if not _SCORE.match(score):
            _fail(f"score={score} is no score")
        meant = "Optional" if int(score.replace("INFINITY", "1000000")) == 0 else "Mandatory"
        if found.setdefault("kind", meant).lower() != meant.lower():
            _fail(f"kind={found['kind']} and score={score} contradict each other")
    return found


# Colocation --------------------------------------------------------------------------------------


def _colocation(words, name, notes):
    if words[0] == "set":
        return _sets(words[1:])
    if words.pop(0) != "add":
        _fail("a colocation begins with 'add' or 'set'")
    text = " ".join(words)
    roles = {}
    if words[2:3] == ["with"]:
        roles["resource-role"] = words.pop(0)
    if words[1:2] != ["with"] or len(words) < 3:
        _fail(f"a colocation reads 'add A with B', not 'add {text}'")
    first, words = words[0], words[2:]
    if len(words) > 1 and not (_SCORE.match(words[1]) or "=" in words[1]):
        roles["with-role"] = words.pop(0)
    other, words = words[0], words[1:]
    score = words.pop(0) if words and "=" not in words[0] else None
    given = _pairs(words)
    for old, new in (("rsc-role", "resource-role"), ("with-rsc-role", "with-role")):
        if old in given:
            roles[new] = given.pop(old)
    if roles:
        roles = {key: _role(roles.get(key, "Started")) for key in ("resource-role", "with-role")}
    if score is not None and given.setdefault("score", score) != score:
        _fail(f"two scores: {score} and {given['score']}")
    return {"resource": first, "with": other, "score": "INFINITY", **roles, **given}


# Sets --------------------------------------------------------------------------------------------


def _sets(words):
    """``A B sequential=true set C setoptions kind=Optional``"""
    if words.count("setoptions") > 1:
        _fail("'setoptions' stands there twice")
    given = []
    if "setoptions" in words:
        place = words.index("setoptions")
        words, given = words[:place], words[place + 1 :]
    found, current = [], []
    for word in [*words, "set"]:
        if word != "set":
            current.append(word)
            continue
        members = [one for one in current if "=" not in one]
        if not members:
            _fail("at least one resource must follow 'set'")
        one = _pairs([one for one in current if "=" in one])
        if "role" in one:
            one["role"] = _role(one["role"])
        found.append({"members": members, **one})
        current = []
    return {"sets": found, **_pairs(given)}


# Location ----------------------------------------------------------------------------------------


def _about(word):
    """``R``, ``resource%R`` or ``regexp%EXPRESSION``"""
    kind, percent, value = word.partition("%")
    if not percent:
        return {"resource": word}
    if kind in ("", "resource"):
        return {"resource": value}
    if kind == "regexp":
        return {"resource-pattern": value}
    _fail(f"{word!r}: 'resource%' or 'regexp%' may stand in front")


def _score(word):
    if not _SCORE.match(word):
        _fail(f"{word!r} is no score (a number, INFINITY or -INFINITY)")
    return word


def _location(words, name, notes):
    if words[0] == "add":
        return _location_add(words[1:])
    about, rest = _about(words[0]), words[1:]
    if rest[:1] == ["rule"] and len(rest) > 1:
        return {**about, **_rule(rest[1:], notes)}
    if rest[:1] not in (["prefers"], ["avoids"]) or len(rest) < 2:
        _fail(f"after {words[0]}: 'prefers NODE=SCORE', 'avoids NODE=SCORE' or 'rule ...'")
    # an id would be one node more to pcs, which is why the old states could not do this
    nodes = [word for word in rest[1:] if not word.startswith("id=")]
    ids = _pairs([word for word in rest[1:] if word.startswith("id=")])
    if len(nodes) != 1:
        _fail(f"one constraint is about one node; make a state for each of {', '.join(nodes)}")
    node, equals, score = nodes[0].partition("=")
    score = _score(score) if equals else "INFINITY"
    if rest[0] == "avoids":
        score = score[1:] if score.startswith("-") else "-" + score.lstrip("+")
    return {**about, "node": node, "score": score, **ids}


def _location_add(words):
    if len(words) < 4:
        _fail(f"'add' takes an id, a resource, a node and a score, not '{' '.join(words)}'")
    name, about, node, score = words[:4]
    score = score[len("score=") :] if score.startswith("score=") else score
    given = _pairs(words[4:])
    return {**_about(about), "node": node, "score": _score(score), **given, "id": name}


def _rule(words, notes):
    found, words = {}, list(words)
    while words and words[0].partition("=")[0] in _RULE_OPTIONS and "=" in words[0]:
        key, _, inner = words.pop(0).partition("=")
        found[key] = inner
    # the old states put the id at the very end
    ids = [word for word in words if word.startswith("id=")]
    words = [word for word in words if not word.startswith("id=")]
    if not words:
        _fail("an expression must follow 'rule'")
    if found.pop("id", None):
        notes.append("the rule's own id is left to the cluster")
    if "score" in found and "score-attribute" in found:
        _fail("score or score-attribute, not both")
    if "role" in found:
        found["role"] = _role(found["role"])
    if "score" in found:
        _score(found["score"])
    elif "score-attribute" not in found:
        found["score"] = "INFINITY"
    name = found.pop("constraint-id", None)
    if name is None and ids:
        name = ids[-1].partition("=")[2]
    return {**found, "rule": " ".join(words), "id": name}


# Ticket ------------------------------------------------------------------------------------------


def _ticket(words, name, notes):
    if words[0] == "set":
        found = _sets(words[1:])
        if "ticket" not in found:
            _fail("'setoptions ticket=NAME' must say which ticket")
        return found
    if words[0] != "add":
        _fail("a ticket constraint begins with 'add' or 'set'")
    plain = []
    for word in words[1:]:
        if "=" in word:
            break
        plain.append(word)
    if len(plain) not in (2, 3):
        _fail(f"'add' takes a ticket, perhaps a role, and a resource, not '{' '.join(plain)}'")
    role = _role(plain[1]) if len(plain) == 3 else None
    given = _pairs(words[1 + len(plain) :])
    if "rsc-role" in given:
        _fail("the role stands before the resource")
    return {"ticket": plain[0], "resource": plain[-1], "role": role, **given}
