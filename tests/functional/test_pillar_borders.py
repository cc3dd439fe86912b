"""Each key of pillar at the border of what the program takes that its value ends in.

What is just within is right for the check and for the program of every version; what is just beyond
is refused by the check, at its place in pillar, and by at least one version's program. So a mistake
in pillar is an error before anything is touched, and nothing is refused that would work.
"""

import re
import shlex
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from salt.exceptions import SaltInvocationError

from tests.support.cluster_tools import DEFAULT, VERSIONS, for_version
from tests.support.salt_modules import load
from tests.support.sites import bent
from tests.unit.test_hanfs_hostile import WHOLE

PATH = "hanfs:sites:athens"
WORLD = load(states=False)
problems = WORLD.library._hanfs_schema.problems
NODE = "cluster:nodes:nfs-server1"
# A name of that many signs.
A64 = "n" * 31 + "." + "n" * 32
A65 = f"{A64}n"
PART = "/srv/nfs/" + "p" * 255


class Border(NamedTuple):
    """``program``: who else is asked, a name of ``PROGRAMS``; None: nobody who could be asked in a
    container, and ``why``. ``ours``: refused although the program takes it, and why is in the
    rule. ``beside``: what else is changed in the site."""

    program: str
    right: list
    wrong: list
    ours: list = []
    beside: dict = {}
    why: str = ""
    at: str = ""  # the key that is named, where it is another one


def own(right, wrong, why="the formula's own", **more):
    return Border(None, right, wrong, why=why, **more)


def truth():
    return [own([True, False], ["yes", 1])]


