"""
What a value in pillar may be: the checkers that a site's sections are described with.

A checker is a function ``(value, path, report)``; it calls ``report`` with a sentence for
everything that is wrong. Those with arguments make a checker. Nothing is read, run or raised here,
whatever the value.
"""

from __future__ import annotations

import datetime
import difflib
import ipaddress
import posixpath
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import _hanfs_schema_programs as programs
from _cib_values import Data

# Says what is wrong, in a sentence.
Report = Callable[[str], None]
# Looks at a value at a path in pillar.
Check = Callable[[Any, str, Report], None]
_HOST = re.compile(
    r"(?=.{1,253}\Z)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\Z"
)
_CIB_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\Z")
_CIB_NAMES = "a name the cluster allows (a letter or _, then letters, digits and _ . -)"
_CIB_WORD = re.compile(r"[A-Za-z0-9_.-]+\Z")
_LVM_NAME = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9+_.][A-Za-z0-9+_.-]{0,126}\Z")
_ACCOUNT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]*\$?\Z")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
_CLIENT_NAME = re.compile(r"(\*|@?[A-Za-z0-9*?][A-Za-z0-9*?._-]*)\Z")
_NUMBERS = re.compile(r"[0-9.]+\Z")
# What udev leaves in the name of a device (allow_listed_char_for_devnode in systemd's
# src/shared/device-nodes.c), and slashes. SBD's list of devices is separated by semicolons.
_DEVICE = re.compile(r"/[\w+.:=@/-]*\Z")
# What agents, which are shell scripts, or the CIB would read.
_PATH = re.compile(r"/[^\s\"'\\`$&;|<>(){}\[\]*?!#]*\Z")
_SIZE = re.compile(r"([1-9][0-9]{0,8}[KMGT]|([1-9][0-9]?|100)%)\Z")
_SYSTEM_DIRECTORIES = tuple(
    "/ /bin /boot /dev /etc /lib /lib64 /proc /root /run /sbin /sys /tmp /usr /var /var/lib"
    " /var/lib/nfs".split()
)
# What is short, and what it says is no more than itself.
_SHOWN = (str, bytes, int, float, type(None), datetime.date)
# Not on any disk: the directory would be gone after a boot, or cannot be made at all.
_FLEETING = ("/dev/", "/proc/", "/sys/")
_PATH_BYTES = 1024  # of a path that clients mount (MNTPATHLEN, RFC 1813, appendix I)
_HINTS = {
    "fencing": (
        ". Fencing is never off silently: while the cluster has no fencing devices, say "
        "`fencing: {enabled: false}`"
    ),
    "fsid": ". Give each exported directory a number of its own (0 for a single one)",
    "enabled": ". Say `enabled: false` while the cluster has no fencing devices",
}


