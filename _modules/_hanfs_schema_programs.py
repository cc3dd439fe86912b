"""
What the programs take that a value of pillar ends in, where that is less than a text or a number.

Each rule is the narrowest of all versions that the formula supports, with its source. A test gives
the values at each border, and just beyond, to the programs themselves
(tests/functional/test_pillar_borders.py).
"""

from __future__ import annotations

import re

from _cib_values import Data

# chpasswd gives it to PAM, whose answers have 512 bytes with the NUL that ends them
# (PAM_MAX_RESP_SIZE in security/_pam_types.h); crypt(3) takes no more either.
PASSWORD_BYTES = 511
# Of a node's name: what the kernel lets a machine be called (__NEW_UTS_LEN, linux/utsname.h).
# Of server_scope: the agent nfsserver gives it to hostname(1).
HOST_NAME = 64
# One part of a path (NAME_MAX, linux/limits.h).
PATH_PART_BYTES = 255
# A parameter of an agent is one variable of its environment, of at most 131,072 bytes with its name
# (MAX_ARG_STRLEN, linux/binfmts.h). Nothing here is as long as half of that.
TEXT_BYTES = 65536
# Pacemaker's agents keep files in /run that have a resource's name and more in theirs (NAME_MAX).
RESOURCE_ID = 200
NAME = 100
# LVM refuses a volume whose name and group have more together (vg_validate in
# lib/metadata/metadata.c: both and 3 stay below NAME_LEN, 128), and the device mapper a device
# whose name, with each hyphen doubled, has 128 (DM_NAME_LEN, linux/dm-ioctl.h).
VOLUME_AND_GROUP = 124
DEVICE_MAPPER_NAME = 127
# lib/misc/lvm-string.c, of volumes, not of groups.
_LVM_PREFIXES = ("pvmove", "snapshot")
_LVM_PARTS = tuple(
    "_cdata _cmeta _corig _cpool _cvol _imeta _iorig _mimage _mlog _pmspare _rimage _rmeta _tdata"
    " _tmeta _vdata _vorigin _wcorig".split()
)
# A group's directory is /dev/<group>, and vgcreate refuses one that is there already
# (validate_new_vg_name). These are on every machine: the kernel's, udev's and systemd's.
_IN_DEV = re.compile(
    r"(autofs|block|bsg|bus|char|console|core|cpu|cpu_dma_latency|cuse|disk|dri|fb\d*|fd|full|fuse|hpet|"
    r"hugepages|hwrng|initctl|input|kmsg|kvm|log|loop-control|loop\d+|mapper|mcelog|mem|mqueue|net|null|"
    r"nvram|port|ppp|psaux|ptmx|pts|ptp\d*|random|rfkill|rtc\d*|sg\d+|shm|snapshot|snd|sr\d+|std(in|out|err)|"
    r"tty\w*|uhid|uinput|urandom|usb\w*|userfaultfd|vcs\w*|vfio|vga_arbiter|vhost-\w+|watchdog\d*|zero|"
    r"(h|s|v|xv)d[a-z]+\d*|nvme\w+|dm-\d+|md\d+)\Z"
)
# SBD's own default file, sbd.sysconfig; its shell script reads the file, too, so a value has no
# sign that a shell would read within quotes.
SBD_OPTIONS = {
    "SBD_PACEMAKER": re.compile(r"(yes|no|true|false|0|1)\Z"),
    "SBD_STARTMODE": re.compile(r"(always|clean)\Z"),
    "SBD_DELAY_START": re.compile(r"(yes|no|true|false|[0-9]{1,4})\Z"),
    "SBD_TIMEOUT_ACTION": re.compile(r"((flush|noflush),)?(reboot|off|crashdump)\Z"),
    "SBD_MOVE_TO_ROOT_CGROUP": re.compile(r"(auto|yes|no)\Z"),
    "SBD_SYNC_RESOURCE_STARTUP": re.compile(r"(yes|no|true|false|0|1)\Z"),
    "SBD_OPTS": re.compile(r"[A-Za-z0-9_/.,:=+@% -]+\Z"),
}
# firewalld makes chains of a zone's name, and iptables' have 28 signs (max_zone_name_len in
# firewall/functions.py); a service's name is a file's. Letters, digits and these (io_object.py).
FIREWALLD_ZONE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,16}\Z")
FIREWALLD_SERVICE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}\Z")

