# SPDX-License-Identifier: MIT
"""The figures that sentences compare: one of each run, and what stands for all of them.

In the lab 1 instruction is 1 ns of its virtual time: counters in seconds become instructions,
and every figure is one of an event or of an item of work, never of a time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from kbench.answers.measured import Measured, Unsupported
from kbench.metrics import metrics
from kbench.suite.suite import Run
from kbench.units import SHARE, Figure

NS = 1e9
Of = Callable[[Measured, Run], float]


@dataclass(frozen=True, slots=True)
class Quantity:
    """One figure of a run, less of it being better unless `more` is.

    `unit` is pyperf's or SHARE; "" is that of the benchmark: instructions in the lab.
    `percent` is the percentile that it is, of all events of a run; 0 where it is none.
    """

    title: str
    of: Of
    unit: str = ""
    more: bool = False

    def values(self, row: Measured) -> list[float]:
        """The figure of each good run. Raises Unsupported where one lacks it."""
        return [self.of(row, run) for run in row.runs]

    def typical(self, row: Measured) -> Figure:
        """The median over the runs."""
        return self.figure(row, median(self.values(row)))

    def range(self, row: Measured) -> tuple[Figure, Figure]:
        """The least and the largest of a single run."""
        found = self.values(row)
        return self.figure(row, min(found)), self.figure(row, max(found))

    def figure(self, row: Measured, value: float) -> Figure:
        unit = self.unit or row.benchmark.unit
        return Figure(round(value) if unit == "integer" and value >= 10 else value, unit)


def _number(row: Measured, run: Run, key: str) -> float:
    value = run.number(key)
    if value is None:
        raise Unsupported(f"{row.benchmark.name}: its runs have no {key.removeprefix('kbench_')}")
    return value


def _counter(name: str) -> Of:
    return lambda row, run: _number(row, run, f"kbench_counter_{name}")


def _percentile(name: str) -> Of:
    def of(row: Measured, run: Run) -> float:
        row.check_latency()
        value = run.figure(metrics()[name])
        if value is None:
            events = round(run.number("kbench_count") or 0)
            raise Unsupported(f"{row.benchmark.name}: {name} of {events} events is their maximum")
        return value

    return of


def _per_event(counter: str, scale: float = 1.0) -> Of:
    """A counter over the events of the same window."""

    def of(row: Measured, run: Run) -> float:
        events = _number(row, run, "kbench_counter_events_handled")
        if not events:
            raise Unsupported(f"{row.benchmark.name}: the guest handled no event")
        return scale * _number(row, run, f"kbench_counter_{counter}") / events

    return of


def _cpu_per_event(row: Measured, run: Run) -> float:
    """In the unit of the benchmark: seconds, or instructions of the lab."""
    return _per_event("cpu_s", NS if row.lab else 1.0)(row, run)


def _field(name: str) -> Of:
    return lambda row, run: _number(row, run, f"kbench_{name}")


def _item(row: Measured, run: Run) -> float:
    """From one item of work to the next: the window over the items that were done."""
    done = _number(row, run, "kbench_counter_work_per_s")
    if not done:
        raise Unsupported(f"{row.benchmark.name}: no item of work was done")
    return (NS if row.lab else 1.0) / done


def _share(row: Measured, run: Run) -> float:
    """CPU time of a vCPU's thread over the window's. Raises Unsupported for a starved one."""
    assert row.share >= 0  # it says why there is none
    whole = _counter("wall_s")(row, run) * _counter("vcpus")(row, run)
    return _counter("cpu_s")(row, run) / whole


def _one_count(row: Measured, run: Run) -> float:
    """The count that all events of the benchmark have."""
    least = _field("min")
    count = least(row, run)
    if row.p50 != count or any(least(row, each) != count for each in row.runs):
        raise Unsupported(f"{row.benchmark.name}: its events do not have one count")
    return count


def _signals(row: Measured, run: Run) -> float:
    """Signals a hunt."""
    hunts = _counter("hunts")(row, run)
    if not hunts:
        raise Unsupported(f"{row.benchmark.name}: nothing was hunted")
    return _counter("hunt_signals")(row, run) / hunts


def _switches(row: Measured, run: Run) -> float:
    return sum(_per_event(name)(row, run) for name in ("nvcsw", "nivcsw"))


LATENCY = Quantity("wake-up, p50", _percentile("p50"))
P90 = Quantity("p90", _percentile("p90"))
TAIL = Quantity("p99", _percentile("p99"))
EVENT = Quantity("CPU time an event", _cpu_per_event)
PCPU = Quantity("the pCPU busy, an event", _field("pcpu_per_event"))
PCPU_SHARE = Quantity("of a pCPU", _share, SHARE)
ROUND = Quantity("CPU time an idle round", _field("cpu_per_round"))
EXITS = Quantity("exits an event", _per_event("kvm_exits"), "integer")
SWITCHES = Quantity("context switches an event", _switches, "integer")
SIGNALS = Quantity("signals a hunt", _signals, "integer")
ITEM = Quantity("an item of work", _item)
COMPETITOR = Quantity("competitor's share", _counter("competitor_share"), SHARE, more=True)
EACH = Quantity("one, in the kernel", _field("per_instruction_min"))
MIN = Quantity("min", _field("min"))
COUNT = Quantity("the one count", _one_count)
