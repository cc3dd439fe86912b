"""The formula's own agent for the NFS server, by three Debians' shells, on a node made of files.

Mounts, /var/lib/nfs and the shared directory are real, in a namespace of their own. systemd and
rpcbind are small scripts: they keep control groups and nfsd's threads as files where the agent
looks. What nfsd itself makes of it, tests/system sees.
"""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.support.cluster_tools import for_version

AGENT = Path(__file__).resolve().parents[2] / "hanfs" / "files" / "nfsserver"
STOCK = "/usr/lib/ocf/resource.d/heartbeat/nfsserver"
SUCCESS, GENERIC, ARGS, UNIMPLEMENTED, INSTALLED, CONFIGURED, NOT_RUNNING = 0, 1, 2, 3, 5, 6, 7

# `systemctl start|stop|restart|is-active UNIT...`; a file broken/UNIT keeps it from starting, and
# stuck/UNIT from ending.
SYSTEMCTL = r"""#!/bin/sh
echo "systemctl $*" >>$WORLD/log
action=$1; shift
for unit; do
    group=/sys/fs/cgroup/system.slice/$unit
    [ "$action" = is-active ] && { cat "$WORLD/state/$unit" 2>/dev/null || echo inactive; exit; }
    mkdir -p "$group"
    case $action in
    start | restart)
        [ -e "$WORLD/broken/$unit" ] && exit 1
        if [ "$unit" = nfs-server.service ]; then
            cat /run/sysconfig/nfs-server-scope >>$WORLD/log
            echo 8 >/proc/fs/nfsd/threads
        else echo 4711 >"$group/cgroup.procs"; fi ;;
    stop)
        [ -e "$WORLD/stuck/$unit" ] && continue
        : >"$group/cgroup.procs"
        if [ "$unit" = nfs-server.service ]; then
            echo 0 >/proc/fs/nfsd/threads
            # As lockd does at an orderly stop.
            rm -f /var/lib/nfs/statd/sm/*
        fi ;;
    esac
done
"""
RPCINFO = '#!/bin/sh\necho rpcinfo >>$WORLD/log\n[ ! -e "$WORLD/deaf" ]\n'
SLEEP = "#!/bin/sh\necho sleep >>$WORLD/log\n"
ENTER = r"""
set -e
export WORLD=/opt/world PATH=/opt/world/bin:$PATH OCF_RESKEY_nfs_shared_infodir=/srv/nfs/nfsinfo
mkdir -p $WORLD; mount --bind @world@ $WORLD
export OCF_RESKEY_nfs_server_scope=192.168.16.100
for place in /var/lib/nfs /run /srv /proc/fs /sys/fs/cgroup; do
    mkdir -p $place; mount -t tmpfs none $place
done
mkdir -p /proc/fs/nfsd /srv/nfs/nfsinfo /var/lib/nfs/statd /sys/fs/cgroup/system.slice
mount -t tmpfs none /srv/nfs; mkdir /srv/nfs/nfsinfo
echo 0 >/proc/fs/nfsd/threads
dropin=/etc/systemd/system/nfs-server.service.d/51-resource-agents-unshare-uts.conf
mkdir -p ${dropin%/*}; echo "[Service]" >$dropin
set +e
act() { $WORLD/nfsserver "$@" >$WORLD/out 2>$WORLD/err; echo "$1 $?"; }
# How many processes of a kind the agent has started since.
count() { grep -c "^$1" $WORLD/log; : >$WORLD/log; }
bound() { [ /var/lib/nfs -ef /srv/nfs/nfsinfo ] && echo bound || echo free; }
: >$WORLD/log
"""


class World:
    """``run(lines of shell)``: what they print, a list of lines."""

    def __init__(self, tools, directory):
        self.tools, self.directory = tools, directory
        (directory / "bin").mkdir()
        for name in ("state", "broken", "stuck"):
            (directory / name).mkdir()
        scripts = {"bin/systemctl": SYSTEMCTL, "bin/rpcinfo": RPCINFO, "bin/sleep": SLEEP}
        for name, text in {**scripts, "nfsserver": AGENT.read_text()}.items():
            (directory / name).write_text(text)
            (directory / name).chmod(0o755)

    def run(self, lines):
        script = ENTER.replace("@world@", str(self.directory)) + lines + "\ntrue"
        return self.tools.run("unshare", "--mount", "sh", "-c", script).stdout.split("\n")[:-1]

    @property
    def said(self):
        return (self.directory / "err").read_text()


@pytest.fixture(params=["0.10", "0.11", "0.12"])
def world(request, tmp_path):
    tools = for_version(request.param, tmp_path)
    if tools.run("test", "-x", "/usr/sbin/exportfs", check=False).returncode:
        pytest.skip(f"no exportfs beside pcs {request.param}")
    return World(tools, tmp_path)


