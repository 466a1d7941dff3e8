# SPDX-License-Identifier: MIT
"""Snapshots: of the booted lab, its agent ready, and of one with KVM and kbench loaded.

The first is ensure()'s, one a kernel. ready() goes on from it and saves once more: what every
benchmark would do first is done once for a variant of KVM and a state of kbench.
"""

from dataclasses import dataclass
from pathlib import Path

from kbench.kernels import cache, eviction, modinfo, vmlinux
from kbench.kernels.cache import Progress
from kbench.kernels.kernel import Kernel
from kbench.lab.image import initramfs
from kbench.lab.vm.common import KERNEL_OPTIONS, MEMORY_MB
from kbench.lab.vm.emulator import Emulator, Files
from kbench.lab.vm.machines import SVM, LabMachine
from kbench.lab.vm.process import LabProcess

# A boot takes 10 s on an idle machine of 2023.
BOOT_SECONDS = 300.0
READY_SECONDS = 120.0
# Snapshots that stay in the cache: of two kernels with two agents, and of what is loaded
# into them: two variants on each, and some more while kbench itself is changed.
KEPT = {"snapshot": 4, "ready": 6}


@dataclass(frozen=True)
class Snapshot:
    """A complete snapshot: what to restore, with which emulator, of which kernel."""

    place: Path
    emulator: Emulator
    kernel: Kernel

    @property
    def key(self) -> str:
        """Changes with everything that the snapshot's content depends on."""
        return self.place.name

    def restore(self, files: Files, seconds: float) -> LabProcess:
        """A running lab that continues from the snapshot with `files` (enter it at once).

        seconds: limit of wall time. Raises as Emulator.restore() does.
        """
        return self.emulator.restore(self.place, files, seconds)


def ensure(kernel: Kernel, progress: Progress, machine: LabMachine = SVM) -> Snapshot:
    """The snapshot of `kernel` with this emulator and this Python, built where it is missing.

    Raises BootFailed, EmulatorUnavailable, PackageUnavailable, and as cache.entry() does.
    """
    emulator = machine.emulator()

    def build(work: Path) -> None:
        progress(f"booting Linux {kernel.version} in the lab")
        booted, archive = vmlinux.bootable(kernel.vmlinuz), initramfs.build(below(kernel, machine))
        emulator.boot(work, booted, archive, BOOT_SECONDS)

    place = cache.entry("snapshot", f"{kernel.version}-{_key(kernel, emulator)}", build, progress)
    return _kept(Snapshot(place, emulator, kernel))


def ready(kernel: Kernel, files: Files, progress: Progress, machine: LabMachine = SVM) -> Snapshot:
    """A snapshot of `kernel` after the job in `files`, which pauses, built where it is missing.

    `files`: as for Snapshot.restore(). Raises as ensure() does, and what the job
    reports.
    """
    emulator = machine.emulator()
    parts = (part for item in sorted(files.items()) for part in item)
    key = cache.digest(_key(kernel, emulator), *parts)

    def build(work: Path) -> None:
        base = ensure(kernel, progress, machine)
        progress(f"loading KVM and kbench into the lab of Linux {kernel.version}")
        emulator.go_on(work, base.place, files, READY_SECONDS)

    place = cache.entry("ready", f"{kernel.version}-{key}", build, progress)
    return _kept(Snapshot(place, emulator, kernel))


def _key(kernel: Kernel, emulator: Emulator) -> str:
    pinned = (*emulator.options, *KERNEL_OPTIONS, str(MEMORY_MB))
    return cache.digest(kernel.content, emulator.version, initramfs.key(), *pinned)


def _kept(shot: Snapshot) -> Snapshot:
    """`shot`, safe from removal while it is in use, and without those that nobody used lately."""
    eviction.hold(shot.place, shot)
    eviction.keep_recent(shot.place, KEPT[shot.place.parent.name])
    return shot


def below(kernel: Kernel, machine: LabMachine = SVM) -> list[tuple[str, bytes]]:
    """What the KVM modules need of other modules: loaded before the snapshot."""
    found: dict[str, bytes] = {}
    for name in machine.modules:
        found |= modinfo.dependencies(kernel, modinfo.content(kernel, name))
    return [(name, data) for name, data in found.items() if name not in machine.modules]
