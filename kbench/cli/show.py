# SPDX-License-Identifier: MIT
"""kbench show"""

from pathlib import Path
from typing import Annotated

import typer

from kbench.cli._forms import Force, Outputs, ShowForm


def command(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Suites to show.")],
    percentiles: Annotated[
        str, typer.Option(metavar="P,...", help="Each above 0 and at most 100.")
    ] = "50,90,99,99.9",
    form: Annotated[
        ShowForm | None,
        typer.Option("--format", metavar="FORM", help="One of the forms above; default: table."),
    ] = None,
    output: Outputs = None,
    force: Force = False,
) -> None:
    """Show suites: percentiles, and how far single runs lie apart.

    Percentiles are those of all good runs together. Forms: table, md, json, csv; openmetrics,
    bencher (bencher.dev) and benchmark-action (github.com/benchmark-action) for tools that
    keep figures over time.

    Example: kbench show a.json --percentiles 50,99,99.99
    """
    from kbench.present.output import emit, terminal_width
    from kbench.present.show import makers, parse_percentiles
    from kbench.suite.load import load
    from kbench.suite.summary import summaries

    wanted = parse_percentiles(percentiles)
    suites = {path: summaries(load(path), wanted) for path in files}
    emit(makers(suites, terminal_width()), form, output or (), force=force)
