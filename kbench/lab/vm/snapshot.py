# SPDX-License-Identifier: MIT
"""Snapshots: of the booted lab, its agent ready, and of one with KVM and kbench loaded.

The first is ensure()'s, one a kernel. ready() goes on from it and saves once more: what every
benchmark would do first is done once for a variant of KVM and a state of kbench.
"""

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache as once
from pathlib import Path

from kbench.kernels import cache, eviction, modinfo, tools, vmlinux
from kbench.kernels.cache import Progress
from kbench.kernels.kernel import Kernel
from kbench.lab.errors import LabError
from kbench.lab.image import initramfs
from kbench.lab.vm import emulator, migrate, options, qemu
from kbench.lab.vm.emulator import Emulator

# A boot takes 10 s on an idle machine of 2023.
BOOT_SECONDS = 300.0
READY_SECONDS = 120.0
COPY_SECONDS = 120.0
# Snapshots that stay in the cache: of two kernels with two agents, and of what is loaded
# into them: two variants on each, and some more while kbench itself is changed.
KEPT = {"snapshot": 4, "ready": 6}
# In the order of loading; they come through fw_cfg after a restore.
KVM_MODULES = ("kvm", "kvm-amd")
_COPYING = threading.Lock()


@dataclass(frozen=True)
class Snapshot:
    """A complete snapshot: what to restore, with which QEMU, of which kernel."""

    place: Path
    emulator: Emulator
    kernel: Kernel

    @property
    def key(self) -> str:
        """Changes with everything that the snapshot's content depends on."""
        return self.place.name

    def restore(
        self,
        files: dict[str, bytes],
        seconds: float,
        serial: Sequence[str] = (),
        plugin: qemu.Plugin | None = None,
    ) -> qemu.Process:
        """A running lab that continues from the snapshot with `files` (enter it at once).

        seconds: limit of wall time. serial, plugin: as in qemu.Process.

        Raises SnapshotUnusable when it cannot be restored, QemuUnavailable and WallTimeout.
        """
        ram = self.place / migrate.RAM
        if not os.access(ram, os.W_OK):
            ram = _writable(ram)
        arguments = options.restore(ram)
        process = qemu.Process(self.emulator, arguments, files, seconds, serial, plugin)
        try:
            migrate.load(process, self.place / migrate.STATE)
        except BaseException:
            process.kill()
            process.__exit__(None, None, None)
            raise
        return process


def ensure(kernel: Kernel, progress: Progress) -> Snapshot:
    """The snapshot of `kernel` with this QEMU and this Python, built where it is missing.

    Raises BootFailed, QemuUnavailable, PackageUnavailable, and as cache.entry() does.
    """
    installed = emulator.find()

    def build(work: Path) -> None:
        progress(f"booting Linux {kernel.version} in the lab")
        _boot(work, installed, kernel)

    place = cache.entry("snapshot", f"{kernel.version}-{_key(kernel, installed)}", build, progress)
    return _kept(Snapshot(place, installed, kernel))


def ready(kernel: Kernel, files: dict[str, bytes], progress: Progress) -> Snapshot:
    """A snapshot of `kernel` after the job in `files`, which pauses, built where it is missing.

    `files`: as for Snapshot.restore(). Raises as ensure() does, and what the job
    reports.
    """
    installed = emulator.find()
    parts = (part for item in sorted(files.items()) for part in item)
    key = cache.digest(_key(kernel, installed), *parts)

    def build(work: Path) -> None:
        base = ensure(kernel, progress)
        progress(f"loading KVM and kbench into the lab of Linux {kernel.version}")
        _go_on(work, base, files)

    place = cache.entry("ready", f"{kernel.version}-{key}", build, progress)
    return _kept(Snapshot(place, installed, kernel))


def _writable(ram: Path) -> Path:
    """A copy of a read-only `ram` in memory, kept while this process lives.

    QEMU opens RAM for writing even where it maps it privately.
    """
    with _COPYING:  # of labs that start at once, one copies
        return _copied(ram)


@once
def _copied(ram: Path) -> Path:
    fd = os.memfd_create("kbench-ram")
    copy = Path(f"/proc/{os.getpid()}/fd/{fd}")
    _copy_ram(ram, copy)
    return copy


def _copy_ram(ram: Path, into: Path) -> None:
    """Copy a RAM file with its holes, sharing blocks where the file system can."""
    copy = ["cp", "--reflink=auto", str(ram), str(into)]
    tools.run(copy, COPY_SECONDS, what=f"cannot copy {ram}", error=LabError)


def _key(kernel: Kernel, installed: Emulator) -> str:
    pinned = (*options.OPTIONS, *options.KERNEL_OPTIONS, str(options.MEMORY_MB))
    return cache.digest(kernel.content, installed.version, initramfs.key(), *pinned)


def _kept(shot: Snapshot) -> Snapshot:
    """`shot`, safe from removal while it is in use, and without those that nobody used lately."""
    eviction.hold(shot.place, shot)
    eviction.keep_recent(shot.place, KEPT[shot.place.parent.name])
    return shot


def below_kvm(kernel: Kernel) -> list[tuple[str, bytes]]:
    """What the KVM modules need of other modules: loaded before the snapshot."""
    found: dict[str, bytes] = {}
    for name in KVM_MODULES:
        found |= modinfo.dependencies(kernel, modinfo.content(kernel, name))
    return [(name, data) for name, data in found.items() if name not in KVM_MODULES]


def _boot(work: Path, installed: Emulator, kernel: Kernel) -> None:
    """Boot, wait for the agent's pause, and save RAM and devices into `work`."""
    cache.require_space(work, 2 * options.MEMORY_MB << 20)
    booted, archive = work / "kernel", work / "initrd"
    booted.write_bytes(vmlinux.bootable(kernel.vmlinuz))
    archive.write_bytes(initramfs.build(below_kvm(kernel)))
    arguments = options.boot(booted, archive, work / migrate.RAM)
    with qemu.Process(installed, arguments, {}, BOOT_SECONDS) as process:
        migrate.save(process, work / migrate.STATE)
    booted.unlink()
    archive.unlink()


def _go_on(work: Path, base: Snapshot, files: dict[str, bytes]) -> None:
    """Restore `base` with `files`, let it run to the next pause, and save it into `work`."""
    cache.require_space(work, 2 * options.MEMORY_MB << 20)
    _copy_ram(base.place / migrate.RAM, work / migrate.RAM)
    arguments = options.restore(work / migrate.RAM, share=True)
    with qemu.Process(base.emulator, arguments, files, READY_SECONDS) as process:
        migrate.load(process, base.place / migrate.STATE)
        migrate.save(process, work / migrate.STATE)
