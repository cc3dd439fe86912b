"""The whole formula rendered by Salt itself: every supported system, and pillars that are wrong.

The grains in data/grains are what Salt's own code makes of each distribution's os-release file.
"""

from __future__ import annotations

import copy
import functools
import json
from pathlib import Path

import pytest
import yaml

from tests.support import rendering, sites
from tests.support.hostile import FLAT, KEYS

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = yaml.safe_load((ROOT / "pillar.example").read_text())
PASSWORD = "quite-Secret-7"
FENCE_SECRET = "quite-Secret-8"
CHECK = "The site in pillar is complete and fits this machine"
DEFAULTS = yaml.safe_load((ROOT / "hanfs" / "defaults.yaml").read_text())["default"]

COMMON = {"pcs", "pacemaker", "corosync", "lvm2", "xfsprogs", "e2fsprogs", "firewalld"}
EL_PACKAGES = COMMON | {"nfs-utils", "pacemaker-cli", "resource-agents", "fence-agents-all"}
DEB_PACKAGES = COMMON | {"nfs-kernel-server", "nfs-common", "pacemaker-cli-utils", "psmisc"}
DEB_AGENTS = {"resource-agents", "fence-agents"}
TRIXIE_FENCING = ("ipmilan", "redfish", "sbd", "scsi", "virsh", "vmware-rest")
TRIXIE_AGENTS = {"resource-agents", *(f"fence-agents-{name}" for name in TRIXIE_FENCING)}
UBUNTU_AGENTS = {
    f"{kind}-agents-{half}" for kind in ("resource", "fence") for half in ("base", "extra")
}

# grains: (packages, owner of the mount point, repositories)
SYSTEMS = {
    "centos-7": (EL_PACKAGES, ("nfsnobody", "nfsnobody"), []),
    "rhel-7": (EL_PACKAGES, ("nfsnobody", "nfsnobody"), ["rhel-ha-for-rhel-7-server-rpms"]),
    "rhel-8": (EL_PACKAGES, ("nobody", "nobody"), ["rhel-8-for-x86_64-highavailability-rpms"]),
    "rhel-9": (EL_PACKAGES, ("nobody", "nobody"), ["rhel-9-for-x86_64-highavailability-rpms"]),
    "rhel-10": (EL_PACKAGES, ("nobody", "nobody"), ["rhel-10-for-x86_64-highavailability-rpms"]),
    "centos-stream-8": (EL_PACKAGES, ("nobody", "nobody"), ["ha"]),
    "centos-stream-9": (EL_PACKAGES, ("nobody", "nobody"), ["highavailability"]),
    "centos-stream-10": (EL_PACKAGES, ("nobody", "nobody"), ["highavailability"]),
    "almalinux-8": (EL_PACKAGES, ("nobody", "nobody"), ["ha"]),
    "almalinux-9": (EL_PACKAGES, ("nobody", "nobody"), ["highavailability"]),
    "almalinux-10": (EL_PACKAGES, ("nobody", "nobody"), ["highavailability"]),
    "rocky-8": (EL_PACKAGES, ("nobody", "nobody"), ["ha"]),
    "rocky-9": (EL_PACKAGES, ("nobody", "nobody"), ["highavailability"]),
    "rocky-10": (EL_PACKAGES, ("nobody", "nobody"), ["highavailability"]),
    "oracle-8": (EL_PACKAGES, ("nobody", "nobody"), ["ol8_addons"]),
    "oracle-9": (EL_PACKAGES, ("nobody", "nobody"), ["ol9_addons"]),
    "oracle-10": (EL_PACKAGES, ("nobody", "nobody"), ["ol10_addons"]),
    "debian-11": (DEB_PACKAGES | DEB_AGENTS, ("nobody", "nogroup"), []),
    "debian-12": (DEB_PACKAGES | DEB_AGENTS, ("nobody", "nogroup"), []),
    "debian-13": (DEB_PACKAGES | TRIXIE_AGENTS, ("nobody", "nogroup"), []),
    "ubuntu-22.04": (DEB_PACKAGES | UBUNTU_AGENTS, ("nobody", "nogroup"), []),
    "ubuntu-24.04": (DEB_PACKAGES | UBUNTU_AGENTS, ("nobody", "nogroup"), []),
    "ubuntu-26.04": (DEB_PACKAGES | UBUNTU_AGENTS, ("nobody", "nogroup"), []),
}

