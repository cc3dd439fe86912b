"""
What the site needs passes firewalld: permanently and at once.
"""

from __future__ import annotations

import _cib_run
import _hanfs_schema
import _hanfs_settings
from _cib_errors import CommandExecutionError, SaltInvocationError
from _cib_result import failed, made, unknown
from _cib_run import Machine
from _cib_values import Data
from _hanfs_types import RawSite


def firewall_allows(machine: Machine, name: str, site: RawSite, services: list[str]) -> Data:
    """
    Let the site's traffic through firewalld. Adds what is missing, takes nothing away, reloads
    nothing.
    """
    ret = made(name)
    try:
        normal = _hanfs_schema.normalise(site)
        wanted = _hanfs_settings.firewall_wanted(normal, services)
        told = _told(wanted)
        unsure = f"Would be opened: {told}; more cannot be known"
        if machine.test and not _cib_run.which("firewall-cmd"):
            return unknown(ret, f"{unsure} before firewalld is installed")
        try:
            missing = _missing(machine, wanted)
        except CommandExecutionError:
            if not machine.test:
                raise
            return unknown(ret, f"{unsure} while firewalld does not answer")
        return _open(machine, ret, wanted, missing, told)
    except (CommandExecutionError, SaltInvocationError) as err:
        return failed(ret, err)


def _told(wanted):
    parts = []
    for item in wanted:
        where = f"zone {item['zone']}" if item["zone"] else "the default zone"
        parts.append(f"{', '.join([*item['services'], *item['ports']])} in {where}")
    return "; ".join(parts)


def _open(machine, ret, wanted, missing, told):
    changes: Data = {}
    for _, name, permanent in missing:
        changes.setdefault(name, {"old": None, "new": []})["new"].append(
            "permanent" if permanent else "live"
        )
    if not changes:
        ret["comment"] = f"Open: {told}"
        return ret
    if machine.test:
        ret.update(result=None, changes=changes, comment=f"Would be opened: {', '.join(changes)}")
        return ret
    for permanent in (True, False):
        for zone in dict.fromkeys(item["zone"] for item in wanted):
            names = [name for at, name, when in missing if (at, when) == (zone, permanent)]
            # firewall-cmd takes services and ports only apart.
            for is_port, option in _ADD.items():
                arguments = [option + name for name in names if ("/" in name) == is_port]
                if arguments:
                    _firewall_cmd(machine, zone, permanent, arguments)
    left = _missing(machine, wanted)
    if left:
        told = ", ".join(sorted({name for _, name, _ in left}))
        raise CommandExecutionError(f"firewalld still does not have {told}")
    ret.update(changes=changes, comment=f"Opened: {told}")
    return ret


_ADD = {True: "--add-port=", False: "--add-service="}


def _missing(machine, wanted):
    """``[(zone, service or port, permanent)]`` of what is not open yet."""
    found = []
    for item in wanted:
        for permanent in (True, False):
            there = _there(_firewall_cmd(machine, item["zone"], permanent, ["--list-all"]))
            found += [
                (item["zone"], name, permanent)
                for name in [*item["services"], *item["ports"]]
                if name not in there
            ]
    return found


def _there(text):
    """The services and ports in what ``firewall-cmd --list-all`` prints."""
    found = set()
    for line in text.splitlines():
        key, _, value = line.strip().partition(":")
        if key in ("services", "ports"):
            found |= set(value.split())
    return found


def _firewall_cmd(machine, zone, permanent, arguments):
    command = ["firewall-cmd", *(["--permanent"] if permanent else [])]
    command += [f"--zone={zone}"] if zone else []
    command += arguments
    if not _cib_run.which("firewall-cmd"):
        raise CommandExecutionError("firewalld is not installed")
    result = machine.answer(command)
    if result["retcode"]:
        raise CommandExecutionError(
            f"{' '.join(command)} exited with {result['retcode']}: "
            f"{result['stderr'] or result['stdout']}"
        )
    return result["stdout"]
