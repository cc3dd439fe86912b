"""
The state of the cluster's configuration: ``pcs.configured``

It belongs to the state module pcs: Salt merges files that have one virtual name.

:depends: the execution module pcs
"""

__virtualname__ = "pcs"


def __virtual__():
    return __virtualname__


def configured(name, wait=300, allow_disruption=False, **description):
    """
    The cluster's configuration is as described: resources, groups, constraints, properties.

    Reads once, compares attribute by attribute, and pushes what differs as one change. What was
    made by others stays, and so does what an operator set on purpose (standby, maintenance, a
    stopped resource, a moved one); the comment names both. What this state made once and the
    description no longer has is removed, so one cluster has one such state.

    name
        Anything.

    wait
        Seconds to wait after a change until the cluster has done what it asks for; 0 does not wait.

    allow_disruption
        Whether a change may stop or restart resources while a maintenance, a standby or the like is
        in force. Without it such a change is refused.

    properties
        Cluster properties. ``None`` as value: the property must not be there.

    resource_defaults, op_defaults
        Defaults for all resources and all operations.

    primitives, groups, clones, bundles, constraints, fence_levels, nodes, alerts, tags, acls
        Objects by id, as the documentation of ``_cib_describe`` says. An order between two members
        of one group makes no constraint: it orders the members.

    unmanaged
        ``keep`` leaves what others made, ``purge`` removes it.

    With ``test=True`` the comment also has the ``pcs`` commands that would do the same, and what
    the scheduler would do.

    .. code-block:: yaml

        A web service:
          pcs.configured:
            - properties:
                stonith-enabled: true
            - primitives:
                Address:
                  agent: ocf:heartbeat:IPaddr2
                  attributes: {ip: 192.168.16.100, cidr_netmask: 24}
                  operations:
                    monitor: {interval: 20s}
                Web:
                  agent: systemd:nginx
            - groups:
                web: [Address, Web]
            - constraints:
                colocation:
                  - {resource: Logs, with: web, score: 100}
    """
    return __salt__["pcs.converge"](
        "configured",
        name,
        test=__opts__["test"],
        wait=wait,
        allow_disruption=allow_disruption,
        description=description,
    )