# --- corosync -------------------------------------------------------------------------------------

# Milliseconds (MINIMUM_TIMEOUT and MINIMUM_TIMEOUT_HOLD in exec/totemconfig.c); 0 stands for the
# default of each (totem_volatile_config_set_uint32_value).
_LEAST = {
    "token_retransmit": 30,
    "hold": 14,
    "join": 30,
    "consensus": 30,
    "merge": 30,
    "downcheck": 30,
    "max_network_delay": 30,
}
# Its defaults; that of the token is corosync 2's and 3.0's, the shortest of all.
_TOKEN, _RETRANSMITS, _JOIN = 1000, 4, 50


def totem_problems(totem: Data) -> list[tuple[str, str]]:
    """
    What corosync would refuse to start with, ``[(option, sentence), ...]`` (totem_config_validate
    in exec/totemconfig.c). pcs takes any number.

    totem
        The section, each value a whole number that is not negative or something else, which is
        told elsewhere.
    """
    said = {key: value for key, value in totem.items() if type(value) is int and value > 0}
    found = [
        (key, f"{said[key]} is less than {least}, the least that corosync takes (milliseconds)")
        for key, least in _LEAST.items()
        if key in said and said[key] < least
    ]
    token = said.get("token", _TOKEN)
    tries = said.get("token_retransmits_before_loss_const", _RETRANSMITS)
    # A retransmit comes after token / (tries + 0.2), at least 30.
    shortest = 6 * (5 * tries + 1)
    if "token_retransmit" not in said and token < shortest:
        key = "token" if "token" in said else "token_retransmits_before_loss_const"
        found.append(
            (key, f"with {tries} retransmits the token needs at least {shortest} milliseconds")
        )
    elif "token" in said and token < 30:
        found.append(("token", f"{token} is less than 30, the least that corosync takes"))
    join = said.get("join", _JOIN)
    if "consensus" in said and said["consensus"] < join:
        found.append(("consensus", f"{said['consensus']} is less than join ({join})"))
    elif "consensus" not in said and join > token * 6 // 5:
        found.append(("join", f"{join} is more than consensus, which is 1.2 times the token"))
    return found


# --- exportfs -------------------------------------------------------------------------------------

# parseopts in support/nfs/exports.c of nfs-utils; values are decimal there, octal with a leading 0.
_NUMBER = re.compile(r"-[12]\Z|(0|[1-9][0-9]{0,9})\Z")
_RANGE = re.compile(r"[0-9]{1,10}(-[0-9]{1,10})?\Z")
_ELSEWHERE = re.compile(r"/[^\s@]+@[^\s@]+\Z")
_FLAVOR = "(sys|unix|none|null|krb5|krb5i|krb5p)"
_EXPORT_VALUES = {
    "anonuid": _NUMBER,
    "anongid": _NUMBER,
    "squash_uids": _RANGE,
    "squash_gids": _RANGE,
    "mountpoint": re.compile(r"/"),
    "mp": re.compile(r"/"),
    "refer": _ELSEWHERE,
    "replicas": _ELSEWHERE,
    "sec": re.compile(rf"{_FLAVOR}(:{_FLAVOR})*\Z"),
    "xprtsec": re.compile(r"(none|tls|mtls)(:(none|tls|mtls))*\Z"),
    "reexport": re.compile(r"(none|auto-fsidnum|predefined-fsidnum)\Z"),
}
_EXPORT_WORDS = frozenset(
    "ro rw secure insecure sync async nordirplus security_label nohide hide crossmnt nocrossmnt"
    " wdelay no_wdelay root_squash no_root_squash all_squash no_all_squash subtree_check"
    " no_subtree_check auth_nlm no_auth_nlm secure_locks insecure_locks acl no_acl pnfs no_pnfs"
    " mountpoint mp".split()
)
# What an older exportfs does not know yet, by (os, major release) where that is certain: the
# RedHat family takes options into older versions. nfs-utils 1.3.4 and 2.6.1, 2.6.2.
_NOT_YET = ("xprtsec", "reexport")
_NOT_IN = {
    ("Debian", "11"): (*_NOT_YET, "security_label", "nordirplus"),
    ("Ubuntu", "20"): (*_NOT_YET, "security_label", "nordirplus"),
    ("Debian", "12"): _NOT_YET,
    ("Ubuntu", "22"): _NOT_YET,
}


