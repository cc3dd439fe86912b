"""The readers of files that hanfs.lint looks at: each format with what it really looks like."""

from __future__ import annotations

import http.server
import ssl
import subprocess
import threading

import pytest

from tests.support.lint_node import COROSYNC, Node, good_article, good_hardened, keytab, pv_image
from tests.support.salt_modules import load

WORLD = load(states=False)
parse = WORLD.library._hanfs_facts_parse


@pytest.fixture
def node(tmp_path):
    return Node(tmp_path)


def test_nfs_conf_in_all_its_spellings():
    text = """# comment
[nfsd]
 Lease-Time = 60   # seconds
grace-time="90"
threads=1\\
6
; vers3 = n
[gssd "x"]
keytab-file = '/etc/other.keytab'
[ statd ]
port=662
"""
    assert parse.sections(text) == {
        "nfsd": {"lease-time": "60", "grace-time": "90", "threads": "1 6"},
        "gssd": {"keytab-file": "/etc/other.keytab"},
        "statd": {"port": "662"},
    }


def test_shell_assignments():
    text = 'ID=debian\nexport NAME="Debian GNU/Linux"  # x\nBROKEN="a\n# NO=1\n'
    assert parse.assignments(text) == {
        "ID": "debian",
        "NAME": "Debian GNU/Linux",
        "BROKEN": '"a',
    }


@pytest.mark.parametrize(
    ("arguments", "ports"),
    [
        ("--port 662 --outgoing-port 2020", {"port": 662, "outgoing": 2020}),
        ("-p 662 -o2020", {"port": 662, "outgoing": 2020}),
        ("--manage-gids --port=20048", {"port": 20048}),
        ("--manage-gids", {}),
    ],
)
def test_ports_of_the_old_daemons(arguments, ports):
    assert parse.option_ports(arguments) == ports


def test_lvms_language():
    text = """global { # a section
\tsystem_id_source = "uname"
\tuse_lvmetad=0
}
activation/volume_list = [ "vg0", "vg1/lv", '@tag' ]
devices { filter = "a|/dev/sd\\"x|" empty = [] }
global/extra = -1
"""
    assert parse.lvm_config(text) == {
        "global": {"system_id_source": "uname", "use_lvmetad": 0, "extra": -1},
        "activation": {"volume_list": ["vg0", "vg1/lv", "@tag"]},
        "devices": {"filter": 'a|/dev/sd"x|', "empty": []},
    }


@pytest.mark.parametrize("text", ["}", "{", "a {", "a = [", "a = ", '"', "= 1 }"])
def test_lvms_language_cut_off(text):
    assert isinstance(parse.lvm_config(text), dict)


def test_a_keytab_with_holes():
    data = keytab("nfs/nfs.example.com@EXAMPLE.COM", "host/a@EXAMPLE.COM")
    assert parse.keytab(data) == ["host/a@EXAMPLE.COM", "nfs/nfs.example.com@EXAMPLE.COM"]
    assert parse.keytab(b"") is None and parse.keytab(b"text") is None
    for length in range(2, len(data)):
        assert isinstance(parse.keytab(data[:length]), list)


def test_exports():
    text = '# /no\n/srv *(rw)\n"/with blank" a(ro)\n/oct\\040al b\n\n/two \\\n  c(ro)\n'
    assert parse.exported_directories(text) == ["/srv", "/with blank", "/oct al", "/two"]


def test_the_table_of_mounts():
    text = "36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 - ext3 /dev/root rw\nbroken\n1 2 3\n"
    (mount,) = parse.mounts(text)
    assert (mount["directory"], mount["root"], mount["fstype"]) == ("/mnt 2", "/mnt1", "ext3")


def test_versions_compare_as_numbers():
    key = parse.version_key
    assert key("1:4.12.0-2") < key("4.16.0") and key("4.9.1-99.el9") < key("4.10.0-1.el9")


# --- LVM ------------------------------------------------------------------------------------------


def test_the_metadata_of_a_volume_group(node):
    assert WORLD.library._hanfs_facts_lvm.group_on(str(node.root / "dev/sdb")) == {
        "pv_uuid": "Qj3wI2-p5Tn-CAjR-g2HR-87NZ-viIm-TU83HW",
        "vg": "NFS_SHARED",
        "system_id": "nfs-server1",
        "flags": ["RESIZEABLE", "READ", "NOAUTOACTIVATE"],
        "volumes": {"data": {"flags": ["READ", "WRITE", "VISIBLE"]}},
    }


