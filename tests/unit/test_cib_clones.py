"""Clones: described, read, compared and written, with the resource inside of them left as it is."""

import xml.etree.ElementTree as ET

import pytest
from salt.exceptions import SaltInvocationError

import _cib_agent
import _cib_check
import _cib_describe
import _cib_kinds
import _cib_plan
from tests.support.cluster_tools import EMPTY_CIB

AGENT = "ocf:heartbeat:IPaddr2"


def compare(description, text=EMPTY_CIB, partial=False):
    want = _cib_describe.normalise(description)
    return _cib_plan.compare(want, _cib_kinds.read(text), partial)


def apply(description, text=EMPTY_CIB):
    found = compare(description, text)
    assert found["problems"] == []
    text = _cib_kinds.edit(text, found["edits"])
    again = compare(description, text)
    assert (again["edits"], again["problems"]) == ([], [])
    return text


def problems(description):
    with pytest.raises(SaltInvocationError) as err:
        _cib_describe.normalise(description)
    return str(err.value).splitlines()[1:]


def changes(description, text):
    found = dict(compare(description, text)["changes"])
    found.pop("ownership", None)
    return found


def some(*names, **more):
    return {"primitives": {name: {"agent": AGENT} for name in names}, **more}


def clone(resource="A", **more):
    return {"clones": {"A-clone": {"resource": resource, **more}}}


def cib(resources):
    return EMPTY_CIB.replace("<resources/>", f"<resources>{resources}</resources>")


def tree(text):
    """The resources as they stand in each other: ``A-clone(g(A B)) C``."""

    def told(element):
        inner = [told(one) for one in element if one.tag in NAMES]
        return element.get("id") + (f"({' '.join(inner)})" if inner else "")

    return " ".join(map(told, ET.fromstring(text).find("configuration/resources")))


NAMES = ("primitive", "group", "clone", "master", "bundle")
A = '<primitive id="A" class="ocf" provider="heartbeat" type="IPaddr2"/>'
B = A.replace('"A"', '"B"')


# The description ---------------------------------------------------------------------------------


def test_what_may_be_described():
    assert problems(some("A", clones={"c": {"promotable": "maybe", "x": 1}})) == [
        "clones:c:x: unknown key; allowed: description, meta, promotable, resource",
        "clones:c: resource is missing",
        "clones:c:promotable: 'maybe' is not true or false",
    ]
    contradiction = clone(promotable=True, meta={"promotable": False})
    assert problems(some("A", **contradiction)) == [
        "clones:A-clone:meta:promotable: false, but promotable is true"
    ]


@pytest.mark.parametrize(
    "more, problem",
    [
        ({"clones": {"A": {"resource": "B"}}}, "clones:A: the id is also a primitive's"),
        (
            {"clones": {"c": {"resource": "A"}, "d": {"resource": "A"}}},
            "clones:d:resource: A is already in the clone c",
        ),
        (
            {"groups": {"g": ["A"]}, "clones": {"c": {"resource": "A"}}},
            "clones:c:resource: A is already in the group g",
        ),
        (
            {"clones": {"c": {"resource": "A"}, "d": {"resource": "c"}}},
            "clones:d:resource: c is a clone itself",
        ),
        (
            {"clones": {"c": {"resource": "A"}}, "groups": {"g": ["c"]}},
            "groups:g:members: c is a clone",
        ),
    ],
)
def test_one_id_and_one_place(more, problem):
    assert problem in problems(some("A", "B", **more))


# Create, change, remove --------------------------------------------------------------------------


def test_a_clone_takes_the_place_of_its_primitive():
    text = apply(some("A", "B"))
    cloned = apply(some("A", "B", **clone(meta={"interleave": True}, promotable=True)), text)
    assert tree(cloned) == "A-clone(A) B"
    before, after = ET.fromstring(text), ET.fromstring(cloned)
    assert ET.tostring(after.find(".//primitive[@id='A']")) == ET.tostring(
        before.find(".//primitive[@id='A']")
    )
    element = after.find(".//clone")
    assert [one.tag for one in element] == ["primitive", "meta_attributes"]
    assert [pair.attrib for pair in element.findall("meta_attributes/nvpair")] == [
        {
            "id": f"A-clone-meta_attributes-{name}",
            "name": name,
            "value": "true",
        }
        for name in ("interleave", "promotable")
    ]


