"""
Running commands: the only place of the library where a process is started.

A public module makes a :class:`Machine` for each call and hands it down. Nothing of it stays in a
module: two minions may live in one process.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Container, Mapping, MutableMapping
from typing import Any

from _cib_errors import CommandExecutionError, TimedProcTimeoutError

# Seconds until a command that does not end is stopped: it would hold up the minion for ever. pcs
# itself gives up on a node after 60; setting up, destroying and starting wait for services.
LIMIT = 300
# ... and for one of Pacemaker's own tools.
TOOL_LIMIT = 120
SBIN = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin"
ENDLESS = "did not end within"


class Machine:
    """
    What the library needs of the machine that it runs on, and of Salt there.

    run_all
        Salt's ``cmd.run_all``.

    kept
        What was found out is kept here for the rest of the run (``__context__``).

    pillar
        A function that returns the value at a place in pillar (``a:b``), or None.

    salt
        Salt's other execution functions, by their full names.

    opts, grains
        The minion's configuration and its grains.

    test
        Whether nothing may be changed.

    run
        What a state knows of its run: ``own`` (its id), ``before`` (ids of those that ran) and
        ``environment``.
    """

    def __init__(
        self,
        run_all: Callable[..., dict[str, Any]],
        kept: MutableMapping[str, Any] | None = None,
        pillar: Callable[[str], Any] | None = None,
        *,
        salt: Mapping[str, Callable[..., Any]] | None = None,
        opts: Mapping[str, Any] | None = None,
        grains: Mapping[str, Any] | None = None,
        test: bool = False,
        run: Mapping[str, Any] | None = None,
    ) -> None:
        self._run_all = run_all
        self.pillar = pillar or (lambda place: None)
        self.kept = {} if kept is None else kept
        self.salt = {} if salt is None else salt
        self.opts = {} if opts is None else opts
        self.grains = {} if grains is None else grains
        self.test = test
        self.asked_by = run or {}

    def answer(
        self,
        argv: list[str],
        stdin: str | None = None,
        limit: int = LIMIT,
        late: str | None = None,
        env: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """
        Run one command and return what ``cmd.run_all`` does, whatever its exit code.

        argv
            The command, a list of texts; it never goes through a shell.

        stdin
            Text for its standard input, which is never the terminal, where pcs would stop and ask.
            Backslashes in it stay what they are, or a password with one would be changed.

        limit, late
            Seconds after which it is stopped, and what is said then.

        env
            More environment variables.

        Raises CommandExecutionError when it cannot be run, or does not end.
        """
        late = late or f"{' '.join(argv[:3])}: {ENDLESS} {limit} seconds and was stopped"
        try:
            result = self._run_all(
                argv,
                stdin="" if stdin is None else stdin,
                stdin_raw_newlines=True,
                python_shell=False,
                ignore_retcode=True,
                output_loglevel="quiet",
                env={"LC_ALL": "C", **(env or {})},
                timeout=limit,
            )
        except TimedProcTimeoutError:
            raise CommandExecutionError(late) from None
        except CommandExecutionError:
            # Salt's own message may hold standard input.
            raise CommandExecutionError(
                f"{argv[0]} cannot be run: is its package installed on this node?"
            ) from None
        if _was_stopped(result, argv[0], limit):
            raise CommandExecutionError(late)
        return result

    def run(
        self,
        argv: list[str],
        stdin: str | None = None,
        ok: Container[int] = (0,),
        limit: int = LIMIT,
    ) -> dict[str, Any]:
        """
        The same, but CommandExecutionError with the command's words for an exit code that is not
        ``ok``.
        """
        result = self.answer(argv, stdin, limit)
        if result["retcode"] not in ok:
            words = said(result) or f"exit code {result['retcode']}"
            raise CommandExecutionError(f"{' '.join(argv[:3])}: {words}")
        return result

    def tool(
        self,
        command: list[str],
        stdin: str | None = None,
        limit: int | None = None,
        package: str = "Pacemaker's command line tools",
    ) -> dict[str, Any]:
        """
        Run one of Pacemaker's tools, whatever its exit code; what it prints is never logged.

        Raises CommandExecutionError when it is not installed or does not end.
        """
        try:
            return self.run(command, stdin=stdin, ok=range(256), limit=limit or TOOL_LIMIT)
        except CommandExecutionError as err:
            if was_endless(err):
                raise
            raise CommandExecutionError(
                f"{command[0]} cannot be run here: install {package} "
                "(pacemaker-cli-utils on Debian)"
            ) from err


def _was_stopped(result, program, limit):
    """Salt answers with exit code 1 and a sentence of its own, which repeats the command."""
    told = rf"{re.escape(program)}.* : Timed out after {limit} seconds$"
    return result["retcode"] == 1 and re.search(told, result["stdout"], re.DOTALL)


def which(program: str) -> str | None:
    """
    Where a program is, or None: also where services and cron have no ``sbin`` in their path, as
    Salt itself looks.
    """
    return shutil.which(program) or shutil.which(program, path=SBIN)


def said(result: dict[str, Any]) -> str:
    """What a command printed; pcs 0.10 and older print errors on either stream."""
    return "\n".join(text for text in (result["stderr"], result["stdout"]) if text).strip()


def was_endless(error: Exception | str) -> bool:
    """Whether an error of :py:meth:`Machine.run` is that of a command that did not end."""
    return ENDLESS in str(error)


def reason(done: dict[str, Any]) -> str:
    """The one sentence of a tool's answer that cannot hold a part of the configuration."""
    for line in reversed(done["stderr"].splitlines()):
        found = re.search(r"(?:failed|Error)[^:<]*:\s*([^<]+)$", line)
        if found:
            return found.group(1).strip()
    return "no reason given"
