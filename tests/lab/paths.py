"""Where the lab keeps what it makes."""

from __future__ import annotations

import os
import re
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
REQUIREMENTS = REPO / "tests" / "requirements.txt"
CONSTRAINTS = REPO / "tests" / "constraints.txt"

SALT_VERSION = re.search(r"^salt==(\S+)", REQUIREMENTS.read_text(), re.MULTILINE).group(1)

# What outlives a lab: images, packages and virtual environments.
CACHE = Path(os.environ.get("HANFS_LAB_CACHE", "/var/cache/hanfs-lab"))
SALT_VENV = CACHE / f"salt-{SALT_VERSION}"
TEST_VENV = CACHE / "venv-tests"
# Release -> the version of Salt that stands for it; the states of old are run under each. Newer
# ones of 3007 ask for packages that are as new as they.
SALTS = {"3006": "3006.28", "3007": "3007.15", "3008": SALT_VERSION}
SSH_KEY = CACHE / "ssh" / "id_ed25519"


def salt_venv(release):
    """Directory of the virtual environment with that release of Salt."""
    return CACHE / f"salt-{SALTS[release]}"


# What ends with a lab: in memory, and seen by nobody outside.
SCRATCH = Path("/run/hanfs-lab")
# Short, since sockets are made below it and their paths may have no more than 107 bytes.
TEMPORARY = Path("/run/tmp")

# One file for each running lab, outside of it: its name is the process that started it.
RUNNING = Path("/run/hanfs-labs")

# The nodes' one source of packages, as they see it.
NODE_PACKAGES = "/srv/packages"
