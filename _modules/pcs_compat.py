"""
The functions that Salt had in its own module ``pcs`` until 3007, with their arguments

.. code-block:: bash

    salt '*' pcs.resource_create galera ocf:heartbeat:galera '["--master"]'
    salt '*' pcs.config_show

What creates goes through the engine of the module ``cib``: an object that is there already is
changed to what the words say, edits of others are never lost, passwords are on no command line and
in no answer. What went wrong is an exception. What shows runs ``pcs``.

A part of the module ``pcs``: Salt merges files that have one virtual name.

:depends: the execution modules cib, cib_* and pcs_compat_*
"""

from __future__ import annotations

import xml.etree.ElementTree as ET

import salt.utils.files
from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "pcs"

# pcs 0.10 shows with 'config', 0.12 with nothing else.
_CONFIG = "cluster.create.separated-name-and-address"
_ONLY_CONFIG = "pcs.yes-to-confirm-commands"


def __virtual__():
    return __virtualname__


def _done(text, changes=None):
    """What ``cmd.run_all`` would return, since that is what these functions always returned."""
    return {"pid": 0, "retcode": 0, "stdout": text, "stderr": "", "changes": changes or {}}


# Showing -----------------------------------------------------------------------------------------


def _shown_as(item, show):
    """How the installed pcs wants it shown; its verb has changed twice."""
    if not isinstance(show, str):
        return [_verb(item) if word == "show" else word for word in show or ()]
    return [_verb(item)] if show == "show" else [show]


def _verb(item):
    capabilities = __salt__["pcs.version"]()["capabilities"]
    if item == "config":
        return "show"
    if item in ("property", "constraint"):
        return "config" if _ONLY_CONFIG in capabilities else "show"
    return "config" if _CONFIG in capabilities else "show"


def _secrets(cibfile):
    """Names and values of all parameters, to know which must not be shown."""
    try:
        if isinstance(cibfile, str):
            with salt.utils.files.fopen(cibfile, "r", encoding="utf-8") as handle:
                root = ET.fromstring(handle.read())
        else:
            done = __salt__["pcs_run.run"](["cibadmin", "--query"], ok=range(256))
            root = ET.fromstring(done["stdout"])
    except (OSError, UnicodeDecodeError, ET.ParseError):
        # nothing is configured that pcs could show
        return []
    return [{pair.get("name", ""): pair.get("value")} for pair in root.iter("nvpair")]


def item_show(item, item_id=None, item_type=None, show="show", extra_args=None, cibfile=None):
    """
    Show something with the ``pcs`` command; passwords are masked.

    item
        ``config``, ``property``, ``resource``, ``stonith``, ``constraint`` and so on.

    item_id
        Its id; not for constraints, which pcs shows all.

    item_type
        The kind of constraint.

    show
        pcs's verb or verbs; ``show`` stands for the one that the installed pcs knows.

    extra_args
        More words for pcs.

    cibfile
        Path of a file to read in place of the running cluster.

    Returns what ``cmd.run_all`` does, with pcs's exit code.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.item_show resource item_id=galera
    """
    items = [item] if isinstance(item, str) else list(item)
    extra = __salt__["pcs_compat_parse.words"]("extra_args", extra_args)
    argv = ["pcs", *(["-f", cibfile] if isinstance(cibfile, str) else []), *items]
    if item == "constraint":
        argv += [item_type] if item_type else []
        extra += [] if "--full" in extra else ["--full"]
    argv += _shown_as(items[0], show)
    if isinstance(item_id, str) and item != "constraint":
        argv.append(item_id)
    done = __salt__["pcs_run.run"]([*argv, *extra], ok=range(256))
    secrets = _secrets(cibfile)
    for stream in ("stdout", "stderr"):
        done[stream] = __salt__["cib_meaning.masked"](done[stream], secrets)
    return done


def config_show(cibfile=None):
    """
    Show the whole configuration; passwords are masked.

    cibfile
        Path of a file to read in place of the running cluster.

    Returns what ``cmd.run_all`` does.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.config_show cibfile='/tmp/cib_for_galera'
    """
    return item_show("config", cibfile=cibfile)


def prop_show(prop, extra_args=None, cibfile=None):
    """
    Show a cluster property.

    prop
        Its name.

    extra_args, cibfile
        As for ``pcs.item_show``.

    Returns what ``cmd.run_all`` does.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.prop_show no-quorum-policy cibfile='/tmp/2_node_cluster.cib'
    """
    return item_show("property", item_id=prop, extra_args=extra_args, cibfile=cibfile)


