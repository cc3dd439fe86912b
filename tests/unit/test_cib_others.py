"""Fencing levels, nodes, alerts, tags and access control: compared, written and read again."""

import pytest
from salt.exceptions import SaltInvocationError

import _cib_describe
import _cib_kinds
import _cib_plan
from tests.support.cluster_tools import EMPTY_CIB

PILLAR = {"place:word": "hidden"}
DUMMY = "ocf:pacemaker:Dummy"
CIB = EMPTY_CIB.replace(
    "<nodes/>", '<nodes><node id="1" uname="n1"/><node id="2" uname="n2"/></nodes>'
)
AROUND = {
    "primitives": {
        **{name: {"agent": "stonith:fence_virt"} for name in ("f1", "f2", "f3")},
        **{name: {"agent": DUMMY} for name in ("A", "B", "C")},
    }
}


def compare(description, text, partial=False):
    want = _cib_describe.normalise({**AROUND, **description}, PILLAR.get)
    return _cib_plan.compare(want, _cib_kinds.read(text), partial)


def apply(description, text=CIB, partial=False):
    found = compare(description, text, partial)
    assert found["problems"] == []
    text = _cib_kinds.edit(text, found["edits"])
    again = compare(description, text, partial)
    assert again["changes"] == {} and again["edits"] == []
    return text


def changes(description, text):
    found = compare(description, text)["changes"]
    found.pop("ownership", None)
    return found


def problems(description, text=CIB):
    try:
        return compare(description, text)["problems"]
    except SaltInvocationError as err:
        return str(err).splitlines()[1:]


def strange(text, **kinds):
    """What somebody else adds."""
    return apply(kinds, text, partial=True)


def level(devices, number=1, **target):
    return {"level": number, "devices": devices, **(target or {"target": "n1"})}


ROLE = {"permissions": [{"access": "read", "xpath": "//nodes"}]}
# kind: create, change, back to the first ...
WALKS = {
    "fence_levels": (
        [level(["f1", "f2"]), level(["f3"], 2, **{"target-pattern": "n[12]"})],
        [level(["f2", "f1"]), level(["f3"], 2, **{"target-pattern": "n[12]"})],
        [
            level(["f1"], 3, **{"target-attribute": "rack", "target-value": "a"}),
            level(["f1", "f2"]),
        ],
        [],
    ),
    "nodes": (
        {"n1": {"attributes": {"rack": "a", "b": True}, "utilization": {"cpu": 4}}},
        {"n1": {"attributes": {"rack": "b"}}, "n2": {"utilization": {"cpu": 1}}},
        {"n1": {"attributes": {"rack": None}}},
        {},
    ),
    "alerts": (
        {"a": {"path": "/x", "options": {"o": "1"}, "recipients": {"r": {"value": "v"}}}},
        {
            "a": {
                "path": "/y",
                "description": "d",
                "meta": {"timeout": "5s"},
                "recipients": {
                    "r": {"value": "w", "meta": {"timeout": "9s"}},
                    "s": {"value": "v", "description": "x", "options": {"o": "2"}},
                },
            }
        },
        {"a": {"path": "/y", "select": {"events": ["nodes"], "attributes": ["b", "a"]}}},
        {"a": {"path": "/y", "select": {"events": ["fencing"]}}},
        {},
    ),
    "tags": ({"t": ["A", "B"]}, {"t": ["B", "A"]}, {"t": ["A"], "u": ["C"]}, {}),
    "acls": (
        {"roles": {"r": ROLE}, "users": {"anna": ["r"]}},
        {
            "roles": {
                "r": {
                    "description": "d",
                    "permissions": [
                        {"access": "write", "reference": "A"},
                        {"access": "read", "xpath": "//nodes"},
                        {"access": "deny", "object-type": "nvpair", "attribute": "value"},
                    ],
                },
                "s": {},
            },
            "users": {"anna": ["s", "r"]},
            "groups": {"staff": ["r"]},
        },
        {"roles": {"r": ROLE}, "users": {"anna": []}},
        {},
    ),
}


def describes_nothing(live):
    """Nodes are there without anything of ours."""
    return not any(any(one.values()) for one in live.values())


@pytest.mark.parametrize("kind", WALKS)
def test_each_change_converges(kind):
    text = apply({})
    first = _cib_kinds.read(text)
    for value in WALKS[kind]:
        text = apply({kind: value}, text)
        described = _cib_plan.describe(_cib_kinds.read(text))[kind]
        assert set(changes({kind: described}, text)) == set()
    last = _cib_kinds.read(text)
    assert (last["ownership"], last["primitives"]) == (first["ownership"], first["primitives"])
    assert describes_nothing(last[kind])


# Fencing levels ----------------------------------------------------------------------------------


def test_ids_of_levels_are_those_of_pcs():
    text = apply({"fence_levels": WALKS["fence_levels"][0]})
    assert list(_cib_kinds.read(text)["fence_levels"]) == ["fl-n1-1", "fl-n12-2"]


