# SPDX-License-Identifier: MIT
"""What can go wrong in the lab, one named error each."""

from kbench.errors import ToolError


class LabError(ToolError):
    """A failure of the lab, with what the lab's console says about it."""


class EmulatorUnavailable(LabError):
    """The emulator is missing, too old, or does not start."""


class EmulatorDied(LabError):
    """The emulator crashed or was killed before the agent had done its job."""


class SnapshotUnusable(LabError):
    """The emulator cannot load the snapshot (another version's, or damaged)."""


class BootFailed(LabError):
    """The lab's kernel or agent did not reach the point of the snapshot."""


class BootHangs(BootFailed):
    """It did not reach that point in time."""


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
