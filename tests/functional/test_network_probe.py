"""Who answers for an address, asked on a real wire between two network namespaces."""

import json
import os
import subprocess
import sys

import pytest

from tests.support.salt_modules import ROOT

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")

HERE, THERE = f"hanfs-{os.getpid()}-a", f"hanfs-{os.getpid()}-b"
ASK = """
import json, sys
from tests.support.salt_modules import load
world = load(states=False)
first = [world.machine] if sys.argv[1] == "addresses" else []
print(json.dumps(getattr(world.library._hanfs_net, sys.argv[1])(*first, *sys.argv[2:])))
"""


def ip(*argv, check=True):
    return subprocess.run(["ip", *argv], check=check, capture_output=True, text=True)


@pytest.fixture(scope="module")
def wire():
    """Two namespaces and a cable; the far end has 192.0.2.2 and 192.0.2.100."""
    try:
        if ip("netns", "add", HERE, check=False).returncode:
            pytest.skip("no network namespaces here")
        ip("netns", "add", THERE)
        cable = ["link", "add", "near", "type", "veth", "peer", "name", "far", "netns", THERE]
        ip("-n", HERE, *cable)
        ip("-n", HERE, "addr", "add", "192.0.2.1/24", "dev", "near")
        ip("-n", THERE, "addr", "add", "192.0.2.2/24", "dev", "far")
        ip("-n", THERE, "addr", "add", "192.0.2.100/24", "dev", "far")
        for namespace, device in ((HERE, "near"), (THERE, "far")):
            ip("-n", namespace, "link", "set", device, "up")
        yield
    finally:
        for namespace in (HERE, THERE):
            ip("netns", "del", namespace, check=False)


def ask(function, *arguments):
    done = subprocess.run(
        ["ip", "netns", "exec", HERE, sys.executable, "-c", ASK, function, *arguments],
        capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_an_address_that_somebody_has(wire):
    link = json.loads(ip("-n", THERE, "-json", "link", "show", "far").stdout)
    assert ask("answered_by", "192.0.2.100", "near") == link[0]["address"]


def test_an_address_that_nobody_has(wire):
    assert ask("answered_by", "192.0.2.101", "near") is None


def test_the_question_teaches_nobody_anything(wire):
    """A probe from 0.0.0.0 leaves no entry in the neighbour's table, as a normal question would."""
    ip("-n", THERE, "neigh", "flush", "all")
    ask("answered_by", "192.0.2.100", "near")
    assert ip("-n", THERE, "neigh", "show").stdout.strip() == ""


def test_the_addresses_of_a_machine(wire):
    local = [entry for entry in ask("addresses") if ":" not in entry["ip"]]
    assert local == [{"interface": "near", "ip": "192.0.2.1", "network": "192.0.2.0/24"}]