# The order of the whole run. What is missing under `firewall: {manage: false}` comes in square
# brackets, what only Debian and its kin have in angle ones.
STEPS = [
    "saltutil.sync_modules",
    "saltutil.sync_states",
    "hanfs.checked",
    "hanfs.linted",
    "<hanfs.packages_start_nothing>",
    "pkg.installed",
    "hanfs.agents_known",
    "[service.running firewalld]",
    "[hanfs.firewall_allows]",
    "hanfs.nfs_left_to_cluster",
    "file.managed",
    "<hanfs.init_script_off>",
    "hanfs.nfs_settings",
    "hanfs.mount_point",
    "hanfs.storage_ready",
    "pcs.stub_removed",
    "pcs.password_set",
    "service.running pcsd",
    "hanfs.fencing_keys",
    "hanfs.nodes_ready",
    "hanfs.nodes_trusted",
    "hanfs.cluster_formed",
    "service.running corosync",
    "service.running pacemaker",
    "hanfs.cluster_online",
    "hanfs.peers_agree",
    "hanfs.export_directories",
    "hanfs.exports_file",
    "hanfs.configured",
    "hanfs.healthy",
]


def pillar(**changes):
    """pillar.example with its one site athens, and that site's keys replaced."""
    tree = copy.deepcopy(EXAMPLE)
    tree["hanfs"]["sites"] = {"athens": {**tree["hanfs"]["sites"]["athens"], **changes}}
    tree["hanfs"]["sites"]["athens"]["cluster"]["password"] = PASSWORD
    return tree


@pytest.fixture
def render(tmp_path):
    """A function that renders the formula as a minion would, to the low data."""
    return functools.partial(rendering.render, tmp_path)


def named(low, function):
    """The one step that calls a state function."""
    found = [step for step in low if f"{step['state']}.{step['fun']}" == function]
    assert len(found) == 1, f"{function}: {len(found)} times"
    return found[0]


def steps(low):
    """The run's steps in order, as in STEPS."""
    return [
        f"{step['state']}.{step['fun']}"
        + (f" {step['name']}" if step["state"] == "service" else "")
        for step in sorted(low, key=lambda step: step["order"])
    ]


def wanted_steps(firewall=True, debian=True):
    left = [step for step in STEPS if firewall or not step.startswith("[")]
    return [step.strip("[]<>") for step in left if debian or not step.startswith("<")]


@pytest.mark.parametrize("system", sorted(SYSTEMS))
def test_every_supported_system_gets_its_own_names(render, system):
    packages, owner, repositories = SYSTEMS[system]
    low = render(pillar(), system)
    assert set(named(low, "pkg.installed")["pkgs"]) == packages
    mount_point = named(low, "hanfs.mount_point")
    assert (mount_point["user"], mount_point["group"], mount_point["mode"]) == (*owner, "0755")
    enabled = [step["name"] for step in low if step["state"] == "hanfs_repository"]
    assert enabled == repositories
    own = ("hanfs_repository.enabled", "hanfs.unit_off")
    common = [step for step in steps(low) if step not in own]
    assert common == wanted_steps(debian=system.startswith(("debian", "ubuntu")))


def test_every_recorded_system_is_tested():
    assert set(rendering.systems()) == set(SYSTEMS)


def test_debian_13_does_not_pull_in_every_fence_agent(render):
    assert named(render(pillar(), "debian-13"), "pkg.installed")["install_recommends"] is False
    assert "install_recommends" not in named(render(pillar(), "debian-12"), "pkg.installed")


@pytest.mark.parametrize("enabled", [True, False])
def test_semanage_comes_where_selinux_is_enabled(render, enabled):
    """Only the profile hardened tells SELinux anything."""
    grains = json.loads((rendering.GRAINS / "debian-12.json").read_text())
    grains |= {"id": "nfs-server1", "selinux": {"enabled": enabled, "enforced": "Enforcing"}}
    for profile, wanted in (("article", False), ("hardened", enabled)):
        low = render(pillar(profile=profile), grains=grains)
        packages = named(low, "pkg.installed")["pkgs"]
        assert ("policycoreutils-python-utils" in packages) == wanted


def test_unknown_system_fails_with_a_sentence_and_touches_nothing(render):
    grains = {"id": "nfs-server1", "os": "Void", "os_family": "Void"}
    low = render(pillar(), grains=grains)
    assert "no package names for Void" in named(low, "test.fail_without_changes")["name"]
    assert named(low, "pkg.installed")["require"] == [{"sls": "hanfs.check"}]


