"""Whatever constraints, rules and sets of defaults are described: once is enough."""

import xml.etree.ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import _cib_checker
import _cib_describe
import _cib_kinds
import _cib_plan
import _cib_rule_text
import _cib_rules
import _cib_xml
from tests.support.cluster_tools import EMPTY_CIB
from tests.support.salt_modules import load

world = load(states=False)
salt = world.salt
RESOURCES = ["A", "B", "C", "D"]
PRIMITIVES = {name: {"agent": "ocf:pacemaker:Dummy"} for name in RESOURCES}

quick = settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)

# Rules --------------------------------------------------------------------------------------------

words = st.sampled_from(
    ["#uname", "n1", "rack", "date", "eq", "to", "and", "string", "integer", "defined", "op", "a b"]
    + ["resource", "1", "date-spec", "(x)", "'q'", '"', "duration", "gt", "1.5", "interval=1s"]
)
dates = st.sampled_from(["2026-01-01", "2026-01-01T12:00:00Z", "20260101", "2026-W05"])
numbers = st.integers(1, 5)


@st.composite
def node_expressions(draw):
    name = draw(words)
    if draw(st.booleans()):
        operation = draw(st.sampled_from(["defined", "not_defined"]))
        return ["expression", {"attribute": name, "operation": operation}, []]
    attributes = {"attribute": name, "operation": draw(st.sampled_from(["eq", "ne", "gt", "lte"]))}
    kind = draw(st.sampled_from([None, "string", "integer", "number", "version"]))
    number = kind in ("integer", "number", "version")
    attributes["value"] = str(draw(numbers)) if number else draw(words)
    if kind:
        attributes["type"] = kind
    return ["expression", attributes, []]


@st.composite
def date_expressions(draw):
    operation = draw(st.sampled_from(["gt", "lt", "in_range", "date_spec"]))
    attributes, parts = {"operation": operation}, []
    if operation == "gt":
        attributes["start"] = draw(dates)
    elif operation == "lt":
        attributes["end"] = draw(dates)
    elif operation == "date_spec":
        keys = st.sampled_from(["hours", "weekdays", "months"])
        values = st.sampled_from(["1", "2-5"])
        parts = [["date_spec", draw(st.dictionaries(keys, values, min_size=1)), []]]
    elif draw(st.booleans()):
        attributes.update(start="2026-01-01", end="2026-02-01")
    else:
        attributes["start"] = draw(dates)
        keys = st.sampled_from(["hours", "weeks"])
        parts = [["duration", draw(st.dictionaries(keys, numbers.map(str), min_size=1)), []]]
    return ["date_expression", attributes, parts]


resource_expressions = st.dictionaries(
    st.sampled_from(["class", "provider", "type"]), st.sampled_from(["ocf", "IPaddr2", "x-1"])
).map(lambda attributes: ["rsc_expression", attributes, []])
operation_expressions = st.fixed_dictionaries(
    {"name": st.sampled_from(["monitor", "eq", "start"])},
    optional={"interval": st.sampled_from(["10s", "10", "1min"])},
).map(lambda attributes: ["op_expression", attributes, []])


def trees(expressions):
    """Rules with at least two parts: one part alone has no brackets."""

    def rule(parts):
        operator = st.sampled_from(["and", "or"])
        lists = st.lists(parts, min_size=2, max_size=3)
        return st.builds(lambda word, inner: ["rule", {"boolean-op": word}, inner], operator, lists)

    single = expressions.map(lambda one: ["rule", {"boolean-op": "and"}, [one]])
    return single | rule(st.recursive(expressions, rule, max_leaves=5))


location_rules = trees(node_expressions() | date_expressions())
default_rules = trees(node_expressions() | date_expressions() | resource_expressions)
op_rules = trees(date_expressions() | resource_expressions | operation_expressions)


def text_of(tree):
    return _cib_rule_text.told(tree)


@quick
@given(op_rules | default_rules)
def test_a_rule_is_the_same_after_text_and_back(tree):
    text = text_of(tree)
    assert _cib_rule_text.parse(text) == tree
    assert text_of(_cib_rule_text.parse(text)) == text


@quick
@given(op_rules | default_rules)
def test_a_rule_is_the_same_after_xml_and_back(tree):
    text = text_of(tree)
    cib = _cib_xml.Cib(EMPTY_CIB)
    parent = ET.SubElement(cib.section("rsc_defaults"), "meta_attributes", {"id": "x"})
    _cib_rules.write(cib, parent, text, {})
    found = _cib_rules.read(parent.find("rule"))
    assert found == text
    ids = [one.get("id") for one in parent.iter()]
    assert len(ids) == len(set(ids))


@quick
@given(op_rules | default_rules, st.randoms())
def test_a_rule_means_the_same_in_another_order(tree, random):
    def shuffled(one):
        tag, attributes, parts = one
        parts = [shuffled(part) for part in parts]
        random.shuffle(parts)
        return [tag, attributes, parts]

    texts = (text_of(tree), text_of(shuffled(tree)))
    assert _cib_rules.meaning(texts[0]) == _cib_rules.meaning(texts[1])


