"""The kernel of User Mode Linux that machines boot.

``built`` is made here, from Debian's source package of a kernel of today: with all families of
nftables (firewalld, portblock) and with SELinux; ``kernel.config`` says what is in it and why.
``packaged`` is Debian's own, ready in seconds: as fast, without those. The demo takes what is
there, tests want the built one.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import os
import shutil
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

from tests.lab import image, paths
from tests.lab.debian import recipe, run_logged
from tests.lab.progress import say
from tests.lab.sources import sources_of_another

# The environment variable that names the kernel: built or packaged.
CHOICE = "HANFS_LAB_KERNEL"
FRAGMENT = Path(__file__).with_name("kernel.config")
SOURCE_SUITE, SOURCE = "trixie-backports", "linux-source-7.3"
PACKAGE_SUITE, PACKAGE = "testing", "user-mode-linux"
LIBRARIES = "usr/lib/x86_64-linux-gnu"
# What a machine that runs firewalld needs of its kernel.
FIREWALL = ("CONFIG_NF_TABLES_INET", "CONFIG_NF_TABLES_IPV4", "CONFIG_NF_TABLES_IPV6")
# Files that the build makes, about: what its progress is told by.
STEPS = 1950
TELL_SECONDS = 60


@dataclass(frozen=True)
class Kernel:
    """A kernel in the directory ``directory``: the program, its modules and its configuration."""

    name: str
    directory: Path

    @property
    def program(self):
        return self.directory / "linux"

    @property
    def modules(self):
        """Directory of the modules of each release, as /lib/modules."""
        return self.directory / "modules"

    def has(self, *options):
        """Whether all ``options`` (CONFIG_...) are on, as module or built in."""
        lines = set((self.directory / "config").read_text().splitlines())
        return all({f"{option}=y", f"{option}=m"} & lines for option in options)

    @property
    def has_firewall(self):
        return self.has(*FIREWALL)


@functools.cache
def chosen():
    """The Kernel that machines boot: what the environment names, else the best that is there."""
    wanted = os.environ.get(CHOICE)
    names = [wanted] if wanted else ["built", "packaged"]
    found = [Kernel(name, _directory(name)) for name in names]
    for kernel in found:
        if kernel.directory.is_dir():
            return kernel
    raise LookupError(f"no kernel for machines is in {paths.CACHE}: {' or '.join(names)}")


def ensure(build):
    """Have a kernel ready; the processes of the lab boot the same.

    ``build``: the built one is worth waiting for. Where it cannot be made, the packaged one
    serves, and what needs more is told as not run.
    """
    wanted = os.environ.get(CHOICE)
    if wanted:
        _ensure(wanted)
    elif build:
        try:
            _ensure("built")
        except (LookupError, RuntimeError) as error:
            say(f"NO KERNEL COULD BE BUILT for machines, a packaged one serves instead: {error}")
            _ensure("packaged")
    elif not image.used(_directory("built")):
        _ensure("packaged")
    os.environ[CHOICE] = chosen().name


def _ensure(name):
    make, _ = _MAKERS[name]

    def fill(result):
        scratch = result / "scratch"
        scratch.mkdir()
        make(scratch, result, _directory(name))
        shutil.rmtree(scratch)

    image.ensure_made(f"kernel-{name}", _recipe(name), fill)


def _directory(name):
    return paths.CACHE / f"kernel-{name}-{_recipe(name)}"


def _recipe(name):
    """A hash of what decides how that kernel is made: a comment elsewhere costs no ten minutes."""
    make, others = _MAKERS[name]
    return recipe(*(inspect.getsource(part) for part in (make, Archive)), *others())


# --- packages of another release of Debian ---------------------------------------------


class Archive:
    """The packages of one ``suite``, whatever this machine itself installs from."""

    def __init__(self, suite, work):
        self.suite, self.work, self.log = suite, work / suite, work
        for part in ("lists/partial", "archives/partial"):
            (self.work / part).mkdir(parents=True)
        sources = self.work / "sources.list"
        sources.write_text("\n".join(sources_of_another(suite, image.SUITE)) + "\n")
        settings = {
            "Dir::State::Lists": self.work / "lists",
            "Dir::Etc::SourceList": sources,
            "Dir::Etc::SourceParts": "/dev/null",
            "Dir::Cache": self.work,
            "APT::Sandbox::User": "root",
        }
        self.options = [word for key in settings for word in ("-o", f"{key}={settings[key]}")]
        run_logged(["apt-get", "-q", *self.options, "update"], self.log)

    def names(self, prefix):
        """Names of packages that begin so."""
        words = ["apt-cache", *self.options, "pkgnames", prefix]
        return sorted(subprocess.check_output(words, text=True).split())

    def unpack(self, name, tree):
        """Download the package ``name`` and unpack it into the directory ``tree``."""
        words = ["apt-get", "-q", *self.options, "download", f"{name}/{self.suite}"]
        run_logged(words, self.log, cwd=self.work)
        (deb,) = self.work.glob(f"{name}_*.deb")
        run_logged(["dpkg-deb", "-x", str(deb), str(tree)], self.log)
        deb.unlink()


# --- built -----------------------------------------------------------------------------


def _build(work, result, final):
    source = work / "source"
    _unpack_source(work, source)
    make = ["make", "-C", str(source), "ARCH=um", f"-j{os.cpu_count()}"]
    run_logged([*make, "defconfig"], work)
    merge = [str(source / "scripts/kconfig/merge_config.sh"), "-m", "-O", str(source)]
    run_logged([*merge, str(source / ".config"), str(FRAGMENT)], work)
    run_logged([*make, "olddefconfig"], work)
    _check_options((source / ".config").read_text())
    with _progress(work / "build.log"):
        run_logged(["nice", *make, "linux", "modules"], work)
    install = [f"INSTALL_MOD_PATH={result}", "INSTALL_MOD_STRIP=1", "modules_install"]
    run_logged([*make, *install], work)
    run_logged(["strip", "-o", str(result / "linux"), str(source / "linux")], work)
    shutil.copy(source / ".config", result / "config")
    _collect_modules(result / "lib/modules", result / "modules")


def _unpack_source(work, source):
    archive = Archive(SOURCE_SUITE, work)
    found = archive.names("linux-source-")
    if not found:
        raise LookupError(f"{SOURCE_SUITE} has no package linux-source-*")
    # The one that was tried, or what took its place.
    name = SOURCE if SOURCE in found else max(found, key=_version)
    say(f"building a kernel for machines from {name}, beside the rest: about ten minutes")
    tree = work / "package"
    archive.unpack(name, tree)
    source.mkdir()
    (tar,) = (tree / "usr/src").glob("linux-source-*.tar.xz")
    run_logged(["tar", "-xf", str(tar), "-C", str(source), "--strip-components=1"], work)
    shutil.rmtree(tree)


def _version(name):
    return [int(number) for number in name.rpartition("-")[2].split(".") if number.isdigit()]


def _check_options(made):
    """Raise RuntimeError unless ``made`` (text of .config) has all that FRAGMENT asks for."""
    made = dict(line.split("=", 1) for line in made.splitlines() if line.startswith("CONFIG_"))
    lines = [line for line in FRAGMENT.read_text().splitlines() if line.startswith("CONFIG_")]
    wanted = dict(line.split("=", 1) for line in lines)
    missing = [f"{name}={value}" for name, value in wanted.items() if made.get(name, "n") != value]
    if missing:
        raise RuntimeError(f"this kernel's configuration does not take {', '.join(missing)}")


@contextlib.contextmanager
def _progress(log):
    """Tell now and then how far a build is that writes a line for each file to ``log``."""
    over = threading.Event()

    def watch():
        while not over.wait(TELL_SECONDS):
            with open(log, errors="replace") as lines:
                done = sum(line.startswith("  ") for line in lines)
            say(f"the kernel: {done} of about {STEPS} steps")

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _collect_modules(installed, target):
    """Move what ``modules_install`` made, without its links to the source."""
    target.mkdir()
    for release in installed.iterdir():
        for link in ("build", "source"):
            (release / link).unlink(missing_ok=True)
        release.rename(target / release.name)


# --- packaged --------------------------------------------------------------------------


def _unpack_packaged(work, result, final):
    """Debian's package of its next release, with that release's C library beside it."""
    say(f"fetching a kernel for machines: {PACKAGE} of Debian {PACKAGE_SUITE}")
    archive = Archive(PACKAGE_SUITE, work)
    tree, libraries = work / "package", work / "libraries"
    archive.unpack(PACKAGE, tree)
    archive.unpack("libc6", libraries)
    shutil.copytree(libraries / LIBRARIES, result / "libraries", symlinks=True)
    loader = final / "libraries" / "ld-linux-x86-64.so.2"
    program = result / "linux"
    shutil.copy(tree / "usr/bin/linux.uml", program)
    # It runs itself again, so a loader on its command line would not do.
    words = ["patchelf", "--set-interpreter", str(loader), "--set-rpath", str(loader.parent)]
    run_logged([*words, str(program)], work)
    packed = tree / "usr/share/doc" / PACKAGE / "config.gz"
    text = subprocess.check_output(["zcat", str(packed)], text=True)
    (result / "config").write_text(text)
    shutil.copytree(tree / "usr/lib/uml/modules", result / "modules", symlinks=True)


# How each is made, and what else decides what comes of it.
_MAKERS = {
    "built": (_build, lambda: (SOURCE_SUITE, SOURCE, FRAGMENT.read_text())),
    "packaged": (_unpack_packaged, lambda: (PACKAGE_SUITE, PACKAGE)),
}
