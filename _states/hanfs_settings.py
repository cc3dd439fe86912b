"""
What this node's own files say: the NFS server's settings, the lock manager's ports, LVM's system
id, and what systemd stops after the cluster. Only in the profile hardened; the profile article
leaves a machine at its distribution's settings.

Nothing that runs is restarted: a change counts from the next start of the NFS server on this node.

.. code-block:: yaml

    The NFS server has the settings of the site:
      hanfs.nfs_settings:
        - site: {{ hanfs.site | json }}
        - style: drop-in

:depends: the execution modules hanfs_schema, hanfs_settings, hanfs_settings_text and
    hanfs_settings_files
"""

from __future__ import annotations

import os

import salt.utils.path
from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "hanfs"

_ARTICLE = "The profile article leaves this at the distribution's settings"
_LATER = "it counts from the next start of the NFS server on this node, such as a move to it"


def __virtual__():
    return __virtualname__


def _ret(name, comment=""):
    return {"name": name, "result": True, "changes": {}, "comment": comment}


def _failed(ret, error):
    ret.update(result=False, comment=str(error))
    return ret


def _hardened(site):
    """The normalised site; None in the profile article."""
    normal = __salt__["hanfs_schema.normalise"](site)
    return normal if normal.get("nfs") else None


def _read(path):
    return __salt__["hanfs_settings_files.read"](path)


def _apply(ret, changes, files, note="", kernel=None):
    """
    Write ``files`` (``{path: text, or None to take it away}``) and the kernel's values, or say what
    would be written.
    """
    if not changes:
        return ret
    told = ", ".join([*files, *(kernel or {})]) + (f"; {note}" if note else "")
    if __opts__["test"]:
        ret.update(result=None, changes=changes, comment=f"Would be changed: {told}")
        return ret
    for path, text in files.items():
        if text is None:
            __salt__["hanfs_settings_files.remove"](path)
        else:
            __salt__["hanfs_settings_files.write"](path, text)
    for path, value in (kernel or {}).items():
        if not __salt__["hanfs_settings_files.put"](path, value):
            raise CommandExecutionError(f"{path} does not take {value}")
    ret.update(changes=changes, comment=f"Changed: {told}")
    return ret


def nfs_settings(name, site, style):
    """
    The NFS server's lease, grace, threads, versions and ports, where the distribution has them.
    Other settings in those files stay as they are.

    name
        Free text.

    site
        The site as it stands in pillar.

    style
        As in ``hanfs_settings.nfs_files``: ``drop-in``, ``nfs.conf``, ``default`` or ``sysconfig``.

    .. code-block:: yaml

        The NFS server has the settings of the site:
          hanfs.nfs_settings:
            - site: {{ hanfs.site | json }}
            - style: drop-in
    """
    ret = _ret(name, _ARTICLE)
    try:
        site = _hardened(site)
        if site is None:
            return ret
        texts = {path: _read(path) for path in __salt__["hanfs_settings.nfs_files"](style)}
        wanted = __salt__["hanfs_settings.nfs_wanted"](site["nfs"], style, texts)
        if wanted["problems"]:
            return _failed(ret, "\n".join(wanted["problems"]))
        ret["comment"] = f"{', '.join(texts)}: as the site says"
        return _apply(ret, wanted["changes"], wanted["files"], _LATER)
    except (CommandExecutionError, SaltInvocationError) as err:
        return _failed(ret, err)


def lockd_settings(name, site):
    """
    The ports of the kernel's lock manager, which NFSv3 needs. They are options of its module; where
    it is loaded already they are set for its next start, too.

    name
        Free text.

    site
        The site as it stands in pillar.

    .. code-block:: yaml

        The lock manager has the ports of the site:
          hanfs.lockd_settings:
            - site: {{ hanfs.site | json }}
    """
    ret = _ret(name, _ARTICLE)
    try:
        site = _hardened(site)
        if site is None:
            return ret
        path = __salt__["hanfs_settings.paths"]()["lockd"]
        old, new = _read(path), __salt__["hanfs_settings.lockd_file"](site["nfs"])
        files = {path: new} if old != new else {}
        changes = {path: {"old": _lines(old), "new": _lines(new)}} if files else {}
        kernel = {}
        for place, value in __salt__["hanfs_settings.lockd_kernel"](site["nfs"]).items():
            found = _read(place)
            if found is not None and found.strip() != value:
                kernel[place] = value
                changes[place] = {"old": found.strip(), "new": value}
        ret["comment"] = f"{path}: as the site says" if new else "NFSv4 needs no lock manager"
        return _apply(ret, changes, files, _LATER, kernel)
    except (CommandExecutionError, SaltInvocationError) as err:
        return _failed(ret, err)