def test_the_plan_of_each_change():
    description = some("A", **clone(meta={"clone-max": 2}))
    assert changes(description, apply(some("A"))) == {
        "clones": {
            "A-clone": {"old": None, "new": {"resource": "A", "meta": {"clone-max": "2"}}},
        }
    }
    text = apply(description)
    more = {"clone-max": 1}
    assert changes(some("A", **clone(meta=more)), text) == {
        "clones": {"A-clone": {"meta:clone-max": {"old": "2", "new": "1"}}}
    }
    assert changes(some("A", **clone(meta={"clone-max": 2}, promotable=True)), text) == {
        "clones": {"A-clone": {"meta:promotable": {"old": None, "new": "true"}}}
    }
    assert changes(some("A", **clone(description="two")), text) == {
        "clones": {
            "A-clone": {
                "meta:clone-max": {"old": "2", "new": None},
                "description": {"old": None, "new": "two"},
            }
        }
    }
    assert changes(some("A"), text) == {
        "clones": {
            "A-clone": {"old": {"resource": "A", "meta": {"clone-max": "2"}}, "new": None},
        }
    }


def test_not_promotable_need_not_be_said():
    text = apply(some("A", **clone(promotable=True)))
    text = text.replace('name="promotable" value="true"', 'name="promotable" value="false"')
    assert changes(some("A", **clone(promotable=False)), text) == {}
    assert changes(some("A", **clone()), text) == {}
    apply(some("A", **clone(promotable=True)), text)


def test_a_clone_that_goes_leaves_its_resource_where_it_stood():
    text = apply(some("A", "B", "C", **clone("B")))
    assert tree(text) == "A A-clone(B) C"
    assert tree(apply(some("A", "B", "C"), text)) == "A B C"
    assert tree(apply(some("A", "C"), text)) == "A C"


def test_a_clone_of_a_group():
    description = some("A", "B", "C", groups={"g": ["A", "B"]}, **clone("g"))
    text = apply(description)
    assert tree(text) == "A-clone(g(A B)) C"
    description["groups"] = {"g": ["B"]}
    assert tree(apply(description, text)) == "A-clone(g(B)) A C"
    description["groups"] = {"g": ["C", "B", "A"]}
    assert tree(apply(description, text)) == "A-clone(g(C B A))"
    # the group goes, its members stay
    text = apply(description, text)
    assert tree(apply(some("A", "B", "C"), text)) == "C B A"
    assert tree(apply(some("A", "B", "C", groups={"g": ["A"]}), text)) == "g(A) C B"
    assert tree(apply({}, text)) == ""


def test_from_a_clone_into_a_group_and_back():
    cloned, grouped = some("A", "B", **clone()), some("A", "B", groups={"g": ["B", "A"]})
    text = apply(grouped, apply(cloned))
    assert tree(text) == "g(B A)"
    assert tree(apply(cloned, text)) == "B A-clone(A)"


def test_another_resource_in_the_clone():
    text = apply(some("A", "B", **clone()))
    assert changes(some("A", "B", **clone("B")), text) == {
        "clones": {"A-clone": {"resource": {"old": "A", "new": "B"}}}
    }
    assert tree(apply(some("A", "B", **clone("B")), text)) == "A-clone(B) A"
    swapped = some("A", "B", clones={"A-clone": {"resource": "B"}, "c": {"resource": "A"}})
    assert tree(apply(swapped, text)) == "A-clone(B) c(A)"


def test_a_group_that_a_clone_empties_goes():
    text = cib(f'<group id="theirs">{A}</group>')
    assert tree(apply(some("A", **clone()), text)) == "A-clone(A)"
    both = cib(f'<group id="theirs">{A}{B}</group>')
    assert tree(apply(some("A", **clone()), both)) == "theirs(B) A-clone(A)"


@pytest.mark.parametrize("actions, refused", [(["start"], True), (["promote", "demote"], False)])
def test_an_agent_that_cannot_promote(actions, refused, monkeypatch):
    metadata = {"actions": [{"name": name} for name in actions], "parameters": {}}
    monkeypatch.setattr(_cib_agent, "metadata", lambda machine, agent: metadata)
    description = some("A", "B", groups={"g": ["A"]}, **clone("g", promotable=True))
    want = _cib_describe.normalise(description)
    live = _cib_kinds.read(EMPTY_CIB)
    edits = _cib_plan.compare(want, live)["edits"]
    found = _cib_check.not_promotable(None, edits, want["primitives"], want, live)
    refusal = [f"clones:A-clone:promotable: the agent {AGENT} of A cannot promote"]
    assert found == (refusal if refused else [])


# What others made --------------------------------------------------------------------------------


def test_a_clone_made_by_hand_stays():
    text = cib(f'<clone id="c">{A}</clone>{B}')
    found = compare(some("A", "B"), text)
    assert (found["changes"].keys(), found["unmanaged"]) == ({"ownership"}, {"clones": ["c"]})
    assert tree(apply(some("A", "B"), text)) == "c(A) B"
    assert tree(apply({**some("A", "B"), "unmanaged": "purge"}, text)) == "A B"
    group = cib(f'<clone id="c"><group id="g">{A}{B}</group></clone>')
    described = some("A", "B", groups={"g": ["B", "A"]})
    assert tree(apply(described, group)) == "c(g(B A))"
    assert tree(apply({**described, "unmanaged": "purge"}, group)) == "g(B A)"


