# SPDX-License-Identifier: MIT
"""The kernel's trace of a worker that stops at an outlier: an instance of tracefs of its own.

An instance (Documentation/trace/ftrace.rst) has its own buffers and events, so that nobody
else's trace is touched. Whoever starts the worker makes and removes it: a worker may be killed.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

TRACEFS = Path("/sys/kernel/tracing")
SYSTEMS = ("kvm", "sched", "irq", "irq_vectors")
BUFFER_KB = 1024  # for each CPU: thousands of round trips
CLOCK = "x86-tsc"  # the clock of the stamps
PREFIX = "kbench-"
REMOVE_SECONDS = 2.0


def missing() -> str:
    """Why the kernel's trace cannot be had, and how to get it; "" where it can."""
    if not (TRACEFS / "instances").is_dir():
        if not os.access(TRACEFS, os.X_OK) and os.geteuid():
            return f"{TRACEFS} is for root: sudo, or give your group the right to it"
        return f"no tracefs: mount -t tracefs tracefs {TRACEFS}"
    if not os.access(TRACEFS / "instances", os.W_OK):
        return f"{TRACEFS} is for root: sudo, or give your group the right to it"
    return ""


@contextmanager
def instance() -> Iterator[Path | None]:
    """A trace that is set up but off, removed at the end; None where missing() says why.

    Those of a kbench that was killed are removed too.
    """
    if missing():
        yield None
        return
    for left in (TRACEFS / "instances").glob(f"{PREFIX}*"):
        pid = left.name.removeprefix(PREFIX)
        # One of this very number is of a process that had it before.
        if pid.isdecimal() and (int(pid) == os.getpid() or not Path(f"/proc/{pid}").exists()):
            _remove(left)
    made = TRACEFS / "instances" / f"{PREFIX}{os.getpid()}"
    made.mkdir()
    try:
        (made / "tracing_on").write_text("0")
        (made / "trace_clock").write_text(CLOCK)
        (made / "buffer_size_kb").write_text(str(BUFFER_KB))
        for system in SYSTEMS:
            with suppress(OSError):  # a kernel without it
                (made / "events" / system / "enable").write_text("1")
        yield made
    finally:
        _remove(made)


def _remove(made: Path) -> None:
    """Remove it; the kernel refuses while a worker that was killed has not let go of it."""
    end = time.monotonic() + REMOVE_SECONDS
    while made.exists():
        try:
            made.rmdir()
        except OSError:
            if time.monotonic() > end:
                return
            time.sleep(0.05)
