"""Run the real ``pcs`` and Pacemaker's tools on configuration files, with no cluster.

They come from the lab's root file system with the formula's packages, or from this machine when it
has them. Every command gets an overlay of that root which vanishes with it, and sees the test's
own directory under the same path; nothing is left in the root or mounted outside.
"""

import os
import shutil
import subprocess
from pathlib import Path

from tests.support.salt_modules import Runner, load

EMPTY_CIB = (
    '<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.1" admin_epoch="0" epoch="0" '
    'num_updates="0"><configuration>'
    "<crm_config/><nodes/><resources/><constraints/></configuration><status/></cib>"
)

# $1 is the root file system, $2 the directory to share, the rest the command.
_ENTER = """\
set -e
root=$1 shared=$2
shift 2
mkdir -p "$shared/.root"
mount -t tmpfs tmpfs "$shared/.root"
mkdir "$shared/.root/upper" "$shared/.root/work" "$shared/.root/merged"
merged=$shared/.root/merged
mount -t overlay overlay \
    -o "lowerdir=$root,upperdir=$shared/.root/upper,workdir=$shared/.root/work" "$merged"
mkdir -p "$merged$shared" "$merged/dev" "$merged/proc"
mount --bind "$shared" "$merged$shared"
mount --bind /dev "$merged/dev"
mount --bind /proc "$merged/proc"
cd /
exec chroot "$merged" "$@"
"""


def find_root():
    """The root file system that has pcs; ``/`` for this machine, None if there is none."""
    given = os.environ.get("HANFS_TEST_ROOT")
    if given:
        return Path(given)
    try:
        from tests.lab import image

        root = image.root("installed")
    except (ImportError, OSError):
        root = None
    if root is not None and (root / "usr/sbin/pcs").exists():
        return root
    return Path("/") if shutil.which("pcs") and shutil.which("crm_diff") else None


class Tools:
    """One configuration file, the commands that work on it, and modules that think it is live."""

    def __init__(self, root, directory, name="cib.xml"):
        self.directory = Path(directory)
        self.cib = self.directory / name
        self.cib.write_text(EMPTY_CIB)
        self.prefix = []
        if str(root) != "/":
            inside = ["sh", "-c", _ENTER, "sh", str(root), str(self.directory)]
            self.prefix = ["unshare", "--mount", "--propagation", "private", *inside]
        self.env = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "LC_ALL": "C.UTF-8",
            "CIB_file": str(self.cib),
        }

    def another(self, name):
        """The same tools on another file."""
        other = object.__new__(Tools)
        other.__dict__.update(self.__dict__)
        other.cib = self.directory / name
        other.cib.write_text(EMPTY_CIB)
        other.env = {**self.env, "CIB_file": str(other.cib)}
        return other

    def run(self, *command, check=True, stdin=None):
        """Run one of Pacemaker's tools on the file."""
        done = subprocess.run(
            [*self.prefix, *command],
            env={**os.environ, **self.env},
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
        )
        assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done

    def pcs(self, *lines, check=True):
        """Run pcs commands, one a line, on the file."""
        for line in lines:
            done = self.run("pcs", "-f", str(self.cib), *line.split(), check=check)
        return done

    def world(self):
        """The modules, with this file as the cluster's configuration."""
        return load(run=Runner(self.prefix, self.env), opts={"test": False})

    def text(self):
        return self.cib.read_text()
