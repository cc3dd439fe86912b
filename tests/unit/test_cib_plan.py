"""Comparing a description with a configuration: the rules, one by one."""

import pytest
from salt.exceptions import SaltInvocationError

import _cib_describe
import _cib_kinds
import _cib_plan
import _cib_primitives
import _cib_values
from tests.support.cluster_tools import EMPTY_CIB

AGENT = "ocf:heartbeat:IPaddr2"
DEFAULTS = [
    {"name": "start", "interval": "0s", "timeout": "20s"},
    {"name": "monitor", "interval": "10s", "timeout": "20s"},
]


def compare(description, text):
    want = _cib_describe.normalise(description)
    for one in want["primitives"].values():
        one["defaults"] = [dict(operation) for operation in DEFAULTS]
    return _cib_plan.compare(want, _cib_kinds.read(text))


def apply(description, text=EMPTY_CIB):
    found = compare(description, text)
    assert found["problems"] == []
    return _cib_kinds.edit(text, found["edits"])


def by_hand(text, *edits):
    """Somebody else's edits: (kind, id, how, what)."""
    return _cib_kinds.edit(
        text, [{"kind": kind, "id": name, how: what} for kind, name, how, what in edits]
    )


def primitive(**more):
    return {"primitives": {"A": {"agent": AGENT, **more}}}


def operations(text):
    found = _cib_kinds.read(text)["primitives"]["A"]["operations"]
    return [{key: value for key, value in one.items() if key != "id"} for one in found]


# Values ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "one, other, expected",
    [
        ("20s", "20", True),
        ("20s", "20000ms", True),
        ("1min", "60s", True),
        ("1h", "60m", True),
        ("20s", "20ms", False),
        ("true", "Yes", True),
        ("on", "1", True),
        ("true", "off", False),
        ("INFINITY", "+INFINITY", True),
        ("INFINITY", "1000000", True),
        ("INFINITY", "-INFINITY", False),
        ("100", "+100", True),
        ("a", "b", False),
        ("", "0", False),
        (None, "0", False),
        (None, None, True),
    ],
)
def test_meaning(one, other, expected):
    assert _cib_values.same(one, other) is expected
    assert _cib_values.same(other, one) is expected


def test_a_yaml_boolean_is_any_spelling_but_text_is_text():
    text = apply(primitive(attributes={"a": "yes", "b": "0"}))
    assert compare(primitive(attributes={"a": True, "b": False}), text)["changes"] == {}
    found = compare(primitive(attributes={"a": "true", "b": False}), text)["changes"]["primitives"]
    assert found == {"A": {"attributes:a": {"old": "yes", "new": "true"}}}


@pytest.mark.parametrize(
    "name",
    [
        *("password", "passwd", "snmp_priv_passwd", "api_key", "secret", "community"),
        *("hexadecimal_kg", "secret_key", "access_key", "token", "api_token"),
    ],
)
def test_secrets_are_masked(name):
    found = compare(primitive(attributes={name: "x"}), EMPTY_CIB)["changes"]["primitives"]["A"]
    assert found["new"]["attributes"] == {name: "********"}


@pytest.mark.parametrize("name", ["passwd_script", "ip", "tokens_file", "keyboard", "secretary"])
def test_others_are_not(name):
    found = compare(primitive(attributes={name: "x"}), EMPTY_CIB)["changes"]["primitives"]["A"]
    assert found["new"]["attributes"] == {name: "x"}


# Operations --------------------------------------------------------------------------------------


def test_new_one_starts_from_the_default():
    text = apply(primitive(operations={"monitor": {"interval": "30s"}}))
    assert operations(text) == [
        {"name": "monitor", "interval": "30s", "timeout": "20s"},
        {"name": "start", "interval": "0s", "timeout": "20s"},
    ]


def test_what_is_not_said_stays():
    text = apply(primitive())
    monitor = _cib_kinds.read(text)["primitives"]["A"]["operations"][0]
    change = {"operations": [{"id": monitor["id"], "set": {"timeout": "77s"}}]}
    text = by_hand(text, ("primitives", "A", "change", change))
    assert compare(primitive(), text)["changes"] == {}
    text = apply(primitive(operations={"monitor": {"interval": 15}}), text)
    assert operations(text)[0] == {"name": "monitor", "interval": "15", "timeout": "77s"}


def test_no_longer_described_gets_its_default_back():
    described = primitive(operations={"monitor": {"interval": 15, "on-fail": "block"}, "start": {}})
    text = apply(primitive(), apply(described))
    assert operations(text) == operations(apply(primitive()))
    assert compare(primitive(), text)["changes"] == {}


