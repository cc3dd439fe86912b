"""
Corosync's options: which there are, where they stand in corosync.conf, how a change takes effect

One table, read from the sources: what pcs takes (its ``lib/corosync/constants.py``), what pcs
refuses while the cluster runs (``config_facade.py``), and what corosync really reads again
(``exec/totemconfig.c``, ``exec/votequorum.c``, ``exec/totemknet.c``).
"""

from __future__ import annotations

from typing import Any

from _cib_errors import SaltInvocationError
from _cib_values import Data

# Corosync reads it again while it runs: changed on all nodes at once, nothing restarts.
LIVE = "live"
# Read when corosync starts; nodes with different values live together. Changed in the file of all
# nodes, then the nodes are restarted one after the other.
RESTART = "restart"
# A link is taken away and added again, while the others carry the traffic.
RELINK = "link"
# All nodes must have the same value when they meet, and none can change it while it runs.
STOPPED = "stopped"

HOW = {
    "totem": {
        **dict.fromkeys(
            (
                "block_unlisted_ips",
                "consensus",
                "downcheck",
                "fail_recv_const",
                "heartbeat_failures_allowed",
                "hold",
                "join",
                "max_messages",
                "max_network_delay",
                "merge",
                "miss_count_const",
                "send_join",
                "seqno_unchanged_const",
                "token",
                "token_coefficient",
                "token_retransmit",
                "token_retransmits_before_loss_const",
                "window_size",
            ),
            LIVE,
        ),
        # a flag of pcs 0.9's setup; a transport option since
        "netmtu": STOPPED,
    },
    "transport_options": {
        "knet_pmtud_interval": LIVE,
        # pcs lets both pass; of the first corosync has what it had when the nodes met
        "link_mode": RESTART,
        "ip_version": RESTART,
        "netmtu": STOPPED,
    },
    "compression": dict.fromkeys(("level", "model", "threshold"), LIVE),
    "crypto": dict.fromkeys(("cipher", "hash", "model"), LIVE),
    "quorum": dict.fromkeys(
        (
            "auto_tie_breaker",
            "last_man_standing",
            "last_man_standing_window",
            "wait_for_all",
        ),
        RESTART,
    ),
    "links": {
        **dict.fromkeys(
            (
                "link_priority",
                "linknumber",
                "mcastport",
                "ping_interval",
                "ping_precision",
                "ping_timeout",
                "pong_count",
                "transport",
            ),
            RELINK,
        ),
        # of the transports udp and udpu, whose one link cannot be taken away
        **dict.fromkeys(("bindnetaddr", "broadcast", "mcastaddr", "ttl"), STOPPED),
    },
}
# How a boolean of YAML is spelled there.
BOOLEANS = {"totem": ("no", "yes")}
PREFIXES = {"compression": "knet_compression_", "crypto": "crypto_"}
# Options of a link whose names in corosync.conf begin with knet_.
KNET_LINK = {
    "link_priority",
    "ping_interval",
    "ping_precision",
    "ping_timeout",
    "pong_count",
    "transport",
}


def table() -> dict[str, dict[str, str]]:
    """
    Every option and how a change of it takes effect: ``{section: {option: how}}``, where
    ``how`` is ``live``, ``restart``, ``link`` or ``stopped``.
    """
    return {section: dict(options) for section, options in HOW.items()}


def normalised(section: str, options: Any, where: str | None = None) -> dict[str, str | None]:
    """
    Options of one section as texts; None stays, it takes an option away.

    section
        Key of ``table``.

    options
        ``{option: value}`` as pillar has it, or None.

    where
        What to call it in errors.

    Raises SaltInvocationError that names what is unknown or of a wrong type.
    """
    where = where or section
    if options is None:
        return {}
    if not isinstance(options, dict):
        raise SaltInvocationError(f"{where} must be a dictionary of options")
    no, yes = BOOLEANS.get(section, ("0", "1"))
    texts = {}
    for name, value in options.items():
        if name not in HOW[section]:
            raise SaltInvocationError(
                f"{where}: there is no option {name!r}; known are {', '.join(sorted(HOW[section]))}"
            )
        if value is not None and not isinstance(value, (str, int, bool)):
            raise SaltInvocationError(f"{where}: {name} must be a word or a number")
        if isinstance(value, str) and (not value or any(c in value for c in " \t\n{}")):
            raise SaltInvocationError(f"{where}: {name} must be one word and not empty")
        if isinstance(value, bool):
            value = yes if value else no
        texts[name] = None if value is None else str(value)
    return texts


def present(section: str, conf: Data) -> dict[str, str]:
    """
    The options of one section that a corosync.conf has, by the names that pcs gives them.

    section
        Key of ``table``, but not ``links``.

    conf
        What ``pcs.corosync_conf`` says.
    """
    values = conf["quorum"] if section == "quorum" else conf["totem"]
    prefix = PREFIXES.get(section, "")
    return {name: values[f"{prefix}{name}"] for name in HOW[section] if f"{prefix}{name}" in values}


def link_name(option: str) -> str:
    """
    The name in an interface section of corosync.conf of what pcs calls ``option``.

    option
        Name of an option of a link.
    """
    return f"knet_{option}" if option in KNET_LINK else option
