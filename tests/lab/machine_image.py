"""The disk image that every machine of a lab boots from.

One image serves all: which machine it is comes from the kernel's command line. It
is the root file system ``installed`` of the containers, made lean, with the modules
of one kernel: one of User Mode Linux (see ``kernel``) or ``debian`` (its stock kernel).
"""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.lab import fence_lab, image, lean, network, packages, paths, selinux
from tests.lab.debian import recipe, sources_of_debian
from tests.lab.lean import make_lean, write

STOCK_KERNEL = "linux-image-cloud-amd64"
SIZE = "6G"

# Run once, early: two processes in all, since each one is slow there.
IDENTITY_SCRIPT = """\
#!/bin/sh
# Gives this machine the addresses that its kernel command line names, as
# lab.address=DEVICE:ADDRESS/PREFIX, and Salt the host name as minion id.
read -r words </proc/cmdline
read -r name </proc/sys/kernel/hostname
printf '%s' "$name" >/etc/salt/minion_id
{
    echo "link set lo up"
    for word in $words; do
        case $word in
        lab.address=*)
            word=${word#lab.address=}
            echo "address add ${word#*:} dev ${word%%:*}"
            echo "link set ${word%%:*} up"
            ;;
        esac
    done
} | ip -batch -
"""

IDENTITY_UNIT = """\
[Unit]
Description=Addresses of this lab machine
DefaultDependencies=no
After=local-fs.target
Wants=network-pre.target
Before=network-pre.target network.target network-online.target sysinit.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/sbin/lab-identity

[Install]
WantedBy=sysinit.target
"""

# Grains that run programs, and a loader that looks further than asked, cost seconds
# on such a machine and tell a lab nothing. Patience, since answers may be slow.
MINION_CONFIG = {
    "master": network.MASTER,
    "enable_fqdns_grains": False,
    "enable_gpu_grains": False,
    "disable_grains": "disks lvm mdadm nvme iscsi fibre_channel metadata metadata_gce "
    "metadata_azure napalm esxi chronos fx2 junos marathon mdata nxos panos philips_hue "
    "rest_sample smartos ssh_sample zfs cimc pending_reboot".split(),
    "lazy_loader_strict_matching": True,
    "grains_cache": True,
    "mine_enabled": False,
    "acceptance_wait_time": 1,
    "random_reauth_delay": 1,
    "recon_max": 2000,
    "auth_timeout": 120,
    "log_level": "warning",
    "log_level_logfile": "warning",
}

# The modules that the kernel needs before it has a root file system, and network
# cards that are there when the addresses are set.
INITRD_MODULES = "virtio_pci virtio_blk virtio_net ext4\n"


@dataclass(frozen=True)
class Image:
    """Paths of the disk image, and of kernel and initrd where the kernel is not a program."""

    disk: Path
    kernel: Path
    initrd: Path


@functools.cache
def ensure(kernel, modules=None, confined=False):
    """Build the image for ``kernel`` (a name) unless it is there; return its Image.

    ``modules``: the directory of its modules, of which the image gets a copy; without one the
    kernel is Debian's stock one, installed in the image. ``confined``: with SELinux.
    """
    name = f"machine-{kernel}{'-selinux' if confined else ''}"
    build = functools.partial(_build, modules=modules, confined=confined)
    final = image.ensure_made(name, _recipe(modules, confined), build)
    return Image(final / "disk.raw", final / "vmlinuz", final / "initrd")


def debian_kernel():
    """Path of Debian's stock kernel, downloaded for the probe of KVM."""
    final = paths.CACHE / "vmlinuz"
    if not final.exists():
        with tempfile.TemporaryDirectory(dir=paths.CACHE) as work:
            name = _newest_kernel_package()
            download = ["apt-get", "-q", "download", name]
            subprocess.run(download, cwd=work, check=True, capture_output=True)
            (deb,) = Path(work).glob("*.deb")
            subprocess.run(["dpkg-deb", "-x", deb, Path(work, "tree")], check=True)
            (kernel,) = Path(work, "tree", "boot").glob("vmlinuz-*")
            kernel.rename(final)
    return final


