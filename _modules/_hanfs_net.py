"""
What this machine's network says, for the checks of the site: addresses, names, ports and who
answers for an address.
"""

from __future__ import annotations

import ipaddress
import select
import socket
import struct
import time
from collections.abc import Iterable

from _cib_errors import CommandExecutionError
from _cib_run import Machine

_TIMEOUT = 120
_ARP = 0x0806
# hardware type, protocol type, lengths, operation, sender MAC and IP, target MAC and IP
_ARP_PACKET = struct.Struct("!HHBBH6s4s6s4s")


def addresses(machine: Machine) -> list[dict[str, str]]:
    """
    The addresses of this machine, loopback left out.

    Returns a list of ``{"interface": name, "ip": text, "network": text}``.
    """
    late = f"ip addr show did not end within {_TIMEOUT} s: look at the kernel's messages (dmesg)"
    result = machine.answer(["ip", "-o", "addr", "show"], limit=_TIMEOUT, late=late)
    if result["retcode"] != 0:
        raise CommandExecutionError(f"ip addr show failed: {result['stderr']}")
    return parse_addresses(result["stdout"])


def parse_addresses(output: str) -> list[dict[str, str]]:
    """
    Read what ``ip -o addr show`` prints. Pure.

    output
        The text.
    """
    found = []
    for line in output.splitlines():
        fields = line.split()
        if len(fields) < 4 or fields[2] not in ("inet", "inet6"):
            continue
        interface = ipaddress.ip_interface(fields[3])
        if not interface.ip.is_loopback:
            name = fields[1].split("@")[0]
            found.append(
                {"interface": name, "ip": str(interface.ip), "network": str(interface.network)}
            )
    return found


def interface_for(ip: str, local: Iterable[dict[str, str]]) -> str | None:
    """
    The interface whose network contains an address. Pure.

    ip
        The address.

    local
        The answer of ``addresses``.

    Returns its name, or None.
    """
    address = ipaddress.ip_address(ip)
    for entry in local:
        network = ipaddress.ip_network(entry["network"])
        if network.version == address.version and network.num_addresses > 1 and address in network:
            return entry["interface"]
    return None


def resolve(name: str) -> list[str]:
    """
    The addresses that a host name stands for on this machine.

    name
        The name.

    Returns a list, empty if it stands for none.
    """
    try:
        answers = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return sorted({str(answer[4][0]) for answer in answers})


def name_of(address: str) -> str | None:
    """
    The host name that an address has on this machine (DNS, or /etc/hosts).

    address
        The address.

    Returns None if it has none.
    """
    try:
        return socket.getnameinfo((address, 0), socket.NI_NAMEREQD)[0]
    except OSError:
        return None


def connects(source: str, target: str, port: int, timeout: float = 3) -> str | None:
    """
    Whether a TCP connection from one of this machine's addresses to another machine's is accepted.

    source
        Own address; so the connection takes that link.

    target
        The other machine's address.

    port
        Its port.

    timeout
        Seconds.

    Returns None if it is, else what was wrong, as text.
    """
    try:
        socket.create_connection(
            (target, port), timeout=timeout, source_address=(source, 0)
        ).close()
    except OSError as err:
        return err.strerror or str(err) or type(err).__name__
    return None


def answered_by(ip: str, interface: str, tries: int = 3, wait: float = 0.5) -> str | None:
    """
    Ask a network, by ARP probe, whether some other machine has an IPv4 address (RFC 5227: asked
    from 0.0.0.0, so that nobody learns anything from the question).

    ip
        The address.

    interface
        Interface to ask on.

    tries, wait
        How often to ask, and seconds to listen after each.

    Returns the hardware address that answered, or None. Raises CommandExecutionError if it cannot
    be asked (no privilege, interface down).
    """
    wanted = socket.inet_aton(ip)
    try:
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ARP)) as sock:
            sock.bind((interface, _ARP))
            own = sock.getsockname()[4]
            if len(own) != 6:
                raise CommandExecutionError(f"{interface} is not an Ethernet interface")
            frame = b"\xff" * 6 + own + struct.pack("!H", _ARP)
            frame += _ARP_PACKET.pack(1, 0x0800, 6, 4, 1, own, bytes(4), bytes(6), wanted)
            for _ in range(tries):
                sock.send(frame)
                owner = _listen(sock, wanted, own, wait)
                if owner:
                    return owner
    except OSError as err:
        raise CommandExecutionError(
            f"{interface} cannot be asked who has {ip}: {err.strerror}"
        ) from err
    return None


def _listen(sock, wanted, own, wait):
    deadline = time.monotonic() + wait
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([sock], [], [], left)[0]:
            return None
        owner = claimed_by(sock.recv(2048), wanted)
        if owner and owner != own:
            return ":".join(f"{byte:02x}" for byte in owner)


def claimed_by(frame: bytes, wanted: bytes) -> bytes | None:
    """
    The hardware address that claims an IPv4 address in an Ethernet frame. Pure.

    frame
        The frame, as bytes.

    wanted
        The address, as four bytes. A probe (sender 0.0.0.0) claims nothing: our own peer asks the
        same question.

    Returns six bytes, or None.
    """
    if len(frame) < 14 + _ARP_PACKET.size or frame[12:14] != struct.pack("!H", _ARP):
        return None
    fields = _ARP_PACKET.unpack_from(frame, 14)
    return fields[5] if fields[6] == wanted else None
