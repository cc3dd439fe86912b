"""
What of corosync.conf differs from what is wanted, and how each difference can be changed

Plain data in, plain data out; nothing is run. How a change of an option takes effect is told by the
table of ``_pcs_options``.
"""

from __future__ import annotations

import _pcs_options
from _cib_values import Data
from _pcs_arguments import Nodes

MOST_LINKS = 8
SECTIONS = ("totem", "transport_options", "compression", "crypto", "quorum")
BY_HAND = "with the service down: 'pcs cluster stop --all', '{command}', 'pcs cluster start --all'"


def plan(
    conf: Data,
    sections: dict[str, dict[str, str | None]],
    links: list[Data] | None = None,
    nodes: Nodes | None = None,
) -> Data:
    """
    Compare a corosync.conf with what is wanted.

    conf
        What ``pcs.corosync_conf`` says.

    sections
        ``{section: {option: text or None}}`` as ``_pcs_options.normalised`` has them.

    links
        List of the options of each link, in the order of addresses; None or an empty dictionary
        leaves a link's options as they are.

    nodes
        ``{name: [addresses]}`` of all members; None leaves the addresses as they are.

    Returns ``{"changes": tree with old and new, "live": {section: {option: text or None}},
    "restart": the same, "steps": [[remove or add, number, {node: address}, {option: text}]],
    "problems": [sentences]}``. Nothing may be done while there are problems.
    """
    made: Data = {"changes": {}, "live": {}, "restart": {}, "steps": [], "problems": []}
    how = _pcs_options.table()
    for section in SECTIONS:
        present = _pcs_options.present(section, conf)
        for option, value in (sections.get(section) or {}).items():
            if present.get(option) == value:
                continue
            old = present.get(option)
            made["changes"].setdefault(section, {})[option] = {"old": old, "new": value}
            if how[section][option] == "stopped":
                made["problems"].append(_only_stopped(section, option, value))
            else:
                made[how[section][option]].setdefault(section, {})[option] = value
    _links(made, conf, links or [], nodes)
    _tie_breaker(made, conf)
    return made


def _only_stopped(section, option, value):
    group = {"transport_options": "transport"}.get(section, section)
    command = f"pcs cluster config update {group} {option}={value or ''}"
    return f"corosync's {option} can be changed only {BY_HAND.format(command=command)}"


def _tie_breaker(made, conf):
    """With a tie breaker, one of two nodes cannot be restarted without the other losing quorum."""
    restarts = made["restart"].get("quorum", {})
    if len(conf["nodes"]) != 2 or not made["restart"]:
        return
    if "1" in (conf["quorum"].get("auto_tie_breaker"), restarts.get("auto_tie_breaker")):
        options = " ".join(f"{name}={value or ''}" for name, value in restarts.items())
        command = f"pcs quorum update {options}" if restarts else "pcs cluster config update ..."
        made["problems"].append(
            "with auto_tie_breaker, one of two nodes loses the quorum when the other is restarted, "
            f"so this can be changed only {BY_HAND.format(command=command)}"
        )


# --- links ---------------------------------------------------------------------------------------


def _links(made, conf, options, nodes):
    present = _present_links(conf)
    wanted = _wanted_links(made, conf, options, nodes, present)
    if wanted is None:
        return
    matched, new = _matched(present, wanted)
    gone = sorted(set(present) - set(matched))
    again = {
        number: link
        for number, link in matched.items()
        if _differs(link["options"], present[number]["options"])
    }
    if not new and not gone and not again:
        return
    if (conf["transport"] or "knet") != "knet":
        made["problems"].append(
            f"the links of a cluster with the transport {conf['transport']} are changed only "
            + BY_HAND.format(command="pcs cluster link update ...")
        )
        return
    _told(made, present, new, gone, again)
    _steps(made, present, new, gone, again)


def _present_links(conf):
    return {
        number: {
            "addresses": {name: addresses[at] for name, addresses in conf["nodes"].items()},
            "options": _by_pcs_names(values),
        }
        for at, (number, values) in enumerate(conf["links"].items())
    }


def _by_pcs_names(values):
    named = {_pcs_options.link_name(option): option for option in _pcs_options.table()["links"]}
    return {named[name]: value for name, value in values.items() if name in named}


