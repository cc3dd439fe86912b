"""
The description of a cluster's configuration: checked, and brought into one form.

A description is what people write in pillar or give to ``pcs.configured``:

.. code-block:: yaml

    properties: {stonith-enabled: false}      # None: the property must not be there
    resource_defaults: {resource-stickiness: 100}
    op_defaults: {timeout: 60s}
    primitives:
      VIP:
        agent: ocf:heartbeat:IPaddr2
        attributes: {ip: 192.168.16.100, cidr_netmask: 24}
        optional: [nic]                       # left out, with a note, if the agent lacks it
        ahead: [check_link_status]            # there all the same: a newer agent needs it at once
        meta: {failure-timeout: 60s}
        utilization: {cpu: 1}
        operations: {monitor: {interval: 20s}}
    groups:
      service: [SharedFS, VIP]                # or {members: [...], meta: {...}}
    clones:
      Other-clone: {resource: Other, promotable: true, meta: {promoted-max: 1}}   # or a group
    bundles:
      web:
        type: podman                          # or docker
        container: {image: "web:1", replicas: 2}
        network: {ip-range-start: 192.168.16.110}
        ports: [{port: 80}]                   # their order says nothing, nor does that of storage
        storage: [{source-dir: /srv, target-dir: /var/www, options: ro}]
        resource: Site
    constraints:
      order: [{first: service, then: Other, kind: Optional}]
      colocation: [{resource: Other, with: service, score: 50}]
      location: [{resource: service, rule: "#uname eq n1", score: 10}]
    tags:
      front: [VIP, Other]                     # in this order; constraints may name a tag
    nodes:                                    # each attribute is owned by itself
      n1: {attributes: {rack: a}, utilization: {cpu: 4}}
    fence_levels:                             # or target-pattern, or target-attribute and -value
      - {target: n1, level: 1, devices: [fence-a, fence-b]}
    alerts:
      mail:
        path: /usr/local/bin/tell
        options: {password: {pillar: "hanfs:mail:password"}}
        meta: {timeout: 10s}
        select: {events: [fencing, attributes], attributes: [pingd]}   # not said: it stays
        recipients:
          mail-us: {value: us@example.com}
    acls:                                     # they count with the property enable-acl
      roles:
        reader: {permissions: [{access: read, xpath: /cib}]}
      users: {anna: [reader]}
      groups: {staff: [reader]}

Constraints of every kind are in ``_cib_constraints``, sets of defaults in ``_cib_properties``.

Nothing here runs a command or knows a cluster. What each kind of object may say is known by its
own file (``_cib_kinds`` has them all), which gets the checker.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import _cib_contradictions
import _cib_tree
from _cib_checker import Checker, kind_of
from _cib_errors import SaltInvocationError
from _cib_kinds import KINDS
from _cib_values import Data

# What concerns more than one object --------------------------------------------------------------


def _check_ids(check, want):
    owner, taken = _cib_tree.check(check, want)
    for constraint in want["constraints"]:
        name = constraint.get("id")
        if name in taken:
            check.problem(
                f"{constraint['path']}:id", f"the id {name} is already used in {taken[name]}"
            )
        if name:
            taken[name] = constraint["path"]
    return owner


def normalise(description: Any, pillar: Callable[[str], Any] | None = None) -> Data:
    """
    Check a description and return it in one form, as :py:func:`_cib_plan.compare` takes it.

    pillar
        A function that returns the value at a place in pillar, for ``{pillar: a:b}``.

    Values become text, operations and constraints lists; an order between two members of one group
    becomes the order of the members. Raises SaltInvocationError with every problem and its path.
    """
    want, found = _checked(description, pillar)
    if found:
        raise SaltInvocationError("the description has errors:\n" + "\n".join(found))
    return want


def problems(description: Any, pillar: Callable[[str], Any] | None = None) -> list[str]:
    """Everything that is wrong with a description, each line with its path."""
    return _checked(description, pillar)[1]


def _checked(description, pillar):
    """The description in one form, and what is wrong with it."""
    check = Checker(pillar)
    if not isinstance(description, dict):
        raise SaltInvocationError(f"a description is a mapping, not {kind_of(description)}")
    description = dict(description)
    for key in sorted(set(map(str, description)) - {*KINDS, "unmanaged"}):
        check.problem(key, f"unknown key; allowed: {', '.join(KINDS)}, unmanaged")
    want = {
        name: kind.check(check, name, name, description.get(name)) for name, kind in KINDS.items()
    }
    want["unmanaged"] = check.choice(
        "unmanaged", description.get("unmanaged", "keep"), ("keep", "purge")
    )
    if not check.problems:
        owner = _check_ids(check, want)
        _cib_contradictions.order_members(check, want, owner)
        _cib_contradictions.check_twice(check, want["constraints"])
        check.problems += _cib_contradictions.described(want)
    return want, check.problems
