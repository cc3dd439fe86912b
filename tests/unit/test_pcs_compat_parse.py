"""The words of pcs, of every version and spelling, read into plain data."""

import pytest
from salt.exceptions import SaltInvocationError

import _pcs_compat_constraint
import _pcs_compat_nodes
import _pcs_compat_parse

DUMMY = "ocf:pacemaker:Dummy"


def resource(*words):
    return _pcs_compat_parse.resource("R", DUMMY, list(words))


def constraint(kind, *words, name="x"):
    return _pcs_compat_constraint.constraint(name, kind, list(words))


# Resources ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words, attributes, meta, operations",
    [
        ([], {}, {}, []),
        (["a=b", "c="], {"a": "b", "c": ""}, {}, []),
        (["a=b=c d"], {"a": "b=c d"}, {}, []),
        (["a=b", "a=b"], {"a": "b"}, {}, []),
        (["meta", "p=1", "meta", "q=2"], {}, {"p": "1", "q": "2"}, []),
        (
            ["op", "monitor", "interval=20s", "start", "timeout=9", "op", "stop", "timeout=8"],
            {},
            {},
            [
                {"name": "monitor", "interval": "20s"},
                {"name": "start", "timeout": "9"},
                {"name": "stop", "timeout": "8"},
            ],
        ),
        (["a=b", "--disabled"], {"a": "b"}, {"target-role": "Stopped"}, []),
        # what follows 'clone meta' is the resource's, unless pcs is told --future
        (["clone", "meta", "p=1"], {}, {"p": "1"}, []),
        (["clone", "op", "start", "timeout=9"], {}, {}, [{"name": "start", "timeout": "9"}]),
        (["--future", "clone", "meta", "p=1"], {}, {}, []),
    ],
)
def test_primitive(words, attributes, meta, operations):
    found = resource(*words)["primitive"]
    assert found == {"attributes": attributes, "meta": meta, "operations": operations}


@pytest.mark.parametrize(
    "words, group",
    [
        (["--group", "g"], ("g", None, None)),
        (["--group=g", "a=b"], ("g", None, None)),
        (["--before", "A", "--group", "g"], ("g", "A", None)),
        (["--group", "g", "--after=A", "a=b"], ("g", None, "A")),
        (["a=b", "group", "g"], ("g", None, None)),
        (["group", "g", "before", "A", "--future"], ("g", "A", None)),
        (["group", "g", "after", "A"], ("g", None, "A")),
    ],
)
def test_group(words, group):
    assert resource(*words)["group"] == dict(zip(("id", "before", "after"), group))


@pytest.mark.parametrize(
    "words, clone",
    [
        (["clone"], (None, False, {})),
        (["--clone"], (None, False, {})),
        (["a=b", "clone", "many", "clone-max=2"], ("many", False, {"clone-max": "2"})),
        (["promotable", "promoted-max=1"], (None, True, {"promoted-max": "1"})),
        (["master", "master-max=1"], (None, True, {"master-max": "1"})),
        (["--master"], (None, True, {})),
        (["clone", "promotable=true"], (None, True, {})),
        (["clone", "promotable=false"], (None, False, {})),
        (["clone", "x", "meta", "p=1", "--future"], ("x", False, {"p": "1"})),
    ],
)
def test_clone(words, clone):
    assert resource(*words)["clone"] == dict(zip(("id", "promotable", "meta"), clone))


def test_the_rest_of_a_resource():
    found = resource("bundle", "B", "--wait=2min", "--no-default-ops", "--force")
    assert (found["bundle"], found["wait"], found["force"]) == ("B", 120, True)
    assert found["default_operations"] is False
    assert resource("--wait")["wait"] == 3600
    assert resource()["wait"] is None
    assert resource("--agent-validation")["notes"]