pieces = st.sampled_from(
    ["(", ")", " ", "and", "or", "eq", "date", "gt", "in_range", "to", "duration", "hours=1", "="]
    + ["resource", "::", "op", "interval=", "interval=1s", '"', "'", "x", "defined", "string", "\n"]
)


@settings(quick, max_examples=500)
@given(st.lists(pieces).map(" ".join) | st.lists(pieces).map("".join) | st.text())
def test_any_text_is_a_rule_or_a_clear_error(text):
    check = _cib_checker.Checker()
    found = _cib_rules.check(check, "here", text, "op_defaults")
    if found is None:
        assert check.problems and all(one.startswith("here: ") for one in check.problems)
    else:
        assert _cib_rules.meaning(found) == _cib_rules.meaning(text)


@pytest.mark.parametrize("bracket", "()")
def test_many_brackets_are_a_clear_error(bracket):
    check = _cib_checker.Checker()
    _cib_rules.check(check, "here", bracket * 5000 + "a eq 1" + ")" * 5000, "location")
    assert len(check.problems) == 1


# Constraints and defaults -------------------------------------------------------------------------

scores = st.sampled_from([1, 50, "INFINITY", "-INFINITY"])
roles = st.sampled_from(["Promoted", "Unpromoted", "Started", "master"])
members = st.lists(st.sampled_from(RESOURCES), unique=True, min_size=1).map(sorted)
flags = st.booleans()


def entries(required, optional, key):
    return st.lists(st.fixed_dictionaries(required, optional=optional), max_size=3, unique_by=key)


locations = entries(
    {"resource": st.sampled_from(RESOURCES), "node": st.sampled_from(["n1", "n2"])},
    {"score": scores, "resource-discovery": st.sampled_from(["always", "never"])},
    lambda one: (one["resource"], one["node"]),
)
patterns = entries(
    {"resource-pattern": st.sampled_from(["^a", ".*"]), "node": st.sampled_from(["n1", "n2"])},
    {"score": scores, "role": roles},
    lambda one: (one["resource-pattern"], one["node"]),
)
ruled = entries(
    {"resource": st.sampled_from(RESOURCES), "rule": location_rules.map(text_of)},
    {"role": roles, "score-attribute": st.just("power")},
    lambda one: (one["resource"], _cib_rules.meaning(one["rule"])),
)
tickets = entries(
    {"resource": st.sampled_from(RESOURCES), "ticket": st.sampled_from(["T1", "T2"])},
    {"role": roles, "loss-policy": st.sampled_from(["stop", "freeze"])},
    lambda one: (one["resource"], one["ticket"]),
)
orders = entries(
    {
        "sets": st.lists(
            st.fixed_dictionaries(
                {"members": members},
                optional={"sequential": flags, "require-all": flags, "role": roles},
            ),
            min_size=1,
            max_size=1,
        )
    },
    {"kind": st.sampled_from(["Optional", "Mandatory"]), "symmetrical": flags},
    lambda one: tuple(one["sets"][0]["members"]),
)


def default_sets(rules):
    return st.lists(
        st.fixed_dictionaries(
            {
                "values": st.dictionaries(
                    st.sampled_from(["timeout", "priority", "x"]), st.sampled_from([1, "20s"])
                )
            },
            optional={"rule": rules.map(text_of), "score": st.integers(1, 9)},
        ),
        max_size=3,
        unique_by=lambda one: (_cib_rules.meaning(one.get("rule")), one.get("score")),
    )


plain_values = st.dictionaries(st.sampled_from(["timeout", "x"]), st.sampled_from([1, "20s"]))
descriptions = st.fixed_dictionaries(
    {
        "primitives": st.just(PRIMITIVES),
        "resource_defaults": default_sets(default_rules) | plain_values,
        "op_defaults": default_sets(op_rules) | plain_values,
        "constraints": st.fixed_dictionaries(
            {
                "order": orders,
                "location": st.builds(lambda *lists: sum(lists, []), locations, patterns, ruled),
                "ticket": tickets,
            }
        ),
    }
)


def compare(description, text):
    want = _cib_describe.normalise(description)
    for one in want["primitives"].values():
        one["defaults"] = [{"name": "monitor", "interval": "10s"}]
    found = _cib_plan.compare(want, _cib_kinds.read(text))
    assert found["problems"] == []
    return found


def apply(description, text):
    return _cib_kinds.edit(text, compare(description, text)["edits"])


@quick
@given(descriptions)
def test_a_second_time_changes_nothing(description):
    text = apply(description, EMPTY_CIB)
    found = compare(description, text)
    assert (found["changes"], found["edits"], found["unmanaged"]) == ({}, [], {})


@quick
@given(descriptions, descriptions)
def test_from_any_to_any(one, other):
    text = apply(other, apply(one, EMPTY_CIB))
    found = compare(other, text)
    assert (found["changes"], found["unmanaged"]) == ({}, {})
    fresh = _cib_kinds.read(apply(other, EMPTY_CIB))
    assert len(_cib_kinds.read(text)["constraints"]) == len(fresh["constraints"])


@quick
@given(descriptions)
def test_what_was_read_describes_itself(description):
    text = apply(description, EMPTY_CIB)
    read = _cib_plan.describe(_cib_kinds.read(text))
    assert set(compare(read, text)["changes"]) <= {"ownership"}
