"""
Findings 3xx: the shared disk, LVM and the mount point.
"""

from __future__ import annotations

import re

import _hanfs_facts_lvm
import _hanfs_lint_plan
import _hanfs_names
from _cib_values import Data

_SYSTEM_ID = "lvmsystemid(7)"
_AUTOACTIVATION = "https://github.com/ClusterLabs/resource-agents/pull/1643"
CODES: dict[str, Data] = {
    "HANFS302": {
        "severity": "warning",
        "title": "The volume group activates itself at boot",
        "why": "Every node that boots has the volume active, and one command away from being"
        " mounted twice",
        "cure": "vgchange --setautoactivation n VG, or auto_activation_volume_list in lvm.conf"
        " (the profile hardened does it)",
        "source": _AUTOACTIVATION,
    },
    "HANFS303": {
        "severity": "warning",
        "title": "This node has no LVM system id",
        "why": "LVM-activate with system_id cannot take the volume group over without one",
        "cure": 'global/system_id_source = "uname" in /etc/lvm/lvm.conf; salt NODE state.apply'
        " hanfs",
        "source": _SYSTEM_ID,
    },
    "HANFS304": {
        "severity": "warning",
        "title": "Nothing keeps the other node from the volume",
        "why": "Without LVM-activate and a system id any node may activate and mount it at any"
        " time; XFS that is mounted twice is destroyed",
        "cure": "pillar {path}:profile: hardened",
        "source": _SYSTEM_ID,
    },
    "HANFS305": {
        "severity": "warning",
        "title": "The volume is active here, though another node has it",
        "why": "One command is left before it is mounted twice; what this node has in its memory"
        " of the disk is wrong by then",
        "cure": "lvchange -an VG/LV on this node (if it is in use, find out by whom first)",
        "source": _AUTOACTIVATION,
    },
    "HANFS306": {
        "severity": "error",
        "title": "The volume group belongs to another machine",
        "why": "Its system id is that of no node of this site: either a machine outside uses the"
        " disk, or a node was renamed",
        "cure": "make sure that nobody uses it; then, on a node: vgchange --config"
        " 'local/extra_system_ids=[\"OLD\"]' --systemid $(uname -n) VG",
        "source": _SYSTEM_ID,
    },
    "HANFS307": {
        "severity": "error",
        "title": "volume_list and a system id at once",
        "why": "LVM-activate refuses to start while both are set in lvm.conf",
        "cure": "take activation/volume_list out of /etc/lvm/lvm.conf",
        "source": "https://github.com/ClusterLabs/resource-agents/pull/1909",
    },
    "HANFS308": {
        "severity": "warning",
        "title": "LVM's devices file does not have the disk",
        "why": "LVM on this node does not look at it: the volume group is missing, and a failover"
        " to this node fails",
        "cure": "lvmdevices --adddev DEVICE; salt NODE state.apply hanfs",
        "source": "lvmdevices(8)",
    },
    "HANFS309": {
        "severity": "warning",
        "title": "A filter in lvm.conf rejects the disk",
        "why": "LVM on this node does not look at it: the volume group is missing, and a failover"
        " to this node fails",
        "cure": "devices/filter and devices/global_filter in /etc/lvm/lvm.conf",
        "source": "lvm.conf(5)",
    },
    "HANFS310": {
        "severity": "warning",
        "title": "The disk has a name that may move",
        "why": "The kernel gives such names in the order in which it finds disks: after a boot it"
        " may be another disk's",
        "cure": "pillar {path}:storage:device: a name from /dev/disk/by-id",
        "source": "udev(7)",
    },
    "HANFS311": {
        "severity": "error",
        "title": "The shared disk is the system's own",
        "why": "The running system is on it: it cannot be shared, and must not be written to",
        "cure": "pillar {path}:storage:device",
        "source": "docs/storage.md",
    },
    "HANFS312": {
        "severity": "error",
        "title": "The shared file system is mounted outside the cluster",
        "why": "The cluster does not know of it, and mounts it on another node: twice mounted, it"
        " is destroyed",
        "cure": "umount it on this node",
        "source": "docs/operations.md",
    },
    "HANFS313": {
        "severity": "warning",
        "title": "Something lies under the mount point",
        "why": "It is not on the shared disk: it was written while nothing was mounted, and is"
        " hidden once the service runs here",
        "cure": "look at it while the service is on the other node, and move it away",
        "source": "mount(8)",
    },
    "HANFS315": {
        "severity": "error",
        "title": "The disk is one path of a multipath device",
        "why": "Its other paths stay unused: when this one fails the service fails",
        "cure": "pillar {path}:storage:device: the name in /dev/mapper",
        "source": "multipath(8)",
    },
    "HANFS316": {
        "severity": "error",
        "title": "The file system does not wait for the disk",
        "why": "Without barriers a power cut loses writes that clients were told are safe",
        "cure": "pillar {path}:storage:options",
        "source": "xfs(5), ext4(5)",
    },
    "HANFS320": {
        "severity": "warning",
        "title": "lvmetad remembers what the peer has changed",
        "why": "Its cache does not know what the other node did to the shared volume group",
        "cure": "use_lvmetad = 0 in /etc/lvm/lvm.conf; systemctl disable --now"
        " lvm2-lvmetad.socket lvm2-lvmetad.service",
        "source": "lvmetad(8)",
    },
    "HANFS321": {
        "severity": "info",
        "title": "The disk may still be initialised",
        "why": "The cluster exists, so nothing is made any more; the key has done its work",
        "cure": "pillar {path}:storage:initialize: false",
        "source": "pillar.example",
    },
    "HANFS322": {
        "severity": "warning",
        "title": "The file system is on the bare disk",
        "why": "Without LVM's system id nothing but fencing keeps another node from mounting it",
        "cure": "pillar {path}:storage: vg and lv, for a new site",
        "source": _SYSTEM_ID,
    },
}
_MOVING = re.compile(r"/dev/(sd[a-z]+|vd[a-z]+|xvd[a-z]+|nvme\d+n\d+|dm-\d+)(p?\d+)?\Z")
_NO_BARRIERS = ("nobarrier", "barrier=0")