def shown(value: Any) -> str:
    """A value for a message: short, and never a container's inside."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    if not isinstance(value, _SHOWN):
        return f"a {type(value).__name__}"
    text = repr(value[:60] if isinstance(value, (str, bytes)) else value)
    return text if len(text) <= 60 else text[:57] + "..."


def _kind(value):
    """What stands in the place of a mapping. Never its text: a mapping that was quoted by mistake
    has everything in it, secrets too."""
    return "a text" if isinstance(value, str) else shown(value)


def is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_control(sign: str) -> bool:
    """Control characters but the tab, and halves of surrogate pairs."""
    return sign != "\t" and unicodedata.category(sign) in ("Cc", "Cs")


def text(pattern: re.Pattern[str], allowed: str) -> Check:
    def check(value, path, report):
        if not isinstance(value, str) or not pattern.match(value):
            report(f"{path}: {shown(value)} is not {allowed}")

    return check


def number(low: int, high: int, unit: str = "") -> Check:
    def check(value, path, report):
        if not is_int(value) or not low <= value <= high:
            report(f"{path}: {shown(value)} is not a whole number from {low} to {high}{unit}")

    return check


def choice(*allowed: str) -> Check:
    def check(value, path, report):
        if not isinstance(value, str) or value not in allowed:
            report(f"{path}: {shown(value)} is not allowed. Allowed: {', '.join(allowed)}")

    return check


def boolean(value: Any, path: str, report: Report) -> None:
    if not isinstance(value, bool):
        report(f"{path}: {shown(value)} is neither true nor false")


def list_of(check_item: Check, what: str, least: int = 1, most: int = 1000) -> Check:
    def check(value, path, report):
        if not isinstance(value, list):
            report(f"{path}: {shown(value)} is not a list of {what}")
            return
        if not least <= len(value) <= most:
            report(f"{path}: {len(value)} {what} given, {least} to {most} are allowed")
        for number, item in enumerate(value[:most]):
            check_item(item, f"{path}:{number}", report)

    return check


def mapping(keys: Mapping[str, Check], required: Iterable[str] = ()) -> Check:
    def check(value, path, report):
        if not isinstance(value, dict):
            report(f"{path}: {_kind(value)} is not a mapping with the keys {', '.join(keys)}")
            return
        for key in value:
            if not isinstance(key, str) or key not in keys:
                report(unknown_key(key, path, keys))
        for key in required:
            if key not in value:
                report(f"{path}:{key}: missing{_HINTS.get(key, '')}")
        for key, check_item in keys.items():
            if key in value:
                check_item(value[key], f"{path}:{key}", report)

    return check


def unknown_key(key: Any, path: str, keys: Iterable[str]) -> str:
    close = difflib.get_close_matches(str(key), keys, n=1)
    hint = f"did you mean {close[0]}?" if close else f"allowed: {', '.join(keys)}"
    return f"{path}:{key}: unknown key, {hint}"


def ip(value: Any) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address, or None if it is none that a machine can have."""
    if not isinstance(value, str):
        return None
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return None
    unusable = (
        address.is_unspecified
        or address.is_loopback
        or address.is_multicast
        or address.is_link_local
        # "This network" and the limited broadcast (RFC 1122, 3.2.1.3); an IPv4 address in IPv6's
        # clothes, which Python 3.13 spells in another way than 3.12.
        or (address.version == 4 and address.packed[0] == 0)
        or address.packed == b"\xff" * 4
        or getattr(address, "ipv4_mapped", None) is not None
    )
    return None if unusable or "%" in value else address


def address(value: Any, path: str, report: Report) -> None:
    address = ip(value)
    if address is None:
        report(f"{path}: {shown(value)} is not the IP address of a machine")
    elif str(address) != value:
        # It is compared as text with what pcs, corosync.conf and the agents say.
        report(f"{path}: {shown(value)} must be written {address}")


def node_nodes(value: Any, path: str, report: Report) -> None:
    if not isinstance(value, dict):
        report(f"{path}: {shown(value)} is not a mapping of node names to lists of addresses")
        return
    if not 2 <= len(value) <= 16:
        report(f"{path}: {len(value)} node(s) given, a cluster needs 2 to 16")
    for name, addresses in value.items():
        text(_HOST, "a host name (as `uname -n` prints it on that machine)")(
            name, f"{path}:{name}", report
        )
        if isinstance(name, str) and len(name) > programs.HOST_NAME:
            report(f"{path}:{name}: a machine's name has at most {programs.HOST_NAME} signs")
        if ip(name) is not None:
            report(f"{path}:{name}: is an address; the key is the node's host name")
        list_of(address, "addresses, one per link", 1, 8)(addresses, f"{path}:{name}", report)


def is_absolute(value: Any) -> bool:
    if not isinstance(value, str) or not _PATH.match(value):
        return False
    if not value.isprintable() or value.startswith("//") or posixpath.normpath(value) != value:
        return False
    coded = value.encode()
    parts = max(map(len, coded.split(b"/")))
    return len(coded) <= _PATH_BYTES and parts <= programs.PATH_PART_BYTES


def absolute(value: Any, path: str, report: Report) -> None:
    if not is_absolute(value):
        report(
            f"{path}: {shown(value)} is not an absolute path without '..', blanks, quotes, signs "
            f"that a shell reads or that cannot be printed or a slash at the end, of at most "
            f"{_PATH_BYTES} bytes, {programs.PATH_PART_BYTES} in each part"
        )


