# SPDX-License-Identifier: MIT
"""Suites by commit: keep, show, find where a level changed."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from kbench.cli._forms import Config, Force, Metrics, Outputs, Table

app = typer.Typer(no_args_is_help=True)

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="The directory of the history.")]
Names = Annotated[list[str] | None, typer.Argument(metavar="[BENCHMARK]...", help="Default: all.")]


@app.command()
def add(
    directory: Directory,
    suite: Annotated[Path, typer.Argument(metavar="SUITE", help="The suite to keep.")],
    commit: Annotated[
        str | None, typer.Option(metavar="HASH", help="Default: HEAD of the repository here.")
    ] = None,
    date: Annotated[
        datetime | None,
        typer.Option(metavar="DATE", help="UTC, 2026-01-31T12:00:00; default: the commit's."),
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
    form: Table = None,
    output: Outputs = None,
    force: Force = False,
) -> None:
    """Print each metric suite by suite, and where its level changed.

    A figure is the median over the good runs of a suite. Without --metric, all that are judged.

    Example: kbench history show bench-history/ exit.pio_out --metric p50
    """
    from kbench.judge.series import read
    from kbench.present.history import makers
    from kbench.present.output import emit, terminal_width

    rows = read(directory, benchmarks or (), metric or (), config)
    emit(makers(rows, terminal_width()), form, output or (), force=force)


@app.command()
def check(
    directory: Directory,
    benchmarks: Names = None,
    metric: Metrics = None,
    config: Config = None,
) -> None:
    """List changes of level; exit 1 if a series ends on a worse one.

    Without --metric, of all metrics that are judged.

    Example: kbench history check bench-history/
    """
    from kbench.judge.series import read
    from kbench.present.history import regressions, shifts_text
    from kbench.present.output import terminal_width

    rows = read(directory, benchmarks or (), metric or (), config)
    print(shifts_text(rows, terminal_width()), end="")
    raise typer.Exit(1 if regressions(rows) else 0)
