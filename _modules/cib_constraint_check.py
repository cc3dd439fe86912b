"""
The description of constraints: checked, and brought into one form.

.. code-block:: yaml

    order:
      - {first: A, then: B, first-action: start, then-action: start, kind: Mandatory,
         symmetrical: true, require-all: true}
      - {sets: [[A, B], {members: [C, D], sequential: false}], kind: Optional}
    colocation:
      - {resource: A, with: B, score: INFINITY, resource-role: Started, with-role: Promoted,
         node-attribute: rack, influence: true}
      - {sets: [[A, B]], score: 100}
    location:                              # score is INFINITY where none is given
      - {resource: A, node: n1, score: 50, role: Promoted, resource-discovery: always}
      - {resource-pattern: "^web-", node: n1, score: -INFINITY}
      - {resource: A, rule: "#uname eq n1 or defined rack", score: 10}   # or score-attribute
      - {sets: [[A, B]], node: n1, score: 10}
    ticket:
      - {resource: A, ticket: T, role: Promoted, loss-policy: stop}
      - {sets: [[A, B]], ticket: T, loss-policy: fence}

Each may have an ``id``. Nothing here runs a command.
"""

from __future__ import annotations

ACTIONS = ("start", "promote", "demote", "stop")
ORDER_KINDS = ("Mandatory", "Optional", "Serialize")
DISCOVERY = ("always", "never", "exclusive")
LOSS_POLICIES = ("stop", "demote", "fence", "freeze")
ORDERINGS = ("group", "listed")
# What an operator's command leaves: nobody may describe these.
OPERATORS_OWN = ("cli-", "pcs-relocate-")


def check(check, path, value):
    """
    Return the described constraints as one list; each has its ``type`` and its ``path``.

    check, path, value
        The collector of problems (``cib_describe``), where it is, and what is described.
    """
    makers = {
        "order": _order,
        "colocation": _colocation,
        "location": _location,
        "ticket": _ticket,
    }
    found = []
    inner = check.mapping(path, value, makers)
    for kind, maker in makers.items():
        for index, entry in enumerate(check.listing(f"{path}:{kind}", inner.get(kind))):
            here = f"{path}:{kind}:{index}"
            constraint = {"type": kind, "path": here, **maker(check, here, entry)}
            _check_id(check, f"{here}:id", constraint.get("id"))
            found.append({key: inner for key, inner in constraint.items() if inner is not None})
    return found


def _check_id(check, path, name):
    if name:
        check.identifier(path, name)
        if name.startswith(OPERATORS_OWN):
            check.problem(path, f"{name} is the name of what an operator's move or ban leaves")


def _entry(check, path, entry, common, pair, required=()):
    """An entry of two resources or of sets, and what both have in common."""
    if not (isinstance(entry, dict) and "sets" in entry):
        entry = check.mapping(path, entry, {"id", *common, *pair}, required=required)
        return entry, {"id": check.text(f"{path}:id", entry.get("id"))}
    entry = check.mapping(path, entry, {"id", *common, "sets"})
    name = check.text(f"{path}:id", entry.get("id"))
    return entry, {"id": name, "sets": _sets(check, f"{path}:sets", entry["sets"])}


def _words(check, path, entry, names):
    return {name: check.text(f"{path}:{name}", entry.get(name)) for name in names}


def _roles(check, path, entry, names):
    return {name: check.role(f"{path}:{name}", entry.get(name)) for name in names}


def _order(check, path, entry):
    common = ("kind", "symmetrical", "require-all")
    pair = ("first", "then", "first-action", "then-action")
    entry, found = _entry(check, path, entry, common, pair, required=("first", "then"))
    if "sets" not in found:
        found.update(_words(check, path, entry, ("first", "then")))
        for name in ("first-action", "then-action"):
            found[name] = check.choice(f"{path}:{name}", entry.get(name, "start"), ACTIONS)
    found["kind"] = check.choice(f"{path}:kind", entry.get("kind"), ORDER_KINDS)
    for name in ("symmetrical", "require-all"):
        found[name] = check.boolean(f"{path}:{name}", entry.get(name))
    return found


