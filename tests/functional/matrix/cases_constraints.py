"""Constraints of every kind, of two and of sets; defaults in sets, with rules; properties."""

from tests.functional.matrix.case import DUMMY, Case

RESOURCES = {"primitives": {name: {"agent": DUMMY} for name in ("A", "B", "C")}}
NO_ORDER = "a constraint of two has no order"
OLD_SETS = "pcs has no command for a location of sets"


def constraint(kind, create, change, unset, reorder=None, name=None, paths=(), **more):
    """A constraint: ``paths`` are the fields that change and that go."""
    steps = {
        "create": create,
        "change": change,
        "unset": unset,
        **({"reorder": reorder} if reorder else {}),
    }
    changed, gone = paths
    expected = {"create": None, "change": changed, "unset": gone, "reorder": "sets"}
    return Case(
        base=RESOURCES,
        steps={
            **{step: {"constraints": {kind: [one]}} for step, one in steps.items()},
            "remove": {},
        },
        paths={
            **{step: {("constraints", name, expected[step])} for step in steps},
            "remove": {("constraints", name, None)},
        },
        without={} if reorder else {"reorder": NO_ORDER},
        **more,
    )


ORDER = {"first": "A", "then": "B"}
COLOCATION = {"resource": "C", "with": "A", "score": 10}
LOCATION = {"resource": "A", "node": "n1"}
RULE = {"resource": "A", "rule": "#uname eq n1", "score": 5}
TICKET = {"resource": "A", "ticket": "T"}
SETS = [["A", "B"], ["C"]]
TURNED = [["B", "A"], ["C"]]


def defaults(kind, attribute, rule, other_rule):
    """A plain set and one with a rule, by their ids; a value, a rule and a set come and go."""
    plain = {"id": "always", "values": {attribute: "70s"}}

    def sets(*more, score=7):
        return {kind: [plain, *({"id": "at-times", "score": score, **one} for one in more)]}

    values = {attribute: "80s", "priority": "1"}
    return Case(
        base={**RESOURCES, kind: [plain]},
        steps={
            "create": sets({"rule": rule, "values": values}),
            "change": sets({"rule": rule, "values": {**values, attribute: "90s"}}),
            "unset": sets({"rule": rule, "values": {attribute: "90s"}}),
            "reorder": sets({"rule": other_rule, "values": {attribute: "90s"}}, score=9),
            "remove": {},
        },
        paths={
            "create": {(kind, "at-times", None)},
            "change": {(kind, "at-times", f"values:{attribute}")},
            "unset": {(kind, "at-times", "values:priority")},
            "reorder": {(kind, "at-times", "rule"), (kind, "at-times", "score")},
            "remove": {(kind, "at-times", None)},
        },
    )


def plain_defaults(kind, attribute):
    return Case(
        base=RESOURCES,
        steps={
            "create": {kind: {attribute: "70s", "priority": 1}},
            "change": {kind: {attribute: "80s", "priority": 1}},
            "unset": {kind: {attribute: "80s", "priority": None}},
            "remove": {},
        },
        paths={
            "create": {(kind, attribute, None), (kind, "priority", None)},
            "change": {(kind, attribute, None)},
            "unset": {(kind, "priority", None)},
            "remove": {(kind, attribute, None)},
        },
        without={"reorder": "a default has no order"},
    )


