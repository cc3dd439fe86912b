"""What each real pcs makes of our commands for corosync.conf, on a file: what was asked for."""

import pytest

from tests.support.cluster_tools import VERSIONS, for_version

NODES = {"n1": ["10.0.0.1", "10.1.0.1"], "n2": ["10.0.0.2", "10.1.0.2"]}
OPTIONS = {
    "totem": {"token": 10000, "join": 60},
    "transport_options": {"link_mode": "active", "knet_pmtud_interval": 30},
    "compression": {"model": "zlib", "threshold": 200},
    "crypto": {"cipher": "aes256", "hash": "sha256"},
    "quorum": {"wait_for_all": True, "last_man_standing": True},
}
LINKS = [{"link_priority": 1, "mcastport": 5407}, {"ping_timeout": 2000, "ping_interval": 500}]


@pytest.fixture(params=VERSIONS)
def conf(request, tmp_path):
    return Conf(for_version(request.param, tmp_path), tmp_path / "corosync.conf")


class Conf:
    """A corosync.conf that pcs makes and changes."""

    def __init__(self, tools, path):
        self.tools = tools
        self.path = path
        self.world = tools.world()
        self.library = self.world.library

    def run(self, kind, *arguments):
        capabilities = self.library._pcs_node.capabilities(self.world.machine)
        argv = getattr(self.library._pcs_argv, kind)(capabilities, *arguments)
        if "--corosync_conf" not in argv:
            argv += ["--corosync_conf", str(self.path)]
        done = self.tools.pcs_command(*argv[1:])
        assert done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"

    def update(self, sections):
        """As ``_pcs_corosync.corosync_update``, with the version's own pcs."""
        for section, options in sections.items():
            if section == "quorum":
                self.run("quorum_update", options, str(self.path))
            else:
                self.run("config_update", {section: options}, str(self.path))

    def normalised(self, sections):
        return {
            name: self.library._pcs_options.normalised(name, options)
            for name, options in sections.items()
        }

    def create(self, sections=None, links=LINKS):
        given = self.normalised(sections or {})
        totem = given.pop("totem", None)
        links = [self.library._pcs_options.normalised("links", link) for link in links]
        self.run("setup", "c", NODES, totem, "knet", links, given)

    def read(self):
        return self.library._pcs_files.corosync_conf(self.path.read_text())

    def left(self, sections, links=None):
        made = self.library._pcs_corosync_plan.plan(
            self.read(), self.normalised(sections), links, NODES
        )
        assert made["problems"] == []
        return made


def test_a_new_conf_is_as_described(conf):
    conf.create(OPTIONS)
    links = [conf.library._pcs_options.normalised("links", link) for link in LINKS]
    made = conf.left(OPTIONS, links)
    assert (made["changes"], made["steps"]) == ({}, [])
    assert conf.read()["quorum"]["two_node"] == "1"


def test_options_of_the_second_link_alone(conf):
    conf.create(links=[{}, {"link_priority": 7}])
    assert conf.read()["links"] == {"0": {}, "1": {"knet_link_priority": "7"}}


def test_a_conf_is_changed_as_planned(conf):
    conf.create()
    made = conf.left(OPTIONS)
    assert made["live"] and made["restart"]
    for sections in (made["live"], made["restart"]):
        conf.update(sections)
    assert conf.left(OPTIONS)["changes"] == {}
    away = {name: dict.fromkeys(options) for name, options in OPTIONS.items() if name != "crypto"}
    made = conf.left(away)
    for sections in (made["live"], made["restart"]):
        conf.update(sections)
    assert conf.left(away)["changes"] == {}


def test_every_option_of_the_table_is_one_that_pcs_takes(conf):
    """An option that pcs did not know would be refused by its name, whatever its value."""
    conf.create()
    # of udp and udpu; of newer ones only; goes with another one
    others = {"netmtu", "block_unlisted_ips", "last_man_standing_window"}
    table = conf.library._pcs_options.table()
    del table["links"]
    conf.update({name: dict.fromkeys(set(options) - others) for name, options in table.items()})


def test_the_quorum_device(conf):
    conf.create()
    conf.run("device_add", "net", {"host": "q", "algorithm": "ffsplit"}, {"timeout": 20000}, {})
    device = conf.read()["device"]
    assert device["model"] == "net" and device["options"]["timeout"] == "20000"
    assert device["model_options"] == {"host": "q", "algorithm": "ffsplit"}
    assert "two_node" not in conf.read()["quorum"]
    heuristics = {"mode": "on", "exec_ping": "/bin/true"}
    conf.run("device_update", {"algorithm": "lms"}, {"timeout": None}, heuristics)
    device = conf.read()["device"]
    assert device["model_options"]["algorithm"] == "lms" and "timeout" not in device["options"]
    assert device["heuristics"] == heuristics
    conf.run("device_remove")
    assert conf.read()["device"] is None and conf.read()["quorum"]["two_node"] == "1"


REFUSED = {"name": ("c.l-u_s-1", {}), "link": ("c", {"ping_interval": "500"})}


@pytest.mark.parametrize("what", REFUSED)
def test_what_pcs_would_refuse_is_known_beforehand(conf, what):
    """On every node and with nothing touched, so nobody waits for one that fails."""
    name, link = REFUSED[what]
    ask = conf.library._pcs_cluster.setup_refusal
    assert ask(conf.world.machine, NODES, "c", {"token": "3000"}, LINKS[:1]) is None
    said = ask(conf.world.machine, NODES, name, {"token": "3000"}, [link, {}])
    assert said.startswith("Error: ") and "\n" not in said
    assert len([1 for command in conf.world.commands if "setup" in command]) == 2
