"""What a root file system sheds and gains so that a lab is quick.

On User Mode Linux every exec costs some milliseconds and every service that starts is paid
three times, once per machine. Nothing here is about the cluster:
its packages stay exactly as Debian installs them, stub cluster, enabled services
and all.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

# Units that make nothing a lab machine needs: hardware, logins, upkeep, graphics.
MASKED_UNITS = """
apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer
e2scrub_reap.service fstrim.timer systemd-tmpfiles-clean.timer
getty.target getty@tty1.service getty-static.service console-getty.service
serial-getty@.service systemd-ask-password-console.path systemd-ask-password-wall.path
systemd-logind.service systemd-user-sessions.service systemd-initctl.socket
systemd-update-utmp.service systemd-update-utmp-runlevel.service
systemd-random-seed.service systemd-firstboot.service systemd-machine-id-commit.service
systemd-sysusers.service systemd-repart.service systemd-pstore.service
systemd-pcrphase.service systemd-pcrphase-sysinit.service systemd-binfmt.service
systemd-remount-fs.service systemd-journal-flush.service systemd-journald-audit.socket
systemd-udev-settle.service kmod-static-nodes.service systemd-fsck-root.service
proc-sys-fs-binfmt_misc.automount dev-hugepages.mount sys-fs-fuse-connections.mount
sys-kernel-debug.mount sys-kernel-tracing.mount
cryptsetup.target integritysetup.target veritysetup.target remote-cryptsetup.target
remote-veritysetup.target swap.target
systemd-networkd-wait-online.service systemd-networkd.service
nfs-blkmap.service logd.service lvm2-monitor.service blk-availability.service
lvm2-lvmpolld.socket dm-event.socket
iscsid.service iscsid.socket open-iscsi.service multipathd.service multipathd.socket
chrony.service lvmlockd.service lvmlocks.service
""".split()

# Each generator runs again at every daemon-reload, and agents reload a lot.
MASKED_GENERATORS = """
systemd-cryptsetup-generator
systemd-fstab-generator systemd-getty-generator systemd-gpt-auto-generator
systemd-hibernate-resume-generator systemd-integritysetup-generator
systemd-rc-local-generator systemd-run-generator systemd-system-update-generator
systemd-sysv-generator systemd-veritysetup-generator
""".split()

FILES = {
    "etc/systemd/system.conf.d/lab.conf": """\
[Manager]
DefaultCPUAccounting=no
DefaultMemoryAccounting=no
DefaultTasksAccounting=no
DefaultIOAccounting=no
DumpCore=no
""",
    "etc/systemd/journald.conf.d/lab.conf": """\
[Journal]
Storage=volatile
RuntimeMaxUse=32M
Compress=no
Seal=no
""",
    "etc/ssh/sshd_config.d/lab.conf": """\
UsePAM no
UseDNS no
PasswordAuthentication no
PrintMotd no
PrintLastLog no
MaxSessions 100
AcceptEnv none
""",
    "etc/profile": "export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n",
    "root/.bashrc": "",
    "root/.profile": "",
    "etc/fstab": "",
}


def mask_generators(root, but=()):
    """Leave the tree ``root`` (a path) without these generators, except those named in ``but``."""
    for generator in MASKED_GENERATORS:
        if generator not in but:
            _mask(Path(root) / "etc/systemd/system-generators" / generator)


def make_lean(root):
    """Apply everything above to the tree ``root`` (a path); its packages stay as they are."""
    root = Path(root)
    for unit in MASKED_UNITS:
        _mask(root / "etc/systemd/system" / unit)
    mask_generators(root)
    for path, text in FILES.items():
        write(root / path, text)
    _link(root / "etc/systemd/system/default.target", "/lib/systemd/system/multi-user.target")
    _drop_sysv_scripts(root)
    _bake_keys(root)
    subprocess.run(
        ["chroot", root, "python3", "-m", "compileall", "-q", "-j2", "/usr/lib/python3"],
        check=False,
        stdout=subprocess.DEVNULL,
    )


def write(path, text, mode=0o644):
    """Write ``text`` to ``path``, making directories; a link in the way is replaced."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink():
        path.unlink()
    path.write_text(text)
    path.chmod(mode)


def _link(path, target):
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink() or path.exists():
        path.unlink()
    path.symlink_to(target)


def _mask(path):
    _link(path, "/dev/null")


def _drop_sysv_scripts(root):
    # `systemctl enable` runs two more programs for a unit that has one of these.
    for script in (root / "etc/init.d").iterdir():
        script.unlink()
    for level in (root / "etc").glob("rc?.d"):
        shutil.rmtree(level)


def _bake_keys(root):
    # Made at first start otherwise, by every machine for itself.
    subprocess.run(["ssh-keygen", "-A", "-f", root], check=True, stdout=subprocess.DEVNULL)
    pcsd = root / "var/lib/pcsd"
    if pcsd.is_dir():
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650",
             "-subj", "/CN=hanfs-lab", "-keyout", pcsd / "pcsd.key", "-out", pcsd / "pcsd.crt"],
            check=True,
            capture_output=True,
        )  # fmt: skip
        for name in ("pcsd.key", "pcsd.crt"):
            (pcsd / name).chmod(0o600)
