"""hanfs.lint on a whole minion: the choice of the site, the states, and that nothing raises."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from salt.exceptions import CommandExecutionError, SaltInvocationError

from tests.support.lint_node import FILES, PATH, Node, good_article, good_hardened
from tests.support.salt_modules import load
from tests.support.sites import hardened

PARSE = load(states=False).library._hanfs_facts_parse.lvm_config
GRAINS = {"id": "nfs-server1", "host": "nfs-server1", "fqdn": "nfs-server1.example.com"}


class Minion:
    """A minion whose facts come from a node of files."""

    def __init__(self, node, pillar, test=False, status=None, checked=()):
        self.node, self.published, self.asked = node, [], 0
        node.status = status
        tree = {"sites": {"athens": pillar}} if isinstance(pillar, dict) else pillar
        self.world = load(
            opts={"test": test},
            pillar={} if pillar is None else {"hanfs": tree},
            grains=GRAINS,
            salt={
                "_hanfs_check.check": lambda site, path: {"problems": list(checked), "notes": []},
                "_hanfs_here.own_name": lambda: "nfs-server1",
                "_pcs_node.member_of": lambda: None if status is None else "nfs-server-cluster",
                "_pcs_node.status": self._status,
                "_pcs_node.recent_status": self._status,
                "_hanfs_facts_net.clock_offset": lambda address: 0.0,
                "_hanfs_facts.publish": self.published.append,
            },
        )
        gather = self.world.library._hanfs_facts.gather
        self.world.library._hanfs_facts.gather = lambda machine, site, root="/", status=None: (
            gather(machine, site, str(node.root), status)
        )

    def _status(self):
        self.asked += 1
        if self.node.status is None:
            raise CommandExecutionError("the cluster does not run on this node")
        return self.node.status

    def lint(self):
        return self.world.salt["hanfs.lint"]()

    def state(self, function, pillar):
        self.world.pillar["hanfs"] = {"sites": {"athens": copy.deepcopy(pillar)}}
        return getattr(self.world.states.hanfs_lint, function)("it", PATH)


@pytest.fixture
def node(tmp_path):
    return Node(tmp_path)


def online(**attributes):
    return {
        "nodes": {name: {"online": True} for name in ("nfs-server1", "nfs-server2")},
        "fence_history": [],
        "attributes": {name: {"hanfs-facts": text} for name, text in attributes.items()},
    }


# --- hanfs.lint -----------------------------------------------------------------------------------


def test_lint_finds_the_site_of_this_minion(node):
    (found,) = Minion(node, good_hardened({"allow_disruption": True})).lint()
    assert found["code"] == "HANFS109" and PATH in found["cure"]


def test_a_minion_without_the_pillar_has_nothing_to_say(node):
    assert Minion(node, None).lint() == []


def test_an_empty_pillar_is_told(node):
    minion = Minion(node, None)
    minion.world.pillar["hanfs"] = None
    with pytest.raises(SaltInvocationError, match="No site in pillar name this machine"):
        minion.lint()


def test_a_minion_of_no_site_is_told_so(node):
    other = good_hardened({"cluster:nodes": {"a": ["10.0.0.1"], "b": ["10.0.0.2"]}})
    with pytest.raises(SaltInvocationError, match="No site in pillar name this machine"):
        Minion(node, other).lint()


def test_what_is_wrong_in_pillar_is_a_finding_and_the_only_one(node):
    (found,) = Minion(node, good_hardened({"storage:fstyp": "xfs"})).lint()
    assert (found["code"], found["severity"]) == ("HANFS100", "error")
    assert "storage:fstyp" in found["found"][0]


def test_what_does_not_fit_the_machine_is_a_finding(node):
    (found,) = Minion(node, good_hardened(), checked=["the disk is gone"]).lint()
    assert found["code"] == "HANFS200" and found["found"] == ["the disk is gone"]


def test_the_password_of_the_example(node):
    (found,) = Minion(node, good_hardened({"cluster:password": "change-me"})).lint()
    assert found["code"] == "HANFS111" and "change-me" not in str(found)


def test_lint_asks_a_running_cluster_for_the_peers(node):
    minion = Minion(node, good_hardened(), status=online())
    assert {one["code"] for one in minion.lint()} == {"HANFS716"}
    assert minion.asked == 1


def test_a_cluster_that_does_not_answer_is_no_finding(node):
    minion = Minion(node, good_hardened())
    minion.world.salt["_pcs_node.member_of"] = lambda: "nfs-server-cluster"
    assert minion.lint() == []


@pytest.mark.parametrize("tree", [None, [], "x", {}, {"sites": None}, {"sites": {"a": 1}}])
def test_a_pillar_of_another_shape_chooses_nothing(tree):
    assert load(states=False).library._hanfs_site.choose(tree, ["a"]) == []


# --- the first step of a run ----------------------------------------------------------------------


@pytest.mark.parametrize("test", [False, True])
def test_a_good_node_may_go_on(node, test):
    ret = Minion(node, good_hardened(), test).state("linted", good_hardened())
    assert ret == {
        "name": "it",
        "result": True,
        "changes": {},
        "comment": "Nothing about the site and this node is dangerous",
    }


@pytest.mark.parametrize("test", [False, True])
def test_an_error_stops_the_run_and_says_what_to_do(node, test):
    node.link("/etc/systemd/system/pacemaker.service", "/dev/null")
    ret = Minion(node, good_hardened(), test).state("linted", good_hardened())
    assert ret["result"] is False and ret["changes"] == {}
    assert "HANFS203" in ret["comment"] and "systemctl unmask" in ret["comment"]
    assert ret["comment"].startswith("Nothing was touched")


def test_an_accepted_error_does_not_stop_the_run(node):
    node.link("/etc/systemd/system/pacemaker.service", "/dev/null")
    pillar = good_hardened({"lint": {"accept": {"HANFS203": "this node is being built"}}})
    ret = Minion(node, pillar).state("linted", pillar)
    assert ret["result"] is True
    assert "HANFS203" in ret["comment"] and "this node is being built" in ret["comment"]


def test_a_code_that_does_not_exist_stops_the_run(node):
    pillar = good_hardened({"lint": {"accept": {"HANFS999": "no such thing"}}})
    ret = Minion(node, pillar).state("linted", pillar)
    assert ret["result"] is False and "HANFS101" in ret["comment"]


def test_the_walkthrough_goes_on_with_warnings(node):
    ret = Minion(node, good_article()).state("linted", good_article())
    assert ret["result"] is True
    assert "warning HANFS601 Fencing is off" in ret["comment"]
    assert "more of severity info" in ret["comment"]


def test_a_pillar_that_is_wrong_is_a_failed_step_and_no_traceback(node):
    wrong = good_hardened({"storage": ...})
    ret = Minion(node, wrong).state("linted", wrong)
    assert ret["result"] is False and "storage" in ret["comment"]


# --- the peers ------------------------------------------------------------------------------------


def own_digest(node):
    return node.world.library._hanfs_facts.digest(node.gather(good_hardened()))


@pytest.mark.parametrize("test", [False, True])
def test_a_node_tells_its_peers_once(node, test):
    minion = Minion(node, good_hardened(), test, status=online())
    ret = minion.state("peers_agree", good_hardened())
    text = own_digest(node)
    assert ret["changes"] == {"hanfs-facts": {"old": None, "new": text}}
    assert ret["result"] is (None if test else True)
    assert minion.published == ([] if test else [text])
    node.status["attributes"] = {"nfs-server1": {"hanfs-facts": text}}
    again = minion.state("peers_agree", good_hardened())
    assert again["changes"] == {} and again["result"] is True
    assert minion.published == ([] if test else [text])


def test_a_clone_stops_the_run(node):
    text = own_digest(node)
    minion = Minion(
        node, good_hardened(), status=online(**{"nfs-server1": text, "nfs-server2": text})
    )
    ret = minion.state("peers_agree", good_hardened())
    assert ret["result"] is False and ret["changes"] == {}
    for code in ("HANFS704", "HANFS705", "HANFS706"):
        assert code in ret["comment"]


def test_before_the_cluster_runs_a_dry_run_knows_nothing_of_the_peers(node):
    ret = Minion(node, good_hardened(), test=True).state("peers_agree", good_hardened())
    assert ret["result"] is None and ret["changes"] == {}
    ret = Minion(node, good_hardened()).state("peers_agree", good_hardened())
    assert ret["result"] is False and "does not run" in ret["comment"]


def test_ids_of_machines_are_told_as_hashes(node):
    text = own_digest(node)
    for secret in ("0123456789abcdef", "iqn.1993", "AAAAone", "alice", "5000c500a1b2c3d4"):
        assert secret not in text


# --- nothing makes it raise -----------------------------------------------------------------------

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS = (
    "cluster cluster:nodes cluster:totem storage storage:options exports exports:0"
    " exports:0:options address fencing fencing:devices fencing:sbd nfs lint lint:accept"
    " cluster_config firewall"
    " cluster_config:primitives cluster_config:groups cluster_config:constraints"
    " cluster_config:resource_defaults cluster_config:clones cluster_config:op_defaults"
).split()
SHARED = settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def minion(node):
    return Minion(node, hardened())


@SHARED
@given(key=st.sampled_from(KEYS), value=VALUES)
def test_no_pillar_makes_lint_raise(minion, key, value):
    pillar = {**hardened(), "cluster_config": {}, "nfs": {}, "lint": {}, "firewall": {}}
    pillar["cluster"]["totem"] = {}
    *parents, last = [int(part) if part.isdigit() else part for part in key.split(":")]
    where = pillar
    for parent in parents:
        where = where[parent]
    where[last] = value
    minion.world.pillar["hanfs"]["sites"]["athens"] = pillar
    try:
        found = minion.lint()
    except SaltInvocationError as err:
        assert "name this machine" in str(err)
        return
    assert all(set(one) >= {"code", "severity", "found", "reason", "cure"} for one in found)
    minion.state("linted", pillar)


@pytest.fixture
def facts(node):
    return node.gather(good_hardened())


AGENTS = st.sampled_from(
    "ocf:heartbeat:exportfs ocf:heartbeat:nfsserver ocf:heartbeat:Filesystem ocf:heartbeat:IPaddr2"
    " ocf:heartbeat:LVM-activate ocf:heartbeat:nfsnotify stonith:fence_xvm"
    " stonith:fence_scsi".split()
)
ATTRIBUTES = st.sampled_from(
    "directory options fsid clientspec nfs_shared_infodir nfsv4_only nfs_ip vgname key_file"
    " pcmk_host_list pcmk_host_map pcmk_delay_base pcmk_delay_max"
    " wait_for_leasetime_on_stop".split()
)
OPERATIONS = VALUES | st.dictionaries(
    st.sampled_from(["start", "stop", "monitor"]),
    VALUES | st.dictionaries(st.sampled_from(["timeout", "on-fail"]), VALUES),
)
PRIMITIVE = VALUES | st.fixed_dictionaries(
    {"agent": AGENTS | VALUES},
    optional={
        "attributes": VALUES | st.dictionaries(ATTRIBUTES, VALUES, max_size=4),
        "operations": OPERATIONS | st.lists(OPERATIONS, max_size=2),
        "meta": VALUES,
    },
)
IDS = st.sampled_from(["a", "b", "nfs", "nfs_server", "address_192.168.16.100"])
ORDER = VALUES | st.fixed_dictionaries(
    {}, optional={"first": IDS, "then": IDS, "sets": st.lists(st.lists(IDS) | VALUES)}
)
DESCRIPTIONS = st.fixed_dictionaries(
    {
        "primitives": VALUES | st.dictionaries(IDS, PRIMITIVE, max_size=3),
        "groups": VALUES | st.dictionaries(IDS, st.lists(IDS) | VALUES, max_size=2),
        "constraints": VALUES | st.fixed_dictionaries({"order": VALUES | st.lists(ORDER)}),
        "clones": VALUES | st.dictionaries(IDS, VALUES | st.fixed_dictionaries({"resource": IDS})),
        "resource_defaults": VALUES,
        "op_defaults": VALUES,
        "properties": VALUES
        | st.dictionaries(
            st.sampled_from(["priority-fencing-delay", "stonith-timeout", "no-quorum-policy"]),
            VALUES,
        ),
    }
)


@SHARED
@given(description=DESCRIPTIONS)
def test_no_description_makes_the_rules_raise(node, facts, description):
    """cluster_config may say anything; what is wrong with it, the engine says, not a traceback."""
    library = node.world.library
    normal = library._hanfs_schema.normalise(good_hardened(), PATH)
    told = library._hanfs_lint_rules.told(normal, description, facts)
    assert all(isinstance(text, str) for _code, text in told)


@SHARED
@given(path=st.sampled_from(sorted([*FILES, "/dev/sdb", "/etc/krb5.keytab"])), data=st.data())
def test_no_file_makes_lint_raise(node, path, data):
    old = (node.root / path.lstrip("/")).read_bytes() if path != "/etc/krb5.keytab" else b"\x05\x02"
    old = old[:8192]
    at = data.draw(st.integers(0, max(len(old) - 1, 0)))
    noise = data.draw(st.binary(max_size=40))
    kept = data.draw(st.booleans())
    node.write(path, old[:at] + noise + (old[at + len(noise) :] if kept else b""))
    try:
        node.findings(good_hardened())
        node.findings(good_article())
        node.world.library._hanfs_facts.digest(node.gather(good_hardened()))
    finally:
        node.write(path, FILES.get(path, old))


@SHARED
@given(text=st.text(max_size=200))
def test_the_reader_of_lvms_language_takes_any_text(text):
    assert isinstance(PARSE(text), dict)


# --- as people see it -----------------------------------------------------------------------------


def test_the_output_of_lint_reads_well():
    """Salt prints it as YAML: a list of findings, each with its words in one place."""
    world = load(states=False)
    assert world.modules.hanfs.__outputter__ == {"lint": "yaml"}
    told = [["HANFS402", "each node has one address"]]
    (found,) = world.library._hanfs_lint_rules.findings(told, {}, "hanfs")
    assert json.loads(json.dumps(found)) == found
    assert found["found"] == ["each node has one address"]
