"""``make demo``: the article on two bare machines, told step by step, measured by a client.

The last line on standard output is one JSON object with what was seen.
"""

import json
import secrets
import subprocess
import sys
import time

from tests.lab import article
from tests.lab.stage import Stage

HOW_TO_LOG_IN = """\
The lab is up. In another terminal, in this directory:
  python3 -m tests.lab shell nfs-server1         a root shell (also nfs-server2, nfs-client)
  python3 -m tests.lab shell nfs-server1 pcs status
  make down                                      take it down"""


def say(started, text):
    print(f"[{time.monotonic() - started:6.1f} s] {text}", flush=True)


def show_summary(stage, returns):
    """Print what ``salt`` prints: one line for each state, and the totals."""
    script = (
        "import json, sys, salt.config, salt.output\n"
        "opts = salt.config.master_config(None)\n"
        "opts.update(state_output='terse', color=False, extension_modules='', strip_colors=True)\n"
        "salt.output.display_output(json.load(sys.stdin), 'highstate', opts)\n"
    )
    done = subprocess.run(
        [stage.venv / "bin" / "python", "-c", script],
        input=json.dumps(returns),
        capture_output=True,
        text=True,
        check=False,
    )
    print(done.stdout or done.stderr, flush=True)


def run(keep=False):
    """Run the demo; return the exit code. ``keep`` leaves the lab up until it is taken down."""
    started = time.monotonic()
    result = {
        "resources_started": 0,
        "failed": None,
        "second_apply_changes": None,
        "stall_s": None,
        "errors": None,
        "lost": None,
        "wall_s": None,
    }
    stage = Stage(article, secrets.token_hex(8), lambda text: say(started, text))
    try:
        _story(stage, result, lambda text: say(started, text))
    except (TimeoutError, RuntimeError, subprocess.SubprocessError) as error:
        say(started, f"FAILED: {error}")
    finally:
        if not keep:
            say(started, "taking the lab down")
            stage.down()
    if keep:
        print(HOW_TO_LOG_IN, flush=True)
    result["wall_s"] = round(time.monotonic() - started, 1)
    print(json.dumps(result), flush=True)
    good = result["resources_started"] == 5 and all(
        result[key] == 0 for key in ("failed", "second_apply_changes", "errors", "lost")
    )
    return 0 if good else 1


def _story(stage, result, tell):
    stage.up()
    tell("salt '*' state.apply hanfs, on both servers at once")
    returns = stage.apply()
    show_summary(stage, returns)
    result["failed"] = len(article.failures(returns))
    tell("pcs status")
    print(stage.service.pcs_status(), flush=True)
    result["resources_started"] = len(stage.service.placement())
    if result["failed"]:
        raise RuntimeError("\n".join(article.failures(returns)))

    tell("the same again: nothing may change")
    again = stage.apply()
    result["second_apply_changes"] = article.count_changes(again)
    result["failed"] += len(article.failures(again))

    tell(f"the client mounts {article.VIRTUAL_IP}:/ and three writers start")
    stage.service.mount()
    report = stage.moves_under_load(tell)
    print(json.dumps(report, indent=2), flush=True)
    result.update(stall_s=report["longest_s"], errors=report["errors"], lost=report["lost"])


if __name__ == "__main__":
    sys.exit(run("--keep" in sys.argv))
