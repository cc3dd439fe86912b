"""From Pacemaker's environment to an event for the bus: the real agent, and the beacon."""

import importlib.util
import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
AGENT = ROOT / "hanfs/files/alert.sh"
NOW = 1_800_000_000
FENCED = {
    "kind": "fencing",
    "node": "n2",
    "desc": "Operation reboot of n2 by n1 for stonith_admin.123@n1: OK (ref=0f3a-77)",
    "rc": "0",
}
LOST = {"kind": "node", "node": "n2", "desc": "lost"}
FAILED = {
    "kind": "resource", "node": "n1", "desc": "not running", "rsc": "fs_nfs", "task": "monitor",
    "rc": "7", "target_rc": "0",
}  # fmt: skip
STARTED = {
    "kind": "resource", "node": "n1", "desc": "ok", "rsc": "nfs_server", "task": "start",
    "rc": "0", "target_rc": "0",
}  # fmt: skip


def alert(path, event, now=NOW):
    env = {f"CRM_alert_{name}": value for name, value in event.items()}
    env |= {"CRM_alert_recipient": str(path), "PATH": os.environ["PATH"]}
    if now is not None:
        env["CRM_alert_timestamp_epoch"] = str(now)
    return subprocess.Popen(["sh", str(AGENT)], env=env)


def told(path, *events, now=NOW):
    for event in events:
        assert alert(path, event, now).wait() == 0


@pytest.fixture
def beacon(tmp_path):
    spec = importlib.util.spec_from_file_location("beacon_of_hanfs", ROOT / "_beacons/hanfs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.__opts__ = {"cachedir": str(tmp_path)}
    return module


@pytest.fixture
def file(tmp_path):
    return tmp_path / "spool/events"


def look(beacon, file):
    return beacon.beacon([{"interval": 5}, {"file": str(file)}])


def tags(events):
    return [event["tag"] for event in events]


def test_every_kind_of_event_once(beacon, file):
    assert look(beacon, file) == []
    told(file, FENCED, LOST, FAILED, STARTED, {"kind": "node", "node": "n2", "desc": "member"})
    os.utime(file, (NOW, NOW))
    found = look(beacon, file)
    assert tags(found) == ["fencing", "node-lost", "action-failed", "failover"]
    assert look(beacon, file) == []
    assert found[0]["success"] is True and found[0]["node"] == "n2"
    assert (found[2]["resource"], found[2]["task"], found[2]["rc"]) == ("fs_nfs", "monitor", "7")
    assert all(isinstance(one["time"], int) and len(one["event_id"]) == 16 for one in found)
    told(file, {**FENCED, "rc": "1"})
    (failed,) = look(beacon, file)
    assert failed["success"] is False


def test_both_nodes_copies_have_one_id_and_other_changes_another(beacon):
    def event_id(now=NOW, **change):
        line = json.dumps({"time": now, **FENCED, **change})
        return beacon.translated(line)["event_id"]

    assert event_id() == event_id(NOW + 3)
    assert event_id() != event_id(desc=FENCED["desc"].replace("0f3a", "0f3b"))


def test_a_restarted_minion_tells_nothing_twice_and_no_history(beacon, file, tmp_path):
    told(file, FENCED, now=NOW - 4000)
    told(file, LOST)
    os.utime(file, (NOW, NOW))
    assert tags(look(beacon, file)) == ["node-lost"]
    assert look(beacon, file) == []
    (tmp_path / "hanfs_events.json").write_text("damaged")
    os.utime(file, (NOW + 4000, NOW + 4000))
    assert look(beacon, file) == []
    told(file, STARTED)
    assert tags(look(beacon, file)) == ["failover"]


def test_a_line_that_is_being_written_waits(beacon, file):
    told(file, LOST)
    whole = file.read_bytes()
    file.write_bytes(whole + whole[:20])
    os.utime(file, (NOW, NOW))
    assert tags(look(beacon, file)) == ["node-lost"]
    with open(file, "ab") as handle:
        handle.write(whole[20:])
    assert tags(look(beacon, file)) == ["node-lost"]


def test_the_file_is_bounded_and_nothing_is_lost_at_its_turn(beacon, file):
    told(file, LOST)
    os.utime(file, (NOW, NOW))
    look(beacon, file)
    with open(file, "a", encoding="ascii") as handle:
        handle.write((json.dumps({"time": NOW, **FAILED}) + "\n") * 2000)
    assert file.stat().st_size > 262144
    told(file, FENCED)
    assert file.stat().st_size < 1000 and (file.parent / "events.1").exists()
    found = look(beacon, file)
    assert tags(found) == ["action-failed"] * 2000 + ["fencing"]


def test_many_at_once_write_whole_lines(beacon, file):
    running = [alert(file, {**FAILED, "desc": f"{number} " + "x" * 300}) for number in range(20)]
    assert [one.wait() for one in running] == [0] * 20
    lines = file.read_text().splitlines()
    assert len(lines) == 20
    assert {json.loads(line)["desc"].split()[0] for line in lines} == {str(n) for n in range(20)}


@pytest.mark.parametrize(
    "text", ['"}\n{"kind":"x"', "\\", "\ta\x01\x7f", "ü€", "x" * 2000, "$(id)"]
)
def test_whatever_a_resource_says_stays_one_line(beacon, file, text):
    told(file, {**FAILED, "desc": text})
    (line,) = file.read_text(errors="replace").splitlines()
    assert beacon.translated(line)["tag"] == "action-failed" and len(line) < 1000


@pytest.mark.parametrize("line", ["", "x", "[]", "{}", '{"kind": "node", "time": "soon"}', "null"])
def test_lines_that_are_none(beacon, line):
    assert beacon.translated(line) is None


def test_what_is_no_time_is_now(file):
    told(file, LOST, now="then")
    assert json.loads(file.read_text())["time"] > NOW - 20 * 365 * 86400


RIGHT = [
    [],
    [{"interval": 5}, {"server": "NFSService"}, {"file": "/var/lib/x"}],
    [{"interval": 1, "disable_during_state_run": True}, {"beacon_module": "hanfs"}],
]
WRONG = {
    "no list": ({"interval": 5}, "not a list"),
    "no mapping": (["interval"], "not a mapping"),
    "relative": ([{"file": "events"}], "absolute path"),
    "no path": ([{"file": 5}], "absolute path"),
    "server": ([{"server": "a b"}], "id of a resource"),
    "interval 0": ([{"interval": 0}], "number of seconds"),
    "interval true": ([{"interval": True}], "number of seconds"),
    "unknown": ([{"intervall": 5}], "unknown"),
    "twice": ([{"interval": 5}, {"interval": 6}], "twice"),
}


@pytest.mark.parametrize("config", RIGHT)
def test_a_right_configuration(beacon, config):
    assert beacon.validate(config)[0] is True


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_configuration(beacon, case):
    config, words = WRONG[case]
    right, said = beacon.validate(config)
    assert right is False and words in said


def test_a_look_starts_no_process_and_reads_nothing_when_there_is_nothing(
    beacon, file, monkeypatch
):
    told(file, LOST)
    look(beacon, file)
    opened = []
    real = open
    monkeypatch.setattr(
        "builtins.open", lambda path, *a, **k: (opened.append(path), real(path, *a, **k))[1]
    )
    monkeypatch.setattr(os, "fork", None)
    assert look(beacon, file) == []
    assert [os.path.basename(path) for path in opened] == ["hanfs_events.json"]
    assert "subprocess" not in (ROOT / "_beacons/hanfs.py").read_text()
