"""Every finding of hanfs.health: one case each that finds it, and one row in the document."""

import re
import socket
import struct
import threading
import time
from pathlib import Path

import pytest

from tests.support.salt_modules import load
from tests.support.sites import hardened, site
from tests.unit.test_hanfs_health import FAILURE, status

WORLD = load(states=False)
LIBRARY = WORLD.library
CODES = LIBRARY._hanfs_health_codes.CODES
SITE = LIBRARY._hanfs_schema.normalise(site())
WANTED = WORLD.salt["hanfs.description"](site())
FENCED = LIBRARY._hanfs_schema.normalise(hardened())
FENCED_WANTED = WORLD.salt["hanfs.description"](hardened())
NOW = 1_800_000_000
DAY = 86400
GROUP = list(WANTED["groups"]["nfsresourcegroup"])


def of_status(**changes):
    """The codes that the cluster's status alone gives."""
    seen = status(**changes)
    found = LIBRARY._hanfs_health.judge(SITE, WANTED, seen)
    warned = LIBRARY._hanfs_health.warned(SITE, seen, found["active_node"])
    return {code for code, _ in found["told"] + warned} - {"fencing-off"}


def facts(**changes):
    """A healthy active node."""
    return {
        "node": "nfs-server1",
        "now": NOW,
        "mounts": {"/nfsdata": {"device": "/dev/nfsvg/nfslv", "directories": ["/nfsdata"]}},
        "space": {"/nfsdata": {"bytes": 40, "inodes": 2}},
        "addresses": ["192.168.16.100", "192.168.16.101"],
        "answered": {"192.168.16.100": None},
        "nfs": {"192.168.16.100": None},
        "exports": {
            one["directory"]: [client["client"] for client in one["clients"]]
            for one in SITE["exports"]
        },
        "threads": 8,
        "state_shared": True,
        "clocks": {"nfs-server2": 0.0},
        "certificate": NOW + 300 * DAY,
        "reboot": [],
        "proven": NOW - DAY,
        "made": NOW - 400 * DAY,
        **changes,
    }


def of_node(active="nfs-server1", site=SITE, **changes):
    found = LIBRARY._hanfs_health_node.told(site, facts(**changes), active)
    return {code for code, _ in found}


BY_STATUS = {
    "no-coordinator": {"dc": None},
    "no-quorum": {"quorum": False},
    "node-unclean": {"nodes__nfs_server2__unclean": True},
    "node-joining": {"nodes__nfs_server2__pending": True},
    "node-offline": {"nodes__nfs_server2__online": False},
    "node-put-aside": {"nodes__nfs_server2__standby_onfail": True},
    "node-standby": {"nodes__nfs_server2__standby": True},
    "node-maintenance": {"nodes__nfs_server2__maintenance": True},
    "cluster-maintenance": {"maintenance_mode": True},
    "resource-busy": {"resources__VIP__pending": "Starting"},
    "resource-stopped": {"resources__VIP__role": "Stopped", "resources__VIP__nodes": []},
    "resource-failed": {"resources__VIP__failed": True},
    "resource-blocked": {"resources__VIP__blocked": True},
    "resource-disabled": {"resources__VIP__target_role": "Stopped"},
    "resource-unmanaged": {"resources__VIP__managed": False},
    "resource-banned": {"bans": [{"id": "cli-ban-x-on-n", "resource": "x", "node": "nfs-server2"}]},
    "action-failed": {"failures": [FAILURE]},
    "failcount-high": {
        "failcounts": [{"node": "n", "resource": "VIP", "count": 2, "threshold": 3}]
    },
    "failcount-reached": {
        "failcounts": [{"node": "n", "resource": "VIP", "count": 1_000_000, "threshold": 3}]
    },
    "fencing-not-as-said": {"stonith_enabled": True},
    "versions-unequal": {
        "attributes": {
            "nfs-server1": {"hanfs-facts": "kernel=6.1&pkg.pacemaker=2.1.5&ssh=a"},
            "nfs-server2": {"hanfs-facts": "kernel=6.1&pkg.pacemaker=2.1.6&ssh=b"},
        }
    },
}
BY_NODE = {
    "mount-missing": {"mounts": {"/nfsdata": {"device": "/dev/x", "directories": []}}},
    "mount-elsewhere": {"active": "nfs-server2", "addresses": []},
    "address-missing": {"addresses": ["192.168.16.7"]},
    "address-elsewhere": {"active": "nfs-server2", "mounts": {}},
    "address-twice": {"answered": {"192.168.16.100": "52:54:00:12:34:56"}},
    "nfs-silent": {"nfs": {"192.168.16.100": "Connection refused"}},
    "nfs-no-threads": {"threads": 0},
    "export-missing": {"exports": {}},
    "state-directory": {"state_shared": False},
    "disk-nearly-full": {"space": {"/nfsdata": {"bytes": 20, "inodes": 90}}},
    "disk-full": {"space": {"/nfsdata": {"bytes": 99, "inodes": 1}}},
    "clock-skew": {"clocks": {"nfs-server2": -3.0}},
    "certificate-ends": {"certificate": NOW + 5 * DAY},
    "certificate-ended": {"certificate": NOW - DAY},
    "reboot-pending": {"reboot": ["this node waits for a reboot (/run/reboot-required)"]},
    "no-drill": {"site": FENCED, "proven": None},
}
# Several resources at once, fencing, or no answer: cases of their own below.
APART = {
    "no-site", "cluster-stopped", "cluster-silent", "node-silent", "node-missing", "link-down",
    "resource-missing", "group-split", "group-nowhere", "resource-apart", "fencing-off",
    "fencing-device", "fencing-failed",
    # tests/unit/test_hanfs_helpers.py
    "helper-down", "helper-restarted",
}  # fmt: skip


