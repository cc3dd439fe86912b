"""
What this node's own files say: the NFS server's settings, the lock manager's ports, LVM's system
id, and what systemd stops after the cluster. Only in the profile hardened; the profile article
leaves a machine at its distribution's settings.

Nothing that runs is restarted: a change counts from the next start of the NFS server on this node.
"""

from __future__ import annotations

import os

import _cib_run
import _hanfs_schema
import _hanfs_settings
import _hanfs_settings_files
from _cib_errors import CommandExecutionError, SaltInvocationError
from _cib_result import failed, made
from _cib_run import Machine
from _cib_values import Data
from _hanfs_settings_text import told
from _hanfs_types import RawSite

_LVM = {"LVM_SUPPRESS_FD_WARNINGS": "1"}
_ARTICLE = "The profile article leaves this at the distribution's settings"
_LATER = "it counts from the next start of the NFS server on this node, such as a move to it"


def _hardened(site):
    """The normalised site; None in the profile article."""
    normal = _hanfs_schema.normalise(site)
    return normal if normal.get("nfs") else None


def _read(path):
    return _hanfs_settings_files.read(path)


def _apply(machine, ret, changes, files, note="", kernel=None):
    """
    Write ``files`` (``{path: text, or None to take it away}``) and the kernel's values, or say what
    would be written.
    """
    if not changes:
        return ret
    what = ", ".join([*files, *(kernel or {})]) + (f"; {note}" if note else "")
    if machine.test:
        ret.update(result=None, changes=changes, comment=f"Would be changed: {what}")
        return ret
    for path, text in files.items():
        if text is None:
            _hanfs_settings_files.remove(path)
        else:
            _hanfs_settings_files.write(path, text)
    for path, value in (kernel or {}).items():
        if not _hanfs_settings_files.put(path, value):
            raise CommandExecutionError(f"{path} does not take {value}")
    ret.update(changes=changes, comment=f"Changed: {what}")
    return ret


def nfs_settings(machine: Machine, name: str, site: RawSite, style: str) -> Data:
    """
    The NFS server's lease, grace, threads, versions and ports, where the distribution has them.
    Other settings in those files stay as they are.
    """
    ret = made(name, comment=_ARTICLE)
    try:
        site = _hardened(site)
        if site is None:
            return ret
        texts = {path: _read(path) for path in _hanfs_settings.nfs_files(style)}
        wanted = _hanfs_settings.nfs_wanted(site["nfs"], style, texts)
        if wanted["problems"]:
            return failed(made(name), "\n".join(wanted["problems"]))
        ret["comment"] = f"{', '.join(texts)}: as the site says"
        return _apply(machine, ret, wanted["changes"], wanted["files"], _LATER)
    except (CommandExecutionError, SaltInvocationError) as err:
        return failed(made(name), err)


def lockd_settings(machine: Machine, name: str, site: RawSite) -> Data:
    """
    The ports of the kernel's lock manager, which NFSv3 needs: as options of its module, and for
    systemd-sysctl, since a kernel that has it built in reads no options from a file. Where it is
    loaded already they are set for its next start, too.
    """
    ret = made(name, comment=_ARTICLE)
    try:
        site = _hardened(site)
        if site is None:
            return ret
        wanted = _hanfs_settings.lockd_files(site["nfs"])
        files, changes, kernel = {}, {}, {}
        for path, new in wanted.items():
            old = _read(path)
            if old != new:
                files[path], changes[path] = new, {"old": told(old), "new": told(new)}
        for place, value in _hanfs_settings.lockd_kernel(site["nfs"]).items():
            found = _read(place)
            if found is not None and found.strip() != value:
                kernel[place] = value
                changes[place] = {"old": found.strip(), "new": value}
        ret["comment"] = "NFSv4 needs no lock manager"
        if not site["nfs"]["v4_only"]:
            ret["comment"] = f"{', '.join(wanted)}: as the site says"
        return _apply(machine, ret, changes, files, _LATER, kernel)
    except (CommandExecutionError, SaltInvocationError) as err:
        return failed(made(name), err)


