"""What the profile hardened asks of a site's pillar, and what it makes of it."""

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.salt_modules import load
from tests.support.sites import HARDENED, SITE, hardened, site

WORLD = load(states=False)
problems = WORLD.library._hanfs_schema.problems
normalise = WORLD.library._hanfs_schema.normalise
DISK = HARDENED["storage"]
EXPORT = HARDENED["exports"][1]
ADDRESS = HARDENED["address"]
DEVICE = HARDENED["fencing"]["devices"]["fence-1"]
PATH = "hanfs:sites:athens"


def volumes(*entries):
    return {"storage": [{**DISK, **entry} for entry in entries]}


# What is changed in a right site, the path that the problem must name, and what it must say.
BAD = {
    "two file systems of one name": (
        volumes({"size": "1G"}, {"lv": "b", "mountpoint": "/x/nfs"}),
        "storage:1:name",
        "nfs is the name of hanfs:sites:athens:storage:0 already",
    ),
    "one mount point twice": (
        volumes({"size": "1G"}, {"lv": "b", "name": "b"}),
        "storage:1:mountpoint",
        "/srv/nfs is that of",
    ),
    "child before parent": (
        volumes({"size": "1G", "mountpoint": "/srv/nfs/a"}, {"lv": "b", "name": "b"}),
        "storage:1:mountpoint",
        "write this one before it",
    ),
    "size missing but for the last": (
        volumes({}, {"lv": "b", "mountpoint": "/srv/b"}),
        "storage:0:size",
        "only the last file system of the volume group NFS_SHARED",
    ),
    "one group on two devices": (
        volumes({"size": "1G"}, {"lv": "b", "mountpoint": "/srv/b", "device": "/dev/vdc"}),
        "storage:1:device",
        "the volume group NFS_SHARED is on /dev/vdb",
    ),
    "one device, two groups": (
        volumes({"size": "1G"}, {"vg": "other", "mountpoint": "/srv/b"}),
        "storage:1:device",
        "/dev/vdb carries NFS_SHARED already",
    ),
    "one device, two file systems": (
        {
            "storage": [
                {"device": "/dev/vdb", "fstype": "xfs", "mountpoint": "/srv/nfs"},
                {"device": "/dev/vdb", "fstype": "xfs", "mountpoint": "/srv/b"},
            ]
        },
        "storage:1:device",
        "carries a file system of its own already",
    ),
    "groups that the cluster cannot tell apart": (
        volumes(
            {"size": "1G", "vg": "a+b"}, {"vg": "a_b", "device": "/dev/vdc", "mountpoint": "/b"}
        ),
        "storage:1:vg",
        "cannot tell",
    ),
    "one volume twice": (
        volumes({"size": "1G"}, {"mountpoint": "/srv/b"}),
        "storage:1:lv",
        "has a volume data already",
    ),
    "size without a volume": (
        {"storage:vg": ..., "storage:lv": ..., "storage:size": "1G"},
        "storage:size",
        "has the whole device",
    ),
    "size": ({"storage:size": "20"}, "storage:size", "is not a size"),
    "size in percent": ({"storage:size": "120%"}, "storage:size", "is not a size"),
    "mount options in one": ({"storage:options": ["a,b"]}, "storage:options:0", "one per item"),
    "mount option ro": ({"storage:options": ["ro"]}, "storage:options:0", "NFS server writes to"),
    "no file system": ({"storage": []}, "storage", "0 file systems given"),
    "export on no file system": (
        {"exports:0:directory": "/elsewhere"},
        "exports:0:directory",
        "it must be /srv/nfs or below",
    ),
    "export of the state": (
        {"exports:0:directory": "/srv/nfs/st/x", "nfs": {"state_directory": "/srv/nfs/st"}},
        "exports:0:directory",
        "never exported by itself",
    ),
    "state elsewhere": (
        {"nfs": {"state_directory": "/var/lib/nfs-state"}},
        "nfs:state_directory",
        "must be below /srv/nfs",
    ),
    "fsid 0": ({"exports:0:fsid": 0}, "exports:0:fsid", "root of NFSv4"),
    "fsid root": ({"exports:0:fsid": "root"}, "exports:0:fsid", "root of NFSv4"),
    "fsid of a derived one": (
        {"exports:0:fsid": WORLD.library._hanfs_names.fsid("/srv/nfs/pub")},
        "exports:1:fsid",
        "is the fsid of /srv/nfs/home",
    ),
    "fsid given and derived for one directory": (
        {"exports:2": {**EXPORT, "clients": ["10.0.0.1"], "fsid": 7}},
        "exports:2:fsid",
        "a directory has one",
    ),
    "async": ({"exports:0:options": ["rw", "async"]}, "exports:0:options", "is lost when"),
    "async for one client": (
        {"exports:0:clients:1:options": ["rw", "async"]},
        "exports:0:clients:1:options",
        "is lost when",
    ),
    "options of a client contradict": (
        {"exports:0:clients:1:options": ["rw", "ro"]},
        "exports:0:clients:1:options",
        "contradict",
    ),
    "client without options": (
        {"exports:0:clients:1": {"client": "10.0.0.0/8"}},
        "exports:0:clients:1:options",
        "missing",
    ),
    "the same client once with options": (
        {"exports:0:clients:2": "10.0.0.0/8"},
        "exports:0:clients",
        "exported to 10.0.0.0/8 twice",
    ),
    "two directories of one name": (
        {"exports:2": {"directory": "/srv/nfs/pub_x", "clients": ["*"], "name": "pub"}},
        "exports:2:name",
        "pub is the name of /srv/nfs/pub already",
    ),
    "two derived names are the same": (
        {
            "exports:2": {"directory": "/srv/nfs/a/b", "clients": ["*"]},
            "exports:3": {"directory": "/srv/nfs/a_b", "clients": ["*"]},
        },
        "exports:3:name",
        "give /srv/nfs/a_b a `name` of its own",
    ),
    "one resource for two": (
        {
            "exports:2": {"directory": "/srv/nfs/a", "clients": ["b"], "name": "x"},
            "exports:3": {"directory": "/srv/nfs/c", "clients": ["x"], "name": "x_b"},
            "exports:4": {"directory": "/srv/nfs/a", "clients": ["b_x"], "name": "x"},
        },
        "exports:4:name",
        "would be the resource export_x_b_x, which is /srv/nfs/c to x",
    ),
    "two clients, one resource": (
        {"exports:1:clients": ["*.a", "any.a"]},
        "exports:1:name",
        "/srv/nfs/pub to any.a would be the resource",
    ),
    "owners of a directory": (
        {"exports:0:mode": "0700", "exports:2": {**HARDENED["exports"][0], "clients": ["h"],
         "mode": "0755"}},
        "exports:2:mode",
        "says 0700 for the same directory",
    ),
    "address twice": ({"address": [ADDRESS, ADDRESS]}, "address:1", "is at"),
    "address name twice": (
        {"address": [{**ADDRESS, "name": "a"}, {**ADDRESS, "ip": "192.168.16.101", "name": "a"}]},
        "address:1",
        "a is at",
    ),
    "address of a node in a list": (
        {"address": [{**ADDRESS, "ip": "192.168.16.12"}]},
        "address:0:ip",
        "node nfs-server2",
    ),
    "no address": ({"address": []}, "address", "0 addresses given"),
    "grace shorter than the lease": (
        {"nfs": {"lease_time": 90, "grace_time": 60}},
        "nfs:grace_time",
        "shorter than the lease",
    ),
    "lease": ({"nfs": {"lease_time": 5}}, "nfs:lease_time", "from 10 to 3600"),
    "port of NFS": ({"nfs": {"ports": {"mountd": 2049}}}, "nfs:ports:mountd", "of NFS itself"),
    "port twice": ({"nfs": {"ports": {"statd": 20048}}}, "nfs:ports:statd", "port of mountd"),
    "port unknown": ({"nfs": {"ports": {"rquotad": 1}}}, "nfs:ports:rquotad", "unknown key"),
    "notified, but NFSv4 only": (
        {"nfs": {"v4_only": True, "notify_name": "nfs.example.com"}},
        "nfs:notify_name",
        "only NFSv3 clients are notified",
    ),
    "one name for two addresses": (
        {
            "address": [ADDRESS, {**ADDRESS, "ip": "192.168.16.101"}],
            "nfs": {"notify_name": "nfs.example.com"},
        },
        "nfs:notify_name",
        "{192.168.16.100: HOST, 192.168.16.101: HOST}",
    ),
    "name for no address": (
        {"nfs": {"notify_name": {"192.168.16.7": "h"}}},
        "nfs:notify_name:192.168.16.7",
        "is no address of the site",
    ),
    "links that are no addresses": (
        {"cluster:links": [{"link_priority": 1}]},
        "cluster:links",
        "each node has 2",
    ),
    "link option": ({"cluster:links": [{"prio": 1}, {}]}, "cluster:links:0:prio", "unknown key"),
    "server scope that hostname refuses": ({"server_scope": "a_b"}, "server_scope", "and . -"),
    "nothing to fence with": (
        {"fencing": {"enabled": True}},
        "fencing:enabled",
        "there is nothing to fence with",
    ),
    "device for a stranger": (
        {"fencing:devices:fence-1:nodes": ["other"]},
        "fencing:devices:fence-1:nodes",
        "other is none of the site's nodes",
    ),
    "device without nodes": (
        {"fencing:devices:fence-1:nodes": ...},
        "fencing:devices:fence-1:nodes",
        "missing",
    ),
    "device without an agent": (
        {"fencing:devices:fence-1:agent": ...},
        "fencing:devices:fence-1:agent",
        "missing",
    ),
    "secret among the options": (
        {"fencing:devices:fence-1:options:passwd": "f3nce"},
        "fencing:devices:fence-1:options:passwd",
        "belongs in",
    ),
    "secret is a list": (
        {"fencing:devices:fence-1:secrets:password": ["f3nce"]},
        "fencing:devices:fence-1:secrets:password",
        "must be text on one line",
    ),
    "secrets are text": (
        {"fencing:devices:fence-1:secrets": "f3nce"},
        "fencing:devices:fence-1:secrets",
        "is not a mapping",
    ),
    "devices are a list": (
        {"fencing:devices": [{"secrets": {"password": "f3nce"}}]},
        "fencing:devices",
        "is not a mapping of names to devices",
    ),
    "device of a resource's name": (
        {"fencing:devices:nfs_server": DEVICE},
        "fencing:devices:nfs_server",
        "the profile keeps for its own",
    ),
    "level of nobody": (
        {"fencing:levels": {"nfs-server1": [["fence-9"]]}},
        "fencing:levels:nfs-server1:0",
        "no device fence-9",
    ),
    "level of the other one's device": (
        {"fencing:levels": {"nfs-server1": [["fence-2"]]}},
        "fencing:levels:nfs-server1:0",
        "fence-2 is not for nfs-server1",
    ),
    "priority that a delay outruns": (
        {"fencing:devices:fence-1:delay": 10, "fencing:priority_delay": 15},
        "fencing:priority_delay",
        "less than twice",
    ),
    "sbd's msgwait": (
        {"fencing:sbd": {"devices": ["/dev/vdc"], "watchdog_timeout": 10, "msgwait": 15}},
        "fencing:sbd:msgwait",
        "less than twice",
    ),
    "sbd on the data": (
        {"fencing:sbd": {"devices": ["/dev/vdb"]}},
        "fencing:sbd:devices:0",
        "SBD needs a disk of its own",
    ),
    "timeout too short for sbd": (
        {"fencing:sbd": {"devices": ["/dev/vdc"], "msgwait": 100}, "fencing:timeout": 60},
        "fencing:timeout",
        "not enough for SBD",
    ),
    "key file without a path": (
        {"fencing:key_files": {"k": {"content": "f3nce"}}},
        "fencing:key_files:k",
        "not an absolute path",
    ),
    "key file is empty": (
        {"fencing:key_files": {"/etc/cluster/k": {"content": ""}}},
        "fencing:key_files:/etc/cluster/k:content",
        "not empty",
    ),
    "accepted without a reason": (
        {"lint": {"accept": {"HANFS101": ""}}},
        "lint:accept:HANFS101",
        "say in words why",
    ),
    "accepted in a list without a reason": (
        {"lint": {"accept": [{"code": "HANFS101"}]}},
        "lint:accept:0:reason",
        "missing",
    ),
    "accepted code": ({"lint": {"accept": {"x1": "it is so"}}}, "lint:accept:x1", "HANFS101"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_is_named_with_its_path(case):
    change, path, words = BAD[case]
    found = problems(hardened(change), PATH)
    naming = [sentence for sentence in found if sentence.split(": ")[0] == f"{PATH}:{path}"]
    assert any(words in sentence for sentence in naming), found
    assert "s3cret" not in str(found) and "f3nce" not in str(found)


GOOD = {
    "as it is": {},
    "the profile named": {"profile": "hardened"},
    "secrets taken out": {"cluster:password": ..., "fencing:devices:fence-1:secrets": ["password"]},
    "volumes of one group": volumes(
        {"size": "10G"}, {"lv": "b", "mountpoint": "/srv/nfs/b", "size": "50%"}
    ),
    "groups and a plain device": {
        "storage": [
            {**DISK, "options": []},
            {**DISK, "vg": "other", "device": "/dev/vdc", "mountpoint": "/srv/c", "grow": True},
            {"device": "/dev/vdd", "fstype": "ext4", "mountpoint": "/srv/d", "name": "1st"},
        ]
    },
    "state on a file system of its own": {
        "storage": [
            DISK,
            {"device": "/dev/vdd", "fstype": "ext4", "mountpoint": "/srv/state"},
        ],
        "nfs": {"state_directory": "/srv/state"},
    },
    "all of nfs": {
        "nfs": {
            "v4_only": False,
            "lease_time": 30,
            "grace_time": 30,
            "threads": 64,
            "ports": {"mountd": 892, "lockd_tcp": 4001, "lockd_udp": 4001},
            "state_directory": "/srv/nfs/state",
            "tickle": False,
            "notify_name": "nfs.example.com",
        }
    },
    "IPv6": {
        "address": [ADDRESS, {"ip": "fd00::3", "cidr_netmask": 64, "name": "six"}],
        "exports:0:clients": ["fd00::/64", "fd00::9"],
        "nfs": {"notify_name": {"six": "nfs6.example.com"}},
    },
    "one directory in two entries": {
        "exports:2": {"directory": "/srv/nfs/pub", "clients": ["10.0.0.1"], "options": ["rw"]}
    },
    "owner of a directory": {
        "exports:0:user": "anna", "exports:0:group": 100, "exports:0:mode": 770,
    },
    "links": {"cluster:links": [{"link_priority": 10}, {"link_priority": 5, "transport": "udp"}]},
    "all of fencing": {
        "fencing": {
            "enabled": True,
            "devices": {
                "virt": {
                    "agent": "stonith:fence_xvm",
                    "nodes": {"nfs-server1": "domain1", "nfs-server2": 7},
                    "options": {"timeout": 30, "key_file": "/etc/cluster/fence_xvm.key"},
                    "delay": {"nfs-server1": 5},
                    "monitor": 120,
                    "unfencing": False,
                },
                "scsi": {"agent": "fence_scsi", "nodes": ["nfs-server1", "nfs-server2"]},
            },
            "levels": {"nfs-server1": [["virt"], ["scsi", "fence-sbd"]]},
            "priority_delay": 20,
            "timeout": 90,
            "key_files": {"/etc/cluster/fence_xvm.key": {"content": "eA==", "encoding": "base64"}},
            "sbd": {
                "devices": ["/dev/vdc"],
                "watchdog": "/dev/watchdog1",
                "watchdog_timeout": 10,
                "msgwait": 20,
                "initialize": True,
                "options": {"SBD_STARTMODE": "clean"},
            },
        }
    },
    "fencing off, with devices": {"fencing:enabled": False},
    "accepted findings": {"lint": {"accept": {"HANFS101": "the lab has no other"}}},
    "accepted in a list": {
        "lint": {"accept": [{"code": "HANFS101", "reason": "the lab has no other"}]}
    },
}  # fmt: skip


@pytest.mark.parametrize("case", GOOD)
def test_a_right_site_can_be_normalised_and_compiled(case):
    right = hardened(GOOD[case])
    assert problems(right) == []
    made = normalise(right, PATH)
    assert "s3cret" not in str(made) and "f3nce" not in str(made) and "eA==" not in str(made)
    assert "storage" not in made and "address" not in made
    WORLD.library._hanfs_model.description(made, {})


ARTICLE_ONLY = {
    "two file systems": ({"storage": [SITE["storage"]] * 2}, "storage", "1 to 1 are allowed"),
    "two addresses": ({"address": [SITE["address"]] * 2}, "address", "1 to 1 are allowed"),
    "the section nfs": ({"nfs": {}}, "nfs", "take the profile hardened"),
    "a client with options": (
        {"exports:0:clients:0": {"client": "*", "options": ["ro"]}},
        "exports:0:clients:0",
        "a mapping is not a network",
    ),
}


@pytest.mark.parametrize("case", ARTICLE_ONLY)
def test_the_article_has_one_of_each(case):
    change, path, words = ARTICLE_ONLY[case]
    found = [one for one in problems(site(change), PATH) if one.startswith(f"{PATH}:{path}: ")]
    assert any(words in sentence for sentence in found), found


def test_the_example_of_a_normalised_site_is_what_it_is():
    """tests/support/sites.py shows it to whoever works on it."""
    made = normalise(hardened(), PATH)
    assert made["file_systems"] == [
        {
            "name": "nfs", "device": "/dev/vdb", "vg": "NFS_SHARED", "lv": "data", "size": None,
            "fstype": "xfs", "options": ["noatime"], "mountpoint": "/srv/nfs",
            "initialize": True, "grow": False,
        }
    ]  # fmt: skip
    assert made["exports"][0] == {
        "name": "home", "directory": "/srv/nfs/home", "file_system": "nfs", "fsid": "1",
        "clients": [
            {"client": "192.168.16.0/24", "options": ["rw", "sync", "root_squash"]},
            {"client": "10.0.0.0/8", "options": ["ro", "sync"]},
        ],
    }  # fmt: skip
    assert made["addresses"] == [
        {
            "name": "192.168.16.100", "ip": "192.168.16.100", "cidr_netmask": 24, "nic": None,
            "notify_name": "192.168.16.100",
        }
    ]  # fmt: skip
    assert made["nfs"] == {
        "v4_only": False, "agent": None, "lease_time": 60, "grace_time": 90, "threads": 16,
        "ports": {"mountd": 20048, "statd": 662, "statd_outgoing": 2020, "lockd_tcp": 32803,
                  "lockd_udp": 32769},
        "state_directory": "/srv/nfs/nfsinfo", "tickle": True,
    }  # fmt: skip
    assert made["fencing"] == {
        "enabled": True,
        "devices": {
            f"fence-{number}": {
                "agent": "stonith:fence_ipmilan", "nodes": [f"nfs-server{number}"],
                "options": {"ip": f"10.10.10.2{number}", "username": "admin", "lanplus": True},
                "secrets": ["password"], "delay": {}, "monitor": 60, "unfencing": False,
            }
            for number in (1, 2)
        },
        "levels": {}, "priority_delay": 7, "timeout": 60, "key_files": {}, "sbd": None,
    }  # fmt: skip
    assert made["lint"] == {"accept": {}}
    assert (made["path"], made["profile"]) == (PATH, "hardened")
    article = normalise(site(), PATH)
    assert article["nfs"] is None and article["profile"] == "article"


def test_one_time_follows_from_the_other():
    times = WORLD.library._hanfs_schema_nfs.times
    assert times({}) == (60, 90)
    assert times({"lease_time": 120}) == (120, 120)
    assert times({"grace_time": 30}) == (30, 30)
    assert times({"lease_time": 20}) == (20, 90)


def test_sbd_and_delays_are_filled_in():
    made = normalise(hardened({"fencing:sbd": {"devices": ["/dev/vdc"], "watchdog_timeout": 30}}))[
        "fencing"
    ]
    assert made["sbd"]["msgwait"] == 60 and made["timeout"] == 72
    assert normalise(hardened({"fencing": {"enabled": False}}))["fencing"]["priority_delay"] == 0


@pytest.mark.parametrize(
    ("pillar", "words"),
    [
        ({}, "fence-1:secrets:password: must be text"),
        ({"devices": {"fence-1": {"secrets": {"password": ""}}}}, "fence-1:secrets:password"),
        ({"devices": {"fence-1": {"secrets": {"password": "a\nb"}}}}, "fence-1:secrets:password"),
        ({"devices": []}, "fence-1:secrets:password"),
    ],
)
def test_secrets_are_looked_up_in_pillar_and_never_shown(pillar, words):
    found = WORLD.library._hanfs_schema.secret_problems(
        normalise(hardened()), {"fencing": pillar}, PATH
    )
    assert any(words in sentence for sentence in found) and "a\nb" not in str(found)


def test_right_secrets_in_pillar():
    right = hardened({"fencing:key_files": {"/etc/k": {"content": "x"}}})
    assert WORLD.library._hanfs_schema.secret_problems(normalise(right), right, PATH) == []
    del right["fencing"]["key_files"]["/etc/k"]["content"]
    (found,) = WORLD.library._hanfs_schema.secret_problems(normalise(right), right, PATH)
    assert found.startswith(f"{PATH}:fencing:key_files:/etc/k:content: ")


def test_a_secret_in_clear_text_under_cluster_config_is_refused_and_not_shown():
    device = {"agent": "stonith:fence_x", "attributes": {"password": "s3cr", "ip": "a"}}
    config = {
        "primitives": {"f": device},
        "nodes": {"nfs-server1": {"attributes": {"ilo-password": "s3cr"}}},
        "alerts": {
            "mail": {
                "path": "/x", "options": {"token": "s3cr"},
                "recipients": {"you": {"value": "a@b", "options": {"api_key": "s3cr"}}},
            }
        },
    }  # fmt: skip
    site = normalise(hardened({"cluster_config": config}))
    found = WORLD.library._hanfs_schema.secret_problems(site, hardened(), PATH)
    here = f"{PATH}:cluster_config"
    assert [sentence.split(": ")[0] for sentence in found] == [
        f"{here}:primitives:f:attributes:password",
        f"{here}:nodes:nfs-server1:attributes:ilo-password",
        f"{here}:alerts:mail:options:token",
        f"{here}:alerts:mail:recipients:you:options:api_key",
    ]
    assert "s3cr" not in str(found)


def test_a_reference_under_cluster_config_is_no_secret():
    one = {
        "agent": "stonith:fence_x",
        "attributes": {"password": {"pillar": "a:b"}, "passwd_script": "/x"},
    }
    site = normalise(hardened({"cluster_config": {"primitives": {"f": one}}}))
    assert WORLD.library._hanfs_schema.secret_problems(site, hardened(), PATH) == []


@pytest.mark.parametrize("section", ["cluster", "fencing", "fencing:sbd", "cluster_config", "nfs"])
def test_a_mapping_that_came_out_as_text_is_not_shown(section):
    found = problems(hardened({section: "password: s3cr"}))
    assert any("a text is not a mapping" in text for text in found) and "s3cr" not in str(found)


EXAMPLE = Path(__file__).resolve().parents[2] / "pillar.example"


def test_the_example_is_right_and_has_every_key():
    sites = yaml.safe_load(EXAMPLE.read_text())["hanfs"]["sites"]
    assert {name: problems(one) for name, one in sites.items()} == dict.fromkeys(sites, [])
    keys, world = set(), load(states=False)
    mapping = world.library._hanfs_schema_checks.mapping

    def recorded(known, required=()):
        keys.update(known)
        return mapping(known, required)

    world.library._hanfs_schema_checks.mapping = recorded
    world.library._hanfs_schema.problems(hardened())
    totem = set(world.library._hanfs_schema_cluster._TOTEM_NUMBERS) | {"block_unlisted_ips"}
    text = EXAMPLE.read_text()
    missing = [
        key for key in sorted(keys - totem) if not re.search(rf"(^|\W){key}(\W|$)", text, re.M)
    ]
    assert missing == [] and len(keys) > 60


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SCALARS, inner, max_size=3),
    max_leaves=8,
)
PLACES = [
    "storage", "storage:device", "storage:size", "storage:options", "storage:name", "exports",
    "exports:0", "exports:0:clients", "exports:0:clients:1", "exports:0:clients:1:options",
    "exports:0:name", "exports:0:mode", "exports:1:fsid", "address", "address:name", "nfs",
    "fencing", "fencing:devices", "fencing:devices:fence-1", "fencing:devices:fence-1:nodes",
    "fencing:devices:fence-1:options", "fencing:devices:fence-1:secrets",
    "fencing:devices:fence-1:delay", "fencing:levels", "fencing:sbd", "fencing:key_files",
    "fencing:priority_delay", "fencing:timeout", "cluster:links", "lint", "profile",
]  # fmt: skip
INSIDE = ["", ":devices", ":options", ":ports", ":notify_name", ":state_directory", ":accept"]


@settings(deadline=None, max_examples=1000)
@given(st.sampled_from(PLACES), st.sampled_from(INSIDE), ANYTHING)
def test_any_data_anywhere_gives_sentences(place, inside, data):
    value = {inside[1:]: data} if inside else data
    found = problems(hardened({place: value}), PATH)
    assert all(isinstance(sentence, str) and sentence.startswith(PATH) for sentence in found)
    if not found:
        WORLD.library._hanfs_model.description(normalise(hardened({place: value}), PATH), {})


@pytest.mark.parametrize("key", ["devices", "key_files"])
def test_a_secret_in_the_place_of_a_mapping_is_not_shown(key):
    site = hardened({f"fencing:{key}": {"/etc/k": "quite-Secret-8"}})
    found = problems(site, "hanfs")
    assert any(f"hanfs:fencing:{key}:/etc/k: None is not a mapping" in text for text in found)
    assert "quite-Secret-8" not in str(found)
