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

from tests.support import rendering
from tests.support.salt_modules import load

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = yaml.safe_load((ROOT / "pillar.example").read_text())
PASSWORD = "quite-Secret-7"

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
    "pcs.hosts_authenticated",
    "pcs.cluster_created",
    "service.running corosync",
    "service.running pacemaker",
    "pcs.cluster_online",
    "hanfs.peers_agree",
    "hanfs.export_directories",
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


def test_nodes_and_exports_keep_the_order_of_the_pillar(render):
    """The first node creates; Salt's json filter sorts keys, which would make that another node."""
    tree = pillar()
    nodes = {"zeta": ["10.0.0.1"], "alpha": ["10.0.0.2"], "midi": ["10.0.0.3"]}
    tree["hanfs"]["sites"]["athens"]["cluster"]["nodes"] = nodes
    low = render(tree, minion_id="alpha")
    for function in ("pcs.cluster_created", "pcs.hosts_authenticated", "pcs.cluster_online"):
        assert list(named(low, function)["nodes"]) == ["zeta", "alpha", "midi"]
    site = named(low, "hanfs.configured")["site"]
    assert list(site["cluster"]["nodes"]) == ["zeta", "alpha", "midi"]
    assert named(low, "pcs.cluster_created")["creator"] == "zeta"
    assert named(low, "hanfs.storage_ready")["creator"] == "zeta"


def test_values_of_the_site_reach_the_states(render):
    tree = pillar(
        timeouts={"peer": 11, "storage": 12, "settle": 13},
        firewall={"zone": "internal", "services": ["nfs"]},
    )
    tree["hanfs"]["sites"]["athens"]["storage"].update(user="data", group="staff", mode="0700")
    low = render(tree)
    for function in (
        "hanfs.nodes_ready",
        "pcs.hosts_authenticated",
        "pcs.cluster_created",
        "pcs.cluster_online",
    ):
        assert named(low, function)["timeout"] == 11
    assert named(low, "hanfs.storage_ready")["timeout"] == 12
    assert named(low, "hanfs.healthy")["timeout"] == 13
    firewall = named(low, "hanfs.firewall_allows")["site"]["firewall"]
    assert firewall == {"zone": "internal", "services": ["nfs"]}
    mount_point = named(low, "hanfs.mount_point")
    assert [mount_point[key] for key in ("user", "group", "mode")] == ["data", "staff", "0700"]
    assert named(low, "pcs.cluster_created")["totem"] == {"token": 10000}


def test_firewall_left_alone_needs_no_firewalld(render):
    low = render(pillar(firewall={"manage": False}))
    assert steps(low) == wanted_steps(firewall=False)
    assert "firewalld" not in named(low, "pkg.installed")["pkgs"]


def test_the_password_is_nowhere_in_what_is_rendered(render):
    flat = {"hanfs": pillar()["hanfs"]["sites"]["athens"]}
    for tree, path in ((pillar(), "hanfs:sites:athens"), (flat, "hanfs")):
        low = render(tree)
        assert PASSWORD not in json.dumps(low)
        for function in ("pcs.password_set", "pcs.hosts_authenticated"):
            assert named(low, function)["password_pillar"] == f"{path}:cluster:password"


def test_the_pillar_keeps_its_password(render, tmp_path):
    """Stripping works on a copy: the states look the password up in the pillar itself."""
    tree = pillar()
    kept = copy.deepcopy(tree)
    render(tree)
    assert tree == kept


def test_other_sites_are_not_in_what_is_rendered(render):
    tree = copy.deepcopy(EXAMPLE)
    low = render(tree, minion_id="nfs-a.sparta.example")
    assert list(named(low, "hanfs.checked")["sites"]) == ["sparta"]
    assert "athens" not in json.dumps(low)
    assert named(low, "pcs.cluster_created")["name"] == "sparta-nfs"


@pytest.mark.parametrize("minion_id", ["nfs-server1", "nfs-server1.example.org"])
def test_a_site_is_found_by_id_host_or_fqdn(render, minion_id):
    low = render(pillar(), minion_id=minion_id)
    assert list(named(low, "hanfs.checked")["sites"]) == ["athens"]


TREES = {
    "many": lambda: pillar(),
    "one": lambda: {"hanfs": {**pillar()["hanfs"]["sites"]["athens"], "lookup": {}}},
    "two that name it": lambda: {
        "hanfs": {
            "sites": {name: pillar()["hanfs"]["sites"]["athens"] for name in ("athens", "thebes")}
        }
    },
    "no site": lambda: {"hanfs": {"sites": {}}},
    "nodes in a list": lambda: pillar(cluster={"name": "a", "nodes": ["nfs-server1", "b"]}),
    "sites of another kind": lambda: {"hanfs": {"sites": ["athens"]}},
    "nothing": lambda: {},
}


@pytest.mark.parametrize("case", TREES)
def test_hanfs_lint_chooses_the_site_as_the_sls_do(render, case):
    tree = TREES[case]()
    rendered = named(render(tree), "hanfs.checked")["sites"]
    chosen = load(states=False).salt["hanfs_site.choose"](tree.get("hanfs"), ["nfs-server1"])
    assert [one["name"] for one in chosen] == list(rendered)
    for one in chosen:
        assert set(one["site"]) == set(rendered[one["name"]])


