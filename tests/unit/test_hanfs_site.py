"""Which site is this machine's, what of it states get, and that nothing secret is in that."""

from __future__ import annotations

import copy
import inspect
from unittest import mock

import pytest

from tests.support import rendering
from tests.support.hostile import KEYS, VALUES
from tests.support.salt_modules import load
from tests.support.sites import PATH, hardened, pillar, site

GRAINS = {"id": "minion-7", "host": "nfs-server1", "fqdn": "nfs-server1.example.org"}
SECRET = "quite-Secret-8"
WORLD = load(opts={"test": "said by the minion"}, grains=GRAINS)
STATES = WORLD.library._hanfs_states.STATES
# The functions of _states/hanfs*.py, by the name of what they do.
FUNCTIONS = {
    {"enabled": "repository_enabled"}.get(name, name): function
    for file, module in vars(WORLD.states).items()
    if file.startswith("hanfs")
    for name, function in vars(module).items()
    if inspect.isfunction(function) and not name.startswith("_")
}


@pytest.fixture
def told():
    """A function: what a state calls the library with, for a site in pillar."""

    def call(what, given, path=PATH, tree=None, **arguments):
        WORLD.pillar.clear()
        WORLD.pillar.update(pillar(given) if tree is None else tree)
        seen = {}

        def do(machine, name, **wanted):
            seen.update(wanted, machine=machine)
            return {"name": name, "result": True, "changes": {}, "comment": "done"}

        if STATES[what].gets is not None or what == "mount_point":
            arguments["path"] = path
        with mock.patch.dict(STATES, {what: STATES[what]._replace(do=do)}):
            ret = FUNCTIONS[what]("x", **arguments)
        assert ret["comment"] == "done", ret
        assert seen.pop("machine").test == "said by the minion"
        return seen

    return call


# --- every state ----------------------------------------------------------------------------------


def test_every_state_of_the_table_is_a_state():
    assert FUNCTIONS.keys() == STATES.keys()


def parameters(function):
    return list(inspect.signature(function).parameters)


@pytest.mark.parametrize("what", FUNCTIONS)
def test_a_state_has_the_arguments_that_its_entry_needs(what, told):
    """All that the library's function takes is said: nothing of a site is left to a default."""
    do, gets = STATES[what]
    wanted = set(parameters(do)[2:])
    own = set(parameters(FUNCTIONS[what])[1:])
    asked = set(parameters(gets)) - {"site"} if gets else set()
    values = {name: f"the {name}" for name in own - asked - {"path"}}
    if "mountpoint" in asked:
        values["mountpoint"] = "/srv/nfs"
    seen = told(what, hardened(), **values)
    assert seen.keys() == wanted
    assert own - asked == {name for name in wanted if seen[name] == f"the {name}"} | (
        {"path"} if what == "mount_point" else set()
    )
    assert asked <= own
    if "path" in wanted:
        assert seen["path"] == PATH
    inspect.signature(do).bind(WORLD.machine, "x", **seen)
    assert "s3cret" not in str(seen) and "f3nce" not in str(seen)


@pytest.mark.parametrize("what", [what for what in STATES if STATES[what].gets])
def test_a_state_of_no_site_is_a_failed_step(what):
    needed = inspect.signature(FUNCTIONS[what]).parameters.values()
    values = [None for one in list(needed)[2:] if one.default is one.empty]
    for tree in ({}, {"hanfs": []}, {"hanfs": {"sites": {"sparta": site()}}}):
        WORLD.pillar.clear()
        WORLD.pillar.update(tree)
        ret = FUNCTIONS[what]("x", PATH, *values)
        assert (ret["result"], ret["changes"]) == (False, {})
        assert ret["comment"] == f"{PATH}: there is no site at this place in pillar"


def test_a_state_of_no_file_system_is_a_failed_step():
    WORLD.pillar.clear()
    WORLD.pillar.update(pillar(hardened()))
    for what in ("storage_ready", "storage_grown"):
        ret = FUNCTIONS[what]("x", PATH, "/elsewhere")
        assert (ret["result"], ret["changes"]) == (False, {})
        assert "/elsewhere" in ret["comment"]