def test_a_level_in_pieces_becomes_one():
    text = apply({"fence_levels": [level(["f1"])]})
    second = '<fencing-level id="x" target="n1" index="1" devices="f2"/></fencing-topology>'
    text = text.replace("</fencing-topology>", second)
    found = changes({"fence_levels": [level(["f1"])]}, text)
    assert list(found["fence_levels"]) == ["x"]
    apply({"fence_levels": [level(["f1"])]}, text)


@pytest.mark.parametrize("devices, left", [(["f1", "f2"], ["f1"]), (["f2"], None)])
def test_a_level_of_others_loses_a_device_that_goes(devices, left):
    text = strange(apply({}), fence_levels=[level(devices)])
    without = {"primitives": {n: one for n, one in AROUND["primitives"].items() if n != "f2"}}
    found = changes(without, text)["fence_levels"]["fl-n1-1"]
    assert found.get("devices", found)["new"] == left
    apply(without, text)


def test_what_a_level_cannot_be():
    assert problems({"fence_levels": [level(["f1", "nope"]), level(["A"], 2)]}) == [
        "fence_levels:0:devices: there is no fencing device nope",
        "fence_levels:1:devices: A is no fencing device, it is a ocf:pacemaker:Dummy",
    ]
    assert problems({"fence_levels": [level(["f1"], target="n9")]}) == [
        "fence_levels:0:target: there is no node n9 in the cluster; there are: n1, n2"
    ]
    assert problems({"fence_levels": [level(["f1"]), level(["f2"])]}) == [
        "fence_levels:1: the same target and level as fence_levels:0"
    ]
    assert problems({"fence_levels": [level(["f1"], 10)]}) == [
        "fence_levels:0:level: 10 is no level from 1 to 9"
    ]


# Nodes -------------------------------------------------------------------------------------------


def test_attributes_of_others_stay_and_are_told():
    text = strange(apply({}), nodes={"n1": {"attributes": {"theirs": 1}, "utilization": {"x": 1}}})
    found = compare({"nodes": {"n1": {"attributes": {"rack": "a"}}}}, text)
    assert found["changes"]["nodes"] == {"n1": {"attributes:rack": {"old": None, "new": "a"}}}
    assert found["unmanaged"]["nodes"] == ["n1:attributes:theirs", "n1:utilization:x"]


def test_an_operators_attributes_are_not_described():
    found = problems({"nodes": {"n1": {"attributes": {"standby": "on", "terminate": "1"}}}})
    assert [line.split(": ")[0] for line in found] == [
        "nodes:n1:attributes:standby",
        "nodes:n1:attributes:terminate",
    ]


def test_a_node_that_is_not_there():
    assert problems({"nodes": {"n9": {"attributes": {"a": 1}}}}) == [
        "nodes:n9: there is no node n9 in the cluster; there are: n1, n2"
    ]
    assert problems({"nodes": {"n9": {"attributes": {"a": 1}}}}, EMPTY_CIB) == [
        "nodes:n9: there is no node n9 in this configuration, which has none yet"
    ]


def test_a_remote_node_has_attributes_before_it_has_an_entry():
    remote = {"primitives": {"far": {"agent": "ocf:pacemaker:remote"}}}
    text = apply({**remote, "nodes": {"far": {"attributes": {"rack": "c"}}}})
    assert '<node type="remote" id="far" uname="far">' in text


# Alerts ------------------------------------------------------------------------------------------


def test_a_recipient_of_others_stays_in_our_alert():
    ours = {"alerts": {"a": {"path": "/x", "recipients": {"r": {"value": "v"}}}}}
    text = apply(ours)
    theirs = '<recipient id="theirs" value="w"/></alert>'
    text = text.replace("</alert>", theirs)
    found = compare(ours, text)
    assert found["changes"] == {} and found["unmanaged"]["recipients"] == ["a:theirs"]
    purged = changes({**ours, "unmanaged": "purge"}, text)
    assert list(purged["alerts"]["a"]) == ["recipients:theirs"]


def test_a_selection_that_is_not_described_stays():
    selected = {"path": "/x", "select": {"events": ["nodes"]}}
    text = apply({"alerts": {"a": selected}})
    assert changes({"alerts": {"a": {"path": "/x"}}}, text) == {}


def test_a_secret_option_is_masked():
    secret = {"a": {"path": "/x", "options": {"key": {"pillar": "place:word"}}}}
    found = compare({"alerts": secret}, CIB)["changes"]
    assert "hidden" not in str(found)
    text = apply({"alerts": secret})
    changed = {"a": {"path": "/x", "options": {"password": "new-one"}}}
    assert "new-one" not in str(compare({"alerts": changed}, text)["changes"])


def test_recipients_have_ids_of_their_own():
    alerts = {name: {"path": "/x", "recipients": {"r": {"value": "v"}}} for name in "ab"}
    assert problems({"alerts": alerts}) == [
        "alerts:b:recipients:r: the id is already used in alerts:a:recipients:r"
    ]


