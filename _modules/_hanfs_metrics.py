"""
The health of a site as metrics, in the text format of Prometheus
(https://prometheus.io/docs/instrumenting/exposition_formats/), for node_exporter's textfile
collector.

What is here is what nobody else has: the verdict. Pacemaker's own metrics are
ha_cluster_exporter's, nfsd's are node_exporter's. A node has 18 series, a site of two has 36.
"""

from __future__ import annotations

import os
import tempfile

import _hanfs_health_codes
from _cib_errors import CommandExecutionError
from _cib_values import Data

_COUNTED = ("critical", "unknown", "warning")
_HELP = {
    "hanfs_up": "Whether the cluster answers on this node and the service runs somewhere.",
    "hanfs_active": "Whether the service runs on this node.",
    "hanfs_health_code": "0 ok, 1 warning, 2 critical, 3 unknown.",
    "hanfs_health_findings": "How many findings of each severity there are.",
    "hanfs_health_check_code": "The code of each check: 0 ok, 1 warning, 2 critical, 3 unknown.",
    "hanfs_health_timestamp_seconds": "When this was looked at, in Unix time.",
}


def text(health: Data) -> str:
    """
    The metrics of one look. Pure.

    health
        What ``hanfs.health`` returns.
    """
    own = {"site": health["site"].split(":")[-1], "node": health["node"]}
    findings = health["findings"]
    codes = {one["code"] for one in findings}
    counted = {word: sum(one["severity"] == word for one in findings) for word in _COUNTED}
    by_check = {
        check: _hanfs_health_codes.worst([one for one in findings if one["check"] == check])
        for check in _hanfs_health_codes.CHECKS
    }
    up = health["active_node"] is not None and "cluster-stopped" not in codes
    series: dict[str, list[tuple[dict[str, str], int]]] = {
        "hanfs_up": [({}, int(up))],
        "hanfs_active": [({}, int(health["active_node"] == health["node"]))],
        "hanfs_health_code": [({}, health["code"])],
        "hanfs_health_findings": [({"severity": word}, counted[word]) for word in _COUNTED],
        "hanfs_health_check_code": [({"check": name}, by_check[name]) for name in by_check],
        "hanfs_health_timestamp_seconds": [({}, health["time"])],
    }
    lines = []
    for name, values in series.items():
        lines += [f"# HELP {name} {_HELP[name]}", f"# TYPE {name} gauge"]
        lines += [f"{name}{{{_labels({**own, **more})}}} {value}" for more, value in values]
    return "\n".join(lines) + "\n"


def _labels(labels):
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())


def _escaped(value):
    return str(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def write(path: str, content: str) -> None:
    """
    Put a file in its place at once: a collector sees the old one or the new one, never a part.

    path
        The file; its directory must be there.

    content
        Its text.

    Raises CommandExecutionError if it cannot be written.
    """
    directory, name = os.path.split(path)
    made = None
    try:
        handle, made = tempfile.mkstemp(prefix=f".{name}.", dir=directory or ".")
        with open(handle, "w", encoding="utf-8") as file:
            file.write(content)
        os.chmod(made, 0o644)
        os.replace(made, path)
    except OSError as err:
        if made and os.path.exists(made):
            os.unlink(made)
        raise CommandExecutionError(
            f"{path} cannot be written: {err.strerror}; it is the file of the textfile collector, "
            "in a directory that exists"
        ) from err
