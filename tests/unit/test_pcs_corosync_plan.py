"""What of corosync.conf differs and how it can be changed: plans from data to data."""

import copy

import pytest
from salt.exceptions import SaltInvocationError

from tests.support.salt_modules import load

CONF = {
    "cluster_name": "nfs",
    "nodes": {"a": ["10.0.0.1", "10.1.0.1"], "b": ["10.0.0.2", "10.1.0.2"]},
    "totem": {"token": "5000", "crypto_cipher": "aes256", "knet_compression_model": "zlib"},
    "transport": "knet",
    "quorum": {"provider": "corosync_votequorum", "two_node": "1"},
    "device": None,
    "links": {"0": {}, "1": {"knet_ping_timeout": "2000"}},
}
NODES = CONF["nodes"]


@pytest.fixture(scope="module")
def world():
    return load(states=False)


@pytest.fixture
def plan(world):
    def make(sections=None, links=None, nodes=None, **changed):
        conf = {**copy.deepcopy(CONF), **changed}
        given = {
            name: world.library._pcs_options.normalised(name, options)
            for name, options in (sections or {}).items()
        }
        return world.library._pcs_corosync_plan.plan(conf, given, links, nodes)

    return make


def one(nodes, at):
    return {name: addresses[at] for name, addresses in nodes.items()}


def with_link(*addresses, at=None):
    """The nodes with a further address each, or another one in the place ``at``."""
    nodes = copy.deepcopy(NODES)
    for node, address in zip(nodes.values(), addresses):
        if at is None:
            node.append(address)
        else:
            node[at] = address
    return nodes


def steps(made):
    return [f"{action} {number}" for action, number, *_ in made["steps"]]


def test_what_is_as_described_is_no_change(plan):
    made = plan(
        {
            "totem": {"token": 5000},
            "crypto": {"cipher": "aes256"},
            "quorum": {"wait_for_all": None},
        },
        [{}, {"ping_timeout": "2000"}],
        NODES,
    )
    assert (made["changes"], made["steps"], made["problems"]) == ({}, [], [])


def test_live_and_restart_are_told_apart(plan):
    made = plan(
        {
            "totem": {"token": 7000},
            "compression": {"model": None},
            "transport_options": {"link_mode": "active"},
            "quorum": {"last_man_standing": True},
        }
    )
    assert made["live"] == {"totem": {"token": "7000"}, "compression": {"model": None}}
    assert made["restart"] == {
        "transport_options": {"link_mode": "active"},
        "quorum": {"last_man_standing": "1"},
    }
    assert made["changes"]["totem"] == {"token": {"old": "5000", "new": "7000"}}
    assert made["changes"]["quorum"] == {"last_man_standing": {"old": None, "new": "1"}}


def test_each_option_has_one_of_the_four_ways(world):
    table = world.library._pcs_options.table()
    ways = {how for options in table.values() for how in options.values()}
    assert ways == {"live", "restart", "link", "stopped"}


@pytest.mark.parametrize(
    "section, options, words",
    [
        ("totem", {"tokn": 1}, "there is no option 'tokn'; known are block_unlisted_ips"),
        ("totem", {"token": [1]}, "must be a word or a number"),
        ("totem", {"token": "1 2"}, "one word"),
        ("totem", {"token": ""}, "not empty"),
        ("quorum", {"two_node": 1}, "there is no option 'two_node'"),
        ("totem", ["token"], "must be a dictionary"),
        ("links", {"prio": 1}, "link_priority"),
    ],
)
def test_what_is_no_option_is_named(world, section, options, words):
    with pytest.raises(SaltInvocationError, match=words):
        world.library._pcs_options.normalised(section, options)


@pytest.mark.parametrize("old, new", [("1", None), ("1", "1"), (None, True)])
def test_a_tie_breaker_of_two_nodes_is_not_restarted(plan, old, new):
    wanted = {"auto_tie_breaker": new, "wait_for_all": True}
    quorum = {"auto_tie_breaker": old} if old else {}
    made = plan({"quorum": wanted}, quorum=quorum)
    assert "pcs cluster stop --all" in made["problems"][0]


def test_a_tie_breaker_of_four_nodes_is_restarted(world):
    nodes = {name: [f"10.0.0.{at}"] for at, name in enumerate("abcd")}
    conf = {**CONF, "quorum": {}, "nodes": nodes, "links": {"0": {}}}
    wanted = {"quorum": {"auto_tie_breaker": "1"}}
    assert world.library._pcs_corosync_plan.plan(conf, wanted)["problems"] == []


def test_what_all_nodes_must_agree_on_needs_the_service_down(plan):
    made = plan({"transport_options": {"netmtu": 1400}}, transport="udpu")
    assert "pcs cluster config update transport netmtu=1400" in made["problems"][0]


