# SPDX-License-Identifier: MIT
"""kbench doctor"""

from typing import Annotated

import typer


def command(
    json: Annotated[
        bool, typer.Option("--json", help="Machine-readable, schema version 1.")
    ] = False,
) -> None:
    """Say what this machine can measure, and what will disturb it.

    Each disturbance comes with its mend; nothing is changed, and the exit code is 0 also
    where something disturbs.

    Example: kbench doctor
    """
    from kbench.doctor import text

    typer.echo(text.as_json() if json else text.as_text())
