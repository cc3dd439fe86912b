"""Every command of the cluster layer, for each pcs, as files that people can read.

``golden/pcs-VERSION.txt`` has one command a line, and above each where in that pcs's source it is
said that it takes the command. A difference is a change of what a cluster would be told: look it up
there before the file is changed.
"""

from pathlib import Path

import pytest
from salt.exceptions import SaltInvocationError

from tests.support.pcs_command import CAPABILITIES
from tests.support.salt_modules import load

GOLDEN = Path(__file__).parent / "golden"
NODES = {"n1": ["10.0.0.1", "10.1.0.1"], "n2": ["10.0.0.2", "10.1.0.2"]}
QUORUM = {"wait_for_all": True, "last_man_standing": None}
OPTIONS = {
    "transport_options": {"link_mode": "active"},
    "compression": {"model": "zlib"},
    "crypto": {"cipher": "aes256", "hash": "sha256"},
    "quorum": {"wait_for_all": True},
}
# What is asked for, and how: the names stand in the golden files.
CASES = {
    "authenticate": ("auth", NODES, "hacluster"),
    "authenticate anew": ("auth", NODES, "hacluster", True),
    "set up": ("setup", "c", NODES),
    "set up, with options of all pcs": (
        "setup", "c", NODES, {"token": 10000}, "udpu", None, {"quorum": {"wait_for_all": True}},
    ),
    "set up, with every kind of option": (
        "setup", "c", NODES, {"token": 10000}, "knet", [{"link_priority": 1}], OPTIONS,
    ),
    "add a node": ("node_add", "n3", ["10.0.0.3", "10.1.0.3"]),
    "remove a node": ("node_remove", "n3"),
    "remove a node that is gone": ("node_remove", "n3", True),
    "change corosync": (
        "config_update",
        {"totem": {"token": "7000", "join": None}, "compression": {"model": "zlib"}},
    ),
    "change a file": ("config_update", {"totem": {"token": "7000"}}, "/tmp/corosync.conf"),
    "change the quorum": ("quorum_update", QUORUM),
    "change the quorum in a file": ("quorum_update", QUORUM, "/tmp/corosync.conf"),
    "bring corosync.conf to all nodes": ("sync",),
    "add a link": ("link_add", "1", {"n1": "10.1.0.1", "n2": "10.1.0.2"}, {"link_priority": "2"}),
    "remove a link": ("link_remove", "1"),
    "add a quorum device": (
        "device_add", "net", {"host": "q", "algorithm": "ffsplit"}, {"timeout": 20000},
        {"mode": "on"},
    ),
    "change the quorum device": ("device_update", {"algorithm": "lms"}, {"timeout": None}, {}),
    "remove the quorum device": ("device_remove",),
    "enable SBD": (
        "sbd_enable", {"n1": "/dev/watchdog1"}, {"n1": ["/dev/sda", "/dev/sdb"]},
        {"SBD_WATCHDOG_TIMEOUT": 10, "SBD_DELAY_START": True}, False,
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def argv():
    return load(states=False).library._pcs_argv


def told(argv, version, case):
    name, *arguments = case
    try:
        return " ".join(getattr(argv, name)(CAPABILITIES[version].split(), *arguments))
    except SaltInvocationError as err:
        return f"refused: {err}"


def golden(version):
    """Name of the case -> (where it is grounded, the command)."""
    found, name, source = {}, None, None
    for line in (GOLDEN / f"pcs-{version}.txt").read_text().splitlines():
        if line.startswith("## "):
            name = line[3:]
        elif line.startswith("# source: "):
            source = line[len("# source: ") :]
        elif line and not line.startswith("#"):
            assert name not in found, f"{name} twice"
            found[name] = (source, line)
            source = None
    return found


@pytest.mark.parametrize("version", CAPABILITIES)
@pytest.mark.parametrize("case", CASES)
def test_what_each_pcs_is_told(argv, version, case):
    source, line = golden(version)[case]
    assert told(argv, version, CASES[case]) == line
    assert source, f"{case}: no word on where pcs {version} takes it"


@pytest.mark.parametrize("version", CAPABILITIES)
def test_golden_files_have_nothing_else(version):
    assert set(golden(version)) == set(CASES)


def test_no_command_forces_but_the_removal_of_a_node_that_is_gone(argv):
    """``--force`` destroys clusters in setup; of 0.9's auth it only means: also good tokens."""
    for version in CAPABILITIES:
        forced = {name for name, case in CASES.items() if "--force" in told(argv, version, case)}
        allowed = {"remove a node that is gone"}
        assert forced == (allowed | {"authenticate anew"} if version == "0.9" else allowed)
