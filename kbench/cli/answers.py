# SPDX-License-Identifier: MIT
"""kbench answers"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from kbench.cli._forms import Force, printed, written


class Format(StrEnum):
    """Forms of the answers."""

    TABLE = "table"
    MD = "md"


def command(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Suites to answer from.")],
    form: Annotated[Format | None, printed(Format)] = None,
    output: Annotated[list[Path] | None, written("FILE.txt or .md")] = None,
    force: Force = False,
) -> None:
    """Answer: what do exits, wake-ups and idling cost here?

    Each sentence is one that the suite supports: what it lacks is said instead.

    Example: kbench answers a.json
    """
    from kbench.answers.text import to_markdown, to_text
    from kbench.present.output import emit, terminal_width
    from kbench.suite.load import load

    suites = [load(path) for path in files]
    forms = {
        "table": lambda: to_text(suites, min(terminal_width(), 100)),
        "md": lambda: to_markdown(suites),
    }
    emit(forms, form, output or (), force=force)
