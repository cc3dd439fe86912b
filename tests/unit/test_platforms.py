"""What the formula does on each operating system is what stands in golden/platforms."""

from __future__ import annotations

import difflib

import pytest

from tests.support import platforms, rendering, sites


@pytest.mark.parametrize("system", rendering.systems())
def test_the_platform_is_as_recorded(system):
    recorded = platforms.GOLDEN / f"{system}.yaml"
    old = recorded.read_text() if recorded.exists() else ""
    new = platforms.describe(system)
    difference = difflib.unified_diff(
        old.splitlines(), new.splitlines(), str(recorded.name), "now", lineterm="", n=2
    )
    assert old == new, "\n".join([*difference, f"if that is right: {COMMAND}"])


COMMAND = "python3 -m tests.support.platforms, with the Python of the tests"


def test_no_file_of_a_system_that_is_not_recorded_any_more():
    files = {path.stem for path in platforms.GOLDEN.glob("*.yaml")}
    assert files == set(rendering.systems())


@pytest.mark.parametrize(
    "system,agent,wanted",
    [
        ("debian-13", "fence_apc_snmp", {"fence-agents-apc-snmp"}),
        ("debian-13", "stonith:fence_ilo", {"fence-agents-ilo2"}),
        ("debian-13", "stonith:fence_virt", {"fence-virt"}),
        ("debian-13", "fence_of_our_own", set()),
        ("debian-12", "fence_apc_snmp", set()),
        ("debian-11", "fence_xvm", {"fence-virt"}),
        ("ubuntu-24.04", "fence_xvm", {"fence-virt"}),
        ("ubuntu-26.04", "fence_xvm", {"fence-virt"}),
        ("rocky-9", "fence_xvm", set()),
        ("debian-13", 7, set()),
        ("debian-13", ["fence_apc"], set()),
    ],
)
def test_packages_of_fence_agents(tmp_path, system, agent, wanted):
    found = []
    for one in (agent, "fence_ipmilan"):
        site = sites.hardened({"fencing:devices:fence-2:agent": one})
        low = rendering.render(tmp_path, {"hanfs": {"sites": {"athens": site}}}, system)
        (step,) = [step for step in low if step["state"] == "pkg"][:1]
        assert len(step["pkgs"]) == len(set(step["pkgs"])), "none twice"
        found.append(set(step["pkgs"]))
    assert found[0] - found[1] == wanted and found[1] <= found[0] | {"fence-agents-ipmilan"}