def test_every_code_has_a_case():
    assert set(BY_STATUS) | set(BY_NODE) | APART == set(CODES)
    assert not set(BY_STATUS) & set(BY_NODE) and not (set(BY_STATUS) | set(BY_NODE)) & APART


def test_the_document_has_every_code():
    text = (Path(__file__).parents[2] / "docs/health.md").read_text()
    rows = re.findall(r"^\| `([a-z-]+)` \| (\w+) \| (.+?) \| (.+?) \|$", text, re.M)
    told = {code: (severity, said, cure) for code, severity, said, cure in rows}
    assert told == {code: (row.severity, row.text, f"{row.cure}") for code, row in CODES.items()}


def test_nothing_is_found_where_all_is_well():
    assert of_status() == set()
    for made in (SITE, FENCED):
        found = of_node(site=made, exports=None, addresses=None, mounts={}, nfs={})
        assert found == set()
    assert of_node() == set()
    assert of_node("nfs-server2", mounts={}, addresses=[]) == set()


@pytest.mark.parametrize("code", BY_STATUS)
def test_what_the_cluster_says(code):
    assert code in of_status(**BY_STATUS[code])


@pytest.mark.parametrize("code", BY_NODE)
def test_what_the_node_has(code):
    assert of_node(**BY_NODE[code]) - (
        {"export-missing"} if "site" in BY_NODE[code] else set()
    ) >= {code}


def test_the_group_and_what_belongs_to_it():
    assert {"group-nowhere", "resource-stopped"} <= of_status(
        resources={
            name: {**item, "role": "Stopped", "nodes": []}
            for name, item in status()["resources"].items()
        }
    )
    assert "group-split" in of_status(resources__VIP__nodes=["nfs-server2"])
    seen = status()
    del seen["resources"]["VIP"], seen["nodes"]["nfs-server2"]
    found = {code for code, _ in LIBRARY._hanfs_health.judge(SITE, WANTED, seen)["told"]}
    assert found == {"resource-missing", "node-missing"}
    wanted = {"constraints": {"colocation": [
        {"resource": "x", "with": "g", "score": "INFINITY"}]}}  # fmt: skip
    where = {"g": ["n1"], "x": ["n2"]}
    assert LIBRARY._hanfs_health._apart(wanted, "g", where)[0][0] == "resource-apart"


def test_fencing_that_is_off_broken_or_failed():
    assert [code for code, _ in LIBRARY._hanfs_health.warned(SITE, status(), "n1")] == [
        "fencing-off"
    ]
    event = {"action": "reboot", "target": "nfs-server2", "status": "failed"}
    seen = status(stonith_enabled=True, fence_history=[event])
    seen["resources"] = {
        name: {**next(iter(seen["resources"].values())), "agent": one["agent"]}
        for name, one in FENCED_WANTED["primitives"].items()
    }
    devices = [n for n, one in seen["resources"].items() if one["agent"].startswith("stonith:")]
    seen["resources"][devices[0]].update(role="Stopped", nodes=[])
    found = {code for code, _ in LIBRARY._hanfs_health.judge(FENCED, FENCED_WANTED, seen)["told"]}
    assert "fencing-failed" in found
    assert any("fencing-device" == code or "resource-stopped" == code for code in found)


def test_a_count_below_the_threshold_or_without_one_is_nothing():
    for count, threshold in ((1, 3), (5, 1_000_000), (0, 1)):
        item = {"node": "n", "resource": "VIP", "count": count, "threshold": threshold}
        assert of_status(failcounts=[item]) == set()


def test_what_nobody_could_look_at_is_no_finding():
    unknown = dict.fromkeys(facts(), None) | {"node": "nfs-server1", "now": NOW}
    assert LIBRARY._hanfs_health_node.told(FENCED, unknown, "nfs-server1") == []