def test_what_is_no_state_is_told():
    with pytest.raises(WORLD.library._cib_errors.SaltInvocationError, match="none of checked"):
        WORLD.salt["hanfs.converge"]("destroyed", "x", path=PATH)


@pytest.mark.parametrize("path", ["hanfs", PATH])
def test_the_site_is_looked_up_where_it_stands(told, path):
    given = hardened({"cluster:password": ...})
    tree = {"hanfs": {**hardened(), "lookup": {"supported": True}}} if path == "hanfs" else None
    seen = told("agents_known", hardened(), path, tree)
    for device in given["fencing"]["devices"].values():
        device["secrets"] = ["password"]
    assert seen == {"site": given, "path": path}


# --- what of the site -----------------------------------------------------------------------------

WAITS = {
    "nodes_ready": "peer",
    "storage_ready": "storage",
    "sbd_disks_ready": "storage",
    "export_directories": "storage",
    "healthy": "settle",
}


@pytest.mark.parametrize("what", WAITS)
def test_how_long_a_state_waits(told, what):
    more = {"mountpoint": "/nfsdata"} if what == "storage_ready" else {}
    waits = {"peer": 11, "storage": 12, "settle": 13}
    assert told(what, site({"timeouts": waits}), **more)["timeout"] == waits[WAITS[what]]
    of_itself = {"peer": 600, "storage": 300, "settle": 600}[WAITS[what]]
    for timeouts in (None, {}, {"none of these": 1}):
        assert told(what, site({"timeouts": timeouts}), **more)["timeout"] == of_itself


def test_every_wait_is_tested():
    assert {what for what, (do, _) in STATES.items() if "timeout" in parameters(do)} == set(WAITS)


def made_cluster(given, *, link_priorities=True):
    """What pcs's states are asked for: of trust, of the cluster, and of being online."""
    seen = []

    def state(*args, **kwargs):
        seen.append((args[1:], kwargs))
        return {}

    WORLD.pillar.clear()
    WORLD.pillar.update(pillar(given))
    library = WORLD.library
    with (
        mock.patch.object(library._pcs_state_node, "hosts_authenticated", state),
        mock.patch.object(library._pcs_state_created, "cluster_created", state),
        mock.patch.object(library._pcs_state_node, "cluster_online", state),
    ):
        WORLD.states.hanfs.nodes_trusted("x", PATH)
        WORLD.states.hanfs.cluster_formed("x", PATH, link_priorities)
        WORLD.states.hanfs.cluster_online("x", PATH)
    assert len(seen) == 3
    return seen


def test_the_nodes_become_the_cluster_of_the_site():
    given = site({"cluster:totem": {"token": 10000}, "timeouts": {"peer": 11}})
    name, nodes = given["cluster"]["name"], given["cluster"]["nodes"]
    trusted, formed, online = made_cluster(given)
    assert trusted == (
        ("x", nodes),
        {"password_pillar": f"{PATH}:cluster:password", "timeout": 11},
    )
    assert formed == (
        (name, nodes, "nfs-server1"),
        {"totem": {"token": 10000}, "timeout": 11},
    )
    assert online == ((name, list(nodes)), {"timeout": 11})
    assert all(more["timeout"] == 600 for _, more in made_cluster(site()))