TABLE = {
    "profile": [own(["hardened"], ["Hardened", "naive"])],
    # What a new cluster may be called says hanfs.check on the node (tests/unit/test_hanfs_check):
    # one that has a name already keeps it.
    "cluster:name": [Border("cluster name", ["a" * 32, "A_b-9"], [], ours=["-a", "a" * 64])],
    "cluster:nodes:*": [
        Border("hostname", ["a--b", A64], [A65, "a_b", "a..b", "a-"]),
        Border("system id", ["nlocalhost"], ["localhost", "localhost1.example"]),
    ],
    "cluster:nodes:*:*": [
        Border("corosync address", ["10.10.10.99"], ["a..b", "a b"],
               ours=["0.1.2.3", "255.255.255.255", "10.0.0.256", "10.1"],
               beside={"cluster:nodes": {"a": ["10.0.0.1"], "b": ["{}"]}, "cluster:links": ...},
               at="cluster:nodes:b:0"),
        Border("corosync address 6", ["fd00::99"], ["a..b"], ours=["::ffff:10.0.0.9", "FD00::99"],
               beside={"cluster:nodes": {"a": ["fd00::1"], "b": ["{}"]}, "cluster:links": ...},
               at="cluster:nodes:b:0"),
    ],
    "cluster:password": [Border("chpasswd", ["p" * 511, "a\tb:c"], ["p" * 512, "\u00e4" * 256])],
    "cluster:totem:token": [Border("totem", [126, 10**7], [125, 29], ours=[-1])],
    "cluster:totem:block_unlisted_ips": [Border("totem", ["yes", "no"], [], ours=["maybe"])],
    **{
        f"cluster:totem:{name}": [Border("totem", [least, 0], [least - 1, 1], ours=[-1])]
        for name, least in [("token_retransmit", 30), ("hold", 14), ("join", 30), ("merge", 30),
                            ("downcheck", 30), ("max_network_delay", 30)]
    },
    "cluster:totem:consensus": [Border("totem", [50, 5000], [49, 29])],
    "cluster:totem:token_retransmits_before_loss_const": [
        # corosync 3.1 has a longer token by itself than 3.0, which decides.
        Border("totem", [1, 33], [100], ours=[34], beside={"cluster:totem:token": ...}),
    ],
    **{
        f"cluster:totem:{name}": [Border("totem", [0, 7], ["x"], ours=[-1])]
        for name in ("fail_recv_const", "heartbeat_failures_allowed", "max_messages", "send_join",
                     "miss_count_const", "seqno_unchanged_const", "token_coefficient",
                     "window_size")
    },
    "cluster:links:*:link_priority": [Border("link", [0, 255], [256])],
    "cluster:links:*:mcastport": [Border("link", [1, 65535], [0, 65536])],
    "cluster:links:*:ping_interval": [
        Border("link", [1], ["1s"], beside={"cluster:links:0:ping_timeout": 500}),
        Border("link", [], [500], at="cluster:links:0:ping_timeout"),
    ],
    "cluster:links:*:ping_timeout": [
        Border("link", [1], ["1s"], beside={"cluster:links:0:ping_interval": 500}),
        Border("link", [], [500], at="cluster:links:0:ping_interval"),
    ],
    "cluster:links:*:ping_precision": [Border("link", [1, 2048], [-1])],
    "cluster:links:*:pong_count": [Border("link", [1, 255], [-1], ours=[256])],
    "cluster:links:*:transport": [Border("link", ["udp", "sctp"], ["tcp"])],
    "storage:*:name": [Border("id", ["a" * 100, "1.a-b_c"], ["a:b", "a/b"], ours=["a" * 101])],
    "storage:*:device": [
        own(["/dev/disk/by-id/a:b@c=e+f.g"], ["/dev/a;b", "/dev/a,b", "/tmp/x", "/dev/a b"],
            "the names that udev gives"),
    ],
    "storage:*:vg": [
        Border("vgcreate", ["g" * 119, "a+b", ".a", "snapshot1", "a_rimage", "1"],
               [".", "..", "-x", "a/b", "shm", "null", "mapper"]),
        Border("vgcreate", [], ["g" * 128]),
    ],
    "storage:*:lv": [
        Border("lvcreate", ["v" * 121, "xsnapshot", "arimage", "a.b"],
               ["v" * 122, ".", "snapshot1", "pvmove0", "_tmeta", "a b",
                *(f"a_{part}" for part in "cdata cmeta corig cpool cvol imeta iorig mimage mlog"
                  " pmspare rimage rmeta tdata tmeta vdata vorigin wcorig".split())],
               beside={"storage:0:vg": "vg1"}),
        own(["-".join("ab")], ["v" + "-" * 62], "device mapper, of which containers have none",
            beside={"storage:0:vg": "vg1"}),
    ],
    "storage:*:size": [Border("mkfs size", ["300M", "1G"], ["299M", "1K"],
                              ours=["1.5G", "300MiB", "0G", "101%"])],
    "storage:*:fstype": [own(["xfs", "ext4"], ["btrfs", "XFS"])],
    "storage:*:options:*": [
        Border("mount xfs",
               ["noatime", "inode64", "logbsize=256k", "allocsize=64k", "x-y", "swalloc",
                "nouuid", "largeio", "lazytime", "filestreams", "dax=never"],
               ["noatim", "nobarrier", "norecovery", "user_xattr", "data=ordered", "logbufs"]),
        Border("mount ext4",
               ["noatime", "nobarrier", "barrier=1", "data=ordered", "commit=5", "user_xattr",
                "delalloc", "errors=remount-ro", "stripe=16", "dioread_nolock", "nombcache"],
               ["noatim", "inode64", "noacl", "journal_async_commit", "commit", "prjquota"],
               beside={"storage:0:fstype": "ext4"}),
    ],
    "storage:*:mountpoint": [
        Border("mkdir", [PART], [PART + "p"], beside={"exports": "{}", "nfs:state_directory": ...}),
        own([], ["/dev/nfs", "/proc/x", "/usr", "/srv/nfs/", "/srv/$(id)", "/a&b"]),
    ],
    "storage:*:initialize": truth(),
    "storage:*:grow": truth(),
    "exports:*:name": [Border("id", ["a" * 100, "1.a-b_c"], ["a:b", "a/b"], ours=["a" * 101])],
    "exports:*:directory": [
        Border("mkdir", [PART], [PART + "p"], beside={"exports:0:name": "short"}),
        own([], ["/srv/nfs/" + "a" * 180 + "/b"], "files of agents, named after the resource",
            at="exports:0:name"),
    ],
    "exports:*:clients:*": [
        Border("client", ["10.9.0.0/16", "0.0.0.0/0", "fd00::/64", "fd00::9", "*", "@lan", "a.*.b",
                          "a?b"], ["10.0.0.300", "a b"],
               ours=["10.1", "10.0.0.1/8", "FD00::/64", "c" * 256]),
    ],
    "exports:*:clients:*:client": [Border("client", ["10.9.0.0/16"], ["10.0.0.300"])],
    "exports:*:clients:*:options:*": [Border("export option", ["ro", "wdelay"], ["rwx"])],
    "exports:*:options:*": [
        Border("export option",
               ["rw", "nohide", "no_wdelay", "sec=krb5p:sys", "anonuid=4294967295", "anongid=-2",
                "crossmnt", "pnfs", "no_acl", "insecure_locks", "refer=/x@h", "squash_uids=0-99"],
               ["rwx", "sec=lkey", "sec=", "anonuid=abc", "anonuid", "rw=1", "xprtsec=ssl",
                "reexport=yes", "dirsync"],
               ours=["anonuid=010", "anonuid=4294967296", "fsid=1"]),
    ],
    "exports:*:fsid": [
        Border("fsid", [1, 4294967295, "0a0b0c0d-0000-0000-0000-000000000001"], ["abc", "1-2"],
               ours=[4294967296, -1, "010"]),
    ],
    "address:*:ip": [
        Border("ip address", ["192.168.16.99", "fd00::99"], ["10.0.0.256", "fd00::g"],
               ours=["10.1", "127.0.0.1", "224.0.0.1", "::ffff:10.0.0.9", "0.1.2.3"],
               beside={"address:0:cidr_netmask": 24}),
    ],
    "address:*:cidr_netmask": [
        Border("netmask", [1, 32], [33]),
        Border("netmask6", [64, 128], [129], beside={"address:0:ip": "fd00::99"}),
    ],
    "address:*:nic": [Border("nic", ["eth0.10", "e" * 15], ["e" * 16, "a/b", "."], ours=["e:1"])],
    "address:*:name": [Border("id", ["a" * 100], ["a:b"], ours=["a" * 101])],
    "server_scope": [Border("hostname", [A64, "a--b", "1", "fd00--100"],
                            [A65, "a..b", "a_b", "a-"])],
    "nfs:v4_only": truth(),
    "nfs:tickle": truth(),
    "nfs:agent": [own(["hanfs", "heartbeat"], ["Hanfs", True])],
    "nfs:lease_time": [own([10, 60], [9, 3601, "60s"], "kernel: __nfsd4_write_time, nfsctl.c")],
    "nfs:grace_time": [own([60, 3600], [9, 3601, 1.5], "kernel: __nfsd4_write_time, nfsctl.c")],
    "nfs:threads": [own([1, 4096], [0, 4097], "kernel: NFSD_MAXSERVS, 8192")],
    **{
        f"nfs:ports:{name}": [Border("port", [1, 65535], [0, 65536], ours=[2049, 111, 2224])]
        for name in ("mountd", "statd", "statd_outgoing", "lockd_tcp", "lockd_udp")
    },
    "nfs:state_directory": [Border("mkdir", [PART], [PART + "p"]), own([], ["/var/lib/nfs"])],
    "nfs:notify_name": [Border("hostname", ["nfs.example.org"], ["a_b", "a..b"],
                               beside={"address": WHOLE["address"][:1]})],
    "fencing:enabled": truth(),
    "fencing:devices:*": [Border("id", ["a" * 100, "A-1.x"], ["1a", "a:b"], ours=["a" * 101])],
    "fencing:devices:*:agent": [
        own(["fence_xvm", "stonith:fence_xvm"], ["ocf:x:y", "-x", "a b"],
            "hanfs.agents_known asks for it once it is installed"),
    ],
    "fencing:devices:*:nodes:*": [
        own([{"nfs-server1": "p-1", "nfs-server2": "a/b"}],
            [{"nfs-server1": sign} for sign in ("a:b", "a;b", "a,b", "a b", "a=b", "a\\b")],
            "pacemaker: build_port_aliases, in the running fencer",
            at="fencing:devices:fence-1:nodes"),
    ],
    "fencing:devices:*:options:*": [own(["a b", 1, True], ["", "a\nb", 1.5, None])],
    "fencing:devices:*:secrets:*": [own(["a b", 1], ["", "a\nb", None])],
    "fencing:devices:*:delay": [own([0, 5], [-1, 3601, "5s"])],
    "fencing:devices:*:monitor": [own([10, 86400], [9, 86401, "60s"])],
    "fencing:devices:*:unfencing": truth(),
    "fencing:levels:*": [
        own([[["fence-1"]] * 9], [[["fence-1"]] * 10, [], [[]]], "pacemaker: ST__LEVEL_COUNT",
            at="fencing:levels"),
    ],
    "fencing:priority_delay": [own([15, 3600], [-1, 3601])],
    "fencing:timeout": [own([120, 3600], [0, 3601])],
    "fencing:key_files:*": [
        own(["/etc/cluster/k", "/root/k"],
            ["/etc/passwd", "/etc/sudoers.d/../shadow", "/key", "/usr/bin/x", "/dev/x", "k"]),
    ],
    "fencing:key_files:*:content": [
        Border("base64", ["YWJj", "YQ=="], ["YWJ", "a", "@@@@"],
               beside={"fencing:key_files:/etc/key:encoding": "base64"}),
    ],
    "fencing:key_files:*:encoding": [own(["text"], ["Base64", "hex"])],
    "fencing:sbd:devices:*": [own(["/dev/disk/by-id/x"], ["/dev/a;/dev/b", "sbd"])],
    "fencing:sbd:watchdog": [own(["/dev/watchdog1"], ["watchdog", "/dev/a;b"])],
    "fencing:sbd:watchdog_timeout": [own([1, 5], [0, 601, "5s"])],
    "fencing:sbd:msgwait": [own([10, 60], [1, 3601, float("inf"), float("nan")])],
    "fencing:sbd:initialize": truth(),
    "fencing:sbd:options:*": [
        Border("sourced", ["-v -n a", "-W"], ["a$(id)b", "a`id`b", 'a"b', "a\\$b"]),
    ],
    "lint:accept:*": [own(["all is well"], ["word", "", 7])],
    "firewall:manage": truth(),
    "firewall:zone": [Border("zone", ["z" * 17, "a-b_c"], ["z" * 18, "a.b", "a b"])],
    "firewall:cluster_zone": [Border("zone", ["z" * 17], ["z" * 18])],
    "firewall:services:*": [Border("service", ["high-availability", "a_b"], ["a.b", "a+b"])],
    **{f"timeouts:{name}": [own([1, 86400], [0, 86401, "5m"])]
       for name in ("peer", "storage", "settle")},
    "allow_disruption": truth(),
    "events": truth(),
    "cluster_config:unmanaged": [own(["keep", "purge"], ["Keep", True])],
    # Its parts are a description, which the engine knows (tests/functional/test_cib_*).
    **{f"cluster_config:{part}": [own([], [7], "the engine's")]
       for part in ("properties", "resource_defaults", "op_defaults", "primitives", "groups",
                    "clones", "bundles", "constraints", "fence_levels", "nodes", "alerts", "tags",
                    "acls")},
    **{f"{section}:*:{key}": [Border("owner", ["root", 0], ["a b", "a/b"], ours=[2**32 - 1])]
       for section in ("storage", "exports") for key in ("user", "group")},
    **{f"{section}:*:mode": [Border("chmod", ["0755", "1777"], ["0789", "x"], ours=["rwx", 7777.0])]
       for section in ("storage", "exports")},
}  # fmt: skip
# Mappings whose keys are the site's own words: what stands at * is the key itself.
NAMED = {"cluster:nodes:*", "fencing:devices:*", "fencing:key_files:*"}
FIRST = {
    "cluster:nodes": "nfs-server1", "fencing:devices": "fence-1", "fencing:key_files": "/etc/key",
    "fencing:levels": "nfs-server1", "fencing:devices:fence-1:options": "ip",
    "fencing:devices:fence-1:secrets": "password", "fencing:sbd:options": "SBD_OPTS",
    "lint:accept": "HANFS101", "fencing:devices:fence-1:nodes": "nfs-server1",
}  # fmt: skip


