# SPDX-License-Identifier: MIT
"""One benchmark of a suite, and what may be said of it.

Every figure has a premise: the benchmark was measured, a percentile has the events that it
needs, a cost is of events that happened. Where a premise fails, Unsupported says which.
"""

from dataclasses import dataclass
from statistics import median

from kbench.suite.idle import BUSY
from kbench.suite.scope import Scope, no_latency, scope_of
from kbench.suite.suite import Benchmark, Run, Suite
from kbench.suite.summary import summarize
from kbench.units import SHARE, Figure

STARVED = 0.05
"""The share of the time that a vCPU's thread may wait for its pCPU: above it, others ran there."""


class Unsupported(Exception):
    """A suite does not support a sentence; the message says what it lacks."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A benchmark with good runs."""

    benchmark: Benchmark

    @property
    def lab(self) -> bool:
        """Whether its figures are instructions of the lab."""
        return self.benchmark.provenance("kbench_target") == "lab"

    @property
    def runs(self) -> tuple[Run, ...]:
        return self.benchmark.good

    @property
    def policy(self) -> str:
        return self.benchmark.name.partition("@")[2]

    @property
    def p50(self) -> Figure:
        """The median of all events of the good runs together."""
        return self.percentile(50.0)

    def percentile(self, percent: float) -> Figure:
        """A percentile of all events of the good runs together.

        Raises Unsupported when the events are fewer than one in the tail beyond it:
        n < 1 / (1 - q), as such a percentile is the maximum, and where it is no latency.
        """
        self.check_latency()
        summary = summarize(self.benchmark, (percent,))
        value = summary.percentiles[percent]
        if value is None:
            raise Unsupported(
                f"{self.benchmark.name}: p{percent:g} of {summary.count} events is their maximum"
            )
        return Figure(value, self.benchmark.unit)

    def check_latency(self) -> None:
        """Raises Unsupported where what woke a spinning vCPU was the waker on its own pCPU."""
        if reason := no_latency(self.benchmark):
            raise Unsupported(f"{self.benchmark.name}: {reason}")

    @property
    def spread(self) -> tuple[Figure, Figure]:
        """The lowest and the highest p50 of a single run."""
        low, high = summarize(self.benchmark).spread
        return Figure(low, self.benchmark.unit), Figure(high, self.benchmark.unit)

    def overlaps(self, other: "Measured") -> bool:
        """Whether the p50s of the single runs of both share a range."""
        (low, high), (other_low, other_high) = self.spread, other.spread
        return bool(low <= other_high and other_low <= high)

    @property
    def share(self) -> Figure:
        """CPU time of a vCPU's thread over the window's time, 1 being a whole pCPU.

        Raises Unsupported when the threads waited for their pCPU: what other tasks took there
        would pass for a policy that leaves the pCPU idle.
        """
        waited = median(self._per_vcpu(run, "waited_s") for run in self.runs)
        if waited > STARVED:
            raise Unsupported(
                f"{self.benchmark.name}: its thread waited for the pCPU {waited:.0%} of the time"
            )
        return Figure(median(self._per_vcpu(run, "cpu_s") for run in self.runs), SHARE)

    @property
    def blocks(self) -> bool:
        """Whether the vCPU's thread left the pCPU to others between its events.

        A thread that waits for its pCPU, as it does for the lab's waker, wants to run.
        """
        wanted = (
            self._per_vcpu(run, "cpu_s") + self._per_vcpu(run, "waited_s") for run in self.runs
        )
        return median(wanted) < BUSY

    @property
    def rate(self) -> float:
        """Events that the guest handled per second, as measured."""
        return median(
            self._counter(run, "events_handled") / self._counter(run, "wall_s") for run in self.runs
        )

    @property
    def events(self) -> int:
        """The events behind its percentiles."""
        return summarize(self.benchmark).count

    @property
    def scope(self) -> Scope:
        """What must be equal in two rows that are compared."""
        return scope_of(self.benchmark)

    def counted(self, name: str) -> int:
        """The counter `name` of all good runs together. Raises Unsupported without it."""
        return round(sum(self._counter(run, name) for run in self.runs))

    def _per_vcpu(self, run: Run, seconds: str) -> float:
        """The counter `seconds` over the window's time and its vCPUs."""
        whole = self._counter(run, "wall_s") * self._counter(run, "vcpus")
        return self._counter(run, seconds) / whole

    def _counter(self, run: Run, name: str) -> float:
        value = run.number(f"kbench_counter_{name}")
        if value is None:
            raise Unsupported(f"{self.benchmark.name}: its runs have no counter {name}")
        return value


def measured(suite: Suite, name: str) -> Measured:
    """The benchmark called `name`. Raises Unsupported when it is not there or every run is void."""
    benchmark = suite.benchmarks.get(name)
    if benchmark is None:
        raise Unsupported(f"{name} was not measured")
    if not benchmark.good:
        raise Unsupported(f"every run of {name} is void: {benchmark.runs[0].void}")
    return Measured(benchmark)


def those_measured(suite: Suite, names: tuple[str, ...]) -> list[Measured]:
    """Those of `names` that can be judged. Raises Unsupported when there are none."""
    found, reasons = [], []
    for name in names:
        try:
            found.append(measured(suite, name))
        except Unsupported as reason:
            reasons.append(str(reason))
    if not found:
        raise Unsupported(reasons[0])
    return found
