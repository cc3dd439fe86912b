"""hanfs_repository.enabled against Salt's real yum module and repository files."""

from __future__ import annotations

import functools

import pytest
import salt.modules.yumpkg as yumpkg

from tests.support.salt_modules import load

FILE = """\
# AlmaLinux's own file
[highavailability]
name=AlmaLinux $releasever - HighAvailability
mirrorlist=https://mirrors.example.org/$releasever/highavailability
enabled={enabled}
gpgcheck=1

[highavailability-source]
name=AlmaLinux $releasever - HighAvailability Source
baseurl=https://repo.example.org/$releasever/highavailability
enabled=0
"""


@pytest.fixture
def world(tmp_path):
    """A function: repository files in, the loaded modules out."""

    def make(enabled="0", test=False):
        (tmp_path / "ha.repo").write_text(FILE.format(enabled=enabled))
        table = {
            f"pkg.{name}": functools.partial(getattr(yumpkg, name), basedir=str(tmp_path))
            for name in ("get_repo", "mod_repo")
        }
        return load(opts={"test": test}, salt=table)

    return make


def test_it_is_enabled_once_and_nothing_else_changes(world, tmp_path):
    states = world("0").states
    ret = states.hanfs_repository.enabled("highavailability")
    assert ret["result"] is True, ret["comment"]
    assert ret["changes"] == {"highavailability": {"old": "disabled", "new": "enabled"}}
    lines = [line for line in (tmp_path / "ha.repo").read_text().splitlines() if line]
    assert lines == [line for line in FILE.format(enabled="1").splitlines() if line]
    again = states.hanfs_repository.enabled("highavailability")
    assert (again["result"], again["changes"]) == (True, {})


def test_a_dry_run_writes_nothing(world, tmp_path):
    ret = world("0", test=True).states.hanfs_repository.enabled("highavailability")
    assert (ret["result"], list(ret["changes"])) == (None, ["highavailability"])
    assert (tmp_path / "ha.repo").read_text() == FILE.format(enabled="0")


@pytest.mark.parametrize("spelling", ["1", "true", "True", "yes"])
def test_an_enabled_one_is_left_alone(world, tmp_path, spelling):
    ret = world(spelling).states.hanfs_repository.enabled("highavailability")
    assert (ret["result"], ret["changes"]) == (True, {})
    assert (tmp_path / "ha.repo").read_text() == FILE.format(enabled=spelling)


@pytest.mark.parametrize("test", [False, True])
def test_a_missing_one_is_an_error_that_says_what_to_do(world, test):
    ret = world(test=test).states.hanfs_repository.enabled("ha")
    assert (ret["result"], ret["changes"]) == (False, {})
    assert "hanfs:lookup:ha_repositories" in ret["comment"]