@pytest.mark.parametrize(
    "change, totem",
    [
        ({}, {"consensus": 600}),
        ({"cluster:totem": {"token": 10000}}, {"token": 10000, "consensus": 2000}),
        ({"cluster:totem": {"token": 500}}, {"token": 500, "consensus": 200}),
        ({"cluster:totem": {"consensus": 4000}}, {"consensus": 4000}),
        # shorter than join, corosync would not start
        ({"cluster:totem": {"join": 700}}, {"join": 700}),
        ({"cluster:nodes:nfs-server3": ["10.10.10.13", "192.168.16.13"]}, None),
    ],
)
def test_a_new_cluster_of_two_nodes_waits_for_nobody_else(change, totem, monkeypatch):
    monkeypatch.setattr(WORLD.library._pcs_node, "corosync_conf", lambda: None)
    assert made_cluster(hardened(change))[1][1].get("totem") == totem
    # that of Debian's packages is none
    monkeypatch.setattr(WORLD.library._pcs_node, "corosync_conf", lambda: {"stub": True})
    assert made_cluster(hardened(change))[1][1].get("totem") == totem
    # one that exists has what it has: what pillar says of it is compared and told
    monkeypatch.setattr(WORLD.library._pcs_node, "corosync_conf", lambda: {"stub": False})
    told = made_cluster(hardened(change))[1][1].get("totem")
    assert told == hardened(change)["cluster"].get("totem")


def test_nodes_keep_the_order_of_the_pillar(told):
    """The first node creates: it must be the same one on all of them."""
    nodes = {"zeta": ["10.0.0.1"], "alpha": ["10.0.0.2"], "midi": ["10.0.0.3"]}
    given = hardened({"cluster:nodes": nodes, "fencing:sbd": {"devices": ["/dev/x"]}})
    for (_, second, *more), _ in made_cluster(given):
        assert list(second) == ["zeta", "alpha", "midi"]
        assert more in ([], ["zeta"])
    assert told("storage_ready", given, mountpoint="/srv/nfs")["creator"] == "zeta"
    assert told("sbd_disks_ready", given)["creator"] == "zeta"
    assert told("sbd_running", given)["nodes"] == ["zeta", "alpha", "midi"]
    configured = told("configured", given)["site"]
    assert list(configured["cluster"]["nodes"]) == ["zeta", "alpha", "midi"]


def test_the_first_link_is_preferred():
    def links(given, **more):
        return made_cluster(given, **more)[1][1].get("links")

    given = [{"link_priority": 10}, {"link_priority": 5}]
    assert links(site()) is None
    assert links(hardened()) == [{"link_priority": 2}, {"link_priority": 1}]
    assert links(hardened(), link_priorities=False) is None, "corosync 2 has none"
    assert links(site({"cluster:links": given})) == given
    assert links(hardened({"cluster:links": given}), link_priorities=False) == given
    for one in (["10.0.0.1"], "10.0.0.1"):
        assert links(hardened({"cluster:nodes": {"nfs-server1": one}})) is None


def test_a_state_of_a_file_system_knows_all_of_them(told):
    first = {**site()["storage"], "mountpoint": "/srv/a"}
    entries = [first, {**first, "lv": "b", "mountpoint": "/srv/b", "grow": True}]
    for profile, protection in (("article", None), ("hardened", "system_id")):
        given = site({"storage": entries, "profile": profile})
        for one in entries:
            known = {"storage": one, "file_systems": entries}
            ready = told("storage_ready", given, mountpoint=one["mountpoint"])
            assert ready == {
                **known,
                "creator": "nfs-server1",
                "cluster": "nfs-server-cluster",
                "timeout": 300,
                "protection": protection,
            }
            assert told("storage_grown", given, mountpoint=one["mountpoint"]) == known
    single = told("storage_ready", site(), mountpoint="/nfsdata")
    assert single["file_systems"] == [single["storage"]] == [site()["storage"]]
    assert told("storage_ready", hardened(), mountpoint="/srv/nfs")["protection"] == "system_id"


def test_what_fencing_states_get(told):
    sbd = {"devices": ["/dev/x"], "watchdog": "/dev/watchdog"}
    key = {"/etc/k": {"content": SECRET, "encoding": "text"}}
    given = hardened({"fencing:sbd": sbd, "fencing:key_files": key})
    assert told("sbd_configured", given) == {"sbd": sbd}
    assert told("fencing_keys", given) == {
        "key_files": {"/etc/k": {"encoding": "text"}},
        "path": PATH,
    }
    for nothing in ({"fencing:sbd": None}, {"fencing": None}, {"fencing": ...}):
        assert told("sbd_configured", hardened(nothing)) == {"sbd": {}}
        assert told("fencing_keys", hardened(nothing)) == {"key_files": {}, "path": PATH}


