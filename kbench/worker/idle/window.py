# SPDX-License-Identifier: MIT
"""One open-loop window: the plan that goes in, and what everyone saw that comes out."""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kbench._abi import lib
from kbench._native.wake_sources import WakeSource
from kbench._native.waker import WakerLog
from kbench.errors import KbenchError
from kbench.worker.crosscheck.delta import Delta

ANSWER_NS = 5_000_000  # after the last event, for its answer, where no pattern has room for it
MAX_EVENTS = lib.KB_IDLE_PLAN_MAX - 1  # the plan ends with a 0
STAMP_CAPACITY = 4096  # stamps that a thread keeps: more than the events of a window


@dataclass(frozen=True, slots=True)
class Plan:
    """What shall happen: `times` in ns from the window's start, `which` of `sources` for each.

    With `armed` the first vCPU's in-kernel LAPIC timer does it, and nothing is fired; with
    `vmm_timer` the VMM's timer does, a thread on the first vCPU's pCPU that sleeps until each
    time. Else the waker does: it sleeps until `margin` ns before each time and spins the rest.
    `length` in ns: the counters account for exactly that time.
    """

    times: Sequence[int]
    sources: tuple[WakeSource, ...]
    length: int
    which: bytes = b""
    armed: bool = False
    vmm_timer: bool = False
    margin: int = 0


@dataclass(frozen=True, slots=True)
class Window:
    """What happened, in ticks of the host's TSC.

    `planned`, `fired` and `raised` (when the waker's system call had returned) are by event of
    the plan, `guests` the events that each vCPU's guest handled, `acks` when the first vCPU
    thread returned to userspace. `leaving` is set where the waker shares that thread's pCPU.
    """

    planned: "array[int]"
    fired: "array[int]"
    raised: "array[int]"
    leaving: "Leaving | None"
    guests: "list[array[int]]"
    acks: "array[int]"
    delta: Delta
    notes: frozenset[str]

    def inside(self, stamps: Iterable[int]) -> int:
        """How many of these stamps lie in the time that the counters account for."""
        return sum(self.delta.start.tsc <= stamp <= self.delta.end.tsc for stamp in stamps)


@dataclass(frozen=True, slots=True)
class Leaving:
    """When the waker left the pCPU to whoever answered, by what its own CPU clock counted.

    `epoch` is by event (kbench._native.waker.WakerLog); `waker_cpu` is the waker's CPU time, in
    ticks, as the answering thread read it.
    """

    epoch: "array[int]"
    waker_cpu: "array[int]"

    def at(self, event: int, answer: int, earliest: int, latest: int) -> int:
        """The TSC at which the waker had left after `event`, given the number of its answer.

        It is between the two stamps around it: the clocks agree to within half a system call.
        """
        return min(max(self.epoch[event] + self.waker_cpu[answer], earliest), latest)


def leaving(log: WakerLog, waker_cpu: "array[int]", tsc_khz: int) -> Leaving:
    """The Leaving of a waker whose CPU time, in ns, was `waker_cpu` at each answer."""
    return Leaving(log.epoch, array("Q", (ns * tsc_khz // 1_000_000 for ns in waker_cpu)))


def check_events(count: int) -> None:
    """Raises KbenchError where a window has no room for `count` events."""
    if count > MAX_EVENTS:
        raise KbenchError(f"{count} events in a value, at most {MAX_EVENTS}: lower --loops")
