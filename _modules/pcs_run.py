"""
Running the commands of the cluster layer: the only place of ``pcs`` where a process is started
"""

import re

from salt.exceptions import CommandExecutionError

# Seconds until a command that does not end is stopped: it would hold up the minion for ever. pcs
# itself gives up on a node after 60; setting up, destroying and starting wait for services.
LIMIT = 300
ENDLESS = "did not end within"


def __virtual__():
    return True


def run(argv, stdin=None, ok=(0,), limit=LIMIT):
    """
    Run one command and return its result; the only place here where a process is started.
    A command that has not ended after ``limit`` seconds is stopped, which is an error.

    Standard input is never the terminal, where pcs would stop and ask. Backslashes in ``stdin``
    stay what they are, or a password with one would be changed on its way.

    argv
        The command, a list of strings.

    stdin
        Text for its standard input.

    ok
        Exit codes that are no error.

    limit
        Seconds.

    Returns what ``cmd.run_all`` does. Raises CommandExecutionError with the command's words.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs_run.run '[pcs, status]'
    """
    try:
        result = __salt__["cmd.run_all"](
            argv,
            stdin="" if stdin is None else stdin,
            stdin_raw_newlines=True,
            python_shell=False,
            ignore_retcode=True,
            output_loglevel="quiet",
            env={"LC_ALL": "C"},
            timeout=limit,
        )
    except CommandExecutionError:
        # Salt's own message may hold standard input.
        raise CommandExecutionError(
            f"{argv[0]} cannot be run: is its package installed on this node?"
        ) from None
    # Salt answers with exit code 1 and a sentence of its own, which repeats the command.
    if result["retcode"] == 1 and re.search(
        rf"{re.escape(argv[0])}.* : Timed out after {limit} seconds$", result["stdout"], re.DOTALL
    ):
        raise CommandExecutionError(
            f"{' '.join(argv[:3])}: {ENDLESS} {limit} seconds and was stopped"
        )
    if result["retcode"] not in ok:
        words = said(result) or f"exit code {result['retcode']}"
        raise CommandExecutionError(f"{' '.join(argv[:3])}: {words}")
    return result


def said(result):
    """
    What a command printed; pcs 0.10 and older print errors on either stream.

    result
        What ``run`` returned.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs_run.said '{stdout: a, stderr: b}'
    """
    return "\n".join(text for text in (result["stderr"], result["stdout"]) if text).strip()


def was_endless(error):
    """
    Whether an error of ``run`` is that of a command that did not end.

    error
        The exception, or its text.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs_run.was_endless 'pcs status pcsd: did not end within 300 seconds'
    """
    return ENDLESS in str(error)


def argv(kind, *args):
    """
    An argument list spelled for the installed pcs, by the function ``kind`` of ``pcs_argv``.

    kind
        Name of the function; the other arguments are its.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs_run.argv node_add nfs-server3 '[10.10.10.13]'
    """
    return __salt__[f"pcs_argv.{kind}"](__salt__["pcs.version"]()["capabilities"], *args)