@pytest.mark.parametrize("length", [0, 100, 512, 560, 600, 4096, 4200, 5000, 1000000])
def test_a_disk_that_is_cut_off_is_unknown_or_has_no_group(node, length):
    node.write("/dev/sdb", pv_image()[:length])
    found = WORLD.library._hanfs_facts_lvm.group_on(str(node.root / "dev/sdb"))
    assert found is None or found["vg"] in (None, "NFS_SHARED")


@pytest.mark.parametrize(
    ("patterns", "rejected"),
    [
        (None, False),
        (["a|.*|"], False),
        (["r|.*|"], True),
        (["a|^/dev/disk/by-id/|", "r|.*|"], False),
        (["r|/dev/sdb|"], False),
        (["r|^/dev/sdb$|", "r|by-id|"], True),
        (["r/(/"], False),
    ],
)
def test_filters(patterns, rejected):
    names = ["/dev/disk/by-id/wwn-1", "/dev/sdb"]
    if patterns == ["r|/dev/sdb|"]:
        names = ["/dev/disk/by-id/wwn-1"]
    assert WORLD.library._hanfs_facts_lvm.rejected(patterns, names) is rejected


@pytest.mark.parametrize(
    ("entry", "there"),
    [
        ("IDTYPE=sys_wwid IDNAME=naa.1 DEVNAME=/dev/sdb PVID=Qj3wI2p5Tn", True),
        ("IDTYPE=sys_wwid IDNAME=naa.2 DEVNAME=/dev/sdb PVID=other", False),
        ("IDTYPE=devname IDNAME=/dev/sdb DEVNAME=/dev/sdb PVID=.", True),
        ("IDTYPE=sys_wwid IDNAME=naa.2 DEVNAME=/dev/sdq PVID=abc", True),
        ("VERSION=1.1.2", False),
    ],
)
def test_the_devices_file(entry, there):
    device = {"names": ["/dev/sdb"], "wwid": "naa.1", "serial": None, "pv_uuid": "a-b-c"}
    entries = parse.lvm_devices(entry)
    assert WORLD.library._hanfs_facts_lvm.listed(entries, device) is there


@pytest.mark.parametrize(
    ("text", "system", "system_id"),
    [
        ("", ("debian", "12"), None),
        ('global { system_id_source = "uname" }', ("debian", "12"), "nfs-server1"),
        ('global { system_id_source = "machineid" }', ("debian", "12"), "0123"),
        (
            'global { system_id_source = "lvmlocal" } local { system_id = "a b" }',
            ("debian", "12"),
            "ab",
        ),
    ],
)
def test_the_system_id(text, system, system_id):
    found = WORLD.library._hanfs_facts_lvm.settings([text], "nfs-server1", "0123", *system)
    assert found["system_id"] == system_id


@pytest.mark.parametrize(
    ("system", "used"),
    [
        (("debian", "12"), False),
        (("rocky", "9.3"), True),
        (("rhel", "8.9"), False),
        ((None, None), False),
    ],
)
def test_where_lvm_uses_a_devices_file_by_itself(system, used):
    assert WORLD.library._hanfs_facts_lvm.settings([], "a", "", *system)["use_devicesfile"] is used


# --- a node ---------------------------------------------------------------------------------------


def test_a_node_of_the_stub_cluster_is_no_member(node):
    stub = COROSYNC.replace("nfs-server-cluster", "debian")
    stub = stub[: stub.index("nodelist")] + (
        "nodelist {\n node {\n name: node1\n nodeid: 1\n ring0_addr: 127.0.0.1\n }\n}\n"
    )
    node.write("/etc/corosync/corosync.conf", stub)
    assert node.gather(good_hardened())["member"] is False


def test_ports_of_debian_11_and_of_el_7(node):
    node.write("/etc/nfs.conf", "")
    node.write("/etc/default/nfs-common", 'STATDOPTS="--port 662 --outgoing-port 2020"\n')
    node.write("/etc/default/nfs-kernel-server", 'RPCMOUNTDOPTS="--manage-gids -p 20048"\n')
    node.write("/etc/modprobe.d/x.conf", "options lockd nlm_tcpport=32803 nlm_udpport=32769\n")
    wanted = {"mountd": 20048, "statd": 662, "lockd_tcp": 32803, "lockd_udp": 32769}
    assert node.gather(good_hardened())["nfs"]["settings"]["ports"] == wanted
    node.write("/etc/default/nfs-common", None)
    node.write("/etc/default/nfs-kernel-server", None)
    node.write("/etc/modprobe.d/x.conf", None)
    lines = "STATD_PORT=662\nLOCKD_TCPPORT=32803\nLOCKD_UDPPORT=32769\n"
    node.write("/etc/sysconfig/nfs", lines)
    node.write("/etc/os-release", 'ID="centos"\nVERSION_ID="7"\n')
    assert node.gather(good_hardened())["nfs"]["settings"]["ports"] == wanted


