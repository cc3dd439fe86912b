"""A cluster that somebody built by hand is taken over, and what is ours is known to the cluster."""

from __future__ import annotations

import json
import os
import re
import subprocess
import xml.etree.ElementTree as ET

import pytest

from tests.integration import site
from tests.lab.pair import NAMES, Pair
from tests.lab.wait import wait_until
from tests.support import by_hand
from tests.support.engine import Engine, install
from tests.support.exec_log import CLUSTER_TOOLS, ExecLog

DUMMY = "ocf:pacemaker:Dummy"
BY_HAND = (
    "property set no-quorum-policy=stop batch-limit=20",
    "resource defaults update resource-stickiness=100",
    "resource op defaults update timeout=60s",
    f"resource create Web1 {DUMMY} fake=one op monitor interval=20s timeout=30s --group web",
    f"resource create Web2 {DUMMY} --group web",
    f"resource create Lone {DUMMY} meta failure-timeout=60s",
    "constraint colocation add Lone with web 50",
    "constraint order web then Lone kind=Optional",
    # ... and what the description will not have
    f"resource create Other {DUMMY}",
    "constraint location Other prefers nfs-server2=10",
    "property set cluster-ipc-limit=600",
)
DESCRIPTION = {
    "properties": {"stonith-enabled": False, "no-quorum-policy": "stop", "batch-limit": 20},
    "resource_defaults": {"resource-stickiness": 100},
    "op_defaults": {"timeout": "60s"},
    "primitives": {
        "Web1": {
            "agent": DUMMY,
            "attributes": {"fake": "one"},
            "operations": {"monitor": {"interval": "20s", "timeout": "30s"}},
        },
        "Web2": {"agent": DUMMY},
        "Lone": {"agent": DUMMY, "meta": {"failure-timeout": "60s"}},
    },
    "groups": {"web": ["Web1", "Web2"]},
    "constraints": {
        "colocation": [{"resource": "Lone", "with": "web", "score": 50}],
        "order": [{"first": "web", "then": "Lone", "kind": "Optional"}],
    },
}
WITHOUT_LONE = {
    **DESCRIPTION,
    "primitives": {name: DESCRIPTION["primitives"][name] for name in ("Web1", "Web2")},
    "constraints": {},
}
FOREIGN = {"Other", "cluster-ipc-limit"}


@pytest.fixture(scope="module")
def pair():
    pair = Pair("installed", minion=False)
    try:
        install(pair)
        by_hand.build(pair.start())
        by_hand.commands(pair[0], BY_HAND)
        by_hand.settle(pair[0])
        yield pair
    finally:
        pair.remove()


@pytest.fixture
def engines(pair):
    """New processes for each test: nothing is remembered but by the cluster."""
    with Engine(pair[0]) as first, Engine(pair[1]) as second:
        assert [first.end(), second.end()] == ["ready", "ready"]
        yield first, second


def configured(engine, description=DESCRIPTION, test=False, **more):
    """The return of ``pcs.configured``."""
    (state,) = engine(
        "state.single", "pcs.configured", name="x", test=test, **description, **more
    ).values()
    return state


def operations(node):
    """Every operation of a resource that the cluster remembers, and when it last ran."""
    root = ET.fromstring(by_hand.cib(node))
    return {
        (state.get("uname"), one.get("id")): (one.get("call-id"), one.get("last-rc-change"))
        for state in root.iter("node_state")
        for one in state.iter("lrm_rsc_op")
    }


def configuration(node):
    """The configuration without what the record of ownership is."""
    root = ET.fromstring(by_hand.cib(node)).find("configuration")
    return ET.tostring(root, encoding="unicode")


def ids(node):
    return {one.get("id") for one in ET.fromstring(by_hand.cib(node)).iter() if one.get("id")}


# A dry run ---------------------------------------------------------------------------------------

READS = {
    "cibadmin": r"^\"cibadmin\", \"--query\"$",
    "crm_resource": r"\"--(show-metadata|list-agents|list-ocf-\w+)\b",
    "crm_verify": r"--xml-(pipe|file)",
    "crm_diff": r"--original",
    "crm_simulate": r"--xml-(file|pipe)",
    "crm_attribute": r"--list-options",
}


