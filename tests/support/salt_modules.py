"""Load the project's modules without Salt's loader.

A loaded world behaves as on a minion: every public function of ``_modules`` is in ``__salt__``,
every one of ``_states`` in ``__states__``, and ``cmd.run_all`` really runs the command. What was
run is kept, so that a test can count processes and look for secrets in argument lists.

.. code-block:: python

    world = load()                                  # __opts__ = {"test": False}
    world.modules.cib_plan.normalise({...})         # the Python module
    world.salt["cib.query"]()                       # as another module would call it
    world.states.pcs_configured.configured("x", ...)           # a state
    world.commands                                  # [["cibadmin", "--query"], ...]
"""

import fnmatch
import functools
import itertools
import os
import subprocess
import types
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_serial = itertools.count()


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


def _is_wanted(name, patterns):
    return patterns is None or any(fnmatch.fnmatch(name, pattern) for pattern in patterns)


def _functions(module):
    aliases = getattr(module, "__func_alias__", {})
    for name, value in vars(module).items():
        if name.startswith("_") or not isinstance(value, types.FunctionType):
            continue
        if value.__module__ == module.__name__:
            yield aliases.get(name, name), value


def load(opts=None, pillar=None, grains=None, run=None, salt=None, modules=None, states=True):
    """A world: ``modules``, ``states``, ``salt``, ``commands``, ``context``, ``opts``.

    opts, pillar, grains
        Contents of the dunders.

    run
        What stands for ``cmd.run_all``; a :class:`Runner` if not given.

    salt
        More functions for ``__salt__`` (or other ones, by full name).

    modules
        Names of the files in ``_modules`` to load, or patterns such as ``hanfs*``; all if not
        given.

    states
        Whether to load ``_states`` too.
    """
    run = run or Runner()
    world = types.SimpleNamespace(
        modules=types.SimpleNamespace(),
        states=types.SimpleNamespace(),
        salt={"cmd.run_all": run},
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
    found = [(ROOT / "_modules", world.modules, world.salt)]
    if states:
        found.append((ROOT / "_states", world.states, state_functions))
    for directory, where, table in found:
        for path in sorted(directory.glob("*.py")):
            if table is world.salt and not _is_wanted(path.stem, modules):
                continue
            module = _import(path)
            vars(module).update(dunders)
            name = getattr(module, "__virtualname__", path.stem)
            setattr(where, path.stem, module)
            for function, value in _functions(module):
                table[f"{name}.{function}"] = value
    world.salt.update(salt or {})
    return world