def export_option_problem(option: str) -> str | None:
    """Why exportfs would refuse an option; None if it takes it."""
    name, equals, value = option.partition("=")
    if not equals:
        return None if name in _EXPORT_WORDS else "is no option that exportfs knows"
    if name not in _EXPORT_VALUES:
        wrong = "takes no value" if name in _EXPORT_WORDS else "is no option that exportfs knows"
        return wrong
    if not _EXPORT_VALUES[name].match(value) or (name.startswith("anon") and int(value) >= 2**32):
        return "has a value that exportfs refuses"
    return None


def not_yet_in_exportfs(option: str, grains: Data) -> bool:
    """Whether the exportfs of this operating system is too old for an option that is right."""
    system = (str(grains.get("os")), str(grains.get("osmajorrelease")))
    return option.partition("=")[0] in _NOT_IN.get(system, ())


# --- mount ----------------------------------------------------------------------------------------

# mount(8) and the kernel's Documentation/admin-guide/xfs.rst and ext4.rst: what every kernel from
# 4.18 to today takes on a file system that mkfs made without options and that is written to.
_MOUNT_WORDS = frozenset(
    "defaults rw async sync atime noatime diratime nodiratime dirsync dev nodev exec noexec"
    " iversion noiversion lazytime nolazytime relatime norelatime strictatime nostrictatime silent"
    " loud suid nosuid mand nomand seclabel".split()
)
_MOUNT_VALUES = frozenset("context fscontext defcontext rootcontext comment".split())
_OF_KIND = {
    "xfs": frozenset(
        "discard nodiscard grpid bsdgroups nogrpid sysvgroups filestreams ikeep noikeep inode32"
        " inode64 largeio nolargeio noalign nouuid noquota uquota usrquota quota uqnoenforce"
        " qnoenforce gquota grpquota gqnoenforce pquota prjquota pqnoenforce swalloc wsync attr2"
        " noattr2 dax".split()
    ),
    "ext4": frozenset(
        "barrier nobarrier acl user_xattr bsddf minixdf debug bh nobh delalloc nodelalloc discard"
        " nodiscard grpid bsdgroups nogrpid sysvgroups quota noquota usrquota grpquota"
        " journal_checksum nojournal_checksum auto_da_alloc noauto_da_alloc dioread_nolock"
        " dioread_lock init_itable noinit_itable block_validity noblock_validity i_version"
        " nombcache".split()
    ),
}
_VALUES_OF_KIND = {
    "xfs": frozenset("allocsize logbufs logbsize logdev rtdev sunit swidth dax".split()),
    "ext4": frozenset(
        "barrier commit data data_err errors resgid resuid usrjquota grpjquota jqfmt journal_ioprio"
        " auto_da_alloc stripe max_batch_time min_batch_time init_itable inode_readahead_blks"
        " max_dir_size_kb".split()
    ),
}


def mount_option_known(option: str, fstype: str) -> bool:
    """Whether a file system of that type is mounted with the option; its value is not judged."""
    if option[:2] in ("x-", "X-"):
        return True
    name, equals, _ = option.partition("=")
    words = (_MOUNT_VALUES, _VALUES_OF_KIND) if equals else (_MOUNT_WORDS, _OF_KIND)
    return name in words[0] or name in words[1].get(fstype, ())


# --- LVM ------------------------------------------------------------------------------------------


def reserved_by_lvm(name: str) -> str | None:
    """The part of a volume's name that LVM keeps for its own volumes."""
    for prefix in _LVM_PREFIXES:
        if name.startswith(prefix):
            return prefix
    return next((part for part in _LVM_PARTS if part in name), None)


def is_in_dev(group: str) -> bool:
    """Whether a volume group's directory would be the place of a device of every machine."""
    return _IN_DEV.match(group) is not None