# --- secrets --------------------------------------------------------------------------------------

RIGHT = {
    "devices": {"f1": {"agent": "fence_x", "secrets": {"password": SECRET}}},
    "key_files": {"/etc/k": {"content": SECRET, "encoding": "text"}},
}
SECRET_PLACES = {
    "as it should be": {"fencing": RIGHT},
    "among the options": {
        "fencing": {"devices": {"f1": {"options": {"password": SECRET, "ip": "a"}}}}
    },
    "an option without a name": {"fencing": {"devices": {"f1": {"options": {7: SECRET}}}}},
    "secrets are text": {"fencing": {"devices": {"f1": {"secrets": SECRET}}}},
    "secrets are a list": {"fencing": {"devices": {"f1": {"secrets": [SECRET]}}}},
    "options are a list": {"fencing": {"devices": {"f1": {"options": [SECRET]}}}},
    "device is text": {"fencing": {"devices": {"f1": SECRET}}},
    "device is a list": {"fencing": {"devices": {"f1": [{"secrets": {"password": SECRET}}]}}},
    "devices are a list": {"fencing": {"devices": [{"secrets": {"password": SECRET}}]}},
    "devices are text": {"fencing": {"devices": SECRET}},
    "key files are a list": {"fencing": {"key_files": [{"content": SECRET}]}},
    "key file is text": {"fencing": {"key_files": {"/etc/k": SECRET}}},
    "misspelt devices": {"fencing": {"device": {"f1": {"secrets": {"password": SECRET}}}}},
    "misspelt key files": {"fencing": {"key_file": {"/etc/k": {"content": SECRET}}}},
    "misspelt secrets": {"fencing": {"devices": {"f1": {"secret": {"password": SECRET}}}}},
    "misspelt options": {"fencing": {"devices": {"f1": {"option": {"password": SECRET}}}}},
    "beside the secrets": {"fencing": {"devices": {"f1": {"password": SECRET}}}},
    "misspelt content": {"fencing": {"key_files": {"/etc/k": {"contents": SECRET}}}},
    "fencing is a list": {"fencing": [SECRET]},
    "fencing is text": {"fencing": SECRET},
    "misspelt fencing": {"fenzing": RIGHT},
    "the password": {"cluster": {"nodes": {"nfs-server1": []}, "password": SECRET}},
    "misspelt password": {"cluster": {"nodes": {"nfs-server1": []}, "pasword": SECRET}},
    "password is a list": {"cluster": {"nodes": {"nfs-server1": []}, "password": [SECRET]}},
    "cluster is text": {"cluster": SECRET},
    "cluster is a list": {"cluster": [{"password": SECRET}]},
    "misspelt cluster": {"clustr": {"password": SECRET}},
    "beside the cluster": {"password": SECRET},
    "a key that is no text": {7: SECRET},
}


@pytest.mark.parametrize("case", SECRET_PLACES)
def test_public_takes_every_secret_out(case):
    given = {**hardened({"cluster:password": SECRET}), **copy.deepcopy(SECRET_PLACES[case])}
    kept = copy.deepcopy(given)
    found = WORLD.library._hanfs_site.public(given)
    assert SECRET not in str(found)
    assert given == kept, "a copy: states look secrets up in pillar itself"
    assert list(found) == list(given)
    if case == "as it should be":
        assert found["fencing"] == {
            "devices": {"f1": {"agent": "fence_x", "secrets": ["password"]}},
            "key_files": {"/etc/k": {"encoding": "text"}},
        }
    if case == "among the options":
        options = found["fencing"]["devices"]["f1"]["options"]
        assert options == {"password": None, "ip": "a"}
    if case == "misspelt password":
        assert found["cluster"] == {"nodes": {"nfs-server1": []}, "pasword": None}


