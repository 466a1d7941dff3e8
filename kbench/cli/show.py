# SPDX-License-Identifier: MIT
"""kbench show"""

from pathlib import Path
from typing import Annotated

import typer


def command(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Suites to show.")],
    percentiles: Annotated[
        str, typer.Option(help="Comma-separated, each above 0 and at most 100.")
    ] = "50,90,99,99.9",
    json: Annotated[
        bool, typer.Option("--json", help="Machine-readable, schema version 1.")
    ] = False,
    csv: Annotated[bool, typer.Option("--csv", help="One line a benchmark.")] = False,
    md: Annotated[bool, typer.Option("--md", help="A Markdown table.")] = False,
) -> None:
    """Show suites: percentiles of all good runs, and how far single runs lie apart.

    Example: kbench show a.json --percentiles 50,99,99.99
    """
    from kbench.errors import KbenchError
    from kbench.present import show

    if json + csv + md > 1:
        raise KbenchError("choose one of --json, --csv and --md")
    form = "json" if json else "csv" if csv else "md" if md else "text"
    show.show(files, show.parse_percentiles(percentiles), form)
