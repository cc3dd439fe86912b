"""The lab's power switch and the fence agent that asks it, over a real connection."""

import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

from tests.lab import fence_lab
from tests.lab.power import PowerSwitch


class Machine:
    """A machine as the switch sees it."""

    def __init__(self, name):
        self.name = name
        self.on = True
        self.said = []

    def alive(self):
        return self.on

    def power_off(self):
        self.on = False
        self.said.append("off")

    def start(self):
        self.on = True
        self.said.append("on")


@pytest.fixture
def switch():
    made = PowerSwitch([Machine("one"), Machine("two")], "s3cret", "127.0.0.1", 0).start()
    yield made
    made.stop()


def agent(switch, action, plug="", password="s3cret"):
    lines = [f"action={action}", "ip=127.0.0.1", f"ipport={switch.port}", f"password={password}"]
    return subprocess.run(
        [sys.executable, fence_lab.__file__],
        input="\n".join([*lines, f"port={plug}", "nodename=any"]) + "\n",
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_off_and_on(switch):
    assert agent(switch, "status", "one").returncode == 0
    assert agent(switch, "off", "one").returncode == 0
    assert not switch.machines["one"].alive()
    assert agent(switch, "status", "one").returncode == fence_lab.OFF
    assert agent(switch, "on", "one").returncode == 0
    assert switch.machines["one"].alive()
    assert switch.machines["two"].said == []


def test_a_reboot_is_off_and_on(switch):
    assert agent(switch, "reboot", "two").returncode == 0
    assert switch.machines["two"].said == ["off", "on"]
    assert [shot[2:4] for shot in switch.shots()] == [("reboot", "two")]


@pytest.mark.parametrize("plug, password", [("one", "wrong"), ("three", "s3cret")])
def test_without_the_password_or_the_machine_nothing_is_switched(switch, plug, password):
    done = agent(switch, "off", plug, password)
    assert done.returncode == 1
    assert "s3cret" not in done.stderr and done.stderr
    assert all(machine.alive() for machine in switch.machines.values())
    assert "s3cret" not in str(switch.history)


def test_list_and_monitor(switch):
    assert agent(switch, "list").stdout == "one,\ntwo,\n"
    assert agent(switch, "monitor").returncode == 0
    switch.stop()
    assert agent(switch, "monitor").returncode == 1


def test_the_meta_data_names_every_option():
    tree = ET.fromstring(fence_lab.metadata())
    assert {item.get("name") for item in tree.iter("parameter")} == set(fence_lab.OPTIONS)
    assert {item.get("name") for item in tree.iter("action")} == set(fence_lab.ACTIONS)
