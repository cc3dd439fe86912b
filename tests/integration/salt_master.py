"""The Salt master of the integration tests: what an operator does at its command line."""

from __future__ import annotations

import json

import salt.client
import salt.config
import salt.utils.args

from tests.lab.master import serve_formula, write_pillar


def overrides(directory, address):
    """Configuration of the master, with its trees below ``directory`` (made here)."""
    states, pillar = directory / "states", directory / "pillar"
    serve_formula(states)
    pillar.mkdir()
    return {
        "interface": address,
        "publish_port": 4505,
        "ret_port": 4506,
        "auto_accept": True,
        # Pairs come and go under the same names, each with keys of its own.
        "open_mode": True,
        "file_roots": {"base": [str(states)]},
        "pillar_roots": {"base": [str(pillar)]},
        "log_level_logfile": "warning",
        "timeout": 30,
        "gather_job_timeout": 20,
    }


def _word(value):
    """``value`` as it is typed after ``name=``."""
    return value if isinstance(value, str) else json.dumps(value)


class SaltMaster:
    """A running master: sets pillar, waits for minions, applies the formula."""

    def __init__(self, daemon, pillar_root):
        self.daemon = daemon
        self._options = salt.config.client_config(daemon.config_file)
        self._pillar_root = pillar_root

    def set_pillar(self, pillar):
        """Replace the pillar tree: ``pillar`` maps a target (minion id or glob) to its data."""
        write_pillar(self._pillar_root, pillar)

    def salt(self, nodes, function, *arguments, timeout=600, **keywords):
        """Run ``function`` on ``nodes`` at once; return a dict of minion id -> its return.

        ``timeout`` is in seconds: how long it waits for answers. A minion that gave none is missing
        in the dict. Raises RuntimeError if the function did on one of them.
        """
        # What the command ``salt`` does with --static, without the seconds that it takes to start.
        words = [f"{key}={_word(value)}" for key, value in keywords.items()]
        given = salt.utils.args.parse_input([*arguments, *words])
        names = [node.name for node in nodes]
        with salt.client.LocalClient(mopts=dict(self._options)) as client:
            full = client.cmd_full_return(names, function, given, timeout=timeout, tgt_type="list")
        for name, one in full.items():
            if not one.get("success") and isinstance(one["ret"], str):
                raise RuntimeError(f"salt {function}: {name}: {one['ret']}")
        return {name: one["ret"] for name, one in full.items()}

    def apply(self, nodes, test=False, sls="hanfs", timeout=600):
        """``state.apply SLS`` on ``nodes`` at once: minion id -> state returns (or error lines)."""
        keywords = {"test": True} if test else {}
        return self.salt(nodes, "state.apply", sls, timeout=timeout, **keywords)

    def wait_for(self, nodes, since, timeout=90):
        """Wait until every node's minion has said, since the time ``since``, that it is up.

        (A ping that comes too early would be lost, and Salt waits long for its answer.)
        """
        said = [(self.daemon.id, f"salt/minion/{node.name}/start") for node in nodes]
        found = self.daemon.event_listener.wait_for_events(said, timeout=timeout, after_time=since)
        if not found:
            raise TimeoutError(f"{timeout} s without a word from {found.missed}")