@pytest.mark.parametrize("case", SECRET_PLACES)
def test_no_secret_is_told_of_a_site_that_is_wrong(case):
    WORLD.pillar.clear()
    wrong = {**hardened({"cluster:password": SECRET}), **SECRET_PLACES[case]}
    for tree in ({"hanfs": wrong}, pillar(wrong)):
        WORLD.pillar.update(tree)
        ret = FUNCTIONS["checked"]("x")
        assert ret["result"] is False and SECRET not in str(ret)


# Sections that may hold a secret: where they are, and what never goes to a state as it is.
GUARDED = {
    "": {"cluster", "fencing"},
    "cluster": {"password"},
    "fencing": {"devices", "key_files"},
    "fencing:devices:f1": {"options", "secrets"},
    "fencing:key_files:/k": {"content"},
}


@pytest.mark.parametrize("place", GUARDED)
def test_every_key_that_there_is_keeps_its_value(place):
    """The lists of keys are the schema's."""
    way = place.split(":") if place else []

    def bent(value):
        for key in reversed(way):
            value = {key: value}
        return value

    wrong = {**hardened({"fencing": {}}), **(bent(None) or {"no such key": 1})}
    told = WORLD.library._hanfs_schema.problems(wrong)
    if place:
        text = next(one for one in told if one.startswith(f"hanfs:{place}: None is not a mapping"))
        keys = text.split("with the keys ")[1].split(", ")
    else:
        keys = list(WORLD.library._hanfs_schema._site_keys(True))
    assert set(keys) >= GUARDED[place]
    value = {key: ["kept"] for key in keys if key not in GUARDED[place]}
    found = WORLD.library._hanfs_site.public(bent(value))
    assert found == bent(value)


def test_what_is_taken_out_of_options_is_what_the_rules_call_a_secret():
    """An option that lost its value and is not told would reach the cluster as a word."""
    names = [
        *"password passwd password_script passwd-script PassWord token community".split(),
        *"key KEY key_file api_key ssh-key secret_key identity_file".split(),
        *"snmp_priv_passwd hexadecimal_kg plug".split(),
    ]
    given = hardened({"fencing:devices:fence-1:options": dict.fromkeys(names, "x")})
    found = WORLD.library._hanfs_site.public(given)["fencing"]["devices"]["fence-1"]["options"]
    is_secret = WORLD.library._cib_values.may_be_secret
    assert {name for name in names if found[name] is None} == set(filter(is_secret, names))
    assert any(map(is_secret, names)) and not all(map(is_secret, names))


@pytest.mark.parametrize(
    "place",
    [
        "cluster",
        "fencing",
        "fencing:devices",
        "fencing:devices:f1",
        "fencing:devices:f1:options",
        "fencing:devices:f1:secrets",
        "fencing:key_files",
        "fencing:key_files:/etc/k",
    ],
)
def test_public_takes_anything(place):
    way = place.split(":")
    for value in [*VALUES, *({key: "x"} for key in KEYS)]:
        given = copy.copy(value)
        for key in reversed(way):
            given = {key: given}
        found = WORLD.library._hanfs_site.public(given)
        assert list(found) == [way[0]]
    odd = dict.fromkeys(KEYS, SECRET)
    assert WORLD.library._hanfs_site.public(odd) == dict.fromkeys(KEYS)


# --- the choice -----------------------------------------------------------------------------------


def of(*nodes, kind=dict.fromkeys, **more):
    return {"cluster": {"name": "c", "nodes": kind(nodes)}, **more}


