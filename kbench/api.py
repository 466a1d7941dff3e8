# SPDX-License-Identifier: MIT
"""kbench in Python: read suites, measure, compare; tables for pandas or polars (docs/api.md)."""

import importlib
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import Any

from kbench.errors import KbenchError
from kbench.judge.compare import Comparison
from kbench.judge.compare import compare as judged
from kbench.judge.options import options
from kbench.metrics import metrics
from kbench.session import run as session
from kbench.session.choose import Choice, sessions
from kbench.session.options import Words
from kbench.suite.load import load
from kbench.suite.suite import Run, Suite
from kbench.targets.options import RunOptions

__all__ = ["Comparison", "Suite", "compare", "load", "run", "to_dataframe"]
LIBRARIES = ("pandas", "polars")
Row = dict[str, Any]


def run(
    *selectors: str,
    target: str = "auto",
    kvm: str | None = None,
    kernel: str | None = None,
    processes: int = 6,
    fast: bool = False,
    output: str | Path | None = None,
    force: bool = False,
) -> Suite:
    """Measure what `selectors` name, as `kbench run` does, and return the suite.

    It is kept at `output` where one is given, which `force` replaces. Progress is on stderr.
    Raises KbenchError as the command does, and for a target of two suites.
    """
    choice = Choice(target, kvm, kernel)
    if len(sessions(choice, selectors)) > 1:
        raise KbenchError(f"{' '.join(selectors)} on target {target} makes two suites: name one")
    measured = RunOptions(processes=processes)
    if fast:  # as pyperf's --fast, whose Runner can be made once a process
        fewer = max(processes // 2, 3), max(measured.values * 2 // 3, 2)
        measured = RunOptions(processes=fewer[0], values=fewer[1])
    words = Words(selectors, measured, quiet=True)
    with tempfile.TemporaryDirectory(prefix="kbench-run-") as scratch:
        path = Path(output or Path(scratch) / "run.json")
        session.run(words, choice, session.Output(path, force=force))
        return load(path)


def compare(
    base: Suite | str | Path,
    head: Suite | str | Path,
    *,
    shown: Sequence[str] = (),
    margins: Sequence[str] = (),
    force: bool = False,
) -> Comparison:
    """Judge `head` against `base`, suites or their files, as `kbench compare` does.

    `shown` are metrics beside those that are judged, `margins` words as `p50=2%`; kbench.toml
    of the current directory is heeded. Raises KbenchError for suites that cannot be compared,
    unless `force` is set.
    """
    suites = [one if isinstance(one, Suite) else load(one) for one in (base, head)]
    return judged(suites[0], suites[1], options(margins, force=force, shown=shown))


def to_dataframe(data: Suite | Comparison, library: str | None = None) -> Any:
    """A data frame of `library` ("pandas" or "polars"; by default the one that is installed).

    Of a suite a row for each run, void ones included: benchmark, family, policy, target,
    backend, unit, void, warnings, and every metric of metrics.toml, in `unit`. Of a comparison a
    row for each change. Raises KbenchError where the library is not installed.
    """
    rows = _changes(data) if isinstance(data, Comparison) else _runs(data)
    return _library(library).DataFrame(rows)


def _runs(suite: Suite) -> list[Row]:
    return [
        {
            "benchmark": benchmark.name,
            "family": benchmark.name.partition(".")[0],
            "policy": benchmark.name.partition("@")[2],
            "target": str(run.get("kbench_target")),
            "backend": str(run.get("kbench_backend")),
            "unit": benchmark.unit,
            "run": number,
            "void": run.void,
            "warnings": "; ".join(run.warnings),
            **_figures(run),
        }
        for benchmark in suite
        for number, run in enumerate(benchmark.runs)
    ]


def _figures(run: Run) -> dict[str, float | None]:
    return {name: run.figure(metric) for name, metric in metrics().items()}


def _changes(comparison: Comparison) -> list[Row]:
    return [
        {
            **asdict(change),
            "margin": str(change.margin) if change.margin else "",
            "notes": "; ".join(change.notes),
        }
        for change in comparison.changes
    ]


def _library(name: str | None) -> ModuleType:
    if name not in (None, *LIBRARIES):
        raise KbenchError(f"no data frames of {name!r}: it is one of {', '.join(LIBRARIES)}")
    for one in [name] if name else LIBRARIES:
        try:
            return importlib.import_module(one)
        except ImportError:
            continue
    wanted = name or " or ".join(LIBRARIES)
    raise KbenchError(f"{wanted} is not installed: pip install {name or LIBRARIES[0]}")
