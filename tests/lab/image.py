"""Root file systems of the nodes, built once and kept in the cache.

``bare``       a Debian 12 with systemd, sshd, Python and Salt: nothing of a cluster.
``installed``  the same after ``apt-get install`` of the formula's packages, with all
               that Debian does by itself (a one-node cluster, services enabled).
``bullseye``, ``trixie``  Debian 11 and 13 with a cluster's packages, see ``suites``.
``testing``    Debian testing, for those who ask for it alone, see ``canary``.
"""

from __future__ import annotations

import functools
import inspect
import os
import shutil
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.lab import canary, enter, packages, paths, suites
from tests.lab.debian import BASE_PACKAGES, DPKG_OPTIONS, MASKED_UNITS, minion_unit, recipe
from tests.lab.debian import run_logged as _logged
from tests.lab.progress import say
from tests.lab.sources import debian_sources

SUITE = "bookworm"

# How long an image stays in the cache after it was last used.
KEEP_SECONDS = 6 * 3600

MINION_UNIT = minion_unit(paths.SALT_VENV)

INSTALL_SCRIPT = """\
set -e
root=$1 repository=$2
shift 2
mount --bind "$repository" "$root/srv/packages"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/run"
printf '#!/bin/sh\\nexit 101\\n' >"$root/usr/sbin/policy-rc.d"
chmod +x "$root/usr/sbin/policy-rc.d"
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
chroot "$root" apt-get -q -y -o Dpkg::Use-Pty=0 install "$@"
chroot "$root" apt-get clean
rm "$root/usr/sbin/policy-rc.d"
"""


def root(kind):
    """Directory of the root file system ``kind``; it must be built already."""
    return _directory(kind) / "root"


def repository():
    """Directory of .deb files: all that ``installed`` has more than ``bare``, and ON_DEMAND."""
    return _directory("bare") / "packages"


def ensure(all_suites=True, beside=()):
    """Build what is missing, several at once: apt waits much, for the mirror and for the disk.

    ``all_suites``: also those that only tests use. ``beside``: functions to call meanwhile.
    """
    chains = [[("bare", _build_bare), ("installed", _build_installed)]]
    if all_suites:
        chains += [[(name, suites.builder(name))] for name in suites.SUITES]
    work = [functools.partial(_ensure_chain, chain) for chain in chains]
    with ThreadPoolExecutor(max_workers=2 + bool(beside)) as builders:
        for done in [builders.submit(one) for one in (*beside, *work)]:
            done.result()


def ensure_canary():
    """Build what is made of Debian testing; where that does not work, say so and go on."""
    try:
        ensure_made(canary.SUITE, canary.recipe_of(), canary.build)
    except (OSError, RuntimeError, LookupError, subprocess.SubprocessError) as error:
        say(f"no root file system of Debian testing: {error}")


def _ensure_chain(chain):
    """Build those of a list of (kind, function) that are missing, one after the other."""
    for kind, build in chain:
        ensure_made(kind, _recipe_of(kind), build)


def ensure_made(name, recipe, make):
    """The directory of what is called ``name`` in the cache, made unless it is there.

    ``recipe``: a hash of everything that decides what is in it. ``make`` is called with a directory
    to fill, which gets its name when it is whole.
    """
    final = paths.CACHE / f"{name}-{recipe}"
    if used(final):
        return final
    remove_unused(f"{name}-{'?' * len(recipe)}")
    began = time.monotonic()
    work = Path(tempfile.mkdtemp(prefix=f"new-{name}-", dir=paths.CACHE))
    try:
        work.chmod(0o755)
        make(work)
        work.rename(final)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    say(f"{name} is ready after {time.monotonic() - began:.0f} s")
    return final


def _directory(kind):
    return paths.CACHE / f"{kind}-{_recipe_of(kind)}"


def _recipe_of(kind):
    if kind == canary.SUITE:
        return canary.recipe_of()
    return suites.recipe_of(kind) if kind in suites.SUITES else _recipe()


