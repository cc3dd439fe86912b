#!/usr/bin/python3
"""A fence agent for machines of the lab: it asks the lab's power switch (see ``power``).

The image of machines has this file as /usr/sbin/fence_lab. It takes its options as fence
agents do, from standard input as ``name=value`` lines or from the command line, and needs
nothing but the standard library: an import costs a slow machine more than the whole request.
"""

import json
import socket
import sys
import time

PORT = 5999
OFF = 2  # exit code of "status" for a machine that is off

# Option: letter on the command line, required, default, what it is.
OPTIONS = {
    "action": ("o", True, "reboot", "Fencing action"),
    "ip": ("a", True, "", "Address of the power switch"),
    "ipport": ("u", False, str(PORT), "TCP port of the power switch"),
    "password": ("p", True, "", "Secret that the power switch wants to hear"),
    "plug": ("n", False, "", "Name of the machine"),
    "delay": ("", False, "0", "Seconds to wait before fencing"),
    "shell_timeout": ("", False, "60", "Seconds to wait for the power switch"),
}
ACTIONS = ("on", "off", "reboot", "status", "list", "monitor", "metadata", "validate-all")
OLD_NAMES = {"option": "action", "port": "plug", "ipaddr": "ip", "passwd": "password"}


def metadata():
    """The agent's meta-data as XML, in the form of ClusterLabs' agents."""
    lines = [
        '<?xml version="1.0" ?>',
        '<resource-agent name="fence_lab" shortdesc="Fence agent for the machines of a lab">',
        "<longdesc>fence_lab switches the machines of a lab off and on.</longdesc>",
        "<vendor-url></vendor-url>",
        "<parameters>",
    ]
    for name, (letter, required, default, what) in OPTIONS.items():
        shown = f' default="{default}"' if default else ""
        lines += [
            f'<parameter name="{name}" unique="0" required="{int(required)}">',
            f'<getopt mixed="{f"-{letter}" if letter else f"--{name}"}" />',
            f'<content type="string"{shown} />',
            f'<shortdesc lang="en">{what}</shortdesc>',
            "</parameter>",
        ]
    lines += ["</parameters>", "<actions>"]
    lines += [f'<action name="{name}" />' for name in ACTIONS if name != "on"]
    lines += ['<action name="on" automatic="0" />', "</actions>", "</resource-agent>"]
    return "\n".join(lines)


def read_options(arguments, lines):
    """Options from the command line ``arguments`` or, without any, from ``name=value`` lines."""
    options = {name: default for name, (_, _, default, _) in OPTIONS.items()}
    letters = {f"-{letter}": name for name, (letter, *_) in OPTIONS.items() if letter}
    pairs = []
    if arguments:
        words = iter(arguments)
        for word in words:
            if word.startswith("--"):
                name, _, value = word[2:].partition("=")
                pairs.append((name, value))
            else:
                pairs.append((letters[word], next(words)))
    else:
        pairs = [line.rstrip("\n").split("=", 1) for line in lines if "=" in line]
    for name, value in pairs:
        options[OLD_NAMES.get(name.strip(), name.strip())] = value
    return options


def ask(options, action):
    """Send one request to the power switch; return its answer, a dict."""
    address = (options["ip"], int(options["ipport"]))
    request = {"action": action, "plug": options["plug"], "password": options["password"]}
    with socket.create_connection(address, timeout=float(options["shell_timeout"])) as connection:
        connection.sendall(json.dumps(request).encode() + b"\n")
        answer = connection.makefile("rb").readline()
    return json.loads(answer)


def act(options):
    """Do what ``action`` says; return the exit code."""
    action = options["action"]
    if action == "metadata":
        print(metadata())
        return 0
    if action not in ACTIONS:
        raise ValueError(f"unknown action {action!r}")
    if action in ("on", "off", "reboot"):
        time.sleep(float(options["delay"]))
    answer = ask(options, "list" if action in ("monitor", "validate-all") else action)
    if "error" in answer:
        raise ValueError(answer["error"])
    if action == "list":
        print("\n".join(f"{name}," for name in answer["machines"]))
    if action == "status":
        print(f"Status: {answer['status'].upper()}")
        return 0 if answer["status"] == "on" else OFF
    return 0


def main():
    options = read_options(sys.argv[1:], sys.stdin if len(sys.argv) == 1 else ())
    try:
        return act(options)
    except (OSError, ValueError, KeyError) as error:
        print(f"fence_lab: {options['action']} {options['plug']}: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
