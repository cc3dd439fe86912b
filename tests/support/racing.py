"""An execution module for tests: the read-modify-write that loses updates when it is not guarded.

Each increment reads the property ``batch-limit``, adds one and pushes it.
"""

import os
import re
import tempfile

from salt.exceptions import CommandExecutionError

import _cib_siblings

_cib_siblings.load(__file__)

import _cib_run  # noqa: E402
import _cib_xml  # noqa: E402

CONFLICT = 103
_VALUE = re.compile(r'(name="batch-limit" value=")(\d+)')


def increments(times, versioned=True):
    """
    Add one ``times`` times by the steps of ``cib.apply``; returns how often another was first.

    Without a version the patch is what other tools push.
    """
    return sum(_until_pushed(versioned) for _ in range(times))


def applied(times):
    """The same with ``cib.apply`` itself, whose description may be a function of what is there."""
    return sum(_until_applied() for _ in range(times))


def _until_applied():
    """On a busy machine, one node may be outrun each time it tries; it says so, and goes again."""
    outrun = 0
    while True:
        try:
            return outrun + __salt__["cib.apply"](_one_more, wait=0, partial=True)["conflicts"]
        except CommandExecutionError as error:
            if "nothing of them was written" not in str(error):
                raise
            outrun += 1


def _one_more(present):
    return {"properties": {"batch-limit": int(present["properties"]["batch-limit"]) + 1}}


def patience(seconds):
    """From now on, Pacemaker's tools may take this many seconds."""
    _cib_run.TOOL_LIMIT = seconds


def _until_pushed(versioned):
    conflicts = 0
    while not _push(versioned):
        conflicts += 1
    return conflicts


def _run(command, **options):
    done = __salt__["cmd.run_all"](
        command, python_shell=False, ignore_retcode=True, stdin_raw_newlines=True, **options
    )
    return done["retcode"], done["stdout"]


def _push(versioned):
    _, text = _run(["cibadmin", "--query"])
    new = _VALUE.sub(lambda found: f"{found.group(1)}{int(found.group(2)) + 1}", text)
    with tempfile.TemporaryDirectory() as directory:
        names = [os.path.join(directory, name) for name in ("old", "new")]
        for name, content in zip(names, (text, new)):
            with open(name, "w", encoding="utf-8") as file:
                file.write(content)
        _, patch = _run(["crm_diff", "--original", names[0], "--new", names[1], "--no-version"])
    if versioned:
        patch = _cib_xml.versioned_patch(patch, _cib_xml.version(text))
    code, _ = _run(["cibadmin", "--patch", "--xml-pipe"], stdin=patch)
    if code not in (0, CONFLICT):
        raise RuntimeError(f"cibadmin ended with {code}")
    return code == 0
