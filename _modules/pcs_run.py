"""
Running the commands of the cluster layer: the only place of ``pcs`` where a process is started
"""

import _cib_siblings

_cib_siblings.load(__file__)

import _cib_run


def __virtual__():
    return True


def run(argv, stdin=None, ok=(0,), limit=_cib_run.LIMIT):
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
    return _cib_run.Machine(__salt__["cmd.run_all"]).run(argv, stdin, ok, limit)


def said(result):
    """
    What a command printed; pcs 0.10 and older print errors on either stream.

    result
        What ``run`` returned.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs_run.said '{stdout: a, stderr: b}'
    """
    return _cib_run.said(result)


def was_endless(error):
    """
    Whether an error of ``run`` is that of a command that did not end.

    error
        The exception, or its text.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs_run.was_endless 'pcs status pcsd: did not end within 300 seconds'
    """
    return _cib_run.was_endless(error)


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