@pytest.mark.parametrize(
    "words, message",
    [
        (["a"], "resource_options: 'a' is not understood"),
        (["op monitor interval=20s"], "does not begin with a name"),
        (["=b"], "does not begin with a name"),
        (["a=secret1", "a=secret2"], "a is given twice with different values"),
        (["--nonsense"], "--nonsense is not known here; options that are: --after"),
        (["-f", "x.cib"], "-f is not known here"),
        (["--group"], "a value must follow --group"),
        (["--disabled=yes"], "--disabled takes no value"),
        (["--group", "g", "--group", "h"], "--group stands there twice"),
        (["--before", "A"], "--before and --after need --group"),
        (["--group", "g", "--before", "A", "--after", "B"], "not both"),
        (["--group", "g", "clone"], "only one of clone, promotable, bundle and group"),
        (["clone", "promotable"], "only one of clone, promotable, bundle and group"),
        (["group", "g", "behind", "A"], "then perhaps 'before' or 'after'"),
        (["group"], "after 'group': its id"),
        (["bundle", "A", "B"], "exactly one bundle"),
        (["promotable", "promotable=true"], "cannot stand together"),
        (["op", "interval=20s"], "an action such as monitor must follow 'op'"),
        (["op"], "an action such as monitor must follow 'op'"),
        (["op", "monitor"], "at least one option must follow 'op monitor'"),
        (["--wait=soon"], "--wait=soon is no time"),
        (["--future", "clone", "op", "start", "timeout=1"], "'op' must stand before 'clone'"),
        (["--future", "bundle", "B", "meta", "p=1"], "'meta' must stand before 'bundle'"),
        ([{"ip": "1.2.3.4"}], "must be a list of words"),
        ([["a=b"]], "must be a list of words"),
    ],
)
def test_words_of_a_resource_that_are_refused(words, message):
    with pytest.raises(SaltInvocationError) as info:
        resource(*words)
    assert message in str(info.value)
    assert "secret" not in str(info.value)


def test_slips_of_yaml():
    words = _pcs_compat_parse.words
    assert words("x", None) == words("x", "None") == []
    assert words("x", "--start") == ["--start"]
    assert words("x", [1, 2.5, True]) == ["1", "2.5", "True"]
    with pytest.raises(SaltInvocationError, match="x: must be a list of words, not dict"):
        words("x", {"a": "b"})


def test_fencing():
    found = _pcs_compat_parse.fencing(
        "f", "fence_xvm", ["port=a", "passwd=b", "meta", "p=1", "op", "monitor", "interval=9s"]
    )
    assert found["agent"] == "stonith:fence_xvm"
    assert found["primitive"] == {
        "attributes": {"port": "a", "passwd": "b"},
        "meta": {"p": "1"},
        "operations": [{"name": "monitor", "interval": "9s"}],
    }
    again = _pcs_compat_parse.fencing("f", "stonith:fence_xvm", None)
    assert again["agent"] == "stonith:fence_xvm"
    for word in ("--group=g", "clone"):
        with pytest.raises(SaltInvocationError):
            _pcs_compat_parse.fencing("f", "fence_xvm", [word])


@pytest.mark.parametrize(
    "value, extra, values",
    [
        ("ignore", None, {"p": "ignore"}),
        (100, [], {"p": "100"}),
        (False, "None", {"p": "false"}),
        ("", None, {"p": None}),
        ("a", ["q=b", "r="], {"p": "a", "q": "b", "r": None}),
    ],
)
def test_values(value, extra, values):
    assert _pcs_compat_parse.values("properties", "p", value, extra)["values"] == values


@pytest.mark.parametrize(
    "name, value, extra, message",
    [
        ("p", None, None, "value: must say what p is"),
        ("p", ["a"], None, "value: must be one value"),
        ("p q", "a", None, "must be one word"),
        ("p=q", "a", None, "must be one word"),
        ("p", "a", ["p=b"], "p is given twice"),
        ("p", "a", ["--node=n1"], "--node is not known here"),
        ("p", "a", ["b"], "'b' is not understood"),
    ],
)
def test_values_that_are_refused(name, value, extra, message):
    with pytest.raises(SaltInvocationError, match=message):
        _pcs_compat_parse.values("properties", name, value, extra)


# Constraints -------------------------------------------------------------------------------------

STARTS = {"first-action": "start", "then-action": "start"}


