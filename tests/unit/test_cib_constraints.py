"""Constraints, rules and sets of defaults: the rules of comparison and what is an error."""

import xml.etree.ElementTree as ET

import pytest
from salt.exceptions import SaltInvocationError

import _cib_describe
import _cib_kinds
import _cib_plan
from tests.support.cluster_tools import EMPTY_CIB

AGENT = "ocf:pacemaker:Dummy"


def described(names="ABCD", **constraints):
    return {
        "primitives": {name: {"agent": AGENT} for name in names},
        "constraints": constraints,
    }


def compare(description, text, partial=False):
    want = _cib_describe.normalise(description)
    for one in want["primitives"].values():
        one["defaults"] = []
    return _cib_plan.compare(want, _cib_kinds.read(text), partial)


def apply(description, text=EMPTY_CIB):
    found = compare(description, text)
    assert found["problems"] == []
    return _cib_kinds.edit(text, found["edits"])


def with_constraint(text, xml):
    """Somebody adds a constraint by hand."""
    return text.replace("</constraints>", f"{xml}</constraints>").replace(
        "<constraints />", f"<constraints>{xml}</constraints>"
    )


def with_defaults(text, xml):
    return text.replace("</configuration>", f"<rsc_defaults>{xml}</rsc_defaults></configuration>")


def complaint(description):
    with pytest.raises(SaltInvocationError) as caught:
        _cib_describe.normalise(description)
    return str(caught.value)


def constraints(text):
    return ET.fromstring(text).find("configuration/constraints")


# Bad input ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "entry, sentence",
    [
        ({"node": "n1"}, "one of resource, resource-pattern, sets is missing"),
        ({"resource": "A"}, "one of node, rule is missing"),
        ({"resource": "A", "resource-pattern": "a", "node": "n1"}, "has both resource and"),
        ({"resource": "A", "node": "n1", "rule": "#uname eq n1"}, "has both node and rule"),
        ({"resource": "A", "node": "n1", "score": "much"}, "'much' is not a score"),
        ({"resource": "A", "node": "n1", "score-attribute": "x"}, "is for a rule"),
        ({"resource": "A", "node": "n1", "resource-discovery": "x"}, "is not one of: always"),
        ({"resource": "A", "node": "n1", "id": "cli-ban-A-on-n1"}, "operator's move or ban"),
        ({"sets": [["A"]], "node": "n1", "role": "Started"}, "role: unknown key"),
        ({"resource": "A", "rule": "#uname is n1"}, "'is' after '#uname': here should be one of"),
        ({"resource": "A", "rule": "a eq 1 and"}, "the rule ends where an expression"),
        ({"resource": "A", "rule": "resource ::X"}, "not possible in a rule of location"),
        ({"resource": "A", "rule": "date gt tomorrow"}, "'tomorrow' is no date"),
        ({"resource": "A", "rule": "date-spec hours=7-30"}, "hours=7-30: must be"),
        ({"resource": "A", "rule": "date-spec hour=7"}, "'hour' is no part of a date-spec"),
        ({"resource": "A", "rule": "a eq integer x"}, "'x' is no value of the type integer"),
        (
            {"resource": "A", "rule": "date in_range 2026-02-01 to 2026-01-01"},
            "must be after the start",
        ),
        ({"resource": "A", "rule": 5}, "must be a rule"),
    ],
)
def test_mistakes_in_a_location(entry, sentence):
    text = complaint(described(location=[entry]))
    assert sentence in text
    assert "constraints:location:0" in text


@pytest.mark.parametrize(
    "entry, sentence",
    [
        ({"resource": "A"}, "ticket is missing"),
        ({"ticket": "T"}, "one of resource, sets is missing"),
        ({"ticket": "T", "resource": "A", "loss-policy": "cry"}, "is not one of: stop"),
        ({"ticket": "T", "sets": []}, "at least one set"),
    ],
)
def test_mistakes_in_a_ticket(entry, sentence):
    text = complaint(described(ticket=[entry]))
    assert sentence in text
    assert "constraints:ticket:0" in text


def test_said_twice():
    rules = ("#uname eq n1 or defined a", "defined a or #uname eq n1")
    entries = [{"resource": "A", "rule": rule, "score": n} for n, rule in enumerate(rules)]
    text = complaint(described(location=entries))
    assert "constraints:location:1: says the same as constraints:location:0" in text


@pytest.mark.parametrize(
    "kind, entry",
    [
        ("location", {"resource": "X", "node": "n1"}),
        ("location", {"sets": [["X"]], "node": "n1"}),
        ("ticket", {"resource": "X", "ticket": "T"}),
        ("order", {"first": "X", "then": "A"}),
    ],
)
def test_a_reference_to_nothing(kind, entry):
    found = compare(described(**{kind: [entry]}), EMPTY_CIB)
    assert found["problems"] == [f"constraints:{kind}:0: there is no resource X"]


