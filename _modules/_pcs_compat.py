"""
What Salt 3006's functions do on this engine; ``pcs_compat.py`` says what they are for.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import _cib_values
import _pcs_compat_batch
import _pcs_compat_constraint
import _pcs_compat_nodes
import _pcs_compat_parse
import _pcs_hosts
import _pcs_node
from _cib_errors import CommandExecutionError, SaltInvocationError
from _cib_run import Machine
from _cib_values import Data

# pcs 0.10 shows with 'config', 0.12 with nothing else.
_CONFIG = "cluster.create.separated-name-and-address"
_ONLY_CONFIG = "pcs.yes-to-confirm-commands"


def _done(text, changes=None):
    """What ``cmd.run_all`` would return, since that is what these functions always returned."""
    return {"pid": 0, "retcode": 0, "stdout": text, "stderr": "", "changes": changes or {}}


# Showing -----------------------------------------------------------------------------------------


def _shown_as(machine, item, show):
    """How the installed pcs wants it shown; its verb has changed twice."""
    if not isinstance(show, str):
        return [_verb(machine, item) if word == "show" else word for word in show or ()]
    return [_verb(machine, item)] if show == "show" else [show]


def _verb(machine, item):
    capabilities = _pcs_node.version(machine)["capabilities"]
    if item == "config":
        return "show"
    if item in ("property", "constraint"):
        return "config" if _ONLY_CONFIG in capabilities else "show"
    return "config" if _CONFIG in capabilities else "show"


def _secrets(machine, cibfile):
    """Names and values of all parameters, to know which must not be shown."""
    try:
        if isinstance(cibfile, str):
            with open(cibfile, encoding="utf-8") as handle:
                root = ET.fromstring(handle.read())
        else:
            done = machine.run(["cibadmin", "--query"], ok=range(256))
            root = ET.fromstring(done["stdout"])
    except (OSError, UnicodeDecodeError, ET.ParseError):
        # nothing is configured that pcs could show
        return []
    return [{pair.get("name", ""): pair.get("value")} for pair in root.iter("nvpair")]


def item_show(
    machine: Machine,
    item: str | list[str],
    item_id: Any = None,
    item_type: str | None = None,
    show: Any = "show",
    extra_args: Any = None,
    cibfile: str | None = None,
) -> Data:
    """Show something with the ``pcs`` command; passwords are masked."""
    items = [item] if isinstance(item, str) else list(item)
    extra = _pcs_compat_parse.words("extra_args", extra_args)
    argv = ["pcs", *(["-f", cibfile] if isinstance(cibfile, str) else []), *items]
    if item == "constraint":
        argv += [item_type] if item_type else []
        extra += [] if "--full" in extra else ["--full"]
    argv += _shown_as(machine, items[0], show)
    if isinstance(item_id, str) and item != "constraint":
        argv.append(item_id)
    done = machine.run([*argv, *extra], ok=range(256))
    secrets = _secrets(machine, cibfile)
    for stream in ("stdout", "stderr"):
        done[stream] = _cib_values.masked(done[stream], secrets)
    return done


def config_show(machine: Machine, cibfile: str | None = None) -> Data:
    """Show the whole configuration; passwords are masked."""
    return item_show(machine, "config", cibfile=cibfile)


def prop_show(
    machine: Machine, prop: Any, extra_args: Any = None, cibfile: str | None = None
) -> Data:
    """Show a cluster property."""
    return item_show(machine, "property", item_id=prop, extra_args=extra_args, cibfile=cibfile)


def stonith_show(
    machine: Machine, stonith_id: Any, extra_args: Any = None, cibfile: str | None = None
) -> Data:
    """Show a fencing device; passwords are masked."""
    return item_show(machine, "stonith", item_id=stonith_id, extra_args=extra_args, cibfile=cibfile)


def resource_show(
    machine: Machine, resource_id: Any, extra_args: Any = None, cibfile: str | None = None
) -> Data:
    """Show a resource; passwords are masked."""
    return item_show(
        machine, "resource", item_id=resource_id, extra_args=extra_args, cibfile=cibfile
    )


# Creating ----------------------------------------------------------------------------------------


def _converge(machine, parsed, cibfile):
    file = cibfile if isinstance(cibfile, str) else None
    done = _pcs_compat_batch.converge(machine, parsed, file)
    if done.get("unsettled"):
        raise CommandExecutionError(done["unsettled"])
    said = "as asked for" if not done["changes"] else "created or changed"
    return _done("\n".join([said, *done["notes"], *done["intent"]]), done["changes"])


def item_create(
    machine: Machine,
    item: str,
    item_id: Any,
    item_type: Any,
    create: Any = "create",
    extra_args: Any = None,
    cibfile: str | None = None,
) -> Data:
    """Create something, or change it to what the words say."""
    verbs = [create] if isinstance(create, str) else list(create or [])
    if item == "constraint":
        words = [*verbs, *_pcs_compat_parse.words("extra_args", extra_args)]
        words = words[1:] if words[:1] == ["create"] else words
        parsed = _pcs_compat_constraint.constraint(item_id, item_type, words)
    elif (item, verbs) in (("resource", ["create"]), ("stonith", ["create"])):
        read = _pcs_compat_parse.resource if item == "resource" else _pcs_compat_parse.fencing
        parsed = read(item_id, item_type, extra_args)
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
        parsed = _pcs_compat_parse.values(kind, name, value, extra_args)
    return _converge(machine, parsed, cibfile)


def prop_set(
    machine: Machine, prop: Any, value: Any, extra_args: Any = None, cibfile: str | None = None
) -> Data:
    """Set a cluster property."""
    parsed = _pcs_compat_parse.values("properties", prop, value, extra_args)
    return _converge(machine, parsed, cibfile)


def stonith_create(
    machine: Machine,
    stonith_id: Any,
    stonith_device_type: Any,
    stonith_device_options: Any = None,
    cibfile: str | None = None,
) -> Data:
    """Create a fencing device, or change it to what the words say."""
    options = stonith_device_options
    return item_create(
        machine, "stonith", stonith_id, stonith_device_type, "create", options, cibfile
    )


def resource_create(
    machine: Machine,
    resource_id: Any,
    resource_type: Any,
    resource_options: Any = None,
    cibfile: str | None = None,
) -> Data:
    """Create a resource, or change it to what the words say."""
    return item_create(
        machine, "resource", resource_id, resource_type, "create", resource_options, cibfile
    )


# Copies of the configuration ---------------------------------------------------------------------


def cib_create(
    machine: Machine, cibfile: str, scope: Any = "configuration", extra_args: Any = None
) -> Data:
    """Begin a batch: copy the cluster's configuration to a file that only its owner may read."""
    _pcs_compat_batch.checked_scope(scope)
    _pcs_compat_batch.create_arguments(extra_args)
    done = _pcs_compat_batch.begin(machine, cibfile)
    return _done(f"the cluster's configuration is in {cibfile}", done["changes"])


