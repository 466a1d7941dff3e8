# SPDX-License-Identifier: MIT
"""kbench hdr"""

from pathlib import Path
from typing import Annotated

import typer


def command(
    file: Annotated[Path, typer.Argument(metavar="SUITE", help="The suite.")],
    benchmark: Annotated[str, typer.Argument(metavar="BENCHMARK", help="One of its benchmarks.")],
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="FILE", help="FILE.hlog: a log; .hgrm: percentiles."
        ),
    ],
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Export histograms for HdrHistogram's own tools.

    A .hlog holds one interval a run, in ns (in the lab: instructions); a .hgrm the percentile
    distribution of all good runs together, in us.

    Example: kbench hdr a.json exit.pio_out -o pio_out.hlog
    """
    from kbench.present import hdr

    hdr.export(file, benchmark, output, force=force)
