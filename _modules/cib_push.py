"""
Reading the cluster's configuration, and replacing it: the running cluster's, or that in a file.

The cluster takes a patch only if nobody wrote since the configuration was read that it was made
from; a file is replaced as a whole under the same condition. Pacemaker's tools print the whole
configuration, passwords included, when they refuse one: what they print goes nowhere.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile

import salt.utils.files
from salt.exceptions import CommandExecutionError

CONFLICT = 103  # the cluster's configuration is newer than the one the patch was made from
LIMIT = 120
_ESCAPED = "\\3777777"  # how a byte above 127 begins then
_QUERY_ERRORS = {
    102: "the cluster is not running on this node",
    105: "the cluster is not running on this node",
    113: "this node may not read the cluster's configuration",
}


def run(command, stdin=None, limit=LIMIT):
    """
    Run one of Pacemaker's tools, whatever its exit code; what it prints is never logged.

    command
        A list of strings.

    stdin
        Text for its standard input.

    limit
        Seconds after which it is stopped.

    Returns what ``cmd.run_all`` does. Raises CommandExecutionError when the tool is not installed
    or does not end.

    CLI Example:

    .. code-block:: bash

        salt '*' cib_push.run '[crm_node, --name]'
    """
    try:
        return __salt__["pcs_run.run"](command, stdin=stdin, ok=range(256), limit=limit)
    except CommandExecutionError as err:
        if __salt__["pcs_run.was_endless"](err):
            raise
        raise CommandExecutionError(
            f"{command[0]} cannot be run here: install Pacemaker's command line tools "
            "(pacemaker-cli-utils on Debian)"
        ) from err


def query(file=None):
    """
    Return the XML of the running cluster's configuration, or of that in a file.

    file
        Its path.

    Raises CommandExecutionError that says why it cannot be read.

    CLI Example:

    .. code-block:: bash

        salt '*' cib_push.query
    """
    if file:
        return _read_file(file)
    done = run(["cibadmin", "--query"])
    if done["retcode"] == 0:
        return done["stdout"]
    known = _QUERY_ERRORS.get(done["retcode"])
    raise CommandExecutionError(
        "the cluster's configuration cannot be read: "
        + (known or f"cibadmin ended with {done['retcode']}: {reason(done)}")
    )


def _read_file(path):
    try:
        with salt.utils.files.fopen(path, "r", encoding="utf-8") as handle:
            return handle.read()
    except (OSError, UnicodeDecodeError) as err:
        raise CommandExecutionError(f"the configuration in {path} cannot be read: {err}") from err


def reason(done):
    """
    Return the one sentence of a tool's answer that cannot hold a part of the configuration.

    done
        What :py:func:`run` returned.

    CLI Example:

    .. code-block:: bash

        salt '*' cib_push.reason '{stderr: "Error: too old"}'
    """
    for line in reversed(done["stderr"].splitlines()):
        found = re.search(r"(?:failed|Error)[^:<]*:\s*([^<]+)$", line)
        if found:
            return found.group(1).strip()
    return "no reason given"


def push(new, old, file=None, patch=None):
    """
    Replace a configuration by a new one, unless somebody wrote since it was read.

    new, old
        The XML of both; ``old`` as it was read.

    file
        Path of the configuration file to write in place of the running cluster's configuration.

    patch
        What this function returned for the same change on an older state of resources: it is not
        computed again.

    Returns ``(whether it was taken, the patch)``. Raises CommandExecutionError when it is refused.

    CLI Example:

    .. code-block:: bash

        salt '*' cib_push.push '<cib>...</cib>' '<cib>...</cib>'
    """
    if file:
        return _write_file(file, new, old), None
    version, known = __salt__["cib_xml.version"](old), patch
    patch = known or _patch(__salt__["cib_xml.edit"](old), new)
    return _send(patch, version, states_only=bool(known)), patch


def garbles(new, old):
    """
    Whether Pacemaker's own tools write letters beyond ASCII as something else: those of 2.0 do.

    new, old
        The XML of both configurations.

    CLI Example:

    .. code-block:: bash

        salt '*' cib_push.garbles '<cib>...</cib>' '<cib>...</cib>'
    """
    return _ESCAPED in _patch(__salt__["cib_xml.edit"](old), new) and _ESCAPED not in new


def _write_file(path, new, old):
    """Replace a configuration file as a whole, unless somebody wrote to it meanwhile."""
    if _read_file(path) != old:
        return False
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".salt-cib-")
    try:
        with open(handle, "w", encoding="utf-8") as stream:
            stream.write(__salt__["cib_xml.next_epoch"](new))
        os.replace(temporary, path)
    except OSError as err:
        os.unlink(temporary)
        raise CommandExecutionError(f"{path} cannot be written: {err}") from err
    return True


def _patch(old, new):
    directory = tempfile.mkdtemp(prefix="salt-cib-")
    try:
        names = [os.path.join(directory, name) for name in ("old.xml", "new.xml")]
        for name, text in zip(names, (old, new)):
            handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(handle, "w", encoding="utf-8") as file:
                file.write(text)
        command = ["crm_diff", "--original", names[0], "--new", names[1], "--no-version"]
        done = run(command)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    if done["retcode"] == 0:
        raise CommandExecutionError("the plan changes nothing in the cluster's configuration")
    if done["retcode"] != 1 or not done["stdout"].lstrip().startswith("<"):
        raise CommandExecutionError(f"crm_diff ended with {done['retcode']}: {reason(done)}")
    return done["stdout"]


def _send(patch, version, states_only):
    """Whether the cluster took it; False if it has something newer."""
    locks = [version]
    if states_only:
        # States of resources may move faster than anybody pushes, and the patch is not about them:
        # it is enough that the configuration is still the same. Pacemaker 3.0.2 and newer refuse
        # such a version, so a refusal means nothing yet.
        locks.insert(0, {name: version[name] for name in ("admin_epoch", "epoch")})
    for lock in locks:
        try:
            done = _patched(patch, lock)
        except CommandExecutionError as err:
            return _arrived(version, err)
        if done["retcode"] in (0, CONFLICT):
            return done["retcode"] == 0
    raise CommandExecutionError(
        f"the cluster refused the new configuration: cibadmin ended with {done['retcode']}: "
        f"{reason(done)}"
    )


def _patched(patch, version):
    try:
        text = __salt__["cib_xml.versioned_patch"](patch, version)
    except ValueError as err:
        raise CommandExecutionError(f"what crm_diff wrote cannot be read: {err}") from err
    return run(["cibadmin", "--patch", "--xml-pipe"], stdin=text)


def _arrived(version, error):
    """Whether a push arrived whose answer did not come: what follows is compared anyway."""
    if not __salt__["pcs_run.was_endless"](error):
        raise error
    now = __salt__["cib_xml.version"](query())
    if all(now[name] == version[name] for name in ("admin_epoch", "epoch")):
        raise CommandExecutionError(f"{error}; nothing of it is in the cluster") from error
    return True
