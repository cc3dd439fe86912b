"""What agents say about themselves, from recorded metadata."""

from pathlib import Path

import pytest
from salt.exceptions import CommandExecutionError

import _cib_agent
from _cib_run import Machine

DATA = Path(__file__).parent / "data" / "cib"
IP, STATEFUL, FENCE = "ocf:heartbeat:IPaddr2", "ocf:pacemaker:Stateful", "stonith:fence_ipmilan"


def metadata(name):
    return _cib_agent.parse((DATA / f"agent-{name}.xml").read_text())


def test_default_operations():
    assert _cib_agent.default_operations(metadata("IPaddr2"), IP) == [
        {"name": "start", "interval": "0s", "timeout": "20s"},
        {"name": "stop", "interval": "0s", "timeout": "20s"},
        {"name": "monitor", "interval": "10s", "timeout": "20s"},
    ]


def test_default_operations_with_roles():
    found = _cib_agent.default_operations(metadata("Stateful"), STATEFUL)
    monitors = [one for one in found if one["name"] == "monitor"]
    assert [(one["role"], one["interval"]) for one in monitors] == [
        ("Promoted", "10s"),
        ("Unpromoted", "11s"),
    ]
    assert {one["name"] for one in found} >= {"promote", "demote", "notify", "reload-agent"}


def test_fence_device_has_a_monitor_only():
    found = _cib_agent.default_operations(metadata("fence_ipmilan"), FENCE)
    assert found == [{"name": "monitor", "interval": "60s"}]


def test_there_is_always_a_monitor_and_depth_counts():
    action = {"name": "monitor", "depth": "10", "interval": "30s"}
    for actions, expected in (
        ([], {"name": "monitor", "interval": "60s"}),
        ([action], {"name": "monitor", "interval": "30s", "OCF_CHECK_LEVEL": "10"}),
    ):
        found = _cib_agent.default_operations({"parameters": {}, "actions": actions}, "x:y")
        assert found == [expected]


def problems(agent, name, operations=(), present=(), **attributes):
    wanted = {"agent": agent, "attributes": attributes, "operations": list(operations)}
    return _cib_agent.problems("primitives:X", wanted, metadata(name), present)


def test_good_ones_have_no_problem():
    assert problems(IP, "IPaddr2", ip="10.0.0.1", trace_ra="1") == []
    fence = {"ip": "1", "username": "x", "password": "y", "pcmk_host_list": "a"}
    assert problems(FENCE, "fence_ipmilan", **fence) == []
    # by its old name
    assert problems(FENCE, "fence_ipmilan", ipaddr="1") == []


def test_unknown_parameter():
    found = problems(IP, "IPaddr2", ip="10.0.0.1", cidr="24")
    assert len(found) == 1
    assert found[0].startswith(
        "primitives:X:attributes:cidr: the agent ocf:heartbeat:IPaddr2 has no such parameter; "
        "it knows: arp_bg, "
    )
    # somebody forced it in: then it may stay
    assert problems(IP, "IPaddr2", present=["cidr"], ip="10.0.0.1", cidr="24") == []


def test_missing_parameter():
    for attributes in ({}, {"ip": None}, {"ip": ""}):
        assert problems(IP, "IPaddr2", **attributes) == [
            "primitives:X:attributes: ip is required by the agent ocf:heartbeat:IPaddr2"
        ]


def test_unknown_action():
    found = problems(IP, "IPaddr2", [{"name": "promote"}, {"name": "monitor"}], ip="1")
    assert [one.split(": ")[0] for one in found] == ["primitives:X:operations:promote"]


def test_unique_groups():
    def two(first, second):
        primitives = {
            "A": {"agent": IP, "attributes": {"ip": first}},
            "B": {"agent": IP, "attributes": {"ip": second}},
            "C": {"agent": STATEFUL, "attributes": {"ip": first}},
        }
        return _cib_agent.clashes(primitives, {IP: metadata("IPaddr2")})

    assert two("10.0.0.1", "10.0.0.2") == []
    assert two(None, None) == []
    assert two("10.0.0.1", "10.0.0.1") == [
        "primitives:B:attributes: ip must not be the same in two resources of "
        "ocf:heartbeat:IPaddr2, but A has it too"
    ]


@pytest.mark.parametrize(
    "kind, good, bad",
    [
        ("boolean", ["true", "OFF", "1"], ["2", "maybe"]),
        ("integer", ["5", "-1", "INFINITY"], ["5s", "many"]),
        ("percentage", ["80%", "80"], ["80percent"]),
        ("time", ["5min", "20", "PT5M", "500ms"], ["soon", "5 parsecs"]),
        ("select", ["stop"], ["go"]),
        ("string", ["anything"], []),
    ],
)
def test_values_of_properties(kind, good, bad):
    known = {"p": {"type": kind, "values": ["stop"] if kind == "select" else []}}
    for value in good:
        assert _cib_agent.property_problems({"p": value}, known) == []
    for value in bad:
        assert "properties:p: " in _cib_agent.property_problems({"p": value}, known)[0]


def test_unknown_property_may_be_removed():
    assert _cib_agent.property_problems({"old": None}, {}) == []
    assert _cib_agent.property_problems({"old": 1}, {})


def answering(stdout, retcode=0):
    def run(command, **_):
        return {"retcode": retcode, "stdout": stdout, "stderr": ""}

    return Machine(run)


def test_agent_that_is_not_installed():
    assert _cib_agent.metadata(answering("", 105), IP) is None


def test_agent_that_talks_nonsense():
    with pytest.raises(CommandExecutionError, match="metadata of ocf:heartbeat:IPaddr2 cannot"):
        _cib_agent.metadata(answering("hello"), IP)


def test_agents_are_asked_once():
    asked = []

    def run(command, **_):
        asked.append(command)
        return {"retcode": 0, "stdout": "<resource-agent/>", "stderr": ""}

    machine = Machine(run)
    _cib_agent.metadata(machine, IP)
    _cib_agent.metadata(machine, IP)
    assert asked == [["crm_resource", "--show-metadata", IP]]


def test_properties_cannot_be_asked():
    assert _cib_agent.properties(answering("no metadata here")) is None