def test_a_client_is_seen_by_its_network_and_a_name_under_any_name():
    among = LIBRARY._hanfs_health_node._is_among
    assert among("10.0.0.0/8", ["10.0.0.0/255.0.0.0"])
    assert not among("10.0.0.0/8", ["10.0.0.0/16"]) and not among("*", ["10.0.0.0/8"])
    assert among("client.example.com", ["other.example.com"]) and among("*", ["*"])


@pytest.mark.parametrize(
    "text, seconds",
    [
        ("2023-11-14 22:13:20.123456 +01:00", 1_699_996_400),
        ("2023-11-14 22:13:20Z", 1_700_000_000),
        ("", None),
        (None, None),
        ("soon", None),
    ],
)
def test_pacemakers_times(text, seconds):
    assert LIBRARY._hanfs_health_node.moment(text) == seconds


def test_pacemaker_2_0s_times_are_local():
    written = time.strftime("%a %b %e %H:%M:%S %Y", time.localtime(NOW))
    assert LIBRARY._hanfs_health_node.moment(written) == NOW


# --- the whole ------------------------------------------------------------------------------------


def report(monkeypatch, seen=None, looks=None, error=None, limit=3):
    world = load(states=False)
    library = world.library

    def status_of(limit=120):
        if error:
            raise library._cib_errors.CommandExecutionError(error)
        return seen or status()

    world.salt["_pcs_node.status"] = status_of
    world.salt["_hanfs_here.link_problems"] = lambda site, limit: ["corosync link 1 is faulty"]
    library._hanfs_here.own_name = lambda: "nfs-server1"
    made = looks or {name: (lambda v=value: v) for name, value in facts().items()}
    library._hanfs_health_facts.looks = lambda site: library._hanfs_health_facts.Looks(made)
    monkeypatch.setattr(library._hanfs_health_report, "LIMIT", limit)
    return library._hanfs_health_report.report(world.machine, site(), "hanfs:sites:athens")


def test_the_report(monkeypatch):
    found = report(monkeypatch)
    assert found["schema_version"] == 1 and found["code"] == 1
    assert {one["code"] for one in found["findings"]} == {"fencing-off", "link-down"}
    assert found["problems"] and found["healthy"] is False
    assert found["active_node"] == "nfs-server1" and found["site"] == "hanfs:sites:athens"
    assert found["summary"].startswith("athens WARNING: runs on nfs-server1; 2 warning")
    assert "\n" not in found["summary"]
    for one in found["findings"]:
        assert set(one) == {"code", "severity", "check", "text", "cure"} and all(one.values())


@pytest.mark.parametrize(
    "error, code, whole",
    [
        ("the cluster does not run on this node (x)", "cluster-stopped", 2),
        ("crm_mon did not end within 6 seconds", "cluster-silent", 3),
    ],
)
def test_a_cluster_that_is_down_or_hangs_is_a_value(monkeypatch, error, code, whole):
    found = report(monkeypatch, error=error)
    assert [one["code"] for one in found["findings"]] == [code]
    assert found["code"] == whole and error in found["problems"]


def test_a_look_that_hangs_holds_nothing_up(monkeypatch):
    never = threading.Event()
    looks = {name: (lambda v=value: v) for name, value in facts().items()}
    looks["space"] = never.wait
    found = report(monkeypatch, looks=looks, limit=0.2)
    never.set()
    late = next(one for one in found["findings"] if one["code"] == "node-silent")
    assert "space" in late["text"] and found["code"] == 3


def test_a_machine_of_no_site_is_unknown(monkeypatch):
    world = load(states=False)
    found = world.salt["hanfs.health"]()
    assert (found["code"], [one["code"] for one in found["findings"]]) == (3, ["no-site"])
    wrong = world.salt["hanfs.health"](site({"cluster:nodes": ...}))
    assert wrong["code"] == 3


def test_the_worst_counts():
    worst = LIBRARY._hanfs_health_codes.worst
    assert worst([]) == 0
    made = [LIBRARY._hanfs_health_codes.finding(code, "x") for code in ("node-standby",)]
    assert worst(made) == 0
    made.append(LIBRARY._hanfs_health_codes.finding("link-down", "x"))
    assert worst(made) == 1
    made.append(LIBRARY._hanfs_health_codes.finding("cluster-silent", "x"))
    assert worst(made) == 3
    made.append(LIBRARY._hanfs_health_codes.finding("node-offline", "x"))
    assert worst(made) == 2


# --- looks ----------------------------------------------------------------------------------------


def server(answer, ready):
    """A TCP server for one connection: gets the call without its mark, sends what it is told."""
    listener = socket.create_server(("127.0.0.1", 0))
    ready.append(listener.getsockname()[1])

    def serve():
        sock, _ = listener.accept()
        with sock, listener:
            (mark,) = struct.unpack("!I", sock.recv(4))
            call = sock.recv(mark & 0x7FFFFFFF)
            sock.sendall(answer(call))
            time.sleep(0)

    threading.Thread(target=serve, daemon=True).start()


