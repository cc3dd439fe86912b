"""Which kernel the lab's machines boot, and what is asked of its configuration."""

from __future__ import annotations

import pytest

from tests.lab import kernel
from tests.lab.kernel import Kernel

WANTED = [line for line in kernel.FRAGMENT.read_text().splitlines() if line.startswith("CONFIG_")]
ON = [line for line in WANTED if not line.endswith("=n")]


def test_a_configuration_that_has_all_is_taken():
    kernel._check_options("\n".join(["# a comment", *ON, "CONFIG_MORE=y"]))


@pytest.mark.parametrize("lost", ["CONFIG_SECURITY_SELINUX=y", "CONFIG_NFSD=m"])
def test_an_option_that_did_not_come_through_is_named(lost):
    """As when what it depends on is not there: make says nothing of it."""
    with pytest.raises(RuntimeError, match=lost):
        kernel._check_options("\n".join(line for line in ON if line != lost))


def test_a_module_is_not_the_same_as_built_in():
    """lockd takes its ports from /etc/modprobe.d only as a module."""
    made = [line.replace("CONFIG_NFSD=m", "CONFIG_NFSD=y") for line in ON]
    with pytest.raises(RuntimeError, match="CONFIG_NFSD=m"):
        kernel._check_options("\n".join(made))


def test_an_option_that_was_to_be_off_is_named():
    with pytest.raises(RuntimeError, match="CONFIG_BTRFS_FS=n"):
        kernel._check_options("\n".join([*ON, "CONFIG_BTRFS_FS=m"]))


def test_options_of_the_firewall(tmp_path):
    config = tmp_path / "config"
    config.write_text("CONFIG_NF_TABLES_INET=y\nCONFIG_NF_TABLES_IPV4=y\n")
    assert not Kernel("any", tmp_path).has_firewall
    config.write_text(config.read_text() + "CONFIG_NF_TABLES_IPV6=m\n")
    assert Kernel("any", tmp_path).has_firewall


def test_the_newest_source_takes_the_place_of_the_one_that_was_tried():
    names = ["linux-source-7.4", "linux-source-7.10", "linux-source"]
    assert max(names, key=kernel._version) == "linux-source-7.10"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, and makers that note what they were asked for."""
    monkeypatch.setattr(kernel.paths, "CACHE", tmp_path)
    monkeypatch.delenv(kernel.CHOICE, raising=False)
    kernel.chosen.cache_clear()
    asked = []

    def maker(name):
        def make(work, result, final):
            asked.append(name)

        return make

    monkeypatch.setattr(
        kernel, "_MAKERS", {name: (maker(name), tuple) for name in ("built", "packaged")}
    )
    yield asked
    kernel.chosen.cache_clear()


def test_nothing_waits_for_a_build_that_need_not(cache):
    kernel.ensure(build=False)
    assert kernel.chosen().name == "packaged" and cache == ["packaged"]


def test_a_built_one_is_built_once_and_serves_everybody(cache, monkeypatch):
    for build in (True, True, False):
        kernel.ensure(build)
        monkeypatch.delenv(kernel.CHOICE)
        kernel.chosen.cache_clear()
    assert kernel.chosen().name == "built" and cache == ["built"]


@pytest.mark.parametrize("error", [LookupError, RuntimeError])
def test_where_none_can_be_built_the_packaged_one_serves_and_it_is_said(
    cache, monkeypatch, capsys, error
):
    def fail(work, result, final):
        raise error("no such package")

    monkeypatch.setitem(kernel._MAKERS, "built", (fail, tuple))
    kernel.ensure(build=True)
    assert kernel.chosen().name == "packaged"
    assert "NO KERNEL COULD BE BUILT" in "".join(capsys.readouterr())


def test_what_the_environment_names_is_taken(cache, monkeypatch):
    kernel.ensure(build=True)
    kernel.chosen.cache_clear()
    monkeypatch.setenv(kernel.CHOICE, "packaged")
    kernel.ensure(build=True)
    assert kernel.chosen().name == "packaged" and cache == ["built", "packaged"]


def test_without_any_the_message_names_what_was_looked_for(cache):
    with pytest.raises(LookupError, match="built or packaged"):
        kernel.chosen()
