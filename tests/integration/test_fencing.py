"""Fencing for real: two containers, a power switch that they lose their power by, and a key file.

The tests of this module follow each other: each begins with what the one before left.
"""

from __future__ import annotations

import base64
import threading
import time
from pathlib import Path

import pytest

from tests.integration import site
from tests.integration.test_converge import MOST_TOOLS, run_and_count
from tests.lab import article, fence_lab, network, service
from tests.lab.power import PowerSwitch
from tests.lab.wait import wait_until

SECRET = "quite-Secret-fence-7"
KEY = b"\x01key\xff\n"
KEY_FILE = "/etc/cluster/fence_xvm.key"
DEVICES = {"fence-nfs-server1", "fence-nfs-server2"}
RESOURCES = {"fs_nfs", "nfs_server", "ip_192.168.16.100"}


# A container is up again within a second, earlier than the others notice that it is gone: its
# Pacemaker would hear of its own fencing and, as it should, stop. No machine boots so fast.
POWER_ON_SELF_TEST = 10


class Plug:
    """A container behind the power switch, which takes its time to boot and gets its disk again."""

    def __init__(self, node):
        self.node, self.name = node, node.name
        self.is_up = threading.Event()
        self.is_up.set()

    def alive(self):
        return self.node.alive()

    def power_off(self):
        self.is_up.clear()
        self.node.power_off()

    def start(self):
        threading.Timer(POWER_ON_SELF_TEST, self._boot).start()

    def _boot(self):
        self.node.start()
        self.node.wait_until_reachable()
        self.is_up.set()


@pytest.fixture(scope="module")
def pair(make_module_pair):
    pair = make_module_pair("installed")
    for node in pair:
        node.put("/usr/sbin/fence_lab", Path(fence_lab.__file__).read_text(), 0o755)
    return pair


@pytest.fixture(scope="module")
def switch(pair):
    made = PowerSwitch([Plug(node) for node in pair], SECRET).start()
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def pillar(master, pair):
    fencing = {
        "enabled": True,
        "devices": {
            f"fence-{name}": {
                "agent": "fence_lab",
                "nodes": {name: name},
                "options": {"ip": network.MASTER},
                "secrets": {"password": SECRET},
                "monitor": 10,
            }
            for name in pair.names
        },
        "levels": {name: [[f"fence-{name}"]] for name in pair.names},
        "key_files": {KEY_FILE: {"content": base64.b64encode(KEY).decode(), "encoding": "base64"}},
    }
    tree = {"hanfs": {"sites": {"athens": site.hardened(pair, {"fencing": fencing})}}}
    master.set_pillar({"*": tree})


def crm_mon(node):
    return node.run(["crm_mon", "-1", "--output-as=xml"], check=False).stdout


def placed(node):
    """Primitive -> node that runs it; empty while the cluster does not answer there."""
    text = crm_mon(node) if node.alive() and node._init else ""
    return service.started_on(text) if "<resources" in text else {}


def active(pair):
    """The node that runs the service, as the first one that answers says."""
    where = next(filter(None, (placed(node) for node in pair)), {})
    assert DEVICES | RESOURCES <= set(where), where
    return where["nfs_server"]


def other(pair, name):
    return next(one for one in pair.names if one != name)


def settle(master, pair, switch):
    """Both are back and all is well: the formula says so, and has nothing to do."""
    for node in pair:
        assert switch.machines[node.name].is_up.wait(90), f"{node.name} is not up"
        wait_until(lambda node=node: _services(node), 120, f"minion and cluster of {node.name}")
    wait_until(lambda: _all_there(pair), 120, "devices and service")
    wait_until(lambda: _minions(master, pair), 120, "the minions", interval=2)
    returns = master.apply(pair)
    site.assert_applied(returns, pair)
    assert not any(site.changed_after_a_boot(returns).values()), site.told(returns)


def _services(node):
    done = node.run(["systemctl", "is-active", "salt-minion", "pacemaker"], check=False)
    return done.returncode == 0, done.stdout


def _all_there(pair):
    where = placed(pair[0])
    return DEVICES | RESOURCES <= set(where), where


def _minions(master, pair):
    answers = master.salt(pair, "test.ping", timeout=10)
    return all(answers.get(name) is True for name in pair.names), answers


def test_the_devices_come_with_the_service_and_no_secret_is_seen(pair, switch, tmp_path):
    returns, logs = run_and_count(pair, tmp_path, "state.apply", "hanfs")
    site.assert_applied(returns, pair)
    assert active(pair) in pair.names
    for node in pair:
        assert SECRET not in logs[node.name].path.read_text(errors="replace")
        assert SECRET not in str(returns[node.name])
        assert base64.b64encode(KEY).decode() not in str(returns[node.name])
        assert node.run(["stat", "-c", "%U:%G %a", KEY_FILE]).stdout == "root:root 600\n"
        assert (node.root / KEY_FILE[1:]).read_bytes() == KEY
        kept = node.run(
            ["grep", "-rlaF", SECRET, "/var/cache/salt", "/var/log/salt", "/etc"], check=False
        )
        assert kept.stdout == ""
    properties = pair[0].run(["pcs", "property", "config", "--all"]).stdout
    assert "priority-fencing-delay: 15s" in properties
    assert switch.shots() == []