def reply(call, body=b"", accepted=0):
    number = call[:4]
    message = number + struct.pack("!5I", 1, 0, 0, 0, accepted) + body
    half = len(message) // 8 * 4
    first = struct.pack("!I", half) + message[:half]
    return first + struct.pack("!I", 0x80000000 | len(message) - half) + message[half:]


def xdr(text):
    data = text.encode()
    return struct.pack("!I", len(data)) + data + b"\0" * (-len(data) % 4)


def test_exports_as_a_client_sees_them():
    groups = struct.pack("!I", 1) + xdr("10.0.0.0/8") + struct.pack("!I", 1) + xdr("*")
    body = struct.pack("!I", 1) + xdr("/srv/nfs/home") + groups + struct.pack("!II", 0, 0)
    ready = []
    server(lambda call: reply(call, body), ready)
    found = LIBRARY._hanfs_rpc.exports("127.0.0.1", ready[0])
    assert found == {"/srv/nfs/home": ["10.0.0.0/8", "*"]}


@pytest.mark.parametrize(
    "answer, words",
    [
        (lambda call: reply(call, accepted=1), "no such program"),
        (lambda call: reply(b"abcd"), "another question"),
        (lambda call: b"", "closed"),
        (lambda call: struct.pack("!I", 0x80000008) + call[:8], "another question|cut off"),
        (lambda call: struct.pack("!I", 0xFFFFFFFF), "4 MiB"),
    ],
)
def test_a_server_that_answers_wrongly(answer, words):
    ready = []
    server(answer, ready)
    with pytest.raises(LIBRARY._hanfs_rpc.RpcError, match=words):
        LIBRARY._hanfs_rpc.null("127.0.0.1", 100003, 4, ready[0])


def test_a_server_that_hangs_or_is_not_there():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(LIBRARY._hanfs_rpc.RpcError, match="timed out"):
            LIBRARY._hanfs_rpc.null("127.0.0.1", 100003, 4, port, timeout=0.2)
    with pytest.raises(LIBRARY._hanfs_rpc.RpcError, match="refused"):
        LIBRARY._hanfs_rpc.null("127.0.0.1", 100003, 4, port)


def test_a_list_of_exports_that_is_cut_off():
    for data in (b"", struct.pack("!II", 1, 50) + b"/srv"):
        with pytest.raises(LIBRARY._hanfs_rpc.RpcError, match="cut off"):
            LIBRARY._hanfs_rpc.listed(data)


FIB = """Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 127.0.0.1
        /32 host LOCAL
     |-- 192.168.16.0
        /24 link UNICAST
     |-- 192.168.16.100
        /32 host LOCAL
"""


def test_own_addresses(tmp_path):
    (tmp_path / "proc/net").mkdir(parents=True)
    (tmp_path / "proc/net/fib_trie").write_text(FIB)
    line = "fd000000000000000000000000000001 02 40 00 80     eth0\n"
    (tmp_path / "proc/net/if_inet6").write_text(line)
    found = LIBRARY._hanfs_health_facts.own_addresses(str(tmp_path))
    assert found == ["127.0.0.1", "192.168.16.100", "fd00::1"]


def test_the_table_of_exportfs():
    text = "/srv/nfs/a\t10.0.0.0/8(rw,sync)\n/srv/nfs/a\t*(ro)\n/srv/with\\040blank\tc(rw)\n\nx\n"
    assert LIBRARY._hanfs_health_facts.etab(text) == {
        "/srv/nfs/a": ["10.0.0.0/8", "*"],
        "/srv/with blank": ["c"],
    }


def test_how_full_a_file_system_is():
    stat = type("S", (), {"f_blocks": 1000, "f_bfree": 200, "f_bavail": 100, "f_files": 0})()
    assert LIBRARY._hanfs_health_facts.used(stat) == {"bytes": 89}


def test_a_reboot_is_pending(tmp_path):
    reasons = LIBRARY._hanfs_health_facts.reboot_reasons
    for path in ("proc/sys/kernel", "boot", "run"):
        (tmp_path / path).mkdir(parents=True)
    (tmp_path / "proc/sys/kernel/osrelease").write_text("6.1.0-1\n")
    (tmp_path / "proc/stat").write_text(f"cpu 1\nbtime {int(time.time()) - 100}\n")
    (tmp_path / "boot/vmlinuz-6.1.0-1").touch()
    assert reasons(str(tmp_path)) == []
    (tmp_path / "boot/vmlinuz-6.1.0-2").touch()
    assert "6.1.0-2 was installed since" in reasons(str(tmp_path))[0]
    (tmp_path / "run/reboot-required").touch()
    assert "reboot-required" in reasons(str(tmp_path))[0]
