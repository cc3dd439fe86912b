"""Descriptions: every mistake gets its path, good ones come out in one form."""

import pytest
from salt.exceptions import SaltInvocationError

import _cib_describe

DUMMY = "ocf:pacemaker:Dummy"
normalise = _cib_describe.normalise


def primitives(*names, **more):
    return {"primitives": {name: {"agent": DUMMY} for name in names}, **more}


def operations(value):
    return {"primitives": {"A": {"agent": DUMMY, "operations": value}}}


def order(*entries, **more):
    return primitives("A", "B", "C", "D", constraints={"order": list(entries)}, **more)


GROUP = {"g": ["A", "B", "C"]}

MISTAKES = {
    "no mapping": ([], "a description is a mapping, not a list"),
    "unknown kind": ({"primitive": {}}, "primitive: unknown key; allowed: properties"),
    "unmanaged": ({"unmanaged": "burn"}, "unmanaged: 'burn' is not one of: keep, purge"),
    "kind of another type": ({"primitives": ["A"]}, "primitives: must be a mapping, not a list"),
    "nested value": (
        {"properties": {"batch-limit": [1]}},
        "properties:batch-limit: must be one value, not a list",
    ),
    "built-in property": (
        {"properties": {"dc-version": 1}},
        "properties:dc-version: Pacemaker sets this property itself",
    ),
    "name of two words": (
        {"op_defaults": {"time out": 1}},
        "op_defaults:time out: 'time out' is no name: it must be one word",
    ),
    "text of two lines": (
        {"primitives": {"A": {"agent": DUMMY, "attributes": {"x": "one\ntwo"}}}},
        "primitives:A:attributes:x: must be printable text on one line",
    ),
    "text that Pacemaker breaks": (
        {"primitives": {"A": {"agent": DUMMY, "description": "größer > kleiner"}}},
        "primitives:A:description: has <, >, & or quotes together with letters beyond ASCII",
    ),
    "no agent": ({"primitives": {"A": {}}}, "primitives:A: agent is missing"),
    "short agent": (
        {"primitives": {"A": {"agent": "IPaddr2"}}},
        "primitives:A:agent: 'IPaddr2' is no full agent name",
    ),
    "agent with a part missing": (
        {"primitives": {"A": {"agent": "ocf:IPaddr2"}}},
        "primitives:A:agent: 'ocf:IPaddr2' is no full agent name",
    ),
    "key of a primitive": (
        {"primitives": {"A": {"agent": DUMMY, "attribute": {}}}},
        "primitives:A:attribute: unknown key; allowed: agent, ahead, attributes, ",
    ),
    "bad id": (
        {"primitives": {"1 A": {"agent": DUMMY}}},
        "primitives:1 A: '1 A' is no valid id",
    ),
    "bad interval": (
        operations({"monitor": {"interval": "often"}}),
        "primitives:A:operations:monitor:interval: 'often' is not a time",
    ),
    "a list for text": (
        {"primitives": {"A": {"agent": DUMMY, "description": ["x"]}}},
        "primitives:A:description: must be text, not a list",
    ),
    "end of line": (
        operations({"monitor": {"interval": "20s\n"}}),
        "primitives:A:operations:monitor:interval: '20s\\n' is not a time",
    ),
    "bad timeout": (
        operations({"start": [{"timeout": "1 fortnight"}]}),
        "primitives:A:operations:start:0:timeout: '1 fortnight' is not a time",
    ),
    "operation option": (
        operations({"monitor": {"every": 5}}),
        "primitives:A:operations:monitor:every: unknown key",
    ),
    "operation without a name": (
        operations([{"interval": 5}]),
        "primitives:A:operations:0: name is missing",
    ),
    "role": (
        operations({"monitor": {"role": "Boss"}}),
        "primitives:A:operations:monitor:role: 'Boss' is not one of: Promoted",
    ),
    "on-fail": (
        operations({"monitor": {"on-fail": "cry"}}),
        "primitives:A:operations:monitor:on-fail: 'cry' is not one of: ignore",
    ),
    "same interval": (
        operations({"monitor": [{"interval": "60s"}, {"interval": "1min"}]}),
        "primitives:A:operations: two monitor operations have the same interval",
    ),
    "empty group": ({"groups": {"g": []}}, "groups:g: a group needs at least one member"),
    "member twice": (
        primitives("A", groups={"g": ["A", "A"]}),
        "groups:g:members: A is listed twice",
    ),
    "member of two": (
        primitives("A", groups={"g": ["A"], "h": ["A"]}),
        "groups:h:members: A is already in the group g",
    ),
    "group in a group": (
        primitives("A", groups={"g": ["A"], "h": ["g"]}),
        "groups:h:members: g is a group itself",
    ),
    "id of two": (primitives("A", groups={"A": ["B"]}), "groups:A: the id is also a primitive's"),
    "kind of constraint": (
        {"constraints": {"place": []}},
        "constraints:place: unknown key; allowed: colocation, location, order, ticket",
    ),
    "order without an end": (order({"first": "A"}), "constraints:order:0: then is missing"),
    "kind of order": (
        order({"first": "A", "then": "B", "kind": "Sometimes"}),
        "constraints:order:0:kind: 'Sometimes' is not one of: Mandatory, Optional, Serialize",
    ),
    "action": (
        order({"first": "A", "then": "B", "first-action": "jump"}),
        "constraints:order:0:first-action: 'jump' is not one of: start",
    ),
    "symmetrical": (
        order({"first": "A", "then": "B", "symmetrical": "maybe"}),
        "constraints:order:0:symmetrical: 'maybe' is not true or false",
    ),
    "score": (
        primitives(
            "A", "B", constraints={"colocation": [{"resource": "A", "with": "B", "score": "x"}]}
        ),
        "constraints:colocation:0:score: 'x' is not a score",
    ),
    "empty set": (
        order({"sets": [{"members": []}]}),
        "constraints:order:0:sets:0: a set needs at least one member",
    ),
    "no set": (order({"sets": []}), "constraints:order:0:sets: at least one set is needed"),
    "twice the same": (
        order({"first": "A", "then": "B"}, {"first": "A", "then": "B", "kind": "Optional"}),
        "constraints:order:1: says the same as constraints:order:0",
    ),
    "constraint id of a primitive": (
        order({"first": "A", "then": "B", "id": "C"}),
        "constraints:order:0:id: the id C is already used in primitives",
    ),
    "cycle in a group": (
        order(
            {"first": "A", "then": "B"},
            {"first": "B", "then": "C"},
            {"first": "C", "then": "A"},
            groups=GROUP,
        ),
        "groups:g:members: the order constraints among A, B, C form a cycle",
    ),
    "contradiction in a group": (
        order({"first": "B", "then": "C"}, {"first": "C", "then": "B"}, groups=GROUP),
        "groups:g:members: the order constraints among B, C form a cycle",
    ),
    "member against its group": (
        order({"first": "A", "then": "g"}, groups=GROUP),
        "constraints:order:0: orders the group g against its own member",
    ),
    "members and strangers in one": (
        order({"sets": [["A", "B"], ["D"]]}, groups=GROUP),
        "constraints:order:0: A, B are in one group, the others are not",
    ),
    "stop order in a group": (
        order({"first": "A", "first-action": "stop", "then": "B"}, groups=GROUP),
        "constraints:order:0: the members of a group are ordered by their start only",
    ),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_mistake(case):
    description, message = MISTAKES[case]
    with pytest.raises(SaltInvocationError) as error:
        normalise(description)
    assert message in str(error.value)


def test_all_mistakes_at_once():
    with pytest.raises(SaltInvocationError) as error:
        normalise({"primitives": {"A": {"agent": "x"}, "B": {}}, "groups": {"g": []}, "x": 1})
    lines = str(error.value).splitlines()[1:]
    assert [line.split(": ")[0] for line in lines] == [
        "x",
        "primitives:A:agent",
        "primitives:B",
        "groups:g",
    ]


def members(*orders):
    return normalise(order(*orders, groups=GROUP))["groups"]["g"]["members"]


@pytest.mark.parametrize(
    "orders, expected",
    [
        ([], "ABC"),
        ([{"first": "C", "then": "A"}], "BCA"),
        ([{"first": "B", "then": "A"}], "BAC"),
        ([{"sets": [["C", "B"], ["A"]]}], "CBA"),
        ([{"sets": [{"members": ["B", "A"], "sequential": False}]}], "ABC"),
        ([{"first": "C", "then": "B"}, {"first": "B", "then": "A"}], "CBA"),
    ],
)
def test_order_in_a_group_orders_its_members(orders, expected):
    assert members(*orders) == list(expected)
    assert normalise(order(*orders, groups=GROUP))["constraints"] == []


def test_order_across_groups_stays_a_constraint():
    found = normalise(order({"first": "A", "then": "D"}, groups=GROUP))
    assert [(one["first"], one["then"]) for one in found["constraints"]] == [("A", "D")]


def test_one_member_in_a_set_stays_a_constraint():
    found = normalise(order({"sets": [{"members": ["C"], "require-all": True}]}, groups=GROUP))
    assert found["constraints"][0]["sets"] == [{"members": ["C"], "require-all": "true"}]


def test_values_become_text():
    found = normalise(
        {
            "properties": {"stonith-enabled": False, "batch-limit": 5, "no-quorum-policy": None},
            "primitives": {"A": {"agent": DUMMY, "attributes": {"on": True, "n": 1, "t": "x"}}},
        }
    )
    assert found["properties"] == {
        "stonith-enabled": "false",
        "batch-limit": "5",
        "no-quorum-policy": None,
    }
    # what an agent takes for true is the agent's matter, so it is still a boolean
    assert found["primitives"]["A"]["attributes"] == {"on": True, "n": "1", "t": "x"}


@pytest.mark.parametrize(
    "written",
    [
        {"monitor": [{"interval": 20}, {"interval": "60s", "role": "slave"}]},
        [
            {"name": "monitor", "interval": 20},
            {"name": "monitor", "interval": "60s", "role": "Unpromoted"},
        ],
    ],
)
def test_ways_to_write_operations(written):
    assert normalise(operations(written))["primitives"]["A"]["operations"] == [
        {"name": "monitor", "interval": "20"},
        {"name": "monitor", "interval": "60s", "role": "Unpromoted"},
    ]
