# SPDX-License-Identifier: MIT
"""The figures as tables, for a page without pictures, a mail and a pull request."""

from collections.abc import Iterator, Sequence

from kbench.answers.measured import Measured
from kbench.metrics import metrics
from kbench.present.suite import BATCH_COLUMNS, EXACT_NOTE, batch_cells, events, runs
from kbench.present.table import Cell, Column, Table, words
from kbench.present.table import figures as figure_columns
from kbench.report.content import Section
from kbench.report.lookup import Row
from kbench.report.model import Entry, Model, Place
from kbench.report.stages import PATHS, stages
from kbench.suite.scope import Scope, scope_of
from kbench.suite.tradeoff import DELAYED, Point, front, points
from kbench.units import Figure


def figures(model: Model, place: Place, families: Sequence[str] = ()) -> list[Table]:
    """Percentiles of every benchmark at `place`, one table per family."""
    chosen = [name for name in model.families(place) if not families or name in families]
    return [
        _figures(model, f"{family}, {place.title}", model.at(place, family)) for family in chosen
    ]


def _figures(model: Model, title: str, entries: Sequence[Entry]) -> Table:
    several = _several(entries)
    names = [f"p{percentile:g}" for percentile in entries[0].summary.percentiles]
    ordered = entries
    if several:
        order = list(dict.fromkeys(entry.name for entry in entries))
        ordered = sorted(entries, key=lambda e: (order.index(e.name), e.source.index))
    label = words("benchmark", "suite") if several else words("benchmark")
    return Table(
        columns=(*label, *figure_columns("min", *names, "max", "p50 of runs", "runs")),
        rows=tuple(
            (
                entry.name,
                *([entry.source.label] if several else []),
                *events(entry.summary),
                *runs(entry.summary),
            )
            for entry in ordered
        ),
        title=title,
        notes=(EXACT_NOTE,) if any(entry.summary.single for entry in ordered) else (),
        optional=("runs", "min", "p99.9", "p50 of runs", "max"),
    )


def batches(model: Model, place: Place) -> list[Table]:
    """Family inkernel: what one instruction of a batch adds."""
    entries = [entry for entry in model.at(place, "inkernel") if entry.summary.batch]
    rows = []
    for entry in entries:
        batch = entry.summary.batch
        assert batch is not None
        rows.append((entry.name, entry.source.label, *batch_cells(batch, place.unit)))
    if not rows:
        return []
    columns = (*words("benchmark", "suite"), *figure_columns(*BATCH_COLUMNS))
    title = f"one of a batch, {place.title}"
    table = Table(columns, tuple(rows), title, optional=("in guest", "N", "control", "batch"))
    return [table if _several(entries) else table.without("suite")]


def tradeoff(model: Model, place: Place, *, newest: bool = False) -> list[Table]:
    """Cost and latencies of each policy, one table per pattern, and its Pareto fronts.

    The pattern with the most policies comes first, as in the headline. `newest` leaves out all
    suites but the last, as the picture does.
    """
    cost = "instructions an event" if place.lab else "pCPU cost"
    columns = (*figure_columns(cost, "wake p50", "wake p99"), *words("on the front"))
    tables = []
    entries = model.at(place, "idle")
    last = max((entry.source.index for entry in entries), default=0)
    shown = _events([e for e in entries if e.source.index == last or not newest])
    for pattern, here in sorted(shown, key=lambda each: -len(each[1])):
        best = _on_fronts(here)
        title = f"{pattern}, {place.title}; on the front: {FRONT}"
        rows = [
            (*_idle_cells(entry), " ".join(best.get((entry.source.index, entry.name), ["-"])))
            for entry in here
        ]
        tables.append(_by_policy(title, here, columns, rows))
    return tables


FRONT = "no policy that may be compared with it is below it in cost and latency"


def _idle_cells(entry: Entry) -> tuple[Cell, ...]:
    """Cost, p50 and p99; what a row does not support is missing."""
    row = Row(Measured(entry.benchmark), entry.source.label)
    cost: Cell = ("never blocks" if row.busy else row.event) if entry.place.lab else row.share
    return cost, row.p50, row.p99


def _events(entries: Sequence[Entry]) -> Iterator[tuple[str, list[Entry]]]:
    """The entries of each event, grouped by policy."""
    for event in dict.fromkeys(entry.event for entry in entries):
        here = [entry for entry in entries if entry.event == event]
        order = list(dict.fromkeys(entry.policy for entry in here))
        yield event, sorted(here, key=lambda e: (order.index(e.policy), e.source.index))