@pytest.mark.parametrize(
    "kind, words, entry",
    [
        ("order", "A then B", {"first": "A", "then": "B", **STARTS}),
        (
            "order",
            "promote A then start B kind=Optional symmetrical=false",
            {"first": "A", "then": "B", "first-action": "promote", "then-action": "start",
             "kind": "Optional", "symmetrical": "false"},
        ),
        # a resource may have the name of an action
        ("order", "A then start", {"first": "A", "then": "start", **STARTS}),
        ("order", "A then B score=0", {"first": "A", "then": "B", **STARTS, "kind": "Optional"}),
        ("order", "A then B score=INFINITY", {"first": "A", "then": "B", **STARTS,
                                              "kind": "Mandatory"}),
        ("order", "A then B symmetrical", {"first": "A", "then": "B", **STARTS,
                                           "symmetrical": "true"}),
        ("order", "set A", {"sets": [{"members": ["A"]}]}),
        (
            "order",
            "set A B sequential=false role=master set C setoptions kind=Serialize id=x",
            {"sets": [{"members": ["A", "B"], "sequential": "false", "role": "Master"},
                      {"members": ["C"]}], "kind": "Serialize"},
        ),
        ("colocation", "add A with B", {"resource": "A", "with": "B", "score": "INFINITY"}),
        ("colocation", "add A with B -50", {"resource": "A", "with": "B", "score": "-50"}),
        ("colocation", "add A with B -INFINITY id=x",
         {"resource": "A", "with": "B", "score": "-INFINITY"}),
        ("colocation", "add A with B score=7", {"resource": "A", "with": "B", "score": "7"}),
        (
            "colocation",
            "add started A with master B 5",
            {"resource": "A", "with": "B", "score": "5", "resource-role": "Started",
             "with-role": "Master"},
        ),
        (
            "colocation",
            "add A with Promoted B",
            {"resource": "A", "with": "B", "score": "INFINITY", "resource-role": "Started",
             "with-role": "Promoted"},
        ),
        (
            "colocation",
            "add A with B rsc-role=Slave",
            {"resource": "A", "with": "B", "score": "INFINITY", "resource-role": "Slave",
             "with-role": "Started"},
        ),
        ("colocation", "set A B set C setoptions score=9",
         {"sets": [{"members": ["A", "B"]}, {"members": ["C"]}], "score": "9"}),
        ("location", "A prefers n1", {"resource": "A", "node": "n1", "score": "INFINITY"}),
        ("location", "A prefers n1=50", {"resource": "A", "node": "n1", "score": "50"}),
        ("location", "A avoids n1", {"resource": "A", "node": "n1", "score": "-INFINITY"}),
        ("location", "A avoids n1=50", {"resource": "A", "node": "n1", "score": "-50"}),
        ("location", "A avoids n1=-50", {"resource": "A", "node": "n1", "score": "50"}),
        ("location", "resource%A prefers n1", {"resource": "A", "node": "n1",
                                               "score": "INFINITY"}),
        ("location", "regexp%^A prefers n1=1", {"resource-pattern": "^A", "node": "n1",
                                                "score": "1"}),
        ("location", "add x A n1 -25 resource-discovery=never",
         {"resource": "A", "node": "n1", "score": "-25", "resource-discovery": "never"}),
        ("location", "add x A n1 score=25", {"resource": "A", "node": "n1", "score": "25"}),
        ("location", "A rule #uname eq n1",
         {"resource": "A", "score": "INFINITY", "rule": "#uname eq n1"}),
        (
            "location",
            "A rule constraint-id=x role=master score-attribute=pingd pingd gt 0 or #uname eq n",
            {"resource": "A", "role": "Master", "score-attribute": "pingd",
             "rule": "pingd gt 0 or #uname eq n"},
        ),
        ("location", "A rule score=5 #uname eq n1 id=x",
         {"resource": "A", "score": "5", "rule": "#uname eq n1"}),
        ("ticket", "add T A", {"ticket": "T", "resource": "A"}),
        ("ticket", "add T master A loss-policy=fence",
         {"ticket": "T", "resource": "A", "role": "Master", "loss-policy": "fence"}),
        ("ticket", "set A B setoptions ticket=T",
         {"sets": [{"members": ["A", "B"]}], "ticket": "T"}),
    ],
)  # fmt: skip
def test_constraint(kind, words, entry):
    found = constraint(kind, *words.split())
    assert (found["id"], found["type"], found["entry"]) == ("x", kind, entry)


