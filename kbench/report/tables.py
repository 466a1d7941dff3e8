# SPDX-License-Identifier: MIT
"""The figures as tables: what a page without pictures, a mail and a pull request show."""

from collections.abc import Iterator, Sequence

from kbench.metrics import metrics
from kbench.report.content import Section, Table
from kbench.report.model import Entry, Model, Place
from kbench.report.stages import PATHS, stages
from kbench.suite.batch import batch_cells
from kbench.suite.tradeoff import DELAYED, front, points
from kbench.units import human, human_range, percent


def figures(model: Model, place: Place, families: Sequence[str] = ()) -> list[Table]:
    """Percentiles of every benchmark at `place`, a table a family."""
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
    rows = []
    for entry in ordered:
        found, unit = entry.summary, entry.place.unit
        values = [found.minimum, *found.percentiles.values(), found.maximum]
        rows.append(
            (
                entry.name,
                *([entry.source.label] if several else []),
                *(human(value, unit) for value in values),
                human_range(*found.spread, unit),
                str(found.runs - found.void_runs),
            )
        )
    left = ("benchmark", "suite") if several else ("benchmark",)
    table = Table(
        columns=(*left, "min", *names, "max", "p50 of runs", "runs"),
        rows=tuple(rows),
        title=title,
        left=len(left),
        optional=("runs", "min", "p99.9", "p50 of runs", "max"),
    )
    single = all(entry.summary.runs == 1 for entry in entries)
    return table.without("p50 of runs", "runs") if single else table


def batches(model: Model, place: Place) -> list[Table]:
    """Family inkernel: what one subject of a batch adds, in the kernel alone."""
    entries = [entry for entry in model.at(place, "inkernel") if entry.summary.batch]
    rows = []
    for entry in entries:
        batch = entry.summary.batch
        assert batch is not None
        rows.append((entry.name, entry.source.label, *batch_cells(batch, place.unit)))
    if not rows:
        return []
    columns = ("benchmark", "suite", "N", "batch", "control", "(batch - control) / N", "in guest")
    title = f"one of a batch, {place.title}"
    table = Table(columns, tuple(rows), title, left=2, optional=("in guest", "control", "batch"))
    return [table if _several(entries) else table.without("suite")]


def tradeoff(model: Model, place: Place) -> list[Table]:
    """Cost and latencies of each policy, a table a pattern, with the fronts it is on."""
    columns = ("pCPU cost", "wake p50", "wake p99", "best in")
    tables = []
    for pattern, here in _events(model.at(place, "idle")):
        best = _on_fronts(here)
        title = f"pattern {pattern}, {place.title}; best in: no policy has a lower cost and latency"
        rows = []
        for entry in here:
            (point,) = points([entry.benchmark])
            front = " ".join(best.get((entry.source.index, entry.name), ["-"]))
            latencies = (human(value, point.unit) for value in (point.p50, point.p99))
            rows.append((percent(point.cost), *latencies, front))
        tables.append(_by_policy(title, here, columns, rows))
    return tables


def _events(entries: Sequence[Entry]) -> Iterator[tuple[str, list[Entry]]]:
    """The entries of each event, those of one policy beside each other."""
    for event in dict.fromkeys(entry.event for entry in entries):
        here = [entry for entry in entries if entry.event == event]
        order = list(dict.fromkeys(entry.policy for entry in here))
        yield event, sorted(here, key=lambda e: (order.index(e.policy), e.source.index))


def _by_policy(
    title: str,
    entries: Sequence[Entry],
    columns: Sequence[str],
    cells: Sequence[Sequence[str]],
    optional: tuple[str, ...] = (),
) -> Table:
    """A table with a row an entry: its policy, its suite where there are several, `cells`."""
    rows = tuple(
        (entry.policy or entry.name, entry.source.label, *row)
        for entry, row in zip(entries, cells, strict=True)
    )
    table = Table(("policy", "suite", *columns), rows, title, left=2, optional=optional)
    return table if _several(entries) else table.without("suite")


def _on_fronts(entries: Sequence[Entry]) -> dict[tuple[int, str], list[str]]:
    """By source and name, the percentiles whose Pareto front of that source it is on."""
    found: dict[tuple[int, str], list[str]] = {}
    for index in {entry.source.index for entry in entries}:
        here = [entry for entry in entries if entry.source.index == index]
        rows = [points([entry.benchmark])[0] for entry in here]
        for name in ("p50", "p99"):
            for chosen in front([(row.cost, getattr(row, name)) for row in rows]):
                found.setdefault((index, here[chosen].name), []).append(name)
    return found


def work(model: Model, place: Place) -> list[Table]:
    """Work done, its share of the pCPU's time and what became of the guest, by policy."""
    columns = ("work/s", "p50", "p99", "vCPU", "guest wake p50", "progress")
    tables = []
    for event, found in _events(model.at(place, "work")):
        here = [entry for entry in found if entry.summary.idle]
        what = "its delay" if event in DELAYED else "the guest's wake-ups"
        title = f"work {event}, {place.title}; p50, p99: {what}"
        rows = [_work_cells(entry) for entry in here]
        if rows:
            tables.append(_by_policy(title, here, columns, rows, ("guest wake p50", "progress")))
    return tables


def _work_cells(entry: Entry) -> tuple[str, ...]:
    idle, found = entry.summary.idle, entry.summary.percentiles
    assert idle is not None
    done = "-" if idle.work is None else f"{idle.work:,.0f}"
    wake = "-" if idle.wake is None else human(idle.wake, entry.place.unit)
    late = (human(found[p], entry.place.unit) for p in (50.0, 99.0))
    return (done, *late, percent(idle.share), wake, percent(idle.progress))


def paths(model: Model, place: Place) -> list[Table]:
    """p50 and p99 of each stage of the benchmarks that have stages, a table a family."""
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
            human(parts[name].distribution.at(percentile), place.unit) if name in parts else "-"
            for name in titles
            for percentile in (50, 99)
        ]
        rows.append((entry.name, entry.source.label, *cells))
    figures = [f"{name} {percentile}" for name in titles for percentile in ("p50", "p99")]
    meaning = "; ".join(f"{name}: {title}" for name, title in titles.items())
    columns = ("benchmark", "suite", *figures)
    optional = ("ack p99", "late p99", "late p50", *(f"{name} p99" for name in titles))
    table = Table(columns, tuple(rows), f"{place.title}; {meaning}", left=2, optional=optional)
    return table if _several(entries) else table.without("suite")


def _several(entries: Sequence[Entry]) -> bool:
    return len({entry.source.index for entry in entries}) > 1


def glossary() -> Section:
    """Every metric, from metrics.toml."""
    rows = tuple((row.title, row.means, row.spoils) for row in metrics().values())
    table = Table(("metric", "what it is", "what spoils it"), rows, left=3)
    return Section(anchor="glossary", title="Metrics", tables=(table,), folded=True)
