"""The shared disk on machines: real device mapper, two nodes on one disk, power cuts and growth."""

from __future__ import annotations

import hashlib
import time

import pytest

from tests.lab import enter, machines
from tests.support import shared_storage
from tests.support.shared_storage import CREATOR, Server, ready_at_once

MIB = 1024 * 1024
DISK_MIB = 1024
VG = "NFS_SHARED"
ROUNDS = 8
STEPS = ["pvcreate", "vgcreate", "lvcreate", "mkfs"]

pytestmark = [
    pytest.mark.skipif(not enter.inside(), reason="needs a lab: make test"),
    pytest.mark.timeout(1800),
]


class Pair:
    """Two machines on one disk, and a Salt on each."""

    def __init__(self):
        self.file = machines.shared_disk("storage", DISK_MIB)
        first, second = machines.SERVERS
        masked = machines.NOT_ON_CLIENTS
        self.machines = [
            machines.Machine(first, disks=[self.file], masked=masked),
            machines.Machine(
                second, disks=[self.file, machines.shared_disk("own", 400)], masked=masked
            ),
        ]
        self.device = self.machines[0].devices[0]
        self.servers = []

    def up(self):
        machines.start_all(self.machines)
        for machine in self.machines:
            shared_storage.prepare(machine)
        self.servers = [Server(machine) for machine in self.machines]
        return self

    def cut_power(self):
        """The first node's, and on again."""
        machine = self.machines[0]
        machine.power_off()
        self.servers[0].close()
        machine.start().wait_until_reachable()
        self.servers[0] = Server(machine)

    def wipe(self):
        """A new disk: nothing on it, nothing of it active."""
        for server in self.servers:
            server.sh("for name in $(dmsetup ls | grep NFS_SHARED | cut -f1); "
                      "do dmsetup remove $name; done; rm -f /run/lvm/hints")  # fmt: skip
        with open(self.file, "r+b") as handle:
            handle.truncate(0)
            handle.truncate(DISK_MIB * MIB)
        for server in self.servers:
            shared_storage.leave_cluster(server.machine)

    def content(self):
        digest = hashlib.sha256()
        with open(self.file, "rb") as handle:
            while block := handle.read(MIB):
                digest.update(block)
        return digest.hexdigest()

    def storage(self, fstype="xfs", **more):
        return {
            "device": self.device, "vg": VG, "lv": "data", "fstype": fstype,
            "mountpoint": "/srv/nfs", "initialize": True, **more,
        }  # fmt: skip

    def down(self):
        for machine in self.machines:
            machine.power_off()
        for server in self.servers:
            server.close()


@pytest.fixture(scope="module")
def pair():
    made = Pair()
    try:
        yield made.up()
    finally:
        made.down()


def test_two_nodes_at_once_from_scratch_many_times(pair, note):
    begun = time.monotonic()
    for number in range(ROUNDS):
        storage = pair.storage(("xfs", "ext4")[number % 2])
        pair.wipe()
        # Whoever is first: both orders, each half of the time.
        order = pair.servers[:: 1 if number % 4 < 2 else -1]
        returns = dict(zip((server.name for server in order), ready_at_once(order, storage)))
        assert [ret["result"] for ret in returns.values()] == [True, True], returns
        assert set(returns.pop(CREATOR)["changes"]) == {
            pair.device, f"volume group {VG}", f"volume {VG}/data",
            f"file system on /dev/mapper/{VG}-data",
        }  # fmt: skip
        (other,) = returns.values()
        assert other["changes"] == {}
        assert [server.active() for server in pair.servers] == [set(), set()]
    note(f"{ROUNDS} times from scratch at once: {time.monotonic() - begun:.0f} s")
    before = pair.content()
    for test in (True, False):
        for ret in ready_at_once(pair.servers, storage, test=test):
            assert ret["result"] is True and ret["changes"] == {}, ret
    assert pair.content() == before


@pytest.mark.parametrize("step", STEPS)
def test_a_power_cut_after_a_step_is_continued_by_the_next_run(step, pair):
    storage = pair.storage("ext4" if step == "lvcreate" else "xfs")
    pair.wipe()
    for done in STEPS[: STEPS.index(step) + 1]:
        pair.servers[0].engine("storage_step.perform", done, storage, shared_storage.CLUSTER,
                               "system_id", timeout=300)  # fmt: skip
    pair.cut_power()
    waiting = pair.servers[1].ready(storage, timeout=0)
    assert waiting["result"] is (step == "mkfs"), waiting
    assert waiting["changes"] == {}
    returns = ready_at_once(pair.servers, storage)
    assert [ret["result"] for ret in returns] == [True, True], returns
    left = len(STEPS) - STEPS.index(step) - 1
    assert len(returns[0]["changes"]) == left and returns[1]["changes"] == {}, returns
    assert [server.active() for server in pair.servers] == [set(), set()]
    again = ready_at_once(pair.servers, storage)
    assert [ret["changes"] for ret in again] == [{}, {}]


