"""Batches of the old states: a copy, states that work on it, one push; and what is not lost."""

import pytest

from tests.support.cluster_tools import for_version

DUMMY = "ocf:pacemaker:Dummy"


class Minion:
    """The states on a CIB file, called as Salt calls them, with a cache of their own."""

    def __init__(self, tools, cache):
        self.tools, self.cache = tools, cache
        self.world = tools.world()
        self.world.opts["cachedir"] = str(cache)
        self.ran = []

    def run(self):
        """Another run of Salt: nothing has run in it yet."""
        self.ran = []
        return self

    def __call__(self, function, test=False, **arguments):
        self.world.opts["test"] = test
        module = self.world.states.pcs_compat
        tag = ["pcs", function, str(len(self.ran)), function]
        vars(module)["__low__"] = dict(zip(("state", "__id__", "name", "fun"), tag))
        vars(module)["__running__"] = dict.fromkeys(self.ran)
        ret = getattr(module, function)("x", **arguments)
        self.ran.append("_|-".join(tag))
        assert "s3cr3t" not in repr(ret)
        return ret

    def file(self, name="b"):
        return self.cache / "pcs" / "base" / f"{name}.cib"

    def resource(self, name, *words, test=False, cibname="b"):
        more = {"resource_id": name, "resource_type": DUMMY, "resource_options": list(words)}
        return self("resource_present", test, cibname=cibname, **more)


