# SPDX-License-Identifier: MIT
"""How long a pCPU was idle, exactly: the rest of a window is its whole cost.

A thread's CPU time has neither the interrupts nor the wake-ups that the kernel takes while the
idle task runs. The kernel accounts the idling between them in ns (tick_nohz_stop_idle() in
kernel/time/tick-sched.c), and /proc/timer_list shows that sum. /proc/stat counts ticks of 10 ms.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TIMER_LIST = Path("/proc/timer_list")


def source() -> str:
    """What the idle time of a pCPU is read from: `/proc/timer_list`, or "none: " and the reason."""
    if not os.access(TIMER_LIST, os.R_OK):
        return f"none: {TIMER_LIST} is readable by root only"
    if b".idle_sleeptime" not in TIMER_LIST.read_bytes():
        return f"none: this kernel's {TIMER_LIST} has no idle_sleeptime (CONFIG_NO_HZ_COMMON)"
    return str(TIMER_LIST)


def idle_ns(pcpu: int) -> int | None:
    """The ns that `pcpu` has been idle since boot; None where the kernel does not show it.

    Read on `pcpu` itself: the sum lacks an idle period that has not ended.
    """
    try:
        with _on(pcpu):
            listing = TIMER_LIST.read_bytes()
    except OSError:
        return None
    found = re.search(
        rb"^cpu: %d$.*?\.idle_sleeptime *: (\d+) nsecs" % pcpu, listing, re.MULTILINE | re.DOTALL
    )
    return int(found[1]) if found else None


@contextmanager
def _on(pcpu: int) -> Iterator[None]:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {pcpu})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
