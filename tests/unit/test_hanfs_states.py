"""The states: what they answer, in a real run and in a dry one, and what they leave alone."""

import shutil

import pytest
from salt.exceptions import CommandExecutionError

from tests.support.hostile import KEYS, VALUES
from tests.support.salt_modules import load
from tests.support.sites import PATH, pillar, site

SITE = site({"cluster:password": ...})
NAMES = {"id": "m1", "host": "nfs-server1", "fqdn": "m1.example"}
BOTH = pytest.mark.parametrize("test", [True, False], ids=["dry", "real"])


def world(test=False, tree=None, **salt):
    """The states of a machine on functions given as ``module__function=...``."""
    functions = {name.replace("__", ".", 1): function for name, function in salt.items()}
    made = load(opts={"test": test}, pillar=tree, grains=NAMES, salt=functions)
    made.library._hanfs_state_site._PAUSE = 0
    return made


def raises(text):
    def function(*args, **kwargs):
        raise CommandExecutionError(text)

    return function


# --- checked --------------------------------------------------------------------------------------


@BOTH
def test_checked_passes_the_path_on_and_changes_nothing(test):
    seen = []

    def check(given, path):
        seen.append((given, path))
        return {"problems": [], "notes": ["a note"]}

    sparta = site({"cluster:nodes": {"elsewhere": []}})
    tree = {"hanfs": {"sites": {"sparta": sparta, "athens": site()}}}
    ret = world(test, tree, _hanfs_check__check=check).states.hanfs.checked("x")
    assert ret == {
        "name": "x",
        "result": True,
        "changes": {},
        "comment": "hanfs:sites:athens is right and fits this machine\na note",
    }
    single = world(test, {"hanfs": {**site(), "lookup": {}}}, _hanfs_check__check=check)
    assert single.states.hanfs.checked("x")["result"] is True
    assert seen == [(SITE, "hanfs:sites:athens"), (SITE, "hanfs")]


@BOTH
def test_checked_tells_all_problems(test):
    found = {"problems": ["one", "two"], "notes": []}
    ret = world(test, pillar(SITE), _hanfs_check__check=lambda *_: found).states.hanfs.checked("x")
    assert ret["result"] is False and ret["comment"] == "one\ntwo" and ret["changes"] == {}


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        (None, "There is no pillar `hanfs`"),
        ({"hanfs": None}, "There is no pillar `hanfs`"),
        ({"hanfs": []}, "hanfs: is not a mapping"),
        ({"hanfs": {"sites": []}}, "hanfs:sites: is not a mapping"),
        ({"hanfs": {"sites": {"a": []}}}, "hanfs:sites:a: is not a mapping"),
        ({"hanfs": {"sites": {"a": {"cluster": {"nodes": []}}}}}, "a:cluster:nodes: is not a"),
        ({"hanfs": {"cluster": {}}}, "hanfs:cluster:nodes: missing"),
        ({"hanfs": {"cluster": {"nodes": {"x": []}}}}, "(m1, nfs-server1, m1.example)"),
        ({"hanfs": {"sites": {"a": SITE, "b": SITE}}}, "hanfs:sites:a and hanfs:sites:b"),
        ({"hanfs": {"sites": {"a:b": SITE}}}, "without a colon"),
        ({"hanfs": {"sites": {16**5000: SITE, None: 1, "\ud800": SITE}}}, "that can be printed"),
    ],
)
def test_checked_wants_exactly_one_site(tree, words):
    ret = world(tree=tree).states.hanfs.checked("x")
    assert ret["result"] is False and words in ret["comment"], ret
    assert ret["changes"] == {} and ret["comment"].isprintable()


@pytest.mark.parametrize("sites", [{"a": SITE}, {}])
@pytest.mark.parametrize("found", [[], ["one"]])
def test_checked_tells_what_is_wrong_outside_the_sites_too(sites, found):
    tree = {"sites": sites, "timeouts": {"peer": 1}, "lookup": {"nfs_packges": ["secret"]}}
    made = world(
        tree={"hanfs": tree},
        _hanfs_check__check=lambda *_: {"problems": found, "notes": ["a note"]},
    )
    ret = made.states.hanfs.checked("x", {"nfs_packages": []})
    assert "secret" not in ret["comment"], "what is not known is not told"
    assert ret["result"] is False and ret["changes"] == {}
    lines = ret["comment"].splitlines()
    assert lines[0].startswith("hanfs:timeouts: ")
    assert lines[1].startswith("hanfs:lookup:nfs_packges: ")
    if sites:
        assert lines[2:] == found
    else:
        assert "No site in pillar" in lines[2]


