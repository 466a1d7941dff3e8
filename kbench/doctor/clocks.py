# SPDX-License-Identifier: MIT
"""Whether the clocks that kbench reads agree: the TSCs of the CPUs, and a guest's with the host's.

Latencies are differences of stamps that different CPUs, and a guest, have made.
"""

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from kbench._native import floors
from kbench.errors import KbenchError
from kbench.kvm import System
from kbench.kvm.errors import IoctlError
from kbench.worker.vm.idle_vcpu import MSR_TSC, tsc_offset

TRIES = 40
GUEST_SECONDS = 0.05  # between two readings of a guest's TSC


@dataclass(frozen=True, slots=True)
class Clocks:
    """`step` is how far, in ticks, a CPU's TSC surely is from the first one's, and `within` what a
    way there and back leaves unknown. `guest` says what is wrong with a guest's TSC, or "".
    """

    cpus: int
    step: int
    within: int
    guest: str

    @property
    def agree(self) -> bool:
        return not self.step and not self.guest

    def __str__(self) -> str:
        if self.step:
            return f"the TSCs of {self.cpus} CPUs differ by {self.step:,} ticks or more"
        return self.guest or f"{self.cpus} CPUs within {self.within:,} ticks, guests too"


def clocks() -> Clocks:
    """Read them on each CPU that this process may use, and in a VM where there can be one."""
    cpus = sorted(os.sched_getaffinity(0))
    bounds = [_in_a_thread(partial(bound, cpus[0], cpu)) for cpu in cpus[1:]]
    return Clocks(
        len(cpus),
        max((distance(low, high) for low, high in bounds), default=0),
        max((high - low for low, high in bounds), default=0),
        guest(),
    )


def bound(first: int, other: int, tries: int = TRIES) -> tuple[int, int]:
    """Ticks that the TSC of CPU `other` is ahead of that of `first`: at least, at most.

    The calling thread goes there and back: what it reads there lies between its two readings.
    """
    low, high = -(1 << 64), 1 << 64
    for _ in range(tries):
        stamps = []
        for cpu in (first, other, first):
            os.sched_setaffinity(0, {cpu})
            stamps.append(floors.tsc())
        before, there, after = stamps
        low, high = max(low, there - after), min(high, there - before)
    return min(low, high), max(low, high)


def distance(low: int, high: int) -> int:
    """How far a range is from 0; 0 where it holds it."""
    return low if low > 0 else max(0, -high)


def guest() -> str:
    """What is wrong with a guest's TSC: it is the host's and a fixed offset, or this says how not.

    "" where nothing is, and where no VM can be made.
    """
    try:
        with System() as system, system.create_vm() as vm, vm.create_vcpu() as vcpu:
            offset = tsc_offset(vcpu)
            time.sleep(GUEST_SECONDS)
            before = floors.tsc()
            now = vcpu.get_msr(MSR_TSC) - offset
            after = floors.tsc()
    except (KbenchError, IoctlError):
        return ""
    slack = (after - before) + 1
    wrong = distance(now - after - slack, now - before + slack)
    return f"a guest's TSC moves by {wrong:,} ticks against the host's" if wrong else ""


def _in_a_thread(read: Callable[[], tuple[int, int]]) -> tuple[int, int]:
    """`read` in a thread of its own, whose CPUs it may change."""
    found: list[tuple[int, int]] = []
    thread = threading.Thread(target=lambda: found.append(read()))
    thread.start()
    thread.join()
    return found[0]