def files_of(node):
    """Every file of a running node that a dry run could have written, with its time of change."""
    found = {}
    for top in ("etc", "var/cache/salt", "var/lib/pcsd", "var/lib/corosync", "srv"):
        for directory, _, names in os.walk(node.root / top):
            # Salt's file server writes down when it last looked, also for test.nop
            for name in set(names) - {"mtime_map"}:
                status = os.lstat(os.path.join(directory, name))
                found[os.path.join(directory, name)] = (status.st_size, status.st_mtime_ns)
    return found


def services(node):
    units = ["corosync", "pacemaker", "pcsd", "sbd"]
    return [
        node.run(["systemctl", verb, *units], check=False).stdout
        for verb in ("is-active", "is-enabled")
    ]


def salt_call(node, log, *arguments):
    done = subprocess.run(
        log.wrap(node.command(["salt-call", *arguments, "--out=json"])),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)["local"]


@pytest.mark.parametrize("case", ["adoption", "change"])
def test_dry_run_writes_nothing(pair, tmp_path, case):
    node = pair[0]
    description = json.loads(json.dumps(DESCRIPTION))
    if case == "change":
        description["primitives"]["Web1"]["attributes"]["fake"] = "two"
        description["primitives"]["New"] = {"agent": DUMMY}
        description["properties"]["batch-limit"] = 30
    words = [f"{key}={json.dumps(value)}" for key, value in description.items()]
    call = ("state.single", "pcs.configured", "name=x", "test=True", *words)
    # once before, since Python keeps what it compiled
    salt_call(node, ExecLog(tmp_path / "first"), *call)
    before = by_hand.cib(node), services(node), files_of(node)
    log = ExecLog(tmp_path / "log")
    (state,) = salt_call(node, log, *call).values()
    assert state["result"] is None and state["changes"], state
    assert services(node) == before[1]
    assert files_of(node) == before[2]
    # the same to the letter, its counters too
    assert by_hand.cib(node) == before[0]
    # what this pcs can, to tell the commands that would do the same
    assert set(log.pcs()) <= {'"pcs", "--version", "--full"'}
    for name, arguments in log.commands():
        if CLUSTER_TOOLS.match(name):
            assert name in READS and re.search(READS[name], arguments), (name, arguments)


# Adoption ----------------------------------------------------------------------------------------


def test_what_was_made_by_hand_is_taken_over(pair, engines):
    before, others = operations(pair[0]), ids(pair[0])
    predicted = configured(engines[0], test=True)
    assert predicted["result"] is None and set(predicted["changes"]) == {"ownership"}
    taken = configured(engines[0])
    assert taken["result"] is True and taken["changes"] == predicted["changes"], taken
    by_hand.settle(pair[0])
    assert operations(pair[0]) == before, "no operation ran"
    new = ids(pair[0]) - others
    assert others <= ids(pair[0])
    # One set of properties that Pacemaker does not look at.
    assert all("hanfs" in name or "salt" in name or "own" in name for name in new), new
    for engine in engines:
        again = configured(engine)
        assert again["result"] is True and not again["changes"], again
        for name in FOREIGN:
            assert name in again["comment"]
    assert operations(pair[0]) == before


def test_ownership_needs_no_minion(pair):
    """Removed from the description on the other node, whose minion knows nothing of the past."""
    for node in pair:
        node.run(["rm", "-rf", "/var/cache/salt"])
    with Engine(pair[1]) as other:
        other.end()
        predicted = configured(other, WITHOUT_LONE, test=True)
        removed = configured(other, WITHOUT_LONE, wait=60)
    assert removed["result"] is True and removed["changes"] == predicted["changes"]
    assert removed["changes"]["primitives"].keys() == {"Lone"}
    assert len(removed["changes"]["constraints"]) == 2
    names = ids(pair[0])
    assert "Lone" not in names and {"Other", "Web1", "Web2", "web"} <= names
    assert "cluster-ipc-limit" in by_hand.cib(pair[0])