def _by_policy(
    title: str,
    entries: Sequence[Entry],
    columns: Sequence[Column],
    cells: Sequence[Sequence[Cell]],
    optional: tuple[str, ...] = (),
) -> Table:
    """A table with one row per entry: policy, suite where there are several, `cells`."""
    rows = tuple(
        (entry.policy or entry.name, entry.source.label, *row)
        for entry, row in zip(entries, cells, strict=True)
    )
    table = Table((*words("policy", "suite"), *columns), rows, title, optional=optional)
    return table if _several(entries) else table.without("suite")


def _on_fronts(entries: Sequence[Entry]) -> dict[tuple[int, str], list[str]]:
    """By source and name, the percentiles whose Pareto front it is on.

    A front is one of the rows of a suite that may be compared, where that are several.
    """
    found: dict[tuple[int, str], list[str]] = {}
    groups: dict[tuple[int, Scope], list[tuple[Entry, Point]]] = {}
    for entry in entries:
        for point in points([entry.benchmark]):  # none where its wake-ups say nothing
            key = entry.source.index, scope_of(entry.benchmark)
            groups.setdefault(key, []).append((entry, point))
    for (index, _), pairs in groups.items():
        if len(pairs) == 1:
            continue
        here, rows = [entry for entry, _ in pairs], [point for _, point in pairs]
        for name in ("p50", "p99"):
            known = [n for n, row in enumerate(rows) if getattr(row, name) is not None]
            for chosen in front([(rows[n].cost, getattr(rows[n], name)) for n in known]):
                found.setdefault((index, here[known[chosen]].name), []).append(name)
    return found


def work(model: Model, place: Place) -> list[Table]:
    """What an item of work takes, and the latencies, by policy."""
    columns = figure_columns("an item", "p50", "p99", "competitor")
    tables = []
    for event, here in _events(model.at(place, "work")):
        what = "its delay" if event in DELAYED else "the guest's wake-ups"
        title = f"work {event}, {place.title}; p50, p99: {what}"
        rows = [_work_cells(entry) for entry in here]
        tables.append(_by_policy(title, here, columns, rows, ("competitor", "an item")))
    return tables


def _work_cells(entry: Entry) -> tuple[Cell, ...]:
    row = Row(Measured(entry.benchmark), entry.source.label)
    return row.item, row.p50, row.p99, row.competitor


def _figure(value: float | None, place: Place) -> Figure | None:
    return None if value is None else Figure(value, place.unit)


def paths(model: Model, place: Place) -> list[Table]:
    """p50 and p99 of each stage, one table per family that has stages."""
    made = (_path(place, model.at(place, family)) for family in PATHS)
    return [table for table in made if table]


def _path(place: Place, entries: Sequence[Entry]) -> Table | None:
    found = [{stage.name: stage for stage in stages(entry)} for entry in entries]
    titles = {stage.name: stage.title for parts in found for stage in parts.values()}
    if not titles:
        return None
    rows = []
    for entry, parts in zip(entries, found, strict=True):
        if not parts:
            continue
        cells = [
            _figure(parts[name].distribution.supported(percentile), place)
            if name in parts
            else None
            for name in titles
            for percentile in (50, 99)
        ]
        rows.append((entry.name, entry.source.label, *cells))
    parted = [f"{name} {percentile}" for name in titles for percentile in ("p50", "p99")]
    meaning = "; ".join(f"{name}: {title}" for name, title in titles.items())
    columns = (*words("benchmark", "suite"), *figure_columns(*parted))
    optional = ("ack p99", "late p99", "late p50", *(f"{name} p99" for name in titles))
    table = Table(columns, tuple(rows), f"{place.title}; {meaning}", optional=optional)
    return table if _several(entries) else table.without("suite")


def _several(entries: Sequence[Entry]) -> bool:
    return len({entry.source.index for entry in entries}) > 1


def glossary() -> Section:
    """Every metric, from metrics.toml."""
    rows = tuple((row.title, row.means, row.spoils) for row in metrics().values())
    table = Table(words("metric", "what it is", "what spoils it"), rows)
    return Section(anchor="glossary", title="Metrics", tables=(table,), folded=True)