def test_lookup_overrides_the_names(render):
    tree = pillar()
    tree["hanfs"]["lookup"] = {"ha_repositories": ["my-ha"], "mount_user": "nfs"}
    low = render(tree, "rocky-9")
    assert named(low, "hanfs_repository.enabled")["name"] == "my-ha"
    assert named(low, "hanfs.mount_point")["user"] == "nfs"


def test_every_step_waits_for_the_one_before(render):
    """If a step fails, nothing after it runs: walk the requisites back from the last step."""
    for firewall in (True, False):
        low = render(pillar(firewall={"manage": firewall}), "rocky-9")
        required = set()
        waiting = [named(low, "hanfs.healthy")]
        while waiting:
            step = waiting.pop()
            for requisite in step.get("require", []):
                ((kind, target),) = requisite.items()
                for other in low:
                    matches = other["__sls__"] if kind == "sls" else other["__id__"]
                    if (
                        matches == target
                        and kind in ("sls", other["state"])
                        and id(other) not in required
                    ):
                        required.add(id(other))
                        waiting.append(other)
        loose = [f"{s['state']}.{s['fun']}" for s in low if id(s) not in required]
        assert loose == ["saltutil.sync_modules", "saltutil.sync_states", "hanfs.healthy"]


def test_states_of_the_site_get_its_path_and_nothing_else_of_it(render):
    """What is in it they look up themselves (test_hanfs_site.py)."""
    entries = [{**EXAMPLE["hanfs"]["sites"]["athens"]["storage"], "grow": True}]
    given = {
        "profile": "hardened",
        "storage": entries,
        "timeouts": {"peer": 11, "storage": 12, "settle": 13},
        "fencing": {"enabled": True, "sbd": {"devices": ["/dev/x"]}},
    }
    flat = {"hanfs": pillar(**given)["hanfs"]["sites"]["athens"]}
    about_machine = {"checked", "packages_start_nothing", "storage_outlives_cluster"}
    about_machine |= {"init_script_off", "unit_off", "sbd_enabled"}
    of_defaults = {"defaults", "user", "group", "mode", "services", "helpers", "style", "shared"}
    of_defaults |= {"autoactivation", "running", "wanted", "link_priorities"}
    for tree, path in ((pillar(**given), "hanfs:sites:athens"), (flat, "hanfs")):
        for system in ("debian-12", "rocky-8"):
            low = [step for step in render(tree, system) if step["state"] == "hanfs"]
            with_path = {step["fun"] for step in low if "path" in step}
            assert with_path == {step["fun"] for step in low} - about_machine
            assert {step["path"] for step in low if "path" in step} == {path}
            for step in low:
                more = {key for key in step if not key.startswith("__")} - of_defaults
                more -= {"name", "state", "fun", "order", "require", "require_in", "path"}
                assert more in (set(), {"mountpoint"})
                assert ("mountpoint" in more) == (step["fun"] in ("storage_ready", "storage_grown"))


def test_firewall_left_alone_needs_no_firewalld(render):
    low = render(pillar(firewall={"manage": False}))
    assert steps(low) == wanted_steps(firewall=False)
    assert "firewalld" not in named(low, "pkg.installed")["pkgs"]


@pytest.mark.parametrize("minion_id", ["nfs-server1", "nfs-a.sparta.example"])
def test_no_secret_of_the_example_is_rendered(render, minion_id):
    low = render(copy.deepcopy(EXAMPLE), minion_id=minion_id)
    assert named(low, "hanfs.configured")["path"] != "hanfs"
    assert secrets(EXAMPLE)
    assert not [secret for secret in secrets(EXAMPLE) if secret in json.dumps(low)]


def secrets(value):
    """The values of all keys that have a secret's name, and what stands beside them."""
    if isinstance(value, list):
        return [secret for one in value for secret in secrets(one)]
    found = []
    for key, one in value.items() if isinstance(value, dict) else ():
        hidden = key in ("password", "content", "secrets")
        found += texts(one) if hidden else secrets(one)
    return found


def texts(value):
    return (
        [value] if isinstance(value, str) else [one for key in value for one in texts(value[key])]
    )


