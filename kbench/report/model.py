# SPDX-License-Identifier: MIT
"""The suites of a report, where each benchmark was measured, and its figures."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from kbench.catalogue import catalogue
from kbench.errors import KbenchError
from kbench.judge import history
from kbench.judge.compat import identity
from kbench.judge.project import load_project
from kbench.judge.series import Series, series
from kbench.metrics import metrics
from kbench.report.distribution import Distribution, distribution
from kbench.suite.format import OUTLIER
from kbench.suite.load import load
from kbench.suite.pyperf_json import is_stream
from kbench.suite.suite import Benchmark, Suite
from kbench.suite.summary import Summary, as_if_good, summarize


@dataclass(frozen=True, slots=True)
class SuiteFile:
    """One suite file: its number and short name in the report, its bytes."""

    index: int
    label: str
    data: bytes = field(repr=False)
    suite: Suite = field(repr=False)


@dataclass(frozen=True, slots=True)
class Place:
    """Where figures come from: only figures of one place share an axis.

    Two benchmarks are at one place when kbench.judge would compare them, that is when their
    `identity` is equal. `kernel` is set in the lab only, where it is part of the identity.
    """

    target: str
    backend: str
    cpu_model: str
    unit: str
    identity: tuple[tuple[str, str], ...] = ()
    kernel: str = ""

    @property
    def lab(self) -> bool:
        """Whether figures are instructions of the emulated machine."""
        return self.target == "lab"

    @property
    def run(self) -> str:
        """What a single run of several is called here."""
        return "window" if self.lab else "run"

    @property
    def title(self) -> str:
        """`host (pvm), AMD EPYC`, or `emulated lab (svm-tcg), Linux 6.1`."""
        if self.lab:
            return f"emulated lab ({self.backend}), Linux {self.kernel}"
        return f"{self.target} ({self.backend}), {self.cpu_model}"

    @property
    def slug(self) -> str:
        """A part of file names and anchors: `lab-svm-tcg-6-12`."""
        release = re.match(r"\d+\.\d+", self.kernel)
        return slug(f"{self.target}-{self.backend}-{release[0] if release else ''}")


@dataclass(frozen=True)
class Entry:
    """One benchmark of one source, its good runs together."""

    source: SuiteFile
    place: Place
    benchmark: Benchmark
    summary: Summary

    @property
    def name(self) -> str:
        return self.benchmark.name

    @property
    def family(self) -> str:
        """`exit` of `exit.pio_out@real`."""
        return self.name.partition(".")[0]

    @property
    def event(self) -> str:
        """`pio_out` of `exit.pio_out@real`: of idle benchmarks the pattern."""
        return self.name.partition(".")[2].partition("@")[0]

    @property
    def policy(self) -> str:
        """`hlt` of `wake.irqfd@hlt`, or ""."""
        return self.name.partition("@")[2]

    @cached_property
    def distribution(self) -> Distribution:
        """All single events of the good runs."""
        return distribution(self.benchmark.histogram(), self.place.unit, self.summary.maximum)


@dataclass(frozen=True, slots=True)
class Model:
    """Everything a report is made from.

    `unusable` says which benchmarks have no figures, and why; `histories` are the p50s of
    the directories among the suites.
    """

    sources: tuple[SuiteFile, ...]
    entries: tuple[Entry, ...]
    unusable: tuple[str, ...]
    histories: tuple[Series, ...] = ()

    @property
    def places(self) -> tuple[Place, ...]:
        """All places, in order of appearance."""
        return tuple(dict.fromkeys(entry.place for entry in self.entries))

    def at(self, place: Place, *families: str) -> list[Entry]:
        """The entries of `place`, of `families` alone where given."""
        return [
            entry
            for entry in self.entries
            if entry.place == place and (not families or entry.family in families)
        ]

    def families(self, place: Place) -> list[str]:
        """The families measured at `place`, in order of appearance."""
        return list(dict.fromkeys(entry.family for entry in self.at(place)))


def build(paths: Sequence[Path]) -> Model:
    """Read the suites at `paths`; a directory is a history and stands for its newest suite.

    Raises KbenchError when a suite cannot be read, or when none has a good run.
    """
    histories: list[Series] = []
    newest: list[Path] = []
    for path in paths:
        if path.is_dir():
            kept = history.entries(path)
            p50 = [metrics()["p50"]]
            histories += series(kept, (), p50, load_project(None))
            path = kept[-1].suite.path
        newest.append(path)
    return _build(newest, tuple(histories))


def _build(paths: Sequence[Path], histories: tuple[Series, ...]) -> Model:
    sources: list[SuiteFile] = []
    entries: list[Entry] = []
    unusable: list[str] = []
    for path, label in zip(paths, _labels(paths), strict=True):
        if is_stream(path):
            raise KbenchError(f"{path} is a stream: a report holds copies of files")
        suite = load(path)
        source = SuiteFile(len(sources), label, path.read_bytes(), suite)
        sources.append(source)
        for benchmark in _by_event(suite):
            try:
                if not benchmark.good and not any(run.get(OUTLIER) for run in benchmark.runs):
                    why = benchmark.runs[0].void
                    raise KbenchError(f"{benchmark.name}: every run is void: {why}")
                summary = summarize(benchmark)
                # What was stopped at an outlier is shown: the summary says that it is not judged.
                benchmark = benchmark if benchmark.good else as_if_good(benchmark)
            except KbenchError as error:
                unusable.append(f"{label}: {error}")
                continue
            entries.append(Entry(source, _place(benchmark), benchmark, summary))
    if not entries:
        raise KbenchError(f"nothing to report: {'; '.join(unusable)}")
    return Model(tuple(sources), tuple(entries), tuple(unusable), histories)


def _by_event(suite: Suite) -> list[Benchmark]:
    """The benchmarks grouped by event, events and policies in the order of the catalogue.

    A suite has them in the random order in which they were measured first.
    """
    known = [row.name for row in catalogue()]
    order = {name: number for number, name in enumerate(dict.fromkeys([*known, *suite.benchmarks]))}
    events: dict[str, int] = {}
    for name, number in order.items():
        events.setdefault(name.partition("@")[0], number)
    return sorted(suite, key=lambda row: (events[row.name.partition("@")[0]], order[row.name]))


def _place(benchmark: Benchmark) -> Place:
    target = benchmark.provenance("kbench_target")
    found = identity(benchmark)
    return Place(
        target=target,
        backend=found["kbench_backend"],
        cpu_model=found["kbench_cpu_model"],
        unit=benchmark.unit,
        identity=tuple(sorted(found.items())),
        kernel=benchmark.provenance("kbench_kernel") if target == "lab" else "",
    )


def slug(text: str) -> str:
    """`text` as a part of a file name: lower-case letters, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60] or "x"


def shown(name: str) -> str:
    """A file's name as UTF-8 has it: one that is of another encoding has "?" there."""
    return name.encode(errors="replace").decode()


def _labels(paths: Sequence[Path]) -> list[str]:
    """The stem of each file, with its folder where stems repeat, and a number where both do."""
    stems = [shown(path.name).removesuffix(".gz").removesuffix(".json") for path in paths]
    labels = [
        stem if stems.count(stem) == 1 else f"{shown(path.resolve().parent.name)}/{stem}"
        for path, stem in zip(paths, stems, strict=True)
    ]
    return [
        label if labels.count(label) == 1 else f"{label} #{number}"
        for number, label in enumerate(labels, 1)
    ]