def lvm_settings(
    machine: Machine, name: str, site: RawSite, autoactivation: str = "metadata"
) -> Data:
    """
    LVM knows which node a volume group belongs to (``system_id_source``), so that the passive
    node can neither see nor activate the shared one. A source that is set already is kept. The
    lines stand in lvmlocal.conf, which LVM reads after lvm.conf.
    """
    ret = made(name, comment=_ARTICLE)
    try:
        site = _hardened(site)
        if site is None:
            return ret
        shared = [item["vg"] for item in site["file_systems"] if item["vg"]]
        if not shared:
            ret["comment"] = "The site has no volume group"
            return ret
        if not _cib_run.which("lvmconfig"):
            if machine.test:
                ret.update(result=None, comment="LVM would be set up once it is installed")
                return ret
            raise CommandExecutionError("lvmconfig is not there: lvm2 is not installed")
        return _set_lvm(machine, ret, list(dict.fromkeys(shared)), autoactivation == "list")
    except (CommandExecutionError, SaltInvocationError) as err:
        return failed(made(name), err)


def _set_lvm(machine, ret, shared, listed):
    paths = _hanfs_settings.paths()
    local = paths["lvm_local"]
    texts = {path: _read(path) for path in (paths["lvm"], local)}
    others = _volume_groups(machine) if listed else None
    wanted = _hanfs_settings.lvm_wanted(shared, texts, others)
    if wanted["problems"]:
        return failed(made(ret["name"]), "\n".join(wanted["problems"]))
    ret["comment"] = f"LVM's system id comes from {wanted['source']}"
    note = _boot_image_note() if listed else ""
    _apply(machine, ret, wanted["changes"], {local: wanted["text"]}, note)
    if ret["changes"] and not machine.test:
        error = _lvm_error(machine)
        if error:
            old = texts[local]
            if old is None:
                _hanfs_settings_files.remove(local)
            else:
                _hanfs_settings_files.write(local, old)
            return failed(
                made(ret["name"]), f"{local} is as it was: LVM does not take the new one: {error}"
            )
    return ret


def _lvm_error(machine):
    result = machine.answer(["lvmconfig", "--validate"], env=_LVM)
    if result["retcode"] == 0:
        return None
    return f"lvmconfig --validate exited with {result['retcode']}: {result['stderr']}"


def _volume_groups(machine):
    result = machine.answer(["vgs", "--noheadings", "--options", "vg_name"], env=_LVM)
    if result["retcode"]:
        raise CommandExecutionError(f"vgs exited with {result['retcode']}: {result['stderr']}")
    return result["stdout"].split()


def _boot_image_note():
    """
    The image that the machine boots from has a copy of LVM's files where the root is on LVM. It is
    not rebuilt here: a machine that does not boot any more would be a high price.
    """
    number = os.stat("/").st_dev
    uuid = _read(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}/dm/uuid") or ""
    if not uuid.startswith("LVM-"):
        return ""
    build = "update-initramfs -u" if _cib_run.which("update-initramfs") else "dracut -f"
    return f"the root file system is on LVM, so run `{build}` for it to count at boot too"


def storage_outlives_cluster(machine: Machine, name: str) -> Data:
    """
    At shutdown the cluster stops before what the shared disk is reached by: iSCSI, multipath,
    LVM. Otherwise the file system loses its disk while it is in use.
    """
    ret = made(name)
    try:
        path = _hanfs_settings.paths()["resource_dependencies"]
        old, new = _read(path), _hanfs_settings.resource_dependencies()
        if old == new:
            ret["comment"] = f"{path} says so"
            return ret
        changes = {path: {"old": told(old), "new": told(new)}}
        _apply(machine, ret, changes, {path: new})
        if not machine.test:
            machine.salt["service.systemctl_reload"]()
    except (CommandExecutionError, SaltInvocationError) as err:
        return failed(ret, err)
    return ret
