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

:depends: the execution modules pcs, cib and those that begin with pcs_ and cib_
"""

import os

from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "pcs"

ERRORS = (CommandExecutionError, SaltInvocationError)


def __virtual__():
    return __virtualname__


def _result(name, result=True, comment="", changes=None):
    return {"name": name, "result": result, "comment": comment, "changes": changes or {}}


def _mark(name):
    """This state and those before it in the run, which ``test`` must know (see the batch)."""
    # Salt puts these there for each call
    low, running = globals().get("__low__") or {}, globals().get("__running__") or {}
    parts = [low.get(key, name) for key in ("state", "__id__", "name", "fun")]
    return {"own": "_|-".join(map(str, parts)), "before": list(running)}


def _cibfile(cibname):
    """Path of a batch's file: as ever, below the minion's cache."""
    if cibname in (None, "None"):
        return None
    good = isinstance(cibname, str) and cibname and not os.path.isabs(cibname)
    if not good or ".." in cibname.split("/"):
        raise SaltInvocationError(f"cibname: {cibname!r} is no name of a file")
    environment = globals().get("__env__") or "base"
    return os.path.join(__opts__["cachedir"], "pcs", environment, f"{cibname}.cib")


def _unknowable(name, err):
    """With ``test``: what cannot be known on a node where the cluster does not run yet."""
    blind = __salt__["cib.unavailable"]() if __opts__["test"] else None
    if blind:
        return _result(name, None, f"What would be changed cannot be known: {blind}")
    return _result(name, False, str(err))


def _finish(name, done, what):
    """The result of one object, or of a push."""
    test, changes = __opts__["test"], done["changes"]
    lines, result = [f"{what} is as specified"], True
    if changes:
        verb = "would have been" if test else "has been"
        new = any(
            one.get("old", 1) is None and one.get("new") is not None
            for ids in changes.values()
            for one in ids.values()
        )
        lines = [f"{what} {verb} {'created' if new else 'changed'}"]
        result = None if test else True
    if done.get("unsettled"):
        result = False
        lines.append(done["unsettled"])
    lines += [*done.get("notes", ()), *done.get("intent", ())]
    return _result(name, result, "\n".join(lines), changes)


def _present(name, what, parse, cibname=None):
    """Bring one object in line, in the cluster or in a batch."""
    test = __opts__["test"]
    try:
        parsed = parse()
        file = _cibfile(cibname)
    except ERRORS as err:
        return _result(name, False, str(err))
    try:
        done = __salt__["pcs_compat_batch.converge"](parsed, file, test, _mark(name))
    except SaltInvocationError as err:
        return _result(name, False, str(err))
    except CommandExecutionError as err:
        return _unknowable(name, err)
    return _finish(name, done, what)


# Objects -----------------------------------------------------------------------------------------


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
    return _values(name, "properties", f"The property {prop}", (prop, value, extra_args), cibname)


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
    given = (default, value, extra_args)
    return _values(name, "resource_defaults", f"The resource default {default}", given, cibname)


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
    given = (op_default, value, extra_args)
    return _values(name, "op_defaults", f"The operation default {op_default}", given, cibname)


def _values(name, kind, what, given, cibname):
    def parse():
        return __salt__["pcs_compat_parse.values"](kind, *given)

    return _present(name, what, parse, cibname)


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

    def parse():
        return __salt__["pcs_compat_parse.fencing"](
            stonith_id, stonith_device_type, stonith_device_options
        )

    return _present(name, f"The fencing device {stonith_id}", parse, cibname)


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

    def parse():
        return __salt__["pcs_compat_parse.resource"](resource_id, resource_type, resource_options)

    return _present(name, f"The resource {resource_id}", parse, cibname)


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

    def parse():
        return __salt__["pcs_compat_constraint.constraint"](
            constraint_id, constraint_type, constraint_options
        )

    return _present(name, f"The constraint {constraint_id}", parse, cibname)


# Batches -----------------------------------------------------------------------------------------


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
    test = __opts__["test"]
    try:
        __salt__["pcs_compat_batch.checked_scope"](scope)
        __salt__["pcs_compat_batch.create_arguments"](extra_args)
        file = _cibfile(cibname)
        if file is None:
            raise SaltInvocationError("cibname: a batch needs a name")
    except ERRORS as err:
        return _result(name, False, str(err))
    try:
        done = __salt__["pcs_compat_batch.begin"](file, test, _mark(name))
    except ERRORS as err:
        return _unknowable(name, err)
    if not done["changes"]:
        return _result(name, comment=f"The copy {cibname} is that of the cluster's configuration")
    verb = "would have been" if test else "has been"
    comment = f"The copy {cibname} of the cluster's configuration {verb} made"
    return _result(name, None if test else True, comment, done["changes"])


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
    test = __opts__["test"]
    try:
        section = __salt__["pcs_compat_batch.checked_scope"](scope)
        wait = __salt__["pcs_compat_batch.push_arguments"](extra_args)
        file = _cibfile(cibname)
        if file is None:
            raise SaltInvocationError("cibname: a batch needs a name")
    except ERRORS as err:
        return _result(name, False, str(err))
    try:
        done = __salt__["pcs_compat_batch.push"](file, section, wait, test, _mark(name))
    except SaltInvocationError as err:
        return _result(name, False, str(err))
    except CommandExecutionError as err:
        return _unknowable(name, err)
    ret = _finish(name, {**done, "notes": [], "intent": []}, f"What {cibname} asks for")
    lines = {
        (True, False): "has nothing that the cluster has not",
        (False, True): "would have been pushed",
        (False, False): "has been pushed",
    }
    first, *more = ret["comment"].split("\n")
    first = f"The batch {cibname} {lines[(not done['changes'], bool(done['changes'] and test))]}"
    ret["comment"] = "\n".join([first, *more])
    return ret
