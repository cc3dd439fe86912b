"""Which members are added and removed, and what forbids it: plans from data to data."""

import pytest

from tests.support.salt_modules import load

CONF = {"nodes": {"a": ["10.0.0.1", "10.1.0.1"], "b": ["10.0.0.2", "10.1.0.2"]}}
THREE = {"nodes": {**CONF["nodes"], "c": ["10.0.0.3", "10.1.0.3"]}}
OFF = dict.fromkeys(("online", "standby", "maintenance", "pending", "unclean"), False)
ON = {**OFF, "online": True}


def status(quorum=True, **nodes):
    return {"quorum": quorum, "nodes": nodes}


ALL = status(a=ON, b=ON, c=ON)


@pytest.fixture(scope="module")
def members():
    return load(states=False).library._pcs_members


def test_nothing_to_do_needs_no_status(members):
    plan = members.plan(CONF, CONF["nodes"])
    assert plan == {"add": {}, "remove": [], "unreachable": [], "problems": []}
    assert members.changes(plan) == {}


def test_a_member_that_is_gone_already_is_no_change(members):
    assert members.plan(CONF, CONF["nodes"], remove=["c"])["problems"] == []


def test_add(members):
    plan = members.plan(CONF, THREE["nodes"], status=status(a=ON, b=ON), local="a")
    assert plan["problems"] == []
    assert members.changes(plan) == {"nodes": {"c": {"old": None, "new": ["10.0.0.3", "10.1.0.3"]}}}


@pytest.mark.parametrize("how", ["remove", "remove_unreachable"])
def test_remove(members, how):
    seen = ALL if how == "remove" else status(a=ON, b=ON, c=OFF)
    plan = members.plan(THREE, CONF["nodes"], status=seen, local="a", **{how: ["c"]})
    assert plan["problems"] == []
    changes = members.changes({**plan, "present": THREE["nodes"]})
    assert changes == {"nodes": {"c": {"old": ["10.0.0.3", "10.1.0.3"], "new": None}}}


@pytest.mark.parametrize(
    "conf, wanted, arguments, words",
    [
        (THREE, CONF["nodes"], {"status": ALL}, "only when it is named in 'remove'"),
        (THREE, THREE["nodes"], {"remove": ["c"], "status": ALL}, "among the nodes wanted and"),
        (
            THREE,
            CONF["nodes"],
            {"remove": ["c"], "remove_unreachable": ["c"], "status": ALL},
            "named in both",
        ),
        (THREE, CONF["nodes"], {"remove": ["c"], "status": ALL, "local": "c"}, "itself"),
        (THREE, CONF["nodes"], {"remove": ["c"]}, "does not run on this node"),
        (
            THREE,
            CONF["nodes"],
            {"remove": ["c"], "status": status(False, a=ON, b=OFF, c=OFF)},
            "no quorum",
        ),
        (
            THREE,
            CONF["nodes"],
            {"remove": ["c"], "status": status(a=ON, b=ON, c=OFF)},
            "'remove_unreachable'",
        ),
        (THREE, CONF["nodes"], {"remove_unreachable": ["c"], "status": ALL}, "c is online"),
        (
            THREE,
            CONF["nodes"],
            {"remove_unreachable": ["c"], "status": status(a=ON, b=ON, c={**OFF, "unclean": True})},
            "unclean",
        ),
        (CONF, {}, {"remove": ["a", "b"], "status": ALL, "local": None}, "no member would be left"),
        (
            {"nodes": {n: [n] for n in "abcde"}},
            {n: [n] for n in "abcd"},
            {"remove": ["e"], "status": status(a=ON, b=ON, c=OFF, d=OFF, e=ON)},
            "lose its quorum: c, d must be online",
        ),
        (CONF, {**CONF["nodes"], "c": ["10.0.0.3"]}, {"status": ALL}, "needs 2 addresses"),
        (
            CONF,
            {**CONF["nodes"], "c": ["10.0.0.3", "10.1.0.1"]},
            {"status": ALL},
            "10.1.0.1 of c is that of a",
        ),
        (CONF, THREE["nodes"], {"status": status(a=ON, b=OFF)}, "b must be online first"),
        (CONF, THREE["nodes"], {}, "does not run on this node"),
    ],
)
def test_what_forbids_it(members, conf, wanted, arguments, words):
    plan = members.plan(conf, wanted, **{"local": "a", **arguments})
    assert any(words in problem for problem in plan["problems"]), plan["problems"]


@pytest.mark.parametrize(
    "number, online, expected",
    [(1, 1, True), (2, 1, True), (2, 0, False), (3, 1, False), (3, 2, True), (4, 2, False)],
)
def test_quorum(members, number, online, expected):
    assert members.quorate(number, online) is expected