# --- links ----------------------------------------------------------------------------------------


def test_a_link_more_and_a_link_less(plan):
    more = with_link("10.2.0.1", "10.2.0.2")
    made = plan(nodes=more, links=[{}, {}, {"link_priority": "5"}])
    assert made["steps"] == [["add", "2", one(more, 2), {"link_priority": "5"}]]
    assert made["changes"]["links"]["new 0"]["old"] is None
    less = {name: addresses[1:] for name, addresses in NODES.items()}
    made = plan(nodes=less)
    assert steps(made) == ["remove 0"]


def test_another_address_is_another_link_while_one_stays(plan):
    made = plan(nodes=with_link("10.9.0.1", "10.9.0.2", at=0))
    assert steps(made) == ["remove 0", "add 0"]
    assert made["steps"][1][2] == {"a": "10.9.0.1", "b": "10.9.0.2"}


def test_all_links_are_replaced_one_after_the_other(plan):
    nodes = {"a": ["10.8.0.1", "10.9.0.1"], "b": ["10.8.0.2", "10.9.0.2"]}
    assert steps(plan(nodes=nodes)) == ["remove 0", "add 0", "remove 1", "add 1"]


def test_the_only_link_is_replaced_by_one_beside_it(world):
    present = {"nodes": {"a": ["10.0.0.1"], "b": ["10.0.0.2"]}, "links": {"0": {}}}
    made = world.library._pcs_corosync_plan.plan(
        {**CONF, **present}, {}, None, {"a": ["10.9.0.1"], "b": ["10.9.0.2"]}
    )
    assert steps(made) == ["add 1", "remove 0"]


def test_options_of_a_link_are_changed_while_the_other_carries(plan):
    made = plan(links=[{"link_priority": "9"}])
    assert made["steps"] == [
        ["remove", "0", {}, {}],
        ["add", "0", one(NODES, 0), {"link_priority": "9"}],
    ]
    assert made["changes"]["links"] == {"0": {"link_priority": {"old": None, "new": "9"}}}
    made = plan(links=[{}, {"ping_interval": "500"}])
    assert made["steps"][1][3] == {"ping_timeout": "2000", "ping_interval": "500"}
    made = plan(links=[{}, {"ping_timeout": None}])
    assert made["steps"][1][3] == {}


def test_options_of_the_only_link_are_refused(world):
    present = {"nodes": {"a": ["10.0.0.1"], "b": ["10.0.0.2"]}, "links": {"0": {}}}
    conf, wanted = {**CONF, **present}, [{"mcastport": "5407"}]
    made = world.library._pcs_corosync_plan.plan(conf, {}, wanted, None)
    assert "pcs cluster link update 0" in made["problems"][0]
    assert made["steps"] == []


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"nodes": {"a": ["10.0.0.1"]}}, "pcs.cluster_members"),
        ({"nodes": {"a": ["1"], "b": ["2", "3"]}}, "same number of addresses"),
        ({"nodes": {"a": [], "b": []}}, "same number of addresses"),
        ({"links": [{}, {}, {"link_priority": "1"}]}, "options for 3 links"),
        ({"nodes": with_link("10.2.0.1", "10.2.0.2"), "transport": "udpu"}, "transport udpu"),
    ],
)
def test_links_that_cannot_be(plan, arguments, words):
    made = plan(**arguments)
    assert any(words in problem for problem in made["problems"]), made
    assert made["steps"] == []


def test_a_step_never_takes_the_last_link(plan):
    """Whatever is asked for: at every step a link of before or a new one carries the cluster."""
    wanted = [
        with_link("10.2.0.1", "10.2.0.2"),
        {"a": ["10.8.0.1", "10.9.0.1"], "b": ["10.8.0.2", "10.9.0.2"]},
        {"a": ["10.8.0.1"], "b": ["10.8.0.2"]},
        {"a": ["10.1.0.1"], "b": ["10.1.0.2"]},
    ]
    for nodes in wanted:
        there = {"0", "1"}
        for action, number, *_ in plan(nodes=nodes)["steps"]:
            if action == "add":
                assert number not in there
                there.add(number)
            else:
                there.remove(number)
            assert there
        assert len(there) == len(nodes["a"])


def test_pcs_0_9_has_the_name_for_the_first_address(world):
    present = {name: [name, addresses[1]] for name, addresses in NODES.items()}
    conf = {**CONF, "nodes": present, "transport": "udpu"}
    made = world.library._pcs_corosync_plan.plan(conf, {}, None, NODES)
    assert (made["changes"], made["steps"], made["problems"]) == ({}, [], [])
