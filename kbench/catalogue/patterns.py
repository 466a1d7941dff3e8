# SPDX-License-Identifier: MIT
"""The patterns: when an idle guest has something to do. One row each.

A pattern makes a schedule: absolute times, fixed before the window begins (an open loop).
Distances are random from a seed, because governors and dynamic halt polling learn a fixed
period; only the ticks are periodic, as a guest's tick is.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from kbench.errors import KbenchError

Kind = Literal["silent", "tick", "poisson", "burst", "storage", "pingpong"]

MAX_HZ = 10_000  # events a second for which the guest's ring of stamps has room in a window
BURST_EVENTS, BURST_GAP_NS, BURST_HZ = 8, 50_000, 100
RATED = ("tick", "poisson")  # kinds with a rate
STORAGE_NS = (20_000, 200_000)  # idle periods while waiting for a fast device


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

    def schedule(self, nanoseconds: int, seed_index: int = 0) -> list[int]:
        """The times of the events in a window of this length, in ns from its start.

        They increase strictly. `seed_index` numbers the windows of a run: each has another
        sequence, the same in every run. "silent" has one event, at the window's end.
        """
        if self.kind == "silent":
            return [nanoseconds]
        random = Random(f"{self.name} {self.seed} {seed_index}")
        times: list[int] = []
        now = 0
        for gap in self._gaps(random):
            now += max(1, round(gap))
            if now >= nanoseconds:
                return times or [nanoseconds - 1]
            times.append(now)
        return times

    def _gaps(self, random: Random) -> Iterator[float]:
        if self.kind == "pingpong":
            return
        while True:
            match self.kind:
                case "tick":
                    yield 1e9 / self.rate
                case "poisson":
                    yield random.expovariate(self.rate) * 1e9
                case "storage":
                    yield random.uniform(*STORAGE_NS)
                case "burst":
                    yield random.expovariate(BURST_HZ) * 1e9
                    yield from [BURST_GAP_NS] * (BURST_EVENTS - 1)


def _tick(rate: int) -> Pattern:
    title = f"the guest's timer ticks {rate} times a second"
    return Pattern(name=f"tick{rate}", title=title, kind="tick", rate=rate, timer=True)


PATTERNS = (
    Pattern(name="silent", title="nothing to do", kind="silent"),
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
