"""
The alert of a site that tells its events (``events: true``): what Pacemaker calls, and with what.
"""

from __future__ import annotations

from _cib_values import Data
from _hanfs_types import Site

# Both are Pacemaker's own directory: SELinux lets it run and write there, and hacluster owns it.
AGENT = "/var/lib/pacemaker/hanfs-alert"
FILE = "/var/lib/pacemaker/hanfs/events"
ALERT = "hanfs-events"


def description(site: Site) -> Data:
    """
    The alert, as a part of the cluster's description; empty if the site has none. Pure.

    site
        A normalised site.
    """
    if not site["events"]:
        return {}
    alert = {
        "path": AGENT,
        "meta": {"timeout": "15s"},
        "select": {"events": ["nodes", "fencing", "resources"]},
        "recipients": {f"{ALERT}-file": {"value": FILE}},
    }
    return {"alerts": {ALERT: alert}}
