# SPDX-License-Identifier: MIT
"""The figures as tables: what a page without pictures, a mail and a pull request show."""

from collections.abc import Sequence

from kbench.metrics import metrics
from kbench.record.units import human, human_range, percent
from kbench.report.content import Section, Table
from kbench.report.model import Entry, Model, Place
from kbench.report.stages import stages
from kbench.report.tradeoff import front, points


def figures(model: Model, place: Place, families: Sequence[str] = ()) -> list[Table]:
    """Percentiles of every benchmark at `place`, a table a family."""
    chosen = [name for name in model.families(place) if not families or name in families]
    return [
        _figures(model, f"{family}, {place.title}", model.at(place, family)) for family in chosen
    ]


def _figures(model: Model, title: str, entries: Sequence[Entry]) -> Table:
    several = len({entry.source.index for entry in entries}) > 1
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
    return Table(
        columns=(*left, "min", *names, "max", "p50 of runs", "runs"),
        rows=tuple(rows),
        title=title,
        left=len(left),
        optional=("runs", "min", "p99.9", "p50 of runs", "max"),
    )


def tradeoff(model: Model, place: Place) -> list[Table]:
    """Cost and latencies of each policy, a table a pattern, with the fronts it is on."""
    entries = model.at(place, "idle")
    several = len({entry.source.index for entry in entries}) > 1
    left = ("policy", "suite") if several else ("policy",)
    columns = (*left, "pCPU cost", "wake p50", "wake p99", "best in")
    tables = []
    for pattern in dict.fromkeys(entry.event for entry in entries):
        here = [entry for entry in entries if entry.event == pattern]
        order = list(dict.fromkeys(entry.policy for entry in here))
        here.sort(key=lambda entry: (order.index(entry.policy), entry.source.index))
        best = _on_fronts(here)
        rows = []
        for entry in here:
            (point,) = points([entry.benchmark])
            rows.append(
                (
                    point.policy or entry.name,
                    *([entry.source.label] if several else []),
                    percent(point.cost),
                    human(point.p50, point.unit),
                    human(point.p99, point.unit),
                    " ".join(best.get((entry.source.index, entry.name), ["-"])),
                )
            )
        title = f"pattern {pattern}, {place.title}; best in: no policy has a lower cost and latency"
        tables.append(Table(columns, tuple(rows), title=title, left=len(left)))
    return tables


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
    rows = []
    for entry in model.at(place, "work"):
        idle, found = entry.summary.idle, entry.summary.percentiles
        if idle is None:
            continue
        done = "-" if idle.work is None else f"{idle.work:,.0f}"
        wake = "-" if idle.wake is None else human(idle.wake, place.unit)
        late = (human(found[p], place.unit) for p in (50.0, 99.0))
        shares = (percent(idle.share), wake, percent(idle.progress))
        rows.append((entry.name, entry.source.label, done, *late, *shares))
    if not rows:
        return []
    columns = ("benchmark", "suite", "work/s", "p50", "p99", "vCPU", "guest wake p50", "progress")
    title = f"{place.title}; p50, p99: the guest's wake-ups, of urgent work its delay"
    optional = ("suite", "guest wake p50")
    return [Table(columns, tuple(rows), title=title, left=2, optional=optional)]


def wake_stages(model: Model, place: Place) -> list[Table]:
    """Mean, p50 and p99 of each stage of the wake benchmarks that have stages."""
    rows = []
    for entry in model.at(place, "wake"):
        for stage in stages(entry):
            found = stage.distribution
            values = (found.mean, found.at(50), found.at(99))
            texts = (human(value, place.unit) for value in values)
            rows.append((entry.name, entry.source.label, stage.name, *texts))
    if not rows:
        return []
    columns = ("benchmark", "suite", "stage", "mean", "p50", "p99")
    title = f"stages, {place.title}"
    return [Table(columns, tuple(rows), title=title, left=3, optional=("suite",))]


def glossary() -> Section:
    """Every metric, from metrics.toml."""
    rows = tuple((row.title, row.means, row.spoils) for row in metrics().values())
    table = Table(("metric", "what it is", "what spoils it"), rows, left=3)
    return Section(anchor="glossary", title="Metrics", tables=(table,), folded=True)
