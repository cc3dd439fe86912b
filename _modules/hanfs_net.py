"""
What this machine's network says, for the checks of the site: addresses, names, ports and who
answers for an address.

:depends: iproute2; Linux packet sockets (as root) for the question who answers
"""

from __future__ import annotations

import ipaddress
import select
import socket
import struct
import time

from salt.exceptions import CommandExecutionError, TimedProcTimeoutError

__virtualname__ = "hanfs_net"

_TIMEOUT = 120
_ARP = 0x0806
# hardware type, protocol type, lengths, operation, sender MAC and IP, target MAC and IP
_ARP_PACKET = struct.Struct("!HHBBH6s4s6s4s")


def __virtual__():
    return __virtualname__


def addresses():
    """
    The addresses of this machine, loopback left out.

    Returns a list of ``{"interface": name, "ip": text, "network": text}``.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_net.addresses
    """
    late = f"ip addr show did not end within {_TIMEOUT} s: look at the kernel's messages (dmesg)"
    try:
        result = __salt__["cmd.run_all"](
            ["ip", "-o", "addr", "show"],
            python_shell=False,
            ignore_retcode=True,
            output_loglevel="quiet",
            env={"LC_ALL": "C"},
            timeout=_TIMEOUT,
        )
    except TimedProcTimeoutError as err:
        raise CommandExecutionError(late) from err
    if result["retcode"] == 1 and "Timed out" in result["stdout"]:
        raise CommandExecutionError(late)
    if result["retcode"] != 0:
        raise CommandExecutionError(f"ip addr show failed: {result['stderr']}")
    return parse_addresses(result["stdout"])


def parse_addresses(output):
    """
    Read what ``ip -o addr show`` prints. Pure.

    output
        The text.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_net.parse_addresses "$(ip -o addr show)"
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


def interface_for(ip, local):
    """
    The interface whose network contains an address. Pure.

    ip
        The address.

    local
        The answer of ``addresses``.

    Returns its name, or None.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_net.interface_for 192.168.16.100 '[...]'
    """
    address = ipaddress.ip_address(ip)
    for entry in local:
        network = ipaddress.ip_network(entry["network"])
        if network.version == address.version and network.num_addresses > 1 and address in network:
            return entry["interface"]
    return None


def resolve(name):
    """
    The addresses that a host name stands for on this machine.

    name
        The name.

    Returns a list, empty if it stands for none.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_net.resolve nfs-server2
    """
    try:
        answers = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return sorted({answer[4][0] for answer in answers})


def name_of(address):
    """
    The host name that an address has on this machine (DNS, or /etc/hosts).

    address
        The address.

    Returns None if it has none.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_net.name_of 192.168.16.100
    """
    try:
        return socket.getnameinfo((address, 0), socket.NI_NAMEREQD)[0]
    except OSError:
        return None


def connects(source, target, port, timeout=3):
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

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_net.connects 10.10.10.11 10.10.10.12 2224
    """
    try:
        socket.create_connection(
            (target, port), timeout=timeout, source_address=(source, 0)
        ).close()
    except OSError as err:
        return err.strerror or str(err) or type(err).__name__
    return None


def answered_by(ip, interface, tries=3, wait=0.5):
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

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_net.answered_by 192.168.16.100 eth0
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


def claimed_by(frame, wanted):
    """
    The hardware address that claims an IPv4 address in an Ethernet frame. Pure.

    frame
        The frame, as bytes.

    wanted
        The address, as four bytes. A probe (sender 0.0.0.0) claims nothing: our own peer asks the
        same question.

    Returns six bytes, or None.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_net.claimed_by ...
    """
    if len(frame) < 14 + _ARP_PACKET.size or frame[12:14] != struct.pack("!H", _ARP):
        return None
    fields = _ARP_PACKET.unpack_from(frame, 14)
    return fields[5] if fields[6] == wanted else None