def test_its_metadata_are_whole_and_known_to_the_other_agent(world):
    world.run("act meta-data; cp $WORLD/out $WORLD/own; OCF_ROOT=/usr/lib/ocf "
              f"{STOCK} meta-data >$WORLD/stock")  # fmt: skip
    own, stock = (ET.parse(world.directory / name).getroot() for name in ("own", "stock"))
    assert own.get("name") == stock.get("name") == "nfsserver"

    def of(tree):
        return {one.get("name"): one.find("content").get("type") for one in tree.iter("parameter")}

    assert set(of(own)) == {
        "nfs_shared_infodir", "nfs_server_scope", "nfsv4_only", "nfs_no_notify",
    }  # fmt: skip
    for name in set(of(own)) & set(of(stock)):
        assert of(own)[name] == of(stock)[name]
    actions = {(one.get("name"), one.get("depth")) for one in own.iter("action")}
    theirs = {(one.get("name"), one.get("depth")) for one in stock.iter("action")}
    assert actions == theirs
    for one in own.iter("action"):
        assert re.fullmatch(r"\d+s", one.get("timeout"))


def test_what_it_is_not_to_be_asked(world):
    said = world.run("""
act; act promote; act start stop
export OCF_RESKEY_nfs_shared_infodir=relative; act validate-all; act start
export OCF_RESKEY_nfs_shared_infodir=; act validate-all
export OCF_RESKEY_nfs_shared_infodir=/srv/nfs/nfsinfo OCF_RESKEY_nfs_server_scope='a b'
act validate-all
export OCF_RESKEY_nfs_server_scope=a OCF_RESKEY_nfs_no_notify=false; act validate-all
export OCF_RESKEY_nfs_no_notify=true OCF_RESKEY_CRM_meta_clone=0; act validate-all
unset OCF_RESKEY_CRM_meta_clone; act validate-all
ln -sf /dev/null /etc/systemd/system/nfs-server.service; act validate-all; act monitor
rm /etc/systemd/system/nfs-server.service; rm $dropin; act start; act validate-all; bound
""")  # fmt: skip
    codes = [ARGS, UNIMPLEMENTED, ARGS, *[CONFIGURED] * 6, SUCCESS, INSTALLED, NOT_RUNNING]
    assert [int(line.split()[-1]) for line in said[:12]] == codes
    assert said[12:] == [f"start {INSTALLED}", f"validate-all {SUCCESS}", "free"]


def test_a_node_without_it_is_asked_and_stopped_for_nothing(world):
    """A probe and a stop on a passive node, with daemons that a client needs."""
    said = world.run("""
act monitor; act stop
mkdir -p /sys/fs/cgroup/system.slice/rpc-statd.service
echo 1 >/sys/fs/cgroup/system.slice/rpc-statd.service/cgroup.procs
umount /proc/fs; act monitor; act stop; wc -l <$WORLD/log
""")
    assert said == [f"monitor {NOT_RUNNING}", "stop 0", f"monitor {NOT_RUNNING}", "stop 0", "0"]


def test_a_start_a_stop_and_both_again(world):
    said = world.run("""
act start; count systemctl; bound; act monitor; count rpcinfo
cat /run/sysconfig/nfs-server-scope; ls /var/lib/nfs; ls /var/lib/nfs/statd
wc -c </var/lib/nfs/statd/state
act start; count systemctl
act stop; count systemctl; bound; act monitor; act stop; count systemctl
grep -c sleep $WORLD/log
""")
    files = ["etab", "rmtab", "rpc_pipefs", "statd", "v4recovery", "xtab"]
    assert said == [
        "start 0", "1", "bound", "monitor 0", "1",
        "NFS_SERVER_SCOPE=192.168.16.100", *files, "sm", "sm.bak", "sm.ha", "state", "4",
        "start 0", "0",
        "stop 0", "2", "free", f"monitor {NOT_RUNNING}", "stop 0", "0",
        "0",
    ]  # fmt: skip


def test_nfs_4_only_asks_nobody(world):
    said = world.run("""
export OCF_RESKEY_nfsv4_only=true
act start; count systemctl; act monitor; wc -l <$WORLD/log; ls /sys/fs/cgroup/system.slice
act stop; count systemctl
""")
    assert said[:4] == ["start 0", "1", "monitor 0", "0"] and said[-2:] == ["stop 0", "2"]
    assert not {"rpc-statd.service", "rpcbind.service"} & set(said[4:-2])


