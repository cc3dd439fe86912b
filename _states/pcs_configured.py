"""
The state of the cluster's configuration: ``pcs.configured``

It belongs to the state module pcs: Salt merges files that have one virtual name.

:depends: the execution modules cib and cib_*
"""

import shlex

from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "pcs"


def __virtual__():
    return __virtualname__


def _result(name, result=True, comment="", changes=None):
    return {"name": name, "result": result, "comment": comment, "changes": changes or {}}


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
        Objects by id, as the documentation of ``cib_describe`` says. An order between two members
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
    # without requisites and the like
    description = {key: value for key, value in description.items() if not key.startswith("__")}
    test = __opts__["test"]
    try:
        if test:
            done = __salt__["cib.plan"](description)
            if done["refused"] and not allow_disruption:
                raise CommandExecutionError(done["refused"])
        else:
            done = __salt__["cib.apply"](description, wait=wait, allow_disruption=allow_disruption)
    except SaltInvocationError as err:
        return _result(name, False, str(err))
    except CommandExecutionError as err:
        blind = __salt__["cib.unavailable"]() if test else None
        if blind:
            return _result(name, None, f"What would be changed cannot be known: {blind}")
        return _result(name, False, str(err))
    ret = _result(name, changes=done["changes"])
    lines = ["The cluster's configuration is as described"]
    if done["changes"]:
        verb = "would have been" if test else "has been"
        ret["result"] = None if test else True
        lines = [f"The cluster's configuration {verb} changed; {_counted(done['changes'])}"]
        lines += _foreseen(done, test)
    if done.get("unsettled"):
        ret["result"] = False
        lines.append(done["unsettled"])
    ret["comment"] = "\n".join([*lines, *_remarks(done)])
    return ret


def _foreseen(done, test):
    """What the scheduler does about it and, in a dry run, how pcs would be told the same."""
    told = "; ".join(done["consequences"]) or "no resource is touched"
    lines = [f"The scheduler: {told}"]
    if test and done["commands"]:
        lines.append("The same with pcs:")
        lines += [f"  {_line(command)}" for command in done["commands"]]
    return lines


def _line(command):
    """A command to be pasted, or a remark where pcs has none."""
    return " ".join(command) if command[0] == "#" else shlex.join(command)


def _counted(changes):
    """How many objects of which kind change, for a comment."""
    parts = []
    for kind, ids in changes.items():
        if kind == "ownership":
            continue
        added = sum("old" in one and one["old"] is None for one in ids.values())
        removed = sum("new" in one and one["new"] is None for one in ids.values())
        numbers = [(added, "new"), (len(ids) - added - removed, "changed"), (removed, "removed")]
        told = ", ".join(f"{number} {what}" for number, what in numbers if number)
        parts.append(f"{kind.replace('_', ' ')}: {told}")
    return "; ".join(parts) or "the record of what is ours"


def _remarks(done):
    lines = [*done["notes"], *done["intent"]]
    for kind, ids in done["unmanaged"].items():
        lines.append(f"Made by others and left alone, {kind.replace('_', ' ')}: {', '.join(ids)}")
    return lines
