"""A configuration written out as a description, and applied to itself."""

import yaml
from hypothesis import HealthCheck, given, settings

from tests.support.cluster_tools import EMPTY_CIB
from tests.support.descriptions import SECRET, descriptions, in_pillar
from tests.support.salt_modules import load

DUMMY = "ocf:pacemaker:Dummy"
CIB = EMPTY_CIB.replace(
    "<nodes/>", '<nodes><node id="1" uname="n1"/><node id="2" uname="n2"/></nodes>'
)
METADATA = {
    "parameters": {},
    "actions": [
        {"name": "start", "timeout": "20s"},
        {"name": "stop", "timeout": "20s"},
        {"name": "monitor", "timeout": "20s", "interval": "10s"},
    ],
}
EVERYTHING = {
    "properties": {"batch-limit": 4, "stonith-enabled": False},
    "resource_defaults": {"resource-stickiness": 100},
    "op_defaults": [
        {"values": {"timeout": "60s"}},
        {"rule": "resource ::Dummy", "score": 5, "values": {"timeout": "30s"}},
    ],
    "primitives": {
        "f1": {
            "agent": "stonith:fence_virt",
            "attributes": {"port": "n1", "password": SECRET},
            "operations": {"monitor": {"interval": "60s"}},
        },
        "A": {"agent": DUMMY, "meta": {"priority": 5}, "utilization": {"cpu": 1}},
        "B": {"agent": DUMMY, "operations": {"monitor": {"interval": "33s"}}, "description": "b"},
        "C": {"agent": DUMMY, "attributes": {"fake": "yes"}},
        **{name: {"agent": DUMMY} for name in "DEF"},
    },
    "groups": {"g": ["A", "B"], "h": {"members": ["D"], "meta": {"priority": 1}}},
    "clones": {
        "c": {"resource": "C", "meta": {"interleave": True}},
        "p": {"resource": "F", "promotable": True, "description": "x"},
    },
    "bundles": {
        "b": {
            "type": "podman",
            "container": {"image": "x", "replicas": 2},
            "network": {"control-port": 3121},
            "ports": [{"port": 80}],
            "storage": [{"source-dir": "/a", "target-dir": "/b", "options": "ro"}],
            "resource": "E",
        }
    },
    "tags": {"t": ["A", "C"]},
    "constraints": {
        "order": [{"first": "g", "then": "c", "kind": "Optional"}],
        "colocation": [{"resource": "g", "with": "c", "score": 10}],
        "location": [
            {"resource": "g", "node": "n1", "score": 5},
            {"resource-pattern": "A.*", "node": "n2", "score": "-INFINITY"},
            {"resource": "g", "rule": "#uname eq n1", "score": 7},
            {"sets": [{"members": ["g", "h"]}], "node": "n1", "score": 3},
        ],
        "ticket": [{"resource": "g", "ticket": "T", "loss-policy": "stop"}],
    },
    "nodes": {"n1": {"attributes": {"rack": "1", "token": SECRET}, "utilization": {"cpu": 3}}},
    "fence_levels": [{"target": "n1", "level": 1, "devices": ["f1"]}],
    "alerts": {
        "a": {
            "path": "/x",
            "options": {"api_key": SECRET, "plain": "1"},
            "recipients": {"one": {"value": "v", "options": {"password": SECRET}}},
        }
    },
    "acls": {
        "roles": {"r": {"permissions": [{"access": "read", "xpath": "//nodes"}]}},
        "users": {"anna": ["r"]},
    },
}
PLACES = ["f1:password", "n1:token", "a:api_key", "one:password"]


WORLD = load(salt={"_cib_agent.metadata": lambda agent: METADATA}, states=False)
_cib_agent, _cib_describe = WORLD.library._cib_agent, WORLD.library._cib_describe
_cib_export, _cib_kinds = WORLD.library._cib_export, WORLD.library._cib_kinds
_cib_plan = WORLD.library._cib_plan


