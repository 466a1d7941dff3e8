# SPDX-License-Identifier: MIT
"""Wake-ups by the length of the idle period before them, and the idle states entered meanwhile."""

import re
from dataclasses import dataclass

from kbench.answers.measured import Measured, Unsupported
from kbench.present.table import Table, figures, words
from kbench.report.model import Entry, Model, Place
from kbench.suite.suite import Benchmark
from kbench.units import Figure

NAME = re.compile(r"(\w+?)_(\d+)us")
COUNTER = "kbench_counter_cstate_"


@dataclass(frozen=True, slots=True)
class Length:
    """One row: `event` is what wakes, `idle` the period in the place's unit.

    `p99` is None where too few events are behind it. `states` are the entries of the kernel's
    idle states for each event, on the vCPU's pCPU: `C1 0.93, POLL 0.1`; "" where none was.
    """

    entry: Entry
    event: str
    idle: Figure
    p50: Figure
    p99: Figure | None
    states: str

    @property
    def name(self) -> str:
        """What wakes, under which policy: "irqfd@hlt"."""
        return f"{self.event}@{self.entry.policy}"


def lengths(model: Model, place: Place) -> list[Length]:
    """The rows of `place` whose idle periods have a length, by policy, the shortest first."""
    found = [each for entry in model.at(place, "wake") if (each := _length(entry))]
    order = list(dict.fromkeys(each.name for each in found))
    return sorted(found, key=lambda e: (order.index(e.name), e.entry.source.index, e.idle))


def _length(entry: Entry) -> Length | None:
    named = NAME.fullmatch(entry.event)
    row = Measured(entry.benchmark)
    if not named:
        return None
    try:
        p50 = row.p50
    except Unsupported:
        return None
    try:
        p99 = row.percentile(99.0)
    except Unsupported:
        p99 = None
    # 1 instruction is 1 ns of the lab's clock.
    idle = int(named[2]) * (1_000 if entry.place.lab else 1e-6)
    states = states_entered(entry.benchmark)
    return Length(entry, named[1], Figure(idle, entry.place.unit), p50, p99, states)


def tables(model: Model, place: Place) -> list[Table]:
    """One table of the rows of `place`; [] without two lengths."""
    found = lengths(model, place)
    if len({each.idle for each in found}) < 2:
        return []
    columns = (
        *words("event and policy", "suite"),
        *figures("idle before", "p50", "p99"),
        *words("idle states entered, an event"),
    )
    rows = tuple(
        (each.name, each.entry.source.label, each.idle, each.p50, each.p99, each.states)
        for each in found
    )
    table = Table(columns, rows, f"wake-ups by the length of the idle period, {place.title}")
    several = len({each.entry.source.index for each in found}) > 1
    return [table if several else table.without("suite")]


def states_entered(benchmark: Benchmark) -> str:
    """The idle states of the vCPU's pCPU, by the kernel's counters (kbench.record.cpuidle)."""
    entered: dict[str, float] = {}
    for run in benchmark.good:
        for key in run.metadata:
            name = key.removeprefix(COUNTER)
            if key.startswith(COUNTER) and not name.endswith("_s"):
                entered[name] = entered.get(name, 0) + (run.number(key) or 0)
    events = sum(run.number("kbench_counter_events_handled") or 0 for run in benchmark.good)
    counted = [
        f"{name} {count / events:.2g}"
        for name, count in sorted(entered.items())
        if count and events
    ]
    return ", ".join(counted)
