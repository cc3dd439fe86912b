"""Editing configuration files: what is asked for is set, all else stays byte for byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.salt_modules import load

text = load(states=False).library._hanfs_settings_text

NFS_CONF = """\
#
# This is a general configuration
#
[general]
pipefs-directory=/run/rpc_pipefs
#
[mountd]
# port=0
manage-gids=y
[ nfsd ]
 threads = 8
# vers3=y
[statd]
[gssd "EXAMPLE.ORG"]
threads=1"""


def test_ini_is_read_as_nfs_utils_reads_it():
    assert text.ini_values(NFS_CONF) == {
        "general": {"pipefs-directory": "/run/rpc_pipefs"},
        "mountd": {"manage-gids": "y"},
        "nfsd": {"threads": "8"},
    }


def test_ini_keeps_all_else():
    new = text.ini_set(
        NFS_CONF,
        {
            "nfsd": {"threads": "16", "vers3": "n"},
            "mountd": {"manage-gids": "1"},
            "statd": {"port": "662"},
            "lockd": {"port": "1"},
        },
    )
    assert text.ini_values(new) == {
        "general": {"pipefs-directory": "/run/rpc_pipefs"},
        "mountd": {"manage-gids": "y"},  # means the same already
        "nfsd": {"vers3": "n", "threads": "16"},
        "statd": {"port": "662"},
        "lockd": {"port": "1"},
    }
    added = {" threads = 16", "vers3=n", "port=662", "[lockd]", "port=1"}
    assert [line for line in new.splitlines() if line not in added] == [
        line for line in NFS_CONF.splitlines() if line != " threads = 8"
    ]


def test_ini_of_nothing():
    assert text.ini_set("", {"nfsd": {"threads": "2"}}) == "[nfsd]\nthreads=2\n"
    assert text.ini_set("", {}) == ""


WORDS = st.text(st.sampled_from("abc=[]#; \t\"'"), max_size=12)
SECTIONS = st.sampled_from(["[nfsd]", "[mountd]", "[x]", '[nfsd "A"]', "threads=1", "#threads=1"])
FILES = st.lists(st.one_of(WORDS, SECTIONS), max_size=12).map("\n".join)


@given(FILES)
def test_ini_converges_whatever_the_file(file):
    wanted = {"nfsd": {"threads": "16", "vers3": "n"}, "statd": {"port": "662"}}
    new = text.ini_set(file, wanted)
    values = text.ini_values(new)
    assert all(values[section][key] == value for section in wanted
               for key, value in wanted[section].items())  # fmt: skip
    assert text.ini_set(new, wanted) == new


DEFAULTS = """\
# Number of servers
RPCNFSDCOUNT=8
RPCMOUNTDOPTS="--manage-gids" # why
  export A='b c'
STATDOPTS=
OWN="--port $PORT"
"""


@pytest.mark.parametrize(
    "name,value",
    [
        ("RPCNFSDCOUNT", "8"),
        ("RPCMOUNTDOPTS", "--manage-gids"),
        ("A", "b c"),
        ("STATDOPTS", ""),
        ("MISSING", None),
        ("OWN", '"--port $PORT"'),
    ],
)
def test_shell_values(name, value):
    assert text.shell_value(DEFAULTS, name) == value


def test_shell_keeps_all_else():
    new = text.shell_set(text.shell_set(DEFAULTS, "RPCNFSDCOUNT", "16"), "NEW", "a b")
    assert new == DEFAULTS.replace("COUNT=8", 'COUNT="16"') + 'NEW="a b"\n'
    assert text.shell_set(DEFAULTS, "RPCNFSDCOUNT", "8") == DEFAULTS
    assert text.shell_set("A=1", "B", "2") == 'A=1\nB="2"\n'
    assert not text.shell_is_plain('"$PORT"') and text.shell_is_plain("--port 1")


def test_the_last_assignment_counts():
    assert text.shell_value("A=1\nA=2\n", "A") == "2"
    assert text.shell_set("A=1\nA=2\n", "A", "3") == 'A=1\nA="3"\n'


PORT = [["--port", "-p"], "662"]


@pytest.mark.parametrize(
    "old,wanted,new",
    [
        (None, [PORT], "--port 662"),
        ("--manage-gids", [PORT], "--manage-gids --port 662"),
        ("-p 662 -x", [PORT], "-p 662 -x"),
        ("--port=662", [PORT], "--port=662"),
        ("-p662", [PORT], "-p662"),
        ("-p 1 --port=2 -x", [PORT], "-x --port 662"),
        ("-p 1 -x", [[["--port", "-p"], None]], "-x"),
        ("-N 2", [[["--no-nfs-version", "-N"], "3", True]], "-N 2 --no-nfs-version 3"),
        ("-N 2 -N 3", [[["--no-nfs-version", "-N"], "3", False]], "-N 2"),
        ("-N 2", [[["--no-nfs-version", "-N"], "3", False]], "-N 2"),
        ("", [[["--port", "-p"], None]], ""),
    ],
)
def test_options(old, wanted, new):
    assert text.options_set(old, wanted) == new
    assert text.options_set(new, wanted) == new


LVM = """\
# global { system_id_source = "no" }
devices {
\tdir = "/dev"
\tscan = [ "/dev", "a # b", ]
\tfilter = ["r|/dev/x|"]   # comment
}
activation {
\tmirror { log = 1 }
\tvolume_list=[ ]
}
global/umask = 077
"""


def test_lvm_is_read():
    assert text.lvm_values(LVM) == {
        "devices/dir": "/dev",
        "devices/scan": ["/dev", "a # b"],
        "devices/filter": ["r|/dev/x|"],
        "activation/mirror/log": "1",
        "activation/volume_list": [],
        "global/umask": "077",
    }
    assert text.lvm_values("a { b = [ 1") == {"a/b": ["1"]}
    assert text.lvm_values("a =") == {"a": ""}


@pytest.mark.parametrize("file", ["", LVM, LVM.rstrip("\n")])
def test_the_block_is_all_that_changes(file):
    values = {"global/system_id_source": "uname", "activation/x": ["a", 'b"\\c']}
    values["activation/y"] = []
    new = text.block_set(file, values)
    assert new.startswith(file)
    assert text.block_values(new) == values
    assert text.lvm_values(new) == {**text.lvm_values(file), **values}
    assert text.block_set(new, values) == new
    other = text.block_set(new + "# after\n", {"global/system_id_source": "machineid"})
    assert other.startswith(file) and other.endswith("# after\n")
    assert text.block_values(other) == {"global/system_id_source": "machineid"}
    gone = text.block_set(new, {})
    assert gone.rstrip("\n") == file.rstrip("\n") and text.block_values(gone) == {}
