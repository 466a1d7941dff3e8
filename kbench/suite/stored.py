# SPDX-License-Identifier: MIT
"""A suite as it is stored: its file, and the runs of its journal that the file lacks.

A journal is left where a writer was killed. As SQLite does, whoever opens the suite next
completes it; where that cannot be done, the runs are read from the journal.
"""

import io
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from kbench.suite.format import present_names
from kbench.suite.journal import beside
from kbench.suite.pyperf_json import (
    BenchmarkJson,
    Limits,
    RunJson,
    Scalar,
    SuiteJson,
    content,
    decode,
    read,
)

# Of pyperf's metadata, what tells where somebody keeps Python and nothing of what was measured.
PATHS = ("python_executable", "python_config_args", "python_cflags")


class Header(msgspec.Struct):
    """The first line of a journal: the order of the benchmarks, and whether its runs come on top
    of those in the file or replace them.
    """

    names: list[str]
    keeps: bool


def merged(path: Path, limits: Limits) -> tuple[SuiteJson, int]:
    """The suite at `path` with the runs of its journal, and how many those are."""
    header, runs = journalled(path, limits)
    if not runs:
        return read(path, limits), 0
    kept = expanded(read(path, limits)) if header.keeps and path.exists() else ()
    # A writer that was killed after it had completed the file leaves its runs in both.
    return grouped(header.names, distinct([*kept, *runs])), len(runs)


def journalled(path: Path, limits: Limits) -> tuple[Header, list[RunJson]]:
    """What the journal of the suite at `path` holds; no runs where there is none."""
    journal = beside(path)
    lines = content(journal, limits).split(b"\n") if journal.exists() else []
    # A writer that was killed while it wrote leaves a line without its end.
    whole = lines[:-1]
    if len(whole) < 2:
        return Header([], keeps=True), []
    header, *runs = whole
    return decode(journal, header, Header), [decode(journal, line, RunJson) for line in runs]


def expanded(suite: SuiteJson) -> Iterator[RunJson]:
    """Every run with all of its metadata, under today's names, without PATHS."""
    for benchmark in suite.benchmarks:
        shared = {**(suite.metadata or {}), **benchmark.metadata}
        for run in benchmark.runs:
            metadata = present_names({**shared, **run.metadata})
            kept = {key: value for key, value in metadata.items() if key not in PATHS}
            yield RunJson(run.values, run.warmups, kept)


def grouped(names: Iterable[str], runs: Iterable[RunJson]) -> SuiteJson:
    """The suite of expanded runs; `names` come first, in their order."""
    found: dict[str, list[RunJson]] = {name: [] for name in names}
    for run in runs:
        found.setdefault(str(run.metadata.get("name", "")), []).append(run)
    return SuiteJson("1.0", [BenchmarkJson(runs) for runs in found.values() if runs])


def distinct(runs: Iterable[RunJson]) -> Iterator[RunJson]:
    """The runs without copies of an earlier one."""
    seen = set()
    for run in runs:
        key = identity(run.values, run.metadata)
        if key is None or key not in seen:
            seen.add(key)
            yield run


def identity(values: Iterable[float], metadata: Mapping[str, Scalar]) -> bytes | None:
    """What two copies of a run have in common, and two runs have not: figures and date (to the
    microsecond). None where a run has no date: equal ones are then two runs.
    """
    if "date" not in metadata:
        return None
    return msgspec.json.encode((list(values), sorted(metadata.items())))


def canonical(suite: SuiteJson) -> bytes:
    """The file that pyperf makes of `suite`: what runs have in common stands once."""
    import pyperf

    stream = io.StringIO()
    pyperf.BenchmarkSuite.loads(msgspec.json.encode(suite)).dump(stream)
    return stream.getvalue().encode()