def place_of(key):
    """The way to the first that a pattern means."""
    found = []
    for word in key.split(":"):
        here = ":".join(found)
        found.append(FIRST.get(here, "0") if word == "*" else word)
    if key.startswith("exports:*:clients:*:"):
        found[3] = "1"
    return ":".join(found)


def changed(key, border, value):
    """The site with that value there, and the place that an error has to name."""
    at = place_of(key)
    if key in NAMED:
        section, _, name = at.rpartition(":")
        part = WHOLE
        for word in section.split(":"):
            part = part[word]
        renamed = {value if one == name else one: item for one, item in part.items()}
        site = {section: renamed}
        if section == "cluster:nodes":
            site.update({"fencing": {"enabled": False}})
        if section == "fencing:devices":
            site["fencing:levels"] = ...
        return bent(WHOLE, site), border.at or f"{section}:{value}"
    change = {}
    for where, other in border.beside.items():
        change[where] = filled(other, value) if other != "{}" else [export(value)]
    if "{}" not in str(border.beside.get("cluster:nodes")):
        if key in ("fencing:devices:*:nodes:*", "fencing:levels:*"):
            at = at.rpartition(":")[0] if key.startswith("fencing:devices") else at
        change[at] = value
    else:
        change.update({"fencing": {"enabled": False}})
    if key == "exports:*:options:*":
        change["exports:0:options"] = [value]
        del change[at]
    if key == "fencing:priority_delay":
        change["fencing:devices:fence-1:delay"] = ...
    return bent(WHOLE, change), border.at or at


