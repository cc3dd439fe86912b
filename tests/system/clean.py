"""What the tests on machines ask of a client that wrote while something happened."""

from __future__ import annotations

import subprocess

# A port that no site opens.
LISTEN = ["python3", "-uc", "import socket, time; s = socket.create_server(('', 7999)); "
          "print('listening'); time.sleep(60)"]  # fmt: skip
CONNECT = ["python3", "-c", "import socket, sys; socket.create_connection((sys.argv[1], 7999), 10)"]


def crash(stage, timeout):
    """Cut the active node's power while the client writes; return what it saw of it.

    Over when the service runs elsewhere and every writer writes again.
    """
    home = stage.service.active_node()
    with stage.writers() as writers:
        writers.wait_until_writing()
        stage.service.nodes[home].power_off()
        stage.service.wait_until_off(home, timeout)
        writers.wait_until_writing()
    return stage.checked(writers.report)


def assert_filters(server, client):
    """firewalld on ``server`` runs, knows the site's services, and turns others away."""
    assert server.run(["firewall-cmd", "--state"]).stdout == "running\n"
    for options in ([], ["--permanent"]):
        found = server.run(["firewall-cmd", *options, "--list-services"]).stdout.split()
        assert {"high-availability", "nfs", "mountd", "rpc-bind"} <= set(found), found
    listener = server.popen(LISTEN, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        assert listener.stdout.readline() == "listening\n"
        ask = [*CONNECT, server.addresses["lan"]]
        assert server.run(ask, check=False).returncode == 0, "nobody listens"
        assert client.run(ask, check=False).returncode != 0, "the port is not the site's, yet open"
    finally:
        listener.kill()
        server.run(["pkill", "-f", "create_serve[r]"], check=False)


def assert_clean(report):
    """No writer saw an error, and every acknowledged write is there."""
    assert report["errors"] == 0
    assert report["hanging"] == 0
    assert report["lost"] == 0
    assert report["acknowledged"] > 0


def shown(report):
    """What of a report a reader of the log wants."""
    return {key: report[key] for key in ("longest_s", "errors", "lost", "acknowledged")}