def compiled(description, text=CIB):
    """The engine's own XML of a description; without the record of what is ours."""
    want = _cib_describe.normalise(description, WORLD.machine.pillar)
    for one in want["primitives"].values():
        one["defaults"] = _cib_agent.default_operations(METADATA, one["agent"])
    plan = _cib_plan.compare(want, _cib_kinds.read(text))
    assert plan["problems"] == []
    edits = [edit for edit in plan["edits"] if edit["kind"] != "ownership"]
    return _cib_kinds.edit(text, edits)


def exported(text, tmp_path, form="data", **options):
    path = tmp_path / "cib.xml"
    path.write_text(text)
    return WORLD.salt["pcs.export"](form, file=str(path), **options)


def left(description, text, **pillar):
    """What applying it would still change."""
    WORLD.pillar.clear()
    WORLD.pillar.update(pillar)
    want = _cib_describe.normalise(description, WORLD.machine.pillar)
    for one in want["primitives"].values():
        one["defaults"] = _cib_agent.default_operations(METADATA, one["agent"])
    plan = _cib_plan.compare(want, _cib_kinds.read(text))
    assert plan["problems"] == []
    plan["changes"].pop("ownership", None)
    return plan


def test_a_secret_in_a_containers_options_becomes_a_reference_to_all_of_them(tmp_path):
    description = {
        "bundles": {
            "b": {
                "type": "podman",
                "container": {"image": "x", "options": f"-e PASSWORD={SECRET} --name web"},
                "storage": [
                    {"source-dir": "/a", "target-dir": "/b", "options": f"ro,password={SECRET}"}
                ],
            }
        }
    }
    text = compiled(description)
    found = exported(text, tmp_path)
    assert SECRET not in repr(found)
    bundle = found["description"]["bundles"]["b"]
    place = "cluster_secrets:b:container:options"
    assert bundle["container"] == {"image": "x", "options": {"pillar": place}}
    assert found["secrets"] == [place, "cluster_secrets:b:storage:0:options"]
    WORLD.pillar.clear()
    texts = description["bundles"]["b"]
    storage = {"0": {"options": texts["storage"][0]["options"]}}
    secrets = {"b": {"container": {"options": texts["container"]["options"]}, "storage": storage}}
    plan = left(found["description"], text, cluster_secrets=secrets)
    assert (plan["changes"], plan["unmanaged"]) == ({}, {})


def test_templates_are_told_and_left_out(tmp_path):
    template = '<resources><template id="T" class="ocf" provider="heartbeat" type="IPaddr2"/>'
    text = compiled({}).replace("<resources />", f"{template}</resources>")
    found = exported(text, tmp_path)
    assert "templates" not in found["description"]
    assert found["notes"] == ["the template T cannot be described: left out"]


def test_applied_back_it_plans_nothing(tmp_path):
    text = compiled(EVERYTHING)
    found = exported(text, tmp_path)
    assert SECRET not in repr(found)
    assert found["secrets"] == sorted(f"cluster_secrets:{place}" for place in PLACES)
    assert found["notes"] == []
    plan = left(found["description"], text, **in_pillar(found["secrets"]))
    assert (plan["changes"], plan["unmanaged"]) == ({}, {})
    assert set(found["description"]) == set(EVERYTHING)


def test_a_query_masks_all_of_them(tmp_path):
    found = _cib_plan.describe(_cib_kinds.read(compiled(EVERYTHING)))
    assert SECRET not in repr(found)
    assert found["alerts"]["a"]["options"] == {"api_key": "********", "plain": "1"}


def test_as_yaml_it_says_the_same(tmp_path):
    text = compiled(EVERYTHING)
    found = exported(text, tmp_path, "yaml", prefix="elsewhere")
    assert SECRET not in found and "#   elsewhere:f1:password\n" in found
    data = exported(text, tmp_path, prefix="elsewhere")
    assert yaml.safe_load(found) == data["description"]


