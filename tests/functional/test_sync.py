"""Private files beside the public modules, as each release of Salt loads, syncs and ships them.

One process stands for a minion: Salt's own loader, and ``saltutil.sync_modules`` from files that
change in between. What a run holds must be of one version, and say so if it cannot be.
"""

import json
import os
import re
import shutil
import subprocess
import tarfile
import textwrap
from pathlib import Path

import pytest

from tests.lab import paths
from tests.support.salt_call import SaltCall

PUBLIC = {"apply", "plan", "query", "unavailable", "validate"}
# A formula in small: two public modules, and a library of two files of which one uses the other.
FORMULA = {
    "house.py": """
        import _cib_siblings
        _cib_siblings.load(__file__)
        import _cib_upper
        _cib_siblings.same(__file__, globals())

        VERSION = "V"

        def versions():
            library = _cib_upper
            return [VERSION, library.VERSION, library.lower()]
    """,
    "shed.py": """
        import _cib_siblings
        _cib_siblings.load(__file__)
        import _cib_lower
        import _cib_upper
        _cib_siblings.same(__file__, globals())

        def versions():
            return ["V", _cib_lower.VERSION, _cib_upper.lower()]

        def same():
            return _cib_upper.Thing is __salt__["house.versions"].__globals__["_cib_upper"].Thing
    """,
    "_cib_upper.py": """
        import _cib_lower

        VERSION = "V"

        class Thing:
            pass

        def lower():
            return _cib_lower.VERSION
    """,
    "_cib_lower.py": 'VERSION = "V"\n',
}


def write(directory, version, only=FORMULA):
    directory.mkdir(parents=True, exist_ok=True)
    shutil.copy(paths.REPO / "_modules" / "_cib_siblings.py", directory)
    for name in only:
        text = textwrap.dedent(FORMULA[name]).lstrip().replace('"V"', f'"{version}"')
        (directory / name).write_text(text)


# Runs in Salt's own Python: each line of the script is one step of a minion's life.
HEAD = """\
import json, os, shutil, sys, threading, time
import salt.config, salt.loader, salt.minion, salt.utils.extmods

def minion(name):
    directory = os.path.join({top!r}, name)
    os.makedirs(directory, exist_ok=True)
    opts = salt.config.DEFAULT_MINION_OPTS.copy()
    opts.update(
        id=name, file_client="local", root_dir=directory, cachedir=directory + "/cache",
        extension_modules=directory + "/cache/extmods", conf_file=directory + "/minion",
        pki_dir=directory + "/pki", sock_dir=directory, log_file=directory + "/log",
        file_roots={{"base": [os.path.join({top!r}, "srv", name)]}},
        grains={{}}, pillar={{}}, enable_fqdns_grains=False, __role="minion",
    )
    return opts

def sync(opts):
    return salt.utils.extmods.sync(opts, "modules")[0]

def load(opts):
    return salt.loader.minion_mods(opts)

def tell(**found):
    print("TOLD" + json.dumps(found), flush=True)
"""


class Python:
    """Salt's Python of a release, with a formula in small that scripts change."""

    def __init__(self, release, top):
        self.top = top
        self.program = paths.salt_venv(release) / "bin" / "python"

    def write(self, version, minion="m", **options):
        write(self.top / "srv" / minion / "_modules", version, **options)

    def __call__(self, script, check=True):
        path = self.top / "script.py"
        body = HEAD.format(top=str(self.top)) + textwrap.dedent(script)
        path.write_text(body)
        done = subprocess.run(
            [self.program, path], capture_output=True, text=True, timeout=120, cwd=self.top,
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
        )  # fmt: skip
        assert not check or done.returncode == 0, done.stdout + done.stderr
        found = {}
        for line in re.findall(r"^TOLD(.*)$", done.stdout, re.M):
            found.update(json.loads(line))
        return found


@pytest.fixture(scope="module", params=paths.SALTS)
def release(request):
    return request.param


@pytest.fixture
def python(release, tmp_path):
    return Python(release, tmp_path)


