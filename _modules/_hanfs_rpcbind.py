"""
Registers the NFS server's RPC programs with rpcbind again after it died. A program of its own.

rpcbind has its registrations in memory. It writes them down when it is stopped in order (its option
``-w``), and never when it is killed. The kernel's NFS server and lock manager register when they
open their ports and not again, rpc.mountd and rpc.statd when they start. So what is listening is
asked whether it is what it should be (the NULL procedure, RFC 5531), and registered if it answers:
nothing that does not run gets into the list, and nothing is remembered that could grow old.

A state writes this file to the node, where systemd runs it each time that rpcbind has started
(``_hanfs_helpers``), with the node's own Python, 3.6 or later:

    hanfs-rpcbind-register 100003:3,4:tcp:2049 100005:1,2,3:udp:20048
"""

import concurrent.futures
import itertools
import socket
import struct
import sys
from typing import Optional

RPCBIND = "/run/rpcbind.sock"
# Seconds for one answer: everything is on this machine.
PATIENCE = 2
_PORTMAPPER, _VERSION, _SET = 100000, 4, 1
_FAMILIES = {"": (socket.AF_INET, "127.0.0.1", "0.0.0.0"), "6": (socket.AF_INET6, "::1", "::")}
_TYPES = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}
_last_call = itertools.count(1)


def programs(words: list) -> list:
    """
    What the command line asks for.

    words
        ``PROGRAM:VERSION,VERSION:tcp or udp:PORT``, each as a text.

    Returns ``[(program, version, "tcp" or "udp", "" or "6", port)]``, each for IPv4 and IPv6.
    """
    found = []
    for word in words:
        program, versions, protocol, port = word.split(":")
        found += [
            (int(program), int(version), protocol, family, int(port))
            for version in versions.split(",")
            for family in _FAMILIES
        ]
    return found


def call(number: int, program: int, version: int, procedure: int, arguments: bytes = b"") -> bytes:
    """
    A call without credentials, as RFC 5531 has it on the wire.

    number
        The call's own number (xid).

    program, version, procedure, arguments
        What is called.
    """
    head = struct.pack(">6I", number, 0, 2, program, version, procedure)
    return head + struct.pack(">4I", 0, 0, 0, 0) + arguments


def result(answer: bytes, number: int) -> Optional[bytes]:
    """
    What an answer's result is; None if the call was not done.

    answer
        The answer as it came.

    number
        The call's.
    """
    if len(answer) < 24:
        return None
    xid, kind, denied, _, length = struct.unpack(">5I", answer[:20])
    done = 20 + (length + 3) // 4 * 4
    if (xid, kind, denied) != (number, 1, 0) or len(answer) < done + 4:
        return None
    (accepted,) = struct.unpack(">I", answer[done : done + 4])
    return answer[done + 4 :] if accepted == 0 else None


def registration(program: int, version: int, netid: str, address: str) -> bytes:
    """
    The arguments of rpcbind's SET (RFC 1833): netid and address as rpcbind calls them. The owner is
    empty: rpcbind takes the user at the other end.
    """
    texts = b""
    for text in (netid, address, ""):
        data = text.encode()
        texts += struct.pack(">I", len(data)) + data + b"\0" * (-len(data) % 4)
    return struct.pack(">2I", program, version) + texts


def _receive(connection, count):
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            return b""
        data += part
    return data


def _ask(connection, stream, program, version, procedure, arguments=b""):
    number = next(_last_call)
    words = call(number, program, version, procedure, arguments)
    if not stream:
        connection.send(words)
        return result(connection.recv(4096), number)
    connection.sendall(struct.pack(">I", 0x80000000 | len(words)) + words)
    mark = _receive(connection, 4)
    # All that is asked here is answered in one piece.
    size = struct.unpack(">I", mark)[0] & 0x7FFFFFFF if mark else 0
    return result(_receive(connection, min(size, 4096)), number)


def answers(program: int, version: int, protocol: str, family: str, port: int) -> bool:
    """Whether a program answers on a port of this machine; the arguments are those of one entry of
    ``programs``."""
    kind, host, _ = _FAMILIES[family]
    try:
        with socket.socket(kind, _TYPES[protocol]) as connection:
            connection.settimeout(PATIENCE)
            connection.connect((host, port))
            return _ask(connection, protocol == "tcp", program, version, 0) is not None
    except OSError:
        return False


def register(there: list) -> list:
    """
    Tell rpcbind. It takes it from root only, and what is registered already is no error.

    there
        Entries of ``programs``.

    Returns those that rpcbind did not take: another address has the same netid.
    """
    refused = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(PATIENCE)
        connection.connect(RPCBIND)
        for entry in there:
            program, version, protocol, family, port = entry
            address = f"{_FAMILIES[family][2]}.{port // 256}.{port % 256}"
            words = registration(program, version, protocol + family, address)
            done = _ask(connection, True, _PORTMAPPER, _VERSION, _SET, words)
            if done != struct.pack(">I", 1):
                refused.append(entry)
    return refused


def main(words: list) -> int:
    """
    Register what of the command line runs on this machine.

    words
        The command line without the program's name.

    Returns the exit code.
    """
    wanted = programs(words)
    with concurrent.futures.ThreadPoolExecutor(len(wanted)) as pool:
        found = list(pool.map(lambda entry: answers(*entry), wanted))
    there = [entry for entry, answered in zip(wanted, found) if answered]
    refused = register(there) if there else []
    for entry in there:
        program, version, protocol, family, port = entry
        told = "rpcbind did not take" if entry in refused else "registered"
        print(f"{told} {program} v{version} {protocol}{family} {port}")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