@functools.cache
def _recipe():
    """A short hash of everything that decides what is in the images."""
    return recipe(
        *(inspect.getsource(part) for part in (_build_bare, _settle_in, _add_salt)),
        *(inspect.getsource(part) for part in (_build_installed, packages.write_index)),
        INSTALL_SCRIPT,
        MINION_UNIT,
        *(BASE_PACKAGES + DPKG_OPTIONS + MASKED_UNITS),
        *packages.formula_packages(),
        *packages.EXTRA,
        *packages.ON_DEMAND,
        paths.CONSTRAINTS.read_text(),
        str(paths.SALT_VENV),
        *debian_sources(SUITE),
    )


def used(directory):
    """Whether a cached ``directory`` (a path) is there; if so, remember that it was asked for."""
    if directory.is_dir():
        os.utime(directory)
    return directory.is_dir()


def remove_unused(pattern):
    """Remove what of the cache nobody asked for in the last hours.

    ``pattern``: names in the cache, as for ``Path.glob``. Copies of the project that share the
    cache may want different images, and must not take them away from each other.
    """
    if enter.running():  # it may stand on an old one
        return
    for old in paths.CACHE.glob(pattern):
        if old.stat().st_mtime < time.time() - KEEP_SECONDS:
            shutil.rmtree(old, ignore_errors=True)


def _build_bare(work):
    """One run of mmdebstrap: the root, and beside it the packages that nodes will install."""
    tree, repository_ = work / "root", work / "packages"
    repository_.mkdir()
    wanted = [*packages.formula_packages(), *packages.EXTRA, *packages.ON_DEMAND]
    say(f"building the root file system 'bare' and downloading {len(wanted)} packages with theirs")
    download = 'chroot "$1" apt-get -q -y install --download-only ' + " ".join(wanted)
    collect = f'cp "$1"/var/cache/apt/archives/*.deb "{repository_}"/'
    command = ["mmdebstrap", "--mode=root", "--variant=minbase", "--quiet"]
    command += [f"--dpkgopt={option}" for option in DPKG_OPTIONS]
    command += [f"--include={','.join(BASE_PACKAGES)}"]
    command += [f"--customize-hook={download}", f"--customize-hook={collect}"]
    command += [SUITE, str(tree), *debian_sources(SUITE)]
    _logged(command, work)
    packages.write_index(repository_)
    _settle_in(tree)


def _settle_in(tree):
    for path in (tree / "etc/apt/sources.list.d").glob("*"):
        path.unlink()
    (tree / "etc/apt/sources.list").write_text(f"deb [trusted=yes] file:{paths.NODE_PACKAGES} ./\n")
    (tree / paths.NODE_PACKAGES[1:]).mkdir(parents=True)
    (tree / "etc/resolv.conf").write_text("")
    (tree / "etc/machine-id").write_text("uninitialized\n")
    units = tree / "etc/systemd/system"
    for unit in MASKED_UNITS:
        (units / unit).unlink(missing_ok=True)
        (units / unit).symlink_to("/dev/null")
    (units / "salt-minion.service").write_text(MINION_UNIT)
    _add_salt(tree)
    _in_own_namespaces('mount --bind "$2" "$1/srv/packages" && chroot "$1" apt-get -q update', tree)


def _add_salt(tree):
    venv = tree / str(paths.SALT_VENV)[1:]
    venv.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", str(paths.SALT_VENV), str(venv)], check=True)
    (tree / "opt/salt").symlink_to(paths.SALT_VENV)
    (tree / "etc/salt").mkdir()
    for program in ("salt-call", "salt-minion"):
        (tree / "usr/local/bin" / program).symlink_to(paths.SALT_VENV / "bin" / program)


def _build_installed(work):
    wanted = packages.formula_packages()
    say(f"building the root file system 'installed': {' '.join(wanted)}")
    subprocess.run(["cp", "-a", str(root("bare")), str(work / "root")], check=True)
    _in_own_namespaces(INSTALL_SCRIPT, work / "root", *wanted, *packages.EXTRA)


def _in_own_namespaces(script, tree, *arguments):
    """Run a shell script on ``tree``; its mounts and processes end with it."""
    command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script, "sh"]
    _logged([*command, str(tree), _repository_beside(tree), *arguments], tree.parent)


def _repository_beside(tree):
    beside = tree.parent / "packages"
    return str(beside if beside.is_dir() else repository())
