# SPDX-License-Identifier: MIT
"""`kbench worker`: this machine in a fleet"""

from typing import Annotated

import typer


def command(
    scheduler: Annotated[
        str | None,
        typer.Argument(metavar="SCHEDULER", help="tcp://HOST:PORT or tls://...; else dask's own."),
    ] = None,
    labs: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Labs side by side; one a CPU.")
    ] = None,
) -> None:
    """Measure on this machine what clients of SCHEDULER ask for.

    A worker of dask.distributed, until the scheduler ends or Ctrl-C. Whoever reaches the
    scheduler can run code here, as this user: docs/fleet.md says how to keep others out.

    Example: kbench worker tcp://10.0.0.1:8786
    """
    from kbench.session.places import require_extra

    require_extra()
    from kbench.fleet.worker import serve

    serve(scheduler, labs)