@pytest.fixture
def minion(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    tools = for_version("0.11", tmp_path)
    tools.pcs("property set stonith-enabled=false")
    return Minion(tools, tmp_path / "cache")


def good(ret, changes=True):
    assert ret["result"] is True and bool(ret["changes"]) is changes, ret
    return ret


def test_a_batch_is_pushed_once_and_clean_the_second_time(minion):
    before = minion.tools.text()
    good(minion("cib_present", cibname="b", scope="None", extra_args="None"))
    good(minion.resource("A", "passwd=s3cr3t"))
    good(minion.resource("B", "fake=y", "--group", "g"))
    assert minion.tools.text() == before
    for path in minion.file().parent.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600, path
    assert minion.file().parent.stat().st_mode & 0o777 == 0o700
    pushed = good(minion("cib_pushed", cibname="b", scope=None))
    assert set(pushed["changes"]) == {"primitives", "groups"}
    assert [c for c in minion.world.commands if c[0] == "cibadmin" and "--patch" in c] == [
        ["cibadmin", "--patch", "--xml-pipe"]
    ]
    assert not [c for c in minion.world.commands if {"--replace", "cib-push"} & set(c)]
    for test in (False, True):
        minion.run()
        good(minion("cib_present", test, cibname="b"), False)
        good(minion.resource("A", "passwd=s3cr3t", test=test), False)
        good(minion("cib_pushed", test, cibname="b"), False)


def test_states_of_resources_do_not_make_a_new_copy(minion):
    good(minion("cib_present", cibname="b"))
    kept = minion.file().read_text()
    text = minion.tools.text().replace("<status/>", "<status><node_state id='1'/></status>")
    minion.tools.cib.write_text(text)
    good(minion.run()("cib_present", cibname="b"), False)
    assert minion.file().read_text() == kept


def test_edits_of_others_are_kept(minion):
    good(minion("cib_present", cibname="b"))
    good(minion.resource("A", "fake=x", "--group", "g"))
    minion.tools.pcs(
        f"resource create X {DUMMY} --group g", "property set cluster-recheck-interval=77s"
    )
    changes = good(minion("cib_pushed", cibname="b"))["changes"]
    assert changes["groups"]["g"]["members"] == {"old": ["X"], "new": ["X", "A"]}
    text = minion.tools.text()
    assert 'value="77s"' in text and 'id="X"' in text and 'id="A"' in text


def test_what_another_node_pushed_meanwhile_is_not_pushed_again(minion):
    good(minion("cib_present", cibname="b"))
    good(minion.resource("A", "fake=x"))
    other = Minion(minion.tools, minion.cache.with_name("other"))
    good(other("cib_present", cibname="b"))
    good(other.resource("A", "fake=x"))
    good(other("cib_pushed", cibname="b"))
    good(minion("cib_pushed", cibname="b"), False)
    good(minion.run()("cib_present", cibname="b"), False)


def test_a_copy_edited_by_other_means_is_not_pushed(minion):
    good(minion("cib_present", cibname="b"))
    good(minion.resource("A", "fake=x"))
    edited = minion.tools.pcs_command("-f", str(minion.file()), "resource", "create", "X", DUMMY)
    assert edited.returncode == 0
    before = minion.tools.text()
    ret = minion("cib_pushed", cibname="b")
    assert ret["result"] is False and "edited by something else" in ret["comment"]
    assert minion.tools.text() == before
    # the next batch begins anew, and says that it gives something up
    good(minion.run()("cib_present", cibname="b"))
    good(minion("cib_pushed", cibname="b"), False)


@pytest.mark.parametrize("scope, result", [("resources", True), ("constraints", False)])
def test_scope(minion, scope, result):
    good(minion("cib_present", cibname="b", scope=scope, extra_args=["--config"]))
    good(minion.resource("A", "fake=x"))
    before = minion.tools.text()
    ret = minion("cib_pushed", cibname="b", scope=scope, extra_args=["--config", "diff-against=x"])
    assert ret["result"] is result
    if not result:
        assert "scope=constraints does not hold all" in ret["comment"]
        assert (minion.tools.text(), ret["changes"]) == (before, {})


@pytest.mark.parametrize("cibname", [None, "b"])
def test_a_run_with_test_sees_what_earlier_states_would_make(minion, cibname):
    before = minion.tools.text()
    constraint = {
        "constraint_id": "c",
        "constraint_type": "colocation",
        "constraint_options": ["add", "A", "with", "B"],
        "cibname": cibname,
    }

    def run(test):
        minion.run()
        rets = [] if cibname is None else [minion("cib_present", test, cibname=cibname)]
        rets += [minion.resource(name, test=test, cibname=cibname) for name in "AB"]
        rets.append(minion("constraint_present", test, **constraint))
        return rets + ([] if cibname is None else [minion("cib_pushed", test, cibname=cibname)])

    predicted = run(True)
    assert run(True) == predicted  # a run leaves nothing behind for the next one
    assert minion.tools.text() == before and not minion.cache.exists()
    assert {ret["result"] for ret in predicted} == {None}
    assert [ret["changes"] for ret in run(False)] == [ret["changes"] for ret in predicted]
    assert {(ret["result"], bool(ret["changes"])) for ret in run(False)} == {(True, False)}


@pytest.mark.parametrize("test", [True, False])
@pytest.mark.parametrize(
    "function, arguments, message",
    [
        ("resource_present", {"cibname": "never"}, "pcs.cib_present (or pcs.cib_create) must"),
        ("resource_present", {"cibname": "../x"}, "is no name of a file"),
        ("resource_present", {"cibname": "/etc/x"}, "is no name of a file"),
        ("resource_present", {"resource_options": ["nonsense"]}, "'nonsense' is not understood"),
        ("resource_present", {"resource_options": ["nonsense=1"]}, "has no such parameter"),
        ("resource_present", {"resource_type": "ocf:pacemaker:No"}, "is not installed"),
        ("resource_present", {"resource_options": ["bundle", "B"]}, "there is no bundle B"),
        ("cib_present", {"cibname": "b", "scope": "everything"}, "scope: 'everything' is none of"),
        ("cib_present", {"cibname": "b", "extra_args": ["x"]}, "extra_args: 'x'"),
        ("cib_present", {"cibname": None}, "a batch needs a name"),
        ("cib_pushed", {"cibname": "never"}, "pcs.cib_present (or pcs.cib_create) must"),
        ("cib_pushed", {"cibname": "b", "extra_args": ["--force"]}, "--force is not known here"),
        ("constraint_present", {}, "there is no resource A"),
        ("constraint_present", {"constraint_type": "x"}, "constraint_type: 'x' is not known"),
        ("prop_has_value", {"prop": "nonsense"}, "Pacemaker has no such property"),
        ("stonith_present", {}, "is not installed on this node"),
    ],
)
def test_errors(minion, function, arguments, message, test):
    given = {
        "resource_present": {"resource_id": "A", "resource_type": DUMMY},
        "constraint_present": {
            "constraint_id": "c",
            "constraint_type": "order",
            "constraint_options": ["A", "then", "B"],
        },
        "prop_has_value": {"prop": "no-quorum-policy", "value": "stop"},
        "stonith_present": {"stonith_id": "f", "stonith_device_type": "fence_nonsense"},
    }.get(function, {})
    before = minion.tools.text()
    ret = minion(function, test, **{**given, **arguments})
    assert (ret["result"], ret["changes"]) == (False, {}), ret
    assert message in ret["comment"]
    assert minion.tools.text() == before


def test_without_a_cluster(minion):
    minion.tools.cib.unlink()
    assert minion.resource("A", cibname=None)["result"] is False
    ret = minion.resource("A", test=True, cibname=None)
    assert (ret["result"], ret["changes"]) == (None, {})
    assert ret["comment"].startswith("What would be changed cannot be known: ")


def test_what_is_there_already_is_changed_and_what_others_set_is_kept(minion):
    minion.tools.pcs(
        f"resource create A {DUMMY} fake=x --group g meta migration-threshold=3",
        f"resource create B {DUMMY} --group g",
        "resource utilization A cpu=2",
        "resource disable A",
        f"resource create C {DUMMY}",
        "constraint colocation add C with g 50",
    )
    ret = good(minion.resource("A", "fake=y", cibname=None))
    changed = ret["changes"]["primitives"]["A"]
    assert set(changed) == {"attributes:fake", "meta:migration-threshold"}
    assert "A has target-role=Stopped: left as it is" in ret["comment"]
    ret = minion(
        "constraint_present",
        constraint_id="by-state",
        constraint_type="colocation",
        constraint_options=["add", "C", "with", "g", "60"],
    )
    assert list(good(ret)["changes"]["constraints"]) == ["colocation-C-g-50"]
    assert "there is such a constraint already, called colocation-C-g-50" in ret["comment"]
    order = {"constraint_id": "o", "constraint_type": "order"}
    ret = minion("constraint_present", constraint_options=["A", "then", "B"], **order)
    assert "orders its members by itself" in good(ret, False)["comment"]
    ret = good(minion("constraint_present", constraint_options=["B", "then", "A"], **order))
    assert ret["changes"] == {"groups": {"g": {"members": {"old": ["A", "B"], "new": ["B", "A"]}}}}
    assert "cpu" in minion.tools.text()


def test_functions(minion, tmp_path):
    """The execution module: the same batch by hand; what shows has no passwords."""
    salt, file = minion.world.salt, str(tmp_path / "hand.cib")
    assert salt["pcs.cib_create"](file, scope=False)["retcode"] == 0
    options = ["ip=10.0.0.1", "username=u", "password=s3cr3t"]
    done = salt["pcs.stonith_create"]("f", "fence_ipmilan", options, cibfile=file)
    assert done["retcode"] == 0 and "s3cr3t" not in repr(done)
    salt["pcs.prop_set"]("no-quorum-policy", "ignore", cibfile=file)
    salt["pcs.resource_create"]("A", DUMMY, ["fake=x"], cibfile=file)
    salt["pcs.item_create"]("constraint", "l", "location", None, ["A", "avoids", "n1"], file)
    before = minion.tools.text()
    pushed = salt["pcs.cib_push"](file, scope=False)
    assert set(pushed["changes"]) == {"primitives", "properties", "constraints"}
    assert minion.tools.text() != before
    assert salt["pcs.cib_push"](file)["changes"] == {}
    for shown in (
        salt["pcs.stonith_show"]("f", cibfile=file),
        salt["pcs.config_show"](cibfile=str(minion.tools.cib)),
        salt["pcs.resource_show"]("A", cibfile=file),
        salt["pcs.prop_show"]("no-quorum-policy", cibfile=file),
        salt["pcs.item_show"]("constraint", item_type="location", cibfile=file),
    ):
        assert shown["retcode"] == 0, shown
        assert "s3cr3t" not in repr(shown)
    assert not [command for command in minion.world.commands if "s3cr3t" in repr(command)]


@pytest.mark.parametrize("text", ["", "<cib", "<html/>", "no XML at all"])
def test_a_copy_that_somebody_broke_is_begun_anew_and_never_pushed(minion, text):
    good(minion("cib_present", cibname="b"))
    good(minion.resource("A"))
    before = minion.tools.text()
    minion.file().write_text(text)
    pushed = minion("cib_pushed", cibname="b")
    assert pushed["result"] is False and pushed["comment"], pushed
    assert minion.tools.text() == before
    good(minion.run()("cib_present", cibname="b"))
    good(minion.resource("A"))
    good(minion("cib_pushed", cibname="b"))