@pytest.fixture(scope="module")
def salt(release, tmp_path_factory):
    return SaltCall(release, tmp_path_factory.mktemp(f"sync-{release}"))


# Replacing the formula is a matter of the script: Python's modules of this file are not Salt's.
REPLACE = """
SRV = os.path.join({top!r}, "srv", "m", "_modules")
def replace(old, new, *names):
    for name in names or sorted(os.listdir(SRV)):
        path = os.path.join(SRV, name)
        with open(path) as file:
            text = file.read()
        with open(path, "w") as file:
            file.write(text.replace('"%s"' % old, '"%s"' % new))
"""


def replacing(python, script):
    return REPLACE.format(top=str(python.top)) + textwrap.dedent(script)


# The real modules ---------------------------------------------------------------------------------


def test_only_public_functions_are_shown(salt):
    assert any(name.startswith("modules._cib_") for name in salt.synchronised["modules"])
    functions = set(salt("sys.list_functions", "cib*", "_cib*"))
    assert functions == {f"cib.{name}" for name in PUBLIC}


def test_a_public_module_works_on_its_library(salt):
    """It asks the machine by way of the library, which knows what is not installed here."""
    assert "cibadmin cannot be run here" in salt("cib.unavailable")


def test_the_archive_of_salt_ssh_has_the_library(release, tmp_path):
    roots = tmp_path / "srv"
    roots.mkdir()
    (roots / "_modules").symlink_to(paths.REPO / "_modules")
    script = f"""\
import salt.client.ssh, salt.config, salt.fileclient
opts = salt.config.DEFAULT_MASTER_OPTS.copy()
opts.update(file_roots={{"base": [{str(roots)!r}]}}, cachedir={str(tmp_path / "cache")!r},
            extension_modules={str(tmp_path / "extmods")!r}, file_client="local",
            root_dir={str(tmp_path)!r}, id="m")
print(salt.client.ssh.mod_data(salt.fileclient.FSClient(opts))["file"])
"""
    (tmp_path / "cache").mkdir()
    program = paths.salt_venv(release) / "bin" / "python"
    done = subprocess.run([program, "-c", script], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    with tarfile.open(done.stdout.split()[-1]) as archive:
        shipped = {Path(name).name for name in archive.getnames() if name.startswith("modules/")}
    assert {path.name for path in (paths.REPO / "_modules").glob("*.py")} <= shipped


# A formula in small -------------------------------------------------------------------------------


def test_a_sync_within_a_process_never_mixes(python):
    """Whatever changes: the library alone, a public module alone, both; and back again."""
    python.write(1)
    found = python(replacing(python, """
        opts = minion("m")
        sync(opts)
        old = load(opts)
        tell(first=old["house.versions"]())
        replace(1, 2)
        tell(synced=sync(opts))
        new = load(opts)
        tell(house=new["house.versions"](), shed=new["shed.versions"](), same=new["shed.same"]())
        replace(2, 3, "_cib_lower.py")
        sync(opts)
        new = load(opts)
        tell(library=new["shed.versions"]())
        replace(3, 4, "_cib_lower.py")
        replace(2, 4, "house.py", "shed.py", "_cib_upper.py")
        sync(opts)
        new = load(opts)
        tell(shed_first=new["shed.versions"](), house_then=new["house.versions"]())
    """))  # fmt: skip
    assert found["first"] == ["1"] * 3
    assert found["house"] == found["shed"] == ["2"] * 3
    assert found["same"] is True
    assert found["library"] == ["2", "3", "3"]
    assert found["shed_first"] == found["house_then"] == ["4"] * 3


def test_without_the_guard_the_old_library_stays(python):
    """What the guard is for: Python keeps what was imported before the sync."""
    python.write(1)
    found = python(replacing(python, """
        opts = minion("m")
        for name in ("house.py", "shed.py"):
            path = os.path.join(SRV, name)
            lines = [line for line in open(path) if not line.startswith("_cib_siblings.")]
            text = "".join(lines)
            open(path, "w").write(text)
        sync(opts)
        load(opts)["house.versions"]()
        replace(1, 2)
        sync(opts)
        tell(mixed=load(opts)["house.versions"]())
    """))  # fmt: skip
    assert found["mixed"] == ["2", "1", "1"]


def test_who_works_on_with_the_old_one_has_all_of_it_old(python):
    """What was loaded before a sync, and is not loaded again, keeps its library."""
    python.write(1)
    found = python(replacing(python, """
        opts = minion("m")
        sync(opts)
        old = load(opts)
        lower = old["house.versions"].__globals__["_cib_upper"].lower
        replace(1, 2)
        sync(opts)
        load(opts)["shed.versions"]()
        tell(old=lower())
    """))  # fmt: skip
    assert found["old"] == "1"


def test_bytecode_of_the_same_second_is_not_taken_for_new(python):
    """Same size, same second: Python would take the old bytecode."""
    python.write(1)
    script = """
        opts = minion("m")
        sync(opts)
        directory = opts["extension_modules"] + "/modules"
        names = [name for name in os.listdir(directory) if name.startswith("_cib")]
        def second():
            for name in names:
                os.utime(os.path.join(directory, name), (1700000000, 1700000000))
        second()
        tell(first=load(opts)["house.versions"]())
        replace(1, 2)
        sync(opts)
        second()
        tell(again=load(opts)["house.versions"](), pid=os.getpid())
    """
    found = python(replacing(python, script))
    assert (found["first"], found["again"]) == (["1"] * 3, ["2"] * 3)
    # ... and by another process, which has never seen the first one
    other = """
        opts = minion("m")
        directory = opts["extension_modules"] + "/modules"
        replace(2, 3)
        sync(opts)
        for name in os.listdir(directory):
            if name.startswith("_cib"):
                os.utime(os.path.join(directory, name), (1700000000, 1700000000))
        tell(third=load(opts)["house.versions"]())
    """
    assert python(replacing(python, other))["third"] == ["3"] * 3


def test_two_minions_of_one_process(python):
    """Each has a directory of its own, and they may be of different versions."""
    python.write(1, "one")
    python.write(2, "two")
    found = python("""
        one, two = minion("one"), minion("two")
        sync(one), sync(two)
        first = load(one)["house.versions"]()
        second = load(two)["house.versions"]()
        third = load(one)["shed.versions"]()
        tell(first=first, second=second, third=third)
    """)
    assert (found["first"], found["second"], found["third"]) == (["1"] * 3, ["2"] * 3, ["1"] * 3)


def test_two_minions_that_load_at_once(python):
    """One that comes between another one's guard and its imports is no silent change of library."""
    python.write(1, "one")
    python.write(2, "two")
    found = python("""
        one, two = minion("one"), minion("two")
        sync(one), sync(two)
        load(one)["house.versions"]()
        siblings = sys.modules["_cib_siblings"]
        guard = siblings.load
        def between(path):
            siblings.load = guard
            guard(path)
            load(two)["house.versions"]()
        siblings.load = between
        mods = load(one)
        tell(found="shed.versions" in mods, why=str(mods.missing_fun_string("shed.versions")))
    """)
    assert not found["found"]
    assert "was replaced while it was loaded" in found["why"]


def test_threads_of_a_minion_without_processes(python, release, note):
    """
    ``multiprocessing: False``: jobs are threads that load while a sync goes on in another one. Salt
    runs a public module again under the feet of who uses it, and a thread may import between two
    others: who loads just then may hold two versions until it ends. What is loaded afterwards does
    not, and what fails says so.
    """
    python.write(1)
    found = python(replacing(python, """
        opts = minion("m")
        sync(opts)
        seen, errors, over = [], [], threading.Event()
        def job():
            while not over.is_set():
                mods = load(opts)
                if "house.versions" in mods:
                    seen.append(tuple(mods["house.versions"]()))
                else:
                    errors.append(mods.missing_fun_string("house.versions"))
        threads = [threading.Thread(target=job) for _ in range(2)]
        for thread in threads: thread.start()
        for version in range(1, 6):
            time.sleep(0.3)
            replace(version, version + 1)
            sync(opts)
        over.set()
        for thread in threads: thread.join()
        last = load(opts)["house.versions"]()
        tell(seen=sorted(set(seen)), errors=errors, last=last)
    """))  # fmt: skip
    assert found["last"] == ["6"] * 3
    named = ("was replaced while it was loaded", "cannot be loaded", "change all the time")
    assert [one for one in found["errors"] if not any(text in one for text in named)] == []
    mixed = [one for one in found["seen"] if len(set(one)) > 1]
    note(
        f"Salt {release}: of {len(found['seen'])} kinds of answers {len(mixed)} were mixed: {mixed}"
    )


def test_a_set_that_cannot_be_loaded_is_an_error_that_names_the_file(python):
    python.write(1)
    found = python(replacing(python, """
        opts = minion("m")
        sync(opts)
        open(os.path.join(SRV, "_cib_lower.py"), "w").write("VERSION =")
        sync(opts)
        mods = load(opts)
        "house.versions" in mods
        tell(missing=str(mods.missing_fun_string("house.versions")))
        open(os.path.join(SRV, "_cib_lower.py"), "w").write('VERSION = "1"')
        sync(opts)
        tell(cured=load(opts)["house.versions"]())
    """))  # fmt: skip
    assert "_cib_lower.py" in found["missing"] and "SyntaxError" in found["missing"]
    assert found["cured"] == ["1"] * 3


def test_a_public_module_that_is_replaced_while_it_is_loaded_is_an_error(python):
    """Salt has read the old one when the sync comes, and the new library is there when it runs."""
    python.write(1)
    found = python(replacing(python, """
        opts = minion("m")
        path = os.path.join(SRV, "house.py")
        text = open(path).read()
        slow = "import time\\ntime.sleep(0.5)\\n"
        open(path, "w").write(slow + text)
        sync(opts)
        def later():
            time.sleep(0.2)
            replace(1, 2)
            sync(opts)
        thread = threading.Thread(target=later)
        thread.start()
        mods = load(opts)
        "house.versions" in mods
        thread.join()
        tell(said=str(mods.missing_fun_string("house.versions")))
        tell(then=load(opts)["house.versions"]())
    """))  # fmt: skip
    assert "house.py was replaced while it was loaded" in found["said"]
    assert found["then"] == ["2"] * 3


def test_files_that_change_while_they_are_loaded_are_loaded_again(python):
    """A library file that takes a while to load, and a sync that comes in between."""
    python.write(1)
    found = python(replacing(python, """
        opts = minion("m")
        path = os.path.join(SRV, "_cib_lower.py")
        text = open(path).read()
        open(path, "w").write(text + "import time\\ntime.sleep(0.5)\\n")
        sync(opts)
        def later():
            time.sleep(0.25)
            replace(1, 2, "_cib_lower.py", "_cib_upper.py")
            sync(opts)
        thread = threading.Thread(target=later)
        thread.start()
        mods = load(opts)
        seen = mods["house.versions"]()
        thread.join()
        tell(seen=seen, then=load(opts)["house.versions"]())
    """))  # fmt: skip
    assert found["seen"] == found["then"] == ["1", "2", "2"]


def test_one_run_that_syncs_first(salt):
    """``state.apply`` whose first state syncs, in one process: what follows is new as a whole."""
    roots = salt.roots
    (roots / "_modules").unlink()
    try:
        for version in (1, 2):
            write(roots / "_modules", version)
            done = salt.states(
                textwrap.dedent("""\
                the modules come first:
                  saltutil.sync_modules:
                    - refresh: true
                    - order: 1
                house.versions:
                  module.run:
                    - house.versions: []
                """)
            )
            assert [ret["result"] for ret in done] == [True, True], done
            assert done[1]["changes"] == {"house.versions": [str(version)] * 3}
    finally:
        shutil.rmtree(roots / "_modules")
        (roots / "_modules").symlink_to(paths.REPO / "_modules")
        salt("saltutil.sync_all")