def export(directory):
    return {"name": "x", "directory": directory, "clients": ["*"]}


def filled(given, value):
    if isinstance(given, dict):
        return {name: filled(one, value) for name, one in given.items()}
    if isinstance(given, list):
        return [filled(one, value) for one in given]
    return value if given == "{}" else given


@pytest.mark.parametrize("key", TABLE)
def test_the_check_knows_the_border(key):
    for border in TABLE[key]:
        for value in border.right:
            site, _ = changed(key, border, value)
            assert (value, problems(site, PATH)) == (value, [])
        for value in [*border.wrong, *border.ours]:
            site, at = changed(key, border, value)
            said = problems(site, PATH)
            assert any(line.startswith(f"{PATH}:{at}") for line in said), (value, said)


# --- the programs ---------------------------------------------------------------------------------

# Seen nowhere else: state of the NFS server, a file system, no nfsd; one loop device a program.
ENTER = """\
mount -t tmpfs none /var/lib/nfs && cd /var/lib/nfs && touch etab xtab rmtab
mount -t tmpfs none /run; mount -t tmpfs none /srv && mkdir -p /srv/nfs && cd /srv
mount -t tmpfs none /srv/nfs && mkdir /srv/nfs/home
mount -t tmpfs none /proc/fs && mkdir /proc/fs/nfsd && touch /proc/fs/nfsd/filehandle
mount -t sysfs none /sys; export LVM_SUPPRESS_FD_WARNINGS=1
ip link set lo up
"""
_DISK = "rm -f /srv/disk; truncate -s {size} /srv/disk && loop=$(losetup -f --show /srv/disk) && "
_LVM = _DISK.format(size="200M") + "pvcreate $loop && "
_FIREWALL = "python3 -c 'import sys; from firewall import functions; from firewall.core.io"
# What is done once, each value (quoted, at {}), what is done in the end.
PROGRAMS = {
    "hostname": ("true", "unshare --uts hostname {}", "true"),
    "system id": (_LVM + "true", "vgcreate --systemid {0} --config 'local/system_id='{0}'"
                  " global/system_id_source=\"lvmlocal\"' sv $loop", "losetup -d $loop"),
    "chpasswd": ("true", "printf 'hacluster:%s\\n' {} | chpasswd", "true"),
    "vgcreate": (_LVM + "true", "vgcreate {0} $loop && vgremove -f {0}", "losetup -d $loop"),
    "lvcreate": (_LVM + "vgcreate vg1 $loop",
                 "lvcreate --driverloaded n -an -Zn -Wn -L4M -n {0} vg1 &&"
                 " (lvremove --driverloaded n -f vg1/{0} || true)",
                 "vgremove -f vg1; losetup -d $loop"),
    "mkfs size": ("true", "truncate -s {} /srv/f && mkfs.xfs -f /srv/f; r=$?; rm /srv/f;"
                  " (exit $r)", "true"),
    "mount xfs": (_DISK.format(size="320M") + "mkfs.xfs $loop && mkdir m",
                  "mount -t xfs -o {} $loop m && umount m", "losetup -d $loop"),
    "mount ext4": (_DISK.format(size="20M") + "mkfs.ext4 $loop && mkdir m",
                   "mount -t ext4 -o {} $loop m && umount m", "losetup -d $loop"),
    "mkdir": ("true", "mkdir -p {}", "true"),
    "client": ("true", "c={0}; case $c in *:*) c=[$c];; esac; : >/var/lib/nfs/etab;"
               " exportfs -i -o rw,fsid=7,no_subtree_check \"$c:/srv/nfs/home\";"
               " grep -qF {0}'(' /var/lib/nfs/etab", "true"),
    "export option": ("true", "exportfs -i -o fsid=7,no_subtree_check,{}"
                      " 10.0.0.0/8:/srv/nfs/home", "true"),
    "fsid": ("true", "exportfs -i -o no_subtree_check,fsid={} 10.0.0.0/8:/srv/nfs/home", "true"),
    "ip address": ("true", "ip address add {}/24 dev lo", "true"),
    "netmask": ("true", "ip address add 10.9.9.9/{0} dev lo &&"
                " ip address del 10.9.9.9/{0} dev lo", "true"),
    "netmask6": ("true", "ip address add fd00::9/{0} dev lo &&"
                 " ip address del fd00::9/{0} dev lo", "true"),
    "nic": ("true", "ip link set lo name {}; r=$?; [ $r -ne 0 ] || ip link set {0} name lo;"
            " (exit $r)".replace("{}", "{0}"), "true"),
    "base64": ("true", "printf %s {} | base64 -d", "true"),
    "sourced": ("true", "printf 'A=\"%s\"\\n' {0} >/srv/s; [ \"$(. /srv/s; printf %s \"$A\")\" ="
                " {0} ]", "true"),
    "zone": ("true", _FIREWALL + ".zone import Zone; Zone().check_name(sys.argv[1])' {}", "true"),
    "service": ("true", _FIREWALL + ".service import Service;"
                " Service().check_name(sys.argv[1])' {}", "true"),
    "port": ("true", _FIREWALL + " import zone; r = functions.getPortRange(sys.argv[1]);"
             " sys.exit(r in (-1, -2, None) or r[0] < 1)' {}", "true"),
    "owner": ("touch /srv/f", "chown {} /srv/f", "true"),
    "chmod": ("touch /srv/f", "chmod {} /srv/f", "true"),
}  # fmt: skip
# The kernel decides, the same for all; or what all have in common.
ONCE = ("mount xfs", "mount ext4", "netmask", "netmask6", "ip address", "nic", "mkdir", "id",
        "owner", "chmod", "base64", "sourced", "hostname", "mkfs size")  # fmt: skip