def test_the_password_is_nowhere_in_what_is_rendered(render):
    flat = {"hanfs": pillar()["hanfs"]["sites"]["athens"]}
    for tree, path in ((pillar(), "hanfs:sites:athens"), (flat, "hanfs")):
        low = render(tree)
        assert PASSWORD not in json.dumps(low)
        assert named(low, "pcs.password_set")["password_pillar"] == f"{path}:cluster:password"
        assert named(low, "hanfs.nodes_trusted")["path"] == path


def test_the_pillar_keeps_its_password(render, tmp_path):
    """The states look the password up in the pillar itself."""
    tree = pillar()
    kept = copy.deepcopy(tree)
    render(tree)
    assert tree == kept


def test_other_sites_are_not_in_what_is_rendered(render):
    tree = copy.deepcopy(EXAMPLE)
    low = render(tree, minion_id="nfs-a.sparta.example")
    assert {step["path"] for step in low if "path" in step} == {"hanfs:sites:sparta"}
    assert "athens" not in json.dumps(low)


@pytest.mark.parametrize("minion_id", ["nfs-server1", "nfs-server1.example.org"])
def test_a_site_is_found_by_id_host_or_fqdn(render, minion_id):
    low = render(pillar(), minion_id=minion_id)
    assert named(low, "hanfs.configured")["path"] == "hanfs:sites:athens"


def test_no_site_and_two_sites_reach_the_check(render):
    """It looks for them itself."""
    low = render(pillar(), minion_id="elsewhere")
    assert named(low, "hanfs.checked")["defaults"]["nfs_unit"] == "nfs-server"
    assert named(low, "hanfs.configured")["path"] == "hanfs"
    tree = pillar()
    tree["hanfs"]["sites"]["copy"] = copy.deepcopy(tree["hanfs"]["sites"]["athens"])
    low = render(tree)
    assert {step["path"] for step in low if "path" in step} == {"hanfs:sites:athens"}
    assert steps(low) == wanted_steps()


WRONG = [None, "text", 7, ["text"], {"text": "text"}]


@pytest.mark.parametrize(
    "path",
    [
        "hanfs",
        "hanfs:lookup",
        "hanfs:sites",
        "hanfs:sites:athens",
        "hanfs:sites:athens:cluster",
        "hanfs:sites:athens:cluster:name",
        "hanfs:sites:athens:cluster:nodes",
        "hanfs:sites:athens:cluster:nodes:nfs-server1",
        "hanfs:sites:athens:cluster:password",
        "hanfs:sites:athens:cluster:totem",
        "hanfs:sites:athens:storage",
        "hanfs:sites:athens:storage:mountpoint",
        "hanfs:sites:athens:storage:mode",
        "hanfs:sites:athens:exports",
        "hanfs:sites:athens:address",
        "hanfs:sites:athens:fencing",
        "hanfs:sites:athens:firewall",
        "hanfs:sites:athens:firewall:manage",
        "hanfs:sites:athens:firewall:services",
        "hanfs:sites:athens:timeouts",
        "hanfs:sites:athens:timeouts:peer",
        "hanfs:sites:athens:cluster_config",
    ],
)
def test_a_wrong_type_anywhere_still_renders_up_to_the_check(render, path):
    """Whatever stands in pillar: hanfs.checked is there to say what is wrong with it."""
    for wrong in WRONG:
        tree = pillar()
        *parents, key = path.split(":")
        place = tree
        for parent in parents:
            place = place[parent]
        place[key] = wrong
        low = render(tree)
        assert named(low, "hanfs.linted")["require"] == [{"hanfs": CHECK}], wrong
        assert PASSWORD not in json.dumps(low), wrong


# What map.jinja looks at, and the rest of the site, which it does not.
LEAVES = [
    *"profile cluster:name cluster:password cluster:totem cluster:nodes:nfs-server2".split(),
    *"fencing:enabled fencing:sbd fencing:key_files fencing:devices:f1 firewall:manage".split(),
    *"fencing:devices:f2:agent fencing:devices:f2:secrets storage:0:mountpoint".split(),
    *"storage:1:mountpoint storage:1:grow storage:2 exports address timeouts lint nfs".split(),
]
SECTIONS = ["firewall", "storage", "cluster_config", "exports", "timeouts", "profile"]
FENCING = ["fencing", "fencing:devices", "fencing:sbd"]


