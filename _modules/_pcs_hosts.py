"""
Hosts and pcs's account: who may talk to which pcsd, and with which password

Part of the module ``pcs``. The password goes by standard input, and is in no argument list, error
or result.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import re
import socket
import time
from typing import Any

import _cib_run
import _pcs_arguments
import _pcs_argv
import _pcs_files
import _pcs_node
from _cib_errors import CommandExecutionError, SaltInvocationError
from _cib_run import Machine

KNOWN_HOSTS = "/var/lib/pcsd/known-hosts"
TOKENS = "/var/lib/pcsd/tokens"
# Which password the tokens were made with.
MARK = "/var/lib/pcsd/tokens-are-of-password"
PCSD_PORT = 2224
CONNECT_TIMEOUT = 3
LONGEST_PAUSE = 30
MASK = "XXX-REDACTED-XXX"


# --- hosts ---


def _secret(machine, password, password_pillar):
    """The password itself; what is wrong with it is said without it."""
    where = "password"
    if password is None and password_pillar:
        where = f"pillar {password_pillar}"
        password = machine.pillar(password_pillar)
    if password is None:
        raise SaltInvocationError(f"{where} is not set")
    if not isinstance(password, str):
        raise SaltInvocationError(f"{where} must be a string: put it in quotes")
    if not password or "\n" in password or "\r" in password or "\0" in password:
        raise SaltInvocationError(f"{where} must be one line of text and not empty")
    return password


def hosts_authorized(machine: Machine, nodes: Any) -> dict[str, bool | str]:
    """Ask pcs whether it may talk to the pcsd of each node."""
    names = list(_pcs_arguments.checked_nodes(nodes))
    # 2: somebody is not online, which the output tells better
    output = machine.run(["pcs", "status", "pcsd", *names], ok=(0, 2))["stdout"]
    said: dict[str, bool | str] = dict.fromkeys(names, "no answer from pcs")
    for line in output.splitlines():
        # pcs 0.9 may add a name in brackets
        match = re.match(r"\s*(\S+?)(?: \(.*\))?: (.+?)\s*$", line)
        if match and match.group(1) in said:
            said[match.group(1)] = True if match.group(2) == "Online" else match.group(2)
    return said


def host_auth(
    machine: Machine,
    nodes: Any,
    password: str | None = None,
    password_pillar: str | None = None,
    username: str = "hacluster",
    timeout: int = 60,
    renew: bool = False,
) -> bool:
    """
    Let this node's pcs talk to the pcsd of all nodes. The password goes by standard input.

    Tried again until the deadline: another node may still be installing, or may not have its
    password yet. Reachability is tested by a plain connection before pcs is asked.

    nodes
        ``{name: [addresses]}``; always all members of the cluster. The first address is used.

    password, password_pillar
        The password, or the place in pillar (keys joined by colons) where it is.

    username
        pcs's account.

    timeout
        Seconds.

    renew
        Get new tokens, also for hosts whose tokens are good.

    Returns True. Raises CommandExecutionError that says for each node what was wrong last.
    """
    nodes = _pcs_arguments.checked_nodes(nodes)
    secret = _secret(machine, password, password_pillar)
    deadline = time.monotonic() + timeout
    pause = 1
    while True:
        trouble = _trouble(machine, nodes, secret, username, password_pillar, renew)
        if not trouble:
            return True
        left = deadline - time.monotonic()
        if left <= 0:
            raise CommandExecutionError(
                f"not authenticated within {timeout} seconds: {'; '.join(trouble)}"
            )
        time.sleep(max(0.0, min(pause, left)))
        pause = min(pause * 2, LONGEST_PAUSE)


def _trouble(machine, nodes, *how):
    """One try, where all nodes can be reached; sentences about what went wrong."""
    try:
        return _silent(nodes) or _authenticate(machine, nodes, *how)
    except CommandExecutionError as err:
        if not _cib_run.was_endless(err):
            raise
        return [str(err)]


def _silent(nodes):
    """A sentence for each node whose pcsd does not take a connection."""
    sentences = []
    for name, addresses in nodes.items():
        address = addresses[0] if addresses else name
        try:
            socket.create_connection((address, PCSD_PORT), timeout=CONNECT_TIMEOUT).close()
        except OSError:
            sentences.append(f"no answer from {name} ({address}:{PCSD_PORT})")
    return sentences


def _authenticate(machine, nodes, secret, username, password_pillar, renew):
    """One try; sentences about what went wrong, empty when pcs confirms all hosts."""
    before = _tokens() if renew else {}
    argv = _pcs_argv.auth(_pcs_node.capabilities(machine), nodes, username, renew)
    said = _cib_run.said(machine.run(argv, stdin=secret + "\n", ok=range(256))).replace(
        secret, MASK
    )
    sentences = [
        _refusal(name, username, password_pillar)
        for name in nodes
        if re.search(rf"(^|\s){re.escape(name)}: Username and/or password is incorrect", said)
    ]
    if sentences:
        return sentences
    # 'Authorized' alone proves nothing: in a cluster that pcs cannot synchronise it stores none.
    for name, answer in hosts_authorized(machine, nodes).items():
        if answer is not True:
            sentences.append(f"pcs says of {name}: {answer}")
    # The old tokens stay good when the password changes, so only new ones prove anything.
    now = _tokens() if renew else {}
    sentences += [
        f"pcs kept its old token for {name}"
        for name in nodes
        if name in before and now.get(name) == before[name]
    ]
    if sentences:
        sentences.append(f"pcs's own words: {said or 'none'}")
    return sentences


def _refusal(name, username, password_pillar):
    sentence = f"{name} refused {username}'s password"
    if password_pillar:
        return f"{sentence} (pillar {password_pillar})"
    return sentence


# --- tokens ---


def _tokens():
    """Marks by which tokens can be told apart, for this module only."""
    for path in (KNOWN_HOSTS, TOKENS):
        try:
            with open(path, encoding="utf-8") as handle:
                return _pcs_files.token_marks(handle.read())
        except (OSError, UnicodeDecodeError):
            continue
    return {}


def _password_mark(machine, name):
    stored = machine.salt["shadow.info"](name).get("passwd") or ""
    return hashlib.sha256(stored.encode("utf-8")).hexdigest()


def tokens_outdated(machine: Machine, name: str = "hacluster") -> bool | None:
    """
    Whether the password of pcs's account has changed since this node's tokens were made.

    pcsd does not care: a token is good until it is taken away on the host that gave it. So that a
    new password means new tokens, a mark of the password that the tokens were made with is kept
    beside them. No process is started.

    name
        The account.

    Returns a bool; None when nothing is known, as on a cluster that was made by hand.
    """
    try:
        with open(MARK, encoding="utf-8") as handle:
            return handle.read().strip() != _password_mark(machine, name)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as err:
        raise CommandExecutionError(f"{MARK} cannot be read: {err}") from err


def tokens_are_of_this_password(machine: Machine, name: str = "hacluster") -> bool:
    """
    Keep the mark of the present password beside the tokens.

    name
        The account.
    """
    try:
        handle = os.open(MARK, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(_password_mark(machine, name) + "\n")
    except OSError as err:
        raise CommandExecutionError(f"{MARK} cannot be written: {err.strerror}") from err
    return True


# --- the password of pcs's account ---


def password_matches(
    machine: Machine,
    name: str = "hacluster",
    password: str | None = None,
    password_pillar: str | None = None,
) -> bool | None:
    """
    Whether an account has this password. No process is started.

    name
        The account.

    password, password_pillar
        The password, or the place in pillar (keys joined by colons) where it is.

    Returns a bool; None when there is no such account.
    """
    secret = _secret(machine, password, password_pillar)
    entry = machine.salt["shadow.info"](name)
    if not entry.get("name"):
        return None
    stored = entry.get("passwd") or ""
    # no password, or locked
    if not stored or stored[0] in "!*":
        return False
    return _crypt(secret, stored) == stored


def _crypt(secret, stored):
    """
    crypt(3) of the system: Python's own is gone in 3.13, and passlib, which Salt would use then,
    does not know yescrypt, the default on Debian.
    """
    for library in ("libcrypt.so.1", "libcrypt.so.2"):
        try:
            function = ctypes.CDLL(library).crypt
        except (OSError, AttributeError):
            continue
        function.restype = ctypes.c_char_p
        function.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
        hashed = function(secret.encode("utf-8"), stored.encode("utf-8"))
        return hashed.decode("utf-8") if hashed else None
    raise CommandExecutionError("libcrypt is not on this node: passwords cannot be compared")


def set_password(
    machine: Machine,
    name: str = "hacluster",
    password: str | None = None,
    password_pillar: str | None = None,
) -> bool:
    """
    Set an account's password with ``chpasswd``, by standard input, and look again.

    name
        The account.

    password, password_pillar
        The password, or the place in pillar (keys joined by colons) where it is.

    Returns True. Raises CommandExecutionError when there is no such account or it did not work.
    """
    secret = _secret(machine, password, password_pillar)
    if not re.match(r"[a-z_][a-z0-9_-]*\$?$", str(name)):
        raise SaltInvocationError(f"{name!r} is not the name of an account")
    if password_matches(machine, name, secret) is None:
        raise CommandExecutionError(f"there is no account {name}: is pcs installed?")
    result = machine.run(["chpasswd"], stdin=f"{name}:{secret}\n", ok=range(256))
    if result["retcode"]:
        said = _cib_run.said(result).replace(secret, MASK)
        raise CommandExecutionError(f"chpasswd for {name}: {said}")
    if not password_matches(machine, name, secret):
        raise CommandExecutionError(f"{name}'s password is not the new one after chpasswd")
    return True
