"""Does the site fit this machine: each thing that may not, on a machine made of plain data."""

import pytest

from tests.support.salt_modules import load
from tests.support.sites import hardened, site

LOCAL = [
    {"interface": "eth1", "ip": "10.10.10.11", "network": "10.10.10.0/24"},
    {"interface": "eth0", "ip": "192.168.16.11", "network": "192.168.16.0/24"},
]
NODES = site()["cluster"]["nodes"]
PATH = "hanfs:sites:athens"


def conf(name="nfs-server-cluster", nodes=None, stub=False):
    return {"cluster_name": name, "nodes": nodes or NODES, "stub": stub}


class Machine:
    """What a machine answers; the disk is the real code's business and answers ``verdict``."""

    def __init__(self, **facts):
        self.facts = {
            "name": "nfs-server1",
            "local": LOCAL,
            "conf": None,
            "names": {"nfs-server1": ["10.10.10.11"], "nfs-server2": ["10.10.10.12"]},
            "virtual_name": "nfs-service",
            "verdict": {"verdict": "step", "step": "pvcreate", "why": "the group is not there"},
            "owner": None,
            "cib": {"primitives": {}},
            "password": "s3cret",
            **facts,
        }
        self.asked = []
        self.world = load(
            pillar={"hanfs": {"sites": {"athens": {"cluster": {"password": facts["password"]}}}}}
            if "password" in facts
            else {"hanfs": {"sites": {"athens": {"cluster": {"password": "s3cret"}}}}},
            salt={
                "_pcs_node.corosync_conf": lambda: self.facts["conf"],
                "_pcs_node.member_of": self._member,
                "_hanfs_net.addresses": lambda: self.facts["local"],
                "_hanfs_net.resolve": lambda name: self.facts["names"].get(name, []),
                "_hanfs_net.name_of": lambda address: self.facts["virtual_name"],
                "_hanfs_net.answered_by": self._answered_by,
                "_hanfs_storage.inspect": lambda storage, cluster, claim, protection: {},
                "_hanfs_storage_rules.decide": lambda *args: self.facts["verdict"],
                "_hanfs_storage.fstab": lambda storage: self.facts.get("fstab", []),
                "_pcs_cib.query": self._query,
            },
        )
        self.world.salt["_hanfs_here.own_name"] = lambda: self.facts["name"]
        self.world.library._hanfs_check.CIB_FILE = self.facts.get("cib_file", "/nonexistent")

    def _member(self):
        found = self.facts["conf"]
        return None if found is None or found["stub"] else found["cluster_name"]

    def _answered_by(self, ip, interface):
        self.asked.append((ip, interface))
        if isinstance(self.facts["owner"], Exception):
            raise self.facts["owner"]
        return self.facts["owner"]

    def _query(self):
        if isinstance(self.facts["cib"], Exception):
            raise self.facts["cib"]
        return self.facts["cib"]

    def check(self, change=None, make=site):
        return self.world.salt["hanfs.check"](
            make({"cluster:password": ..., **(change or {})}), PATH
        )


def error(text):
    from salt.exceptions import CommandExecutionError

    return CommandExecutionError(text)


NAMES = {"a" * 32: True, "A_b-9": True, "a" * 33: False, "c.l-u_s-1": False}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_pcs_gives_no_new_cluster(name):
    """It is said before anything is touched; the cluster that has it already is left its name."""
    bend = {"cluster:name": name, "storage:device": "/dev/null"}
    told = Machine().check(bend)["problems"]
    assert [text.split(" is ")[0] for text in told] == (
        [] if NAMES[name] else [f"{PATH}:cluster:name: {name}"]
    )
    assert Machine(conf=conf(name)).check(bend)["problems"] == []


def test_what_the_engine_refuses_is_told_first_and_with_its_place_in_pillar():
    told = Machine().check({"cluster_config": {"primitives": {"X": {"agent": "no agent"}}}})
    (text,) = told["problems"]
    assert text.startswith(f"{PATH}:cluster_config:primitives:X:agent: 'no agent' is no full agent")


def test_what_the_engine_refuses_of_the_profile_is_not_said_of_cluster_config():
    device = {"agent": "fence_xvm", "nodes": list(NODES), "options": {"key_file": "/\u00e4&b"}}
    told = Machine().check({"fencing": {"enabled": True, "devices": {"f": device}}})["problems"]
    assert [text.split(" has ")[0] for text in told] == [
        f"{PATH}: primitives:f:attributes:key_file:"
    ]


