"""Without an agent: two machines with nothing but sshd and Python, both at once, from scratch."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.integration import site
from tests.lab import article, paths
from tests.lab.master import serve_formula, write_pillar

SALT_SSH = paths.TEST_VENV / "bin" / "salt-ssh"
OLDEST = paths.salt_venv("3006") / "bin" / "salt-ssh"


@pytest.fixture
def pair(make_pair):
    return make_pair("bare", minion=False)


@pytest.fixture
def salt_ssh(pair, tmp_path):
    """``salt_ssh(function, ...)`` on both nodes; returns a dict of node -> return."""
    (tmp_path / "etc").mkdir()
    serve_formula(tmp_path / "states")
    write_pillar(tmp_path / "pillar", site.pillar(pair))
    roster = {
        node.name: {"host": node.addresses["mgmt"], "user": "root", "priv": str(paths.SSH_KEY)}
        for node in pair
    }
    (tmp_path / "etc/roster").write_text(json.dumps(roster))
    # Salt uses a file that exists: root's own would remember the keys of images of another day.
    known_hosts = tmp_path / "known_hosts"
    known_hosts.touch()
    config = {
        "known_hosts_file": str(known_hosts),
        "root_dir": str(tmp_path),
        "file_roots": {"base": [str(tmp_path / "states")]},
        "pillar_roots": {"base": [str(tmp_path / "pillar")]},
    }
    (tmp_path / "etc/master").write_text(json.dumps(config))

    def run(*arguments, program=SALT_SSH):
        command = [
            program, f"--config-dir={tmp_path}/etc", f"--roster-file={tmp_path}/etc/roster",
            "--ignore-host-keys", "--static", "--out=json", "--log-level=error",
            "nfs*", *arguments,
        ]  # fmt: skip
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=900
        )
        start = done.stdout.find("{")
        assert start >= 0, done.stdout + done.stderr
        assert site.PASSWORD not in done.stdout + done.stderr
        return json.loads(done.stdout[start:])

    return run


def test_from_scratch_and_again(pair, salt_ssh):
    returns = salt_ssh("state.apply", "hanfs")
    site.assert_applied(returns, pair)
    site.assert_serving(pair)
    assert all(any(state["changes"] for state in states.values()) for states in returns.values())

    dry = salt_ssh("state.apply", "hanfs", "test=True")
    assert article.failures(dry) == []
    assert site.changed(dry) == {name: [] for name in pair.names}

    # The second run is by the oldest release that is meant; -w: it brings all its files anew.
    again = salt_ssh("-w", "state.apply", "hanfs", program=OLDEST)
    assert article.failures(again) == []
    assert site.changed(again) == {name: [] for name in pair.names}
