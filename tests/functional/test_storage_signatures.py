"""Whatever is on a device, or whoever uses it: refused, and not one byte is different afterwards.

Real tools where there are some; for the rest the magic number where libblkid looks for it, some of
which it takes for nothing without the rest of the format. They are refused all the same, because
the bytes are not zero.
"""

import contextlib
import os
import subprocess
import sys
import zlib

import pytest

from tests.support.block_devices import (
    CREATOR,
    LVM,
    MIB,
    content,
    need,
    needs_loop_devices,
    ready,
    run,
    storage,
    world,
)

pytestmark = needs_loop_devices

SIZE = 400 * MIB
EDGE = 4 * MIB

# Format: offset of its magic number (negative: from the end of the device), and that number.
# util-linux: libblkid/src/superblocks and libblkid/src/partitions; sbd: src/sbd.h.
MAGIC = {
    "MD 0.90": (SIZE - 64 * 1024, b"\xfc\x4e\x2b\xa9"),
    "MD 1.0": (SIZE - 8 * 1024, b"\xfc\x4e\x2b\xa9\x01"),
    "MD 1.1": (0, b"\xfc\x4e\x2b\xa9\x01"),
    "MD 1.2": (4096, b"\xfc\x4e\x2b\xa9\x01"),
    "DDF RAID": (-512, b"\xde\x11\xde\x11"),
    "Intel RAID": (-1024, b"Intel Raid ISM Cfg Sig. "),
    "LSI MegaRAID": (-512, b"$XIDE$"),
    "Adaptec RAID": (-512, b"\x37\xfc\x4d\x1e"),
    "NVIDIA RAID": (-1024, b"NVIDIA  "),
    "Promise RAID": (-63 * 512, b"Promise Technology, Inc."),
    "Highpoint 37x": (9 * 512, b"\xb3\x05\x5a\x5a"),
    "JMicron RAID": (-512, b"JM"),
    "Silicon Image RAID": (-512 + 0x60, b"\x95\x10\x00\x00"),
    "DRBD": (-4096 + 60, b"\x83\x74\x02\x6d"),
    "bcache": (4096 + 24, bytes.fromhex("c68573f64e1a45ca8265f57f48ba6d81")),
    "Ceph bluestore": (0, b"bluestore block device\n"),
    "LVM label, sector 0": (0x18, b"LVM2 001"),
    "LVM label, sector 1": (0x218, b"LVM2 001"),
    "LVM label, sector 2": (0x418, b"LVM2 001"),
    "LVM label, sector 3": (0x618, b"LVM2 001"),
    "LVM1": (0, b"HM\x01\x00"),
    "device mapper snapshot": (0, b"SnAp"),
    "device mapper verity": (0, b"verity\0\0"),
    "device mapper integrity": (0, b"integrt\0"),
    "LUKS1": (0, b"LUKS\xba\xbe\x00\x01"),
    "LUKS2": (0, b"LUKS\xba\xbe\x00\x02"),
    "LUKS2, second header only": (0x4000, b"SKUL\xba\xbe\x00\x02"),
    "BitLocker": (0, b"\xeb\x58\x90-FVE-FS-"),
    "VDO": (0, b"dmvdo001"),
    "Stratis": (4096 + 4, b"!Stra0tis\x86\xff\x02^\x41rh"),
    "VMFS volume": (MIB, b"\x0d\xd0\x01\xc0"),
    "VMFS": (2 * MIB, b"\x5e\xf1\xab\x2f"),
    "UBI": (0, b"UBI#\x01"),
    "swap": (4086, b"SWAPSPACE2"),
    "hibernated swap": (4086, b"S1SUSPEND\0"),
    "swap, old": (4086, b"SWAP-SPACE"),
    "swap of large pages": (65526, b"SWAPSPACE2"),
    "XFS log": (0, b"\xfe\xed\xba\xbe"),
    "ext4": (1080, b"\x53\xef"),
    "ReiserFS": (65536 + 0x34, b"ReIsErFs"),
    "Reiser4": (65536, b"ReIsEr4"),
    "JFS": (32768, b"JFS1"),
    "UDF": (32768 + 1, b"BEA01"),
    "ISO 9660": (32768 + 1, b"CD001"),
    "ZFS, first label": (128 * 1024, b"\x0c\xb1\xba\x00\0\0\0\0"),
    "ZFS, last label": (SIZE - 512 * 1024 + 128 * 1024, b"\x0c\xb1\xba\x00\0\0\0\0"),
    "HFS": (1024, b"BD"),
    "HFS+": (1024, b"H+\x00\x04"),
    "UFS": (8192 + 1372, b"\x54\x19\x01\x00"),
    "HPFS": (8192, b"\x49\xe8\x95\xf9"),
    "SysV": (1024 + 1016, b"\xfd\x18\x7e\x20"),
    "NTFS": (3, b"NTFS    "),
    "ReFS": (0, b"\0\0\0ReFS\0"),
    "cramfs": (0, b"\x45\x3d\xcd\x28"),
    "romfs": (0, b"-rom1fs-"),
    "minix": (1024 + 16, b"\x7f\x13"),
    "GFS2": (65536, b"\x01\x16\x19\x70"),
    "OCFS2": (8192, b"OCFSV2"),
    "Oracle ASM": (32, b"ORCLDISK"),
    "VxFS": (1024, b"\xf5\xfc\x01\xa5"),
    "squashfs": (0, b"hsqs"),
    "btrfs": (65536 + 0x40, b"_BHRfS_M"),
    "BFS": (0, b"\xce\xfa\xad\x1b"),
    "BeFS": (512 + 32, b"BFS1"),
    "NILFS2": (1024 + 6, b"\x34\x34"),
    "exFAT": (3, b"EXFAT   "),
    "F2FS": (1024, b"\x10\x20\xf5\xf2"),
    "APFS": (32, b"NXSB"),
    "EROFS": (1024, b"\xe2\xe1\xf5\xe0"),
    "zonefs": (0, b"SFOZ"),
    "bcachefs": (4096 + 24, bytes.fromhex("c68573f66604ba19b8bf4bd84cae0a6a")),
    "SBD": (0, b"SBD_SBD_"),
    "BSD disk label": (512, b"\x57\x45\x56\x82"),
    "Apple partition map": (0, b"ER"),
    "Solaris x86": (512 + 12, b"\xee\xde\x0d\x60"),
    "UnixWare": (29 * 512 + 4, b"\x0d\x60\xe5\xca"),
    "Ultrix": (16384 - 72, b"\x02\x29\x03\x00"),
    "a DOS boot sector": (510, b"\x55\xaa"),
    "AIX": (0, b"\xc9\xc2\xd4\xc1"),
    # Nobody's magic: a database on the raw device, or anything else.
    "the very first byte": (0, b"\x01"),
    "the last byte of the first edge": (EDGE - 1, b"\x01"),
    "the first byte of the last edge": (-EDGE, b"\x01"),
    "the very last byte": (-1, b"\x01"),
    "a database": (8192, os.urandom(8192)),
}