def crowded():
    """A site with something in all places of LEAVES."""
    first = EXAMPLE["hanfs"]["sites"]["athens"]["storage"]
    return pillar(
        storage=[{**first, "grow": True}, {**first, "mountpoint": "/srv/b"}, {}],
        fencing={
            "enabled": True,
            "sbd": {"devices": ["/dev/x"]},
            "key_files": {"/etc/k": {"content": FENCE_SECRET}},
            "devices": {"f1": {}, "f2": {"agent": "fence_xvm", "secrets": {"p": FENCE_SECRET}}},
        },
        firewall={"manage": True},
    )


def placed(tree, place, value):
    *parents, key = [int(part) if part.isdigit() else part for part in place.split(":")]
    where = tree["hanfs"]["sites"]["athens"]
    for parent in parents:
        where = where[parent]
    where[key] = value


def reaches_the_check(low):
    """Whatever is in pillar, it is rendered to plain lines, and every step hangs on the check."""
    json.dumps(low, allow_nan=False).encode()
    for step in low:
        assert step["__id__"].isprintable() and len(step["__id__"]) < 1000
        words = [word for key, word in step.items() if isinstance(word, str) and key != "contents"]
        assert all(map(str.isprintable, words))
    assert named(low, "hanfs.linted")["require"] == [{"hanfs": CHECK}]
    assert named(low, "hanfs.healthy")["require"] == [{"sls": "hanfs.configuration"}]
    assert len({step["__id__"] for step in low}) == len(low)


@pytest.fixture(scope="module")
def render_often(tmp_path_factory):
    return functools.partial(rendering.render, tmp_path_factory.mktemp("rendered"))


@pytest.mark.parametrize("number", range(len(FLAT)))
def test_no_value_in_a_site_keeps_it_from_being_rendered(render_often, number):
    """Bytes, dates, halves of signs, what is no number: each value once in every place."""
    tree = crowded()
    for offset, place in enumerate(LEAVES):
        placed(tree, place, FLAT[(number + offset) % len(FLAT)])
    tree["hanfs"]["sites"]["broken"] = FLAT[number]
    tree["hanfs"]["timeouts"] = FLAT[number]
    tree["hanfs"]["lookup"] = dict.fromkeys(DEFAULTS, FLAT[number])
    low = render_often(tree)
    reaches_the_check(low)
    assert named(low, "hanfs.configured")["path"] == "hanfs:sites:athens"
    assert PASSWORD not in json.dumps(low) and FENCE_SECRET not in json.dumps(low)


