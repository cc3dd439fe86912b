"""``hanfs.fence_test`` with real agents: what they are told, and what is made of their answers."""

from pathlib import Path

import pytest

from tests.lab import fence_lab
from tests.lab.power import PowerSwitch
from tests.support.cluster_tools import VERSIONS, for_version

NODES = ["n1", "n2"]
SECRET = "s3cret-word"


class Outlet:
    """A machine, as far as a power switch cares."""

    def __init__(self, name):
        self.name, self.on = name, True

    def alive(self):
        return self.on

    def power_off(self):
        self.on = False

    def start(self):
        self.on = True


@pytest.fixture
def switch():
    """A power switch that listens, and the agent that knows how to talk to it."""
    outlets = [Outlet(name) for name in ("plug1", "plug2", "n1", "n2")]
    made = PowerSwitch(outlets, SECRET, address="127.0.0.1", port=0).start()
    yield made
    made.stop()


@pytest.fixture(params=VERSIONS)
def tools(request, tmp_path):
    found = for_version(request.param, tmp_path)
    agent = Path(fence_lab.__file__).read_text()
    found.run("sh", "-c", "cat >/usr/sbin/fence_lab; chmod 755 /usr/sbin/fence_lab", stdin=agent)
    return found


class Cluster:
    """A configuration with fencing devices, and the modules that take it for the live one."""

    def __init__(self, tools):
        self.tools, self.enabled = tools, True
        members = "".join(f'<node id="{name[1]}" uname="{name}"/>' for name in NODES)
        tools.cib.write_text(tools.text().replace("<nodes/>", f"<nodes>{members}</nodes>"))
        self.world = tools.world()
        self.online = dict.fromkeys(NODES, True)
        self.world.salt["_pcs_node.status"] = self._status
        self.world.pillar["secret"] = SECRET

    def _status(self):
        nodes = {name: {"online": online} for name, online in self.online.items()}
        return {"nodes": nodes, "stonith_enabled": self.enabled}

    def has(self, **devices):
        self.world.salt["cib.apply"](
            {
                "properties": {"stonith-enabled": True},
                "primitives": {
                    name: {"agent": "stonith:fence_lab", "attributes": attributes}
                    for name, attributes in devices.items()
                },
            },
            wait=0,
        )
        del self.world.commands[:], self.world.run.stdins[:]

    def test(self, **kwargs):
        return self.world.salt["hanfs.fence_test"](**kwargs)


@pytest.fixture
def cluster(tools):
    return Cluster(tools)


def device(switch, node, plug=None, secret="secret", **more):
    hosts = {"pcmk_host_map": f"{node}:{plug}"} if plug else {"pcmk_host_list": node}
    return {
        "ip": "127.0.0.1",
        "ipport": str(switch.port),
        "password": {"pillar": secret},
        **hosts,
        **more,
    }


def test_devices_that_answer(cluster, switch):
    cluster.has(f1=device(switch, "n1", "plug1"), f2=device(switch, "n2"))
    report = cluster.test()
    assert report == {
        "result": True,
        "devices": {
            "f1": {"agent": "fence_lab", "nodes": {"n1": {"result": True, "says": "on"}}},
            "f2": {"agent": "fence_lab", "nodes": {"n2": {"result": True, "says": "on"}}},
        },
        "watchdog": None,
        "problems": [],
        "notes": [],
    }
    assert cluster.world.context["retcode"] == 0
    assert [one[2:] for one in switch.history] == [
        ("status", "plug1", "on"),
        ("status", "n2", "on"),
    ]
    assert switch.shots() == []


def test_no_secret_is_in_an_argument_or_an_answer(cluster, switch):
    cluster.has(f1=device(switch, "n1"), f2=device(switch, "n2"))
    report = cluster.test()
    asked = [argv for argv in cluster.world.commands if argv[0] == "/usr/sbin/fence_lab"]
    assert asked == [["/usr/sbin/fence_lab"]] * 2
    told = [text for text in cluster.world.run.stdins if text]
    assert all("action=status\n" in text and f"password={SECRET}\n" in text for text in told)
    assert not any("pcmk" in text for text in told)
    assert SECRET not in str(cluster.world.commands)
    assert SECRET not in str(report)