@pytest.mark.parametrize("wrong", [*VALUES, *KEYS], ids=lambda value: repr(type(value))[8:-2])
def test_checked_takes_anything_outside_the_sites(wrong, bare):
    """One printable line for each thing that is wrong, whatever it is."""
    key = wrong if wrong.__hash__ else "timeouts"
    bare.pillar["hanfs"] = {"sites": {"a": SITE}, key: wrong, "lookup": {"nfs_unit": wrong}}
    for lookup in ({"nfs_unit": wrong}, wrong, {key: wrong, "nfs_units": wrong}):
        bare.pillar["hanfs"]["lookup"] = lookup
        ret = bare.states.hanfs.checked("x", {"nfs_unit": "nfs-server"})
        assert ret["result"] is False
        assert all(line.isprintable() for line in ret["comment"].splitlines())


@pytest.fixture(scope="module")
def bare():
    return world(_hanfs_check__check=lambda *_: {"problems": [], "notes": []})


@pytest.fixture
def everything_installed(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name, **_: f"/usr/bin/{name}")


# --- nfs_left_to_cluster --------------------------------------------------------------------------


class Unit:
    """The unit nfs-server, and the cluster that may run it."""

    def __init__(
        self, enabled=True, running=True, member=None, status=None, there=True, shared=False
    ):
        self.enabled = enabled
        self.up = {"nfs-server", "nfsdcld"} if running else set()
        self.functions = {
            "service__available": lambda _: there,
            "service__enabled": lambda _: self.enabled,
            "service__status": lambda unit: unit in self.up,
            "service__disable": self.disable,
            "service__stop": self.stop,
            "_pcs_node__member_of": lambda: member,
            "_hanfs_here__own_name": lambda: "nfs-server1",
            "_pcs_node__status": status if callable(status) else lambda: status,
            "_hanfs_here__nfs_state_is_shared": lambda: shared,
        }

    def disable(self, _):
        self.enabled = False
        return True

    @property
    def running(self):
        return "nfs-server" in self.up

    def stop(self, unit):
        self.up.remove(unit)
        return True

    def run(self, test=False):
        return world(test, pillar(SITE), **self.functions).states.hanfs.nfs_left_to_cluster(
            "nfs-server", PATH, ["nfsdcld", "rpc-statd"]
        )


def cluster(
    nodes=(), pending=None, managed=True, maintenance=False, agent="ocf:heartbeat:nfsserver"
):
    item = {"agent": agent, "nodes": list(nodes), "pending": pending, "managed": managed}
    return {"maintenance_mode": maintenance, "resources": {"NFSService": item}}


def test_a_fresh_machine_gives_its_nfs_server_up():
    unit = Unit()
    dry = unit.run(test=True)
    assert dry["result"] is None and unit.enabled and unit.running
    ret = unit.run()
    assert ret["result"] is True and not unit.enabled and not unit.running
    assert ret["changes"] == dry["changes"]
    again = unit.run()
    assert again["result"] is True and again["changes"] == {}


def test_a_helper_that_outlived_the_server_is_stopped_before_there_is_a_cluster():
    unit = Unit(enabled=False)
    unit.up = {"nfsdcld"}
    dry, ret = unit.run(test=True), unit.run()
    assert ret["changes"] == dry["changes"] == {"nfsdcld": {"running": {"old": True, "new": False}}}
    assert not unit.up
    member = Unit(enabled=False, member="c", status=cluster(["nfs-server2"]))
    member.up = {"nfsdcld"}
    assert member.run()["changes"] == {} and member.up, "a member's helpers are the agent's"


@pytest.mark.parametrize(
    "status",
    [
        cluster(["nfs-server1"]),
        cluster(pending="Starting"),
        cluster(managed=False),
        cluster(maintenance=True),
        raises("the cluster does not run on this node"),
    ],
    ids=["active", "starting", "unmanaged", "maintenance", "unknown"],
)
def test_what_the_cluster_runs_is_never_stopped(status):
    unit = Unit(enabled=True, member="c", status=status)
    ret = unit.run()
    assert unit.running
    assert ret["result"] is True and not unit.enabled, "but it does not start at boot"


