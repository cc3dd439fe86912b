"""
What the formula does on each operating system, as files that people can read: the states with
packages, repositories, units, owners and paths, and the texts of the files that it writes.

``python3 -m tests.support.platforms`` writes ``tests/unit/golden/platforms/*.yaml`` anew, with the
Python of the tests. A difference is a change of what machines would be told: look names up in
docs/platforms.md and at the distributions before a file is changed.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import yaml

from tests.support import rendering, sites
from tests.support.salt_modules import load

GOLDEN = rendering.ROOT / "tests" / "unit" / "golden" / "platforms"
# What is the same on all systems, or says where a state stands.
LEFT_OUT = (
    "state fun order require require_in path mountpoint defaults password_pillar reload_modules "
    "refresh contents backup __id__ __sls__ __env__ __sls_included_from__"
).split()
# nfs-utils 1 has no nfsdcld, and Red Hat's system of its time no Python 3.
NOT_THERE = {"default": ["nfsdcld"], "sysconfig": ["nfsdcld"]}
PROFILES = {
    "article": sites.site(),
    # One agent of a package of its own on Debian 13, and one that has another's name.
    "hardened": sites.hardened({"fencing:devices:fence-2:agent": "fence_xvm"}),
}


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as blocks, so that a difference is one line; lists are indented."""

    def increase_indent(self, flow=False, indentless=False):
        return super().increase_indent(flow, False)


_Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar(
        "tag:yaml.org,2002:str", text, style="|" if "\n" in text else None
    ),
)


def describe(system):
    """The text of the golden file of an operating system."""
    found = {}
    for profile, site in PROFILES.items():
        pillar = {"hanfs": {"sites": {"athens": site}}}
        with tempfile.TemporaryDirectory() as directory:
            low = rendering.render(Path(directory), pillar, system)
        steps = sorted(low, key=lambda step: step["order"])
        found[profile] = [_step(step) for step in steps]
        if profile == "hardened":
            found["files"] = _files(steps)
    # yamllint's own settings are for what people write.
    return "# yamllint disable rule:line-length\n" + yaml.dump(
        found, Dumper=_Dumper, sort_keys=False, width=1000
    )


def _step(step):
    given = {key: value for key, value in step.items() if key not in LEFT_OUT}
    if given.get("name") == step["__id__"] or given.get("name") in (None, ""):
        given.pop("name", None)
    if "pkgs" in given:
        given["pkgs"] = sorted(given["pkgs"])
    return {f"{step['state']}.{step['fun']}": given} if given else f"{step['state']}.{step['fun']}"


def _files(steps):
    """path -> text, as the states of the profile hardened write them on a machine without any."""
    library = load(states=False).library
    settings = library._hanfs_settings
    site = library._hanfs_schema.normalise(PROFILES["hardened"])
    named = {f"{step['state']}.{step['fun']}": step for step in steps}
    style = named["hanfs.nfs_settings"]["style"]
    others = ["vg0"] if named["hanfs.lvm_settings"]["autoactivation"] == "list" else None
    paths = settings.paths()
    shared = [item["vg"] for item in site["file_systems"]]
    files = settings.nfs_wanted(site["nfs"], style, {})["files"]
    files.update(settings.lockd_files(site["nfs"]))
    files[paths["lvm_local"]] = settings.lvm_wanted(shared, {}, others)["text"]
    files[paths["resource_dependencies"]] = settings.resource_dependencies()
    helpers = library._hanfs_helpers
    units = [name for name in helpers.every() if name not in NOT_THERE.get(style, ())]
    python = None if style == "sysconfig" else helpers.PYTHONS[0]
    kept = helpers.files(site["nfs"], False, units, {"nfs-mountd"}, python)
    files.update({path: text for path, text in kept.items() if text})
    if "hanfs.packages_start_nothing" in named:
        files[paths["policy"]] = settings.policy_text()
    return {path: text.expandtabs() for path, text in files.items()}


def main():
    """Write the golden files."""
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for system in rendering.systems():
        (GOLDEN / f"{system}.yaml").write_text(describe(system))
    return 0


if __name__ == "__main__":
    sys.exit(main())