# Contradictions ----------------------------------------------------------------------------------


def pairs(*couples, **more):
    return [{"first": first, "then": then, **more} for first, then in couples]


def test_orders_in_a_circle():
    text = complaint(described(order=pairs("AB", "BC", "CA")))
    assert "constraints:order:0: orders A, B, C in a circle" in text
    assert "together with constraints:order:1, constraints:order:2" in text


def test_a_circle_through_a_group_and_a_clone():
    description = described(order=pairs("GD", "DA"))
    description["groups"] = {"G": ["A", "B"]}
    assert "in a circle" in complaint(description)
    description = described(order=pairs("ac", "cA"))
    description["primitives"]["a"] = description["primitives"]["c"] = {"agent": AGENT}
    description["clones"] = {"cl": {"resource": "A"}}
    assert "orders" not in str(compare(description, EMPTY_CIB)["problems"])
    description["constraints"]["order"] = pairs(("cl", "c"), ("c", "A"))
    assert "in a circle" in complaint(description)


def test_a_circle_of_sets_and_of_stops():
    sets = [{"sets": [["A", "B"], ["C"]]}, *pairs("CA")]
    assert "in a circle" in complaint(described(order=sets))
    stops = {"first-action": "stop", "then-action": "stop"}
    order = [{"first": "A", "then": "B"}, {"first": "A", "then": "B", **stops}]
    assert "in a circle" in complaint(described(order=order))


@pytest.mark.parametrize(
    "order",
    [
        pairs("AB", "BC", "AC"),
        [*pairs("AB"), *pairs("BA", kind="Serialize")],
        [{"sets": [{"members": ["A", "B"], "sequential": False}]}, *pairs("BA")],
        [
            *pairs("AB", symmetrical=False),
            *pairs("AB", **{"first-action": "stop", "then-action": "stop"}, symmetrical=False),
        ],
    ],
)
def test_no_circle(order):
    assert compare(described(order=order), EMPTY_CIB)["problems"] == []


def test_a_circle_with_what_others_made():
    text = apply(described("AB"))
    text = with_constraint(text, '<rsc_order id="theirs" first="B" then="X"/>')
    text = with_constraint(text, '<rsc_order id="theirs-too" first="X" then="A"/>')
    found = compare(described("AB", order=pairs("AB")), text)
    assert found["problems"] == [
        "constraints:order:0: orders A, B, X in a circle, together with theirs, theirs-too"
    ]


def test_their_own_circle_is_not_ours():
    text = apply(described("AB"))
    for first, then in ("XY", "YX"):
        text = with_constraint(text, f'<rsc_order id="{first}" first="{first}" then="{then}"/>')
    assert compare(described("AB", order=pairs("AB")), text)["problems"] == []


def test_together_and_apart():
    colocation = [
        {"resource": "A", "with": "B"},
        {"resource": "B", "with": "A", "score": "-INFINITY"},
    ]
    text = complaint(described(colocation=colocation))
    assert "constraints:colocation:0: A and B would have to be together and apart" in text
    assert "constraints:colocation:1" in text
    colocation[1]["score"] = -5
    assert compare(described(colocation=colocation), EMPTY_CIB)["problems"] == []


# Comparison --------------------------------------------------------------------------------------


def test_ids_are_those_of_pcs():
    text = apply(
        described(
            location=[
                {"resource": "A", "node": "n1"},
                {"resource": "A", "node": "n2", "score": -50},
                {"resource-pattern": "^web-[0-9]+", "node": "n1", "score": 5},
                {"resource": "B", "rule": "#uname eq n1 and (defined a or date-spec hours=1)"},
            ],
            ticket=[
                {"resource": "A", "ticket": "T"},
                {"resource": "B", "ticket": "T", "role": "Started"},
                {"sets": [["A", "B"]], "ticket": "T"},
            ],
        )
    )
    found = [one.get("id") for one in constraints(text).iter() if one.tag != "resource_ref"][1:]
    assert found == [
        "location-A-n1-INFINITY",
        "location-A-n2--50",
        "location-web-0-9-n1-5",
        "location-B",
        "location-B-rule",
        "location-B-rule-expr",
        "location-B-rule-rule",
        "location-B-rule-rule-expr",
        "location-B-rule-rule-expr-1",
        "location-B-rule-rule-expr-1-datespec",
        "ticket-T-A",
        "ticket-T-B-Started",
        "ticket_set_AABB",
        "ticket_set_AABB_set",
    ]


