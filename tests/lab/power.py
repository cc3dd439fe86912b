"""The lab's power switch: what fence devices talk to.

It listens on the mgmt network like the controller of a power strip. A client says a secret, an
action and the name of a machine, as one line of JSON; the answer is another. The agent for it is
``fence_lab``.
"""

from __future__ import annotations

import hmac
import json
import socketserver
import threading
import time

from tests.lab import network
from tests.lab.fence_lab import PORT

TIMEOUT = 30  # seconds that a client may take to say what it wants


class PowerSwitch:
    """Switches ``machines`` for whoever knows the ``password``, from ``start`` to ``stop``.

    ``history`` has a tuple (epoch seconds, caller's address, action, machine, outcome) for each
    request; the password is never in it.
    """

    def __init__(self, machines, password, address=network.MASTER, port=PORT):
        self.machines = {machine.name: machine for machine in machines}
        self.address = address
        self.port = port
        self.history = []
        self._password = password
        self._server = None

    def start(self):
        switch = self

        class Handler(socketserver.StreamRequestHandler):
            timeout = TIMEOUT

            def handle(self):
                answer = switch.answer(self.rfile.readline(), self.client_address[0])
                self.wfile.write(json.dumps(answer).encode() + b"\n")

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self._server = Server((self.address, self.port), Handler)
        self.port = self._server.server_address[1]
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def stop(self):
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def answer(self, line, caller):
        """The answer, a dict, to one request (a line of JSON as bytes) of ``caller``."""
        try:
            request = json.loads(line)
            action, plug = str(request["action"]), str(request.get("plug", ""))
            known = hmac.compare_digest(str(request["password"]), self._password)
        except (ValueError, KeyError, TypeError):
            return {"error": "not a request"}
        answer = self._act(action, plug) if known else {"error": "wrong password"}
        outcome = answer.get("error") or answer.get("status", "done")
        self.history.append((time.time(), caller, action, plug, outcome))
        return answer

    def _act(self, action, plug):
        if action == "list":
            return {"machines": sorted(self.machines)}
        machine = self.machines.get(plug)
        if machine is None:
            return {"error": f"no machine {plug!r} here"}
        if action in ("off", "reboot"):
            machine.power_off()
        if action in ("on", "reboot") and not machine.alive():
            machine.start()
        if action not in ("on", "off", "reboot", "status"):
            return {"error": f"unknown action {action!r}"}
        return {"status": "on" if machine.alive() else "off"}

    def shots(self, since=0.0):
        """The requests of ``history`` since then (epoch seconds) that switched a machine off."""
        return [one for one in self.history if one[0] >= since and one[2] in ("off", "reboot")]
