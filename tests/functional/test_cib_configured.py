"""The state pcs.configured, on a configuration file."""

import pytest

from tests.support.cluster_tools import Tools, find_root

ROOT = find_root()
pytestmark = pytest.mark.skipif(ROOT is None, reason="neither the lab's root nor this host has pcs")

DESCRIPTION = {
    "properties": {"stonith-enabled": False},
    "primitives": {
        "A": {"agent": "ocf:pacemaker:Dummy", "attributes": {"passwd": "s3cr3t"}},
        "B": {"agent": "ocf:pacemaker:Dummy"},
    },
    "groups": {"g": ["A", "B"]},
}
NOTHING = "The cluster's configuration is as described"


@pytest.fixture
def tools(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return Tools(ROOT, tmp_path)


def configured(tools, test=False, **description):
    world = tools.world()
    world.opts["test"] = test
    ret = world.states.pcs_configured.configured("x", wait=0, **description)
    assert ret["name"] == "x"
    assert "s3cr3t" not in repr(ret) + repr(world.commands)
    return ret, [command[0] for command in world.commands]


def test_predicted_done_and_nothing_left(tools):
    before = tools.text()
    predicted, _ = configured(tools, test=True, **DESCRIPTION)
    assert (predicted["result"], tools.text()) == (None, before)
    told = "properties: 1 new; primitives: 2 new; groups: 1 new"
    said = predicted["comment"].splitlines()
    assert said[0] == f"The cluster's configuration would have been changed; {told}"
    assert said[1] == "The scheduler: no resource is touched"  # no node is there
    done, _ = configured(tools, **DESCRIPTION)
    said[0] = f"The cluster's configuration has been changed; {told}"
    assert done["comment"].splitlines() == said[:2]
    assert (done["result"], done["changes"]) == (True, predicted["changes"])
    for test in (True, False):
        again, commands = configured(tools, test=test, **DESCRIPTION)
        assert (again["result"], again["changes"], again["comment"]) == (True, {}, NOTHING)
        assert commands == ["cibadmin"]


def test_others_and_intent_are_told(tools):
    configured(tools, **DESCRIPTION)
    tools.pcs("resource create X ocf:pacemaker:Dummy", "resource disable A")
    ret, _ = configured(tools, **DESCRIPTION)
    assert ret["comment"].splitlines() == [
        NOTHING,
        "A has target-role=Stopped: left as it is",
        "Made by others and left alone, primitives: X",
    ]


@pytest.mark.parametrize("test", [True, False])
@pytest.mark.parametrize(
    "description, message",
    [
        ({"primitive": {}}, "primitive: unknown key"),
        ({"primitives": {"A": {"agent": "ocf:heartbeat:Nope"}}}, "is not installed on this node"),
    ],
)
def test_errors(tools, test, description, message):
    ret, _ = configured(tools, test=test, **description)
    assert (ret["result"], ret["changes"]) == (False, {})
    assert message in ret["comment"]


def test_without_a_cluster(tools):
    tools.cib.unlink()
    ret, _ = configured(tools, **DESCRIPTION)
    assert ret["result"] is False
    ret, _ = configured(tools, test=True, **DESCRIPTION)
    assert (ret["result"], ret["changes"]) == (None, {})
    assert ret["comment"].startswith("What would be changed cannot be known: ")
    # a mistake in the description is one anyway
    ret, _ = configured(tools, test=True, properties=[])
    assert ret["result"] is False


def test_a_cluster_that_does_not_settle(tools):
    world = tools.world()
    run = world.run

    def never(command, **options):
        if command[0] != "crm_resource" or "--wait" not in command:
            return run(command, **options)
        assert command == ["crm_resource", "--wait", "--timeout=5"]
        return {"retcode": 124, "stdout": "Pending actions:\n\tA_start_0", "stderr": ""}

    world.salt["cmd.run_all"] = never
    ret = world.states.pcs_configured.configured("x", wait=5, **DESCRIPTION)
    assert ret["result"] is False and "primitives" in ret["changes"]
    assert "did not settle in 5 s: Pending actions: A_start_0" in ret["comment"]


def test_the_same_with_pcs_is_told_in_a_dry_run(tools):
    configured(tools, **DESCRIPTION)
    primitives = {**DESCRIPTION["primitives"]}
    primitives["B"] = {**primitives["B"], "attributes": {"fake": "two words"}, "description": "b"}
    changed = {**DESCRIPTION, "primitives": primitives}
    predicted, _ = configured(tools, test=True, **changed)
    said = predicted["comment"].splitlines()
    told = said[said.index("The same with pcs:") + 1 :]
    assert "  pcs resource update B 'fake=two words'" in told
    assert "  # pcs has no command for the description of the resource B" in told
    done, _ = configured(tools, **changed)
    assert "The same with pcs:" not in done["comment"]
    tools.pcs("resource update A passwd=other")
    predicted, _ = configured(tools, test=True, **changed)
    assert "  pcs resource update A 'passwd=********'" in predicted["comment"].splitlines()
