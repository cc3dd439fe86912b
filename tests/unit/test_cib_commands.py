"""The pcs commands of a plan: how each pcs wants it said, their order, and what cannot be said."""

import pytest

import _cib_commands
import _cib_describe
import _cib_kinds
import _cib_pcs
import _cib_plan
from tests.support.salt_modules import load

DUMMY = "ocf:pacemaker:Dummy"
NEWEST = None
# Of each pcs the ids that matter here.
_0_10 = [
    "pcmk.properties.resource-defaults.multiple",
    "pcmk.properties.operation-defaults.multiple",
    "pcmk.resource.promotable",
    "pcmk.resource.clone.custom-id",
    "pcmk.tag",
]
_0_11 = [*_0_10, "pcmk.cib.roles.promoted-unpromoted"]
_0_12 = [
    *_0_11,
    "pcmk.resource.create.meta.future",
    "pcmk.stonith.levels.add-with-id",
    "pcmk.constraint.location.simple.options.score",
    "pcmk.constraint.location.simple.rule.rule-as-one-argument",
]
PCS = {"0.9": [], "0.10": _0_10, "0.11": _0_11, "0.12": _0_12, "newest": NEWEST}
EMPTY = (
    '<cib validate-with="pacemaker-3.9"><configuration><crm_config/><nodes>'
    '<node id="1" uname="n1"/></nodes><resources/><constraints/></configuration></cib>'
)
PRIMITIVES = {name: {"agent": DUMMY} for name in "AB"}
FENCING = {name: {"agent": "stonith:fence_virt"} for name in ("f1", "f2")}


@pytest.fixture(scope="module")
def salt():
    return load(states=False).salt


def commands(salt, then, pcs="newest", first=None):
    """The commands from one description to the next, as lines."""
    text = EMPTY
    for description in (first or {}, then):
        want = _cib_describe.normalise(description)
        live = _cib_kinds.read(text)
        plan = _cib_plan.compare(want, live)
        assert plan["problems"] == []
        text = _cib_kinds.edit(text, plan["edits"])
    found = _cib_commands.of_plan(plan["edits"], want, live, PCS[pcs])
    return [" ".join(command) for command in found]


def constraint(kind, **more):
    return {"primitives": PRIMITIVES, "constraints": {kind: [more]}}


CLONE = {"primitives": PRIMITIVES, "clones": {"c": {"resource": "A", "meta": {"clone-max": 2}}}}
PROMOTABLE = {
    "primitives": PRIMITIVES,
    "clones": {"A-clone": {"resource": "A", "promotable": True}},
}
LEVEL = {
    "primitives": FENCING,
    "fence_levels": [{"target": "n1", "level": 1, "devices": ["f1", "f2"]}],
}
OTHER_LEVEL = {
    "primitives": FENCING,
    "fence_levels": [{"target": "n1", "level": 1, "devices": ["f2"]}],
}
ROLES = constraint("colocation", **{"resource": "A", "with": "B", "with-role": "Promoted"})
RULE = constraint(
    "location", resource="A", rule="#uname eq n1 or (a eq 'x y' and defined b)", score=5
)

# (description of before, of after, {pcs: the commands; a pcs that is not named says it as the one
# before})
SPELLING = {
    "defaults": (
        {},
        {"resource_defaults": {"a": 1}, "op_defaults": {"timeout": "9s"}},
        {
            "0.9": ["pcs resource defaults a=1", "pcs resource op defaults timeout=9s"],
            "0.10": [
                "pcs resource defaults update a=1",
                "pcs resource op defaults update timeout=9s",
            ],
        },
    ),
    "set of defaults": (
        {},
        {"op_defaults": [{"id": "s", "score": 5, "rule": "op monitor", "values": {"timeout": 9}}]},
        {
            "0.9": ["# this pcs has no sets of defaults: s"],
            "0.10": [
                "pcs resource op defaults set create id=s score=5 meta timeout=9 rule op monitor"
            ],
        },
    ),
    "clone": (
        {"primitives": PRIMITIVES},
        CLONE,
        {
            "0.9": [
                "# this pcs calls the clone A-clone, not c",
                "pcs resource clone A clone-max=2",
            ],
            "0.10": ["pcs resource clone A c clone-max=2"],
            "0.12": ["pcs resource clone A c meta clone-max=2"],
        },
    ),
    "promotable clone": (
        {"primitives": PRIMITIVES},
        PROMOTABLE,
        {"0.9": ["pcs resource master A-clone A"], "0.10": ["pcs resource promotable A"]},
    ),
    "no promotable clone any more": (
        PROMOTABLE,
        {"primitives": PRIMITIVES},
        {
            "0.9": ["# this pcs cannot dissolve the promotable clone A-clone"],
            "0.10": ["pcs resource unclone A"],
        },
    ),
    "role": (
        {"primitives": PRIMITIVES},
        ROLES,
        {
            "0.9": ["pcs constraint colocation add A with Master B score=INFINITY"],
            "0.11": ["pcs constraint colocation add A with Promoted B score=INFINITY"],
        },
    ),
    "node": (
        {"primitives": PRIMITIVES},
        constraint("location", resource="A", node="n1", score=5, id="l"),
        {
            "0.9": ["pcs constraint location add l A n1 5"],
            "0.12": ["pcs constraint location add l A n1 score=5"],
        },
    ),
    "level": (
        LEVEL,
        OTHER_LEVEL,
        {
            "0.9": ["pcs stonith level remove 1 n1 f1 f2", "pcs stonith level add 1 n1 f2"],
            "0.11": [
                "pcs stonith level remove 1 target n1 stonith f1 f2",
                "pcs stonith level add 1 n1 f2",
            ],
            "0.12": [
                "pcs stonith level remove 1 target n1 stonith f1 f2",
                "pcs stonith level add 1 n1 f2 id=fl-n1-1",
            ],
        },
    ),
}


