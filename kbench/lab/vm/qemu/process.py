# SPDX-License-Identifier: MIT
"""A QEMU process; its QMP goes over a socket pair."""

import socket
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from kbench.lab.errors import EmulatorUnavailable
from kbench.lab.vm import common
from kbench.lab.vm.process import LabProcess, memfd
from kbench.lab.vm.qemu import options
from kbench.lab.vm.qemu.installed import Qemu
from kbench.lab.vm.qemu.qmp import Qmp, QmpClosed

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


class QemuProcess(LabProcess):
    """One running QEMU with the lab's machine.

    arguments: options.boot() or options.restore(). files: name -> content, which
    the agent reads through fw_cfg. seconds: limit of wall time for everything.
    serial: where the console goes; the default keeps it for `console()`. plugin: looks on, and
    changes nothing that runs. machine: another one than the exact machine of one CPU.
    """

    emulator = "QEMU"

    def __init__(
        self,
        qemu: Qemu,
        arguments: Sequence[str],
        files: Mapping[str, bytes],
        seconds: float,
        serial: Sequence[str] = (),
        plugin: Plugin | None = None,
        machine: Sequence[str] = options.OPTIONS,
    ) -> None:
        super().__init__(seconds)
        with ExitStack() as failed:
            failed.callback(self._stack.close)
            ours, theirs = socket.socketpair()
            self._stack.enter_context(ours)
            with ExitStack() as passed:
                passed.enter_context(theirs)
                command = [
                    *(qemu.path, "-sandbox", SANDBOX),
                    *machine,
                    *arguments,
                    *(serial or ("-serial", f"file:/proc/self/fd/{self._console}")),
                    *("-chardev", f"file,id=results,path=/proc/self/fd/{self._results}"),
                    *("-device", f"isa-debugcon,iobase={common.RESULT_PORT:#x},chardev=results"),
                    *("-chardev", f"socket,id=qmp,fd={theirs.fileno()}"),
                    *("-mon", "chardev=qmp,mode=control"),
                ]
                fds = [self._console, self._results, theirs.fileno()]
                if plugin is not None:
                    command += ["-plugin", plugin.option]
                    fds += plugin.fds.values()
                for name, data in files.items():
                    fds.append(memfd(passed, name, data))
                    command += ["-fw_cfg", f"name={FW_CFG}{name},file=/proc/self/fd/{fds[-1]}"]
                self._start(command, fds, own_terminal=not serial)
            try:
                self.qmp = Qmp(ours, self.deadline)
            except QmpClosed as error:
                self.kill()
                raise EmulatorUnavailable(f"{qemu.path} did not start", self.log()) from error
            except TimeoutError as error:
                raise self.timeout() from error
            failed.pop_all()
