"""The project's modules in long-lived processes on nodes, called as Salt calls them.

.. code-block:: python

    install(pair)                        # before it starts: the modules, and a cibadmin to trick
    with Engine(pair[0]) as engine:
        engine("cib.apply", {...}, wait=0)
        engine.begin("cib.apply", {...}) # two engines at once: begin on both, then end both
        engine.end()
"""

from __future__ import annotations

import json
import select
import shutil
import subprocess
from pathlib import Path

from tests.lab import paths

TREE = "/srv/engine"
FOREIGN = "/run/foreign"
CONFIG = {
    "file_client": "local",
    "module_dirs": [f"{TREE}/_modules"],
    "states_dirs": [f"{TREE}/_states"],
    "file_roots": {"base": [f"{TREE}/states"]},
}
HERE = Path(__file__).parent
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# A script in FOREIGN runs at exactly its moment: between the read and the push there is no luck.
CIBADMIN = f"""\
#!/bin/sh
# A cibadmin during which somebody else works. In {FOREIGN}: MOMENT is run once, MOMENT.always
# each time; hang.MOMENT makes this command hang there.
moment() {{
    cd {FOREIGN} 2>/dev/null || return 0
    [ -e "$1.always" ] && sh "./$1.always" </dev/null >>log 2>&1
    [ -e "$1" ] && mv "$1" "$1.now" && sh "./$1.now" </dev/null >>log 2>&1
    [ -e "hang.$1" ] && exec sleep 1000
    return 0
}}
case " $* " in
*" --query "*) now=query ;;
*" --patch "*) now=patch ;;
*) exec /usr/sbin/cibadmin "$@" ;;
esac
moment "before-$now"
/usr/sbin/cibadmin "$@"
code=$?
moment "after-$now"
exit $code
"""


class Failed(AssertionError):
    """A call raised on the node; ``kind`` is the exception's name there."""

    def __init__(self, kind, message):
        super().__init__(f"{kind}: {message}")
        self.kind, self.message = kind, message


def install(pair):
    """Put the modules on nodes that do not run yet."""
    for node in pair:
        tree = node.root / TREE[1:]
        for name in ("_modules", "_states"):
            shutil.copytree(
                paths.REPO / name, tree / name, ignore=shutil.ignore_patterns("__pycache__")
            )
        shutil.copy(HERE / "racing.py", tree / "_modules" / "racing.py")
        shutil.copy(HERE / "engine_worker.py", tree / "worker.py")
        # salt-call on the node takes the modules from there, too
        config = node.root / "etc/salt/minion.d/engine.conf"
        config.parent.mkdir(exist_ok=True)
        config.write_text(json.dumps(CONFIG))
        (tree / "bin").mkdir()
        (tree / "bin" / "cibadmin").write_text(CIBADMIN)
        (tree / "bin" / "cibadmin").chmod(0o755)


class Engine:
    """One process on one node; calling it calls a function there."""

    def __init__(
        self, node, salt=paths.SALT_VENV, config="/etc/salt", path=f"{TREE}/bin:{SYSTEM_PATH}"
    ):
        self.node = node
        self._errors = open(paths.TEMPORARY / f"engine-{node.name}", "w+")
        self._process = node.popen(
            ["env", f"PATH={path}", f"{salt}/bin/python", f"{TREE}/worker.py", config],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._process.stdin.close()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._errors.close()

    def begin(self, function, *args, **options):
        """Start a call without waiting for it."""
        line = json.dumps({"function": function, "args": args, "options": options})
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def end(self, timeout=120):
        """The return of the call that was begun; raises Failed if it raised."""
        return _returned(self.answer(timeout))

    def answer(self, timeout=120):
        """What came of the call that was begun, a dict: ``return``, or ``error`` and ``type``."""
        ready, _, _ = select.select([self._process.stdout], [], [], timeout)
        line = self._process.stdout.readline() if ready else ""
        if not line:
            self._errors.seek(0)
            what = f"no answer in {timeout} s" if not ready else "it ended"
            raise RuntimeError(f"{self.node.name}: {what}:\n{self._errors.read()[-3000:]}")
        return json.loads(line)

    def __call__(self, function, *args, timeout=120, **options):
        self.begin(function, *args, **options)
        return self.end(timeout)


def both(engines, *calls):
    """The same call on all engines at once, or one each: ``(function, args, options)``."""
    calls = calls * len(engines) if len(calls) == 1 else calls
    for engine, (function, args, options) in zip(engines, calls):
        engine.begin(function, *args, **options)
    # All have answered before one of them raises: no answer waits for the next question.
    answers = [engine.answer() for engine in engines]
    return [_returned(answer) for answer in answers]


def _returned(answer):
    if "error" in answer:
        raise Failed(answer["type"], answer["error"])
    return answer["return"]


class Foreign:
    """Somebody else who edits the cluster's configuration just when an engine on ``node`` works."""

    def __init__(self, node):
        self._node = node

    def at(self, moment, script, always=False):
        """Run a shell script at before-query, after-query, before-patch or after-patch."""
        self._node.put(f"{FOREIGN}/{moment}{'.always' if always else ''}", script + "\n")

    def hang(self, moment):
        """The engine's cibadmin ends no more, from that moment on."""
        self._node.put(f"{FOREIGN}/hang.{moment}", "")

    def clear(self):
        self._node.run(["rm", "-rf", FOREIGN])

    def log(self):
        """What the scripts printed."""
        return self._node.run(["sh", "-c", f"cat {FOREIGN}/log 2>&1"], check=False).stdout
