"""
The states that Salt had in its own module ``pcs`` until 3007, with their arguments

What these states do now:

- an object that is there already is changed to what the state says, and nothing is done twice;
- ``test=True`` writes nothing and authenticates nobody; its ``changes`` are those of the real run;
- an edit that somebody else makes meanwhile is never lost;
- passwords are on no command line and in no result;
- what an operator set (standby, maintenance, a stopped resource) is left, and told.

The words in ``resource_options``, ``stonith_device_options`` and ``constraint_options`` are those
of pcs 0.9 to 0.12. A word that is not understood is an error that names it.

A batch makes several changes as one: ``pcs.cib_present`` takes a copy of the cluster's
configuration, states with this ``cibname`` work on it, ``pcs.cib_pushed`` pushes what they made.
Whatever others changed since then stays.

.. code-block:: yaml

    A copy of the configuration:
      pcs.cib_present:
        - cibname: cib_for_galera

    galera:
      pcs.resource_present:
        - resource_id: galera
        - resource_type: "ocf:heartbeat:galera"
        - resource_options:
            - 'wsrep_cluster_address=gcomm://node1.example.org,node2.example.org'
            - 'promotable'
        - cibname: cib_for_galera

    All of it at once:
      pcs.cib_pushed:
        - cibname: cib_for_galera

A part of the state module ``pcs``: Salt merges files that have one virtual name. More than these
states know ``pcs.configured``.

:depends: the execution module pcs
"""

__virtualname__ = "pcs"


def __virtual__():
    return __virtualname__


def prop_has_value(name, prop, value, extra_args=None, cibname=None):
    """
    A cluster property has this value.

    name
        Anything.

    prop, value
        Its name and value; an empty value: it is not set.

    extra_args
        More words of ``pcs property set``: ``name=value``.

    cibname
        The batch to work in.

    .. code-block:: yaml

        pcs_properties__prop_has_value_no-quorum-policy:
          pcs.prop_has_value:
            - prop: no-quorum-policy
            - value: ignore
            - cibname: cib_for_cluster_settings
    """
    return __salt__["pcs.converge"](
        "prop_has_value",
        name,
        test=__opts__["test"],
        run=_run(name),
        prop=prop,
        value=value,
        extra_args=extra_args,
        cibname=cibname,
    )


def resource_defaults_to(name, default, value, extra_args=None, cibname=None):
    """
    A default of all resources has this value.

    name
        Anything.

    default, value
        Its name and value; an empty value: it is not set.

    extra_args
        More words of ``pcs resource defaults``: ``name=value``.

    cibname
        The batch to work in.

    .. code-block:: yaml

        pcs_properties__resource_defaults_to_resource-stickiness:
          pcs.resource_defaults_to:
            - default: resource-stickiness
            - value: 100
            - cibname: cib_for_cluster_settings
    """
    return __salt__["pcs.converge"](
        "resource_defaults_to",
        name,
        test=__opts__["test"],
        run=_run(name),
        default=default,
        value=value,
        extra_args=extra_args,
        cibname=cibname,
    )


def resource_op_defaults_to(name, op_default, value, extra_args=None, cibname=None):
    """
    A default of all operations has this value.

    name
        Anything.

    op_default, value
        Its name and value; an empty value: it is not set.

    extra_args
        More words of ``pcs resource op defaults``: ``name=value``.

    cibname
        The batch to work in.

    .. code-block:: yaml

        pcs_properties__resource_op_defaults_to_monitor-interval:
          pcs.resource_op_defaults_to:
            - op_default: monitor-interval
            - value: 60s
            - cibname: cib_for_cluster_settings
    """
    return __salt__["pcs.converge"](
        "resource_op_defaults_to",
        name,
        test=__opts__["test"],
        run=_run(name),
        op_default=op_default,
        value=value,
        extra_args=extra_args,
        cibname=cibname,
    )


def stonith_present(
    name, stonith_id, stonith_device_type, stonith_device_options=None, cibname=None
):
    """
    A fencing device is there, with these options and no others.

    name
        Anything.

    stonith_id
        Its id.

    stonith_device_type
        Its agent, such as ``fence_xvm``.

    stonith_device_options
        The words that follow in ``pcs stonith create``.

    cibname
        The batch to work in.

    .. code-block:: yaml

        pcs_stonith__created_eps_fence:
          pcs.stonith_present:
            - stonith_id: eps_fence
            - stonith_device_type: fence_eps
            - stonith_device_options:
                - 'pcmk_host_map=node1.example.org:01;node2.example.org:02'
                - 'ipaddr=myepsdevice.example.org'
                - 'power_wait=5'
                - 'login=hidden'
                - 'passwd=hoonetorg'
            - cibname: cib_for_stonith
    """
    return __salt__["pcs.converge"](
        "stonith_present",
        name,
        test=__opts__["test"],
        run=_run(name),
        stonith_id=stonith_id,
        stonith_device_type=stonith_device_type,
        stonith_device_options=stonith_device_options,
        cibname=cibname,
    )


