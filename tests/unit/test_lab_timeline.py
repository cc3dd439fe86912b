"""From journals to the parts of a stall."""

import struct
from types import SimpleNamespace

from tests.bench import floor
from tests.bench.stalls import FLOOR, Stall, table
from tests.lab import process_log, service, timeline

LOST = """\
1000.000000 nfs-server2 corosync[300]:   [TOTEM ] A processor failed, forming new configuration.
1000.500000 nfs-server2 pacemaker-attrd[310]:  notice: Node nfs-server1 state is now lost
1000.600000 nfs-server2 pacemaker-fenced[310]:  notice: Node nfs-server1 state is now lost
1002.000000 nfs-server2 pacemaker-fenced[310]:  notice: Operation 'reboot' [9] targeting nfs-server1 using fence-lab returned 0
1004.200000 nfs-server2 kernel: NFSD: all clients done reclaiming, ending NFSv4 grace period (net 1)
"""  # noqa: E501
CONTROLD = "nfs-server2 pacemaker-controld[320]:  notice:"
MOVED = f"""\
1001.000000 {CONTROLD} Initiating stop operation ip_1 on nfs-server1
1001.000000 {CONTROLD} Initiating stop operation ip_1_stop_0 on nfs-server1
1002.500000 nfs-server1 pacemaker-controld[32]:  notice: Result of stop operation for ip_1 on nfs-server1: ok
1003.000000 {CONTROLD} Initiating start operation ip_1_start_0 locally on nfs-server2
1004.000000 {CONTROLD} Result of start operation for ip_1 on nfs-server2: ok
1004.000000 {CONTROLD} Result of monitor operation for ip_1 on nfs-server2: ok
"""  # noqa: E501
STATUS = """\
<status><node_state uname="a"><lrm><lrm_resources>
<lrm_resource id="x">
<lrm_rsc_op id="x_last_0" operation="start" call-id="7" last-rc-change="5"/>
<lrm_rsc_op id="x_monitor_10" operation="monitor" call-id="8" last-rc-change="6"/>
</lrm_resource>
</lrm_resources></lrm></node_state></status>
"""


def report(*stalls):
    return {"writers": {"touch": {"stalls": list(stalls)}, "locked": {"stalls": []}}}


def test_operations_go_from_their_request_to_their_result():
    said = timeline.read("any", MOVED)
    stop, start = timeline.operations(said)
    assert (stop.action, stop.resource, stop.node, stop.seconds) == (
        "stop", "ip_1", "nfs-server1", 1.5,
    )  # fmt: skip
    assert (start.node, start.outcome, start.seconds) == ("nfs-server2", "ok", 1.0)


def test_events_are_the_first_words_about_them():
    events = timeline.events(timeline.read("nfs-server2", LOST))
    assert events["membership lost"] == 1000.5
    assert events["fenced"] == 1002.0
    assert events["grace over"] == 1004.2


def test_the_parts_of_a_crash():
    said = timeline.read("any", LOST + MOVED.replace("100", "101"))
    stall = Stall.of(report((999.0, 20.0)), said, (998.0, 1030.0), "any", "crash, how")
    assert stall.parts() == {
        "detection": 1.5, "fencing": 1.5, "between": 11.0, "start chain": 1.0,
        "address to I/O": 5.0,
    }  # fmt: skip


def test_the_parts_of_a_move_are_its_stall():
    said = timeline.read("any", MOVED)
    stall = Stall.of(report((1001.0, 5.5), (900.0, 50.0)), said, (1000.0, 1010.0), "any", "move")
    assert stall.seconds == 5.5
    assert stall.parts() == {
        "stop chain": 1.5, "between": 0.5, "start chain": 1.0, "address to I/O": 2.5,
    }  # fmt: skip
    assert "| any | move | 1 | 5.5 s | 5.5 s |" in table([stall])


def test_a_stall_of_another_time_is_not_that_of_this_move():
    stall = Stall.of(report((900.0, 50.0)), [], (1000.0, 1010.0), "any", "move")
    assert (stall.seconds, stall.parts()) == (0.0, {})