def mountpoints(site: Mapping[str, Any]) -> list[str]:
    """Those of the site's file systems; none if one is wrong, of which it is said in its place and
    not of all that would be below it."""
    found: list[Any] = [entry.get("mountpoint") for _, entry in one_or_many(site, "storage", "")]
    right = all(is_absolute(one) and one not in _SYSTEM_DIRECTORIES for one in found)
    return found if right else []


def mountpoint(value: Any, path: str, report: Report) -> None:
    absolute(value, path, report)
    if isinstance(value, str) and value in _SYSTEM_DIRECTORIES:
        report(
            f"{path}: {value} belongs to the operating system; take a directory of its own "
            "such as /nfsdata"
        )
    elif isinstance(value, str) and value.startswith(_FLEETING):
        report(f"{path}: {shown(value)} is on no disk; take a directory such as /nfsdata")


def device(value: Any, path: str, report: Report) -> None:
    absolute(value, path, report)
    if isinstance(value, str) and not value.startswith("/dev/"):
        report(f"{path}: {shown(value)} is not below /dev (best is a name from /dev/disk/by-id)")
    elif isinstance(value, str) and is_absolute(value) and not _DEVICE.match(value):
        report(f"{path}: {shown(value)} has signs that no device's name has")


def volume_group(value: Any, path: str, report: Report) -> None:
    _lvm_name(value, path, report)
    if isinstance(value, str) and programs.is_in_dev(value):
        report(f"{path}: {shown(value)} is a device's name already: LVM makes /dev/<vg>")


def volume(value: Any, path: str, report: Report) -> None:
    _lvm_name(value, path, report)
    kept = programs.reserved_by_lvm(value) if isinstance(value, str) else None
    if kept:
        report(f"{path}: {shown(value)} contains {kept}, which LVM keeps for itself")


def _lvm_name(value, path, report):
    text(_LVM_NAME, "a name for LVM: at most 127 letters, digits and + _ . - (not first)")(
        value, path, report
    )


def mode(value: Any, path: str, report: Report) -> None:
    text = str(value) if is_int(value) else value
    if not isinstance(text, str) or not re.match(r"[0-7]{3,4}\Z", text):
        report(f"{path}: {shown(value)} is not a mode such as '0755' (put it in quotes)")


def account(value: Any, path: str, report: Report) -> None:
    # The highest number means nobody in particular (chown(2)).
    if not (is_int(value) and 0 <= value < 2**32 - 1):
        text(_ACCOUNT, "a user or group")(value, path, report)


def fsid(value: Any, path: str, report: Report) -> None:
    if is_int(value) and 0 <= value < 2**32:
        return
    if isinstance(value, str):
        number = re.match(r"(0|[1-9][0-9]{0,9})\Z", value)
        if (number and int(value) < 2**32) or value == "root" or _UUID.match(value):
            return
    report(
        f"{path}: {shown(value)} is not a whole number from 0 to 4294967295, a UUID or 'root' "
        "(which means 0)"
    )


def client(value: Any, path: str, report: Report) -> None:
    allowed = "a network (192.168.16.0/24), an address, a host name (with * and ?), @netgroup or *"
    if isinstance(value, str) and "/" in value:
        _client_network(value, path, report)
    elif not isinstance(value, str) or not (_CLIENT_NAME.match(value) or ip(value)):
        report(f"{path}: {shown(value)} is not {allowed}")
    elif len(value) > programs.PATH_PART_BYTES:
        report(f"{path}: {shown(value)} is longer than any host name")
    # exportfs looks it up as a name, in vain, and says that all is well; 10.1 is its 10.0.0.1.
    elif _NUMBERS.match(value) and ip(value) is None:
        report(f"{path}: {shown(value)} is not the IP address of a machine")


def _client_network(value, path, report):
    # The agent compares the text with what exportfs prints, so only that spelling will do.
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        report(f"{path}: {shown(value)} is not a network such as 192.168.16.0/24")
        return
    if str(network) != value:
        report(f"{path}: {shown(value)} must be written {network}")