def _colocation(check, path, entry):
    pair = ("resource", "with", "resource-role", "with-role", "node-attribute")
    entry, found = _entry(
        check, path, entry, ("score", "influence"), pair, required=("resource", "with")
    )
    if "sets" not in found:
        found.update(_words(check, path, entry, ("resource", "with", "node-attribute")))
        found.update(_roles(check, path, entry, ("resource-role", "with-role")))
    found["score"] = check.score(f"{path}:score", entry.get("score", "INFINITY"))
    found["influence"] = check.boolean(f"{path}:influence", entry.get("influence"))
    return found


def _location(check, path, entry):
    common = ("node", "rule", "score", "score-attribute", "resource-discovery")
    entry, found = _entry(check, path, entry, common, ("resource", "resource-pattern", "role"))
    found.update(_words(check, path, entry, ("node", "score-attribute")))
    if "sets" not in found:
        found.update(_words(check, path, entry, ("resource", "resource-pattern")))
        found.update(_roles(check, path, entry, ("role",)))
        _one_of(check, path, entry, ("resource", "resource-pattern", "sets"))
    _one_of(check, path, entry, ("node", "rule"))
    if entry.get("rule") is not None:
        found["rule"] = __salt__["cib_rules.check"](
            check, f"{path}:rule", entry["rule"], "location"
        )
    found["score"] = check.score(f"{path}:score", entry.get("score"))
    if found["score-attribute"] is None:
        found["score"] = found["score"] or "INFINITY"
    elif entry.get("node") is not None:
        check.problem(f"{path}:score-attribute", "is for a rule, not for a node")
    elif found["score"] is not None:
        check.problem(path, "has both score and score-attribute")
    name = "resource-discovery"
    found[name] = check.choice(f"{path}:{name}", entry.get(name), DISCOVERY)
    return found


def _one_of(check, path, entry, names):
    given = [name for name in names if entry.get(name) not in (None, "")]
    if not given:
        check.problem(path, f"one of {', '.join(names)} is missing")
    elif len(given) > 1:
        check.problem(path, f"has both {' and '.join(given)}")


def _ticket(check, path, entry):
    common = ("ticket", "loss-policy")
    entry, found = _entry(check, path, entry, common, ("resource", "role"))
    if "sets" not in found:
        found.update(_words(check, path, entry, ("resource",)))
        found.update(_roles(check, path, entry, ("role",)))
        _one_of(check, path, entry, ("resource", "sets"))
    _one_of(check, path, entry, ("ticket",))
    found.update(_words(check, path, entry, ("ticket",)))
    name = "loss-policy"
    found[name] = check.choice(f"{path}:{name}", entry.get(name), LOSS_POLICIES)
    return found


def _sets(check, path, value):
    found = []
    allowed = ("sequential", "require-all", "ordering", "action", "role", "score", "kind")
    for index, inner in enumerate(check.listing(path, value)):
        here = f"{path}:{index}"
        inner = {"members": inner} if isinstance(inner, (list, tuple)) else inner
        inner = check.mapping(here, inner, ("members", *allowed))
        one = {
            "members": check.names(f"{here}:members", inner.get("members")),
            "sequential": check.boolean(f"{here}:sequential", inner.get("sequential")),
            "require-all": check.boolean(f"{here}:require-all", inner.get("require-all")),
            "ordering": check.choice(f"{here}:ordering", inner.get("ordering"), ORDERINGS),
            "action": check.choice(f"{here}:action", inner.get("action"), ACTIONS),
            "role": check.role(f"{here}:role", inner.get("role")),
            "score": check.score(f"{here}:score", inner.get("score")),
            "kind": check.choice(f"{here}:kind", inner.get("kind"), ORDER_KINDS),
        }
        if not one["members"]:
            check.problem(here, "a set needs at least one member")
        if one["score"] is not None and one["kind"] is not None:
            check.problem(here, "has both score and kind")
        found.append({key: inner for key, inner in one.items() if inner is not None})
    if not found:
        check.problem(path, "at least one set is needed")
    return found
