"""Sites of containers: the article's, on a disk without LVM (their kernel has no device mapper)."""

from __future__ import annotations

from tests.lab import article, service
from tests.lab.containers import SHARED_DISK
from tests.support import sites

PASSWORD = "correct-horse-battery"
NO_LVM = {"storage:vg": ..., "storage:lv": ..., "storage:device": SHARED_DISK}
CONFIGURED = "The cluster is configured as the site says"
# Long enough for a busy machine, short enough for a test that waits for a failure.
TIMEOUTS = {"peer": 180, "storage": 60, "settle": 180}


def of(pair, change=None):
    """The site of one pair; ``change`` as for ``sites.site``."""
    return sites.site(
        {
            **NO_LVM,
            "cluster:nodes": {
                node.name: [node.addresses["hb"], node.addresses["lan"]] for node in pair
            },
            "cluster:password": PASSWORD,
            "timeouts": TIMEOUTS,
            **(change or {}),
        }
    )


def hardened(pair, change=None):
    """The same with the profile hardened, and no fencing unless ``change`` has some."""
    return sites.hardened(
        {
            **NO_LVM,
            "cluster:nodes": {
                node.name: [node.addresses["hb"], node.addresses["lan"]] for node in pair
            },
            "cluster:password": PASSWORD,
            # A node of a busy computer may stand still for longer than a server's.
            "cluster:totem": {"consensus": 3600},
            "timeouts": TIMEOUTS,
            "fencing": {"enabled": False},
            # The lab's stand-ins are for the distribution's agents.
            "nfs": {"agent": "heartbeat"},
            **(change or {}),
        }
    )


def pillar(pair, change=None):
    """Pillar of a tree with one site, for every minion."""
    return {"*": {"hanfs": {"sites": {"article": of(pair, change)}}}}


def assert_applied(returns, pair):
    """Both minions answered and no state failed."""
    assert set(returns) == set(pair.names), f"answers came from {sorted(returns)}"
    assert not article.failures(returns), "\n".join(article.failures(returns))


def comments(returns):
    """All that the states of one ``state.apply`` said, as one text."""
    lines = []
    for states in returns.values():
        if isinstance(states, dict):
            lines += [str(state["comment"]) for state in states.values()]
        else:
            lines.append(str(states))
    return "\n".join(lines)


def changed(returns):
    """Minion -> ids of the states that reported changes."""
    return {
        minion: [state["__id__"] for state in states.values() if state["changes"]]
        for minion, states in returns.items()
    }


def told(returns):
    """What changed, in full, for the reader of a failure."""
    return {
        minion: {state["__id__"]: state["changes"] for state in states.values() if state["changes"]}
        for minion, states in returns.items()
    }


def changed_after_a_boot(returns):
    """The same without what a node tells its peers of itself: that goes when it leaves them."""
    return {
        minion: [name for name in ids if name != "The nodes agree with each other"]
        for minion, ids in changed(returns).items()
    }


def assert_nothing_changed(returns):
    """Nothing but the formula's own modules was brought: the check comes before all else."""
    for minion, ids in changed(returns).items():
        assert all("of the formula are on this minion" in name for name in ids), (minion, ids)


def seconds(returns):
    """Minion -> seconds that its states took."""
    return {
        minion: round(sum(state["duration"] for state in states.values()) / 1000, 1)
        for minion, states in returns.items()
    }


def started(node):
    """Primitive -> node that runs it, as the cluster on ``node`` says."""
    return service.started_on(node.run(["crm_mon", "-1", "--output-as=xml"]).stdout)


def assert_serving(pair, names=article.RESOURCES):
    """All resources run, on one node."""
    placed = started(pair[0])
    assert sorted(placed) == sorted(names), placed
    assert len(set(placed.values())) == 1, placed
    return next(iter(placed.values()))
