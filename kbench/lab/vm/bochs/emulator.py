# SPDX-License-Identifier: MIT
"""Bochs as the lab's emulator: an Intel CPU with VMX."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kbench.kernels import cache
from kbench.kernels.cache import Progress
from kbench.lab import protocol
from kbench.lab.errors import BootFailed, BootHangs, WallTimeout
from kbench.lab.vm import common
from kbench.lab.vm.bochs import boot, build, mptable, options
from kbench.lab.vm.bochs.process import PAUSED, BochsProcess
from kbench.lab.vm.bochs.rom import rom
from kbench.lab.vm.emulator import Files

CPUS = 1
CONFIGURATION = "bochsrc"
RAM = "memory.ram"  # Bochs' name of it in a saved state


@dataclass(frozen=True)
class BochsEmulator:
    """Bochs with the machine of options.py, as kbench.lab.vm.emulator asks for it."""

    title: str = "Bochs"
    cpu: str = options.CPU

    @property
    def version(self) -> str:
        """Debian's, and a digest of what kbench makes of it."""
        return build.version()

    @property
    def options(self) -> tuple[str, ...]:
        """Bochs' configuration, and what stands in place of firmware."""
        table = mptable.table(boot.BASE_MEMORY, CPUS)
        return (*options.OPTIONS, options.MICROCODE, cache.digest(rom(), table))

    def prepare(self, progress: Progress) -> None:
        """It is built from source, once."""
        build.program(progress)

    def boot(self, work: Path, kernel: bytes, initrd: bytes, seconds: float) -> None:
        """RAM is filled by the library; the ROM stays beside the state, which names it."""
        cache.require_space(work, 2 * common.MEMORY_MB << 20)
        (work / options.ROM).write_bytes(rom())
        (work / options.VGA_ROM).write_bytes(options.NO_VGA)
        (work / options.MSRS).write_text(options.MICROCODE)
        (work / CONFIGURATION).write_text("\n".join(options.OPTIONS) + "\n")
        memory = boot.memory(kernel, initrd, CPUS)
        self._save(work, work, ("-f", CONFIGURATION), {}, seconds, memory)

    def go_on(self, work: Path, base: Path, files: Files, seconds: float) -> None:
        """The state is read as it is, and saved elsewhere."""
        cache.require_space(work, 2 * common.MEMORY_MB << 20)
        for name in (options.ROM, options.VGA_ROM, options.MSRS):
            shutil.copyfile(base / name, work / name)
        self._save(work, base, ("-r", options.STATE), files, seconds)

    def restore(self, place: Path, files: Files, seconds: float) -> BochsProcess:
        """That the state cannot be loaded is known when the process has ended."""
        program = build.program()
        return BochsProcess(program, place, ("-r", options.STATE), files, seconds)

    def _save(
        self,
        work: Path,
        place: Path,
        arguments: tuple[str, ...],
        files: Files,
        seconds: float,
        memory: Mapping[int, bytes] | None = None,
    ) -> None:
        """Run to the agent's pause and save into `work`. Raises as Emulator.boot() does."""
        state = work / options.STATE
        state.mkdir()
        program = build.program()
        with BochsProcess(program, place, arguments, files, seconds, memory, state) as process:
            try:
                status = process.wait()
            except WallTimeout as error:
                why = f"the lab did not come up within {seconds:g} s"
                raise BootHangs(why, process.console()) from error
            if status != PAUSED:
                raise _failure(process)
        _dig_holes(state / RAM)


def _failure(process: BochsProcess) -> Exception:
    """Why the lab ended before its snapshot: the agent says it, or the console."""
    for message in protocol.decode(process.results()):
        if message.failure:
            return protocol.failure(message, process.console())
    reason = process.log().strip()[-200:] or "see its console"
    return BootFailed(f"the lab ended before its snapshot: {reason}", process.console())


def _dig_holes(ram: Path) -> None:
    """Free the blocks of a file that are zero: most of RAM is."""
    block = 1 << 16
    zero = bytes(block)
    sparse = ram.with_suffix(".sparse")
    with ram.open("rb") as full, sparse.open("wb") as out:
        while data := full.read(block):
            if data == zero[: len(data)]:
                out.seek(len(data), 1)
            else:
                out.write(data)
        out.truncate(full.tell())
    sparse.replace(ram)