def stonith_show(stonith_id, extra_args=None, cibfile=None):
    """
    Show a fencing device; passwords are masked.

    stonith_id
        Its id.

    extra_args, cibfile
        As for ``pcs.item_show``.

    Returns what ``cmd.run_all`` does.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.stonith_show stonith_id='eps_fence' cibfile='/tmp/2_node_cluster.cib'
    """
    return item_show("stonith", item_id=stonith_id, extra_args=extra_args, cibfile=cibfile)


def resource_show(resource_id, extra_args=None, cibfile=None):
    """
    Show a resource; passwords are masked.

    resource_id
        Its id.

    extra_args, cibfile
        As for ``pcs.item_show``.

    Returns what ``cmd.run_all`` does.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.resource_show resource_id='galera' cibfile='/tmp/cib_for_galera.cib'
    """
    return item_show("resource", item_id=resource_id, extra_args=extra_args, cibfile=cibfile)


# Creating ----------------------------------------------------------------------------------------


def _converge(parsed, cibfile):
    file = cibfile if isinstance(cibfile, str) else None
    done = __salt__["pcs_compat_batch.converge"](parsed, file)
    if done.get("unsettled"):
        raise CommandExecutionError(done["unsettled"])
    said = "as asked for" if not done["changes"] else "created or changed"
    return _done("\n".join([said, *done["notes"], *done["intent"]]), done["changes"])


def item_create(item, item_id, item_type, create="create", extra_args=None, cibfile=None):
    """
    Create something, or change it to what the words say.

    item
        ``property``, ``resource``, ``stonith`` or ``constraint``.

    item_id
        Its id; ``name=value`` for properties and defaults.

    item_type
        The agent; the kind of constraint.

    create
        pcs's verb: ``create``, ``set`` for a property, ``defaults`` or ``[op, defaults]`` with
        ``resource``, None for a constraint.

    extra_args
        The words that follow, as pcs takes them.

    cibfile
        Path of a file made by ``pcs.cib_create``, in place of the running cluster.

    Returns what ``cmd.run_all`` would, and ``changes``. Raises SaltInvocationError that names
    the words that are not understood, CommandExecutionError when it cannot be.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.item_create resource VIP ocf:heartbeat:IPaddr2 extra_args='[ip=10.0.0.1]'
    """
    verbs = [create] if isinstance(create, str) else list(create or [])
    parse = __salt__
    if item == "constraint":
        words = [*verbs, *parse["pcs_compat_parse.words"]("extra_args", extra_args)]
        words = words[1:] if words[:1] == ["create"] else words
        parsed = parse["pcs_compat_constraint.constraint"](item_id, item_type, words)
    elif (item, verbs) in (("resource", ["create"]), ("stonith", ["create"])):
        reader = "resource" if item == "resource" else "fencing"
        parsed = parse[f"pcs_compat_parse.{reader}"](item_id, item_type, extra_args)
    else:
        kind = {
            ("property", "set"): "properties",
            ("resource", "defaults"): "resource_defaults",
            ("resource", "op defaults"): "op_defaults",
        }.get((item, " ".join(verbs)))
        if kind is None:
            raise SaltInvocationError(
                f"pcs.item_create does not know {item} {' '.join(verbs)}: property set, "
                "resource create, resource [op] defaults, stonith create and constraint are; "
                "the state pcs.configured knows the rest"
            )
        name, _, value = str(item_id).partition("=")
        parsed = parse["pcs_compat_parse.values"](kind, name, value, extra_args)
    return _converge(parsed, cibfile)


def prop_set(prop, value, extra_args=None, cibfile=None):
    """
    Set a cluster property.

    prop, value
        Its name and value; an empty one takes it away.

    extra_args, cibfile
        As for ``pcs.item_create``.

    Returns what ``pcs.item_create`` does.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.prop_set prop='no-quorum-policy' value='ignore'
    """
    parsed = __salt__["pcs_compat_parse.values"]("properties", prop, value, extra_args)
    return _converge(parsed, cibfile)


def stonith_create(stonith_id, stonith_device_type, stonith_device_options=None, cibfile=None):
    """
    Create a fencing device, or change it to what the words say.

    stonith_id, stonith_device_type
        Its id, and its agent such as ``fence_xvm``.

    stonith_device_options
        The words that follow in ``pcs stonith create``.

    cibfile
        As for ``pcs.item_create``.

    Returns what ``pcs.item_create`` does.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.stonith_create stonith_id='eps_fence' stonith_device_type='fence_eps' \\
            stonith_device_options="['ipaddr=myepsdevice.example.org', 'login=hidden']"
    """
    options = stonith_device_options
    return item_create("stonith", stonith_id, stonith_device_type, "create", options, cibfile)


