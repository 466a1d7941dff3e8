# SPDX-License-Identifier: MIT
"""Suites for tools that keep figures over time, by `kbench show --format`.

`openmetrics`: https://prometheus.io/docs/specs/om/open_metrics_spec/, a gauge for each unit;
`bencher`: Bencher Metric Format, https://bencher.dev/docs/reference/bencher-metric-format/;
`benchmark-action`: the form customSmallerIsBetter of github.com/benchmark-action. Void runs are in
none of them, and a figure of the lab is named by its unit: instructions, not time. Two suites that
give one series two values are refused: a tool would drop one, or the whole text.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from kbench.errors import KbenchError
from kbench.present.data import to_json
from kbench.suite.summary import Summary

Suites = Mapping[Path, Sequence[Summary]]
UNITS = {"second": "seconds", "integer": "instructions", "byte": "bytes"}
# Bencher names what it measures; "latency" is its own, in nanoseconds.
BENCHER = {"second": ("latency", 1e9), "integer": ("instructions", 1.0), "byte": ("bytes", 1.0)}


def openmetrics(suites: Suites) -> str:
    """One family of samples for each unit: a quantile each, by benchmark, target and backend."""
    lines = []
    rows = _rows(suites, lambda row: (row.name, row.target, row.backend))
    for unit in dict.fromkeys(row.unit for row in rows):
        family = f"kbench_{UNITS[unit]}"
        lines += [
            f"# TYPE {family} gauge",
            f"# UNIT {family} {UNITS[unit]}",
            f"# HELP {family} Percentiles of all good runs together.",
        ]
        lines += [line for row in rows if row.unit == unit for line in _samples(row)]
    return "\n".join([*lines, "# EOF"]) + "\n"


def bencher(suites: Suites) -> str:
    """By benchmark the p50, with the lowest and the highest p50 of a single run as its bounds."""
    document: dict[str, dict[str, dict[str, float]]] = {}
    for row in _rows(suites, lambda row: (row.name, row.unit)):
        measure, scale = BENCHER[row.unit]
        low, high = row.spread
        document.setdefault(row.name, {})[measure] = {
            "value": row.p50 * scale,
            "lower_value": low * scale,
            "upper_value": high * scale,
        }
    return to_json(document)


def benchmark_action(suites: Suites) -> str:
    """A list of name, unit, value and range."""
    import json

    rows = [
        {
            "name": row.name,
            "unit": UNITS[row.unit],
            "value": row.p50,
            "range": f"{row.spread[0]:g} - {row.spread[1]:g}",
            "extra": f"{row.target}, {row.backend}, {row.runs - row.void_runs} runs",
        }
        for row in _rows(suites, lambda row: (row.name,))
    ]
    return json.dumps(rows, indent=2) + "\n"


def _rows(suites: Suites, series: Callable[[Summary], tuple[str, ...]]) -> list[Summary]:
    """What may be judged: benchmarks that have a run that is not void.

    Raises KbenchError where two of them are one `series` to the tool that reads it.
    """
    found = [row for rows in suites.values() for row in rows if row.runs > row.void_runs]
    for name, times in Counter(map(series, found)).items():
        if times > 1:
            raise KbenchError(f"{times} of the suites have {name[0]}: print one of them at a time")
    return found


def _samples(row: Summary) -> Iterator[str]:
    labels = {"benchmark": row.name, "target": row.target, "backend": row.backend}
    for percentile, value in row.percentiles.items():
        if value is not None:
            quantile = {**labels, "quantile": f"{percentile / 100:g}"}
            text = ",".join(f'{name}="{_escaped(one)}"' for name, one in quantile.items())
            yield f"kbench_{UNITS[row.unit]}{{{text}}} {value!r}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