def test_ownership_survives_a_node(pair, engines):
    back = configured(engines[0], wait=60)
    assert back["result"] is True and set(back["changes"]) >= {"primitives", "constraints"}
    pair[0].power_off()

    def alone():
        seen = pair[1].run(["crm_mon", "-1"], check=False).stdout
        return f"OFFLINE: [ {NAMES[0]} ]" in seen and "partition with quorum" in seen, seen

    wait_until(alone, 60, "the other node to be missed")
    removed = configured(engines[1], WITHOUT_LONE, wait=60)
    assert removed["result"] is True and set(removed["changes"]["primitives"]) == {"Lone"}
    pair[0].start().wait_until_reachable()
    by_hand.commands(pair[0], ["cluster start"])
    by_hand.wait_online(pair)
    with Engine(pair[0]) as returned:
        returned.end()
        again = configured(returned, WITHOUT_LONE)
    assert again["result"] is True and not again["changes"], again
    assert "Lone" not in ids(pair[0])


# Intent ------------------------------------------------------------------------------------------


def assert_survives(engines, node, expected, description=WITHOUT_LONE):
    before = configuration(node)
    for engine in engines:
        for test in (True, False):
            state = configured(engine, description, test=test)
            assert state["result"] is True and not state["changes"], state
            for text in expected:
                assert text in state["comment"], state["comment"]
    assert configuration(node) == before


INTENT = {
    "standby": (["node standby nfs-server1"], ["node unstandby nfs-server1"], ["nfs-server1"]),
    "maintenance of a node": (
        ["node maintenance nfs-server2"],
        ["node unmaintenance nfs-server2"],
        ["nfs-server2 is in maintenance"],
    ),
    "maintenance of all": (
        ["property set maintenance-mode=true"],
        ["property set maintenance-mode="],
        ["maintenance-mode=true"],
    ),
    "stopped and unmanaged": (
        ["resource disable Web2", "resource unmanage Web1"],
        ["resource enable Web2", "resource manage Web1"],
        ["Web2 has target-role=Stopped", "Web1 has is-managed=false"],
    ),
    "banned and moved": (
        ["resource ban Other nfs-server1", "resource move-with-constraint web {away}"],
        ["resource clear Other", "resource clear web"],
        ["cli-ban-Other-on-nfs-server1", "cli-prefer-web"],
    ),
}


@pytest.mark.parametrize("case", INTENT)
def test_intent_survives(pair, engines, case):
    begin, end, expected = INTENT[case]
    configured(engines[0], WITHOUT_LONE)
    away = next(name for name in NAMES if name != site.started(pair[0])["Web1"])
    by_hand.commands(pair[0], [line.format(away=away) for line in begin])
    try:
        by_hand.settle(pair[0])
        assert_survives(engines, pair[0], expected)
    finally:
        by_hand.commands(pair[0], end)
    by_hand.settle(pair[0])


@pytest.fixture
def standby(pair, engines):
    configured(engines[0], WITHOUT_LONE)
    by_hand.commands(pair[0], ["node standby nfs-server1"])
    by_hand.settle(pair[0])
    yield
    by_hand.commands(pair[0], ["node unstandby nfs-server1"])
    by_hand.settle(pair[0])


def test_intent_survives_a_push(pair, engines, standby):
    """What does not disrupt is pushed under it; the rest is refused, and says how to allow it."""
    changed = json.loads(json.dumps(WITHOUT_LONE))
    changed["properties"]["batch-limit"] = 25
    done = configured(engines[0], changed)
    assert done["result"] is True and set(done["changes"]) == {"properties"}, done
    changed["primitives"]["Web1"]["attributes"]["state"] = "/run/restarted.state"
    refused = configured(engines[0], changed)
    assert refused["result"] is False and not refused["changes"], refused
    assert "allow_disruption" in refused["comment"]
    allowed = configured(engines[0], changed, allow_disruption=True, wait=60)
    assert allowed["result"] is True and set(allowed["changes"]) == {"primitives"}, allowed
    assert 'name="standby" value="on"' in by_hand.cib(pair[0])


def test_purge_says_so_first(pair, engines):
    description = {**WITHOUT_LONE, "unmanaged": "purge"}
    configured(engines[0], WITHOUT_LONE)
    predicted = configured(engines[0], description, test=True)
    assert predicted["result"] is None, predicted
    assert "Other" in predicted["changes"]["primitives"]
    assert "Other" in ids(pair[0])
    purged = configured(engines[0], description, wait=60)
    assert purged["result"] is True and purged["changes"] == predicted["changes"]
    assert "Other" not in ids(pair[0])
    again = configured(engines[1], description)
    assert again["result"] is True and not again["changes"], again
