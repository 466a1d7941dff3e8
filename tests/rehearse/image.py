# SPDX-License-Identifier: MIT
"""The disks of the rehearsed machine: a minimal Debian with its own kernel, and this venv.

debootstrap(8) makes the first, as root, in a minute or two; it is kept in build/rehearse/.
"""

import hashlib
import os
import platform
import shutil
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path

from kbench.errors import KbenchError
from kbench.kernels import tools

PLACE = Path(__file__).parents[2] / "build" / "rehearse"
PACKAGES = "linux-image-amd64,python3"
SECONDS = 1200.0  # for debootstrap, over a slow line
# Process 1: the rest comes with each start.
FIRST = """#!/bin/sh
modprobe qemu_fw_cfg
cat /sys/firmware/qemu_fw_cfg/by_name/opt/kbench/job/raw >/run/job
exec sh /run/job
"""
INIT = "/usr/local/sbin/rehearse"


@dataclass(frozen=True, slots=True)
class Disks:
    """Files: the kernel, its initial RAM disk, Debian's file system and the venv's packages."""

    kernel: Path
    initrd: Path
    root: Path
    packages: Path


def disks(scratch: Path) -> Disks:
    """All of them; the venv's packages are copied to a file in `scratch`. Raises KbenchError."""
    system = _system()
    packages = scratch / "packages.ext4"
    _file_system(Path(sysconfig.get_path("purelib")), packages, "2G")
    return Disks(system / "vmlinuz", system / "initrd.img", system / "root.ext4", packages)


def _system() -> Path:
    release = platform.freedesktop_os_release()
    suite = release.get("VERSION_CODENAME", "")
    if release.get("ID") != "debian":
        raise KbenchError("the rehearsal installs the Debian that it runs on: this is another one")
    recipe = hashlib.sha256(f"{PACKAGES}{FIRST}".encode()).hexdigest()[:8]
    found = PLACE / f"{suite}-{recipe}"
    if not found.exists():
        if os.geteuid():
            raise KbenchError(
                "debootstrap needs root, once: sudo make rehearse, then sudo chown -R $USER .venv "
                "build reports/local"
            )
        PLACE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=PLACE) as scratch:
            made = Path(scratch) / "made"
            made.mkdir()
            _install(suite, Path(scratch) / "root", made)
            made.rename(found)
    return found


def _install(suite: str, root: Path, made: Path) -> None:
    words = ("debootstrap", "--variant=minbase", f"--include={PACKAGES}", suite)
    tools.run([*words, root, _mirror()], SECONDS, what=f"Debian {suite} cannot be installed")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    if not (root / "usr/bin" / version).exists():
        raise KbenchError(f"Debian {suite} has no {version}, for which this venv's packages are")
    (root / INIT[1:]).write_text(FIRST)
    (root / INIT[1:]).chmod(0o755)
    for name in ("vmlinuz", "initrd.img"):
        (newest,) = (root / "boot").glob(f"{name}-*")
        shutil.copy(newest, made / name)
    _file_system(root, made / "root.ext4", "3G")


def _mirror() -> str:
    """The address of this machine's Debian archive. Raises KbenchError where apt knows none."""
    words = ["apt-get", "indextargets", "--format", "$(LABEL)|$(REPO_URI)", "Created-By: Packages"]
    for line in tools.run(words, 60.0).splitlines():
        label, _, address = line.partition("|")
        if label == "Debian":
            return address
    raise KbenchError("apt knows no Debian archive: run apt-get update")


def _file_system(directory: Path, file: Path, size: str) -> None:
    words = ("mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-d")
    tools.run([*words, directory, file, size], 300.0)
