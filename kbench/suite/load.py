# SPDX-License-Identifier: MIT
"""Reading a suite file. Everything in it is untrusted until it has been checked here: what load()
hands out is what pyperf would accept and, beyond that, what kbench wrote.
"""

import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from kbench.errors import KbenchError
from kbench.metrics import metrics
from kbench.suite.format import HISTOGRAM, SCHEMA, UNIFORM, present_names
from kbench.suite.histogram import check
from kbench.suite.journal import Journal, beside
from kbench.suite.pyperf_json import (
    BenchmarkJson,
    Limits,
    RunJson,
    Scalar,
    SuiteJson,
    is_stream,
    read,
)
from kbench.suite.stored import canonical, identity, journalled, merged
from kbench.suite.suite import Benchmark, Run, Suite, number

_UNITS = ("second", "integer", "byte")
_REQUIRED = ("kbench_target", "kbench_backend", "kbench_cpu_model")


def load(path: str | Path, limits: Limits | None = None) -> Suite:
    """The suite at `path`; one whose writer was killed is completed first.

    `-` is standard input, and a pipe that the shell has opened is read to its end. Raises
    KbenchError that names file, benchmark and fault: unreadable, larger than `limits`,
    not JSON, not pyperf's format, not kbench's runs, or refused by pyperf itself.
    """
    path = Path(path)
    if is_stream(path):  # nobody writes a journal for it
        return checked(path, read(path, limits or Limits()))
    stored, waiting = merged(path, limits or Limits())
    suite = checked(path, stored)
    if beside(path).exists():
        try:
            with Journal(path) as journal:
                recover(journal)
                journal.remove()
        except KbenchError:  # it is being written, or this directory cannot be
            if waiting:
                say(f"{path} is not complete: {waiting} runs are read from {beside(path)}")
    return suite


def recover(journal: Journal) -> None:
    """Complete the suite with what its killed writer left in the journal, and say so."""
    path = journal.suite
    if not journalled(path, Limits())[1]:
        journal.clear()
        return
    stored, waiting = merged(path, Limits())
    checked(path, stored)
    journal.complete(canonical(stored))
    journal.clear()
    say(f"{path}: recovered {waiting} runs of a kbench that was killed")


def say(line: str) -> None:
    """A line for people, beside whatever a command prints."""
    print(line, file=sys.stderr)


def checked(path: Path, stored: SuiteJson) -> Suite:
    """The suite that is stored at `path`. Raises KbenchError as load() does."""
    benchmarks: dict[str, Benchmark] = {}
    foreign = [item for item in stored.benchmarks if _foreign(item, stored.metadata or {})]
    try:
        shared = _checked(stored.metadata or {})
        for index, item in enumerate(stored.benchmarks):
            if item in foreign and len(foreign) < len(stored.benchmarks):
                continue
            benchmark = _benchmark(item, shared, index)
            if benchmark.name in benchmarks:
                raise KbenchError(f"two benchmarks are called {benchmark.name}")
            benchmarks[benchmark.name] = benchmark
    except KbenchError as error:
        raise KbenchError(f"{path}: {error}") from None
    if not benchmarks:
        raise KbenchError(f"{path} holds no benchmark")
    if len(foreign) == len(stored.benchmarks) - len(benchmarks) > 0:
        say(f"{path}: left out {len(foreign)} benchmark(s) that kbench did not write")
    return Suite(path, benchmarks)


def _foreign(stored: BenchmarkJson, shared: Mapping[str, Scalar]) -> bool:
    """Whether another program than kbench wrote all runs of this benchmark."""
    parts = (shared, stored.metadata, *(run.metadata for run in stored.runs))
    return not any("kbench_schema" in part for part in parts)


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
    runs, seen, copies = [], set[bytes](), 0
    for place, item in enumerate(stored.runs, 1):
        run = Run(tuple(item.values), _checked(item.metadata), common)
        try:
            _check_run(run, item, uniform)
        except KbenchError as error:
            raise KbenchError(f"{name}, run {place}: {error}") from None
        key = identity(run.values, run.metadata)
        if key in seen:
            copies += 1  # pyperf convert --add makes them: no new evidence
        elif run.values:  # a run without values only calibrated the number of loops
            runs.append(run)
        if key:
            seen.add(key)
    if not runs:
        raise KbenchError(f"{name} holds only calibration runs: it was not measured to its end")
    return Benchmark(name, str(unit), tuple(runs), copies)


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
        number(key, run.get(key))
    low, high = run.number("kbench_min"), run.number("kbench_max")
    if low is not None and high is not None and high < low:
        raise KbenchError(f"kbench_max is {high:g}, less than kbench_min {low:g}")
    _check_histograms(run)


@cache
def _figures() -> frozenset[str]:
    return frozenset(metric.field for metric in metrics().values())


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