def test_every_sentence_is_one_line_whatever_the_site_is_called():
    wrong = {"cluster:name": "x.y"}
    told = Machine().world.salt["hanfs.check"](site(wrong), "hanfs:sites:a\nb")["problems"]
    assert told and all(text.startswith("hanfs:sites:a\\nb:") for text in told), told


HERE = {
    "user": ({"storage:user": "nobodyhere"}, "storage:user: this machine has no user nobodyhere"),
    "group": ({"exports:0:group": "nonehere"}, "exports:0:group: this machine has no group"),
    "client": ({"exports:0:clients": ["no.example"]}, "exports:0:clients: this machine cannot"),
    "zone": ({"firewall": {"zone": "nozone"}}, "firewall:zone: firewalld has no zone nozone"),
    "service": (
        {"firewall": {"services": ["nosuch"]}},
        "firewall:services:0: firewalld has no service",
    ),
    "option": (
        {"exports:0:options": ["rw", "xprtsec=tls"]},
        "exports:0:options: xprtsec=tls is no",
    ),
    "group's place": ({"storage:vg": "dir"}, "storage:vg: /dev/dir is there already"),
}


@pytest.mark.parametrize("what", HERE)
def test_what_a_right_value_needs_of_this_machine(what, tmp_path, monkeypatch):
    change, text = HERE[what]
    machine = Machine()
    machine.world.grains.update({"os": "Debian", "osmajorrelease": 12})
    (tmp_path / "zones").mkdir()
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "nfs.xml").touch()
    library = machine.world.library._hanfs_check_here
    monkeypatch.setattr(library, "FIREWALLD", (str(tmp_path), str(tmp_path)))
    monkeypatch.setattr(library.os.path, "lexists", lambda path: path == "/dev/dir")
    told = machine.check(change)["problems"]
    assert [line for line in told if line.startswith(f"{PATH}:{text}")] == told and told


def test_what_is_right_on_this_machine(tmp_path, monkeypatch):
    machine = Machine()
    machine.facts["names"]["known.example"] = ["192.168.16.7"]
    machine.world.grains.update({"os": "Debian", "osmajorrelease": 13})
    library = machine.world.library._hanfs_check_here
    monkeypatch.setattr(library, "FIREWALLD", (str(tmp_path / "etc"), str(tmp_path / "usr")))
    change = {
        "storage:user": "nfsnobody", "storage:group": "0", "exports:0:user": "root",
        "exports:0:clients": ["known.example", "*.x", "@lan", "10.9.0.0/16", "fd00::9"],
        "exports:0:options": ["rw", "xprtsec=tls"], "firewall": {"zone": "public"},
    }  # fmt: skip
    assert machine.check(change)["problems"] == []


def test_a_member_is_told_of_accounts_and_clients_and_goes_on():
    change = {"storage:user": "nobodyhere", "exports:0:clients": ["no.example"],
              "storage:device": "/dev/null"}  # fmt: skip
    told = Machine(conf=conf()).check(change)
    assert told["problems"] == [] and len(told["notes"]) == 2


def test_a_machine_that_fits():
    machine = Machine()
    assert machine.check() == {"problems": [], "notes": []}
    assert machine.asked == [("192.168.16.100", "eth0")]


def test_a_member_that_fits_is_asked_less():
    machine = Machine(
        conf=conf(), local=LOCAL[:1], verdict={"verdict": "refuse", "why": "never asked"}
    )
    found = machine.check({"storage:device": "/dev/null", "address:nic": "lo"})
    assert found["problems"] == []