@pytest.mark.parametrize(
    "kind, words, message",
    [
        ("fence", "A", "constraint_type: 'fence' is not known"),
        ("order", "", "must hold the words that follow 'pcs constraint order'"),
        ("order", "remove A", "'remove' creates nothing"),
        ("order", "A B", "an order reads 'A then B'"),
        ("order", "A then", "an order reads 'A then B'"),
        ("order", "A then B C", "'C' is not understood"),
        ("order", "A then B score=0 kind=Mandatory", "contradict each other"),
        ("order", "A then B score=much", "score=much is no score"),
        ("order", "A then B id=y", "the id y is not the state's constraint_id x"),
        ("order", "set", "at least one resource must follow 'set'"),
        ("order", "set A set", "at least one resource must follow 'set'"),
        ("order", "set A setoptions a=b setoptions c=d", "'setoptions' stands there twice"),
        ("order", "A then B --wait", "--wait is not known here"),
        ("colocation", "A with B", "begins with 'add' or 'set'"),
        ("colocation", "add A B", "a colocation reads 'add A with B'"),
        ("colocation", "add A with", "a colocation reads 'add A with B'"),
        ("colocation", "add A with B 5 score=6", "two scores: 5 and 6"),
        ("location", "A", "after A: 'prefers NODE=SCORE'"),
        ("location", "A prefers", "after A: 'prefers NODE=SCORE'"),
        ("location", "A prefers n1 n2", "one constraint is about one node"),
        ("location", "A prefers n1=much", "'much' is no score"),
        ("location", "A rule", "after A: 'prefers NODE=SCORE'"),
        ("location", "A rule score=5", "an expression must follow 'rule'"),
        ("location", "A rule score=5 score-attribute=p a eq b", "not both"),
        ("location", "node%A prefers n1", "'resource%' or 'regexp%'"),
        ("location", "add x A n1", "takes an id, a resource, a node and a score"),
        ("location", "add y A n1 5", "the id y is not the state's constraint_id x"),
        ("ticket", "T A", "begins with 'add' or 'set'"),
        ("ticket", "add T", "takes a ticket, perhaps a role, and a resource"),
        ("ticket", "add T A rsc-role=Master", "the role stands before the resource"),
        ("ticket", "set A", "must say which ticket"),
    ],
)
def test_words_of_a_constraint_that_are_refused(kind, words, message):
    with pytest.raises(SaltInvocationError) as info:
        constraint(kind, *words.split())
    assert message in str(info.value)


def test_notes_and_force_of_a_constraint():
    assert constraint("location", *"A rule id=r #uname eq n1".split())["notes"]
    assert constraint("order", *"A then B --force".split())["force"] is True


# Nodes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "nodes, named",
    [
        (["a", "b"], {"a": [], "b": []}),
        ("a", {"a": []}),
        (["a", "addr=1.2.3.4", "addr=1.2.3.5", "b"], {"a": ["1.2.3.4", "1.2.3.5"], "b": []}),
        (["a addr=1.2.3.4"], {"a": ["1.2.3.4"]}),
        ({"a": "1.2.3.4", "b": None}, {"a": ["1.2.3.4"], "b": []}),
    ],
)
def test_nodes(nodes, named):
    assert _pcs_compat_nodes.named(nodes) == named


@pytest.mark.parametrize("nodes", [None, [], ["addr=1.2.3.4"], [{"a": "b"}]])
def test_nodes_that_are_refused(nodes):
    with pytest.raises(SaltInvocationError, match="nodes: "):
        _pcs_compat_nodes.named(nodes)


def test_arguments_of_auth():
    _pcs_compat_nodes.auth_arguments(["--force", "--local"])
    for words in (["--start"], ["x"]):
        with pytest.raises(SaltInvocationError, match="extra_args"):
            _pcs_compat_nodes.auth_arguments(words)
