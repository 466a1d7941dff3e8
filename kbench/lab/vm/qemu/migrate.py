# SPDX-License-Identifier: MIT
"""Saving a paused lab and loading it again: RAM is a file already, the rest goes by migration."""

import os
from pathlib import Path

from kbench.lab import protocol
from kbench.lab.errors import BootFailed, BootHangs, LabError, SnapshotUnusable
from kbench.lab.vm.qemu.process import QemuProcess
from kbench.lab.vm.qemu.qmp import QmpClosed, QmpError

# The two files of a snapshot: RAM, and devices with ROMs.
RAM, STATE = "ram", "state"
_CAPABILITIES = [{"capability": "x-ignore-shared", "state": True}]


def save(process: QemuProcess, path: Path) -> None:
    """Wait for the agent's pause, save the devices to `path`, and end the lab.

    Raises what the agent reports, BootFailed when it ends without a report, and
    BootHangs when it does neither in time.
    """
    try:
        process.qmp.wait("GUEST_PANICKED")
        _migrate(process, path)
        process.qmp.command("quit")
        process.wait()
    except QmpClosed as error:
        for message in protocol.decode(process.results()):
            if message.failure:
                raise protocol.failure(message, process.console()) from error
        raise BootFailed(_why(process), process.console()) from error
    except TimeoutError as error:
        raise BootHangs(
            f"the lab did not come up within {process.seconds:g} s", process.console()
        ) from error
    except QmpError as error:
        raise BootFailed(f"QEMU could not save the snapshot: {error}") from error


def _why(process: QemuProcess) -> str:
    reason = process.results().decode(errors="replace").strip() or process.log().strip()
    return f"the lab ended before its snapshot: {reason or 'see its console'}"


def _migrate(process: QemuProcess, path: Path) -> None:
    # RAM is in its file already: only the devices and the ROMs are written.
    process.qmp.command("migrate-set-capabilities", capabilities=_CAPABILITIES)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
    try:
        process.qmp.command("getfd", fd, fdname="state")
    finally:
        os.close(fd)
    process.qmp.command("migrate", uri="fd:state")
    done = process.qmp.poll("query-migrate", ("completed", "failed", "cancelled"))
    if done["status"] != "completed":
        raise QmpError(done.get("error-desc", done["status"]))


def load(process: QemuProcess, path: Path) -> None:
    """Load the devices from `path` and let the lab go on.

    Raises SnapshotUnusable when QEMU does not take it, WallTimeout, and LabError.
    """
    try:
        process.qmp.command("migrate-set-capabilities", capabilities=_CAPABILITIES)
        fd = os.open(path, os.O_RDONLY)
        try:
            process.qmp.command("getfd", fd, fdname="state")
        finally:
            os.close(fd)
        process.qmp.command("migrate-incoming", uri="fd:state")
        # The saved machine was paused by pvpanic, and so is the restored one.
        process.qmp.poll("query-status", ("guest-panicked", "paused"))
        process.qmp.command("cont")
    except (QmpClosed, QmpError) as error:
        process.kill()
        raise SnapshotUnusable(
            "QEMU cannot load the lab's snapshot (`kbench lab clean` removes it): "
            f"{str(error) or process.log().strip()}"
        ) from error
    except TimeoutError as error:
        raise process.timeout() from error
    except OSError as error:
        raise LabError(f"{path}: {error.strerror}") from error