def test_no_site_and_two_sites_reach_the_check(render):
    assert named(render(pillar(), minion_id="elsewhere"), "hanfs.checked")["sites"] == {}
    tree = pillar()
    tree["hanfs"]["sites"]["copy"] = copy.deepcopy(tree["hanfs"]["sites"]["athens"])
    assert list(named(render(tree), "hanfs.checked")["sites"]) == ["athens", "copy"]


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
        assert "sites" in named(low, "hanfs.checked"), wrong
        assert PASSWORD not in json.dumps(low), wrong


HOSTILE = [*WRONG, True, -1.5, [], {}, [None, 7], [["a"]], [{"a": "b"}], {7: [None]}, "{{ x }}", ""]
DEFAULTS = yaml.safe_load((ROOT / "hanfs" / "defaults.yaml").read_text())["default"]


@pytest.mark.parametrize("wrong", HOSTILE, ids=str)
def test_hostile_values_in_lookup_reach_the_check(render, wrong):
    """A value of another type than its default is not used; the check is told of it."""
    tree = pillar()
    tree["hanfs"]["lookup"] = dict.fromkeys([*DEFAULTS, "nfs_packges", "nodes", "path", 7], wrong)
    low = render(tree)
    check = named(low, "hanfs.checked")
    assert set(check["lookup"]) == {*DEFAULTS, "nfs_packges", "nodes", "path", "7"}
    assert check["known_lookup"].keys() == DEFAULTS.keys()
    assert json.dumps(check["lookup"]["nfs_packages"]) == json.dumps(wrong)
    assert check["lookup"]["path"] is None, "what is not known is not rendered"
    assert named(low, "pcs.cluster_created")["name"] == "nfs-server-cluster"
    if wrong not in ([], ["text"]):
        assert set(named(low, "pkg.installed")["pkgs"]) == DEB_PACKAGES | DEB_AGENTS


def test_a_lookup_of_another_kind_reaches_the_check(render):
    for wrong in HOSTILE:
        tree = pillar()
        tree["hanfs"]["lookup"] = wrong
        low = render(tree)
        if not isinstance(wrong, dict):
            assert named(low, "hanfs.checked")["lookup"] == wrong
        assert set(named(low, "pkg.installed")["pkgs"]) == DEB_PACKAGES | DEB_AGENTS


FENCE_SECRET = "quite-Secret-8"
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
    if case == "as it should be":
        assert '"secrets": ["password"]' in text and '"/etc/k": {"encoding": "text"}' in text
    if case == "among the options":
        assert '"options": {"password": null, "ip": "a"}' in text


def test_no_value_of_an_unknown_key_is_rendered(render):
    text = json.dumps(render(pillar(fenzing={"secrets": FENCE_SECRET})))
    assert FENCE_SECRET not in text and '"fenzing": null' in text


def test_no_misspelt_password_of_the_cluster_is_rendered(render):
    tree = pillar()
    cluster = tree["hanfs"]["sites"]["athens"]["cluster"]
    cluster["pasword"] = cluster.pop("password")
    low = render(tree)
    assert PASSWORD not in json.dumps(low)
    assert named(low, "hanfs.checked")["sites"]["athens"]["cluster"]["pasword"] is None


# Sections that may hold a secret: where they are, and what never goes to a state as it is.
GUARDED = {
    "cluster": {"password"},
    "fencing": {"devices", "key_files"},
    "fencing:devices:f1": {"options", "secrets"},
    "fencing:key_files:/k": {"content"},
}


@pytest.mark.parametrize("place", GUARDED)
def test_every_key_that_there_is_keeps_its_value(render, place):
    """map.jinja's lists are the schema's."""
    *parents, last = place.split(":")
    site = pillar()["hanfs"]["sites"]["athens"]

    def bent(value):
        made = copy.deepcopy(site)
        inner = made
        for key in parents:
            inner = inner.setdefault(key, {})
        inner[last] = value
        return made

    site["fencing"] = {}
    told = load(states=False, modules=["hanfs*", "cib_meaning"]).salt["hanfs_schema.problems"](
        bent(None)
    )
    text = next(one for one in told if one.startswith(f"hanfs:{place}: None is not a mapping"))
    keys = text.split("with the keys ")[1].split(", ")
    assert set(keys) >= GUARDED[place]
    value = {key: "kept" for key in keys if key not in GUARDED[place]}
    if place == "cluster":
        value["nodes"] = {"nfs-server1": []}
    low = render({"hanfs": {"sites": {"athens": bent(value)}}})
    found = named(low, "hanfs.checked")["sites"]["athens"]
    for key in [*parents, last]:
        found = found[key]
    assert found == value


def test_no_secret_of_a_fencing_that_is_no_mapping(render):
    assert FENCE_SECRET not in json.dumps(render(pillar(fencing=[FENCE_SECRET])))


