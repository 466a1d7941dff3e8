# SPDX-License-Identifier: MIT
"""A suite of runs: what compare, gate, show and report work on (kbench.suite.load reads it)."""

import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kbench.errors import KbenchError
from kbench.metrics import Metric
from kbench.suite.format import HISTOGRAM, PERCENTILES, fewest
from kbench.suite.histogram import decode
from kbench.suite.pyperf_json import Scalar


@dataclass(frozen=True, slots=True)
class Run:
    """One worker process's measurement; figures are in the unit of its benchmark."""

    values: tuple[float, ...]
    own: Mapping[str, Scalar]
    common: Mapping[str, Scalar]

    def get(self, key: str) -> Scalar | None:
        """The metadata value `key` of this run, wherever pyperf stored it."""
        value = self.own.get(key)
        return self.common.get(key) if value is None else value

    @property
    def metadata(self) -> dict[str, Scalar]:
        """All metadata of this run, as pyperf's Run.get_metadata() gives it."""
        return {**self.common, **self.own}

    @property
    def void(self) -> str:
        """Why this run must not be judged, or ""."""
        return str(self.get("kbench_void") or "")

    @property
    def warnings(self) -> tuple[str, ...]:
        """What disturbed this run, a sentence each."""
        text = self.get("kbench_warnings")
        return tuple(part for part in str(text).split("; ") if part) if text else ()

    def figure(self, metric: Metric) -> float | None:
        """This run's `metric`, or None where it has none, or too few events for a percentile.

        A percentile is the upper edge of a histogram bucket, which may exceed the longest
        event. It is clamped to [min, max], which are exact: a run whose round trips all
        take 3032 instructions has a p50 of 3032, not 3033.
        """
        if metric.field == "values":
            return math.fsum(self.values) / len(self.values)
        figure = self.number(metric.field)
        percentile = PERCENTILES.get(metric.name)
        if figure is not None and percentile is not None:
            if (self.number("kbench_count") or math.inf) < fewest(percentile):
                return None
            low, high = self.number("kbench_min"), self.number("kbench_max")
            figure = figure if low is None else max(figure, low)
            figure = figure if high is None else min(figure, high)
        return figure

    def histogram(self) -> Any:
        """The hdrh.HdrHistogram of the run's single events (ns; instructions in the lab)."""
        histogram = decode(str(self.get(HISTOGRAM)))
        count = self.get("kbench_count")
        if count is not None and count != histogram.get_total_count():
            events = histogram.get_total_count()
            raise KbenchError(f"histogram holds {events} events, kbench_count says {count}")
        return histogram

    def number(self, key: str) -> float | None:
        """The metadata value `key` as a number; None where there is none."""
        value = self.get(key)
        return None if value is None else number(key, value)


@dataclass(frozen=True, slots=True)
class Benchmark:
    """The runs of one benchmark in the order in which they were measured, void ones included.

    `copies` is how many more the file holds that are copies of these.
    """

    name: str
    unit: str
    runs: tuple[Run, ...]
    copies: int = 0

    @property
    def good(self) -> tuple[Run, ...]:
        """The runs that may be judged."""
        return tuple(run for run in self.runs if not run.void)

    @property
    def exact(self) -> bool:
        """Whether its figures are facts: lab counts, unless its runs are phases of a sample."""
        return self.provenance("kbench_target") == "lab" and not self.phases

    @property
    def phases(self) -> int:
        """How many runs such a sample has; 0 where the benchmark is none."""
        return int(max(run.number("kbench_phases") or 0 for run in self.runs))

    @property
    def warnings(self) -> tuple[str, ...]:
        """The warnings of all runs, each once, in order of appearance."""
        texts = [text for run in self.runs for text in run.warnings]
        if self.copies:
            texts.append(f"{self.name}: {self.copies} runs are copies of others and do not count")
        return tuple(dict.fromkeys(texts))

    def provenance(self, key: str) -> str:
        """The value of `key` in the runs: one, or all that occur ("a | b"), or "" for none."""
        seen = dict.fromkeys(str(run.get(key) or "") for run in self.runs)
        return " | ".join(text for text in seen if text)

    def figures(self, metric: Metric) -> list[float]:
        """`metric` of every good run; [] where no run has it, or a run too few events for it.

        Raises KbenchError where only some have it.
        """
        values = [run.figure(metric) for run in self.good]
        if None in values and fewest(PERCENTILES.get(metric.name, 0)) > 1:
            return []
        present = [value for value in values if value is not None]
        if present and len(present) < len(values):
            missing = len(values) - len(present)
            raise KbenchError(f"{self.name}: {missing} of {len(values)} runs lack {metric.field}")
        return present

    def histograms(self) -> Iterator[Any]:
        """The histogram of each good run (an hdrh.HdrHistogram), in order."""
        for run in self.good:
            try:
                yield run.histogram()
            except KbenchError as error:
                raise KbenchError(f"{self.name}: {error}") from None

    def histogram(self) -> Any:
        """The sum of the histograms of all good runs (an hdrh.HdrHistogram)."""
        total = None
        for part in self.histograms():
            if total is None:
                total = part
            else:
                total.add(part)
        if total is None:
            raise KbenchError(f"{self.name}: every run is void")
        return total


@dataclass(frozen=True, slots=True)
class Suite:
    """A suite file: its benchmarks by name, in file order."""

    path: Path
    benchmarks: Mapping[str, Benchmark] = field(repr=False)

    def __iter__(self) -> Iterator[Benchmark]:
        return iter(self.benchmarks.values())

    def __len__(self) -> int:
        return len(self.benchmarks)


def number(key: str, value: Scalar | None) -> float:
    """The metadata `value` of `key` as a number. Raises KbenchError where it is none, or < 0."""
    # JSON's integers have no end, a float's range has.
    match value:
        case int() | float() if not isinstance(value, bool) and 0 <= value <= sys.float_info.max:
            return float(value)
    raise KbenchError(f"{key} is {str(value)[:40]!r}, expected a number >= 0")
