"""Load the project's modules without Salt's loader.

A loaded world behaves as on a minion: every public function of ``_modules`` is in ``__salt__``,
every one of ``_states`` in ``__states__``, and ``cmd.run_all`` really runs the command. What was
run is kept, so that a test can count processes and look for secrets in argument lists. Each has
a library (``_modules/_*.py``) of its own, in which a test may replace what it likes; tests of what
is pure import it as any Python, for it is on ``sys.path`` once this is imported.

.. code-block:: python

    world = load()                                  # __opts__ = {"test": False}
    world.modules.cib                               # the Python module
    world.salt["cib.query"]()                       # as a state would call it
    world.library._pcs_node.member_of()             # the library, with world.machine where it
    world.library._pcs_node.status(world.machine)   # needs one
    world.states.pcs_configured.configured("x", ...)           # a state
    world.commands                                  # [["cibadmin", "--query"], ...]
"""

import contextlib
import functools
import importlib
import importlib.util
import inspect
import itertools
import os
import subprocess
import sys
import types
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODULES = ROOT / "_modules"
sys.path.insert(0, str(MODULES))
import _cib_siblings  # noqa: E402

_cib_siblings.load(str(MODULES / "cib.py"))  # as the public modules do: all share one library
_serial = itertools.count()


class Functions(dict):
    """
    ``__salt__``, and what stands in for functions of the library.

    A key such as ``_pcs_node.status`` is a function of the library: what is set is called in its
    place by all of this world, without the machine that many of them get first.
    """

    library = None

    def __setitem__(self, key, value):
        if not key.startswith("_"):
            super().__setitem__(key, value)
            return
        file, *path, name = key.split(".")
        place = functools.reduce(getattr, path, getattr(self.library, file))
        takes_machine = next(iter(inspect.signature(getattr(place, name)).parameters), None) in (
            "machine",
            "self",
        )

        def stand_in(machine, *args, **kwargs):
            return value(*args, **kwargs)

        setattr(place, name, stand_in if takes_machine else value)

    def update(self, more):
        for key, value in more.items():
            self[key] = value


class Runner:
    """``cmd.run_all`` that really runs, and remembers what it ran.

    prefix
        What to put in front of every command, such as a way into another root file system
        (:mod:`tests.support.cluster_tools` has one).

    env
        Added to every command's environment.
    """

    def __init__(self, prefix=(), env=None):
        self.prefix = list(prefix)
        self.env = dict(env or {})
        self.commands = []
        self.stdins = []

    def __call__(self, cmd, stdin=None, env=None, timeout=None, python_shell=False, **more):
        if stdin is not None and not more.get("stdin_raw_newlines"):
            stdin = stdin.replace("\\n", "\n")  # as Salt does
        if isinstance(cmd, str) and not python_shell:
            cmd = cmd.split()
        self.commands.append(list(cmd) if isinstance(cmd, (list, tuple)) else cmd)
        self.stdins.append(stdin)
        environ = {**os.environ, **self.env, **(env or {})}
        argv = [*self.prefix, *map(str, cmd)] if isinstance(cmd, (list, tuple)) else cmd
        try:
            done = subprocess.run(
                argv,
                input=stdin,
                stdin=subprocess.DEVNULL if stdin is None else None,
                capture_output=True,
                env=environ,
                shell=python_shell,
                timeout=timeout,
                text=True,
                check=False,
            )
        except FileNotFoundError as err:
            # Salt's own wording for a command that is not there
            from salt.exceptions import CommandExecutionError

            raise CommandExecutionError(
                f"Unable to run command '{cmd}' with the context ..., reason: {err}"
            ) from err
        return {
            "pid": 0,
            "retcode": done.returncode,
            "stdout": done.stdout.rstrip("\n"),
            "stderr": done.stderr.rstrip("\n"),
        }


@functools.cache
def _code(path, modified):
    """The file at ``path`` as it was ``modified`` (ns), compiled once: the dearest part by far."""
    return compile(path.read_bytes(), str(path), "exec", dont_inherit=True)


def _import(path):
    """A fresh copy of the module at ``path``: tests must not share its globals."""
    module = types.ModuleType(f"world{next(_serial)}_{path.stem}")
    module.__file__ = str(path)
    exec(_code(path, path.stat().st_mtime_ns), vars(module))
    return module


class _Library:
    """Finds the library's files for Python's import, each compiled once for all worlds."""

    def __init__(self):
        self.paths = {path.stem: path for path in sorted(MODULES.glob("_*.py"))}

    def find_spec(self, name, path=None, target=None):
        return importlib.util.spec_from_loader(name, self) if name in self.paths else None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        path = self.paths[module.__name__]
        module.__file__ = str(path)
        exec(_code(path, path.stat().st_mtime_ns), vars(module))
        if module.__name__ == "_cib_siblings":
            module.load = module.same = lambda *_: None  # they are loaded


@contextlib.contextmanager
def _own_library():
    """A library of its own is what Python imports here: a world may change anything in it."""
    finder = _Library()
    shared = {name: sys.modules.pop(name) for name in finder.paths if name in sys.modules}
    sys.meta_path.insert(0, finder)
    try:
        for name in finder.paths:
            importlib.import_module(name)
        yield types.SimpleNamespace(**{name: sys.modules[name] for name in finder.paths})
    finally:
        sys.meta_path.remove(finder)
        for name in finder.paths:
            sys.modules.pop(name, None)
        sys.modules.update(shared)


def _functions(module):
    aliases = getattr(module, "__func_alias__", {})
    for name, value in vars(module).items():
        if name.startswith("_") or not isinstance(value, types.FunctionType):
            continue
        if value.__module__ == module.__name__:
            yield aliases.get(name, name), value


def load(opts=None, pillar=None, grains=None, run=None, salt=None, states=True):
    """A world: ``modules``, ``library``, ``machine``, ``states``, ``salt``, ``commands``, ...

    opts, pillar, grains
        Contents of the dunders.

    run
        What stands for ``cmd.run_all``; a :class:`Runner` if not given.

    salt
        More functions for ``__salt__`` (or other ones, by full name), and what stands in for
        functions of the library (see :class:`Functions`).

    states
        Whether to load ``_states`` too.
    """
    run = run or Runner()
    world = types.SimpleNamespace(
        modules=types.SimpleNamespace(),
        states=types.SimpleNamespace(),
        salt=Functions({"cmd.run_all": run}),
        run=run,
        commands=getattr(run, "commands", []),
        context={},
        opts={"test": False, **(opts or {})},
        pillar=pillar or {},
        grains=grains or {},
    )
    state_functions = {}
    dunders = {
        "__salt__": world.salt,
        "__states__": state_functions,
        "__context__": world.context,
        "__opts__": world.opts,
        "__pillar__": world.pillar,
        "__grains__": world.grains,
    }
    found = [(MODULES, world.modules, world.salt)]
    if states:
        found.append((ROOT / "_states", world.states, state_functions))
    with _own_library() as world.library:
        world.salt.library = world.library
        for directory, where, table in found:
            for path in sorted(directory.glob("[!_]*.py")):
                module = _import(path)
                vars(module).update(dunders)
                name = getattr(module, "__virtualname__", path.stem)
                setattr(where, path.stem, module)
                for function, value in _functions(module):
                    table.setdefault(f"{name}.{function}", value)
    world.machine = world.library._cib_minion.machine(
        world.salt, world.opts, world.grains, world.pillar, world.context, world.opts["test"]
    )
    world.salt.update(salt or {})
    return world
