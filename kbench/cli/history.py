# SPDX-License-Identifier: MIT
"""Suites over time: keep them by commit, show them, find where a level changed."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from kbench.judge.series import Series

app = typer.Typer(no_args_is_help=True)

Directory = Annotated[Path, typer.Argument(help="The directory that holds the history.")]
Names = Annotated[
    list[str] | None, typer.Argument(metavar="[BENCHMARK]...", help="All without one.")
]
Metrics = Annotated[
    list[str] | None,
    typer.Option("--metric", help="A metric of metrics.toml; default: the judged ones."),
]
Config = Annotated[Path | None, typer.Option(help="Project file instead of ./kbench.toml.")]


@app.command()
def add(
    directory: Directory,
    suite: Annotated[Path, typer.Argument(help="The suite to keep.")],
    commit: Annotated[
        str | None, typer.Option(help="Default: HEAD of the repository here.")
    ] = None,
    date: Annotated[
        datetime | None, typer.Option(help="UTC; default: the date of that commit.")
    ] = None,
) -> None:
    """Keep a copy of SUITE under its commit.

    Example: kbench history add bench-history/ head.json
    """
    from kbench.judge.history import add as keep
    from kbench.session.commit import resolve

    name, when = resolve(commit, date)
    print(keep(directory, suite, name, when))


@app.command()
def show(
    directory: Directory,
    benchmarks: Names = None,
    metric: Metrics = None,
    config: Config = None,
    json: Annotated[bool, typer.Option("--json", help="Data for plots.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="For apache-otava and spreadsheets.")] = False,
) -> None:
    """Print the median of each metric, suite by suite, and where its level changed.

    Example: kbench history show bench-history/ exit.pio_out --metric p50
    """
    from kbench.errors import KbenchError
    from kbench.present import series

    if json and csv:
        raise KbenchError("--json and --csv exclude each other: choose one")
    rows = _rows(directory, benchmarks, metric, config)
    if json:
        print(series.series_json(rows))
    elif csv:
        print(series.series_csv(rows), end="")
    else:
        print(series.series_text(rows))


@app.command()
def check(
    directory: Directory,
    benchmarks: Names = None,
    metric: Metrics = None,
    config: Config = None,
) -> None:
    """List every change of level; exit 1 when a series ends on a level worse than before.

    Example: kbench history check bench-history/
    """
    from kbench.present import series

    rows = _rows(directory, benchmarks, metric, config)
    print(series.shifts_text(rows))
    raise typer.Exit(1 if series.regressions(rows) else 0)


def _rows(
    directory: Path, names: list[str] | None, wanted: list[str] | None, config: Path | None
) -> "list[Series]":
    from kbench.judge.history import entries
    from kbench.judge.project import known, load_project
    from kbench.judge.series import series
    from kbench.metrics import metrics

    for name in wanted or ():
        known(name)
    chosen = [metrics()[name] for name in wanted] if wanted else None
    return list(series(entries(directory), names or (), chosen, load_project(config)))