def lay(device, offset, data):
    with open(device, "r+b") as handle:
        handle.seek(offset if offset >= 0 else SIZE + offset)
        handle.write(data)


def refused(device, lvm, node=CREATOR):
    """The state's comment, once it is clear that it did and would do nothing."""
    before = content(device)
    for test in (True, False):
        node_world = world(node, test=test)
        ret = ready(node_world, storage(device, **lvm))
        # What it does not know, the other node leaves to the one that makes.
        expected = (False, None) if test and node != CREATOR else (False,)
        assert ret["result"] in expected, ret
        assert ret["changes"] == {}
        assert device in ret["comment"] or node != CREATOR
        ran = {argv[0] for argv in node_world.commands}
        assert ran <= {"pvs", "wipefs", "lvm"}, "only looking is allowed"
    assert content(device) == before
    return ret["comment"]


@pytest.mark.parametrize("lvm", [LVM, {}], ids=["lvm", "plain"])
@pytest.mark.parametrize("kind", list(MAGIC))
def test_magic_numbers(kind, lvm, loop):
    need("pvs", "wipefs")
    device = loop()
    lay(device, *MAGIC[kind])
    comment = refused(device, lvm)
    assert "not empty" in comment or "label" in comment
    if "not empty" in comment:
        assert f"blkdiscard --zeroout {device}" in comment
    refused(device, lvm, "nfs-server2")
    assert device in world().salt["hanfs.vacant"](device)