MISFITS = {
    "another name": (
        {"name": "elsewhere"},
        "cluster:nodes",
        "this machine is elsewhere (uname -n)",
    ),
    "address not here": (
        {"local": LOCAL[1:]},
        "nodes:nfs-server1",
        "10.10.10.11 is not an address",
    ),
    "another cluster": ({"conf": conf("other")}, "cluster:name", "in the cluster other"),
    "cluster of other nodes": (
        {"conf": conf(nodes={"nfs-server1": NODES["nfs-server1"], "x": ["10.0.0.1"]})},
        "cluster:nodes",
        "exists with nfs-server1",
    ),
    "cluster of other addresses": (
        {"conf": conf(nodes={**NODES, "nfs-server2": ["10.10.10.99", "192.168.16.12"]})},
        "cluster:nodes",
        "10.10.10.99",
    ),
    "virtual address without a name": ({"virtual_name": None}, "address:ip", "host name"),
    "name unknown": ({"names": {"nfs-server1": ["10.10.10.11"]}}, "nodes:nfs-server2", "resolve"),
    "peer's name is our own": (
        {"names": {"nfs-server1": ["10.10.10.11"], "nfs-server2": ["127.0.1.1"]}},
        "nodes:nfs-server2",
        "resolves to this machine itself",
    ),
    "disk": ({"verdict": {"verdict": "refuse", "why": "it carries gpt"}}, "storage:device", "gpt"),
    "address answered": ({"owner": "02:00:00:00:00:01"}, "address:ip", "02:00:00:00:00:01"),
    "address here already": (
        {"local": [*LOCAL, {**LOCAL[1], "ip": "192.168.16.100"}]},
        "address:ip",
        "set on this machine already",
    ),
    "network elsewhere": (
        {"local": [LOCAL[0], {**LOCAL[1], "network": "192.168.16.11/32"}]},
        "address:ip",
        "in none of this machine's networks",
    ),
    "password not in pillar": ({"password": None}, "cluster:password", "missing"),
    "password empty": ({"password": ""}, "cluster:password", "not empty"),
}


@pytest.mark.parametrize("case", MISFITS)
def test_what_does_not_fit_is_named_with_its_path(case):
    facts, path, words = MISFITS[case]
    problems = Machine(**facts).check()["problems"]
    naming = [
        text
        for text in problems
        if text.startswith(f"{PATH}:") and text.split(": ")[0].endswith(path)
    ]
    assert any(words in text for text in naming), problems
    assert "s3cret" not in str(problems)


def test_a_wrong_pillar_asks_the_machine_nothing():
    machine = Machine(name="elsewhere", owner="02:00:00:00:00:01")
    problems = machine.check({"fencing": ...})["problems"]
    assert len(problems) == 1 and machine.asked == [] and machine.world.commands == []


def test_the_stub_of_the_distribution_is_no_cluster():
    stub = conf("debian", {"node1": ["127.0.0.1"]}, stub=True)
    assert Machine(conf=stub).check()["problems"] == []


def test_a_cluster_that_names_its_nodes_instead_of_addresses():
    """Corosync 2, as pcs 0.9 sets it up."""
    machine = Machine(conf=conf(nodes={name: [name] for name in NODES}))
    assert machine.check({"storage:device": "/dev/null"})["problems"] == []


OURS = {"primitives": {"VIP": {"attributes": {"ip": "192.168.16.100"}}}}


@pytest.mark.parametrize(
    ("cib", "problems"),
    [(OURS, 0), ({"primitives": {}}, 1), (error("the cluster does not run here"), 0)],
)
def test_the_clusters_own_address_may_answer(cib, problems):
    machine = Machine(conf=conf(), owner="02:00:00:00:00:01", cib=cib)
    assert len(machine.check({"storage:device": "/dev/null"})["problems"]) == problems


def test_an_address_in_the_saved_configuration_is_not_asked_for(tmp_path):
    saved = tmp_path / "cib.xml"
    saved.write_text(
        """<cib><configuration><resources><group id="g"><primitive id="VIP"><instance_attributes
        id="i"><nvpair id="n" name="ip" value="192.168.16.100"/></instance_attributes></primitive>
        </group></resources></configuration></cib>"""
    )
    for text in (saved.read_text(), "", "<cib/>"):
        saved.write_text(text)
        machine = Machine(conf=conf(), cib_file=str(saved), cib=error("never asked"))
        assert machine.check({"storage:device": "/dev/null"})["problems"] == []
        assert len(machine.asked) == (0 if "nvpair" in text else 1)
    machine = Machine(cib_file=str(saved))
    machine.check()
    assert len(machine.asked) == 1, "who is no member asks always"


def test_the_active_node_asks_nobody():
    machine = Machine(conf=conf(), local=[*LOCAL, {**LOCAL[1], "ip": "192.168.16.100"}])
    assert machine.check({"storage:device": "/dev/null"})["problems"] == []
    assert machine.asked == []


def test_an_address_that_cannot_be_asked_for_is_a_note():
    found = Machine(owner=error("eth0 is down")).check()
    assert found["problems"] == [] and "eth0 is down" in found["notes"][0]


def test_a_member_needs_its_disk_attached():
    found = Machine(conf=conf()).check({"storage:device": "/dev/there-is-none"})
    assert "is not there" in found["problems"][0]