def test_a_second_run_changes_nothing_and_costs_no_more(pair, tmp_path):
    returns, logs = run_and_count(pair, tmp_path, "state.apply", "hanfs")
    site.assert_applied(returns, pair)
    assert site.changed(returns) == {name: [] for name in pair.names}
    for log in logs.values():
        assert log.pcs() == [] and len(log.cluster_tools()) <= MOST_TOOLS, log.cluster_tools()


def test_every_node_proves_every_device_and_shoots_nobody(pair, switch, tmp_path):
    reports, logs = run_and_count(pair, tmp_path, "hanfs.fence_test")
    for name, report in reports.items():
        assert report["result"] is True, report
        says = {one: report["devices"][one]["nodes"] for one in DEVICES}
        assert says == {
            f"fence-{node}": {node: {"result": True, "says": "on"}} for node in pair.names
        }
        asked = [words for program, words in logs[name].commands() if program == "fence_lab"]
        assert '"/usr/sbin/fence_lab"' in asked
        assert SECRET not in logs[name].path.read_text(errors="replace") + str(report)
    assert switch.shots() == []


def refused(master, node, target, told, **more):
    """The drill is refused with these words (the command of Salt then ends with an error)."""
    with pytest.raises(RuntimeError, match=told):
        master.salt([node], "hanfs.fence_drill", target, **more)


def test_a_drill_is_refused_while_somebody_works(master, pair, switch):
    runs = active(pair)
    passive = other(pair, runs)
    refused(master, pair[runs], passive, f"say confirm={passive}")
    refused(master, pair[passive], runs, "say active=True if that is meant", confirm=runs)
    pair[0].run(["pcs", "node", "standby", passive])
    told = f"{passive} is in standby: somebody works on it"
    refused(master, pair[runs], passive, told, confirm=passive)
    pair[0].run(["pcs", "node", "unstandby", passive, "--wait=60"])
    assert switch.shots() == []


def test_a_drill_on_the_passive_node_touches_no_service(master, pair, switch, note):
    runs = active(pair)
    passive, began = other(pair, runs), time.time()
    report = master.salt([pair[runs]], "hanfs.fence_drill", passive, confirm=passive, timeout=240)[
        runs
    ]
    assert report["result"] is True, report
    assert [one[2:4] for one in switch.shots(began)] == [("reboot", passive)]
    assert (report["by"], report["moved"]) == (runs, [])
    assert active(pair) == runs
    note(f"seconds: {report['seconds']}")
    settle(master, pair, switch)


def test_a_drill_on_the_active_node_moves_the_service(master, pair, switch, note):
    runs = active(pair)
    takes, began = other(pair, runs), time.time()
    report = master.salt(
        [pair[takes]], "hanfs.fence_drill", runs, confirm=runs, active=True, timeout=240
    )[takes]
    assert report["result"] is True, report
    assert [one[2:4] for one in switch.shots(began)] == [("reboot", runs)]
    assert RESOURCES <= set(report["moved"])
    assert active(pair) == takes
    note(f"seconds: {report['seconds']}")
    settle(master, pair, switch)
    assert active(pair) == takes, "it does not move back"


def test_a_node_that_loses_its_power_is_fenced_before_the_other_takes_over(pair, switch, master):
    runs = active(pair)
    takes, began = other(pair, runs), time.time()
    switch.machines[runs].power_off()

    def moved():
        where = placed(pair[takes])
        return where.get("ip_192.168.16.100") == takes, where

    wait_until(moved, 180, f"the service on {takes}")
    assert [one[3] for one in switch.shots(began)] == [runs]
    settle(master, pair, switch)


def test_fencing_that_fails_is_not_healthy(master, pair, switch):
    runs = active(pair)
    passive = other(pair, runs)
    switch._password = "another"
    try:
        argv = ["stonith_admin", "--reboot", passive, "--timeout", "20"]
        assert pair[runs].run(argv, check=False).returncode != 0
        test = pair[runs].run(["salt-call", "--out=json", "hanfs.fence_test"], check=False)
        assert "wrong password" in test.stdout
        passed_on = ["salt-call", "--retcode-passthrough", "hanfs.fence_test"]
        assert pair[runs].run(passed_on, check=False).returncode == 1
        refused(master, pair[runs], passive, f"{passive} is not fenced", confirm=passive)
    finally:
        switch._password = SECRET
    pair[runs].run(["pcs", "stonith", "cleanup"])
    (failed, *_) = article.failures(master.apply([pair[runs]]))
    assert f"fencing of {passive} (reboot) failed" in failed
    assert SECRET not in failed
    pair[runs].run(["stonith_admin", "--cleanup", "--history", passive])
    settle(master, pair, switch)