def test_what_libblkid_knows_is_named(loop):
    """The table is not only refused for its bytes: these are told by name."""
    need("wipefs")
    names = {
        "LUKS1": "crypto_LUKS", "btrfs": "btrfs", "Ceph bluestore": "ceph_bluestore",
        "swap of large pages": "data at byte", "bcache": "bcache", "BitLocker": "BitLocker",
        "SBD": "sbd", "DRBD": "drbd", "Oracle ASM": "oracleasm", "VDO": "vdo",
        "Stratis": "stratis", "ZFS, first label": "data at byte",
        "a database": "data at byte 8192",
    }  # fmt: skip
    for kind, name in names.items():
        device = loop()
        lay(device, *MAGIC[kind])
        assert name.lower() in refused(device, {}).lower(), kind


def test_a_device_is_empty_when_nothing_says_otherwise(loop):
    """Only zeros at both ends; what is in between without any format is nobody's."""
    device = loop()
    assert world().salt["hanfs.vacant"](device) is None
    lay(device, SIZE // 2, b"left over")
    assert world().salt["hanfs.vacant"](device) is None
    assert "is not there" in world().salt["hanfs.vacant"]("/dev/none")
    assert "not a block device" in world().salt["hanfs.vacant"]("/dev/null")


# --- partition tables and file systems by their own tools -----------------------------------------


def gpt(device):
    run("sfdisk", device, input="label: gpt\n,100M\n")


def gpt_backup_only(device):
    gpt(device)
    lay(device, 0, bytes(34 * 512))


def gpt_and_boot_sector(device):
    gpt(device)
    lay(device, 512, bytes(33 * 512))


def zapped(device):
    """A partition that lost its table, as after sgdisk --zap-all: the file system is all there."""
    run("mkfs.ext4", "-q", "-E", "offset=1048576", device, "100M")


def luks(version):
    def make(device):
        run("cryptsetup", "luksFormat", "--type", version, "-q", "--pbkdf=pbkdf2",
            "--pbkdf-force-iterations=1000", "--key-file=-", device, input="x")  # fmt: skip

    return make


def wiped_ext4(device):
    """After wipefs -a the signature is gone, the file system is not: e2fsck -b brings it back."""
    run("mkfs.ext4", "-q", device)
    run("wipefs", "-a", device)
    assert run("wipefs", "-p", device).stdout == ""


def label(kind):
    return lambda device: run("sfdisk", device, input=f"label: {kind}\n")


TOOLS = {
    "gpt": ("sfdisk", gpt),
    "gpt, its backup only": ("sfdisk", gpt_backup_only),
    "gpt, boot sector and backup only": ("sfdisk", gpt_and_boot_sector),
    "dos": ("sfdisk", label("dos")),
    "sun": ("sfdisk", label("sun")),
    "sgi": ("sfdisk", label("sgi")),
    "a partition without its table": ("mkfs.ext4", zapped),
    "ext4 after wipefs": ("mkfs.ext4", wiped_ext4),
    "luks1": ("cryptsetup", luks("luks1")),
    "luks2": ("cryptsetup", luks("luks2")),
    "minix": ("mkfs.minix", lambda device: run("mkfs.minix", device)),
    "bfs": ("mkfs.bfs", lambda device: run("mkfs.bfs", device)),
    "btrfs": ("mkfs.btrfs", lambda device: run("mkfs.btrfs", "-q", device)),
    "f2fs": ("mkfs.f2fs", lambda device: run("mkfs.f2fs", "-q", device)),
    "ntfs": ("mkfs.ntfs", lambda device: run("mkfs.ntfs", "-Q", "-q", device)),
    "exfat": ("mkfs.exfat", lambda device: run("mkfs.exfat", device)),
    "sbd": ("sbd", lambda device: run("sbd", "-d", device, "create")),
}


@pytest.mark.parametrize("lvm", [LVM, {}], ids=["lvm", "plain"])
@pytest.mark.parametrize("kind", list(TOOLS))
def test_what_tools_make(kind, lvm, loop):
    program, make = TOOLS[kind]
    need("pvs", "wipefs", program)
    device = loop()
    make(device)
    assert "not empty" in refused(device, lvm)
    refused(device, lvm, "nfs-server2")


def test_md_of_each_version(loop):
    """The superblocks of mdadm, which needs the kernel's md: as libblkid checks them."""
    for place, version in ((SIZE - 8192, 0), (0, 1), (4096, 2)):
        device = loop()
        block = bytearray(256)
        block[0:8] = (0xA92B4EFC).to_bytes(4, "little") + (1).to_bytes(4, "little")
        block[16:32] = bytes(range(16))
        block[144:152] = (place // 512).to_bytes(8, "little")
        total = sum(int.from_bytes(block[i : i + 4], "little") for i in range(0, 256, 4))
        block[216:220] = ((total & 0xFFFFFFFF) + (total >> 32)).to_bytes(4, "little")
        lay(device, place, bytes(block))
        assert "linux_raid_member" in refused(device, LVM), version


def test_a_gpt_header_with_a_right_checksum_in_the_last_sector(loop):
    device = loop()
    header = bytearray(b"EFI PART" + bytes.fromhex("00000100") + (92).to_bytes(4, "little"))
    header += bytes(92 - len(header))
    header[24:32] = (SIZE // 512 - 1).to_bytes(8, "little")
    header[32:40] = (1).to_bytes(8, "little")
    header[16:20] = zlib.crc32(bytes(header)).to_bytes(4, "little")
    lay(device, -512, bytes(header))
    assert "not empty" in refused(device, LVM)


# --- who uses it ----------------------------------------------------------------------------------


@contextlib.contextmanager
def child(*argv):
    """A program that says when it has begun, and runs until it is told to end."""
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "begun\n"
        yield process
    finally:
        process.communicate("\n", timeout=30)


HOLD = "import os, sys; os.open(sys.argv[1], os.{}); print('begun', flush=True); input()"


@pytest.mark.parametrize("lvm", [LVM, {}], ids=["lvm", "plain"])
def test_a_program_that_may_write_to_it(lvm, loop):
    device = loop()
    with child(sys.executable, "-c", HOLD.format("O_RDWR"), device) as process:
        comment = refused(device, lvm)
        assert f"process {process.pid} (" in comment and "open for writing" in comment
        assert "open for writing" in world().salt["hanfs.vacant"](device)
    with child(sys.executable, "-c", HOLD.format("O_RDONLY"), device):
        assert world().salt["hanfs.vacant"](device) is None, "udev only reads"


@pytest.mark.parametrize("lvm", [LVM, {}], ids=["lvm", "plain"])
def test_a_loop_device_on_it(lvm, loop):
    device = loop()
    upper = run("losetup", "--find", "--show", device).stdout.strip()
    try:
        assert f"loop device {os.path.basename(upper)} is on it" in refused(device, lvm)
    finally:
        run("losetup", "--detach", upper)


def test_a_mount_in_another_mount_namespace(loop, tmp_path):
    """Its signature is erased, so that only the mount is left to tell."""
    need("mkfs.ext4", "unshare", "wipefs")
    device = loop()
    run("mkfs.ext4", "-q", device)
    script = f"mount -o ro {device} {tmp_path} && echo begun && read end; umount {tmp_path}"
    if run("unshare", "-m", "true", check=False).returncode:
        pytest.skip("no mount namespaces here")
    with child("unshare", "-m", "sh", "-c", script) as process:
        here = world()
        facts = here.library._hanfs_storage.inspect(here.machine, storage(device), "c", True)
        found = facts["device"]
        assert found["busy"] and found["mounted"] == []
        assert any(str(process.pid) in user and str(tmp_path) in user for user in found["users"])
        refused(device, {})


def test_swap_in_use(loop):
    need("mkswap", "swapon")
    device = loop()
    run("mkswap", device)
    if run("swapon", device, check=False).returncode:
        pytest.skip("no swap here")
    try:
        # The kernel may be writing there right now: the bytes are its own.
        ret = ready(world(), storage(device, **LVM))
        assert ret["result"] is False and ret["changes"] == {} and device in ret["comment"]
    finally:
        run("swapoff", device)
