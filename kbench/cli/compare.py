# SPDX-License-Identifier: MIT
"""`kbench compare`: suites side by side."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from kbench.cli._forms import Config, ForceAll, Metrics, Outputs, Table


class Sort(StrEnum):
    """Order of the table."""

    CHANGE = "change"
    NAME = "name"


def command(
    base: Annotated[Path, typer.Argument(metavar="BASE", help="The suite to compare with.")],
    head: Annotated[list[Path], typer.Argument(metavar="HEAD...", help="Each against BASE.")],
    sort: Annotated[
        Sort | None,
        typer.Option(metavar="ORDER", help="change (largest first) or name; default: the file's."),
    ] = None,
    metric: Metrics = None,
    form: Table = None,
    output: Outputs = None,
    config: Config = None,
    force: ForceAll = False,
) -> None:
    """Compare suites: change, interval and verdict for each metric.

    Host figures are judged by statistics over runs (20 a side), lab counts exactly. What
    differs between the two sides is listed first; another backend, CPU model or unit is
    refused.

    Example: kbench compare stock.json mypatch.json --sort change
    """
    from kbench.judge.compare import compare
    from kbench.judge.options import options
    from kbench.present.comparison import makers
    from kbench.present.output import emit, hint, terminal_width
    from kbench.suite.load import load

    chosen = options((), config, force, metric or ())
    suite = load(base)
    found = [compare(suite, load(path), chosen) for path in head]
    emit(makers(found, sort, terminal_width()), form, output or (), force=force)
    suites = " ".join(map(str, [base, *head]))
    hint(f"kbench report {suites} -o report.html", "kbench gate BASE HEAD: an exit code of it")