OWN = of("a", "nfs-server1")
OTHER = of("a", "b")
# The pillar `hanfs`, and the paths of the sites that name the machine.
TREES = {
    "nothing": (None, []),
    "not a mapping": (["sites"], []),
    "text": ("sites", []),
    "empty": ({}, []),
    "no sites": ({"sites": {}}, []),
    "sites are none": ({"sites": None}, []),
    "sites are a list": ({"sites": ["athens"]}, []),
    "sites are text": ({"sites": "athens"}, []),
    "sites beside a single site": ({"sites": {}, **OWN}, []),
    "a single site": (OWN, ["hanfs"]),
    "a single site with lookup": ({**OWN, "lookup": {"supported": True}}, ["hanfs"]),
    "a single site of others": (OTHER, []),
    "one of many": ({"sites": {"sparta": OTHER, "athens": OWN}}, ["hanfs:sites:athens"]),
    "by its id": ({"sites": {"athens": of("minion-7")}}, ["hanfs:sites:athens"]),
    "by its host": ({"sites": {"athens": of("nfs-server1")}}, ["hanfs:sites:athens"]),
    "by its fqdn": ({"sites": {"athens": of("nfs-server1.example.org")}}, ["hanfs:sites:athens"]),
    "by all its names": ({"sites": {"athens": of(*GRAINS.values())}}, ["hanfs:sites:athens"]),
    "by a part of its name": ({"sites": {"athens": of("nfs-server", "nfs-server1.exa")}}, []),
    "two that name it": (
        {"sites": {"athens": OWN, "sparta": OTHER, "thebes": of("minion-7")}},
        ["hanfs:sites:athens", "hanfs:sites:thebes"],
    ),
    "nodes in a list": ({"sites": {"a": of("nfs-server1", kind=list)}}, ["hanfs:sites:a"]),
    "nodes in a tuple": ({"sites": {"a": of("nfs-server1", kind=tuple)}}, []),
    "nodes in a set": ({"sites": {"a": of("nfs-server1", kind=set)}}, []),
    "nodes are text": ({"sites": {"a": {"cluster": {"nodes": "nfs-server1"}}}}, []),
    "nodes are bytes": ({"sites": {"a": {"cluster": {"nodes": b"nfs-server1"}}}}, []),
    "nodes of any kind": ({"sites": {"a": of(7, None, ("x",), "minion-7")}}, ["hanfs:sites:a"]),
    "no cluster": ({"sites": {"a": {"storage": {}}, "b": None, "c": [OWN], "d": "x"}}, []),
    "no nodes": ({"sites": {"a": {"cluster": {"name": "c"}}, "b": {"cluster": []}}}, []),
    "a broken one beside": ({"sites": {"a": None, "b": OWN}}, ["hanfs:sites:b"]),
    "a number": ({"sites": {7: OWN}}, ["hanfs:sites:7"]),
    "other numbers": (
        {"sites": {1.5: OWN, -3: OWN, True: OWN}},
        ["hanfs:sites:1.5", "hanfs:sites:-3", "hanfs:sites:True"],
    ),
    "no number for a path": (
        {"sites": dict.fromkeys([16**5000, 1e300, float("nan"), float("inf")], OWN)},
        [],
    ),
    "a name with a colon": ({"sites": {"a:b": OWN, "a": {"b": OWN}}}, []),
    "a name with blanks": ({"sites": {" a b ": OWN}}, ["hanfs:sites: a b "]),
    "an empty name": ({"sites": {"": OWN}}, ["hanfs:sites:"]),
    "a name of another language": ({"sites": {"Αθήνα": OWN}}, ["hanfs:sites:Αθήνα"]),
    "a name like a rule of YAML": (
        {"sites": {"- {a 'b\"}} \\ #": OWN, "{{ x }}": OWN}},
        ["hanfs:sites:- {a 'b\"}} \\ #", "hanfs:sites:{{ x }}"],
    ),
    "a long name": ({"sites": {"a" * 5000: OWN}}, ["hanfs:sites:" + "a" * 5000]),
    "no name for a path": (
        {"sites": dict.fromkeys(["a\nb", "\ud800", "\x85", b"a", None, ("a", 1)], OWN)},
        [],
    ),
}


