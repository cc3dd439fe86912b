"""
Hosts and pcs's account: who may talk to which pcsd, and with which password

Part of the module ``pcs``. The password goes by standard input, and is in no argument list, error
or result.
"""

import ctypes
import hashlib
import os
import re
import socket
import time

import salt.utils.data
import salt.utils.files
from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "pcs"

KNOWN_HOSTS = "/var/lib/pcsd/known-hosts"
TOKENS = "/var/lib/pcsd/tokens"
# Which password the tokens were made with.
MARK = "/var/lib/pcsd/tokens-are-of-password"
PCSD_PORT = 2224
CONNECT_TIMEOUT = 3
LONGEST_PAUSE = 30
MASK = "XXX-REDACTED-XXX"


def __virtual__():
    return __virtualname__


def _run(*args, **kwargs):
    return __salt__["pcs_run.run"](*args, **kwargs)


# --- hosts ---


def _secret(password, password_pillar):
    """The password itself; what is wrong with it is said without it."""
    where = "password"
    if password is None and password_pillar:
        where = f"pillar {password_pillar}"
        password = salt.utils.data.traverse_dict_and_list(__pillar__, password_pillar, None)
    if password is None:
        raise SaltInvocationError(f"{where} is not set")
    if not isinstance(password, str):
        raise SaltInvocationError(f"{where} must be a string: put it in quotes")
    if not password or "\n" in password or "\r" in password or "\0" in password:
        raise SaltInvocationError(f"{where} must be one line of text and not empty")
    return password


def hosts_authorized(nodes):
    """
    Ask pcs whether it may talk to the pcsd of each node.

    nodes
        Names, or a dictionary with them as keys.

    Returns ``{name: True or pcs's words for what is wrong}``.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.hosts_authorized '[nfs-server1, nfs-server2]'
    """
    names = list(__salt__["pcs_arguments.checked_nodes"](nodes))
    # 2: somebody is not online, which the output tells better
    output = _run(["pcs", "status", "pcsd", *names], ok=(0, 2))["stdout"]
    said = dict.fromkeys(names, "no answer from pcs")
    for line in output.splitlines():
        # pcs 0.9 may add a name in brackets
        match = re.match(r"\s*(\S+?)(?: \(.*\))?: (.+?)\s*$", line)
        if match and match.group(1) in said:
            said[match.group(1)] = True if match.group(2) == "Online" else match.group(2)
    return said


def host_auth(
    nodes,
    password=None,
    password_pillar=None,
    username="hacluster",
    timeout=60,
    renew=False,
):
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

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.host_auth '{nfs-server1: [10.10.10.11], nfs-server2: [10.10.10.12]}' \\
            password_pillar=hanfs:cluster:password
    """
    nodes = __salt__["pcs_arguments.checked_nodes"](nodes)
    secret = _secret(password, password_pillar)
    deadline = time.monotonic() + timeout
    pause = 1
    while True:
        try:
            trouble = _silent(nodes) or _authenticate(
                nodes, secret, username, password_pillar, renew
            )
        except CommandExecutionError as err:
            if not __salt__["pcs_run.was_endless"](err):
                raise
            trouble = [str(err)]
        if not trouble:
            return True
        left = deadline - time.monotonic()
        if left <= 0:
            raise CommandExecutionError(
                f"not authenticated within {timeout} seconds: {'; '.join(trouble)}"
            )
        time.sleep(max(0.0, min(pause, left)))
        pause = min(pause * 2, LONGEST_PAUSE)


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


def _authenticate(nodes, secret, username, password_pillar, renew):
    """One try; sentences about what went wrong, empty when pcs confirms all hosts."""
    before = _tokens() if renew else {}
    argv = __salt__["pcs_run.argv"]("auth", nodes, username, renew)
    said = __salt__["pcs_run.said"](_run(argv, stdin=secret + "\n", ok=range(256))).replace(
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
    for name, answer in hosts_authorized(nodes).items():
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
            with salt.utils.files.fopen(path, "r", encoding="utf-8") as handle:
                return __salt__["pcs_files.token_marks"](handle.read())
        except (OSError, UnicodeDecodeError):
            continue
    return {}


def _password_mark(name):
    stored = __salt__["shadow.info"](name).get("passwd") or ""
    return hashlib.sha256(stored.encode("utf-8")).hexdigest()


def tokens_outdated(name="hacluster"):
    """
    Whether the password of pcs's account has changed since this node's tokens were made.

    pcsd does not care: a token is good until it is taken away on the host that gave it. So that a
    new password means new tokens, a mark of the password that the tokens were made with is kept
    beside them. No process is started.

    name
        The account.

    Returns a bool; None when nothing is known, as on a cluster that was made by hand.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.tokens_outdated
    """
    try:
        with salt.utils.files.fopen(MARK, "r", encoding="utf-8") as handle:
            return handle.read().strip() != _password_mark(name)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as err:
        raise CommandExecutionError(f"{MARK} cannot be read: {err}") from err


def tokens_are_of_this_password(name="hacluster"):
    """
    Keep the mark of the present password beside the tokens.

    name
        The account.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.tokens_are_of_this_password
    """
    try:
        handle = os.open(MARK, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(_password_mark(name) + "\n")
    except OSError as err:
        raise CommandExecutionError(f"{MARK} cannot be written: {err.strerror}") from err
    return True


# --- the password of pcs's account ---


def password_matches(name="hacluster", password=None, password_pillar=None):
    """
    Whether an account has this password. No process is started.

    name
        The account.

    password, password_pillar
        The password, or the place in pillar (keys joined by colons) where it is.

    Returns a bool; None when there is no such account.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.password_matches hacluster password_pillar=hanfs:cluster:password
    """
    secret = _secret(password, password_pillar)
    entry = __salt__["shadow.info"](name)
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


def set_password(name="hacluster", password=None, password_pillar=None):
    """
    Set an account's password with ``chpasswd``, by standard input, and look again.

    name
        The account.

    password, password_pillar
        The password, or the place in pillar (keys joined by colons) where it is.

    Returns True. Raises CommandExecutionError when there is no such account or it did not work.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.set_password hacluster password_pillar=hanfs:cluster:password
    """
    secret = _secret(password, password_pillar)
    if not re.match(r"[a-z_][a-z0-9_-]*\$?$", str(name)):
        raise SaltInvocationError(f"{name!r} is not the name of an account")
    if password_matches(name, secret) is None:
        raise CommandExecutionError(f"there is no account {name}: is pcs installed?")
    result = _run(["chpasswd"], stdin=f"{name}:{secret}\n", ok=range(256))
    if result["retcode"]:
        said = __salt__["pcs_run.said"](result).replace(secret, MASK)
        raise CommandExecutionError(f"chpasswd for {name}: {said}")
    if not password_matches(name, secret):
        raise CommandExecutionError(f"{name}'s password is not the new one after chpasswd")
    return True