def _by_system_id(plan):
    """The volume groups that the cluster takes over by their system id."""
    return {
        item["attributes"].get("vgname")
        for item in _hanfs_lint_plan.with_agent(plan, "LVM-activate").values()
        if item["attributes"].get("vg_access_mode") == "system_id"
    }


def _groups(site, facts):
    """(volume group, its metadata) of the site's disks, as far as they can be read here."""
    for one in site["file_systems"]:
        group = facts["storage"]["devices"][one["device"]]["group"]
        if one.get("vg") and group and group["vg"] == one["vg"]:
            yield one["vg"], group


def _activates_itself(site, plan, facts):
    wanted = facts["storage"]["lvm"]["auto_activation_volume_list"]
    for vg, group in _groups(site, facts):
        by_itself = "NOAUTOACTIVATE" not in group["flags"]
        listed = wanted is None or any(str(item).split("/")[0] == vg for item in wanted)
        if by_itself and listed:
            yield f"{vg} has automatic activation on"


def _no_system_id(site, plan, facts):
    lvm = facts["storage"]["lvm"]
    if _by_system_id(plan) and lvm["known"] and not lvm["system_id"]:
        yield f"system_id_source is {lvm['system_id_source']}"


def _unprotected(site, plan, facts):
    protected = {
        item["attributes"].get("vgname")
        for item in _hanfs_lint_plan.with_agent(plan, "LVM-activate").values()
    }
    for one in site["file_systems"]:
        if one.get("vg") and one["vg"] not in protected:
            yield f"the cluster has no LVM-activate for {one['vg']}"


def _active_twice(site, plan, facts):
    storage, ours = facts["storage"], _by_system_id(plan)
    owners = {vg: group["system_id"] for vg, group in _groups(site, facts) if vg in ours}
    for one in site["file_systems"]:
        owner = owners.get(one.get("vg"))
        if not owner or not storage["lvm"]["system_id"] or owner == storage["lvm"]["system_id"]:
            continue
        name = _hanfs_names.filesystem_device(one).rsplit("/", 1)[-1]
        if name in storage["active"]:
            yield f"{name} is active, and {one['vg']} has the system id {owner}"


def _foreign(site, plan, facts):
    lvm = facts["storage"]["lvm"]
    if lvm["system_id_source"] != "uname":
        return
    ours = {lvm["system_id"]}
    ours |= {re.sub(r"[^A-Za-z0-9+_.-]", "", name) for name in site["cluster"]["nodes"]}
    for vg, group in _groups(site, facts):
        if group["system_id"] and group["system_id"] not in ours:
            yield f"{vg} has the system id {group['system_id']}"


