"""The tree of resources: what pcs made is adopted as it is; what the scheduler does about it."""

import xml.etree.ElementTree as ET

import pytest
from salt.exceptions import CommandExecutionError

from tests.functional.matrix.case import DUMMY, Case
from tests.functional.matrix.walk import ACTION, Walk
from tests.support.cluster_tools import VERSIONS, for_version

STATEFUL = "ocf:pacemaker:Stateful"

BY_HAND = f"""\
resource create A {DUMMY} clone interleave=true
resource create B {STATEFUL} promotable promoted-max=1
resource create C {DUMMY}
resource clone C of-c clone-max=1
resource create D {DUMMY} --group g
resource create E {DUMMY} --group g
resource clone g
resource utilization E cpu=2 memory=5
resource bundle create web container docker image=web:1 replicas=2 promoted-max=1 network \
ip-range-start=10.0.0.5 control-port=3121 port-map port=80 port-map id=more range=90-95 \
storage-map source-dir=/a target-dir=/b options=ro meta priority=5
resource create F {DUMMY} bundle web
"""
DESCRIBED = {
    "primitives": {
        **{name: {"agent": DUMMY} for name in "ACDF"},
        "B": {"agent": STATEFUL},
        "E": {"agent": DUMMY, "utilization": {"cpu": 2, "memory": 5}},
    },
    "groups": {"g": ["D", "E"]},
    "clones": {
        "A-clone": {"resource": "A", "meta": {"interleave": True}},
        "B-clone": {"resource": "B", "promotable": True, "meta": {"promoted-max": 1}},
        "of-c": {"resource": "C", "meta": {"clone-max": 1}},
        "g-clone": {"resource": "g"},
    },
    "bundles": {
        "web": {
            "type": "docker",
            "container": {"image": "web:1", "replicas": 2, "promoted-max": 1},
            "network": {"ip-range-start": "10.0.0.5", "control-port": 3121},
            "ports": [{"range": "90-95"}, {"port": 80}],
            "storage": [{"source-dir": "/a", "target-dir": "/b", "options": "ro"}],
            "resource": "F",
            "meta": {"priority": 5},
        }
    },
}


@pytest.fixture(params=VERSIONS)
def tools(request, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return for_version(request.param, tmp_path)


def resources(tools):
    return ET.canonicalize(ET.tostring(ET.fromstring(tools.text()).find("configuration/resources")))


def test_what_pcs_made_is_ours_as_it_is(tools):
    commands = BY_HAND
    if tools.version != "0.12":
        # the older name, which newer Pacemaker knows no more
        commands = commands.replace("promoted-max=1 network", "masters=1 network")
    tools.pcs("property set stonith-enabled=false", *commands.splitlines())
    before = resources(tools)
    done = tools.world().salt["cib.apply"](DESCRIBED, wait=0)
    assert list(done["changes"]) == ["ownership"]
    assert done["unmanaged"] == {"properties": ["stonith-enabled"]}
    assert resources(tools) == before


def test_what_pcs_would_have_made(tools):
    """The same elements, attributes and ids, whatever their order in the resources."""
    tools.pcs(*BY_HAND.splitlines())
    theirs = ET.fromstring(tools.text()).find("configuration/resources")
    ours = tools.another("engine.xml")
    ours.pcs("property set stonith-enabled=false")
    more = DESCRIBED["bundles"]["web"]
    ports = [{"port": 80}, {"range": "90-95", "id": "more"}]
    described = {**DESCRIBED, "bundles": {"web": {**more, "ports": ports}}}
    ours.world().salt["cib.apply"](described, wait=0)
    made = ET.fromstring(ours.text()).find("configuration/resources")

    def elements(root):
        found = set()
        for one in root.iter():
            found.add((one.tag, *sorted(one.attrib.items())))
        return found

    assert elements(made) == elements(theirs)


def test_another_agent_restarts_that_resource_only(tools):
    base = {"primitives": {"A": {"agent": DUMMY}, "B": {"agent": DUMMY}}}
    changed = {"primitives": {**base["primitives"], "A": {"agent": "ocf:heartbeat:Dummy"}}}
    skipped = ("create", "unset", "reorder", "remove")
    case = Case(
        base=base,
        steps={"change": changed},
        paths={"change": {("primitives", "A", "agent")}},
        without=dict.fromkeys(skipped, "it is about one change"),
    )
    walk = Walk(tools, case)
    plan = walk.planned(changed)
    assert plan["changes"]["primitives"] == {
        "A": {"agent": {"old": DUMMY, "new": "ocf:heartbeat:Dummy"}}
    }
    walk.applied(changed, plan)
    # one transition: on paper the resource's old agent is remembered for ever
    assert {name for name, _ in ACTION.findall(walk._simulate())} == {"A"}


def test_an_agent_that_cannot_promote(tools):
    from salt.exceptions import CommandExecutionError

    description = {
        "primitives": {"A": {"agent": DUMMY}},
        "clones": {"c": {"resource": "A", "promotable": True}},
    }
    with pytest.raises(CommandExecutionError, match=f"{DUMMY} of A cannot promote"):
        tools.world().salt["cib.plan"](description)


@pytest.mark.parametrize("version", VERSIONS)
def test_letters_that_pacemaker_cannot_keep_are_refused(version, tmp_path):
    tools = for_version(version, tmp_path)
    salt, before = tools.world().salt, tools.text()
    described = {"primitives": {"A": {"agent": DUMMY, "attributes": {"fake": "ä ν"}}}}
    if version != "0.10":
        assert salt["cib.apply"](described, wait=0)["pushed"]
        assert salt["cib.plan"](described)["changes"] == {}
        return
    for name in ("cib.plan", "cib.apply"):
        with pytest.raises(CommandExecutionError, match="primitives:A: .*letters beyond ASCII"):
            salt[name](described)
    assert tools.text() == before


def test_commands_when_a_group_ends_that_a_constraint_names(tools):
    both = {name: {"agent": DUMMY} for name in "AB"}
    location = {"location": [{"resource": "g", "node": "n1", "score": 5}]}
    salt = tools.world().salt
    salt["cib.apply"](
        {"primitives": both, "groups": {"g": ["A", "B"]}, "constraints": location}, wait=0
    )
    described = {"primitives": {"A": {"agent": DUMMY}}}
    tools.pcs(*(command[1:] for command in salt["cib.plan"](described)["commands"]))
    assert set(salt["cib.plan"](described)["changes"]) == {"ownership"}


def test_pcs_has_no_empty_text(tools):
    described = {"primitives": {"A": {"agent": DUMMY, "attributes": {"fake": ""}}}}
    salt = tools.world().salt
    commands = salt["cib.plan"](described)["commands"]
    assert ["#", "pcs cannot give fake the empty text"] in commands
    tools.pcs(*(command[1:] for command in commands if command[0] == "pcs"))
    assert salt["cib.apply"](described, wait=0)["pushed"]
    assert salt["cib.plan"](described)["changes"] == {}
