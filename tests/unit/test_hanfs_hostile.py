"""Hostile values at every place of a right site: the check answers in plain lines, never raises.

What comes from pillar is data. A line of a message is one line that a terminal, a log and a JSON
encoder take as it is, whatever was in the value or in the name of a key.
"""

import copy

import pytest

from tests.support.hostile import KEYS, VALUES, nested
from tests.support.salt_modules import load
from tests.support.sites import HARDENED, SITE, bent

PATH = "hanfs:sites:athens"
PILLAR = {"hanfs": {"sites": {"athens": HARDENED}}}
WORLD = load(states=False, pillar=PILLAR)
# A message about one value stays readable, however long the value is.
LONGEST = 800


# What the other two do not say.
WHOLE = bent(
    HARDENED,
    {
        "cluster:totem": {"token": 10000, "block_unlisted_ips": "no"},
        "cluster:links": [{"link_priority": 2, "transport": "udp"}, {"mcastport": 5405}],
        "storage": [
            {**HARDENED["storage"], "size": "10G", "grow": True, "mode": "0755", "user": "root"},
            {"device": "/dev/vdc", "vg": "two", "lv": "two", "fstype": "ext4", "mountpoint": "/two",
             "name": "two", "initialize": False},
        ],
        "exports:1": {**HARDENED["exports"][1], "name": "pub", "user": "nobody", "mode": "1777"},
        "address": [
            {"ip": "192.168.16.100", "cidr_netmask": 24, "nic": "eth0", "name": "one"},
            {"ip": "fd00::100", "cidr_netmask": 64},
        ],
        "server_scope": "nfs.example.org",
        "nfs": {"v4_only": False, "lease_time": 60, "grace_time": 90, "threads": 16,
                "ports": {"mountd": 20048}, "state_directory": "/srv/nfs/state", "tickle": True},
        "firewall": {"manage": True, "zone": "public", "cluster_zone": "trusted",
                     "services": ["nfs"]},
        "timeouts": {"peer": 600, "storage": 300, "settle": 600},
        "lint": {"accept": {"HANFS101": "because it is so"}},
        "cluster_config": {
            "properties": {"no-quorum-policy": "stop"},
            "primitives": {"X": {"agent": "ocf:pacemaker:Dummy", "attributes": {"fake": "a"},
                                 "operations": {"monitor": {"interval": "10s"}}}},
        },
        "fencing:levels": {"nfs-server1": [["fence-1"]], "nfs-server2": [["fence-2"]]},
        "fencing:devices:fence-1:delay": 5,
        "fencing:devices:fence-1:monitor": 60,
        "fencing:devices:fence-1:unfencing": False,
        "fencing:priority_delay": 15,
        "fencing:timeout": 120,
        "fencing:key_files": {"/etc/key": {"content": "x", "encoding": "text"}},
        "fencing:sbd": {"devices": ["/dev/disk/by-id/sbd"], "watchdog": "/dev/watchdog",
                        "watchdog_timeout": 5, "msgwait": 10, "initialize": False,
                        "options": {"SBD_OPTS": "-v"}},
    },
)  # fmt: skip
SITES = {"article": SITE, "hardened": HARDENED, "whole": WHOLE}


def places(value, here=()):
    """The way to everything in it: keys and numbers, outermost first."""
    found = [here] if here else []
    if isinstance(value, (dict, list)):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            found += places(item, (*here, key))
    return found


def copied(site, way):
    """A copy of the site, and the part of it that what the way leads to is in."""
    made = copy.deepcopy(site)
    part = made
    for key in way[:-1]:
        part = part[key]
    return made, part


def replaced(site, way, value):
    made, part = copied(site, way)
    part[way[-1]] = value
    return made


def with_key(site, way, key):
    """The site with one more key, beside what the way leads to; None where that is a list."""
    made, part = copied(site, way)
    if not isinstance(part, dict):
        return None
    part[key] = part[way[-1]]
    return made


def asked(site):
    """What the check says of the site, each line as it ought to be."""
    found = WORLD.library._hanfs_schema.problems(site, PATH)
    for line in found:
        assert isinstance(line, str) and line.isprintable(), repr(line)
        assert len(line) <= LONGEST, len(line)
        line.encode("utf-8")
        assert WORLD.library._cib_values.one_line(line) == line
    return found