def test_a_drop_in_wins_over_nfs_conf(node):
    node.write("/etc/nfs.conf.d/10-a.conf", "[nfsd]\nlease-time = 20\nvers3 = n\n")
    node.write("/etc/nfs.conf.d/20-b.conf", "[nfsd]\nlease-time = 30\n")
    found = node.gather(good_hardened())["nfs"]["settings"]
    assert (found["lease"], found["grace"], found["v3"]) == (30, 90, "no")


def test_what_peers_are_told_is_one_line_and_comes_back(node):
    facts = node.gather(good_article())
    text = WORLD.library._hanfs_facts.digest(facts)
    assert text == WORLD.library._hanfs_facts.digest(node.gather(good_article()))
    assert "\n" not in text and len(text) < 1000
    status = {"attributes": {"nfs-server2": {"hanfs-facts": text, "other": "1"}, "x": {}}}
    told = WORLD.library._hanfs_facts.peers(status)
    assert list(told) == ["nfs-server2"]
    assert told["nfs-server2"]["kernel"] == "6.1.0-18-amd64"
    assert told["nfs-server2"]["pkg.pcs"] == "0.11.5-1"


@pytest.mark.parametrize(
    ("theirs", "before", "after", "skew"),
    [(100, 100.9, 101.0, 0), (100, 99.5, 100.2, 0), (107, 100.0, 100.5, 6.5), (93, 100, 100, -6)],
)
def test_only_the_certain_part_of_a_clocks_difference_counts(theirs, before, after, skew):
    assert WORLD.library._hanfs_facts_net.skew(theirs, before, after) == skew


@pytest.fixture
def pcsd(tmp_path):
    """A server with a certificate of its own on a free port; yields that port."""
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    made += ["-nodes", "-days", "1", "-subj", "/CN=x"]
    made += ["-keyout", str(tmp_path / "key"), "-out", str(tmp_path / "certificate")]
    subprocess.run(made, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate", tmp_path / "key")
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_peers_clock_is_read_from_its_pcsd(pcsd, monkeypatch):
    ask = WORLD.library._hanfs_facts_net.clock_offset
    port = pcsd.server_address[1]
    assert ask("127.0.0.1", port=port) == 0.0
    handler = http.server.SimpleHTTPRequestHandler
    late = "Thu, 01 Jan 2026 00:00:00 GMT"
    monkeypatch.setattr(handler, "date_time_string", lambda self, timestamp=None: late)
    assert ask("127.0.0.1", port=port) < -86400
    monkeypatch.setattr(handler, "date_time_string", lambda self, timestamp=None: "yesterday")
    assert ask("127.0.0.1", port=port) is None


def test_a_peer_that_does_not_answer_has_no_clock():
    assert WORLD.library._hanfs_facts_net.clock_offset("127.0.0.1", timeout=1) is None


def test_versions_where_there_is_rpm(tmp_path, monkeypatch):
    """A stand-in for rpm: this project's own machines have none."""
    script = tmp_path / "rpm"
    script.write_text(
        '#!/bin/sh\n[ "$1 $2" = "-q --qf" ] || exit 9\n'
        "echo pcs 0.11.7-2.el9\necho package sbd is not installed\n"
        "echo pacemaker 2.1.7-5.el9\nexit 1\n"
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    world = load(states=False)
    found = world.library._hanfs_facts._rpm_versions(world.machine)
    assert found == {"pcs": "0.11.7-2.el9", "pacemaker": "2.1.7-5.el9"}
    assert len(world.commands) == 1


def test_a_real_machine_is_looked_at_without_a_process():
    """Whatever this machine is: nothing raises, and dpkg's own file is read where there is one."""
    world = load(states=False)
    normal = world.library._hanfs_schema.normalise(good_hardened(), "hanfs")
    facts = world.library._hanfs_facts.gather(world.machine, normal)
    assert facts["kernel"] and facts["hostname"]
    assert [argv[0] for argv in world.commands] in ([], ["rpm"])
    description = world.library._hanfs_model.description(normal, {})
    told = world.library._hanfs_lint_rules.told(normal, description, facts)
    assert world.library._hanfs_lint_rules.findings(told, normal, "hanfs")