def _lines(text):
    """A file's lines without comments, for ``changes``; None if there is no file."""
    if text is None:
        return None
    return "\n".join(line for line in text.splitlines() if line and not line.startswith("#"))


def lvm_settings(name, site, autoactivation="metadata"):
    """
    LVM knows which node a volume group belongs to (``system_id_source``), so that the passive node
    can neither see nor activate the shared one. A source that is set already is kept. The lines
    stand in lvmlocal.conf, which LVM reads after lvm.conf.

    name
        Free text.

    site
        The site as it stands in pillar.

    autoactivation
        ``metadata`` where a volume group itself says that it is not activated at boot (lvm2 2.03.12
        and later); ``list`` where this machine has to list those that are.

    .. code-block:: yaml

        LVM gives the shared volume group to one node at a time:
          hanfs.lvm_settings:
            - site: {{ hanfs.site | json }}
    """
    ret = _ret(name, _ARTICLE)
    try:
        site = _hardened(site)
        if site is None:
            return ret
        shared = [item["vg"] for item in site["file_systems"] if item["vg"]]
        if not shared:
            ret["comment"] = "The site has no volume group"
            return ret
        if not salt.utils.path.which("lvmconfig"):
            if __opts__["test"]:
                ret.update(result=None, comment="LVM would be set up once it is installed")
                return ret
            raise CommandExecutionError("lvmconfig is not there: lvm2 is not installed")
        return _set_lvm(ret, list(dict.fromkeys(shared)), autoactivation == "list")
    except (CommandExecutionError, SaltInvocationError) as err:
        return _failed(ret, err)


def _set_lvm(ret, shared, listed):
    paths = __salt__["hanfs_settings.paths"]()
    local = paths["lvm_local"]
    texts = {path: _read(path) for path in (paths["lvm"], local)}
    others = _volume_groups() if listed else None
    wanted = __salt__["hanfs_settings.lvm_wanted"](shared, texts, others)
    if wanted["problems"]:
        return _failed(ret, "\n".join(wanted["problems"]))
    ret["comment"] = f"LVM's system id comes from {wanted['source']}"
    note = _boot_image_note() if listed else ""
    _apply(ret, wanted["changes"], {local: wanted["text"]}, note)
    if ret["changes"] and not __opts__["test"]:
        error = _lvm_error()
        if error:
            old = texts[local]
            if old is None:
                __salt__["hanfs_settings_files.remove"](local)
            else:
                __salt__["hanfs_settings_files.write"](local, old)
            ret["changes"] = {}
            return _failed(ret, f"{local} is as it was: LVM does not take the new one: {error}")
    return ret


def _run(command):
    return __salt__["cmd.run_all"](
        command,
        python_shell=False,
        ignore_retcode=True,
        output_loglevel="quiet",
        env={"LC_ALL": "C", "LVM_SUPPRESS_FD_WARNINGS": "1"},
    )


def _lvm_error():
    result = _run(["lvmconfig", "--validate"])
    if result["retcode"] == 0:
        return None
    return f"lvmconfig --validate exited with {result['retcode']}: {result['stderr']}"


def _volume_groups():
    result = _run(["vgs", "--noheadings", "--options", "vg_name"])
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
    build = "update-initramfs -u" if salt.utils.path.which("update-initramfs") else "dracut -f"
    return f"the root file system is on LVM, so run `{build}` for it to count at boot too"


def storage_outlives_cluster(name):
    """
    At shutdown the cluster stops before what the shared disk is reached by: iSCSI, multipath, LVM.
    Otherwise the file system loses its disk while it is in use.

    name
        Free text.

    .. code-block:: yaml

        At shutdown the shared disk stays until the cluster has stopped:
          hanfs.storage_outlives_cluster: []
    """
    ret = _ret(name)
    try:
        path = __salt__["hanfs_settings.paths"]()["resource_dependencies"]
        old, new = _read(path), __salt__["hanfs_settings.resource_dependencies"]()
        ret["comment"] = f"{path} says so"
        if old == new:
            return ret
        changes = {path: {"old": _lines(old), "new": _lines(new)}}
        _apply(ret, changes, {path: new})
        if not __opts__["test"]:
            __salt__["service.systemctl_reload"]()
    except (CommandExecutionError, SaltInvocationError) as err:
        return _failed(ret, err)
    return ret
