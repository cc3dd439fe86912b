"""Moving everything off a node before it is stopped, and the order of restarts."""

import pytest
from salt.exceptions import CommandExecutionError

from tests.support.pcs_command import Clock
from tests.support.salt_modules import load

OFF = dict.fromkeys(("online", "standby", "maintenance", "pending", "unclean"), False)
ON = {**OFF, "online": True}


def resource(*nodes, clone=None, agent="ocf:heartbeat:IPaddr2", active=True):
    return {"agent": agent, "clone": clone, "active": active, "nodes": list(nodes)}


class Cluster:
    """What pcs.status says before and after the standby, and the commands that were run."""

    def __init__(self, resources, after=None, nodes=None):
        self.world = load(states=False)
        self.commands = []
        self.nodes = nodes or {"a": ON, "b": ON}
        self.resources, self.after = resources, after
        self.wait_fails = False
        self.standby = None
        self.world.salt.update({"_pcs_node.status": self.status, "_cib_run.Machine.run": self.run})

    def status(self):
        moved = any("--update" in command for command in self.commands)
        resources = self.after if moved and self.after is not None else self.resources
        return {"nodes": self.nodes, "resources": resources}

    def run(self, argv, ok=(0,), **_):
        if "--query" in argv:
            return {"retcode": 0 if self.standby else 105, "stdout": self.standby or ""}
        self.commands.append(" ".join(argv))
        if "--update" in argv:
            self.standby = argv[-1]
        if self.wait_fails and argv[0] == "crm_resource":
            raise CommandExecutionError("crm_resource --wait: Timer expired")

    def relieve(self, node="a"):
        return self.world.library._pcs_nodes.node_relieve(self.world.machine, node, 60)


ATTRIBUTE = "crm_attribute --node a --name standby --lifetime reboot"


def test_what_ran_there_runs_elsewhere():
    both = {
        "fence": resource("a", agent="stonith:fence_x"),
        "copies": resource("a", "b", clone="c"),
    }
    cluster = Cluster({"VIP": resource("a"), **both}, {"VIP": resource("b")})
    assert cluster.relieve() == ["VIP"]
    assert cluster.commands == [f"{ATTRIBUTE} --update Yes", "crm_resource --wait --timeout=60"]


@pytest.mark.parametrize(
    "after", [resource(active=False), resource("a")], ids=["stopped", "still there"]
)
def test_what_does_not_start_elsewhere_goes_back(after):
    cluster = Cluster({"VIP": resource("a")}, {"VIP": after})
    with pytest.raises(CommandExecutionError, match="a was not relieved.*VIP"):
        cluster.relieve()
    assert cluster.commands[-1] == f"{ATTRIBUTE} --delete"


@pytest.mark.parametrize("fails", [False, True])
def test_a_standby_that_somebody_else_has_set_stays(fails):
    cluster = Cluster({"VIP": resource("a")}, {})
    cluster.standby = "on"
    cluster.after = {"VIP": resource("b")}
    cluster.nodes["a"] = {**ON, "standby": True}
    cluster.wait_fails = fails
    cluster.resources = cluster.after if not fails else cluster.resources
    if fails:
        with pytest.raises(CommandExecutionError, match="stays in the standby that somebody"):
            cluster.relieve()
    else:
        cluster.relieve()
        assert not cluster.world.library._pcs_nodes.node_relieved_no_more(
            cluster.world.machine, "a"
        )
    assert cluster.standby == "on"
    assert cluster.commands == ["crm_resource --wait --timeout=60"]


def test_one_that_a_run_left_which_was_cut_off_is_our_own():
    cluster = Cluster({"VIP": resource("a")}, {"VIP": resource("b")})
    cluster.standby = cluster.world.library._pcs_nodes.OURS
    cluster.wait_fails = True
    with pytest.raises(CommandExecutionError, match="may run resources again"):
        cluster.relieve()
    assert cluster.commands[-1] == f"{ATTRIBUTE} --delete"


def test_a_move_that_does_not_end_goes_back():
    cluster = Cluster({"VIP": resource("a")}, {"VIP": resource("b")})
    cluster.wait_fails = True
    with pytest.raises(CommandExecutionError, match="Timer expired"):
        cluster.relieve()
    assert cluster.commands[-1] == f"{ATTRIBUTE} --delete"


@pytest.mark.parametrize("flag", ["standby", "maintenance", "pending", "unclean"])
def test_nobody_to_take_it(flag):
    cluster = Cluster({"VIP": resource("a")}, nodes={"a": ON, "b": {**ON, flag: True}})
    with pytest.raises(CommandExecutionError, match="no other node is online and free"):
        cluster.relieve()
    assert cluster.commands == []


def test_the_idle_node_is_restarted_first():
    cluster = Cluster({"VIP": resource("a"), "copies": resource("a", "b", "c", clone="x")})
    order = cluster.world.library._pcs_rolling.order
    assert order(cluster.status(), ["a", "b", "c"]) == ["b", "c", "a"]


def test_the_next_waits_until_the_last_is_back():
    """A node that does not come back ends it: no other is stopped."""
    cluster = Cluster({}, nodes={"a": ON, "b": ON})
    world = cluster.world
    wait = load(states=False).library._pcs_wait
    wait.time = Clock()
    stopped = []

    def stop(node):
        stopped.append(node)
        cluster.nodes = {**cluster.nodes, node: OFF}

    world.salt.update(
        {
            "_pcs_wait.until": wait.until,
            "_pcs_cluster.cluster_stop": stop,
            "_pcs_cluster.cluster_start": lambda node, wait: None,
            "_pcs_lock.keep": lambda *_: pytest.fail("nothing was completed"),
        }
    )
    cluster.status_of = cluster.status
    world.salt["_pcs_node.status"] = lambda: {
        **cluster.status_of(), "quorum": True, "maintenance_mode": False,
    }  # fmt: skip
    with pytest.raises(CommandExecutionError, match="a is not online"):
        world.library._pcs_rolling.restart(world.machine, "a", ["a", "b"], ["a", "b"], "x", 60)
    assert stopped == ["a"]
