"""
What an expert would object to, as steps of a run: nothing is touched while there is an error.

They belong to the state module hanfs: Salt merges files that have one virtual name.

:depends: the execution modules hanfs, hanfs_facts and hanfs_lint_rules
"""

from __future__ import annotations

from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "hanfs"


def __virtual__():
    return __virtualname__


def _ret(name):
    return {"name": name, "result": True, "changes": {}, "comment": ""}


def _failed(ret, error):
    ret["result"] = False
    ret["comment"] = str(error)
    return ret


def linted(name, site, path="hanfs"):
    """
    Stop the run if this node or its site has a finding of severity ``error`` that pillar does not
    accept. Changes nothing, also on failure. Warnings are told, accepted findings with their
    reason.

    name
        Free text.

    site
        The site as it stands in pillar, without its secrets.

    path
        Colon path of the site in pillar.

    .. code-block:: yaml

        Nothing about the site is dangerous:
          hanfs.linted:
            - site: {{ hanfs.site | json }}
            - path: {{ hanfs.path }}
    """
    ret = _ret(name)
    try:
        found = __salt__["hanfs.findings"](site, path)
    except (CommandExecutionError, SaltInvocationError) as err:
        return _failed(ret, err)
    return _judged(ret, found, "Nothing about the site and this node is dangerous")


def peers_agree(name, site, path="hanfs"):
    """
    Tell the other nodes what must be the same on all (versions, times and ports of the NFS server,
    ids as hashes), by a node attribute that ends with the cluster, and compare it with what they
    have told. Stops the run at an error that pillar does not accept, such as a cloned node or
    another disk.

    name
        Free text.

    site
        The site as it stands in pillar, without its secrets.

    path
        Colon path of the site in pillar.

    .. code-block:: yaml

        The nodes agree with each other:
          hanfs.peers_agree:
            - site: {{ hanfs.site | json }}
            - path: {{ hanfs.path }}
    """
    ret = _ret(name)
    try:
        status = __salt__["pcs.recent_status"]()
    except CommandExecutionError as err:
        if __opts__["test"]:
            ret["result"] = None
            ret["comment"] = f"What the nodes tell each other is known once the cluster runs: {err}"
            return ret
        return _failed(ret, err)
    try:
        normal = __salt__["hanfs.normal"](site, path)
        facts = __salt__["hanfs_facts.gather"](normal, status=status)
        own = __salt__["hanfs_facts.digest"](facts)
        found = __salt__["hanfs.findings"](site, path, ["peers"], status, facts=facts)
        told = _told(status)
        if told != own and not __opts__["test"]:
            __salt__["hanfs_facts.publish"](own)
    except (CommandExecutionError, SaltInvocationError) as err:
        return _failed(ret, err)
    if told != own:
        ret["changes"] = {"hanfs-facts": {"old": told, "new": own}}
    _judged(ret, found, "Nothing differs between the nodes that should not")
    if ret["result"] and ret["changes"] and __opts__["test"]:
        ret["result"] = None
    return ret


def _told(status):
    """What this node has told already, or None."""
    mine = (status.get("attributes") or {}).get(__salt__["hanfs.own_name"]()) or {}
    return mine.get("hanfs-facts")


def _judged(ret, found, well):
    """The verdict on findings: full words for errors, a line for the others."""
    open_ones = [one for one in found if "accepted" not in one]
    errors = [one for one in open_ones if one["severity"] == "error"]
    warnings = [one for one in open_ones if one["severity"] == "warning"]
    infos = len(open_ones) - len(errors) - len(warnings)
    lines = [_in_full(one) for one in errors]
    lines += [f"{_head(one)}: {'; '.join(one['found'])}" for one in warnings]
    lines += [f"{_head(one)}, accepted: {one['accepted']}" for one in found if "accepted" in one]
    if errors or warnings or infos:
        more = f"{infos} more of severity info. " if infos else ""
        lines.append(f"{more}hanfs.lint says why and what to do; docs/lint.md has them all.")
    ret["result"] = not errors
    verdict = "Nothing was touched, for these reasons" if errors else well
    ret["comment"] = "\n".join([verdict, *lines])
    return ret


def _head(one):
    return f"{one['severity']} {one['code']} {one['title']}"


def _in_full(one):
    lines = [_head(one), *one["found"], f"Why: {one['reason']}", f"Cure: {one['cure']}"]
    return "\n  ".join(lines)
