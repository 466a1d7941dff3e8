# SPDX-License-Identifier: MIT
"""A suite of runs read back from its pyperf JSON file: what compare, gate, show and report work on.

Everything in a file is untrusted until `load` has checked it; what the types here
hand out is what pyperf would accept and, beyond that, what kbench wrote.
"""

import math
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from kbench.errors import KbenchError
from kbench.metrics import Metric, metrics
from kbench.suite.format import HISTOGRAM, SCHEMA, UNIFORM, present_names
from kbench.suite.histogram import check, decode
from kbench.suite.pyperf_json import BenchmarkJson, Limits, RunJson, Scalar, read

_UNITS = ("second", "integer", "byte")
_REQUIRED = ("kbench_target", "kbench_backend", "kbench_cpu_model")


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
        """Why this run must not be judged; empty when it may."""
        return str(self.get("kbench_void") or "")

    @property
    def warnings(self) -> tuple[str, ...]:
        """What disturbed this run, one sentence each."""
        text = self.get("kbench_warnings")
        return tuple(part for part in str(text).split("; ") if part) if text else ()

    def figure(self, metric: Metric) -> float | None:
        """This run's `metric`, or None where it has none.

        A percentile is the upper edge of a histogram bucket and may lie beyond the
        longest event, which is kept exactly: it is clamped to [min, max], so that a
        run whose round trips all take 3032 instructions has a p50 of 3032 and not 3033.
        """
        if metric.field == "values":
            return math.fsum(self.values) / len(self.values)
        figure = self.number(metric.field)
        if figure is not None and re.fullmatch(r"p\d+(_\d+)?", metric.name):
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
        return None if value is None else _figure(key, value)


@dataclass(frozen=True, slots=True)
class Benchmark:
    """The runs of one benchmark in the order in which they were measured, void ones included."""

    name: str
    unit: str
    runs: tuple[Run, ...]

    @property
    def good(self) -> tuple[Run, ...]:
        """The runs that may be judged."""
        return tuple(run for run in self.runs if not run.void)

    @property
    def exact(self) -> bool:
        """Whether its figures are facts: lab counts, unless its runs are windows of a sample."""
        return self.provenance("kbench_target") == "lab" and not self.windows

    @property
    def windows(self) -> int:
        """How many runs such a sample has; 0 where the benchmark is none."""
        return int(max(run.number("kbench_windows") or 0 for run in self.runs))

    @property
    def warnings(self) -> tuple[str, ...]:
        """The warnings of all runs, each once, in order of appearance."""
        return tuple(dict.fromkeys(text for run in self.runs for text in run.warnings))

    def provenance(self, key: str) -> str:
        """What the runs say of `key`: one value, or all that occur ("a | b"), or "" for none."""
        seen = dict.fromkeys(str(run.get(key) or "") for run in self.runs)
        return " | ".join(text for text in seen if text)

    def figures(self, metric: Metric) -> list[float]:
        """`metric` of every good run; empty when no run has it, KbenchError when only some do."""
        values = [run.figure(metric) for run in self.good]
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
        """The histograms of all good runs added up (an hdrh.HdrHistogram)."""
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


def load(path: str | Path, limits: Limits | None = None) -> Suite:
    """The suite at `path`.

    KbenchError names file, benchmark and fault: unreadable, larger than `limits`, not
    JSON, not pyperf's format, not kbench's runs, or refused by pyperf itself.
    """
    path = Path(path)
    stored = read(path, limits or Limits())
    benchmarks: dict[str, Benchmark] = {}
    try:
        shared = _checked(stored.metadata or {})
        for index, item in enumerate(stored.benchmarks):
            benchmark = _benchmark(item, shared, index)
            if benchmark.name in benchmarks:
                raise KbenchError(f"two benchmarks are called {benchmark.name}")
            benchmarks[benchmark.name] = benchmark
    except KbenchError as error:
        raise KbenchError(f"{path}: {error}") from None
    if not benchmarks:
        raise KbenchError(f"{path} holds no benchmark")
    return Suite(path, benchmarks)


