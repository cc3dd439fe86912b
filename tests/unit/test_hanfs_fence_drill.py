"""The drill: when it is refused, and what it tells of what it saw."""

import copy
import itertools

import pytest
from salt.exceptions import SaltInvocationError

from tests.support.cluster_tools import EMPTY_CIB
from tests.support.salt_modules import load

FLAGS = ("standby", "standby_onfail", "maintenance", "pending", "unclean")
NODE = {"online": True, **dict.fromkeys(FLAGS, False)}
RESOURCE = {
    "agent": "ocf:heartbeat:Filesystem",
    "role": "Started",
    "nodes": ["n1"],
    "clone": None,
    "pending": None,
    "failed": False,
    "blocked": False,
    "managed": True,
}
STATUS = {
    "dc": "n1",
    "quorum": True,
    "stonith_enabled": True,
    "maintenance_mode": False,
    "nodes": {"n1": dict(NODE), "n2": dict(NODE)},
    "resources": {
        "SharedFS": RESOURCE,
        "fence-1": {**RESOURCE, "agent": "stonith:fence_x", "nodes": ["n2"]},
        "copy": {**RESOURCE, "clone": "copy-clone", "nodes": ["n1", "n2"]},
    },
    "failures": [],
    "fence_history": [],
}
refusals = load(states=False).library._hanfs_fence_rules.refusals


def status(**changes):
    """``node__flag=value`` and ``resource__key=value`` inside, everything else on top."""
    made = copy.deepcopy(STATUS)
    for key, value in changes.items():
        where, _, inner = key.partition("__")
        if not inner:
            made[where] = value
        elif where in made["nodes"]:
            made["nodes"][where][inner] = value
        else:
            made["resources"][where][inner] = value
    return made


def test_the_passive_node_of_a_settled_cluster_may_be_fenced():
    assert refusals(STATUS, "n2", "n1") == []


def test_the_active_node_only_when_that_is_said():
    assert refusals(STATUS, "n1", "n2") == ["n1 runs SharedFS: say active=True if that is meant"]
    assert refusals(STATUS, "n1", "n2", active=True) == []


REFUSED = {
    "unknown": ({}, "n3", "n1", "the cluster has no node n3; it has: n1, n2"),
    "itself": ({}, "n2", "n2", "a node does not fence itself"),
    "no coordinator": ({"dc": None}, "n2", "n1", "no coordinator"),
    "no quorum": ({"quorum": False}, "n2", "n1", "no quorum"),
    "fencing off": ({"stonith_enabled": False}, "n2", "n1", "fencing is off"),
    "maintenance": ({"maintenance_mode": True}, "n2", "n1", "in maintenance: somebody works"),
    "other offline": ({"n1__online": False}, "n2", "n1", "n1 is not online"),
    "other standby": ({"n1__standby": True}, "n2", "n1", "n1 is in standby: somebody works"),
    "its own standby": ({"n2__standby": True}, "n2", "n1", "n2 is in standby: somebody works"),
    "node maintenance": ({"n1__maintenance": True}, "n2", "n1", "n1 is in maintenance"),
    "joining": ({"n1__pending": True}, "n2", "n1", "n1 is still joining"),
    "unclean": ({"n2__unclean": True}, "n2", "n1", "n2 is unclean"),
    "busy": ({"SharedFS__pending": "Starting"}, "n2", "n1", "busy: SharedFS (Starting)"),
    "failed": ({"SharedFS__failed": True}, "n2", "n1", "SharedFS has failed"),
    "blocked": ({"SharedFS__blocked": True}, "n2", "n1", "SharedFS has failed"),
    "unmanaged": ({"SharedFS__managed": False}, "n2", "n1", "SharedFS is not managed"),
    "failure": (
        {"failures": [{"task": "start", "resource": "SharedFS", "node": "n2"}]},
        "n2",
        "n1",
        "a failed action is on record (start of SharedFS on n2)",
    ),
    "shooting": (
        {"fence_history": [{"target": "n2", "status": "pending"}]},
        "n2",
        "n1",
        "n2 is being fenced right now",
    ),
}


@pytest.mark.parametrize("which", REFUSED)
def test_a_drill_is_refused(which):
    changes, node, own, told = REFUSED[which]
    found = refusals(status(**changes), node, own)
    assert len(found) == 1
    assert told in found[0]


# --- the drill itself -----------------------------------------------------------------------------

OFFLINE = {"n2__online": False}


