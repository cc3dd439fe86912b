"""Real resource agents, called as Pacemaker calls them."""

import shlex


def call(attributes, what):
    """
    A line of shell that calls ``$agent`` and says ``WHAT EXIT-CODE``; ``what`` is an action, or
    ``probe``.
    """
    told = {
        key: str(value).lower() if isinstance(value, bool) else value
        for key, value in attributes.items()
    }
    action, interval = ("monitor", 0) if what == "probe" else (what, 10000)
    words = [f"OCF_RESKEY_{key}={shlex.quote(str(value))}" for key, value in told.items()]
    words += [f"__OCF_ACTION={action}", f"OCF_RESKEY_CRM_meta_interval={interval}"]
    return f"env {' '.join(words)} $agent {action} >/dev/null 2>&1; echo {what} $?"
