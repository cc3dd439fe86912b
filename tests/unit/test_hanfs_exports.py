"""The cluster's exports as a file of /etc/exports.d: its lines, and the state that keeps it."""

from __future__ import annotations

import pytest

from tests.support.salt_modules import load
from tests.support.sites import PATH, hardened, pillar, site

FILE = "/etc/exports.d/hanfs-nfs-server-cluster.exports"
EXTRA = {"agent": "ocf:heartbeat:exportfs", "attributes": {}}
CIB = """<cib><configuration><resources><primitive id="export_pub_any" type="exportfs">
<meta_attributes id="m"><nvpair id="n" name="target-role" value="Stopped"/></meta_attributes>
</primitive></resources></configuration></cib>"""


class Node:
    """A node's files; the description is the real one, of the site that pillar says."""

    def __init__(self, root):
        self.root = root
        self.site = hardened()

    def world(self, test=False):
        made = load(opts={"test": test}, pillar=pillar(self.site))
        made.library._hanfs_settings_files.ROOT = str(self.root)
        made.library._hanfs_directories.CIB_FILE = str(self.root / "cib.xml")
        return made

    def apply(self, test=False):
        return self.world(test).states.hanfs_exports.exports_file("x", PATH)

    def converge(self):
        """Predict, do, do again; the changes."""
        before = self.files()
        dry = self.apply(test=True)
        assert self.files() == before
        ret = self.apply()
        assert ret["result"] is True, ret["comment"]
        assert dry["changes"] == ret["changes"]
        assert dry["result"] is (None if ret["changes"] else True)
        again = self.apply()
        assert (again["result"], again["changes"]) == (True, {})
        return ret["changes"]

    def put(self, path, text):
        (self.root / path.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path.lstrip("/")).write_text(text)

    def files(self):
        return {
            f"/{path.relative_to(self.root)}": path.read_text()
            for path in sorted(self.root.rglob("*"))
            if path.is_file()
        }

    def lines(self):
        return [line for line in self.files()[FILE].splitlines() if line.startswith("/")]


@pytest.fixture
def node(tmp_path):
    return Node(tmp_path)


def over(primitives):
    return hardened({"cluster_config": {"primitives": primitives}})


def test_one_line_for_each_resource(node):
    assert set(node.converge()) == {FILE}
    found = node.world().library._hanfs_exports
    made = found.exports(node.world().salt["hanfs.description"](node.site))
    assert len(node.lines()) == len(made) == 3
    assert node.lines()[0] == (
        "/srv/nfs/home 10.0.0.0/8(ro,sync,mountpoint=/srv/nfs,no_subtree_check,fsid=0x1)"
    )
    for one in made:
        assert f"# {one.resource}\n" in node.files()[FILE]


def test_the_order_in_pillar_does_not_matter(node):
    node.converge()
    before = node.files()
    node.site["exports"].reverse()
    for export in node.site["exports"]:
        export["clients"].reverse()
    assert node.converge() == {}
    assert node.files() == before


def test_an_export_comes_changes_and_goes(node):
    node.converge()
    node.site["exports"].append({"directory": "/srv/nfs/new", "clients": ["10.9.0.1"]})
    (change,) = node.converge()[FILE].items()
    assert change[0] == "/srv/nfs/new 10.9.0.1" and change[1]["old"] is None
    node.site["exports"][-1]["options"] = ["ro", "sync"]
    (change,) = node.converge()[FILE].values()
    assert change["old"].startswith("rw,") and change["new"].startswith("ro,")
    del node.site["exports"][-1]
    (change,) = node.converge()[FILE].values()
    assert change["new"] is None


def test_what_cluster_config_says_counts(node):
    name = "export_home_192.168.16.0_24"
    node.site = over(
        {
            name: {"attributes": {"options": "ro,subtree_check", "fsid": None}},
            "export_pub_any": {"meta": {"target-role": "Stopped"}},
            "mine": {
                **EXTRA,
                "attributes": {
                    "directory": "/srv/nfs/a /srv/nfs/b/",
                    "clientspec": "[fd00::]/64",
                    "options": "rw,fsid=0x10,sec=sys",
                },
            },
        }
    )
    node.converge()
    assert "/srv/nfs/home 192.168.16.0/24(ro,subtree_check)" in node.lines()
    assert not [line for line in node.lines() if line.startswith("/srv/nfs/pub")]
    assert node.lines()[-2:] == [
        "/srv/nfs/a fd00::/64(rw,sec=sys,no_subtree_check,fsid=0x10)",
        "/srv/nfs/b fd00::/64(rw,sec=sys,no_subtree_check,fsid=17)",
    ]