def test_what_a_clone_made_by_hand_holds_is_not_torn_out():
    text = cib(f'<clone id="c">{A}</clone>')
    assert compare(some("A", **clone()), text)["problems"] == [
        "clones:A-clone:resource: A is inside the clone c, which is not described"
    ]
    text = cib(f'<bundle id="b"><docker image="x"/>{A}</bundle>')
    assert compare(some("A", **clone()), text)["problems"] == [
        "clones:A-clone:resource: A is inside the bundle b, which is not described"
    ]


def test_our_clone_of_something_that_others_made():
    text = cib(A)
    cloned = apply(clone(), text)
    assert tree(cloned) == "A-clone(A)"
    assert tree(apply({}, cloned)) == "A"
    assert compare(clone("Nobody"))["problems"] == [
        "clones:A-clone:resource: there is no primitive or group Nobody"
    ]


def test_intent_stays():
    text = apply(some("A", **clone(meta={"target-role": "Stopped", "clone-max": 1})))
    found = compare(some("A", **clone(meta={"clone-max": 2})), text)
    assert list(found["changes"]["clones"]["A-clone"]) == ["meta:clone-max"]
    assert found["intent"] == ["A-clone has target-role=Stopped: left as it is"]


def test_only_what_is_named():
    text = apply(some("A", "B", **clone()))
    assert compare({"clones": {"c": {"resource": "B"}}}, text, partial=True)["edits"] == [
        {"kind": "clones", "id": "c", "create": {"resource": "B", "meta": {}}}
    ]
    moved = compare({"groups": {"g": ["A"]}, "clones": {"A-clone": {"resource": "B"}}}, text, True)
    assert tree(_cib_kinds.edit(text, moved["edits"])) == "A-clone(B) g(A)"


def test_a_new_constraint_names_the_clone():
    """One that is there already, pcs having been forced, is described as it is."""

    def ordered(first, **more):
        described = some("A", "B", "C", groups={"g": ["A"]}, **clone("g"), **more)
        return {**described, "constraints": {"order": [{"first": first, "then": "C"}]}}

    refused = "constraints:order:0: {} is inside of A-clone: name that"
    assert compare(ordered("A"))["problems"] == [refused.format("A")]
    assert compare(ordered("g"))["problems"] == [refused.format("g")]
    assert compare(ordered("A-clone"))["problems"] == []
    assert compare(ordered("B", bundles={}))["problems"] == []
    by_hand = cib(f'<clone id="c">{A}</clone>{B}')
    constraint = {"constraints": {"order": [{"first": "A", "then": "B"}]}}
    assert compare({**some("A", "B"), **constraint}, by_hand)["problems"] == [
        "constraints:order:0: A is inside of c: name that"
    ]
    forced = by_hand.replace(
        "<constraints/>",
        '<constraints><rsc_order id="x" first="A" then="B"/></constraints>',
    )
    assert compare({**some("A", "B"), **constraint}, forced)["problems"] == []


# Older layouts -----------------------------------------------------------------------------------

MASTER = (
    f'<master id="A-clone">{A}<meta_attributes id="A-clone-meta">'
    '<nvpair id="x" name="notify" value="true"/></meta_attributes></master>'
)


def test_a_master_is_a_promotable_clone():
    description = some("A", **clone(promotable=True, meta={"notify": True}))
    assert changes(description, cib(MASTER)) == {}
    description["clones"]["A-clone"]["meta"]["notify"] = False
    text = apply(description, cib(MASTER))
    assert [one.tag for one in ET.fromstring(text).iter() if one.get("id") == "A-clone"] == [
        "master"
    ]


def test_a_master_that_is_promotable_no_more():
    description = some("A", **clone(meta={"notify": True}))
    assert changes(description, cib(MASTER)) == {
        "clones": {"A-clone": {"meta:promotable": {"old": "true", "new": None}}}
    }
    text = apply(description, cib(MASTER))
    assert "<master" not in text and tree(text) == "A-clone(A)"


def test_what_was_read_describes_itself():
    description = some(
        "A",
        "B",
        "C",
        groups={"g": ["B"]},
        clones={
            "c": {"resource": "A", "promotable": True, "description": "x"},
            "d": {"resource": "g", "meta": {"clone-max": 1}},
        },
    )
    text = apply(description)
    again = _cib_plan.describe(_cib_kinds.read(text))
    assert again["clones"] == {
        "c": {"resource": "A", "promotable": True, "description": "x"},
        "d": {"resource": "g", "meta": {"clone-max": "1"}},
    }
    assert changes(again, text) == {}
