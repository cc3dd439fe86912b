"""SBD on machines: a shared disk for its messages, a watchdog, and a client that writes."""

from __future__ import annotations

import time

import pytest

from tests.integration import site
from tests.lab import article, enter, hardened, machines
from tests.lab.stage import Stage
from tests.system import clean

PASSWORD = "correct-horse-battery"
SECONDS = 240
SBD_DISK_MIB = 16
# Long enough for machines that wait for their turn on a busy computer.
WATCHDOG_SECONDS = 10

pytestmark = [
    pytest.mark.skipif(not enter.inside(), reason="needs a lab: make test"),
    pytest.mark.timeout(1800),
]


@pytest.fixture(scope="module")
def stage(whole_kernel):
    disks = [machines.shared_disk(), machines.shared_disk("sbd", SBD_DISK_MIB)]
    backend = machines.backend()
    sbd = {
        "devices": [backend.DISKS[1]],
        "watchdog": backend.watchdog(),
        "watchdog_timeout": WATCHDOG_SECONDS,
        "initialize": True,
    }
    with Stage(
        hardened,
        PASSWORD,
        change={"fencing": {"enabled": True, "sbd": sbd}},
        disks=disks,
        watchdog=True,
    ) as made:
        yield made


def test_two_bare_machines_become_a_service_with_sbd(stage):
    assert article.failures(stage.apply()) == []
    assert stage.service.active_node()
    for server in stage.servers:
        assert server.run(["systemctl", "is-active", "sbd"]).stdout == "active\n"
    assert article.count_changes(stage.apply()) == 0


def test_a_node_obeys_its_poison_pill(stage, note):
    """The passive one: it goes off by itself, and the service does not notice."""
    active = stage.service.active_node()
    victim = stage.service.nodes[stage.service.other_node(active)]
    before = {key: value for key, value in stage.service.history().items() if key[0] == active}
    asked = time.monotonic()
    shot = stage.service.nodes[active].popen(["stonith_admin", "--reboot", victim.name])
    victim.wait_until_off(SECONDS)
    note(f"off {time.monotonic() - asked:.1f} s after it was asked")
    assert shot.wait(SECONDS) == 0
    note(f"fenced after {time.monotonic() - asked:.1f} s")
    victim.start().wait_until_reachable()
    stage.service.wait_until_online(victim.name, SECONDS)
    after = stage.service.history()
    assert {key: after.get(key) for key in before} == before


def test_crash_of_the_active_node(stage, note):
    stage.service.mount()
    report = clean.crash(stage, SECONDS)
    note(clean.shown(report))
    clean.assert_clean(report)
    assert stage.switch.shots() == []


def test_the_node_comes_back(stage):
    active = stage.service.active_node()
    lost = stage.service.other_node(active)
    stage.service.nodes[lost].start().wait_until_reachable()
    stage.service.wait_until_online(lost, SECONDS)
    stage.wait_for_minions()
    returns = stage.apply()
    assert article.failures(returns) == []
    assert not any(site.changed_after_a_boot(returns).values()), site.told(returns)
    assert stage.service.active_node() == active