@pytest.mark.parametrize("case", TREES)
def test_map_jinja_and_the_states_choose_the_same_site(tmp_path, case):
    tree, paths = TREES[case]
    library = WORLD.library
    found = library._hanfs_site.choose(tree, library._hanfs_site.names(WORLD.machine))
    assert [one["path"] for one in found] == paths
    low = rendering.render(tmp_path, {"hanfs": tree}, names=GRAINS)
    told = {step["path"] for step in low if step["state"] == "hanfs" and "path" in step}
    assert told == {(paths or ["hanfs"])[0]}
    WORLD.pillar.clear()
    WORLD.pillar.update({"hanfs": tree})
    for one in found:
        assert library._hanfs_site.at(WORLD.machine, one["path"])["cluster"]["name"] == "c"
        assert "lookup" not in one["site"]


def test_keys_of_a_single_site_are_the_sites_but_for_lookup():
    library = WORLD.library
    tree = {**OWN, "lookup": {}}
    (found,) = library._hanfs_site.choose(tree, ["nfs-server1"])
    assert (found["name"], found["site"]) == ("hanfs", OWN)
    inside = {**OWN, "lookup": {}}
    (found,) = library._hanfs_site.choose({"sites": {"athens": inside}}, ["nfs-server1"])
    assert (found["name"], found["site"]) == ("athens", inside), "hanfs.checked tells of it"


@pytest.mark.parametrize(
    "grains, wanted",
    [
        ({"id": "a", "host": "a", "fqdn": "a.b"}, ["a", "a.b"]),
        ({"id": "a", "host": None, "fqdn": ["a"]}, ["a"]),
        ({}, []),
    ],
)
def test_names_of_a_machine(grains, wanted):
    machine = WORLD.library._cib_run.Machine(None, grains=grains)
    assert WORLD.library._hanfs_site.names(machine) == wanted


def test_a_mount_point_that_names_no_state_goes_by_its_number():
    long = "/srv/" + "a" * 500
    entries = [{**hardened()["storage"], "mountpoint": where} for where in ("/srv/nfs", long)]
    found = WORLD.library._hanfs_site.file_system
    assert [found({"storage": entries}, name) for name in ("/srv/nfs", "2")] == entries
    with pytest.raises(WORLD.library._cib_errors.SaltInvocationError, match="no file system"):
        found({"storage": entries}, "3")
    world = load(pillar={"hanfs": {**hardened(), "storage": entries}}, opts={"test": True})
    made = world.salt["hanfs.converge"]("mount_point", "2", test=True, path="hanfs", mode="0755")
    assert made["name"] == long


class Masked(dict):
    """As Salt 3008's pillar: its text says nothing."""

    def __repr__(self):
        return "****"


def test_a_site_is_plain_data_whatever_pillar_is_made_of():
    def masked(value):
        if isinstance(value, dict):
            return Masked({key: masked(one) for key, one in value.items()})
        return [masked(one) for one in value] if isinstance(value, list) else value

    world = load(pillar={"hanfs": masked(hardened())})
    found = world.library._hanfs_site.at(world.machine, "hanfs")
    assert "****" not in repr(found)
    assert found == world.library._hanfs_site.public(hardened())


def test_two_sites_of_one_place_are_refused():
    world = load(
        pillar={"hanfs": {"sites": {5: hardened(), "5": site()}}}, grains={"id": "nfs-server1"}
    )
    ret = world.states.hanfs.checked("x")
    assert ret["result"] is False
    assert "hanfs:sites:5 is there twice" in ret["comment"]


def test_a_state_that_is_called_by_hand_without_a_place_says_so():
    with pytest.raises(WORLD.library._cib_errors.SaltInvocationError, match="needs path"):
        WORLD.salt["hanfs.converge"]("configured", "x")


def test_a_minion_that_only_tests_is_heeded():
    world = load(opts={"test": True}, pillar={"hanfs": hardened()})
    assert world.library._cib_minion.machine(world.salt, world.opts, {}, {}, {}).test is True
