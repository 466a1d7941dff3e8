# SPDX-License-Identifier: MIT
"""What was measured where: conditions that differ between suites first, the rest folded."""

import re
from collections.abc import Mapping, Sequence

from kbench.judge.compat import condition, is_condition
from kbench.present.table import Cell, Table, figures, words
from kbench.report.content import Section
from kbench.report.model import Entry, Model, Place, SuiteFile

# Of one benchmark each, or written for machines: nothing to list for a whole suite.
_NOT_LISTED = ("kbench_title", "kbench_guest_sha256")
LONGEST_VALUE = 60
"""Characters of a value in the table; the rest is in the suite."""


def sections(model: Model) -> list[Section]:
    """Where the figures come from, and all other conditions, for reference.

    Differences are listed between suites that can be compared; lab and host differ in all.
    """
    differing, same = [], []
    for place, sources in _groups(model).items():
        conditions = [_conditions(model, source) for source in sources]
        keys = sorted({key for found in conditions for key in found})
        texts = {key: [found.get(key, "-") for found in conditions] for key in keys}
        unlike = {key: row for key, row in texts.items() if len(set(row)) > 1}
        alike = {key: row[:1] for key, row in texts.items() if key not in unlike}
        labels = [source.label for source in sources]
        if unlike:
            differing.append(_table(f"What differs, {place.title}", labels, unlike))
        same.append(_table(f"{place.title}, of {_listed(labels)}", ["value"], alike))
    tables = (overview(model), *differing)
    return [
        Section("measured", "What was measured where", tables=tables, folded=True),
        Section("conditions", "Other conditions", tables=tuple(same), folded=True),
    ]


def _groups(model: Model) -> dict[Place, list[SuiteFile]]:
    """The suites by the place where their first benchmark was measured."""
    found: dict[Place, list[SuiteFile]] = {}
    for source in model.sources:
        here = (entry.place for entry in model.entries if entry.source is source)
        for place in list(here)[:1]:
            found.setdefault(place, []).append(source)
    return found


def overview(model: Model) -> Table:
    """The suites: where each was measured, its kernel, unit and number of benchmarks."""
    rows: list[tuple[Cell, ...]] = []
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
                    len(here),
                    _runs(here),
                )
            )
    columns = (
        *words("suite", "where (backend)", "kernel", "unit"),
        *figures("benchmarks", "runs each"),
    )
    return Table(columns, tuple(rows), optional=("runs each", "benchmarks", "unit"))


def _runs(entries: Sequence[Entry]) -> str:
    counts = sorted({len(entry.benchmark.good) for entry in entries})
    return f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"


def _conditions(model: Model, source: SuiteFile) -> dict[str, str]:
    """Every condition of a suite, with all values that occur in it."""
    found: dict[str, dict[str, None]] = {}
    for benchmark in source.suite:
        keys = set(benchmark.runs[0].common).union(*(run.own for run in benchmark.runs))
        for key in keys:
            if is_condition(key) and key not in _NOT_LISTED:
                found.setdefault(key, {})[benchmark.provenance(key)] = None
    return {key: " | ".join(value for value in values if value) for key, values in found.items()}


def _table(title: str, columns: Sequence[str], texts: Mapping[str, Sequence[str]]) -> Table:
    rows = tuple((condition(key), *map(_value, row)) for key, row in texts.items())
    return Table(words("condition", *columns), rows, title)


def _value(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 3] + "..."


def notes(model: Model, families: Sequence[str]) -> tuple[str, ...]:
    """What changes the reading of these families, each warning once, with how many have it."""
    found: dict[tuple[str, str], set[str]] = {}
    for entry in model.entries:
        for text in entry.summary.warnings if entry.family in families else ():
            found.setdefault((entry.family, _alike(text)), set()).add(entry.name)
    for label, name, reason in map(_unusable, model.unusable):
        family = name.partition(".")[0]
        if family in families:
            found.setdefault((family, f"left out of {label}: {_alike(reason)}"), set()).add(name)
    return tuple(f"{text} ({_of(family, names)})" for (family, text), names in found.items())


def _alike(text: str) -> str:
    """A warning with its figures left open: many runs say the same of other figures."""
    return re.sub(r"\d[\d,.]*\d|\d", "N", text)


def _unusable(text: str) -> tuple[str, str, str]:
    """`a: exit.hlt: every run is void: stolen` as suite, benchmark and reason."""
    label, _, rest = text.partition(": ")
    name, _, reason = rest.partition(": ")
    return label, name, reason


def _of(family: str, names: set[str]) -> str:
    return next(iter(names)) if len(names) == 1 else f"{len(names)} benchmarks of {family}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
