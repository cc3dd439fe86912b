"""``hanfs.fence_test`` with real agents: what they are told, and what is made of their answers."""

import pytest

from tests.support.cluster_tools import find_root, for_version

NODES = ["n1", "n2"]
SECRET = "s3cret-word"


@pytest.fixture(params=["0.10", "0.11"])
def tools(request, tmp_path):
    """Debian 13's packages in the lab have no agent for tests."""
    root = find_root(request.param)
    if root is None or not (root / "usr/sbin/fence_dummy").exists():
        pytest.skip(f"no fence_dummy beside pcs {request.param}")
    return for_version(request.param, tmp_path)


class Cluster:
    """A configuration with fencing devices, and the modules that take it for the live one."""

    def __init__(self, tools, tmp_path):
        self.tools, self.directory = tools, tmp_path
        members = "".join(f'<node id="{name[1]}" uname="{name}"/>' for name in NODES)
        tools.cib.write_text(tools.text().replace("<nodes/>", f"<nodes>{members}</nodes>"))
        self.world = tools.world()
        self.online = dict.fromkeys(NODES, True)
        self.world.salt["pcs.status"] = self._status
        self.world.pillar["secret"] = SECRET

    def _status(self):
        nodes = {name: {"online": online} for name, online in self.online.items()}
        return {"nodes": nodes, "stonith_enabled": True}

    def outlet(self, name, says):
        """A file that an agent takes for an outlet."""
        path = self.directory / f"outlet-{name}"
        path.write_text(says)
        return str(path)

    def has(self, **devices):
        self.world.salt["cib.apply"](
            {
                "properties": {"stonith-enabled": True},
                "primitives": {
                    name: {"agent": "stonith:fence_dummy", "attributes": attributes}
                    for name, attributes in devices.items()
                },
            },
            wait=0,
        )
        del self.world.commands[:], self.world.run.stdins[:]

    def test(self, **kwargs):
        return self.world.salt["hanfs.fence_test"](**kwargs)


@pytest.fixture
def cluster(tools, tmp_path):
    return Cluster(tools, tmp_path)


def dummy(cluster, node, says="on", **more):
    return {
        "type": "file",
        "status_file": cluster.outlet(node, says),
        "pcmk_host_list": node,
        "login": {"pillar": "secret"},
        **more,
    }


def test_devices_that_answer(cluster):
    cluster.has(f1=dummy(cluster, "n1"), f2=dummy(cluster, "n2"))
    report = cluster.test()
    assert report == {
        "result": True,
        "devices": {
            "f1": {"agent": "fence_dummy", "nodes": {"n1": {"result": True, "says": "on"}}},
            "f2": {"agent": "fence_dummy", "nodes": {"n2": {"result": True, "says": "on"}}},
        },
        "watchdog": None,
        "problems": [],
        "notes": [],
    }
    assert cluster.world.context["retcode"] == 0


def test_nothing_is_shot_and_no_secret_is_in_an_argument(cluster):
    path = cluster.outlet("n1", "on")
    cluster.has(f1=dummy(cluster, "n1"), f2=dummy(cluster, "n2"))
    report = cluster.test()
    asked = [argv for argv in cluster.world.commands if argv[0] == "/usr/sbin/fence_dummy"]
    assert asked == [["/usr/sbin/fence_dummy"]] * 2
    told = [text for text in cluster.world.run.stdins if text]
    assert all("action=status\n" in text and f"login={SECRET}\n" in text for text in told)
    assert not any("pcmk" in text for text in told)
    assert SECRET not in str(cluster.world.commands)
    assert SECRET not in str(report)
    with open(path) as handle:
        assert handle.read() == "on"


def test_an_outlet_that_is_off_is_another_machines(cluster):
    cluster.has(f1=dummy(cluster, "n1", "off"), f2=dummy(cluster, "n2"))
    report = cluster.test()
    assert report["result"] is False
    assert report["problems"] == [
        "f1: n1: off, though the node is online: the device means another machine (see its nodes)"
    ]
    assert cluster.world.context["retcode"] == 1
    cluster.online["n1"] = False
    assert cluster.test()["result"] is True


def test_a_device_that_does_not_answer(cluster):
    broken = dummy(cluster, "n1", status_file=SECRET, type="recorder")
    cluster.has(f1=broken, f2=dummy(cluster, "n2"))
    report = cluster.test()
    assert report["result"] is False
    assert report["devices"]["f1"]["nodes"]["n1"]["result"] is False
    assert report["devices"]["f2"]["nodes"]["n2"]["result"] is True
    assert SECRET not in str(report)


def test_one_device_or_one_node(cluster):
    both = {"type": "file", "status_file": cluster.outlet("x", "on"), "pcmk_host_list": "n1 n2"}
    cluster.has(both=both, f2=dummy(cluster, "n2"))
    assert list(cluster.test(device="f2")["devices"]) == ["f2"]
    report = cluster.test(node="n1")
    assert {name: list(one["nodes"]) for name, one in report["devices"].items()} == {
        "both": ["n1"],
        "f2": [],
    }
    assert report["result"] is True
    with pytest.raises(Exception, match="no fencing device f3; it has: both, f2"):
        cluster.test(device="f3")


def test_a_node_that_nothing_fences(cluster):
    cluster.has(f1=dummy(cluster, "n1"))
    assert cluster.test()["problems"] == ["no device can fence n2"]
