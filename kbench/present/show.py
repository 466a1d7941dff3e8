# SPDX-License-Identifier: MIT
"""The forms of `kbench show`.

JSON schema version 1: {"version": 1, "benchmarks": [{"file", "name", "title", "unit",
"target", "backend", "runs", "void_runs", "count", "min", "mean", "max", "percentiles":
{"50": ...}, "p50_range": [low, high], "warnings": [...], "batch": null, "idle": null,
"stages": [{"name", "p50", "p99"}]}]}; figures are in "unit" ("second": float seconds,
"integer": instructions of the lab). "batch" and "idle", where there is one, are a
BatchSummary and an IdleSummary of kbench.record, "stages" the parts of an event's path.
"""

import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from kbench.errors import KbenchError
from kbench.present.suite_table import IDLE_COLUMNS, console, idle_rows, stage_cell, suite_table
from kbench.suite.batch import BatchSummary, batch_cells
from kbench.suite.idle import IdleSummary
from kbench.suite.load import load
from kbench.suite.summary import Summary, summarize
from kbench.units import human, human_range


def parse_percentiles(text: str) -> tuple[float, ...]:
    """`50,99.9` as numbers in (0, 100]. Raises KbenchError for anything else."""
    try:
        values = tuple(float(word) for word in text.split(","))
    except ValueError:
        values = ()
    if not values or not all(0 < value <= 100 for value in values):
        raise KbenchError(f"--percentiles {text!r}: expected numbers in (0, 100], as in 50,99.9")
    return values


def show(files: Sequence[Path], percentiles: Sequence[float], form: str) -> None:
    """Print these suites as "text", "json", "csv" or "md"."""
    suites = {path: [summarize(row, percentiles) for row in load(path)] for path in files}
    match form:
        case "json":
            document = {
                "version": 1,
                "benchmarks": [
                    {"file": str(path), **_plain(row)}
                    for path, rows in suites.items()
                    for row in rows
                ],
            }
            print(json.dumps(document, indent=2))
        case "csv":
            _csv(suites)
        case "md":
            for path, rows in suites.items():
                print(_markdown(path, rows))
        case _:
            terminal = console()
            for path, rows in suites.items():
                if len(suites) > 1:
                    terminal.print(f"{path}:", highlight=False, markup=False)
                terminal.print(suite_table(rows, terminal.width))


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
    }


def _csv(suites: dict[Path, list[Summary]]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    for number, (path, rows) in enumerate(suites.items()):
        for index, row in enumerate(rows):
            plain = _plain(row)
            percentiles = {f"p{p}": value for p, value in plain.pop("percentiles").items()}
            low, high = plain.pop("p50_range")
            warnings = "; ".join(plain.pop("warnings"))
            stages = "; ".join(f"{stage.name} {stage.p50:g}" for stage in row.stages)
            del plain["stages"]
            parts = {
                name: plain.pop(name) or dict.fromkeys(field.name for field in fields(kind))
                for name, kind in (("batch", BatchSummary), ("idle", IdleSummary))
            }
            flat = {"file": path, **plain, **percentiles, "p50_low": low, "p50_high": high}
            for part, values in parts.items():
                flat |= {f"{part}_{name}": value for name, value in values.items()}
            flat |= {"stages_p50": stages, "warnings": warnings}
            if not number and not index:
                writer.writerow(flat)
            writer.writerow(flat.values())


def _markdown(path: Path, rows: Sequence[Summary]) -> str:
    names = [f"p{p:g}" for p in rows[0].percentiles]
    lines = [
        f"**{path.name}** ({rows[0].target}, backend {rows[0].backend})\n",
        "| " + " | ".join(["benchmark", "min", *names, "max", "p50 of runs", "runs"]) + " |",
        "|---|" + "---:|" * (len(names) + 4),
    ]
    for row in rows:
        figures = [row.minimum, *row.percentiles.values(), row.maximum]
        cells = [f"`{row.name}`", *(human(figure, row.unit) for figure in figures)]
        cells.append(human_range(*row.spread, row.unit))
        lines.append("| " + " | ".join([*cells, f"{row.runs - row.void_runs}/{row.runs}"]) + " |")
    if any(row.batch for row in rows):
        lines += ["", "| one of a batch | N | batch | control | (batch - control) / N | in guest |"]
        lines += ["|---|" + "---:|" * 5]
        lines += [
            "| " + " | ".join([f"`{row.name}`", *batch_cells(row.batch, row.unit)]) + " |"
            for row in rows
            if row.batch
        ]
    if any(row.idle for row in rows):
        lines += ["", "| " + " | ".join(["idle vCPU", *IDLE_COLUMNS]) + " |"]
        lines += ["|---|" + "---:|" * len(IDLE_COLUMNS)]
        lines += [
            "| " + " | ".join([f"`{name}`", *cells]) + " |" for name, cells in idle_rows(rows)
        ]
    if any(row.stages for row in rows):
        lines += ["", "| stages of the path | p50 of each |", "|---|---|"]
        lines += [f"| `{row.name}` | {stage_cell(row)} |" for row in rows if row.stages]
    notes = dict.fromkeys(text for row in rows for text in row.warnings)
    return "\n".join([*lines, "", *(f"- {text}" for text in notes)]).rstrip() + "\n"