def resource_create(resource_id, resource_type, resource_options=None, cibfile=None):
    """
    Create a resource, or change it to what the words say.

    resource_id, resource_type
        Its id, and its agent such as ``ocf:heartbeat:IPaddr2``.

    resource_options
        The words that follow in ``pcs resource create``.

    cibfile
        As for ``pcs.item_create``.

    Returns what ``pcs.item_create`` does.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.resource_create resource_id='VIP' resource_type='ocf:heartbeat:IPaddr2' \\
            resource_options="['ip=10.0.0.1', 'op', 'monitor', 'interval=20s']"
    """
    return item_create("resource", resource_id, resource_type, "create", resource_options, cibfile)


# Copies of the configuration ---------------------------------------------------------------------


def cib_create(cibfile, scope="configuration", extra_args=None):
    """
    Begin a batch: copy the cluster's configuration to a file that only its owner may read.

    cibfile
        Path of the file; two more, with ``.base`` and ``.steps`` behind the name, are made with it.

    scope
        Accepted and checked; the copy is always of all of it.

    extra_args
        ``--config`` is accepted.

    Returns what ``cmd.run_all`` would, and ``changes``.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.cib_create cibfile='/tmp/VIP_apache_1.cib' scope=False
    """
    __salt__["pcs_compat_batch.checked_scope"](scope)
    __salt__["pcs_compat_batch.create_arguments"](extra_args)
    done = __salt__["pcs_compat_batch.begin"](cibfile)
    return _done(f"the cluster's configuration is in {cibfile}", done["changes"])


def cib_push(cibfile, scope="configuration", extra_args=None):
    """
    Push what was made in a file since ``pcs.cib_create``, as one change. Nothing is replaced:
    what others changed meanwhile stays.

    cibfile
        Path of the file.

    scope
        A section of the configuration that all that is pushed must lie in.

    extra_args
        ``--wait[=SECONDS]``; ``--config`` and ``diff-against=`` are accepted and change nothing.

    Returns what ``cmd.run_all`` would, and ``changes``. Raises CommandExecutionError when nothing
    could be pushed, or when the cluster did not settle in the time given.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.cib_push cibfile='/tmp/VIP_apache_1.cib' scope=False
    """
    section = __salt__["pcs_compat_batch.checked_scope"](scope)
    wait = __salt__["pcs_compat_batch.push_arguments"](extra_args)
    done = __salt__["pcs_compat_batch.push"](cibfile, section, wait)
    if done.get("unsettled"):
        raise CommandExecutionError(done["unsettled"])
    return _done("pushed" if done["changes"] else "nothing to push", done["changes"])


# Hosts -------------------------------------------------------------------------------------------


def is_auth(nodes, pcsuser="hacluster", pcspasswd="hacluster"):
    """
    Whether pcs on this node may talk to the pcsd of the nodes. Nothing is authenticated.

    nodes
        A list of names.

    pcsuser, pcspasswd
        Accepted; asking needs no password.

    Returns what ``cmd.run_all`` would: a line for each node, exit code 0 when all are authorized.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.is_auth nodes='[node1.example.org, node2.example.org]'
    """
    named = __salt__["pcs_compat_nodes.named"](nodes)
    answers = __salt__["pcs.hosts_authorized"](named)
    lines = [
        f"{node}: {'Already authorized' if answer is True else answer}"
        for node, answer in answers.items()
    ]
    done = _done("\n".join(lines))
    done["retcode"] = 0 if all(answer is True for answer in answers.values()) else 1
    return done


def auth(nodes, pcsuser="hacluster", pcspasswd="hacluster", extra_args=None):
    """
    Let pcs on this node talk to the pcsd of the nodes. The password goes by standard input.

    nodes
        A list of names; ``addr=ADDRESS`` may follow a name.

    pcsuser, pcspasswd
        pcs's account and its password.

    extra_args
        Accepted (``--force``, ``--local``): newer pcs has none.

    Returns what ``cmd.run_all`` would. Raises CommandExecutionError that says for each node what
    was wrong.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.auth nodes='[node1.example.org, node2.example.org]' pcspasswd=hoonetorg
    """
    __salt__["pcs_compat_nodes.auth_arguments"](extra_args)
    named = __salt__["pcs_compat_nodes.named"](nodes)
    __salt__["pcs.host_auth"](named, password=pcspasswd, username=pcsuser)
    return _done("\n".join(f"{node}: Authorized" for node in named))
