"""Reading what the network says: tables of text and frames."""

import socket
import struct

import pytest
from salt.exceptions import CommandExecutionError, TimedProcTimeoutError

from tests.support.salt_modules import load

WORLD = load(states=False)
net = WORLD.library._hanfs_net

IP_ADDR = """\
1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever
1: lo    inet6 ::1/128 scope host noprefixroute \\       valid_lft forever
2: eth0    inet 192.168.16.11/24 brd 192.168.16.255 scope global eth0\\       valid_lft forever
2: eth0    inet 192.168.16.100/24 brd 192.168.16.255 scope global secondary eth0\\       valid_lft
3: tun0    inet 10.8.0.2 peer 10.8.0.1/32 scope global tun0\\       valid_lft forever
4: host0@if5    inet6 fd00::11/64 scope global \\       valid_lft forever
"""


def test_addresses_are_read_with_their_networks():
    found = net.parse_addresses(IP_ADDR)
    assert [(entry["interface"], entry["ip"], entry["network"]) for entry in found] == [
        ("eth0", "192.168.16.11", "192.168.16.0/24"),
        ("eth0", "192.168.16.100", "192.168.16.0/24"),
        ("tun0", "10.8.0.2", "10.8.0.2/32"),
        ("host0", "fd00::11", "fd00::/64"),
    ]


@pytest.mark.parametrize(
    ("ip", "interface"),
    [
        ("192.168.16.200", "eth0"),
        ("fd00::99", "host0"),
        ("10.8.0.2", None),
        ("192.168.17.1", None),
        ("::1", None),
    ],
)
def test_the_interface_is_the_one_whose_network_has_the_address(ip, interface):
    assert net.interface_for(ip, net.parse_addresses(IP_ADDR)) == interface


def frame(sender_ip, operation=2, ethertype=0x0806):
    mac = bytes.fromhex("020000000001")
    packet = struct.pack("!HHBBH6s4s6s4s", 1, 0x800, 6, 4, operation, mac,
                         socket.inet_aton(sender_ip), bytes(6), bytes(4))  # fmt: skip
    return b"\xff" * 6 + mac + struct.pack("!H", ethertype) + packet


@pytest.mark.parametrize(
    ("seen", "claims"),
    [
        (frame("192.168.16.100"), True),
        (frame("192.168.16.100", operation=1), True),
        (frame("192.168.16.101"), False),
        (frame("0.0.0.0", operation=1), False),
        (frame("192.168.16.100", ethertype=0x0800), False),
        (frame("192.168.16.100")[:30], False),
        (b"", False),
    ],
)
def test_only_a_claim_of_this_address_counts(seen, claims):
    owner = net.claimed_by(seen, socket.inet_aton("192.168.16.100"))
    assert (owner is not None) == claims


def test_addresses_that_have_a_name_and_have_not():
    assert net.name_of("127.0.0.1")
    # An address for documentation (RFC 5737): nobody names it.
    assert net.name_of("192.0.2.7") is None
    assert net.name_of("no address") is None


def test_names_that_resolve_and_do_not():
    assert net.resolve("localhost")
    assert net.resolve("no-such-name.invalid") == []
    assert net.resolve("x" * 70 + ".invalid") == []


def test_a_port_that_answers_and_one_that_does_not():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert net.connects("127.0.0.1", "127.0.0.1", port) is None
    assert "refused" in net.connects("127.0.0.1", "127.0.0.1", port)
    assert "assign" in net.connects("203.0.113.1", "127.0.0.1", port)


@pytest.mark.parametrize("raised", [True, False])
@pytest.mark.parametrize(
    ("module", "function", "given"),
    [("_hanfs_net", "addresses", []), ("_hanfs_here", "link_problems", [None])],
)
def test_a_command_that_does_not_end_is_told(module, function, given, raised, monkeypatch):
    def run(argv, timeout=None, **_):
        assert timeout == 120
        if raised:
            raise TimedProcTimeoutError("Timed out")
        return {"retcode": 1, "stdout": f"{argv} : Timed out after 120 seconds", "stderr": ""}

    monkeypatch.setattr("shutil.which", lambda name, **_: name)
    world = load(states=False, run=run)
    with pytest.raises(CommandExecutionError, match="did not end within 120 s"):
        getattr(getattr(world.library, module), function)(world.machine, *given)
