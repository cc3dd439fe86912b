"""Constraints, rules and sets of defaults: real pcs and the engine make the same of them."""

import xml.etree.ElementTree as ET

import pytest

from tests.support.cluster_tools import VERSIONS, for_version

DUMMY = "ocf:pacemaker:Dummy"
RESOURCES = [f"resource create {name} {DUMMY}" for name in "ABCD"]
DESCRIBED = {
    "properties": {"stonith-enabled": False},
    "primitives": {name: {"agent": DUMMY} for name in "ABCD"},
}

LOCATION = {
    "constraint location A prefers n1=50": {"resource": "A", "node": "n1", "score": 50},
    "constraint location A avoids n2": {"resource": "A", "node": "n2", "score": "-INFINITY"},
    "constraint location regexp%^B.* prefers n1=20": {
        "resource-pattern": "^B.*",
        "node": "n1",
        "score": 20,
    },
    "constraint location add by-name B n2 7 resource-discovery=never": {
        "resource": "B",
        "node": "n2",
        "score": 7,
        "resource-discovery": "never",
        "id": "by-name",
    },
    "constraint location C rule #uname eq n1": {"resource": "C", "rule": "#uname eq n1"},
    "constraint location C rule score=7 #uname eq n2 or ( defined a and not_defined b )": {
        "resource": "C",
        "rule": "#uname eq n2 or (defined a and not_defined b)",
        "score": 7,
    },
    "constraint location D rule score-attribute=power date gt 2026-01-01": {
        "resource": "D",
        "rule": "date gt 2026-01-01",
        "score-attribute": "power",
    },
    "constraint location D rule score=5 date in_range 2026-01-01 to 2026-02-01": {
        "resource": "D",
        "rule": "date in_range 2026-01-01 to 2026-02-01",
        "score": 5,
    },
    "constraint location D rule score=6 date in_range 2026-01-01 to duration weeks=2": {
        "resource": "D",
        "rule": "date in_range 2026-01-01 to duration weeks=2",
        "score": 6,
    },
    "constraint location D rule score=8 date-spec hours=9-16 weekdays=1-5": {
        "resource": "D",
        "rule": "date-spec hours=9-16 weekdays=1-5",
        "score": 8,
    },
    "constraint location D rule score=9 a lt version 1.2 and b gt string x": {
        "resource": "D",
        "rule": "a lt version 1.2 and b gt string x",
        "score": 9,
    },
    "constraint location A rule score=9 cpu gt integer 4": {
        "resource": "A",
        "rule": "cpu gt integer 4",
        "score": 9,
    },
}
TICKET = {
    "constraint ticket add T1 A": {"resource": "A", "ticket": "T1"},
    "constraint ticket add T1 Started B loss-policy=freeze": {
        "resource": "B",
        "ticket": "T1",
        "role": "Started",
        "loss-policy": "freeze",
    },
    "constraint ticket set A B sequential=false setoptions ticket=T2 loss-policy=stop": {
        "sets": [{"members": ["A", "B"], "sequential": False}],
        "ticket": "T2",
        "loss-policy": "stop",
    },
}
RESOURCE_DEFAULTS = {
    "resource defaults update resource-stickiness=100": {"values": {"resource-stickiness": 100}},
    "resource defaults set create id=dummies score=5 meta failure-timeout=60s priority=3 "
    "rule resource ocf:pacemaker:Dummy": {
        "id": "dummies",
        "score": 5,
        "values": {"failure-timeout": "60s", "priority": 3},
        "rule": "resource ocf:pacemaker:Dummy",
    },
    "resource defaults set create meta priority=4 rule resource ::Dummy or resource systemd::": {
        "values": {"priority": 4},
        "rule": "resource ::Dummy or resource systemd::",
    },
}
OP_DEFAULTS = {
    "resource op defaults update timeout=60s": {"values": {"timeout": "60s"}},
    "resource op defaults set create score=9 meta timeout=30s "
    "rule resource ::Dummy and op monitor interval=10s": {
        "score": 9,
        "values": {"timeout": "30s"},
        "rule": "resource ::Dummy and op monitor interval=10s",
    },
}
PARTS = {
    "location": (LOCATION, {"constraints": {"location": list(LOCATION.values())}}),
    "ticket": (TICKET, {"constraints": {"ticket": list(TICKET.values())}}),
    "resource defaults": (
        RESOURCE_DEFAULTS,
        {"resource_defaults": list(RESOURCE_DEFAULTS.values())},
    ),
    "op defaults": (OP_DEFAULTS, {"op_defaults": list(OP_DEFAULTS.values())}),
}


@pytest.fixture(params=[(version, part) for version in VERSIONS for part in PARTS], ids="-".join)
def built(request, tmp_path, monkeypatch):
    """One file that pcs made and one that the engine made of the same."""
    version, part = request.param
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    theirs = for_version(version, tmp_path, "pcs.xml")
    commands, described = PARTS[part]
    theirs.pcs("property set stonith-enabled=false", *RESOURCES, *commands)
    ours = theirs.another("engine.xml")
    described = {**DESCRIBED, **described}
    assert ours.world().salt["cib.apply"](described, wait=0)["pushed"]
    return theirs, ours, described


def layout(text):
    """The sections that are asked about, a line for each element: their order counts."""

    def lines(element, depth=0, parent=None):
        given = dict(element.attrib)
        if element.tag == "rule":
            # pcs before 0.12 leaves it out where it makes no difference ...
            given.setdefault("boolean-op", "and")
            if parent != "rsc_location":
                # ... and writes this in older schemas, where only a location's own rule needs it
                given.pop("score", None)
        attributes = " ".join(f"{name}={value}" for name, value in sorted(given.items()))
        yield f"{'  ' * depth}{element.tag} {attributes}"
        for child in element:
            yield from lines(child, depth + 1, element.tag)

    root = ET.fromstring(text).find("configuration")
    sections = (root.find(name) for name in ("constraints", "rsc_defaults", "op_defaults"))
    return [line for section in sections if section is not None for line in lines(section)]


def test_layout_is_that_of_pcs(built):
    theirs, ours, _ = built
    assert layout(ours.text()) == layout(theirs.text())


def test_what_pcs_made_is_taken_over(built):
    theirs, _, described = built
    found = theirs.world().salt["cib.plan"](described)
    assert (set(found["changes"]), found["unmanaged"]) == ({"ownership"}, {})


def test_what_is_read_describes_the_same(built):
    theirs, ours, _ = built
    read = theirs.world().salt["cib.query"]()
    found = ours.world().salt["cib.plan"](read)
    assert {kind: one for kind, one in found["changes"].items() if kind != "ownership"} == {}
    again = theirs.world().salt["cib.plan"](read)
    assert set(again["changes"]) <= {"ownership"}
