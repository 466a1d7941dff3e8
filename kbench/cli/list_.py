# SPDX-License-Identifier: MIT
"""kbench list"""

from typing import Annotated

import typer

from kbench.cli._forms import Force, Listing, ListOutputs
from kbench.cli._forms import selectors as selector_names


def command(
    selectors: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SELECTOR]...",
            autocompletion=selector_names,
            help="Families, names, globs, selections.",
        ),
    ] = None,
    names: Annotated[bool, typer.Option("--names", help="Print names alone, one a line.")] = False,
    form: Listing = None,
    output: ListOutputs = None,
    force: Force = False,
) -> None:
    """List families, selections and policies, or benchmarks.

    With a selector, the benchmarks that it names, and where each runs. A benchmark is probed
    by running it once, so the reason for a "no" is this machine's.

    Example: kbench list 'exit.*'
    """
    if names:
        from kbench.catalogue import select

        for row in select(selectors or ()):
            print(row.name)
        return
    from kbench.present.listing import makers
    from kbench.present.output import emit, terminal_width

    emit(makers(selectors or (), terminal_width()), form, output or (), force=force)
