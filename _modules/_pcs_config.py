"""
The configuration of the running cluster as a whole: planned as data, written out as a description.

.. code-block:: bash

    salt-call --local --out=newline_values_only pcs.export yaml > cluster.yaml
"""

from __future__ import annotations

from typing import Any

import yaml

import _cib_apply
import _cib_export
import _cib_push
import _pcs_cib
from _cib_errors import SaltInvocationError
from _cib_run import Machine
from _cib_values import Data


def plan(machine: Machine, description: Any) -> Data:
    """
    Return as data what ``pcs.configured`` would change, and what would come of it. Writes
    nothing.
    """
    return _pcs_cib.plan(machine, description)


def export(
    machine: Machine, format: str = "data", prefix: str = "cluster_secrets", file: str | None = None
) -> Data | str:
    """
    Return a description of the running cluster that, applied to it by ``pcs.configured``,
    changes nothing but the record of what is managed.
    """
    if format not in ("data", "yaml"):
        raise SaltInvocationError(f"format: {format!r} is neither data nor yaml")
    live = _cib_apply.read(_cib_push.query(machine, file))
    found = _cib_export.of(machine, live, prefix)
    return found if format == "data" else _as_yaml(found)


def _as_yaml(found):
    lines = [f"# {note}" for note in found["notes"]]
    if found["secrets"]:
        lines.append("# Secrets to be put into pillar:")
        lines += [f"#   {place}" for place in found["secrets"]]
    text = yaml.safe_dump(found["description"], default_flow_style=False, sort_keys=False)
    return "\n".join([*lines, text])
