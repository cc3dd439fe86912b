"""Answer calls of Salt's functions in one process: a JSON line in, a JSON line out.

Runs on a node, with Salt's own loader and the configuration directory that is its argument.
"""

import json
import os
import sys

import salt.client
import salt.config


def main(directory):
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever else prints must not be taken for an answer
    caller = salt.client.Caller(mopts=salt.config.minion_config(f"{directory}/minion"))
    caller.cmd("test.ping")
    print(json.dumps({"return": "ready"}), file=answers, flush=True)
    for line in sys.stdin:
        call = json.loads(line)
        try:
            answer = {"return": caller.cmd(call["function"], *call["args"], **call["options"])}
        except Exception as err:  # whatever it is, the test wants to see it
            answer = {"error": str(err), "type": type(err).__name__}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
