"""From a dry run's answer to drift, and whose doing a difference in the cluster is."""

import copy

import pytest

from tests.support.salt_modules import load
from tests.support.sites import site

WORLD = load(states=False)
LIBRARY = WORLD.library
DRIFT = LIBRARY._hanfs_drift
EMPTY = (
    "<cib><configuration><crm_config/><nodes/><resources/><constraints/></configuration>"
    "<status/></cib>"
)
DESCRIPTION = {
    "properties": {"stonith-enabled": False},
    "resource_defaults": {"resource-stickiness": 100},
    "primitives": {
        "VIP": {
            "agent": "ocf:heartbeat:IPaddr2",
            "attributes": {"ip": "192.168.16.100", "cidr_netmask": 24, "password": "sesame"},
            "operations": {"monitor": {"interval": "20s"}},
            "meta": {"migration-threshold": 3},
        },
        "FS": {"agent": "ocf:heartbeat:Filesystem", "attributes": {"device": "/dev/vdb"}},
    },
    "groups": {"g": ["FS", "VIP"]},
    "constraints": {"location": [{"resource": "g", "node": "n1", "score": 10}]},
}


def plan(description, text):
    want = LIBRARY._cib_describe.normalise(copy.deepcopy(description))
    return LIBRARY._cib_plan.compare(want, LIBRARY._cib_kinds.read(text))


def applied(description, text=EMPTY):
    return LIBRARY._cib_kinds.edit(text, plan(description, text)["edits"])


def bent(path, value):
    made = copy.deepcopy(DESCRIPTION)
    where = made
    for key in path[:-1]:
        where = where[key]
    where[path[-1]] = value
    return made


def causes(description, text):
    recorded = LIBRARY._cib_kinds.read(text)["ownership"].get("applied")
    found = LIBRARY._cib_applied.differences(plan(description, text)["changes"], recorded)
    return {one["path"]: one["cause"] for one in found}


MASK = ("primitives", "VIP", "attributes", "cidr_netmask")
MASK_PATH = "primitives:VIP:attributes:cidr_netmask"
LIVE = applied(DESCRIPTION)


def by_hand(old, new):
    assert old in LIVE
    return LIVE.replace(old, new)


def test_a_second_plan_has_nothing_and_writes_nothing():
    found = plan(DESCRIPTION, LIVE)
    assert (found["changes"], found["edits"]) == ({}, [])


def test_an_old_record_alone_is_no_reason_to_write():
    for record in ("", "abcdef"):
        words = LIBRARY._cib_kinds.read(LIVE)["ownership"]["applied"]
        text = LIVE.replace(words, record)
        assert plan(DESCRIPTION, text)["edits"] == []


def test_the_record_holds_no_value_and_no_secret():
    words = LIBRARY._cib_kinds.read(LIVE)["ownership"]["applied"].split()
    assert words and all(len(word) == 6 for word in words)
    other = applied(bent(("primitives", "VIP", "attributes", "password"), "other"))
    assert LIBRARY._cib_kinds.read(other)["ownership"]["applied"].split() == words