def test_starts_and_stops_of_a_cluster_are_what_was_touched():
    assert service.starts_and_stops(STATUS) == {("a", "x", "x_last_0"): ("7", "5")}


class Told:
    """A node whose programs give these answers in turn."""

    name = "a"

    def __init__(self, *answers):
        self.answers = list(answers)

    def alive(self):
        return True

    def run(self, argv, timeout):
        return SimpleNamespace(stdout=self.answers.pop(0))


def test_a_history_is_read_when_nothing_is_on_its_way():
    runs = '<r><resource id="x" role="Started" active="true"><node name="a"/></resource></r>'
    starts = STATUS.replace('call-id="7"', 'call-id="-1"')
    assert starts != STATUS
    node = Told("<r/>", runs, starts, runs, STATUS)
    seen = service.Service([node], None, ["x"], "", "").history(timeout=30)
    assert seen == {("a", "x", "x_last_0"): ("7", "5")}
    assert node.answers == []


# --- processes, and the floor -----------------------------------------------------------

FLOOR_DOWN = "ip_floor 1000.5\nexports 1000.6\nvg 1000.7\nend 1001.0\n"
FLOOR_UP = "vg 1001.1\nip_floor 1001.5\nend 1001.6\n"


def ended(when, node="nfs-server1", name="sh"):
    return process_log.Ended(when, node, name, True)


def test_the_kernels_list_of_processes_in_both_versions():
    second = struct.pack("<BB34s17s11x", 0, 2, b"", b"vgs")
    third = struct.pack("<BB46s16s", process_log.FORKED, 3, b"", b"a name of 16 let")
    assert process_log.names(second + third + second[:10]) == [
        ("vgs", True), ("a_name_of_16_let", False),
    ]  # fmt: skip


def test_a_line_that_a_power_cut_left_half_is_no_process():
    assert process_log.read("a", ["5.000 vgs 1\n", "6.000 sh 0\n", "7.000 v"]) == [
        (5.0, "a", "vgs", True), (6.0, "a", "sh", False),
    ]  # fmt: skip


def test_processes_of_a_move_of_its_parts_and_of_an_operation():
    said = timeline.read("any", MOVED)
    processes = [ended(999.0), ended(1001.2), ended(1001.3), ended(1003.5, "nfs-server2"),
                 ended(1003.6), ended(1020.0)]  # fmt: skip
    stall = Stall.of(report((1001.0, 5.5)), said, (1000.0, 1010.0), "any", "move", processes)
    assert stall.processes() == 4
    assert stall.part_processes()["stop chain"] == 2
    assert stall.operation_figures() == {("stop", "ip_1"): (1.5, 2), ("start", "ip_1"): (1.0, 1)}


def test_what_the_floor_says_is_what_the_cluster_says():
    operations = floor.operations("a", "stop", FLOOR_DOWN) + floor.operations(
        "b", "start", FLOOR_UP
    )
    assert [(one.action, one.resource, one.node, round(one.seconds, 1)) for one in operations] == [
        ("stop", "ip_floor", "a", 0.1), ("stop", "exports", "a", 0.1), ("stop", "vg", "a", 0.3),
        ("start", "vg", "b", 0.4), ("start", "ip_floor", "b", 0.1),
    ]  # fmt: skip
    least = Stall.of(report((1000.5, 1.5)), [], (1000.0, 1010.0), *FLOOR, operations=operations)
    assert least.parts() == {
        "stop chain": 0.5, "between": 0.1, "start chain": 0.5, "address to I/O": 0.4,
    }  # fmt: skip
    moved = Stall.of(
        report((1001.0, 6.0)), timeline.read("any", MOVED), (1000.0, 1010.0), "any", "move",
        [ended(1001.2)],
    )  # fmt: skip
    lines = table([moved, least]).splitlines()
    assert "| any | move | 1 | 6.0 s | 6.0 s | 4.0x | 1 |" in lines[2]
    assert "| 1.5 s, 3.0x, 1 |" in lines[2]
    assert "| any | stop | ip_1 | 1.5 s | 1 |" in lines
    assert "| floor | start | vg | 0.4 s | 0 |" in lines