def _wanted_links(made, conf, options, nodes, present):
    """The links wanted as a list, None when nothing is said about them or it is contradictory."""
    if not options and nodes is None:
        return None
    nodes = conf["nodes"] if nodes is None else nodes
    if set(nodes) != set(conf["nodes"]):
        made["problems"].append(
            f"the members are {', '.join(conf['nodes'])}, not {', '.join(nodes)}; the state "
            "pcs.cluster_members changes that first"
        )
        return None
    # with pcs 0.9 the name stands in the place of the first address
    nodes = {
        name: [name, *addresses[1:]] if conf["nodes"][name][:1] == [name] else addresses
        for name, addresses in nodes.items()
    }
    numbers = {len(addresses) for addresses in nodes.values()}
    if len(numbers) != 1 or not 0 < min(numbers) <= MOST_LINKS:
        made["problems"].append(
            f"each node needs the same number of addresses, one per link, at most {MOST_LINKS}"
        )
        return None
    if len(options) > min(numbers):
        made["problems"].append(
            f"links has options for {len(options)} links, the nodes have {min(numbers)} addresses"
        )
        return None
    return [
        {
            "addresses": {name: addresses[at] for name, addresses in nodes.items()},
            "options": dict(options[at] or {}) if at < len(options) else {},
        }
        for at in range(min(numbers))
    ]


def _matched(present, wanted):
    """Links are the same when their addresses are; ``{number: wanted}`` and the new ones."""
    matched, new = {}, []
    for link in wanted:
        same = [n for n, one in present.items() if one["addresses"] == link["addresses"]]
        if same and same[0] not in matched:
            matched[same[0]] = link
        else:
            new.append(link)
    return matched, new


def _differs(wanted, present):
    return any(present.get(name) != value for name, value in wanted.items() if name != "linknumber")


def _told(made, present, new, gone, again):
    changes = {}
    for number in gone:
        changes[number] = {"old": present[number], "new": None}
    for number, link in again.items():
        changes[number] = {
            name: {"old": present[number]["options"].get(name), "new": value}
            for name, value in link["options"].items()
            if present[number]["options"].get(name) != value
        }
    for at, link in enumerate(new):
        shown = {"addresses": link["addresses"], "options": link["options"]}
        changes[f"new {at}"] = {"old": None, "new": shown}
    made["changes"]["links"] = changes


def _steps(made, present, new, gone, again):
    """One link at a time, so that another always carries the cluster."""
    new = list(new)
    free = [str(n) for n in range(MOST_LINKS) if str(n) not in present]
    steps = []
    # As many as come on top of those there are, or all when there is only one to stand on.
    fresh = new if len(present) == 1 else new[len(gone) :]
    if len(present) - len(gone) + len(new) > MOST_LINKS or len(fresh) > len(free):
        made["problems"].append(f"corosync has at most {MOST_LINKS} links")
        return
    for link in fresh:
        steps.append(["add", free.pop(0), link["addresses"], _without_none(link["options"])])
    replacing = [link for link in new if link not in fresh]
    if again and len(present) + len(fresh) == 1:
        names = ", ".join(name for link in again.values() for name in link["options"])
        (number,) = again
        command = f"pcs cluster link update {number} options ..."
        made["problems"].append(
            f"link {number} is the cluster's only one: its options ({names}) can be changed only "
            f"{BY_HAND.format(command=command)}; or add a second link for the time of the change"
        )
        return
    for number, link in again.items():
        options = {**present[number]["options"], **link["options"]}
        steps.append(["remove", number, {}, {}])
        steps.append(["add", number, link["addresses"], _without_none(options)])
    for number in gone:
        steps.append(["remove", number, {}, {}])
        if replacing:
            link = replacing.pop(0)
            steps.append(["add", number, link["addresses"], _without_none(link["options"])])
    made["steps"] = steps


def _without_none(options):
    return {
        name: value for name, value in options.items() if value is not None and name != "linknumber"
    }


def told(made: Data) -> str:
    """
    A plan in words, for a comment: which options change at once and which need restarts.

    made
        What ``plan`` returned.
    """
    parts = []
    for how, words in (
        ("live", "changed while the cluster runs"),
        ("restart", "changed by restarting the nodes one after the other"),
    ):
        names = [option for options in made[how].values() for option in options]
        if names:
            parts.append(f"{', '.join(names)} ({words})")
    for action, number, *_ in made["steps"]:
        parts.append(f"link {number} ({'added' if action == 'add' else 'removed'})")
    return "; ".join(parts)