def test_what_an_agent_asks_for_is_not_told(tmp_path):
    found = exported(compiled(EVERYTHING), tmp_path)["description"]["primitives"]
    assert "operations" not in found["A"]
    assert found["B"]["operations"] == {"monitor": {"interval": "33s", "timeout": "20s"}}


def test_an_operators_intent_is_told_and_left_out(tmp_path):
    theirs = {
        **EVERYTHING,
        "properties": {**EVERYTHING["properties"], "maintenance-mode": True},
    }
    text = compiled(theirs)
    text = text.replace('name="rack" value="1"', 'name="standby" value="on"')
    text = text.replace('name="priority" value="5"', 'name="target-role" value="Stopped"')
    ban = '<rsc_location id="cli-ban-c-on-n1" rsc="c" node="n1" score="-INFINITY"/></constraints>'
    text = text.replace("</constraints>", ban)
    found = exported(text, tmp_path)
    assert found["notes"] == [
        "the cluster has maintenance-mode=true: an operator's, left out",
        "A has target-role=Stopped: an operator's, left out",
        "node n1 has standby=on: an operator's, left out",
        "the constraint cli-ban-c-on-n1 was left by a move or a ban: left out",
    ]
    assert left(found["description"], text, **in_pillar(found["secrets"]))["changes"] == {}


def test_what_no_description_may_say_is_told(tmp_path):
    text = compiled({"tags": {"t": ["A"]}, "primitives": {"A": {"agent": DUMMY}}})
    text = text.replace('name="monitor"', 'name="monitor" prereq="x"')
    found = exported(text, tmp_path)["notes"]
    assert len(found) == 1 and found[0].startswith("cannot be applied: primitives:A:operations")


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(descriptions())
def test_whatever_is_there(tmp_path, description):
    text = compiled(description)
    found = exported(text, tmp_path)
    assert SECRET not in repr(found) and found["notes"] == []
    plan = left(found["description"], text, **in_pillar(found["secrets"]))
    assert (plan["changes"], plan["unmanaged"]) == ({}, {})


# A secret is what came from pillar, whatever its name ---------------------------------------------

PILLAR = {"place": {"a": "hush-1", "n": "hush-2", "o": "hush-3", "r": "hush-4"}}


def test_a_secret_stays_one_when_it_is_no_longer_described():
    world = load(states=False, pillar=PILLAR)
    dummy = {"agent": "ocf:pacemaker:Dummy"}
    described = {
        "primitives": {
            "A": {**dummy, "attributes": {"fake": {"pillar": "place:a"}}},
            "B": {**dummy, "attributes": {"fake": {"pillar": "place:a"}}},
        },
        "nodes": {"n1": {"attributes": {"rack": {"pillar": "place:n"}}}},
        "alerts": {
            "x": {
                "path": "/x",
                "options": {"o": {"pillar": "place:o"}},
                "recipients": {"r": {"value": "v", "options": {"p": {"pillar": "place:r"}}}},
            }
        },
    }

    def plan(description, text):
        want = _cib_describe.normalise(description, world.machine.pillar)
        return _cib_plan.compare(want, _cib_kinds.read(text))

    empty = EMPTY_CIB.replace("<nodes/>", '<nodes><node id="1" uname="n1"/></nodes>')
    made = plan(described, empty)
    assert made["problems"] == []
    text = _cib_kinds.edit(empty, made["edits"])
    assert plan(described, text)["changes"] == {}
    less = {"primitives": {"A": dummy}, "alerts": {"x": {"path": "/x"}}}
    for found in (
        made["changes"],
        plan(less, text)["changes"],
        plan({}, text)["changes"],
        _cib_plan.describe(_cib_kinds.read(text)),
        _cib_export.of(WORLD.machine, _cib_kinds.read(text)),
    ):
        assert "hush" not in repr(found)
    references = _cib_export.of(WORLD.machine, _cib_kinds.read(text))["secrets"]
    assert [place.rsplit(":", 2)[1:] for place in references] == [
        ["A", "fake"], ["B", "fake"], ["n1", "rack"], ["r", "p"], ["x", "o"],
    ]  # fmt: skip
