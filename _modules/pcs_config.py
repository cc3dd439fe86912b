"""
The configuration of the running cluster as a whole: planned as data, written out as a description.

.. code-block:: bash

    salt-call --local --out=newline_values_only pcs.export yaml > cluster.yaml

:depends: Pacemaker's command line tools
"""

from __future__ import annotations

import salt.utils.yaml
from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "pcs"


def __virtual__():
    return __virtualname__


def plan(description):
    """
    Return as data what ``pcs.configured`` would change, and what would come of it. Writes nothing.

    description
        The cluster's whole configuration, as ``cib_describe`` says.

    Returns what :py:func:`cib.plan` does: ``changes`` (by kind and id, old and new), ``commands``
    (the ``pcs`` commands that would do the same, as argument lists), ``consequences`` (what the
    scheduler would do, in sentences), ``refused`` (why it would not be pushed now, or None),
    ``unmanaged``, ``intent`` and ``notes``. Raises as that does.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.plan '{"properties": {"stonith-enabled": true}}' --out=json
    """
    return __salt__["cib.plan"](description)


def export(format="data", prefix="cluster_secrets", file=None):
    """
    Return a description of the running cluster that, applied to it by ``pcs.configured``, changes
    nothing but the record of what is managed.

    format
        ``data`` returns ``description``, ``secrets`` (the places in pillar that must be filled) and
        ``notes`` (what is left out, in sentences); ``yaml`` returns text: the description, with the
        other two as comments above it.

    prefix
        Where in pillar secrets are to be, a path with colons. No secret is in what is returned:
        each becomes a reference, such as ``{pillar: "cluster_secrets:fence-a:password"}``.

    file
        Path of a configuration file to read in place of the running cluster.

    Operations that are what the resource's agent asks for are not told: they stay as they are. What
    an operator set on purpose (standby, maintenance, a stopped resource, what a move or a ban left)
    is no part of a description.

    Raises CommandExecutionError when the configuration cannot be read.

    CLI Example:

    .. code-block:: bash

        salt-call --local --out=newline_values_only pcs.export yaml
    """
    if format not in ("data", "yaml"):
        raise SaltInvocationError(f"format: {format!r} is neither data nor yaml")
    text = __salt__["cib_push.query"](file)
    try:
        live = __salt__["cib_xml.read"](text)
    except ValueError as err:
        raise CommandExecutionError(f"the cluster's configuration cannot be read: {err}") from err
    found = __salt__["cib_export.of"](live, prefix)
    return found if format == "data" else _as_yaml(found)


def _as_yaml(found):
    lines = [f"# {note}" for note in found["notes"]]
    if found["secrets"]:
        lines.append("# Secrets to be put into pillar:")
        lines += [f"#   {place}" for place in found["secrets"]]
    text = salt.utils.yaml.safe_dump(
        found["description"], default_flow_style=False, sort_keys=False
    )
    return "\n".join([*lines, text])
