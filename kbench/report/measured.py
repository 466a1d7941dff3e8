# SPDX-License-Identifier: MIT
"""What was measured where: conditions that differ between suites first, the rest folded."""

from collections.abc import Sequence

from kbench.judge.compat import is_condition
from kbench.report.content import Section, Table
from kbench.report.model import Entry, Model, Source

# Of one benchmark each, or written for machines: nothing to list for a whole suite.
_NOT_LISTED = ("kbench_title", "kbench_guest_sha256")
MOST = 60
"""Characters of a value in the table; the rest is in the suite."""


def sections(model: Model) -> list[Section]:
    """Where the figures come from, warnings, and all other conditions for reference."""
    conditions = {source.index: _conditions(model, source) for source in model.sources}
    keys = sorted({key for found in conditions.values() for key in found})
    columns = [[found.get(key, "-") for found in conditions.values()] for key in keys]
    differ = [key for key, row in zip(keys, columns, strict=True) if len(set(row)) > 1]
    same = [key for key in keys if key not in differ]
    several = len(model.sources) > 1
    tables = [_overview(model)]
    if several and differ:
        tables.append(_table("What differs between the suites", model.sources, conditions, differ))
    folded = Table(
        columns=("condition", "value"),
        rows=tuple((_title(key), _value(conditions[0][key])) for key in same),
        left=2,
    )
    warnings = _warnings(model)
    return [
        Section(anchor="measured", title="What was measured where", tables=tuple(tables)),
        *([Section(anchor="warnings", title="Warnings", notes=warnings)] if warnings else []),
        Section(
            anchor="conditions",
            title="Conditions that are the same everywhere" if several else "Conditions",
            tables=(folded,),
            folded=True,
        ),
    ]


def _overview(model: Model) -> Table:
    rows = []
    for source in model.sources:
        found = [entry for entry in model.entries if entry.source is source]
        for place in dict.fromkeys(entry.place for entry in found):
            here = [entry for entry in found if entry.place == place]
            rows.append(
                (
                    source.label,
                    place.title,
                    here[0].benchmark.provenance("kbench_kernel"),
                    "instructions" if place.unit == "integer" else place.unit + "s",
                    str(len(here)),
                    _runs(here),
                )
            )
    columns = ("suite", "where (backend)", "kernel", "unit", "benchmarks", "runs each")
    return Table(columns, tuple(rows), left=4, optional=("runs each", "benchmarks", "unit"))


def _runs(entries: Sequence[Entry]) -> str:
    counts = sorted({len(entry.benchmark.good) for entry in entries})
    return f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"


def _conditions(model: Model, source: Source) -> dict[str, str]:
    """Every condition of a suite, with all values that occur in it."""
    found: dict[str, dict[str, None]] = {}
    for benchmark in source.suite:
        keys = set(benchmark.runs[0].common).union(*(run.own for run in benchmark.runs))
        for key in keys:
            if is_condition(key) and key not in _NOT_LISTED:
                found.setdefault(key, {})[benchmark.provenance(key)] = None
    return {key: " | ".join(value for value in values if value) for key, values in found.items()}


def _table(
    title: str,
    sources: Sequence[Source],
    conditions: dict[int, dict[str, str]],
    keys: Sequence[str],
) -> Table:
    rows = tuple(
        (_title(key), *(_value(conditions[source.index].get(key, "-")) for source in sources))
        for key in keys
    )
    labels = tuple(source.label for source in sources)
    return Table(("condition", *labels), rows, title=title, left=1 + len(sources))


def _title(key: str) -> str:
    return key.removeprefix("kbench_").replace("_", " ")


def _value(text: str) -> str:
    return text if len(text) <= MOST else text[: MOST - 3] + "..."


def _warnings(model: Model) -> tuple[str, ...]:
    """Each warning once, with the benchmarks that have it."""
    found: dict[str, list[str]] = {}
    for entry in model.entries:
        for text in entry.summary.warnings:
            name = entry.name if len(model.sources) == 1 else f"{entry.source.label}: {entry.name}"
            found.setdefault(text, []).append(name)
    lines = [f"{text} ({_listed(names)})" for text, names in found.items()]
    return (*(f"left out: {text}" for text in model.unusable), *lines)


def _listed(names: Sequence[str]) -> str:
    more = len(names) - 3
    return ", ".join(names[:3]) + (f" and {more} more" if more > 0 else "")