def test_second_of_a_name_comes_and_goes():
    two = primitive(
        operations={"monitor": [{"interval": 10}, {"interval": 60, "OCF_CHECK_LEVEL": 5}]}
    )
    text = apply(two, apply(primitive()))
    assert operations(text)[-1] == {
        "name": "monitor",
        "interval": "60",
        "timeout": "20s",
        "OCF_CHECK_LEVEL": "5",
    }
    assert compare(two, text)["changes"] == {}
    text = apply(primitive(operations={"monitor": {"interval": 60}}), text)
    assert [one["interval"] for one in operations(text) if one["name"] == "monitor"] == ["60"]


def test_intervals_are_made_unique():
    defaults = [
        {"name": "monitor", "interval": "10s", "role": "Promoted"},
        {"name": "monitor", "interval": "10s", "role": "Unpromoted"},
    ]
    found = _cib_primitives.new_operations([], defaults)
    assert [one["interval"] for one in found] == ["10s", "11"]


def test_roles_tell_operations_apart():
    live = [
        {"name": "monitor", "interval": "10s", "role": "Promoted", "id": "p"},
        {"name": "monitor", "interval": "11s", "role": "Unpromoted", "id": "u"},
    ]
    described = [
        {"name": "monitor", "role": "Unpromoted", "interval": "21"},
        {"name": "monitor", "role": "Promoted", "interval": "10"},
    ]
    found = _cib_primitives.changed_operations(described, live, [])
    assert found["edits"] == [{"id": "u", "set": {"interval": "21"}}]


# Ownership ---------------------------------------------------------------------------------------


def two_of_us():
    return {
        "properties": {"batch-limit": 5},
        "primitives": {"A": {"agent": AGENT}, "B": {"agent": AGENT}},
        "groups": {"g": ["A", "B"]},
    }


STRANGER = {"agent": AGENT, "operations": []}


def test_the_record_says_what_is_ours():
    found = _cib_kinds.read(apply(two_of_us()))["ownership"]
    assert found.pop("applied")
    assert found == {"properties": "batch-limit", "primitives": "A B", "groups": "g"}


def test_adopting_writes_the_record_only():
    text = by_hand(
        apply(two_of_us()),
        *[("ownership", k, "remove", True) for k in ("primitives", "groups", "properties")],
    )
    assert set(compare(two_of_us(), text)["changes"]) == {"ownership"}


def test_what_an_operator_does_to_a_stranger_is_told():
    stopped = {**STRANGER, "meta": {"target-role": "Stopped", "is-managed": "true"}}
    text = by_hand(apply(two_of_us()), ("primitives", "X", "create", stopped))
    found = compare(two_of_us(), text)
    assert found["changes"] == {} and found["intent"] == []
    assert found["notes"] == ["X, which others made, has target-role=Stopped: left as it is"]
    assert compare({**two_of_us(), "unmanaged": "purge"}, text)["intent"] == [
        "X has target-role=Stopped, and is to be removed"
    ]


# Templates ---------------------------------------------------------------------------------------


def with_templates(text):
    """As crmsh makes them: one that nothing is made from, one that a stranger is made from."""
    more = (
        '<template id="T" class="ocf" provider="heartbeat" type="IPaddr2"/>'
        '<template id="U" class="ocf" provider="heartbeat" type="IPaddr2"/>'
        '<primitive id="X" template="U"/>'
    )
    return text.replace("</resources>", f"{more}</resources>", 1)


def test_templates_of_others_are_listed_and_purged():
    text = with_templates(apply(two_of_us()))
    found = compare(two_of_us(), text)
    assert found["changes"] == {}
    assert found["unmanaged"] == {"primitives": ["X"], "templates": ["T", "U"]}
    found = compare({**two_of_us(), "unmanaged": "purge"}, text)
    gone = {"old": {"agent": AGENT}, "new": None}
    assert found["changes"]["templates"] == {"T": gone, "U": gone}
    left = apply({**two_of_us(), "unmanaged": "purge"}, text)
    assert "template" not in left and _cib_kinds.read(left)["templates"] == {}


def test_a_template_of_a_resource_that_stays_stays():
    text = with_templates(apply(two_of_us()))
    ours = {**two_of_us(), "unmanaged": "purge"}
    ours["primitives"] = {**ours["primitives"], "X": {"agent": AGENT}}
    found = compare(ours, text)
    assert list(found["changes"]["templates"]) == ["T"]
    assert "the template U stays: X is made from it" in found["notes"]


def test_no_description_has_a_template():
    with pytest.raises(SaltInvocationError, match="a template cannot be described"):
        _cib_describe.normalise({"templates": {"T": {"agent": AGENT}}})


def test_a_stranger_in_our_group_stays_where_it_stands():
    text = by_hand(
        apply(two_of_us()),
        ("primitives", "X", "create", STRANGER),
        ("groups", "g", "change", {"members": ["A", "X", "B"]}),
    )
    found = compare(two_of_us(), text)
    assert found["changes"] == {} and found["unmanaged"] == {"primitives": ["X"]}
    turned = {**two_of_us(), "groups": {"g": ["B", "A"]}}
    assert _cib_kinds.read(apply(turned, text))["groups"]["g"]["members"] == ["B", "A", "X"]