def test_an_outlet_that_is_off_is_another_machines(cluster, switch):
    switch.machines["n1"].on = False
    cluster.has(f1=device(switch, "n1"), f2=device(switch, "n2"))
    report = cluster.test()
    assert report["result"] is False
    assert report["problems"] == [
        "f1: n1: off, though the node is online: the device means another machine (see its nodes)"
    ]
    assert cluster.world.context["retcode"] == 1
    cluster.online["n1"] = False
    assert cluster.test()["result"] is True


def test_devices_that_refuse_or_do_not_answer(cluster, switch):
    cluster.world.pillar["other"] = "an0ther-word"
    cluster.has(
        f1=device(switch, "n1", secret="other"),
        f2=device(switch, "n2", "no-such-plug"),
        f3=device(switch, "n2", ipport="1"),
    )
    report = cluster.test()
    assert report["result"] is False
    says = {name: next(iter(one["nodes"].values())) for name, one in report["devices"].items()}
    assert not any(answer["result"] for answer in says.values())
    assert "wrong password" in says["f1"]["says"]
    assert "no machine 'no-such-plug'" in says["f2"]["says"]
    assert "refused" in says["f3"]["says"]
    assert "an0ther-word" not in str(report)
    assert len(report["problems"]) == 3


def test_an_agent_that_shows_its_secret_is_masked(cluster, switch):
    cluster.has(f1=device(switch, "n1", f"x{SECRET}"), f2=device(switch, "n2"))
    report = cluster.test()
    assert "no machine 'x******'" in report["devices"]["f1"]["nodes"]["n1"]["says"]
    assert SECRET not in str(report)


def test_the_agent_is_asked_what_it_can_fence_when_the_device_does_not_say(cluster, switch):
    one = {key: value for key, value in device(switch, "n1").items() if key != "pcmk_host_list"}
    cluster.has(both=one)
    report = cluster.test()
    assert report["result"] is True
    assert list(report["devices"]["both"]["nodes"]) == NODES


def test_a_node_that_cannot_fence_itself_is_only_noted(cluster, switch, monkeypatch):
    named = type("Uname", (), {"nodename": "n1"})
    monkeypatch.setattr("os.uname", lambda: named)
    switch.machines["n1"].on = False
    cluster.has(f1=device(switch, "n1"), f2=device(switch, "n2"))
    report = cluster.test()
    assert report["result"] is True
    assert "f1: n1: off" in report["notes"][0]


def test_one_device_or_one_node(cluster, switch):
    cluster.has(
        both=device(switch, "n1", pcmk_host_list="n1 n2"),
        f2=device(switch, "n2"),
    )
    assert list(cluster.test(device="f2")["devices"]) == ["f2"]
    report = cluster.test(node="n1")
    assert {name: list(one["nodes"]) for name, one in report["devices"].items()} == {
        "both": ["n1"],
        "f2": [],
    }
    assert report["result"] is True
    with pytest.raises(Exception, match="no fencing device f3; it has: both, f2"):
        cluster.test(device="f3")


def test_a_name_that_is_mistyped_proves_nothing(cluster, switch):
    cluster.has(f1=device(switch, "n1"), f2=device(switch, "n2"))
    with pytest.raises(Exception, match="no node n3; it has: n1, n2"):
        cluster.test(node="n3")
    report = cluster.test(device="f2", node="n1")
    assert report["result"] is False
    assert report["problems"] == ["f2 is not for n1: nothing was asked"]
    for timeout in ("soon", 0, None):
        with pytest.raises(Exception, match="timeout: .* is no number of seconds"):
            cluster.test(timeout=timeout)


def test_a_node_that_nothing_fences(cluster, switch):
    cluster.has(f1=device(switch, "n1"))
    assert cluster.test()["problems"] == ["no device can fence n2"]


def test_an_agent_that_is_not_here(cluster, switch):
    cluster.has(f1=device(switch, "n1"), f2=device(switch, "n2"))
    cluster.tools.cib.write_text(cluster.tools.text().replace("fence_lab", "fence_gone", 1))
    (problem, *_) = cluster.test()["problems"]
    assert problem == "f1: the agent fence_gone is not installed on this node"


def test_fencing_that_is_off(cluster, switch):
    cluster.enabled = False
    cluster.has(f1=device(switch, "n1"), f2=device(switch, "n2"))
    assert cluster.test()["problems"] == ["fencing is off in the cluster (stonith-enabled)"]
