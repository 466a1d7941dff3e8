# SPDX-License-Identifier: MIT
"""What can go wrong in the lab, one named error each."""

from kbench.errors import KbenchError

CONSOLE_LINES = 12
# How the kernel begins to say why it cannot go on.
FATAL = ("BUG:", "Oops:", "general protection fault", "Kernel panic")


class LabError(KbenchError):
    """A failure of the lab, with what the lab's console says about it.

    That is its last lines, or where the kernel died the first lines from there on.
    """

    def __init__(self, message: str, console: str = "") -> None:
        self.console = "\n".join(_excerpt(console))
        super().__init__(f"{message}\n{self.console}" if self.console else message)


def _excerpt(console: str) -> list[str]:
    lines = [line.rstrip() for line in console.splitlines() if line.strip()]
    for number, line in enumerate(lines):
        if any(word in line for word in FATAL):
            return lines[number : number + CONSOLE_LINES]
    return lines[-CONSOLE_LINES:]


class PinUnavailable(LabError):
    """The kernel packages of a pin cannot be had."""


class NoSpace(LabError):
    """The cache's file system, or the one of temporary files, is full."""


class CacheBusy(LabError):
    """Another process has held a cache entry's lock for too long."""


class QemuUnavailable(LabError):
    """QEMU is missing, too old, or does not start."""


class SnapshotUnusable(LabError):
    """QEMU cannot load the snapshot (another QEMU's, or damaged)."""


class BootFailed(LabError):
    """The lab's kernel or agent did not reach the point of the snapshot."""


class LabPanic(LabError):
    """The kernel inside panicked."""


class ModuleRefused(LabError):
    """The kernel inside refused a module (vermagic, unknown symbol, signature)."""


class AgentFailed(LabError):
    """The agent inside, or the measuring code that it ran, raised an exception."""


class VirtualTimeout(LabError):
    """The alarm inside went off: the guest blocks, or the benchmark is too long."""


class WallTimeout(LabError):
    """The lab ran for longer than its limit of wall time."""


class BenchmarkFailed(LabError):
    """The guest did something else than its subject; the message has its registers."""
