"""
What the site needs passes firewalld: permanently and at once.

.. code-block:: yaml

    Cluster traffic and NFS pass the firewall:
      hanfs.firewall_allows:
        - site: {{ hanfs.site | json }}
        - services: [high-availability, nfs, mountd, rpc-bind]

:depends: the execution modules hanfs_schema and hanfs_settings; the command firewall-cmd
"""

from __future__ import annotations

import salt.utils.path
from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "hanfs"


def __virtual__():
    return __virtualname__


def firewall_allows(name, site, services):
    """
    Let the site's traffic through firewalld. Adds what is missing, takes nothing away, reloads
    nothing.

    name
        Free text.

    site
        The site as it stands in pillar.

    services
        firewalld's services for a site whose profile has no fixed ports.

    .. code-block:: yaml

        Cluster traffic and NFS pass the firewall:
          hanfs.firewall_allows:
            - site: {{ hanfs.site | json }}
            - services: [high-availability, nfs, mountd, rpc-bind]
    """
    ret = {"name": name, "result": True, "changes": {}, "comment": ""}
    try:
        normal = __salt__["hanfs_schema.normalise"](site)
        wanted = __salt__["hanfs_settings.firewall_wanted"](normal, services)
        told = _told(wanted)
        if __opts__["test"] and not salt.utils.path.which("firewall-cmd"):
            return _unknown(ret, told, "before firewalld is installed")
        try:
            missing = _missing(wanted)
        except CommandExecutionError:
            if not __opts__["test"]:
                raise
            return _unknown(ret, told, "while firewalld does not answer")
        return _open(ret, wanted, missing, told)
    except (CommandExecutionError, SaltInvocationError) as err:
        ret.update(result=False, comment=str(err))
        return ret


def _told(wanted):
    parts = []
    for item in wanted:
        where = f"zone {item['zone']}" if item["zone"] else "the default zone"
        parts.append(f"{', '.join([*item['services'], *item['ports']])} in {where}")
    return "; ".join(parts)


def _unknown(ret, told, why):
    ret["result"] = None
    ret["comment"] = f"Would be opened: {told}; more cannot be known {why}"
    return ret


def _open(ret, wanted, missing, told):
    changes = {}
    for _, name, permanent in missing:
        changes.setdefault(name, {"old": None, "new": []})["new"].append(
            "permanent" if permanent else "live"
        )
    if not changes:
        ret["comment"] = f"Open: {told}"
        return ret
    if __opts__["test"]:
        ret.update(result=None, changes=changes, comment=f"Would be opened: {', '.join(changes)}")
        return ret
    for permanent in (True, False):
        for zone in dict.fromkeys(item["zone"] for item in wanted):
            names = [name for at, name, when in missing if (at, when) == (zone, permanent)]
            # firewall-cmd takes services and ports only apart.
            for is_port, option in _ADD.items():
                arguments = [option + name for name in names if ("/" in name) == is_port]
                if arguments:
                    _firewall_cmd(zone, permanent, arguments)
    left = _missing(wanted)
    if left:
        names = ", ".join(sorted({name for _, name, _ in left}))
        raise CommandExecutionError(f"firewalld still does not have {names}")
    ret.update(changes=changes, comment=f"Opened: {told}")
    return ret


_ADD = {True: "--add-port=", False: "--add-service="}


def _missing(wanted):
    """``[(zone, service or port, permanent)]`` of what is not open yet."""
    found = []
    for item in wanted:
        for permanent in (True, False):
            there = _there(_firewall_cmd(item["zone"], permanent, ["--list-all"]))
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


def _firewall_cmd(zone, permanent, arguments):
    command = ["firewall-cmd", *(["--permanent"] if permanent else [])]
    command += [f"--zone={zone}"] if zone else []
    command += arguments
    if not salt.utils.path.which("firewall-cmd"):
        raise CommandExecutionError("firewalld is not installed")
    result = __salt__["cmd.run_all"](
        command,
        python_shell=False,
        ignore_retcode=True,
        output_loglevel="quiet",
        env={"LC_ALL": "C"},
    )
    if result["retcode"]:
        raise CommandExecutionError(
            f"{' '.join(command)} exited with {result['retcode']}: "
            f"{result['stderr'] or result['stdout']}"
        )
    return result["stdout"]
