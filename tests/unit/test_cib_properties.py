"""Whatever is described: one application brings it, a second one changes nothing."""

import xml.etree.ElementTree as ET

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import _cib_describe
import _cib_kinds
import _cib_plan
import _cib_tree
import _cib_values
from tests.support.cluster_tools import EMPTY_CIB

AGENTS = {
    "ocf:heartbeat:IPaddr2": [
        {"name": "start", "interval": "0s", "timeout": "20s"},
        {"name": "monitor", "interval": "10s", "timeout": "20s"},
    ],
    "ocf:pacemaker:Stateful": [
        {"name": "monitor", "interval": "10s", "timeout": "20s", "role": "Promoted"},
        {"name": "monitor", "interval": "11s", "timeout": "20s", "role": "Unpromoted"},
        {"name": "stop", "interval": "0s", "timeout": "20s"},
    ],
}
IDS = ["A", "B", "C", "D", "E", "F"]
names = st.sampled_from(["ip", "state", "passwd", "n-1", "x_y", "déjà", "a b"])
texts = st.one_of(
    st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=8),
    st.text("größer “”", min_size=1, max_size=8),
    st.integers(-5, 10**7),
    st.booleans(),
    st.sampled_from(["20s", "1min", "INFINITY", "on", "a<b>&\"c'", "rw,sync"]),
)
pairs = st.dictionaries(names, texts, max_size=3)
utilization = st.dictionaries(st.sampled_from(["cpu", "memory"]), st.integers(-1, 9), max_size=2)
options = st.dictionaries(st.sampled_from(["ip", "state", "x_y", "déjà"]), texts, max_size=3)
times = st.sampled_from(["5s", "10", "11s", "20s", "1min", "90000ms"])


@st.composite
def operations(draw):
    found = {}
    for name in draw(st.sets(st.sampled_from(["start", "monitor", "stop", "notify"]))):
        several = draw(
            st.lists(
                st.fixed_dictionaries(
                    {"interval": times},
                    optional={
                        "timeout": times,
                        "on-fail": st.sampled_from(["block", "restart"]),
                        "role": st.sampled_from(["Promoted", "Unpromoted"]),
                        "OCF_CHECK_LEVEL": st.sampled_from([0, 10]),
                    },
                ),
                min_size=1,
                max_size=2,
                unique_by=lambda one: _cib_values.milliseconds(one["interval"]),
            )
        )
        found[name] = several if len(several) > 1 or draw(st.booleans()) else several[0]
    return found


@st.composite
def descriptions(draw):
    present = draw(st.lists(st.sampled_from(IDS), unique=True))
    primitives = {
        name: {
            "agent": draw(st.sampled_from(sorted(AGENTS))),
            "attributes": draw(pairs),
            "meta": draw(pairs),
            "utilization": draw(utilization),
            "operations": draw(operations()),
        }
        for name in present
    }
    left, groups = list(present), {}
    for group in draw(st.sets(st.sampled_from(["g", "h"]))):
        size = draw(st.integers(0, len(left)))
        if size:
            groups[group], left = draw(st.permutations(left))[:size], left
            left = [name for name in left if name not in groups[group]]
    left += sorted(groups)
    clones, left = draw(holding(["c", "d"], left, clone))
    bundles, left = draw(holding(["p", "q"], left, bundle, primitives))
    return {
        "properties": draw(options),
        "resource_defaults": draw(options),
        "op_defaults": draw(options),
        "primitives": primitives,
        "groups": {name: {"members": m, "meta": draw(pairs)} for name, m in groups.items()},
        "clones": clones,
        "bundles": bundles,
        "constraints": draw(constraints(left + sorted(clones) + sorted(bundles))),
    }


@st.composite
def holding(draw, holders, left, what, kind=None):
    """Clones or bundles that each hold one of what is left; and what is left then."""
    found = {}
    for name in draw(st.sets(st.sampled_from(holders))):
        fitting = [one for one in left if kind is None or one in kind]
        inner = draw(st.sampled_from(fitting)) if fitting else None
        if inner or kind:
            found[name] = {**draw(what), **({"resource": inner} if inner else {})}
        left = [one for one in left if one != inner]
    return found, left


clone = st.fixed_dictionaries(
    {"meta": pairs},
    optional={"promotable": st.booleans(), "description": st.sampled_from(["x", "größer"])},
)
bundle = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["docker", "podman"]),
        "container": st.fixed_dictionaries(
            {"image": st.sampled_from(["x", "y:1"])},
            optional={"replicas": st.integers(1, 3), "promoted-max": st.integers(0, 2)},
        ),
        "network": st.fixed_dictionaries(
            {"control-port": st.integers(1, 3)}, optional={"add-host": st.booleans()}
        ),
    },
    optional={
        "meta": pairs,
        "ports": st.lists(
            st.one_of(
                st.fixed_dictionaries(
                    {"port": st.integers(80, 82)}, optional={"internal-port": st.just(90)}
                ),
                st.fixed_dictionaries({"range": st.sampled_from(["1-2", "3-4"])}),
            ),
            unique_by=lambda one: str(one.get("port", one.get("range"))),
        ),
        "storage": st.lists(
            st.fixed_dictionaries(
                {"source-dir": st.sampled_from(["/a", "/b"]), "target-dir": st.sampled_from("xy")},
                optional={"options": st.just("ro")},
            ),
            unique_by=lambda one: one["target-dir"],
        ),
    },
)


