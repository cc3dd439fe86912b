"""Every way a site's pillar can be wrong; and no data at all makes the check itself fail."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.salt_modules import load
from tests.support.sites import SITE, site

WORLD = load(states=False)
problems = WORLD.library._hanfs_schema.problems
EXPORT = SITE["exports"][0]

# What is changed in a right site, the path that the problem must name, and what it must say.
BAD = {
    "unknown key": ({"storage:devise": "/dev/vdb"}, "storage:devise", "did you mean device?"),
    "unknown key, nothing like it": ({"zzz": 1}, "zzz", "allowed: profile, cluster"),
    "key that is no text": ({"storage:7": 1}, "storage:7", "unknown key"),
    "profile of another kind": ({"profile": "naive"}, "profile", "Allowed: article, hardened"),
    "site's part is a list": ({"cluster": []}, "cluster", "a list is not a mapping with the keys"),
    "part missing": ({"storage": ...}, "storage", "missing"),
    "nodes are a list": ({"cluster:nodes": ["a", "b"]}, "cluster:nodes", "not a mapping of node"),
    "one node": ({"cluster:nodes:nfs-server2": ...}, "cluster:nodes", "1 node(s) given"),
    "no nodes": ({"cluster:nodes": {}}, "cluster:nodes", "0 node(s) given"),
    "node name": (
        {"cluster:nodes:a_b": ["10.10.10.13", "192.168.16.13"]},
        "nodes:a_b",
        "host name",
    ),
    "node name is an address": (
        {"cluster:nodes:10.1.1.1": ["10.10.10.13", "192.168.16.13"]},
        "nodes:10.1.1.1",
        "the key is the node's host name",
    ),
    "addresses are text": (
        {"cluster:nodes:nfs-server1": "10.10.10.11"},
        "nodes:nfs-server1",
        "list",
    ),
    "no addresses": ({"cluster:nodes:nfs-server1": []}, "nodes:nfs-server1", "1 to 8 are allowed"),
    "nine addresses": (
        {"cluster:nodes:nfs-server1": [f"10.0.{n}.1" for n in range(9)]},
        "nodes:nfs-server1",
        "1 to 8 are allowed",
    ),
    "bad address": (
        {"cluster:nodes:nfs-server1:0": "10.10.10"},
        "nodes:nfs-server1:0",
        "IP address",
    ),
    "address with a prefix": (
        {"cluster:nodes:nfs-server1:0": "10.10.10.11/24"},
        "nodes:nfs-server1:0",
        "IP address",
    ),
    "address is a number": (
        {"cluster:nodes:nfs-server1:0": 10.1},
        "nodes:nfs-server1:0",
        "IP addre",
    ),
    "loopback": ({"cluster:nodes:nfs-server1:0": "127.0.0.1"}, "nodes:nfs-server1:0", "IP address"),
    "same address twice": (
        {"cluster:nodes:nfs-server2:0": "10.10.10.11"},
        "nodes:nfs-server2:0",
        "is also at",
    ),
    "same address on two links": (
        {"cluster:nodes:nfs-server1:1": "10.10.10.11"},
        "nodes:nfs-server1:1",
        "is also at",
    ),
    "number of links differs": (
        {"cluster:nodes:nfs-server2": ["10.10.10.12"]},
        "cluster:nodes",
        "nfs-server1 has 2, nfs-server2 has 1",
    ),
    "virtual address in another spelling": (
        {"address": {"ip": "FD00:0::3", "cidr_netmask": 64}},
        "address:ip",
        "must be written fd00::3",
    ),
    "node address in another spelling": (
        {"cluster:nodes:nfs-server1:0": "fd00:0:0:0:0:0:0:1"},
        "nodes:nfs-server1:0",
        "must be written fd00::1",
    ),
    "link of both families": (
        {"cluster:nodes:nfs-server2:0": "fd00::2"},
        "nodes:nfs-server2:0",
        "mixes IPv4 and IPv6",
    ),
    "cluster name": ({"cluster:name": "a b"}, "cluster:name", "cluster name"),
    "cluster name missing": ({"cluster:name": ...}, "cluster:name", "missing"),
    "password with a line break": ({"cluster:password": "a\n"}, "cluster:password", "line breaks"),
    "password is a number": ({"cluster:password": 12345}, "cluster:password", "must be text"),
    "unknown totem option": ({"cluster:totem": {"tokn": 1}}, "cluster:totem:tokn", "mean token?"),
    "totem option is text": ({"cluster:totem": {"token": "1s"}}, "totem:token", "whole number"),
    "device is not below /dev": ({"storage:device": "/vdb"}, "storage:device", "not below /dev"),
    "device is climbing": ({"storage:device": "/dev/../x"}, "storage:device", "absolute path"),
    "device is a list": ({"storage:device": ["/dev/vdb"]}, "storage:device", "absolute path"),
    "vg without lv": ({"storage:lv": ...}, "storage:lv", "missing, since vg is given"),
    "lv without vg": ({"storage:vg": ...}, "storage:vg", "missing, since lv is given"),
    "vg name": ({"storage:vg": "-x"}, "storage:vg", "a name for LVM"),
    "lv name that LVM keeps": ({"storage:lv": "data_tmeta"}, "storage:lv", "LVM keeps for itself"),
    "fstype": ({"storage:fstype": "btrfs"}, "storage:fstype", "Allowed: xfs, ext4"),
    "mount point of the system": (
        {"storage:mountpoint": "/var"},
        "storage:mountpoint",
        "operating",
    ),
    "mount point with a slash": (
        {"storage:mountpoint": "/a/"},
        "storage:mountpoint",
        "slash at the",
    ),
    "mount point with a blank": ({"storage:mountpoint": "/a b"}, "storage:mountpoint", "blanks"),
    "initialize is text": ({"storage:initialize": "yes"}, "storage:initialize", "true nor false"),
    "mode": ({"storage:mode": "0999"}, "storage:mode", "not a mode"),
    "mode in decimal": ({"storage:mode": 493}, "storage:mode", "not a mode"),
    "user": ({"storage:user": "a b"}, "storage:user", "a user or group"),
    "exports are a mapping": ({"exports": {}}, "exports", "not a list of exports"),
    "no exports": ({"exports": []}, "exports", "0 exports given"),
    "export is text": ({"exports:0": "/nfsdata"}, "exports:0", "not a mapping"),
    "export outside": (
        {"exports:0:directory": "/srv"},
        "exports:0:directory",
        "it must be /nfsdata",
    ),
    "export beside": (
        {"exports:0:directory": "/nfsdata2"},
        "exports:0:directory",
        "it must be /nfsdata or below",
    ),
    "export of the server's state": (
        {"exports:0:directory": "/nfsdata/nfsinfo"},
        "exports:0:directory",
        "never exported by itself",
    ),
    "clients are text": ({"exports:0:clients": "*"}, "exports:0:clients", "not a list of clients"),
    "client": ({"exports:0:clients:0": "a b"}, "exports:0:clients:0", "a network"),
    "client network": ({"exports:0:clients:0": "10.0.0.0/40"}, "clients:0", "not a network"),
    "client network with host bits": (
        {"exports:0:clients:0": "192.168.16.5/24"},
        "clients:0",
        "must be written 192.168.16.0/24",
    ),
    "client network with a mask": (
        {"exports:0:clients:0": "192.168.16.0/255.255.255.0"},
        "clients:0",
        "must be written 192.168.16.0/24",
    ),
    "client twice": (
        {"exports:0:clients": ["10.0.0.0/8", "10.0.0.0/8"]},
        "exports:0:clients",
        "exported to 10.0.0.0/8 twice",
    ),
    "option is not text": ({"exports:0:options:0": False}, "options:0", "not one export option"),
    "options in one": ({"exports:0:options:0": "rw,sync"}, "options:0", "one per item"),
    "fsid among the options": ({"exports:0:options:4": "fsid=0"}, "options:4", "own key `fsid`"),
    "options contradict": (
        {"exports:0:options:4": "ro"},
        "exports:0:options",
        "rw and ro contradict",
    ),
    "fsid missing": ({"exports:0:fsid": ...}, "exports:0:fsid", "missing"),
    "fsid": ({"exports:0:fsid": -1}, "exports:0:fsid", "whole number"),
    "fsid too large": ({"exports:0:fsid": "4294967296"}, "exports:0:fsid", "whole number"),
    "fsid is a truth": ({"exports:0:fsid": True}, "exports:0:fsid", "whole number"),
    "fsid twice": (
        {"exports:1": {**EXPORT, "directory": "/nfsdata/a", "fsid": "root"}},
        "exports:1:fsid",
        "every directory needs its own",
    ),
    "two fsids of one directory": (
        {"exports:1": {**EXPORT, "clients": ["10.0.0.0/8"], "fsid": 1}},
        "exports:1:fsid",
        "a directory has one",
    ),
    "export name": ({"exports:0:name": "1a"}, "exports:0:name", "not a name the cluster allows"),
    "export name is a number": ({"exports:0:name": 5}, "exports:0:name", "not a name the cluster"),
    "export name twice": (
        {
            "exports:0:name": "home",
            "exports:1": {**EXPORT, "name": "home", "clients": ["10.0.0.0/8"]},
        },
        "exports:1:name",
        "home is the name of exports:0 already",
    ),
    "export name that the first one has": (
        {"exports:1": {**EXPORT, "name": "NFSExport", "clients": ["10.0.0.0/8"]}},
        "exports:1:name",
        "NFSExport is the name of exports:0 already",
    ),
    "export name of another resource": (
        {"exports:0:name": "VIP"},
        "exports:0:name",
        "VIP is the name of something else",
    ),
    "export name of the group": (
        {"exports:0:name": "nfsresourcegroup"},
        "exports:0:name",
        "is the name of something else",
    ),
    "virtual address": ({"address:ip": "192.168.16.300"}, "address:ip", "IP address"),
    "virtual address of a node": (
        {"address:ip": "192.168.16.12"},
        "address:ip",
        "node nfs-server2",
    ),
    "virtual address is the network's": ({"address:ip": "192.168.16.0"}, "address:ip", "broadcast"),
    "virtual address is everybody's": ({"address:ip": "192.168.16.255"}, "address:ip", "broadcast"),
    "netmask missing": ({"address:cidr_netmask": ...}, "address:cidr_netmask", "missing"),
    "netmask": ({"address:cidr_netmask": 33}, "address:cidr_netmask", "at most 32"),
    "netmask is dotted": (
        {"address:cidr_netmask": "255.255.255.0"},
        "cidr_netmask",
        "whole number",
    ),
    "interface": ({"address:nic": "eth0/1"}, "address:nic", "network interface"),
    "server scope": ({"server_scope": "a b"}, "server_scope", "true (the virtual address)"),
    "fencing missing": ({"fencing": ...}, "fencing", "say `fencing: {enabled: false}`"),
    "fencing says nothing": ({"fencing": {}}, "fencing:enabled", "Say `enabled: false`"),
    "fencing is a word": ({"fencing": "off"}, "fencing", "not a mapping"),
    "fencing without a device": (
        {"fencing:enabled": True},
        "fencing:enabled",
        "no primitive with an agent `stonith:...`",
    ),
    "fencing with something that is no device": (
        {
            "fencing:enabled": True,
            "cluster_config": {"primitives": {"a": None, "b": {"agent": 5}, "VIP": {"agent": "x"}}},
        },
        "fencing:enabled",
        "no primitive with an agent `stonith:...`",
    ),
    "fencing among the properties": (
        {"cluster_config": {"properties": {"stonith-enabled": False}}},
        "cluster_config:properties:stonith-enabled",
        "say it under fencing:",
    ),
    "fencing among the properties, newer word": (
        {"cluster_config": {"properties": {"fencing-enabled": None}}},
        "cluster_config:properties:fencing-enabled",
        "say it under fencing:",
    ),
    "firewall zone": ({"firewall": {"zone": "--x"}}, "firewall:zone", "firewalld zone"),
    "firewall services": (
        {"firewall": {"services": "nfs"}},
        "firewall:services",
        "list of services",
    ),
    "timeout": ({"timeouts": {"peer": 0}}, "timeouts:peer", "1 to 86400 (seconds)"),
    "timeout is a truth": ({"timeouts": {"peer": True}}, "timeouts:peer", "whole number"),
    "cluster config": (
        {"cluster_config": {"primitive": {}}},
        "cluster_config:primitive",
        "primitives?",
    ),
    "defaults in cluster config": (
        {"cluster_config": {"op_defaults": 5}},
        "cluster_config:op_defaults",
        "neither a mapping nor a list",
    ),
    "unmanaged": (
        {"cluster_config": {"unmanaged": "burn"}},
        "cluster_config:unmanaged",
        "keep",
    ),
    "disruption": ({"allow_disruption": "please"}, "allow_disruption", "neither true nor false"),
    "resource name": (
        {"cluster_config": {"primitives": {"1a": {}}}},
        "primitives:1a",
        "not a name",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_is_named_with_its_path(case):
    change, path, words = BAD[case]
    found = problems(site(change), "hanfs:sites:athens")
    naming = [sentence for sentence in found if sentence.split(": ")[0].endswith(path)]
    assert any(words in sentence for sentence in naming), found
    assert all(sentence.startswith("hanfs:sites:athens:") for sentence in found)
    assert "s3cret" not in str(found)


GOOD = {
    "as it is": {},
    "without the password": {"cluster:password": ...},
    "one link": {
        "cluster:nodes": {"a.example.com": ["10.0.0.1"], "b.example.com": ["10.0.0.2"]},
        "address:ip": "10.0.0.3",
    },
    "three nodes": {"cluster:nodes:nfs-server3": ["10.10.10.13", "192.168.16.13"]},
    "IPv6": {
        "cluster:nodes": {"a": ["fd00::1"], "b": ["fd00::2"]},
        "address": {"ip": "fd00::3", "cidr_netmask": 64},
    },
    "no LVM": {"storage:vg": ..., "storage:lv": ...},
    "everything optional": {
        "cluster:totem": {"token": 10000, "block_unlisted_ips": "yes"},
        "storage:user": "nobody",
        "storage:group": 65534,
        "storage:mode": "0755",
        "server_scope": "nfs.example.com",
        "firewall": {"manage": False, "zone": "public", "services": ["nfs"]},
        "timeouts": {"peer": 1, "storage": 2, "settle": 3},
        "cluster_config": {"properties": {"batch-limit": 10}, "groups": {"g": ["VIP"]}},
    },
    "mode without quotes, as Salt reads it": {"storage:mode": 755},
    "all kinds of clients": {"exports:0:clients": ["*", "@lan", "10.0.0.9", "*.example.com", "h1"]},
    "same directory for others": {
        "exports:1": {**EXPORT, "clients": ["10.0.0.0/8"], "options": ["ro"]},
    },
    "exports with names": {
        "exports:0:name": "NFSExport",
        "exports:1": {**EXPORT, "name": "home_1.x", "clients": ["10.0.0.0/8"]},
    },
    "the article's name for another one": {
        "exports:0:name": "home",
        "exports:1": {**EXPORT, "name": "NFSExport", "clients": ["10.0.0.0/8"]},
    },
    "fencing with a device": {
        "fencing:enabled": True,
        "cluster_config": {"primitives": {"fence1": {"agent": "stonith:fence_xvm"}}},
    },
    "more directories": {"exports:1": {**EXPORT, "directory": "/nfsdata/a", "fsid": 7}},
}


@pytest.mark.parametrize("case", GOOD)
def test_a_right_site_has_no_problems_and_can_be_normalised(case):
    right = site(GOOD[case])
    assert problems(right) == []
    made = WORLD.library._hanfs_schema.normalise(right, "hanfs:sites:athens")
    assert made["path"] == "hanfs:sites:athens"
    assert "s3cret" not in str(made)


def test_all_problems_are_told_at_once():
    found = problems(site({"fencing": ..., "storage:lv": ..., "address:ip": "x", "nodez": 1}))
    assert len(found) == 4


def test_defaults_are_filled_in_without_touching_the_argument():
    given_site = site({"cluster:nodes:nfs-server1:0": "10.10.10.11", "exports:0:options": ...})
    made = WORLD.library._hanfs_schema.normalise(given_site)
    assert made["timeouts"] == {"peer": 600, "storage": 300, "settle": 600}
    assert made["server_scope"] is True
    assert made["exports"][0]["clients"] == [
        {"client": "192.168.16.0/24", "options": ["rw", "sync"]}
    ]
    assert made["exports"][0]["fsid"] == "0"
    assert "options" not in given_site["exports"][0] and "timeouts" not in given_site


KNOWN = {"nfs_packages": ["a"], "supported": True, "mount_mode": "0755", "nfs_unit": "nfs-server"}
BAD_TREE = {
    "key beside the sites": (
        {"beside": ["timeouts"]},
        "hanfs:timeouts: not read beside hanfs:sites; move it to hanfs:sites:<site>:timeouts",
    ),
    "misspelt lookup": ({"beside": ["lokup"]}, "hanfs:lokup: unknown key, did you mean lookup?"),
    "key nobody knows": ({"beside": ["7"]}, "hanfs:7: unknown key, allowed: sites, lookup"),
    "lookup is a list": ({"lookup": ["a"]}, "hanfs:lookup: a list is not a mapping"),
    "lookup is text": ({"lookup": "a"}, "hanfs:lookup: a text is not a mapping"),
    "misspelt name": (
        {"lookup": {"nfs_packges": None}},
        "hanfs:lookup:nfs_packges: unknown key, did you mean nfs_packages?",
    ),
    "packages are text": (
        {"lookup": {"nfs_packages": "nfs-utils"}},
        "hanfs:lookup:nfs_packages: 'nfs-utils' is not a list of names",
    ),
    "packages are a mapping": (
        {"lookup": {"nfs_packages": {"a": 1}}},
        "hanfs:lookup:nfs_packages: a mapping is not a list of names",
    ),
    "package is no text": (
        {"lookup": {"nfs_packages": ["a", None]}},
        "hanfs:lookup:nfs_packages:1: None is not a name",
    ),
    "package is empty": ({"lookup": {"nfs_packages": [""]}}, "hanfs:lookup:nfs_packages:0: '' is"),
    "supported is text": (
        {"lookup": {"supported": "yes"}},
        "hanfs:lookup:supported: 'yes' is neither true nor false",
    ),
    "unit is a list": ({"lookup": {"nfs_unit": ["x"]}}, "hanfs:lookup:nfs_unit: a list is not a"),
    "unit is nothing": ({"lookup": {"nfs_unit": None}}, "hanfs:lookup:nfs_unit: None is not a"),
    "unit is a truth": ({"lookup": {"nfs_unit": True}}, "hanfs:lookup:nfs_unit: True is not a"),
    "mode": ({"lookup": {"mount_mode": "999"}}, "hanfs:lookup:mount_mode: '999' is not a mode"),
}


@pytest.mark.parametrize("case", BAD_TREE)
def test_what_is_wrong_beside_and_above_the_sites_is_named(case):
    given_tree, words = BAD_TREE[case]
    (found,) = WORLD.library._hanfs_schema.tree_problems(known_lookup=KNOWN, **given_tree)
    assert found.startswith(words)


@pytest.mark.parametrize(
    "lookup",
    [
        None,
        {},
        {"nfs_packages": [], "supported": False, "mount_mode": "0700", "nfs_unit": "nfs"},
        {"mount_mode": 755},
    ],
)
def test_a_right_lookup(lookup):
    assert WORLD.library._hanfs_schema.tree_problems(None, lookup, KNOWN) == []


def test_an_owner_in_lookup_may_be_a_number():
    known = {"mount_user": "nobody"}
    assert WORLD.library._hanfs_schema.tree_problems([], {"mount_user": 65534}, known) == []


def test_initialize_is_off_unless_it_is_said():
    made = WORLD.library._hanfs_schema.normalise(site({"storage:initialize": ...}))
    assert made["file_systems"][0]["initialize"] is False


@pytest.mark.parametrize("password", [None, "", "a\nb", 5, ["x"], {}, "a\r", "a\0"])
def test_bad_passwords_are_named_by_path_and_never_shown(password):
    found = WORLD.library._hanfs_schema.password_problems(password, "hanfs:cluster:password")
    assert len(found) == 1 and found[0].startswith("hanfs:cluster:password: ")


def test_a_right_password():
    assert WORLD.library._hanfs_schema.password_problems("grüße; $(x) '\"") == []


SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.binary()
)
KEYS = st.sampled_from(
    ["cluster", "nodes", "name", "storage", "vg", "exports", "clients", "fsid", "address", "ip",
     "directory", "options", "fencing", "enabled", "mountpoint", "cluster_config", "primitives",
     "properties", "agent"]
) | SCALARS  # fmt: skip
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=25,
)


@settings(max_examples=300, deadline=None)
@given(ANYTHING)
def test_any_data_gives_a_list_of_sentences(data):
    found = problems(data)
    assert isinstance(found, list)
    assert found and all(isinstance(sentence, str) for sentence in found)


PATHS = (
    "cluster cluster:nodes cluster:nodes:nfs-server1 cluster:nodes:nfs-server1:0 storage"
    " storage:device storage:mountpoint exports exports:0 exports:0:directory exports:0:clients"
    " exports:0:clients:0 exports:0:options exports:0:fsid address address:ip"
    " address:cidr_netmask fencing profile exports:0:name cluster_config".split()
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(PATHS), ANYTHING, min_size=1, max_size=1))
def test_any_data_anywhere_in_a_right_site_never_raises(change):
    found = problems(site(change))
    if not found:
        WORLD.library._hanfs_schema.normalise(site(change))


@settings(max_examples=200, deadline=None)
@given(ANYTHING, ANYTHING, ANYTHING)
def test_any_data_beside_the_sites_gives_sentences(beside, lookup, known):
    found = WORLD.library._hanfs_schema.tree_problems(beside, lookup, known)
    assert all(isinstance(sentence, str) for sentence in found)
