"""
The health of the service as a state: for salt-ssh, where a single function gets no pillar.
"""

from __future__ import annotations

import _hanfs_health_report
from _cib_result import made
from _cib_run import Machine
from _cib_values import Data
from _hanfs_health_codes import WARNING
from _hanfs_types import RawSite


def health_told(machine: Machine, name: str, site: RawSite, path: str = "hanfs") -> Data:
    """
    Tell what ``hanfs.health`` does, as data in the answer's ``health``. Fails if the service is in
    a critical or unknown state. Changes nothing.
    """
    found = _hanfs_health_report.report(machine, site, path)
    lines = [found["summary"]]
    for one in found["findings"]:
        lines.append(f"{one['severity']} {one['code']}: {one['text']} -> {one['cure']}")
    return {**made(name, found["code"] <= WARNING, "\n".join(lines)), "health": found}