def cases(version):
    """``(key, number, program, values)`` of what is asked with that version's programs."""
    return [
        (key, number, border.program, [*border.right, *border.wrong])
        for key, borders in TABLE.items()
        for number, border in enumerate(borders)
        if border.program and (version == DEFAULT or border.program not in ONCE)
    ]


def in_shell(tools, asked):
    """All of the shell's in one process: whether the program took each value."""
    script = [ENTER]
    for _, _, program, values in asked:
        before, one, after = PROGRAMS[program]
        script.append(f"{{ {before}; }} >/dev/null 2>&1")
        script += [
            f"( {one.format(shlex.quote(str(value)))} ) >/dev/null 2>&1; echo said $?"
            for value in values
        ]
        script.append(f"{{ {after}; }} >/dev/null 2>&1")
    done = tools.run("unshare", "--mount", "--net", "sh", "-c", "\n".join(script), check=False)
    answers = iter(re.findall(r"^said (\d+)$", done.stdout, re.MULTILINE))
    return {
        (key, number): [next(answers) == "0" for _ in values] for key, number, _, values in asked
    }


class Corosync:
    """What pcs makes of a new cluster, and corosync of that."""

    def __init__(self, tools):
        self.tools, self.path = tools, tools.directory / "corosync.conf"
        self.world = tools.world()
        self.library = self.world.library
        self.setup({"a": ["10.0.0.1"], "b": ["10.0.0.2"]})
        self.plain = self.path.read_text()

    def setup(self, nodes, name="c", links=()):
        """Whether pcs takes them."""
        try:
            links = [self.library._pcs_options.normalised("links", link) for link in links]
        except SaltInvocationError:
            return False
        capabilities = self.library._pcs_node.capabilities(self.world.machine)
        argv = self.library._pcs_argv.setup(capabilities, name, nodes, None, "knet", links)
        self.path.unlink(missing_ok=True)
        done = self.tools.pcs_command(*argv[1:], "--corosync_conf", str(self.path))
        return done.returncode == 0

    def takes(self, asked):
        """Whether corosync starts with each option of the section totem, ``[(key, value)]``."""
        plain = re.sub(r"crypto_(cipher|hash): .*", r"crypto_\1: none", self.plain)
        # A node of its own, or it would not start at all.
        plain = plain.replace("ring0_addr: 10.0.0.1\n", "ring0_addr: 127.0.0.1\n")
        script = ["mkdir -p /etc/corosync; ip link set lo up"]
        for name, value in asked:
            text = plain.replace("totem {\n", f"totem {{\n    {name}: {value}\n", 1)
            script.append(f"printf %s {shlex.quote(text)} >/etc/corosync/corosync.conf")
            script.append("corosync -t >/dev/null 2>&1; echo said $?")
        done = self.tools.run("unshare", "--net", "sh", "-c", "\n".join(script), check=False)
        return [code == "0" for code in re.findall(r"^said (\d+)$", done.stdout, re.MULTILINE)]


