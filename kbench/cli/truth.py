# SPDX-License-Identifier: MIT
"""kbench truth"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from kbench.cli._forms import Force, printed, written


class TruthFormat(StrEnum):
    """Forms of the table."""

    TABLE = "table"
    MD = "md"
    JSON = "json"


def command(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Suites to read.")],
    form: Annotated[TruthFormat | None, printed(TruthFormat)] = None,
    output: Annotated[list[Path] | None, written("FILE.txt, .md or .json")] = None,
    force: Force = False,
) -> None:
    """Table: what shows that a halted vCPU has an event?

    By event and by way to look, with mpstate.truth@* measured: right, stale, or it
    changes the state that it looks at.

    Example: kbench truth mpstate.json --format md
    """
    from kbench.present.output import emit, terminal_width
    from kbench.present.truth import makers
    from kbench.suite.load import load

    suites = [load(path) for path in files]
    emit(makers(suites, terminal_width()), form, output or (), force=force)