def _benchmark(stored: BenchmarkJson, shared: Mapping[str, Scalar], index: int) -> Benchmark:
    common = {**shared, **_checked(stored.metadata)}
    if not stored.runs:
        raise KbenchError(f"benchmark {index + 1} has no runs")
    first = Run((), _checked(stored.runs[0].metadata), common)
    name, unit = first.get("name"), first.get("unit") or "second"
    if not isinstance(name, str) or not name.strip():
        raise KbenchError(f"benchmark {index + 1} has no name")
    if unit not in _UNITS:
        raise KbenchError(f"{name}: unit is {unit!r}, expected one of {', '.join(_UNITS)}")
    uniform = {key: first.get(key) for key in UNIFORM}
    runs = []
    for number, item in enumerate(stored.runs, 1):
        run = Run(tuple(item.values), _checked(item.metadata), common)
        try:
            _check_run(run, item, uniform)
        except KbenchError as error:
            raise KbenchError(f"{name}, run {number}: {error}") from None
        # A run without values only calibrated the number of loops.
        if run.values:
            runs.append(run)
    if not runs:
        raise KbenchError(f"{name} holds only calibration runs: it was not measured to its end")
    return Benchmark(name, str(unit), tuple(runs))


def _check_run(run: Run, stored: RunJson, uniform: Mapping[str, Scalar | None]) -> None:
    for key, expected in uniform.items():
        if run.get(key) != expected:
            found = "missing" if run.get(key) is None else repr(run.get(key))
            raise KbenchError(f"{key} is {found}, the first run has {expected!r}")
    if any(value <= 0 for value in run.values):
        raise KbenchError(f"has the value {min(run.values)}, expected values > 0")
    if any(loops < 1 or value < 0 for loops, value in stored.warmups):
        raise KbenchError("has a warm-up with loops < 1 or a negative value")
    if not run.values and not stored.warmups:
        raise KbenchError("has neither values nor warm-ups")
    if not run.values:
        return
    schema = run.get("kbench_schema")
    if not isinstance(schema, int):
        raise KbenchError("has no kbench_schema: kbench did not write it")
    if schema > SCHEMA:
        raise KbenchError(f"has schema {schema}, this kbench reads {SCHEMA}: update kbench")
    for key in _REQUIRED:
        if not run.get(key):
            raise KbenchError(f"has no provenance ({key}): it cannot be compared with anything")
    for key in sorted(_figures() & run.metadata.keys()):
        _figure(key, run.get(key))
    _check_histograms(run)


@cache
def _figures() -> frozenset[str]:
    return frozenset(metric.field for metric in metrics().values())


def _figure(key: str, value: Scalar | None) -> float:
    # JSON's integers have no end, a float's range has.
    match value:
        case int() | float() if not isinstance(value, bool) and 0 <= value <= sys.float_info.max:
            return float(value)
    raise KbenchError(f"{key} is {str(value)[:40]!r}, expected a number >= 0")


def _check_histograms(run: Run) -> None:
    """Every figure comes from a histogram: a run whose histograms are damaged has none."""
    stored = {key: value for key, value in run.metadata.items() if key.startswith(HISTOGRAM)}
    if HISTOGRAM not in stored:
        raise KbenchError(f"has no histogram ({HISTOGRAM})")
    for key, text in stored.items():
        if not isinstance(text, str):
            raise KbenchError(f"{key} is {text!r}, expected a histogram")
        try:
            check(text)
        except KbenchError as error:
            raise KbenchError(f"{key}: {error}") from None


def _checked(metadata: dict[str, Scalar]) -> dict[str, Scalar]:
    """`metadata` under today's names.

    Raises KbenchError where a text could not be shown safely on one line.
    """
    metadata = present_names(metadata)
    for key, value in metadata.items():
        if isinstance(value, str) and not (value.strip() and value.isprintable()):
            raise KbenchError(f"metadata {key[:40]!r} is empty or holds control characters")
    if not all(map(str.isprintable, metadata)):
        raise KbenchError("a metadata key holds control characters")
    return metadata
