# SPDX-License-Identifier: MIT
"""A Bochs process: what it reads and writes are memfds, named in its environment."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from kbench.lab.errors import EmulatorDied, SnapshotUnusable
from kbench.lab.vm.emulator import Files
from kbench.lab.vm.process import LabProcess, memfd

# The library (ext/lab/bochs/lab.h) adds this to the exit statuses of the lab, as Bochs ends with
# 1 itself. The status of a lab that has been saved.
OURS, PAUSED = 64, 9
UNRESTORED = "cannot restore"


class BochsProcess(LabProcess):
    """One running Bochs in the directory `place`.

    arguments: what to run, a configuration or a saved lab. memory: physical address -> content at
    power-on. save: the directory that gets the state at the agent's pause, which ends Bochs.
    """

    emulator = "Bochs"

    def __init__(
        self,
        program: Path,
        place: Path,
        arguments: tuple[str, ...],
        files: Files,
        seconds: float,
        memory: Mapping[int, bytes] | None = None,
        save: Path | None = None,
    ) -> None:
        super().__init__(seconds)
        with ExitStack() as failed:
            failed.callback(self._stack.close)
            with ExitStack() as passed:
                fds = [self._console, self._results]
                environment = {
                    "KBENCH_CONSOLE": str(self._console),
                    "KBENCH_RESULTS": str(self._results),
                }
                if save is not None:
                    environment["KBENCH_SAVE"] = str(save)
                contents = {f"{address:x}": data for address, data in (memory or {}).items()}
                for variable, named in (("KBENCH_FILES", files), ("KBENCH_BOOT", contents)):
                    handed = {name: memfd(passed, name, data) for name, data in named.items()}
                    fds += handed.values()
                    environment[variable] = ",".join(f"{name}:{fd}" for name, fd in handed.items())
                self._start([str(program), "-q", *arguments], fds, environment, cwd=place)
            failed.pop_all()

    def wait(self) -> int:
        """The lab's exit status. Raises WallTimeout, and EmulatorDied where Bochs ended itself."""
        status = super().wait()
        if status < 0 or status >= OURS:
            return status if status < 0 else status - OURS
        if UNRESTORED in self.log():
            raise SnapshotUnusable(
                "Bochs cannot load the lab's snapshot (`kbench lab clean` removes it)", self.log()
            )
        raise EmulatorDied(f"Bochs ended with exit status {status}", self.log())