@st.composite
def constraints(draw, resources):
    """About primitives in no group and groups, each pair once."""
    couples = [(a, b) for a in resources for b in resources if a < b]
    found = {"order": [], "colocation": []}
    if couples:
        for first, then in draw(st.lists(st.sampled_from(couples), unique=True, max_size=3)):
            kind = draw(st.sampled_from(["Mandatory", "Optional", "Serialize", None]))
            entry = {"first": first, "then": then, "kind": kind}
            found["order"].append({key: value for key, value in entry.items() if value})
        for one, other in draw(st.lists(st.sampled_from(couples), unique=True, max_size=3)):
            score = draw(st.sampled_from([1, "INFINITY", "-INFINITY"]))
            found["colocation"].append({"resource": one, "with": other, "score": score})
        if draw(st.booleans()):
            sets = [{"members": sorted(resources), "sequential": draw(st.booleans())}]
            found["order"].append({"sets": sets, "kind": "Optional"})
    return found


def plan(description, text):
    want = _cib_describe.normalise(description)
    for one in want["primitives"].values():
        one["defaults"] = [dict(operation) for operation in AGENTS[one["agent"]]]
    return _cib_plan.compare(want, _cib_kinds.read(text))


def compare(description, text):
    found = plan(description, text)
    assert found["problems"] == []
    return found


def apply(description, text):
    return _cib_kinds.edit(text, compare(description, text)["edits"])


def places(text):
    """What stands in what."""
    found = _cib_kinds.read(text)
    return {
        name: _cib_tree.held(kind, one)
        for kind in ("groups", "clones", "bundles")
        for name, one in found[kind].items()
    }


def misplaced(text):
    """Resources that the schema does not allow where they stand, and what holds too few."""
    allowed = {
        "resources": ("primitive", "group", "clone", "master", "bundle"),
        "clone": ("primitive", "group"),
        "group": ("primitive",),
        "bundle": ("primitive",),
    }
    found = []
    for holder in ET.fromstring(text).find("configuration/resources").iter():
        inner = [one.tag for one in holder if one.tag in allowed["resources"]]
        if not set(inner) <= set(allowed.get(holder.tag, ())):
            found.append((holder.get("id"), inner))
        fewest, most = {"group": (1, 9), "clone": (1, 1), "bundle": (0, 1)}.get(holder.tag, (0, 99))
        if not fewest <= len(inner) <= most:
            found.append((holder.get("id"), inner))
    return found


def all_ids(text):
    return [
        element.get("id")
        for element in ET.fromstring(text).iter()
        if element.get("id") and element.tag not in ("resource_ref", "obj_ref")
    ]


quick = settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@quick
@given(descriptions())
def test_a_second_time_changes_nothing(description):
    text = apply(description, EMPTY_CIB)
    found = compare(description, text)
    assert (found["changes"], found["edits"], found["unmanaged"]) == ({}, [], {})
    ids = all_ids(text)
    assert len(ids) == len(set(ids))


@quick
@given(descriptions(), descriptions())
def test_from_any_to_any(one, other):
    text = apply(other, apply(one, EMPTY_CIB))
    assert compare(other, text)["changes"] == {}
    found, fresh = (_cib_kinds.read(each) for each in (text, apply(other, EMPTY_CIB)))
    for kind in ("properties", "resource_defaults", "op_defaults"):
        assert set(found[kind]) == set(fresh[kind])
    for kind in ("primitives", "groups", "clones", "bundles"):
        assert set(found[kind]) == set(fresh[kind])
    assert places(text) == places(apply(other, EMPTY_CIB))
    assert misplaced(text) == []
    assert len(found["constraints"]) == len(fresh["constraints"])
    for name, primitive in fresh["primitives"].items():
        assert found["primitives"][name]["agent"] == primitive["agent"]
        for part in ("attributes", "meta", "utilization"):
            # values may be spelled otherwise: 1 is true already
            assert set(found["primitives"][name][part]) == set(primitive[part])


@quick
@given(descriptions(), descriptions(), st.sampled_from(["keep", "purge"]))
def test_over_what_somebody_made_by_hand(theirs, ours, unmanaged):
    """It may be refused, as what others cloned is not torn out; else it comes to rest."""
    root = ET.fromstring(apply(theirs, EMPTY_CIB))
    for record in root.findall(".//cluster_property_set[@id='salt-pcs-ownership']"):
        root.find("configuration/crm_config").remove(record)
    text = ET.tostring(root, encoding="unicode")
    ours = {**ours, "unmanaged": unmanaged}
    found = plan(ours, text)
    if found["problems"]:
        assert unmanaged == "keep"
        return
    text = _cib_kinds.edit(text, found["edits"])
    assert compare(ours, text)["changes"] == {}
    assert misplaced(text) == []


@quick
@given(descriptions())
def test_what_was_read_describes_itself(description):
    text = apply(description, EMPTY_CIB)
    read = _cib_plan.describe(_cib_kinds.read(text))
    for primitive in read["primitives"].values():
        primitive.get("attributes", {}).pop("passwd", None)  # masked
    changes = compare(read, text)["changes"]
    changes.pop("ownership", None)
    left = {
        path
        for one in changes.pop("primitives", {}).values()
        for path in one
        if path != "attributes:passwd"
    }
    assert (changes, left) == ({}, set())


@quick
@given(descriptions())
def test_editing_nothing_keeps_everything(description):
    text = apply(description, EMPTY_CIB)
    assert _cib_kinds.edit(text) == text
