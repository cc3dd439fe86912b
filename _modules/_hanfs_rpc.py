"""
What a client of the NFS server would be answered, asked as a client asks: ONC RPC over TCP.

A few calls, none of which changes anything: NULL of any program, the port mapper's GETPORT, and
mountd's EXPORT, which ``showmount -e`` asks. Sources: RFC 5531 (RPC, and its record
marking), RFC 1833 (port mapper), RFC 1813 appendix I (MOUNT version 3), RFC 4506 (XDR). No process
is started, and no call takes longer than its timeout.
"""

from __future__ import annotations

import os
import socket
import struct
import time

NFS, MOUNTD = 100003, 100005
_PORTMAPPER = 100000
_PORTMAPPER_PORT = 111
NFS_PORT = 2049
_TCP = 6
_LAST_FRAGMENT = 0x80000000
# A server that answers more than this is none of ours.
_LONGEST = 4 << 20


class RpcError(Exception):
    """Why there was no answer, as a few words."""


def call(
    address: str,
    port: int,
    program: int,
    version: int,
    procedure: int,
    body: bytes = b"",
    timeout: float = 2,
) -> bytes:
    """
    Make one call, without credentials.

    address, port
        Of the server.

    program, version, procedure, body
        What is called, and its arguments as XDR.

    timeout
        Seconds for all of it.

    Returns the results as XDR. Raises RpcError.
    """
    until = time.monotonic() + timeout
    number = struct.unpack("!I", os.urandom(4))[0]
    # a call (0) of RPC version 2, with credentials and verifier AUTH_NONE
    message = struct.pack("!6I", number, 0, 2, program, version, procedure) + bytes(16) + body
    try:
        with socket.create_connection((address, port), timeout=timeout) as sock:
            sock.sendall(struct.pack("!I", _LAST_FRAGMENT | len(message)) + message)
            return results(_record(sock, until), number)
    except OSError as err:
        raise RpcError(err.strerror or str(err) or type(err).__name__) from err


def _record(sock, until):
    made, last = b"", False
    while not last:
        (mark,) = struct.unpack("!I", _exactly(sock, 4, until))
        last, length = bool(mark & _LAST_FRAGMENT), mark & ~_LAST_FRAGMENT
        if len(made) + length > _LONGEST:
            raise RpcError("an answer of over 4 MiB")
        made += _exactly(sock, length, until)
    return made


def _exactly(sock, length, until):
    made = b""
    while len(made) < length:
        left = until - time.monotonic()
        if left <= 0:
            raise RpcError("timed out")
        sock.settimeout(left)
        part = sock.recv(min(65536, length - len(made)))
        if not part:
            raise RpcError("the connection was closed")
        made += part
    return made


def results(message: bytes, number: int) -> bytes:
    """
    The results in a reply. Pure.

    message
        The reply.

    number
        Of the call (``xid``).

    Raises RpcError for a reply to something else, one that is cut off, or a refusal.
    """
    try:
        found, kind, status = struct.unpack_from("!3I", message)
        if found != number or kind != 1:
            raise RpcError("an answer to another question")
        if status != 0:
            raise RpcError("the call was refused")
        (length,) = struct.unpack_from("!I", message, 16)
        place = 20 + _padded(length)
        (accepted,) = struct.unpack_from("!I", message, place)
    except struct.error:
        raise RpcError("an answer that is cut off") from None
    if accepted != 0:
        said = {1: "no such program", 2: "no such version", 3: "no such procedure"}
        raise RpcError(said.get(accepted, f"the call failed ({accepted})"))
    return message[place + 4 :]


def _padded(length):
    return (length + 3) & ~3


def null(address: str, program: int, version: int, port: int, timeout: float = 2) -> None:
    """
    Call procedure 0, which does nothing: it answers if the server does. Raises RpcError if not.

    address, program, version, port, timeout
        As for ``call``.
    """
    call(address, port, program, version, 0, timeout=timeout)


def port_of(address: str, program: int, version: int, timeout: float = 2) -> int:
    """
    The TCP port of a program, as the port mapper of a machine says. Raises RpcError if it has none.

    address, program, version, timeout
        As for ``call``.
    """
    body = struct.pack("!4I", program, version, _TCP, 0)
    answer = call(address, _PORTMAPPER_PORT, _PORTMAPPER, 2, 3, body, timeout)
    port = struct.unpack("!I", answer[:4])[0] if len(answer) >= 4 else 0
    if not port:
        raise RpcError("the port mapper does not know it")
    return port


def exports(address: str, port: int | None = None, timeout: float = 2) -> dict[str, list[str]]:
    """
    What a server exports, as ``showmount -e`` shows it.

    address, timeout
        As for ``call``.

    port
        mountd's; None: as the port mapper says.

    Returns ``{directory: [clients]}``. Raises RpcError.
    """
    port = port or port_of(address, MOUNTD, 3, timeout)
    return listed(call(address, port, MOUNTD, 3, 5, timeout=timeout))


def listed(data: bytes) -> dict[str, list[str]]:
    """
    mountd's list of exports. Pure.

    data
        The results of EXPORT, as XDR.

    Raises RpcError if it is damaged.
    """
    found: dict[str, list[str]] = {}
    place = 0
    try:
        more, place = _word(data, place)
        while more:
            directory, place = _text(data, place)
            clients = found.setdefault(directory, [])
            group, place = _word(data, place)
            while group:
                name, place = _text(data, place)
                clients.append(name)
                group, place = _word(data, place)
            more, place = _word(data, place)
    except struct.error:
        raise RpcError("a list of exports that is cut off") from None
    return found


def _word(data, place):
    return struct.unpack_from("!I", data, place)[0], place + 4


def _text(data, place):
    length, place = _word(data, place)
    end = place + length
    if end > len(data):
        raise struct.error
    return data[place:end].decode("utf-8", "surrogateescape"), place + _padded(length)