def fstab_line(by_hand):
    return {"line": 7, "spec": "UUID=1", "directory": "/nfsdata", "by_hand": by_hand}


@pytest.mark.parametrize("member", [None, conf()])
def test_a_line_in_fstab_is_a_problem_for_members_too(member):
    machine = Machine(conf=member, fstab=[fstab_line(False)])
    (problem,) = machine.check({"storage:device": "/dev/null"})["problems"]
    assert problem.startswith(f"{PATH}:storage: /etc/fstab line 7 (UUID=1 on /nfsdata)")
    assert "Take the line out" in problem


def test_a_line_in_fstab_that_only_a_command_mounts_is_a_note():
    found = Machine(conf=conf(), fstab=[fstab_line(True)]).check({"storage:device": "/dev/null"})
    assert found["problems"] == [] and "noauto" in found["notes"][0]


def test_a_label_that_lvm_may_learn_of_is_a_note():
    verdict = {"verdict": "unlisted", "step": None, "why": "lvmdevices --adddev"}
    found = Machine(verdict=verdict).check()
    assert found["problems"] == [] and "--adddev" in found["notes"][0]


# --- the profile hardened -------------------------------------------------------------------------

NO_FENCING = {"fencing": {"enabled": False}}
TWO_ADDRESSES = {
    "address": [
        {"ip": "192.168.16.100", "cidr_netmask": 24},
        {"ip": "192.168.16.101", "cidr_netmask": 24},
    ]
}


def hardened_check(machine, change=None):
    return machine.check({**NO_FENCING, **(change or {})}, hardened)


def test_every_address_is_checked_at_its_place():
    machine = Machine(owner="52:54:00:12:34:56")
    found = hardened_check(machine, TWO_ADDRESSES)["problems"]
    assert [one.split(": ")[0] for one in found] == [f"{PATH}:address:0:ip", f"{PATH}:address:1:ip"]
    assert [ip for ip, _ in machine.asked] == ["192.168.16.100", "192.168.16.101"]


def test_every_file_system_is_checked_at_its_place():
    disk = hardened()["storage"]
    two = [{**disk, "size": "1G"}, {**disk, "lv": "more", "mountpoint": "/srv/more"}]
    machine = Machine(verdict={"verdict": "refuse", "why": "there is something on it"})
    found = hardened_check(machine, {"storage": two})["problems"]
    assert found == [
        f"{PATH}:storage:0:device: there is something on it",
        f"{PATH}:storage:1:device: there is something on it",
    ]


def test_a_device_that_may_still_appear_is_a_note():
    machine = Machine(verdict={"verdict": "absent", "why": "it is not there"})
    assert hardened_check(machine) == {
        "problems": [],
        "notes": [f"{PATH}:storage:device: it is not there"],
    }


def test_without_nfsv3_no_address_needs_a_name():
    machine = Machine(virtual_name=None)
    (found,) = hardened_check(machine)["problems"]
    assert found.startswith(f"{PATH}:address:ip: 192.168.16.100 has no host name")
    assert "nfs_notify" in found
    assert hardened_check(machine, {"nfs": {"v4_only": True}})["problems"] == []


@pytest.mark.parametrize(
    ("known", "told"),
    [
        (["192.168.16.100"], None),
        (["192.168.16.7"], "nfs.example.com is 192.168.16.7 on this machine"),
        ([], "nfs.example.com is not known on this machine"),
    ],
)
def test_the_name_for_the_notification_is_the_address(known, told):
    names = {"nfs-server1": ["10.10.10.11"], "nfs-server2": ["10.10.10.12"]}
    machine = Machine(virtual_name=None, names={**names, "nfs.example.com": known})
    found = hardened_check(machine, {"nfs": {"notify_name": "nfs.example.com"}})["problems"]
    assert [one.startswith(f"{PATH}:nfs:notify_name: {told}") for one in found] == [True] * bool(
        told
    )


def test_a_fencing_secret_that_is_not_in_pillar_is_named():
    machine = Machine()
    fencing = hardened()["fencing"]
    fencing["devices"]["fence-1"]["secrets"] = ["password"]
    found = machine.check({"fencing": fencing}, hardened)["problems"]
    assert f"{PATH}:fencing:devices:fence-1:secrets:password: must be text" in found[0]
    machine.world.pillar["hanfs"]["sites"]["athens"]["fencing"] = hardened()["fencing"]
    assert machine.check({"fencing": fencing}, hardened)["problems"] == []
