"""Each finding of hanfs.lint, provoked on a node of files that has nothing else to find."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from tests.support.lint_node import (
    COROSYNC,
    DISK,
    FILES,
    NFS_CONF,
    NFSSERVER,
    PATH,
    Node,
    good_article,
    good_hardened,
    keytab,
    pv_image,
    sbd_image,
)

SBD = {
    "fencing": {
        "enabled": True,
        "sbd": {"devices": ["/dev/sdc"], "watchdog_timeout": 10, "msgwait": 20},
    }
}
SBD_DISK = {"/dev/sdc": sbd_image(10, 20), "/usr/sbin/fence_sbd": ""}
SBD_FILES = {
    **SBD_DISK,
    "/dev/watchdog": "",
    "/sys/class/watchdog/watchdog0/identity": "iTCO_wdt\n",
}
KRB5 = {"exports:0:options": ["rw", "sync", "sec=krb5p"]}
NAMES = {"net:names": {"nodes": {}, "virtual": {"192.168.16.100": "nfs.example.com"}, "slow": {}}}
ISCSI = {"/dev/disk/by-path/ip-10.0.0.1:3260-iscsi-iqn.x-lun-0": "../../sdb"}


ROOT = Path(__file__).resolve().parents[2]


@dataclasses.dataclass
class Case:
    """What is spoiled, and words that the finding has."""

    says: str
    change: dict = dataclasses.field(default_factory=dict)
    files: dict = dataclasses.field(default_factory=dict)
    links: dict = dataclasses.field(default_factory=dict)
    facts: dict = dataclasses.field(default_factory=dict)
    status: dict = None
    # Other findings that the same thing must cause.
    beside: set = frozenset()


def properties(**values):
    return {
        "cluster_config": {"properties": {key.replace("_", "-"): v for key, v in values.items()}}
    }


def primitive(name, **item):
    return {"cluster_config": {"primitives": {name: item}}}


def over(attributes, name="nfs_server"):
    return primitive(name, attributes=attributes)


def default(key):
    return {"cluster_config": {"resource_defaults": {key: None}}}


def conf(old, new, path="/etc/nfs.conf", text=NFS_CONF):
    assert old in text
    return {path: text.replace(old, new)}


def config(text):
    return {"/etc/lvm/lvm.conf": 'global { system_id_source = "uname" }\n' + text}


def peer(**published):
    """A peer that has told about itself what this node is, but for some keys."""
    return {"peer": published}


AGENTS = "/usr/lib/ocf/resource.d/heartbeat"
OLD_AGENTS = conf("4.16.0", "4.12.0", "/var/lib/dpkg/status", FILES["/var/lib/dpkg/status"])
EXPORT = "export_home_192.168.16.0_24"
CASES = {
    "HANFS101": Case("HANFS999", {"lint": {"accept": {"HANFS999": "no such thing"}}}),
    "HANFS102": Case("HANFS601", {"lint": {"accept": {"HANFS601": "it is a test"}}}),
    "HANFS103": Case("resource-stickiness", default("resource-stickiness")),
    "HANFS104": Case(
        "on-fail=ignore",
        primitive(
            "fs_nfs",
            operations={
                "start": {"timeout": "120s"},
                "stop": {"timeout": "120s", "on-fail": "ignore"},
            },
        ),
    ),
    "HANFS105": Case(
        "monitor",
        primitive(
            "nfs_server",
            operations={
                "stop": {"timeout": "120s"},
                "monitor": {"interval": "10s", "on-fail": "ignore"},
            },
        ),
    ),
    "HANFS106": Case("migration-threshold", default("migration-threshold")),
    "HANFS107": Case("failure-timeout", default("failure-timeout")),
    "HANFS108": Case("ignore", properties(no_quorum_policy="ignore")),
    "HANFS109": Case("allow_disruption", {"allow_disruption": True}),
    "HANFS110": Case("maintenance-mode", properties(maintenance_mode=True)),
    "HANFS111": Case("anybody", facts={"password_is_example": True}),
    "HANFS112": Case(
        "cli-ban-nfs-on-nfs-server2",
        files={
            "/var/lib/pacemaker/cib/cib.xml": "<cib><configuration><constraints><rsc_location "
            'id="cli-ban-nfs-on-nfs-server2" rsc="nfs" node="nfs-server2" score="-INFINITY"/>'
            '<rsc_location id="mine" rsc="nfs" node="x" score="1"/>'
            "</constraints></configuration></cib>"
        },
    ),
    "HANFS113": Case(
        "nfs_server starts before fs_nfs",
        {
            "cluster_config": {
                "groups": {"nfs": {"members": ["vg_NFS_SHARED", "nfs_server", "fs_nfs"]}}
            }
        },
    ),
    "HANFS114": Case(
        "ip_192.168.16.100 starts before",
        {
            "cluster_config": {
                "constraints": {"order": [{"first": "address_192.168.16.100", "then": EXPORT}]}
            }
        },
    ),
    "HANFS115": Case(
        "two_node",
        files=conf("two_node: 1", "expected_votes: 2", "/etc/corosync/corosync.conf", COROSYNC),
    ),
    "HANFS116": Case("copies", {"cluster_config": {"clones": {"copies": {"resource": "nfs"}}}}),
    "HANFS117": Case(
        "another",
        primitive(
            "another",
            agent="ocf:heartbeat:nfsserver",
            attributes={
                "nfs_shared_infodir": "/srv/nfs/other",
                "nfs_server_scope": "x",
                "nfs_no_notify": True,
            },
            operations={"stop": {"timeout": "120s"}},
        ),
    ),
    "HANFS118": Case(
        "wait_for_all",
        files=conf(
            "two_node: 1",
            "two_node: 1\n    wait_for_all: 0",
            "/etc/corosync/corosync.conf",
            COROSYNC,
        ),
    ),
    "HANFS119": Case(
        "only ip_192.168.16.100",
        {"cluster_config": {"constraints": {"order": [{"sets": [["ip_192.168.16.100"]]}]}}},
    ),
    "HANFS201": Case(
        "nfs-server.service",
        links={
            "/etc/systemd/system/multi-user.target.wants/nfs-server.service": "/lib/systemd/system/"
            "nfs-server.service"
        },
    ),
    "HANFS202": Case("8 nfsd threads", files={"/proc/fs/nfsd/threads": "8\n"}, beside={"HANFS517"}),
    "HANFS203": Case(
        "nfs-mountd.service", links={"/etc/systemd/system/nfs-mountd.service": "/dev/null"}
    ),
    "HANFS204": Case("chronyd", files={"/proc/731/comm": "sshd\n"}),
    "HANFS205": Case(
        "nfs_export_all_rw",
        files={
            "/sys/fs/selinux/enforce": "1",
            "/etc/selinux/config": "SELINUX=enforcing\n",
            "/sys/fs/selinux/booleans/nfs_export_all_rw": "0 0",
            "/sys/fs/selinux/booleans/nfs_export_all_ro": "1 1",
        },
    ),
    "HANFS206": Case(
        "permissive now, enforcing",
        files={"/sys/fs/selinux/enforce": "0", "/etc/selinux/config": "SELINUX=enforcing\n"},
    ),
    "HANFS207": Case("portblock", files={f"{AGENTS}/portblock": None}),
    "HANFS208": Case(
        "fence_ipmilan", files={"/usr/sbin/fence_ipmilan": None, "/usr/sbin/fence_xvm": ""}
    ),
    "HANFS209": Case(
        "nfs_server_scope",
        {"nfs": {"agent": "heartbeat"}},
        {f"{AGENTS}/nfsserver": NFSSERVER.replace("nfs_server_scope", "x")},
    ),
    "HANFS210": Case(
        "nfsv4_only",
        {"nfs": {"v4_only": True, "agent": "heartbeat"}},
        {f"{AGENTS}/nfsserver": NFSSERVER.replace("nfsv4_only", "x")},
    ),
    "HANFS211": Case(
        "4.12.0",
        {"nfs": {"v4_only": True}},
        OLD_AGENTS,
    ),
    "HANFS212": Case(
        "has 2",
        files={
            **OLD_AGENTS,
            "/etc/systemd/system/nfs-server.service.d/x.conf": "[Service]\nExecStart=/bin/true\n",
        },
    ),
    "HANFS213": Case(
        "/mnt/own",
        files={
            "/proc/self/mountinfo": "21 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
            "40 21 0:50 / /mnt/own rw - nfs4 nfs:/srv/nfs/home rw,addr=192.168.16.100,x\n"
            "41 21 0:51 / /mnt/else rw - nfs4 192.168.16.77:/srv/nfs/home rw\n"
        },
    ),
    "HANFS214": Case(
        "unattended-upgrades",
        files={"/etc/apt/apt.conf.d/20auto-upgrades": 'APT::Periodic::Unattended-Upgrade "1";\n'},
    ),
    "HANFS215": Case(
        "6.1.0-18-amd64",
        files={
            "/proc/filesystems": "nodev\tproc\n",
            "/lib/modules/6.1.0-18-amd64/modules.dep": "kernel/fs/xfs/xfs.ko:\n"
            "kernel/net/netfilter/xt_multiport.ko:\n",
        },
    ),
    "HANFS216": Case(DISK, links=ISCSI),
    "HANFS217": Case(
        "sbd.service",
        links={"/etc/systemd/system/corosync.service.requires/sbd.service": "/lib/x"},
    ),
    "HANFS218": Case(
        "tickle_192.168.16.100: 6.1.0-18-amd64",
        files={
            "/lib/modules/6.1.0-18-amd64/modules.dep": "kernel/fs/nfsd/nfsd.ko:\n",
            "/lib/modules/6.1.0-18-amd64/modules.builtin": "kernel/net/netfilter/x_tables.ko\n",
        },
    ),
    "HANFS302": Case("NFS_SHARED", files={"/dev/sdb": pv_image(flags=())}),
    "HANFS303": Case("none", files={"/etc/lvm/lvm.conf": "# nothing\n"}),
    "HANFS305": Case(
        "NFS_SHARED-data",
        files={
            "/dev/sdb": pv_image(system_id="nfs-server2"),
            "/sys/class/block/dm-0/dm/name": "NFS_SHARED-data\n",
        },
    ),
    "HANFS306": Case("old-server", files={"/dev/sdb": pv_image(system_id="old-server")}),
    "HANFS307": Case("volume_list", files=config('activation { volume_list = [ "vg0" ] }')),
    "HANFS308": Case(
        "system.devices",
        files={
            **config("devices { use_devicesfile = 1 }"),
            "/etc/lvm/devices/system.devices": "IDTYPE=sys_wwid IDNAME=naa.6 DEVNAME=/dev/sda",
        },
    ),
    "HANFS309": Case(
        "global_filter", files=config('devices { global_filter = [ "a|/dev/sda|", "r|.*|" ] }')
    ),
    "HANFS310": Case("/dev/vdb", {"storage:device": "/dev/vdb"}),
    "HANFS311": Case(
        "is on sdb",
        files={
            "/proc/self/mountinfo": "21 1 8:16 / / rw - ext4 /dev/sdb rw\n",
            "/sys/devices/pci/block/sdb/dev": "8:16\n",
        },
        links={"/sys/dev/block/8:16": "../../devices/pci/block/sdb"},
    ),
    "HANFS312": Case(
        "/mnt",
        files={
            "/proc/self/mountinfo": "21 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
            "40 21 253:0 / /mnt rw - xfs /dev/mapper/NFS_SHARED-data rw\n"
            "41 21 253:0 / /srv/nfs rw - xfs /dev/mapper/NFS_SHARED-data rw\n"
            "42 21 253:0 /nfsinfo /var/lib/nfs rw - xfs /dev/mapper/NFS_SHARED-data rw\n"
        },
    ),
    "HANFS313": Case("/srv/nfs has 1", files={"/srv/nfs/forgotten": "x"}),
    "HANFS315": Case(
        DISK,
        files={
            "/sys/class/block/sdb/holders/dm-3": "",
            "/sys/class/block/dm-3/dm/uuid": "mpath-3600",
        },
    ),
    "HANFS316": Case("nobarrier", {"storage:options": ["nobarrier"], "storage:fstype": "ext4"}),
    "HANFS320": Case(
        "use_lvmetad",
        files={
            "/etc/lvm/lvm.conf": 'global { system_id_source = "uname"\nuse_lvmetad = 1 }',
            "/run/lvm/lvmetad.socket": "",
        },
    ),
    "HANFS321": Case("initialize", {"storage:initialize": True}),
    "HANFS322": Case(
        "straight on",
        {"storage:vg": ..., "storage:lv": ...},
        {"/dev/sdb": b"XFSB" + bytes(4096)},
    ),
    "HANFS402": Case(
        "10.10.10.11",
        {"cluster:nodes": {"nfs-server1": ["10.10.10.11"], "nfs-server2": ["10.10.10.12"]}},
    ),
    "HANFS403": Case(
        "192.168.16.0/24",
        {
            "cluster:nodes": {
                "nfs-server1": ["192.168.16.10", "192.168.16.11"],
                "nfs-server2": ["192.168.16.20", "192.168.16.21"],
            }
        },
    ),
    "HANFS404": Case("nfs-server2 took 5.0 s", facts={"net:names": {"slow": {"nfs-server2": 5.0}}}),
    "HANFS405": Case(
        "lockd_tcp, lockd_udp", files=conf("[lockd]\nport = 32803\nudp-port = 32769\n", "")
    ),
    "HANFS406": Case("4000/tcp", files=conf("port = 662", "port = 4000")),
    "HANFS407": Case(
        "10.0.0.9",
        facts={
            "net:names": {
                "virtual": {"192.168.16.100": "nfs"},
                "virtual_back": {"192.168.16.100": ["10.0.0.9"]},
            }
        },
    ),
    "HANFS408": Case("500", {"cluster:totem": {"token": 500}}),
    "HANFS409": Case("10.0.0.7", facts={"net:names": {"nodes": {"nfs-server2": ["10.0.0.7"]}}}),
    "HANFS410": Case(
        "consensus=600 is enough",
        files=conf("    consensus: 600\n", "", "/etc/corosync/corosync.conf", COROSYNC),
    ),
    "HANFS411": Case(
        "consensus is 600, shorter than the token",
        {
            "cluster:nodes:nfs-server3": ["10.10.10.13", "192.168.16.13"],
            "fencing:devices:fence-1:nodes": ["nfs-server1", "nfs-server3"],
        },
        facts={"totem": {"consensus": "600"}},
    ),
    "HANFS501": Case("/data", files={"/etc/exports": "# mine\n/data *(ro)\n"}),
    "HANFS502": Case(
        "/srv/nfs/home", files={"/etc/exports.d/old.exports": "/srv/nfs/home *(rw)\n"}
    ),
    "HANFS503": Case("/opt", files={"/etc/exports.d/old.exports": '"/opt" *(rw)\n'}),
    "HANFS504": Case(
        "/srv/nfs/home/nfsinfo", over({"nfs_shared_infodir": "/srv/nfs/home/nfsinfo"})
    ),
    "HANFS505": Case("/var/lib/mine", over({"nfs_shared_infodir": "/var/lib/mine"})),
    "HANFS506": Case(
        "says something else of /srv/nfs/home 192.168.16.0/24",
        files={
            "/etc/exports.d/hanfs-nfs-server-cluster.exports": "# Kept by Salt (hanfs): the exports"
            " that the cluster runs\n/srv/nfs/home 192.168.16.0/24(ro)\n"
        },
    ),
    "HANFS511": Case("60 s for each move", over({"wait_for_leasetime_on_stop": True}, EXPORT)),
    "HANFS512": Case(
        "needs 610 s",
        {
            "nfs": {"lease_time": 600, "grace_time": 600},
            **over({"wait_for_leasetime_on_stop": 1}, EXPORT),
        },
        beside={"HANFS511"},
    ),
    "HANFS513": Case("20 s", primitive("nfs_server", operations={"stop": {"timeout": "20s"}})),
    "HANFS514": Case("nfs_server has no", {"server_scope": False}),
    "HANFS515": Case("the lease is 15 s", {"nfs": {"lease_time": 15}}),
    "HANFS517": Case(
        "lease is 90",
        files={
            "/proc/fs/nfsd/threads": "16\n",
            "/proc/fs/nfsd/nfsv4leasetime": "90\n",
            "/proc/fs/nfsd/nfsv4gracetime": "90\n",
            "/proc/self/mountinfo": "21 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
            "41 21 253:0 / /srv/nfs rw - xfs /dev/mapper/NFS_SHARED-data rw\n"
            "42 21 253:0 /nfsinfo /var/lib/nfs rw - xfs /dev/mapper/NFS_SHARED-data rw\n",
        },
    ),
    "HANFS518": Case("nfs_no_notify", over({"nfs_no_notify": False})),
    "HANFS519": Case("nfs_notify", over({"nfsv4_only": True})),
    "HANFS520": Case(
        "no statd",
        files={
            "/var/lib/nfs/sm/client": "",
            "/proc/self/mountinfo": "21 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
            "41 21 253:0 / /srv/nfs rw - xfs /dev/mapper/NFS_SHARED-data rw\n"
            "42 21 253:0 /nfsinfo /var/lib/nfs rw - xfs /dev/mapper/NFS_SHARED-data rw\n",
        },
    ),
    "HANFS521": Case("ip_192.168.16.100", {"nfs": {"tickle": False}}),
    "HANFS526": Case(
        "nfs/nfs.example.com",
        KRB5,
        {"/etc/krb5.keytab": keytab("host/a@EX", "nfs/a@EX")},
        facts=NAMES,
    ),
    "HANFS528": Case("idmapd.conf", files={"/etc/idmapd.conf": "[General]\n# Domain = x\n"}),
    "HANFS529": Case(
        "10.0.0.2",
        over({"nfs_ip": "10.0.0.1,10.0.0.2", "nfs_no_notify": False}),
        beside={"HANFS518"},
    ),
    "HANFS540": Case("1 is the fsid of", over({"fsid": "1"}, "export_pub_any")),
    "HANFS542": Case("no_root_squash", {"exports:0:options": ["rw", "sync", "no_root_squash"]}),
    "HANFS543": Case("async", over({"options": "rw,async,mountpoint=/srv/nfs"}, EXPORT)),
    "HANFS544": Case("rw for *", {"exports:1:options": ["rw", "sync"]}),
    "HANFS545": Case("mountpoint", over({"options": "rw,sync"}, EXPORT)),
    "HANFS546": Case("rmtab_backup", over({"rmtab_backup": ".rmtab"}, EXPORT)),
    "HANFS547": Case("subtree_check", {"exports:0:options": ["rw", "sync", "subtree_check"]}),
    "HANFS548": Case("insecure", {"exports:0:options": ["rw", "sync", "insecure"]}),
    "HANFS601": Case("enabled: false", {"fencing": {"enabled": False}}),
    "HANFS602": Case("fence-1, fence-2", {"fencing:priority_delay": 0}),
    "HANFS603": Case("the longest delay 40 s", over({"pcmk_delay_base": "40s"}, "fence-1")),
    "HANFS604": Case("for nfs-server2", over({"pcmk_host_list": "nfs-server1"}, "fence-2")),
    "HANFS605": Case(
        "nfs-server1 and nfs-server2",
        {
            "fencing": {
                "enabled": True,
                "devices": {
                    "scsi": {
                        "agent": "fence_scsi",
                        "nodes": ["nfs-server1", "nfs-server2"],
                        "options": {"devices": DISK},
                    }
                },
            }
        },
        {"/usr/sbin/fence_scsi": ""},
    ),
    "HANFS606": Case(
        "scsi",
        primitive("scsi", agent="stonith:fence_scsi", attributes={"devices": DISK}),
        {"/usr/sbin/fence_scsi": ""},
    ),
    "HANFS607": Case(
        "/dev/watchdog is not there",
        SBD,
        {k: v for k, v in SBD_FILES.items() if k != "/dev/watchdog"},
    ),
    "HANFS608": Case(
        "softdog",
        SBD,
        {**SBD_FILES, "/sys/class/watchdog/watchdog0/identity": "Software Watchdog\n"},
    ),
    "HANFS609": Case(
        "msgwait 20, watchdog 15",
        SBD,
        {**SBD_FILES, "/dev/sdc": sbd_image(15, 20)},
        beside={"HANFS612"},
    ),
    "HANFS610": Case(
        "stonith-timeout is 10 s", {**SBD, **properties(stonith_timeout="10s")}, SBD_FILES
    ),
    "HANFS611": Case(
        "no devices",
        {"fencing": {"enabled": True, "sbd": {"watchdog_timeout": 10}}},
        {"/dev/watchdog": "", "/sys/class/watchdog/watchdog0/identity": "iTCO_wdt\n"},
    ),
    "HANFS612": Case("msgwait 40, pillar 20", SBD, {**SBD_FILES, "/dev/sdc": sbd_image(10, 40)}),
    "HANFS617": Case(
        "/etc/cluster/fence_xvm.key",
        {
            "fencing": {
                "enabled": True,
                "devices": {"xvm": {"agent": "fence_xvm", "nodes": ["nfs-server1", "nfs-server2"]}},
            }
        },
        {"/usr/sbin/fence_xvm": ""},
    ),
    "HANFS701": Case("6.9.0 on nfs-server2", status=peer(kernel="6.9.0")),
    "HANFS702": Case("pcs is 0.11.5-1 here, 0.12.0", status=peer(**{"pkg.pcs": "0.12.0"})),
    "HANFS703": Case("debian 13", status=peer(os="debian 13")),
    "HANFS704": Case("machine-id", status=peer(machine=...)),
    "HANFS705": Case("initiator", status=peer(initiator=...)),
    "HANFS706": Case("nfs-server2", status=peer(lvm=...)),
    "HANFS707": Case("key", status=peer(ssh=...)),
    "HANFS708": Case("lease is 60 here, 15", status=peer(**{"nfs.lease": "15"})),
    "HANFS709": Case("not set on nfs-server2", status=peer(idmap=None)),
    "HANFS710": Case("7 s ahead", facts={"clock_offsets": {"nfs-server2": 7.0}}),
    "HANFS711": Case("enforcing", status=peer(selinux="enforcing")),
    "HANFS713": Case("statd is 104 here, 29", status=peer(statd="29")),
    "HANFS714": Case("/etc/passwd", status=peer(people="other")),
    "HANFS715": Case(DISK, status=peer(**{"disk.0": "other"})),
    "HANFS716": Case("nothing", status={"nodes": {"nfs-server2": {"online": True}}}),
    "HANFS717": Case(
        "reboot of nfs-server2",
        status={
            "fence_history": [
                {"action": "reboot", "target": "nfs-server2", "status": "failed"},
                {"action": "reboot", "target": "nfs-server1", "status": "success"},
            ]
        },
    ),
}
# What only the walkthrough's profile can have; all of it is in its plain site.
ARTICLE = {
    "HANFS304": "NFS_SHARED",
    "HANFS506": "writes no file",
    "HANFS541": "NFSExport has fsid=0",
}
# hanfs.check finds these; test_hanfs_schema and test_hanfs_check provoke each.
ELSEWHERE = {"HANFS100", "HANFS200"}


@pytest.fixture
def node(tmp_path):
    return Node(tmp_path)


def status_of(node, pillar, wanted):
    """pcs.status, with a peer that has published what this node would, but for ids and keys."""
    if wanted is None or "peer" not in wanted:
        return wanted
    facts = node.gather(pillar)
    text = node.world.library._hanfs_facts.digest(facts)
    both = {node: {"hanfs-facts": text} for node in ("nfs-server1", "nfs-server2")}
    published = node.world.library._hanfs_facts.peers({"attributes": both})["nfs-server2"]
    own = dict(published)
    published.update({key: f"peers-{key}" for key in ("machine", "initiator", "lvm", "ssh")})
    for key, value in wanted["peer"].items():
        published[key] = own[key] if value is ... else value
    told = "&".join(f"{key}={value}" for key, value in published.items() if value is not None)
    told = told.replace("+", "%2B").replace(" ", "+")
    return {"attributes": {"nfs-server2": {"hanfs-facts": told}}}


def spoil(node, case):
    for path, content in case.files.items():
        node.write(path, content)
    for path, to in case.links.items():
        node.link(path, to)
    node.facts = dict(case.facts)
    pillar = good_hardened(case.change)
    node.status = status_of(node, pillar, case.status)
    return node.findings(pillar)


def test_nothing_is_found_on_a_good_node(node):
    assert node.findings(good_hardened()) == []
    assert node.world.commands == [], "facts are read from files"


@pytest.mark.parametrize("code", CASES)
def test_each_finding_and_nothing_else(node, code):
    case = CASES[code]
    found = {one["code"]: one for one in spoil(node, case)}
    assert code in found, found
    assert any(case.says in text for text in found[code]["found"]), found[code]["found"]
    assert set(found) - {code} == set(case.beside)
    assert "s3cret" not in str(found) and "f3nce" not in str(found)


@pytest.mark.parametrize("code", ARTICLE)
def test_findings_of_the_walkthrough(node, code):
    found = {one["code"]: one for one in node.findings(good_article())}
    assert any(ARTICLE[code] in text for text in found[code]["found"])


def test_the_walkthroughs_own_weaknesses_are_no_errors(node):
    """Its pillar still applies, with fencing off because it says so."""
    found = node.findings(good_article())
    assert {one["severity"] for one in found} == {"warning", "info"}
    assert "HANFS504" in {one["code"] for one in found}
    assert "HANFS601" in {one["code"] for one in found}


def test_what_only_nfsv3_needs_may_be_masked_where_the_run_decides_it(node):
    node.link("/etc/systemd/system/rpcbind.socket", "/dev/null")
    assert node.findings(good_hardened()) == []
    assert "HANFS203" in {one["code"] for one in node.findings(good_article())}


def test_what_is_not_installed_yet_is_no_finding(tmp_path):
    """A machine with nothing on it, before the packages: only pillar can be judged."""
    node = Node(tmp_path / "full")
    node.root = tmp_path / "bare"
    node.root.mkdir()
    assert node.findings(good_hardened()) == []


@pytest.mark.parametrize("list_", ["modules.dep", "modules.builtin"])
def test_a_kernel_that_blocks_ports_by_a_module_or_built_in(node, list_):
    directory = "/lib/modules/6.1.0-18-amd64"
    node.write(f"{directory}/modules.dep", "kernel/fs/xfs/xfs.ko:\n")
    node.write(f"{directory}/{list_}", "kernel/net/netfilter/xt_multiport.ko.xz\n")
    assert node.findings(good_hardened()) == []


def test_the_registry_the_documents_and_the_tests_have_the_same_findings(node):
    registry = node.world.library._hanfs_lint_rules.registry()
    assert set(registry) == set(CASES) | set(ARTICLE) | ELSEWHERE
    told = [
        code
        for part in node.world.library._hanfs_lint_rules.parts()
        for code in getattr(node.world.library, f"_hanfs_lint_rules_{part}").RULES
    ]
    assert len(told) == len(set(told))
    assert set(told) == set(registry) - {"HANFS100", "HANFS101", "HANFS102", "HANFS200"}
    documented = (ROOT / "docs/lint.md").read_text()
    assert re.findall(r"^### (HANFS\d+)", documented, re.M) == list(registry)
    words = " ".join(documented.split())
    for code, entry in registry.items():
        assert " ".join(section(code, entry)) in words, code
        assert re.search(rf"^\| \[{code}\]\(\S+\) \| {entry['severity']} \|", documented, re.M)


def section(code, entry):
    """What docs/lint.md says about a finding, whatever the line breaks."""
    severity = entry["severity"]
    if "article" in entry:
        severity += f" (profile article: {entry['article']})"
    if not entry.get("acceptable", True):
        severity += ", cannot be accepted"
    return [
        f"### {code}: {entry['title']}",
        f"*{severity}*. {entry['why']}.",
        f"- Cure: {entry['cure'].replace('{path}', 'SITE')}",
        f"- Source: {entry['source']}",
    ]


def test_an_accepted_finding_keeps_its_severity_and_has_its_reason(node):
    pillar = good_hardened(
        {"fencing": {"enabled": False}, "lint": {"accept": {"HANFS601": "a lab without power"}}}
    )
    (found,) = node.findings(pillar)
    assert (found["code"], found["severity"]) == ("HANFS601", "warning")
    assert found["accepted"] == "a lab without power"


def test_a_list_of_accepted_findings(node):
    accept = [{"code": "HANFS601", "reason": "a lab without power"}]
    pillar = good_hardened({"fencing": {"enabled": False}, "lint": {"accept": accept}})
    (found,) = node.findings(pillar)
    assert found["accepted"] == "a lab without power"


def test_what_is_wrong_with_pillar_itself_cannot_be_accepted(node):
    pillar = good_hardened({"lint": {"accept": {"HANFS100": "a lab without power"}}})
    (found,) = node.findings(pillar)
    assert found["code"] == "HANFS101" and "cannot be accepted" in found["found"][0]


def test_the_cure_names_the_sites_own_path(node):
    (found,) = node.findings(good_hardened({"allow_disruption": True}))
    assert PATH in found["cure"]


def test_one_finding_for_many_places(node):
    options = ["rw", "sync", "no_root_squash"]
    (found,) = node.findings(good_hardened({"exports:0:options": options}))
    assert len(found["found"]) == 1
    clients = ["10.0.0.0/8", "10.1.0.1"]
    pillar = good_hardened({"exports:0:options": options, "exports:0:clients": clients})
    (found,) = node.findings(pillar)
    assert len(found["found"]) == 2
