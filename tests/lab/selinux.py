"""SELinux for the image of machines: Debian's reference policy, enforced from the first boot on.

That policy knows the cluster's daemons but not what their agents do, where Red Hat's lets all of
the cluster do what it must (``cluster_t`` is unconfined there). ``selinux.cil`` gives the same to
Debian's two domains, and to nothing else: what is the NFS server's, LVM's, mount's and firewalld's
stays confined as Debian ships it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.lab import packages, paths
from tests.lab.debian import run_logged, sources_of_debian

MODULE = Path(__file__).with_suffix(".cil")
PACKAGES = ("selinux-policy-default", "policycoreutils", "selinux-utils")
# What the formula installs by itself.
SEMANAGE = "policycoreutils-python-utils"
CONTEXTS = "/etc/selinux/default/contexts/files/file_contexts"
# For the kernel's command line: off is what it is built with.
KERNEL_ARGUMENTS = ("lsm=yama,selinux", "enforcing=1")


def install(root, suite):
    """Put ``suite``'s policy into the tree ``root`` (a path), and label all files of it.

    SEMANAGE and what it needs are put among the packages that a node may install.
    """
    with sources_of_debian(root, suite) as apt_get:
        apt_get("install", *PACKAGES)
        apt_get("clean")
        apt_get("install", "--download-only", SEMANAGE)
        repository = root / paths.NODE_PACKAGES[1:]
        for deb in (root / "var/cache/apt/archives").glob("*.deb"):
            shutil.move(deb, repository)
    packages.write_index(repository)
    config = root / "etc/selinux/config"
    config.write_text(config.read_text().replace("SELINUX=permissive", "SELINUX=enforcing"))
    # What is denied reaches the journal this way; there is no auditd.
    (root / "etc/systemd/system/systemd-journald-audit.socket").unlink(missing_ok=True)
    shutil.copy(MODULE, root / "tmp")
    for command in (
        ["apt-get", "-q", "update"],
        ["semodule", "--noreload", "--install", f"/tmp/{MODULE.name}"],
        ["rm", f"/tmp/{MODULE.name}"],
        ["setfiles", "-F", "-e", "/proc", CONTEXTS, "/"],
    ):
        # setfiles goes from file to file through /proc/self/fd.
        own = ["unshare", "--mount", "--pid", "--fork", f"--mount-proc={root / 'proc'}"]
        run_logged([*own, "chroot", str(root), *command], root.parent)
