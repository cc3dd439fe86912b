"""The program that registers again: against RPC servers on this machine, and one like rpcbind."""

import contextlib
import socket
import struct
import threading

import pytest

from tests.support import salt_modules  # noqa: F401  the library is importable after it

import _hanfs_rpcbind as program  # isort: skip

VERSION_MISMATCH, SUCCESS = 2, 0


def reply(words, accepted, more=b""):
    (number,) = struct.unpack(">I", words[:4])
    return struct.pack(">6I", number, 1, 0, 0, 0, accepted) + more


def serve(sock, answer):
    """Answer each call that comes to a listening or a datagram socket until it is closed."""

    def stream(connection):
        with connection:
            while True:
                mark = connection.recv(4, socket.MSG_WAITALL)
                if len(mark) < 4:
                    return
                size = struct.unpack(">I", mark)[0] & 0x7FFFFFFF
                back = answer(connection.recv(size, socket.MSG_WAITALL))
                connection.sendall(struct.pack(">I", 0x80000000 | len(back)) + back)

    def loop():
        with contextlib.suppress(OSError):
            while True:
                if sock.type == socket.SOCK_DGRAM:
                    words, sender = sock.recvfrom(4096)
                    sock.sendto(answer(words), sender)
                else:
                    connection, _ = sock.accept()
                    threading.Thread(target=stream, args=(connection,), daemon=True).start()

    threading.Thread(target=loop, daemon=True).start()


@pytest.fixture
def nfsd():
    """A server on one TCP and one UDP port that knows 100003, versions 3 and 4: their numbers."""

    def answer(words):
        right = struct.unpack(">2I", words[12:20]) in {(100003, 3), (100003, 4)}
        return reply(words, SUCCESS if right else VERSION_MISMATCH, b"" if right else b"\0" * 8)

    with contextlib.ExitStack() as stack:
        ports = {}
        for protocol, kind in (("tcp", socket.SOCK_STREAM), ("udp", socket.SOCK_DGRAM)):
            sock = stack.enter_context(socket.socket(socket.AF_INET, kind))
            sock.bind(("127.0.0.1", 0))
            if protocol == "tcp":
                sock.listen()
            serve(sock, answer)
            ports[protocol] = sock.getsockname()[1]
        yield ports


@pytest.fixture
def rpcbind(tmp_path, monkeypatch):
    """What is registered: ``[(program, version, netid, address, owner)]``; port 1 is taken."""
    taken, path = [], str(tmp_path / "rpcbind.sock")
    monkeypatch.setattr(program, "RPCBIND", path)

    def answer(words):
        assert struct.unpack(">3I", words[12:24]) == (100000, 4, 1)
        number, version = struct.unpack(">2I", words[40:48])
        texts, rest = [], words[48:]
        while rest:
            (size,) = struct.unpack(">I", rest[:4])
            texts.append(rest[4 : 4 + size].decode())
            rest = rest[4 + (size + 3) // 4 * 4 :]
        taken.append((number, version, *texts))
        return reply(words, SUCCESS, struct.pack(">I", texts[1] != "0.0.0.0.0.1"))

    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.bind(path)
        sock.listen()
        serve(sock, answer)
        yield taken


def address(port):
    return f"0.0.0.0.{port // 256}.{port % 256}"


def test_what_answers_is_registered_and_nothing_else(nfsd, rpcbind, capsys):
    words = [f"100003:2,3,4:{protocol}:{port}" for protocol, port in nfsd.items()]
    words += [f"100005:3:tcp:{nfsd['tcp']}", "100024:1:tcp:9", "100024:1:udp:9"]
    assert program.main(words) == 0
    assert rpcbind == [
        (100003, version, protocol, address(port), "")
        for protocol, port in nfsd.items()
        for version in (3, 4)
    ]
    assert len(capsys.readouterr().out.splitlines()) == 4


def test_nothing_runs_nobody_is_asked(monkeypatch, capsys):
    """At boot, and on the passive node: rpcbind's socket is not even opened."""
    monkeypatch.setattr(program, "RPCBIND", "/nowhere")
    assert program.main(["100003:3,4:tcp:9", "100021:1,3,4:udp:9"]) == 0
    assert capsys.readouterr().out == ""


def test_what_rpcbind_does_not_take_is_said(rpcbind):
    entry = (100003, 3, "tcp", "", 1)
    assert program.register([entry]) == [entry]


@pytest.mark.parametrize(
    "bytes_",
    [b"", b"\0" * 24, struct.pack(">6I", 7, 1, 1, 0, 0, 0), struct.pack(">6I", 8, 1, 0, 0, 0, 0),
     struct.pack(">6I", 7, 1, 0, 0, 400, 0), struct.pack(">6I", 7, 0, 0, 0, 0, 0)],
)  # fmt: skip
def test_an_answer_that_is_none(bytes_):
    assert program.result(bytes_, 7) is None


def test_an_answer_with_a_verifier():
    words = struct.pack(">5I", 7, 1, 0, 1, 5) + b"12345\0\0\0" + struct.pack(">I", 0) + b"rest"
    assert program.result(words, 7) == b"rest"


def test_a_server_that_says_nothing_holds_up_nobody_for_long(monkeypatch):
    monkeypatch.setattr(program, "PATIENCE", 0.1)
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        assert not program.answers(100003, 3, "tcp", "", sock.getsockname()[1])
