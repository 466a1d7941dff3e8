# SPDX-License-Identifier: MIT
"""A QEMU process that leaves nothing behind: no file, no socket, no process.

Console, results, job and modules travel in memfds, QMP over a socket pair. QEMU dies
with its parent (PR_SET_PDEATHSIG, set by setpriv(1)), at its limit of wall time, and
at the end of the `with` block at the latest.
"""

import os
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from kbench.lab.errors import LabError, QemuUnavailable, WallTimeout
from kbench.lab.vm import options
from kbench.lab.vm.emulator import Emulator
from kbench.lab.vm.qmp import Qmp, QmpClosed

# What QEMU may ask of the kernel, once it runs: no new processes, privileges or priorities.
SANDBOX = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"
# Files of the agent in fw_cfg: users' names start with "opt/" (docs/specs/fw_cfg.rst).
FW_CFG = "opt/kbench/"


@dataclass(frozen=True)
class Plugin:
    """A plugin of TCG: its file, and descriptors that it is handed, by the argument's name."""

    path: Path
    fds: Mapping[str, int]

    @property
    def option(self) -> str:
        """What QEMU's -plugin takes."""
        arguments = (f"{name}={fd}" for name, fd in self.fds.items())
        return ",".join((f"file={str(self.path).replace(',', ',,')}", *arguments))


class Process:
    """One running QEMU with the lab's machine; a context manager.

    arguments: options.boot() or options.restore(). files: name -> content, which
    the agent reads through fw_cfg. seconds: limit of wall time for everything.
    serial: where the console goes; the default keeps it for `console()`. plugin: looks on, and
    changes nothing that runs. machine: another one than the exact machine of one CPU.
    """

    def __init__(
        self,
        emulator: Emulator,
        arguments: Sequence[str],
        files: Mapping[str, bytes],
        seconds: float,
        serial: Sequence[str] = (),
        plugin: Plugin | None = None,
        machine: Sequence[str] = options.OPTIONS,
    ) -> None:
        self.seconds = seconds
        self.deadline = time.monotonic() + seconds
        with ExitStack() as stack:
            self._console = self._memfd(stack, "console")
            self._results = self._memfd(stack, "results")
            self._log = self._memfd(stack, "log")
            ours, theirs = socket.socketpair()
            stack.enter_context(ours)
            with ExitStack() as passed:
                passed.enter_context(theirs)
                command = [
                    *("setpriv", "--pdeathsig", "KILL", emulator.path),
                    *("-sandbox", SANDBOX),
                    *machine,
                    *arguments,
                    *(serial or ("-serial", f"file:/proc/self/fd/{self._console}")),
                    *("-chardev", f"file,id=results,path=/proc/self/fd/{self._results}"),
                    *("-device", f"isa-debugcon,iobase={options.RESULT_PORT:#x},chardev=results"),
                    *("-chardev", f"socket,id=qmp,fd={theirs.fileno()}"),
                    *("-mon", "chardev=qmp,mode=control"),
                ]
                fds = [self._console, self._results, theirs.fileno()]
                if plugin is not None:
                    command += ["-plugin", plugin.option]
                    fds += plugin.fds.values()
                for name, content in files.items():
                    fds.append(self._memfd(passed, name, content))
                    command += ["-fw_cfg", f"name={FW_CFG}{name},file=/proc/self/fd/{fds[-1]}"]
                self._process = self._spawn(command, fds, own_terminal=not serial)
            stack.callback(self.kill)
            self._stack = stack.pop_all()
        try:
            self.qmp = Qmp(ours, self.deadline)
        except BaseException as error:
            self._process.kill()
            self._process.wait()
            log = self.log()
            self._stack.close()
            if isinstance(error, QmpClosed):
                raise QemuUnavailable(f"{emulator.path} did not start", log) from error
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def wait(self) -> int:
        """QEMU's exit code. Raises WallTimeout, with the console's last lines."""
        try:
            return self._process.wait(max(0.0, self.deadline - time.monotonic()))
        except subprocess.TimeoutExpired as error:
            raise self.timeout() from error

    def timeout(self) -> WallTimeout:
        """The error of a lab that exceeds its limit of wall time."""
        return WallTimeout(f"the lab did not end within {self.seconds:g} s", self.console())

    def kill(self) -> None:
        """End QEMU at once, if it still runs; may be called from any thread."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    def console(self) -> str:
        """What the kernel inside wrote to its serial console."""
        return _content(self._console).decode(errors="replace")

    def results(self) -> bytes:
        """What the agent wrote to its result port."""
        return _content(self._results)

    def log(self) -> str:
        """What QEMU itself wrote to stdout and stderr."""
        return _content(self._log).decode(errors="replace")

    def _spawn(
        self, command: list[str], fds: list[int], *, own_terminal: bool
    ) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL if own_terminal else None,
                stdout=self._log if own_terminal else None,
                stderr=self._log,
                pass_fds=fds,
                # Ctrl-C is ours to handle: QEMU must not see it first.
                start_new_session=own_terminal,
            )
        except FileNotFoundError as error:
            raise QemuUnavailable("setpriv is not here: install util-linux") from error
        except OSError as error:
            raise LabError(f"QEMU does not start: {error}") from error

    @staticmethod
    def _memfd(stack: ExitStack, name: str, content: bytes = b"") -> int:
        fd = os.memfd_create(f"kbench-{name}")
        stack.callback(os.close, fd)
        view = memoryview(content)
        while view:
            view = view[os.write(fd, view) :]
        return fd


def _content(fd: int) -> bytes:
    return os.pread(fd, os.fstat(fd).st_size, 0)