CASES = {
    "order": constraint(
        "order",
        ORDER,
        {**ORDER, "kind": "Optional", "id": "order-A-B-mandatory"},
        {**ORDER, "id": "order-A-B-mandatory"},
        name="order-A-B-mandatory",
        paths=("kind", "kind"),
    ),
    "order, its actions": constraint(
        "order",
        {**ORDER, "id": "o", "first-action": "stop", "then-action": "stop"},
        {**ORDER, "id": "o", "first-action": "stop", "then-action": "start"},
        {**ORDER, "id": "o", "first-action": "start", "then-action": "start"},
        name="o",
        paths=("then-action", "first-action"),
    ),
    "order of sets": constraint(
        "order",
        {"sets": SETS, "id": "o"},
        {"sets": SETS, "id": "o", "kind": "Optional"},
        {"sets": SETS, "id": "o"},
        {"sets": TURNED, "id": "o"},
        name="o",
        paths=("kind", "kind"),
    ),
    "colocation": constraint(
        "colocation",
        {**COLOCATION, "id": "c"},
        {**COLOCATION, "id": "c", "score": 20},
        {"resource": "C", "with": "A", "id": "c", "score": 0},
        name="c",
        paths=("score", "score"),
    ),
    "colocation of sets": constraint(
        "colocation",
        {"sets": [["A", "B"]], "score": -10, "id": "c"},
        {"sets": [["A", "B"]], "score": -20, "id": "c"},
        {"sets": [["A", "B"]], "score": 0, "id": "c"},
        {"sets": [["B", "A"]], "score": 0, "id": "c"},
        name="c",
        paths=("score", "score"),
    ),
    "location": constraint(
        "location",
        {**LOCATION, "score": 5, "resource-discovery": "never", "id": "l"},
        {**LOCATION, "score": 6, "resource-discovery": "never", "id": "l"},
        {**LOCATION, "score": 6, "id": "l"},
        name="l",
        paths=("score", "resource-discovery"),
    ),
    "location of a pattern": constraint(
        "location",
        {"resource-pattern": "^A$", "node": "n1", "score": 5, "resource-discovery": "never"},
        {"resource-pattern": "^A$", "node": "n1", "score": 6, "resource-discovery": "never"},
        {"resource-pattern": "^A$", "node": "n1", "score": 6},
        name="location-A-n1-5",
        paths=("score", "resource-discovery"),
    ),
    "location by a rule": constraint(
        "location",
        {**RULE, "id": "l"},
        {**RULE, "id": "l", "rule": "#uname eq n1 and (defined a or date gt 2020-01-01)"},
        {**RULE, "id": "l"},
        name="l",
        paths=("rule", "rule"),
    ),
    "location by a rule, its score": constraint(
        "location",
        {**RULE, "id": "l", "resource-discovery": "never"},
        {**RULE, "id": "l", "score": 50, "resource-discovery": "never"},
        {**RULE, "id": "l", "score": 50},
        name="l",
        paths=("score", "resource-discovery"),
    ),
    "location of sets": constraint(
        "location",
        {"sets": [["A", "C"]], "node": "n1", "score": 5, "id": "l"},
        {"sets": [["A", "C"]], "node": "n1", "score": 6, "id": "l"},
        {"sets": [["A", "C"]], "node": "n1", "score": 0, "id": "l"},
        {"sets": [["C", "A"]], "node": "n1", "score": 0, "id": "l"},
        name="l",
        paths=("score", "score"),
        pcs=dict.fromkeys(("create", "change", "unset", "reorder"), OLD_SETS),
    ),
    "ticket": constraint(
        "ticket",
        {**TICKET, "id": "t", "loss-policy": "freeze"},
        {**TICKET, "id": "t", "loss-policy": "demote"},
        {**TICKET, "id": "t"},
        name="t",
        paths=("loss-policy", "loss-policy"),
        touched={"change": {"A"}, "remove": {"A"}},
    ),
    "ticket of sets": constraint(
        "ticket",
        {"sets": [["A", "B"]], "ticket": "T", "id": "t", "loss-policy": "freeze"},
        {"sets": [["A", "B"]], "ticket": "T", "id": "t", "loss-policy": "demote"},
        {"sets": [["A", "B"]], "ticket": "T", "id": "t"},
        {"sets": [["B", "A"]], "ticket": "T", "id": "t"},
        name="t",
        paths=("loss-policy", "loss-policy"),
        touched={"change": {"A", "B"}, "remove": {"A", "B"}},
    ),
    "resource defaults": plain_defaults("resource_defaults", "failure-timeout"),
    "op defaults": plain_defaults("op_defaults", "timeout"),
    "resource defaults in sets": defaults(
        "resource_defaults",
        "failure-timeout",
        "resource ::Dummy",
        "resource ocf:pacemaker:Dummy or resource systemd::",
    ),
    "op defaults in sets": defaults(
        "op_defaults",
        "timeout",
        "op monitor interval=11s",
        "resource ::Dummy and op monitor interval=11s",
    ),
}