def _newest_kernel_package():
    fields = subprocess.check_output(["apt-cache", "show", STOCK_KERNEL], text=True)
    depends = next(line for line in fields.splitlines() if line.startswith("Depends:"))
    return depends.split()[1]


def _recipe(modules, confined):
    """A short hash of everything that decides what is in the image."""
    return recipe(
        Path(__file__).read_text(),
        Path(lean.__file__).read_text(),
        Path(fence_lab.__file__).read_text(),
        str(image.root("installed")),
        paths.SSH_KEY.with_suffix(".pub").read_text(),
        str(modules),
        network.hosts_file(),
        *([Path(selinux.__file__).read_text(), selinux.MODULE.read_text()] if confined else []),
    )


def _build(work, modules, confined):
    root = work / "root"
    subprocess.run(["cp", "-a", image.root("installed"), root], check=True)
    if modules:
        _add_modules(root, modules)
    else:
        _add_stock_kernel(root, work)
    _settle_in(root)
    make_lean(root)
    if confined:
        selinux.install(root, image.SUITE)
    # With a journal: power is cut here.
    command = ["mke2fs", "-q", "-t", "ext4", "-O", "^metadata_csum", "-J", "size=16", "-m", "0"]
    command += ["-L", "root", "-d", root, work / "disk.raw", SIZE]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(root)


def _settle_in(root):
    write(root / "etc/hosts", network.hosts_file())
    # Without one each boot would be the first: systemd would enable again what was disabled. Which
    # machine it is, its kernel's command line says.
    write(root / "etc/machine-id", f"{'1' * 32}\n")
    # Any other name would be the host name until systemd reads its own command line.
    (root / "etc/hostname").unlink(missing_ok=True)
    write(root / "etc/salt/minion", json.dumps(MINION_CONFIG, indent=1))
    write(root / "root/.ssh/authorized_keys", paths.SSH_KEY.with_suffix(".pub").read_text(), 0o600)
    (root / "root/.ssh").chmod(0o700)
    write(root / "usr/local/sbin/lab-identity", IDENTITY_SCRIPT, 0o755)
    units = root / "etc/systemd/system"
    write(units / "lab-identity.service", IDENTITY_UNIT)
    for unit in ("lab-identity.service", "salt-minion.service"):
        subprocess.run(["systemctl", f"--root={root}", "-q", "enable", unit], check=True)
    write(root / "usr/sbin/fence_lab", Path(fence_lab.__file__).read_text(), 0o755)
    # A watchdog that must be fed for ever would end a machine whose cluster is stopped in order.
    write(root / "etc/modprobe.d/lab.conf", "options softdog nowayout=0\n")
    _fill_repository(root)


def _fill_repository(root):
    """All that may still be installed: the formula's packages are there already."""
    directory = root / paths.NODE_PACKAGES[1:]
    for name in packages.ON_DEMAND:
        for deb in image.repository().glob(f"{name}_*.deb"):
            shutil.copy(deb, directory)
    packages.write_index(directory)
    update = ["chroot", root, "apt-get", "-q", "update"]
    subprocess.run(update, check=True, stdout=subprocess.DEVNULL)


def _add_modules(root, modules):
    for release in modules.iterdir():
        target = root / "lib/modules" / release.name
        target.parent.mkdir(exist_ok=True)
        subprocess.run(["cp", "-a", release, target], check=True)
        subprocess.run(["chroot", root, "/sbin/depmod", release.name], check=True)


def _add_stock_kernel(root, work):
    """Install Debian's kernel and initrd as a machine would, from the machine's own sources."""
    write(root / "etc/initramfs-tools/modules", INITRD_MODULES.replace(" ", "\n"))
    with sources_of_debian(root, image.SUITE) as apt_get:
        apt_get("install", STOCK_KERNEL, "initramfs-tools", "zstd")
    for name, wanted in (("vmlinuz-*", "vmlinuz"), ("initrd.img-*", "initrd")):
        (found,) = (root / "boot").glob(name)
        shutil.copy(found, work / wanted)
