"""The lab takes Debian's mirror from the machine's own apt files, in both of their formats."""

from __future__ import annotations

import pytest

from tests.lab.sources import debian_sources, sources_of_another

DEB822 = """\
# the installer wrote this
Types: deb
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates bookworm-backports
Components: main contrib
Signed-By: /usr/share/keyrings/debian.gpg

Types: deb
URIs: http://vendor.example/
Suites: nodistro
Components: main

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main
"""

ONE_LINE = """\
deb cdrom:[Debian 12]/ bookworm main
deb [arch=amd64 signed-by=/etc/apt/key.gpg] http://mirror.example/debian bookworm main # first
deb-src http://mirror.example/debian bookworm main
deb http://vendor.example/repo bookworm stable
deb http://security.example/ bookworm-security main non-free
"""


@pytest.fixture
def apt(tmp_path):
    (tmp_path / "sources.list.d").mkdir()
    return tmp_path


def test_deb822(apt):
    (apt / "sources.list.d" / "debian.sources").write_text(DEB822)
    start = "deb [signed-by=/usr/share/keyrings/debian.gpg] http://mirror.example/debian"
    assert debian_sources("bookworm", apt) == [
        f"{start} bookworm main",
        f"{start} bookworm-updates main",
    ]


def test_one_line(apt):
    (apt / "sources.list").write_text(ONE_LINE)
    assert debian_sources("bookworm", apt) == [
        "deb [arch=amd64 signed-by=/etc/apt/key.gpg] http://mirror.example/debian bookworm main",
        "deb http://security.example/ bookworm-security main",
    ]


def test_none_is_an_error_that_says_where_it_looked(apt):
    with pytest.raises(LookupError, match=str(apt)):
        debian_sources("bookworm", apt)


def test_another_release_comes_from_the_same_mirror(apt):
    (apt / "sources.list").write_text(ONE_LINE)
    options = "[arch=amd64 signed-by=/etc/apt/key.gpg]"
    line = f"deb {options} http://mirror.example/debian trixie main"
    assert sources_of_another("trixie", "bookworm", apt) == [line]


def test_another_release_that_the_machine_knows_comes_from_its_own_lines(apt):
    text = ONE_LINE.replace("bookworm-security", "trixie-security")
    (apt / "sources.list").write_text(text)
    line = "deb http://security.example/ trixie-security main"
    assert sources_of_another("trixie", "bookworm", apt) == [line]