def test_a_group_of_ours_with_a_stranger_is_not_removed():
    text = by_hand(
        apply(two_of_us()),
        ("primitives", "X", "create", STRANGER),
        ("groups", "g", "change", {"members": ["A", "X", "B"]}),
    )
    without = {**two_of_us(), "groups": {}}
    found = compare(without, text)
    assert found["notes"] == ["the group g stays: X in it was made by others"]
    assert "groups" not in found["changes"]


def test_our_primitive_in_a_strangers_group_stays_there():
    text = by_hand(
        apply(primitive()),
        ("primitives", "X", "create", STRANGER),
        ("groups", "theirs", "create", {"members": ["A", "X"]}),
    )
    assert compare(primitive(), text)["changes"] == {}


def test_an_emptied_group_goes():
    text = apply({**two_of_us(), "groups": {}}, by_hand(apply(two_of_us())))
    assert _cib_kinds.read(text)["groups"] == {}
    text = apply({"properties": {"batch-limit": 5}}, apply(two_of_us()))
    found = _cib_kinds.read(text)
    assert (found["groups"], found["primitives"]) == ({}, {})


def test_constraints_of_ours_are_owned_whole():
    text = by_hand(
        apply(two_of_us() | {"groups": {}}),
        ("primitives", "X", "create", STRANGER),
        ("constraints", "o1", "create", {"type": "order", "first": "A", "then": "B"}),
        ("constraints", "o2", "create", {"type": "order", "first": "A", "then": "X"}),
    )
    found = compare(two_of_us() | {"groups": {}}, text)
    assert list(found["changes"]["constraints"]) == ["o1"]
    assert found["unmanaged"]["constraints"] == ["o2"]


def test_a_constraint_is_known_by_what_it_says():
    text = by_hand(
        apply(two_of_us() | {"groups": {}}),
        ("constraints", "odd", "create", {"type": "order", "first": "A", "then": "B"}),
    )

    def ordered(**more):
        entry = {"first": "A", "then": "B", **more}
        return {**two_of_us(), "groups": {}, "constraints": {"order": [entry]}}

    assert set(compare(ordered(), text)["changes"]) == {"ownership"}
    assert set(compare(ordered(symmetrical=True, kind="mandatory"), text)["changes"]) == {
        "ownership"
    }
    found = compare(ordered(kind="Serialize"), text)["changes"]["constraints"]
    # what Pacemaker takes for symmetrical follows the kind
    assert found["odd"]["kind"] == {"old": "Mandatory", "new": "Serialize"}
    found = compare(ordered(id="better"), text)["changes"]["constraints"]
    assert found["odd"]["new"] is None and found["better"]["old"] is None


# Intent ------------------------------------------------------------------------------------------


def test_intent_is_told_and_left():
    described = primitive(meta={"target-role": "Started", "priority": 5})
    text = by_hand(
        apply(described),
        ("primitives", "A", "change", {"meta": {"target-role": "Stopped", "maintenance": "true"}}),
        ("properties", "maintenance-mode", "create", "true"),
    )
    found = compare({**described, "properties": {"maintenance-mode": False}}, text)
    assert set(found["changes"]) == {"ownership"}  # the property, from now on
    assert found["intent"] == [
        "the cluster is in maintenance (maintenance-mode=true): left as it is",
        "A has target-role=Stopped: left as it is",
        "A has maintenance=true: left as it is",
    ]


def test_intent_does_not_hide_other_changes():
    text = by_hand(
        apply(primitive(meta={"priority": 5})),
        ("primitives", "A", "change", {"meta": {"target-role": "Stopped"}}),
    )
    found = compare(primitive(meta={"priority": 6}), text)
    assert found["changes"]["primitives"] == {"A": {"meta:priority": {"old": "5", "new": "6"}}}


# Trouble -----------------------------------------------------------------------------------------


def test_in_a_clone():
    text = EMPTY_CIB.replace(
        "<resources/>",
        '<resources><clone id="c"><primitive id="A" class="ocf" provider="heartbeat" '
        'type="IPaddr2"/></clone></resources>',
    )
    found = compare({**primitive(), "groups": {"g": ["A"]}}, text)
    assert found["problems"] == [
        "groups:g:members: A is inside the clone c, which is not described"
    ]
    ours = by_hand(text, ("ownership", "primitives", "create", "A"))
    # an empty clone cannot be
    assert set(compare({}, ours)["changes"]) == {"clones", "primitives", "ownership"}


def test_describe_gives_the_same_again():
    described = {**two_of_us(), "constraints": {"colocation": [{"resource": "g", "with": "X"}]}}
    described["primitives"]["X"] = {"agent": AGENT, "operations": {"monitor": {"interval": "7s"}}}
    text = apply(described)
    again = _cib_plan.describe(_cib_kinds.read(text))
    assert set(compare(again, text)["changes"]) <= {"ownership"}
