# SPDX-License-Identifier: MIT
"""One open-loop window: the plan that goes in, and what everyone saw that comes out."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from kbench._native.wake_sources import WakeSource
from kbench.worker.crosscheck.delta import Delta


@dataclass(frozen=True, slots=True)
class Plan:
    """What shall happen: `times` in ns from the window's start, `which` of `sources` for each.

    With `armed` the first vCPU's timer does it instead, and nothing is fired. The waker
    sleeps until `margin` ns before each time and spins the rest. `length` in ns.
    """

    times: Sequence[int]
    sources: tuple[WakeSource, ...]
    length: int
    which: bytes = b""
    armed: bool = False
    margin: int = 0


@dataclass(frozen=True, slots=True)
class Window:
    """What happened, in ticks of the host's TSC: `planned` and `fired` by event of the plan,
    `guests` the events that each vCPU's guest handled, `acks` when the first lane came back.
    """

    planned: "array[int]"
    fired: "array[int]"
    guests: "list[array[int]]"
    acks: "array[int]"
    idle_exits: int
    delta: Delta
    notes: frozenset[str]