CASES = {
    "changed by hand": (DESCRIPTION, ('value="24"', 'value="25"'), MASK_PATH, "cluster"),
    "changed in pillar": (bent(MASK, 25), None, MASK_PATH, "pillar"),
    "changed in both": (bent(MASK, 25), ('value="24"', 'value="26"'), MASK_PATH, "both"),
    "property by hand": (
        DESCRIPTION,
        ('name="stonith-enabled" value="false"', 'name="stonith-enabled" value="true"'),
        "properties:stonith-enabled",
        "cluster",
    ),
    "property in pillar": (
        bent(("properties", "stonith-enabled"), True),
        None,
        "properties:stonith-enabled",
        "pillar",
    ),
    "new in pillar": (
        bent(("primitives", "VIP", "attributes", "nic"), "eth0"),
        None,
        "primitives:VIP:attributes:nic",
        "pillar",
    ),
    "removed from pillar": (
        bent(("primitives", "VIP", "meta"), {}),
        None,
        "primitives:VIP:meta:migration-threshold",
        "pillar",
    ),
    "operation by hand": (
        DESCRIPTION,
        ('interval="20s"', 'interval="30s"'),
        "primitives:VIP:operations:monitor:30s:interval",
        "cluster",
    ),
    "score in pillar": (
        bent(("constraints", "location"), [{"resource": "g", "node": "n1", "score": 20}]),
        None,
        "constraints:location-g-n1-10:score",
        "pillar",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_whose_doing_it_is(case):
    description, change, path, cause = CASES[case]
    found = causes(description, by_hand(*change) if change else LIVE)
    assert path in found or len(found) == 1, found
    assert list(found.values()) == [cause], found


def test_an_object_that_is_gone_or_new():
    new = {"agent": "ocf:pacemaker:Dummy"}
    assert causes(bent(("primitives", "New"), new), LIVE) == {"primitives:New": "pillar"}
    without = copy.deepcopy(DESCRIPTION)
    del without["constraints"]
    (cause,) = causes(without, LIVE).values()
    assert cause == "pillar"
    alone = applied({**DESCRIPTION, "constraints": {}})
    start, end = LIVE.index("<rsc_location"), LIVE.index("/>", LIVE.index("<rsc_location")) + 2
    (cause,) = causes(DESCRIPTION, LIVE[:start] + LIVE[end:]).values()
    assert cause == "cluster" and "rsc_location" not in alone


def test_nothing_was_recorded_yet():
    words = LIBRARY._cib_kinds.read(LIVE)["ownership"]["applied"]
    text = by_hand('value="24"', 'value="25"').replace(words, "")
    assert causes(DESCRIPTION, text) == {MASK_PATH: "unknown"}


def test_a_changed_secret_is_masked():
    text = by_hand('value="sesame"', 'value="other"')
    recorded = LIBRARY._cib_kinds.read(text)["ownership"]["applied"]
    found = LIBRARY._cib_applied.differences(plan(DESCRIPTION, text)["changes"], recorded)
    assert [one["cause"] for one in found] == ["both"]
    assert "sesame" not in str(found) and "other" not in str(found)


# --- a dry run's answer ---------------------------------------------------------------------------


def tag(module, name, function):
    return f"{module}_|-{name}_|-{name}_|-{function}"


def state(number, result=True, **more):
    return {"__run_num__": number, "result": result, "changes": {}, "comment": "said", **more}


ANSWER = {
    tag("hanfs", "mode", "mount_point"): state(
        1, None, __id__="mode", changes={"mode": {"old": "0700", "new": "0755"}}
    ),
    tag("pkg", "packages", "installed"): state(
        2, None, __id__="packages", changes={"pcs": {"old": "", "new": "installed"}}
    ),
    tag("service", "running", "running"): state(3, None, __id__="running"),
    tag("file", "exports", "managed"): state(4, None, __id__="exports", changes={"diff": "-x"}),
    tag("hanfs", "configured", "configured"): state(
        5,
        None,
        __id__="configured",
        changes={"primitives": {"VIP": {"attributes:ip": {"old": "1", "new": "2"}}}},
        foreseen={
            "differences": [
                {"kind": "primitives", "id": "VIP", "path": "primitives:VIP:attributes:ip",
                 "have": "1", "want": "2", "cause": "cluster"},
                {"kind": "properties", "id": "x", "path": "properties:x",
                 "have": None, "want": "2", "cause": "pillar"},
            ],
            "consequences": ["VIP restarts on n1"],
        },
    ),
    tag("hanfs", "proof", "healthy"): state(6, None, __id__="proof"),
}  # fmt: skip


def test_the_answer_of_a_dry_run():
    found = DRIFT.reduced(ANSWER, True)
    assert found["errors"] == found["unknown"] == []
    assert [(one["path"], one["have"], one["want"]) for one in found["drift"]] == [
        ("mode:mode", "0700", "0755"),
        ("packages:pcs", "", "installed"),
        ("running", None, "said"),
        ("exports:diff", None, "-x"),
        ("cluster:primitives:VIP:attributes:ip", "1", "2"),
        ("cluster:properties:x", None, "2"),
    ]
    assert [one["disrupts"] for one in found["drift"]] == [[]] * 4 + [["VIP restarts on n1"], []]
    assert all(set(one) == {"path", "have", "want", "cause", "disrupts"} for one in found["drift"])
    report = DRIFT.report(found, "hanfs:sites:athens", "n1", 5.5)
    assert report["code"] == 2
    assert report["summary"] == "athens: 6 differences; a run would disrupt: VIP restarts on n1"


@pytest.mark.parametrize("same, cause", [(True, "cluster"), (False, "pillar"), (None, "unknown")])
def test_the_cause_of_what_a_node_has(same, cause):
    assert {one["cause"] for one in DRIFT.reduced(ANSWER, same)["drift"][:4]} == {cause}


def test_no_drift_and_what_cannot_be_known():
    well = {tag("hanfs", "a", "checked"): state(1)}
    assert DRIFT.report(DRIFT.reduced(well, True), "hanfs", "n", 1)["code"] == 0
    for answer in (
        ["Rendering failed", "x"],
        {tag("hanfs", "a", "checked"): state(1, False)},
        {tag("hanfs", "a", "configured"): state(1, None)},
    ):
        report = DRIFT.report(DRIFT.reduced(answer, True), "hanfs", "n", 1)
        assert report["code"] == 1 and (report["errors"] or report["unknown"])
        assert "\n" not in report["summary"] and "cannot be known" in report["summary"]


def test_what_was_applied_is_remembered_once(tmp_path):
    path = tmp_path / "lib/applied"
    assert DRIFT.read(str(path)) is None
    DRIFT.remember(site(), str(path))
    first = path.stat()
    DRIFT.remember(site(), str(path))
    assert path.stat().st_ino == first.st_ino
    assert DRIFT.read(str(path)) == DRIFT.fingerprint(site())
    assert DRIFT.fingerprint(site({"allow_disruption": True})) != DRIFT.fingerprint(site())
