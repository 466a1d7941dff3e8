# SPDX-License-Identifier: MIT
"""The patterns: when an idle guest has something to do. One row each.

A pattern makes a schedule: absolute times, fixed before the window begins (an open loop).
Distances are random from a seed, because governors and dynamic halt polling learn a fixed
period; only the ticks are periodic, as a guest's tick is. A window has exactly the events of
its length: a share of its time is a share of event time, at the rate that the pattern names.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from kbench.errors import KbenchError

Kind = Literal["silent", "tick", "poisson", "burst", "storage", "pingpong"]

MAX_HZ = 10_000  # events a second for which the guest's ring of stamps has room in a window
BURST_EVENTS, BURST_GAP_NS, BURST_HZ = 8, 50_000, 100
RATED = ("tick", "poisson")  # kinds with a rate
UNPLANNED = ("silent", "pingpong")  # kinds whose events nothing plans
STORAGE_NS = (20_000, 200_000)  # idle periods while waiting for a fast device


@dataclass(frozen=True, slots=True)
class Schedule:
    """The `times` of a window's events, in ns from its start and increasing, and its `length`."""

    times: Sequence[int]
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """One row: `kind` of schedule, mean `rate` in events a second where it has one, `seed`.

    With `timer` the events come from the guest's LAPIC timer, else from a device: an eventfd
    that KVM turns into an MSI. "pingpong" has no schedule: two vCPUs answer each other.
    Raises KbenchError for a rate out of range.
    """

    name: str
    title: str
    kind: Kind
    rate: int = 0
    timer: bool = False
    seed: int = 1

    def __post_init__(self) -> None:
        if self.kind in RATED and not 1 <= self.rate <= MAX_HZ:
            raise KbenchError(
                f"pattern {self.name}: its rate must be 1 to {MAX_HZ} events a second, "
                f"not {self.rate}"
            )

    @property
    def per_second(self) -> float:
        """The events a second that a schedule has exactly; 0 where nothing plans their number."""
        match self.kind:
            case "tick" | "poisson":
                return self.rate
            case "burst":
                return BURST_HZ * BURST_EVENTS
            case "storage":
                return 2e9 / sum(STORAGE_NS)
        return 0

    def schedule(self, nanoseconds: int, seed_index: int = 0) -> Schedule:
        """The events of a window of about this length: as many whole periods as fit best.

        `seed_index` numbers the windows of a run: each has another sequence, the same in every
        run. "silent" has one event, in the window's middle; "pingpong" begins with the window.
        """
        if self.kind in UNPLANNED:
            return Schedule([0 if self.kind == "pingpong" else nanoseconds // 2], nanoseconds)
        each = BURST_EVENTS if self.kind == "burst" else 1
        period = each * 1e9 / self.per_second
        count = max(1, round(nanoseconds / period))
        length = round(count * period)
        if self.kind == "tick":
            return Schedule([round((n + 0.5) * period) for n in range(count)], length)
        random = Random(f"{self.name} {self.seed} {seed_index}")
        # The last event has half a period for its answer.
        return Schedule(_increasing(self._gaps(random, count, length - period / 2)), length)

    def _gaps(self, random: Random, count: int, span: float) -> list[float]:
        """The distances of `count` events, or bursts of events, within `span` ns."""
        if self.kind == "storage":
            # One in each of `count` equal parts of the range, so that their mean is the range's.
            # The window begins within the longest one.
            low, high = STORAGE_NS
            parts = random.sample(range(count - 1), count - 1)
            drawn = [low + (high - low) * (part + random.random()) / count for part in parts]
            return [span - sum(drawn), *drawn]
        # Exponential distances scaled to their sum: a Poisson process with that many events.
        inner = [BURST_GAP_NS] * (BURST_EVENTS - 1) if self.kind == "burst" else []
        drawn = [random.expovariate(1.0) for _ in range(count)]
        scale = (span - count * sum(inner)) / sum(drawn)
        return [gap for each in drawn for gap in (each * scale, *inner)]


def _increasing(gaps: Iterable[float]) -> list[int]:
    """The times at the end of each of these distances, strictly increasing."""
    times: list[int] = []
    now = 0.0
    for gap in gaps:
        now += max(1.0, gap)
        times.append(round(now))
    return times


def _tick(rate: int) -> Pattern:
    title = f"the guest's timer ticks {rate} times a second"
    return Pattern(name=f"tick{rate}", title=title, kind="tick", rate=rate, timer=True)


PATTERNS = (
    Pattern(name="silent", title="nothing to do but one event", kind="silent"),
    _tick(100),
    _tick(250),
    _tick(1000),
    Pattern(name="poisson", title="a device, 1,000 times a second", kind="poisson", rate=1000),
    Pattern(name="burst", title="a device, bursts of 8 within 0.4 ms", kind="burst"),
    Pattern(name="storage", title="a device, after 20 to 200 us of idling", kind="storage"),
    Pattern(name="pingpong", title="two vCPUs that wake each other", kind="pingpong"),
)


def pattern(name: str) -> Pattern:
    """The pattern called `name`: a row, or tickN, poissonN with another rate.

    Raises KbenchError, with the valid names, for any other, and for a rate out of range.
    """
    rows = {row.name: row for row in PATTERNS}
    if name in rows:
        return rows[name]
    rated = re.fullmatch(r"(tick|poisson)(-?\d+)", name)
    if rated:
        rate = int(rated[2])
        if rated[1] == "tick":
            return _tick(rate)
        title = f"a device, {rate} times a second"
        return replace(rows["poisson"], name=name, title=title, rate=rate)
    valid = ", ".join([*rows, "tickN", "poissonN"])
    raise KbenchError(f"no pattern {name!r}: it is one of {valid}")