def test_clients_of_nfs_3_are_remembered_over_an_orderly_stop_and_a_second_one(world):
    said = world.run("""
act start; echo client >/var/lib/nfs/statd/sm/client; act stop
ls /srv/nfs/nfsinfo/statd/sm /srv/nfs/nfsinfo/statd/sm.ha/sm
# a stop that was cut off: nfsd has ended, the directory is still bound
mount --bind /srv/nfs/nfsinfo /var/lib/nfs; act stop; ls /srv/nfs/nfsinfo/statd/sm.ha/sm
cp /srv/nfs/nfsinfo/statd/state $WORLD/before
act start; ls /var/lib/nfs/statd/sm; cmp -s $WORLD/before /var/lib/nfs/statd/state; echo $?
rm /var/lib/nfs/statd/sm/client; act stop; ls /srv/nfs/nfsinfo/statd/sm.ha/sm
stat -c %a /srv/nfs/nfsinfo/statd
""")
    kept = "/srv/nfs/nfsinfo/statd/sm"
    assert said == [
        "start 0", "stop 0", f"{kept}:", "", f"{kept}.ha/sm:", "client",
        "stop 0", "client", "start 0", "client", "1", "stop 0", "755",
    ]  # fmt: skip


def test_what_is_half_there_is_never_told_as_stopped_and_a_stop_ends_it(world):
    said = world.run("""
mount --bind /srv/nfs/nfsinfo /var/lib/nfs; act monitor; act stop; bound; act monitor
echo 8 >/proc/fs/nfsd/threads; act monitor; act stop; act monitor
echo 8 >/proc/fs/nfsd/threads; act start; bound; act monitor; act stop; bound
mount --bind /srv/nfs/nfsinfo /var/lib/nfs; umount -l /srv/nfs; act monitor; act stop; act monitor
""")
    assert said == [
        f"monitor {GENERIC}", "stop 0", "free", f"monitor {NOT_RUNNING}",
        f"monitor {GENERIC}", "stop 0", f"monitor {NOT_RUNNING}",
        "start 0", "bound", "monitor 0", "stop 0", "free",
        f"monitor {GENERIC}", "stop 0", f"monitor {NOT_RUNNING}",
    ]  # fmt: skip


def test_daemons_of_before_do_not_keep_the_nodes_own_directory(world):
    said = world.run("""
group=/sys/fs/cgroup/system.slice/nfsdcld.service
mkdir $group; echo 1 >$group/cgroup.procs; act start; grep systemctl $WORLD/log
""")
    assert said[0] == "start 0"
    assert [line.split()[1] for line in said[1:]] == ["stop", "stop", "start"]


def test_a_daemon_that_ended_and_one_that_systemd_starts_again(world):
    said = world.run("""
act start; group=/sys/fs/cgroup/system.slice/nfs-mountd.service
: >$group/cgroup.procs; act monitor; cp $WORLD/err $WORLD/ended
echo activating >$WORLD/state/nfs-mountd.service; act monitor
rm $WORLD/state/nfs-mountd.service; count systemctl; act start; grep systemctl.st $WORLD/log
act monitor; touch $WORLD/deaf; act monitor
""")
    assert said[:4] == ["start 0", f"monitor {GENERIC}", "monitor 0", "3"]
    assert "nfs-mountd.service does not run" in (world.directory / "ended").read_text()
    assert said[4] == "start 0" and [line.split()[1] for line in said[5:-2]] == ["start"]
    assert said[-2:] == ["monitor 0", f"monitor {GENERIC}"] and "rpc.statd" in world.said


def test_what_does_not_start_or_end_is_told(world):
    said = world.run("""
touch $WORLD/broken/rpc-statd.service; act start; cp $WORLD/err $WORLD/failed; act monitor
rm $WORLD/broken/*; act stop; act start
touch $WORLD/stuck/nfs-idmapd.service; act stop; bound
rm $WORLD/stuck/*; count sleep; act stop; bound
""")
    assert said == [
        f"start {GENERIC}", f"monitor {GENERIC}", "stop 0", "start 0",
        f"stop {GENERIC}", "bound", "9", "stop 0", "free",
    ]  # fmt: skip
    assert "rpc-statd.service" in (world.directory / "failed").read_text()


def test_a_directory_that_is_busy(world):
    said = world.run("""
act start; : >$WORLD/log
exec 8</var/lib/nfs/etab; act stop; count sleep; cp $WORLD/err $WORLD/busy; bound; act monitor
exec 8<&-; act stop; bound
act start; mkdir -p /var/lib/nfs/rpc_pipefs; mount -t tmpfs none /var/lib/nfs/rpc_pipefs
act stop; bound
""")
    assert said == [
        "start 0", f"stop {GENERIC}", "9", "bound", f"monitor {GENERIC}", "stop 0", "free",
        "start 0", "stop 0", "free",
    ]  # fmt: skip
    assert "busy" in (world.directory / "busy").read_text()