# Tags --------------------------------------------------------------------------------------------


def test_a_tag_of_others_ends_with_its_last_member():
    text = strange(apply({}), tags={"t": ["A", "B"], "u": ["A"]})
    without = {"primitives": {n: one for n, one in AROUND["primitives"].items() if n != "A"}}
    found = changes(without, text)["tags"]
    assert found == {
        "t": {"members": {"old": ["A", "B"], "new": ["B"]}},
        "u": {"old": ["A"], "new": None},
    }
    text = apply(without, text)
    assert _cib_kinds.read(text)["tags"] == {"t": {"members": ["B"]}}


def test_our_tag_gets_other_members_when_all_it_had_go():
    text = apply({"tags": {"t": ["A"]}})
    without = {"primitives": {n: one for n, one in AROUND["primitives"].items() if n != "A"}}
    text = apply({**without, "tags": {"t": ["B"]}}, text)
    assert _cib_kinds.read(text)["tags"] == {"t": {"members": ["B"]}}


def test_a_constraint_may_name_a_new_tag():
    text = apply(
        {
            "tags": {"t": ["A", "B"]},
            "constraints": {"order": [{"first": "t", "then": "C"}]},
        }
    )
    assert 'first="t"' in text


def test_members_of_tags_must_exist():
    assert problems({"tags": {"t": ["A", "nope"]}}) == ["tags:t: there is no nope"]


# Access control ----------------------------------------------------------------------------------


def test_a_permission_that_stays_keeps_its_id():
    text = apply({"acls": {"roles": {"r": ROLE}}})
    more = [{"access": "read", "xpath": "//tags"}, *ROLE["permissions"]]
    text = apply({"acls": {"roles": {"r": {"permissions": more}}}}, text)
    assert 'id="r-read-1" kind="read" xpath="//tags"' in text
    assert 'id="r-read" kind="read" xpath="//nodes"' in text


def test_roles_and_references_that_go_are_dropped_by_others():
    theirs = {
        "roles": {"x": {"permissions": [{"access": "read", "reference": "A"}]}},
        "users": {"bob": ["r", "x"]},
    }
    text = apply({"acls": {"roles": {"r": ROLE}}})
    both = {"roles": {**theirs["roles"], "r": ROLE}, "users": theirs["users"]}
    text = strange(text, acls=both)
    without = {"primitives": {n: one for n, one in AROUND["primitives"].items() if n != "A"}}
    found = changes(without, text)["acls"]
    assert found["users:bob"] == {"roles": {"old": ["r", "x"], "new": ["x"]}}
    assert found["roles:x"]["permissions"]["new"] == []
    assert found["roles:r"]["new"] is None
    apply(without, text)


def test_what_access_control_cannot_be():
    users = {"users": {"anna": ["nope"]}}
    assert problems({"acls": users}) == ["acls:users:anna: there is no role nope"]
    role = {"roles": {"r": {"permissions": [{"access": "read", "reference": "nope"}]}}}
    assert problems({"acls": role}) == ["acls:roles:r: there is nothing with the id nope"]
    role = {"roles": {"r": {"permissions": [{"access": "read"}]}}}
    assert problems({"acls": role}) == [
        "acls:roles:r:permissions:0: needs one of: xpath, reference, object-type"
    ]


# Purge -------------------------------------------------------------------------------------------


def test_purge_removes_what_others_made_of_every_kind():
    text = apply({})
    text = strange(
        text,
        primitives={"X": {"agent": DUMMY}},
        properties={"batch-limit": 4},
        fence_levels=[level(["f1"])],
        nodes={"n1": {"attributes": {"rack": "a"}}},
        alerts={"a": {"path": "/x"}},
        tags={"t": ["A"]},
        acls={"roles": {"r": ROLE}, "users": {"anna": ["r"]}},
    )
    standby = '<nvpair id="s" name="standby" value="on"/>'
    text = text.replace('<nvpair id="nodes-1-rack"', standby + '<nvpair id="nodes-1-rack"')
    kept = compare({}, text)
    assert set(kept["changes"]) <= {"ownership"}
    assert set(kept["unmanaged"]) == {
        *("primitives", "properties", "fence_levels", "nodes", "alerts", "tags", "acls")
    }
    found = changes({"unmanaged": "purge"}, text)
    assert {kind: sorted(ids) for kind, ids in found.items()} == {
        "primitives": ["X"],
        "properties": ["batch-limit"],
        "fence_levels": ["fl-n1-1"],
        "nodes": ["n1"],
        "alerts": ["a"],
        "tags": ["t"],
        "acls": ["roles:r", "users:anna"],
    }
    assert found["nodes"]["n1"] == {"attributes:rack": {"old": "a", "new": None}}
    text = apply({"unmanaged": "purge"}, text)
    assert 'name="standby"' in text
