"""From journals to the parts of a stall."""

from tests.bench.stalls import Stall, table
from tests.lab import service, timeline

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
