# SPDX-License-Identifier: MIT
"""The process of an emulator that leaves nothing behind: no file, no socket, no process.

Console, results, job and modules travel in memfds. The emulator dies with its parent
(PR_SET_PDEATHSIG, set by setpriv(1)), at its limit of wall time, and at the end of the `with`
block at the latest.
"""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar, Self

from kbench.lab.errors import EmulatorUnavailable, LabError, SnapshotUnusable, WallTimeout


class LabProcess:
    """One running lab; a context manager. A subclass is one emulator's, and starts it.

    seconds: limit of wall time for everything.
    """

    emulator: ClassVar[str]

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.deadline = time.monotonic() + seconds
        with ExitStack() as stack:
            self._console = memfd(stack, "console")
            self._results = memfd(stack, "results")
            self._log = memfd(stack, "log")
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def wait(self) -> int:
        """The emulator's exit code. Raises WallTimeout, with the console's last lines."""
        try:
            return self._process.wait(max(0.0, self.deadline - time.monotonic()))
        except subprocess.TimeoutExpired as error:
            raise self.timeout() from error

    def timeout(self) -> WallTimeout:
        """The error of a lab that exceeds its limit of wall time."""
        return WallTimeout(f"the lab did not end within {self.seconds:g} s", self.console())

    def kill(self) -> None:
        """End the emulator at once, if it still runs; may be called from any thread."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    def console(self) -> str:
        """What the kernel inside wrote to its serial console."""
        return content(self._console).decode(errors="replace")

    def results(self) -> bytes:
        """What the agent wrote to its result port."""
        return content(self._results)

    def log(self) -> str:
        """What the emulator itself wrote to stdout and stderr."""
        return content(self._log).decode(errors="replace")

    def _start(
        self,
        command: Sequence[str],
        fds: Sequence[int],
        environment: Mapping[str, str] | None = None,
        *,
        cwd: Path | None = None,
        own_terminal: bool = True,
    ) -> None:
        """Start `command`, which inherits `fds`. Raises EmulatorUnavailable and LabError."""
        try:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *command],
                stdin=subprocess.DEVNULL if own_terminal else None,
                stdout=self._log if own_terminal else None,
                stderr=self._log,
                pass_fds=fds,
                cwd=cwd,
                env={**os.environ, **(environment or {})},
                # Ctrl-C is ours to handle: the emulator must not see it first.
                start_new_session=own_terminal,
            )
        except FileNotFoundError as error:
            if cwd and not Path(cwd).is_dir():
                raise SnapshotUnusable(f"{cwd} has been removed: run it again") from error
            raise EmulatorUnavailable("setpriv is not here: install util-linux") from error
        except OSError as error:
            raise LabError(f"{self.emulator} does not start: {error}") from error
        self._stack.callback(self.kill)


def memfd(stack: ExitStack, name: str, data: bytes = b"") -> int:
    """A file in memory with this content, until `stack` is closed."""
    fd = os.memfd_create(f"kbench-{name}")
    stack.callback(os.close, fd)
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
    return fd


def content(fd: int) -> bytes:
    """All of a file in memory."""
    return os.pread(fd, os.fstat(fd).st_size, 0)