class Cluster:
    """A cluster that answers with one status after the other; the last one stays."""

    def __init__(
        self,
        monkeypatch,
        *after,
        before=None,
        fenced=True,
        own="n1",
        constraint="location-1",
        **salt,
    ):
        self.statuses = itertools.chain([before or STATUS], after, itertools.repeat(after[-1]))
        self.commands = []
        self.fenced = fenced
        location = f'<rsc_location id="{constraint}" rsc="A" node="n1" score="1"/>'
        self.cib = EMPTY_CIB.replace("<constraints/>", f"<constraints>{location}</constraints>")
        self.world = load(
            states=False,
            run=self._run,
            salt={
                "_pcs_node.status": lambda: next(self.statuses),
                "_pcs_lock.holder": lambda: None,
                "_hanfs_fence_test.fence_test": lambda node: {"problems": []},
                **salt,
            },
        )
        uname = type("Uname", (), {"nodename": own})
        monkeypatch.setattr("os.uname", lambda: uname)
        self.clock = itertools.count()
        monkeypatch.setattr("time.monotonic", lambda: next(self.clock))
        monkeypatch.setattr("time.sleep", lambda seconds: None)

    def _run(self, argv, **_):
        if argv == ["cibadmin", "--query"]:
            return {"retcode": 0, "stdout": self.cib, "stderr": ""}
        self.commands.append(argv)
        if self.fenced:
            return {"retcode": 0, "stdout": "", "stderr": ""}
        return {"retcode": 1, "stdout": "", "stderr": "No route to host"}

    def drill(self, node="n2", **kwargs):
        return self.world.salt["hanfs.fence_drill"](node, confirm=node, **kwargs)


def test_a_passive_node_is_fenced_and_comes_back(monkeypatch):
    done = [{"target": "n2", "status": "success", "completed": "2", "delegate": "n1"}]
    gone = status(fence_history=done, **OFFLINE)
    cluster = Cluster(monkeypatch, gone, gone, status(fence_history=done))
    report = cluster.drill()
    assert cluster.commands == [["stonith_admin", "--reboot", "n2", "--timeout", "600"]]
    assert report["result"] is True
    assert (report["by"], report["moved"], report["problems"]) == ("n1", [], [])
    seconds = report["seconds"]
    assert seconds["service"] is None
    assert 0 < seconds["fenced"] < seconds["back"]
    assert cluster.world.context["retcode"] == 0


def test_the_active_node_is_fenced_and_the_service_moves(monkeypatch):
    moving = status(n1__online=False, SharedFS__nodes=[], SharedFS__role="Stopped")
    moved = status(n1__online=False, SharedFS__nodes=["n2"])
    back = status(SharedFS__nodes=["n2"])
    cluster = Cluster(monkeypatch, moving, moved, back, own="n2")
    report = cluster.drill("n1", active=True)
    assert report["result"] is True
    assert report["moved"] == ["SharedFS"]
    seconds = report["seconds"]
    assert 0 < seconds["fenced"] < seconds["service"] < seconds["back"]


def test_a_node_that_is_switched_off_is_not_waited_for(monkeypatch):
    cluster = Cluster(monkeypatch, status(**OFFLINE))
    report = cluster.drill(action="off")
    assert cluster.commands[0][1] == "--fence"
    assert (report["result"], report["seconds"]["back"]) == (True, None)


def test_fencing_that_fails_is_told(monkeypatch):
    cluster = Cluster(monkeypatch, STATUS, fenced=False)
    report = cluster.drill()
    assert report["result"] is False
    assert "n2 was not fenced: stonith_admin --reboot n2" in report["problems"][0]
    assert cluster.world.context["retcode"] == 1


@pytest.mark.parametrize(
    "after, told",
    [
        (STATUS, "n2 never left the cluster, though fencing says that it worked"),
        (status(**OFFLINE), "n2 is not online"),
    ],
)
def test_what_does_not_happen_in_time_is_told(monkeypatch, after, told):
    report = Cluster(monkeypatch, after).drill(timeout=30)
    assert report["result"] is False
    assert report["problems"] == [f"after 30 s: {told}"]
    assert report["seconds"]["fenced"] is not None


@pytest.mark.parametrize(
    "salt, told",
    [
        ({"_pcs_lock.holder": lambda: {"node": "n2", "purpose": "SBD"}}, "n2 is changing"),
        ({"constraint": "cli-ban-x"}, "a move or a ban is in force"),
        ({"_hanfs_fence_test.fence_test": lambda node: {"problems": ["f: n2: no"]}}, "f: n2: no"),
    ],
)
def test_nothing_is_fenced_while_somebody_works_or_a_device_does_not_answer(
    monkeypatch, salt, told
):
    cluster = Cluster(monkeypatch, STATUS, **salt)
    with pytest.raises(SaltInvocationError, match=told):
        cluster.drill()
    assert cluster.commands == []


def test_nothing_is_fenced_without_its_name_twice(monkeypatch):
    cluster = Cluster(monkeypatch, STATUS)
    drill = cluster.world.salt["hanfs.fence_drill"]
    for confirm in (None, True, "n1", "N2"):
        with pytest.raises(SaltInvocationError, match="say confirm=n2"):
            drill("n2", confirm=confirm)
    with pytest.raises(SaltInvocationError, match="neither reboot nor off"):
        drill("n2", confirm="n2", action="on")
    for timeout in ("soon", None, True, 0, -5):
        with pytest.raises(SaltInvocationError, match="timeout: .* is no number of seconds"):
            drill("n2", confirm="n2", timeout=timeout)
    assert cluster.commands == []
