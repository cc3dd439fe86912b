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
    found = plan(cluster, meta={"failure-timeout": "60s"}, properties={"batch-limit": 5})
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
