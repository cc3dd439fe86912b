"""Real ``pcs`` without its start: imported once, and then a fork for every command.

Nine tenths of a ``pcs`` command are imports. This program runs inside a root file system with that
system's own Python, loads the function behind its ``pcs`` command, and waits on a Unix socket. For
every request a fresh fork gets the caller's arguments, environment, directory, standard input,
output and error, runs that function as the command would, and ends; its exit code goes back. So
nothing of one command is left for the next.

    python3 -Es pcs_server.py SOCKET      # prints "ready"; ends when its standard input does

A request is one JSON object with the three descriptors beside it, the answer the code as text.
Python 3.9 and nothing but the standard library: it has to run in the oldest of the systems.
``tool_root`` is the other end.
"""

import gc
import json
import os
import select
import signal
import socket
import sys
import traceback
from importlib import metadata

PROGRAM = "/usr/sbin/pcs"


def entry_point():
    """What the command ``pcs`` calls, as its package says; the modules are loaded by this."""
    for found in metadata.distribution("pcs").entry_points:
        if (found.group, found.name) == ("console_scripts", "pcs"):
            return found.load()
    raise LookupError("the package pcs has no command of its name")


def run(main, request, descriptors):
    """Be the command, in a process that is for nothing else; does not return."""
    for wanted, given in enumerate(descriptors):
        os.dup2(given, wanted)
        os.close(given)
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    sys.argv = [PROGRAM, *request["argv"]]
    try:
        code = main()
    except SystemExit as error:
        code = error.code
    except BaseException:
        traceback.print_exc()
        code = 1
    if code is not None and not isinstance(code, int):
        print(code, file=sys.stderr)
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit((code or 0) & 255)


def answer(main, connection):
    """Run the command that is asked for and tell its exit code; in a process of its own."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    text, descriptors, _, _ = socket.recv_fds(connection, 1 << 20, 3)
    while not text.endswith(b"\n"):
        text += connection.recv(1 << 20)
    child = os.fork()
    if child == 0:
        connection.close()
        run(main, json.loads(text), descriptors)
    _, status = os.waitpid(child, 0)
    connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())


def serve(path):
    """Answer until whoever started this closes the standard input."""
    main = entry_point()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who answer
    gc.collect()
    gc.freeze()  # or the first collection in every fork would copy all of it
    print("ready", flush=True)
    while True:
        readable, _, _ = select.select([listener, 0], [], [])
        if 0 in readable:
            return
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            answer(main, connection)
            os._exit(0)
        connection.close()


if __name__ == "__main__":
    serve(sys.argv[1])
