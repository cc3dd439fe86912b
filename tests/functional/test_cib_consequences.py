"""What the scheduler would do about a change, and what is refused while an operator is at work."""

import pytest
from salt.exceptions import CommandExecutionError

from tests.support.cluster_tools import VERSIONS, for_version

DUMMY = "ocf:pacemaker:Dummy"


def description(**more):
    return {
        "properties": {"stonith-enabled": False, **more.pop("properties", {})},
        "primitives": {
            name: {"agent": DUMMY, "attributes": {"fake": more.get(name, "one")}} for name in "AB"
        },
        "groups": {"g": {"members": ["A", "B"], "meta": more.get("meta", {})}},
        "constraints": more.get("constraints", {}),
    }


@pytest.fixture(params=VERSIONS)
def cluster(request, tmp_path):
    """A cluster of two nodes, as its configuration file has it, on which the group runs."""
    tools = for_version(request.param, tmp_path)
    nodes = "".join(f'<node id="{number}" uname="n{number}"/>' for number in (1, 2))
    tools.cib.write_text(tools.text().replace("<nodes/>", f"<nodes>{nodes}</nodes>"))
    tools.world().salt["cib.apply"](description(), wait=0)
    up = tmp_path / "up.xml"
    boot = ["-u", "n1", "-u", "n2", "--quorum=1", "--simulate", "-O", str(up)]
    tools.run("crm_simulate", "-x", str(tools.cib), *boot)
    tools.cib.write_text(up.read_text())
    return tools


def plan(cluster, **more):
    return cluster.world().salt["cib.plan"](description(**more))


def by_hand(cluster, *commands):
    cluster.pcs(*commands)


def test_what_touches_nothing(cluster):
    properties = {"batch-limit": 5, "priority-fencing-delay": "7s"}
    found = plan(cluster, meta={"failure-timeout": "60s"}, properties=properties)
    assert found["changes"] and found["consequences"] == []


def test_restart_of_what_changed_and_what_comes_after_it(cluster):
    found = plan(cluster, A="two")
    assert found["consequences"] == ["A restarts on n1", "B restarts on n1"]
    assert plan(cluster, B="two")["consequences"] == ["B restarts on n1"]


def test_move(cluster):
    where = {"location": [{"resource": "g", "node": "n2", "score": "INFINITY"}]}
    found = plan(cluster, constraints=where)
    assert found["consequences"] == ["A moves (n1 -> n2)", "B moves (n1 -> n2)"]


def test_what_would_happen_anyway_is_not_told(cluster):
    # somebody stopped B, and the cluster has not got round to it
    by_hand(cluster, "resource disable B")
    found = plan(cluster, properties={"batch-limit": 5})
    assert found["consequences"] == []


INTENT = {
    "standby": "node standby n2",
    "stopped": "resource disable B",
    "unmanaged": "resource unmanage B",
    "maintenance": "property set maintenance-mode=true",
    "node maintenance": "node maintenance n1",
    "ban": "resource ban g n2",
}


@pytest.mark.parametrize("intent", INTENT)
def test_no_disruption_while_an_operator_is_at_work(cluster, intent):
    by_hand(cluster, INTENT[intent])
    before = cluster.text()
    predicted = plan(cluster, A="two")
    assert "this would disrupt the service: " in predicted["refused"]
    assert "A restarts on n1" in predicted["refused"]
    assert "allow_disruption: true" in predicted["refused"]
    with pytest.raises(CommandExecutionError, match="Nothing was pushed"):
        cluster.world().salt["cib.apply"](description(A="two"), wait=0)
    assert cluster.text() == before


@pytest.mark.parametrize("intent", INTENT)
def test_what_is_harmless_or_allowed_is_pushed(cluster, intent):
    by_hand(cluster, INTENT[intent])
    apply = cluster.world().salt["cib.apply"]
    harmless = description(properties={"batch-limit": 5})
    assert apply(harmless, wait=0)["pushed"]
    done = apply(description(A="two"), wait=0, allow_disruption=True)
    assert done["pushed"] and done["intent"]


HELD = {
    "defaults": ["resource defaults update is-managed=false"],
    "clone of others": ["resource clone g", "resource meta g-clone is-managed=false"],
}


@pytest.mark.parametrize("held", HELD)
def test_a_maintenance_of_what_is_not_described_counts(cluster, held):
    by_hand(cluster, *HELD[held])
    found = plan(cluster, A="two")
    assert found["intent"] == [] and "not managed" in found["refused"]
    assert "when the maintenance ends, " in found["refused"]
    assert plan(cluster, meta={"failure-timeout": "60s"})["refused"] is None


def test_what_an_operator_unmanaged_is_not_removed_meanwhile(cluster):
    by_hand(cluster, "resource unmanage B")
    without = description()
    del without["primitives"]["B"]
    without["groups"]["g"]["members"].remove("B")
    found = cluster.world().salt["cib.plan"](without)
    assert found["consequences"] == ["B stops on n1"]
    assert found["intent"] == ["B has is-managed=false, and is to be removed"]
    assert "B stops on n1" in found["refused"]


def test_what_is_described_is_no_operator_at_work(cluster):
    described = description(A="two")
    described["primitives"]["B"]["meta"] = {"is-managed": False}
    by_hand(cluster, "resource unmanage B")
    found = cluster.world().salt["cib.plan"](described)
    assert (found["intent"], found["refused"] is None) == ([], not held(found))
    described["primitives"]["A"]["attributes"]["fake"] = "one"
    described["primitives"]["B"]["attributes"]["fake"] = "two"
    assert "when the maintenance ends" in cluster.world().salt["cib.plan"](described)["refused"]


def held(found):
    return any(one.startswith("when the maintenance ends") for one in found["consequences"])


def test_what_happens_at_once_and_what_when_the_maintenance_ends(cluster):
    by_hand(cluster, "resource unmanage A")
    assert plan(cluster, B="two")["consequences"] == ["B restarts on n1"]
    found = plan(cluster, A="two")
    assert "when the maintenance ends, A restarts on n1" in found["consequences"]


def test_no_answer_is_not_the_answer_that_nothing_happens(cluster):
    salt, before = cluster.world().salt, cluster.text()
    real = salt["cmd.run_all"]

    def run(command, **options):
        done = real(command, **options)
        return {**done, "retcode": 1, "stdout": ""} if command[0] == "crm_simulate" else done

    salt["cmd.run_all"] = run
    with pytest.raises(CommandExecutionError, match="the scheduler cannot be asked"):
        salt["cib.apply"](description(A="two"), wait=0)
    assert cluster.text() == before


def test_the_state_refuses_too_and_says_so_in_a_dry_run(cluster):
    by_hand(cluster, "node standby n2")
    for test in (True, False):
        world = cluster.world()
        world.opts["test"] = test
        ret = world.states.pcs_configured.configured("x", wait=0, **description(A="two"))
        assert (ret["result"], ret["changes"]) == (False, {})
        assert "A restarts on n1" in ret["comment"]


def test_no_quorum(cluster):
    cluster.cib.write_text(cluster.text().replace('have-quorum="1"', 'have-quorum="0"'))
    before = cluster.text()
    for name in ("cib.plan", "cib.apply"):
        with pytest.raises(CommandExecutionError, match="has no quorum"):
            cluster.world().salt[name](description(A="two"))
    assert cluster.text() == before
    assert plan(cluster)["changes"] == {}
