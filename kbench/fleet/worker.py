# SPDX-License-Identifier: MIT
"""What `kbench worker` does: serve a scheduler until it closes the connection."""

import asyncio
import os

import dask
from distributed import Worker

from kbench.errors import KbenchError
from kbench.fleet.address import require_safe

PRELOAD = "kbench.fleet.preload"
CONNECT_SECONDS = 60.0


def serve(scheduler: str | None, labs: int | None) -> None:
    """Be a worker of `scheduler` (None: the one of dask's configuration).

    `labs` is how many labs run side by side, by default one for each CPU. Raises KbenchError
    where there is no scheduler within CONNECT_SECONDS.
    """
    address = scheduler or dask.config.get("scheduler-address", None)
    if not address:
        raise KbenchError("name the scheduler: kbench worker tcp://10.0.0.1:8786")
    require_safe(address)
    try:
        asyncio.run(_serve(address, labs or len(os.sched_getaffinity(0))))
    except (OSError, RuntimeError, ValueError) as error:
        raise KbenchError(f"no worker of {address}: {_reason(error)}") from error


async def _serve(address: str, threads: int) -> None:
    async with Worker(
        address,
        nthreads=threads,
        preload=[PRELOAD],
        death_timeout=CONNECT_SECONDS,
    ) as worker:
        await worker.finished()


def _reason(error: BaseException) -> str:
    """What was at the bottom of it: dask raises one error from the other."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error) or type(error).__name__