def in_pcs(tools, asked):
    """Those of pcs, a process each, and of corosync, which all are one."""
    corosync = Corosync(tools)
    one = {"a": ["10.0.0.1"], "b": ["10.0.0.2"]}
    ways = {
        "cluster name": lambda key, value: corosync.setup(one, value),
        "corosync address": lambda key, value: corosync.setup({"a": one["a"], "b": [value]}),
        "corosync address 6": lambda key, value: corosync.setup({"a": ["fd00::1"], "b": [value]}),
        "link": lambda key, value: corosync.setup(
            one, links=[{**_pair(key, value), key.rpartition(":")[2]: value}]
        ),
        "id": lambda key, value: not tools.another("id.xml").pcs(
            ["resource", "create", value if key.startswith("fencing") else f"x_{value}",
             "ocf:pacemaker:Dummy", "--force"], check=False).returncode,
    }  # fmt: skip
    found = {}
    for key, number, program, values in asked:
        if program in ways:
            found[(key, number)] = [ways[program](key, value) for value in values]
    totem = [one for one in asked if one[2] == "totem"]
    answers = iter(
        corosync.takes(
            [(key.rpartition(":")[2], value) for key, _, _, values in totem for value in values]
        )
    )
    for key, number, _, values in totem:
        found[(key, number)] = [next(answers) for _ in values]
    return found


