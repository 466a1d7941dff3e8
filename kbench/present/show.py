# SPDX-License-Identifier: MIT
"""The forms of `kbench show`.

JSON schema version 1: {"version": 1, "benchmarks": [{"file", "name", "title", "unit",
"target", "backend", "runs", "void_runs", "count", "min", "mean", "max", "percentiles":
{"50": ...}, "p50_range": [low, high], "warnings": [...], "batch": null, "idle": null,
"stages": [{"name", "p50", "p99"}], "outliers": [...]}]}; figures are in "unit" ("second":
float seconds, "integer": instructions of the lab). "batch" and "idle", where there is one, are a
BatchSummary and an IdleSummary of kbench.suite, "stages" the parts of an event's path, "outliers"
the round trips at which --stop-above ended a run (OutlierRun).
A percentile of too few events is null.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from msgspec import structs

from kbench.errors import KbenchError
from kbench.present import data, exporters, markdown, text
from kbench.present.output import Makers
from kbench.present.sparkline import marks
from kbench.present.suite import tables
from kbench.present.table import Table
from kbench.suite.batch import BatchSummary
from kbench.suite.idle import IdleSummary
from kbench.suite.outlier import OutlierRun
from kbench.suite.summary import Summary

Suites = Mapping[Path, Sequence[Summary]]


def parse_percentiles(words: str) -> tuple[float, ...]:
    """`50,99.9` as numbers in (0, 100]. Raises KbenchError for anything else."""
    try:
        values = tuple(float(word) for word in words.split(","))
    except ValueError:
        values = ()
    if not values or not all(0 < value <= 100 for value in values):
        raise KbenchError(f"--percentiles {words!r}: expected numbers in (0, 100], as in 50,99.9")
    return values


def makers(suites: Suites, width: int) -> Makers:
    """The forms of these suites."""
    return {
        "table": lambda: to_text(suites, width),
        "md": lambda: _to_markdown(suites),
        "json": lambda: _to_json(suites),
        "csv": lambda: _to_csv(suites),
        "openmetrics": lambda: exporters.openmetrics(suites),
        "bencher": lambda: exporters.bencher(suites),
        "benchmark-action": lambda: exporters.benchmark_action(suites),
    }


def to_text(suites: Suites, width: int) -> str:
    """Tables of `width` columns."""
    lines: list[str] = []
    for path, rows in suites.items():
        lines += [f"{path}:"] if len(suites) > 1 else []
        for table in tables(rows, marks()):
            lines += [*text.table_lines(table, width), ""]
    return "\n".join(lines[:-1]) + "\n"


def _to_markdown(suites: Suites) -> str:
    def lines(path: Path, shown: Sequence[Table]) -> list[str]:
        name = [f"**{markdown.escape(path.name)}**", ""]
        return name + [line for table in shown for line in (*markdown.table_lines(table), "")]

    return "\n".join(
        line for path, rows in suites.items() for line in lines(path, tables(rows, ""))
    )


def _to_json(suites: Suites) -> str:
    rows = [{"file": str(path), **_plain(row)} for path, found in suites.items() for row in found]
    return data.to_json({"version": 1, "benchmarks": rows})


def _to_csv(suites: Suites) -> str:
    rows = [_flat(path, row) for path, found in suites.items() for row in found]
    return data.to_csv(list(rows[0]), [list(row.values()) for row in rows])


def _plain(row: Summary) -> dict[str, Any]:
    return {
        "name": row.name,
        "title": row.title,
        "unit": row.unit,
        "target": row.target,
        "backend": row.backend,
        "runs": row.runs,
        "void_runs": row.void_runs,
        "count": row.count,
        "min": row.minimum,
        "mean": row.mean,
        "max": row.maximum,
        "percentiles": {f"{p:g}": value for p, value in row.percentiles.items()},
        "p50_range": list(row.spread),
        "warnings": list(row.warnings),
        "batch": row.batch and asdict(row.batch),
        "idle": row.idle and asdict(row.idle),
        "stages": [asdict(stage) for stage in row.stages],
        "outliers": [_outlier(each) for each in row.outliers],
    }


def _flat(path: Path, row: Summary) -> dict[str, Any]:
    """The same with a column each: the parts of what has some are named after it."""
    plain = _plain(row)
    percentiles = {f"p{p}": value for p, value in plain.pop("percentiles").items()}
    low, high = plain.pop("p50_range")
    warnings = "; ".join(plain.pop("warnings"))
    stages = "; ".join(f"{stage.name} {stage.p50:g}" for stage in row.stages)
    outliers = "; ".join(f"{each.took:g}" for each in row.outliers)
    del plain["stages"], plain["outliers"]
    parts = {
        name: plain.pop(name) or dict.fromkeys(field.name for field in fields(kind))
        for name, kind in (("batch", BatchSummary), ("idle", IdleSummary))
    }
    flat = {"file": str(path), **plain, **percentiles, "p50_low": low, "p50_high": high}
    for part, values in parts.items():
        flat |= {f"{part}_{name}": value for name, value in values.items()}
    return flat | {"stages_p50": stages, "outliers": outliers, "warnings": warnings}


def _outlier(outlier: OutlierRun) -> dict[str, Any]:
    """With its trace as objects."""
    return {**asdict(outlier), "trace": [structs.asdict(event) for event in outlier.trace]}