def cib_push(
    machine: Machine, cibfile: str, scope: Any = "configuration", extra_args: Any = None
) -> Data:
    """
    Push what was made in a file since ``pcs.cib_create``, as one change. Nothing is replaced:
    what others changed meanwhile stays.
    """
    section = _pcs_compat_batch.checked_scope(scope)
    wait = _pcs_compat_batch.push_arguments(extra_args)
    done = _pcs_compat_batch.push(machine, cibfile, section, wait)
    if done.get("unsettled"):
        raise CommandExecutionError(done["unsettled"])
    return _done("pushed" if done["changes"] else "nothing to push", done["changes"])


# Hosts -------------------------------------------------------------------------------------------


def is_auth(
    machine: Machine, nodes: Any, pcsuser: str = "hacluster", pcspasswd: str = "hacluster"
) -> Data:
    """Whether pcs on this node may talk to the pcsd of the nodes. Nothing is authenticated."""
    named = _pcs_compat_nodes.named(nodes)
    answers = _pcs_hosts.hosts_authorized(machine, named)
    lines = [
        f"{node}: {'Already authorized' if answer is True else answer}"
        for node, answer in answers.items()
    ]
    done = _done("\n".join(lines))
    done["retcode"] = 0 if all(answer is True for answer in answers.values()) else 1
    return done


def auth(
    machine: Machine,
    nodes: Any,
    pcsuser: str = "hacluster",
    pcspasswd: str = "hacluster",
    extra_args: Any = None,
) -> Data:
    """Let pcs on this node talk to the pcsd of the nodes. The password goes by standard input."""
    _pcs_compat_nodes.auth_arguments(extra_args)
    named = _pcs_compat_nodes.named(nodes)
    _pcs_hosts.host_auth(machine, named, password=pcspasswd, username=pcsuser)
    return _done("\n".join(f"{node}: Authorized" for node in named))