def _pair(key, value):
    """The two go together; a value that is there for this alone goes without."""
    other = {"ping_interval": "ping_timeout", "ping_timeout": "ping_interval"}
    name = key.rpartition(":")[2]
    return {other[name]: 500} if name in other and value != 500 else {}


def test_the_programs_know_the_same_borders(tmp_path):
    """Right for all versions, and wrong for one at least."""
    taken, count = {}, 0
    for version in VERSIONS:
        tools = for_version(version, tmp_path, f"{version}.xml")
        asked = cases(version)
        shell = [one for one in asked if one[2] in PROGRAMS]
        answers = {**in_shell(tools, shell), **in_pcs(tools, asked)}
        for key, number, _, values in asked:
            count += len(values)
            for value, took in zip(values, answers[(key, number)]):
                taken.setdefault((key, number, repr(value)), []).append((version, took))
    assert count > 400, count
    wrong = []
    for key, borders in TABLE.items():
        for number, border in enumerate(borders):
            if not border.program:
                continue
            for value in border.right:
                said = taken[(key, number, repr(value))]
                if not all(took for _, took in said):
                    wrong.append(f"{key}: {value!r} is right, but {border.program} says {said}")
            for value in border.wrong:
                said = taken[(key, number, repr(value))]
                if all(took for _, took in said):
                    wrong.append(f"{key}: {value!r} is wrong, but {border.program} takes it")
    assert wrong == [], "\n".join(wrong)