def resource_present(name, resource_id, resource_type, resource_options=None, cibname=None):
    """
    A resource is there, with these options and no others.

    The group or clone that the words name is made with it. A group that they do not name is left:
    a resource is not taken out of one.

    name
        Anything.

    resource_id
        Its id.

    resource_type
        Its agent, such as ``ocf:heartbeat:IPaddr2``.

    resource_options
        The words that follow in ``pcs resource create``.

    cibname
        The batch to work in.

    .. code-block:: yaml

        mysql_pcs__resource_present_galera:
          pcs.resource_present:
            - resource_id: galera
            - resource_type: "ocf:heartbeat:galera"
            - resource_options:
                - 'wsrep_cluster_address=gcomm://node1.example.org,node2.example.org'
                - '--master'
            - cibname: cib_for_galera
    """
    return __salt__["pcs.converge"](
        "resource_present",
        name,
        test=__opts__["test"],
        run=_run(name),
        resource_id=resource_id,
        resource_type=resource_type,
        resource_options=resource_options,
        cibname=cibname,
    )


def constraint_present(name, constraint_id, constraint_type, constraint_options=None, cibname=None):
    """
    A constraint is there, with this meaning.

    One that says the same of the same resources under another id is this one: it is changed where
    it differs, and no second one is made. An order of members of one group is no constraint: the
    group's order is made to fit.

    name
        Anything.

    constraint_id
        Its id.

    constraint_type
        ``location``, ``colocation``, ``order`` or ``ticket``.

    constraint_options
        The words that follow in ``pcs constraint TYPE``.

    cibname
        The batch to work in.

    .. code-block:: yaml

        haproxy_pcs__constraint_present_colocation-vip_galera-haproxy-clone-INFINITY:
          pcs.constraint_present:
            - constraint_id: colocation-vip_galera-haproxy-clone-INFINITY
            - constraint_type: colocation
            - constraint_options:
                - 'add'
                - 'vip_galera'
                - 'with'
                - 'haproxy-clone'
            - cibname: cib_for_haproxy
    """
    return __salt__["pcs.converge"](
        "constraint_present",
        name,
        test=__opts__["test"],
        run=_run(name),
        constraint_id=constraint_id,
        constraint_type=constraint_type,
        constraint_options=constraint_options,
        cibname=cibname,
    )


def cib_present(name, cibname, scope=None, extra_args=None):
    """
    A batch begins: there is a copy of the cluster's configuration as it is now.

    What an earlier batch of this name left unpushed is given up, which is a change, as is a copy
    that was not there before. That a copy with nothing to push is brought up to date is none.

    name
        Anything.

    cibname
        The batch's name.

    scope
        Accepted; the copy is always of all of the configuration.

    extra_args
        ``--config`` is accepted.

    .. code-block:: yaml

        mysql_pcs__cib_present_cib_for_galera:
          pcs.cib_present:
            - cibname: cib_for_galera
            - scope: None
            - extra_args: None
    """
    return __salt__["pcs.converge"](
        "cib_present",
        name,
        test=__opts__["test"],
        run=_run(name),
        cibname=cibname,
        scope=scope,
        extra_args=extra_args,
    )


def cib_pushed(name, cibname, scope=None, extra_args=None):
    """
    What the states of a batch made in its copy is in the cluster, pushed as one change.

    Nothing is replaced: where others changed the cluster since the batch began, its steps are
    planned anew on what is there now. If that cannot be, nothing is pushed, and it is said why.

    name
        Anything.

    cibname
        The batch's name.

    scope
        A section of the configuration that all that is pushed must lie in.

    extra_args
        ``--wait[=SECONDS]``; ``--config`` and ``diff-against=`` are accepted and change nothing.

    .. code-block:: yaml

        mysql_pcs__cib_pushed_cib_for_galera:
          pcs.cib_pushed:
            - cibname: cib_for_galera
            - scope: None
            - extra_args: None
    """
    return __salt__["pcs.converge"](
        "cib_pushed",
        name,
        test=__opts__["test"],
        run=_run(name),
        cibname=cibname,
        scope=scope,
        extra_args=extra_args,
    )


def _run(name):
    """Which state of the run this is, and where a batch's file is: Salt says so to states alone."""
    # Salt puts these there for each call
    low, running = globals().get("__low__") or {}, globals().get("__running__") or {}
    parts = [low.get(key, name) for key in ("state", "__id__", "name", "fun")]
    return {
        "own": "_|-".join(map(str, parts)),
        "before": list(running),
        "environment": globals().get("__env__") or "base",
    }