def test_an_operators_constraints_stay_even_under_purge():
    text = apply(described("A"))
    text = with_constraint(
        text,
        '<rsc_location id="cli-ban-A-on-n1" rsc="A" node="n1" score="-INFINITY"/>'
        '<rsc_location id="cli-prefer-A" rsc="A" role="Started"><rule id="cli-prefer-rule-A" '
        'score="INFINITY" boolean-op="and"><expression id="cli-prefer-expr-A" attribute="#uname" '
        'operation="eq" value="n1" type="string"/></rule></rsc_location>',
    )
    for more in ({}, {"unmanaged": "purge"}):
        found = compare({**described("A"), **more}, text)
        assert (found["changes"], found["unmanaged"]) == ({}, {})
        assert len(found["intent"]) == 2
    read = _cib_plan.describe(_cib_kinds.read(text))
    assert read["constraints"] == {}


FOREIGN = [
    '<rsc_location id="x" rsc="A"><rule id="r1" score="1"><expression id="e1" attribute="a" '
    'operation="defined"/></rule><rule id="r2" score="1"><expression id="e2" attribute="b" '
    'operation="defined"/></rule></rsc_location>',
    '<rsc_location id="x" rsc="A"><rule id="r1" score="1"><expression id="e1" attribute="a" '
    'operation="eq" value="p" value-source="param"/></rule></rsc_location>',
    '<rsc_order id="x" first="A" then="B"><lifetime><rule id="r1" score="1"><date_expression '
    'id="e1" operation="gt" start="2026-01-01"/></rule></lifetime></rsc_order>',
    '<rsc_location id="x" rsc="A"><rule id-ref="r1"/></rsc_location>',
]


@pytest.mark.parametrize("xml", FOREIGN)
def test_what_no_description_can_say_is_left_and_listed(xml):
    text = with_constraint(apply(described("AB")), xml)
    found = compare(described("AB"), text)
    assert (found["changes"], found["unmanaged"]) == ({}, {"constraints": ["x"]})
    assert _cib_plan.describe(_cib_kinds.read(text))["constraints"] == {}
    purged = compare({**described("AB"), "unmanaged": "purge"}, text)
    assert set(purged["changes"]["constraints"]) == {"x"}


def test_a_location_of_others_stays():
    xml = '<rsc_location id="x" rsc="A" node="n1" score="5"/>'
    text = with_constraint(apply(described("A")), xml)
    assert compare(described("A"), text)["unmanaged"] == {"constraints": ["x"]}
    mine = described("A", location=[{"resource": "A", "node": "n1", "score": 5}])
    assert set(compare(mine, text)["changes"]) == {"ownership"}


@pytest.mark.parametrize(
    "kind, one, other, paths",
    [
        ("location", {"resource": "A", "node": "n1", "role": "Promoted"}, {"role": None}, {"role"}),
        ("location", {"resource": "A", "rule": "defined a"}, {"rule": "defined b"}, {"rule"}),
        (
            "location",
            {"resource": "A", "rule": "defined a"},
            {"score-attribute": "p"},
            {"score", "score-attribute"},
        ),
        ("ticket", {"resource": "A", "ticket": "T"}, {"role": "Promoted"}, {"role"}),
        ("ticket", {"resource": "A", "ticket": "T"}, {"ticket": "U"}, {"ticket"}),
        ("order", {"first": "A", "then": "B"}, {"then-action": "stop"}, {"then-action"}),
        ("order", {"first": "A", "then": "B"}, {"require-all": False}, {"require-all"}),
        ("order", {"sets": [["A", "B"]]}, {"sets": [["B", "A"]]}, {"sets"}),
        ("order", {"sets": [["A", "B"]]}, {"sets": [["A", "B", "C"]]}, {"sets"}),
        ("colocation", {"resource": "A", "with": "B"}, {"with-role": "Promoted"}, {"with-role"}),
        ("colocation", {"resource": "A", "with": "B"}, {"influence": False}, {"influence"}),
        (
            "colocation",
            {"resource": "A", "with": "B"},
            {"node-attribute": "rack"},
            {"node-attribute"},
        ),
    ],
)
def test_one_attribute_is_one_change(kind, one, other, paths):
    text = apply(described(**{kind: [one]}))
    name = constraints(text)[0].get("id")
    changed = {key: value for key, value in {**one, **other}.items() if value is not None}
    for before, after in ((one, changed), (changed, one)):
        text = apply(described(**{kind: [before]}), text)
        found = compare(described(**{kind: [after]}), text)
        assert {key: set(value) for key, value in found["changes"]["constraints"].items()} == {
            name: paths
        }
        new = _cib_kinds.edit(text, found["edits"])
        assert compare(described(**{kind: [after]}), new)["changes"] == {}


