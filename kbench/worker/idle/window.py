# SPDX-License-Identifier: MIT
"""One open-loop window: the plan that goes in, and what everyone saw that comes out."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from kbench._abi import lib
from kbench._native.wake_sources import WakeSource
from kbench.errors import KbenchError
from kbench.worker.crosscheck.delta import Delta

ANSWER_NS = 5_000_000  # after the last event, for its answer
MAX_EVENTS = lib.KB_IDLE_PLAN_MAX - 1  # the plan ends with a 0
STAMP_CAPACITY = 4096  # stamps that a thread keeps: more than the events of a window


@dataclass(frozen=True, slots=True)
class Plan:
    """What shall happen: `times` in ns from the window's start, `which` of `sources` for each.

    With `armed` the first vCPU's timer does it, and nothing is fired. The waker sleeps
    until `margin` ns before each time and spins the rest. `length` in ns.
    """

    times: Sequence[int]
    sources: tuple[WakeSource, ...]
    length: int
    which: bytes = b""
    armed: bool = False
    margin: int = 0


@dataclass(frozen=True, slots=True)
class Window:
    """What happened, in ticks of the host's TSC.

    `planned` and `fired` are by event of the plan, `guests` the events that each vCPU's
    guest handled, `acks` when the first vCPU thread returned to userspace.
    """

    planned: "array[int]"
    fired: "array[int]"
    guests: "list[array[int]]"
    acks: "array[int]"
    idle_exits: int
    delta: Delta
    notes: frozenset[str]


def check_events(count: int) -> None:
    """Raises KbenchError where a window has no room for `count` events."""
    if count > MAX_EVENTS:
        raise KbenchError(f"{count} events in a value, at most {MAX_EVENTS}: lower --loops")