def described(site):
    """What is right has a description; what the engine has against that are plain lines, too."""
    normal = WORLD.library._hanfs_schema.normalise(site, PATH)
    description = WORLD.library._hanfs_model.description(normal, WORLD.grains)
    found = WORLD.library._cib_describe.problems(description, WORLD.machine.pillar)
    for line in found:
        assert line.isprintable() and len(line) <= LONGEST, repr(line)
    return found


@pytest.mark.parametrize(
    "name, way", [(name, way) for name, site in SITES.items() for way in places(site)],
    ids=lambda given: given if isinstance(given, str) else ":".join(map(str, given)),
)  # fmt: skip
def test_a_value_in_every_place(name, way):
    for value in VALUES:
        site = replaced(SITES[name], way, value)
        if not asked(site):
            described(site)
    for key in KEYS:
        site = with_key(SITES[name], way, key)
        if site is not None and not asked(site):
            described(site)


def test_anything_in_the_place_of_a_site():
    for value in VALUES:
        assert asked(value)


def test_a_right_site_has_no_problem():
    for site in SITES.values():
        assert asked(site) == []
        assert described(site) == []


WRONG = {
    "address:0:nic": ["$(reboot)", "-rf", ".", "a\x00b", "e\u0301"],
    "storage:0:options:0": ["$(reboot)", "`id`", "-rf", "<!--", "a;b", "/x"],
    "storage:0:user": [2**32 - 1, 10**400],
    "cluster:password": ["a\x1bb", "\ud800", "a\x85b"],
    "lint:accept:HANFS101": ["all is \x1b[2Jwell", "\ud800 is right", "word"],
    "exports:0:directory": ["/srv/nfs/\ud800", "/srv/nfs/\u202ex", "/srv/nfs/" + "a" * 1024],
    "fencing:sbd:msgwait": [float("inf"), float("nan"), 10**400],
}


AGENTS = [
    "ocf:a:b\x00c",
    "ocf:a:\ud83dx",
    "ocf:a:b\u2066",
    "ocf:../../x:y",
    "ocf:-x:y",
    "ocf:a:b c",
]


@pytest.mark.parametrize("agent", AGENTS, ids=ascii)
def test_an_agent_that_no_command_line_takes(agent):
    """Found by hypothesis, seed 2; the engine tells it, before anything is touched."""
    site = bent(WHOLE, {"cluster_config:primitives:X:agent": agent})
    assert asked(site) == []
    assert [line for line in described(site) if line.startswith("primitives:X:agent: ")]


@pytest.mark.parametrize("place", WRONG)
def test_what_no_program_would_take_is_refused_in_its_place(place):
    for value in WRONG[place]:
        (line,) = asked(bent(WHOLE, {place: value}))
        assert line.startswith(f"{PATH}:{place}: "), line


def test_a_wrong_mount_point_is_told_in_its_place_alone():
    (line,) = asked(bent(SITE, {"storage:mountpoint": "nfsdata"}))
    assert line.startswith(f"{PATH}:storage:mountpoint: 'nfsdata' is not an absolute path")


def test_two_wrong_values_at_once():
    """A name that is left empty, and no mount point to take it from."""
    (line,) = asked(bent(SITE, {"storage:name": None, "storage:mountpoint": ...}))[1:]
    assert line.startswith(f"{PATH}:storage:name: None is not")


def test_a_wrong_mount_point_is_not_told_of_the_state_directory():
    (line,) = asked(bent(WHOLE, {"storage:0:mountpoint": "nfs"}))
    assert line.startswith(f"{PATH}:storage:0:mountpoint: 'nfs' is not an absolute path")


def test_what_is_too_deep_is_told_with_its_place():
    (line,) = asked(bent(SITE, {"cluster_config": {"primitives": nested(500)}}))
    assert line.startswith(f"{PATH}:cluster_config:primitives:0:0:0")
    assert line.endswith("nested deeper than 30 levels")


def test_a_reason_and_a_password_may_have_blanks_of_any_kind():
    """YAML's folded texts end in a line break."""
    reason = "so it is\nand \u200dright\n"
    change = {"lint:accept:HANFS101": reason, "cluster:password": "a\tb c"}
    assert asked(bent(WHOLE, change)) == []
