# SPDX-License-Identifier: MIT
"""What can go wrong in the lab, one named error each."""

from kbench.errors import KbenchError

CONSOLE_LINES = 12


class LabError(KbenchError):
    """A failure of the lab, with the last lines of the lab's console where it has some."""

    def __init__(self, message: str, console: str = "") -> None:
        lines = [line.rstrip() for line in console.splitlines() if line.strip()]
        self.console = "\n".join(lines[-CONSOLE_LINES:])
        text = f"{message}\n{self.console}" if self.console else message
        super().__init__(text)


class PinUnavailable(LabError):
    """The kernel packages of a pin cannot be had."""


class NoSpace(LabError):
    """The cache's file system, or the one of temporary files, is full."""


class CacheBusy(LabError):
    """Another process has held a cache entry's lock for too long."""