def test_a_power_cut_while_a_file_system_is_made_destroys_nothing(pair):
    """Half a file system is nobody's and everybody's: it stays until somebody says otherwise."""
    storage = pair.storage()
    pair.wipe()
    creator = pair.servers[0]
    for done in STEPS[:-1]:
        creator.engine("storage_step.perform", done, storage, shared_storage.CLUSTER,
                       "system_id", timeout=300)  # fmt: skip
    # As mkfs.xfs leaves it when it is cut off: sb_inprogress is set.
    volume = f"/dev/mapper/{VG}-data"
    creator.sh(f"mkfs.xfs -q {volume} && printf '\\1' | dd of={volume} bs=1 seek=126 conv=notrunc "
               f"status=none && sync && vgchange -qan {VG}")  # fmt: skip
    refused = creator.ready(storage)
    assert refused["result"] is False and "never finished" in refused["comment"], refused
    assert "blkdiscard --zeroout" in refused["comment"]
    creator.sh(f"vgchange -qay {VG} && wipefs -qa {volume} && blkdiscard -z {volume}")
    assert [ret["result"] for ret in ready_at_once(pair.servers, storage)] == [True, True]


def test_a_group_of_somebody_else_is_left_byte_for_byte(pair):
    pair.wipe()
    pair.servers[0].sh(
        f"vgcreate -q {VG} {pair.device} && lvcreate -qq -Wn -l 50%FREE -n theirs {VG} && "
        f"mkfs.ext4 -q /dev/mapper/{VG}-theirs && vgchange -qan {VG} && "
        f"vgchange -q -y --systemid somebody {VG}"
    )
    before = pair.content()
    for storage in (pair.storage(), pair.storage(vg="ANOTHER")):
        for test in (True, False):
            returns = ready_at_once(pair.servers, storage, test=test, timeout=0)
            assert [ret["result"] for ret in returns] == [False, False], returns
            assert [ret["changes"] for ret in returns] == [{}, {}]
    assert pair.content() == before


def test_a_group_on_another_disk_of_the_peer_is_no_reason_to_go_on_there(pair):
    pair.wipe()
    peer, own = pair.servers[1], pair.machines[1].devices[1]
    peer.sh(f"vgcreate -q {VG} {own}")
    try:
        returns = ready_at_once(pair.servers, pair.storage(), timeout=30)
    finally:
        pair.wipe()
        peer.sh(f"vgremove -q -f {VG}")
    assert returns[1]["result"] is False and returns[1]["changes"] == {}
    assert own in returns[1]["comment"] or "2 volume groups" in returns[1]["comment"]
    assert returns[0]["result"] is True, "its own disk was empty"


def test_a_device_that_appears_late_is_waited_for(pair):
    pair.wipe()
    for server in pair.servers:
        server.begin(pair.storage(device="/dev/mapper/lun"))
    time.sleep(3)  # not waited for anything: it only makes the states begin before the device
    for server in pair.servers:
        server.sh(f"dmsetup create lun --table '0 {900 * 2048} linear {pair.device} 8192'")
    try:
        returns = [server.end() for server in pair.servers]
    finally:
        for server in pair.servers:
            server.sh("dmsetup remove lun")
    assert [ret["result"] for ret in returns] == [True, True], returns


def test_a_group_that_was_active_everywhere_gets_an_owner(pair):
    """From the article's profile to the hardened one, before there is a cluster."""
    pair.wipe()
    storage = pair.storage()
    open_to_all = ready_at_once(pair.servers, storage, protection=None)
    assert [ret["result"] for ret in open_to_all] == [True, True], open_to_all
    assert [server.active() for server in pair.servers] == [{f"{VG}-data"}] * 2
    shared_storage.join_cluster(pair.machines[0])
    member = pair.servers[0].ready(storage)
    assert member["result"] is False and "vgchange --systemid" in member["comment"]
    shared_storage.leave_cluster(pair.machines[0])
    # out of a cluster that may well go on elsewhere: nobody takes what carries data by itself
    alone = pair.servers[0].ready(storage)
    assert alone["result"] is False and "vgchange --systemid" in alone["comment"]
    for server in pair.servers:
        server.sh(f"vgchange -an {VG}")
    pair.servers[0].sh(f'vgchange --systemid "$(uname -n)" {VG}')
    returns = ready_at_once(pair.servers, storage)
    assert [ret["result"] for ret in returns] == [True, True], returns
    assert [server.active() for server in pair.servers] == [set(), set()]
    owners = {server.sh(f"vgs --foreign --noheadings -o systemid {VG}").strip()
              for server in pair.servers}  # fmt: skip
    assert owners == {CREATOR}
    denied = pair.servers[1].sh(f"lvchange -ay {VG}/data", check=False)
    assert denied.returncode != 0 and pair.servers[1].active() == set()