# --- nothing is missing ---------------------------------------------------------------------------


def keys_of_the_schema(part=WHOLE, here=()):
    """Every key that the check allows, as it says itself of one that it does not."""
    found = set()
    if isinstance(part, list):
        for number, item in enumerate(part):
            found |= keys_of_the_schema(item, (*here, number))
    if not isinstance(part, dict):
        return found
    place = ":".join(map(str, (*here, "zzzz")))
    said = " ".join(problems(bent(WHOLE, {place: 1}), "hanfs"))
    allowed = re.search(rf"hanfs:{place}: unknown key, allowed: ([^ ,]+(?:, [^ ,]+)*)", said)
    names = allowed.group(1).split(", ") if allowed else list(part)
    found |= {pattern((*here, name.strip())) for name in names}
    for name, item in part.items():
        if here[:1] != ("cluster_config",):
            found |= keys_of_the_schema(item, (*here, name))
    return found


FREE = ("cluster:nodes", "fencing:devices", "fencing:levels", "fencing:key_files", "lint:accept",
        "fencing:sbd:options", "fencing:devices:*:options", "fencing:devices:*:secrets",
        "fencing:devices:*:nodes", "fencing:devices:*:delay", "nfs:notify_name")  # fmt: skip


def pattern(way):
    made = []
    for word in way:
        here = ":".join(made)
        free = (
            isinstance(word, int)
            or here in FREE
            or (here in ("storage", "address") and word == "0")
        )
        made.append("*" if free else word)
    text = ":".join(made)
    # One mapping, or a list of them.
    return re.sub(r"^(storage|address|exports):(?!\*)", r"\1:*:", text)


def leaves(keys):
    return {key for key in keys if not any(other.startswith(f"{key}:") for other in keys)}


def test_every_key_is_in_the_table():
    example = yaml.safe_load((Path(__file__).parents[2] / "pillar.example").read_text())
    keys = keys_of_the_schema()
    for site in example["hanfs"]["sites"].values():
        keys |= {pattern(way) for way in ways(site) if way[0] != "cluster_config"}
    keys = leaves(keys)
    known = set(TABLE) | {"nfs:notify_name:*", "fencing:devices:*:delay:*", "fencing:levels:*:*:*"}
    # pcs and the formula have the one of three places where a text may stand for a list.
    assert {key for key in keys if key not in known and not covered(key, known)} == set()


def covered(key, known):
    """A list of what is in the table, item by item, or a value that may be a mapping, too."""
    return f"{key}:*" in known or key.rpartition(":")[0] in known and key.endswith(":*")


def ways(value, here=()):
    found = [here] if here else []
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for name, item in items:
        found += ways(item, (*here, name))
    return found