@pytest.mark.parametrize(
    "status", [cluster(["nfs-server2"]), cluster(), cluster(["nfs-server1"], agent="ocf:x:Dummy")]
)
def test_what_runs_beside_the_cluster_is_stopped(status):
    unit = Unit(enabled=False, member="c", status=status)
    assert unit.run()["changes"] == {"nfs-server": {"running": {"old": True, "new": False}}}


def test_the_active_node_needs_no_tool_to_know():
    unit = Unit(enabled=False, member="c", status=raises("never asked"), shared=True)
    ret = unit.run()
    assert ret["changes"] == {} and unit.running and "run by the cluster" in ret["comment"]


def test_no_unit_yet():
    assert Unit(there=False).run(test=True)["result"] is None
    assert Unit(there=False).run()["result"] is True


# --- nodes_ready ----------------------------------------------------------------------------------


def peers(*answers, member=None, test=False, timeout=0, mounted=()):
    left = list(answers)
    made = world(
        test,
        _pcs_node__member_of=lambda: member,
        _hanfs_here__own_name=lambda: "nfs-server1",
        _hanfs_storage__mounts=lambda _: list(mounted),
        _hanfs_net__connects=lambda *_: left.pop(0) if len(left) > 1 else left[0],
    )
    made.library._hanfs_here.own_name = lambda: "nfs-server1"
    return made.library._hanfs_state_site.nodes_ready(made.machine, "x", SITE, timeout)


def test_a_member_asks_no_peer():
    assert peers("never asked", member="c")["result"] is True


def test_peers_are_waited_for_on_every_link():
    ret = peers(None, "Connection refused", None, None, timeout=60)
    assert ret["result"] is True and ret["changes"] == {}


def test_a_silent_peer_is_named_with_its_link():
    ret = peers(None, "Connection refused")
    assert ret["result"] is False
    assert "nfs-server2 does not answer on link 1, 192.168.16.11 to 192.168.16.12" in ret["comment"]
    assert peers("Connection refused", test=True, timeout=60)["result"] is None


def test_a_file_system_mounted_by_hand_is_no_basis_for_a_cluster():
    ret = peers(None, mounted=[{"directory": "/mnt", "fstype": "xfs"}])
    assert ret["result"] is False and "/mnt" in ret["comment"]


def test_a_mount_elsewhere_stops_members_too():
    """Without a question to the cluster or to a peer, and before the configuration is touched."""
    own = {"directory": "/nfsdata", "fstype": "xfs", "root": "/"}
    bound = {"directory": "/var/lib/nfs", "fstype": "xfs", "root": "/nfsinfo"}
    assert peers("never asked", member="c", mounted=[own, bound])["result"] is True
    for test in (True, False):
        for member in ("c", None):
            elsewhere = {"directory": "/mnt", "fstype": "xfs", "root": "/"}
            ret = peers("x", member=member, mounted=[own, elsewhere], test=test, timeout=60)
            assert ret["result"] is False and "umount /mnt" in ret["comment"]


# --- agents_known, configured ---------------------------------------------------------------------


def test_agents_are_checked_before_there_is_a_cluster(everything_installed):
    asked = []

    def validate(description):
        asked.append(description)
        return ["primitives:VIP: no such agent"]

    made = world(False, pillar(site()), _pcs_node__member_of=lambda: None)
    made.salt["_pcs_cib.validate"] = validate
    made.salt["_pcs_cluster.setup_refusal"] = lambda *asked: None
    ret = made.states.hanfs.agents_known("x", PATH)
    assert ret["result"] is False and "no such agent" in ret["comment"]
    assert "VIP" in asked[0]["primitives"]
    made.salt["_pcs_cib.validate"] = lambda _: []
    assert made.states.hanfs.agents_known("x", PATH)["result"] is True
    made.salt["_pcs_cluster.setup_refusal"] = lambda *asked: "Error: no such name"
    ret = made.states.hanfs.agents_known("x", PATH)
    assert ret["result"] is False
    assert ret["comment"] == f"{PATH}:cluster: pcs makes no such cluster: Error: no such name"
    made.salt.update(
        {"_pcs_node.member_of": lambda: "c", "_pcs_cib.validate": raises("never asked")}
    )
    assert made.states.hanfs.agents_known("x", PATH)["result"] is True


