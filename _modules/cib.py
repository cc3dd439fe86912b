"""
Read the running cluster's configuration, plan the way to a description of it, and push that once.

.. code-block:: bash

    salt '*' cib.query
    salt '*' cib.plan '{"properties": {"stonith-enabled": false}}'

What a description is says ``_cib_describe``; the rules of comparison are in ``_cib_plan``, the way
from one to the push is in ``_cib_apply``.

:depends: Pacemaker's command line tools (``cibadmin``, ``crm_diff``, ``crm_verify``,
    ``crm_resource``)
"""

from __future__ import annotations

import _cib_siblings

_cib_siblings.load(__file__)

import _cib_minion
import _pcs_cib

_cib_siblings.same(__file__, globals())


__func_alias__ = {"apply_": "apply"}


def _machine():
    return _cib_minion.machine(__salt__, __opts__, __grains__, __pillar__, __context__)


def query(file=None):
    """
    Return the running configuration as a description; passwords of resources are masked.

    file
        Path of a configuration file to read in place of the running cluster.

    Raises CommandExecutionError when the cluster does not run here.

    CLI Example:

    .. code-block:: bash

        salt '*' cib.query
    """
    return _pcs_cib.query(_machine(), file)


def unavailable():
    """
    Return why the cluster's configuration cannot be read here, in a sentence; None if it can.

    CLI Example:

    .. code-block:: bash

        salt '*' cib.unavailable
    """
    return _pcs_cib.unavailable(_machine())


def validate(description):
    """
    Check a description against the agents and the Pacemaker that are installed; needs no cluster.

    description
        As for :py:func:`plan`.

    Returns a list of sentences, each with the path of what it means; empty when all is known.
    Raises SaltInvocationError when the description itself is wrong, CommandExecutionError when
    Pacemaker's tools are not installed.

    CLI Example:

    .. code-block:: bash

        salt '*' cib.validate '{"primitives": {"VIP": {"agent": "ocf:heartbeat:IPaddr2"}}}'
    """
    return _pcs_cib.validate(_machine(), description)


def plan(description, partial=False, file=None):
    """
    Return what applying a description would change. Writes nothing.

    description
        What should be, as ``_cib_describe`` says; other modules may give a function that makes it
        of what :py:func:`query` would return.

    partial
        Whether the description is of some objects only: nothing else is removed or told, and the
        record of what is ours stays as it is.

    file
        Path of a configuration file (as ``pcs cluster cib`` writes it) to work on in place of the
        running cluster.

    Returns ``changes`` (``{kind: {id: {attribute: {"old": x, "new": y}}}}``, or ``{"old": None,
    "new": object}`` for a new one; empty when nothing differs), ``unmanaged`` (what others made),
    ``intent`` (what an operator set and is left), ``notes``, ``commands`` (the ``pcs`` commands
    that would do the same, as argument lists), ``consequences`` (what the scheduler would do, in
    sentences), ``differences`` (the changes one by one: ``kind``, ``id``, ``path``, ``have``,
    ``want`` and ``cause``, see docs/health.md) and ``refused`` (why :py:func:`apply` would not push
    it now, or None). Raises SaltInvocationError when the description is wrong,
    CommandExecutionError when the cluster cannot be read, has no quorum or would refuse.

    CLI Example:

    .. code-block:: bash

        salt '*' cib.plan '{"properties": {"stonith-enabled": false}}'
    """
    return _pcs_cib.plan(_machine(), description, partial, file)


def apply_(description, wait=300, partial=False, file=None, allow_disruption=False):
    """
    Bring the cluster's configuration to a description, with one push if anything differs.

    description, partial, file
        As for :py:func:`plan`.

    wait
        Seconds to wait until the cluster has done what the push asks for; 0 does not wait.

    allow_disruption
        Push a change that disrupts the service while a maintenance, a standby or something else
        that an operator set on purpose is in force; without it, that is an error.

    Returns what :py:func:`plan` returns but ``refused`` and ``commands``, and ``pushed`` (whether
    anything was), ``conflicts`` (how often somebody else wrote first and it was planned again) and
    ``unsettled`` (None, or a sentence when the cluster is not done in time, or something is left to
    change after the push). Raises as :py:func:`plan` does, and CommandExecutionError when the push
    is refused.

    CLI Example:

    .. code-block:: bash

        salt '*' cib.apply '{"properties": {"stonith-enabled": false}}'
    """
    return _pcs_cib.apply(_machine(), description, wait, partial, file, allow_disruption)
