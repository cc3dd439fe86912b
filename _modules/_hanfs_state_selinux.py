"""
What SELinux must allow and know for the NFS server: only where it is enabled, else nothing.
"""

from __future__ import annotations

import re

import _hanfs_schema
import _hanfs_settings_files
from _cib_errors import CommandExecutionError, SaltInvocationError
from _cib_result import failed, made
from _cib_run import Machine
from _cib_values import Data
from _hanfs_types import RawSite

_FS = "/sys/fs/selinux"
# The kernel's NFS server may read and write what it exports; both are on in Red Hat's policy.
_BOOLEANS = ("nfs_export_all_ro", "nfs_export_all_rw")
# The type of /var/lib/nfs, over which the agent binds the state directory.
_TYPE = "var_lib_nfs_t"


def selinux_ready(machine: Machine, name: str, site: RawSite) -> Data:
    """
    The NFS server may export what the site names, and the state directory keeps the label of
    ``/var/lib/nfs`` when files are relabelled (the agent sets it itself, which a relabelling
    would undo).
    """
    ret = made(name, comment="SELinux is not enabled")
    try:
        if not _hanfs_settings_files.exists(f"{_FS}/enforce"):
            return ret
        nfs = _hanfs_schema.normalise(site).get("nfs")
        if not nfs:
            ret["comment"] = "The profile article leaves this at the distribution's settings"
            return ret
        changes: Data = {boolean: {"old": "off", "new": "on"} for boolean in _off()}
        spec = f"{re.escape(nfs['state_directory'])}(/.*)?"
        if not _labelled(spec):
            changes[spec] = {"old": None, "new": _TYPE}
        ret["comment"] = "SELinux allows it"
        if not changes:
            return ret
        if machine.test:
            ret.update(result=None, changes=changes, comment="SELinux would be told")
            return ret
        _tell(machine, changes, spec)
    except (CommandExecutionError, SaltInvocationError) as err:
        return failed(made(name), err)
    ret.update(changes=changes, comment="SELinux allows it now")
    return ret


def _off():
    """The booleans that are off or will be; a policy without them does not restrict it."""
    found = []
    for boolean in _BOOLEANS:
        value = _hanfs_settings_files.read(f"{_FS}/booleans/{boolean}")
        if value is not None and "0" in value.split():
            found.append(boolean)
    return found


def _labelled(spec):
    """Read instead of asking semanage, which takes seconds."""
    policy = _hanfs_settings_files.read("/etc/selinux/config") or ""
    kind = re.search(r"^SELINUXTYPE=(\S+)", policy, re.M)
    path = f"/etc/selinux/{kind.group(1) if kind else 'targeted'}/contexts/files"
    text = _hanfs_settings_files.read(f"{path}/file_contexts.local") or ""
    return any(line.split()[:1] == [spec] and f":{_TYPE}:" in line for line in text.splitlines())


def _tell(machine, changes, spec):
    if "selinux.setsebool" not in machine.salt:
        raise CommandExecutionError(
            "Salt's module selinux is not loaded: it needs semanage, of the package "
            "policycoreutils-python-utils (EL 7: policycoreutils-python)"
        )
    for key in changes:
        if key == spec:
            result = machine.salt["selinux.fcontext_add_policy"](spec, sel_type=_TYPE)
            if result["retcode"]:
                raise CommandExecutionError(f"semanage fcontext failed: {result['stderr']}")
        elif not machine.salt["selinux.setsebool"](key, "on", persist=True):
            raise CommandExecutionError(f"setsebool -P {key} on failed")