@pytest.mark.parametrize("pcs", PCS)
@pytest.mark.parametrize("name", SPELLING)
def test_spelling(salt, name, pcs):
    first, then, spelled = SPELLING[name]
    known = list(PCS)[: list(PCS).index(pcs) + 1]
    expected = next(spelled[one] for one in reversed(known) if one in spelled)
    assert commands(salt, then, pcs, first) == expected


@pytest.mark.parametrize(
    "pcs, expected",
    [
        (
            "0.11",
            ["#uname", "eq", "n1", "or", *"( a eq".split(), "x y", *"and defined b )".split()],
        ),
        ("0.12", ['#uname eq n1 or (a eq "x y" and defined b)']),
    ],
)
def test_a_rule_is_one_argument_or_many(salt, pcs, expected):
    want = _cib_describe.normalise(RULE)
    live = _cib_kinds.read(EMPTY)
    edits = _cib_plan.compare(want, live)["edits"]
    found = _cib_commands.of_plan(edits, want, live, PCS[pcs])[-1]
    assert found[found.index("score=5") + 1 :] == expected


def test_what_refers_to_others_goes_first_and_comes_last(salt):
    first = {
        "primitives": PRIMITIVES,
        "groups": {"g": ["A", "B"]},
        "constraints": {"order": [{"first": "g", "then": "X", "id": "o"}]},
    }
    first["primitives"] = {**PRIMITIVES, "X": {"agent": DUMMY}}
    then = {
        "primitives": {"B": {"agent": DUMMY}, "N": {"agent": DUMMY}},
        "constraints": {"order": [{"first": "B", "then": "N"}]},
        "properties": {"maintenance-mode": None, "batch-limit": 5},
    }
    found = commands(salt, then, first=first)
    assert [line.split()[1:3] for line in found] == [
        ["property", "set"],
        ["constraint", "remove"],
        ["resource", "ungroup"],
        ["resource", "create"],
        ["resource", "delete"],
        ["resource", "delete"],
        ["constraint", "order"],
    ]


def test_secrets_are_masked(salt):
    then = {
        "primitives": {
            "f": {"agent": "stonith:fence_virt", "attributes": {"password": "s3cr3t", "port": "p"}}
        }
    }
    for first in ({}, {"primitives": {"f": {"agent": "stonith:fence_virt"}}}):
        found = commands(salt, then, first=first)
        assert "password=********" in found[0] and "port=p" in found[0]
        assert "s3cr3t" not in repr(found)


@pytest.mark.parametrize(
    "first, then, remark",
    [
        ({}, {"primitives": {"A": {"agent": DUMMY, "description": "x"}}}, "description"),
        (
            {"primitives": {"A": {"agent": DUMMY}}},
            {"primitives": {"A": {"agent": "ocf:heartbeat:Dummy"}}},
            "delete and create",
        ),
        (
            {"primitives": PRIMITIVES},
            constraint("location", sets=[["A", "B"]], node="n1"),
            "a location of a set",
        ),
        (
            {"primitives": PRIMITIVES},
            constraint("location", resource="A", node="n1", role="Promoted"),
            "a role with a node",
        ),
        (
            {"primitives": PRIMITIVES},
            constraint("order", sets=[{"members": ["A", "B"], "kind": "Optional"}]),
            "kind in a set",
        ),
        (
            {},
            {
                "acls": {
                    "roles": {"r": {"permissions": [{"access": "read", "object-type": "node"}]}}
                }
            },
            "object-type",
        ),
    ],
)
def test_what_pcs_cannot_say_is_a_remark(salt, first, then, remark):
    found = [line for line in commands(salt, then, first=first) if line.startswith("#")]
    assert len(found) == 1 and remark in found[0]


def test_moves_in_an_order(salt):
    moves = _cib_pcs.moves
    assert moves(list("ABC"), list("ABC")) == []
    assert moves([], list("AB")) == [(["A", "B"], [])]
    assert moves(list("ABC"), list("BCA")) == [(["A"], ["--after", "C"])]
    assert moves(list("BC"), list("ABC")) == [(["A"], ["--before", "B"])]
    assert moves(list("ABX"), list("AYZB")) == [(["Y", "Z"], ["--after", "A"])]