# --- several volumes, growth and a takeover -------------------------------------------------------

LUN = "/dev/mapper/lun"
SMALL = {"lv": "small", "size": "320M", "fstype": "ext4", "mountpoint": "/srv/small"}
LARGE = {"lv": "large", "fstype": "xfs", "mountpoint": "/srv/large"}


def lun(server, device, mib):
    """The disk as the kernel of one node sees it, of that size from now on."""
    table = f"0 {mib * 2048} linear {device} 8192"
    server.sh(f"if dmsetup info lun >/dev/null 2>&1; then dmsetup reload lun --table '{table}' && "
              f"dmsetup resume lun; else dmsetup create lun --table '{table}'; fi")  # fmt: skip


def mount(server, entries):
    for entry in entries:
        server.sh(f"mkdir -p {entry['mountpoint']} && mount -t {entry['fstype']} "
                  f"/dev/mapper/{VG}-{entry['lv']} {entry['mountpoint']}")  # fmt: skip


def digests(server, entries):
    return [server.sh(f"sha256sum <{entry['mountpoint']}/data") for entry in entries]


def mebibytes(server, entries):
    return [int(server.sh(f"df -BM --output=size {entry['mountpoint']} | tail -1").strip(" M\n"))
            for entry in entries]  # fmt: skip


def test_volumes_of_one_group_grow_with_the_disk_and_move_with_their_data(pair):
    pair.wipe()
    entries = [pair.storage(**{**entry, "device": LUN, "grow": True}) for entry in (SMALL, LARGE)]
    for server in pair.servers:
        lun(server, pair.device, 700)
    try:
        grown_and_moved(pair, entries)
    finally:
        for server in pair.servers:
            server.sh("umount /srv/small /srv/large; vgchange -an NFS_SHARED; dmsetup remove lun",
                      check=False)  # fmt: skip


def grown_and_moved(pair, entries):
    passive, active = pair.servers
    for entry in entries:
        returns = ready_at_once(pair.servers, entry, file_systems=entries)
        assert [ret["result"] for ret in returns] == [True, True], returns
    for server in pair.servers:
        shared_storage.join_cluster(server.machine)
    active.agent("start", VG)
    mount(active, entries)
    for entry in entries:
        active.sh(f"head -c 20M /dev/urandom >{entry['mountpoint']}/data && sync")
    before, sizes = digests(active, entries), mebibytes(active, entries)
    for server in pair.servers:
        for entry in entries:
            for test in (True, False):
                same = [server.ready(entry, file_systems=entries, test=test),
                        server.grown(entry, file_systems=entries, test=test)]  # fmt: skip
                assert [ret["result"] for ret in same] == [True, True], same
                assert [ret["changes"] for ret in same] == [{}, {}]

    lun(active, pair.device, 1000)
    entries[0]["size"] = "400M"
    for entry in entries:
        predicted = active.grown(entry, file_systems=entries, test=True)
        done = active.grown(entry, file_systems=entries)
        assert predicted["result"] is None and done["result"] is True, (predicted, done)
        assert done["changes"] == predicted["changes"] != {}
        assert f"volume {VG}/{entry['lv']}" in done["changes"]
        again = active.grown(entry, file_systems=entries)
        assert again["result"] is True and again["changes"] == {}, again
    larger = mebibytes(active, entries)
    assert larger[0] - sizes[0] > 60 and larger[1] - sizes[1] > 180, (sizes, larger)
    assert digests(active, entries) == before

    blind = passive.ready(entries[1], file_systems=entries)
    assert blind["result"] is False and "has not noticed" in blind["comment"]
    lun(passive, pair.device, 1000)
    assert passive.ready(entries[1], file_systems=entries)["result"] is True
    shrunk = active.grown({**entries[0], "size": "350M"}, file_systems=entries)
    assert shrunk["result"] is False and "Nothing is ever made smaller" in shrunk["comment"]

    active.sh("umount /srv/small /srv/large")
    active.agent("stop", VG)
    passive.agent("start", VG)
    mount(passive, entries)
    assert digests(passive, entries) == before and mebibytes(passive, entries) == larger
    assert active.ready(entries[1], file_systems=entries)["result"] is True
    denied = active.sh(f"lvchange -ay {VG}/large", check=False)
    assert denied.returncode != 0 and active.active() == set()
    passive.sh("umount /srv/small /srv/large")
    passive.agent("stop", VG)