def test_what_an_operator_has_stopped_is_left_out(node):
    node.converge()
    node.put("/cib.xml", CIB)
    (change,) = node.converge()[FILE].items()
    assert change[0].startswith("/srv/nfs/pub ") and change[1]["new"] is None


def test_a_host_name_is_a_comment(node):
    node.site = hardened({"exports:0:clients": ["nfs-client.example.com", "*.example.com", "@lan"]})
    node.converge()
    assert [line for line in node.lines() if "nfs-client" in line] == []
    assert "\n#/srv/nfs/home nfs-client.example.com(" in node.files()[FILE]
    assert sum(line.startswith("/srv/nfs/home ") for line in node.lines()) == 2


@pytest.mark.parametrize(
    ("attributes", "says"),
    [
        ({"clientspec": "a(b"}, "no parentheses"),
        ({"options": "rw,sec=sys)"}, "no parentheses"),
        ({"options": "rw," + "x" * 500}, "at most 511 signs"),
        ({"clientspec": ""}, "no parentheses"),
    ],
)
def test_what_exportfs_cannot_read_is_an_error_that_names_the_resource(node, attributes, says):
    node.converge()
    before = node.files()
    node.site = over({"export_pub_any": {"attributes": attributes}})
    ret = node.apply()
    assert ret["result"] is False and ret["changes"] == {}
    assert says in ret["comment"] and "export_pub_any" in ret["comment"]
    assert node.files() == before


def test_files_of_others_stay_and_own_ones_of_other_clusters_go(node):
    node.converge()
    node.put("/etc/exports.d/hanfs-mine.exports", "/srv/x *(ro)\n")
    node.put("/etc/exports.d/other.exports", "/srv/y *(ro)\n")
    node.put("/etc/exports", "/srv/z *(ro)\n")
    old = "/etc/exports.d/hanfs-old.exports"
    node.put(old, node.files()[FILE])
    assert set(node.converge()) == {old}
    assert old not in node.files() and "/etc/exports.d/other.exports" in node.files()
    assert "/etc/exports.d/hanfs-mine.exports" in node.files() and FILE in node.files()


def test_a_file_of_that_name_that_is_not_ours_is_an_error(node):
    node.put(FILE, "/srv/nfs/home *(ro)\n")
    before = node.files()
    ret = node.apply()
    assert ret["result"] is False and FILE in ret["comment"]
    assert node.files() == before


def test_edits_are_undone(node):
    node.converge()
    right = node.files()[FILE]
    node.put(FILE, right.replace("(ro,", "(rw,no_root_squash,"))
    assert node.converge()
    assert node.files()[FILE] == right
    node.put(FILE, right + "# mine\n")
    assert node.converge() and node.files()[FILE] == right


def test_the_article_has_none(node):
    node.converge()
    node.site = site()
    assert set(node.converge()) == {FILE}
    assert FILE not in node.files()


def test_what_is_wrong_in_pillar_fails_and_writes_nothing(node):
    node.site = hardened({"exports:0:clients": ["not a client"]})
    ret = node.apply()
    assert ret["result"] is False and "exports:0:clients" in ret["comment"] and not node.files()


# --- what health says of it -----------------------------------------------------------------------


def test_a_file_that_disagrees_is_told(node):
    node.converge()
    library = node.world().library._hanfs_exports
    wanted = node.world().salt["hanfs.description"](node.site)
    right = node.files()[FILE]
    assert library.problems(wanted, right, (), FILE) == []
    (told,) = library.problems(wanted, None, (), FILE)
    assert told.startswith(f"{FILE} is not there")
    (told,) = library.problems(wanted, right.replace("(rw,", "(ro,", 1), (), FILE)
    assert told.startswith(f"{FILE} says something else than the cluster of /srv/nfs/")
    (told,) = library.problems(wanted, right, ("export_pub_any",), FILE)
    assert "/srv/nfs/pub" in told


def test_what_is_exported_beside_the_cluster_is_told(node):
    library = node.world().library._hanfs_exports
    found = library.exports(node.world().salt["hanfs.description"](node.site))
    running = {one.resource for one in found}
    etab = "".join(f"{one.directory}\t{one.client}(rw,sync)\n" for one in found)
    etab += "/opt\t*(ro)\n/srv/nfs2\t*(ro)\n"
    assert library.strays(found, running, etab, ["/srv/nfs"]) == []
    (told,) = library.strays(found, running - {"export_pub_any"}, etab, ["/srv/nfs"])
    assert told.startswith("/srv/nfs/pub is exported to")
    (told,) = library.strays(found, running, etab + "/srv/nfs/q\\040x\t*(ro)\n", ["/srv/nfs/"])
    assert "exportfs -u '*:/srv/nfs/q\\040x'" in told