def test_the_first_link_is_preferred(render):
    def links(**changes):
        found = [one for one in render(pillar(**changes)) if one["fun"] == "cluster_created"]
        return found[0].get("links")

    cluster = pillar()["hanfs"]["sites"]["athens"]["cluster"]
    assert links(profile="article") is None
    assert links(profile="hardened") == [{"link_priority": 2}, {"link_priority": 1}]
    given = [{"link_priority": 10}, {"link_priority": 5}]
    assert links(profile="article", cluster={**cluster, "links": given}) == given
    one = {**cluster, "nodes": {name: ips[:1] for name, ips in cluster["nodes"].items()}}
    assert links(profile="hardened", cluster=one) is None


def test_keys_beside_the_sites_reach_the_check_without_their_values(render):
    for wrong in HOSTILE:
        tree = pillar()
        tree["hanfs"].update({"timeouts": wrong, 7: wrong, "cluster": {"password": PASSWORD}})
        low = render(tree)
        check = named(low, "hanfs.checked")
        assert check["beside"] == ["timeouts", "7", "cluster"]
        assert PASSWORD not in json.dumps(low)
        assert named(low, "hanfs.healthy")["timeout"] == 600


def test_a_right_pillar_has_nothing_beside_its_sites(render):
    flat = {"hanfs": {**pillar()["hanfs"]["sites"]["athens"], "lookup": {}}}
    for tree in (pillar(), flat, copy.deepcopy(EXAMPLE)):
        check = named(render(tree), "hanfs.checked")
        assert (check["beside"], check["lookup"]) == ([], {})


def test_a_lookup_inside_one_of_many_sites_is_not_swallowed(render):
    check = named(render(pillar(lookup={"supported": True})), "hanfs.checked")
    assert "lookup" in check["sites"]["athens"]


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
        assert list(named(low, "hanfs.checked")["sites"]) == ["athens"], wrong
        assert named(low, "hanfs.configured")["site"]["cluster"]["name"] == "nfs-server-cluster"


def test_no_pillar_at_all_still_reaches_the_check(render):
    assert named(render({}), "hanfs.checked")["sites"] == {}


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
        "pcs.cluster_created",
        "hanfs.sbd_enabled",
        "service.running corosync",
        "pcs.cluster_online",
        "hanfs.sbd_running",
        "hanfs.configured",
    ]
    assert [step for step in order if step in wanted][1:] == wanted
    assert named(low, "hanfs.sbd_disks_ready")["creator"] == "nfs-server1"
    assert named(low, "hanfs.sbd_running")["nodes"] == ["nfs-server1", "nfs-server2"]
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


def test_what_map_jinja_takes_out_is_what_the_rules_call_a_secret(render):
    """An option that lost its value and is not told would reach the cluster as a word."""
    names = [
        *"password passwd password_script passwd-script PassWord token community".split(),
        *"key KEY key_file api_key ssh-key secret_key identity_file".split(),
        *"snmp_priv_passwd hexadecimal_kg plug".split(),
    ]
    device = {"agent": "fence_x", "nodes": ["nfs-server1"], "options": dict.fromkeys(names, "x")}
    low = render(pillar(fencing={"enabled": True, "devices": {"f": device}}))
    options = named(low, "hanfs.checked")["sites"]["athens"]["fencing"]["devices"]["f"]["options"]
    is_secret = load(states=False, modules=["hanfs_fencing_rules"]).salt[
        "hanfs_fencing_rules.is_secret"
    ]
    assert {name for name in names if options[name] is None} == set(filter(is_secret, names))


# --- storage --------------------------------------------------------------------------------------


def test_one_state_for_each_file_system_and_growth_where_it_is_asked_for(render):
    entries = [
        {"device": "/dev/vdb", "vg": "NFS", "lv": "a", "size": "20G", "fstype": "xfs",
         "mountpoint": "/srv/a", "initialize": True, "user": "data"},
        {"device": "/dev/vdb", "vg": "NFS", "lv": "b", "fstype": "ext4", "mountpoint": "/srv/b",
         "initialize": True, "grow": True},
    ]  # fmt: skip
    low = render(pillar(storage=entries, profile="hardened"))
    ready = [step for step in low if step["fun"] == "storage_ready"]
    assert [step["storage"] for step in ready] == entries
    assert all(step["file_systems"] == entries for step in ready)
    assert {step["protection"] for step in ready} == {"system_id"}
    points = [step for step in low if step["fun"] == "mount_point"]
    assert [(step["name"], step["user"]) for step in points] == [
        ("/srv/a", "data"), ("/srv/b", "root"),
    ]  # fmt: skip
    (grown,) = [step for step in low if step["fun"] == "storage_grown"]
    assert grown["storage"] == entries[1] and grown["file_systems"] == entries
    order = [step["fun"] for step in low]
    assert order.index("configured") < order.index("storage_grown") < order.index("healthy")


def test_the_article_has_no_owner_of_its_volume_group(render):
    assert named(render(pillar(profile="article")), "hanfs.storage_ready")["protection"] is None