def _volume_list(site, plan, facts):
    lvm = facts["storage"]["lvm"]
    if _by_system_id(plan) and lvm["volume_list"] is not None:
        yield "activation/volume_list is set on this node"


def _not_listed(site, plan, facts):
    storage = facts["storage"]
    if not storage["lvm"]["use_devicesfile"] or storage["devices_file"] is None:
        return
    for one in site["file_systems"]:
        device = storage["devices"][one["device"]]
        if one.get("vg") and device["there"]:
            if not _hanfs_facts_lvm.listed(storage["devices_file"], device):
                yield f"{one['device']} is not in /etc/lvm/devices/system.devices"


def _filtered(site, plan, facts):
    storage = facts["storage"]
    for one in site["file_systems"]:
        device = storage["devices"][one["device"]]
        for key in ("filter", "global_filter"):
            patterns = storage["lvm"][key]
            if one.get("vg") and device["there"]:
                if _hanfs_facts_lvm.rejected(patterns, device["names"]):
                    yield f"devices/{key} rejects {one['device']}"


def _moving_name(site, plan, facts):
    for one in site["file_systems"]:
        if _MOVING.match(one["device"]):
            yield f"pillar says {one['device']}"


def _system_disk(site, plan, facts):
    for path, device in facts["storage"]["devices"].items():
        if device["there"] and device["system_disk"]:
            yield f"{path} is on {', '.join(device['disks'])}"


def _mounted_elsewhere(site, plan, facts):
    for one in site["file_systems"]:
        for mount in facts["storage"]["mounted"][one["name"]]:
            # Binds of a directory inside it are the agent's, such as the one on /var/lib/nfs.
            whole = mount["root"] == "/"
            if whole and mount["directory"] != one["mountpoint"]:
                yield f"{one['device']} is mounted on {mount['directory']} of this node"


def _hidden(site, plan, facts):
    for mountpoint, number in facts["storage"]["hidden"].items():
        if number:
            yield f"{mountpoint} has {number} entries while nothing is mounted there"


def _one_path(site, plan, facts):
    for path, device in facts["storage"]["devices"].items():
        if device["below_multipath"]:
            yield f"multipath has {path} as one of its paths"


def _no_barriers(site, plan, facts):
    for one in site["file_systems"]:
        found = [option for option in one.get("options") or [] if option in _NO_BARRIERS]
        if found:
            yield f"{one['mountpoint']} is mounted with {', '.join(found)}"
    for name, item in _hanfs_lint_plan.with_agent(plan, "Filesystem").items():
        options = str(item["attributes"].get("options") or "").split(",")
        if set(options) & set(_NO_BARRIERS) and not site["file_systems"][0].get("options"):
            yield f"{name} has the options {','.join(options)}"


def _lvmetad(site, plan, facts):
    lvm = facts["storage"]["lvm"]
    if lvm["use_lvmetad"] and lvm["lvmetad"] and any(one.get("vg") for one in site["file_systems"]):
        yield "use_lvmetad is 1 and it runs"


def _initialize(site, plan, facts):
    names = [one["device"] for one in site["file_systems"] if one.get("initialize")]
    if facts["member"] and names:
        yield f"pillar has initialize: true for {', '.join(names)}"


def _bare(site, plan, facts):
    for one in site["file_systems"]:
        if not one.get("vg"):
            yield f"{one['mountpoint']} is straight on {one['device']}"


def _once(rule):
    """Several file systems may be on one disk, or in one group: what is said of it is said once."""
    return lambda site, plan, facts: dict.fromkeys(rule(site, plan, facts))


RULES = {
    "HANFS302": _activates_itself,
    "HANFS303": _no_system_id,
    "HANFS304": _unprotected,
    "HANFS305": _active_twice,
    "HANFS306": _foreign,
    "HANFS307": _volume_list,
    "HANFS308": _not_listed,
    "HANFS309": _filtered,
    "HANFS310": _moving_name,
    "HANFS311": _system_disk,
    "HANFS312": _mounted_elsewhere,
    "HANFS313": _hidden,
    "HANFS315": _one_path,
    "HANFS316": _no_barriers,
    "HANFS320": _lvmetad,
    "HANFS321": _initialize,
    "HANFS322": _bare,
}
RULES = {code: _once(rule) for code, rule in RULES.items()}
