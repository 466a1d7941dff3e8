# SPDX-License-Identifier: MIT
"""kbench cluster"""

from typing import Annotated

import typer

from kbench.cli._forms import Force, Listing, ListOutputs


def command(
    scheduler: Annotated[
        str, typer.Argument(metavar="SCHEDULER", help="tcp://HOST:PORT, or tls://HOST:PORT.")
    ],
    form: Listing = None,
    output: ListOutputs = None,
    force: Force = False,
) -> None:
    """Show a fleet's machines: what each measures, what disturbs it.

    Runs kbench doctor's checks on each worker of SCHEDULER, which takes a second.

    Example: kbench cluster tcp://10.0.0.1:8786
    """
    from kbench.doctor.fleet import makers
    from kbench.present.output import emit, terminal_width

    emit(makers(scheduler, terminal_width()), form, output or (), force=force)