def test_from_a_node_to_a_rule_and_back():
    place = {"resource": "A", "id": "l", "score": 5, "role": "Promoted"}
    node, rule = {**place, "node": "n1"}, {**place, "rule": "#uname eq n1"}
    text = apply(described(location=[node]))
    text = apply(described(location=[rule]), text)
    (element,) = constraints(text)
    assert set(element.attrib) == {"id", "rsc"}
    # the schema of this configuration has the old names of roles
    assert (element[0].get("score"), element[0].get("role")) == ("5", "Master")
    text = apply(described(location=[node]), text)
    (element,) = constraints(text)
    assert (len(element), element.get("score"), element.get("role")) == (0, "5", "Master")


def test_an_unknown_node_is_told():
    text = EMPTY_CIB.replace("<nodes/>", '<nodes><node id="1" uname="n1"/></nodes>')
    found = compare(described(location=[{"resource": "A", "node": "n9"}]), text)
    assert "constraints:location:0: the cluster has no node n9 (it has: n1)" in found["notes"]


# Sets of defaults --------------------------------------------------------------------------------

THEIRS = (
    '<meta_attributes id="theirs"><rule id="r" boolean-op="and" score="INFINITY"><rsc_expression '
    'id="e" type="Dummy"/></rule><nvpair id="p" name="priority" value="1"/></meta_attributes>'
)


def test_the_plain_form_leaves_sets_with_rules():
    text = with_defaults(EMPTY_CIB, THEIRS)
    found = compare({"resource_defaults": {"priority": 5}}, text)
    assert set(found["changes"]["resource_defaults"]) == {"priority"}
    assert found["unmanaged"] == {"resource_defaults": ["theirs"]}
    purged = compare({"resource_defaults": {"priority": 5}, "unmanaged": "purge"}, text)
    assert set(purged["changes"]["resource_defaults"]) == {"priority", "theirs"}


def sets(*entries):
    return {"resource_defaults": list(entries)}


def test_a_set_is_known_by_its_rule_and_score():
    text = with_defaults(EMPTY_CIB, THEIRS)
    found = compare(sets({"rule": "resource ::Dummy", "values": {"priority": 2}}), text)
    assert found["changes"]["resource_defaults"] == {
        "theirs": {"values:priority": {"old": "1", "new": "2"}}
    }
    found = compare(sets({"rule": "resource ::Dummy", "score": 5, "values": {"x": 2}}), text)
    assert set(found["changes"]["resource_defaults"]) == {"rsc_defaults-meta_attributes"}


def test_ours_changes_rule_and_score_in_place():
    one = {"rule": "resource ::Dummy", "values": {"priority": 2}}
    text = apply(sets(one))
    found = compare(sets({**one, "score": 5}), text)["changes"]["resource_defaults"]
    assert found == {"rsc_defaults-meta_attributes": {"score": {"old": None, "new": "5"}}}
    found = compare(sets({**one, "rule": "resource ::Stateful"}), text)["changes"]
    assert set(found["resource_defaults"]["rsc_defaults-meta_attributes"]) == {"rule"}
    found = compare({}, text)["changes"]["resource_defaults"]
    assert found["rsc_defaults-meta_attributes"]["new"] is None


def test_from_one_form_to_the_other():
    plain = {"resource_defaults": {"a": 1, "b": 2}}
    listed = sets({"values": {"a": 1}}, {"rule": "resource ::X", "values": {"c": 1}})
    text = apply(listed, apply(plain))
    assert compare(listed, text)["changes"] == {}
    assert _cib_kinds.read(text)["resource_defaults"] == {"a": "1"}
    text = apply(plain, text)
    assert compare(plain, text)["changes"] == {}
    assert _cib_kinds.read(text)["resource_defaults"] == {"a": "1", "b": "2"}
    assert len(_cib_kinds.read(text)["default_sets"]["resource_defaults"]) == 1


@pytest.mark.parametrize(
    "entry, sentence",
    [
        ({"rule": "op monitor"}, "resource_defaults:0:rule: op: not possible in a rule of"),
        ({"rule": "resource IPaddr2"}, "here should be CLASS:PROVIDER:TYPE"),
        ({"score": "x"}, "resource_defaults:0:score: 'x' is not a score"),
        ({"id": "1x"}, "is no valid id"),
        ({"colour": "red"}, "resource_defaults:0:colour: unknown key"),
        ({"values": {"a": [1]}}, "resource_defaults:0:values:a: must be one value"),
    ],
)
def test_mistakes_in_a_set(entry, sentence):
    assert sentence in complaint(sets(entry))


def test_the_same_set_twice():
    one = {"rule": "resource ::X and resource ocf::"}
    other = {"rule": "resource ocf:: and resource ::X"}
    text = complaint(sets(one, other))
    assert "resource_defaults:1: says the same as resource_defaults:0" in text
