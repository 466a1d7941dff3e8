# SPDX-License-Identifier: MIT
"""QEMU's TCG as the lab's emulator: an AMD CPU with SVM."""

import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache as once
from pathlib import Path

from kbench.kernels import cache, tools
from kbench.kernels.cache import Progress
from kbench.lab.errors import BootHangs, LabError, WallTimeout
from kbench.lab.vm import common
from kbench.lab.vm.emulator import Emulator, Files
from kbench.lab.vm.qemu import installed, migrate, options
from kbench.lab.vm.qemu.installed import Qemu
from kbench.lab.vm.qemu.process import Plugin, QemuProcess

COPY_SECONDS = 120.0
# What a verbose boot has got to by then is where the kernel hangs.
VERBOSE_SECONDS = 60.0
_COPYING = threading.Lock()


@dataclass(frozen=True)
class QemuEmulator:
    """QEMU with the exact machine of one CPU, as kbench.lab.vm.emulator asks for it."""

    qemu: Qemu
    title: str = "QEMU"
    cpu: str = options.CPU
    options: tuple[str, ...] = options.OPTIONS

    @property
    def version(self) -> str:
        """As QEMU prints it."""
        return self.qemu.version

    def prepare(self, progress: Progress) -> None:
        """It is installed."""

    def boot(self, work: Path, kernel: bytes, initrd: bytes, seconds: float) -> None:
        """RAM is the file that a restore maps; the kernel's files go when it has booted.

        A kernel that hangs is booted once more, for all that it says.
        """
        cache.require_space(work, 2 * common.MEMORY_MB << 20)
        booted, archive = work / "kernel", work / "initrd"
        booted.write_bytes(kernel)
        archive.write_bytes(initrd)
        arguments = options.boot(booted, archive, work / migrate.RAM)
        try:
            with QemuProcess(self.qemu, arguments, {}, seconds) as process:
                migrate.save(process, work / migrate.STATE)
        except BootHangs as error:
            arguments = options.boot(booted, archive, work / migrate.RAM, verbose=True)
            raise BootHangs(str(error).partition("\n")[0], self._console(arguments)) from error
        booted.unlink()
        archive.unlink()

    def go_on(self, work: Path, base: Path, files: Files, seconds: float) -> None:
        """The same on a copy of RAM."""
        cache.require_space(work, 2 * common.MEMORY_MB << 20)
        _copy_ram(base / migrate.RAM, work / migrate.RAM)
        arguments = options.restore(work / migrate.RAM, share=True)
        with QemuProcess(self.qemu, arguments, files, seconds) as process:
            migrate.load(process, base / migrate.STATE)
            migrate.save(process, work / migrate.STATE)

    def restore(
        self,
        place: Path,
        files: Files,
        seconds: float,
        serial: Sequence[str] = (),
        plugin: Plugin | None = None,
    ) -> QemuProcess:
        """The lab on a private map of RAM. serial, plugin: as in QemuProcess."""
        ram = place / migrate.RAM
        if not os.access(ram, os.W_OK):
            ram = _writable(ram)
        process = QemuProcess(self.qemu, options.restore(ram), files, seconds, serial, plugin)
        try:
            migrate.load(process, place / migrate.STATE)
        except BaseException:
            process.kill()
            process.__exit__(None, None, None)
            raise
        return process

    def _console(self, arguments: Sequence[str]) -> str:
        """What a boot that hangs says."""
        with QemuProcess(self.qemu, arguments, {}, VERBOSE_SECONDS) as process:
            with suppress(WallTimeout):
                process.wait()
            return process.console()


def find() -> QemuEmulator:
    """The installed QEMU. Raises EmulatorUnavailable."""
    return QemuEmulator(installed.find())


def require(emulator: Emulator) -> QemuEmulator:
    """`emulator` where it is QEMU: another has no terminal and no plugins. Raises LabError."""
    if not isinstance(emulator, QemuEmulator):
        raise LabError(f"only QEMU's lab machine can do that, not {emulator.title}'s")
    return emulator


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
