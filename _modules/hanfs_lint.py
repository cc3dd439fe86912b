"""
What an expert would object to at this node: the functions ``hanfs.lint`` and ``hanfs.findings``.

They belong to the execution module hanfs: Salt merges files that have one virtual name. The
findings and their rules are in ``hanfs_lint_rules``, what they look at in ``hanfs_facts``;
docs/lint.md has them all.

:depends: nothing to load
"""

from __future__ import annotations

import salt.pillar
import salt.utils.data
from salt.exceptions import CommandExecutionError, SaltClientError, SaltInvocationError

__virtualname__ = "hanfs"
__outputter__ = {"lint": "yaml"}

# In pillar.example and in the documents.
_EXAMPLE_PASSWORDS = ("change-me", "change-me-too", "hacluster", "password", "secret")
LOCAL = ("cluster", "node", "storage", "net", "nfs", "exports", "fencing")


def __virtual__():
    return __virtualname__


def lint(site=None, path=None):
    """
    Look for everything about this node and its site that an expert would object to. Changes
    nothing.

    site
        The site as it stands in pillar. Default: the one in pillar that names this machine.

    path
        Colon path of the site in pillar, if ``site`` is given.

    Returns a list of findings, the worst first: ``{"code", "severity", "title", "found": [where
    and what], "reason": why it matters, "cure"}``; one that pillar accepts has ``accepted`` as
    well, the reason for it. Empty on a machine whose pillar has no ``hanfs``. Raises
    SaltInvocationError if not exactly one site names this machine.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server*' hanfs.lint
    """
    if site is None:
        _refresh_pillar()
        if "hanfs" not in __pillar__:
            return []
        site, path = _own_site()
    path = path or "hanfs"
    wrong = __salt__["hanfs_schema.problems"](site, path)
    if wrong:
        told = [["HANFS100", text] for text in wrong]
        return __salt__["hanfs_lint_rules.findings"](told, {}, path)
    checked = __salt__["hanfs.check"](site, path)["problems"]
    told = [["HANFS200", text] for text in checked]
    return findings(site, path, (*LOCAL, "peers"), _status(), told)


def _refresh_pillar():
    """
    Pillar as it is now, for this job, secrets too. The minion itself keeps what it had at its last
    refresh, in which a site that was just written would not be there, and have no findings.
    """
    if __opts__.get("file_client") != "remote" or "_ssh_version" in __opts__:
        return
    try:
        fresh = salt.pillar.get_pillar(
            __opts__, dict(__grains__), __opts__["id"], pillarenv=__opts__.get("pillarenv")
        ).compile_pillar()
    except SaltClientError:
        return
    # All of it: references of ``cluster_config`` lead anywhere.
    __pillar__.pop("hanfs", None)
    __pillar__.update(fresh)


def _own_site():
    names = {__grains__.get(key) for key in ("id", "host", "fqdn")}
    names = sorted(name for name in names if isinstance(name, str))
    found = __salt__["hanfs_site.choose"](__pillar__["hanfs"], names)
    if len(found) != 1:
        sites = " and ".join(one["path"] for one in found) or "No site in pillar"
        called = ", ".join(names)
        raise SaltInvocationError(
            f"{sites} name this machine ({called}); it must be a key of exactly one "
            "hanfs:sites:<site>:cluster:nodes"
        )
    return found[0]["site"], found[0]["path"]


def _status():
    """The cluster's state; None where no cluster runs."""
    if __salt__["pcs.member_of"]() is None:
        return None
    try:
        return __salt__["pcs.status"]()
    except CommandExecutionError:
        return None


def findings(site, path="hanfs", parts=LOCAL, status=None, told=(), facts=None):
    """
    The findings of some of the rules, for states.

    site
        The site as it stands in pillar; a right one.

    path
        Colon path of the site in pillar.

    parts
        Which rules: names of ``hanfs_lint_rules.PARTS``. With ``peers`` their clocks are asked for,
        too (one connection to pcsd of each node that is online).

    status
        The data of ``pcs.status``, for the rules about peers.

    told
        More findings, as a list of ``[code, detail]``.

    facts
        The answer of ``hanfs_facts.gather``, if there is one already.

    Returns what ``lint`` returns.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs.findings '{...}' hanfs:sites:athens
    """
    normal = __salt__["hanfs.normal"](site, path)
    facts = facts or __salt__["hanfs_facts.gather"](normal, status=status)
    facts["password_is_example"] = _password_is_example(path)
    if "peers" in parts:
        facts["clock_offsets"] = _clocks(normal, status)
    description = __salt__["hanfs_model.description"](normal)
    told = [*told, *__salt__["hanfs_lint_rules.told"](normal, description, facts, list(parts))]
    if "cluster" in parts:
        codes = [code for code, _ in told]
        told += __salt__["hanfs_lint_rules.acceptance"](normal, codes)
    return __salt__["hanfs_lint_rules.findings"](told, normal, path)


def _password_is_example(path):
    password = salt.utils.data.traverse_dict_and_list(__pillar__, f"{path}:cluster:password")
    return password in _EXAMPLE_PASSWORDS


def _clocks(site, status):
    """How far the clocks of the peers that are online are ahead, in seconds."""
    nodes, found = (status or {}).get("nodes") or {}, {}
    for name, addresses in site["cluster"]["nodes"].items():
        online = (nodes.get(name) or {}).get("online")
        if online and name != __salt__["hanfs.own_name"]():
            found[name] = __salt__["hanfs_facts_net.clock_offset"](addresses[0])
    return found