@pytest.mark.parametrize("number", range(0, len(FLAT), 2))
def test_no_section_of_a_site_keeps_it_from_being_rendered(render_often, number):
    tree = crowded()
    for offset, place in enumerate([*SECTIONS, FENCING[number // 2 % len(FENCING)]]):
        placed(tree, place, FLAT[(number + offset) % len(FLAT)])
    tree["hanfs"]["lookup"] = FLAT[number]
    low = render_often(tree)
    reaches_the_check(low)
    assert PASSWORD not in json.dumps(low)
    packages = next(step["pkgs"] for step in low if step["__id__"] == "The packages are installed")
    assert set(packages) >= DEB_PACKAGES - {"firewalld"}


@pytest.mark.parametrize("given", [sites.site(), sites.hardened()], ids=["article", "hardened"])
def test_a_section_may_leave_out_what_has_a_default(render_often, given):
    """Each section with none of its keys, and with one that nobody knows."""
    tree = {"hanfs": {"sites": {"athens": given}}}
    wanted = steps(render_often(tree))
    for place in ("storage", "exports", "address", "firewall", "fencing", "nfs", "timeouts"):
        for said in ({}, {"unheard_of": 1}):
            changed = copy.deepcopy(tree)
            placed(changed, place, said)
            low = render_often(changed)
            reaches_the_check(low)
            assert set(steps(low)) <= set(wanted), place


@pytest.mark.parametrize("place", ["", "cluster:nodes", "cluster", "cluster:nodes:nfs-server1"])
def test_no_site_keeps_it_from_being_rendered(render_often, place):
    for number, value in enumerate(FLAT):
        if number % 8 == len(place) % 8:
            tree = pillar()
            if place:
                placed(tree, place, value)
            else:
                tree["hanfs"]["sites"] = value
            reaches_the_check(render_often(tree))


@pytest.mark.parametrize("key", KEYS, ids=lambda key: repr(type(key))[8:-2])
def test_no_key_in_a_site_keeps_it_from_being_rendered(render_often, key):
    tree = crowded()
    tree["hanfs"][key] = tree["hanfs"]["sites"]["athens"]
    tree["hanfs"]["lookup"] = {key: "x"}
    tree["hanfs"]["sites"][key] = {"cluster": {"nodes": {"nfs-server1": []}}}
    for place in ("fencing:devices:f2", "fencing:devices", "fencing", "storage:0", "cluster:nodes"):
        where = tree["hanfs"]["sites"]["athens"]
        for parent in place.split(":"):
            where = where[int(parent) if parent.isdigit() else parent]
        where[key] = {"agent": FENCE_SECRET}
    tree["hanfs"]["sites"]["athens"][key] = FENCE_SECRET
    low = render_often(tree)
    reaches_the_check(low)
    assert FENCE_SECRET not in json.dumps(low)


@pytest.mark.parametrize(
    "mountpoints, rendered",
    [
        (["/srv/a", "/srv/b"], ["/srv/a", "/srv/b"]),
        (["/srv/a", "/srv/a"], ["/srv/a", "2"]),
        (["2", "/srv/b", None], ["1", "/srv/b", "3"]),
        (["/srv/\x85", "/srv/" + "a" * 5000], ["1", "2"]),
        (["/srv/{{ x }} #: '\"\\", "/srv/\u00e9\U0001f600"],
         ["/srv/{{ x }} #: '\"\\", "/srv/\u00e9\U0001f600"]),
        ([], [""]),
    ],
)  # fmt: skip
def test_a_mount_point_is_its_states_name_if_it_can_be(render, mountpoints, rendered):
    """What is none has a number, and every id is there once."""
    low = render(pillar(storage=[{"mountpoint": one, "grow": True} for one in mountpoints]))
    reaches_the_check(low)
    found = [step["name"] for step in low if step["fun"] == "mount_point"]
    assert found == rendered
    for fun in ("storage_ready", "storage_grown"):
        found = [step["mountpoint"] for step in low if step["fun"] == fun]
        assert found == (rendered if mountpoints or fun == "storage_ready" else [])


HOSTILE = [*WRONG, True, -1.5, [], {}, [None, 7], [["a"]], [{"a": "b"}], {7: [None]}, "{{ x }}", ""]


@pytest.mark.parametrize("wrong", HOSTILE, ids=str)
def test_hostile_values_in_lookup_reach_the_check(render, wrong):
    """A value of another type than its default is not used; the check tells of it."""
    tree = pillar()
    tree["hanfs"]["lookup"] = dict.fromkeys([*DEFAULTS, "nfs_packges", "nodes", "path", 7], wrong)
    low = render(tree)
    reaches_the_check(low)
    check = named(low, "hanfs.checked")
    assert check["defaults"].keys() == DEFAULTS.keys()
    assert check["defaults"]["nfs_packages"] == ["nfs-kernel-server", "nfs-common"]
    assert named(low, "hanfs.configured")["path"] == "hanfs:sites:athens"
    if wrong not in ([], ["text"]):
        assert set(named(low, "pkg.installed")["pkgs"]) == DEB_PACKAGES | DEB_AGENTS


def test_a_lookup_of_another_kind_reaches_the_check(render):
    for wrong in HOSTILE:
        tree = pillar()
        tree["hanfs"]["lookup"] = wrong
        low = render(tree)
        reaches_the_check(low)
        assert set(named(low, "pkg.installed")["pkgs"]) == DEB_PACKAGES | DEB_AGENTS


def test_names_that_are_said_twice_are_used_once(render):
    twice = ["a", "b", "a"]
    tree = pillar()
    keys = ("ha_repositories", "nfs_init_scripts", "nfs_unwanted_units", "nfs_packages")
    tree["hanfs"]["lookup"] = dict.fromkeys(keys, twice)
    low = render(tree)
    for function in ("enabled", "init_script_off", "unit_off"):
        assert [step["name"] for step in low if step["fun"] == function] == ["a", "b"]


SECRET_PLACES = {
    "as it should be": {
        "devices": {"f1": {"agent": "fence_x", "secrets": {"password": FENCE_SECRET}}},
        "key_files": {"/etc/k": {"content": FENCE_SECRET, "encoding": "text"}},
    },
    "among the options": {"devices": {"f1": {"options": {"password": FENCE_SECRET, "ip": "a"}}}},
    "secrets are text": {"devices": {"f1": {"secrets": FENCE_SECRET}}},
    "options are a list": {"devices": {"f1": {"options": [FENCE_SECRET]}}},
    "device is text": {"devices": {"f1": FENCE_SECRET}},
    "devices are a list": {"devices": [{"secrets": {"password": FENCE_SECRET}}]},
    "key files are a list": {"key_files": [{"content": FENCE_SECRET}]},
    "key file is text": {"key_files": {"/etc/k": FENCE_SECRET}},
    "misspelt devices": {"device": {"f1": {"secrets": {"password": FENCE_SECRET}}}},
    "misspelt key files": {"key_file": {"/etc/k": {"content": FENCE_SECRET}}},
    "misspelt secrets": {"devices": {"f1": {"secret": {"password": FENCE_SECRET}}}},
    "misspelt options": {"devices": {"f1": {"option": {"password": FENCE_SECRET}}}},
    "beside the secrets": {"devices": {"f1": {"password": FENCE_SECRET}}},
    "misspelt content": {"key_files": {"/etc/k": {"contents": FENCE_SECRET}}},
}


@pytest.mark.parametrize("case", SECRET_PLACES)
def test_no_secret_of_fencing_is_rendered(render, case):
    text = json.dumps(render(pillar(fencing={"enabled": True, **SECRET_PLACES[case]})))
    assert FENCE_SECRET not in text


def test_no_value_of_an_unknown_key_is_rendered(render):
    text = json.dumps(render(pillar(fenzing={"secrets": FENCE_SECRET})))
    assert FENCE_SECRET not in text and "fenzing" not in text


def test_no_misspelt_password_of_the_cluster_is_rendered(render):
    tree = pillar()
    cluster = tree["hanfs"]["sites"]["athens"]["cluster"]
    cluster["pasword"] = cluster.pop("password")
    text = json.dumps(render(tree))
    assert PASSWORD not in text and "pasword" not in text


@pytest.mark.parametrize("given", [sites.site(), sites.hardened()], ids=["article", "hardened"])
def test_no_secret_in_any_place_is_rendered(render_often, given):
    """Nothing of a site is rendered but the names of mount points."""
    made = with_secrets(given)
    assert str(made).count(PASSWORD) > 20
    for change in ({}, {"fencing:enabled": True, "fencing:sbd": {"device": PASSWORD}}):
        low = render_often(sites.pillar(sites.bent(made, change)))
        assert named(low, "hanfs.configured")["path"] == sites.PATH
        assert PASSWORD not in json.dumps(low)
    for number, way in enumerate(sections(given)):
        secret = [PASSWORD, [PASSWORD], {"a": PASSWORD}, [{"a": PASSWORD}]][number % 4]
        low = render_often(sites.pillar(sites.bent(given, {way: secret})))
        assert PASSWORD not in json.dumps(low), way


def with_secrets(value):
    """The same with a secret for all that is no mapping or list, and one more in every mapping."""
    if isinstance(value, dict):
        made = {
            key: one if key == "mountpoint" else with_secrets(one) for key, one in value.items()
        }
        return made if "nfs-server1" in made else {**made, "unknown": PASSWORD}
    return [*map(with_secrets, value), PASSWORD] if isinstance(value, list) else PASSWORD


def sections(value, here=""):
    """Colon paths of all mappings and lists in it."""
    found = [here[:-1]] if here else []
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in items:
        if isinstance(one, (dict, list)):
            found += sections(one, f"{here}{key}:")
    return found


def test_no_secret_of_a_fencing_that_is_no_mapping(render):
    assert FENCE_SECRET not in json.dumps(render(pillar(fencing=[FENCE_SECRET])))


def test_keys_beside_the_sites_are_not_rendered(render):
    for wrong in HOSTILE:
        tree = pillar()
        tree["hanfs"].update({"timeouts": wrong, 7: wrong, "cluster": {"password": PASSWORD}})
        low = render(tree)
        reaches_the_check(low)
        assert PASSWORD not in json.dumps(low)
        assert low == render(pillar())


def test_values_that_fit_are_used(render):
    tree = pillar()
    tree["hanfs"]["lookup"] = {"nfs_packages": [], "mount_user": 7, "install_recommends": False}
    low = render(tree)
    assert "nfs-common" not in named(low, "pkg.installed")["pkgs"]
    assert named(low, "pkg.installed")["install_recommends"] is False
    assert named(low, "hanfs.mount_point")["user"] == 7


def test_a_broken_site_does_not_break_another(render):
    for wrong in WRONG:
        tree = pillar()
        tree["hanfs"]["sites"]["broken"] = wrong
        tree["hanfs"]["sites"]["broken too"] = {"cluster": {"nodes": wrong}}
        low = render(tree)
        assert {step["path"] for step in low if "path" in step} == {"hanfs:sites:athens"}, wrong


def test_no_pillar_at_all_still_reaches_the_check(render):
    reaches_the_check(render({}))


def test_dry_run_on_a_minion_that_never_synced_is_one_sentence(render):
    low = render(pillar(), synced=False, test=True)
    assert len(low) == 1
    assert "saltutil.sync_all" in named(low, "test.show_notification")["text"]


def test_dry_run_on_a_synced_minion_shows_every_step_and_syncs_nothing(render):
    assert steps(render(pillar(), test=True)) == wanted_steps()[2:]


def test_real_run_on_a_minion_that_never_synced_begins_with_the_sync(render):
    assert steps(render(pillar(), synced=False)) == wanted_steps()


def test_salt_ssh_ships_the_modules_itself(render):
    assert steps(render(pillar(), _ssh_version="OpenSSH_9.2")) == wanted_steps()[2:]


def test_rendering_logs_nothing_secret(render, caplog):
    with caplog.at_level(1):  # Salt logs what it rendered below DEBUG
        render(pillar())
    messages = [record.getMessage() for record in caplog.records]
    rendered = [message for message in messages if "Rendered data" in message]
    assert rendered
    assert not [message for message in rendered if PASSWORD in message]


def test_sbd_is_ready_before_the_cluster_starts_and_enabled_after_it_is_made(render):
    """pcs disables SBD when it sets a cluster up; corosync, once started, takes it along."""
    sbd = {"devices": ["/dev/disk/by-id/sbd"], "initialize": True}
    low = render(pillar(fencing={"enabled": True, "sbd": sbd}))
    order = steps(low)
    wanted = [
        "service.running pcsd",
        "hanfs.fencing_keys",
        "pkg.installed",
        "hanfs.sbd_configured",
        "hanfs.sbd_disks_ready",
        "hanfs.cluster_formed",
        "hanfs.sbd_enabled",
        "service.running corosync",
        "hanfs.cluster_online",
        "hanfs.sbd_running",
        "hanfs.configured",
    ]
    assert [step for step in order if step in wanted][1:] == wanted
    corosync = next(step for step in low if step.get("name") == "corosync")
    assert {"hanfs": "SBD starts with the cluster"} in corosync["require"]
    assert {"sls": "hanfs.peers"} in named(low, "hanfs.export_directories")["require"]
    packages = [step["pkgs"] for step in low if step["state"] == "pkg"]
    assert [("sbd" in names) for names in packages] == [False, True]


@pytest.mark.parametrize(
    "fencing", [None, 1, [], {"enabled": False, "sbd": {}}, {"enabled": True, "sbd": None}]
)
def test_without_sbd_nothing_of_it_is_touched(render, fencing):
    low = render(pillar(fencing=fencing))
    assert steps(low) == wanted_steps()


# --- storage --------------------------------------------------------------------------------------


def test_one_state_for_each_file_system_and_growth_where_it_is_asked_for(render):
    entries = [
        {"device": "/dev/vdb", "vg": "NFS", "lv": "a", "size": "20G", "fstype": "xfs",
         "mountpoint": "/srv/a", "initialize": True, "user": "data"},
        {"device": "/dev/vdb", "vg": "NFS", "lv": "b", "fstype": "ext4", "mountpoint": "/srv/b",
         "initialize": True, "grow": True},
    ]  # fmt: skip
    low = render(pillar(storage=entries, profile="hardened"))
    for function in ("storage_ready", "mount_point"):
        found = [step for step in low if step["fun"] == function]
        where = "name" if function == "mount_point" else "mountpoint"
        assert [step[where] for step in found] == ["/srv/a", "/srv/b"]
    points = [step for step in low if step["fun"] == "mount_point"]
    assert {(step["user"], step["group"], step["mode"]) for step in points} == {
        ("root", "root", "0555")
    }, "what the site says of them the state looks up"
    (grown,) = [step for step in low if step["fun"] == "storage_grown"]
    assert grown["mountpoint"] == "/srv/b"
    order = [step["fun"] for step in low]
    assert order.index("configured") < order.index("storage_grown") < order.index("healthy")
