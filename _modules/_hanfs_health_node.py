"""
What this node has, against what the cluster says: the half of ``hanfs.health`` that no tool of the
cluster tells. Pure: facts (``_hanfs_health_facts``) in, pairs of a code and a sentence out.

One function for each question; ``RULES`` and ``ALWAYS`` have them all. Each gets the site, the
facts and the node that has the service (None: nobody). A fact that could not be looked at is None,
and no finding.
"""

from __future__ import annotations

import ipaddress
import time
from datetime import datetime

from _cib_values import Data
from _hanfs_types import Site

Told = list[list[str]]

NEARLY_FULL, FULL = 85, 97  # percent
CLOCK = 1.0  # seconds that are certain
CERTIFICATE_DAYS = 30
DRILL_DAYS = 180
_DAY = 86400


def told(site: Site, facts: Data, active: str | None, known: bool = True) -> Told:
    """
    Everything that is to be said of this node. Pure.

    site
        A normalised site.

    facts
        The answer of ``_hanfs_health_facts.gather``.

    active
        The node that has the service, None for nobody.

    known
        Whether the cluster has said so. If not, what depends on it is left out.

    Returns a list of ``[code, sentence]``.
    """
    rules = (*RULES, *ALWAYS) if known else ALWAYS
    return [pair for rule in rules for pair in rule(site, facts, active)]


def _where(active):
    return f"the cluster has it on {active}" if active else "the cluster has it nowhere"


def _mounts(site, facts, active):
    here = active == facts["node"]
    for mountpoint, mount in (facts["mounts"] or {}).items():
        device, mounted = mount["device"], mount["directories"]
        if here and mountpoint not in mounted:
            yield ["mount-missing", f"{device} is not mounted on {mountpoint} of this node"]
        elif mounted and not here:
            text = f"{device} is mounted on {mounted[0]} of this node, but {_where(active)}"
            yield ["mount-elsewhere", text]


def _addresses(site, facts, active):
    own, here = facts["addresses"], active == facts["node"]
    for address in site["addresses"] if own is not None else ():
        ip = address["ip"]
        if here and ip not in own:
            yield ["address-missing", f"this node does not have the address {ip}"]
        elif ip in own and not here:
            text = f"this node has the address {ip}, but {_where(active)}"
            yield ["address-elsewhere", text]
    for ip, owner in (facts["answered"] or {}).items():
        if here and owner:
            yield ["address-twice", f"{owner} answers for {ip}, which is this node's"]


def _nfs(site, facts, active):
    if active is None:
        return
    for ip, wrong in (facts["nfs"] or {}).items():
        if wrong:
            yield ["nfs-silent", f"the NFS server at {ip} does not answer: {wrong}"]
    if active == facts["node"] and facts["threads"] == 0:
        yield ["nfs-no-threads", f"nfsd on {active} has 0 threads"]
    if active == facts["node"] and facts["state_shared"] is False:
        yield ["state-directory", f"/var/lib/nfs of {active} is not on the shared disk"]


def _exports(site, facts, active):
    seen = facts["exports"]
    if active is None or seen is None:
        return
    for export in site["exports"]:
        directory = export["directory"]
        if directory not in seen:
            yield ["export-missing", f"{directory} is not exported"]
            continue
        for client in export["clients"]:
            if not _is_among(client["client"], seen[directory]):
                yield ["export-missing", f"{directory} is not exported to {client['client']}"]


def _is_among(client, seen):
    """By network; a name may be shown under another one, and is taken for seen."""
    wanted = _network(client)
    return wanted is None or wanted in [_network(one) for one in seen]


def _network(text):
    if text == "*":
        return "*"
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _space(site, facts, active):
    for mountpoint, used in (facts["space"] or {}).items():
        for what, percent in (used or {}).items():
            text = f"{mountpoint}: {percent} % of its {what} are used"
            if percent >= FULL:
                yield ["disk-full", text]
            elif percent >= NEARLY_FULL:
                yield ["disk-nearly-full", text]


def _clocks(site, facts, active):
    for node, seconds in (facts["clocks"] or {}).items():
        if seconds is not None and abs(seconds) > CLOCK:
            word = "ahead of" if seconds > 0 else "behind"
            yield ["clock-skew", f"{node} is {abs(seconds):g} s {word} this node"]


def _certificate(site, facts, active):
    end = facts["certificate"]
    if end is None:
        return
    days, day = (end - facts["now"]) / _DAY, time.strftime("%Y-%m-%d", time.gmtime(end))
    if days < 0:
        yield ["certificate-ended", f"pcsd's certificate on this node ended on {day}"]
    elif days < CERTIFICATE_DAYS:
        yield ["certificate-ends", f"pcsd's certificate on this node ends on {day}"]


def _reboot(site, facts, active):
    for reason in facts["reboot"] or ():
        yield ["reboot-pending", reason]


def _drill(site, facts, active):
    """Counted from the day the cluster was made, where there was none yet."""
    if not site["fencing"]["enabled"]:
        return
    proven = facts["proven"]
    since = proven or facts["made"]
    if since is None:
        return
    days = int((facts["now"] - since) / _DAY)
    if days >= DRILL_DAYS:
        what = "last fenced a node" if proven else "was made, and has fenced no node since,"
        yield ["no-drill", f"the cluster {what} {days} days ago"]


def proven(history: list[Data]) -> float | None:
    """
    When fencing last worked, by the cluster's own history. Pure.

    history
        ``fence_history`` of ``pcs.status``.

    Returns seconds of Unix time; None if it never did, as far as the cluster remembers.
    """
    times = [moment(one.get("completed")) for one in history if one.get("status") == "success"]
    return max((one for one in times if one is not None), default=None)


def moment(text: str | None) -> float | None:
    """
    A time as Pacemaker writes it, in the ways of 2.0 (``Thu Dec  3 10:11:12 2020``) and of 2.1 and
    3.0 (``2023-11-14 22:14:10.123456 +01:00``, or with ``Z``). Pure.

    text
        The text.

    Returns seconds of Unix time; None if it is none.
    """
    words = (text or "").strip().replace("Z", " +00:00").split()
    try:
        if len(words) == 5:
            return time.mktime(time.strptime(" ".join(words)))
        day, clock, *zone = words
        clock = clock.split(".")[0]
        return datetime.fromisoformat(f"{day}T{clock}{''.join(zone)}").timestamp()
    except ValueError:
        return None


RULES = (_mounts, _addresses, _nfs, _exports, _drill)
# ... and those that do not ask where the service is.
ALWAYS = (_space, _clocks, _certificate, _reboot)
