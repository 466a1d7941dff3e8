# SPDX-License-Identifier: MIT
"""What the lab asks of an emulator: to boot and save a lab, and to go on from what was saved."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from kbench.kernels.cache import Progress
from kbench.lab.vm.process import LabProcess

Files = Mapping[str, bytes]


class Emulator(Protocol):
    """An emulator with its machine: the same version gives the same counts.

    files: name -> content, which the agent reads through fw_cfg. Limits are seconds of wall time.
    """

    @property
    def title(self) -> str:
        """Its name, as people write it."""

    @property
    def version(self) -> str:
        """What identifies the program."""

    @property
    def cpu(self) -> str:
        """The model of its CPU."""

    @property
    def options(self) -> tuple[str, ...]:
        """All options of the machine beside the kernel's: with others, counts are others."""

    def prepare(self, progress: Progress) -> None:
        """Build what is missing of the program. Raises ProgramsMissing, EmulatorUnavailable."""

    def boot(self, work: Path, kernel: bytes, initrd: bytes, seconds: float) -> None:
        """Boot an ELF vmlinux, wait for the agent's pause, and save the lab into `work`.

        Raises BootFailed, with the console, where it does not come to that within `seconds`.
        """

    def go_on(self, work: Path, base: Path, files: Files, seconds: float) -> None:
        """Restore the lab that is saved in `base`, let it run to the next pause, and save it.

        Raises as restore() and boot() do, and what the agent reports.
        """

    def restore(self, place: Path, files: Files, seconds: float) -> LabProcess:
        """A running lab that continues from what is saved in `place` (enter it at once).

        Raises SnapshotUnusable when it cannot be restored, EmulatorUnavailable and WallTimeout.
        """