def export_option(value: Any, path: str, report: Report) -> None:
    if not isinstance(value, str) or not re.match(r"[A-Za-z_]+(=[^\s,()\"']+)?\Z", value):
        report(
            f"{path}: {shown(value)} is not one export option (text such as rw or 'sec=sys', "
            "one per item)"
        )
    elif value.split("=")[0] == "fsid":
        report(f"{path}: the fsid belongs in the export's own key `fsid`")
    else:
        wrong = programs.export_option_problem(value)
        if wrong:
            report(f"{path}: {shown(value)} {wrong} (exports(5))")


def scope(value: Any, path: str, report: Report) -> None:
    """The agent gives a text to hostname(1)."""
    if isinstance(value, bool):
        return
    if not isinstance(value, str) or len(value) > programs.HOST_NAME or not _HOST.match(value):
        report(
            f"{path}: {shown(value)} is not true (the virtual address), false (none) or a name of "
            f"letters, digits and . -, as a host has, of at most {programs.HOST_NAME}"
        )


def free_mapping(value: Any, path: str, report: Report) -> None:
    if not isinstance(value, dict):
        report(f"{path}: {_kind(value)} is not a mapping")


def mapping_or_list(value: Any, path: str, report: Report) -> None:
    if not isinstance(value, (dict, list)):
        report(f"{path}: {shown(value)} is neither a mapping nor a list")


def host(value: Any, path: str, report: Report) -> None:
    text(_HOST, "a host name")(value, path, report)


def name(value: Any, path: str, report: Report) -> None:
    if not isinstance(value, str) or not re.match(r"[^\s\0]+\Z", value):
        report(f"{path}: {shown(value)} is not a name (text, not empty, without blanks)")


def cib_name(value: Any, path: str, report: Report) -> None:
    if not isinstance(value, str) or not _CIB_ID.match(value):
        report(f"{path}: {shown(value)} is not {_CIB_NAMES}")
    else:
        _short(value, path, report)


def _short(value, path, report):
    if len(value) > programs.NAME:
        report(f"{path}: {shown(value)} is longer than {programs.NAME} signs")


def properties(value: Any, path: str, report: Report) -> None:
    free_mapping(value, path, report)
    for key in value if isinstance(value, dict) else ():
        if key in ("stonith-enabled", "fencing-enabled"):
            report(f"{path}:{key}: say it under fencing: (`fencing: {{enabled: true}}` or false)")


def named_objects(value: Any, path: str, report: Report) -> None:
    if not isinstance(value, dict):
        report(f"{path}: {_kind(value)} is not a mapping of names")
        return
    for name in value:
        if not isinstance(name, str) or not _CIB_ID.match(name):
            report(f"{path}:{name}: not {_CIB_NAMES}")


def is_size(value: Any) -> bool:
    return isinstance(value, str) and _SIZE.match(value) is not None


def size(value: Any, path: str, report: Report) -> None:
    if not is_size(value):
        report(
            f"{path}: {shown(value)} is not a size: a whole number and K, M, G or T (20G), or a "
            "share (50%)"
        )


def cib_word(value: Any, path: str, report: Report) -> None:
    """The end of a name: what comes before it is a letter."""
    if not isinstance(value, str) or not _CIB_WORD.match(value):
        report(f"{path}: {shown(value)} is not a word of letters, digits and _ . -")
    else:
        _short(value, path, report)


def scalar(value: Any, path: str, report: Report) -> None:
    """The value of an option: text, a number, true or false."""
    fits = isinstance(value, (str, int)) and str(value).isprintable() and str(value) != ""
    if not fits:
        report(f"{path}: {shown(value)} is not one value (text on one line, a number or a truth)")


def part(mapping: Mapping[str, Any], key: str) -> Data:
    """A section if it is a mapping, else an empty one."""
    value = mapping.get(key)
    return value if isinstance(value, dict) else {}


def one_or_many(site: Mapping[str, Any], key: str, path: str) -> list[tuple[str, Data]]:
    """A section that is one mapping or a list of them: ``[(path, mapping), ...]``."""
    value = site.get(key)
    if isinstance(value, dict):
        return [(f"{path}:{key}", value)]
    items = value if isinstance(value, (list, tuple)) else []
    return [
        (f"{path}:{key}:{number}", item)
        for number, item in enumerate(items)
        if isinstance(item, dict)
    ]
