"""A root file system with pcs, entered once: commands run in it without paying for the way in.

The first use of a root makes a mount namespace with a writable layer over it, in which the
directory for temporary files is seen under its own path, and leaves a ``pcs_server`` there. Other
programs join that namespace, which costs two milliseconds where making it costs thirty. It ends
with this process; nothing is left in the root or mounted outside. What a command writes outside
the temporary directory stays until then, for all tests.
"""

import atexit
import functools
import json
import os
import socket
import subprocess
import tempfile
import uuid
from pathlib import Path

SERVER = Path(__file__).with_name("pcs_server.py")
AGENT = Path(__file__).resolve().parents[2] / "hanfs" / "files" / "nfsserver"
# As it is when the tests begin: one of them may point it elsewhere for a while.
TEMPORARY = Path(tempfile.gettempdir()).resolve()

# $1 is the root file system, $2 the directory to share, $3 the formula's own resource agent, which
# the formula puts beside the others, the rest the command.
_ENTER = """\
set -e
root=$1 shared=$2 agent=$3 layer=/mnt
shift 3
mount -t tmpfs tmpfs "$layer"
mkdir "$layer/upper" "$layer/work" "$layer/merged"
merged=$layer/merged
mount -t overlay overlay -o "lowerdir=$root,upperdir=$layer/upper,workdir=$layer/work" "$merged"
mkdir -p "$merged$shared" "$merged/dev" "$merged/proc"
mount --bind "$shared" "$merged$shared"
mount --bind /dev "$merged/dev"
mount --bind /proc "$merged/proc"
install -D -m 755 "$agent" "$merged/usr/lib/ocf/resource.d/hanfs/nfsserver"
cd /
exec chroot "$merged" "$@"
"""


def entered(root, directory):
    """The :class:`ToolRoot` of ``root`` in which ``directory`` is seen, made at first use."""
    directory = Path(directory).resolve()
    inside = directory.is_relative_to(TEMPORARY)
    return _entered(str(root), str(TEMPORARY if inside else directory))


@functools.cache
def _entered(root, shared):
    return ToolRoot(root, shared)


class ToolRoot:
    """A root file system (``/`` for this machine) that is ready for commands.

    ``prefix`` is what to put in front of a command to run it there.
    """

    def __init__(self, root, shared):
        self._address = str(Path(shared, f"pcs-{uuid.uuid4().hex[:8]}"))
        way = []
        if root != "/":
            way = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _ENTER, "sh"]
            way += [root, shared, str(AGENT)]
        self._server = subprocess.Popen(
            [*way, "/usr/bin/python3", "-Es", "-c", SERVER.read_text(), self._address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"},
            text=True,
        )
        atexit.register(self.close)
        assert self._server.stdout.readline() == "ready\n", f"no pcs in {root}"
        self.prefix = []
        if way:
            target = f"--target={self._server.pid}"
            self.prefix = ["nsenter", target, "--mount", "--root", "--wd", "--"]

    def pcs(self, arguments, env, stdin=None, cwd="/"):
        """Run ``pcs ARGUMENTS`` in a fork of the server.

        ``env`` is its whole environment, ``stdin`` text or None. Returns a CompletedProcess
        with text, as ``subprocess.run`` would.
        """
        streams = [_memory(stdin or ""), _memory(), _memory()]
        request = {"argv": list(arguments), "env": env, "cwd": str(cwd)}
        text = json.dumps(request).encode() + b"\n"
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(self._address)
            sent = socket.send_fds(connection, [text], [stream.fileno() for stream in streams])
            connection.sendall(text[sent:])
            code = connection.recv(64)
        assert code, f"pcs {list(arguments)} ended without a word"
        _, out, err = (_read(stream) for stream in streams)
        return subprocess.CompletedProcess(["pcs", *arguments], int(code), out, err)

    def close(self):
        """End the server, and with it the namespace."""
        self._server.stdin.close()
        self._server.stdout.close()
        self._server.wait(30)
        Path(self._address).unlink(missing_ok=True)


def _memory(text=""):
    stream = open(os.memfd_create("stream"), "w+", encoding="utf-8")
    stream.write(text)
    stream.seek(0)
    return stream


def _read(stream):
    with stream:
        stream.seek(0)
        return stream.read()
