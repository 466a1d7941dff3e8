# SPDX-License-Identifier: MIT
"""`kbench bisect`: which commits of a kernel tree moved an exact count."""

from pathlib import Path
from typing import Annotated

import typer

from kbench.cli._forms import Cluster


def command(
    good: Annotated[str, typer.Argument(metavar="GOOD", help="The older end: any git ref.")],
    bad: Annotated[str, typer.Argument(metavar="BAD", help="The newer end.")],
    benchmark: Annotated[
        str, typer.Argument(metavar="BENCHMARK[:METRIC]", help="What to count; METRIC is p50.")
    ],
    tree: Annotated[
        str, typer.Option(metavar="DIR[,tiny]", help="The kernel's git tree, and its base config.")
    ],
    threshold: Annotated[
        float, typer.Option(min=1, metavar="N", help="Smallest change to look for.")
    ] = 1,
    history: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep each commit's suite for kbench history."),
    ] = None,
    every: Annotated[
        int, typer.Option(min=0, metavar="N", help="With --history: every Nth commit as well.")
    ] = 0,
    cluster: Cluster = None,
) -> None:
    """Find the commits that moved an exact count.

    Builds and measures commits between GOOD and BAD until every change is between two
    adjacent ones. Commits that do not build or boot are passed over. The tree is only read.

    Example: kbench bisect v6.12 v6.13 exit.pio_out --tree ~/linux,tiny
    """
    from kbench.errors import KbenchError
    from kbench.present.bisection import text
    from kbench.present.output import terminal_width
    from kbench.session.bisect import bisect
    from kbench.session.places import places
    from kbench.session.progress import say

    if every and history is None:
        raise KbenchError("--every takes --history DIR, which keeps the suites")
    with places(cluster, None, say) as where:
        found = bisect(
            good,
            bad,
            tree,
            benchmark,
            threshold=threshold,
            every=every,
            keep=history,
            report=say,
            place=where.labs,
        )
    print(text(found, terminal_width()))
