"""The lab's command: ``python3 -m tests.lab COMMAND``, as root on Debian 12."""

from __future__ import annotations

import argparse
import functools
import os
import signal
import subprocess
import sys

from tests.lab import enter, image, machines, paths, prereq, sessions
from tests.lab.progress import say


def main(arguments):
    if arguments[:1] == [enter.INSIDE]:
        return enter.init(lambda: _inside(_parse(arguments[1:])))
    options = _parse(arguments)
    if options.command == "down":
        print(f"{enter.down()} lab(s) taken down")
        return 0
    if options.command == "shell":
        return _shell(options)
    try:
        prepare(
            images=_needs_images(options),
            tests=options.command != "demo",
            canary=sessions.canary_wanted(options.arguments),
        )
    except (prereq.Unsuitable, LookupError) as error:
        print(error, file=sys.stderr)
        return 2
    if options.command == "prepare":
        return 0
    if options.command == "lint":
        return _lint()
    if options.command == "test" and sessions.all_wanted(options.arguments):
        return sessions.run(options.arguments)
    return enter.run(arguments)


def _needs_images(options):
    if options.command == "test":
        return sessions.images_wanted(options.arguments)
    return options.command != "lint"


def prepare(images=True, tests=True, canary=False):
    """Install and build all that is missing; quick when nothing is.

    ``images``: what nodes are made of, ``tests``: also what only tests need of that, ``canary``:
    and Debian testing.
    """
    prereq.check_host()
    enter.remove_cgroups()
    with prereq.lock():
        prereq.ensure_programs()
        prereq.ensure_venvs()
        prereq.ensure_ssh_key()
        if images:
            prereq.load_kernel_modules()
            kernel = functools.partial(machines.prepare_kernel, build=tests)
            image.ensure(tests, [kernel, *([prereq.ensure_older_salts] if tests else [])])
            machines.prepare(tests)
            if canary:
                image.ensure_canary()


def _inside(options):
    if options.command == "demo":
        from tests.lab import demo

        code = demo.run(keep=options.keep)
        if options.keep:
            _hold()
        return code
    if options.command == "test":
        python = str(paths.TEST_VENV / "bin" / "python")
        return subprocess.run([python, "-m", "pytest", *options.arguments]).returncode
    if options.command == "run":
        return subprocess.run(options.arguments).returncode
    raise ValueError(options.command)


def _hold():
    try:
        signal.pause()
    except KeyboardInterrupt:
        say("taking the lab down")


def _shell(options):
    """A shell in the newest lab, or on one of its nodes."""
    labs = enter.running()
    if not labs:
        print("no lab is running", file=sys.stderr)
        return 2
    words = ["nsenter", f"--target={labs[max(labs)]}", "--all", f"--wd={paths.REPO}"]
    if options.node:
        from tests.lab.network import NUMBERS, addresses

        address = addresses(NUMBERS[options.node])["mgmt"]
        words += [
            "ssh", "-q", "-i", str(paths.SSH_KEY), "-o", "StrictHostKeyChecking=no",
            "-o", "UserKnownHostsFile=/dev/null", f"root@{address}", *options.arguments,
        ]  # fmt: skip
    else:
        words.append("bash")
    os.execvp(words[0], words)


def _lint():
    venv = paths.TEST_VENV / "bin"
    python = [str(venv / "ruff"), "check", "."]
    layout = [str(venv / "ruff"), "format", "--check", "."]
    sls = sorted(str(path.relative_to(paths.REPO)) for path in paths.REPO.glob("hanfs/**/*.sls"))
    codes = [
        subprocess.run(command, cwd=paths.REPO).returncode
        for command in (
            python,
            layout,
            [str(venv / "mypy")],
            [str(venv / "salt-lint"), *sls],
            [str(venv / "yamllint"), "."],
        )
    ]
    return max(codes)


def _parse(arguments):
    parser = argparse.ArgumentParser(prog="python3 -m tests.lab", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("prepare", help="install and build what the lab needs, and stop there")
    commands.add_parser("lint", help="ruff, mypy, salt-lint and yamllint")
    demo = commands.add_parser("demo", help="the article on two machines, told step by step")
    demo.add_argument("--keep", action="store_true", help="leave the lab up until it is taken down")
    commands.add_parser("test", help="pytest inside a lab; arguments are pytest's", add_help=False)
    commands.add_parser("run", help="any command inside an empty lab", add_help=False)
    shell = commands.add_parser("shell", help="a shell in a running lab, or on a node of it")
    shell.add_argument("node", nargs="?")
    commands.add_parser("down", help="end every running lab")
    options, options.arguments = parser.parse_known_args(arguments)
    if options.arguments and options.command not in ("test", "run", "shell"):
        parser.error(f"unrecognized arguments: {' '.join(options.arguments)}")
    return options


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
