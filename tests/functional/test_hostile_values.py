"""Hostile values that pillar may have arrive exactly, as the program that reads them says."""

import re
import shlex

import pytest
from salt.exceptions import CommandExecutionError

from tests.support.cluster_tools import VERSIONS, for_version
from tests.support.hostile import FLAT
from tests.support.sites import bent, hardened
from tests.unit.test_hanfs_hostile import WHOLE

PATH = "hanfs:sites:athens"
MORE = [
    "a'b\"c", "a\\nb", "$HOME", "%n%s", "#x", "a;b|c&d", "{{ x }}", "é\u00df", "x" * 60000, "a=b",
    "  both  ", "!a", "~", "<a>&b;", "'; reboot; '", "[x]", "0x10", "1e3", "yes", "-n", "\u4e2d",
]  # fmt: skip


@pytest.fixture(params=VERSIONS)
def tools(request, tmp_path):
    return for_version(request.param, tmp_path)


def right(world, key, make=lambda value: value):
    """Those that the check takes there."""
    found = [value for value in [*FLAT, *MORE] if isinstance(value, (str, int))]
    problems = world.library._hanfs_schema.problems
    return [value for value in found if not problems(bent(WHOLE, {key: make(value)}), PATH)]


def refused(world, primitives):
    """Values that the engine does not write, because this Pacemaker would keep something else."""
    try:
        world.salt["cib.plan"]({"primitives": primitives})
    except CommandExecutionError as err:
        assert "beyond ASCII" in str(err)
        names = re.findall(r"primitives:(d\d+)", str(err))
        found = [primitives[name]["attributes"]["fake"] for name in names]
        assert found and not any(value.isascii() for value in found)
        return found
    return []


def test_parameters_in_the_cib(tools):
    """One device with all of them, read by Pacemaker itself."""
    world = tools.world()
    world.pillar.update({"hanfs": {"sites": {"athens": WHOLE}}})
    key = "fencing:devices:fence-1:options:ip"
    values = [one for one in right(world, key) if isinstance(one, str)]
    taken = []
    for value in values:
        site = bent(WHOLE, {key: value})
        normal = world.library._hanfs_schema.normalise(site, PATH)
        description = world.library._hanfs_model.description(normal, world.grains)
        if not world.library._cib_describe.problems(description, world.machine.pillar):
            taken.append(value)
    assert len(taken) > 40
    primitives = {
        f"d{number}": {"agent": "ocf:pacemaker:Dummy", "attributes": {"fake": value}}
        for number, value in enumerate(taken)
    }
    taken = [one for one in taken if one not in refused(world, primitives)]
    primitives = {
        f"d{number}": {"agent": "ocf:pacemaker:Dummy", "attributes": {"fake": value}}
        for number, value in enumerate(taken)
    }
    world.salt["cib.apply"]({"primitives": primitives}, wait=0)
    script = "; ".join(
        f"crm_resource -r d{number} -g fake >{tools.directory}/{number}"
        for number in range(len(taken))
    )
    tools.run("sh", "-c", script, check=False)
    for number, value in enumerate(taken):
        said = (tools.directory / str(number)).read_bytes()
        assert said == value.encode() + b"\n", (value[:80], said[:80])


def test_the_password(tools):
    """Set by chpasswd from our line, and tried by PAM's own helper."""
    world = tools.world()
    values = [one for one in right(world, "cluster:password") if isinstance(one, str)]
    assert len(values) > 40
    script = []
    for value in values:
        line = shlex.quote(f"hacluster:{value}")
        script.append(f"printf '%s\\n' {line} | chpasswd; printf '%s\\0' {shlex.quote(value)} |"
                      " unix_chkpwd hacluster nonull >/dev/null 2>&1; echo $?")  # fmt: skip
    done = tools.run("sh", "-c", "\n".join(script), check=False)
    answers = done.stdout.split()
    assert [v[:60] for v, code in zip(values, answers) if code != "0"] == [], done.stderr[-500:]
    assert len(answers) == len(values)


def test_sbd_s_settings(tools):
    """The file is read by a shell, too."""
    world = tools.world()
    key = "fencing:sbd:options:SBD_OPTS"
    values = [str(one) for one in right(world, key) if not isinstance(one, bool)]
    assert len(values) > 5
    file = tools.directory / "sbd"
    script, wanted = [], []
    for number, value in enumerate(values):
        sbd = world.library._hanfs_schema.normalise(bent(WHOLE, {key: value}), PATH)["fencing"][
            "sbd"
        ]
        settings = world.library._hanfs_sbd.wanted_settings(sbd)
        text = world.library._hanfs_sbd.settings_text("", settings)
        file.with_suffix(f".{number}").write_text(text)
        script.append(f"(. {file}.{number}; printf '%s\\n' \"$SBD_OPTS\")")
        wanted.append(value)
    done = tools.run("sh", "-c", "\n".join(script))
    assert done.stdout.split("\n")[:-1] == wanted


def test_numbers_in_nfs_conf_and_modprobe(tools):
    """nfsconf and modprobe read what the formula writes."""
    world = tools.world()
    site = hardened({"nfs": {"threads": 4096, "lease_time": 10, "grace_time": 3600}})
    nfs = world.library._hanfs_schema.normalise(site, PATH)["nfs"]
    values = world.library._hanfs_settings.nfs_values(nfs)
    text = world.library._hanfs_settings_text.ini_set("", values)
    file = tools.directory / "nfs.conf"
    file.write_text(text)
    if tools.run("test", "-x", "/usr/sbin/nfsconf", check=False).returncode == 0:
        for section, pairs in values.items():
            for name, value in pairs.items():
                done = tools.run("nfsconf", "-f", str(file), "--get", section, name)
                assert done.stdout.strip() == str(value), (section, name)
    folder = tools.directory / "modprobe.d"
    folder.mkdir()
    files = world.library._hanfs_settings.lockd_files(nfs)
    (text,) = [one for path, one in files.items() if path.startswith("/etc/modprobe.d/") and one]
    (folder / "hanfs.conf").write_text(text)
    said = tools.run("modprobe", "--showconfig", "-C", str(folder)).stdout
    for name, port in world.library._hanfs_settings.lockd_kernel(nfs).items():
        word = name.rpartition("/")[2]
        assert f"{word}={port}" in said, said[-300:]
