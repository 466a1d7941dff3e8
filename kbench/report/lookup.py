# SPDX-License-Identifier: MIT
"""Figures by name, for the texts of `kbench report --template`."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from kbench.report.model import Entry, Model
from kbench.suite.tradeoff import LAB_SECOND
from kbench.units import SHARE, Figure, percent

HUNTS = ("flag", "byte", "poll")  # events of family hunt that look for an idle vCPU


@dataclass(frozen=True)
class Row:
    """One benchmark of one suite; a figure that it did not measure is None."""

    entry: Entry

    @property
    def name(self) -> str:
        return self.entry.name

    @property
    def policy(self) -> str:
        return self.entry.policy

    @property
    def title(self) -> str:
        return self.entry.summary.title

    @property
    def meaning(self) -> str:
        """What its policy does: the part of the title that follows the event."""
        return self.title.partition("; ")[2]

    @property
    def place(self) -> str:
        return self.entry.place.title

    @property
    def suite(self) -> str:
        return self.entry.source.label

    @property
    def min(self) -> Figure:
        return self._figure(self.entry.summary.minimum)

    @property
    def p50(self) -> Figure:
        return self._figure(self.entry.summary.p50)

    @property
    def spread(self) -> str:
        """The lowest and the highest p50 of a single run, "303 to 3,459"; "" where they agree."""
        low, high = map(self._figure, self.entry.summary.spread)
        return f"{low} to {high}" if low < high else ""

    @property
    def p99(self) -> Figure | None:
        """None where too few events stand behind it."""
        value = self.entry.summary.percentiles[99.0]
        return None if value is None else self._figure(value)

    @property
    def each(self) -> Figure | None:
        """Family inkernel: what one of a batch adds."""
        batch = self.entry.summary.batch
        return self._figure(batch.each) if batch else None

    @property
    def cost(self) -> Figure | None:
        """The fraction of a pCPU that the vCPU's thread burned."""
        idle = self.entry.summary.idle
        return Figure(idle.share, SHARE) if idle else None

    @property
    def work(self) -> Figure | None:
        """Items of VMM work per second."""
        idle = self.entry.summary.idle
        return None if idle is None or idle.work is None else Figure(round(idle.work), "integer")

    @property
    def work_range(self) -> str:
        """The least and the most of a single run: "18,900 to 20,100"."""
        idle = self.entry.summary.idle
        if idle is None or idle.work_range is None:
            return ""
        return " to ".join(str(Figure(round(work), "integer")) for work in idle.work_range)

    def apart(self, other: "Row") -> bool:
        """Whether every run of one did more work than every run of the other."""
        mine, theirs = (
            row.entry.summary.idle and row.entry.summary.idle.work_range for row in (self, other)
        )
        return bool(mine and theirs and (mine[0] > theirs[1] or theirs[0] > mine[1]))

    @property
    def wake(self) -> Figure | None:
        """The p50 of the guest's wake-ups."""
        idle = self.entry.summary.idle
        return None if idle is None or idle.wake is None else self._figure(idle.wake)

    @property
    def found(self) -> str:
        """Family hunt: "43 of 50", the hunts that saw an idle vCPU; "" where none looks for one."""
        if self.entry.family != "hunt" or self.entry.event not in HUNTS:
            return ""
        counted = [run.number("kbench_counter_hunts_found") for run in self.entry.benchmark.good]
        hits = [count for count in counted if count is not None]
        return f"{sum(hits):,.0f} of {self.entry.summary.count:,}" if hits else ""

    @property
    def per_exit(self) -> Figure | None:
        """CPU time, or instructions of the lab, from one exit of an idle guest to the next.

        An idle round may have several exits: that of MWAIT has two, MONITOR's and its own.
        """
        idle = self.entry.summary.idle
        if idle is None or not idle.exits:
            return None
        if self.entry.place.lab:
            return self._figure(round(idle.share * LAB_SECOND / idle.exits))
        return self._figure(idle.share / idle.exits)

    def _figure(self, value: float) -> Figure:
        return Figure(value, self.entry.place.unit)


@dataclass(frozen=True)
class Rows:
    """The benchmarks of one suite; empty for a suite that the report does not have."""

    label: str
    rows: Mapping[str, Row]

    def __call__(self, name: str) -> Row | None:
        """The benchmark called `name`, or None where it was not measured."""
        return self.rows.get(name)

    def matching(self, glob: str) -> list[Row]:
        """The benchmarks that `glob` matches, in the order of the suite."""
        return [row for name, row in self.rows.items() if fnmatchcase(name, glob)]


def rows(model: Model, label: str) -> Rows:
    """The benchmarks of the suite that the report calls `label`."""
    found = [entry for entry in model.entries if entry.source.label == label]
    return Rows(label, {entry.name: Row(entry) for entry in found})


def compared(value: float, base: float) -> str:
    """`as much`, `12 % more`, `4.1 % less`, `3.2 times as much`: `value` against `base`."""
    ratio = value / base
    if ratio >= 2:
        return f"{ratio:.1f} times as much" if ratio < 10 else f"{ratio:.0f} times as much"
    if abs(ratio - 1) < 0.005:
        return "as much"
    return f"{percent(abs(ratio - 1))} {'more' if ratio > 1 else 'less'}"