def test_agents_cannot_be_known_on_a_bare_machine(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    made = world(True, pillar(SITE), _pcs_node__member_of=lambda: None)
    ret = made.states.hanfs.agents_known("x", PATH)
    assert ret["result"] is None and "before pacemaker is installed" in ret["comment"]


@pytest.mark.parametrize("enabled", [True, False])
def test_configured_hands_the_description_over_and_warns(enabled):
    seen = {}

    def described(name, description, **arguments):
        seen.update(arguments, **description({}))
        return {"name": name, "result": True, "changes": {"a": 1}, "comment": "done"}

    made = world()
    made.salt["_pcs_state_configured.described"] = described
    device = {"primitives": {"fence1": {"agent": "stonith:fence_xvm"}}}
    change = {"timeouts": {"settle": 7}, "cluster_config": device, "allow_disruption": enabled}
    made.pillar.update(pillar(site({"fencing:enabled": enabled, **change})))
    ret = made.states.hanfs.configured("x", PATH)
    assert ret["result"] is True and ret["changes"] == {"a": 1}
    assert ("WARNING: fencing is disabled" in ret["comment"]) is not enabled
    assert (seen["wait"], seen["allow_disruption"]) == (7, enabled)
    assert set(seen["primitives"]) >= {"SharedFS", "VIP"}
    made.pillar.update(pillar(site({"fencing": ...})))
    wrong = made.states.hanfs.configured("x", PATH)
    assert wrong["result"] is False and "fencing" in wrong["comment"]


# --- healthy --------------------------------------------------------------------------------------


def report(*problems, busy=False):
    return {
        "healthy": not problems,
        "problems": list(problems),
        "notes": ["nfs-server2 is in standby"],
        "active_node": "nfs-server1",
        "busy": busy,
    }


def health(*reports, test=False, timeout=0, stalled=60):
    left, looks = list(reports), []

    def look(_):
        looks.append(1)
        found = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(found, Exception):
            raise found
        return found

    made = world(test, _hanfs_here__health=look)
    made.library._hanfs_state_site._STALLED = stalled
    state = made.library._hanfs_state_site.healthy
    return state(made.machine, "x", SITE, timeout), len(looks)


def test_healthy_at_first_look():
    ret, looks = health(report(), timeout=60)
    assert ret["result"] is True and ret["changes"] == {} and looks == 1
    assert "runs on nfs-server1" in ret["comment"]
    assert "standby" in ret["comment"] and "WARNING: fencing is disabled" in ret["comment"]


def test_health_is_waited_for():
    starting = CommandExecutionError("the cluster does not run on this node")
    ret, looks = health(starting, report("VIP is Stopped", busy=True), report(), timeout=60)
    assert ret["result"] is True and looks == 3


def test_the_last_thing_seen_is_told():
    ret, _ = health(report("nfs-server2 is offline"))
    assert ret["result"] is False and "nfs-server2 is offline" in ret["comment"]
    ret, _ = health(CommandExecutionError("the cluster does not run on this node"))
    assert ret["result"] is False and "does not run" in ret["comment"]


def test_a_cluster_that_does_nothing_any_more_is_not_waited_for():
    ret, _ = health(report("nfs-server2 is offline"), timeout=3600, stalled=0)
    assert ret["result"] is False


def test_a_dry_run_looks_once():
    ret, looks = health(report("VIP is not in the cluster"), test=True, timeout=60)
    assert ret["result"] is None and looks == 1 and ret["changes"] == {}
    ret, looks = health(CommandExecutionError("no cluster"), test=True, timeout=60)
    assert ret["result"] is None and looks == 1
    assert health(report(), test=True)[0]["result"] is True


def test_no_state_raises_on_a_wrong_site():
    made = world(
        tree=pillar({"fencing": []}),
        _pcs_node__member_of=lambda: None,
        _pcs_cib__validate=lambda _: [],
    )
    for state in ("nodes_ready", "agents_known", "configured", "healthy"):
        assert getattr(made.states.hanfs, state)("x", PATH)["result"] is False, state
        ret = getattr(made.states.hanfs, state)("x", "hanfs:sites:sparta")
        assert ret["result"] is False and "hanfs:sites:sparta: there is no" in ret["comment"]
